//! Writing statuses: only what is new, never twice, and not each step on the way.
//!
//! A cache shows a write some time after it was made. Whoever compares with the cache alone writes
//! the same status again, and under load most writes are such. So each process remembers what it
//! wrote until the cache shows it; the operator that leads is the only writer of these statuses.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Api, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::newest::SHOWN_WITHIN;
use crate::patch::{Part, patch};

/// Least time between two writes of one object's status that say nothing urgent.
const INTERVAL: Duration = Duration::from_secs(1);
/// So that the time has passed when one looks again.
const SLACK: Duration = Duration::from_millis(10);
/// Objects remembered before those that are at rest are forgotten.
const REMEMBERED: usize = 1_024;

/// Sums over other objects, which change one after the other, are news when they have come to rest.
const SUMMARY_SETTLES: Duration = Duration::from_millis(500);
/// Least time between two writes of an object's sums, where nothing else is new.
const SUMMARY_INTERVAL: Duration = Duration::from_secs(5);

/// How soon a summary of other objects is wanted: what it says sooner than what it counts.
#[must_use]
pub fn of_summary(before: &[Condition], after: &[Condition]) -> Urgency {
    if say_the_same(before, after) { Urgency::Sums(SUMMARY_SETTLES) } else { Urgency::After(SUMMARY_SETTLES) }
}

/// Whether these conditions differ in their messages at most, which name figures.
#[must_use]
pub fn say_the_same(before: &[Condition], after: &[Condition]) -> bool {
    let said = |conditions: &[Condition]| -> Vec<(String, String, String)> {
        conditions.iter().map(|one| (one.type_.clone(), one.status.clone(), one.reason.clone())).collect()
    };
    said(before) == said(after)
}

/// How soon a new status is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody waits for it: at once.
    Now,
    /// At once, but at most once in [`INTERVAL`].
    Soon,
    /// It may be a step on the way to the next: if it is still so after this time, and at most
    /// once in [`INTERVAL`].
    After(Duration),
    /// Only sums have changed: if they are still news after this time, and at most once in
    /// [`SUMMARY_INTERVAL`].
    Sums(Duration),
}

/// The statuses of one kind, by the object's uid.
#[derive(Debug)]
pub struct Statuses<S> {
    remembered: Mutex<HashMap<String, Memory<S>>>,
}

#[derive(Debug)]
struct Memory<S> {
    /// What was written and isn't in the cache yet.
    written: Option<S>,
    written_at: Option<Instant>,
    /// Since when there is something to write.
    news_since: Option<Instant>,
}

impl<S> Default for Memory<S> {
    fn default() -> Self {
        Self { written: None, written_at: None, news_since: None }
    }
}

impl<S> Memory<S> {
    fn is_at_rest(&self, now: Instant) -> bool {
        let past = |at: Option<Instant>, time| at.is_none_or(|at| now.duration_since(at) > time);
        past(self.written_at, SHOWN_WITHIN) && past(self.news_since, SHOWN_WITHIN)
    }
}

impl<S> Default for Statuses<S> {
    fn default() -> Self {
        Self { remembered: Mutex::default() }
    }
}

impl<S: Clone + PartialEq + Default + Serialize + Debug> Statuses<S> {
    /// The status as it is: what the cache shows, or what was written since.
    pub fn known<K: Resource>(&self, object: &K, cached: Option<&S>, now: Instant) -> S {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let cached = cached.cloned().unwrap_or_default();
        let Some(memory) = object.meta().uid.as_ref().and_then(|uid| remembered.get_mut(uid)) else { return cached };
        let waits = memory.written_at.is_some_and(|at| now.duration_since(at) <= SHOWN_WITHIN);
        memory.written = memory.written.take().filter(|written| waits && *written != cached);
        memory.written.clone().unwrap_or(cached)
    }

    /// Writes the status if it is news. `Some(wait)`: it is, but its time comes later.
    ///
    /// # Errors
    /// What the API server says; an object that is gone, or that is another one by now, is none.
    pub async fn write<K>(
        &self,
        api: &Api<K>,
        object: &K,
        (before, status): (&S, S),
        urgency: Urgency,
        manager: &str,
    ) -> Result<Written, kube::Error>
    where
        K: Resource + Clone + DeserializeOwned + Debug,
    {
        let uid = object.meta().uid.clone().unwrap_or_default();
        let now = Instant::now();
        if *before == status {
            return Ok(self.no_news(&uid, now));
        }
        if let Some(wait) = self.wait(&uid, urgency, now) {
            return Ok(Written::Later(wait));
        }
        // The whole status in one operation: what it no longer has goes too. The test keeps an
        // object that was made again from getting the status of the one before it.
        let operations = json!([
            {"op": "test", "path": "/metadata/uid", "value": uid},
            {"op": "add", "path": "/status", "value": status},
        ]);
        match patch(api, &object.name_any(), Part::Status, operations, Some(manager)).await {
            Ok(_) => {
                self.wrote(&uid, status, Instant::now());
                Ok(Written::Done)
            }
            Err(kube::Error::Api(answer)) if answer.is_not_found() => Ok(Written::NoNews),
            Err(error) => Err(error),
        }
    }

    /// Nothing to write. While the cache shows another status than was written, it is either late, or
    /// a write from the past has come after ours: whichever it is shows when the cache is trusted again.
    fn no_news(&self, uid: &str, now: Instant) -> Written {
        self.with(uid, now, |memory| {
            memory.news_since = None;
            let waits = memory.written.is_some().then_some(memory.written_at).flatten();
            let trusted = waits.map(|at| (at + SHOWN_WITHIN + SLACK).saturating_duration_since(now));
            trusted.map_or(Written::NoNews, Written::Later)
        })
    }

    fn wait(&self, uid: &str, urgency: Urgency, now: Instant) -> Option<Duration> {
        self.with(uid, now, |memory| {
            let since = *memory.news_since.get_or_insert(now);
            let free_after = |interval| memory.written_at.map_or(since, |at| at + interval);
            let free = free_after(INTERVAL);
            let due = match urgency {
                Urgency::Sums(time) => free_after(SUMMARY_INTERVAL).max(since + time),
                Urgency::Now => since,
                Urgency::Soon => free,
                Urgency::After(time) => free.max(since + time),
            };
            due.checked_duration_since(now).filter(|wait| !wait.is_zero())
        })
    }

    fn wrote(&self, uid: &str, status: S, now: Instant) {
        self.with(uid, now, |memory| {
            *memory = Memory { written: Some(status), written_at: Some(now), news_since: None };
        });
    }

    fn with<T>(&self, uid: &str, now: Instant, act: impl FnOnce(&mut Memory<S>) -> T) -> T {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() > REMEMBERED && !remembered.contains_key(uid) {
            remembered.retain(|_, memory| !memory.is_at_rest(now));
        }
        act(remembered.entry(uid.to_owned()).or_default())
    }
}

/// What came of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    NoNews,
    Later(Duration),
    Done,
}

impl Written {
    /// How long until it is worth looking again.
    #[must_use]
    pub fn wait(self) -> Option<Duration> {
        match self {
            Self::Later(wait) => Some(wait),
            Self::NoNews | Self::Done => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;

    use super::*;

    fn object() -> ConfigMap {
        let mut object = ConfigMap::default();
        object.metadata.uid = Some("u".to_owned());
        object
    }

    #[test]
    fn what_was_written_counts_until_the_cache_shows_it() {
        let statuses = Statuses::default();
        let start = Instant::now();
        let known = |cached: u32, at: Instant| statuses.known(&object(), Some(&cached), at);
        assert_eq!(known(1, start), 1);
        statuses.wrote("u", 2, start);
        assert_eq!(known(1, start), 2, "the cache is late");
        assert_eq!(known(2, start), 2);
        assert_eq!(known(3, start), 3, "the cache has shown it and has moved on");
        statuses.wrote("u", 4, start);
        assert_eq!(known(3, start + SHOWN_WITHIN * 2), 3, "somebody else wrote: the cache's word counts");
    }

    /// A write from the past that comes after ours is seen when the cache is trusted again.
    #[test]
    fn where_the_cache_shows_another_status_one_looks_again() {
        let statuses = Statuses::default();
        let start = Instant::now();
        statuses.wrote("u", 2, start);
        assert_eq!(statuses.known(&object(), Some(&1), start), 2);
        let Written::Later(wait) = statuses.no_news("u", start) else { panic!("the cache doesn't show it") };
        assert!(wait > SHOWN_WITHIN);
        assert_eq!(statuses.known(&object(), Some(&1), start + wait), 1, "then the stray one is written over");
        statuses.wrote("u", 2, start);
        assert_eq!(statuses.known(&object(), Some(&2), start), 2);
        assert_eq!(statuses.no_news("u", start), Written::NoNews);
    }

    #[test]
    fn steps_on_the_way_are_left_out_and_the_rest_comes_once_a_second() {
        let statuses: Statuses<u32> = Statuses::default();
        let start = Instant::now();
        let ms = Duration::from_millis;
        let settled = Urgency::After(ms(500));
        assert_eq!(statuses.wait("a", settled, start), Some(ms(500)));
        assert_eq!(statuses.wait("a", settled, start + ms(200)), Some(ms(300)));
        assert_eq!(statuses.wait("a", Urgency::Now, start + ms(200)), None);
        assert_eq!(statuses.wait("a", settled, start + ms(500)), None);
        statuses.wrote("a", 1, start + ms(500));
        assert_eq!(statuses.wait("a", Urgency::Soon, start + ms(600)), Some(ms(900)));
        assert_eq!(statuses.wait("a", Urgency::Now, start + ms(600)), None);
        assert_eq!(statuses.wait("b", Urgency::Soon, start), None);
        let sums = Urgency::Sums(ms(500));
        assert_eq!(statuses.wait("b", sums, start + ms(100)), Some(ms(400)));
        statuses.wrote("b", 1, start + ms(500));
        assert_eq!(statuses.wait("b", sums, start + ms(600)), Some(ms(4_900)));
        assert_eq!(statuses.wait("b", settled, start + ms(600)), Some(ms(900)), "what it says is new too");
    }

    #[test]
    fn what_is_at_rest_is_forgotten() {
        let statuses: Statuses<u32> = Statuses::default();
        let start = Instant::now();
        for number in 0..=REMEMBERED {
            statuses.wrote(&number.to_string(), 0, start);
        }
        statuses.wrote("new", 0, start + SHOWN_WITHIN * 2);
        assert_eq!(statuses.remembered.lock().unwrap().len(), 1);
    }
}
