//! What every controller has: clients, stores, the desk, the clock, the metrics.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, Shared};
use kube::Client;
use kube::runtime::controller::Action;
use ledger::AllocationKey;
use resources::v1alpha1::{
    Allocation, AllocationStatus, ApplicationStatus, DepartmentStatus, QuotaDecision, QuotaRequest, ResourcePoolStatus,
};

use crate::clock::Clock;
use crate::desk::Desk;
use crate::error::Categorised;
use crate::ledgers::Ledgers;
use crate::member::Members;
use crate::metrics::Metrics;
use crate::newest::Newest;
use crate::pace::Pace;
use crate::pool::verdicts::Verdicts;
use crate::request::Numbers;
use crate::statuses::Statuses;
use crate::watch::{Stores, Triggers};

/// Each object is looked at once an hour although nothing happened: events can be missed.
pub const SAFETY_NET: Duration = Duration::from_secs(3_600);

/// Shared by all controllers of one process.
#[derive(Clone)]
pub struct Context {
    /// Resolves when every cache has its first full list: an empty cache looks like a cluster in
    /// which everything is gone.
    pub filled: Shared<BoxFuture<'static, ()>>,
    /// To the hub, where the objects of Yunheng are.
    pub client: Client,
    pub stores: Stores,
    /// The clusters that pools' namespaces are in.
    pub members: Members,
    pub triggers: Triggers,
    pub desk: Desk,
    /// Lets answers go before what follows from them.
    pub pace: Pace,
    pub ledgers: Ledgers,
    /// Why allocations wait, as the last pass of their pool said it.
    pub verdicts: Verdicts,
    pub numbers: Numbers,
    pub clock: Clock,
    pub metrics: Metrics,
    /// Namespace of the operator's own objects.
    pub namespace: String,
    pub memory: Arc<Memory>,
    pub failures: Arc<Failures>,
}

/// What this process wrote and the caches may not show yet.
#[derive(Debug, Default)]
pub struct Memory {
    pub pool_statuses: Statuses<ResourcePoolStatus>,
    pub department_statuses: Statuses<DepartmentStatus>,
    pub application_statuses: Statuses<ApplicationStatus>,
    pub allocation_statuses: Statuses<AllocationStatus>,
    pub allocations: Newest<Allocation>,
    pub requests: Newest<QuotaRequest>,
    pub decisions: Newest<QuotaDecision>,
    /// Entries without an allocation that are being drained.
    pub orphans: Turns,
}

/// Who is being looked after, so that nobody is twice at the same time.
#[derive(Clone, Debug, Default)]
pub struct Turns(Arc<std::sync::Mutex<HashSet<AllocationKey>>>);

/// One's turn; it ends when this is dropped.
#[derive(Debug)]
pub struct Turn {
    turns: Turns,
    key: AllocationKey,
}

impl Turns {
    /// `None`: it is being looked after already.
    #[must_use]
    pub fn begin(&self, key: &AllocationKey) -> Option<Turn> {
        let begun = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(key.clone());
        begun.then(|| Turn { turns: self.clone(), key: key.clone() })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&self.key);
    }
}

/// How often each object failed in a row, so that the delay can grow.
#[derive(Debug, Default)]
pub struct Failures(std::sync::Mutex<std::collections::HashMap<String, u32>>);

impl Failures {
    fn count(&self, key: &str) -> u32 {
        let mut failures = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let count = failures.entry(key.to_owned()).or_default();
        *count = count.saturating_add(1);
        *count
    }

    fn forget(&self, key: &str) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(key);
    }
}

impl Context {
    /// Measures a reconcile and says what follows: the safety net after success, a delay by
    /// category after a failure, which is logged here and nowhere else.
    pub async fn measured<E: Categorised + 'static>(
        &self,
        controller: &'static str,
        key: String,
        reconcile: impl Future<Output = Result<Action, E>> + Send,
    ) -> Action {
        self.filled.clone().await;
        let begun = tokio::time::Instant::now();
        let result = reconcile.await;
        self.metrics.reconciled(controller, begun.elapsed());
        let memory = format!("{controller}/{key}");
        match result {
            Ok(action) => {
                self.failures.forget(&memory);
                action
            }
            Err(error) => {
                let category = error.category();
                self.metrics.failed(controller, category.name());
                let failures = self.failures.count(&memory);
                let delay = category.delay(failures);
                let text = crate::telemetry::chain(&error);
                // A conflict is how compare-and-swap says "look again"; it is no news unless it stays.
                if category == crate::error::Category::Conflict && failures < 5 {
                    tracing::debug!(controller, object = key, failures, error = text, "looks again after a conflict");
                } else {
                    tracing::warn!(
                        controller,
                        object = key,
                        failures,
                        error = text,
                        category = category.name(),
                        "failed to reconcile"
                    );
                }
                Action::requeue(delay)
            }
        }
    }
}
