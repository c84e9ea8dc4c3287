//! Objects for tests, as etcd keeps them.

use std::collections::BTreeMap;

use prost::Message;
use resources::names;

use super::proto::{
    ClaimSpec, Container, Meta, PodSpec, PodStatus, Quantities, Quantity, QuotaSpec, QuotaStatus, RawClaim,
    RawNamespace, RawPod, RawQuota, Requirements, Unknown,
};
use crate::decode::proto::Anything;

fn envelope(object: &impl Message) -> Vec<u8> {
    let unknown = Unknown { raw: object.encode_to_vec() };
    [b"k8s\0".as_slice(), &unknown.encode_to_vec()].concat()
}

fn quantities(amounts: &[(&str, &str)]) -> Quantities {
    let quantity = |(key, text): &(&str, &str)| ((*key).to_owned(), Quantity { text: (*text).to_owned() });
    amounts.iter().map(quantity).collect()
}

/// A managed quota: cores in `spec.hard` and, where it is in force, in `status.hard`.
pub fn quota(fence: &str, spec: &str, status: Option<&str>) -> Vec<u8> {
    let all = |cpu: &str| quantities(&[("requests.cpu", cpu), ("requests.memory", "0"), ("requests.storage", "0")]);
    quota_of(fence, all(spec), status.map(all).unwrap_or_default())
}

/// One that bounds these keys alone.
pub fn quota_with(fence: &str, spec: &[(&str, &str)], status: &[(&str, &str)]) -> Vec<u8> {
    quota_of(fence, quantities(spec), quantities(status))
}

fn quota_of(fence: &str, spec: Quantities, status: Quantities) -> Vec<u8> {
    let meta = Meta {
        uid: "q-uid".into(),
        labels: BTreeMap::from([(names::LABEL_MANAGED.to_owned(), "true".to_owned())]),
        annotations: BTreeMap::from([(names::ANNOTATION_FENCE.to_owned(), fence.to_owned())]),
        ..Meta::default()
    };
    let (spec, status) = (QuotaSpec { hard: spec }, QuotaStatus { hard: status, used: Quantities::new() });
    envelope(&RawQuota { meta: Some(meta), spec: Some(spec), status: Some(status) })
}

pub fn namespace(is_managed: bool, is_going: bool) -> Vec<u8> {
    let managed = is_managed.then(|| (names::LABEL_MANAGED.to_owned(), "true".to_owned()));
    let labels = managed.into_iter().collect();
    let deletion_timestamp = is_going.then_some(Anything {});
    envelope(&RawNamespace { meta: Some(Meta { uid: "n-uid".into(), labels, deletion_timestamp, ..Meta::default() }) })
}

pub fn pod(cpu: &str, phase: &str) -> Vec<u8> {
    let containers = vec![container(cpu, "")];
    let spec = PodSpec { containers, ..PodSpec::default() };
    envelope(&RawPod { spec: Some(spec), status: Some(PodStatus { phase: phase.into() }) })
}

/// A pod with containers that begin before it: cores and restart policy of each.
pub fn pod_with_init(cpu: &str, init: &[(&str, &str)], overhead: &str) -> Vec<u8> {
    let init_containers = init.iter().map(|(cpu, policy)| container(cpu, policy)).collect();
    let overhead = quantities(&[("cpu", overhead)]);
    let spec = PodSpec { containers: vec![container(cpu, "")], init_containers, overhead, resources: None };
    envelope(&RawPod { spec: Some(spec), status: None })
}

fn container(cpu: &str, policy: &str) -> Container {
    let resources = Some(Requirements { requests: quantities(&[("cpu", cpu)]) });
    Container { resources, restart_policy: policy.into() }
}

pub fn claim(storage: &str) -> Vec<u8> {
    let resources = Some(Requirements { requests: quantities(&[("storage", storage)]) });
    envelope(&RawClaim { spec: Some(ClaimSpec { resources }), status: None })
}
