//! The cluster, and who one is there.

use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::api::PostParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};

use crate::args::Connection;
use crate::error::Error;

/// A connection to the cluster that the kubeconfig names.
#[derive(Clone)]
pub struct Session {
    pub client: Client,
    /// The namespace of `-n`, else that of the kubeconfig's context.
    pub namespace: String,
    /// Whether `-n` was given: then no other namespace is meant.
    pub is_namespace_given: bool,
}

impl Session {
    pub async fn open(connection: &Connection) -> Result<Self, Error> {
        let Connection { kubeconfig, context, namespace } = connection;
        let options = KubeConfigOptions { context: context.clone(), ..KubeConfigOptions::default() };
        let failed = |error: &dyn std::fmt::Display| Error::Kubeconfig { reason: error.to_string() };
        let config = match (kubeconfig, context) {
            (Some(path), _) => {
                let file = Kubeconfig::read_from(path).map_err(|error| failed(&error))?;
                Config::from_custom_kubeconfig(file, &options).await.map_err(|error| failed(&error))?
            }
            (None, Some(_)) => Config::from_kubeconfig(&options).await.map_err(|error| failed(&error))?,
            (None, None) => Config::infer().await.map_err(|error| failed(&error))?,
        };
        let default_namespace = config.default_namespace.clone();
        let client = Client::try_from(config).map_err(|error| failed(&error))?;
        Ok(Self {
            client,
            namespace: namespace.clone().unwrap_or(default_namespace),
            is_namespace_given: namespace.is_some(),
        })
    }

    /// The user name that the cluster knows the caller by: what `requester` and `decidedBy` must be.
    pub async fn user_name(&self) -> Result<String, Error> {
        let api: Api<SelfSubjectReview> = Api::all(self.client.clone());
        let review = api
            .create(&PostParams::default(), &SelfSubjectReview::default())
            .await
            .map_err(Error::api("find out who you are"))?;
        review.status.and_then(|status| status.user_info?.username).ok_or(Error::NoUserName)
    }
}
