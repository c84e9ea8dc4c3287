//! What every handler has.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::http::request::Parts;
use tokio::sync::Semaphore;

use crate::access::{self, RightsMemo};
use crate::clock;
use crate::cluster::Cluster;
use crate::dashboard::Files;
use crate::idempotency;
use crate::identity::Identity;
use crate::metrics::Metrics;
use crate::middleware::CallerName;
use crate::snapshot::{Reading, Snapshot};
use crate::view::Age;
use crate::world::World;

/// Calls under way at once: each holds at most some MB, so that 1,024 are bearable.
const IN_FLIGHT_MAX: usize = 1_024;

/// The state of the server, shared by all calls.
#[derive(Clone, Debug)]
pub struct App(Arc<Shared>);

/// The parts of the state.
#[derive(Debug)]
pub struct Shared {
    pub world: Arc<World>,
    pub cluster: Box<dyn Cluster>,
    pub identity: Identity,
    pub rights: RightsMemo,
    pub idempotency: Arc<idempotency::Store>,
    pub files: Files,
    pub metrics: Metrics,
    pub in_flight: Semaphore,
    /// TLS is in front: cookies are for TLS alone, and browsers are told to come with TLS.
    pub behind_tls: bool,
    /// The last snapshot, with the generation it was made of.
    snapshot: Mutex<Option<(u64, Arc<Snapshot>)>>,
    kubernetes_version: OnceLock<String>,
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    #[must_use]
    pub fn new(world: Arc<World>, cluster: Box<dyn Cluster>, files: Files, behind_tls: bool) -> Self {
        Self(Arc::new(Shared {
            world,
            cluster,
            identity: Identity::new(behind_tls),
            rights: access::memo(),
            idempotency: Arc::default(),
            files,
            metrics: Metrics::default(),
            in_flight: Semaphore::new(IN_FLIGHT_MAX),
            behind_tls,
            snapshot: Mutex::default(),
            kubernetes_version: OnceLock::new(),
        }))
    }

    /// Everything that is shown, as it is now. Made anew only if something has changed; whoever
    /// comes meanwhile waits for the one that is being made.
    #[must_use]
    pub fn snapshot(&self) -> Reading {
        let mut last = self.snapshot.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = self.world.generation();
        let snapshot = match &*last {
            Some((at, snapshot)) if *at == generation => Arc::clone(snapshot),
            earlier => {
                let before = earlier.as_ref().map(|(_, snapshot)| &**snapshot);
                let version = format!("{}-{generation}", self.world.hub.epoch());
                Arc::new(Snapshot::of(&self.world.read(), version, before))
            }
        };
        *last = Some((generation, Arc::clone(&snapshot)));
        drop(last);
        Reading::new(snapshot, self.age())
    }

    fn age(&self) -> Age {
        match self.world.broken_since() {
            Some(since) => Age { as_of: since, stale: true },
            None => Age { as_of: clock::now(), stale: false },
        }
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
