//! What drained and was given back must not be in use.
//!
//! Invariant B bounds what quotas allow, not what runs: a pod may use more than the quota that was
//! lowered beneath it. So after a commit in which an entry's draining falls, and with it what is
//! counted for the entry, pods and claims in its namespaces must fit what is still counted.
//!
//! Only where pods and ledger are in one etcd: between two nobody knows which revision was first.

use std::collections::BTreeSet;

use super::Log;
use super::ledgers::{Ledgers, name_of};
use super::places::Places;
use crate::amounts::{Amounts, Kind};
use crate::decode::{Entry, Ledger};
use crate::report::Check;

/// After a commit to the ledger of a pool.
pub(crate) fn check(pool: &str, before: Option<&Ledger>, ledgers: &Ledgers, places: &Places, log: &mut Log) {
    let Some(next) = ledgers.get(pool) else { return };
    let Some(before) = before.filter(|before| before.uid == next.uid) else { return };
    if !next.cluster_uid.is_empty() && places.cluster().is_some_and(|cluster| cluster != next.cluster_uid) {
        return;
    }
    let changed = before.lines.iter().filter(|(line, _)| !next.lines.contains_key(*line));
    let mut drained: Vec<&Entry> =
        changed.map(|(_, entry)| entry.as_ref()).filter(|entry| !entry.draining.is_zero()).collect();
    drained.sort_by(|a, b| a.allocation.cmp(&b.allocation));
    for was in drained {
        let nothing = Entry::default();
        let is = next.entries.get(&was.allocation).map_or(&nothing, AsRef::as_ref);
        let given_back = given_back(was, is);
        if given_back.is_zero() {
            continue;
        }
        let of = (pool, was.allocation.as_str());
        let own: BTreeSet<&String> = was.places().chain(is.places()).collect();
        // A namespace may have gone over to another pool, with all that runs there.
        let is_own =
            |namespace: &&&String| ledgers.owner(namespace, places.fence_of(namespace)).is_none_or(|owner| owner == of);
        let used: Amounts = own.iter().filter(is_own).map(|namespace| places.used_by_right(namespace)).sum();
        let left = is.usable();
        let beyond = only(used.beyond(left), given_back);
        if !beyond.is_zero() {
            let object = name_of(pool, &was.allocation);
            let message = format!("{given_back} was given back, pods and claims use {used}, and {left} is left for it");
            log.find(Check::Use, &object, message);
            log.measure(Check::Use, &object, beyond);
        }
    }
}

/// By how much less is counted for the entry, where its draining fell. What an entry takes of its own
/// draining to grow isn't given back.
fn given_back(was: &Entry, is: &Entry) -> Amounts {
    only(was.usable().beyond(is.usable()), was.draining.beyond(is.draining))
}

/// The amounts of those resources in which there is something of the other.
fn only(amounts: Amounts, other: Amounts) -> Amounts {
    let keep = |kind: Kind| if other.of(kind) > 0 { amounts.of(kind) } else { 0 };
    Amounts(Kind::ALL.map(keep))
}
