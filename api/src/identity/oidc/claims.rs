//! What a token of the provider says, and whether it counts. Values in, a value out: no clock, no keys.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};
use thiserror::Error as ThisError;

use super::super::credential::AUTHENTICATED;
use super::super::session::Subject;
use super::super::{Impersonated, KnownBy, User};

/// The claims of a token whose signature was found good.
pub type Claims = Map<String, Value>;

/// What a token was sent to us for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use<'a> {
    /// The answer to a sign-in with this nonce.
    SignIn { nonce: &'a str },
    /// To speak for its bearer.
    Bearer,
    /// To end sessions.
    Logout,
}

/// Why a token doesn't count. Said to the log and to tests; its bearer hears that it isn't valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
pub enum Fault {
    #[error("it isn't a signed token")]
    NotAToken,
    #[error("it is signed in a way that isn't accepted")]
    Algorithm,
    #[error("no key of the provider's has this name")]
    UnknownKey,
    #[error("its signature is wrong")]
    Signature,
    #[error("it is of another kind")]
    Kind,
    #[error("another issuer made it")]
    Issuer,
    #[error("it is for somebody else")]
    Audience,
    #[error("it has expired")]
    Expired,
    #[error("it isn't valid yet")]
    TooEarly,
    #[error("its nonce is another")]
    Nonce,
    #[error("it names nobody")]
    Subject,
    #[error("the claim of the name isn't there, or isn't a name")]
    Name,
    #[error("its mail address isn't verified")]
    Unverified,
    #[error("it names somebody whom nobody may speak for")]
    Reserved,
}

/// What is expected of tokens.
#[derive(Clone, Debug)]
pub struct Expected {
    pub issuer: String,
    pub client: String,
    /// Whom bearer tokens may be made for beside the client.
    pub audiences: Vec<String>,
    pub skew_s: i64,
    pub username_claim: String,
    pub username_prefix: String,
    pub groups_claim: Option<String>,
    pub groups: BTreeMap<String, Vec<String>>,
}

/// A logout token is sent at once; one this old was kept by somebody.
const LOGOUT_AGE_S_MAX: i64 = 600;
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// More groups than anybody is in.
const GROUPS_READ_MAX: usize = 1_024;

impl Expected {
    /// Whether the token counts for this use, by everything but its signature.
    pub fn check(&self, claims: &Claims, used: Use<'_>, now: Timestamp) -> Result<(), Fault> {
        let now_s = now.as_second();
        let seconds = |name: &str| number(claims.get(name));
        if text(claims, "iss") != Some(self.issuer.as_str()) {
            return Err(Fault::Issuer);
        }
        self.check_audience(claims, used)?;
        let end = seconds("exp").ok_or(Fault::Expired)?;
        if now_s >= end.saturating_add(self.skew_s) {
            return Err(Fault::Expired);
        }
        let latest = now_s.saturating_add(self.skew_s);
        if seconds("nbf").is_some_and(|begin| begin > latest) || seconds("iat").is_some_and(|made| made > latest) {
            return Err(Fault::TooEarly);
        }
        let is_logout = claims.get("events").is_some();
        match used {
            Use::SignIn { .. } | Use::Bearer if is_logout => Err(Fault::Kind),
            Use::SignIn { nonce } => {
                seconds("iat").ok_or(Fault::TooEarly)?;
                if text(claims, "nonce") == Some(nonce) { self.subject(claims).map(drop) } else { Err(Fault::Nonce) }
            }
            Use::Bearer => self.subject(claims).map(drop),
            Use::Logout => {
                let made = seconds("iat").ok_or(Fault::TooEarly)?;
                if made < now_s.saturating_sub(self.skew_s + LOGOUT_AGE_S_MAX) {
                    return Err(Fault::Expired);
                }
                let event = claims.get("events").and_then(|events| events.get(LOGOUT_EVENT));
                // With a nonce it could be an ID token that somebody dressed up.
                if !event.is_some_and(Value::is_object) || claims.contains_key("nonce") {
                    return Err(Fault::Kind);
                }
                let Subject { name, session } = subject(claims);
                if name.is_empty() && session.is_empty() { Err(Fault::Subject) } else { Ok(()) }
            }
        }
    }

    fn check_audience(&self, claims: &Claims, used: Use<'_>) -> Result<(), Fault> {
        let audiences: Vec<&str> = match claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => {
                many.iter().map(|one| one.as_str().ok_or(Fault::Audience)).collect::<Result<_, _>>()?
            }
            _ => return Err(Fault::Audience),
        };
        let is_ours = |one: &str| one == self.client || self.audiences.iter().any(|own| own == one);
        let fits = match used {
            Use::Bearer => audiences.iter().any(|one| is_ours(one)),
            // Made for us, and for nobody whom we don't know besides.
            Use::SignIn { .. } | Use::Logout => {
                audiences.contains(&self.client.as_str()) && audiences.iter().all(|one| is_ours(one))
            }
        };
        let authorised = claims.get("azp").is_none_or(|azp| azp.as_str().is_some_and(|azp| azp == self.client));
        let authorised = authorised || used == Use::Bearer;
        if fits && authorised { Ok(()) } else { Err(Fault::Audience) }
    }

    fn subject<'c>(&self, claims: &'c Claims) -> Result<&'c str, Fault> {
        text(claims, "sub").filter(|name| !name.is_empty()).ok_or(Fault::Subject)
    }

    /// Whether the claims that make a person are there; else the provider has to be asked for them.
    #[must_use]
    pub fn is_complete(&self, claims: &Claims) -> bool {
        let groups = self.groups_claim.as_ref().is_none_or(|name| claims.contains_key(name));
        claims.contains_key(&self.username_claim) && groups
    }

    /// The person that the claims name, as Kubernetes knows him.
    pub fn person(&self, claims: &Claims) -> Result<(User, Impersonated), Fault> {
        let name = text(claims, &self.username_claim).filter(|name| !name.is_empty()).ok_or(Fault::Name)?;
        let verified = claims.get("email_verified").is_none_or(|verified| *verified == Value::Bool(true));
        if self.username_claim == "email" && !verified {
            return Err(Fault::Unverified);
        }
        let named: Vec<&str> = match self.groups_claim.as_ref().and_then(|claim| claims.get(claim)) {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().take(GROUPS_READ_MAX).filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let mut groups: Vec<String> =
            named.into_iter().filter_map(|group| self.groups.get(group)).flatten().cloned().collect();
        groups.sort();
        groups.dedup();
        // As the API server has it when we speak for him, so that questions about rights get the same answer.
        groups.push(AUTHENTICATED.to_owned());
        let name = format!("{}{name}", self.username_prefix);
        let user = User { name, groups, known_by: KnownBy::Provider, ..User::default() };
        let person = Impersonated::of(&user).ok_or(Fault::Reserved)?;
        Ok((user, person))
    }
}

/// The person and the session as the provider names them.
#[must_use]
pub fn subject(claims: &Claims) -> Subject {
    let read = |name| text(claims, name).unwrap_or_default().to_owned();
    Subject { name: read("sub"), session: read("sid") }
}

fn text<'c>(claims: &'c Claims, name: &str) -> Option<&'c str> {
    claims.get(name).and_then(Value::as_str)
}

/// Seconds since 1970; some providers write fractions.
fn number(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    // A float beyond the range becomes its end.
    value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
}

#[cfg(test)]
mod tests;
