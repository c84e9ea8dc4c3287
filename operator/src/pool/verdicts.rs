//! Why allocations wait and pools stand still: what the last pass said, for those who tell people
//! or act by it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use ledger::{AllocationKey, Reason};
use resources::validate::Violation;

pub use super::halt::{Halt, Standing};
pub use super::passes::Passes;

/// Why an allocation doesn't have what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The ledger has no room for it, or not yet.
    NotGranted(Reason),
    /// It isn't one that could be granted.
    Invalid(Vec<Violation>),
    /// Its grant has ended and may not grow.
    Expired,
}

/// What is known of a waiting allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub verdict: Verdict,
    /// Since when: its turn is counted from here.
    pub since: Timestamp,
}

/// What an allocation hears: the verdict, or that there is none any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub key: AllocationKey,
    /// Identity of the object: one that is made again under the same name begins to wait anew.
    pub uid: String,
    pub verdict: Option<Verdict>,
    /// Since when it asks.
    pub since: Timestamp,
}

/// All that waits. In memory alone: a new leader finds it out in its first pass.
#[derive(Clone, Debug, Default)]
pub struct Verdicts {
    waiting: Arc<Mutex<HashMap<AllocationKey, Known>>>,
    /// Departments whose ceiling or place a pool didn't accept: by department, then by pool.
    departments: Arc<Mutex<HashMap<String, BTreeMap<String, Reason>>>>,
    /// What is remembered of each pool's passes.
    pub passes: Passes,
}

#[derive(Clone, Debug)]
struct Known {
    uid: String,
    pool: String,
    waiting: Waiting,
}

impl Verdicts {
    /// Why the allocation of this name waits.
    #[must_use]
    pub fn get(&self, key: &AllocationKey) -> Option<Waiting> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.get(key).map(|known| known.waiting.clone())
    }

    /// All that wait for this pool, each with the identity of its object.
    #[must_use]
    pub fn waiting_in(&self, pool: &str) -> Vec<(AllocationKey, String, Waiting)> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = waiting.iter().filter(|(_, known)| known.pool == pool);
        ours.map(|(key, known)| (key.clone(), known.uid.clone(), known.waiting.clone())).collect()
    }

    /// Keeps the verdict; the first one of a row sets the time. Says whether it is news.
    pub fn set(&self, pool: &str, told: Told) -> bool {
        let Told { key, uid, verdict, since } = told;
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(verdict) = verdict else { return waiting.remove(&key).is_some() };
        match waiting.get_mut(&key).filter(|known| known.uid == uid) {
            Some(known) if known.waiting.verdict == verdict => false,
            Some(known) => {
                known.waiting.verdict = verdict;
                true
            }
            None => {
                waiting.insert(key, Known { uid, pool: pool.to_owned(), waiting: Waiting { verdict, since } });
                true
            }
        }
    }

    /// Forgets those of the pool that aren't there any more.
    pub fn forget_gone(&self, pool: &str, is_there: impl Fn(&AllocationKey) -> bool) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|key, known| known.pool != pool || is_there(key));
    }

    /// Why nothing may be decided or written in this pool, as its last pass found; see
    /// [`Verdicts::standing`] for whether there was one.
    #[must_use]
    pub fn halt(&self, pool: &str) -> Option<Halt> {
        match self.standing(pool) {
            Standing::Halted(halt) => Some(halt),
            Standing::Unknown | Standing::Open => None,
        }
    }

    /// What this process knows of the pool: before its first pass, nothing.
    #[must_use]
    pub fn standing(&self, pool: &str) -> Standing {
        self.passes.standing(pool)
    }

    /// Keeps what a pass found. Says whether it is news to those who act by it.
    pub fn set_halt(&self, pool: &str, halt: Option<Halt>) -> bool {
        self.passes.set_halt(pool, halt)
    }

    /// Forgets a pool that is gone.
    pub fn forget(&self, pool: &str) {
        self.passes.forget(pool);
        self.forget_gone(pool, |_| false);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn told(uid: &str, since: i64) -> Told {
        let verdict = Some(Verdict::NotGranted(Reason::EarlierObjectDraining));
        let since = Timestamp::from_second(since).unwrap();
        Told { key: AllocationKey::new("dept-a", "x"), uid: uid.to_owned(), verdict, since }
    }

    fn since(verdicts: &Verdicts, uid: &str) -> Option<i64> {
        let all = verdicts.waiting_in("cec");
        all.iter().find(|(_, known, _)| known == uid).map(|(_, _, waiting)| waiting.since.as_second())
    }

    #[test]
    fn one_that_is_made_again_doesn_t_inherit_the_turn() {
        let verdicts = Verdicts::default();
        assert!(verdicts.set("cec", told("first", 100)));
        assert!(!verdicts.set("cec", told("first", 200)), "no news");
        assert_eq!(since(&verdicts, "first"), Some(100));
        assert_eq!(since(&verdicts, "second"), None);
        assert!(verdicts.set("cec", told("second", 300)));
        assert_eq!((since(&verdicts, "first"), since(&verdicts, "second")), (None, Some(300)));
    }

    #[test]
    fn who_is_gone_is_forgotten_and_other_pools_are_left_alone() {
        let verdicts = Verdicts::default();
        verdicts.set("cec", told("first", 100));
        verdicts.forget_gone("inspur", |_| false);
        assert_eq!(since(&verdicts, "first"), Some(100));
        verdicts.forget_gone("cec", |_| true);
        assert_eq!(since(&verdicts, "first"), Some(100));
        verdicts.forget_gone("cec", |_| false);
        assert_eq!(since(&verdicts, "first"), None);
    }

    #[test]
    fn a_halt_is_news_once_and_so_is_its_end() {
        let verdicts = Verdicts::default();
        assert_eq!(verdicts.standing("cec"), Standing::Unknown);
        assert_eq!([(); 2].map(|()| verdicts.set_halt("cec", None)), [true, false], "some may wait for the first pass");
        assert_eq!(verdicts.standing("cec"), Standing::Open);
        let halt = Halt::LedgerBehindQuotas { ledger: 1, fence: 2 };
        assert_eq!([(); 2].map(|()| verdicts.set_halt("cec", Some(halt.clone()))), [true, false]);
        assert_eq!((verdicts.halt("cec"), verdicts.halt("inspur")), (Some(halt), None));
        assert!(verdicts.set_halt("cec", None));
        assert_eq!(verdicts.halt("cec"), None);
    }
}
