//! Deciding: the decision is written in the caller's name, and the answer is what came of it.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::Response;
use kube::ResourceExt;
use kube::core::ObjectMeta;
use resources::amounts::Resources;
use resources::v1alpha1::{self as kinds, DecisionOutcome, QuotaDecision, QuotaDecisionSpec, QuotaRequest, RequestRef};
use resources::validate::Cause;
use resources::workflow::Refusal;
use resources::{names, quantity};

use crate::cluster::Error;
use crate::identity::Caller;
use crate::problem::{Failure, Particulars, Wrong, WrongCause};
use crate::refusal;
use crate::respond;
use crate::routes::decisions::{NewDecision, Verdict};
use crate::snapshot::{Reading, Snapshot, decision_view};
use crate::state::App;
use crate::view::Bundle;
use crate::world::CACHED_WITHIN;

/// How long an answer may take before the caller is told where to look for it.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);
/// How long the request's own status may take after that of the decision.
const SHOWN_WITHIN: Duration = Duration::from_secs(2);

/// Characters of a reason that is needed, and of any reason.
const REASON_MIN: usize = 10;
const REASON_MAX: usize = 2000;
/// Fields that a Return names, and characters of each: as many as the kind takes.
const FIELDS_MAX: usize = 20;
const FIELD_MAX: usize = 120;

/// What names of decisions begin with.
pub const NAME_PREFIX: &str = "qd-";

/// A decision on a request.
#[derive(Debug)]
pub struct Deciding {
    pub department: String,
    /// Name of the request.
    pub request: String,
    pub new: NewDecision,
    /// Name of the decision: a call that comes again, to whichever process, finds what it wrote the
    /// first time.
    pub name: Option<String>,
}

/// Writes the decision, and waits for what comes of it.
pub async fn decide(app: App, caller: Caller, deciding: Deciding) -> Result<Response, Failure> {
    let Deciding { department, request: name, new, name: decision_name } = deciding;
    let snapshot = app.snapshot().await;
    let namespace = names::department_namespace(&department);
    let row = snapshot.request_row(&department, &name).filter(|_| caller.rights.sees(&department));
    let request = match row {
        Some(row) => Arc::clone(&row.object),
        None => read_through(&app, &caller, &department, &name).await?,
    };
    let decision = object(&request, &caller, new, decision_name)?;
    if let Some(refusal) = malformed(&snapshot, &caller, &department, &request, &decision.spec) {
        let code = refusal.code().to_owned();
        let particulars = Box::new(standing(&snapshot, &department, &name));
        return Err(Failure::Refused { code, message: None, refusal: Some(Box::new(refusal)), particulars });
    }
    let written = match app.cluster.create_decision(&caller.credential, &decision).await {
        Err(error) if error.is_already_exists() => first(&app, &namespace, &decision).await?,
        written => written.map_err(refusal::of)?,
    };

    let place = written.metadata.name.clone().unwrap_or_default();
    let answered = app.world.wait_for(ANSWERED_WITHIN, |kept| {
        let decision = kept.decisions.get(&namespace, &place)?;
        decision.status.as_ref()?.outcome.map(|_| decision.clone())
    });
    let Some(answered) = answered.await else { return Ok(pending(&written, &department, &name)) };
    let status = answered.status.clone().unwrap_or_default();
    if status.outcome == Some(DecisionOutcome::Refused) {
        let snapshot = app.snapshot_now().await;
        return Err(refused(&snapshot, &caller, (&department, &name), &answered, status));
    }
    // The new state is what the caller wants to see; it may come a moment after the answer.
    app.world
        .wait_for(SHOWN_WITHIN, |kept| {
            let status = kept.requests.get(&namespace, &name)?.status.as_ref()?;
            (status.decision.as_deref() == Some(&place) || is_urged(status, &answered)).then_some(())
        })
        .await;
    let snapshot = app.snapshot_now().await;
    let Some(row) = snapshot.request_row(&department, &name) else {
        return Ok(pending(&answered, &department, &name));
    };
    Ok(respond::fresh(StatusCode::OK, &snapshot.request_view(row, &caller)))
}

/// Whether the request shows this urging, which isn't a decision that is on record.
fn is_urged(status: &kinds::QuotaRequestStatus, decision: &QuotaDecision) -> bool {
    let urged_at = status.stage.as_ref().and_then(|stage| stage.urged_at.as_ref());
    let written = decision.metadata.creation_timestamp.as_ref();
    decision.spec.verdict == kinds::Verdict::Urge
        && urged_at.is_some_and(|at| written.is_none_or(|from| at.0 >= from.0))
}

/// A request that the cache doesn't have, which may be a moment behind: it may have been made just
/// now, with kubectl. What the caller may not read looks like what isn't there.
pub async fn read_through(
    app: &App,
    caller: &Caller,
    department: &str,
    name: &str,
) -> Result<Arc<QuotaRequest>, Failure> {
    // What can't be a name isn't worth a question, nor could it be written into one.
    if !caller.rights.sees(department) || !is_name(department) || !is_name(name) {
        return Err(Failure::NotFound);
    }
    let namespace = names::department_namespace(department);
    match app.cluster.read_request(&caller.credential, &namespace, name).await {
        Ok(Some(request)) => Ok(Arc::new(request)),
        Ok(None) | Err(Error::Refused(_)) => Err(Failure::NotFound),
        Err(error) => Err(refusal::of(error)),
    }
}

/// Whether an object may be called so: the API server's own rule for names, as far as characters go.
fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    (1..=253).contains(&text.len())
        && text.chars().all(allowed)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// What the same call wrote the first time.
async fn first(app: &App, namespace: &str, decision: &QuotaDecision) -> Result<QuotaDecision, Failure> {
    let name = decision.metadata.name.as_deref().unwrap_or_default();
    let first = app.world.wait_for(CACHED_WITHIN, |kept| kept.decisions.get(namespace, name).cloned()).await;
    let first = first.ok_or(Failure::Conflict)?;
    if first.spec == decision.spec { Ok((*first).clone()) } else { Err(Failure::IdempotencyReuse) }
}

fn object(
    request: &QuotaRequest,
    caller: &Caller,
    new: NewDecision,
    name: Option<String>,
) -> Result<QuotaDecision, Failure> {
    let NewDecision { verdict, reason, reason_code, request_revision, stage, fields, resources } = new;
    let reason = reason.filter(|reason| !reason.trim().is_empty());
    let object_path = |field: String| if field.starts_with("spec.") { field } else { format!("spec.{field}") };
    let decision = QuotaDecision {
        metadata: ObjectMeta {
            namespace: request.metadata.namespace.clone(),
            generate_name: name.is_none().then(|| NAME_PREFIX.to_owned()),
            name,
            ..ObjectMeta::default()
        },
        spec: QuotaDecisionSpec {
            request: RequestRef { name: request.name_any(), uid: request.metadata.uid.clone().unwrap_or_default() },
            request_revision,
            stage,
            verdict: verdict.into(),
            resources: resources.map(|Bundle { cpu, memory, storage }| Resources { cpu, memory, storage }),
            reason_code,
            fields: fields.into_iter().map(object_path).collect(),
            reason,
            decided_by: caller.user.name.clone(),
        },
        status: None,
    };
    let wrong = wrong(&decision.spec);
    if wrong.is_empty() { Ok(decision) } else { Err(Failure::Invalid(wrong)) }
}

/// The kind's own rules, said before anything is written.
fn wrong(spec: &QuotaDecisionSpec) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let mut add = |field: &str, cause: WrongCause| wrong.push(Wrong { field: field.to_owned(), cause });
    let length = spec.reason.as_ref().map_or(0, |reason| reason.chars().count());
    let trimmed = spec.reason.as_ref().map_or(0, |reason| reason.trim().chars().count());
    if (spec.verdict.needs_reason() && trimmed < REASON_MIN) || length > REASON_MAX {
        add("reason", WrongCause::ReasonMissing);
    }
    if spec.verdict != kinds::Verdict::Return && !spec.fields.is_empty() {
        add("fields", WrongCause::OnlyWith { verdict: kinds::Verdict::Return.name() });
    }
    if spec.fields.len() > FIELDS_MAX {
        add("fields", WrongCause::Rule(Cause::TooMany { count: spec.fields.len(), max: FIELDS_MAX }));
    }
    for (index, field) in spec.fields.iter().enumerate() {
        let length = field.chars().count();
        if length > FIELD_MAX {
            add(&format!("fields[{index}]"), WrongCause::Rule(Cause::Length { length, min: 1, max: FIELD_MAX }));
        }
    }
    match (spec.verdict, &spec.resources) {
        (kinds::Verdict::Offer, None) => add("resources", WrongCause::Rule(Cause::Missing)),
        (kinds::Verdict::Offer, Some(offered)) => {
            for resource in ledger::Resource::ALL {
                if let Err(error) = quantity::parse(resource, offered.of(resource)) {
                    add(&format!("resources.{}", resource.name()), WrongCause::Rule(Cause::Amount(error)));
                }
            }
        }
        (_, Some(_)) => add("resources", WrongCause::OnlyWith { verdict: kinds::Verdict::Offer.name() }),
        (_, None) => {}
    }
    wrong
}

fn pending(written: &QuotaDecision, department: &str, name: &str) -> Response {
    let view = decision_view(written);
    let mut response = respond::fresh(StatusCode::ACCEPTED, &view);
    let location = format!("/api/v1/requests/{department}/{name}/decisions/{}", view.name);
    if let Ok(location) = location.try_into() {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// What is wrong with the decision itself, as the operator would find it. Whether it comes in time,
/// and from the right person, is said by what is written last, which the caches may not have.
fn malformed(
    snapshot: &Reading,
    caller: &Caller,
    department: &str,
    request: &QuotaRequest,
    decision: &QuotaDecisionSpec,
) -> Option<Refusal> {
    let name = request.name_any();
    let unseen = || snapshot.row_of(request.clone(), department);
    let row = snapshot.request_row(department, &name).cloned().unwrap_or_else(unseen);
    let process = snapshot.process();
    snapshot.acting(&row, caller, &process, snapshot.age.as_of).malformed(decision)
}

/// Where the request stands, for whoever is refused.
fn standing(snapshot: &Snapshot, department: &str, name: &str) -> Particulars {
    let row = snapshot.request_row(department, name);
    let stage = row.and_then(|row| row.object.status.as_ref()?.stage.as_ref());
    Particulars {
        phase: row.map(|row| row.phase),
        stage: stage.map(|stage| stage.name.clone()),
        revision: row.map(|row| row.revision),
        ..Particulars::default()
    }
}

fn refused(
    snapshot: &Reading,
    caller: &Caller,
    (department, name): (&str, &str),
    decision: &QuotaDecision,
    status: kinds::DecisionStatus,
) -> Failure {
    let code = status.code.unwrap_or_else(|| "Refused".to_owned());
    let refusal = snapshot.request_row(department, name).and_then(|row| {
        let process = snapshot.process();
        snapshot.acting(row, caller, &process, snapshot.age.as_of).explain(&code, &decision.spec)
    });
    let resource = status.resource.as_deref();
    let particulars = Particulars {
        resource: ledger::Resource::ALL.into_iter().find(|known| Some(known.name()) == resource).map(Into::into),
        asked: status.asked,
        free: status.free,
        limit: status.limit,
        department: status.department,
        decision: decision.metadata.name.clone(),
        ..standing(snapshot, department, name)
    };
    Failure::Refused {
        code,
        message: status.message,
        refusal: refusal.map(Box::new),
        particulars: Box::new(particulars),
    }
}

impl From<Verdict> for kinds::Verdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Accept => Self::Accept,
            Verdict::Take => Self::Take,
            Verdict::Approve => Self::Approve,
            Verdict::Return => Self::Return,
            Verdict::Reject => Self::Reject,
            Verdict::Offer => Self::Offer,
            Verdict::AcceptOffer => Self::AcceptOffer,
            Verdict::DeclineOffer => Self::DeclineOffer,
            Verdict::Withdraw => Self::Withdraw,
            Verdict::Reinstate => Self::Reinstate,
            Verdict::Confirm => Self::Confirm,
            Verdict::Cancel => Self::Cancel,
            Verdict::Reclaim => Self::Reclaim,
            Verdict::Urge => Self::Urge,
        }
    }
}

impl From<kinds::Verdict> for Verdict {
    fn from(verdict: kinds::Verdict) -> Self {
        match verdict {
            kinds::Verdict::Accept => Self::Accept,
            kinds::Verdict::Take => Self::Take,
            kinds::Verdict::Approve => Self::Approve,
            kinds::Verdict::Return => Self::Return,
            kinds::Verdict::Reject => Self::Reject,
            kinds::Verdict::Offer => Self::Offer,
            kinds::Verdict::AcceptOffer => Self::AcceptOffer,
            kinds::Verdict::DeclineOffer => Self::DeclineOffer,
            kinds::Verdict::Withdraw => Self::Withdraw,
            kinds::Verdict::Reinstate => Self::Reinstate,
            kinds::Verdict::Confirm => Self::Confirm,
            kinds::Verdict::Cancel => Self::Cancel,
            kinds::Verdict::Reclaim => Self::Reclaim,
            kinds::Verdict::Urge => Self::Urge,
        }
    }
}
