//! What a pass asks of the ledger, and what comes out. No client, no clock.

mod gather;

use std::sync::Arc;

use jiff::Timestamp;
use ledger::{AllocationKey, Decision, Ledger, Reason, Request, Rules, Sequence, decide};
use resources::snapshot;
use resources::v1alpha1::{PoolLedgerSpec, PoolOrder};

use self::gather::{Item, Origin, gather};
use super::halt::{self, Halt};
use super::journal::{self, Change};
use super::observe::{Cluster, Observed};
use super::verdicts::{Told, Verdict};

/// Changes one commit takes at most: a record of them must fit the journal, and a pass must not
/// keep the next one waiting for long. What waits and changes nothing doesn't count.
pub const CHANGES_MAX: usize = 256;

/// What a pass has decided.
#[derive(Debug, Default)]
pub struct Plan {
    /// The ledger after the pass and the object to commit, if anything changed.
    pub next: Option<(Ledger, PoolLedgerSpec)>,
    /// Answers to the desk's questions, in their order; `None` for those that the pass didn't come
    /// to.
    pub answers: Vec<Option<Decision>>,
    /// What allocations hear.
    pub told: Vec<Told>,
    /// Allocations whose entry this pass changed.
    pub changed: Vec<AllocationKey>,
    /// Changes of this pass, also of departments and the pool.
    pub changes: usize,
    /// There is more to decide than one commit takes.
    pub has_more: bool,
    /// Why nothing may be decided at all.
    pub halted: Option<Halt>,
    /// What was decided on, and what pool and departments hear of it.
    pub outcome: Arc<Outcome>,
}

/// What a pass was asked, and what came of it. Asked the same of the same ledger again it would
/// say the same, so it isn't asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    asked: Asked,
    /// Why the pool's capacity was not accepted.
    pub capacity_refused: Option<Reason>,
    /// Why a department's ceiling or place was not accepted.
    pub departments_refused: Vec<(String, Reason)>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    ledger_uid: String,
    revision: u64,
    sequence: Sequence,
    closed: Option<Reason>,
    requests: Vec<Request>,
}

#[must_use]
pub fn plan(observed: &Observed, now: Timestamp) -> Plan {
    if let Some(halt) = halt(observed) {
        let refused = Decision::Refuse(Reason::from(&halt));
        let answers = vec![Some(refused); observed.asked.len()];
        return Plan { answers, halted: Some(halt), ..Plan::default() };
    }
    let (items, invalid) = gather(observed, now);
    let asked = asked(observed, &items);
    let mut plan = match &observed.last {
        Some(last) if observed.asked.is_empty() && last.asked == asked => {
            Plan { outcome: Arc::clone(last), ..Plan::default() }
        }
        _ => settle(observed, items, asked, now),
    };
    plan.told.extend(invalid);
    plan
}

fn halt(observed: &Observed) -> Option<Halt> {
    let snapshot = &observed.snapshot;
    match &observed.cluster {
        Cluster::Unreachable(silence) if snapshot.cluster_uid.is_empty() => {
            return Some(Halt::ClusterUnreachable { silence: silence.clone() });
        }
        Cluster::Reached { uid } if snapshot.cluster_uid != *uid => {
            return Some(Halt::ClusterChanged { known: snapshot.cluster_uid.clone(), now: uid.clone() });
        }
        Cluster::Reached { .. } | Cluster::Unreachable(_) => {}
    }
    let (ledger, fence) = (snapshot.ledger.revision, observed.highest_fence);
    (fence > ledger).then_some(Halt::LedgerBehindQuotas { ledger, fence })
}

fn asked(observed: &Observed, items: &[Item]) -> Asked {
    Asked {
        ledger_uid: observed.snapshot.uid.clone(),
        revision: observed.snapshot.ledger.revision,
        sequence: match observed.pool.spec.order {
            PoolOrder::Unordered => Sequence::Unordered,
            PoolOrder::Ordered => Sequence::Ordered,
        },
        closed: if observed.is_terminating() {
            Some(Reason::PoolTerminating)
        } else {
            halt::closed(observed.cluster.silence(), &observed.drifts)
        },
        requests: items.iter().map(|item| item.request.clone()).collect(),
    }
}

/// Decides on all items in one pass and sorts out what follows from each.
fn settle(observed: &Observed, items: Vec<Item>, asked: Asked, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    let mut outcome = Outcome { asked, ..Outcome::default() };
    if items.is_empty() {
        plan.outcome = Arc::new(outcome);
        return plan;
    }
    let Asked { sequence, closed, .. } = &outcome.asked;
    let rules = Rules { sequence: *sequence, closed: closed.clone(), changes_max: CHANGES_MAX };
    let decided = decide(&observed.snapshot.ledger, &outcome.asked.requests, rules);
    plan.has_more = !decided.left.is_empty();
    let mut changes = Vec::new();
    for (index, (item, decision)) in items.into_iter().zip(decided.decisions).enumerate() {
        if decided.left.contains(&index) {
            if matches!(item.origin, Origin::Desk) {
                plan.answers.push(None);
            }
            continue;
        }
        let allocation = item.request.ask.allocation();
        if let Decision::Grant { before, after } = decision {
            plan.changed.extend(allocation.cloned());
            changes.push(Change { allocation: allocation.cloned(), cause: item.cause, before, after });
        }
        let reason = match &decision {
            Decision::Wait(reason) | Decision::Refuse(reason) => Some(reason.clone()),
            Decision::Grant { .. } | Decision::Unchanged => None,
        };
        match (item.origin, allocation) {
            (Origin::Desk, _) => plan.answers.push(Some(decision)),
            (Origin::Capacity, _) => outcome.capacity_refused = reason,
            (Origin::Department(name), _) => {
                outcome.departments_refused.extend(reason.map(|reason| (name, reason)));
            }
            (Origin::Allocation { uid, since }, Some(key)) => {
                let verdict = reason.map(Verdict::NotGranted);
                plan.told.push(Told { key: key.clone(), uid, verdict, since });
            }
            (Origin::Allocation { .. } | Origin::Ledger, _) => {}
        }
    }
    plan.changes = changes.len();
    if !changes.is_empty() {
        let spec = commit(observed, &decided.ledger, &changes, now);
        plan.next = Some((decided.ledger, spec));
    }
    plan.outcome = Arc::new(outcome);
    plan
}

/// The object to commit. The journal takes what room the ledger leaves it.
fn commit(observed: &Observed, ledger: &Ledger, changes: &[Change], now: Timestamp) -> PoolLedgerSpec {
    let mut spec = snapshot::spec(ledger, observed.snapshot.cluster_uid.clone(), Vec::new());
    let room = journal::room(journal::stored(&spec));
    spec.journal = journal::append(&observed.snapshot.journal, spec.revision, now, changes, room);
    spec
}

#[cfg(test)]
mod tests;
