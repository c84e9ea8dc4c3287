use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an allocation used of its quota, day by day for 35 days. It has the allocation's name, and the
/// operator alone writes it: automatic decisions go by it.
#[derive(CustomResource, Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "yunheng.io",
    version = "v1alpha1",
    kind = "UsageRecord",
    plural = "usagerecords",
    shortname = "usage",
    category = "yunheng",
    namespaced,
    derive = "PartialEq",
    cel,
    doc = "What an allocation used of its quota, day by day. It has the allocation's name; the operator alone writes it.",
    printcolumn(
        name = "Through",
        type_ = "date",
        json_path = ".spec.through",
        description = "how long ago the last sample was taken"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
pub struct UsageRecordSpec {
    /// Uid of the allocation. One of the same name that is made anew begins with nothing.
    #[schemars(length(max = 64))]
    pub allocation: String,
    /// When the last sample was taken. One is taken every five minutes and written within the hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<Time>,
    /// The days, oldest first, for each resource and source. A day on which the quota changed has
    /// several lines. What isn't there wasn't seen: it is no data and not zero.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 400))]
    pub days: Vec<UsageDay>,
}

/// The samples of one day, resource, source and quota. A full day has 288.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct UsageDay {
    /// A day in the city, as `2026-11-23`.
    #[schemars(length(max = 10))]
    pub day: String,
    pub resource: UsedResource,
    pub source: UsageSource,
    /// The quota then, in thousandths of a core or in bytes.
    #[schemars(range(min = 0))]
    pub quota: i64,
    #[schemars(range(min = 0))]
    pub samples: i64,
    /// In thousandths of a core or in bytes.
    #[schemars(range(min = 0))]
    pub average: i64,
    /// How many samples were up to 5 %, up to 10 % and so on of the quota; the 21st number is those
    /// above all of it. Zeros at the end are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 21))]
    pub histogram: Vec<i64>,
}

#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(rename_all = "camelCase")]
pub enum UsedResource {
    Cpu,
    Memory,
    Storage,
}

/// Where a figure comes from.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UsageSource {
    /// What was really used, as the cluster's metrics API measures it.
    #[default]
    Measured,
    /// What the quota was charged with: the requests of pods and claims.
    Charged,
}
