//! Signing in and out, and who the caller is.

use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::documented::{ReadRefused, WriteRefused};
use crate::extract::Body;
use crate::identity::{self, Caller, KnownBy, Secret, Writer};
use crate::language::Language;
use crate::problem::{Failure, Problem};
use crate::respond;
use crate::state::App;
use crate::{access, acts, clock};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_session, create_session, delete_session))
}

/// Who is signed in, and what the person may do.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub user: User,
    pub roles: Vec<Role>,
    /// The departments that the person belongs to.
    pub departments: Vec<DepartmentRef>,
    /// Send it as `X-CSRF-Token` with every write that uses the cookie; `null` for bearer tokens,
    /// which need none.
    #[schema(required)]
    pub csrf_token: Option<String>,
    /// When the session or the token ends, as far as that is known.
    #[schema(required, format = DateTime)]
    pub expires_at: Option<String>,
}

/// A person or a program.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The name that Kubernetes knows.
    #[schema(example = "system:serviceaccount:yunheng-people:zhang")]
    pub name: String,
    /// The part of the name that people know.
    #[schema(example = "zhang")]
    pub short_name: String,
    pub groups: Vec<String>,
}

/// What a person may do. It follows from the rights that Kubernetes gives, never from this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// 云管理员: pools, departments, policy.
    CloudAdmin,
    /// 行政审批人: decides.
    ApproverAdmin,
    /// 技术审核人: reviews.
    ApproverTech,
    /// 使用单位负责人.
    DepartmentOwner,
    /// 使用单位用户.
    DepartmentUser,
    /// 云服务商.
    Provider,
    /// 审计: reads everything, changes nothing.
    Auditor,
}

/// A department by name.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepartmentRef {
    #[schema(example = "civil-affairs")]
    pub name: String,
    #[schema(example = "市民政局")]
    pub display_name: String,
}

/// How to sign in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    /// A token of the cluster. It is kept in memory alone, and never longer than the session.
    #[schema(value_type = String, min_length = 1, max_length = 16384)]
    pub token: Secret,
}

/// Who the caller is and what the caller may do.
#[utoipa::path(
    get,
    path = "/session",
    tag = "session",
    responses(
        (status = 200, description = "The session, or what is known of the bearer of the token.", body = Session),
        ReadRefused,
    )
)]
pub async fn show_session(State(app): State<App>, caller: Caller) -> Response {
    respond::fresh(StatusCode::OK, &view(&app, &caller).await)
}

/// Signs in with a token of the cluster.
///
/// The answer sets the cookie `yunheng_session`. It ends after 30 minutes without a call, after
/// 12 hours, and when the token does.
#[utoipa::path(
    post,
    path = "/session",
    tag = "session",
    security(()),
    request_body(content = NewSession, description = "The token."),
    responses(
        (status = 201, description = "Signed in.", body = Session, headers(("Set-Cookie" = String, description = "The session's cookie."))),
        WriteRefused,
        (status = 429, description = "Too many attempts.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn create_session(
    State(app): State<App>,
    parts: Parts,
    Body(new, _): Body<NewSession>,
) -> Result<Response, Failure> {
    identity::check_origin(&parts.headers)?;
    let now = clock::now();
    let address = identity::address(&parts);
    app.identity.attempts.check(address, now)?;
    let reviewed = app.identity.review(&*app.cluster, &new.token).await;
    if reviewed == Err(Failure::TokenRefused) {
        app.identity.attempts.failed(address, now);
    }
    let user = reviewed?;
    // A token of the identity provider's opens no session: that would last longer than the token does.
    if user.known_by == KnownBy::Provider {
        return Err(Failure::TokenRefused);
    }
    app.note_caller(&parts, &user.name);
    let rights = access::rights(&app, &user).await?;
    acts::begin(&parts.extensions, &user).await?;
    if let Some(before) = identity::cookie_key(&parts.headers) {
        app.identity.sessions.close(&before).await?;
    }
    let device = identity::device(&parts);
    let (key, session) = app.identity.sessions.open(user, new.token, device, now);
    let cookie = app.identity.cookie(&key);
    let caller = Caller::of_session(key, session, rights, Language::of(&parts.headers));
    let mut response = respond::fresh(StatusCode::CREATED, &view(&app, &caller).await);
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response.headers_mut().insert(header::LOCATION, header::HeaderValue::from_static("/api/v1/session"));
    Ok(response)
}

/// Signs out. The session ends at once; without one nothing happens.
#[utoipa::path(
    delete,
    path = "/session",
    tag = "session",
    responses(
        (status = 204, description = "Signed out."),
        (status = 403, description = "The CSRF token is missing or wrong, or the call comes from a page of another site.", body = Problem, content_type = "application/problem+json"),
        ReadRefused,
    )
)]
pub async fn delete_session(State(app): State<App>, Writer(caller): Writer) -> Result<Response, Failure> {
    if let Some(session) = caller.session_key() {
        app.identity.sessions.close(session).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, app.identity.cookie_of_nobody())]).into_response())
}

async fn view(app: &App, caller: &Caller) -> Session {
    let snapshot = app.snapshot().await;
    let departments = caller
        .rights
        .departments
        .keys()
        .map(|name| DepartmentRef { name: name.clone(), display_name: snapshot.department_name(name) })
        .collect();
    Session {
        user: User {
            name: caller.user.name.clone(),
            short_name: resources::names::short_user(&caller.user.name).to_owned(),
            groups: caller.user.groups.clone(),
        },
        roles: caller.rights.roles(),
        departments,
        csrf_token: caller.csrf_token().map(str::to_owned),
        expires_at: caller.ends_at.map(clock::text),
    }
}
