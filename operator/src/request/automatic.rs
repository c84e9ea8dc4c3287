//! Approving without a person: what the rules are asked of, and what follows.
//!
//! Three writes, each of which can be the last one of a process: the rules' answer into the request
//! (`Pending`), the hold into the ledger, the approval into the request. Whoever comes after finds the
//! answer there and goes on; the hold names it, so that it is neither taken for one that nobody wants
//! nor made twice.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;
use ledger::{AllocationKey, Ask, Bundle, Decision, Reason, Request};
use resources::automatic::{self, AUTOMATIC, Situation, Verdict};
use resources::names;
use resources::usage::Roll;
use resources::v1alpha1::{
    AutomaticOutcome, AutomaticReview, Cause, Evidence, Phase, QuotaRequest, QuotaRequestStatus,
};
use resources::workflow::{self, Act, Actor, Deed, Outcome, Refusal, Role, Rules, Seen};

use super::Error;
use super::apply::write_request;
use super::observe::Observed;
use super::staged::{self, Advance};
use crate::context::Context;

/// What the rules came to, to be written into the request.
#[derive(Clone, Debug, PartialEq)]
pub struct Reviewed {
    pub review: AutomaticReview,
    pub evidence: Vec<Evidence>,
}

/// What is to be done about it.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    /// Write what the rules came to.
    Tell,
    /// All hold and that is written: ask the pool.
    Hold,
}

/// Whether the rules are to be asked: once for each revision of a request that waits for acceptance
/// and has none in front of it.
pub fn is_due(observed: &Observed) -> bool {
    let status = observed.request.status.as_ref();
    let phase = status.and_then(|status| status.phase);
    let asked = status.and_then(|status| status.automatic.as_ref()).map(|review| review.revision);
    phase.is_none_or(|phase| phase == Phase::Submitted)
        && asked != Some(workflow::revision_of(&observed.request))
        && observed.behind.is_none()
}

/// The next thing to do for a request that nobody has decided on.
pub fn turn(observed: &Observed) -> Option<Turn> {
    let status = observed.request.status.as_ref()?;
    if status.phase != Some(Phase::Submitted) {
        return None;
    }
    if observed.reviewed.is_some() {
        return Some(Turn::Tell);
    }
    (observed.behind.is_none() && automatic::pending(&observed.request).is_some()).then_some(Turn::Hold)
}

/// Asks the rules. No client: all from the caches. `None` while the pool's ledger hasn't been read.
pub fn review(observed: &Observed, context: &Context, now: Timestamp) -> Option<Reviewed> {
    let stores = &context.stores;
    let spec = &observed.request.spec;
    let place = observed.place();
    let key = AllocationKey::new(&observed.namespace, &place.name);
    let judged = observed.judge();
    let snapshot = context.ledgers.latest(&spec.pool);
    if snapshot.is_none() && observed.pool_exists {
        return None;
    }
    let ledger = snapshot.as_ref().map(|snapshot| &snapshot.ledger);
    let has = ledger.and_then(|ledger| ledger.entries.get(&key)).map(ledger::Entry::granted).unwrap_or_default();
    let room = ledger
        .zip(judged.as_ref().ok())
        .map(|(ledger, target)| automatic::room(ledger, &key, &observed.uid, *target, None));
    let record = stores.usage.get(&ObjectRef::new(&place.name).within(&observed.namespace));
    let uid = place.allocation.and_then(ResourceExt::uid);
    let record = record.filter(|record| Some(&record.spec.allocation) == uid.as_ref());
    let usage = record.map(|record| Roll::read(&record.spec));
    let used = place.allocation.and_then(|allocation| allocation.status.as_ref()?.used.as_ref());
    let situation = Situation {
        department: names::department_of(&observed.namespace).unwrap_or_default(),
        spec,
        target: judged.map_err(|unfit| unfit.code().to_owned()),
        has,
        application: observed.application.as_ref().map(|application| &application.spec),
        usage: usage.as_ref(),
        storage_used: used.and_then(|used| used.parse().storage),
        room,
        recent: recent(observed, context),
        // One that comes later waits for this one.
        open: observed.behind.clone(),
        now,
    };
    let verdict = automatic::judge(&situation, &observed.policy.automatic);
    let ledger_revision = ledger.and_then(|ledger| i64::try_from(ledger.revision).ok());
    Some(reviewed(observed, verdict, (observed.policy_revision, ledger_revision), now))
}

fn reviewed(observed: &Observed, verdict: Verdict, revisions: (i64, Option<i64>), now: Timestamp) -> Reviewed {
    let Verdict { approves, evidence, reasons } = verdict;
    let revision = workflow::revision_of(&observed.request);
    let (policy_revision, ledger_revision) = revisions;
    let review = AutomaticReview {
        revision,
        at: Time(Timestamp::from_second(now.as_second()).unwrap_or(now)),
        outcome: if approves { AutomaticOutcome::Pending } else { AutomaticOutcome::Person },
        decision: approves.then(|| names::automatic_decision(&observed.uid, revision)),
        policy_revision,
        ledger_revision,
        reasons: reasons.into_iter().map(|code| code.name().to_owned()).collect(),
    };
    Reviewed { review, evidence }
}

/// When something of this application was approved by itself last.
fn recent(observed: &Observed, context: &Context) -> Option<Timestamp> {
    let application = &observed.request.spec.application;
    let others = context.stores.requests.state_filter(|other| {
        other.metadata.namespace.as_deref() == Some(&observed.namespace)
            && other.spec.application == *application
            && other.metadata.uid.as_deref() != Some(&observed.uid)
    });
    automatic::last_approval(others.iter().map(AsRef::as_ref))
}

/// Notes in a status what the rules came to.
pub fn note(status: &mut QuotaRequestStatus, reviewed: &Reviewed) {
    status.automatic = Some(reviewed.review.clone());
    status.evidence.clone_from(&reviewed.evidence);
}

pub async fn tell(observed: &Observed, context: &Context, now: Timestamp) -> Result<(), Error> {
    let mut next = observed.request.status.clone().unwrap_or_default();
    if let Some(reviewed) = &observed.reviewed {
        note(&mut next, reviewed);
    }
    write_request(observed, next, context, now).await
}

/// Asks the pool, at the same desk as for a person's approval. What doesn't fit any more is for a
/// person.
pub async fn hold(observed: &Observed, context: &Context, now: Timestamp) -> Result<(), Error> {
    let status = observed.request.status.clone().unwrap_or_default();
    let (Some((decision, target)), Ok(outcome)) = (to_hold(observed, &status), approval(observed, now)) else {
        return refuse(observed, status, ("Unfit", None), context, now).await;
    };
    let request = Request {
        ask: Ask::Hold {
            allocation: AllocationKey::new(&observed.namespace, observed.place().name),
            request: observed.name.clone(),
            uid: observed.uid.clone(),
            decision: decision.clone(),
            target,
        },
        at_ms: status.automatic.as_ref().map_or(now, |review| review.at.0).as_millisecond(),
    };
    let answered = context.desk.ask(&observed.request.spec.pool, request, cause(&observed.request)).await?;
    let revision = i64::try_from(answered.revision).ok();
    if let Decision::Refuse(reason) | Decision::Wait(reason) = &answered.decision {
        return refuse(observed, status, ("NoRoom", Some(reason)), context, now).await;
    }
    // The rules were asked of what the ledger was a moment before. What they are true of now is fixed
    // by the hold; if it is something else, the hold is let go.
    let again = review(observed, context, now);
    if again.is_none_or(|again| again.review.outcome == AutomaticOutcome::Person) {
        return refuse(observed, status, ("NoRoom", None), context, now).await;
    }
    let next = approved(observed, outcome, &decision, revision, now);
    write_request(observed, next, context, now).await
}

fn to_hold(observed: &Observed, status: &QuotaRequestStatus) -> Option<(String, Bundle)> {
    let decision = status.automatic.as_ref()?.decision.clone()?;
    Some((decision, observed.judge().ok()?))
}

/// Row 3 of the table.
fn approval(observed: &Observed, now: Timestamp) -> Result<Outcome, Refusal> {
    let standing = staged::standing(observed);
    let act = Act {
        by: Actor::new(AUTOMATIC, [Role::System]),
        at: now,
        seen: Seen { revision: standing.revision, stage: None },
        deed: Deed::AutoApprove { failed: vec![] },
    };
    workflow::transition(&standing, &act, &Rules::from(&observed.policy))
}

/// The approval and what begins with it: one write tells both.
fn approved(
    observed: &Observed,
    outcome: Outcome,
    decision: &str,
    ledger_revision: Option<i64>,
    now: Timestamp,
) -> QuotaRequestStatus {
    let before = observed.request.status.clone().unwrap_or_default();
    let mut status = outcome.status(&before);
    status.decision = Some(decision.to_owned());
    status.allocation = Some(observed.place().name);
    if let Some(review) = &mut status.automatic {
        review.outcome = AutomaticOutcome::Approved;
        review.ledger_revision = ledger_revision.or(review.ledger_revision);
        let (policy, ledger) = (review.policy_revision, review.ledger_revision.unwrap_or_default());
        let rules = automatic::passed(&status.evidence);
        if let Some(record) = status.history.last_mut() {
            record.reason = format!("{rules}; policy revision {policy}, ledger revision {ledger}");
        }
    }
    let approved = Advance { outcome, status };
    staged::begun(observed, &approved, now).unwrap_or(approved.status)
}

/// The rules held, the ledger says no: a person decides. The hold, if there is one of an earlier try,
/// is let go by the pool, since nobody names it any more.
async fn refuse(
    observed: &Observed,
    mut next: QuotaRequestStatus,
    (code, reason): (&str, Option<&Reason>),
    context: &Context,
    now: Timestamp,
) -> Result<(), Error> {
    if let Some(review) = &mut next.automatic {
        review.outcome = AutomaticOutcome::Person;
        review.decision = None;
        review.reasons = vec![code.to_owned()];
    }
    next.evidence.push(Evidence {
        rule: "R4".to_owned(),
        value: reason.map_or("-", Reason::code).to_owned(),
        threshold: "fits".to_owned(),
        result: automatic::FAILED.to_owned(),
        source: "PoolLedger".to_owned(),
        code: Some(code.to_owned()),
        message: reason.map(resources::status::explain),
        ..Evidence::default()
    });
    write_request(observed, next, context, now).await
}

/// Who approved and why, for the journal.
pub fn cause(request: &QuotaRequest) -> Cause {
    let evidence = request.status.as_ref().map(|status| status.evidence.as_slice()).unwrap_or_default();
    Cause {
        kind: "QuotaRequest".to_owned(),
        namespace: request.namespace().unwrap_or_default(),
        name: request.name_any(),
        by: AUTOMATIC.to_owned(),
        reason: automatic::passed(evidence),
    }
}

#[cfg(test)]
mod tests;
