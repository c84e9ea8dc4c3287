//! What happened, and what people haven't finished writing: the one thing that isn't in Kubernetes.
//!
//! Losing it loses history and drafts, never a grant. Invariants:
//! - Nothing that is granted, enforced or taken back is decided by what is in here.
//! - Reads of the cluster's state never wait for it, but for a second at most where the caller's own
//!   session has to be looked up.
//! - Every pool, queue, row and wait is bounded.

pub mod audit;
pub mod deliveries;
mod dialect;
pub mod drafts;
mod migrations;
pub mod notices;
pub mod sessions;
mod store;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use crate::clock;
use crate::problem::Failure;
use audit::anchor::{self, Anchor};
use audit::{Algorithm, Entry, Journal, Kind, Verification};

pub use dialect::{Location, LocationError};
pub use store::{Error, Store};

/// The history as handlers get it.
#[derive(Clone, Debug, Default)]
pub struct History(Option<Arc<Kept>>);

#[derive(Debug)]
struct Kept {
    store: Store,
    journal: Journal,
    /// The file in which the anchors are.
    anchors: Option<PathBuf>,
    verified: Mutex<Option<Verified>>,
}

/// When the chain was read last, and what was found.
pub type Verified = (Timestamp, Arc<Verification>);

/// A million rows take some ten seconds to read; more often than this helps nobody.
const VERIFIED_FOR: SignedDuration = SignedDuration::from_secs(60);
/// An act through this process takes at most 25 s until its answer, and a process beside it may
/// have another clock.
const ACT_WITHIN: SignedDuration = SignedDuration::from_secs(120);
const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// Acts that a process that ended may have left: as many as it had under way.
const SWEPT_AT_ONCE: i64 = 1_024;

impl History {
    /// Begins to keep a history in this store.
    #[must_use]
    pub fn new(store: Store, algorithm: Algorithm, anchors: Option<PathBuf>) -> Self {
        let journal = Journal::start(store.clone(), algorithm);
        Self(Some(Arc::new(Kept { store, journal, anchors, verified: Mutex::default() })))
    }

    /// The store. A server always has one; what was made without has no history and says so.
    pub fn store(&self) -> Result<&Store, Failure> {
        self.0.as_ref().map(|kept| &kept.store).ok_or(Failure::HistoryAway)
    }

    /// Where acts are written down; nothing where no history is kept.
    #[must_use]
    pub fn journal(&self) -> Option<&Journal> {
        self.0.as_ref().map(|kept| &kept.journal)
    }

    /// Whether the chain is as it was written, by a look at all of it that is at most a minute old.
    pub async fn verify(&self) -> Result<Verified, Failure> {
        let kept = Arc::clone(self.0.as_ref().ok_or(Failure::HistoryAway)?);
        // Whoever doesn't wait to the end leaves the result for whoever asks next.
        let task = tokio::spawn(async move {
            let mut verified = kept.verified.lock().await;
            let now = clock::now();
            if let Some((at, found)) = verified.as_ref()
                && now.duration_since(*at) < VERIFIED_FOR
            {
                return Ok((*at, Arc::clone(found)));
            }
            let anchors = kept.anchors().await;
            let found = Arc::new(kept.store.verify(&anchors).await?);
            *verified = Some((now, Arc::clone(&found)));
            Ok((now, found))
        });
        task.await.map_err(|_| Failure::Internal)?.map_err(|error: Error| error.into())
    }

    /// Says of acts that nobody ended what is known of them, writes anchors, for as long as the
    /// process lives.
    pub async fn keep(self) {
        let Some(kept) = self.0 else { return };
        tokio::join!(anchor::keep(kept.store.clone(), kept.anchors.clone()), kept.sweep(clock::now()));
    }

    /// Ends the acts that were under way when a process ended.
    pub async fn recover(&self, before: Timestamp) -> Result<(), Error> {
        match &self.0 {
            Some(kept) => kept.end_open(before).await,
            None => Ok(()),
        }
    }
}

impl Kept {
    async fn anchors(&self) -> Vec<Anchor> {
        let Some(path) = self.anchors.clone() else { return Vec::new() };
        let read = tokio::task::spawn_blocking(move || anchor::read(&path)).await;
        read.ok().and_then(Result::ok).unwrap_or_default()
    }

    async fn sweep(&self, started: Timestamp) {
        loop {
            let long_ago = clock::now() - ACT_WITHIN;
            // A file has one process: what was under way before it began nobody will end.
            let before = match self.store.location() {
                Location::File(_) => started.max(long_ago),
                Location::Server(_) => long_ago,
            };
            if let Err(error) = self.end_open(before).await {
                tracing::warn!(%error, "failed to end acts that were left open");
            }
            tokio::time::sleep(SWEEP_EVERY).await;
        }
    }

    async fn end_open(&self, before: Timestamp) -> Result<(), Error> {
        for act in self.store.open_acts(before, SWEPT_AT_ONCE).await? {
            // What came of it isn't known: it may have been done.
            let outcome = "Timeout".to_owned();
            self.journal.add(Entry { outcome, ..Entry::new(clock::now(), Kind::Outcome, act) }).await?;
        }
        Ok(())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        tracing::error!(%error, "failed to use the history store");
        Self::HistoryAway
    }
}
