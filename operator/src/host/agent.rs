//! `yunheng-operator host-agent`: tells what this machine has, again and again.

use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use resources::names;
use thiserror::Error;

use super::sample::{self, sample};
use crate::args::HostAgentArgs;
use crate::clock::Clock;

#[derive(Debug, Error)]
pub enum Error {
    #[error("failed to look at this machine")]
    Sample(#[from] sample::Error),
    #[error("failed to write the report")]
    Write(#[from] kube::Error),
}

/// Reports until `stop` resolves, or once. A report that can't be written is tried again with the
/// next one: an old report grows stale by itself, so nothing false is left behind.
pub async fn run(
    client: Client,
    namespace: &str,
    args: HostAgentArgs,
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    let HostAgentArgs { node, pool, interval_seconds, once } = args;
    let node = node.or_else(host_name).unwrap_or_else(|| "unnamed".to_owned()).to_lowercase();
    let api: Api<ConfigMap> = Api::namespaced(client, namespace);
    tokio::pin!(stop);
    loop {
        match report(&api, &node, pool.clone(), namespace).await {
            Ok(()) => tracing::info!(node, "reported host {node}"),
            Err(error) if once => return Err(error),
            Err(error) => {
                tracing::warn!(node, error = %crate::telemetry::chain(&error), "failed to report host {node}")
            }
        }
        if once {
            return Ok(());
        }
        tokio::select! {
            () = &mut stop => return Ok(()),
            () = tokio::time::sleep(Duration::from_secs(interval_seconds)) => {}
        }
    }
}

async fn report(api: &Api<ConfigMap>, node: &str, pool: Option<String>, namespace: &str) -> Result<(), Error> {
    let report = sample(node.to_owned(), pool, Clock::System.now())?;
    let object = report.object(namespace);
    let parameters = PatchParams::apply(names::MANAGER_HOST).force();
    api.patch(&object.name_any(), &parameters, &Patch::Apply(&object)).await?;
    Ok(())
}

fn host_name() -> Option<String> {
    std::fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
}
