//! What doesn't agree. Plain values in, findings out.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::ResourceQuota;
use kube::ResourceExt;
use ledger::{AllocationKey, Bundle, Entry, Finding as Audited, Ledger, PerResource, Resource};
use resources::amounts::Resources;
use resources::v1alpha1::{CityTotals, Department, PoolLedger, ResourcePool, Tier};
use resources::{condition, names, quantity, quota, snapshot};
use serde::Serialize;

use super::observe::Observed;

/// One thing that doesn't agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which check found it. Promised to scripts.
    pub check: &'static str,
    /// Kind and name, as kubectl takes them; with the namespace in front where there is one.
    pub object: String,
    pub message: String,
}

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
    pub tier: &'static str,
    pub applications: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<i64>,
}

/// Runs all checks.
pub fn all(observed: &Observed, exact: bool) -> (Summary, Vec<Finding>) {
    let mut found = Found::default();
    let ledgers = ledgers(observed, &mut found);
    for (pool, ledger) in &ledgers {
        audit(pool, ledger, observed, &mut found);
        statuses(pool, ledger, observed, &mut found);
    }
    quotas(&ledgers, &observed.quotas, &mut found);
    owners(&ledgers, observed, &mut found);
    let totals = observed.policy.as_ref().map(|policy| &policy.spec.city_totals);
    contract(&observed.pools, totals, &mut found);
    let tiers = tiers(observed, totals, exact, &mut found);
    let enforced = observed.allocations.iter().filter(|allocation| {
        let conditions = allocation.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        condition::is_true(conditions, condition::ENFORCED)
    });
    let summary = Summary {
        pools: ledgers.iter().map(|(name, known)| pool_summary(name, &known.ledger)).collect(),
        tiers,
        allocations: observed.allocations.len(),
        enforced: enforced.count(),
        quotas: observed.quotas.len(),
        remarks: found.remarks,
    };
    (summary, found.findings)
}

#[derive(Default)]
struct Found {
    findings: Vec<Finding>,
    remarks: Vec<String>,
}

impl Found {
    fn add(&mut self, check: &'static str, object: impl Into<String>, message: impl Into<String>) {
        self.findings.push(Finding { check, object: object.into(), message: message.into() });
    }
}

/// A ledger with the identity that its fences name.
struct Known {
    uid: String,
    ledger: Ledger,
}

fn ledgers(observed: &Observed, found: &mut Found) -> BTreeMap<String, Known> {
    let mut ledgers = BTreeMap::new();
    for object in &observed.ledgers {
        let name = object.name_any();
        match snapshot::ledger(&object.spec) {
            Ok(ledger) => {
                ledgers.insert(name, Known { uid: object.uid().unwrap_or_default(), ledger });
            }
            Err(error) => found.add("LedgerReadable", label(object), error.to_string()),
        }
    }
    for pool in &observed.pools {
        if !observed.ledgers.iter().any(|ledger| ledger.name_any() == pool.name_any()) {
            found.add(
                "LedgerPresent",
                format!("resourcepool/{}", pool.name_any()),
                "has no ledger: is the operator running?",
            );
        }
    }
    ledgers
}

fn label(ledger: &PoolLedger) -> String {
    format!("poolledger/{}", ledger.name_any())
}

/// The ledger's own laws. What is out above a limit is legal where somebody accepted it.
fn audit(pool: &str, known: &Known, observed: &Observed, found: &mut Found) {
    let spec = observed.pools.iter().find(|object| object.name_any() == pool).map(|object| &object.spec);
    if spec.is_none() {
        found.add("LedgerOwned", format!("poolledger/{pool}"), "there is no pool of this name");
    }
    for finding in known.ledger.audit().findings {
        let is_accepted = match &finding {
            Audited::OverCapacity { .. } => spec.is_some_and(|spec| spec.accept_overcommit),
            Audited::OverCeiling { department, .. } => accepts(&observed.departments, department, pool),
            _ => false,
        };
        if !is_accepted {
            found.add("LedgerAudit", format!("poolledger/{pool}"), sentence(&finding));
        }
    }
}

fn accepts(departments: &[Department], department: &str, pool: &str) -> bool {
    let of_it = departments.iter().filter(|object| object.name_any() == department);
    of_it.flat_map(|object| &object.spec.ceilings).any(|ceiling| ceiling.pool == pool && ceiling.accept_overcommit)
}

/// The audit's sentence, with units where it names amounts.
fn sentence(finding: &Audited) -> String {
    match finding {
        Audited::OverCapacity { resource, limit, out } => {
            format!(
                "{resource}: {} is out of a capacity of {}",
                quantity::format(*resource, *out),
                quantity::format(*resource, *limit)
            )
        }
        Audited::OverCeiling { department, resource, limit, out } => format!(
            "{resource}: {department} has {} out under a ceiling of {}",
            quantity::format(*resource, *out),
            quantity::format(*resource, *limit)
        ),
        other => other.to_string(),
    }
}

/// What the pool says of itself, where it speaks of the ledger's present revision.
fn statuses(pool: &str, known: &Known, observed: &Observed, found: &mut Found) {
    let status =
        observed.pools.iter().find(|object| object.name_any() == pool).and_then(|object| object.status.as_ref());
    let Some(status) = status else { return };
    if status.ledger_revision.and_then(|revision| u64::try_from(revision).ok()) != Some(known.ledger.revision) {
        return;
    }
    let position = known.ledger.position();
    let figures = [
        ("capacity", &status.capacity, known.ledger.capacity),
        ("granted", &status.granted, position.granted),
        ("held", &status.held, position.held),
        ("draining", &status.draining, position.draining),
        ("free", &status.free, known.ledger.free()),
    ];
    for (field, said, recomputed) in figures {
        let said = said.as_ref().map(|known| known.parse()).unwrap_or_default();
        for resource in Resource::ALL {
            if *said.of(resource) != Some(*recomputed.of(resource)) {
                let said =
                    said.of(resource).map_or_else(|| "nothing".to_owned(), |amount| quantity::format(resource, amount));
                let recomputed = quantity::format(resource, *recomputed.of(resource));
                found.add(
                    "PoolFigures",
                    format!("resourcepool/{pool}"),
                    format!("status.{field}.{resource} is {said}, the entries add up to {recomputed}"),
                );
            }
        }
    }
}

/// Invariant B: what quotas ask for or still enforce is no more than what is granted and draining;
/// and each quota carries the fence of its entry.
fn quotas(ledgers: &BTreeMap<String, Known>, quotas: &[ResourceQuota], found: &mut Found) {
    let by_namespace: BTreeMap<String, quota::Observed> =
        quotas.iter().map(|object| (object.namespace().unwrap_or_default(), quota::Observed::from(object))).collect();
    let mut governed = BTreeSet::new();
    for known in ledgers.values() {
        for (key, entry) in &known.ledger.entries {
            governed.extend(entry.quotas().map(|(namespace, _)| namespace));
            entry_quotas(key, entry, &known.uid, &by_namespace, found);
        }
    }
    for (namespace, quota) in &by_namespace {
        let is_empty = quota.bound().is_some_and(Bundle::is_zero);
        if !governed.contains(namespace.as_str()) && !is_empty {
            found.add("QuotaOwned", place(namespace), "no ledger knows of this quota, and it isn't zero");
        }
    }
}

fn entry_quotas(
    key: &AllocationKey,
    entry: &Entry,
    uid: &str,
    quotas: &BTreeMap<String, quota::Observed>,
    found: &mut Found,
) {
    let fence = names::fence(uid, entry.revision);
    let mut sum = Bundle::ZERO;
    for (namespace, share) in entry.quotas() {
        let Some(quota) = quotas.get(namespace) else {
            if !share.is_zero() {
                found.add(
                    "QuotaPresent",
                    place(namespace),
                    format!("{key} is granted {}, but the quota isn't there", amounts(share)),
                );
            }
            continue;
        };
        match quota.bound() {
            None => found.add("QuotaBound", place(namespace), "a resource has no limit in this quota: it is unlimited"),
            Some(bound) => sum = sum.plus(bound),
        }
        if quota.fence.as_deref() != Some(&fence) {
            let carried = quota.fence.as_deref().unwrap_or("none");
            found.add("QuotaFence", place(namespace), format!("carries fence {carried}, the ledger says {fence}"));
        } else if !quota.enforces(share, &fence) {
            let enforced = quota.enforced.map_or_else(|| "nothing yet".to_owned(), amounts);
            found.add(
                "QuotaEnforced",
                place(namespace),
                format!("enforces {enforced}, {key} is granted {}", amounts(share)),
            );
        }
    }
    let promised = entry.granted().plus(entry.draining);
    if let Some(resource) = sum.first_shortfall(promised) {
        let (more, less) =
            (quantity::format(resource, *sum.of(resource)), quantity::format(resource, *promised.of(resource)));
        found.add(
            "QuotaWithinGrant",
            allocation(key),
            format!("{resource}: its quotas allow {more}, granted and draining are {less}"),
        );
    }
}

/// Entries and allocations belong to each other.
fn owners(ledgers: &BTreeMap<String, Known>, observed: &Observed, found: &mut Found) {
    let mut by_key = BTreeMap::new();
    for object in &observed.allocations {
        by_key.insert(AllocationKey::new(object.namespace().unwrap_or_default(), object.name_any()), object);
    }
    for (pool, known) in ledgers {
        for (key, entry) in &known.ledger.entries {
            let object = by_key.get(key);
            let is_its_own = object.is_some_and(|object| object.uid() == entry.uid);
            if entry.uid.is_some() && !entry.leaving && !is_its_own {
                found.add(
                    "AllocationPresent",
                    allocation(key),
                    format!("the ledger of {pool} grants to it, but this object isn't there"),
                );
            }
        }
    }
    for (key, object) in by_key {
        let entry = ledgers.get(&object.spec.pool).and_then(|known| known.ledger.entries.get(&key));
        let (Some(entry), Some(status)) = (entry, &object.status) else { continue };
        let said = status.granted.as_ref().map(|granted| granted.parse()).unwrap_or_default();
        if said != entry.granted().map(Some) {
            let told = said.zip(
                PerResource { cpu: Resource::Cpu, memory: Resource::Memory, storage: Resource::Storage },
                |amount, resource| amount.map_or_else(|| "-".to_owned(), |amount| quantity::format(resource, amount)),
            );
            found.add(
                "AllocationFigures",
                allocation(&key),
                format!(
                    "status.granted is {}/{}/{}, the ledger says {}",
                    told.cpu,
                    told.memory,
                    told.storage,
                    amounts(entry.granted())
                ),
            );
        }
    }
}

/// The pools' contracts add up to what the city says it has.
fn contract(pools: &[ResourcePool], totals: Option<&CityTotals>, found: &mut Found) {
    let Some(totals) = totals else {
        found.remarks.push("there is no CloudPolicy default: the contracts are compared with nothing".to_owned());
        return;
    };
    let Ok(city) = totals.capacity.parse() else {
        found.add("CityTotals", "cloudpolicy/default", "spec.cityTotals.capacity isn't readable");
        return;
    };
    let sum: Bundle = pools.iter().filter_map(|pool| pool.spec.contract.capacity.parse().ok()).sum();
    for resource in Resource::ALL.into_iter().filter(|&resource| sum.of(resource) != city.of(resource)) {
        let (sum, city) =
            (quantity::format(resource, *sum.of(resource)), quantity::format(resource, *city.of(resource)));
        found.add(
            "CityTotals",
            "cloudpolicy/default",
            format!("{resource}: the pools' contracts add up to {sum}, the city says {city}"),
        );
    }
}

/// Applications by tier. The published counts are of a day in the past: more since is no fault.
fn tiers(observed: &Observed, totals: Option<&CityTotals>, exact: bool, found: &mut Found) -> Vec<TierCount> {
    let published = totals.map(|totals| totals.applications);
    let tiers = [
        (Tier::NationalProvincial, "NationalProvincial", published.map(|counts| counts.national_provincial)),
        (Tier::Municipal, "Municipal", published.map(|counts| counts.municipal)),
        (Tier::County, "County", published.map(|counts| counts.county)),
    ];
    let count = |tier| observed.applications.iter().filter(|application| application.spec.tier == tier).count();
    let counts = tiers.map(|(tier, name, published)| TierCount { tier: name, applications: count(tier), published });
    for TierCount { tier, applications, published } in &counts {
        if published.is_some_and(|published| i64::try_from(*applications) != Ok(published)) {
            let message = format!(
                "{applications} applications of tier {tier}, the city published {}",
                published.unwrap_or_default()
            );
            if exact {
                found.add("CityTiers", "cloudpolicy/default", message);
            } else {
                found.remarks.push(message);
            }
        }
    }
    counts.into()
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

fn amounts(bundle: Bundle) -> String {
    let PerResource { cpu, memory, storage } = quantity::format_all(bundle);
    format!("{cpu}/{memory}/{storage}")
}

fn place(namespace: &str) -> String {
    format!("{namespace}/resourcequota/{}", names::MANAGED_QUOTA)
}

fn allocation(key: &AllocationKey) -> String {
    format!("{}/allocation/{}", key.namespace, key.name)
}

#[cfg(test)]
mod tests;
