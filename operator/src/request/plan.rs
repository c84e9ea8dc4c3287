//! The next step of a request. No client, no clock.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use ledger::Bundle;
use resources::amounts::Resources;
use resources::condition;
use resources::v1alpha1::{
    Allocation, AllocationSpec, Lease, NamespaceShare, Phase, QuotaDecision, QuotaRequestSpec, RequestType,
};
use resources::workflow::{self, Refusal, Standing};
use resources::{names, validate};
use thiserror::Error;

use super::observe::Observed;

/// One step. The next one follows when the watches bring what this one wrote.
#[derive(Debug)]
pub enum Step {
    /// Give it a number and the phase Submitted.
    Submit,
    /// Tell what it waits for.
    Tell,
    /// Close it as decided.
    Close { decision: Arc<QuotaDecision>, phase: Phase },
    /// Hold the capacity; if it fits, the request is approved and being provisioned.
    Hold { decision: Arc<QuotaDecision>, target: Bundle },
    /// Say why a decision changes nothing.
    Refuse { decision: Arc<QuotaDecision>, why: Why },
    /// Say that a decision was applied: it was, but the answer isn't written yet.
    Confirm { decision: Arc<QuotaDecision> },
    /// Write the allocation that the approval stands for.
    Provision { spec: Box<AllocationSpec> },
    /// Move on to this phase.
    Move { to: Phase },
}

/// Why a decision changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Why {
    #[error(transparent)]
    Workflow(#[from] Refusal),
    #[error("there is no pool {pool}: withdraw the request and name a pool that exists")]
    UnknownPool { pool: String },
    #[error("there is no application {application}: give spec.newApplication with a New request")]
    UnknownApplication { application: String },
    #[error("the application already has quota in pool {pool}: ask for a Change instead")]
    AlreadyAllocated { pool: String },
    #[error("the application has no quota in pool {pool}: ask for New instead")]
    NothingAllocated { pool: String },
    #[error("{0}")]
    Invalid(String),
}

impl Why {
    /// The name in statuses and problems. Promised to scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Workflow(refusal) => refusal.code(),
            Self::UnknownPool { .. } => "UnknownPool",
            Self::UnknownApplication { .. } => "UnknownApplication",
            Self::AlreadyAllocated { .. } => "AlreadyAllocated",
            Self::NothingAllocated { .. } => "NothingAllocated",
            Self::Invalid(_) => "Invalid",
        }
    }
}

/// An answer follows its decision within milliseconds. One that is still missing after this time
/// was lost with the process that owed it.
pub const ANSWER_OVERDUE: SignedDuration = SignedDuration::from_secs(2);

#[must_use]
pub fn plan(observed: &Observed, now: Timestamp) -> Step {
    let status = observed.request.status.as_ref();
    let Some(phase) = status.and_then(|status| status.phase) else { return Step::Submit };
    let applied = status.and_then(|status| status.decision.as_deref());
    let is_applied = |decision: &QuotaDecision| Some(decision.name_any().as_str()) == applied;
    if let Some(decision) = observed.decisions.iter().find(|decision| !is_applied(decision)) {
        return decide(observed, decision);
    }
    if let Some(decision) = observed.decisions.first() {
        let since = status.and_then(|status| status.history.last()).map_or(Timestamp::MIN, |last| last.at.0);
        if now.duration_since(since) > ANSWER_OVERDUE {
            return Step::Confirm { decision: Arc::clone(decision) };
        }
    }
    match phase {
        Phase::Approved | Phase::Provisioning | Phase::Reclaiming => provision(observed, phase, applied),
        _ => Step::Tell,
    }
}

fn decide(observed: &Observed, decision: &Arc<QuotaDecision>) -> Step {
    let decision = Arc::clone(decision);
    let standing = Standing::of(&observed.request, observed.behind.clone());
    match workflow::step(&standing, &decision.spec) {
        Err(refusal) => Step::Refuse { decision, why: refusal.into() },
        Ok(workflow::Step::Close(phase)) => Step::Close { decision, phase },
        Ok(workflow::Step::HoldThenApprove) => match may_hold(observed) {
            Ok(target) => Step::Hold { decision, target },
            Err(why) => Step::Refuse { decision, why },
        },
    }
}

/// What is wrong with a request, as far as everything that exists tells.
pub fn fault(observed: &Observed) -> Option<Why> {
    may_hold(observed).err()
}

/// What the allocation shall have, if the request makes sense beside what exists.
fn may_hold(observed: &Observed) -> Result<Bundle, Why> {
    let spec = &observed.request.spec;
    let pool = spec.pool.clone();
    let violations = validate::request(spec);
    if !violations.is_empty() {
        let text: Vec<String> = violations.iter().map(ToString::to_string).collect();
        return Err(Why::Invalid(text.join("; ")));
    }
    if !observed.pool_exists {
        return Err(Why::UnknownPool { pool });
    }
    let comes_with_it = spec.type_ == RequestType::New && spec.new_application.is_some();
    if !observed.application_exists && !comes_with_it {
        return Err(Why::UnknownApplication { application: spec.application.clone() });
    }
    let has_quota = observed.allocation.as_deref().is_some_and(has_quota);
    match spec.type_ {
        RequestType::New if has_quota => Err(Why::AlreadyAllocated { pool }),
        RequestType::Change | RequestType::Renew | RequestType::Release if !has_quota => {
            Err(Why::NothingAllocated { pool })
        }
        _ => spec
            .resources
            .parse()
            .map_err(|(resource, error)| Why::Invalid(format!("spec.resources.{resource} {error}"))),
    }
}

fn has_quota(allocation: &Allocation) -> bool {
    allocation.metadata.deletion_timestamp.is_none()
        && allocation.spec.resources.parse().is_ok_and(|amounts| !amounts.is_zero())
}

/// The way from an approval to a grant in force, read off the allocation.
fn provision(observed: &Observed, phase: Phase, applied: Option<&str>) -> Step {
    let wanted = allocation_spec(observed, applied);
    let allocation = observed.allocation.as_deref();
    let is_written = allocation.is_some_and(|allocation| allocation.spec.decision.as_deref() == applied);
    if !is_written {
        return Step::Provision { spec: Box::new(wanted) };
    }
    let release = observed.request.spec.type_ == RequestType::Release;
    let target = match allocation.map(progress) {
        Some(Progress::InForce) if release => Phase::Released,
        Some(Progress::InForce) => Phase::Active,
        Some(Progress::Draining) => Phase::Reclaiming,
        Some(Progress::Waiting) | None => return Step::Tell,
    };
    if target == phase { Step::Tell } else { Step::Move { to: target } }
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
    let before = observed.allocation.as_ref().map(|allocation| &allocation.spec);
    let own_namespace = observed
        .is_further
        .then(|| NamespaceShare { name: names::application_namespace(&observed.allocation_name), share: None });
    let namespaces = match before {
        Some(before) => scaled(&before.namespaces),
        None => own_namespace.into_iter().collect(),
    };
    AllocationSpec {
        application: spec.application.clone(),
        pool: spec.pool.clone(),
        resources: spec.resources.clone(),
        namespaces,
        lease: lease(spec, before),
        decision: decision.map(str::to_owned),
    }
}

/// With one namespace it takes all; a share written before would no longer add up.
fn scaled(namespaces: &[NamespaceShare]) -> Vec<NamespaceShare> {
    match namespaces {
        [only] => vec![NamespaceShare { name: only.name.clone(), share: None }],
        several => several.to_vec(),
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
