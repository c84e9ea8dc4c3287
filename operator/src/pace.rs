//! Answers first: what follows from decisions makes way while people wait for theirs.
//!
//! The API server is what everything waits for. A hundred grants on their way into quotas at the
//! same time make each of its answers slow, also the one that an approver looks at his screen for;
//! a quota that comes a second later nobody notices. So while decisions are being answered only
//! [`FEW`] follow-ups are under way, never none: under an endless stream of decisions the quotas
//! still come, and when it ends all that waited goes on at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Follow-ups under way while somebody waits for an answer.
const FEW: usize = 2;
/// Steps of requests that are taken at the same time.
const MANY: usize = 64;
/// After an answer the next decision is often on its way already.
const LULL: Duration = Duration::from_millis(100);

/// Shared by the controllers of one process.
#[derive(Clone, Debug)]
pub struct Pace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    answering: AtomicUsize,
    /// When the last answer was given.
    answered_at: Mutex<Option<Instant>>,
    few: Arc<Semaphore>,
    many: Arc<Semaphore>,
}

/// Somebody waits for an answer, until this is dropped.
#[derive(Debug)]
pub struct Answering(Pace);

impl Default for Pace {
    fn default() -> Self {
        let [few, many] = [FEW, MANY].map(|permits| Arc::new(Semaphore::new(permits)));
        Self(Arc::new(Inner { answering: AtomicUsize::new(0), answered_at: Mutex::default(), few, many }))
    }
}

impl Pace {
    /// Says that a decision is being answered.
    #[must_use]
    pub fn answer(&self) -> Answering {
        self.0.answering.fetch_add(1, Ordering::SeqCst);
        Answering(self.clone())
    }

    /// Waits until a follow-up may begin: at once where nobody waits for an answer. What it looks
    /// at is to be read afterwards. While the permit is kept, it counts as one of the few.
    pub async fn follow_up(&self) -> Option<OwnedSemaphorePermit> {
        while self.is_busy() {
            let turn = Arc::clone(&self.0.few).acquire_owned();
            // Whichever comes first, a turn or the end of the rush.
            if let Ok(turn) = tokio::time::timeout(LULL, turn).await {
                return turn.ok();
            }
        }
        None
    }

    /// Waits until one more step may be taken. Whoever waits for his turn as a follow-up doesn't keep
    /// one of these places from an answer.
    pub async fn step(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.many).acquire_owned().await.ok()
    }

    fn is_busy(&self) -> bool {
        let answered_at = *self.0.answered_at.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.answering.load(Ordering::SeqCst) > 0 || answered_at.is_some_and(|at| at.elapsed() < LULL)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let Self(Pace(inner)) = self;
        *inner.answered_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        inner.answering.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn follow_ups_are_few_while_somebody_waits_and_all_when_nobody_does() {
        let pace = Pace::default();
        assert!(pace.follow_up().now_or_never().expect("nobody waits").is_none());

        let answering = pace.answer();
        let mut under_way = Vec::new();
        for _ in 0..FEW {
            under_way.push(pace.follow_up().await.expect("a few may"));
        }
        assert!(pace.follow_up().now_or_never().is_none(), "one more waits");
        under_way.pop();
        assert!(pace.follow_up().await.is_some(), "one has ended: the next has its turn");

        let (waits, began) = (pace.follow_up(), Instant::now());
        drop(answering);
        drop(under_way);
        let _ = waits.await;
        assert!(began.elapsed() <= 2 * LULL);
        tokio::time::sleep(LULL).await;
        assert!(pace.follow_up().now_or_never().expect("nobody waits any more").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn when_the_rush_ends_all_that_waited_go_on_although_the_few_are_still_at_it() {
        let pace = Pace::default();
        let answering = pace.answer();
        let mut under_way = Vec::new();
        for _ in 0..FEW {
            under_way.push(pace.follow_up().await);
        }
        let waits = pace.follow_up();
        drop(answering);
        assert!(waits.await.is_none());
        assert_eq!(under_way.len(), FEW);
    }
}
