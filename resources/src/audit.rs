//! Whether what is promised, granted, enforced and told agrees: everything made again from the
//! objects, believing no total that somebody wrote down.
//!
//! `GET /api/v1/invariants` and `kubectl yunheng verify` both say what this says. Objects that are
//! read one after the other are a moment apart, so what one reading finds may have been on its way:
//! only what stays is told, see [`lasting`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ledger::{AllocationKey, Bundle, Entry, Finding as Audited, Ledger, PerResource, Resource};
use serde::Serialize;

use crate::v1alpha1::{Allocation, Department, ResourcePool};
use crate::{condition, names, quantity, quota};

mod city;

pub use city::{TierCount, contract, tiers};

/// Everything that is compared.
#[derive(Clone, Debug)]
pub struct Observed<'a> {
    pub pools: Vec<Pool<'a>>,
    pub departments: Vec<&'a Department>,
    pub allocations: Vec<&'a Allocation>,
    /// Managed quotas of the cluster that the objects are in, by namespace.
    pub quotas: &'a BTreeMap<String, quota::Observed>,
    /// Those of pools in member clusters, by pool and namespace, where somebody has read them. For
    /// the others the operator's word is taken, which it gives in conditions.
    pub elsewhere: &'a BTreeMap<String, BTreeMap<String, quota::Observed>>,
}

/// A pool, its ledger, or both: they have the same name.
#[derive(Clone, Debug)]
pub struct Pool<'a> {
    pub name: &'a str,
    pub object: Option<&'a ResourcePool>,
    pub book: Book<'a>,
}

/// The ledger of a pool, as it was found.
#[derive(Clone, Debug)]
pub enum Book<'a> {
    Missing,
    /// The object is there and isn't a ledger, with why.
    Unreadable(String),
    /// With the identity that its fences name.
    Read {
        uid: &'a str,
        ledger: &'a Ledger,
    },
}

/// One thing that doesn't agree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    pub check: Check,
    pub means: Meaning,
    /// The pool it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// Kind and name, as kubectl takes them; with the namespace in front where there is one.
    pub object: String,
    pub message: String,
}

/// Which check found it. Promised to scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Check {
    LedgerReadable,
    LedgerPresent,
    LedgerOwned,
    LedgerAudit,
    PoolFigures,
    QuotaOwned,
    QuotaPresent,
    QuotaBound,
    QuotaFence,
    QuotaEnforced,
    QuotaWithinGrant,
    AllocationPresent,
    AllocationFigures,
    CityTotals,
    CityTiers,
}

impl Check {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LedgerReadable => "LedgerReadable",
            Self::LedgerPresent => "LedgerPresent",
            Self::LedgerOwned => "LedgerOwned",
            Self::LedgerAudit => "LedgerAudit",
            Self::PoolFigures => "PoolFigures",
            Self::QuotaOwned => "QuotaOwned",
            Self::QuotaPresent => "QuotaPresent",
            Self::QuotaBound => "QuotaBound",
            Self::QuotaFence => "QuotaFence",
            Self::QuotaEnforced => "QuotaEnforced",
            Self::QuotaWithinGrant => "QuotaWithinGrant",
            Self::AllocationPresent => "AllocationPresent",
            Self::AllocationFigures => "AllocationFigures",
            Self::CityTotals => "CityTotals",
            Self::CityTiers => "CityTiers",
        }
    }
}

/// What it means that something doesn't agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Meaning {
    /// A promise isn't kept: more may be used than is granted, or something says what isn't so.
    Broken,
    /// What is decided isn't carried out yet: nothing is promised twice meanwhile. The operator
    /// mends it; if it doesn't end, the operator is stuck.
    Behind,
    /// The city's own published figures say something else. That is nobody's fault.
    Differs,
}

/// How often one looks before anything is told, and how long one waits in between: a quota follows
/// its grant within 2 seconds.
pub const READINGS: usize = 5;
pub const PAUSE: Duration = Duration::from_millis(600);

/// What every reading has found: the rest was on its way.
#[must_use]
pub fn lasting(earlier: &[Finding], mut now: Vec<Finding>) -> Vec<Finding> {
    let earlier: BTreeSet<&Finding> = earlier.iter().collect();
    now.retain(|finding| earlier.contains(finding));
    now
}

/// Everything that doesn't agree, pool by pool.
#[must_use]
pub fn findings(observed: &Observed<'_>) -> Vec<Finding> {
    let mut found = Found::default();
    let mut governed = BTreeSet::new();
    for pool in &observed.pools {
        found.pool = Some(pool.name.to_owned());
        let (uid, ledger) = match &pool.book {
            Book::Read { uid, ledger } => (*uid, *ledger),
            Book::Missing => {
                let object = format!("resourcepool/{}", pool.name);
                found.behind(Check::LedgerPresent, object, "has no ledger: is the operator running?");
                continue;
            }
            Book::Unreadable(why) => {
                found.broken(Check::LedgerReadable, format!("poolledger/{}", pool.name), why.clone());
                continue;
            }
        };
        audit(pool, ledger, &observed.departments, &mut found);
        figures(pool, ledger, &mut found);
        let namespaces = ledger.entries.values().flat_map(|entry| entry.quotas().map(|(namespace, _)| namespace));
        let member = pool.object.filter(|object| object.spec.cluster.kubeconfig_secret_ref.is_some());
        let quotas = match (member, observed.elsewhere.get(pool.name)) {
            (None, _) => {
                governed.extend(namespaces);
                observed.quotas
            }
            (Some(_), Some(read)) => {
                unowned(&namespaces.collect(), read, &mut found);
                read
            }
            (Some(object), None) => {
                reported(object, ledger, &observed.allocations, &mut found);
                continue;
            }
        };
        for (key, entry) in &ledger.entries {
            entry_quotas(key, entry, uid, quotas, &mut found);
        }
    }
    owners(observed, &mut found);
    found.pool = None;
    unowned(&governed, observed.quotas, &mut found);
    found.findings
}

#[derive(Default)]
struct Found {
    /// The pool that is being looked at.
    pool: Option<String>,
    findings: Vec<Finding>,
}

impl Found {
    fn broken(&mut self, check: Check, object: impl Into<String>, message: impl Into<String>) {
        self.add(check, Meaning::Broken, object.into(), message.into());
    }

    fn behind(&mut self, check: Check, object: impl Into<String>, message: impl Into<String>) {
        self.add(check, Meaning::Behind, object.into(), message.into());
    }

    fn add(&mut self, check: Check, means: Meaning, object: String, message: String) {
        self.findings.push(Finding { check, means, pool: self.pool.clone(), object, message });
    }
}

/// The ledger's own laws. What is out above a limit is legal where somebody accepted it.
fn audit(pool: &Pool<'_>, ledger: &Ledger, departments: &[&Department], found: &mut Found) {
    let object = format!("poolledger/{}", pool.name);
    if pool.object.is_none() {
        let means = if ledger.entries.is_empty() { Meaning::Behind } else { Meaning::Broken };
        found.add(Check::LedgerOwned, means, object.clone(), "there is no pool of this name".to_owned());
    }
    for finding in ledger.audit().findings {
        let is_accepted = match &finding {
            Audited::OverCapacity { .. } => pool.object.is_some_and(|object| object.spec.accept_overcommit),
            Audited::OverCeiling { department, .. } => accepts(departments, department, pool.name),
            _ => false,
        };
        if !is_accepted {
            found.broken(Check::LedgerAudit, object.clone(), sentence(&finding));
        }
    }
}

fn accepts(departments: &[&Department], department: &str, pool: &str) -> bool {
    let of_it = departments.iter().filter(|object| object.metadata.name.as_deref() == Some(department));
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

/// What the pool says of itself, where it speaks of the ledger's present revision: its status is
/// written at most once a second.
fn figures(pool: &Pool<'_>, ledger: &Ledger, found: &mut Found) {
    let Some(status) = pool.object.and_then(|object| object.status.as_ref()) else { return };
    if status.ledger_revision.and_then(|revision| u64::try_from(revision).ok()) != Some(ledger.revision) {
        return;
    }
    let position = ledger.position();
    let figures = [
        ("capacity", &status.capacity, ledger.capacity),
        ("granted", &status.granted, position.granted),
        ("held", &status.held, position.held),
        ("draining", &status.draining, position.draining),
        ("free", &status.free, ledger.free()),
    ];
    for (field, said, recomputed) in figures {
        let said = said.as_ref().map(|known| known.parse()).unwrap_or_default();
        for resource in Resource::ALL {
            if *said.of(resource) != Some(*recomputed.of(resource)) {
                let said =
                    said.of(resource).map_or_else(|| "nothing".to_owned(), |amount| quantity::format(resource, amount));
                let recomputed = quantity::format(resource, *recomputed.of(resource));
                found.broken(
                    Check::PoolFigures,
                    format!("resourcepool/{}", pool.name),
                    format!("status.{field}.{resource} is {said}, the entries add up to {recomputed}"),
                );
            }
        }
    }
}

/// Invariant B: what quotas ask for or still enforce is no more than what is granted and draining;
/// and each quota carries the fence of its entry and enforces its share.
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
                found.behind(
                    Check::QuotaPresent,
                    place(namespace),
                    format!("{key} is granted {}, but the quota isn't there", amounts(share)),
                );
            }
            continue;
        };
        match quota.asked {
            None => found.broken(
                Check::QuotaBound,
                place(namespace),
                "a resource has no limit in this quota: it is unlimited",
            ),
            // Until the API server has filled it in, no pod is let into the namespace.
            Some(asked) => sum = sum.plus(quota.enforced.map_or(asked, |enforced| asked.max(enforced))),
        }
        if quota.fence.as_deref() != Some(&fence) {
            let carried = quota.fence.as_deref().unwrap_or("none");
            let is_older = names::parse_fence(carried)
                .is_some_and(|(ledger, revision)| ledger == uid && revision < entry.revision);
            let means = if is_older { Meaning::Behind } else { Meaning::Broken };
            let message = format!("carries fence {carried}, the ledger says {fence}");
            found.add(Check::QuotaFence, means, place(namespace), message);
        } else if !quota.enforces(share, &fence) {
            let enforced = quota.enforced.map_or_else(|| "nothing yet".to_owned(), amounts);
            found.behind(
                Check::QuotaEnforced,
                place(namespace),
                format!("enforces {enforced}, {key} is granted {}", amounts(share)),
            );
        }
    }
    let promised = entry.granted().plus(entry.draining);
    if let Some(resource) = sum.first_shortfall(promised) {
        let (more, less) =
            (quantity::format(resource, *sum.of(resource)), quantity::format(resource, *promised.of(resource)));
        found.broken(
            Check::QuotaWithinGrant,
            allocation(key),
            format!("{resource}: its quotas allow {more}, granted and draining are {less}"),
        );
    }
}

/// What the operator says of quotas in a member cluster, which it alone reaches.
fn reported(pool: &ResourcePool, ledger: &Ledger, allocations: &[&Allocation], found: &mut Found) {
    let name = pool.metadata.name.as_deref().unwrap_or_default();
    let object = format!("resourcepool/{name}");
    let conditions = pool.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let not = |type_: &str| condition::find(conditions, type_).filter(|said| said.status != "True");
    if let Some(said) = not(condition::LEDGER_CONSISTENT) {
        found.broken(Check::QuotaWithinGrant, object.clone(), format!("{}: {}", said.reason, said.message));
    }
    if let Some(said) = not(condition::CLUSTER_REACHABLE) {
        found.behind(Check::QuotaEnforced, object, format!("{}: {}", said.reason, said.message));
    }
    for (key, entry) in &ledger.entries {
        let named = |object: &&&Allocation| {
            object.metadata.namespace.as_deref() == Some(&*key.namespace)
                && object.metadata.name.as_deref() == Some(&*key.name)
        };
        let Some(status) = allocations.iter().find(named).and_then(|object| object.status.as_ref()) else { continue };
        let enforced = condition::find(&status.conditions, condition::ENFORCED);
        if let Some(said) = enforced.filter(|said| said.status != "True" && !entry.granted().is_zero()) {
            found.behind(Check::QuotaEnforced, allocation(key), format!("{}: {}", said.reason, said.message));
        }
    }
}

/// A quota that no entry knows lets in what nobody has granted.
fn unowned(governed: &BTreeSet<&str>, quotas: &BTreeMap<String, quota::Observed>, found: &mut Found) {
    for (namespace, quota) in quotas {
        let is_empty = quota.asked.is_some_and(Bundle::is_zero) && quota.enforced.is_none_or(Bundle::is_zero);
        if !governed.contains(namespace.as_str()) && !is_empty {
            found.broken(Check::QuotaOwned, place(namespace), "no ledger knows of this quota, and it isn't zero");
        }
    }
}

/// Entries and allocations belong to each other.
fn owners(observed: &Observed<'_>, found: &mut Found) {
    let mut by_key = BTreeMap::new();
    for object in &observed.allocations {
        let (namespace, name) = (object.metadata.namespace.clone(), object.metadata.name.clone());
        by_key.insert(AllocationKey::new(namespace.unwrap_or_default(), name.unwrap_or_default()), *object);
    }
    for pool in &observed.pools {
        let Book::Read { ledger, .. } = &pool.book else { continue };
        found.pool = Some(pool.name.to_owned());
        for (key, entry) in &ledger.entries {
            let object = by_key.get(key).filter(|object| object.metadata.uid == entry.uid);
            if entry.uid.is_some() && !entry.leaving && object.is_none() {
                found.behind(
                    Check::AllocationPresent,
                    allocation(key),
                    format!("the ledger of {} grants to it, but this object isn't there", pool.name),
                );
            }
            if let Some(object) = object.filter(|object| object.spec.pool == pool.name) {
                told(key, object, entry, found);
            }
        }
    }
}

/// What the allocation says of itself.
fn told(key: &AllocationKey, object: &Allocation, entry: &Entry, found: &mut Found) {
    let Some(status) = &object.status else { return };
    let said = status.granted.as_ref().map(|granted| granted.parse()).unwrap_or_default();
    if said != entry.granted().map(Some) {
        let resources = PerResource { cpu: Resource::Cpu, memory: Resource::Memory, storage: Resource::Storage };
        let told = said.zip(resources, |amount, resource| {
            amount.map_or_else(|| "-".to_owned(), |amount| quantity::format(resource, amount))
        });
        let told = format!("{}/{}/{}", told.cpu, told.memory, told.storage);
        let message = format!("status.granted is {told}, the ledger says {}", amounts(entry.granted()));
        found.behind(Check::AllocationFigures, allocation(key), message);
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
