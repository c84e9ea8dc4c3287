//! The state: capacity, departments, entries. Totals are sums over entries, never stored.

use std::collections::BTreeMap;

use crate::{AllocationKey, Bundle, DepartmentTree, Entry, Position};

/// Entries one ledger may hold. With the names of a city 4,000 lines are about
/// 0.8 MB of JSON, 1.2 MB when all of them drain; with longer names [`crate::BYTES_MAX`] comes first.
pub const ENTRIES_MAX: usize = 4_000;

/// What one pool has promised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Moves by one with every commit.
    pub revision: u64,
    /// What may be granted: the accepted contract × its grantable percentage.
    pub capacity: Bundle,
    /// Identity of the pool's object; `None` where nobody wrote it down.
    pub pool_uid: Option<String>,
    /// Generation of the pool that `capacity` came from; an older one changes nothing.
    pub pool_generation: i64,
    pub departments: DepartmentTree,
    pub entries: BTreeMap<AllocationKey, Entry>,
}

impl Ledger {
    /// Whether the pool's object at this generation has been taken in. Generations count within one
    /// object: a pool of the same name that was made anew begins again at one. An identity that
    /// nobody wrote down may be this one.
    #[must_use]
    pub fn knows_pool(&self, uid: &str, generation: i64) -> bool {
        self.pool_uid.as_deref().is_none_or(|known| known == uid) && generation <= self.pool_generation
    }

    /// Everything that is out.
    #[must_use]
    pub fn position(&self) -> Position {
        self.entries.values().map(Entry::position).fold(Position::default(), Position::plus)
    }

    /// What may still be granted; zero where the pool is overcommitted.
    #[must_use]
    pub fn free(&self) -> Bundle {
        self.capacity.minus(self.position().total())
    }

    /// What is out beyond the capacity; zero where it isn't overcommitted.
    #[must_use]
    pub fn overcommitted_by(&self) -> Bundle {
        self.position().total().minus(self.capacity)
    }

    /// What the department and everything below it has out.
    #[must_use]
    pub fn department_position(&self, department: &str) -> Position {
        self.entries
            .iter()
            .filter(|(key, _)| self.departments.is_within(key.department(), department))
            .map(|(_, entry)| entry.position())
            .fold(Position::default(), Position::plus)
    }
}
