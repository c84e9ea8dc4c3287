//! A second control plane that a pool's namespaces are in, with what the chart installs there.

use std::path::PathBuf;

use base64::Engine;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::cluster::{client, kubectl};
use crate::control_plane::ControlPlane;
use crate::people::Person;
use crate::program;

/// The part that answers.
const API_SERVER: &str = "kube-apiserver";

/// The control plane of a provider. It stops when this is dropped.
#[derive(Debug)]
pub struct Member {
    plane: ControlPlane,
    data: PathBuf,
}

/// A way to a member: the Secret with a kubeconfig that is in the hub.
#[derive(Clone, Debug)]
pub struct Line {
    /// Name of the Secret. The chart's local values let the operator read `member-cec` and
    /// `member-inspur`.
    pub secret: String,
    /// Namespace of the kubeconfig's context: by it the fault layer knows the line.
    pub name: String,
}

impl Member {
    /// Starts it, with its whole history kept, and installs the member's part of the chart. `name`
    /// names the folder of its logs.
    #[must_use]
    pub fn start(name: &str) -> Self {
        let folder = program::scratch(name);
        let data = folder.join("data");
        let plane = ControlPlane::start(&folder, &["--keep-history", "--data", &data.display().to_string()]);
        let rendered = program::root().join("charts/yunheng/rendered/member.yaml");
        kubectl(plane.kubeconfig_file(), &["apply", "--server-side", "--force-conflicts"], &rendered);
        Self { plane, data }
    }

    pub async fn admin(&self) -> Client {
        client(self.plane.kubeconfigs()[0].clone()).await
    }

    /// The Secret for the hub: how the operator reaches this cluster, and as whom.
    pub async fn secret(&self, line: &Line) -> Value {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.admin().await, Person::Operator.namespace());
        let spec = TokenRequestSpec { expiration_seconds: Some(24 * 3_600), ..TokenRequestSpec::default() };
        let request = TokenRequest { spec, ..TokenRequest::default() };
        let answer = accounts.create_token_request(Person::Operator.account(), &PostParams::default(), &request).await;
        let token = answer.expect("a token for the operator").status.map(|status| status.token);
        let mut kubeconfig = self.plane.kubeconfigs()[0].clone();
        let cluster = kubeconfig["clusters"][0]["name"].clone();
        kubeconfig["users"] = json!([{"name": "operator", "user": {"token": token}}]);
        kubeconfig["contexts"] = json!([
            {"name": "operator", "context": {"cluster": cluster, "user": "operator", "namespace": line.name}},
        ]);
        kubeconfig["current-context"] = json!("operator");
        let text = base64::engine::general_purpose::STANDARD.encode(kubeconfig.to_string());
        json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"namespace": Person::Operator.namespace(), "name": line.secret},
            "data": {"kubeconfig": text},
        })
    }

    /// The API server answers nobody until it is thawed: a cut line, seen from outside.
    pub fn freeze(&self) {
        self.plane.signal(API_SERVER, "STOP");
    }

    pub fn thaw(&self) {
        self.plane.signal(API_SERVER, "CONT");
    }

    /// Where its data and logs are.
    #[must_use]
    pub fn data(&self) -> &std::path::Path {
        &self.data
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // A process that is stopped doesn't end.
        self.thaw();
    }
}

impl Line {
    /// What a pool writes in `spec.cluster` to have its namespaces at its end.
    #[must_use]
    pub fn reference(&self) -> Value {
        json!({"kubeconfigSecretRef": {
            "namespace": Person::Operator.namespace(), "name": self.secret, "key": "kubeconfig",
        }})
    }
}
