//! Why allocations wait: what the last pass of their pool said, for those who tell people.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use ledger::{AllocationKey, Reason};
use resources::validate::Violation;

/// Why an allocation doesn't have what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The ledger has no room for it, or not yet.
    NotGranted(Reason),
    /// It isn't one that could be granted.
    Invalid(Vec<Violation>),
}

/// What is known of a waiting allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub verdict: Verdict,
    /// Since when: its turn is counted from here.
    pub since: Timestamp,
}

/// All that waits. In memory alone: a new leader finds it out in its first pass.
#[derive(Clone, Debug, Default)]
pub struct Verdicts {
    waiting: Arc<Mutex<HashMap<AllocationKey, Waiting>>>,
    /// Departments whose ceiling or place a pool didn't accept: by department, then by pool.
    departments: Arc<Mutex<HashMap<String, BTreeMap<String, Reason>>>>,
}

impl Verdicts {
    #[must_use]
    pub fn get(&self, key: &AllocationKey) -> Option<Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Keeps the verdict; the first one of a row sets the time. Says whether it is news.
    pub fn set(&self, key: &AllocationKey, verdict: Option<Verdict>, now: Timestamp) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(verdict) = verdict else { return waiting.remove(key).is_some() };
        match waiting.get_mut(key) {
            Some(known) if known.verdict == verdict => false,
            Some(known) => {
                known.verdict = verdict;
                true
            }
            None => {
                waiting.insert(key.clone(), Waiting { verdict, since: now });
                true
            }
        }
    }

    /// What each pool has against a department.
    #[must_use]
    pub fn department(&self, department: &str) -> BTreeMap<String, Reason> {
        self.departments.lock().unwrap_or_else(PoisonError::into_inner).get(department).cloned().unwrap_or_default()
    }

    /// Replaces all that this pool has against departments. Returns those for whom it is news.
    pub fn set_departments(&self, pool: &str, refused: &[(String, Reason)]) -> Vec<String> {
        let mut departments = self.departments.lock().unwrap_or_else(PoisonError::into_inner);
        let mut news = Vec::new();
        departments.retain(|department, pools| {
            let still = refused.iter().any(|(name, _)| name == department);
            if !still && pools.remove(pool).is_some() {
                news.push(department.clone());
            }
            !pools.is_empty()
        });
        for (department, reason) in refused {
            let before = departments.entry(department.clone()).or_default().insert(pool.to_owned(), reason.clone());
            if before.as_ref() != Some(reason) {
                news.push(department.clone());
            }
        }
        news
    }
}
