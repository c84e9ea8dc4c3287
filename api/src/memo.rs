//! Answers that are kept for seconds, with one question at a time per key. Where there are more keys
//! than are kept, the one that nobody has asked for longest goes.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

type Slot<V, E> = Arc<AsyncMutex<Answers<V, E>>>;

/// What one key was answered last.
#[derive(Debug)]
struct Answers<V, E> {
    kept: Option<(Instant, V)>,
    failed: Option<(Instant, E)>,
}

impl<V, E> Default for Answers<V, E> {
    fn default() -> Self {
        Self { kept: None, failed: None }
    }
}

impl<V: Clone, E> Answers<V, E> {
    /// The answer that is kept, unless it is older.
    fn at_most(&self, age: Duration) -> Option<V> {
        self.kept.as_ref().filter(|(at, _)| at.elapsed() < age).map(|(_, value)| value.clone())
    }
}

/// After a failure nobody asks again for so long: a server that doesn't answer would make every
/// caller wait for it.
const FAILURE_KEPT: Duration = Duration::from_secs(5);

/// The answers to one key, with when somebody asked last.
type Asked<V, E> = (Instant, Slot<V, E>);

/// A bounded store of answers.
#[derive(Debug)]
pub struct Memo<K, V, E> {
    slots: Mutex<HashMap<K, Asked<V, E>>>,
    /// How long an answer is good.
    fresh: Duration,
    /// How long an old answer serves where no new one can be had.
    stale: Duration,
    keys_max: usize,
}

impl<K: Clone + Eq + Hash, V: Clone, E: Clone> Memo<K, V, E> {
    #[must_use]
    pub fn new(fresh: Duration, stale: Duration, keys_max: usize) -> Self {
        Self { slots: Mutex::default(), fresh, stale, keys_max }
    }

    /// The answer that is kept, or what `ask` says. Where it fails, the old answer if there is one
    /// that isn't too old. Callers with the same key wait for one question.
    pub async fn get(&self, key: &K, ask: impl AsyncFnOnce() -> Result<V, E>) -> Result<V, E> {
        let slot = self.slot(key);
        let mut answers = slot.lock().await;
        if let Some(value) = answers.at_most(self.fresh) {
            return Ok(value);
        }
        let failed = answers.failed.as_ref().filter(|(at, _)| at.elapsed() < FAILURE_KEPT);
        let error = match failed.map(|(_, error)| error.clone()) {
            Some(error) => error,
            None => match ask().await {
                Ok(value) => {
                    *answers = Answers { kept: Some((Instant::now(), value.clone())), failed: None };
                    return Ok(value);
                }
                Err(error) => {
                    answers.failed = Some((Instant::now(), error.clone()));
                    error
                }
            },
        };
        answers.at_most(self.stale).ok_or(error)
    }

    /// The last answer however old, if it is remembered. Nobody is asked, and the key isn't kept
    /// longer for it.
    pub async fn remembered(&self, key: &K) -> Option<V> {
        let slot = self.lock().get(key).map(|(_, slot)| Arc::clone(slot))?;
        let answers = slot.lock().await;
        answers.kept.as_ref().map(|(_, value)| value.clone())
    }

    /// The answer that serves where no new one can be had. Nobody is asked.
    pub async fn last(&self, key: &K) -> Option<V> {
        self.slot(key).lock().await.at_most(self.stale)
    }

    fn slot(&self, key: &K) -> Slot<V, E> {
        let now = Instant::now();
        let mut slots = self.lock();
        if let Some((asked, slot)) = slots.get_mut(key) {
            *asked = now;
            return Arc::clone(slot);
        }
        if slots.len() >= self.keys_max
            && let Some(oldest) = slots.iter().min_by_key(|(_, (asked, _))| *asked).map(|(key, _)| key.clone())
        {
            slots.remove(&oldest);
        }
        Arc::clone(&slots.entry(key.clone()).or_insert_with(|| (now, Slot::default())).1)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Asked<V, E>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_kept_then_asked_again_and_serves_on_while_nobody_answers() {
        let memo = Memo::new(5 * SECOND, 60 * SECOND, 10);
        let get = async |answer: Result<u32, ()>| memo.get(&"k", async || answer).await;
        let advance = async |seconds| tokio::time::advance(seconds * SECOND).await;
        assert_eq!(get(Err(())).await, Err(()));
        assert_eq!(get(Ok(1)).await, Err(()), "nobody asks again at once");
        advance(5).await;
        assert_eq!(get(Ok(1)).await, Ok(1));
        assert_eq!(get(Ok(2)).await, Ok(1));
        advance(6).await;
        assert_eq!(get(Err(())).await, Ok(1));
        assert_eq!(get(Ok(3)).await, Ok(1));
        advance(5).await;
        assert_eq!(memo.last(&"k").await, Some(1));
        assert_eq!(get(Ok(3)).await, Ok(3));
        advance(61).await;
        assert_eq!((get(Err(())).await, memo.last(&"k").await), (Err(()), None));
    }

    /// Keys that nobody comes back with don't push out one that is asked for all the time.
    #[tokio::test(start_paused = true)]
    async fn the_number_of_keys_is_bounded_and_the_oldest_goes_first() {
        let memo = Memo::new(5 * SECOND, Duration::ZERO, 10);
        let asked = std::cell::Cell::new(0);
        for key in 1..1_000_u32 {
            memo.get(&key, async || Ok::<_, ()>(key)).await.unwrap();
            tokio::time::advance(SECOND / 1_000).await;
            memo.get(&0, async || Ok(asked.replace(asked.get() + 1))).await.unwrap();
            assert!(memo.lock().len() <= 10);
        }
        assert_eq!(asked.get(), 1, "forgotten in between");
        assert_eq!((memo.remembered(&0).await, memo.remembered(&1).await), (Some(0), None));
        tokio::time::advance(60 * SECOND).await;
        assert_eq!(memo.remembered(&0).await, Some(0));
    }
}
