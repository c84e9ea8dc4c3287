//! Every sum made again from its parts, and compared with what is said elsewhere. The checks are
//! those of the command line too: here they are gathered, pool by pool.

use std::collections::BTreeMap;

use resources::audit::{self, Check, Finding, Meaning, Pool};
use resources::v1alpha1::{CloudPolicySpec, Tier};

use super::figures::text;
use super::{PoolRow, Reading, Snapshot};
use crate::access::Seen;
use crate::clock;
use crate::routes::invariants::{Invariant, InvariantName, Invariants};
use crate::view;

/// Findings that one message names; the rest is counted.
const NAMED_MAX: usize = 5;

/// What each invariant of a pool is made of.
const OF_POOL: [(InvariantName, &[Check]); 5] = [
    (
        InvariantName::LedgerWithinCapacity,
        &[Check::LedgerReadable, Check::LedgerPresent, Check::LedgerOwned, Check::LedgerAudit],
    ),
    (InvariantName::QuotasWithinGrant, &[Check::QuotaBound, Check::QuotaWithinGrant]),
    (InvariantName::QuotasFollowLedger, &[Check::QuotaPresent, Check::QuotaFence, Check::QuotaEnforced]),
    (InvariantName::AllocationsMatchLedger, &[Check::AllocationPresent, Check::AllocationFigures]),
    (InvariantName::StatusMatchesLedger, &[Check::PoolFigures]),
];

impl Snapshot {
    /// Everything in the pools that doesn't agree in this picture.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let with_pool = self.pools.iter().map(|(name, row)| Pool { name, object: Some(&row.object), book: row.book() });
        let alone = self.alone.iter().map(|(name, row)| Pool { name, object: None, book: row.book() });
        audit::findings(&audit::Observed {
            pools: with_pool.chain(alone).collect(),
            departments: self.departments.values().map(|department| &**department).collect(),
            allocations: self.allocations.iter().map(|row| &*row.object).collect(),
            quotas: &self.quotas,
            // The operator alone reaches other clusters.
            elsewhere: &BTreeMap::new(),
        })
    }

    /// What the pools' ledgers hold, for checks that hold.
    fn summary(&self, name: InvariantName, pool: &PoolRow) -> String {
        let entries = pool.ledger.entries.len();
        match name {
            InvariantName::LedgerWithinCapacity => format!(
                "{} is out of {}, in {entries} entries",
                one_line(&text(pool.ledger.position().total())),
                one_line(&text(pool.ledger.capacity))
            ),
            InvariantName::QuotasWithinGrant if pool.is_elsewhere() => {
                format!("{entries} allocations in a member cluster: the operator finds no quota there above its grant")
            }
            InvariantName::QuotasFollowLedger if pool.is_elsewhere() => {
                format!("{entries} allocations in a member cluster: the operator says that each is enforced")
            }
            InvariantName::QuotasWithinGrant => format!("{entries} allocations: what their quotas let in is granted"),
            InvariantName::QuotasFollowLedger => {
                format!("{entries} allocations: each quota enforces its share, under the ledger's fence")
            }
            InvariantName::AllocationsMatchLedger => format!("{entries} entries: each has its allocation"),
            _ => format!("the status speaks of the ledger's figures, at revision {}", pool.ledger.revision),
        }
    }

    fn of_pool(&self, name: &str, pool: Option<&PoolRow>, findings: &[Finding]) -> Vec<Invariant> {
        let about = |finding: &&Finding| finding.pool.as_deref() == Some(name);
        let checks = OF_POOL.iter().map(|(which, checks)| {
            let wrong: Vec<&Finding> =
                findings.iter().filter(about).filter(|finding| checks.contains(&finding.check)).collect();
            let right = || pool.map(|pool| self.summary(*which, pool)).unwrap_or_default();
            invariant(*which, Some(name), &wrong, right)
        });
        checks.collect()
    }

    fn of_city(&self, policy: &CloudPolicySpec) -> [Invariant; 2] {
        let totals = &policy.city_totals;
        let contract = audit::contract(self.pools.values().map(|pool| &*pool.object), totals);
        let sum = || format!("the pools' contracts add up to {}", one_line(&text(self.totals(&Seen::All).contract)));
        let tiers = audit::tiers(self.applications.iter().map(|row| row.object.spec.tier), Some(totals));
        let counts: Vec<Finding> = tiers.iter().filter_map(audit::TierCount::finding).collect();
        let counted = || {
            let count = |tier: &audit::TierCount| format!("{} {}", tier.applications, tier_name(tier.tier));
            format!("{}, as the city says", tiers.iter().map(count).collect::<Vec<_>>().join(", "))
        };
        [
            invariant(InvariantName::ContractMatchesCity, None, &contract.iter().collect::<Vec<_>>(), sum),
            invariant(InvariantName::ApplicationCounts, None, &counts.iter().collect::<Vec<_>>(), counted),
        ]
    }
}

impl Reading {
    /// What was found, check by check.
    #[must_use]
    pub fn invariants(&self, findings: &[Finding]) -> Invariants {
        let with_pool = self.pools.iter().flat_map(|(name, pool)| self.of_pool(name, Some(pool), findings));
        let alone = self.alone.keys().flat_map(|name| self.of_pool(name, None, findings));
        let unowned: Vec<&Finding> = findings.iter().filter(|finding| finding.check == Check::QuotaOwned).collect();
        let owned = || format!("{} quotas: each is known to a ledger, or lets nothing in", self.quotas.len());
        let owned = invariant(InvariantName::QuotasOwned, None, &unowned, owned);
        let of_city = self.policy().map(|policy| self.of_city(policy)).into_iter().flatten();
        let none = |means| findings.iter().all(|finding| finding.means != means);
        Invariants {
            as_of: clock::text(self.age.as_of),
            stale: self.age.stale,
            holds: none(Meaning::Broken),
            settled: none(Meaning::Behind),
            checks: with_pool.chain(alone).chain([owned]).chain(of_city).collect(),
        }
    }
}

fn invariant(name: InvariantName, pool: Option<&str>, wrong: &[&Finding], right: impl FnOnce() -> String) -> Invariant {
    // The meanings are in the order from bad to harmless.
    let worst = wrong.iter().map(|finding| finding.means).min();
    let more = wrong.len().saturating_sub(NAMED_MAX);
    let named = wrong.iter().take(NAMED_MAX).map(|finding| format!("{}: {}", finding.object, finding.message));
    let mut message = named.collect::<Vec<_>>().join("; ");
    if more > 0 {
        message.push_str(&format!("; and {more} more"));
    }
    Invariant {
        name,
        pool: pool.map(str::to_owned),
        holds: wrong.is_empty(),
        means: worst.map(Into::into),
        message: if wrong.is_empty() { right() } else { message },
    }
}

const fn tier_name(tier: Tier) -> &'static str {
    match tier {
        Tier::NationalProvincial => "national or provincial",
        Tier::Municipal => "municipal",
        Tier::County => "county",
    }
}

fn one_line(amounts: &view::Bundle) -> String {
    format!("{} cores, {}, {}", amounts.cpu, amounts.memory, amounts.storage)
}
