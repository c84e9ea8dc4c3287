//! Takes one step: the objects first, then what is said about them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, ResourceExt};
use ledger::{AllocationKey, Ask, Bundle, Decision, Reason, Request};
use resources::condition::{self, Saying};
use resources::policy::ApprovalPath;
use resources::v1alpha1::{
    Allocation, AllocationSpec, Application, DecisionOutcome, DecisionStatus, HistoryRecord, Phase, QuotaDecision,
    QuotaRequest, QuotaRequestStatus, RefusedDecision, RequestType, ResourcePool, Stage,
};
use resources::{names, quantity, status, workflow};
use serde_json::json;

use super::automatic::{self, Turn};
use super::observe::Observed;
use super::plan::{Step, Why};
use super::staged::{self, Advance};
use super::{CONTROLLER, Error, term};
use crate::context::Context;
use crate::patch::{Part, patch};
use crate::pool::cause_of;

/// Steps of a request's history that are kept.
const HISTORY_MAX: usize = 32;
/// Condition of a request that an earlier one is in front of.
const ANOTHER_REQUEST_OPEN: &str = "AnotherRequestOpen";
/// Who the operator is in a history.
const SYSTEM: &str = "yunheng-operator";

pub async fn apply(step: Step, observed: &Observed, context: &Context, now: Timestamp) -> Result<(), Error> {
    match step {
        Step::Submit => submit(observed, context, now).await,
        Step::Tell => tell(observed, context, now).await,
        Step::Close { decision, phase } => {
            let next = decided(observed, &decision, &[phase], now);
            write_request(observed, next, context, now).await?;
            answer(observed, &decision, outcome_applied(now, None), context).await
        }
        Step::Hold { decision, target, advance } => {
            hold(observed, &decision, target, advance.as_deref(), context, now).await
        }
        Step::Advance { decision, advance } => {
            write_request(observed, advance.status, context, now).await?;
            answer(observed, &decision, outcome_applied(now, None), context).await
        }
        Step::Automatic(Turn::Tell) => automatic::tell(observed, context, now).await,
        Step::Automatic(Turn::Hold) => Box::pin(automatic::hold(observed, context, now)).await,
        Step::Note { status } => write_request(observed, *status, context, now).await,
        Step::Refuse { decision, why } if why.is_certain() => {
            answer(observed, &decision, outcome_refused(&why, now), context).await
        }
        Step::Refuse { decision, why } => {
            confirm_missing(observed, &why, context).await?;
            refuse(observed, &decision, outcome_refused(&why, now), context, now).await
        }
        Step::Repeat { decision, answer: refused } => answer(observed, &decision, *refused, context).await,
        Step::Confirm { decision } => answer(observed, &decision, outcome_applied(now, None), context).await,
        Step::Provision { spec } => provision(observed, *spec, context).await,
        Step::Leave { allocation, spec } => {
            let name = allocation.name_any();
            let api: Api<Allocation> = Api::namespaced(context.client.clone(), &observed.namespace);
            let written = replace_spec(&api, &allocation, *spec, context).await;
            written.map_err(|source| Error::Allocation { allocation: name, source })
        }
        Step::Move { to } => {
            if to == Phase::Released && observed.place().allocation.is_none() {
                confirm_unwritten(observed, context).await?;
            }
            let mut next = observed.request.status.clone().unwrap_or_default();
            step_to(&mut next, to, SYSTEM, None, "", now);
            write_request(observed, next, context, now).await
        }
    }
}

async fn submit(observed: &Observed, context: &Context, now: Timestamp) -> Result<(), Error> {
    let number = context.numbers.next(now).await.map_err(|source| Error::Number { source })?;
    let mut next = QuotaRequestStatus { number: Some(number), revision: Some(1), ..QuotaRequestStatus::default() };
    step_to(&mut next, Phase::Submitted, &observed.request.spec.requester, None, "", now);
    if observed.policy.path == ApprovalPath::Staged {
        // Its time runs from when it came, also where nobody looked at it for a while.
        let came = observed.request.creation_timestamp().map_or(now, |at| at.0);
        next.stage = Some(staged::submitted(observed, came));
    }
    if let Some(reviewed) = &observed.reviewed {
        automatic::note(&mut next, reviewed);
    }
    write_request(observed, next, context, now).await
}

/// Writes the conditions anew if they say something new.
async fn tell(observed: &Observed, context: &Context, now: Timestamp) -> Result<(), Error> {
    let next = observed.request.status.clone().unwrap_or_default();
    write_request(observed, next, context, now).await
}

/// Asks the pool for the capacity. What it answers is on record in the ledger already.
async fn hold(
    observed: &Observed,
    decision: &QuotaDecision,
    target: Bundle,
    advance: Option<&Advance>,
    context: &Context,
    now: Timestamp,
) -> Result<(), Error> {
    let request = Request {
        ask: Ask::Hold {
            allocation: AllocationKey::new(&observed.namespace, observed.place().name),
            request: observed.name.clone(),
            uid: observed.uid.clone(),
            decision: decision.name_any(),
            target,
        },
        at_ms: decision.creation_timestamp().map_or(now.as_millisecond(), |at| at.0.as_millisecond()),
    };
    let pool = &observed.request.spec.pool;
    let answered = context.desk.ask(pool, request, cause_of(decision)).await?;
    let revision = i64::try_from(answered.revision).ok();
    match answered.decision {
        Decision::Grant { .. } | Decision::Unchanged if let Some(advance) = advance => {
            let next = match advance.outcome.next.phase {
                // Both are written at once; what the table doesn't allow stays where it is.
                Some(Phase::Approved) => staged::begun(observed, advance, now),
                _ => Ok(advance.status.clone()),
            };
            write_request(observed, next.unwrap_or_else(|_| advance.status.clone()), context, now).await?;
            answer(observed, decision, outcome_applied(now, revision), context).await
        }
        Decision::Grant { .. } | Decision::Unchanged => {
            let first = if observed.request.spec.type_ == RequestType::Release {
                Phase::Reclaiming
            } else {
                Phase::Provisioning
            };
            let next = decided(observed, decision, &[Phase::Approved, first], now);
            write_request(observed, next, context, now).await?;
            answer(observed, decision, outcome_applied(now, revision), context).await
        }
        Decision::Refuse(reason) | Decision::Wait(reason) => {
            refuse(observed, decision, outcome_short(&reason, revision, now), context, now).await
        }
    }
}

/// A refusal is final, and a cache may be behind: what is said to be missing has to be missing where
/// it would be.
async fn confirm_missing(observed: &Observed, why: &Why, context: &Context) -> Result<(), Error> {
    let spec = &observed.request.spec;
    let found = match why.code() {
        "UnknownApplication" => {
            let api: Api<Application> = Api::namespaced(context.client.clone(), &observed.namespace);
            api.get_metadata_opt(&spec.application).await.map(|found| found.is_some())
        }
        "UnknownPool" => {
            let api: Api<ResourcePool> = Api::all(context.client.clone());
            let found = api.get_metadata_opt(&spec.pool).await;
            found.map(|found| found.is_some_and(|pool| pool.metadata.deletion_timestamp.is_none()))
        }
        _ => Ok(false),
    };
    match found {
        Ok(false) => Ok(()),
        Ok(true) => Err(Error::CacheBehind { missing: why.code() }),
        Err(source) => Err(Error::Request { source }),
    }
}

/// Nothing was ever written for a provisioning that was cancelled: a cache may be behind.
async fn confirm_unwritten(observed: &Observed, context: &Context) -> Result<(), Error> {
    let api: Api<Allocation> = Api::namespaced(context.client.clone(), &observed.namespace);
    let name = observed.place().name;
    match api.get_metadata_opt(&name).await {
        Ok(None) => Ok(()),
        Ok(Some(_)) => Err(Error::CacheBehind { missing: "the allocation" }),
        Err(source) => Err(Error::Allocation { allocation: name, source }),
    }
}

/// Puts a refusal on record in the request and then answers. Whoever sees the request as it was
/// before, an operator that slept, can no longer approve it by this decision: his write of the
/// request fails, and he finds the answer there.
async fn refuse(
    observed: &Observed,
    decision: &QuotaDecision,
    refused: DecisionStatus,
    context: &Context,
    now: Timestamp,
) -> Result<(), Error> {
    let mut next = observed.request.status.clone().unwrap_or_default();
    next.refusal = Some(RefusedDecision { decision: decision.name_any(), answer: refused.clone() });
    write_request(observed, next, context, now).await?;
    answer(observed, decision, refused, context).await
}

/// Writes the application, where the request brings one, and the allocation.
async fn provision(observed: &Observed, spec: AllocationSpec, context: &Context) -> Result<(), Error> {
    if observed.application.is_none()
        && let Some(new) = observed.request.spec.new_application.clone()
    {
        let name = observed.request.spec.application.clone();
        let api: Api<Application> = Api::namespaced(context.client.clone(), &observed.namespace);
        let object = Application::new(&name, new.into());
        let created = api.create(&PostParams::default(), &object).await;
        ignore_existing(created).map_err(|source| Error::Application { application: name, source })?;
    }
    let api: Api<Allocation> = Api::namespaced(context.client.clone(), &observed.namespace);
    let place = observed.place();
    let name = place.name;
    let written = match place.allocation {
        Some(seen) => replace_spec(&api, seen, spec, context).await,
        None => {
            let finalizers = Some(vec![names::FINALIZER_RELEASE.to_owned()]);
            let annotations = spec.decision.clone().map(noted);
            let metadata = ObjectMeta { name: Some(name.clone()), finalizers, annotations, ..ObjectMeta::default() };
            let created = api.create(&PostParams::default(), &Allocation { metadata, spec, status: None }).await;
            created.map(|_| context.metrics.wrote(CONTROLLER, "allocation"))
        }
    };
    written.map_err(|source| Error::Allocation { allocation: name, source })
}

/// The mark that this decision has been written into an allocation.
fn noted(decision: String) -> BTreeMap<String, String> {
    BTreeMap::from([(names::ANNOTATION_DECISION.to_owned(), decision)])
}

/// Only if its spec is still as it was seen: who changed it in between is looked at first. A status
/// that was written in between changes nothing.
async fn replace_spec(
    api: &Api<Allocation>,
    seen: &Allocation,
    spec: AllocationSpec,
    context: &Context,
) -> Result<(), kube::Error> {
    let mut operations = vec![
        json!({"op": "test", "path": "/metadata/uid", "value": seen.uid()}),
        json!({"op": "test", "path": "/metadata/generation", "value": seen.metadata.generation}),
    ];
    match spec.decision.clone() {
        // The map must not have come into being since, or it would be overwritten.
        Some(decision) if seen.metadata.annotations.is_none() => {
            operations.push(json!({"op": "test", "path": "/metadata/annotations", "value": null}));
            operations.push(json!({"op": "add", "path": "/metadata/annotations", "value": noted(decision)}));
        }
        Some(decision) => {
            let path = format!("/metadata/annotations/{}", names::ANNOTATION_DECISION.replace('/', "~1"));
            operations.push(json!({"op": "add", "path": path, "value": decision}));
        }
        None => {}
    }
    operations.push(json!({"op": "replace", "path": "/spec", "value": spec}));
    let operations = operations.into();
    let written = patch(api, &seen.name_any(), Part::Object, operations, Some(names::MANAGER_REQUEST)).await?;
    context.memory.allocations.keep(seen, written);
    context.metrics.wrote(CONTROLLER, "allocation");
    Ok(())
}

fn ignore_existing<T>(result: Result<T, kube::Error>) -> Result<(), kube::Error> {
    match result {
        Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(()),
        other => other.map(|_| ()),
    }
}

/// The status after a decision that moves the request through `phases`.
fn decided(observed: &Observed, decision: &QuotaDecision, phases: &[Phase], now: Timestamp) -> QuotaRequestStatus {
    let mut next = observed.request.status.clone().unwrap_or_default();
    next.decision = Some(decision.name_any());
    if phases.contains(&Phase::Approved) {
        next.before = Some(resources::term::had(observed.place().allocation));
        next.allocation = Some(observed.place().name);
    }
    let spec = &decision.spec;
    for (index, phase) in phases.iter().enumerate() {
        if index == 0 {
            let reason = spec.reason.as_deref().unwrap_or_default();
            step_to(&mut next, *phase, &spec.decided_by, Some(spec.verdict.name()), reason, now);
        } else {
            step_to(&mut next, *phase, SYSTEM, None, "", now);
        }
    }
    next
}

fn step_to(status: &mut QuotaRequestStatus, to: Phase, by: &str, verdict: Option<&str>, reason: &str, now: Timestamp) {
    let record = HistoryRecord {
        at: Time(Timestamp::from_second(now.as_second()).unwrap_or(now)),
        by: by.to_owned(),
        from: status.phase,
        to,
        verdict: verdict.map(str::to_owned),
        reason_code: None,
        reason: reason.to_owned(),
        stage: None,
        changes: vec![],
    };
    status.history.push(record);
    let surplus = status.history.len().saturating_sub(HISTORY_MAX);
    status.history.drain(..surplus);
    status.phase = Some(to);
    status.stage = Some(Stage { name: format!("{to:?}"), ..Stage::default() });
}

/// Writes the status with the version that was seen: a step is taken from what was looked at or
/// not at all.
pub(super) async fn write_request(
    observed: &Observed,
    mut next: QuotaRequestStatus,
    context: &Context,
    now: Timestamp,
) -> Result<(), Error> {
    let seen = observed.request.status.clone().unwrap_or_default();
    let generation = observed.request.metadata.generation.unwrap_or_default();
    next.conditions = condition::conditions(&seen.conditions, sayings(observed, &next), generation, now);
    if next == seen {
        return Ok(());
    }
    let mut object: QuotaRequest = observed.request.as_ref().clone();
    object.status = Some(next);
    let api: Api<QuotaRequest> = Api::namespaced(context.client.clone(), &observed.namespace);
    match api.replace_status(&observed.name, &PostParams::default(), &object).await {
        Ok(written) => {
            context.memory.requests.keep(&observed.request, written);
            context.metrics.wrote(CONTROLLER, "quotarequest/status");
        }
        Err(kube::Error::Api(status)) if status.is_not_found() => {}
        Err(source) => return Err(Error::Request { source }),
    }
    Ok(())
}

fn sayings(observed: &Observed, next: &QuotaRequestStatus) -> Vec<Saying> {
    let phase = next.phase.unwrap_or_default();
    let mut sayings = vec![ready(observed, phase)];
    sayings.push(term::overdue(observed, next).unwrap_or_else(|| overdue(next)));
    sayings.push(match phase {
        Phase::Offered => {
            Saying::yes(condition::CAPACITY_HELD, "Offered", "what is offered is kept until it is answered")
        }
        Phase::Approved | Phase::Provisioning => {
            Saying::yes(condition::CAPACITY_HELD, "Held", "the capacity is kept until the quota is in force")
        }
        _ => Saying::no(condition::CAPACITY_HELD, "NotHeld", "no capacity is kept for this request"),
    });
    sayings.push(match &observed.behind {
        Some(earlier) if phase == Phase::Submitted => Saying::yes(
            ANOTHER_REQUEST_OPEN,
            "EarlierFirst",
            format!("request {earlier} for the same application and pool is open: it is decided first"),
        ),
        _ => Saying::no(ANOTHER_REQUEST_OPEN, "First", "no earlier request is in front of it"),
    });
    sayings.push(term::ending(next));
    sayings
}

fn overdue(next: &QuotaRequestStatus) -> Saying {
    let stage = next.stage.clone().unwrap_or_default();
    let provisional =
        if stage.provisional { ", provisionally: the holidays of that year aren't published" } else { "" };
    match &stage.due_at {
        Some(due) if stage.overdue => Saying::yes(
            condition::OVERDUE,
            "Overdue",
            match &stage.escalated_to {
                Some(whom) => {
                    format!("{} was due {due}; escalated to {whom}; nothing is decided by silence", stage.name)
                }
                None => format!("{} was due {due}; nothing is decided by silence", stage.name),
            },
        ),
        Some(due) => Saying::no(condition::OVERDUE, "InTime", format!("{} is due {due}{provisional}", stage.name)),
        None => Saying::no(condition::OVERDUE, "NoDeadline", "no time limit applies to this step"),
    }
}

fn ready(observed: &Observed, phase: Phase) -> Saying {
    if phase == Phase::Submitted
        && observed.behind.is_none()
        && let Err(unfit) = observed.judge()
    {
        return Saying::no(condition::READY, unfit.code(), unfit.to_string());
    }
    // A move drains on the side that it leaves.
    let allocation = match phase {
        Phase::Reclaiming => observed.left().or(observed.place().allocation),
        _ => observed.place().allocation,
    };
    let said = |type_: &str| condition::find(&allocation?.status.as_ref()?.conditions, type_);
    match phase {
        Phase::Active => Saying::yes(condition::READY, "Active", "in force"),
        Phase::Released => Saying::yes(condition::READY, "Released", "the capacity is back in the pool"),
        Phase::Submitted => Saying::no(condition::READY, "Submitted", "waits for a decision"),
        Phase::Expired => Saying::no(
            condition::READY,
            "Expired",
            "the grant has ended: it keeps its size and can't grow until an approver renews it or takes it back",
        ),
        Phase::Returned => {
            Saying::no(condition::READY, "Returned", "the department has to correct it: change spec and it goes on")
        }
        Phase::Offered => Saying::no(condition::READY, "Offered", "the department has to accept or decline the offer"),
        Phase::Lapsed => Saying::no(condition::READY, "Lapsed", "the department's time was over; nothing was changed"),
        Phase::Provisioning => {
            let waits = said(condition::READY).filter(|said| said.status != "True");
            let message = waits.map_or("the quota is being written", |said| said.message.as_str());
            Saying::no(condition::READY, "Provisioning", format!("approved; {message}"))
        }
        Phase::Reclaiming => {
            let message = said(condition::DRAINING).map_or("the quota is being lowered", |said| said.message.as_str());
            Saying::no(condition::READY, "Reclaiming", message)
        }
        Phase::Rejected => Saying::no(condition::READY, "Rejected", "not approved; nothing was changed"),
        Phase::Withdrawn => Saying::no(condition::READY, "Withdrawn", "withdrawn; nothing was changed"),
        other if workflow::is_open(other) => Saying::no(condition::READY, "InReview", "is being looked at"),
        _ => Saying::no(condition::READY, "Closed", "closed; nothing was changed"),
    }
}

/// Answers the decision, once: an answer that is there stays, also when a leader that slept wakes up
/// with another. Whoever decided waits for this.
async fn answer(
    observed: &Observed,
    decision: &QuotaDecision,
    status: DecisionStatus,
    context: &Context,
) -> Result<(), Error> {
    let name = decision.name_any();
    let api: Api<QuotaDecision> = Api::namespaced(context.client.clone(), &observed.namespace);
    let operations = json!([
        {"op": "test", "path": "/metadata/uid", "value": decision.uid()},
        {"op": "test", "path": "/status", "value": null},
        {"op": "add", "path": "/status", "value": status},
    ]);
    match patch(&api, &name, Part::Status, operations, Some(names::MANAGER_REQUEST)).await {
        Ok(written) => {
            context.memory.decisions.keep(decision, written);
            context.metrics.wrote(CONTROLLER, "quotadecision/status");
        }
        // Gone, or answered already: the watch brings it.
        Err(kube::Error::Api(status)) if status.is_not_found() || status.code == 422 => return Ok(()),
        Err(source) => return Err(Error::Decision { decision: name, source }),
    }
    let (outcome, code) = (status.outcome, status.code.unwrap_or_default());
    let (request, by) = (&observed.name, &decision.spec.decided_by);
    tracing::info!(request, decision = name, by, ?outcome, code, "decision {name} on request {request} is answered");
    Ok(())
}

fn outcome_applied(now: Timestamp, ledger_revision: Option<i64>) -> DecisionStatus {
    DecisionStatus {
        outcome: Some(DecisionOutcome::Applied),
        at: Some(Time(now)),
        ledger_revision,
        ..DecisionStatus::default()
    }
}

fn outcome_refused(why: &Why, now: Timestamp) -> DecisionStatus {
    DecisionStatus {
        outcome: Some(DecisionOutcome::Refused),
        code: Some(why.code().to_owned()),
        message: Some(why.to_string()),
        at: Some(Time(now)),
        ..DecisionStatus::default()
    }
}

fn outcome_short(reason: &Reason, ledger_revision: Option<i64>, now: Timestamp) -> DecisionStatus {
    let refused = DecisionStatus {
        outcome: Some(DecisionOutcome::Refused),
        code: Some(reason.code().to_owned()),
        message: Some(status::explain(reason)),
        at: Some(Time(now)),
        ledger_revision,
        resource: reason.resource().map(|resource| resource.name().to_owned()),
        ..DecisionStatus::default()
    };
    let (resource, limit, asked, free, department) = match reason {
        Reason::InsufficientCapacity { resource, limit, asked, free, .. } => (*resource, *limit, *asked, *free, None),
        Reason::CeilingExceeded { resource, limit, asked, free, department, .. } => {
            (*resource, *limit, *asked, *free, Some(department.clone()))
        }
        _ => return refused,
    };
    let text = |amount| Some(quantity::format(resource, amount));
    DecisionStatus { limit: text(limit), asked: text(asked), free: text(free), department, ..refused }
}
