//! Taking notice of an incident, in the caller's own name: whoever sees it knows that somebody is on it.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use kube::core::ObjectMeta;
use resources::v1alpha1::LinkIncident;
use resources::validate::Cause;
use serde_json::json;

use crate::cluster::{Step, Write};
use crate::identity::Caller;
use crate::problem::{Failure, Wrong, WrongCause};
use crate::routes::incidents::NewAcknowledgement;
use crate::routes::links;
use crate::state::App;
use crate::world::CACHED_WITHIN;
use crate::{refusal, respond, ruling};

/// Times that a write is tried again because the operator has written the status meanwhile.
const TRIES: usize = 3;
/// The kind's own limit.
const NOTE_CHARS_MAX: usize = 2_000;

pub async fn acknowledge(app: App, caller: Caller, name: String, new: NewAcknowledgement) -> Result<Response, Failure> {
    links::check(&caller)?;
    ruling::may_write(&app, &caller, "patch", "linkincidents").await?;
    let NewAcknowledgement { note, instead_of } = new;
    let note = note.trim().to_owned();
    let length = note.chars().count();
    if length > NOTE_CHARS_MAX {
        let cause = WrongCause::Rule(Cause::Length { length, min: 0, max: NOTE_CHARS_MAX });
        return Err(Failure::Invalid(vec![Wrong { field: "note".to_owned(), cause }]));
    }
    let mut tries = 0;
    loop {
        let before = incident(&app, &name).ok_or(Failure::NotFound)?;
        let by = before.spec.acknowledged_by.as_str();
        // Nobody's word is written over by somebody who hasn't seen it.
        if !by.is_empty() && by != caller.user.name && by != instead_of {
            return Err(Failure::Conflict);
        }
        match app.cluster.write(&caller.credential, &change(&before, &caller.user.name, &note)).await {
            Err(error) if error.is_conflict() && tries < TRIES => tries += 1,
            written => break written.map_err(refusal::of)?,
        }
        let seen = before.metadata.resource_version.clone();
        let moved = app.world.wait_for(CACHED_WITHIN, |kept| {
            let now = kept.incidents.get("", &name).and_then(|now| now.metadata.resource_version.clone());
            (now != seen).then_some(())
        });
        // What the cluster refuses as old, and the watch doesn't bring, isn't tried again.
        moved.await.ok_or(Failure::Conflict)?;
    }
    let shown = app.world.wait_for(CACHED_WITHIN, |kept| {
        let spec = &kept.incidents.get("", &name)?.spec;
        (spec.acknowledged_by == caller.user.name && spec.note == note).then_some(())
    });
    let _ = shown.await;
    let view = links::read(&app).incident(&name).ok_or(Failure::NotFound)?;
    Ok(respond::fresh(StatusCode::OK, &view))
}

fn incident(app: &App, name: &str) -> Option<Arc<LinkIncident>> {
    app.world.read().incidents.get("", name).cloned()
}

/// Who has taken notice and what he says, on the version that was looked at; everything else stays.
fn change(before: &LinkIncident, by: &str, note: &str) -> Write {
    let metadata = ObjectMeta {
        name: before.metadata.name.clone(),
        resource_version: before.metadata.resource_version.clone(),
        ..ObjectMeta::default()
    };
    Write::of::<LinkIncident>(Step::Change, metadata, json!({"spec": {"acknowledgedBy": by, "note": note}}))
}
