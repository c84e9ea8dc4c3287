//! The newer of two: what a watch brought, and what this process's own write was answered with.
//!
//! Between a write and its event the cache shows the object as it was. A step that is taken from
//! it would be taken twice, or fail with a conflict; with the answer of the write at hand it isn't.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kube::Resource;

/// How long a cache may take to show a write. After that its word counts: somebody else wrote.
pub const SHOWN_WITHIN: Duration = Duration::from_secs(10);
/// Objects remembered before old ones are forgotten.
const REMEMBERED: usize = 1_024;

/// Answers to writes of one kind, by the object's uid.
#[derive(Debug)]
pub struct Newest<K> {
    answers: Mutex<HashMap<String, Answer<K>>>,
}

#[derive(Debug)]
struct Answer<K> {
    /// Version that the write began from.
    from: Option<String>,
    object: Arc<K>,
    at: Instant,
}

impl<K> Default for Newest<K> {
    fn default() -> Self {
        Self { answers: Mutex::default() }
    }
}

impl<K: Resource> Newest<K> {
    /// Remembers the answer to a write that began from `from`.
    pub fn keep(&self, from: &K, object: K) {
        let Some(uid) = object.meta().uid.clone() else { return };
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() > REMEMBERED {
            answers.retain(|_, answer| answer.at.elapsed() < SHOWN_WITHIN);
        }
        // Several writes before the cache shows the first: it still shows where that one began.
        let from = match answers.get(&uid) {
            Some(known) if known.object.meta().resource_version == from.meta().resource_version => known.from.clone(),
            _ => from.meta().resource_version.clone(),
        };
        answers.insert(uid, Answer { from, object: Arc::new(object), at: Instant::now() });
    }

    /// The object as it is, as far as anybody here knows. As soon as the cache shows anything else
    /// than what the write began from, its word counts.
    pub fn of(&self, cached: Arc<K>) -> Arc<K> {
        let Some(uid) = &cached.meta().uid else { return cached };
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        match answers.get(uid) {
            Some(answer) if answer.from == cached.meta().resource_version && answer.at.elapsed() < SHOWN_WITHIN => {
                Arc::clone(&answer.object)
            }
            Some(_) => {
                answers.remove(uid);
                cached
            }
            None => cached,
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;

    use super::*;

    fn version(version: &str) -> Arc<ConfigMap> {
        let mut object = ConfigMap::default();
        object.metadata.uid = Some("u".to_owned());
        object.metadata.resource_version = Some(version.to_owned());
        Arc::new(object)
    }

    fn seen(newest: &Newest<ConfigMap>, cached: &str) -> String {
        newest.of(version(cached)).metadata.resource_version.clone().unwrap()
    }

    #[test]
    fn the_answer_counts_until_the_cache_moves() {
        let newest = Newest::default();
        assert_eq!(seen(&newest, "1"), "1");
        newest.keep(&version("1"), version("2").as_ref().clone());
        assert_eq!(seen(&newest, "1"), "2");
        newest.keep(&version("2"), version("3").as_ref().clone());
        assert_eq!(seen(&newest, "1"), "3", "two writes, and the cache shows neither");
        assert_eq!(seen(&newest, "9"), "9");
        assert_eq!(seen(&newest, "1"), "1", "an answer that is no longer needed is forgotten");
    }
}
