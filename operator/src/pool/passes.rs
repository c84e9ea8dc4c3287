//! What is remembered of the passes of each pool, so that one that has nothing to do costs little.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::halt::{Halt, Standing};
use super::plan::Outcome;
use crate::ledgers::Snapshot;
use crate::member::Member;

/// Least time between two looks at the figures of a pool in which nothing is decided: each pod
/// that starts or ends changes them.
const FIGURES_EVERY: Duration = Duration::from_secs(1);

/// Least time between two looks for quotas that allow too much, where none was found.
const DRIFTS_EVERY: Duration = Duration::from_secs(1);

/// By pool. In memory alone: whoever begins anew looks at everything once.
#[derive(Clone, Debug, Default)]
pub struct Passes(Arc<Mutex<HashMap<String, Memory>>>);

#[derive(Debug, Default)]
struct Memory {
    standing: Standing,
    last: Option<Arc<Outcome>>,
    audited: Option<Audited>,
    /// Not before then are the figures worth another look.
    figures_at: Option<Instant>,
    /// When quotas that allow too much were looked for and none was found, and in which connection
    /// to a cluster: one that is reached anew is looked at at once.
    drifts_at: Option<(Instant, Weak<Member>)>,
}

/// What an audit found in a ledger, and in which.
#[derive(Debug)]
struct Audited {
    uid: String,
    revision: u64,
    findings: Arc<[String]>,
}

impl Passes {
    #[must_use]
    pub fn standing(&self, pool: &str) -> Standing {
        self.with(pool, |memory| memory.standing.clone())
    }

    /// Keeps what the last pass found. Says whether it is news to those who act by it.
    pub fn set_halt(&self, pool: &str, halt: Option<Halt>) -> bool {
        let standing = halt.map_or(Standing::Open, Standing::Halted);
        self.with(pool, |memory| std::mem::replace(&mut memory.standing, standing.clone()) != standing)
    }

    /// What the last pass decided on, and what came of it.
    #[must_use]
    pub fn last(&self, pool: &str) -> Option<Arc<Outcome>> {
        self.with(pool, |memory| memory.last.clone())
    }

    pub fn keep(&self, pool: &str, outcome: Arc<Outcome>) {
        self.with(pool, |memory| memory.last = Some(outcome));
    }

    /// The findings of an audit of this ledger: made once for each revision.
    pub fn audit(&self, pool: &str, snapshot: &Snapshot) -> Arc<[String]> {
        let known = self.with(pool, |memory| {
            let audited = memory.audited.as_ref()?;
            let same = (&audited.uid, audited.revision) == (&snapshot.uid, snapshot.ledger.revision);
            same.then(|| Arc::clone(&audited.findings))
        });
        known.unwrap_or_else(|| {
            let findings: Arc<[String]> = wrong(&snapshot.ledger).into();
            let (uid, revision) = (snapshot.uid.clone(), snapshot.ledger.revision);
            let audited = Audited { uid, revision, findings: Arc::clone(&findings) };
            self.with(pool, |memory| memory.audited = Some(audited));
            findings
        })
    }

    /// How long until the figures are worth another look; `None`: they are now.
    #[must_use]
    pub fn figures_rest(&self, pool: &str, now: Instant) -> Option<Duration> {
        let at = self.with(pool, |memory| memory.figures_at)?;
        at.checked_duration_since(now).filter(|rest| !rest.is_zero())
    }

    /// The figures were looked at; `wait` is how long until a status that has to wait is written.
    pub fn figures_seen(&self, pool: &str, now: Instant, wait: Option<Duration>) {
        let rest = wait.unwrap_or(FIGURES_EVERY).min(FIGURES_EVERY);
        self.with(pool, |memory| memory.figures_at = Some(now + rest));
    }

    /// How long until quotas that allow too much are looked for again; `None`: now.
    #[must_use]
    pub fn drifts_rest(&self, pool: &str, member: &Arc<Member>, now: Instant) -> Option<Duration> {
        let (at, looked_at) = self.with(pool, |memory| memory.drifts_at.clone())?;
        let same = std::ptr::eq(looked_at.as_ptr(), Arc::as_ptr(member));
        at.checked_duration_since(now).filter(|rest| same && !rest.is_zero())
    }

    /// They were looked for. Where one was found the next pass looks again, and so it does until
    /// there is none; then the next look may wait. Says how long, if somebody has to come back.
    pub fn drifts_seen(&self, pool: &str, member: &Arc<Member>, found: bool, now: Instant) -> Option<Duration> {
        let next = (!found).then(|| (now + DRIFTS_EVERY, Arc::downgrade(member)));
        self.with(pool, |memory| memory.drifts_at = next);
        found.then_some(DRIFTS_EVERY)
    }

    /// Forgets a pool that is gone.
    pub fn forget(&self, pool: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(pool);
    }

    fn with<T>(&self, pool: &str, act: impl FnOnce(&mut Memory) -> T) -> T {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !pools.contains_key(pool) {
            pools.insert(pool.to_owned(), Memory::default());
        }
        act(pools.entry(pool.to_owned()).or_default())
    }
}

/// What must not be. Above capacity or a ceiling is legal where somebody chose it; it is told by
/// Overcommitted and OverCeiling.
fn wrong(ledger: &ledger::Ledger) -> Vec<String> {
    let is_chosen = |finding: &ledger::Finding| {
        matches!(finding, ledger::Finding::OverCapacity { .. } | ledger::Finding::OverCeiling { .. })
    };
    ledger.audit().findings.iter().filter(|finding| !is_chosen(finding)).map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use ledger::{AllocationKey, Bundle, Entry, Ledger, Shares};

    use super::*;

    /// Each pod brings a pass. The figures are looked at once a second at most, and earlier where a
    /// status waits to be written.
    #[test]
    fn the_figures_rest_between_two_looks() {
        let passes = Passes::default();
        let (start, ms) = (Instant::now(), Duration::from_millis);
        assert_eq!(passes.figures_rest("cec", start), None, "they were never looked at");
        passes.figures_seen("cec", start, None);
        assert_eq!(passes.figures_rest("cec", start + ms(400)), Some(ms(600)));
        assert_eq!(passes.figures_rest("inspur", start), None);
        assert_eq!(passes.figures_rest("cec", start + ms(1_000)), None);
        passes.figures_seen("cec", start, Some(ms(300)));
        assert_eq!(passes.figures_rest("cec", start + ms(100)), Some(ms(200)));
        passes.figures_seen("cec", start, Some(ms(5_000)));
        assert_eq!(passes.figures_rest("cec", start), Some(FIGURES_EVERY));
    }

    #[test]
    fn a_ledger_is_audited_once_for_each_revision() {
        let passes = Passes::default();
        let snapshot = |revision, leaving| {
            let shares = Shares::from([("app-a".into(), Bundle::new(1, 0, 0))]);
            let entry = Entry { uid: Some("u".into()), leaving, shares, ..Entry::default() };
            let entries = [(AllocationKey::new("dept-a", "x"), entry)].into();
            let capacity = Bundle::new(5, 5, 5);
            let ledger = Ledger { revision, capacity, entries, ..Ledger::default() };
            let (uid, cluster_uid) = ("ledger".to_owned(), String::new());
            Snapshot { uid, resource_version: None, cluster_uid, ledger, journal: Vec::new() }
        };
        assert_eq!(passes.audit("cec", &snapshot(1, false)).len(), 0);
        assert_eq!(passes.audit("cec", &snapshot(1, true)).len(), 0, "a revision is what it is");
        assert_eq!(passes.audit("cec", &snapshot(2, true)).len(), 1, "a grant without its object");
        assert_eq!(passes.audit("inspur", &snapshot(1, true)).len(), 1);
    }
}
