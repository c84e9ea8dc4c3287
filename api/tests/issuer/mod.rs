//! An identity provider that says what a test wants it to say, right or wrong: discovery, keys, tokens
//! and what it knows of people, over HTTP on this machine.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKeyId, PrivateSigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Made for these tests alone: openssl genpkey -algorithm ed25519.
const KEYS: [(&str, &str); 2] = [
    ("first", "MC4CAQAwBQYDK2VwBCIEIMTkqvQEHGu6W7UD000DVzQh+5mY8YW68sIe0Nrl2uPL"),
    ("second", "MC4CAQAwBQYDK2VwBCIEIIGdeN+CfcMYCXqOkG8XrgrIxhylKZv6a+heN5mLU6zt"),
];

/// What a code is worth.
#[derive(Clone, Debug)]
pub struct Grant {
    /// What PKCE's verifier must hash to.
    pub challenge: String,
    pub id_token: String,
}

#[derive(Debug, Default)]
pub struct Said {
    pub grants: Mutex<HashMap<String, Grant>>,
    /// Names of the keys that are published.
    pub published: Mutex<Vec<&'static str>>,
    /// What it tells of whoever has the access token.
    pub userinfo: Mutex<Value>,
    pub discoveries: AtomicUsize,
    pub away: AtomicBool,
    url: Mutex<String>,
}

#[derive(Clone, Debug)]
pub struct Issuer {
    pub url: String,
    pub said: Arc<Said>,
}

pub const CLIENT: &str = "yunheng";
pub const SECRET: &str = "the client's secret";

impl Issuer {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let said = Arc::new(Said::default());
        url.clone_into(&mut said.url.lock().unwrap());
        said.published.lock().unwrap().push("first");
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discover))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/me", get(me))
            .with_state(Arc::clone(&said));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, said }
    }

    /// Claims of a good ID token, but for what the test changes; null removes.
    pub fn claims(&self, now_s: i64, change: &Value) -> Value {
        let mut claims = json!({
            "iss": self.url, "aud": CLIENT, "sub": "u-zhang", "sid": "s-1", "iat": now_s, "exp": now_s + 300,
            "preferred_username": "zhang", "groups": ["staff", "strangers"],
        });
        for (name, value) in change.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                other => claims[name] = other.clone(),
            }
        }
        claims
    }

    pub fn sign(&self, key: &'static str, claims: &Value) -> String {
        let header = json!({"alg": "EdDSA", "kid": key});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature = private(key).sign(&CoreJwsSigningAlgorithm::EdDsa, signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub fn grant(&self, code: &str, challenge: &str, id_token: String) {
        let grant = Grant { challenge: challenge.to_owned(), id_token };
        self.said.grants.lock().unwrap().insert(code.to_owned(), grant);
    }
}

fn private(name: &'static str) -> CoreEdDsaPrivateSigningKey {
    let (kid, text) = KEYS.into_iter().find(|(kid, _)| *kid == name).unwrap();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----");
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new(kid.to_owned()))).unwrap()
}

async fn discover(State(said): State<Arc<Said>>) -> Response {
    said.discoveries.fetch_add(1, Ordering::SeqCst);
    if said.away.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let url = said.url.lock().unwrap().clone();
    Json(json!({
        "issuer": url, "authorization_endpoint": format!("{url}/auth"), "token_endpoint": format!("{url}/token"),
        "userinfo_endpoint": format!("{url}/me"), "jwks_uri": format!("{url}/keys"),
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
        "authorization_response_iss_parameter_supported": true,
    }))
    .into_response()
}

async fn keys(State(said): State<Arc<Said>>) -> Json<Value> {
    let published = said.published.lock().unwrap().clone();
    let keys: Vec<_> = published.into_iter().map(|name| private(name).as_verification_key()).collect();
    Json(json!({"keys": keys}))
}

async fn token(
    State(said): State<Arc<Said>>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    // The standard has both encoded as in a form before they are joined.
    let secret: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let expected = base64::engine::general_purpose::STANDARD.encode(format!("{CLIENT}:{secret}"));
    let is_client = headers.get("authorization").is_some_and(|given| *given == format!("Basic {expected}").as_str());
    let grant = form.get("code").and_then(|code| said.grants.lock().unwrap().remove(code));
    let verifier = form.get("code_verifier").cloned().unwrap_or_default();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    match grant.filter(|grant| is_client && grant.challenge == challenge) {
        Some(grant) => Json(json!({
            "access_token": "opaque", "token_type": "Bearer", "expires_in": 300, "id_token": grant.id_token,
        }))
        .into_response(),
        None => (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response(),
    }
}

async fn me(State(said): State<Arc<Said>>, headers: HeaderMap) -> Response {
    if headers.get("authorization").is_none_or(|given| given != "Bearer opaque") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(said.userinfo.lock().unwrap().clone()).into_response()
}
