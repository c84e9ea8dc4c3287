//! Deciding: the decision is written in the caller's name, and the answer is what came of it.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::Response;
use kube::ResourceExt;
use kube::core::ObjectMeta;
use resources::names;
use resources::v1alpha1::{self as kinds, DecisionOutcome, QuotaDecision, QuotaDecisionSpec, QuotaRequest, RequestRef};

use crate::cluster::Error;
use crate::identity::Caller;
use crate::problem::{Failure, Particulars, Wrong, WrongCause};
use crate::refusal;
use crate::respond;
use crate::routes::decisions::{NewDecision, Verdict};
use crate::snapshot::{Snapshot, decision_view};
use crate::state::App;

/// How long an answer may take before the caller is told where to look for it.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);
/// How long the caches may take to have what the API server has already.
const CACHED_WITHIN: Duration = Duration::from_secs(2);
/// How long the request's own status may take after that of the decision.
const SHOWN_WITHIN: Duration = Duration::from_secs(2);

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
    let written = match app.cluster.create_decision(&caller.token, &decision).await {
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
        return Err(refused(&snapshot, &department, &name, &place, status));
    }
    // The new state is what the caller wants to see; it may come a moment after the answer.
    app.world
        .wait_for(SHOWN_WITHIN, |kept| {
            let status = kept.requests.get(&namespace, &name)?.status.as_ref()?;
            (status.decision.as_deref() == Some(&place)).then_some(())
        })
        .await;
    let snapshot = app.snapshot_now().await;
    let Some(row) = snapshot.request_row(&department, &name) else {
        return Ok(pending(&answered, &department, &name));
    };
    Ok(respond::fresh(StatusCode::OK, &snapshot.request_view(row, &caller)))
}

/// A request that the cache doesn't have, which may be a moment behind: it may have been made just
/// now, with kubectl. What the caller may not read looks like what isn't there.
async fn read_through(app: &App, caller: &Caller, department: &str, name: &str) -> Result<Arc<QuotaRequest>, Failure> {
    // What can't be a name isn't worth a question, nor could it be written into one.
    if !caller.rights.sees(department) || !is_name(department) || !is_name(name) {
        return Err(Failure::NotFound);
    }
    let namespace = names::department_namespace(department);
    match app.cluster.read_request(&caller.token, &namespace, name).await {
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
    let NewDecision { verdict, reason, reason_code, request_revision, stage } = new;
    let reason = reason.filter(|reason| !reason.trim().is_empty());
    check_reason(verdict, reason.as_deref())?;
    Ok(QuotaDecision {
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
            resources: None,
            reason_code,
            fields: vec![],
            reason,
            decided_by: caller.user.name.clone(),
        },
        status: None,
    })
}

/// The kind's own rule, said before anything is written.
fn check_reason(verdict: Verdict, reason: Option<&str>) -> Result<(), Failure> {
    let needed = matches!(
        verdict,
        Verdict::Return | Verdict::Reject | Verdict::DeclineOffer | Verdict::Cancel | Verdict::Reclaim
    );
    let length = reason.map_or(0, |reason| reason.chars().count());
    if (needed && length < 10) || length > 2000 {
        return Err(Failure::Invalid(vec![Wrong { field: "reason".to_owned(), cause: WrongCause::ReasonMissing }]));
    }
    Ok(())
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

fn refused(
    snapshot: &Snapshot,
    department: &str,
    name: &str,
    decision: &str,
    status: kinds::DecisionStatus,
) -> Failure {
    let row = snapshot.request_row(department, name);
    let resource = status.resource.as_deref();
    let particulars = Particulars {
        resource: ledger::Resource::ALL.into_iter().find(|known| Some(known.name()) == resource).map(Into::into),
        asked: status.asked,
        free: status.free,
        limit: status.limit,
        department: status.department,
        phase: row.map(|row| row.phase),
        revision: row.map(|row| row.revision),
        decision: Some(decision.to_owned()),
        existing: None,
    };
    let code = status.code.unwrap_or_else(|| "Refused".to_owned());
    Failure::Refused { code, message: status.message, particulars: Box::new(particulars) }
}

impl From<Verdict> for kinds::Verdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Accept => Self::Accept,
            Verdict::Take => Self::Take,
            Verdict::Approve => Self::Approve,
            Verdict::Return => Self::Return,
            Verdict::Reject => Self::Reject,
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
