//! The caller of a request, as handlers get him.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use jiff::Timestamp;

use super::{Credential, Impersonated, KnownBy, Secret, Session, User, check_origin, cookie_key, token_end};
use crate::access::{self, Rights};
use crate::acts;
use crate::clock;
use crate::language::Language;
use crate::problem::Failure;
use crate::state::App;

/// Somebody whom the cluster knows, with what he may do.
#[derive(Clone, Debug)]
pub struct Caller {
    pub user: User,
    pub rights: Arc<Rights>,
    /// Writes are made with it.
    pub credential: Credential,
    /// When the session or the token ends, as far as that is known.
    pub ends_at: Option<Timestamp>,
    pub language: Language,
    shown: Shown,
}

/// What the caller showed.
#[derive(Clone, Debug)]
enum Shown {
    Bearer(Secret),
    Cookie { key: Secret, csrf: Secret, id: String },
}

/// A caller who may write: with a bearer token, or with the cookie and what goes with it.
#[derive(Clone, Debug)]
pub struct Writer(pub Caller);

impl Caller {
    /// The caller who has just opened this session.
    #[must_use]
    pub fn of_session(key: Secret, session: Session, rights: Arc<Rights>, language: Language) -> Self {
        let Session { id, user, credential, csrf, ends_at, .. } = session;
        Self { user, rights, credential, ends_at: Some(ends_at), language, shown: Shown::Cookie { key, csrf, id } }
    }

    /// What a write with the cookie has to repeat; nothing for bearers.
    #[must_use]
    pub fn csrf_token(&self) -> Option<&str> {
        match &self.shown {
            Shown::Cookie { csrf, .. } => Some(csrf.expose()),
            Shown::Bearer(_) => None,
        }
    }

    #[must_use]
    pub fn session_key(&self) -> Option<&Secret> {
        match &self.shown {
            Shown::Cookie { key, .. } => Some(key),
            Shown::Bearer(_) => None,
        }
    }

    /// The name of the session that the call came with.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        match &self.shown {
            Shown::Cookie { id, .. } => Some(id),
            Shown::Bearer(_) => None,
        }
    }

    /// Asks again who it is and what he may do. For streams, which outlive a single check.
    pub async fn again(&self, app: &App) -> Result<Self, Failure> {
        match &self.shown {
            Shown::Cookie { key, .. } => {
                // Nobody has done anything: a tab that is merely open doesn't keep a session alive.
                let session = app.identity.sessions.look(key, clock::now()).await.ok_or(Failure::SessionEnded)?;
                by_session(app, key.clone(), session, self.language).await
            }
            Shown::Bearer(token) => {
                let user = app.identity.review(&*app.cluster, token).await?;
                by_token(app, user, token.clone(), self.language).await
            }
        }
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let language = Language::of(&parts.headers);
        let caller = match bearer(&parts.headers)? {
            Some(token) => {
                let user = app.identity.review_bearer(&*app.cluster, &token, address(parts), clock::now()).await?;
                by_token(app, user, token, language).await?
            }
            None => {
                let key = cookie_key(&parts.headers).ok_or(Failure::SignedOut)?;
                let session = app.identity.sessions.touch(&key, clock::now()).await.ok_or(Failure::SessionEnded)?;
                by_session(app, key, session, language).await?
            }
        };
        app.note_caller(parts, &caller.user.name);
        Ok(caller)
    }
}

impl FromRequestParts<App> for Writer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let caller = Caller::from_request_parts(parts, app).await?;
        acts::named(parts, &caller.user);
        if let Shown::Cookie { csrf, .. } = &caller.shown {
            check_origin(&parts.headers)?;
            let given = parts.headers.get("x-csrf-token").and_then(|value| value.to_str().ok());
            let given = Secret::new(given.unwrap_or_default().to_owned());
            if given.digest() != csrf.digest() {
                return Err(Failure::CsrfToken);
            }
        }
        acts::known(parts, &caller.user).await?;
        Ok(Self(caller))
    }
}

/// The token of the header, if there is one. Another scheme, or no token after it, is refused
/// rather than overlooked: who sends it believes that it counts.
fn bearer(headers: &HeaderMap) -> Result<Option<Secret>, Failure> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let (scheme, token) = value.to_str().unwrap_or_default().split_once(' ').unwrap_or_default();
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(Failure::TokenRefused);
    }
    Ok(Some(Secret::new(token.to_owned())))
}

/// Where the call comes from: a proxy's address where there is one in front.
#[must_use]
pub fn address(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip())
}

async fn by_token(app: &App, user: User, token: Secret, language: Language) -> Result<Caller, Failure> {
    let rights = access::rights(app, &user).await?;
    let ends_at = token_end(&token);
    let credential = match user.known_by {
        KnownBy::Cluster => Credential::Token(token.clone()),
        KnownBy::Provider => Credential::As(Impersonated::of(&user).ok_or(Failure::TokenRefused)?),
    };
    Ok(Caller { user, rights, credential, ends_at, language, shown: Shown::Bearer(token) })
}

async fn by_session(app: &App, key: Secret, mut session: Session, language: Language) -> Result<Caller, Failure> {
    let reviewed = match &session.credential {
        Credential::Token(token) => app.identity.review(&*app.cluster, token).await,
        // The provider was asked when the session was opened, and tells us when it ends.
        Credential::As(_) => Ok(session.user.clone()),
    };
    let rights = match reviewed {
        Ok(user) => {
            // His groups may be others than when he signed in.
            if user != session.user {
                app.identity.sessions.renew(&key, &user);
                session.user = user;
            }
            match access::rights(app, &session.user).await {
                Err(Failure::ClusterAway) if session.user.known_by == KnownBy::Provider => {
                    access::last_rights(app, &session.user).await?
                }
                asked => asked?,
            }
        }
        // Reads go on with what was known last; writes can't succeed anyhow.
        Err(Failure::ClusterAway) => access::last_rights(app, &session.user).await?,
        Err(Failure::TokenRefused) => {
            app.identity.sessions.close(&key).await?;
            return Err(Failure::SessionEnded);
        }
        Err(other) => return Err(other),
    };
    Ok(Caller::of_session(key, session, rights, language))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_isnt_a_bearer_token_is_refused_not_overlooked() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("authorization", value.parse().unwrap());
            bearer(&headers).map(|token| token.map(|token| token.expose().to_owned()))
        };
        assert_eq!(read("Bearer abc"), Ok(Some("abc".into())));
        assert_eq!(read("bearer  abc "), Ok(Some("abc".into())));
        for wrong in ["", "Bearer", "Bearer ", "Basic abc", "abc"] {
            assert_eq!(read(wrong), Err(Failure::TokenRefused), "{wrong:?}");
        }
        assert!(bearer(&HeaderMap::new()).unwrap().is_none());
    }
}
