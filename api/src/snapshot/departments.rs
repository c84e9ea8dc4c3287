//! Departments: what each has, and what is left below its ceilings.

use ledger::Bundle;
use resources::v1alpha1::Department;

use super::figures::text;
use super::{Reading, Snapshot};
use crate::access::Rights;
use crate::routes::departments::{Ceiling, DepartmentView, PoolGrant};
use crate::view;

impl Reading {
    #[must_use]
    pub fn department(&self, rights: &Rights, name: &str) -> Option<DepartmentView> {
        let department = self.departments.get(name).filter(|_| rights.sees(name))?;
        Some(self.department_view(name, department))
    }
}

impl Snapshot {
    pub(super) fn department_view(&self, name: &str, department: &Department) -> DepartmentView {
        let spec = &department.spec;
        let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let granted = self.pools.iter().filter_map(|(pool, row)| {
            let own = row.ledger.entries.iter().filter(|(key, _)| key.department() == name);
            let granted: Bundle = own.map(|(_, entry)| entry.granted()).sum();
            (!granted.is_zero()).then(|| PoolGrant { pool: pool.clone(), granted: text(granted) })
        });
        let ceilings = spec.ceilings.iter().map(|ceiling| self.ceiling(name, ceiling));
        DepartmentView {
            name: name.to_owned(),
            display_name: spec.display_name.clone(),
            tier: spec.tier.into(),
            division: filled(&spec.division),
            parent: filled(&spec.parent),
            applications: self.applications_of(name),
            granted: granted.collect(),
            ceilings: ceilings.collect(),
            conditions: department
                .status
                .as_ref()
                .map(|status| view::conditions(&status.conditions))
                .unwrap_or_default(),
            sample: spec.sample,
        }
    }

    fn ceiling(&self, department: &str, ceiling: &resources::v1alpha1::Ceiling) -> Ceiling {
        let written = ceiling.resources();
        let limit = written.parse().unwrap_or_default();
        let pool = self.pools.get(&ceiling.pool);
        let out = pool.map(|pool| pool.ledger.department_position(department).total()).unwrap_or_default();
        Ceiling {
            pool: ceiling.pool.clone(),
            ceiling: (&written).into(),
            allocated: text(out),
            left: text(limit.minus(out)),
        }
    }

    pub(super) fn applications_of(&self, department: &str) -> u64 {
        // Rows are sorted by department, so its own lie side by side.
        let start = self.applications.partition_point(|row| row.department.as_str() < department);
        let end = self.applications.partition_point(|row| row.department.as_str() <= department);
        (end - start) as u64
    }
}
