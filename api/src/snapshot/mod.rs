//! One consistent picture of everything that is shown, made when something has changed.
//!
//! Pure: objects in, rows out; no client, no clock. Amounts that count come from the ledgers, use
//! from the quotas. Rows hold what lists filter and sort by; views are made for one page at a time.

mod applications;
mod audit;
pub mod course;
mod departments;
pub mod figures;
mod judged;
mod lists;
mod overview;
mod pools;
mod requests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use axum::http::{HeaderValue, Uri};
use ledger::{AllocationKey, Bundle, Ledger};
use resources::quota::Observed;
use resources::v1alpha1::{CloudPolicy, CloudPolicySpec, Department, QuotaDecision, UsageRecord, WorkCalendar};
use resources::workday::Calendar;
use resources::{names, quota, snapshot};

use crate::identity::Caller;
use crate::page::Place;
use crate::respond;
use crate::view::Age;
use crate::world::{Kept, Name};

pub use applications::{AllocationRow, ApplicationRow};
use pools::Alone;
pub use pools::PoolRow;
pub use requests::{RequestRow, decision_view};

/// The sorted rows of a list, by what it is filtered and sorted by.
type Lists = Mutex<BTreeMap<String, Arc<Vec<(Place, usize)>>>>;

/// Everything that is shown, as of one generation of the caches.
#[derive(Debug)]
pub struct Snapshot {
    /// Names the generation: answers made from the same one are the same.
    version: String,
    pub pools: BTreeMap<String, PoolRow>,
    /// Ledgers of pools that aren't there.
    alone: BTreeMap<String, Alone>,
    pub departments: BTreeMap<String, Arc<Department>>,
    pub applications: Vec<ApplicationRow>,
    pub allocations: Vec<AllocationRow>,
    pub requests: Vec<RequestRow>,
    pub decisions: BTreeMap<Name, Arc<QuotaDecision>>,
    pub policy: Option<Arc<CloudPolicy>>,
    /// What allocations used, by the allocation's namespace and name.
    pub usage: BTreeMap<Name, Arc<UsageRecord>>,
    /// Which days are worked.
    pub calendar: Calendar,
    /// The years that the cluster names, as they are written.
    pub calendars: BTreeMap<String, Arc<WorkCalendar>>,
    /// Managed quotas by namespace.
    pub quotas: BTreeMap<String, Observed>,
    /// Whose each workload namespace is; made when it is asked for.
    owners: OnceLock<BTreeMap<String, AllocationKey>>,
    lists: Lists,
}

/// A snapshot, and how old it is.
#[derive(Clone, Debug)]
pub struct Reading {
    pub age: Age,
    snapshot: Arc<Snapshot>,
}

impl std::ops::Deref for Reading {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl Reading {
    #[must_use]
    pub fn new(snapshot: Arc<Snapshot>, age: Age) -> Self {
        Self { age, snapshot }
    }

    /// The tag of an answer: the same picture, caller, language and address give the same answer.
    #[must_use]
    pub fn tag(&self, caller: &Caller, uri: &Uri) -> HeaderValue {
        let rights = format!("{:?} {}", caller.rights, self.age.stale);
        let parts = [&self.version, &caller.user.name, &rights, &uri.to_string(), caller.language.tag()];
        respond::tag_of(&parts.map(str::as_bytes))
    }
}

impl Snapshot {
    /// Makes the picture. Ledgers that haven't changed are taken over from the one before.
    #[must_use]
    pub fn of(kept: &Kept, version: String, before: Option<&Self>) -> Self {
        let quotas = quota::managed(kept.quotas.iter().map(|(_, quota)| &**quota));
        let mut pools: BTreeMap<String, PoolRow> = kept
            .pools
            .iter()
            .map(|((_, name), pool)| {
                let object = kept.ledgers.get("", name);
                let earlier = before.and_then(|before| before.pools.get(name));
                (name.clone(), PoolRow::of(pool, object, earlier, &quotas))
            })
            .collect();
        let alone = kept.ledgers.iter().filter(|((_, name), _)| !pools.contains_key(name));
        let alone = alone.map(|((_, name), source)| (name.clone(), Alone::of(source))).collect();
        let departments: BTreeMap<String, Arc<Department>> =
            kept.departments.iter().map(|((_, name), department)| (name.clone(), Arc::clone(department))).collect();
        let allocations = applications::allocation_rows(kept, &pools, &quotas);
        let applications = applications::rows(kept, &departments, &allocations);
        let requests = requests::rows(kept, &pools, &departments, &allocations);
        for request in &requests {
            if let Some(pool) = pools.get_mut(&request.object.spec.pool) {
                pool.numbers.requested = pool.numbers.requested.plus(request.requested);
            }
        }
        Self {
            version,
            pools,
            alone,
            departments,
            applications,
            allocations,
            requests,
            decisions: kept.decisions.iter().map(|(name, decision)| (name.clone(), Arc::clone(decision))).collect(),
            calendar: Calendar::new(kept.calendars.iter().map(|(_, calendar)| &**calendar)),
            usage: kept.usage.iter().map(|(name, record)| (name.clone(), Arc::clone(record))).collect(),
            calendars: kept.calendars.iter().map(|((_, name), year)| (name.clone(), Arc::clone(year))).collect(),
            policy: kept.policies.get("", names::DEFAULT_POLICY).cloned(),
            quotas,
            owners: OnceLock::new(),
            lists: Lists::default(),
        }
    }

    #[must_use]
    pub fn policy(&self) -> Option<&CloudPolicySpec> {
        self.policy.as_ref().map(|policy| &policy.spec)
    }

    /// The department's name for people, or its name.
    #[must_use]
    pub fn department_name(&self, name: &str) -> String {
        department_name(&self.departments, name)
    }
}

fn department_name(departments: &BTreeMap<String, Arc<Department>>, name: &str) -> String {
    departments.get(name).map_or_else(|| name.to_owned(), |department| department.spec.display_name.clone())
}

/// The department whose namespace it is. Objects elsewhere are nobody's and aren't shown.
fn department_of(namespace: &str) -> Option<String> {
    names::department_of(namespace).map(str::to_owned)
}

/// What an entry's quotas were charged with; `None` where none of them has been counted yet.
fn used(ledger: &Ledger, key: &AllocationKey, quotas: &BTreeMap<String, Observed>) -> Option<Bundle> {
    let entry = ledger.entries.get(key)?;
    figures::sum(entry.quotas().filter_map(|(namespace, _)| counted(quotas.get(namespace)?)))
}

fn counted(quota: &Observed) -> Option<Bundle> {
    quota.enforced.map(|_| quota.used)
}

/// Reads a ledger's object, and says in the log where it isn't one.
fn read_ledger(object: &resources::v1alpha1::PoolLedger) -> Result<Ledger, snapshot::Error> {
    let read = snapshot::ledger(&object.spec);
    if let Err(error) = &read {
        let pool = object.metadata.name.as_deref().unwrap_or_default();
        tracing::error!(pool, %error, "failed to read the ledger of {pool}");
    }
    read
}
