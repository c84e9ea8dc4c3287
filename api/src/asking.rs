//! Asking for quota: checked as the API server and the operator check it, then written in the
//! caller's name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{StatusCode, header};
use axum::response::Response;
use kube::core::ObjectMeta;
use ledger::Bundle;
use resources::amounts::Resources;
use resources::judgement::Fault;
use resources::v1alpha1::{
    Basis, Contact, NewApplication, Period, QuotaRequest, QuotaRequestSpec, RequestDetail, RequestType,
};
use resources::validate::{self, Violation};
use resources::{names, workflow};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::automatic;
use crate::identity::Caller;
use crate::preview;
use crate::problem::{Failure, Wrong, WrongCause};
use crate::refusal;
use crate::respond;
use crate::routes::requests::{self as views, NewRequest, Preview};
use crate::snapshot::{Reading, Snapshot};
use crate::state::App;
use crate::world::CACHED_WITHIN;

/// What names of requests begin with.
pub const NAME_PREFIX: &str = "qr-";

/// Writes the request, and answers with it as it is shown. With a name it is written under that: a
/// call that comes again, to whichever process, finds what it wrote the first time.
pub async fn create(app: App, caller: Caller, new: NewRequest, name: Option<String>) -> Result<Response, Failure> {
    let department = new.department.clone();
    // Another call for the department may be about to write the same.
    let _turn = app.turns.take(&department).await;
    let snapshot = app.snapshot().await;
    let request = object(&caller, new, name);
    let sees = caller.rights.sees(&department);
    let first = request.metadata.name.as_deref().and_then(|name| snapshot.request_row(&department, name));
    if let Some(first) = first.filter(|_| sees) {
        return repeated(&app, &caller, &department, &request, &first.object).await;
    }
    check(&snapshot, &caller, &request, &department)?;
    if let Some(existing) = same(&snapshot, &request, &department) {
        return Err(Failure::Duplicate { existing });
    }
    let written = match app.cluster.create_request(&caller.credential, &request).await {
        Err(error) if error.is_already_exists() => {
            let first = cached(&app, &request.metadata).await.ok_or(Failure::Conflict)?;
            return repeated(&app, &caller, &department, &request, &first).await;
        }
        written => written.map_err(refusal::of)?,
    };
    cached(&app, &written.metadata).await;
    Ok(created(&app, &caller, &department, written).await)
}

/// The same call once more: the answer is what it wrote the first time, as it is now.
async fn repeated(
    app: &App,
    caller: &Caller,
    department: &str,
    request: &QuotaRequest,
    first: &QuotaRequest,
) -> Result<Response, Failure> {
    if first.spec != request.spec {
        return Err(Failure::IdempotencyReuse);
    }
    Ok(created(app, caller, department, first.clone()).await)
}

/// Waits until the caches have the request, and gives it as they have it.
async fn cached(app: &App, metadata: &ObjectMeta) -> Option<Arc<QuotaRequest>> {
    let (namespace, name) = (metadata.namespace.as_deref()?, metadata.name.as_deref()?);
    app.world.wait_for(CACHED_WITHIN, |kept| kept.requests.get(namespace, name).cloned()).await
}

async fn created(app: &App, caller: &Caller, department: &str, written: QuotaRequest) -> Response {
    let name = written.metadata.name.clone().unwrap_or_default();
    let snapshot = app.snapshot_now().await;
    let row = snapshot.request_row(department, &name).cloned();
    let row = row.unwrap_or_else(|| snapshot.row_of(written, department));
    let mut response = respond::fresh(StatusCode::CREATED, &snapshot.request_view(&row, caller));
    let location = format!("/api/v1/requests/{department}/{name}");
    if let Ok(location) = location.try_into() {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Says whether it would fit.
pub fn preview(reading: &Reading, caller: &Caller, new: NewRequest) -> Result<Preview, Failure> {
    let department = new.department.clone();
    let request = object(caller, new, None);
    check(reading, caller, &request, &department)?;
    let automatic = automatic::of(reading, &department, &request, caller, reading.age.as_of);
    preview::of(reading, &department, &request, Bundle::ZERO, caller, automatic).ok_or(Failure::Internal)
}

/// Everything that is wrong with it.
pub fn check(snapshot: &Snapshot, caller: &Caller, request: &QuotaRequest, department: &str) -> Result<(), Failure> {
    let spec = &request.spec;
    let is_his = snapshot.departments.contains_key(department) && caller.rights.sees(department);
    let mut wrong: Vec<Wrong> = if is_his {
        let unfit = snapshot.judge(department, spec, &caller.rights.pools).err();
        unfit.into_iter().flat_map(|unfit| unfit.faults).map(|fault| wrong_by(fault, spec.type_)).collect()
    } else {
        // Beside things of a department that isn't his nothing is judged.
        let mut wrong: Vec<Wrong> = validate::request(spec).into_iter().map(violated).collect();
        wrong.push(Wrong { field: "department".to_owned(), cause: WrongCause::UnknownDepartment });
        wrong
    };
    if wrong.is_empty() {
        // The rules of the kind itself, so that nothing passes here that the API server refuses.
        wrong.extend(rules(request));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Failure::Invalid(wrong)) }
}

fn violated(violation: Violation) -> Wrong {
    Wrong { field: refusal::body_path(&violation.field), cause: WrongCause::Rule(violation.cause) }
}

fn wrong_by(fault: Fault, type_: RequestType) -> Wrong {
    match fault {
        Fault::Invalid(violation) => violated(violation),
        Fault::UnknownApplication { .. } if type_ == RequestType::New => {
            Wrong { field: "newApplication".to_owned(), cause: WrongCause::NewApplicationMissing }
        }
        other => Wrong { field: refusal::body_path(other.field()), cause: WrongCause::Unfit(other) },
    }
}

/// Who asks for a department, one after the other: whether the same is asked for already can only
/// be said when the call before is done. In this process alone: a second one wouldn't wait.
#[derive(Debug, Default)]
pub struct Turns(Mutex<HashMap<String, Arc<AsyncMutex<()>>>>);

impl Turns {
    async fn take(&self, department: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Those that nobody has or waits for, so that there are as many as calls under way.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(turns.entry(department.to_owned()).or_default())
        };
        turn.lock_owned().await
    }
}

/// The object that the body stands for.
pub fn object(caller: &Caller, new: NewRequest, name: Option<String>) -> QuotaRequest {
    let NewRequest {
        department,
        r#type,
        application,
        new_application,
        pool,
        move_from,
        resources,
        period,
        justification,
        basis,
        details,
    } = new;
    let views::Basis { users, concurrency, data_volume, approval_number, funding } = basis.unwrap_or_default();
    let spec = QuotaRequestSpec {
        requester: caller.user.name.clone(),
        type_: match r#type {
            views::RequestType::New => RequestType::New,
            views::RequestType::Change => RequestType::Change,
            views::RequestType::Renew => RequestType::Renew,
            views::RequestType::Release => RequestType::Release,
        },
        application,
        new_application: new_application.map(new_application_of),
        pool,
        move_from,
        resources: Resources { cpu: resources.cpu, memory: resources.memory, storage: resources.storage },
        period: period.map(|views::Period { start, end }| Period { start, end }),
        justification,
        basis: Basis { users, concurrency, data_volume, approval_number, funding },
        details: details.into_iter().map(|line| RequestDetail { label: line.label, value: line.value }).collect(),
    };
    QuotaRequest {
        metadata: ObjectMeta {
            namespace: Some(names::department_namespace(&department)),
            generate_name: name.is_none().then(|| NAME_PREFIX.to_owned()),
            name,
            ..ObjectMeta::default()
        },
        spec,
        status: None,
    }
}

fn new_application_of(new: views::NewApplication) -> NewApplication {
    let views::NewApplication {
        display_name,
        tier,
        hosting,
        zone,
        security_grade,
        domestic_it,
        key_event,
        description,
    } = new;
    NewApplication {
        display_name,
        tier: tier.into(),
        hosting: hosting.into(),
        zone: zone.into(),
        security_grade,
        domestic_it,
        key_event,
        description,
        contact: Contact::default(),
    }
}

fn rules(request: &QuotaRequest) -> Vec<Wrong> {
    // The rules look at a name, which the API server gives only later.
    let mut named = request.clone();
    named.metadata.name = Some("qr-new".to_owned());
    let Err(errors) = named.validate_cel() else { return Vec::new() };
    let wrong = errors.into_iter().map(|error| Wrong {
        field: refusal::body_path(error.field_path.trim_start_matches('.')),
        cause: WrongCause::Server { message: error.message },
    });
    wrong.collect()
}

/// An open request that asks for the same.
pub fn same(snapshot: &Snapshot, request: &QuotaRequest, department: &str) -> Option<String> {
    let new = &request.spec;
    let found = snapshot.requests.iter().find(|row| {
        let spec = &row.object.spec;
        row.department == department
            && workflow::is_open(row.phase)
            && (&spec.application, &spec.pool, spec.type_) == (&new.application, &new.pool, new.type_)
            && spec.resources.parse().ok() == new.resources.parse().ok()
            && spec.period == new.period
    });
    found.map(|row| row.name.clone())
}
