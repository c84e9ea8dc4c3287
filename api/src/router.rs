//! All routes on one page. A route is documented by being registered.

use axum::Router;
use axum::http::header;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use crate::dashboard::DOCS_POLICY;
use crate::openapi::ApiDoc;
use crate::problem::Failure;
use crate::routes::{
    allocations, applications, audit, calendars, decisions, departments, drafts, events, health, imports, incidents,
    invariants, links, notice_preferences, notices, overview, policy, pools, requests, session, sessions, sign_in,
    what_if,
};
use crate::state::App;
use crate::{dashboard, middleware};

fn documented() -> OpenApiRouter<App> {
    let api = OpenApiRouter::new()
        .merge(session::router())
        .merge(sessions::router())
        .merge(sign_in::router())
        .merge(overview::router())
        .merge(pools::router())
        .merge(departments::router())
        .merge(applications::router())
        .merge(allocations::router())
        .merge(requests::router())
        .merge(decisions::router())
        .merge(drafts::router())
        .merge(events::router())
        .merge(invariants::router())
        .merge(links::router())
        .merge(incidents::router())
        .merge(audit::router())
        .merge(notices::router())
        .merge(notice_preferences::router())
        .merge(policy::router())
        .merge(calendars::router())
        .merge(what_if::router())
        .merge(imports::router())
        .merge(health::router());
    OpenApiRouter::with_openapi(ApiDoc::openapi()).merge(health::open_router()).nest("/api/v1", api)
}

/// The document alone.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    documented().into_openapi()
}

/// Everything that is served to people and programs.
pub fn router(app: App) -> Router {
    let (routes, document) = documented().split_for_parts();
    let docs: Router<App> = utoipa_swagger_ui::SwaggerUi::new("/docs").url("/openapi.json", document).into();
    let docs = docs.layer(SetResponseHeaderLayer::overriding(header::CONTENT_SECURITY_POLICY, DOCS_POLICY));
    let routes = routes
        .merge(docs)
        .fallback(dashboard::serve)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(app.clone());
    middleware::wrap(routes, app)
}

async fn method_not_allowed() -> Failure {
    Failure::MethodNotAllowed
}
