//! What every handler has.

use std::sync::{Arc, OnceLock};

use axum::http::request::Parts;
use tokio::sync::Semaphore;

use crate::access::{self, RightsMemo};
use crate::cluster::Cluster;
use crate::dashboard::Files;
use crate::history::History;
use crate::idempotency;
use crate::identity::oidc::Provider;
use crate::identity::{Identity, Limits, Sessions};
use crate::latest::Latest;
use crate::metrics::Metrics;
use crate::middleware::CallerName;
use crate::notices::Post;
use crate::snapshot::{Reading, Snapshot};
use crate::view::Age;
use crate::world::World;
use crate::{asking, clock};

/// Calls under way at once: each holds at most some MB, so that 1,024 are bearable.
const IN_FLIGHT_MAX: usize = 1_024;

/// The state of the server, shared by all calls.
#[derive(Clone, Debug)]
pub struct App(Arc<Shared>);

/// How people sign in, and for how long.
#[derive(Debug, Default)]
pub struct SignIn {
    pub limits: Limits,
    /// The city's identity provider.
    pub provider: Option<Provider>,
}

/// The parts of the state.
#[derive(Debug)]
pub struct Shared {
    pub world: Arc<World>,
    pub cluster: Box<dyn Cluster>,
    pub identity: Identity,
    pub rights: RightsMemo,
    pub idempotency: Arc<idempotency::Store>,
    pub files: Files,
    /// What happened.
    pub history: History,
    pub metrics: Metrics,
    pub in_flight: Semaphore,
    /// TLS is in front: cookies are for TLS alone, and browsers are told to come with TLS.
    pub behind_tls: bool,
    pub turns: asking::Turns,
    post: OnceLock<Post>,
    latest: Arc<Latest>,
    kubernetes_version: OnceLock<String>,
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    /// Without a history: for a server that keeps one, there is [`App::with_history`].
    #[must_use]
    pub fn new(world: Arc<World>, cluster: Box<dyn Cluster>, files: Files, behind_tls: bool) -> Self {
        Self::with_history(world, cluster, files, behind_tls, History::default())
    }

    /// With a token of the cluster as the one way to sign in, and sessions of the usual length; for
    /// others there is [`App::with_sign_in`].
    #[must_use]
    pub fn with_history(
        world: Arc<World>,
        cluster: Box<dyn Cluster>,
        files: Files,
        behind_tls: bool,
        history: History,
    ) -> Self {
        Self::with_sign_in(world, cluster, files, behind_tls, history, SignIn::default())
    }

    #[must_use]
    pub fn with_sign_in(
        world: Arc<World>,
        cluster: Box<dyn Cluster>,
        files: Files,
        behind_tls: bool,
        history: History,
        sign_in: SignIn,
    ) -> Self {
        let sessions = Sessions::new(sign_in.limits, history.clone());
        Self(Arc::new(Shared {
            world,
            cluster,
            identity: Identity::new(behind_tls, sessions, sign_in.provider),
            rights: access::memo(),
            idempotency: Arc::default(),
            files,
            history,
            metrics: Metrics::default(),
            in_flight: Semaphore::new(IN_FLIGHT_MAX),
            behind_tls,
            turns: asking::Turns::default(),
            post: OnceLock::new(),
            latest: Arc::default(),
            kubernetes_version: OnceLock::new(),
        }))
    }

    /// Everything that is shown, but for what has changed within the last moment.
    pub async fn snapshot(&self) -> Reading {
        self.read(self.latest.since(&self.world, 0).await)
    }

    /// Everything that is shown, with everything that the caches have: for whoever has just written
    /// something, or was told that something has changed.
    pub async fn snapshot_now(&self) -> Reading {
        self.read(self.latest.since(&self.world, self.world.generation()).await)
    }

    /// Waits until nobody reads what was before the changes that the caches have.
    pub async fn shown(&self) {
        self.latest.in_time(&self.world).await;
    }

    fn read(&self, snapshot: Arc<Snapshot>) -> Reading {
        Reading::new(snapshot, self.age())
    }

    fn age(&self) -> Age {
        match self.world.broken_since() {
            Some(since) => Age { as_of: since, stale: true },
            None => Age { as_of: clock::now(), stale: false },
        }
    }

    /// The channels that notices go to, where some are set.
    #[must_use]
    pub fn post(&self) -> Option<&Post> {
        self.post.get()
    }

    /// Sets the channels, once.
    pub fn deliver_through(&self, post: Post) {
        let _ = self.post.set(post);
    }

    /// Version of the cluster, once it was told.
    #[must_use]
    pub fn kubernetes_version(&self) -> Option<String> {
        self.kubernetes_version.get().cloned()
    }

    pub fn note_kubernetes_version(&self, version: String) {
        let _ = self.kubernetes_version.set(version);
    }

    /// Kinds that were never read to the end.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        self.world.missing()
    }

    /// Tells the log who calls.
    pub fn note_caller(&self, parts: &Parts, name: &str) {
        if let Some(slot) = parts.extensions.get::<CallerName>() {
            slot.note(name);
        }
    }
}
