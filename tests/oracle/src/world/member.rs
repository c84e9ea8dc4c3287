//! A member: a cluster that has quotas, and whose ledgers are in the hub.
//!
//! Nobody can say which of two revisions of two etcds was first. What can be said, whatever the
//! order was:
//!
//! 1. **A write.** A quota's fence names an entry at one of its revisions, and an entry's shares
//!    don't change while its revision stays. So what is written under a fence is at most the share
//!    that the entry had then; all quotas under the same revision together are at most what it was
//!    granted.
//! 2. **A release.** The ledger gave something back while the entry stayed at revision *e*. By then
//!    each of its quotas must have carried fence *e* with `status.hard` at or under its share, or its
//!    namespace must have been gone. If the member's history knows no such state, there was none
//!    before the release either.
//!
//! Fences never go back (checked too), so after a release no quota is under an older fence than the
//! one it was released by, and by 1 it allows no more than what is still granted. That is invariant
//! B at every ledger state, without an order between the clusters.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use resources::names;

use super::places::Places;
use super::promises::{Promised, Promises};
use super::{Event, Log};
use crate::amounts::Amounts;
use crate::decode::{Charge, Entry, Key, Kind, Namespace, Quota};
use crate::report::{Check, Report};
use crate::source::Error;

/// A member's state, and what is remembered of its quotas.
#[derive(Debug)]
pub struct Member {
    promises: Arc<Promises>,
    places: Places,
    /// Fences, by ledger and namespace, under which the API server enforced no more than the share.
    lowered: HashMap<(String, String), HashSet<i64>>,
    /// Namespaces that are there or were, and those of them that were gone once.
    seen: HashSet<String>,
    gone: HashSet<String>,
    log: Log,
}

impl Member {
    #[must_use]
    pub fn new(promises: Arc<Promises>, is_whole: bool) -> Self {
        Self {
            promises,
            places: Places::default(),
            lowered: HashMap::new(),
            seen: HashSet::new(),
            gone: HashSet::new(),
            log: Log::new(is_whole),
        }
    }

    /// What happened next in the member's etcd.
    pub fn apply(&mut self, revision: i64, event: Event) -> Result<(), Error> {
        let Some(key) = Key::parse(&event.key) else { return Ok(()) };
        self.log.begin(revision, &event.key);
        let (bytes, is_new) = event.change.into_bytes();
        self.take(key, bytes.as_deref(), is_new).map_err(|why| Error::Unreadable { key: event.key, revision, why })
    }

    fn take(&mut self, key: Key<'_>, bytes: Option<&[u8]>, is_new: bool) -> Result<(), String> {
        let Self { places, log, .. } = self;
        match key.kind {
            Kind::Namespace => {
                let set = if bytes.is_some() { &mut self.seen } else { &mut self.gone };
                set.insert(key.name.to_owned());
                places.put_namespace(key.name, bytes.map(Namespace::decode).transpose()?);
            }
            Kind::Quota => self.put_quota(key, bytes.map(Quota::decode).transpose()?),
            Kind::Pod => places.put_charge(key, bytes.map(Charge::decode_pod).transpose()?, is_new, log),
            Kind::Claim => places.put_charge(key, bytes.map(Charge::decode_claim).transpose()?, is_new, log),
            Kind::Ledger | Kind::Pool | Kind::Department | Kind::Allocation | Kind::Request | Kind::Decision => {}
        }
        Ok(())
    }

    fn put_quota(&mut self, key: Key<'_>, quota: Option<Quota>) {
        let Self { promises, places, lowered, log, .. } = self;
        if key.name != names::MANAGED_QUOTA {
            return;
        }
        let before = places.fence(key.namespace).cloned();
        places.put_quota(key, quota, log);
        let Some(quota) = places.quota(key.namespace).filter(|quota| quota.is_marked) else { return };
        let Some((uid, revision)) = places.fence(key.namespace) else { return };
        let object = format!("quota of {}", key.namespace);
        if before.is_some_and(|(before, last)| before == *uid && last > *revision) {
            log.find(Check::Fence, &object, format!("its fence went back to revision {revision}"));
        }
        let Some(promised) = promises.ledger(uid) else {
            if log.is_whole {
                log.find(Check::Fence, &object, format!("its fence names ledger {uid}, which never was in the hub"));
            }
            return;
        };
        if *revision > promised.revision {
            let last = promised.revision;
            log.find(Check::Fence, &object, format!("its fence names revision {revision}, its ledger came to {last}"));
            return;
        }
        let entry = promised.entry_of(key.namespace, *revision);
        // What the hub said before its history was read isn't known.
        if entry.is_none() && !log.is_whole {
            return;
        }
        let share = entry.map_or(Amounts::ZERO, |entry| share(entry, key.namespace));
        let beyond = quota.asked().beyond(share);
        let object = format!("namespace {} of pool {}", key.namespace, promised.pool);
        if log.is_worse(&object, beyond) {
            let message = format!("its quota allows {}, at its fence {revision} its share was {share}", quota.asked());
            log.find(Check::B, &object, message);
            log.measure(Check::B, &object, beyond);
        }
        if quota.enforced().is_some_and(|enforced| enforced.beyond(share).is_zero()) {
            lowered.entry((uid.clone(), key.namespace.to_owned())).or_default().insert(*revision);
        }
    }

    /// The releases that nothing in this cluster bears out are findings too.
    #[must_use]
    pub fn finish(mut self) -> Report {
        "the hub's ledger".clone_into(&mut self.log.culprit);
        let promises = Arc::clone(&self.promises);
        let cluster = self.places.cluster().unwrap_or_default().to_owned();
        for (uid, promised) in promises.of_cluster(&cluster) {
            self.check_releases(uid, promised);
        }
        self.log.report
    }

    /// Uid of its kube-system.
    #[must_use]
    pub fn cluster(&self) -> Option<&str> {
        self.places.cluster()
    }

    fn check_releases(&mut self, uid: &str, promised: &Promised) {
        let mut allocations: Vec<_> = promised.entries.iter().collect();
        allocations.sort_by_key(|(allocation, _)| *allocation);
        for (allocation, states) in allocations {
            for pair in states.windows(2) {
                let [(_, Some(before)), (at, after)] = pair else { continue };
                if !is_release(before, after.as_deref()) {
                    continue;
                }
                let missing = before.places().filter(|one| !self.is_borne_out(uid, one, before.revision));
                let missing: Vec<String> = missing.cloned().collect();
                for namespace in missing {
                    let object = super::ledgers::name_of(&promised.pool, allocation);
                    let message = format!(
                        "ledger revision {at} gave back what {namespace} never was seen without: no quota there \
                         enforced its share under fence {}",
                        before.revision,
                    );
                    self.log.find(Check::B, object, message);
                }
            }
        }
    }

    /// The namespace had its lower quota in force, or was gone, or never was.
    fn is_borne_out(&self, uid: &str, namespace: &str, revision: i64) -> bool {
        let lowered = self.lowered.get(&(uid.to_owned(), namespace.to_owned()));
        let is_lowered = lowered.is_some_and(|lowered| lowered.contains(&revision));
        is_lowered || self.gone.contains(namespace) || !self.seen.contains(namespace)
    }
}

/// Something that drained was given back, on evidence gathered at the entry's revision.
fn is_release(before: &Entry, after: Option<&Entry>) -> bool {
    let Some(after) = after else { return !before.draining.is_zero() };
    after.revision == before.revision && !before.draining.beyond(after.draining).is_zero()
}

fn share(entry: &Entry, namespace: &str) -> Amounts {
    entry.shares.get(namespace).copied().unwrap_or_default()
}
