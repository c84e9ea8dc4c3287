//! The caller's own sessions: where he is signed in, and how to end that.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::documented::{ItemRefused, ReadRefused};
use crate::extract::Path;
use crate::identity::{Caller, Credential, Limits, Session, Writer};
use crate::problem::{Failure, Problem};
use crate::state::App;
use crate::{clock, respond};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_sessions)).routes(routes!(end_session))
}

/// One session of the caller's.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    #[schema(example = "k3Jx0aQwT5bN7dYe2LmZ")]
    pub id: String,
    pub opened_with: OpenedWith,
    #[schema(format = DateTime)]
    pub opened_at: String,
    /// When it was used last, to a minute.
    #[schema(format = DateTime)]
    pub seen_at: String,
    /// It ends then, if not before.
    #[schema(format = DateTime)]
    pub ends_at: String,
    /// It ends then, if nothing is called.
    #[schema(format = DateTime)]
    pub idle_ends_at: String,
    /// Where it was opened; a proxy's address where one is in front.
    #[schema(example = "10.8.3.21")]
    pub address: String,
    /// The browser, as it calls itself.
    pub agent: String,
    /// The call came with this one.
    pub current: bool,
}

/// What a session was opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum OpenedWith {
    /// A token of the cluster.
    Token,
    /// The identity provider.
    Provider,
}

/// All of them, the newest first: 64 at most.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SessionList {
    pub items: Vec<SessionView>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct SessionPath {
    #[param(min_length = 1, max_length = 64, example = "k3Jx0aQwT5bN7dYe2LmZ")]
    pub id: String,
}

/// Where the caller is signed in.
///
/// Sessions that were opened with a token are those of the server that answers.
#[utoipa::path(
    get,
    path = "/sessions",
    tag = "session",
    responses((status = 200, description = "All of them.", body = SessionList), ReadRefused)
)]
pub async fn list_sessions(State(app): State<App>, caller: Caller) -> Result<Response, Failure> {
    let sessions = &app.identity.sessions;
    let mine = sessions.of(&caller.user.name, clock::now()).await?;
    let items = mine.into_iter().map(|session| view(session, &caller, sessions.limits())).collect();
    Ok(respond::fresh(StatusCode::OK, &SessionList { items }))
}

/// Ends one of the caller's sessions, at once here and within 5 s in servers beside this one.
#[utoipa::path(
    delete,
    path = "/sessions/{id}",
    tag = "session",
    params(SessionPath),
    responses(
        (status = 204, description = "It has ended."),
        (status = 403, description = "The CSRF token is missing or wrong, or the call comes from a page of another site.", body = Problem, content_type = "application/problem+json"),
        ItemRefused,
    )
)]
pub async fn end_session(
    State(app): State<App>,
    Writer(caller): Writer,
    Path(path): Path<SessionPath>,
) -> Result<Response, Failure> {
    if !app.identity.sessions.end(&caller.user.name, &path.id).await? {
        return Err(Failure::NotFound);
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if caller.session_id() == Some(path.id.as_str()) {
        response.headers_mut().insert(header::SET_COOKIE, app.identity.cookie_of_nobody());
    }
    Ok(response)
}

fn view(session: Session, caller: &Caller, limits: Limits) -> SessionView {
    let idle_ends_at = session.idle_at(limits).min(session.ends_at);
    SessionView {
        current: caller.session_id() == Some(session.id.as_str()),
        opened_with: match session.credential {
            Credential::Token(_) => OpenedWith::Token,
            Credential::As(_) => OpenedWith::Provider,
        },
        opened_at: clock::text(session.opened_at),
        seen_at: clock::text(session.seen_at),
        ends_at: clock::text(session.ends_at),
        idle_ends_at: clock::text(idle_ends_at),
        address: session.device.address,
        agent: session.device.agent,
        id: session.id,
    }
}
