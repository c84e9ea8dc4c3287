//! Sign-in through the city's identity provider.

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::acts::{self, Turned};
use crate::extract::Query;
use crate::identity::oidc::{Answer, Attempt, Refusal};
use crate::identity::{self, Secret, User};
use crate::problem::{Failure, Problem};
use crate::state::App;
use crate::{clock, respond};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_sign_in))
        .routes(routes!(begin_sign_in))
        .routes(routes!(end_sign_in))
        .routes(routes!(log_out))
}

/// How people can sign in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignInView {
    /// The city's identity provider; `null` where none is set.
    #[schema(required)]
    pub provider: Option<ProviderView>,
}

/// An identity provider.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderView {
    /// What people call it; empty = it has no name of its own.
    #[schema(example = "统一身份认证")]
    pub display_name: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BeginParams {
    /// The page of ours to go on with; any other address leads to the first page.
    #[param(max_length = 1024, example = "/requests")]
    pub return_to: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EndParams {
    #[param(max_length = 4096)]
    pub code: Option<String>,
    #[param(max_length = 256)]
    pub state: Option<String>,
    /// Who answers (RFC 9207).
    #[param(max_length = 2048)]
    pub iss: Option<String>,
    /// Why the provider let nobody in.
    #[param(max_length = 256)]
    pub error: Option<String>,
}

/// The provider's word that a session has ended.
#[derive(Debug, Deserialize, ToSchema)]
pub struct LogoutForm {
    #[schema(min_length = 1, max_length = 16384)]
    pub logout_token: String,
}

/// How people can sign in: with a token of the cluster always, through the identity provider where one is
/// set.
#[utoipa::path(
    get,
    path = "/sign-in",
    tag = "session",
    security(()),
    responses(
        (status = 200, description = "The ways there are.", body = SignInView),
        (status = 503, description = "Too many calls are under way.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show_sign_in(State(app): State<App>) -> Response {
    let provider = app.identity.provider().ok();
    let provider = provider.map(|provider| ProviderView { display_name: provider.display_name().to_owned() });
    respond::fresh(StatusCode::OK, &SignInView { provider })
}

/// Begins a sign-in: sends the browser to the identity provider.
///
/// For browsers, which follow it; programs use a token of the provider as bearer token.
#[utoipa::path(
    get,
    path = "/sign-in/start",
    tag = "session",
    security(()),
    params(BeginParams),
    responses(
        (status = 303, description = "To the identity provider, or back to the sign-in page with `problem`."),
        (status = 400, description = "A parameter is wrong.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No identity provider is set.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too many calls are under way.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn begin_sign_in(State(app): State<App>, Query(params): Query<BeginParams>) -> Result<Response, Failure> {
    let provider = app.identity.provider()?;
    let attempt = Attempt::begin(params.return_to.as_deref().unwrap_or("/"), clock::now());
    Ok(match provider.address(&attempt).await {
        Ok(address) => {
            let mut response = lead_to(&address);
            response.headers_mut().append(header::SET_COOKIE, app.identity.attempt_cookie(&attempt));
            response
        }
        Err(refusal) => turned_away(refusal),
    })
}

/// Where the identity provider sends the browser back to.
///
/// The answer sets the cookie `yunheng_session` and leads to the page that was wanted, or back to the
/// sign-in page with `problem`.
#[utoipa::path(
    get,
    path = "/sign-in/callback",
    tag = "session",
    security(()),
    params(EndParams),
    responses(
        (status = 303, description = "To a page of ours."),
        (status = 400, description = "A parameter is wrong.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No identity provider is set.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The audit chain can't be written, or too many calls are under way.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn end_sign_in(
    State(app): State<App>,
    parts: Parts,
    Query(params): Query<EndParams>,
) -> Result<Response, Failure> {
    let provider = app.identity.provider()?;
    let now = clock::now();
    let address = identity::address(&parts);
    app.identity.attempts.check(address, now)?;
    let forget = app.identity.attempt_cookie_of_nobody();
    let with_forgotten = |mut response: Response| {
        response.headers_mut().append(header::SET_COOKIE, forget.clone());
        response
    };
    let EndParams { code, state, iss, error } = params;
    let answer = Answer { code: code.map(Secret::new), state: state.unwrap_or_default(), issuer: iss, error };
    let named = match identity::attempt(&parts.headers, now) {
        Some(attempt) => Box::pin(provider.finish(&attempt, answer, now)).await.map(|named| (named, attempt.return_to)),
        None => Err(Refusal::Attempt),
    };
    let ((user, person, subject), return_to) = match named {
        Ok(named) => named,
        Err(refusal) => {
            if refusal != Refusal::Away {
                app.identity.attempts.failed(address, now);
            }
            return Ok(with_forgotten(turned_away(refusal)));
        }
    };
    app.note_caller(&parts, &user.name);
    acts::begin(&parts.extensions, &user).await?;
    // A session of before isn't taken over: what was planted has nothing.
    if let Some(before) = identity::cookie_key(&parts.headers) {
        app.identity.sessions.close(&before).await?;
    }
    let device = identity::device(&parts);
    let (key, _) = app.identity.sessions.open_named((user, person), subject, device, now).await?;
    let mut response = with_forgotten(lead_to(&return_to));
    response.headers_mut().append(header::SET_COOKIE, app.identity.cookie(&key));
    Ok(response)
}

/// For the identity provider: ends the sessions that its logout token names (back-channel logout).
#[utoipa::path(
    post,
    path = "/sign-in/logout",
    tag = "session",
    security(()),
    request_body(content = LogoutForm, content_type = "application/x-www-form-urlencoded", description = "The token."),
    responses(
        (status = 204, description = "They have ended, if there were any."),
        (status = 400, description = "The token doesn't count.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No identity provider is set.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 1 MiB.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many wrong tokens.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The provider or the history can't be asked, or too many calls are under way.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn log_out(
    State(app): State<App>,
    parts: Parts,
    form: Result<Form<LogoutForm>, FormRejection>,
) -> Result<Response, Failure> {
    let provider = app.identity.provider()?;
    let now = clock::now();
    let address = identity::address(&parts);
    app.identity.attempts.check(address, now)?;
    let wrong = || {
        app.identity.attempts.failed(address, now);
        Failure::LogoutToken
    };
    let Form(LogoutForm { logout_token }) = form.map_err(|_| wrong())?;
    let subject = match provider.logout(&logout_token, now).await {
        Ok(subject) => subject,
        Err(Refusal::Away) => return Err(Failure::ProviderAway),
        Err(_) => return Err(wrong()),
    };
    // It is the provider who acts; whose session it is, is what it acts on.
    let name = if subject.name.is_empty() { &subject.session } else { &subject.name };
    let actor = User { name: format!("provider for {name}"), ..User::default() };
    acts::begin(&parts.extensions, &actor).await?;
    app.identity.sessions.log_out(&subject).await?;
    Ok((StatusCode::NO_CONTENT, [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))]).into_response())
}

/// Sends the browser on. The address is a page of ours or the provider's, never one that a caller named.
fn lead_to(address: &str) -> Response {
    let Ok(location) = HeaderValue::try_from(address) else { return Failure::Internal.into_response() };
    let headers = HeaderMap::from_iter([
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ]);
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Back to the sign-in page, with a word for what went wrong.
fn turned_away(refusal: Refusal) -> Response {
    let code = match refusal {
        Refusal::Away => "ProviderAway",
        Refusal::Attempt => "SignInNotBegun",
        Refusal::Provider => "ProviderRefused",
        Refusal::Token(fault) => {
            tracing::warn!(%fault, "nobody was signed in by a token of the identity provider's");
            "ProviderTokenRefused"
        }
    };
    let mut response = lead_to(&format!("/sign-in?problem={code}"));
    response.extensions_mut().insert(Turned(code));
    response
}
