use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::amounts::Exact;

/// The only authority on what a pool has granted. Written by the operator alone, each time with
/// the version that was read: compare and swap.
//
// Its lists are atomic: an object can't be the key of a list, and managed fields per entry would
// double the object.
#[derive(CustomResource, Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "yunheng.io",
    version = "v1alpha1",
    kind = "PoolLedger",
    plural = "poolledgers",
    category = "yunheng",
    derive = "PartialEq",
    doc = "The only authority on what a pool has granted. Has the name of its pool; only the operator writes it.",
    printcolumn(name = "Revision", type_ = "integer", json_path = ".spec.revision"),
    printcolumn(name = "Entries", type_ = "integer", json_path = ".spec.count"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
pub struct PoolLedgerSpec {
    /// Moves by one with every commit.
    pub revision: i64,
    /// Number of entries, for the column.
    #[serde(default)]
    pub count: i64,
    /// What may be granted.
    pub capacity: Exact,
    /// Generation of the pool that `capacity` came from; an older one changes nothing.
    #[serde(default)]
    pub pool_generation: i64,
    /// Uid of that pool: generations count within one object. Empty in ledgers that were written
    /// before it was kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pool_uid: String,
    /// Uid of namespace kube-system of the pool's cluster: quotas are written nowhere else.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster_uid: String,
    /// Departments that the pool knows, with their ceilings in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ceilings: Vec<LedgerCeiling>,
    /// One for each allocation that has something out: a line of JSON with `allocation`
    /// (namespace/name), `uid`, `generation`, `revision` (the fence of its quotas), `decision`,
    /// `granted`, `held`, `draining` (each thousandths of a core, bytes of memory, bytes of
    /// storage), `namespaces`, `hold`, `leaving`.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "super::ledger_lines::entries")]
    #[schemars(with = "Vec<String>")]
    pub entries: Vec<LedgerEntry>,
    /// The last commits, oldest first: at most 256 and 64 kB.
    /// Each is a line of JSON.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "super::ledger_lines::records")]
    #[schemars(with = "Vec<String>")]
    pub journal: Vec<JournalRecord>,
}

/// A department in this pool.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LedgerCeiling {
    pub department: String,
    /// The department above it; empty at the top.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub parent: String,
    /// Uid of the department that this came from: generations count within one object. Empty in
    /// ledgers that were written before it was kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Generation of the department that this came from.
    pub generation: i64,
    /// What its subtree may have out in this pool, in thousandths of a core and in bytes. All
    /// three absent = bounded by the pool alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_millis: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_bytes: Option<i64>,
}

/// What one allocation has.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LedgerEntry {
    pub allocation: AllocationRef,
    /// Ledger revision of the last change that the quotas must follow: the value of their fence.
    pub revision: i64,
    /// What caused the last change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// The object is gone or going; what it had drains.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaving: bool,
    /// The namespaces the grant is spread over. Amounts are given where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<LedgerNamespace>,
    /// Who holds `held`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<LedgerHold>,
    #[serde(default)]
    pub granted: Exact,
    #[serde(default, skip_serializing_if = "Exact::is_zero")]
    pub held: Exact,
    #[serde(default, skip_serializing_if = "Exact::is_zero")]
    pub draining: Exact,
}

/// Which allocation an entry is for. The key is namespace and name.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AllocationRef {
    pub namespace: String,
    pub name: String,
    /// Empty while a new request only holds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Generation of the allocation that was applied last.
    #[serde(default)]
    pub generation: i64,
}

/// A namespace of an allocation.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LedgerNamespace {
    pub name: String,
    /// Its share; absent where the allocation has one namespace, which then has all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_millis: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_bytes: Option<i64>,
    /// No longer part of the allocation: at zero until it is proven empty.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dropped: bool,
}

/// The request that capacity is kept for.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LedgerHold {
    pub request: String,
    pub uid: String,
    /// The decision that asked for it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub decision: String,
}

/// One commit.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct JournalRecord {
    pub revision: i64,
    /// When, as RFC 3339 in UTC.
    pub at: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<JournalChange>,
    /// Changes of this commit that found no room in the journal.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub omitted: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// One change of a commit: who, why, before, after.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct JournalChange {
    /// The allocation, as namespace/name; empty for a change of the pool or a department.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub allocation: String,
    pub cause: Cause,
    #[serde(default)]
    pub before: EntryAmounts,
    #[serde(default)]
    pub after: EntryAmounts,
}

/// What a change came from.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// Kind of the object, such as QuotaDecision, Allocation, ResourcePool or Department.
    pub kind: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    pub name: String,
    /// The person who decided, where one is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// The reason that was given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// What an entry had or has.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct EntryAmounts {
    #[serde(default, skip_serializing_if = "Exact::is_zero")]
    pub granted: Exact,
    #[serde(default, skip_serializing_if = "Exact::is_zero")]
    pub held: Exact,
    #[serde(default, skip_serializing_if = "Exact::is_zero")]
    pub draining: Exact,
}
