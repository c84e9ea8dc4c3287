//! The end of a grant as its request lives it: warnings, the return to the base, expiry, renewal; and
//! what a Cancel or a Reclaim makes of the allocation. No client, no clock.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ledger::Bundle;
use resources::condition::{self, Saying};
use resources::v1alpha1::{
    Allocation, AllocationSpec, GrantTerm, HadBefore, HistoryRecord, Phase, QuotaDecision, QuotaRequestStatus,
    TakenBack, Verdict,
};
use resources::workflow::{self, Actor, Deed, HISTORY_MAX, Outcome, Role, Rules, SYSTEM};
use resources::{sharing, term};

use super::observe::Observed;
use super::staged;

/// Whom it is put before that more than the base is in use after the end of a temporary grant.
const ESCALATED_TO: Role = Role::ApproverAdmin;

/// What time has brought about in a request whose grant is in force, or has expired.
#[must_use]
pub fn step(observed: &Observed, now: Timestamp) -> Option<QuotaRequestStatus> {
    let status = observed.request.status.as_ref()?;
    let Some(allocation) = carried(observed) else { return superseded(observed, status, now) };
    let known = known_term(status, allocation, now);
    if status.phase == Some(Phase::Expired) {
        let renewed = !term::is_expired(&allocation.spec, now);
        return renewed
            .then(|| acted(observed, status, known, Deed::Renewed, "the grant's end was put off", now))
            .flatten();
    }
    let Some(running) = known else {
        return status.term.is_some().then(|| QuotaRequestStatus { term: None, ..status.clone() });
    };
    if running.ended_at.is_none() && term::is_over(&allocation.spec, now) {
        return ended(observed, status, running, allocation, now);
    }
    warned(observed, status, running, now)
}

/// When the term has something to say next.
#[must_use]
pub fn look_again(observed: &Observed, now: Timestamp) -> Option<Duration> {
    let status = observed.request.status.as_ref().filter(|status| status.phase == Some(Phase::Active))?;
    let term = known_term(status, carried(observed)?, now)?;
    let ahead = term::next_instant(&term, &observed.policy.warn_days, now)?.duration_since(now);
    ahead.is_positive().then(|| (ahead + SignedDuration::from_secs(1)).unsigned_abs())
}

/// The allocation, if it is what this request has brought about.
fn carried(observed: &Observed) -> Option<&Allocation> {
    let decision = observed.request.status.as_ref()?.decision.as_deref();
    observed.place().allocation.filter(|allocation| term::carries(allocation, decision))
}

/// The term that the allocation has. One whose end was moved begins its warnings anew.
fn known_term(status: &QuotaRequestStatus, allocation: &Allocation, now: Timestamp) -> Option<GrantTerm> {
    let lease = allocation.spec.lease.as_ref()?;
    term::ends_at(&allocation.spec)?;
    if let Some(known) = status.term.as_ref().filter(|known| known.ends_at == lease.expires_at) {
        return Some(GrantTerm { base: lease.base.clone(), ..known.clone() });
    }
    let mut steps = status.history.iter().rev();
    let began = steps.find(|record| record.to == Phase::Active && record.from != Some(Phase::Active));
    let since = status.term.as_ref().map(|term| term.since.clone()).or_else(|| began.map(|record| record.at.clone()));
    Some(GrantTerm {
        ends_at: lease.expires_at.clone(),
        since: since.unwrap_or_else(|| staged::whole_seconds(now)),
        base: lease.base.clone(),
        warned: vec![],
        ended_at: None,
        escalated_to: None,
    })
}

/// Another request has changed the grant: this one's has no end of its own any more.
fn superseded(observed: &Observed, status: &QuotaRequestStatus, now: Timestamp) -> Option<QuotaRequestStatus> {
    let allocation = observed.place().allocation;
    if status.phase == Some(Phase::Expired) {
        let lives = allocation.is_some_and(|allocation| !term::is_over(&allocation.spec, now));
        return lives
            .then(|| acted(observed, status, None, Deed::Renewed, "another request has renewed the grant", now))
            .flatten();
    }
    status.term.is_some().then(|| QuotaRequestStatus { term: None, ..status.clone() })
}

fn ended(
    observed: &Observed,
    status: &QuotaRequestStatus,
    running: GrantTerm,
    allocation: &Allocation,
    now: Timestamp,
) -> Option<QuotaRequestStatus> {
    let (deed, said) = if running.base.is_some() {
        // The allocation is written first: what the request says of it is so.
        if term::returned(&allocation.spec, now).is_some() {
            return None;
        }
        (Deed::ReclaimStarted, "the temporary grant has ended: back to what was there before")
    } else {
        (Deed::TermEnded, "the grant has ended: it keeps its size until an approver renews it or takes it back")
    };
    let term = GrantTerm { ended_at: Some(staged::whole_seconds(now)), ..running };
    acted(observed, status, Some(term), deed, said, now)
}

/// The status after what came about by itself; `None` where the table says that it doesn't.
fn acted(
    observed: &Observed,
    status: &QuotaRequestStatus,
    term: Option<GrantTerm>,
    deed: Deed,
    said: &str,
    now: Timestamp,
) -> Option<QuotaRequestStatus> {
    let by = if matches!(deed, Deed::Renewed) { Actor::operator() } else { Actor::system() };
    let standing = staged::standing(observed);
    let act = staged::by_itself(by, &standing, deed, now);
    let outcome = workflow::transition(&standing, &act, &Rules::from(&observed.policy)).ok()?;
    let mut next = outcome.status(status);
    if let Some(last) = next.history.last_mut() {
        said.clone_into(&mut last.reason);
    }
    next.term = term;
    Some(next)
}

fn warned(
    observed: &Observed,
    status: &QuotaRequestStatus,
    mut running: GrantTerm,
    now: Timestamp,
) -> Option<QuotaRequestStatus> {
    let due = term::warnings_due(&running, &observed.policy.warn_days, now);
    let mut next = status.clone();
    // Who was down over two warnings gives the nearer one alone.
    if let Some(days) = due.iter().min() {
        running.warned.extend(due.iter().copied().map(i64::from));
        let days = if *days == 1 { "1 day is left".to_owned() } else { format!("{days} days are left") };
        note(&mut next, format!("the grant ends at {}: {days}", running.ends_at), now);
    }
    next.term = Some(running);
    (next.term != status.term).then_some(next)
}

/// Puts it once before whoever decides that more than the base is in use after the end.
#[must_use]
pub fn escalated(observed: &Observed, now: Timestamp) -> Option<QuotaRequestStatus> {
    let status = observed.request.status.as_ref()?;
    let term = status.term.as_ref().filter(|term| term.ended_at.is_some() && term.escalated_to.is_none())?;
    let said = used_beyond(carried(observed)?)?;
    let mut next = status.clone();
    next.term = Some(GrantTerm { escalated_to: Some(ESCALATED_TO.name().to_owned()), ..term.clone() });
    note(&mut next, format!("escalated to {ESCALATED_TO}: {said}"), now);
    Some(next)
}

fn used_beyond(allocation: &Allocation) -> Option<&str> {
    let conditions = &allocation.status.as_ref()?.conditions;
    let said = condition::find(conditions, condition::OVERDUE)?;
    let is_now = said.observed_generation == allocation.metadata.generation;
    (said.status == "True" && is_now).then_some(said.message.as_str())
}

/// An entry of the history that moves nothing.
pub fn note(status: &mut QuotaRequestStatus, reason: String, now: Timestamp) {
    let phase = status.phase.unwrap_or_default();
    status.history.push(HistoryRecord {
        at: staged::whole_seconds(now),
        by: SYSTEM.to_owned(),
        from: Some(phase),
        to: phase,
        verdict: None,
        reason_code: None,
        reason,
        stage: None,
        changes: vec![],
    });
    let surplus = status.history.len().saturating_sub(HISTORY_MAX);
    status.history.drain(..surplus);
}

/// Notes what has to be known later of a decision that approves, takes back or stops.
pub fn decided(
    observed: &Observed,
    decision: &QuotaDecision,
    outcome: &Outcome,
    status: &mut QuotaRequestStatus,
    at: Timestamp,
) {
    let allocation = observed.place().allocation;
    let had = term::had(allocation);
    match (decision.spec.verdict, outcome.next.phase) {
        (_, Some(Phase::Approved)) => status.before = Some(had),
        (Verdict::Cancel, Some(Phase::Active)) => {
            if let Some(taken) = &mut status.taken_back {
                taken.undone = true;
            }
        }
        (verdict @ (Verdict::Reclaim | Verdict::Cancel), Some(Phase::Reclaiming)) => {
            let provisioning = verdict == Verdict::Cancel;
            let keeps = if provisioning { before(observed) } else { reclaimed(allocation) };
            let (by, at) = (decision.spec.decided_by.clone(), staged::whole_seconds(at));
            status.taken_back = Some(TakenBack { by, at, keeps, had, provisioning, undone: false });
        }
        _ => {}
    }
}

/// What there was before the approval. Of one that was approved before this was noted: what the
/// ledger has granted, so that nothing is taken that was there.
fn before(observed: &Observed) -> HadBefore {
    let noted = observed.request.status.as_ref().and_then(|status| status.before.clone());
    noted.unwrap_or_else(|| HadBefore { resources: observed.position.granted.into(), lease: None })
}

fn reclaimed(allocation: Option<&Allocation>) -> HadBefore {
    let kept = allocation.map(|allocation| term::kept(&allocation.spec)).unwrap_or_default();
    HadBefore { resources: kept.into(), lease: None }
}

/// What the allocation shall be after a Cancel or a Reclaim; `None` where there was none.
#[must_use]
pub fn taken_back(observed: &Observed, decision: Option<&str>) -> Option<AllocationSpec> {
    let taken = observed.request.status.as_ref()?.taken_back.as_ref()?;
    let HadBefore { resources, lease } = if taken.undone { &taken.had } else { &taken.keeps };
    let now = &observed.place().allocation?.spec;
    let amounts: Bundle = resources.parse().ok()?;
    Some(AllocationSpec {
        resources: resources.clone(),
        namespaces: sharing::scaled(&now.namespaces, amounts),
        lease: lease.clone(),
        decision: decision.map(str::to_owned),
        ..now.clone()
    })
}

/// Whether a decision takes back what this request was about.
#[must_use]
pub fn is_taken_back(observed: &Observed) -> bool {
    observed.request.status.as_ref().is_some_and(|status| status.taken_back.is_some())
}

/// What the conditions say of the term.
pub fn ending(next: &QuotaRequestStatus) -> Saying {
    let in_force = matches!(next.phase, Some(Phase::Active | Phase::Expired | Phase::Reclaiming));
    match next.term.as_ref().filter(|_| in_force) {
        Some(term) if next.phase == Some(Phase::Expired) => {
            Saying::yes(condition::ENDING, "Expired", format!("the grant ended at {}", term.ends_at))
        }
        Some(term) if term.ended_at.is_some() => {
            Saying::no(condition::ENDING, "Ended", format!("the temporary grant ended at {}", term.ends_at))
        }
        Some(term) => match term.warned.iter().min() {
            Some(days) => Saying::yes(
                condition::ENDING,
                "Warned",
                format!("the grant ends at {}; the last warning was given {days} days before", term.ends_at),
            ),
            None => Saying::no(condition::ENDING, "InTerm", format!("the grant ends at {}", term.ends_at)),
        },
        None => Saying::no(condition::ENDING, "NoEnd", "no grant of this request comes to an end"),
    }
}

/// Overdue beyond the end of a temporary grant, and before whom that was put.
pub fn overdue(observed: &Observed, next: &QuotaRequestStatus) -> Option<Saying> {
    let term = next.term.as_ref().filter(|term| term.ended_at.is_some() && next.phase == Some(Phase::Reclaiming))?;
    let said = used_beyond(carried(observed)?)?;
    let whom = term.escalated_to.as_deref().map(|role| format!("; escalated to {role}")).unwrap_or_default();
    Some(Saying::yes(condition::OVERDUE, "UsedBeyondEnd", format!("{said}{whom}")))
}

#[cfg(test)]
mod tests;
