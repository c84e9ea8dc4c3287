use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::{Contact, Tier};
use crate::amounts::{Known, Resources};

/// A unit that uses the cloud: it owns applications and asks for their quota.
#[derive(CustomResource, Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "yunheng.io",
    version = "v1alpha1",
    kind = "Department",
    plural = "departments",
    shortname = "dept",
    category = "yunheng",
    status = "DepartmentStatus",
    derive = "PartialEq",
    cel,
    doc = "A unit that uses the cloud: it owns applications and asks for their quota.",
    validation = Rule::new("size(self.metadata.name) <= 58 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')").message("metadata.name must be at most 58 lower-case letters, digits and dashes (it becomes the namespace dept-<name>)"),
    validation = Rule::new("!has(self.spec.parent) || self.spec.parent != self.metadata.name").message("spec.parent must not be the department itself"),
    printcolumn(name = "Display", type_ = "string", json_path = ".spec.displayName"),
    printcolumn(name = "Tier", type_ = "string", json_path = ".spec.tier"),
    printcolumn(name = "Parent", type_ = "string", json_path = ".spec.parent"),
    printcolumn(name = "Applications", type_ = "integer", json_path = ".status.applications"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
pub struct DepartmentSpec {
    /// Name for people, such as 市民政局.
    #[schemars(length(min = 1, max = 100))]
    pub display_name: String,
    /// Level of government.
    pub tier: Tier,
    /// 统一社会信用代码: 18 characters; empty where it isn't known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 18))]
    #[x_kube(validation = Rule::new("self.matches('^$|^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$')").message("must be a unified social credit code of 18 characters (digits and capitals without I, O, S, V, Z), or empty"))]
    pub code: String,
    /// Code of the administrative division, such as 420902.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 12))]
    #[x_kube(validation = Rule::new("self.matches('^[0-9]*$')").message("must be the digits of a division code, such as 420902"))]
    pub division: String,
    /// The department above it; empty at the top. No cycles.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 58))]
    pub parent: String,
    #[serde(default)]
    pub contact: Contact,
    /// Who acts for the department.
    #[serde(default)]
    pub members: Members,
    /// What the department and all below it may have, pool by pool. A pool that isn't named is
    /// bounded by the pool alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["pool".into()]))]
    pub ceilings: Vec<Ceiling>,
    /// Sample data, shipped for trying things out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sample: bool,
}

/// People of a department: user names, or groups written `group:<name>`.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Members {
    /// Accountable persons. In this version they may do what `users` may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 253)))]
    pub owners: Vec<String>,
    /// Those who ask for quota and run the applications.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500), inner(length(min = 1, max = 253)))]
    pub users: Vec<String>,
}

/// The most that a department's subtree may have in one pool.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Ceiling {
    #[schemars(length(min = 1, max = 58))]
    pub pool: String,
    /// Cores, `400`, or thousandths, `500m`.
    #[schemars(length(max = 24))]
    #[x_kube(validation = Rule::new("self.matches('^(0|[1-9][0-9]{0,10})$|^(0|[1-9][0-9]{0,13})m$')").message("cpu must be whole cores or thousandths: write 8 or 500m, not 1.5, 1e3 or a negative number"))]
    pub cpu: String,
    /// Memory with its unit, `800G`.
    #[schemars(length(max = 24))]
    #[x_kube(validation = Rule::new("self.matches('^(0|(0|[1-9][0-9]{0,10})M|(0|[1-9][0-9]{0,7})G|(0|[1-9][0-9]{0,4})T|(0|[1-9][0-9]{0,9})Mi|(0|[1-9][0-9]{0,6})Gi|(0|[1-9][0-9]{0,3})Ti)$')").message("memory must be a whole number with one of the units M, G, T, Mi, Gi, Ti: write 128G, not 128, 128GB or 1.5T (write 1500G)"))]
    pub memory: String,
    /// Storage with its unit, `60T`.
    #[schemars(length(max = 24))]
    #[x_kube(validation = Rule::new("self.matches('^(0|(0|[1-9][0-9]{0,10})M|(0|[1-9][0-9]{0,7})G|(0|[1-9][0-9]{0,4})T|(0|[1-9][0-9]{0,9})Mi|(0|[1-9][0-9]{0,6})Gi|(0|[1-9][0-9]{0,3})Ti)$')").message("storage must be a whole number with one of the units M, G, T, Mi, Gi, Ti: write 10T, not 10, 10TB or 1.5T (write 1500G)"))]
    pub storage: String,
    /// Accepts that the ceiling is below what is out: nothing is taken away, growth is refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accept_overcommit: bool,
}

impl Ceiling {
    /// The three amounts.
    #[must_use]
    pub fn resources(&self) -> Resources {
        Resources { cpu: self.cpu.clone(), memory: self.memory.clone(), storage: self.storage.clone() }
    }
}

#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DepartmentStatus {
    /// The namespace of the department's own objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// What the department itself has, pool by pool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["pool".into()]))]
    pub granted: Vec<PoolGrant>,
    /// Applications of the department.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applications: Option<i64>,
    #[serde(default)]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

/// What a department has in one pool.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PoolGrant {
    pub pool: String,
    /// The department's own allocations.
    pub granted: Known,
    /// Everything below it included, with what is held and draining: what its ceiling bounds.
    pub subtree: Known,
}
