//! Answers that are kept for seconds, with one question at a time per key.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

type Slot<V> = Arc<AsyncMutex<Option<(Instant, V)>>>;

/// A bounded store of answers.
#[derive(Debug)]
pub struct Memo<K, V> {
    slots: Mutex<HashMap<K, Slot<V>>>,
    /// How long an answer is good.
    fresh: Duration,
    /// How long an old answer serves where no new one can be had.
    stale: Duration,
    keys_max: usize,
}

impl<K: Clone + Eq + Hash, V: Clone> Memo<K, V> {
    #[must_use]
    pub fn new(fresh: Duration, stale: Duration, keys_max: usize) -> Self {
        Self { slots: Mutex::default(), fresh, stale, keys_max }
    }

    /// The answer that is kept, or what `ask` says. Where it fails, the old answer if there is one
    /// that isn't too old. Callers with the same key wait for one question.
    pub async fn get<E>(&self, key: &K, ask: impl AsyncFnOnce() -> Result<V, E>) -> Result<V, E> {
        let slot = self.slot(key);
        let mut kept = slot.lock().await;
        if let Some((at, value)) = &*kept
            && at.elapsed() < self.fresh
        {
            return Ok(value.clone());
        }
        match ask().await {
            Ok(value) => {
                *kept = Some((Instant::now(), value.clone()));
                Ok(value)
            }
            Err(error) => match &*kept {
                Some((at, value)) if at.elapsed() < self.stale => Ok(value.clone()),
                _ => Err(error),
            },
        }
    }

    fn slot(&self, key: &K) -> Slot<V> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(key) {
            return Arc::clone(slot);
        }
        if slots.len() >= self.keys_max {
            let useful = self.fresh.max(self.stale);
            slots.retain(|_, slot| match slot.try_lock() {
                Ok(kept) => kept.as_ref().is_some_and(|(at, _)| at.elapsed() < useful),
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
        assert_eq!(get(Err(())).await, Err(()));
        assert_eq!(get(Ok(1)).await, Ok(1));
        assert_eq!(get(Ok(2)).await, Ok(1));
        tokio::time::advance(6 * SECOND).await;
        assert_eq!(get(Err(())).await, Ok(1));
        assert_eq!(get(Ok(3)).await, Ok(3));
        tokio::time::advance(61 * SECOND).await;
        assert_eq!(get(Err(())).await, Err(()));
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
