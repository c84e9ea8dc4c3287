use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::amounts::{Known, Resources};

/// What one provider delivers under one contract, in one cluster: the capacity that quota is
/// granted from.
#[derive(CustomResource, Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "yunheng.io",
    version = "v1alpha1",
    kind = "ResourcePool",
    plural = "resourcepools",
    shortname = "pool",
    shortname = "pools",
    category = "yunheng",
    status = "ResourcePoolStatus",
    derive = "PartialEq",
    cel,
    doc = "What one provider delivers under one contract: the capacity that quota is granted from.",
    validation = Rule::new("size(self.metadata.name) <= 58 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')").message("metadata.name must be at most 58 lower-case letters, digits and dashes, beginning and ending with a letter or digit"),
    printcolumn(name = "Provider", type_ = "string", json_path = ".spec.provider.name"),
    printcolumn(name = "CPU", type_ = "string", json_path = ".status.summary.cpu", description = "granted/capacity"),
    printcolumn(name = "Memory", type_ = "string", json_path = ".status.summary.memory", description = "granted/capacity"),
    printcolumn(name = "Storage", type_ = "string", json_path = ".status.summary.storage", description = "granted/capacity"),
    printcolumn(name = "Binds", type_ = "string", json_path = ".status.bindingResource"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(validation = Rule::new("self.contract.end >= self.contract.start").message("spec.contract.end must not be before spec.contract.start"))]
pub struct ResourcePoolSpec {
    /// Name for people, such as 中电长城网际资源池.
    #[schemars(length(min = 1, max = 100))]
    pub display_name: String,
    /// Who delivers it.
    pub provider: Provider,
    /// What was agreed, in the contract's own figures and units.
    pub contract: Contract,
    /// How much of the contract may be granted, in percent. Above 100 the pool is overcommitted on
    /// purpose and says so. Default 100 for each resource.
    #[serde(default)]
    pub grantable_percent: GrantablePercent,
    /// Whether a small allocation may pass a bigger one that waits for room.
    #[serde(default)]
    pub order: PoolOrder,
    /// What the quota says of limits: `Guaranteed` = limits equal requests; `Burstable` = memory
    /// limits equal requests, CPU limits free.
    #[serde(default)]
    pub limit_policy: LimitPolicy,
    /// Where the pool's namespaces and quotas are. This version serves `local` only: with another
    /// cluster nothing is granted from the pool.
    #[serde(default)]
    pub cluster: ClusterRef,
    /// Which nodes of that cluster are this pool's: the allocatable CPU and memory of those that
    /// are ready is its physical capacity. Without a selector none is. Two pools may share a cluster.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16))]
    pub node_selector: std::collections::BTreeMap<String, String>,
    /// What can't be observed, as the provider states it; shown as declared.
    #[serde(default)]
    pub declared_physical: Known,
    /// `Warn`: a shortfall of physical capacity is shown. `Enforce` is recorded and acts as `Warn`
    /// in this version: a shortfall doesn't bound what is granted.
    #[serde(default)]
    pub physical_guard: PhysicalGuard,
    /// Accepts that the contract, when lowered, is below what is out: nothing is taken away,
    /// growth is refused until it fits again.
    #[serde(default)]
    pub accept_overcommit: bool,
    /// Declares a lost cluster fenced off, by two people. While the cluster isn't reached, what is
    /// taken back from it counts as free at once, without proof. When it is back, its quotas are
    /// lowered to what the ledger says before anything is granted; then take this field away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<PoolFence>,
    /// The figures are sample data, such as a split that isn't published.
    #[serde(default)]
    pub sample: bool,
}

/// Who delivers a pool.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// Short code for lists and exports.
    #[schemars(length(min = 1, max = 30))]
    pub code: String,
}

/// The contract with the provider.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Contract {
    /// Number of the contract.
    #[schemars(length(min = 1, max = 100))]
    pub id: String,
    /// First day, as `2020-01-01`.
    #[schemars(length(max = 10))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)$')").message("must be a date such as 2020-01-01"))]
    pub start: String,
    /// Last day, as `2026-12-31`.
    #[schemars(length(max = 10))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)$')").message("must be a date such as 2026-12-31"))]
    pub end: String,
    /// The contracted totals. G and T are decimal (10^9, 10^12); write Gi and Ti only where the
    /// contract proves that binary units are meant.
    pub capacity: Resources,
    /// The contract's wording, verbatim.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500))]
    pub text: String,
}

/// How much of each contracted resource may be granted, in percent.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct GrantablePercent {
    #[serde(default = "hundred")]
    #[schemars(range(min = 1, max = 1000))]
    pub cpu: i32,
    #[serde(default = "hundred")]
    #[schemars(range(min = 1, max = 1000))]
    pub memory: i32,
    #[serde(default = "hundred")]
    #[schemars(range(min = 1, max = 1000))]
    pub storage: i32,
}

fn hundred() -> i32 {
    100
}

impl Default for GrantablePercent {
    fn default() -> Self {
        Self { cpu: 100, memory: 100, storage: 100 }
    }
}

#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PoolOrder {
    /// A small request may pass a waiting big one.
    #[default]
    Unordered,
    /// Nobody passes.
    Ordered,
}

#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LimitPolicy {
    /// Limits equal requests.
    #[default]
    Guaranteed,
    /// Memory limits equal requests, CPU limits are free.
    Burstable,
}

#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PhysicalGuard {
    #[default]
    Warn,
    Enforce,
}

/// The cluster a pool's namespaces are in: exactly one of the two.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.local) != has(self.kubeconfigSecretRef)").message("name exactly one of local and kubeconfigSecretRef"))]
pub struct ClusterRef {
    /// The cluster that the objects of Yunheng are in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<LocalCluster>,
    /// Another cluster, by a kubeconfig in a Secret of the operator's namespace. It must carry its
    /// certificates and tokens in itself; files and programs that it names are not used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubeconfig_secret_ref: Option<KubeconfigSecretRef>,
}

impl Default for ClusterRef {
    fn default() -> Self {
        Self { local: Some(LocalCluster {}), kubeconfig_secret_ref: None }
    }
}

/// The cluster that the objects of Yunheng are in. Has no settings.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalCluster {}

/// A kubeconfig in a Secret.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct KubeconfigSecretRef {
    #[schemars(length(min = 1, max = 63))]
    pub namespace: String,
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

/// A lost cluster, fenced off by two people.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PoolFence {
    #[schemars(length(min = 10, max = 2000))]
    pub reason: String,
    #[schemars(length(min = 1, max = 253))]
    pub requested_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub confirmed_by: Option<String>,
}

impl ResourcePool {
    /// The fence that two people stand for and that no answer of the cluster has overtaken.
    #[must_use]
    pub fn standing_fence(&self) -> Option<&PoolFence> {
        let spent = self.status.as_ref().and_then(|status| status.fence_spent.as_ref());
        self.spec.fence.as_ref().filter(|fence| fence.is_confirmed() && spent != Some(fence))
    }
}

impl PoolFence {
    /// Whether two people stand for it.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.confirmed_by.as_deref().is_some_and(|confirmed| !confirmed.is_empty() && confirmed != self.requested_by)
    }
}

/// What the pool has, has promised and has left.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ResourcePoolStatus {
    /// Revision of the ledger that these figures were summed from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger_revision: Option<i64>,
    /// What may be granted: the contract × its grantable percentage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Known>,
    /// In force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<Known>,
    /// Kept for requests that are decided but not yet written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Known>,
    /// Taken back but not yet proven free; still counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draining: Option<Known>,
    /// What can still be granted: capacity − granted − held − draining.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free: Option<Known>,
    /// Asked for by open requests and not decided; blocks nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested: Option<Known>,
    /// Charged to the quotas by pods and claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Known>,
    /// What the pool's nodes can allocate, or its hosts report, or its provider declares; with its
    /// age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub physical: Option<PhysicalStatus>,
    /// The resource that will be used up first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding_resource: Option<String>,
    /// Free but not grantable in the mix of `mix`, because the binding resource is used up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stranded: Option<Known>,
    /// The proportions that `stranded` assumes: what is granted today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mix: Option<Known>,
    /// Granted and capacity in one text, for the columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<PoolSummary>,
    /// The fence with which the cluster has been reached: it counts no more. To fence it off again,
    /// write another reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence_spent: Option<PoolFence>,
    /// Allocations with something out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocations: Option<i64>,
    #[serde(default)]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

/// Physical capacity and where it comes from.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PhysicalStatus {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<String>,
    /// When the nodes were last seen to say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<Time>,
    /// Nodes that were counted.
    #[serde(default)]
    pub nodes: i64,
    /// Some of the nodes stand for machines that aren't there.
    #[serde(default)]
    pub simulated: bool,
    /// Hosts whose agent has reported within the last five minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosts_reporting: Option<i64>,
}

/// `granted/capacity` for each resource.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PoolSummary {
    pub cpu: String,
    pub memory: String,
    pub storage: String,
}
