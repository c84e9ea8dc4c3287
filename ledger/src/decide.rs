//! The one way to change a ledger.

use crate::change::{self, Change};
use crate::order::{Sequence, order};
use crate::pass::Pass;
use crate::{AllocationKey, Ask, Department, ENTRIES_MAX, Entry, Ledger, Position, Reason, Request};

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

/// The ledger after a pass, and a decision for each request, in the order of the requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    pub ledger: Ledger,
    pub decisions: Vec<Decision>,
}

impl Decided {
    /// Whether there is anything to commit.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.decisions.iter().any(|decision| matches!(decision, Decision::Grant { .. }))
    }
}

/// Decides all `requests` in one ordered pass. The same input gives the same answer.
///
/// The new ledger's revision is one higher if anything changed, whatever the number of changes:
/// they are meant to be committed together, in one write.
#[must_use]
pub fn decide(ledger: &Ledger, requests: &[Request], sequence: Sequence) -> Decided {
    let mut pass = Pass::over(ledger);
    let revision = ledger.revision + 1;
    let mut decisions = vec![Decision::Unchanged; requests.len()];
    let mut waiting: Option<AllocationKey> = None;
    for index in order(ledger, requests) {
        let ask = &requests[index].ask;
        let ahead = waiting.as_ref().filter(|_| sequence == Sequence::Ordered);
        let decision = decide_one(&mut pass, ask, revision, ahead);
        if let (Decision::Wait(_), None, Some(key)) = (&decision, &waiting, ask.allocation()) {
            waiting = Some(key.clone());
        }
        decisions[index] = decision;
    }
    let mut decided = Decided { ledger: pass.ledger, decisions };
    if decided.has_changes() {
        decided.ledger.revision = revision;
    }
    decided
}

fn decide_one(pass: &mut Pass, ask: &Ask, revision: u64, ahead: Option<&AllocationKey>) -> Decision {
    let nothing = Entry::default();
    let entry = |pass: &Pass, key: &AllocationKey| pass.ledger.entries.get(key).cloned();
    match ask {
        Ask::Capacity { capacity, generation, accept_overcommit } => {
            set_capacity(pass, *capacity, *generation, *accept_overcommit)
        }
        Ask::Department { department, parent, ceiling, generation, accept_overcommit } => {
            let after = Department { parent: parent.clone(), ceiling: *ceiling, generation: *generation };
            set_department(pass, department, after, *accept_overcommit)
        }
        Ask::RemoveDepartment { department } => remove_department(pass, department),
        Ask::Target { allocation, uid, generation, shares, decision } => {
            let before = entry(pass, allocation).unwrap_or(nothing);
            let change = change::target(&before, uid, *generation, shares, decision.as_deref());
            // Only allocations that an admin wrote directly may wait: what a request brought about
            // has its hold, so it fits.
            settle(pass, allocation, before, change, revision, ahead, Decision::Wait)
        }
        Ask::Hold { allocation, request, uid, decision, target } => {
            let before = entry(pass, allocation).unwrap_or(nothing);
            let change = change::hold(&before, request, uid, decision, *target);
            settle(pass, allocation, before, change, revision, ahead, Decision::Refuse)
        }
        Ask::Remove { allocation, uid } => {
            let Some(before) = entry(pass, allocation) else { return Decision::Unchanged };
            let change = change::remove(&before, uid);
            settle(pass, allocation, before, change, revision, ahead, Decision::Refuse)
        }
        Ask::Unhold { allocation, uid } => {
            let Some(before) = entry(pass, allocation) else { return Decision::Unchanged };
            let change = change::unhold(&before, uid);
            settle(pass, allocation, before, change, revision, ahead, Decision::Refuse)
        }
        Ask::Release { allocation, revision: evidence, used, gone } => {
            let Some(before) = entry(pass, allocation) else { return Decision::Unchanged };
            let change = change::release(&before, *evidence, used, gone);
            settle(pass, allocation, before, change, revision, ahead, Decision::Refuse)
        }
    }
}

/// Puts a changed entry into the ledger if it fits, and says what became of the request.
fn settle(
    pass: &mut Pass,
    key: &AllocationKey,
    before: Entry,
    change: Change,
    revision: u64,
    ahead: Option<&AllocationKey>,
    otherwise: fn(Reason) -> Decision,
) -> Decision {
    let (mut entry, requotas) = match change {
        Change::Entry { entry, requotas } => (entry, requotas),
        Change::Nothing => return Decision::Unchanged,
        Change::NotNow(reason) => return otherwise(reason),
    };
    let (then, now) = (before.position(), entry.position());
    let grows = now.grown_since(then).next().is_some();
    if let (true, Some(ahead)) = (grows, ahead) {
        return otherwise(Reason::BehindAnother { ahead: ahead.clone() });
    }
    if let Err(reason) = pass.admit(key, then, now) {
        return otherwise(reason);
    }
    if !pass.ledger.entries.contains_key(key) && pass.ledger.entries.len() >= ENTRIES_MAX {
        return otherwise(Reason::LedgerFull { limit: ENTRIES_MAX });
    }
    if requotas {
        entry.revision = revision;
    }
    pass.put(key, entry);
    Decision::Grant { before: then, after: now }
}

fn set_capacity(pass: &mut Pass, capacity: crate::Bundle, generation: i64, accept_overcommit: bool) -> Decision {
    if generation <= pass.ledger.pool_generation {
        return Decision::Unchanged;
    }
    if let (false, Err(reason)) = (accept_overcommit, pass.admit_capacity(capacity)) {
        return Decision::Refuse(reason);
    }
    pass.ledger.capacity = capacity;
    pass.ledger.pool_generation = generation;
    Decision::Grant { before: Position::default(), after: Position::default() }
}

fn set_department(pass: &mut Pass, name: &str, after: Department, accept_overcommit: bool) -> Decision {
    if pass.ledger.departments.get(name).is_some_and(|known| after.generation <= known.generation) {
        return Decision::Unchanged;
    }
    if let Some(parent) = &after.parent
        && pass.ledger.departments.would_break(name, parent)
    {
        return Decision::Refuse(Reason::DepartmentCycle { department: name.to_owned(), parent: parent.clone() });
    }
    if let (false, Err(reason)) = (accept_overcommit, pass.admit_department(name, &after)) {
        return Decision::Refuse(reason);
    }
    pass.put_department(name, after);
    Decision::Grant { before: Position::default(), after: Position::default() }
}

fn remove_department(pass: &mut Pass, name: &str) -> Decision {
    if pass.ledger.departments.get(name).is_none() {
        return Decision::Unchanged;
    }
    let in_use = !pass.subtree(name).total().is_zero() || pass.ledger.departments.has_children(name);
    if in_use {
        return Decision::Refuse(Reason::DepartmentInUse { department: name.to_owned() });
    }
    pass.remove_department(name);
    Decision::Grant { before: Position::default(), after: Position::default() }
}
