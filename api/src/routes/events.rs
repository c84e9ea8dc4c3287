//! Live changes, as server-sent events.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::documented::ReadRefused;
use crate::identity::Caller;
use crate::live;
use crate::problem::{Failure, Problem};
use crate::state::App;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(follow_events))
}

/// The data of an event `changed`: which object, so that it can be read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Changed {
    #[schema(example = "QuotaRequest")]
    pub kind: &'static str,
    /// Empty for kinds that have no namespace.
    #[schema(example = "dept-civil-affairs")]
    pub namespace: String,
    pub name: String,
    pub r#type: ChangeType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeType {
    Added,
    Modified,
    Deleted,
}

/// Changes of what the caller may see, as they happen.
///
/// Server-sent events: `changed` carries the object's kind and name as JSON; `reset` says that
/// changes may have been missed, so that everything shown should be read again. With
/// `Last-Event-ID` the stream goes on after that event. A comment every 15 seconds keeps it open.
#[utoipa::path(
    get,
    path = "/events",
    tag = "events",
    params(("Last-Event-ID" = Option<String>, Header, description = "The last event that arrived.")),
    responses(
        (status = 200, description = "The stream.", body = Changed, content_type = "text/event-stream"),
        (status = 429, description = "The caller has too many streams open.", body = Problem, content_type = "application/problem+json"),
        ReadRefused,
    )
)]
pub async fn follow_events(State(app): State<App>, caller: Caller, headers: HeaderMap) -> Result<Response, Failure> {
    live::stream(&app, caller, &headers).await
}
