//! Kubernetes' own kinds, which are stored as protobuf behind four bytes and an envelope.
//!
//! The messages name only the fields that are looked at, with the numbers of `generated.proto` of
//! `k8s.io/api` and `k8s.io/apimachinery`; numbers never change, and the rest is skipped.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use resources::names;

use super::expect_prefix;
use crate::amounts::{Amounts, Kind};

#[derive(Clone, PartialEq, Message)]
struct Unknown {
    #[prost(bytes = "vec", tag = "2")]
    raw: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Meta {
    #[prost(string, tag = "5")]
    uid: String,
    #[prost(message, optional, tag = "9")]
    deletion_timestamp: Option<Anything>,
    #[prost(btree_map = "string, string", tag = "11")]
    labels: BTreeMap<String, String>,
    #[prost(btree_map = "string, string", tag = "12")]
    annotations: BTreeMap<String, String>,
}

/// Whose being there is all that counts.
#[derive(Clone, PartialEq, Message)]
struct Anything {}

#[derive(Clone, PartialEq, Message)]
struct Quantity {
    #[prost(string, tag = "1")]
    text: String,
}

type Quantities = BTreeMap<String, Quantity>;

#[derive(Clone, PartialEq, Message)]
struct RawQuota {
    #[prost(message, optional, tag = "1")]
    meta: Option<Meta>,
    #[prost(message, optional, tag = "2")]
    spec: Option<QuotaSpec>,
    #[prost(message, optional, tag = "3")]
    status: Option<QuotaStatus>,
}

#[derive(Clone, PartialEq, Message)]
struct QuotaStatus {
    #[prost(btree_map = "string, message", tag = "1")]
    hard: Quantities,
    #[prost(btree_map = "string, message", tag = "2")]
    used: Quantities,
}

#[derive(Clone, PartialEq, Message)]
struct QuotaSpec {
    #[prost(btree_map = "string, message", tag = "1")]
    hard: Quantities,
}

#[derive(Clone, PartialEq, Message)]
struct RawNamespace {
    #[prost(message, optional, tag = "1")]
    meta: Option<Meta>,
}

#[derive(Clone, PartialEq, Message)]
struct RawPod {
    #[prost(message, optional, tag = "2")]
    spec: Option<PodSpec>,
    #[prost(message, optional, tag = "3")]
    status: Option<PodStatus>,
}

#[derive(Clone, PartialEq, Message)]
struct PodSpec {
    #[prost(message, repeated, tag = "2")]
    containers: Vec<Container>,
    #[prost(message, repeated, tag = "20")]
    init_containers: Vec<Container>,
    #[prost(btree_map = "string, message", tag = "32")]
    overhead: Quantities,
    #[prost(message, optional, tag = "40")]
    resources: Option<Requirements>,
}

#[derive(Clone, PartialEq, Message)]
struct PodStatus {
    #[prost(string, tag = "1")]
    phase: String,
}

#[derive(Clone, PartialEq, Message)]
struct Container {
    #[prost(message, optional, tag = "8")]
    resources: Option<Requirements>,
    #[prost(string, tag = "24")]
    restart_policy: String,
}

#[derive(Clone, PartialEq, Message)]
struct Requirements {
    #[prost(btree_map = "string, message", tag = "2")]
    requests: Quantities,
}

#[derive(Clone, PartialEq, Message)]
struct RawClaim {
    #[prost(message, optional, tag = "2")]
    spec: Option<ClaimSpec>,
    #[prost(message, optional, tag = "3")]
    status: Option<ClaimStatus>,
}

#[derive(Clone, PartialEq, Message)]
struct ClaimSpec {
    #[prost(message, optional, tag = "2")]
    resources: Option<Requirements>,
}

#[derive(Clone, PartialEq, Message)]
struct ClaimStatus {
    #[prost(btree_map = "string, message", tag = "5")]
    allocated: Quantities,
}

/// Takes the object out of its envelope.
fn open<T: Message + Default>(bytes: &[u8]) -> Result<T, String> {
    let envelope = expect_prefix(bytes, b"k8s\0", "protobuf")?;
    let Unknown { raw } = Unknown::decode(envelope).map_err(|error| format!("its envelope: {error}"))?;
    T::decode(raw.as_slice()).map_err(|error| error.to_string())
}

/// The bounds of a quota. A key that is missing bounds nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hard {
    pub keys: BTreeSet<String>,
    requests: [Option<u128>; 3],
}

impl Hard {
    fn read(hard: &Quantities) -> Result<Self, String> {
        let mut requests = [None; 3];
        for kind in Kind::ALL {
            if let Some(quantity) = hard.get(&format!("requests.{kind}")) {
                requests[kind as usize] = Some(amount(kind, quantity)?);
            }
        }
        Ok(Self { keys: hard.keys().cloned().collect(), requests })
    }

    pub const fn of(&self, kind: Kind) -> Option<u128> {
        self.requests[kind as usize]
    }

    fn or_zero(&self) -> Amounts {
        Amounts(self.requests.map(Option::unwrap_or_default))
    }
}

/// A ResourceQuota.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    pub uid: String,
    /// Has the label of a managed quota, or a fence.
    pub is_marked: bool,
    pub fence: Option<String>,
    pub spec: Hard,
    pub status: Hard,
    pub used: Amounts,
}

impl Quota {
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let RawQuota { meta, spec, status } = open(bytes)?;
        let Meta { uid, labels, mut annotations, .. } = meta.unwrap_or_default();
        let (spec, status) = (spec.unwrap_or_default(), status.unwrap_or_default());
        let fence = annotations.remove(names::ANNOTATION_FENCE);
        Ok(Self {
            uid,
            is_marked: fence.is_some() || labels.contains_key(names::LABEL_MANAGED),
            fence,
            spec: Hard::read(&spec.hard)?,
            status: Hard::read(&status.hard)?,
            used: amounts(&status.used, "requests.")?,
        })
    }

    /// The most that may be used under it.
    pub fn bound(&self) -> Amounts {
        self.spec.or_zero().max(self.status.or_zero())
    }

    /// The keys of `spec.hard` that aren't in force.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.spec.keys.difference(&self.status.keys).map(String::as_str)
    }
}

/// A namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace {
    pub uid: String,
    pub is_managed: bool,
    pub is_terminating: bool,
}

impl Namespace {
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let RawNamespace { meta } = open(bytes)?;
        let Meta { uid, deletion_timestamp, labels, .. } = meta.unwrap_or_default();
        let is_managed = labels.get(names::LABEL_MANAGED).is_some_and(|value| value == "true");
        Ok(Self { uid, is_managed, is_terminating: deletion_timestamp.is_some() })
    }
}

/// What a pod or a claim is charged with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charge(pub Amounts);

impl Charge {
    /// As the API server reckons it: the containers together or the largest of what begins before
    /// them, whichever is more, and what the runtime adds. One that has ended is charged nothing.
    pub fn decode_pod(bytes: &[u8]) -> Result<Self, String> {
        let RawPod { spec, status } = open(bytes)?;
        let spec = spec.unwrap_or_default();
        if matches!(status.unwrap_or_default().phase.as_str(), "Succeeded" | "Failed") {
            return Ok(Self::default());
        }
        let of = |container: &Container| requests(container.resources.as_ref());
        let mut together = spec.containers.iter().map(of).sum::<Result<Amounts, String>>()?;
        let (mut sidecars, mut first) = (Amounts::ZERO, Amounts::ZERO);
        for container in &spec.init_containers {
            let own = of(container)?;
            if container.restart_policy == "Always" {
                together = together.plus(own);
                sidecars = sidecars.plus(own);
                first = first.max(sidecars);
            } else {
                first = first.max(sidecars.plus(own));
            }
        }
        let mut all = together.max(first);
        // What a pod asks for as a whole counts instead of the sum of its containers.
        for (kind, amount) in requests(spec.resources.as_ref())?.present() {
            all.0[kind as usize] = amount;
        }
        Ok(Self(all.plus(amounts(&spec.overhead, "")?)))
    }

    pub fn decode_claim(bytes: &[u8]) -> Result<Self, String> {
        let RawClaim { spec, status } = open(bytes)?;
        let asked = requests(spec.unwrap_or_default().resources.as_ref())?;
        let allocated = amounts(&status.unwrap_or_default().allocated, "")?;
        Ok(Self(asked.max(allocated)))
    }
}

fn requests(requirements: Option<&Requirements>) -> Result<Amounts, String> {
    requirements.map_or(Ok(Amounts::ZERO), |one| amounts(&one.requests, ""))
}

/// The three amounts of a map; what isn't there is nothing.
fn amounts(map: &Quantities, prefix: &str) -> Result<Amounts, String> {
    let mut all = Amounts::ZERO;
    for kind in Kind::ALL {
        if let Some(quantity) = map.get(&format!("{prefix}{kind}")) {
            all.0[kind as usize] = amount(kind, quantity)?;
        }
    }
    Ok(all)
}

fn amount(kind: Kind, quantity: &Quantity) -> Result<u128, String> {
    kind.read(&quantity.text).ok_or_else(|| format!("{kind}: {:?} isn't an amount", quantity.text))
}
