//! What exists beside a request, for the judgement that the operator makes too.

use std::collections::BTreeMap;

use ledger::{AllocationKey, Bundle};
use resources::judgement::{self, Beside, Owner, Place, Unfit};
use resources::names;
use resources::v1alpha1::{Allocation, QuotaRequestSpec};

use super::{AllocationRow, Snapshot};
use crate::access::Seen;

impl Snapshot {
    /// Whether a request of this department makes sense, or everything that is in its way. A pool
    /// that isn't among `pools` isn't there for whoever asks.
    pub fn judge(&self, department: &str, spec: &QuotaRequestSpec, pools: &Seen) -> Result<Bundle, Unfit> {
        let namespace = names::department_namespace(department);
        let own: Vec<&Allocation> = own(&self.allocations, department, &spec.application).collect();
        let pool = self.pools.get(&spec.pool).filter(|_| pools.has(&spec.pool));
        let beside = Beside {
            namespace: &namespace,
            pool_exists: pool.is_some_and(|pool| pool.object.metadata.deletion_timestamp.is_none()),
            application: self.application_row(department, &spec.application).map(|row| &row.object.spec),
            allocations: &own,
            named: &|name| of_department(&self.allocations, department).iter().any(|row| row.name == name),
            owner: &|namespace| self.owners().get(namespace).cloned().map(Owner::Allocation),
        };
        judgement::judge(spec, &beside).map(|judged| judged.target)
    }

    /// The allocation that a request of this department is about, whether or not it makes sense.
    #[must_use]
    pub fn place(&self, department: &str, spec: &QuotaRequestSpec) -> AllocationKey {
        place(&self.allocations, department, spec)
    }

    /// That allocation, where it is there.
    #[must_use]
    pub fn allocation_of(&self, department: &str, spec: &QuotaRequestSpec) -> Option<&Allocation> {
        judgement::place(&spec.application, &spec.pool, own(&self.allocations, department, &spec.application))
            .allocation
    }

    /// Whose each workload namespace is, by what allocations say and by what ledgers have not yet
    /// proven empty.
    fn owners(&self) -> &BTreeMap<String, AllocationKey> {
        self.owners.get_or_init(|| {
            let said = self.allocations.iter().flat_map(|row| {
                let key = AllocationKey::new(names::department_namespace(&row.department), &row.name);
                judgement::namespaces_of(&row.object.spec).into_iter().map(move |namespace| (namespace, key.clone()))
            });
            let entries = self.pools.values().flat_map(|pool| &pool.ledger.entries);
            let counted = entries
                .flat_map(|(key, entry)| entry.quotas().map(move |(namespace, _)| (namespace.to_owned(), key.clone())));
            // The ledgers have the last word: what they count is in use.
            said.chain(counted).collect()
        })
    }
}

pub(super) fn place(rows: &[AllocationRow], department: &str, spec: &QuotaRequestSpec) -> AllocationKey {
    let own = own(rows, department, &spec.application);
    let Place { name, .. } = judgement::place(&spec.application, &spec.pool, own);
    AllocationKey::new(names::department_namespace(department), name)
}

/// The application's allocations in all pools.
fn own<'a>(rows: &'a [AllocationRow], department: &str, application: &str) -> impl Iterator<Item = &'a Allocation> {
    let of_it = of_department(rows, department).iter().filter(move |row| row.object.spec.application == application);
    of_it.map(|row| &*row.object)
}

/// Rows are sorted by department, so its own lie side by side.
fn of_department<'a>(rows: &'a [AllocationRow], department: &str) -> &'a [AllocationRow] {
    let start = rows.partition_point(|row| row.department.as_str() < department);
    let end = rows.partition_point(|row| row.department.as_str() <= department);
    &rows[start..end]
}
