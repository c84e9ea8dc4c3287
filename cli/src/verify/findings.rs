//! What doesn't agree, and the sums that were made again. Plain values in, findings out: the checks
//! themselves are those of the REST interface.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::ResourceQuota;
use kube::ResourceExt;
use ledger::Ledger;
use resources::amounts::Resources;
use resources::audit::{self, Book, Finding};
use resources::v1alpha1::PoolLedger;
use resources::{condition, quota, snapshot};
use serde::Serialize;

use super::observe::Observed;

/// What was recomputed.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    pub pools: Vec<PoolSummary>,
    pub tiers: Vec<TierCount>,
    pub allocations: usize,
    pub enforced: usize,
    pub quotas: usize,
    /// Differences that are nobody's fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolSummary {
    pub name: String,
    pub ledger_revision: u64,
    pub entries: usize,
    pub capacity: Resources,
    pub granted: Resources,
    pub draining: Resources,
    pub held: Resources,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TierCount {
    pub tier: String,
    pub applications: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<i64>,
}

/// Runs all checks. With `exact`, another count by tier than the published one is a finding: the
/// counts are of a day in the past, so that more since is otherwise only remarked.
pub fn all(observed: &Observed, exact: bool) -> (Summary, Vec<Finding>) {
    let ledgers: BTreeMap<String, Read<'_>> =
        observed.ledgers.iter().map(|object| (object.name_any(), Read::of(object))).collect();
    let quotas = quota::managed(&observed.quotas);
    let read = |quotas: &Vec<ResourceQuota>| quota::managed(quotas);
    let elsewhere = observed.elsewhere.iter().map(|(pool, quotas)| (pool.clone(), read(quotas))).collect();
    let mut findings = audit::findings(&audit::Observed {
        pools: pools(observed, &ledgers),
        departments: observed.departments.iter().collect(),
        allocations: observed.allocations.iter().collect(),
        quotas: &quotas,
        elsewhere: &elsewhere,
    });
    let mut remarks = Vec::new();
    let totals = observed.policy.as_ref().map(|policy| &policy.spec.city_totals);
    match totals {
        Some(totals) => findings.extend(audit::contract(&observed.pools, totals)),
        None => {
            remarks.push("there is no CloudPolicy default: the contracts are compared with nothing".to_owned());
        }
    }
    let tiers = audit::tiers(observed.applications.iter().map(|application| application.spec.tier), totals);
    for finding in tiers.iter().filter_map(audit::TierCount::finding) {
        if exact {
            findings.push(finding);
        } else {
            remarks.push(finding.message);
        }
    }
    let enforced = observed.allocations.iter().filter(|allocation| {
        let conditions = allocation.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        condition::is_true(conditions, condition::ENFORCED)
    });
    let readable = ledgers.iter().filter_map(|(name, read)| Some((name, read.ledger.as_ref().ok()?)));
    let summary = Summary {
        pools: readable.map(|(name, ledger)| pool_summary(name, ledger)).collect(),
        tiers: tiers.into_iter().map(TierCount::from).collect(),
        allocations: observed.allocations.len(),
        enforced: enforced.count(),
        quotas: observed.quotas.len() + observed.elsewhere.values().map(Vec::len).sum::<usize>(),
        remarks,
    };
    (summary, findings)
}

/// A ledger's object, read.
struct Read<'a> {
    uid: &'a str,
    ledger: Result<Ledger, snapshot::Error>,
}

impl<'a> Read<'a> {
    fn of(object: &'a PoolLedger) -> Self {
        let uid = object.metadata.uid.as_deref().unwrap_or_default();
        Self { uid, ledger: snapshot::ledger(&object.spec) }
    }
}

/// Pools and ledgers, put together by their names.
fn pools<'a>(observed: &'a Observed, ledgers: &'a BTreeMap<String, Read<'a>>) -> Vec<audit::Pool<'a>> {
    let named = observed.pools.iter().filter_map(|pool| pool.metadata.name.as_deref());
    let names: BTreeSet<&str> = named.chain(ledgers.keys().map(String::as_str)).collect();
    let pool = |name: &'a str| audit::Pool {
        name,
        object: observed.pools.iter().find(|pool| pool.metadata.name.as_deref() == Some(name)),
        book: match ledgers.get(name) {
            None => Book::Missing,
            Some(Read { uid, ledger: Ok(ledger) }) => Book::Read { uid, ledger },
            Some(Read { ledger: Err(error), .. }) => Book::Unreadable(error.to_string()),
        },
    };
    names.into_iter().map(pool).collect()
}

impl From<audit::TierCount> for TierCount {
    fn from(count: audit::TierCount) -> Self {
        let audit::TierCount { tier, applications, published } = count;
        Self { tier: format!("{tier:?}"), applications, published }
    }
}

fn pool_summary(name: &str, ledger: &Ledger) -> PoolSummary {
    let position = ledger.position();
    PoolSummary {
        name: name.to_owned(),
        ledger_revision: ledger.revision,
        entries: ledger.entries.len(),
        capacity: ledger.capacity.into(),
        granted: position.granted.into(),
        draining: position.draining.into(),
        held: position.held.into(),
    }
}

#[cfg(test)]
mod tests;
