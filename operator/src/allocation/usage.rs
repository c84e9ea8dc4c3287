//! What pods and claims ask for, counted as the API server's own quota counts it.

use k8s_openapi::api::core::v1::{Container, PersistentVolumeClaim, Pod};
use kube::ResourceExt;
use ledger::{Amount, Bundle, Resource};
use resources::quantity::parse_observed;

/// What a pod is charged with: nothing once it has ended.
#[must_use]
pub fn of_pod(pod: &Pod) -> Bundle {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    if matches!(phase, Some("Succeeded" | "Failed")) {
        return Bundle::ZERO;
    }
    let Some(spec) = &pod.spec else { return Bundle::ZERO };
    let running: Bundle = spec.containers.iter().map(requests).sum();
    // Init containers run one after another, except those that stay beside the others.
    let mut staying = Bundle::ZERO;
    let mut starting = Bundle::ZERO;
    for init in spec.init_containers.iter().flatten() {
        if init.restart_policy.as_deref() == Some("Always") {
            staying = staying.plus(requests(init));
            starting = starting.max(staying);
        } else {
            starting = starting.max(requests(init).plus(staying));
        }
    }
    let overhead = Bundle {
        cpu: amount(spec.overhead.as_ref(), "cpu", Resource::Cpu),
        memory: amount(spec.overhead.as_ref(), "memory", Resource::Memory),
        storage: Amount::ZERO,
    };
    running.plus(staying).max(starting).plus(overhead)
}

fn requests(container: &Container) -> Bundle {
    let requests = container.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    Bundle {
        cpu: amount(requests, "cpu", Resource::Cpu),
        memory: amount(requests, "memory", Resource::Memory),
        storage: Amount::ZERO,
    }
}

/// What a claim is charged with: what it asks for, or what it has got if that is more.
#[must_use]
pub fn of_claim(claim: &PersistentVolumeClaim) -> Bundle {
    let requested = claim.spec.as_ref().and_then(|spec| spec.resources.as_ref()).and_then(|all| all.requests.as_ref());
    let allocated = claim.status.as_ref().and_then(|status| status.allocated_resources.as_ref());
    let storage = |map| amount(map, "storage", Resource::Storage);
    Bundle { storage: storage(requested).max(storage(allocated)), ..Bundle::ZERO }
}

fn amount(
    map: Option<&std::collections::BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity>>,
    key: &str,
    resource: Resource,
) -> Amount {
    map.and_then(|map| map.get(key)).and_then(|text| parse_observed(resource, &text.0)).unwrap_or_default()
}

/// Names of what uses anything of the resources that still drain, the largest first.
#[must_use]
pub fn holders(pods: &[Pod], claims: &[PersistentVolumeClaim], draining: Bundle) -> Vec<String> {
    let touches = |used: Bundle| {
        Resource::ALL.into_iter().any(|resource| !used.of(resource).is_zero() && !draining.of(resource).is_zero())
    };
    let mut holders: Vec<(Bundle, String)> =
        pods.iter()
            .map(|pod| (of_pod(pod), format!("pod {}", pod.name_any())))
            .chain(claims.iter().map(|claim| {
                (of_claim(claim), format!("claim {} (a claim can't shrink: delete it)", claim.name_any()))
            }))
            .filter(|(used, _)| touches(*used))
            .collect();
    holders.sort_by(|(a, name_a), (b, name_b)| {
        (b.storage, b.memory, b.cpu, name_a).cmp(&(a.storage, a.memory, a.cpu, name_b))
    });
    holders.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(value: &serde_json::Value) -> Pod {
        serde_json::from_value(json!({"metadata": {"name": "p"}, "spec": value["spec"], "status": value["status"]}))
            .unwrap()
    }

    #[test]
    fn a_pod_is_counted_as_the_quota_counts_it() {
        let c = |cpu: &str| json!({"name": "c", "resources": {"requests": {"cpu": cpu, "memory": "1G"}}});
        let stays =
            |cpu: &str| json!({"name": "s", "restartPolicy": "Always", "resources": {"requests": {"cpu": cpu}}});
        let cases = [
            (json!({"spec": {"containers": [c("1"), c("500m")]}}), 1_500),
            (json!({"spec": {"containers": [c("1")], "initContainers": [c("3")]}}), 3_000),
            (json!({"spec": {"containers": [c("1")], "initContainers": [stays("2"), c("3")]}}), 5_000),
            (json!({"spec": {"containers": [c("4")], "initContainers": [stays("2"), c("3")]}}), 6_000),
            (json!({"spec": {"containers": [c("1")], "overhead": {"cpu": "100m"}}}), 1_100),
            (json!({"spec": {"containers": [c("1")]}, "status": {"phase": "Succeeded"}}), 0),
            (json!({"spec": {"containers": [c("1")]}, "status": {"phase": "Pending"}}), 1_000),
        ];
        for (value, millis) in cases {
            assert_eq!(of_pod(&pod(&value)).cpu, Amount::new(millis), "{value}");
        }
    }

    #[test]
    fn what_holds_a_drain_is_named() {
        let pods = [pod(&json!({"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]}}))];
        assert_eq!(holders(&pods, &[], Bundle::new(1, 0, 0)), ["pod p"]);
        assert!(holders(&pods, &[], Bundle::new(0, 0, 5)).is_empty());
    }
}
