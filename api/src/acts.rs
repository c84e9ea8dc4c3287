//! Acts through REST, as the audit chain gets them.
//!
//! Each call that may write carries an [`Act`]. Who calls is told by the extractor of the caller;
//! the extractor of the body, or that of the caller where there is no body, writes the intent, so
//! that no handler runs before it is on the disk. What came of it is written when the handler has
//! answered, before the answer goes out.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::clock;
use crate::extract::Fingerprint;
use crate::history::audit::{Begun, Entry, Journal, Kind};
use crate::identity::{Secret, User};
use crate::middleware::RequestId;
use crate::problem::Failure;
use crate::state::App;

const BASE: &str = "/api/v1/";
/// What changes nothing that is anybody else's: looking ahead, one's own unfinished papers, and what one
/// has read.
const NOT_RECORDED: [&str; 5] = ["requests/preview", "drafts/{id}", "what-if", "what-if/sheet", "notices/read"];
/// Calls without a body, beside those that delete.
const WITHOUT_BODY: [&str; 1] = ["notices/deliveries/{id}/retry"];
const IMPORT: &str = "imports/{kind}";
/// A browser comes back from the identity provider with a GET, and is signed in by it.
const PROVIDER_CALLBACK: &str = "sign-in/callback";
const PROVIDER_LOGOUT: &str = "sign-in/logout";
/// What a body may say that belongs into the chain. Nothing else of it is kept.
const TOLD: [&str; 5] = ["verdict", "reasonCode", "type", "application", "stage"];
/// Answers of single objects are some kB.
const ANSWER_BYTES_MAX: u64 = 256 * 1024;
/// Rows in a minute about callers whom nobody knows. More would let anybody fill the disk.
const UNKNOWN_PER_MINUTE: u32 = 60;

/// Beside an answer that leads a browser somewhere: it was refused, by this word.
#[derive(Clone, Copy, Debug)]
pub struct Turned(pub &'static str);

/// One call that may write.
#[derive(Clone, Debug)]
pub struct Act {
    journal: Journal,
    told: Arc<Mutex<Told>>,
}

#[derive(Debug)]
struct Told {
    /// What is known so far.
    entry: Entry,
    key: Option<String>,
    print: Option<Fingerprint>,
    /// The intent is written once the body is there; signing in is an act once the token is known.
    begins: Begins,
    /// Its name in the chain, once the intent is there.
    act: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begins {
    WithCaller,
    WithBody,
    ByHand,
}

impl Begins {
    fn of(method: &Method, route: &str) -> Self {
        match (method, route) {
            (&Method::POST, "session" | PROVIDER_LOGOUT) | (&Method::GET, PROVIDER_CALLBACK) => Self::ByHand,
            (&Method::DELETE, _) => Self::WithCaller,
            (_, route) if WITHOUT_BODY.contains(&route) => Self::WithCaller,
            _ => Self::WithBody,
        }
    }
}

/// Writes down what the call does.
pub async fn record(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let Some(act) = Act::of(&app, &request) else { return next.run(request).await };
    request.extensions_mut().insert(act.clone());
    let response = next.run(request).await;
    act.end(response).await
}

/// Writes the intent of a call whose handler says itself when it begins.
pub async fn begin(extensions: &Extensions, user: &User) -> Result<(), Failure> {
    let Some(act) = extensions.get::<Act>() else { return Ok(()) };
    act.lock().entry.actor.clone_from(&user.name);
    act.begin().await
}

/// Tells the act who calls, and writes its intent if there is no more to know.
pub async fn known(parts: &Parts, user: &User) -> Result<(), Failure> {
    let Some(act) = parts.extensions.get::<Act>() else { return Ok(()) };
    let begins = {
        let mut told = act.lock();
        told.entry.actor.clone_from(&user.name);
        told.begins
    };
    if begins == Begins::WithCaller { act.begin().await } else { Ok(()) }
}

/// Tells the act who seems to call, before he is let in.
pub fn named(parts: &Parts, user: &User) {
    if let Some(act) = parts.extensions.get::<Act>() {
        act.lock().entry.actor.clone_from(&user.name);
    }
}

/// Tells the act what the body asks for, and writes its intent.
pub async fn asked(act: Option<&Act>, bytes: &[u8], print: Fingerprint) -> Result<(), Failure> {
    let Some(act) = act else { return Ok(()) };
    {
        let mut told = act.lock();
        if told.begins != Begins::WithBody {
            return Ok(());
        }
        told.print = Some(print);
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(body)) => describe(&mut told.entry, &body),
            // A file is named by its sum: whoever has it can say whether it was this one.
            _ => told.entry.detail = serde_json::json!({"sha256": hex(&print.0)}).to_string(),
        }
    }
    act.begin().await
}

impl Act {
    fn of(app: &App, request: &Request) -> Option<Self> {
        let journal = app.history.journal()?.clone();
        let method = request.method();
        let route = request.extensions().get::<MatchedPath>()?.as_str().strip_prefix(BASE)?;
        let writes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        if !writes && (method, route) != (&Method::GET, PROVIDER_CALLBACK) {
            return None;
        }
        let tries = route == IMPORT && request.uri().query().is_some_and(|query| query.contains("dryRun=true"));
        if NOT_RECORDED.contains(&route) || tries {
            return None;
        }
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut entry = Entry::new(clock::now(), Kind::Intent, Secret::random().expose());
        entry.operation = operation(method, route);
        entry.via = if request.headers().contains_key(header::AUTHORIZATION) { "Token" } else { "Session" }.to_owned();
        let peer = request.extensions().get::<ConnectInfo<std::net::SocketAddr>>();
        entry.address = peer.map(|ConnectInfo(peer)| peer.ip().to_string()).unwrap_or_default();
        entry.object = object(request.uri().path());
        if route.contains("{department}") {
            entry.department = entry.object.split('/').nth(1).unwrap_or_default().to_owned();
        }
        entry.before = header("if-match").unwrap_or_default().trim_matches('"').to_owned();
        entry.request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        let begins = Begins::of(method, route);
        let told = Told { entry, key: header("idempotency-key"), print: None, begins, act: None };
        Some(Self { journal, told: Arc::new(Mutex::new(told)) })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the intent. Without it nothing is done.
    async fn begin(&self) -> Result<(), Failure> {
        let (mut entry, attempt) = {
            let told = self.lock();
            if told.act.is_some() {
                return Ok(());
            }
            (told.entry.clone(), told.attempt())
        };
        entry.at = clock::now();
        let begun = match attempt {
            // The same key and body are one act, however often they are sent.
            Some(act) => self.journal.add_attempt(Entry { act, ..entry }).await?,
            None => self.journal.add(entry).await?,
        };
        let (Begun::Added(act) | Begun::Known(act)) = begun;
        self.lock().act = Some(act);
        Ok(())
    }

    /// Writes what came of it.
    async fn end(self, response: Response) -> Response {
        let status = response.status();
        let failure = response.extensions().get::<Failure>();
        let turned = response.extensions().get::<Turned>().map(|Turned(code)| *code);
        let told = failure.map(Failure::code).or(turned);
        let code = told.map_or_else(|| status.as_u16().to_string(), str::to_owned);
        let (mut entry, act) = {
            let told = self.lock();
            (told.entry.clone(), told.act.clone())
        };
        entry.at = clock::now();
        entry.outcome = if turned.is_some() { "Refused" } else { outcome(status) }.to_owned();
        entry.code = code;
        let response = match act {
            Some(act) => {
                let (response, after) = revision(response).await;
                let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
                if let Some(location) = location.filter(|_| status.is_success()) {
                    entry.object = object(location);
                }
                entry =
                    Entry { kind: Kind::Outcome, act, after, reason: String::new(), detail: String::new(), ..entry };
                response
            }
            None if status.is_success() => {
                tracing::error!(operation = entry.operation, "an act had no intent in the audit chain");
                entry.kind = Kind::Call;
                response
            }
            // A store that is away refuses acts; it can't be asked to record that.
            None if failure == Some(&Failure::HistoryAway) => return response,
            None if entry.actor.is_empty() && !is_worth_a_row(failure, turned, entry.at) => return response,
            None => {
                entry.kind = Kind::Call;
                response
            }
        };
        if let Err(error) = self.journal.add(entry).await {
            // It was done all the same. An intent without an outcome is told as a timeout later.
            tracing::error!(%error, "failed to write the outcome of an act");
        }
        response
    }
}

impl Told {
    /// The name that every attempt with this key has in common.
    fn attempt(&self) -> Option<String> {
        let key = self.key.as_ref()?;
        let mut hash = Sha256::new();
        let print = self.print.map(|print| print.0).unwrap_or_default();
        let entry = &self.entry;
        for part in
            [entry.actor.as_bytes(), entry.operation.as_bytes(), entry.object.as_bytes(), key.as_bytes(), &print]
        {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        Some(hex(&hash.finalize()[..16]))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Words for what is done, promised to scripts; other calls are named by method and route.
fn operation(method: &Method, route: &str) -> String {
    let word = match (method.as_str(), route) {
        ("POST", "session") => "signIn",
        ("GET", PROVIDER_CALLBACK) => "signIn",
        ("DELETE", "session") => "signOut",
        ("POST", PROVIDER_LOGOUT) => "providerSignOut",
        ("POST", "requests") => "createRequest",
        ("PUT", "requests/{department}/{name}") => "correctRequest",
        ("POST", "requests/{department}/{name}/decisions") => "decideRequest",
        ("POST", "incidents/{incident}/acknowledgement") => "acknowledgeIncident",
        _ => return format!("{method} {route}"),
    };
    word.to_owned()
}

/// The path of an object, without the base.
fn object(path: &str) -> String {
    path.strip_prefix(BASE).unwrap_or(path).to_owned()
}

fn describe(entry: &mut Entry, body: &Map<String, Value>) {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    if entry.department.is_empty() {
        entry.department = text("department").unwrap_or_default();
    }
    entry.reason = text("reason").or_else(|| text("justification")).or_else(|| text("note")).unwrap_or_default();
    if let Some(revision) = body.get("requestRevision").and_then(Value::as_i64) {
        entry.before = revision.to_string();
    }
    let told = TOLD.iter().filter_map(|name| Some(((*name).to_owned(), text(name)?.into())));
    let told: Map<String, Value> = told.collect();
    if !told.is_empty() {
        entry.detail = Value::Object(told).to_string();
    }
}

fn outcome(status: StatusCode) -> &'static str {
    match status {
        // Written down; whoever carries it out hasn't answered yet.
        StatusCode::ACCEPTED => "Pending",
        // A browser that is led on has been let in.
        status if status.is_success() || status.is_redirection() => "Done",
        status if status.is_client_error() => "Refused",
        _ => "Failed",
    }
}

/// The revision that the answer shows, and the answer.
async fn revision(response: Response) -> (Response, String) {
    let small = http_body::Body::size_hint(response.body()).upper().is_some_and(|bytes| bytes <= ANSWER_BYTES_MAX);
    if !response.status().is_success() || !small {
        return (response, String::new());
    }
    let (parts, body) = response.into_parts();
    // Our own answers are in memory already.
    let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let shown = serde_json::from_slice::<Value>(&bytes).unwrap_or_default();
    let after = shown.get("version").and_then(Value::as_str).map(str::to_owned);
    let after = after.or_else(|| shown.get("revision").and_then(Value::as_i64).map(|revision| revision.to_string()));
    (Response::from_parts(parts, Body::from(bytes)), after.unwrap_or_default())
}

/// Of callers whom nobody knows, failed attempts to sign in are told: so many in a minute.
fn is_worth_a_row(failure: Option<&Failure>, turned: Option<&str>, at: Timestamp) -> bool {
    static MINUTE: AtomicI64 = AtomicI64::new(0);
    static ROWS: AtomicU32 = AtomicU32::new(0);
    let tried = matches!(failure, Some(Failure::TokenRefused | Failure::LogoutToken)) || turned.is_some();
    if !tried {
        return false;
    }
    let minute = at.as_second() / 60;
    if MINUTE.swap(minute, Ordering::Relaxed) != minute {
        ROWS.store(0, Ordering::Relaxed);
    }
    ROWS.fetch_add(1, Ordering::Relaxed) < UNKNOWN_PER_MINUTE
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An act's intent is written by the extractor of what comes last. A call without a body that waits
    /// for one would be done without an intent.
    #[test]
    fn acceptance_20_what_has_no_body_begins_with_its_caller() {
        let document: Value = serde_json::from_str(&crate::openapi::text()).unwrap();
        let mut seen = Vec::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            let Some(route) = path.strip_prefix(BASE) else { continue };
            for (method, operation) in operations.as_object().unwrap() {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                if method == Method::GET
                    || NOT_RECORDED.contains(&route)
                    || matches!(route, "session" | PROVIDER_LOGOUT)
                {
                    continue;
                }
                let has_body = operation["requestBody"].is_object();
                assert_eq!(Begins::of(&method, route) == Begins::WithBody, has_body, "{method} {route}");
                seen.push(route.to_owned());
            }
        }
        for named in NOT_RECORDED.into_iter().chain(WITHOUT_BODY).chain([IMPORT]) {
            assert!(
                seen.iter().any(|route| route == named) || document["paths"][format!("{BASE}{named}")].is_object(),
                "{named}"
            );
        }
    }
}
