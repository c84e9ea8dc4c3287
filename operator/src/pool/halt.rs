//! Why a pool stands still: something is so wrong that nothing may be decided or written.

use jiff::Timestamp;
use ledger::Reason;
use resources::condition::{CLUSTER_CHANGED, CLUSTER_UNREACHABLE, LEDGER_BEHIND_QUOTAS, QUOTAS_ABOVE_LEDGER};

use super::drift::Drift;
use crate::member::Silence;

/// A state in which the operator doesn't touch a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The quotas would be written to another cluster than the ledger knows.
    ClusterChanged { known: String, now: String },
    /// A quota carries a fence from the ledger's future: a backup was restored.
    LedgerBehindQuotas { ledger: u64, fence: u64 },
    /// The pool's cluster was never reached, so there is no ledger that names it.
    ClusterUnreachable { silence: Silence },
}

#[must_use]
pub fn unreachable(silence: &Silence) -> String {
    let Silence { since, error } = silence;
    format!("the pool's cluster isn't reached since {}: {error}", whole_seconds(*since))
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// Why a pool takes back but gives nothing out: nobody knows what its quotas let in, or they let in
/// more than is granted. What it gave away meanwhile might be in use.
#[must_use]
pub fn closed(silence: Option<&Silence>, drifts: &[Drift]) -> Option<Reason> {
    let (code, why) = match (silence, drifts.first()) {
        (Some(silence), _) => (CLUSTER_UNREACHABLE, unreachable(silence)),
        (None, Some(drift)) => (QUOTAS_ABOVE_LEDGER, drift.message()),
        (None, None) => return None,
    };
    let message = format!("the pool takes back and gives nothing out until this has ended: {why}");
    Some(Reason::PoolHalted { code, message })
}

/// What is known of a pool's standing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// This process has made no pass over it yet.
    #[default]
    Unknown,
    Open,
    Halted(Halt),
}

impl Halt {
    /// The name in conditions and answers. Promised to scripts.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::ClusterChanged { .. } => CLUSTER_CHANGED,
            Self::LedgerBehindQuotas { .. } => LEDGER_BEHIND_QUOTAS,
            Self::ClusterUnreachable { .. } => CLUSTER_UNREACHABLE,
        }
    }

    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::ClusterChanged { known, now } => format!(
                "the ledger was written for the cluster {known}, this is {now}; nothing is written until the pool's cluster is the one it was"
            ),
            Self::LedgerBehindQuotas { ledger, fence } => format!(
                "a quota carries revision {fence}, the ledger is at {ledger}: it looks like a restored backup, so nothing is granted"
            ),
            Self::ClusterUnreachable { silence } => unreachable(silence),
        }
    }
}

/// What those hear who ask a pool that stands still.
impl From<&Halt> for Reason {
    fn from(halt: &Halt) -> Self {
        Self::PoolHalted { code: halt.reason(), message: format!("the pool decides nothing: {}", halt.message()) }
    }
}
