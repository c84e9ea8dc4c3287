//! The staged way of a request: what a verdict, a correction or the time brings about, and when what
//! follows is due. No client, no clock.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use ledger::Bundle;
use resources::v1alpha1::{
    HistoryRecord, Phase, QuotaDecision, QuotaRequestSpec, QuotaRequestStatus, RequestType, Stage, StoppedClock,
    Verdict,
};
use resources::workday;
use resources::workflow::{self, Act, Action, Actor, Clock, Deed, Facts, Limit, Outcome, Refusal, Role, Rules, Seen};
use resources::workflow::{HISTORY_MAX, SYSTEM, Standing};

use super::observe::Observed;

/// A request after one act.
#[derive(Clone, Debug, PartialEq)]
pub struct Advance {
    pub outcome: Outcome,
    /// With the time limit that runs from here on.
    pub status: QuotaRequestStatus,
}

/// Where it stands, beside what others know of it.
pub fn standing(observed: &Observed) -> Standing {
    let spec = &observed.request.spec;
    let stage = observed.request.status.as_ref().and_then(|status| status.stage.as_ref());
    let releases = spec.type_ == RequestType::Release;
    let target = if releases { Bundle::ZERO } else { spec.resources.parse().unwrap_or_default() };
    let facts = Facts {
        pool: spec.pool.clone(),
        target,
        has: observed.position.granted,
        held: observed.position.held,
        draining: observed.position.draining,
        keeps: target,
        behind: observed.behind.clone(),
        // What is taken back is on its way at once.
        quota_lowered: true,
        due: stage.and_then(due),
        reminded: stage.is_some_and(|stage| stage.reminded_at.is_some()),
        urge_from: stage.and_then(|stage| stage.urged_at.as_ref()).and_then(|at| next_morning(observed, at.0)),
        ..Facts::default()
    };
    Standing::of(&observed.request, facts)
}

fn due(stage: &Stage) -> Option<Timestamp> {
    stage.due_at.as_ref()?.parse().ok()
}

/// The beginning of the next working day.
fn next_morning(observed: &Observed, at: Timestamp) -> Option<Timestamp> {
    let day = observed.calendar.next_workday(workday::day_of(at));
    workday::CITY.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).ok()
}

/// What this decision brings about, or why nothing follows from it.
///
/// It counts as of when it was written, not of when it is looked at: an offer that was accepted in
/// time is accepted although the operator was down over its last day.
pub fn verdict(observed: &Observed, decision: &QuotaDecision, now: Timestamp) -> Result<Advance, Refusal> {
    let at = decision.creation_timestamp().map_or(now, |at| at.0);
    let answer_by = begin(observed, Limit::OfferAnswer, at).as_ref().and_then(due);
    let (standing, rules) = (standing(observed), Rules::from(&observed.policy));
    let outcome = workflow::transition(&standing, &Act::of(&decision.spec, at, answer_by), &rules)?;
    // What is in force already is changed by another request.
    if outcome.row > 16 {
        let action = Action::Verdict(decision.spec.verdict);
        let (phase, revision, stage) = (standing.phase, standing.revision, standing.stage());
        return Err(Refusal::WrongStage {
            phase,
            stage,
            revision,
            action,
            open: workflow::open_now(&standing, at, &rules),
        });
    }
    let mut status = after(observed, &outcome, at);
    if decision.spec.verdict == Verdict::Urge {
        if let Some(stage) = &mut status.stage {
            stage.urged_at = Some(whole_seconds(at));
        }
    } else {
        status.decision = Some(decision.name_any());
    }
    if outcome.next.phase == Some(Phase::Approved) {
        status.allocation = Some(observed.place().name);
    }
    Ok(Advance { outcome, status })
}

/// From an approval to the beginning of its provisioning: one write tells both.
pub fn begun(observed: &Observed, approved: &Advance, now: Timestamp) -> Result<QuotaRequestStatus, Refusal> {
    let releases = observed.request.spec.type_ == RequestType::Release;
    let deed = if releases { Deed::ReclaimStarted } else { Deed::ProvisionStarted };
    let mut standing = approved.outcome.next.clone();
    standing.facts.held = observed.position.held;
    let rules = Rules::from(&observed.policy);
    let outcome = workflow::transition(&standing, &by_itself(Actor::operator(), &standing, deed, now), &rules)?;
    let mut next = outcome.status(&approved.status);
    clocked(&mut next, &approved.status, outcome.clock, observed, now);
    Ok(next)
}

/// What has come about without a decision: a correction that was sent, or a time that is over.
#[must_use]
pub fn by_time(observed: &Observed, now: Timestamp) -> Option<QuotaRequestStatus> {
    let status = observed.request.status.as_ref()?;
    let standing = standing(observed);
    let rules = Rules::from(&observed.policy);
    let act = match standing.phase? {
        Phase::Returned => match corrections(observed) {
            Some(changes) => {
                let by = Actor::new(observed.request.spec.requester.clone(), [Role::DepartmentUser]);
                by_itself(by, &standing, Deed::Resubmit { changes }, now)
            }
            None => by_itself(Actor::system(), &standing, Deed::ReturnLapsed, now),
        },
        Phase::Offered => by_itself(Actor::system(), &standing, Deed::OfferExpired, now),
        _ => return redated(observed, status, now).or_else(|| overdue(status, now)),
    };
    match workflow::transition(&standing, &act, &rules) {
        Ok(outcome) => Some(after(observed, &outcome, now)),
        Err(_) => redated(observed, status, now),
    }
}

/// When it is worth looking again because of the time alone.
#[must_use]
pub fn look_again(observed: &Observed, now: Timestamp) -> Option<std::time::Duration> {
    let stage = observed.request.status.as_ref()?.stage.as_ref()?;
    let ahead = due(stage)?.duration_since(now);
    // In time is what happens at the due time itself.
    ahead.is_positive().then(|| (ahead + SignedDuration::from_secs(1)).unsigned_abs())
}

fn by_itself(by: Actor, standing: &Standing, deed: Deed, now: Timestamp) -> Act {
    let seen = Seen { revision: standing.revision, stage: Some(standing.stage().to_owned()) };
    Act { by, at: now, seen, deed }
}

fn corrections(observed: &Observed) -> Option<Vec<resources::v1alpha1::Correction>> {
    let before = observed.request.status.as_ref()?.returned.as_ref()?.spec.as_ref()?;
    let before: QuotaRequestSpec = serde_json::from_str(before).ok()?;
    (before != observed.request.spec).then(|| workflow::corrections(&before, &observed.request.spec))
}

fn after(observed: &Observed, outcome: &Outcome, at: Timestamp) -> QuotaRequestStatus {
    let before = observed.request.status.clone().unwrap_or_default();
    let mut next = outcome.status(&before);
    clocked(&mut next, &before, outcome.clock, observed, at);
    if let (Some(returned), None) = (&mut next.returned, &before.returned) {
        // A spec is what the API server gave us: it can be written again.
        returned.spec = serde_json::to_string(&observed.request.spec).ok();
    }
    next
}

/// The step that a submitted request waits in.
#[must_use]
pub fn submitted(observed: &Observed, at: Timestamp) -> Stage {
    let stage = begin(observed, Limit::Accept, at).unwrap_or_default();
    Stage { name: workflow::ACCEPTANCE.to_owned(), ..stage }
}

/// Gives the time limit that begins or goes on its end.
fn clocked(
    next: &mut QuotaRequestStatus,
    before: &QuotaRequestStatus,
    clock: Clock,
    observed: &Observed,
    at: Timestamp,
) {
    let Some(stage) = next.stage.take() else { return };
    let timed = match clock {
        Clock::Start(limit) | Clock::Stop(limit) => begin(observed, limit, at),
        Clock::Resume => {
            let left = before.withdrawn.as_ref().map_or(&before.stage, |withdrawn| &withdrawn.stage);
            left.as_ref().and_then(|stage| stage.stopped.as_ref()).and_then(|stopped| go_on(observed, stopped, at))
        }
        Clock::Keep | Clock::Restore | Clock::End => None,
    };
    next.stage = Some(match timed {
        Some(timed) => Stage { name: stage.name, stopped: stage.stopped, ..timed },
        None => stage,
    });
}

/// A time limit that begins now.
fn begin(observed: &Observed, limit: Limit, at: Timestamp) -> Option<Stage> {
    let policy = &observed.policy;
    let workdays = match limit {
        Limit::Accept => policy.accept_workdays,
        Limit::Opinion => policy.opinion_workdays,
        Limit::TestOpen => policy.test_open_workdays,
        Limit::OfferAnswer => policy.offer_answer_workdays,
        Limit::ReturnedLapse => policy.returned_lapse_workdays,
        Limit::WithdrawUndo => {
            let undo = SignedDuration::from_secs(i64::from(policy.withdraw_undo_seconds));
            let due_at = at.checked_add(undo).ok().map(workday::written);
            return Some(Stage { limit: Some(limit.key().to_owned()), due_at, ..Stage::default() });
        }
        // Nothing is opened for a test yet.
        Limit::TestPeriod => return None,
    };
    let due = observed.calendar.due(at, workdays, policy.cutoff);
    Some(Stage {
        limit: Some(limit.key().to_owned()),
        since: Some(whole_seconds(at)),
        workdays: Some(i64::from(workdays)),
        due_at: Some(due.written()),
        provisional: due.provisional,
        ..Stage::default()
    })
}

/// A time limit that was stopped and goes on now with what was left.
fn go_on(observed: &Observed, stopped: &StoppedClock, at: Timestamp) -> Option<Stage> {
    let cutoff = observed.policy.cutoff;
    let due = stopped.due_at.as_ref()?.parse().ok()?;
    let left = observed.calendar.pause(due, stopped.at.0, cutoff);
    let due = observed.calendar.resume(left, at, cutoff);
    Some(Stage {
        limit: Some(stopped.limit.clone()),
        since: Some(whole_seconds(at)),
        workdays: (left.minutes == 0).then(|| i64::from(left.workdays)),
        due_at: Some(due.written()),
        provisional: due.provisional,
        overdue: left.overdue,
        ..Stage::default()
    })
}

/// The due date anew, if it was reckoned without a year that is published by now.
fn redated(observed: &Observed, status: &QuotaRequestStatus, now: Timestamp) -> Option<QuotaRequestStatus> {
    let stage = status.stage.as_ref().filter(|stage| stage.provisional)?;
    let workdays = u32::try_from(stage.workdays?).ok()?;
    let due = observed.calendar.due(stage.since.as_ref()?.0, workdays, observed.policy.cutoff);
    let (was, is) = (stage.due_at.clone().unwrap_or_default(), due.written());
    if was == is && due.provisional {
        return None;
    }
    let mut next = status.clone();
    next.stage = Some(Stage { due_at: Some(is.clone()), provisional: due.provisional, ..stage.clone() });
    if let Some(offer) = next.offer.as_mut().filter(|_| status.phase == Some(Phase::Offered)) {
        offer.expires_at.clone_from(&is);
    }
    if was != is {
        let phase = status.phase.unwrap_or_default();
        next.history.push(HistoryRecord {
            at: whole_seconds(now),
            by: SYSTEM.to_owned(),
            from: Some(phase),
            to: phase,
            verdict: None,
            reason_code: None,
            reason: format!("the working days of the year are published: due {is}, not {was}"),
            stage: None,
            changes: vec![],
        });
        let surplus = next.history.len().saturating_sub(HISTORY_MAX);
        next.history.drain(..surplus);
    }
    Some(next)
}

/// Marked where the reviewers' time has passed: nothing is decided by silence.
fn overdue(status: &QuotaRequestStatus, now: Timestamp) -> Option<QuotaRequestStatus> {
    let stage = status.stage.as_ref().filter(|stage| !stage.overdue)?;
    let is_ours = stage.limit.as_ref().is_some_and(|limit| limit.starts_with("sla."));
    if !is_ours || due(stage)? >= now {
        return None;
    }
    let mut next = status.clone();
    next.stage = Some(Stage { overdue: true, ..stage.clone() });
    Some(next)
}

fn whole_seconds(at: Timestamp) -> Time {
    Time(Timestamp::from_second(at.as_second()).unwrap_or(at))
}

#[cfg(test)]
mod tests;
