use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Contact, Tier};
use crate::amounts::Known;

/// A government application that runs on the cloud or is connected to it.
#[derive(CustomResource, Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "yunheng.io",
    version = "v1alpha1",
    kind = "Application",
    plural = "applications",
    shortname = "yapp",
    category = "yunheng",
    namespaced,
    status = "ApplicationStatus",
    derive = "PartialEq",
    cel,
    doc = "A government application that runs on the cloud or is connected to it. Lives in its department's namespace.",
    validation = Rule::new("size(self.metadata.name) <= 59 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')").message("metadata.name must be at most 59 lower-case letters, digits and dashes (it becomes the namespace app-<name>)"),
    printcolumn(name = "Display", type_ = "string", json_path = ".spec.displayName"),
    printcolumn(name = "Tier", type_ = "string", json_path = ".spec.tier"),
    printcolumn(name = "CPU", type_ = "string", json_path = ".status.granted.cpu"),
    printcolumn(name = "Memory", type_ = "string", json_path = ".status.granted.memory"),
    printcolumn(name = "Storage", type_ = "string", json_path = ".status.granted.storage"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
pub struct ApplicationSpec {
    /// Name for people, such as 婚姻登记系统.
    #[schemars(length(min = 1, max = 100))]
    pub display_name: String,
    /// Level of government.
    pub tier: Tier,
    /// `Hosted` 承载: runs here. `Connected` 接入: runs elsewhere and is connected.
    #[serde(default)]
    pub hosting: Hosting,
    /// Network zone.
    #[serde(default)]
    pub zone: Zone,
    /// 等保 grade, 1 to 3. Grade 4 and secret systems are not on this cloud.
    #[schemars(range(min = 1, max = 5))]
    #[x_kube(validation = Rule::new("self <= 3").message("grade 4 and above must not be on this cloud: securityGrade is 1, 2 or 3"))]
    #[serde(default = "grade_two")]
    pub security_grade: i32,
    /// 信创: on domestic hardware and software.
    #[serde(default)]
    pub domestic_it: bool,
    /// 重保: under key-event protection.
    #[serde(default)]
    pub key_event: bool,
    /// Sample data, shipped for trying things out.
    #[serde(default)]
    pub sample: bool,
    /// The quota is sample data, although the application isn't.
    #[serde(default)]
    pub sample_quota: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 1000))]
    pub description: String,
    /// Figures that the city published about this application. Kept as they were published.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub facts: Vec<Fact>,
    #[serde(default)]
    pub contact: Contact,
    /// What it can't work without.
    #[serde(default)]
    pub depends_on: DependsOn,
}

fn grade_two() -> i32 {
    2
}

/// One published figure.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    #[schemars(length(min = 1, max = 100))]
    pub label: String,
    #[schemars(length(min = 1, max = 500))]
    pub value: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 30))]
    pub unit: String,
    /// The day the figure is of, as `2020-07-17`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 10))]
    pub as_of: String,
    /// Where it was published.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 300))]
    pub source: String,
}

/// Names of links and applications.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct DependsOn {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 253)))]
    pub links: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 59)))]
    pub applications: Vec<String>,
}

#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hosting {
    #[default]
    Hosted,
    Connected,
}

#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zone {
    InternetZone,
    #[default]
    ExtranetZone,
    LeasedLineZone,
    #[serde(rename = "DMZ")]
    Dmz,
}

#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationStatus {
    /// Names of its allocations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allocations: Vec<String>,
    /// Sum over its allocations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<Known>,
    /// Charged to its quotas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Known>,
    #[serde(default)]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}
