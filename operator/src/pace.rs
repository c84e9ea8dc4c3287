//! How often a status is written: the first change at once, further ones at most once a second.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Least time between two writes of the same object's status that say nothing urgent.
pub const INTERVAL: Duration = Duration::from_secs(1);

/// Remembers when each object's status was written last.
#[derive(Debug)]
pub struct Pace<K> {
    written: Mutex<HashMap<K, Instant>>,
}

impl<K> Default for Pace<K> {
    fn default() -> Self {
        Self { written: Mutex::default() }
    }
}

impl<K: Eq + Hash + Clone> Pace<K> {
    /// `None`: write now. Otherwise how long to wait first.
    pub fn wait(&self, key: &K, now: Instant) -> Option<Duration> {
        let mut written = self.written.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // What was written long ago needs no memory; this keeps the map as small as the activity.
        if written.len() > 1_024 {
            written.retain(|_, at| now.duration_since(*at) < INTERVAL);
        }
        match written.get(key) {
            Some(at) if now.duration_since(*at) < INTERVAL => Some(INTERVAL - now.duration_since(*at)),
            _ => {
                written.insert(key.clone(), now);
                None
            }
        }
    }

    /// Something urgent was written: count from here.
    pub fn mark(&self, key: &K, now: Instant) {
        self.written.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(key.clone(), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_at_once_and_the_next_a_second_later() {
        let pace = Pace::default();
        let start = Instant::now();
        assert_eq!(pace.wait(&"a", start), None);
        assert_eq!(pace.wait(&"a", start + Duration::from_millis(400)), Some(Duration::from_millis(600)));
        assert_eq!(pace.wait(&"b", start + Duration::from_millis(400)), None);
        assert_eq!(pace.wait(&"a", start + INTERVAL), None);
    }
}
