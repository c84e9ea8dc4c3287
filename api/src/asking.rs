//! Asking for quota: checked as the API server checks it, then written in the caller's name.

use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::Response;
use kube::core::ObjectMeta;
use ledger::Bundle;
use resources::amounts::Resources;
use resources::v1alpha1::{
    Basis, Contact, NewApplication, Period, QuotaRequest, QuotaRequestSpec, RequestDetail, RequestType,
};
use resources::validate::{self, Cause};
use resources::{names, workflow};

use crate::identity::Caller;
use crate::preview;
use crate::problem::{Failure, Wrong, WrongCause};
use crate::refusal;
use crate::respond;
use crate::routes::requests::{self as views, NewRequest, Preview};
use crate::snapshot::Snapshot;
use crate::state::App;

/// How long the caches may take to have what was just written. Then the answer is made from the
/// API server's own.
const CACHED_WITHIN: Duration = Duration::from_secs(2);

/// Writes the request, and answers with it as it is shown.
pub async fn create(app: App, caller: Caller, new: NewRequest) -> Result<Response, Failure> {
    let snapshot = app.snapshot();
    let department = new.department.clone();
    let request = checked(&snapshot, &caller, new)?;
    if let Some(existing) = same(&snapshot, &request, &department) {
        return Err(Failure::Duplicate { existing });
    }
    let written = app.cluster.create_request(&caller.token, &request).await.map_err(refusal::of)?;
    let place =
        (written.metadata.namespace.clone().unwrap_or_default(), written.metadata.name.clone().unwrap_or_default());
    let cached = app.world.wait_for(CACHED_WITHIN, |kept| kept.requests.get(&place.0, &place.1).map(drop)).await;
    let snapshot = app.snapshot();
    let row = cached.and_then(|()| snapshot.request_row(&department, &place.1).cloned());
    let row = row.unwrap_or_else(|| snapshot.row_of(written, &department));
    let mut response = respond::fresh(StatusCode::CREATED, &snapshot.request_view(&row, &caller));
    let location = format!("/api/v1/requests/{department}/{}", place.1);
    if let Ok(location) = location.try_into() {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Says whether it would fit.
pub fn preview(snapshot: &Snapshot, caller: &Caller, new: NewRequest) -> Result<Preview, Failure> {
    let request = checked(snapshot, caller, new)?;
    preview::of(snapshot, &request, Bundle::ZERO, caller).ok_or(Failure::Internal)
}

/// The object that is asked for, or everything that is wrong with it.
fn checked(snapshot: &Snapshot, caller: &Caller, new: NewRequest) -> Result<QuotaRequest, Failure> {
    let department = new.department.clone();
    let request = object(caller, new);
    let mut wrong: Vec<Wrong> = validate::request(&request.spec)
        .into_iter()
        .map(|violation| Wrong {
            field: refusal::body_path(&violation.field),
            cause: WrongCause::Rule(violation.cause),
        })
        .collect();
    wrong.extend(lengths(&request.spec));
    wrong.extend(references(snapshot, caller, &request.spec, &department));
    if wrong.is_empty() {
        // The rules of the kind itself, so that nothing passes here that the API server refuses.
        wrong.extend(rules(&request));
    }
    if wrong.is_empty() { Ok(request) } else { Err(Failure::Invalid(wrong)) }
}

fn object(caller: &Caller, new: NewRequest) -> QuotaRequest {
    let NewRequest {
        department,
        r#type,
        application,
        new_application,
        pool,
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
        resources: Resources { cpu: resources.cpu, memory: resources.memory, storage: resources.storage },
        period: period.map(|views::Period { start, end }| Period { start, end }),
        justification,
        basis: Basis { users, concurrency, data_volume, approval_number, funding },
        details: details.into_iter().map(|line| RequestDetail { label: line.label, value: line.value }).collect(),
    };
    QuotaRequest {
        metadata: ObjectMeta {
            namespace: Some(names::department_namespace(&department)),
            generate_name: Some("qr-".to_owned()),
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

/// Texts that the kind bounds and whose length no other rule looks at.
fn lengths(spec: &QuotaRequestSpec) -> Vec<Wrong> {
    let Basis { users, concurrency, data_volume, approval_number, funding } = &spec.basis;
    let basis = [
        ("basis.users", users),
        ("basis.concurrency", concurrency),
        ("basis.dataVolume", data_volume),
        ("basis.approvalNumber", approval_number),
        ("basis.funding", funding),
    ];
    let basis = basis.into_iter().map(|(field, text)| (field.to_owned(), text.as_deref().unwrap_or_default(), 0, 200));
    let details = spec.details.iter().enumerate().flat_map(|(index, line)| {
        [
            (format!("details[{index}].label"), line.label.as_str(), 1, 100),
            (format!("details[{index}].value"), line.value.as_str(), 0, 1000),
        ]
    });
    let description = spec.new_application.as_ref().map(|new| new.description.as_str()).unwrap_or_default();
    let description = [("newApplication.description".to_owned(), description, 0, 1000)];
    let mut wrong: Vec<Wrong> = basis
        .chain(details)
        .chain(description)
        .filter_map(|(field, text, min, max)| {
            let length = text.chars().count();
            let cause = WrongCause::Rule(Cause::Length { length, min, max });
            (length < min || length > max).then_some(Wrong { field, cause })
        })
        .collect();
    if spec.details.len() > 50 {
        let cause = Cause::Length { length: spec.details.len(), min: 0, max: 50 };
        wrong.push(Wrong { field: "details".to_owned(), cause: WrongCause::Rule(cause) });
    }
    wrong
}

/// What it names has to be there, and to be the caller's to see.
fn references(snapshot: &Snapshot, caller: &Caller, spec: &QuotaRequestSpec, department: &str) -> Vec<Wrong> {
    let wrong = |field: &str, cause| Wrong { field: field.to_owned(), cause };
    let mut all = Vec::new();
    let pool_known = snapshot.pools.contains_key(&spec.pool);
    if !spec.pool.is_empty() && !pool_known {
        all.push(wrong("pool", WrongCause::UnknownPool));
    }
    if !(snapshot.departments.contains_key(department) && caller.rights.sees(department)) {
        all.push(wrong("department", WrongCause::UnknownDepartment));
        return all;
    }
    let exists = snapshot.application_row(department, &spec.application).is_some();
    let described = spec.new_application.is_some();
    match (spec.type_, exists) {
        (RequestType::New, true) if described => all.push(wrong("newApplication", WrongCause::ApplicationExists)),
        (RequestType::New, false) if !described => all.push(wrong("newApplication", WrongCause::NewApplicationMissing)),
        (RequestType::Change | RequestType::Renew | RequestType::Release, false)
            if validate::is_name(&spec.application, names::APPLICATION_NAME_MAX) =>
        {
            all.push(wrong("application", WrongCause::UnknownApplication));
        }
        _ => {}
    }
    all
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
fn same(snapshot: &Snapshot, request: &QuotaRequest, department: &str) -> Option<String> {
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
