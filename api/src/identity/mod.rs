//! Who calls: by a token of the cluster or of the identity provider, or by the cookie of a session that
//! was opened with the one or through the other.
//!
//! Invariants: no token is logged, shown or written to disk; a session never outlives the cluster's token
//! that it was opened with; nobody is spoken for whose name Kubernetes keeps for itself;
//! a write with the cookie needs the session's CSRF token and comes from our own pages.

mod attempts;
mod caller;
mod credential;
pub mod oidc;
mod secret;
pub mod session;

use std::net::IpAddr;
use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;

pub use attempts::Attempts;
pub use caller::{Caller, Writer, address};
pub use credential::{Credential, Impersonated};
use oidc::{Attempt, LASTS_S, Provider};
pub use secret::Secret;
pub use session::{Device, Limits, Session, Sessions};

use crate::clock;
use crate::cluster::{self, Cluster};
use crate::memo::Memo;
use crate::problem::Failure;

/// Name of the session's cookie.
pub const COOKIE: &str = "yunheng_session";
/// Name of the cookie of a sign-in through the provider that isn't at its end.
const ATTEMPT_COOKIE: &str = "yunheng_sign_in";

/// A revoked token is refused this long after its revocation at the latest.
const REVIEW_FRESH: Duration = Duration::from_secs(10);
/// 4,096 tokens × about 1 kB of names and groups = 4 MB.
const REVIEWS_MAX: usize = 4_096;

/// Tokens with many groups get long; a header of more than 16 kB isn't taken anyhow.
const TOKEN_LENGTH_MAX: usize = 16 * 1024;

/// Browsers' names of themselves have some 120 characters.
const AGENT_LENGTH_MAX: usize = 200;

/// A person or a program, as the cluster names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub uid: String,
    pub groups: Vec<String>,
    pub extra: std::collections::BTreeMap<String, Vec<String>>,
    pub known_by: KnownBy,
}

/// Who says who somebody is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KnownBy {
    /// The cluster, which knows his token.
    #[default]
    Cluster,
    /// The identity provider. The cluster knows him by our word.
    Provider,
}

/// Everything that knows who is signed in.
#[derive(Debug)]
pub struct Identity {
    pub sessions: Sessions,
    pub attempts: Attempts,
    reviews: Memo<[u8; 32], Option<User>, Unasked>,
    provider: Option<Provider>,
    /// The cookie is sent over TLS alone.
    secure: bool,
}

/// Who couldn't be asked whose token it is.
#[derive(Clone, Debug)]
enum Unasked {
    Cluster(cluster::Error),
    Provider,
}

impl Identity {
    #[must_use]
    pub fn new(secure: bool, sessions: Sessions, provider: Option<Provider>) -> Self {
        let reviews = Memo::new(REVIEW_FRESH, Duration::ZERO, REVIEWS_MAX);
        Self { sessions, attempts: Attempts::default(), reviews, provider, secure }
    }

    /// The city's identity provider, where one is set.
    pub fn provider(&self) -> Result<&Provider, Failure> {
        self.provider.as_ref().ok_or(Failure::NotFound)
    }

    /// Whose token it is, by the cluster's word of the last seconds.
    pub async fn review(&self, cluster: &dyn Cluster, token: &Secret) -> Result<User, Failure> {
        if !is_tokenlike(token.expose()) {
            return Err(Failure::TokenRefused);
        }
        match self.reviewed(cluster, token).await {
            Ok(Some(user)) => Ok(user),
            Ok(None) => Err(Failure::TokenRefused),
            Err(Unasked::Provider) => Err(Failure::ProviderAway),
            Err(Unasked::Cluster(cluster::Error::Away(_))) => Err(Failure::ClusterAway),
            // An API server that starts refuses everybody for a while, so this may pass as well.
            Err(Unasked::Cluster(error @ cluster::Error::Refused(_))) => {
                tracing::error!(%error, "failed to review a token: may the API create tokenreviews?");
                Err(Failure::ClusterAway)
            }
        }
    }

    /// The same for a bearer's token, whose failures count as attempts to sign in. A token that was
    /// good is asked about whatever others at its bearer's address have tried; and the same wrong
    /// one again is no further guess, however often a script sends it.
    pub async fn review_bearer(
        &self,
        cluster: &dyn Cluster,
        token: &Secret,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<User, Failure> {
        let before = self.reviews.remembered(&token.digest()).await;
        if !matches!(before, Some(Some(_))) {
            self.attempts.check(address, now)?;
        }
        let reviewed = self.review(cluster, token).await;
        if reviewed == Err(Failure::TokenRefused) && !matches!(before, Some(None)) {
            self.attempts.failed(address, now);
        }
        reviewed
    }

    async fn reviewed(&self, cluster: &dyn Cluster, token: &Secret) -> Result<Option<User>, Unasked> {
        let ask = async || match &self.provider {
            Some(provider) if provider.is_issuer_of(token) => {
                provider.bearer(token, clock::now()).await.map_err(|_| Unasked::Provider)
            }
            _ => cluster.review(token).await.map_err(Unasked::Cluster),
        };
        self.reviews.get(&token.digest(), ask).await
    }

    /// The cookie that names the session with this key.
    #[must_use]
    pub fn cookie(&self, key: &Secret) -> HeaderValue {
        self.set_cookie(key.expose(), "")
    }

    /// The cookie that forgets the session.
    #[must_use]
    pub fn cookie_of_nobody(&self) -> HeaderValue {
        self.set_cookie("", "; Max-Age=0")
    }

    /// The cookie of a sign-in that begins. It comes back from the provider's page, so it is sent along
    /// when another site leads here.
    #[must_use]
    pub fn attempt_cookie(&self, attempt: &Attempt) -> HeaderValue {
        self.set_attempt_cookie(&attempt.cookie(), LASTS_S)
    }

    /// The cookie that ends it.
    #[must_use]
    pub fn attempt_cookie_of_nobody(&self) -> HeaderValue {
        self.set_attempt_cookie("", 0)
    }

    fn set_attempt_cookie(&self, value: &str, lasts_s: i64) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let text = format!(
            "{ATTEMPT_COOKIE}={value}; Path=/api/v1/sign-in; HttpOnly; SameSite=Lax; Max-Age={lasts_s}{secure}"
        );
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
    }

    fn set_cookie(&self, value: &str, more: &str) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        // Strict: what another site leads to is a page without data, and its own calls come from itself.
        let text = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{more}");
        // Keys are base64, so the text is a header's.
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
    }
}

/// Whether the text could be a token at all. The cluster isn't asked about anything else: it would
/// call it a bad request, and a line break has no place in a header.
fn is_tokenlike(text: &str) -> bool {
    (1..=TOKEN_LENGTH_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// When the token ends, by its own word. The cluster has checked the token; here it is only read.
fn token_end(token: &Secret) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
    }
    let payload = URL_SAFE_NO_PAD.decode(token.expose().split('.').nth(1)?).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    Timestamp::from_second(claims.exp).ok()
}

/// Where the call comes from, as far as it says so.
pub fn device(parts: &Parts) -> Device {
    let agent = parts.headers.get(header::USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
    let agent = String::from_utf8_lossy(agent).chars().filter(|c| !c.is_control()).take(AGENT_LENGTH_MAX).collect();
    Device { address: address(parts).map(|address| address.to_string()).unwrap_or_default(), agent }
}

/// Refuses what a browser sends from a page of another site.
pub fn check_origin(headers: &HeaderMap) -> Result<(), Failure> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if matches!(text(header::HeaderName::from_static("sec-fetch-site")), Some("cross-site" | "same-site")) {
        return Err(Failure::ForeignOrigin);
    }
    let Some(origin) = text(header::ORIGIN) else { return Ok(()) };
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    if authority.is_some() && authority == text(header::HOST) { Ok(()) } else { Err(Failure::ForeignOrigin) }
}

/// The value of our cookie.
pub fn cookie_key(headers: &HeaderMap) -> Option<Secret> {
    cookie(headers, COOKIE)
}

/// The sign-in that this browser has begun.
pub fn attempt(headers: &HeaderMap, now: Timestamp) -> Option<Attempt> {
    Attempt::read(cookie(headers, ATTEMPT_COOKIE)?.expose(), now)
}

fn cookie(headers: &HeaderMap, wanted: &str) -> Option<Secret> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == wanted && !value.is_empty())
        .map(|(_, value)| Secret::new(value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_may_write_with_the_cookie() {
        let cases = [
            (&[("host", "cloud.example"), ("origin", "https://cloud.example")][..], true),
            (&[("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")], true),
            (&[("host", "cloud.example")], true),
            (&[("host", "cloud.example"), ("origin", "https://evil.example")], false),
            (&[("host", "cloud.example"), ("origin", "https://cloud.example:444")], false),
            (&[("host", "cloud.example"), ("origin", "null")], false),
            (&[("host", "cloud.example"), ("sec-fetch-site", "cross-site")], false),
            (&[("host", "cloud.example"), ("sec-fetch-site", "same-origin")], true),
        ];
        for (pairs, expected) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            assert_eq!(check_origin(&headers).is_ok(), expected, "{pairs:?}");
        }
    }

    #[test]
    fn the_end_of_a_token_is_read_from_it() {
        let payload = URL_SAFE_NO_PAD.encode(r#"{"sub":"x","exp":1795400000}"#);
        assert_eq!(token_end(&Secret::new(format!("e30.{payload}.x"))), Timestamp::from_second(1_795_400_000).ok());
        for opaque in ["", "abc", "a.b.c", "a.e30.c"] {
            assert_eq!(token_end(&Secret::new(opaque.into())), None, "{opaque}");
        }
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append("cookie", "theme=dark; yunheng_session=abc".parse().unwrap());
        assert_eq!(cookie_key(&headers).unwrap().expose(), "abc");
        headers.insert("cookie", "yunheng_session=".parse().unwrap());
        assert!(cookie_key(&headers).is_none());
    }
}
