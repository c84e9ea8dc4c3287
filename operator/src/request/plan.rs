//! The next step of a request. No client, no clock.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use ledger::Bundle;
use resources::amounts::Resources;
use resources::condition;
use resources::judgement::{self, Unfit};
use resources::policy::ApprovalPath;
use resources::v1alpha1::{
    Allocation, AllocationSpec, DecisionStatus, Lease, Phase, QuotaDecision, QuotaRequestSpec, QuotaRequestStatus,
    RequestType,
};
use resources::workflow::{self, Facts, Refusal, Standing};
use resources::{names, sharing};
use thiserror::Error;

use super::observe::Observed;
use super::staged::{self, Advance};

/// One step. The next one follows when the watches bring what this one wrote.
#[derive(Debug)]
pub enum Step {
    /// Give it a number and the phase Submitted.
    Submit,
    /// Tell what it waits for.
    Tell,
    /// Close it as decided.
    Close { decision: Arc<QuotaDecision>, phase: Phase },
    /// Hold the capacity; if it fits, the request is approved and being provisioned. On the staged
    /// way, where the decision may also be an offer, it goes where the advance says.
    Hold { decision: Arc<QuotaDecision>, target: Bundle, advance: Option<Box<Advance>> },
    /// Move it as decided; nothing has to fit for it.
    Advance { decision: Arc<QuotaDecision>, advance: Box<Advance> },
    /// Write what has come about without a decision.
    Note { status: Box<QuotaRequestStatus> },
    /// Say why a decision changes nothing.
    Refuse { decision: Arc<QuotaDecision>, why: Why },
    /// Answer with the refusal that is on record.
    Repeat { decision: Arc<QuotaDecision>, answer: Box<DecisionStatus> },
    /// Say that a decision was applied: it was, but the answer isn't written yet.
    Confirm { decision: Arc<QuotaDecision> },
    /// Write the allocation that the approval stands for.
    Provision { spec: Box<AllocationSpec> },
    /// Give back what a move leaves: the new side is in force.
    Leave { allocation: Box<Allocation>, spec: Box<AllocationSpec> },
    /// Move on to this phase.
    Move { to: Phase },
}

impl Step {
    /// Somebody waits for what comes of it.
    pub const fn answers(&self) -> bool {
        match self {
            Self::Close { .. }
            | Self::Hold { .. }
            | Self::Advance { .. }
            | Self::Refuse { .. }
            | Self::Repeat { .. }
            | Self::Confirm { .. } => true,
            Self::Submit
            | Self::Tell
            | Self::Note { .. }
            | Self::Provision { .. }
            | Self::Leave { .. }
            | Self::Move { .. } => false,
        }
    }

    /// It follows from a decision that is answered.
    pub const fn follows(&self) -> bool {
        matches!(self, Self::Provision { .. } | Self::Leave { .. } | Self::Move { .. })
    }
}

/// Why a decision changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Why {
    #[error(transparent)]
    Workflow(#[from] Refusal),
    #[error(
        "spec.request.uid is another request's of the same name: look at the request and decide again with its uid"
    )]
    OtherRequest,
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

impl Why {
    /// The name in statuses and problems. Promised to scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Workflow(refusal) => refusal.code(),
            Self::OtherRequest => "OtherRequest",
            Self::Unfit(unfit) => unfit.code(),
        }
    }
}

impl Why {
    /// Whether every operator that looks at this decision comes to the same refusal, whatever its
    /// caches show. Else the refusal is put on record first.
    pub const fn is_certain(&self) -> bool {
        match self {
            Self::Unfit(_) => false,
            Self::Workflow(refusal) => refusal.is_certain(),
            Self::OtherRequest => true,
        }
    }
}

/// An answer follows its decision within milliseconds. One that is still missing after this time
/// was lost with the process that owed it.
pub const ANSWER_OVERDUE: SignedDuration = SignedDuration::from_secs(2);

#[must_use]
pub fn plan(observed: &Observed, now: Timestamp) -> Step {
    let status = observed.request.status.as_ref();
    if let Some(decision) = observed.outdated.first() {
        return Step::Refuse { decision: Arc::clone(decision), why: Why::OtherRequest };
    }
    let Some(phase) = status.and_then(|status| status.phase) else { return Step::Submit };
    let applied = status.and_then(|status| status.decision.as_deref());
    let is_applied = |decision: &QuotaDecision| Some(decision.name_any().as_str()) == applied;
    if let Some(decision) = observed.decisions.iter().find(|decision| !is_applied(decision)) {
        let refusal = status.and_then(|status| status.refusal.as_ref());
        if let Some(refusal) = refusal.filter(|refusal| refusal.decision == decision.name_any()) {
            let answer = Box::new(refusal.answer.clone());
            return Step::Repeat { decision: Arc::clone(decision), answer };
        }
        return match observed.policy.path.way_from(phase) {
            ApprovalPath::Direct => decide(observed, decision),
            ApprovalPath::Staged => advance(observed, decision, now),
        };
    }
    if let Some(decision) = observed.decisions.first() {
        let since = status.and_then(|status| status.history.last()).map_or(Timestamp::MIN, |last| last.at.0);
        if now.duration_since(since) > ANSWER_OVERDUE {
            return Step::Confirm { decision: Arc::clone(decision) };
        }
    }
    match phase {
        Phase::Approved | Phase::Provisioning | Phase::Reclaiming => provision(observed, phase, applied),
        _ => staged::by_time(observed, now).map_or(Step::Tell, |status| Step::Note { status: Box::new(status) }),
    }
}

fn advance(observed: &Observed, decision: &Arc<QuotaDecision>, now: Timestamp) -> Step {
    let decision = Arc::clone(decision);
    let advance = match staged::verdict(observed, &decision, now) {
        Ok(advance) => Box::new(advance),
        Err(refusal) => return Step::Refuse { decision, why: refusal.into() },
    };
    let target = match advance.outcome.next.phase {
        Some(Phase::Offered | Phase::Approved) => match &advance.status.offer {
            Some(offer) => observed.judge_offer(offer.resources.clone()),
            None => observed.judge(),
        },
        _ => return Step::Advance { decision, advance },
    };
    match target {
        Ok(target) => Step::Hold { decision, target, advance: Some(advance) },
        Err(unfit) => Step::Refuse { decision, why: unfit.into() },
    }
}

fn decide(observed: &Observed, decision: &Arc<QuotaDecision>) -> Step {
    let decision = Arc::clone(decision);
    let facts = Facts { behind: observed.behind.clone(), ..Facts::default() };
    let standing = Standing::of(&observed.request, facts);
    match workflow::step(&standing, &decision.spec) {
        Err(refusal) => Step::Refuse { decision, why: refusal.into() },
        Ok(workflow::Step::Close(phase)) => Step::Close { decision, phase },
        Ok(workflow::Step::HoldThenApprove) => match observed.judge() {
            Ok(target) => Step::Hold { decision, target, advance: None },
            Err(unfit) => Step::Refuse { decision, why: unfit.into() },
        },
    }
}

/// The way from an approval to a grant in force, read off the allocation.
fn provision(observed: &Observed, phase: Phase, applied: Option<&str>) -> Step {
    let wanted = allocation_spec(observed, applied);
    let allocation = observed.place().allocation;
    if !allocation.is_some_and(|allocation| has_been_written(allocation, applied)) {
        return Step::Provision { spec: Box::new(wanted) };
    }
    let release = observed.request.spec.type_ == RequestType::Release;
    let mut reached = allocation.map(progress);
    // Only what is in force on the new side lets the old one go: whatever comes in between, the
    // application has one of them.
    if let (Some(Progress::InForce), Some(left)) = (&reached, observed.left()) {
        if !has_been_written(left, applied) {
            let spec = AllocationSpec {
                resources: Bundle::ZERO.into(),
                namespaces: sharing::scaled(&left.spec.namespaces, Bundle::ZERO),
                lease: None,
                decision: applied.map(str::to_owned),
                ..left.spec.clone()
            };
            return Step::Leave { allocation: Box::new(left.clone()), spec: Box::new(spec) };
        }
        reached = Some(match progress(left) {
            Progress::InForce => Progress::InForce,
            Progress::Waiting | Progress::Draining => Progress::Draining,
        });
    }
    let target = match reached {
        Some(Progress::InForce) if release => Phase::Released,
        Some(Progress::InForce) => Phase::Active,
        Some(Progress::Draining) => Phase::Reclaiming,
        Some(Progress::Waiting) | None => return Step::Tell,
    };
    if target == phase { Step::Tell } else { Step::Move { to: target } }
}

/// Whether this decision has been written into the allocation, whatever was written there since: an
/// approval that has been carried out doesn't undo what somebody changes afterwards.
fn has_been_written(allocation: &Allocation, decision: Option<&str>) -> bool {
    let noted = allocation.annotations().get(names::ANNOTATION_DECISION).map(String::as_str);
    decision.is_some() && (allocation.spec.decision.as_deref() == decision || noted == decision)
}

enum Progress {
    Waiting,
    /// Granted and enforced, but not all that was taken away is back.
    Draining,
    InForce,
}

fn progress(allocation: &Allocation) -> Progress {
    let Some(status) = &allocation.status else { return Progress::Waiting };
    let generation = allocation.metadata.generation;
    let said =
        |type_: &str| condition::find(&status.conditions, type_).filter(|one| one.observed_generation == generation);
    let holds = |type_: &str| said(type_).is_some_and(|one| one.status == "True");
    match (holds(condition::GRANTED) && holds(condition::ENFORCED), holds(condition::DRAINING)) {
        (false, _) => Progress::Waiting,
        (true, true) => Progress::Draining,
        (true, false) => Progress::InForce,
    }
}

/// The allocation as the request wants it.
fn allocation_spec(observed: &Observed, decision: Option<&str>) -> AllocationSpec {
    let spec = &observed.request.spec;
    let place = observed.place();
    let before = place.allocation.map(|allocation| &allocation.spec);
    // What was offered and accepted is what was approved.
    let offer = observed.request.status.as_ref().and_then(|status| status.offer.as_ref());
    let resources = offer.map_or(&spec.resources, |offer| &offer.resources);
    let target = resources.parse().unwrap_or_default();
    AllocationSpec {
        application: spec.application.clone(),
        pool: spec.pool.clone(),
        resources: resources.clone(),
        namespaces: judgement::namespaces(&place, target),
        lease: lease(spec, before),
        decision: decision.map(str::to_owned),
    }
}

/// A period with an end is a lease until the end of its last day, in the city's own time.
fn lease(spec: &QuotaRequestSpec, before: Option<&AllocationSpec>) -> Option<Lease> {
    if spec.type_ == RequestType::Release {
        return None;
    }
    let end = spec.period.as_ref()?.end.as_ref()?;
    let last_day: jiff::civil::Date = end.parse().ok()?;
    let expires_at = format!("{}T00:00:00+08:00", last_day.tomorrow().ok()?);
    let base = match spec.type_ {
        RequestType::Change => before.map(|before| before_growth(before).clone()),
        RequestType::Renew => before.and_then(|before| before.lease.as_ref()?.base.clone()),
        RequestType::New | RequestType::Release => None,
    };
    Some(Lease { expires_at, base })
}

/// What a temporary grant returns to: the base of an earlier one, or what was there.
fn before_growth(before: &AllocationSpec) -> &Resources {
    before.lease.as_ref().and_then(|lease| lease.base.as_ref()).unwrap_or(&before.resources)
}

#[cfg(test)]
mod tests;
