//! Correcting a returned request: the whole spec anew, in the caller's name, on the version that he
//! has seen. The operator takes it up, raises the revision and writes down what has changed.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use resources::names;
use resources::v1alpha1::{Phase, QuotaRequest, QuotaRequestSpec};
use resources::workflow::{self, Nature};

use crate::identity::Caller;
use crate::problem::{Failure, Particulars, Wrong, WrongCause};
use crate::routes::requests::NewRequest;
use crate::snapshot::{Reading, RequestRow, course};
use crate::state::App;
use crate::{asking, deciding, refusal, respond};

/// How long the operator may take before the caller gets the request as he has written it.
const TAKEN_UP_WITHIN: Duration = Duration::from_secs(10);
/// Times that a write is tried again because something else of the request has moved: its status
/// does so by itself, and isn't what was looked at.
const TRIES: usize = 3;

/// The versions that the caller has seen.
pub fn version(headers: &HeaderMap) -> Result<Vec<String>, Failure> {
    let values = headers.get_all(header::IF_MATCH).iter().filter_map(|value| value.to_str().ok());
    let tags = values.flat_map(|value| value.split(',')).map(str::trim);
    // A weak tag matches nothing here: it says that two things are alike, not that they are one.
    let strong = tags.filter_map(|tag| tag.strip_prefix('"')?.strip_suffix('"')).map(str::to_owned);
    let seen: Vec<String> = strong.collect();
    if headers.contains_key(header::IF_MATCH) { Ok(seen) } else { Err(Failure::VersionMissing) }
}

/// Writes the correction, and waits until it is taken up.
pub async fn correct(
    app: App,
    caller: Caller,
    (department, name): (String, String),
    new: NewRequest,
    seen: Vec<String>,
) -> Result<Response, Failure> {
    if new.department != department {
        let wrong = Wrong { field: "department".to_owned(), cause: WrongCause::UnknownDepartment };
        return Err(Failure::Invalid(vec![wrong]));
    }
    let namespace = names::department_namespace(&department);
    let mut corrected = asking::object(&caller, new, Some(name.clone()));
    let mut tries = 0;
    let written = loop {
        let snapshot = app.snapshot().await;
        // Read anew: what is written has to follow from what there is, not from what is shown.
        let before = deciding::read_through(&app, &caller, &department, &name).await?;
        let row = snapshot.row_of((*before).clone(), &department);
        open(&snapshot, &caller, &row, &seen)?;
        keep(&mut corrected, &before);
        let fixed = fixed(&corrected.spec, &before.spec);
        if !fixed.is_empty() {
            return Err(Failure::Invalid(fixed));
        }
        if corrected.spec == before.spec {
            return Err(Failure::NothingCorrected);
        }
        asking::check(&snapshot, &caller, &corrected, &department)?;
        match app.cluster.update_request(&caller.credential, &corrected).await {
            Err(error) if error.is_conflict() && tries < TRIES => tries += 1,
            written => break written.map_err(refusal::of)?,
        }
    };
    let before = workflow::revision_of(&written);
    let taken_up = app.world.wait_for(TAKEN_UP_WITHIN, |kept| {
        let request = kept.requests.get(&namespace, &name)?;
        let returned = workflow::phase_of(request) == Phase::Returned;
        (workflow::revision_of(request) > before || !returned).then_some(())
    });
    let status = if taken_up.await.is_some() { StatusCode::OK } else { StatusCode::ACCEPTED };
    let snapshot = app.snapshot_now().await;
    let row = snapshot.request_row(&department, &name).filter(|_| status == StatusCode::OK).cloned();
    let row = row.unwrap_or_else(|| snapshot.row_of(written, &department));
    Ok(respond::fresh(status, &snapshot.request_view(&row, &caller)))
}

/// What the form doesn't have stays as it is, and so does whose it is.
fn keep(corrected: &mut QuotaRequest, before: &QuotaRequest) {
    corrected.metadata = before.metadata.clone();
    corrected.spec.requester.clone_from(&before.spec.requester);
    if let (Some(new), Some(old)) = (&mut corrected.spec.new_application, &before.spec.new_application) {
        new.contact = old.contact.clone();
    }
}

/// What a correction leaves as it is: for another application or pool one asks anew.
fn fixed(corrected: &QuotaRequestSpec, before: &QuotaRequestSpec) -> Vec<Wrong> {
    let differs = [
        ("type", corrected.type_ != before.type_),
        ("application", corrected.application != before.application),
        ("pool", corrected.pool != before.pool),
        ("moveFrom", corrected.move_from != before.move_from),
    ];
    let changed = differs.into_iter().filter(|(_, differs)| *differs);
    changed.map(|(field, _)| Wrong { field: field.to_owned(), cause: WrongCause::Fixed }).collect()
}

/// Whether the request waits for a correction by the caller, in the version that he has seen.
fn open(snapshot: &Reading, caller: &Caller, row: &RequestRow, seen: &[String]) -> Result<(), Failure> {
    let process = snapshot.process();
    let now: Timestamp = snapshot.age.as_of;
    if let Some(refusal) = snapshot.acting(row, caller, &process, now).correction_blocked() {
        let stage = row.object.status.as_ref().and_then(|status| status.stage.as_ref());
        let particulars = match refusal.nature() {
            Nature::Forbidden => Particulars::default(),
            Nature::Invalid | Nature::Conflict => Particulars {
                phase: Some(row.phase),
                stage: stage.map(|stage| stage.name.clone()),
                revision: Some(row.revision),
                ..Particulars::default()
            },
        };
        let code = refusal.code().to_owned();
        let (refusal, particulars) = (Some(Box::new(refusal)), Box::new(particulars));
        return Err(Failure::Refused { code, message: None, refusal, particulars });
    }
    let version = course::version(row.revision, &row.object.metadata);
    if seen.contains(&version) { Ok(()) } else { Err(Failure::VersionOld { version }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_a_strong_tag() {
        let read = |value: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(header::IF_MATCH, value.parse().unwrap());
            }
            version(&headers)
        };
        assert_eq!(read(None), Err(Failure::VersionMissing));
        assert_eq!(read(Some("\"2.3\"")), Ok(vec!["2.3".to_owned()]));
        assert_eq!(read(Some("\"1.1\", \"2.3\"")), Ok(vec!["1.1".to_owned(), "2.3".to_owned()]));
        for nothing in ["*", "2.3", "W/\"2.3\"", ""] {
            assert_eq!(read(Some(nothing)), Ok(vec![]), "{nothing:?}");
        }
    }
}
