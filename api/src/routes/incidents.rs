//! Breakages of the extranet, for whoever may list `extranetlinks`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::documented::{ItemRefused, ListRefused, WriteRefused};
use crate::extract::{Body, Path, Query};
use crate::identity::{Caller, Writer};
use crate::problem::{Failure, Problem};
use crate::routes::links::{check, read};
use crate::state::App;
use crate::view::list_of;
use crate::{acknowledging, clock, idempotency, respond};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_incidents))
        .routes(routes!(show_incident))
        .routes(routes!(acknowledge_incident))
}

/// One breakage: opened once, resolved once, naming the highest broken link.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IncidentView {
    pub name: String,
    /// The highest broken link, or `city-core`.
    #[schema(example = "county-420923")]
    pub root: String,
    /// Its name for people; `null` where it has no object.
    #[schema(required, example = "云梦县")]
    pub root_name: Option<String>,
    /// Further roots that share it.
    pub other_roots: Vec<String>,
    /// RootDown, InferredFromChildren, SharedParentSuspected, FollowUp or MaintenanceOverrun.
    #[schema(example = "RootDown")]
    pub cause: String,
    /// With cause FollowUp: the incident whose recovery these links have outlasted.
    #[schema(required)]
    pub after: Option<String>,
    pub open: bool,
    /// When the root's first lost probe was sent.
    #[schema(format = DateTime)]
    pub started_at: String,
    #[schema(required, format = DateTime)]
    pub ended_at: Option<String>,
    /// How often it was down.
    pub episodes: i64,
    pub affected: Affected,
    /// Who has taken notice; empty if nobody has.
    pub acknowledged_by: String,
    pub acknowledged_by_short: String,
    pub note: String,
}

/// How many links of each level it ever hit.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Affected {
    pub interconnect: i64,
    pub provider: i64,
    pub county: i64,
    pub township: i64,
    pub village: i64,
    pub total: i64,
}

list_of!(IncidentView, IncidentList);

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IncidentParams {
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u16>,
    /// Where to go on: the `continue` of the page before.
    #[param(max_length = 1024)]
    #[serde(default, deserialize_with = "crate::page::text::<1024, _>")]
    pub r#continue: Option<String>,
    /// Only those that are open, or only those that are over.
    pub open: Option<bool>,
    /// Those that this link is a root of or was hit by.
    #[param(max_length = 253)]
    #[serde(default, deserialize_with = "crate::page::text::<253, _>")]
    pub link: Option<String>,
}

/// That somebody has taken notice.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewAcknowledgement {
    /// What is being done about it.
    #[serde(default)]
    #[schema(max_length = 2000, example = "抢修队已出发")]
    pub note: String,
    /// The `acknowledgedBy` of the incident that was looked at, where it is somebody else's word that is
    /// replaced. Without it that is refused.
    #[serde(default)]
    #[schema(max_length = 253)]
    pub instead_of: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct IncidentPath {
    /// Name of the incident.
    #[param(max_length = 253)]
    pub incident: String,
}

/// Incidents, the newest first.
#[utoipa::path(
    get,
    path = "/incidents",
    tag = "links",
    params(IncidentParams),
    responses((status = 200, description = "One page.", body = IncidentList), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), (status = 403, description = "The caller may not read links.", body = Problem, content_type = "application/problem+json"), ListRefused)
)]
pub async fn list_incidents(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<IncidentParams>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    check(&caller)?;
    let age = app.snapshot().await.age;
    Ok(respond::item(&headers, &IncidentList::new(read(&app).incidents(&params)?, &age)))
}

/// One incident.
#[utoipa::path(
    get,
    path = "/incidents/{incident}",
    tag = "links",
    params(IncidentPath),
    responses((status = 200, description = "The incident.", body = IncidentView), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), (status = 403, description = "The caller may not read links.", body = Problem, content_type = "application/problem+json"), ItemRefused)
)]
pub async fn show_incident(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<IncidentPath>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    check(&caller)?;
    let view = read(&app).incident(&path.incident).ok_or(Failure::NotFound)?;
    Ok(respond::item(&headers, &view))
}

/// Takes notice of an incident, in the caller's own name.
///
/// Said again by the same person it replaces the note. It changes no state and stops no clock.
#[utoipa::path(
    post,
    path = "/incidents/{incident}/acknowledgement",
    tag = "links",
    params(
        IncidentPath,
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$", description = "Chosen by the client. The same key and body are carried out once."),
    ),
    request_body(content = NewAcknowledgement, description = "What is being done."),
    responses(
        (status = 200, description = "Written; the incident as it is now.", body = IncidentView),
        (status = 404, description = "There is no such incident.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Somebody else has taken notice, and `insteadOf` doesn't name him; or it was written at the same moment.", body = Problem, content_type = "application/problem+json"),
        WriteRefused,
    )
)]
pub async fn acknowledge_incident(
    State(app): State<App>,
    Writer(caller): Writer,
    Path(path): Path<IncidentPath>,
    headers: HeaderMap,
    Body(new, print): Body<NewAcknowledgement>,
) -> Result<Response, Failure> {
    let operation = format!("acknowledge_incident {}", path.incident);
    let key = idempotency::Key::from_headers(&headers, &caller, &operation, print)?;
    // Carried out to its end, also where the caller goes away meanwhile.
    let work = acknowledging::acknowledge(app.clone(), caller, path.incident, new);
    idempotency::once(&app.idempotency, key, clock::now(), work).await
}
