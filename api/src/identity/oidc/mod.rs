//! Sign-in through the city's identity provider (OpenID Connect): the code flow with PKCE, and its tokens
//! for bearers and for logging out.
//!
//! Invariants: nobody is signed in but by a token that the provider signed for us, for this browser and
//! this attempt; the provider's tokens are neither kept nor shown; a name is made of a claim behind a
//! prefix, and groups are those that are set.

mod attempt;
pub mod claims;
mod http;
mod known;
pub mod settings;
mod token;

use std::sync::Arc;

use axum::http::header;
use jiff::Timestamp;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreJsonWebKey};
use openidconnect::{
    AccessToken, AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, TokenResponse,
};

use super::session::Subject;
use super::{Impersonated, Secret, User};
use crate::notices::send::tls;
pub use attempt::{Attempt, LASTS_S};
use claims::{Claims, Expected, Fault, Use};
use known::{Away, Book, Metadata};
use settings::{Error, Settings};
use token::Token;

/// Why nobody was signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The provider can't be asked.
    Away,
    /// This browser has begun no sign-in that this could be the end of, or too long ago.
    Attempt,
    /// The provider let nobody in, or didn't take the code.
    Provider,
    /// Its token doesn't count.
    Token(Fault),
}

impl From<Away> for Refusal {
    fn from(Away: Away) -> Self {
        Self::Away
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Token(fault)
    }
}

/// What the provider sends the browser back with.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub code: Option<Secret>,
    pub state: String,
    pub issuer: Option<String>,
    pub error: Option<String>,
}

/// Somebody whom the provider has named.
pub type Named = (User, Impersonated, Subject);

#[derive(Debug)]
pub struct Provider {
    settings: Settings,
    expected: Expected,
    redirect: RedirectUrl,
    http: http::Client,
    book: Book,
}

impl Provider {
    /// Nobody is asked anything yet: a provider that is away keeps no server from starting.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let fault = |field| move |_| Error::Field { field, fault: "isn't a URL" };
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(fault("issuer"))?;
        let redirect = RedirectUrl::new(settings.redirect_url()).map_err(fault("publicUrl"))?;
        let config = tls(settings.ca_file.as_deref()).map_err(|error| Error::Tls(error.to_string()))?;
        let http = http::Client::new(config);
        let expected = Expected {
            issuer: settings.issuer.clone(),
            client: settings.client_id.clone(),
            audiences: settings.audiences.clone(),
            skew_s: settings.clock_skew_seconds,
            username_claim: settings.username_claim.clone(),
            username_prefix: settings.username_prefix.clone(),
            groups_claim: settings.groups_claim.clone(),
            groups: settings.group_names(),
        };
        Ok(Self { book: Book::new(issuer, http.clone()), settings, expected, redirect, http })
    }

    #[must_use]
    pub fn display_name(&self) -> &str {
        &self.settings.display_name
    }

    /// Where to send a browser that begins this attempt.
    pub async fn address(&self, attempt: &Attempt) -> Result<String, Refusal> {
        let known = self.book.read().await?;
        let client =
            CoreClient::from_provider_metadata((*known).clone(), ClientId::new(self.settings.client_id.clone()), None)
                .set_redirect_uri(self.redirect.clone());
        let (state, nonce) = (attempt.state(), attempt.nonce());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(attempt.verifier()));
        let mut request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || CsrfToken::new(state), || Nonce::new(nonce))
            .set_pkce_challenge(challenge);
        for scope in self.settings.scopes.iter().filter(|scope| *scope != "openid") {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let (url, _, _) = request.url();
        if settings::is_reachable(url.as_str().split('?').next().unwrap_or_default()) {
            Ok(url.into())
        } else {
            tracing::error!(url = %url.path(), "the identity provider's page is neither https nor on this machine");
            Err(Refusal::Away)
        }
    }

    /// Who has signed in, by what the browser came back with.
    pub async fn finish(&self, attempt: &Attempt, answer: Answer, now: Timestamp) -> Result<Named, Refusal> {
        if Secret::new(answer.state).digest() != Secret::new(attempt.state()).digest() {
            return Err(Refusal::Attempt);
        }
        let known = self.book.read().await?;
        // An answer of another provider's that was passed off as this one's.
        let says_who = known.additional_metadata().authorization_response_iss_parameter_supported;
        match &answer.issuer {
            Some(issuer) if *issuer != self.settings.issuer => return Err(Refusal::Attempt),
            None if says_who => return Err(Refusal::Attempt),
            _ => {}
        }
        if answer.error.is_some() {
            return Err(Refusal::Provider);
        }
        let code = answer.code.ok_or(Refusal::Provider)?;
        let (id_token, access_token) = self.exchange(&known, &code, attempt).await?;
        let nonce = attempt.nonce();
        let mut claims = self.verify(&id_token, Use::SignIn { nonce: &nonce }, now).await?;
        if !self.expected.is_complete(&claims) {
            self.complete(&known, &access_token, &mut claims).await?;
        }
        let (user, person) = self.expected.person(&claims)?;
        Ok((user, person, claims::subject(&claims)))
    }

    /// Gives the code for tokens.
    async fn exchange(
        &self,
        known: &Arc<Metadata>,
        code: &Secret,
        attempt: &Attempt,
    ) -> Result<(String, AccessToken), Refusal> {
        let secret = self.settings.secret().map_err(|error| {
            tracing::error!(%error, "failed to read the client's secret");
            Refusal::Away
        })?;
        let secret = secret.map(|secret| ClientSecret::new(secret.expose().to_owned()));
        let by_header = known
            .token_endpoint_auth_methods_supported()
            .is_none_or(|methods| methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let client = CoreClient::from_provider_metadata(
            (**known).clone(),
            ClientId::new(self.settings.client_id.clone()),
            secret,
        )
        .set_redirect_uri(self.redirect.clone())
        .set_auth_type(if by_header { AuthType::BasicAuth } else { AuthType::RequestBody });
        let request = client.exchange_code(AuthorizationCode::new(code.expose().to_owned())).map_err(|error| {
            tracing::error!(%error, "the identity provider names no address for codes");
            Refusal::Away
        })?;
        let http = self.http.clone();
        let send = move |request| {
            let http = http.clone();
            async move { http.send(request).await }
        };
        let answer = request.set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier())).request_async(&send).await;
        match answer {
            Ok(tokens) => {
                let id_token = tokens.id_token().ok_or(Refusal::Provider)?.to_string();
                Ok((id_token, tokens.access_token().clone()))
            }
            Err(RequestTokenError::Request(error)) => {
                tracing::warn!(%error, "failed to give a code to the identity provider");
                Err(Refusal::Away)
            }
            Err(RequestTokenError::ServerResponse(error)) => {
                tracing::warn!(error = %error.error(), "the identity provider took no code");
                Err(Refusal::Provider)
            }
            Err(_) => {
                tracing::warn!("the identity provider's answer to a code can't be read");
                Err(Refusal::Provider)
            }
        }
    }

    /// Adds what the provider tells of the person in another place than the ID token.
    async fn complete(&self, known: &Metadata, access: &AccessToken, claims: &mut Claims) -> Result<(), Refusal> {
        let Some(address) = known.userinfo_endpoint() else { return Ok(()) };
        let request = axum::http::Request::get(address.as_str())
            .header(header::AUTHORIZATION, format!("Bearer {}", access.secret()))
            .header(header::ACCEPT, "application/json")
            .body(Vec::new());
        let request: HttpRequest = request.map_err(|_| Refusal::Away)?;
        let answer = self.http.send(request).await.map_err(|error| {
            tracing::warn!(%error, "failed to ask the identity provider about a person");
            Refusal::Away
        })?;
        let told: Claims = serde_json::from_slice(answer.body()).map_err(|_| Refusal::Provider)?;
        // Of somebody else: the token was exchanged on the way.
        if !answer.status().is_success() || told.get("sub") != claims.get("sub") {
            return Err(Refusal::Provider);
        }
        // What is signed counts more than what is said.
        for (name, value) in told {
            claims.entry(name).or_insert(value);
        }
        Ok(())
    }

    /// Whether the token says that this provider made it; whether that is so is another question.
    #[must_use]
    pub fn is_issuer_of(&self, token: &Secret) -> bool {
        Token::parse(token.expose()).is_ok_and(|token| token.issuer() == self.settings.issuer)
    }

    /// Whom a bearer's token names; nobody, if it doesn't count.
    pub async fn bearer(&self, token: &Secret, now: Timestamp) -> Result<Option<User>, Away> {
        match self.verify(token.expose(), Use::Bearer, now).await {
            Ok(claims) => Ok(self.expected.person(&claims).ok().map(|(user, _)| user)),
            Err(Refusal::Away) => Err(Away),
            Err(_) => Ok(None),
        }
    }

    /// Whose sessions end, by a token that the provider sent us itself.
    pub async fn logout(&self, token: &str, now: Timestamp) -> Result<Subject, Refusal> {
        Ok(claims::subject(&self.verify(token, Use::Logout, now).await?))
    }

    async fn verify(&self, text: &str, used: Use<'_>, now: Timestamp) -> Result<Claims, Refusal> {
        // Whatever says that it comes from elsewhere costs no question to the provider.
        if Token::parse(text)?.issuer() != self.settings.issuer {
            return Err(Fault::Issuer.into());
        }
        let known = self.book.read().await?;
        let claims = match signed(text, &known, used) {
            // The provider may have changed its keys.
            Err(Fault::UnknownKey) => signed(text, &*self.book.read_after(&known).await?, used)?,
            other => other?,
        };
        let checked = self.expected.check(&claims, used, now);
        if let Err(fault) = checked {
            tracing::info!(%fault, "a token of the identity provider's was refused");
        }
        checked?;
        Ok(claims)
    }
}

fn signed(text: &str, known: &Metadata, used: Use<'_>) -> Result<Claims, Fault> {
    let keys: &[CoreJsonWebKey] = known.jwks().keys();
    Token::parse(text)?.verify(keys, used)
}
