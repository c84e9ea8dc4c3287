use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::amounts::Resources;

/// The city's own rules. The one named `default` counts.
#[derive(CustomResource, Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "yunheng.io",
    version = "v1alpha1",
    kind = "CloudPolicy",
    plural = "cloudpolicies",
    category = "yunheng",
    status = "CloudPolicyStatus",
    derive = "PartialEq",
    cel,
    doc = "The city's own rules: totals, zones, thresholds, reason codes. The one named default counts.",
    validation = Rule::new("self.metadata.name == 'default'").message("there is one CloudPolicy and its name is default"),
    printcolumn(name = "Matches", type_ = "string", json_path = ".status.conditions[?(@.type=='ContractMatches')].status", description = "whether the pools' contracts add up to the city's totals"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
pub struct CloudPolicySpec {
    /// What the city says it has. Condition ContractMatches says whether the pools' contracts add
    /// up to it.
    pub city_totals: CityTotals,
    /// Network zones, with their names for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub zones: Vec<ZoneName>,
    /// Codes for a decision's reason, with their names for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["code".into()]))]
    pub reason_codes: Vec<ReasonCode>,
    /// Thresholds. The overview's bars are marked at `pool.warn` and `pool.critical`, in percent of
    /// the contract; the others are listed, and nothing acts on any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["key".into()]))]
    pub thresholds: Vec<Threshold>,
}

/// What the city says it has and runs.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CityTotals {
    pub capacity: Resources,
    pub applications: TierCounts,
    /// Where the figures were published.
    #[schemars(length(max = 300))]
    pub source: String,
    /// The day they are of, as `2020-07-17`.
    #[schemars(length(max = 10))]
    pub as_of: String,
}

#[derive(Serialize, Deserialize, KubeSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TierCounts {
    #[schemars(range(min = 0))]
    pub national_provincial: i64,
    #[schemars(range(min = 0))]
    pub municipal: i64,
    #[schemars(range(min = 0))]
    pub county: i64,
}

#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ZoneName {
    #[schemars(length(min = 1, max = 30))]
    pub name: String,
    #[schemars(length(min = 1, max = 60))]
    pub zh: String,
    #[schemars(length(min = 1, max = 60))]
    pub en: String,
}

#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ReasonCode {
    #[schemars(length(min = 1, max = 60))]
    pub code: String,
    #[schemars(length(min = 1, max = 100))]
    pub zh: String,
    #[schemars(length(min = 1, max = 100))]
    pub en: String,
}

/// A configurable bound, with where it comes from.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Threshold {
    #[schemars(length(min = 1, max = 60))]
    pub key: String,
    /// A whole number in the unit of `unit`.
    pub value: i64,
    #[schemars(length(max = 20))]
    pub unit: String,
    #[schemars(length(max = 300))]
    pub source: String,
    #[schemars(length(max = 10))]
    pub effective_from: String,
}

#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct CloudPolicyStatus {
    #[serde(default)]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}
