//! The metrics API of a cluster, `metrics.k8s.io`, where there is one.

use http::Request;
use kube::Client;
use ledger::{Amount, Bundle, Resource};
use resources::quantity;
use serde::Deserialize;

const API: &str = "/apis/metrics.k8s.io/v1beta1";

/// What the pods of a namespace use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    Used(Bundle),
    /// No pod of it is measured.
    Nothing,
}

#[derive(Debug, Deserialize)]
struct PodMetricsList {
    #[serde(default)]
    items: Vec<PodMetrics>,
}

#[derive(Debug, Deserialize)]
struct PodMetrics {
    #[serde(default)]
    containers: Vec<ContainerMetrics>,
}

#[derive(Debug, Deserialize)]
struct ContainerMetrics {
    usage: Usage,
}

#[derive(Debug, Deserialize)]
struct Usage {
    cpu: String,
    memory: String,
}

/// Whether the cluster has it. An answer of any other kind than yes is none.
pub async fn are_served(client: &Client) -> bool {
    get::<serde_json::Value>(client, API).await.is_some()
}

/// What the pods of a namespace use; `None` where that can't be said.
pub async fn of(client: &Client, namespace: &str) -> Option<Measured> {
    let list: PodMetricsList = get(client, &format!("{API}/namespaces/{namespace}/pods")).await?;
    sum(&list)
}

async fn get<T: serde::de::DeserializeOwned>(client: &Client, path: &str) -> Option<T> {
    let request = Request::get(path).body(vec![]).ok()?;
    match client.request(request).await {
        Ok(answer) => Some(answer),
        Err(error) => {
            tracing::debug!(path, %error, "no metrics at {path}");
            None
        }
    }
}

/// All of it, or nothing: a figure that can't be read isn't zero.
fn sum(list: &PodMetricsList) -> Option<Measured> {
    let mut containers = list.items.iter().flat_map(|pod| &pod.containers).peekable();
    if containers.peek().is_none() {
        return Some(Measured::Nothing);
    }
    let used = containers.try_fold(Bundle::ZERO, |sum, container| {
        let used = Bundle {
            cpu: quantity::parse_observed(Resource::Cpu, &container.usage.cpu)?,
            memory: quantity::parse_observed(Resource::Memory, &container.usage.memory)?,
            storage: Amount::ZERO,
        };
        Some(sum.plus(used))
    })?;
    Some(Measured::Used(used))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(pods: &serde_json::Value) -> Option<Measured> {
        let list =
            json!({"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": pods});
        sum(&serde_json::from_value(list).unwrap())
    }

    #[test]
    fn containers_of_all_pods_are_added() {
        let pod = |cpu: &str, memory: &str| {
            json!({"metadata": {"name": "p"}, "timestamp": "2026-11-23T10:00:00Z", "window": "15s",
                "containers": [{"name": "a", "usage": {"cpu": cpu, "memory": memory}},
                               {"name": "b", "usage": {"cpu": "250m", "memory": "1Mi"}}]})
        };
        let used = of(&json!([pod("1500000000n", "1024Ki"), pod("0", "0")]));
        assert_eq!(used, Some(Measured::Used(Bundle::new(2_000, 3 << 20, 0))));
    }

    #[test]
    fn nothing_and_what_cant_be_read_isnt_zero() {
        assert_eq!(of(&json!([])), Some(Measured::Nothing));
        assert_eq!(of(&json!([{"containers": []}])), Some(Measured::Nothing));
        let odd = json!([{"containers": [{"usage": {"cpu": "much", "memory": "1Mi"}}]}]);
        assert_eq!(of(&odd), None);
    }
}
