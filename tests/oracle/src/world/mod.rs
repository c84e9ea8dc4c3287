//! Everything that counts, as it stood at one revision, and what is checked when it moves on.
//!
//! An event changes a few objects and marks what they touch; when the next revision begins, what
//! was marked is checked as it then stands. So the work follows what changes, not what there is.

mod decisions;
mod leaks;
mod ledgers;
mod limits;
mod member;
mod places;
mod promises;
mod returns;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use crate::amounts::{Amounts, Kind as Resource};
use crate::decode::{Allocation, Charge, Decision, Department, Key, Kind, Namespace, Pool, Quota, Request};
use crate::report::{Admitted, Check, Finding, OverGrant, Report};
use crate::source::Error;
use decisions::Decisions;
use ledgers::Ledgers;
use limits::Limits;
pub use member::Member;
use places::Places;
pub use promises::Promises;

/// One key that was written or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub key: String,
    pub change: Change,
}

/// What was done to a key, with the object as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Created(Vec<u8>),
    Updated(Vec<u8>),
    Deleted,
    /// It was there when the reading began.
    Found(Vec<u8>),
}

/// The state at one revision, and what was found up to it.
#[derive(Debug)]
pub struct World {
    ledgers: Ledgers,
    limits: Limits,
    places: Places,
    decisions: Decisions,
    promises: Promises,
    touched: Touched,
    log: Log,
}

/// What has to be looked at when the revision is over.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// Pool and allocation.
    entries: BTreeSet<(String, String)>,
    namespaces: BTreeSet<String>,
}

/// Where findings go, with what all of them have in common.
#[derive(Debug)]
pub(crate) struct Log {
    report: Report,
    revision: i64,
    /// The key that is being written.
    culprit: String,
    /// The history was read from its first revision, so what isn't known never was.
    is_whole: bool,
    /// What is beyond a bound for each object that is in violation: it is told again only when it
    /// gets worse.
    standing: HashMap<String, Amounts>,
}

impl World {
    /// `is_whole`: the events begin with the first revision. Otherwise they begin with what was
    /// found at some revision.
    #[must_use]
    pub fn new(is_whole: bool) -> Self {
        Self {
            ledgers: Ledgers::default(),
            limits: Limits::default(),
            places: Places::default(),
            decisions: Decisions::default(),
            promises: Promises::default(),
            touched: Touched::default(),
            log: Log::new(is_whole),
        }
    }

    /// What happened next. Revisions never go down. An object that can't be read is an error: of a
    /// state that isn't known nothing can be said.
    pub fn apply(&mut self, revision: i64, event: Event) -> Result<(), Error> {
        let Some(key) = Key::parse(&event.key) else { return Ok(()) };
        if revision != self.log.revision {
            self.settle();
        }
        self.log.begin(revision, &event.key);
        let (bytes, is_new) = event.change.into_bytes();
        self.take(key, bytes.as_deref(), is_new).map_err(|why| Error::Unreadable { key: event.key, revision, why })
    }

    /// What its ledgers said to clusters that aren't this one.
    #[must_use]
    pub fn promises(&self) -> Promises {
        self.promises.clone()
    }

    /// Checks the last revision too, and hands out what was found.
    #[must_use]
    pub fn finish(mut self, is_quiet: bool) -> Report {
        self.settle();
        if is_quiet {
            leaks::look(&self.ledgers, &self.places, &self.decisions, &mut self.log);
        }
        self.log.report.unread_pools = self.ledgers.elsewhere(self.places.cluster());
        self.log.report
    }

    fn take(&mut self, key: Key<'_>, bytes: Option<&[u8]>, is_new: bool) -> Result<(), String> {
        let Self { ledgers, limits, places, decisions, promises, touched, log } = self;
        let read = bytes;
        match key.kind {
            Kind::Ledger => {
                let before = ledgers.put(key.name, read, limits, touched, log);
                returns::check(key.name, before.as_deref(), ledgers, places, log);
                decisions.follow(key.name, before.as_deref(), ledgers, log);
                if let Some(next) = ledgers.get(key.name) {
                    promises.follow(key.name, before.as_deref(), next, places.cluster());
                }
            }
            Kind::Pool => limits.put_pool(read.map(Pool::decode).transpose()?),
            Kind::Department => limits.put_department(read.map(Department::decode).transpose()?),
            Kind::Allocation => decisions.put_allocation(key, read.map(Allocation::decode).transpose()?),
            Kind::Request => decisions.put_request(key, read.map(Request::decode).transpose()?),
            Kind::Decision => decisions.put(key, read.map(Decision::decode).transpose()?, ledgers, log),
            Kind::Namespace => places.put_namespace(key.name, read.map(Namespace::decode).transpose()?),
            Kind::Quota => {
                let quota = read.map(Quota::decode).transpose()?;
                let before = places.fence(key.namespace).cloned();
                places.put_quota(key, quota, log);
                places.check_fence(key, before.as_ref(), ledgers, log);
                touched.namespaces.insert(key.namespace.to_owned());
            }
            Kind::Pod => places.put_charge(key, read.map(Charge::decode_pod).transpose()?, is_new, log),
            Kind::Claim => places.put_charge(key, read.map(Charge::decode_claim).transpose()?, is_new, log),
        }
        Ok(())
    }

    /// The revision is over: checks invariant B where something moved.
    fn settle(&mut self) {
        let Self { ledgers, places, touched, log, .. } = self;
        for namespace in std::mem::take(&mut touched.namespaces) {
            match ledgers.owner(&namespace, places.fence_of(&namespace)) {
                Some((pool, allocation)) => drop(touched.entries.insert((pool.to_owned(), allocation.to_owned()))),
                None => places.check_unowned(&namespace, log),
            }
        }
        for (pool, allocation) in std::mem::take(&mut touched.entries) {
            places.check_entry(&pool, &allocation, ledgers, log);
        }
    }
}

impl Change {
    /// The object as it is stored now, and whether it begins with this.
    fn into_bytes(self) -> (Option<Vec<u8>>, bool) {
        match self {
            Self::Created(bytes) => (Some(bytes), true),
            Self::Updated(bytes) | Self::Found(bytes) => (Some(bytes), false),
            Self::Deleted => (None, false),
        }
    }
}

impl Log {
    fn new(is_whole: bool) -> Self {
        let (report, standing) = (Report::default(), HashMap::new());
        Self { report, revision: 0, culprit: String::new(), is_whole, standing }
    }

    fn begin(&mut self, revision: i64, key: &str) {
        self.revision = revision;
        key.clone_into(&mut self.culprit);
        self.report.events += 1;
    }

    pub(crate) fn find(&mut self, check: Check, object: impl Into<String>, message: impl Into<String>) {
        let (revision, object) = (self.revision, object.into());
        let message = format!("{} (written: {})", message.into(), self.culprit);
        self.report.find(Finding { check, revision, object, message });
    }

    pub(crate) fn measure(&mut self, check: Check, object: &str, beyond: Amounts) {
        for (resource, amount) in beyond.present() {
            let (object, revision, culprit) = (object.to_owned(), self.revision, self.culprit.clone());
            self.report.measure(OverGrant { check, resource, amount, object, revision, culprit });
        }
    }

    /// Remembers how far an object is beyond its bound, and says whether that is worse than before.
    pub(crate) fn is_worse(&mut self, object: &str, beyond: Amounts) -> bool {
        if beyond.is_zero() {
            self.standing.remove(object);
            return false;
        }
        let before = self.standing.insert(object.to_owned(), beyond).unwrap_or_default();
        !beyond.beyond(before).is_zero()
    }

    pub(crate) fn admit(&mut self, resource: Resource, amount: u128, namespace: &str) {
        let (namespace, revision, culprit) = (namespace.to_owned(), self.revision, self.culprit.clone());
        self.report.admit(Admitted { resource, amount, namespace, revision, culprit });
    }
}
