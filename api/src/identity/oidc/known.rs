//! What the provider says about itself, and its keys: asked for when needed, kept, and asked for again
//! when a token names a key that isn't among them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
    CoreSubjectIdentifierType,
};
use openidconnect::{AdditionalProviderMetadata, IssuerUrl, ProviderMetadata};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

use super::http;

/// Keys are changed over days; what was withdrawn isn't believed for longer than this.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// While the provider is away its keys of before go on, so that bearers aren't shut out with it.
const STALE: Duration = Duration::from_secs(24 * 3_600);
/// Anybody can name a key that isn't there. The provider is asked about it this seldom.
const ASKED_EVERY: Duration = Duration::from_secs(10);

/// What providers say beyond what the standard's first part names.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct More {
    /// RFC 9207: the answer to a sign-in says who gave it.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for More {}

pub type Metadata = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// The provider can't be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away;

#[derive(Debug)]
pub struct Book {
    issuer: IssuerUrl,
    http: http::Client,
    kept: Mutex<Option<(Instant, Arc<Metadata>)>>,
    /// When the provider was asked last; who has it asks.
    asked: AsyncMutex<Option<Instant>>,
}

impl Book {
    pub fn new(issuer: IssuerUrl, http: http::Client) -> Self {
        Self { issuer, http, kept: Mutex::default(), asked: AsyncMutex::default() }
    }

    /// What is known, by the provider's word of the last minutes.
    pub async fn read(&self) -> Result<Arc<Metadata>, Away> {
        match self.at_most(FRESH) {
            Some(known) => Ok(known),
            None => self.ask(|| self.at_most(FRESH)).await,
        }
    }

    /// Something newer than `before`, where the provider may be asked for it; else the same again.
    pub async fn read_after(&self, before: &Arc<Metadata>) -> Result<Arc<Metadata>, Away> {
        self.ask(|| self.at_most(STALE).filter(|known| !Arc::ptr_eq(known, before))).await
    }

    /// Asks, unless somebody has asked meanwhile or a moment ago.
    async fn ask(&self, enough: impl Fn() -> Option<Arc<Metadata>>) -> Result<Arc<Metadata>, Away> {
        let mut asked = self.asked.lock().await;
        if let Some(known) = enough() {
            return Ok(known);
        }
        if asked.is_some_and(|at| at.elapsed() < ASKED_EVERY) {
            return self.at_most(STALE).ok_or(Away);
        }
        *asked = Some(Instant::now());
        let http = self.http.clone();
        let send = move |request| {
            let http = http.clone();
            async move { http.send(request).await }
        };
        match Metadata::discover_async(self.issuer.clone(), &send).await {
            Ok(metadata) => {
                let known = Arc::new(metadata);
                *self.lock() = Some((Instant::now(), Arc::clone(&known)));
                Ok(known)
            }
            Err(error) => {
                tracing::warn!(%error, issuer = self.issuer.as_str(), "failed to ask the identity provider who it is");
                self.at_most(STALE).ok_or(Away)
            }
        }
    }

    fn at_most(&self, age: Duration) -> Option<Arc<Metadata>> {
        self.lock().as_ref().filter(|(at, _)| at.elapsed() < age).map(|(_, known)| Arc::clone(known))
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Instant, Arc<Metadata>)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
