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
    /// For reading: what a busy server refuses is asked again.
    pub client: Client,
    /// For writing. It repeats nothing by itself: a create whose answer was lost may have happened.
    pub writer: Client,
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
        let (client, writer) = clients(config).map_err(|error| failed(&error))?;
        Ok(Self {
            client,
            writer,
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

/// One for reading, one for writing.
fn clients(config: Config) -> Result<(Client, Client), kube::Error> {
    let mut once = config.clone();
    once.default_retry = false;
    Ok((Client::try_from(config)?, Client::try_from(once)?))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that is busy twice and says who one is then. Counts the calls.
    async fn busy() -> (Config, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = Config::new(format!("http://{}", listener.local_addr().unwrap()).parse().unwrap());
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let number = counted.fetch_add(1, Ordering::SeqCst);
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                let body = r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default"}}"#;
                let status = if number < 2 { "503 Service Unavailable" } else { "200 OK" };
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        (config, calls)
    }

    #[tokio::test]
    async fn a_read_is_repeated_and_a_write_isnt() {
        use k8s_openapi::api::core::v1::Namespace;
        let (config, calls) = busy().await;
        let (_, writer) = clients(config).unwrap();
        let write = Api::<Namespace>::all(writer).create(&PostParams::default(), &Namespace::default()).await;
        assert!(write.is_err() && calls.load(Ordering::SeqCst) == 1, "{write:?} after {calls:?} calls");
        let (config, calls) = busy().await;
        let (client, _) = clients(config).unwrap();
        Api::<Namespace>::all(client).get("default").await.unwrap();
        assert_eq!(calls.load(Ordering::SeqCst), 3);
    }
}
