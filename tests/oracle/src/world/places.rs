//! Namespaces with their quotas, pods and claims: invariant B, the gate, and the fences.

use std::collections::HashMap;

use resources::names;

use super::Log;
use super::ledgers::{Ledgers, name_of};
use crate::amounts::{Amounts, Kind as Resource};
use crate::decode::{Charge, Key, Kind, Namespace, Quota};
use crate::report::Check;

#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Uid of kube-system: which cluster this is.
    cluster: Option<String>,
    namespaces: HashMap<String, Namespace>,
    /// The quotas of our name, by namespace.
    quotas: HashMap<String, Known>,
    charges: HashMap<String, Charges>,
}

pub(crate) type Fence = (String, i64);

#[derive(Debug)]
struct Known {
    quota: Quota,
    fence: Option<Fence>,
    /// All that its spec bounds was in force at some time.
    was_in_force: bool,
}

#[derive(Debug, Default)]
struct Charges {
    objects: HashMap<(Kind, String), Amounts>,
    total: Amounts,
    /// How much of it the API servers let in beyond the quota that was in force.
    by_race: Amounts,
}

impl Places {
    pub(crate) fn cluster(&self) -> Option<&str> {
        self.cluster.as_deref()
    }

    pub(crate) fn put_namespace(&mut self, name: &str, namespace: Option<Namespace>) {
        let Some(namespace) = namespace else {
            self.namespaces.remove(name);
            return;
        };
        if name == "kube-system" {
            self.cluster = Some(namespace.uid.clone());
        }
        self.namespaces.insert(name.to_owned(), namespace);
    }

    /// Takes the quota of our name as it was written.
    pub(crate) fn put_quota(&mut self, key: Key<'_>, quota: Option<Quota>, log: &mut Log) {
        if key.name != names::MANAGED_QUOTA {
            return;
        }
        let Some(quota) = quota else {
            self.quotas.remove(key.namespace);
            return;
        };
        let before = self.quotas.get(key.namespace).filter(|before| before.quota.uid == quota.uid);
        let is_write = before.is_none_or(|before| before.quota.spec != quota.spec || before.quota.fence != quota.fence);
        log.report.quota_writes += u64::from(is_write && quota.is_marked);
        let fence = quota.fence.as_deref().and_then(names::parse_fence);
        let fence = fence.map(|(uid, revision)| (uid.to_owned(), i64::try_from(revision).unwrap_or(i64::MAX)));
        let was_in_force = before.is_some_and(|before| before.was_in_force) || quota.missing().next().is_none();
        self.quotas.insert(key.namespace.to_owned(), Known { quota, fence, was_in_force });
    }

    pub(crate) fn quota(&self, namespace: &str) -> Option<&Quota> {
        self.quotas.get(namespace).map(|known| &known.quota)
    }

    /// The ledger's uid and the entry's revision that the quota of a namespace names.
    pub(crate) fn fence(&self, namespace: &str) -> Option<&Fence> {
        self.quotas.get(namespace)?.fence.as_ref()
    }

    /// The ledger that the quota of a namespace names.
    pub(crate) fn fence_of(&self, namespace: &str) -> Option<&str> {
        self.fence(namespace).map(|(uid, _)| uid.as_str())
    }

    pub(crate) fn put_charge(&mut self, key: Key<'_>, charge: Option<Charge>, is_new: bool, log: &mut Log) {
        if !self.charges.contains_key(key.namespace) {
            self.charges.insert(key.namespace.to_owned(), Charges::default());
        }
        let Some(charges) = self.charges.get_mut(key.namespace) else { return };
        let id = (key.kind, key.name.to_owned());
        let Charge(after) = charge.unwrap_or_default();
        let before = match charge {
            Some(_) => charges.objects.insert(id, after),
            None => charges.objects.remove(&id),
        };
        let before = before.unwrap_or_default();
        charges.total = charges.total.beyond(before).plus(after);
        if charges.objects.is_empty() {
            self.charges.remove(key.namespace);
        }
        if is_new {
            self.check_gate(key.namespace, log);
        }
        self.measure_use(key.namespace, after.beyond(before), log);
    }

    /// What pods and claims of a namespace are charged with.
    pub(crate) fn used(&self, namespace: &str) -> Amounts {
        self.charges.get(namespace).map_or(Amounts::ZERO, |charges| charges.total)
    }

    /// The same without what was let in beyond a quota by a race of the API servers' own: nobody who
    /// proves that nothing is used can see it coming.
    pub(crate) fn used_by_right(&self, namespace: &str) -> Amounts {
        self.charges.get(namespace).map_or(Amounts::ZERO, |charges| charges.total.beyond(charges.by_race))
    }

    /// What the quota controller last counted there.
    pub(crate) fn counted(&self, namespace: &str) -> Amounts {
        self.quotas.get(namespace).map_or(Amounts::ZERO, |known| known.quota.used)
    }

    /// A pod or claim has begun: the quota must be there and in force. Where it had been in force
    /// and a key came to it, admission may not have heard of the key yet: that is only counted.
    fn check_gate(&self, namespace: &str, log: &mut Log) {
        let is_gated = |known: &Namespace| known.is_managed && !known.is_terminating;
        if !self.namespaces.get(namespace).is_some_and(is_gated) {
            return;
        }
        let object = format!("namespace {namespace}");
        let Some(known) = self.quotas.get(namespace) else {
            log.find(Check::Unpopulated, object, "something began where there is no managed quota");
            return;
        };
        let missing: Vec<&str> = known.quota.missing().collect();
        if missing.is_empty() {
            return;
        }
        if known.was_in_force {
            log.report.admitted_unsettled += 1;
            return;
        }
        log.find(
            Check::Unpopulated,
            object,
            format!("something began before its quota enforced {}", missing.join(", ")),
        );
    }

    fn measure_use(&mut self, namespace: &str, grew: Amounts, log: &mut Log) {
        let (Some(known), Some(charges)) = (self.quotas.get(namespace), self.charges.get_mut(namespace)) else {
            return;
        };
        let used = charges.total;
        for kind in Resource::ALL {
            let beyond = known.quota.status.of(kind).map_or(0, |hard| used.of(kind).saturating_sub(hard));
            if grew.of(kind) > 0 && beyond > 0 {
                log.admit(kind, beyond, namespace);
            }
            let by_race = &mut charges.by_race.0[kind as usize];
            *by_race = by_race.saturating_add(grew.of(kind)).min(beyond);
        }
    }

    /// A fence is from its ledger's past, and never goes back. `before`: the one that was there.
    pub(crate) fn check_fence(&self, key: Key<'_>, before: Option<&Fence>, ledgers: &Ledgers, log: &mut Log) {
        let Some(Known { quota, fence, .. }) = self.quotas.get(key.namespace) else { return };
        if key.name != names::MANAGED_QUOTA || before.is_some() && fence.as_ref() == before {
            return;
        }
        let mut find = |message: String| log.find(Check::Fence, format!("quota of {}", key.namespace), message);
        let Some((uid, revision)) = fence else {
            if let Some(text) = &quota.fence {
                find(format!("its fence {text:?} names no ledger and revision"));
            } else if before.is_some() {
                find("its fence is gone".to_owned());
            }
            return;
        };
        let pool = ledgers.pool_of(uid);
        let ledger = pool.and_then(|pool| ledgers.get(pool)).filter(|ledger| ledger.uid == *uid);
        if let Some(ledger) = ledger.filter(|ledger| *revision > ledger.revision) {
            find(format!("its fence names revision {revision}, its ledger is at {}", ledger.revision));
        }
        if let Some((_, last)) = before.filter(|(before, last)| before == uid && last > revision) {
            find(format!("its fence went back from revision {last} to {revision}"));
        }
        if pool.is_none() && log.is_whole {
            log.find(
                Check::Fence,
                format!("quota of {}", key.namespace),
                format!("its fence names ledger {uid}, which never was"),
            );
        }
    }

    /// Invariant B for one allocation.
    pub(crate) fn check_entry(&self, pool: &str, allocation: &str, ledgers: &Ledgers, log: &mut Log) {
        let object = name_of(pool, allocation);
        let Some((ledger, entry)) =
            ledgers.get(pool).and_then(|ledger| Some((ledger, ledger.entries.get(allocation)?)))
        else {
            log.is_worse(&object, Amounts::ZERO);
            return;
        };
        if !ledger.cluster_uid.is_empty() && self.cluster().is_some_and(|cluster| cluster != ledger.cluster_uid) {
            return;
        }
        let is_its_own =
            |namespace: &&String| ledgers.owner(namespace, self.fence_of(namespace)) == Some((pool, allocation));
        let own: Vec<&String> = entry.places().filter(is_its_own).collect();
        for namespace in &own {
            self.check_bounds(namespace, log);
        }
        let known = own.iter().filter_map(|namespace| self.quotas.get(*namespace));
        let sum: Amounts = known.map(|known| known.quota.bound()).sum();
        let usable = entry.usable();
        let beyond = sum.beyond(usable);
        if log.is_worse(&object, beyond) {
            let message = format!("its quotas allow {sum}, and granted and draining are {usable}");
            log.find(Check::B, &object, message);
            log.measure(Check::B, &object, beyond);
        }
    }

    /// A managed quota in nobody's namespace bounds everything to nothing.
    pub(crate) fn check_unowned(&self, namespace: &str, log: &mut Log) {
        let object = format!("namespace {namespace}");
        let known = self.quotas.get(namespace).filter(|known| known.quota.is_marked);
        let bound = known.map_or(Amounts::ZERO, |known| known.quota.bound());
        if known.is_some() {
            self.check_bounds(namespace, log);
        }
        if log.is_worse(&object, bound) {
            log.find(Check::B, &object, format!("its quota allows {bound}, and it is in no ledger's entry"));
            log.measure(Check::B, &object, bound);
        }
    }

    /// A key that is missing in `spec.hard` is unlimited.
    fn check_bounds(&self, namespace: &str, log: &mut Log) {
        let Some(Known { quota, .. }) = self.quotas.get(namespace) else { return };
        let free: Vec<&str> =
            Resource::ALL.into_iter().filter(|kind| quota.spec.of(*kind).is_none()).map(Resource::name).collect();
        let object = format!("bounds of {namespace}");
        // As a mark that it was told, not as an amount.
        let mark = if free.is_empty() { Amounts::ZERO } else { Amounts([1, 0, 0]) };
        if log.is_worse(&object, mark) {
            let message = format!("its quota has no requests.{}: unlimited", free.join(", no requests."));
            log.find(Check::B, format!("namespace {namespace}"), message);
        }
    }
}
