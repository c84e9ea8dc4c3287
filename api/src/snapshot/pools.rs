//! Pools: the ledger's rows summed up, beside what the pool's object says.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::{Bundle, Ledger};
use resources::quota::Observed;
use resources::v1alpha1::{PoolLedger, ResourcePool};

use super::figures::{self, Known, Numbers, all_or_none, known, text};
use super::{Reading, Snapshot, counted, read_ledger};
use crate::access::Rights;
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
    /// The ledger's object is there and can't be read.
    pub unreadable: bool,
    pub numbers: Numbers,
}

impl PoolRow {
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
            (Some(earlier), _) => (Arc::clone(&earlier.ledger), earlier.unreadable),
            (None, None) => (Arc::default(), false),
            (None, Some(source)) => match read_ledger(source) {
                Some(ledger) => (Arc::new(ledger), false),
                None => (Arc::default(), true),
            },
        };
        let numbers = Numbers {
            contract: object.spec.contract.capacity.parse().unwrap_or_default(),
            capacity: ledger.capacity,
            physical: physical(object),
            position: ledger.position(),
            // Added when the requests have been read.
            requested: Bundle::ZERO,
            used: used(&ledger, quotas),
        };
        Self { object: Arc::clone(object), source: source.cloned(), ledger, unreadable, numbers }
    }

    /// Identity of the ledger's object: part of every fence.
    #[must_use]
    pub fn ledger_uid(&self) -> Option<&str> {
        self.source.as_ref()?.metadata.uid.as_deref()
    }

    fn view(&self, name: &str, rights: &Rights) -> PoolView {
        let all = rights.reads_ledgers;
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

/// What all quotas of the pool were charged with. Nothing is used where nothing is granted.
fn used(ledger: &Ledger, quotas: &BTreeMap<String, Observed>) -> Known {
    if ledger.entries.is_empty() {
        return all_or_none(Some(Bundle::ZERO));
    }
    let governed = ledger.entries.values().flat_map(|entry| entry.quotas().map(|(namespace, _)| namespace));
    all_or_none(figures::sum(governed.filter_map(|namespace| counted(quotas.get(namespace)?))))
}

impl Snapshot {
    /// All pools together.
    #[must_use]
    pub fn totals(&self) -> Numbers {
        self.pools.values().map(|pool| pool.numbers).reduce(Numbers::plus).unwrap_or_default()
    }
}

impl Reading {
    #[must_use]
    pub fn pools(&self, rights: &Rights) -> Vec<PoolView> {
        self.pools.iter().map(|(name, pool)| pool.view(name, rights)).collect()
    }

    #[must_use]
    pub fn pool(&self, rights: &Rights, name: &str) -> Option<PoolView> {
        self.pools.get(name).map(|pool| pool.view(name, rights))
    }
}
