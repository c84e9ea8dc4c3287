//! Where others ask the pool controller, which alone writes ledgers.
//!
//! A question waits here until the pool's next pass; the answer comes after the commit, so a hold
//! that was granted is on record before anybody hears of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ledger::{Decision, Request};
use resources::v1alpha1::Cause;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::watch::Triggers;

/// Questions one pool may have waiting. A pass takes 256; four passes' worth is a fraction of a
/// second. Beyond it the asker is told to come back, which is what a full queue means.
const WAITING_MAX: usize = 1_024;

/// A question to a pool's ledger.
#[derive(Debug)]
pub struct Question {
    pub request: Request,
    pub cause: Cause,
    pub answer: oneshot::Sender<Answer>,
}

/// What the ledger said, and at which revision.
#[derive(Clone, Debug)]
pub struct Answer {
    pub decision: Decision,
    pub revision: u64,
}

/// Why there is no answer. Asking again is always safe: what was done is done once.
#[derive(Debug, Error)]
pub enum Error {
    #[error("too many questions wait for pool {pool}")]
    Busy { pool: String },
    #[error("pool {pool} didn't decide: its pass failed or the pool is gone")]
    NoAnswer { pool: String },
}

/// The questions that wait, by pool.
#[derive(Clone, Debug)]
pub struct Desk {
    waiting: Arc<Mutex<HashMap<String, Vec<Question>>>>,
    triggers: Triggers,
}

impl Desk {
    #[must_use]
    pub fn new(triggers: Triggers) -> Self {
        Self { waiting: Arc::default(), triggers }
    }

    /// Asks and waits for the answer of the pool's next pass.
    pub async fn ask(&self, pool: &str, request: Request, cause: Cause) -> Result<Answer, Error> {
        let (answer, decided) = oneshot::channel();
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let questions = waiting.entry(pool.to_owned()).or_default();
            if questions.len() >= WAITING_MAX {
                return Err(Error::Busy { pool: pool.to_owned() });
            }
            questions.push(Question { request, cause, answer });
        }
        self.triggers.pool(pool).await;
        decided.await.map_err(|_| Error::NoAnswer { pool: pool.to_owned() })
    }

    /// Takes up to `most` questions, oldest first.
    pub fn take(&self, pool: &str, most: usize) -> Vec<Question> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(questions) = waiting.get_mut(pool) else { return Vec::new() };
        let taken = questions.drain(..most.min(questions.len())).collect();
        if questions.is_empty() {
            waiting.remove(pool);
        }
        taken
    }

    /// Whether anybody waits for this pool.
    #[must_use]
    pub fn has_questions(&self, pool: &str) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).contains_key(pool)
    }

    /// Lets those go who wait for a pool that isn't there: they hear that nobody decides.
    pub fn dismiss(&self, pool: &str) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(pool);
    }
}
