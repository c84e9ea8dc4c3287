//! Why a pool stands still: something is so wrong that nothing may be decided or written.

use ledger::Reason;

/// A state in which the operator doesn't touch a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The quotas would be written to another cluster than the ledger knows.
    ClusterChanged { known: String, now: String },
    /// A quota carries a fence from the ledger's future: a backup was restored.
    LedgerBehindQuotas { ledger: u64, fence: u64 },
    /// The pool is in a cluster that this version doesn't reach.
    ClusterNotSupported,
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
            Self::ClusterChanged { .. } => "ClusterChanged",
            Self::LedgerBehindQuotas { .. } => "LedgerBehindQuotas",
            Self::ClusterNotSupported => "ClusterNotSupported",
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
            Self::ClusterNotSupported => {
                "spec.cluster.kubeconfigSecretRef is not served by this version: name spec.cluster.local".to_owned()
            }
        }
    }
}

/// What those hear who ask a pool that stands still.
impl From<&Halt> for Reason {
    fn from(halt: &Halt) -> Self {
        Self::PoolHalted { code: halt.reason(), message: format!("the pool decides nothing: {}", halt.message()) }
    }
}
