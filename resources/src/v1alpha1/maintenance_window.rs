use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

/// An announced piece of work on links. It counts in the accounts only if it was approved before it began.
#[derive(CustomResource, Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "yunheng.io",
    version = "v1alpha1",
    kind = "MaintenanceWindow",
    plural = "maintenancewindows",
    shortname = "mw",
    category = "yunheng",
    status = "MaintenanceWindowStatus",
    derive = "PartialEq",
    cel,
    doc = "An announced piece of work on links. It counts in the accounts only if it was approved before it began; probing never stops.",
    printcolumn(name = "Start", type_ = "string", json_path = ".spec.start"),
    printcolumn(name = "End", type_ = "string", json_path = ".spec.end"),
    printcolumn(name = "Links", type_ = "string", json_path = ".spec.links"),
    printcolumn(name = "Below", type_ = "boolean", json_path = ".spec.includeBelow"),
    printcolumn(name = "Approved by", type_ = "string", json_path = ".spec.approvedBy"),
    printcolumn(
        name = "Counts",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Approved')].status",
        description = "whether it was approved before it began"
    ),
    printcolumn(name = "Active", type_ = "string", json_path = ".status.conditions[?(@.type=='Active')].status"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(validation = Rule::new("self.end > self.start").message("spec.end must be after spec.start"))]
pub struct MaintenanceWindowSpec {
    /// Names of the links that are worked on.
    #[schemars(length(min = 1, max = 200), inner(length(min = 1, max = 63)))]
    pub links: Vec<String>,
    /// Whether everything that hangs below them is covered too.
    #[serde(default)]
    pub include_below: bool,
    /// When it begins, such as `2026-12-01T22:00:00+08:00`.
    pub start: Time,
    /// When it ends. What lasts longer counts as down; an extension is another window, approved
    /// before its own start.
    pub end: Time,
    #[schemars(length(min = 2, max = 1000))]
    pub reason: String,
    /// Who approves it: your own user name. Once it is there, links, start and end stay as they are.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 253))]
    pub approved_by: String,
    /// Number of the work order.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 100))]
    pub reference: String,
    /// The work was done earlier: the window ends here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_early_at: Option<Time>,
}

#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct MaintenanceWindowStatus {
    /// When it was approved: at its creation, or when the operator first saw it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<Time>,
    /// Links that it covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covers: Option<i64>,
    #[serde(default)]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}
