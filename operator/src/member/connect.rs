//! Keeps one member cluster connected.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, ResourceExt};
use resources::v1alpha1::KubeconfigSecretRef;
use thiserror::Error;

use super::{CONNECT_AGAIN_AFTER, Member, Members, Reach, Silence};
use crate::run::{Use, limits};
use crate::telemetry::chain;
use crate::watch;

/// How often a member is asked whether it answers.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// How long it may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);
/// So many questions in a row without an answer make a silence: with the times above, 15 to 27 s.
const UNANSWERED_MAX: u32 = 3;
/// How long any other exchange with a member may take.
const EXCHANGE_WITHIN: Duration = Duration::from_secs(10);
/// How long the first full lists may take.
const FILL_WITHIN: Duration = Duration::from_secs(60);

#[derive(Debug, Error)]
pub enum Error {
    #[error("failed to read Secret {namespace}/{name}")]
    ReadSecret { namespace: String, name: String, source: kube::Error },
    #[error("there is no Secret {namespace}/{name}: make it, with a kubeconfig under the key {key}")]
    NoSecret { namespace: String, name: String, key: String },
    #[error("Secret {namespace}/{name} has no key {key}")]
    NoKey { namespace: String, name: String, key: String },
    #[error("the kubeconfig in Secret {namespace}/{name} can't be used: {reason}")]
    Kubeconfig { namespace: String, name: String, reason: String },
    #[error("the cluster doesn't answer")]
    Identify { source: kube::Error },
    #[error("the cluster didn't answer within {} s", ANSWER_WITHIN.as_secs())]
    Silent,
    #[error("the cluster answers, but its quotas and namespaces couldn't be listed within {} s", FILL_WITHIN.as_secs())]
    NotListed,
    #[error("another cluster answers: kube-system is {now}, it was {was}")]
    ClusterChanged { was: String, now: String },
    #[error("it leads to the cluster that Yunheng's objects are in: write spec.cluster: {{local: {{}}}}")]
    IsTheHub,
    #[error("a watch of the cluster ended")]
    WatchesEnded,
    #[error("Secret {namespace}/{name} has another kubeconfig now")]
    SecretChanged { namespace: String, name: String },
}

/// Connects, watches, asks; and begins again after every failure. Ends with the connection.
pub async fn keep(members: Members, secret: KubeconfigSecretRef) {
    loop {
        let Err(error) = live(&members, &secret).await;
        let silence = Silence { since: members.clock.now(), error: chain(&error) };
        let (namespace, name) = (&secret.namespace, &secret.name);
        if members.set(&secret, Reach::Unreachable(silence)) {
            tracing::warn!(namespace, name, error = chain(&error), "the cluster of {namespace}/{name} isn't reached");
            members.routes.cluster(&secret).await;
        }
        tokio::time::sleep(CONNECT_AGAIN_AFTER).await;
    }
}

/// One connection, until it breaks.
async fn live(members: &Members, secret: &KubeconfigSecretRef) -> Result<std::convert::Infallible, Error> {
    let found = read_secret(members, secret).await?;
    let client = client(members, &found.kubeconfig, Use::Exchanges, secret).await?;
    let uid = within(cluster_uid(&client)).await?;
    if uid == members.hub.uid {
        return Err(Error::IsTheHub);
    }
    let watching = self::client(members, &found.kubeconfig, Use::Watches, secret).await?;
    let (places, watches) = watch::places(&watching, &members.routes);
    let watches = async {
        watches.await;
        Err(Error::WatchesEnded)
    };
    let member = Member { client: client.clone(), uid, is_hub: false, places };
    let served = async {
        let filled = tokio::time::timeout(FILL_WITHIN, member.places.wait_until_ready()).await;
        filled.map_err(|_| Error::NotListed)?;
        let uid = member.uid.clone();
        members.set(secret, Reach::Reached(std::sync::Arc::new(member)));
        tracing::info!(namespace = secret.namespace, name = secret.name, uid, "reached a member cluster");
        members.routes.cluster(secret).await;
        stays(members, secret, &found.version, &uid, &client).await
    };
    tokio::select! {
        ended = watches => ended,
        failed = served => failed,
    }
}

/// Asks at intervals until the cluster has fallen silent or its kubeconfig has changed.
async fn stays(
    members: &Members,
    secret: &KubeconfigSecretRef,
    version: &Option<String>,
    uid: &str,
    client: &Client,
) -> Result<std::convert::Infallible, Error> {
    let mut unanswered = 0;
    loop {
        tokio::time::sleep(ASK_EVERY).await;
        match within(cluster_uid(client)).await {
            Ok(now) if now == uid => unanswered = 0,
            Ok(now) => return Err(Error::ClusterChanged { was: uid.to_owned(), now }),
            Err(error) => {
                unanswered += 1;
                if unanswered >= UNANSWERED_MAX {
                    return Err(error);
                }
            }
        }
        // While the hub doesn't answer there is nothing to learn about the Secret.
        if let Ok(now) = read_secret(members, secret).await
            && now.version != *version
        {
            return Err(Error::SecretChanged { namespace: secret.namespace.clone(), name: secret.name.clone() });
        }
    }
}

struct Found {
    kubeconfig: Kubeconfig,
    version: Option<String>,
}

async fn read_secret(members: &Members, secret: &KubeconfigSecretRef) -> Result<Found, Error> {
    let KubeconfigSecretRef { namespace, name, key } = secret;
    let (namespace, name, key) = (namespace.clone(), name.clone(), key.clone());
    let api: Api<Secret> = Api::namespaced(members.hub.client.clone(), &namespace);
    let object = match api.get_opt(&name).await {
        Ok(Some(object)) => object,
        Ok(None) => return Err(Error::NoSecret { namespace, name, key }),
        Err(source) => return Err(Error::ReadSecret { namespace, name, source }),
    };
    let version = object.resource_version();
    let Some(text) = object.data.as_ref().and_then(|data| data.get(&key)) else {
        return Err(Error::NoKey { namespace, name, key });
    };
    let unusable = |reason: String| Error::Kubeconfig { namespace: namespace.clone(), name: name.clone(), reason };
    let text = std::str::from_utf8(&text.0).map_err(|_| unusable("it isn't text".to_owned()))?;
    let kubeconfig = understand(text).map_err(|reason| unusable(reason.to_owned()))?;
    if reaches_out(&kubeconfig) {
        return Err(unusable("it names files or programs; write certificates and tokens into it".to_owned()));
    }
    Ok(Found { kubeconfig, version })
}

/// The parser's own words quote the text, with its tokens; conditions are read by many.
fn understand(text: &str) -> Result<Kubeconfig, &'static str> {
    Kubeconfig::from_yaml(text).map_err(|_| "it isn't a kubeconfig in YAML")
}

/// Whether it would have us run a program or read a file to find certificates and tokens. Whoever may
/// write the Secret would run programs as us.
fn reaches_out(kubeconfig: &Kubeconfig) -> bool {
    let mut users = kubeconfig.auth_infos.iter().filter_map(|named| named.auth_info.as_ref());
    let mut clusters = kubeconfig.clusters.iter().filter_map(|named| named.cluster.as_ref());
    users.any(|user| {
        user.exec.is_some()
            || user.auth_provider.is_some()
            || user.token_file.is_some()
            || user.client_certificate.is_some()
            || user.client_key.is_some()
    }) || clusters.any(|cluster| cluster.certificate_authority.is_some())
}

async fn client(
    members: &Members,
    kubeconfig: &Kubeconfig,
    use_: Use,
    secret: &KubeconfigSecretRef,
) -> Result<Client, Error> {
    let unusable =
        |reason: String| Error::Kubeconfig { namespace: secret.namespace.clone(), name: secret.name.clone(), reason };
    let config = Config::from_custom_kubeconfig(kubeconfig.clone(), &KubeConfigOptions::default()).await;
    let mut config = limits(config.map_err(|error| unusable(chain(&error)))?, use_);
    if use_ == Use::Exchanges {
        // Until a silence is noticed, whoever waits for this cluster keeps a place that others need.
        config.read_timeout = Some(EXCHANGE_WITHIN);
        config.write_timeout = Some(EXCHANGE_WITHIN);
    }
    members.connect.client(config, use_).map_err(|error| unusable(chain(&error)))
}

async fn within<T>(answer: impl Future<Output = Result<T, kube::Error>>) -> Result<T, Error> {
    match tokio::time::timeout(ANSWER_WITHIN, answer).await {
        Ok(answer) => answer.map_err(|source| Error::Identify { source }),
        Err(_) => Err(Error::Silent),
    }
}

/// Which cluster this is: the uid of its namespace kube-system.
pub async fn cluster_uid(client: &Client) -> Result<String, kube::Error> {
    let api: Api<Namespace> = Api::all(client.clone());
    Ok(api.get("kube-system").await?.uid().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubeconfig_that_names_files_or_programs_is_not_used() {
        let reaches = |user: &str, cluster: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster: {{server: 'https://c', {cluster}}}\nusers:\n- name: u\n  user: {{{user}}}\n"
            );
            reaches_out(&Kubeconfig::from_yaml(&text).unwrap())
        };
        let said = understand("users:\n- name: u\n  user: {token: s3cret\n").unwrap_err();
        assert!(!said.contains("s3cret"), "{said}");
        assert!(!reaches("token: abc", "certificate-authority-data: YWJj"));
        assert!(!reaches("client-certificate-data: YWJj, client-key-data: YWJj", ""));
        for user in [
            "exec: {apiVersion: client.authentication.k8s.io/v1, command: sh}",
            "auth-provider: {name: gcp, config: {}}",
            "tokenFile: /etc/token",
            "client-certificate: /etc/crt",
            "client-key: /etc/key",
        ] {
            assert!(reaches(user, ""), "{user}");
        }
        assert!(reaches("token: abc", "certificate-authority: /etc/ca"));
    }
}
