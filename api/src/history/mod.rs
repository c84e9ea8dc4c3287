//! What happened, and what people haven't finished writing: the one thing that isn't in Kubernetes.
//!
//! Losing it loses history and drafts, never a grant. Invariants:
//! - Nothing that is granted, enforced or taken back is decided by what is in here.
//! - Reads of the cluster's state never wait for it.
//! - Every pool, queue, row and wait is bounded.

pub mod deliveries;
mod dialect;
pub mod drafts;
mod migrations;
pub mod notices;
mod store;

pub use dialect::{Location, LocationError};
pub use store::{Error, Store};

use crate::problem::Failure;

/// The history as handlers get it.
#[derive(Clone, Debug, Default)]
pub struct History(Option<Store>);

impl History {
    #[must_use]
    pub const fn new(store: Store) -> Self {
        Self(Some(store))
    }

    /// The store. A server always has one; what was made without has no history and says so.
    pub fn store(&self) -> Result<&Store, Failure> {
        self.0.as_ref().ok_or(Failure::HistoryAway)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        tracing::error!(%error, "failed to use the history store");
        Self::HistoryAway
    }
}
