//! What pools and departments said at each of their generations: a ledger names the one that it
//! took a limit from.

use std::collections::{BTreeMap, HashMap};

use crate::decode::{Department, Limit, Pool};

type Generation = (String, i64);

/// By uid and generation. Objects that are gone stay: a ledger may follow them later.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    pools: HashMap<Generation, Limit>,
    departments: HashMap<Generation, BTreeMap<String, Limit>>,
}

impl Limits {
    pub(crate) fn put_pool(&mut self, pool: Option<Pool>) {
        if let Some(Pool { uid, generation, limit }) = pool {
            self.pools.insert((uid, generation), limit);
        }
    }

    pub(crate) fn put_department(&mut self, department: Option<Department>) {
        if let Some(Department { uid, generation, ceilings }) = department {
            self.departments.insert((uid, generation), ceilings);
        }
    }

    pub(crate) fn pool(&self, uid: &str, generation: i64) -> Option<Limit> {
        self.pools.get(&(uid.to_owned(), generation)).copied()
    }

    /// `None`: the department wasn't seen at this generation. `Some(None)`: it has no ceiling in
    /// this pool.
    pub(crate) fn ceiling(&self, uid: &str, generation: i64, pool: &str) -> Option<Option<Limit>> {
        self.departments.get(&(uid.to_owned(), generation)).map(|ceilings| ceilings.get(pool).copied())
    }
}
