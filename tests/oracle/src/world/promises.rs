//! What ledgers whose quotas are in other clusters said at each of their revisions.

use std::collections::HashMap;
use std::sync::Arc;

use crate::decode::{Entry, Ledger};

/// By the ledger's uid. Kept from the hub's history, and read when a member's is.
#[derive(Clone, Debug, Default)]
pub struct Promises(HashMap<String, Promised>);

/// One ledger.
#[derive(Clone, Debug, Default)]
pub(crate) struct Promised {
    pub(crate) pool: String,
    pub(crate) cluster: String,
    /// Its last revision.
    pub(crate) revision: i64,
    /// By allocation, the oldest first.
    pub(crate) entries: HashMap<String, Vec<State>>,
}

/// From which ledger revision on, and what an entry was then; nothing: it was gone.
pub(crate) type State = (i64, Option<Arc<Entry>>);

impl Promises {
    /// After a commit of a ledger.
    pub(crate) fn follow(&mut self, pool: &str, before: Option<&Ledger>, next: &Ledger, here: Option<&str>) {
        if next.cluster_uid.is_empty() || here == Some(next.cluster_uid.as_str()) {
            return;
        }
        let promised = self.0.entry(next.uid.clone()).or_default();
        pool.clone_into(&mut promised.pool);
        promised.cluster.clone_from(&next.cluster_uid);
        promised.revision = next.revision;
        let before = before.filter(|before| before.uid == next.uid);
        let mut say = |allocation: &String, entry| {
            promised.entries.entry(allocation.clone()).or_default().push((next.revision, entry));
        };
        for (allocation, _) in before.iter().flat_map(|before| &before.entries) {
            if !next.entries.contains_key(allocation) {
                say(allocation, None);
            }
        }
        for (line, entry) in &next.lines {
            if before.is_none_or(|before| !before.lines.contains_key(line)) {
                say(&entry.allocation, Some(Arc::clone(entry)));
            }
        }
    }

    pub(crate) fn ledger(&self, uid: &str) -> Option<&Promised> {
        self.0.get(uid)
    }

    /// The pools whose quotas are in this cluster.
    #[must_use]
    pub fn pools_of(&self, cluster: &str) -> Vec<String> {
        self.of_cluster(cluster).map(|(_, promised)| promised.pool.clone()).collect()
    }

    /// The ledgers with their uids whose quotas are in this cluster.
    pub(crate) fn of_cluster(&self, cluster: &str) -> impl Iterator<Item = (&String, &Promised)> {
        self.0.iter().filter(move |(_, promised)| promised.cluster == cluster)
    }
}

impl Promised {
    /// The entry that had a namespace while its own revision was this.
    pub(crate) fn entry_of(&self, namespace: &str, revision: i64) -> Option<&Entry> {
        let states = self.entries.values().flatten().filter_map(|(_, entry)| entry.as_deref());
        let mut matching = states.filter(|entry| entry.revision == revision);
        matching.find(|entry| entry.places().any(|place| place == namespace))
    }
}
