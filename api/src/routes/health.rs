//! Whether it lives, whether it is ready, and what it is.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::documented::ReadRefused;
use crate::identity::Caller;
use crate::respond;
use crate::state::App;

/// What is known without signing in.
pub fn open_router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_health)).routes(routes!(show_readiness))
}

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_version))
}

/// What runs here.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    #[schema(example = "0.1.0")]
    pub version: String,
    /// The commit it was built from, where the build said so.
    #[schema(required)]
    pub commit: Option<String>,
    /// Version of the cluster's API server; `null` before it was reached for the first time.
    #[schema(required, example = "v1.37.2")]
    pub kubernetes: Option<String>,
}

/// What runs here, and on which cluster.
#[utoipa::path(
    get,
    path = "/version",
    tag = "system",
    responses((status = 200, description = "The versions.", body = Version), ReadRefused)
)]
pub async fn show_version(State(app): State<App>, _caller: Caller) -> Response {
    let version = Version {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("YUNHENG_COMMIT").map(str::to_owned),
        kubernetes: app.kubernetes_version(),
    };
    respond::fresh(StatusCode::OK, &version)
}

/// Whether the process lives.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "system",
    security(()),
    responses((status = 200, description = "It lives.", body = String, content_type = "text/plain"))
)]
pub async fn show_health() -> &'static str {
    "ok\n"
}

/// Whether the caches are filled, so that answers are complete.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "system",
    security(()),
    responses(
        (status = 200, description = "Answers are complete.", body = String, content_type = "text/plain"),
        (status = 503, description = "Still reading the cluster, with what is missing.", body = String, content_type = "text/plain"),
    )
)]
pub async fn show_readiness(State(app): State<App>) -> Response {
    let missing = app.missing();
    if missing.is_empty() {
        return "ok\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("waiting for {}\n", missing.join(", "))).into_response()
}
