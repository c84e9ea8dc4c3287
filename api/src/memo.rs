//! Answers that are kept for seconds, with one question at a time per key.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
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

/// A bounded store of answers.
#[derive(Debug)]
pub struct Memo<K, V, E> {
    slots: Mutex<HashMap<K, Slot<V, E>>>,
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

    /// The answer that serves where no new one can be had. Nobody is asked.
    pub async fn last(&self, key: &K) -> Option<V> {
        self.slot(key).lock().await.at_most(self.stale)
    }

    fn slot(&self, key: &K) -> Slot<V, E> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(key) {
            return Arc::clone(slot);
        }
        if slots.len() >= self.keys_max {
            let useful = self.fresh.max(self.stale);
            slots.retain(|_, slot| match slot.try_lock() {
                Ok(answers) => answers.kept.as_ref().is_some_and(|(at, _)| at.elapsed() < useful),
                Err(_) => true,
            });
            // All are in use or young: forgetting them costs one question each.
            if slots.len() >= self.keys_max {
                slots.clear();
            }
        }
        Arc::clone(slots.entry(key.clone()).or_default())
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

    #[tokio::test(start_paused = true)]
    async fn the_number_of_keys_is_bounded() {
        let memo = Memo::new(5 * SECOND, Duration::ZERO, 10);
        for key in 0..1_000_u32 {
            memo.get(&key, async || Ok::<_, ()>(key)).await.unwrap();
            assert!(memo.slots.lock().unwrap().len() <= 10);
        }
    }
}
