//! The one way to change a ledger.

use std::collections::BTreeSet;

use crate::change::{self, Change};
use crate::order::{Sequence, order};
use crate::pass::Pass;
use crate::{AllocationKey, Ask, Bundle, Department, Entry, Ledger, Position, Reason, Request, size};

/// What became of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Done; the ledger has changed. Says what the allocation had and has.
    Grant { before: Position, after: Position },
    /// It was done before, or is older than what was done: nothing changed.
    Unchanged,
    /// Not now; it is asked again when something has become free.
    Wait(Reason),
    /// No. Nothing changed.
    Refuse(Reason),
}

impl Decision {
    #[must_use]
    pub const fn is_grant(&self) -> bool {
        matches!(self, Self::Grant { .. })
    }
}

/// What holds for one pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    pub sequence: Sequence,
    /// The pool takes back, and gives nothing out: it is being deleted, or nobody knows what its
    /// quotas let in. Whoever asks for more hears this.
    pub closed: Option<Reason>,
    /// Changes that are made at most. What is behind them in turn is left for the next pass.
    pub changes_max: usize,
}

impl From<Sequence> for Rules {
    fn from(sequence: Sequence) -> Self {
        Self { sequence, closed: None, changes_max: usize::MAX }
    }
}

/// The ledger after a pass, and a decision for each request, in the order of the requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    pub ledger: Ledger,
    pub decisions: Vec<Decision>,
    /// Requests that the pass didn't come to, because it had made all its changes. Their decision
    /// is `Unchanged`.
    pub left: BTreeSet<usize>,
}

impl Decided {
    /// Whether there is anything to commit.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.decisions.iter().any(Decision::is_grant)
    }
}

/// Decides all `requests` in one ordered pass. The same input gives the same answer.
///
/// The new ledger's revision is one higher if anything changed, whatever the number of changes:
/// they are meant to be committed together, in one write.
#[must_use]
pub fn decide(ledger: &Ledger, requests: &[Request], rules: impl Into<Rules>) -> Decided {
    let Rules { sequence, closed, changes_max } = rules.into();
    let mut pass = Pass::over(ledger, closed);
    let revision = ledger.revision + 1;
    let mut decisions = vec![Decision::Unchanged; requests.len()];
    let mut left = BTreeSet::new();
    let mut waiting: Option<&AllocationKey> = None;
    let mut changes = 0;
    for index in order(&mut pass, requests) {
        if changes == changes_max {
            left.insert(index);
            continue;
        }
        let ask = &requests[index].ask;
        let ahead = waiting.filter(|_| sequence == Sequence::Ordered);
        let decision = decide_one(&mut pass, ask, revision, ahead);
        if let (Decision::Wait(reason), None) = (&decision, waiting)
            && reason.is_shortage()
        {
            waiting = ask.allocation();
        }
        changes += usize::from(decision.is_grant());
        decisions[index] = decision;
    }
    let revision = if changes > 0 { revision } else { ledger.revision };
    Decided { ledger: pass.into_ledger(revision), decisions, left }
}

fn decide_one<'a>(pass: &mut Pass<'a>, ask: &'a Ask, revision: u64, ahead: Option<&AllocationKey>) -> Decision {
    match ask {
        Ask::Capacity { capacity, uid, generation, accept_overcommit } => {
            set_capacity(pass, *capacity, uid, *generation, *accept_overcommit)
        }
        Ask::Department { department, parent, ceiling, uid, generation, accept_overcommit } => {
            let after = Department { parent: parent.clone(), ceiling: *ceiling, generation: *generation };
            set_department(pass, department, uid, after, *accept_overcommit)
        }
        Ask::RemoveDepartment { department } => remove_department(pass, department),
        // Only allocations that an admin wrote directly may wait: what a request brought about has
        // its hold, so it fits.
        Ask::Target { allocation, uid, generation, shares, decision } => {
            let change = |entry: &Entry| change::target(entry, uid, *generation, shares, decision.as_deref());
            let decision = settle(pass, allocation, change, revision, ahead, Decision::Wait);
            if decision.is_grant() {
                let number = pass.number(allocation);
                pass.own(number, shares);
            }
            decision
        }
        Ask::Hold { allocation, request, uid, decision, target } => {
            let change = |entry: &Entry| change::hold(entry, request, uid, decision, *target);
            settle(pass, allocation, change, revision, ahead, Decision::Refuse)
        }
        Ask::Remove { allocation, uid } => {
            let change = |entry: &Entry| change::remove(entry, uid);
            settle(pass, allocation, change, revision, ahead, Decision::Refuse)
        }
        Ask::Unhold { allocation, uid } => {
            let change = |entry: &Entry| change::unhold(entry, uid);
            settle(pass, allocation, change, revision, ahead, Decision::Refuse)
        }
        Ask::Release { allocation, revision: evidence, used, gone } => {
            let change = |entry: &Entry| change::release(entry, *evidence, used, gone);
            settle(pass, allocation, change, revision, ahead, Decision::Refuse)
        }
    }
}

/// Changes an entry if the change fits, and says what became of the request.
fn settle<'a>(
    pass: &mut Pass<'a>,
    key: &'a AllocationKey,
    change: impl FnOnce(&Entry) -> Change,
    revision: u64,
    ahead: Option<&AllocationKey>,
    otherwise: fn(Reason) -> Decision,
) -> Decision {
    let number = pass.number(key);
    let before = pass.entry(number).position();
    let (mut entry, requotas) = match change(pass.entry(number)) {
        Change::Entry { entry, requotas } => (entry, requotas),
        Change::Nothing => return Decision::Unchanged,
        Change::NotNow(reason) => return otherwise(reason),
        Change::Never(reason) => return Decision::Refuse(reason),
    };
    let after = entry.position();
    if let (true, Some(ahead)) = (after.grows_from(before), ahead) {
        return otherwise(Reason::BehindAnother { ahead: ahead.clone() });
    }
    if requotas {
        entry.revision = revision;
    }
    let bytes = size::line(key, &entry, after);
    let admitted = pass
        .admit_promise(number, before, after)
        .and_then(|()| pass.admit(number, before, after))
        .and_then(|()| pass.admit_entry(number, &entry))
        .and_then(|()| pass.admit_size(number, bytes, after.grows_from(before)));
    if let Err(reason) = admitted {
        return otherwise(reason);
    }
    pass.put(number, entry, (before, after), bytes);
    Decision::Grant { before, after }
}

fn set_capacity(
    pass: &mut Pass<'_>,
    capacity: Bundle,
    uid: &str,
    generation: i64,
    accept_overcommit: bool,
) -> Decision {
    if pass.pool_uid.as_deref().is_none_or(|known| known == uid) && generation <= pass.pool_generation {
        return Decision::Unchanged;
    }
    if let Some(resource) = change::too_large([&capacity]) {
        return Decision::Refuse(Reason::AmountTooLarge { resource });
    }
    if let (false, Err(reason)) = (accept_overcommit, pass.admit_capacity(capacity)) {
        return Decision::Refuse(reason);
    }
    pass.capacity = capacity;
    pass.pool_uid = Some(uid.to_owned());
    pass.pool_generation = generation;
    Decision::Grant { before: Position::default(), after: Position::default() }
}

fn set_department(pass: &mut Pass<'_>, name: &str, uid: &str, after: Department, accept_overcommit: bool) -> Decision {
    if pass.departments().knows(name, uid, after.generation) {
        return Decision::Unchanged;
    }
    if let Some(parent) = &after.parent
        && pass.departments().would_break(name, parent)
    {
        return Decision::Refuse(Reason::DepartmentCycle { department: name.to_owned(), parent: parent.clone() });
    }
    if let Err(reason) = pass.admit_department(name, &after, accept_overcommit) {
        return Decision::Refuse(reason);
    }
    pass.put_department(name, uid, after);
    Decision::Grant { before: Position::default(), after: Position::default() }
}

fn remove_department(pass: &mut Pass<'_>, name: &str) -> Decision {
    if pass.departments().get(name).is_none() {
        return Decision::Unchanged;
    }
    let in_use = !pass.department_out(name).is_zero() || pass.departments().has_children(name);
    if in_use {
        return Decision::Refuse(Reason::DepartmentInUse { department: name.to_owned() });
    }
    pass.remove_department(name);
    Decision::Grant { before: Position::default(), after: Position::default() }
}
