//! The city at a glance.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use ledger::Bundle;
use resources::v1alpha1::{CloudPolicySpec, Phase};
use resources::workflow;

use super::figures::{self, all_or_none, difference, known, text};
use super::{ApplicationRow, Reading, Snapshot};
use crate::access::Seen;
use crate::clock;
use crate::identity::Caller;
use crate::routes::overview::{CityContract, DepartmentShare, Overview, RequestCounts, TierView};
use crate::view::Tier;

impl Reading {
    #[must_use]
    pub fn overview(&self, caller: &Caller) -> Overview {
        let rights = &caller.rights;
        // Of pools whose ledgers he may not all read he gets no sums that would tell the others'.
        let readable = || self.seen(&rights.pools).map(|(name, _)| rights.ledgers.has(name));
        let all = rights.ledgers.is_all() || (readable().next().is_some() && readable().all(|readable| readable));
        let totals = self.totals(&rights.pools);
        let outlook = totals.outlook();
        let granted = totals.position.granted;
        let stranded: Bundle = self.seen(&rights.pools).map(|(_, pool)| pool.numbers.outlook().stranded).sum();
        let own: Vec<&ApplicationRow> = self.applications.iter().filter(|row| rights.sees(&row.department)).collect();
        Overview {
            as_of: clock::text(self.age.as_of),
            stale: self.age.stale,
            totals: totals.standing(all),
            // Beside the sum of some pools the city's total would mean nothing.
            city_contract: self
                .policy()
                .filter(|_| rights.reads_policy && rights.pools.is_all())
                .map(|policy| self.city_contract(policy)),
            binding_resource: outlook.binding.filter(|_| all).map(Into::into),
            stranded: all.then(|| text(stranded)),
            mix: (all && !granted.is_zero()).then(|| text(granted)),
            pools: self.pools(rights),
            by_tier: by_tier(&own),
            by_department: by_department(&own),
            requests: self.request_counts(caller),
        }
    }

    fn request_counts(&self, caller: &Caller) -> RequestCounts {
        let mut counts = RequestCounts::default();
        let process = self.process();
        for row in self.requests.iter().filter(|row| caller.rights.sees(&row.department)) {
            counts.open += u64::from(workflow::is_open(row.phase));
            counts.provisioning += u64::from(matches!(row.phase, Phase::Approved | Phase::Provisioning));
            counts.to_decide += u64::from(self.acting(row, caller, &process, self.age.as_of).waits());
        }
        counts
    }
}

impl Snapshot {
    fn city_contract(&self, policy: &CloudPolicySpec) -> CityContract {
        let said = &policy.city_totals;
        let capacity = said.capacity.parse().unwrap_or_default();
        let difference = difference(capacity, self.totals(&Seen::All).contract);
        CityContract {
            capacity: (&said.capacity).into(),
            matches: difference.is_none(),
            difference,
            source: said.source.clone(),
            as_of: said.as_of.clone(),
        }
    }
}

fn by_tier(rows: &[&ApplicationRow]) -> Vec<TierView> {
    let tier = |tier: Tier| {
        let of_tier = || rows.iter().filter(|row| Tier::from(row.object.spec.tier) == tier);
        let granted: Bundle = of_tier().map(|row| row.granted).sum();
        TierView { tier, applications: of_tier().count() as u64, granted: text(granted) }
    };
    Tier::ALL.map(tier).into()
}

/// The largest use of memory first: memory is what binds this contract. Names decide between equals.
fn by_department(rows: &[&ApplicationRow]) -> Vec<DepartmentShare> {
    let mut departments: BTreeMap<&str, Vec<&ApplicationRow>> = BTreeMap::new();
    for row in rows {
        departments.entry(&row.department).or_default().push(row);
    }
    let mut shares: Vec<(Bundle, DepartmentShare)> = departments
        .into_iter()
        .map(|(department, rows)| {
            let granted: Bundle = rows.iter().map(|row| row.granted).sum();
            let used = figures::sum(rows.iter().filter_map(|row| row.used));
            let share = DepartmentShare {
                department: department.to_owned(),
                display_name: rows[0].department_name.clone(),
                applications: rows.len() as u64,
                granted: text(granted),
                used: known(all_or_none(used)),
            };
            (granted, share)
        })
        .collect();
    shares.sort_by_key(|(granted, _)| Reverse(granted.memory));
    shares.into_iter().map(|(_, share)| share).collect()
}
