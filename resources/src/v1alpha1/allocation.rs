use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::amounts::{Known, Resources};

/// What an application shall have in a pool.
#[derive(CustomResource, Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "yunheng.io",
    version = "v1alpha1",
    kind = "Allocation",
    plural = "allocations",
    shortname = "alloc",
    category = "yunheng",
    namespaced,
    status = "AllocationStatus",
    derive = "PartialEq",
    cel,
    doc = "What an application shall have in a pool. Its quotas follow the ledger's decision on it.",
    validation = Rule::new("size(self.metadata.name) <= 118 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')").message("metadata.name must be lower-case letters, digits and dashes: the application's name, or <application>-<pool>"),
    printcolumn(name = "Application", type_ = "string", json_path = ".spec.application"),
    printcolumn(name = "Pool", type_ = "string", json_path = ".spec.pool"),
    printcolumn(name = "CPU", type_ = "string", json_path = ".spec.resources.cpu"),
    printcolumn(name = "Memory", type_ = "string", json_path = ".spec.resources.memory"),
    printcolumn(name = "Storage", type_ = "string", json_path = ".spec.resources.storage"),
    printcolumn(name = "Granted", type_ = "string", json_path = ".status.conditions[?(@.type=='Granted')].status"),
    printcolumn(name = "Enforced", type_ = "string", json_path = ".status.conditions[?(@.type=='Enforced')].status"),
    printcolumn(name = "Expires", type_ = "string", json_path = ".spec.lease.expiresAt"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(validation = Rule::new("self.pool == oldSelf.pool").message("spec.pool can't change: a move is a second allocation and the release of the first"))]
#[x_kube(validation = Rule::new("self.application == oldSelf.application").message("spec.application can't change"))]
pub struct AllocationSpec {
    /// The application, in the same namespace. Can't change. By custom the allocation has its name;
    /// a further one, in another pool, is `<application>-<pool>`.
    #[schemars(length(min = 1, max = 59))]
    pub application: String,
    /// The pool it comes from. Can't change.
    #[schemars(length(min = 1, max = 58))]
    pub pool: String,
    /// What it shall have, in all its namespaces together.
    pub resources: Resources,
    /// The namespaces it is for; default `app-<application>`. With several, each has a share and
    /// the shares add up. A namespace belongs to one allocation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    #[x_kube(validation = Rule::new("self.size() < 2 || self.all(n, has(n.share))").message("with several namespaces each needs its share"))]
    pub namespaces: Vec<NamespaceShare>,
    /// When the grant ends. With a base it returns to the base then, by itself; without one nothing
    /// shrinks, condition Expired is True, growth is refused, and an approver renews it or takes it
    /// back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// The QuotaDecision that set these amounts; absent where an admin wrote them without a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub decision: Option<String>,
}

/// A namespace of an allocation.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceShare {
    #[schemars(length(max = 63))]
    #[x_kube(validation = Rule::new("self.matches('^app-[a-z0-9]([-a-z0-9]*[a-z0-9])?$')").message("a namespace of an allocation begins with app-, followed by lower-case letters, digits and dashes"))]
    pub name: String,
    /// Its part of the amounts; needed where there are several namespaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Resources>,
}

/// A grant that ends.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Lease {
    /// When it ends, as `2027-12-01T00:00:00+08:00`.
    #[schemars(length(max = 35))]
    #[x_kube(validation = Rule::new("self.matches('^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$')").message("must be a time with its zone, such as 2027-12-01T00:00:00+08:00"))]
    pub expires_at: String,
    /// What it shall have after its end, zero included. Nothing is evicted: what is used beyond it
    /// stays counted until it ends (condition Overdue).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Resources>,
}

#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct AllocationStatus {
    /// What the ledger has granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<Known>,
    /// Taken back, not yet proven free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draining: Option<Known>,
    /// What the API server enforces now: the sum of `status.hard` of its quotas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforced: Option<Known>,
    /// Charged to its quotas by pods and claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Known>,
    #[serde(default)]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}
