//! What one allocation has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::Bundle;

/// Which allocation an entry is for: its object's namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AllocationKey {
    pub namespace: String,
    pub name: String,
}

impl AllocationKey {
    #[must_use]
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// The department that owns the allocation: departments' namespaces are `dept-<department>`.
    #[must_use]
    pub fn department(&self) -> &str {
        self.namespace.strip_prefix("dept-").unwrap_or(&self.namespace)
    }
}

impl fmt::Display for AllocationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// An amount for each namespace: how a grant is spread, or what is used.
pub type Shares = BTreeMap<String, Bundle>;

/// Capacity kept for a request that is decided but not yet written into its allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Name of the request.
    pub request: String,
    /// Identity of the request's object: names are used again, identities are not.
    pub uid: String,
    /// The decision that asked for it. The allocation that names this decision takes the hold.
    pub decision: String,
    pub amount: Bundle,
}

/// One allocation's line in the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Identity of the allocation's object; `None` while a new request only holds.
    pub uid: Option<String>,
    /// The object is gone or going: nothing is granted any more, the rest drains.
    pub leaving: bool,
    /// Generation of the allocation that was applied last. An older one changes nothing.
    pub generation: i64,
    /// Ledger revision of the last change that the allocation's quotas must follow. It is the
    /// value of their fence, so a hold or a release, which leave the quotas alone, don't move it.
    pub revision: u64,
    /// The decision that caused the last change, if it was one.
    pub decision: Option<String>,
    /// What each namespace of the allocation may use.
    pub shares: Shares,
    /// Namespaces that are no longer part of it: kept at zero until they are proven empty.
    pub dropped: BTreeSet<String>,
    pub hold: Option<Hold>,
    /// Taken away from the grant but not yet proven unusable: still counted.
    pub draining: Bundle,
}

impl Entry {
    #[inline]
    #[must_use]
    pub fn granted(&self) -> Bundle {
        self.shares.values().sum()
    }

    #[inline]
    #[must_use]
    pub fn held(&self) -> Bundle {
        self.hold.as_ref().map_or(Bundle::ZERO, |hold| hold.amount)
    }

    #[inline]
    #[must_use]
    pub fn position(&self) -> Position {
        Position { granted: self.granted(), held: self.held(), draining: self.draining }
    }

    /// Whether the entry governs the quota of this namespace.
    #[inline]
    #[must_use]
    pub fn governs(&self, namespace: &str) -> bool {
        self.shares.contains_key(namespace) || self.dropped.contains(namespace)
    }

    /// All namespaces whose quotas this entry governs, with what each may use.
    pub fn quotas(&self) -> impl Iterator<Item = (&str, Bundle)> {
        let dropped = self.dropped.iter().map(|name| (name.as_str(), Bundle::ZERO));
        self.shares.iter().map(|(name, share)| (name.as_str(), *share)).chain(dropped)
    }

    /// Nothing is out, nothing is left to empty and nobody claims it: the line may be removed.
    #[inline]
    pub(crate) fn is_spent(&self) -> bool {
        let unclaimed = (self.leaving || self.uid.is_none()) && self.hold.is_none();
        unclaimed && self.dropped.is_empty() && self.position().total().is_zero()
    }
}

/// The three amounts that count against a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    pub granted: Bundle,
    pub held: Bundle,
    pub draining: Bundle,
}

impl Position {
    #[inline]
    #[must_use]
    pub fn total(self) -> Bundle {
        self.granted.plus(self.held).plus(self.draining)
    }

    #[inline]
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            granted: self.granted.plus(other.granted),
            held: self.held.plus(other.held),
            draining: self.draining.plus(other.draining),
        }
    }

    /// Takes away what `other` had put in; exact, because totals are sums over entries.
    #[inline]
    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            granted: self.granted.minus(other.granted),
            held: self.held.minus(other.held),
            draining: self.draining.minus(other.draining),
        }
    }

    /// Whether `self` is more than `before` in any resource.
    #[inline]
    pub(crate) fn grows_from(self, before: Self) -> bool {
        !self.total().fits_within(before.total())
    }
}
