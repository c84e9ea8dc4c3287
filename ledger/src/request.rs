//! Who asks for what.

use std::collections::BTreeSet;

use crate::{AllocationKey, Bundle, Shares};

/// One thing to decide, with the instant its turn is counted from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub ask: Ask,
    /// When it was approved or written, in milliseconds since 1970. Earlier ones are served first.
    pub at_ms: i64,
}

/// What may be asked of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The pool's capacity, as its object says it at this generation.
    Capacity { capacity: Bundle, uid: String, generation: i64, accept_overcommit: bool },
    /// A department, its place in the tree and its ceiling in this pool.
    Department {
        department: String,
        parent: Option<String>,
        ceiling: Option<Bundle>,
        uid: String,
        generation: i64,
        /// Its own ceiling may be below what is out; those above it have choices of their own.
        accept_overcommit: bool,
    },
    /// The department's object is gone.
    RemoveDepartment { department: String },
    /// What an allocation shall have, as its object says it at this generation.
    Target { allocation: AllocationKey, uid: String, generation: i64, shares: Shares, decision: Option<String> },
    /// The allocation's object is gone or going: all it has drains.
    Remove { allocation: AllocationKey, uid: String },
    /// Keep capacity for a request that was approved: what the allocation shall have afterwards.
    Hold { allocation: AllocationKey, request: String, uid: String, decision: String, target: Bundle },
    /// The request came to nothing: let go what was held for it.
    Unhold { allocation: AllocationKey, uid: String },
    /// Proof that what was draining can't be used any more.
    Release {
        allocation: AllocationKey,
        /// The entry's revision that the quotas carried when the proof was gathered.
        revision: u64,
        /// What each namespace of the entry still uses.
        used: Shares,
        /// Namespaces that are gone, by a read through to the cluster.
        gone: BTreeSet<String>,
    },
}

impl Ask {
    /// The allocation it is about, if any.
    #[must_use]
    pub const fn allocation(&self) -> Option<&AllocationKey> {
        match self {
            Self::Target { allocation, .. }
            | Self::Remove { allocation, .. }
            | Self::Hold { allocation, .. }
            | Self::Unhold { allocation, .. }
            | Self::Release { allocation, .. } => Some(allocation),
            Self::Capacity { .. } | Self::Department { .. } | Self::RemoveDepartment { .. } => None,
        }
    }

    /// The department whose place or ceiling it sets, if any.
    #[must_use]
    pub const fn department(&self) -> Option<&str> {
        match self {
            Self::Department { department, .. } | Self::RemoveDepartment { department } => Some(department.as_str()),
            Self::Capacity { .. }
            | Self::Target { .. }
            | Self::Remove { .. }
            | Self::Hold { .. }
            | Self::Unhold { .. }
            | Self::Release { .. } => None,
        }
    }
}
