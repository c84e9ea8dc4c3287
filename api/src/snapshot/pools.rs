//! Pools: the ledger's rows summed up, beside what the pool's object says.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::{Bundle, Ledger, Reason};
use resources::audit::Book;
use resources::quota::Observed;
use resources::v1alpha1::{PoolLedger, ResourcePool};

use super::figures::{self, Known, Numbers, all_or_none, known, text};
use super::{Reading, Snapshot, counted, read_ledger};
use crate::access::{Rights, Seen};
use crate::clock;
use crate::routes::pools::{Contract, Percents, PoolView, Provider};
use crate::view;

/// One pool.
#[derive(Clone, Debug)]
pub struct PoolRow {
    pub object: Arc<ResourcePool>,
    /// The object that `ledger` was read from.
    source: Option<Arc<PoolLedger>>,
    /// What is granted. Empty before the operator has made it: then nothing can be granted.
    pub ledger: Arc<Ledger>,
    /// Why the ledger's object can't be read, where it is there and can't.
    pub unreadable: Option<String>,
    pub numbers: Numbers,
}

impl PoolRow {
    /// Why the pool gives nothing out now, as the operator says in its conditions.
    pub fn closed(&self) -> Option<Reason> {
        resources::what_if::closed(&self.object)
    }

    /// Its namespaces are in a member cluster.
    pub(super) fn is_elsewhere(&self) -> bool {
        is_elsewhere(&self.object)
    }

    pub(super) fn of(
        object: &Arc<ResourcePool>,
        source: Option<&Arc<PoolLedger>>,
        earlier: Option<&Self>,
        quotas: &BTreeMap<String, Observed>,
    ) -> Self {
        let unchanged = earlier.filter(|earlier| match (&earlier.source, source) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            _ => false,
        });
        let (ledger, unreadable) = match (unchanged, source) {
            (Some(earlier), _) => (Arc::clone(&earlier.ledger), earlier.unreadable.clone()),
            (None, None) => (Arc::default(), None),
            (None, Some(source)) => match read_ledger(source) {
                Ok(ledger) => (Arc::new(ledger), None),
                Err(error) => (Arc::default(), Some(error.to_string())),
            },
        };
        let numbers = Numbers {
            contract: object.spec.contract.capacity.parse().unwrap_or_default(),
            capacity: ledger.capacity,
            physical: physical(object),
            position: ledger.position(),
            // Added when the requests have been read.
            requested: Bundle::ZERO,
            used: if is_elsewhere(object) { reported(object) } else { used(&ledger, quotas) },
        };
        Self { object: Arc::clone(object), source: source.cloned(), ledger, unreadable, numbers }
    }

    /// The ledger as it was found.
    #[must_use]
    pub fn book(&self) -> Book<'_> {
        match (&self.source, &self.unreadable) {
            (None, _) => Book::Missing,
            (Some(_), Some(why)) => Book::Unreadable(why.clone()),
            (Some(source), None) => {
                Book::Read { uid: source.metadata.uid.as_deref().unwrap_or_default(), ledger: &self.ledger }
            }
        }
    }

    fn view(&self, name: &str, rights: &Rights) -> PoolView {
        let all = rights.ledgers.has(name);
        let (spec, status) = (&self.object.spec, self.object.status.as_ref());
        let physical = status.and_then(|status| status.physical.as_ref()).filter(|_| all);
        let outlook = self.numbers.outlook();
        let granted = self.numbers.position.granted;
        let percent = |percent: i32| u32::try_from(percent).unwrap_or_default();
        let contract = &spec.contract;
        PoolView {
            name: name.to_owned(),
            display_name: spec.display_name.clone(),
            provider: Provider { name: spec.provider.name.clone(), code: spec.provider.code.clone() },
            contract: Contract {
                id: contract.id.clone(),
                start: contract.start.clone(),
                end: contract.end.clone(),
                capacity: (&contract.capacity).into(),
                text: contract.text.clone(),
                binary_units: contract.capacity.has_binary_units(),
            },
            grantable_percent: Percents {
                cpu: percent(spec.grantable_percent.cpu),
                memory: percent(spec.grantable_percent.memory),
                storage: percent(spec.grantable_percent.storage),
            },
            capacity: text(self.numbers.capacity),
            free: text(self.numbers.free()),
            figures: all.then(|| self.numbers.figures()),
            binding_resource: outlook.binding.filter(|_| all).map(Into::into),
            stranded: all.then(|| text(outlook.stranded)),
            mix: (all && !granted.is_zero()).then(|| text(granted)),
            allocations: all.then_some(self.ledger.entries.len() as u64),
            physical_observed_at: physical
                .and_then(|physical| physical.observed_at.as_ref())
                .map(|at| clock::text(at.0)),
            physical_simulated: physical.is_some_and(|physical| physical.simulated),
            physical_declared: if all { known(spec.declared_physical.parse()) } else { view::PartialBundle::default() },
            sample: spec.sample,
            conditions: status.map(|status| view::conditions(&status.conditions)).filter(|_| all).unwrap_or_default(),
            revision: self.ledger.revision,
        }
    }
}

fn physical(pool: &ResourcePool) -> Known {
    let Some(physical) = pool.status.as_ref().and_then(|status| status.physical.as_ref()) else {
        return Known::default();
    };
    let observed = resources::amounts::Known {
        cpu: physical.cpu.clone(),
        memory: physical.memory.clone(),
        storage: physical.storage.clone(),
    };
    observed.parse()
}

fn is_elsewhere(object: &ResourcePool) -> bool {
    object.spec.cluster.kubeconfig_secret_ref.is_some()
}

/// What the operator says is used: it alone reaches the quotas of a member cluster.
fn reported(object: &ResourcePool) -> Known {
    let used = object.status.as_ref().and_then(|status| status.used.as_ref());
    used.map(|used| used.parse()).unwrap_or_default()
}

/// What all quotas of the pool were charged with. Nothing is used where nothing is granted.
fn used(ledger: &Ledger, quotas: &BTreeMap<String, Observed>) -> Known {
    if ledger.entries.is_empty() {
        return all_or_none(Some(Bundle::ZERO));
    }
    let governed = ledger.entries.values().flat_map(|entry| entry.quotas().map(|(namespace, _)| namespace));
    all_or_none(figures::sum(governed.filter_map(|namespace| counted(quotas.get(namespace)?))))
}

/// The ledger of a pool that isn't there.
#[derive(Clone, Debug)]
pub(super) struct Alone {
    uid: String,
    ledger: Result<Ledger, String>,
}

impl Alone {
    pub(super) fn of(source: &PoolLedger) -> Self {
        let uid = source.metadata.uid.clone().unwrap_or_default();
        Self { uid, ledger: read_ledger(source).map_err(|error| error.to_string()) }
    }

    pub(super) fn book(&self) -> Book<'_> {
        match &self.ledger {
            Ok(ledger) => Book::Read { uid: &self.uid, ledger },
            Err(why) => Book::Unreadable(why.clone()),
        }
    }
}

impl Snapshot {
    /// All these pools together.
    #[must_use]
    pub fn totals(&self, pools: &Seen) -> Numbers {
        self.seen(pools).map(|(_, pool)| pool.numbers).reduce(Numbers::plus).unwrap_or_default()
    }

    /// The pools that are among these.
    pub(super) fn seen(&self, pools: &Seen) -> impl Iterator<Item = (&String, &PoolRow)> {
        self.pools.iter().filter(|(name, _)| pools.has(name))
    }
}

impl Reading {
    #[must_use]
    pub fn pools(&self, rights: &Rights) -> Vec<PoolView> {
        self.seen(&rights.pools).map(|(name, pool)| pool.view(name, rights)).collect()
    }

    #[must_use]
    pub fn pool(&self, rights: &Rights, name: &str) -> Option<PoolView> {
        self.pools.get(name).filter(|_| rights.pools.has(name)).map(|pool| pool.view(name, rights))
    }
}
