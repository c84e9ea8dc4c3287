//! Every cause of a Wait or a Refuse, each with its one sentence.

use thiserror::Error;

use crate::{AllocationKey, Amount, Resource};

/// Why something was not granted. The sentence is for logs; screens and messages are made from
/// the fields, in the reader's language and with units.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Reason {
    #[error("{resource} doesn't fit the pool: asked {asked}, free {free}")]
    InsufficientCapacity {
        resource: Resource,
        limit: Amount,
        /// Already out: granted, held and draining.
        out: Amount,
        /// What the change would add to it.
        asked: Amount,
        free: Amount,
    },
    #[error("{resource} passes the ceiling of {department}: asked {asked}, left {free}")]
    CeilingExceeded { department: String, resource: Resource, limit: Amount, out: Amount, asked: Amount, free: Amount },
    #[error("{resource}: the new capacity {limit} is below the {out} that is out")]
    CapacityBelowGranted { resource: Resource, limit: Amount, out: Amount },
    #[error("{resource}: the new ceiling {limit} of {department} is below the {out} that is out")]
    CeilingBelowGranted { department: String, resource: Resource, limit: Amount, out: Amount },
    #[error("{resource} is larger than any amount that can be granted")]
    AmountTooLarge { resource: Resource },
    #[error("an earlier request waits and this pool serves in order: {ahead}")]
    BehindAnother { ahead: AllocationKey },
    #[error("department {department} isn't known to this pool yet")]
    UnknownDepartment { department: String },
    #[error("department {department} would be its own ancestor, or too deep below {parent}")]
    DepartmentCycle { department: String, parent: String },
    #[error("department {department} still has something out, or departments below it")]
    DepartmentInUse { department: String },
    #[error("the allocation already holds capacity for request {request}")]
    HeldByAnother { request: String },
    #[error("an earlier object of the same name still has capacity that is draining")]
    EarlierObjectDraining,
    #[error("namespace {namespace} belongs to {owner}")]
    NamespaceTaken { namespace: String, owner: AllocationKey },
    /// By number or by size; `limit` is how many entries it has room for.
    #[error("the pool's ledger is full with its {limit} entries: make another pool, or release something")]
    LedgerFull { limit: usize },
    #[error("the pool is being deleted: it takes back but gives nothing out, name another pool")]
    PoolTerminating,
    /// Nothing is given out in this pool, or decided at all. The caller knows why.
    #[error("{message}")]
    PoolHalted { code: &'static str, message: String },
    #[error("the entry has changed since the evidence was gathered: revision {now}, evidence {evidence}")]
    EvidenceOutdated { now: u64, evidence: u64 },
}

impl Reason {
    /// The name in conditions, problems and metrics. Promised to scripts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InsufficientCapacity { .. } => "InsufficientCapacity",
            Self::CeilingExceeded { .. } => "CeilingExceeded",
            Self::CapacityBelowGranted { .. } => "CapacityBelowGranted",
            Self::CeilingBelowGranted { .. } => "CeilingBelowGranted",
            Self::AmountTooLarge { .. } => "AmountTooLarge",
            Self::BehindAnother { .. } => "BehindAnother",
            Self::UnknownDepartment { .. } => "UnknownDepartment",
            Self::DepartmentCycle { .. } => "DepartmentCycle",
            Self::DepartmentInUse { .. } => "DepartmentInUse",
            Self::HeldByAnother { .. } => "HeldByAnother",
            Self::EarlierObjectDraining => "EarlierObjectDraining",
            Self::NamespaceTaken { .. } => "NamespaceTaken",
            Self::LedgerFull { .. } => "LedgerFull",
            Self::PoolTerminating => "PoolTerminating",
            Self::PoolHalted { code, .. } => code,
            Self::EvidenceOutdated { .. } => "EvidenceOutdated",
        }
    }

    /// Whether somebody else could take what this one waits for. The other causes concern the
    /// allocation alone: holding everybody back for them would help nobody.
    #[must_use]
    pub const fn is_shortage(&self) -> bool {
        matches!(self, Self::InsufficientCapacity { .. } | Self::CeilingExceeded { .. } | Self::LedgerFull { .. })
    }

    /// The resource that stopped it, where one did.
    #[must_use]
    pub const fn resource(&self) -> Option<Resource> {
        match self {
            Self::InsufficientCapacity { resource, .. }
            | Self::CeilingExceeded { resource, .. }
            | Self::CapacityBelowGranted { resource, .. }
            | Self::CeilingBelowGranted { resource, .. }
            | Self::AmountTooLarge { resource } => Some(*resource),
            _ => None,
        }
    }
}
