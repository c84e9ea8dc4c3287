//! Small views that several families show: amounts, figures, conditions, lists.

use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock;

/// CPU, memory and storage, each with its unit. CPU in cores (`64`) or thousandths (`500m`);
/// `G` and `T` are decimal (10^9, 10^12), `Gi` and `Ti` binary.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// Cores.
    #[schema(example = "64")]
    pub cpu: String,
    #[schema(example = "128G")]
    pub memory: String,
    #[schema(example = "10T")]
    pub storage: String,
}

impl From<&resources::amounts::Resources> for Bundle {
    fn from(written: &resources::amounts::Resources) -> Self {
        Self { cpu: written.cpu.clone(), memory: written.memory.clone(), storage: written.storage.clone() }
    }
}

/// Amounts of which each may be unknown (`null`), which is not zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartialBundle {
    #[schema(example = "64")]
    pub cpu: Option<String>,
    #[schema(example = "128G")]
    pub memory: Option<String>,
    #[schema(example = "10T")]
    pub storage: Option<String>,
}

/// The numbers of a pool, of several pools together, or of a pool as it would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// 合同总量: what was contracted.
    pub contract: Bundle,
    /// What may be granted: the contract × the grantable percentage.
    pub capacity: Bundle,
    /// 物理容量: what the nodes can allocate, or the provider declares; `null` where nobody said.
    pub physical: PartialBundle,
    /// In force.
    pub granted: Bundle,
    /// 已批待开通: decided, not yet written to a cluster.
    pub held: Bundle,
    /// 回收中占用: taken back, not yet proven free.
    pub draining: Bundle,
    /// 已分配: granted and draining.
    pub allocated: Bundle,
    /// Asked for by open requests that nobody has decided; blocks nothing.
    pub requested: Bundle,
    /// 可分配余量: capacity − granted − held − draining.
    pub free: Bundle,
    /// What is out beyond the capacity; zero unless the pool is overcommitted by choice.
    pub overcommitted: Bundle,
    /// 实际使用: charged to the quotas by pods and claims; `null` where not measured.
    pub used: PartialBundle,
    pub rates: Rates,
}

/// Percentages with one decimal, or `null` where there is nothing to divide by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rates {
    /// 分配率: allocated ÷ contract.
    pub allocation: Percentages,
    /// 含待批占用: allocated, held and requested ÷ contract.
    pub with_reserved: Percentages,
    /// 利用率: used ÷ granted.
    pub utilisation: Percentages,
}

/// Percentages with one decimal, rounded half up; `null` for 0 ÷ 0 and for the unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Percentages {
    #[schema(example = "42.1")]
    pub cpu: Option<String>,
    #[schema(example = "63.8")]
    pub memory: Option<String>,
    #[schema(example = "42.0")]
    pub storage: Option<String>,
}

/// What there is in a pool. Everybody sees capacity and what is free; the rest is for those who
/// may see the whole pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    pub capacity: Bundle,
    pub free: Bundle,
    /// `null` for callers who may not read the ledger.
    pub figures: Option<Figures>,
}

/// One of the three things that are granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    Cpu,
    Memory,
    Storage,
}

impl From<ledger::Resource> for Resource {
    fn from(resource: ledger::Resource) -> Self {
        match resource {
            ledger::Resource::Cpu => Self::Cpu,
            ledger::Resource::Memory => Self::Memory,
            ledger::Resource::Storage => Self::Storage,
        }
    }
}

/// Level of government.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub enum Tier {
    NationalProvincial,
    Municipal,
    County,
}

impl Tier {
    pub const ALL: [Self; 3] = [Self::NationalProvincial, Self::Municipal, Self::County];
}

impl From<resources::v1alpha1::Tier> for Tier {
    fn from(tier: resources::v1alpha1::Tier) -> Self {
        match tier {
            resources::v1alpha1::Tier::NationalProvincial => Self::NationalProvincial,
            resources::v1alpha1::Tier::Municipal => Self::Municipal,
            resources::v1alpha1::Tier::County => Self::County,
        }
    }
}

impl From<Tier> for resources::v1alpha1::Tier {
    fn from(tier: Tier) -> Self {
        match tier {
            Tier::NationalProvincial => Self::NationalProvincial,
            Tier::Municipal => Self::Municipal,
            Tier::County => Self::County,
        }
    }
}

/// A technical finding about an object, as Kubernetes keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    #[serde(rename = "type")]
    #[schema(example = "Ready")]
    pub type_: String,
    /// `True`, `False` or `Unknown`.
    #[schema(example = "True")]
    pub status: String,
    /// One word, promised to scripts.
    pub reason: String,
    pub message: String,
    #[schema(format = DateTime)]
    pub last_transition_time: String,
}

impl From<&meta::Condition> for Condition {
    fn from(condition: &meta::Condition) -> Self {
        Self {
            type_: condition.type_.clone(),
            status: condition.status.clone(),
            reason: condition.reason.clone(),
            message: condition.message.clone(),
            last_transition_time: clock::text(condition.last_transition_time.0),
        }
    }
}

/// All conditions of an object.
#[must_use]
pub fn conditions(conditions: &[meta::Condition]) -> Vec<Condition> {
    conditions.iter().map(Condition::from).collect()
}

/// How old the data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Age {
    pub as_of: jiff::Timestamp,
    pub stale: bool,
}

/// Defines the list of a view. A macro, because the schema of a generic type gets a name that
/// nobody would choose, and clients take the names of their types from the schema.
macro_rules! list_of {
    ($item:ty, $list:ident) => {
        /// One page of a list.
        #[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $list {
            pub items: Vec<$item>,
            /// Pass it as `continue` to get the next page; `null` on the last.
            #[schema(required)]
            pub r#continue: Option<String>,
            /// How many there are on all pages.
            pub total: u64,
            /// The data is at least as new as this.
            #[schema(format = DateTime, example = "2026-11-23T14:10:00+08:00")]
            pub as_of: String,
            /// The cluster can't be followed at the moment: writes are refused.
            pub stale: bool,
        }

        impl $list {
            #[must_use]
            pub fn new(page: $crate::page::Page<$item>, age: &$crate::view::Age) -> Self {
                let $crate::page::Page { items, next, total } = page;
                Self { items, r#continue: next, total, as_of: $crate::clock::text(age.as_of), stale: age.stale }
            }
        }
    };
}
pub(crate) use list_of;
