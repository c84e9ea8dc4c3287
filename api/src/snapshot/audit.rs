//! Every sum made again from its parts, and compared with what is said elsewhere.

use ledger::{Bundle, Entry};
use resources::quantity;
use resources::v1alpha1::CloudPolicySpec;

use super::figures::{difference, text};
use super::{PoolRow, Reading, Snapshot};
use crate::clock;
use crate::routes::invariants::{Invariant, InvariantName, Invariants};
use crate::view::{self, Tier};

/// Findings that one message names; the rest is counted.
const NAMED_MAX: usize = 5;

impl Reading {
    #[must_use]
    pub fn invariants(&self) -> Invariants {
        let of_pools = self.pools.iter().flat_map(|(name, pool)| self.pool_checks(name, pool));
        let of_city = self.policy().map(|policy| self.city_checks(policy)).into_iter().flatten();
        let checks: Vec<Invariant> = of_pools.chain(of_city).collect();
        Invariants {
            as_of: clock::text(self.age.as_of),
            stale: self.age.stale,
            holds: checks.iter().all(|check| check.holds || check.pool.is_none()),
            checks,
        }
    }
}

impl Snapshot {
    fn pool_checks(&self, name: &str, pool: &PoolRow) -> [Invariant; 3] {
        let check = |which, (holds, message)| Invariant { name: which, pool: Some(name.to_owned()), holds, message };
        [
            check(InvariantName::LedgerWithinCapacity, ledger_holds(pool)),
            check(InvariantName::QuotasWithinGrant, self.quotas_hold(pool)),
            check(InvariantName::StatusMatchesLedger, status_matches(pool)),
        ]
    }

    /// B: for each allocation, what its quotas let in ≤ granted + draining.
    fn quotas_hold(&self, pool: &PoolRow) -> (bool, String) {
        if pool.object.spec.cluster.local.is_none() {
            return (true, "its quotas are in another cluster, which the operator follows".to_owned());
        }
        let mut wrong = Vec::new();
        for (key, entry) in &pool.ledger.entries {
            let (bound, limit) = (self.bound(entry), entry.granted().plus(entry.draining));
            if let Some(resource) = bound.first_shortfall(limit) {
                let text = |amounts: Bundle| quantity::format(resource, *amounts.of(resource));
                wrong.push(format!("{key}: quotas let in {} of {resource}, granted {}", text(bound), text(limit)));
            }
        }
        let summary = format!("{} allocations: what their quotas let in is granted", pool.ledger.entries.len());
        found(&wrong, summary)
    }

    /// The most that may be used in the entry's namespaces. A quota that isn't there lets nothing
    /// in (new pods are refused without one); one that isn't counted yet neither.
    fn bound(&self, entry: &Entry) -> Bundle {
        let quotas = entry.quotas().filter_map(|(namespace, _)| self.quotas.get(namespace));
        quotas.filter_map(|quota| quota.bound().or(quota.asked)).sum()
    }

    fn city_checks(&self, policy: &CloudPolicySpec) -> [Invariant; 2] {
        let check = |name, (holds, message)| Invariant { name, pool: None, holds, message };
        [
            check(InvariantName::ContractMatchesCity, self.contract_matches(policy)),
            check(InvariantName::ApplicationCounts, self.counts_match(policy)),
        ]
    }

    fn contract_matches(&self, policy: &CloudPolicySpec) -> (bool, String) {
        let said = &policy.city_totals.capacity;
        let sum = self.totals().contract;
        match difference(said.parse().unwrap_or_default(), sum) {
            None => (true, format!("the pools' contracts add up to {}", one_line(&text(sum)))),
            Some(off) => {
                let sum = one_line(&text(sum));
                (false, format!("the pools' contracts add up to {sum}; the city's totals differ by {}", one_line(&off)))
            }
        }
    }

    fn counts_match(&self, policy: &CloudPolicySpec) -> (bool, String) {
        let said = policy.city_totals.applications;
        let expected = [said.national_provincial, said.municipal, said.county];
        let count = |tier| self.applications.iter().filter(|row| Tier::from(row.object.spec.tier) == tier).count();
        let counted = Tier::ALL.map(count);
        let holds = counted.iter().zip(expected).all(|(&counted, expected)| i64::try_from(counted) == Ok(expected));
        let [national, municipal, county] = counted;
        let message = format!(
            "{national} national or provincial, {municipal} municipal, {county} county; the city says {}, {} and {}",
            expected[0], expected[1], expected[2]
        );
        (holds, message)
    }
}

/// A: what is out ≤ capacity and ≤ every ceiling, unless the excess was accepted.
fn ledger_holds(pool: &PoolRow) -> (bool, String) {
    if pool.unreadable {
        return (false, "its ledger can't be read: the operator's log says why".to_owned());
    }
    let audit = pool.ledger.audit();
    let accepted = pool.object.spec.accept_overcommit;
    let wrong: Vec<String> = audit
        .findings
        .iter()
        .filter(|finding| !(accepted && matches!(finding, ledger::Finding::OverCapacity { .. })))
        .map(ToString::to_string)
        .collect();
    let out = one_line(&text(audit.position.total()));
    let capacity = one_line(&text(pool.ledger.capacity));
    found(&wrong, format!("{out} is out of {capacity}, in {} entries", pool.ledger.entries.len()))
}

fn status_matches(pool: &PoolRow) -> (bool, String) {
    let Some(status) = pool.object.status.as_ref() else {
        return (false, "the pool has no status yet".to_owned());
    };
    let said =
        status.granted.as_ref().map(|granted| granted.parse().map(Option::unwrap_or_default)).unwrap_or_default();
    let granted = pool.numbers.position.granted;
    let shown = (one_line(&text(said)), one_line(&text(granted)));
    (said == granted, format!("the status says {} is granted, the ledger {}", shown.0, shown.1))
}

fn found(wrong: &[String], right: String) -> (bool, String) {
    if wrong.is_empty() {
        return (true, right);
    }
    let more = wrong.len().saturating_sub(NAMED_MAX);
    let named = wrong.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join("; ");
    (false, if more == 0 { named } else { format!("{named}; and {more} more") })
}

fn one_line(amounts: &view::Bundle) -> String {
    format!("{} cores, {}, {}", amounts.cpu, amounts.memory, amounts.storage)
}
