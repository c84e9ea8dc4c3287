//! What surrounds every call: a number, limits, the language of its failure, headers that protect
//! the browser, one line in the log.
//!
//! Never logged: tokens, cookies, CSRF tokens, bodies, query strings.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures::{FutureExt, StreamExt};
use tower_http::compression::CompressionLayer;

use crate::acts;
use crate::extract::BODY_BYTES_MAX;
use crate::identity::Secret;
use crate::language::Language;
use crate::metrics::{Answered, Route};
use crate::problem::Failure;
use crate::state::App;

/// How long a call may take until its answer begins: an approval waits at most 10 s for the ledger
/// and some seconds for the API server.
const ANSWER_WITHIN: Duration = Duration::from_secs(25);

/// Bytes of a body that is too long which are read before it is refused: the size of a large file
/// sent by mistake, at most a second of a fast line.
const DISCARDED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Puts everything around the routes.
pub fn wrap(routes: Router, app: App) -> Router {
    routes
        .layer(from_fn_with_state(app.clone(), acts::record))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(app, edge))
}

/// What the call is named by in the log.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Where an extractor writes down who calls, for the log.
#[derive(Clone, Debug, Default)]
pub struct CallerName(Arc<OnceLock<String>>);

impl CallerName {
    pub fn note(&self, name: &str) {
        let _ = self.0.set(name.to_owned());
    }

    fn name(&self) -> &str {
        self.0.get().map_or("-", String::as_str)
    }
}

async fn edge(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&request);
    let language = Language::of(request.headers());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let caller = CallerName::default();
    request.extensions_mut().insert(caller.clone());
    request.extensions_mut().insert(RequestId(id.clone()));

    let mut response = limited(&app, request, next, &id).await;
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        response = failure.response(language, &id);
    }
    protect(&app, &mut response);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    report(&app, method.as_str(), route, response.status(), started.elapsed(), caller.name(), &id);
    response
}

/// Runs the call within its bounds.
async fn limited(app: &App, request: Request, next: Next, id: &str) -> Response {
    let Ok(_permit) = app.in_flight.try_acquire() else { return Failure::Busy.into_response() };
    let call = AssertUnwindSafe(run_unless_too_long(request, next)).catch_unwind();
    match tokio::time::timeout(ANSWER_WITHIN, call).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            tracing::error!(request_id = id, "failed to answer {id}: the handler panicked");
            Failure::Internal.into_response()
        }
        Err(_) => Failure::TimedOut.into_response(),
    }
}

/// Runs the call, or refuses one whose body says that it is too long.
async fn run_unless_too_long(request: Request, next: Next) -> Response {
    let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if declared.is_none_or(|length: usize| length <= BODY_BYTES_MAX) {
        return next.run(request).await;
    }
    // A client that is still sending hears no answer: the connection breaks under it. So what it
    // sends is read and thrown away, as far as a mistake may reach.
    let mut body = request.into_body().into_data_stream();
    let mut thrown_away = 0;
    while let Some(Ok(chunk)) = body.next().await {
        thrown_away += chunk.len();
        if thrown_away > DISCARDED_BYTES_MAX {
            break;
        }
    }
    Failure::TooLarge { limit_bytes: BODY_BYTES_MAX }.into_response()
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id that a proxy gave, if it can be printed; else one of ours.
fn request_id(request: &Request) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let printable = |id: &&str| {
        (1..=64).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    given.filter(printable).map_or_else(
        || Secret::random().expose().chars().filter(char::is_ascii_alphanumeric).take(16).collect(),
        str::to_owned,
    )
}

/// Headers that keep a browser from doing with an answer what nobody meant. The dashboard's pages
/// bring a content security policy of their own.
fn protect(app: &App, response: &mut Response) {
    const FIXED: [(HeaderName, HeaderValue); 4] = [
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ];
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, value);
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    if app.behind_tls {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
}

fn report(
    app: &App,
    method: &str,
    route: String,
    status: StatusCode,
    elapsed: Duration,
    caller: &str,
    request_id: &str,
) {
    let (elapsed_ms, status) = (u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX), status.as_u16());
    // Probes come every few seconds and say nothing.
    if matches!(route.as_str(), "/healthz" | "/readyz") {
        tracing::debug!(method, route, status, elapsed_ms, request_id, "answered {method} {route} with {status}");
    } else {
        tracing::info!(
            method,
            route,
            status,
            elapsed_ms,
            caller,
            request_id,
            "answered {method} {route} with {status}"
        );
    }
    let by_route = Route { method: method.to_owned(), route: route.clone() };
    app.metrics.duration_s.get_or_create(&by_route).observe(elapsed.as_secs_f64());
    app.metrics.requests.get_or_create(&Answered { method: method.to_owned(), route, status }).inc();
}
