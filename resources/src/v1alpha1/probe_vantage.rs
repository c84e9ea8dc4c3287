use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, MicroTime, Time};
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

/// A place that links are probed from.
#[derive(CustomResource, Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "yunheng.io",
    version = "v1alpha1",
    kind = "ProbeVantage",
    plural = "probevantages",
    shortname = "vantage",
    category = "yunheng",
    status = "ProbeVantageStatus",
    derive = "PartialEq",
    derive = "Default",
    cel,
    doc = "A place that links are probed from, with the anchors that tell whether it can see at all. This version has one, city.",
    validation = Rule::new("self.metadata.name == 'city'").message("this version has one vantage and its name is city"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Blind", type_ = "string", json_path = ".status.conditions[?(@.type=='Blind')].status"),
    printcolumn(name = "ICMP", type_ = "string", json_path = ".status.conditions[?(@.type=='IcmpAvailable')].reason"),
    printcolumn(name = "Links", type_ = "integer", json_path = ".status.links"),
    printcolumn(name = "Seen by", type_ = "string", json_path = ".status.process", priority = 1),
    printcolumn(name = "Flushed", type_ = "date", json_path = ".status.flushedThrough", description = "every change until then is written"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
pub struct ProbeVantageSpec {
    /// Two or three addresses near the prober (its gateway, the providers' gateways), probed every
    /// second. While none answers, the prober is blind and claims nothing. Without anchors its sight
    /// is taken for granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 3), inner(length(min = 2, max = 45)))]
    #[x_kube(validation = Rule::new("self.all(anchor, isIP(anchor))").message("spec.anchors must be IP addresses"))]
    pub anchors: Vec<String>,
    /// Probes a second at most. Default 2,000, enough for the city; 4,000 for 10,000 links.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 20_000))]
    pub probes_per_second: Option<i32>,
}

#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ProbeVantageStatus {
    /// Every change of a link until then is in its object. A prober that starts goes on from here;
    /// what came after it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flushed_through: Option<MicroTime>,
    /// Links that are probed or inferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<i64>,
    /// How many links are in each state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub states: Option<LinkCounts>,
    /// The process that probes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    #[serde(default)]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

/// How many links are in each state.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LinkCounts {
    pub up: i64,
    pub degraded: i64,
    pub down: i64,
    pub unreachable: i64,
    pub unknown: i64,
    pub maintenance: i64,
}
