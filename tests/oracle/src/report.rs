//! What a replay found.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::amounts::Kind;

/// Findings that are kept; of more the number is kept. One wrong ledger may be wrong 100,000 times.
const FINDINGS_MAX: usize = 200;

/// What is checked.
#[derive(Serialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// Σ(granted + held + draining) ≤ capacity, and per department's subtree ≤ its ceiling.
    A,
    /// Per allocation: Σ max(`spec.hard`, `status.hard`) over its namespaces ≤ granted + draining.
    B,
    /// What drained is given back only when pods and claims fit what is still granted and draining.
    Use,
    /// No pod or claim begins in a managed namespace whose quota isn't in force.
    Unpopulated,
    /// No fence from a ledger's future, no revision that goes back.
    Fence,
    /// A decision acts once, and its outcome is written once.
    Doubled,
    /// Nobody is refused what was free all the time he waited.
    FalseDenial,
    /// In the end nothing is kept for nobody.
    Leak,
}

/// Something that must not be.
#[derive(Serialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub check: Check,
    pub revision: i64,
    /// What it is about: a pool, an allocation, a namespace, a decision.
    pub object: String,
    pub message: String,
}

/// How far an invariant was broken at the worst.
#[derive(Serialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct OverGrant {
    pub check: Check,
    pub resource: Kind,
    /// In thousandths of a core, or bytes.
    pub amount: u128,
    /// The pool, department or allocation that had too much.
    pub object: String,
    pub revision: i64,
    /// The key that was written there.
    pub culprit: String,
}

/// The most that pods and claims of a namespace were let in for beyond its `status.hard`. The API
/// server has such races of its own; it is a measure, not a violation.
#[derive(Serialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Admitted {
    pub resource: Kind,
    pub amount: u128,
    pub namespace: String,
    pub revision: i64,
    pub culprit: String,
}

/// Everything that a replay has to say.
#[derive(Serialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The first and the last revision that were looked at.
    pub from: i64,
    pub to: i64,
    pub revisions: u64,
    pub events: u64,
    /// Commits to ledgers.
    pub commits: u64,
    /// Writes of a managed quota's amounts or fence.
    pub quota_writes: u64,
    /// Decisions that were answered.
    pub decisions: u64,
    /// At most one for each invariant and resource.
    pub greatest: Vec<OverGrant>,
    /// At most one for each resource.
    pub admitted_beyond: Vec<Admitted>,
    /// Pods and claims that began while a quota that had been in force was missing a key that was
    /// added to it. Admission acts by caches that may be a moment old, so this is a measure too.
    pub admitted_unsettled: u64,
    /// Answers that were written a second time and say the same: a process that slept didn't know
    /// that another had answered. Nobody is told anything else, so it is a measure; but the same sleeper
    /// could have said something else.
    pub answered_again: u64,
    /// Ledgers whose quotas are in a cluster that wasn't read: B wasn't checked for them.
    pub unread_pools: Vec<String>,
    pub findings: Vec<Finding>,
    /// How many findings of each check there are, those that aren't listed included.
    pub counts: BTreeMap<Check, u64>,
    pub elapsed_ms: u64,
}

impl Report {
    /// What must not be. Measures are not among it.
    pub fn violations(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter()
    }

    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.counts.is_empty()
    }

    /// Adds what was found in another cluster, whose revisions are its own.
    pub(crate) fn add(&mut self, cluster: &str, other: Self) {
        let named = |object: String| format!("{object} in the cluster at {cluster}");
        let room = FINDINGS_MAX.saturating_sub(self.findings.len());
        let findings = other.findings.into_iter().take(room);
        self.findings.extend(findings.map(|finding| Finding { object: named(finding.object), ..finding }));
        for (check, count) in other.counts {
            *self.counts.entry(check).or_default() += count;
        }
        for over in other.greatest {
            self.measure(OverGrant { object: named(over.object), ..over });
        }
        for admitted in other.admitted_beyond {
            self.admit(Admitted { namespace: named(admitted.namespace), ..admitted });
        }
        self.events += other.events;
        self.quota_writes += other.quota_writes;
        self.admitted_unsettled += other.admitted_unsettled;
    }

    pub(crate) fn find(&mut self, finding: Finding) {
        *self.counts.entry(finding.check).or_default() += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }

    pub(crate) fn measure(&mut self, over: OverGrant) {
        let same = |one: &&mut OverGrant| (one.check, one.resource) == (over.check, over.resource);
        match self.greatest.iter_mut().find(same) {
            Some(known) if known.amount >= over.amount => {}
            Some(known) => *known = over,
            None => self.greatest.push(over),
        }
    }

    pub(crate) fn admit(&mut self, admitted: Admitted) {
        match self.admitted_beyond.iter_mut().find(|one| one.resource == admitted.resource) {
            Some(known) if known.amount >= admitted.amount => {}
            Some(known) => *known = admitted,
            None => self.admitted_beyond.push(admitted),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, revisions, events, commits, quota_writes, decisions, elapsed_ms, .. } = self;
        writeln!(f, "Revisions {from} to {to}: {revisions} with {events} events of ours, read in {elapsed_ms} ms.")?;
        writeln!(f, "{commits} ledger commits, {quota_writes} quota writes, {decisions} decisions.")?;
        for over in &self.greatest {
            let OverGrant { check, resource, amount, object, revision, culprit } = over;
            let amount = resource.words(*amount);
            writeln!(
                f,
                "Greatest over-grant ({check:?}): {resource} {amount} too much for {object} at revision {revision}, by {culprit}."
            )?;
        }
        for admitted in &self.admitted_beyond {
            let Admitted { resource, amount, namespace, revision, culprit } = admitted;
            let amount = resource.words(*amount);
            writeln!(
                f,
                "Measured: {namespace} used {resource} {amount} beyond status.hard at revision {revision}, when {culprit} was let in."
            )?;
        }
        if self.admitted_unsettled > 0 {
            writeln!(
                f,
                "Measured: {} pods or claims began before a key that was added to a quota was in force.",
                self.admitted_unsettled
            )?;
        }
        if self.answered_again > 0 {
            writeln!(f, "Measured: {} answers to decisions were written again, saying the same.", self.answered_again)?;
        }
        if !self.unread_pools.is_empty() {
            writeln!(
                f,
                "NOT CHECKED, their quotas are in clusters that weren't read: {}.",
                self.unread_pools.join(", ")
            )?;
        }
        for Finding { check, revision, object, message } in &self.findings {
            writeln!(f, "FOUND ({check:?}) at revision {revision}, {object}: {message}")?;
        }
        let all: u64 = self.counts.values().sum();
        match usize::try_from(all).unwrap_or(usize::MAX).saturating_sub(self.findings.len()) {
            _ if all == 0 => write!(f, "Clean."),
            0 => write!(f, "{all} findings."),
            rest => write!(f, "{all} findings; {rest} of them aren't listed."),
        }
    }
}
