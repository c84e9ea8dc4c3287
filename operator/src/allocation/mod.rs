//! One ledger entry → Namespace, ResourceQuota, LimitRange; and back, when something is drained.
//!
//! The quotas follow the ledger, never the other way round. Each write of a quota tests the fence
//! that was read before the ledger was read, so whoever slept in between writes nothing.

mod apply;
mod evidence;
mod lease;
mod observe;
mod plan;
mod report;
mod usage;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::reflector::ObjectRef;
use ledger::AllocationKey;
use resources::v1alpha1::Allocation;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::context::{Context, SAFETY_NET};
use crate::error::{Categorised, Category};
use crate::pool_key;

const CONTROLLER: &str = "allocation";

/// While something drains, it is looked at again after this time although no event came: a pod
/// that ends is an event of its quota, but a watch can break.
const DRAIN_LOOK: Duration = Duration::from_secs(15);

/// Until another look at what stands in the way: a halted pool, a cluster that is silent, somebody
/// else's namespace. Most of it is an event of its own when it ends.
const BLOCKED_LOOK: Duration = Duration::from_secs(60);

/// Until another look at a namespace whose allocation is gone. That its last pool has been read, or
/// no longer counts it, is no event of the allocation that waits for the namespace.
const LEFT_LOOK: Duration = Duration::from_secs(2);

/// Least time between two looks at an entry without an allocation.
const ORPHANS_REST: Duration = Duration::from_secs(1);

#[derive(Debug, Error)]
pub enum Error {
    #[error(transparent)]
    Ledger(#[from] crate::ledgers::Error),
    #[error(transparent)]
    Desk(#[from] crate::desk::Error),
    #[error("failed to {action} in namespace {namespace}")]
    Write { action: &'static str, namespace: String, source: kube::Error },
    #[error("failed to look at what namespace {namespace} uses")]
    Evidence { namespace: String, source: kube::Error },
    #[error("failed to write the end of the temporary grant")]
    EndLease { source: kube::Error },
    #[error("failed to write the finalizer of the allocation")]
    Finalizer { source: kube::Error },
    #[error("failed to report the allocation's status")]
    Report { source: kube::Error },
}

impl Categorised for Error {
    fn category(&self) -> Category {
        match self {
            Self::Ledger(error) => error.category(),
            Self::Desk(_) => Category::Unavailable,
            Self::Write { source, .. }
            | Self::Evidence { source, .. }
            | Self::EndLease { source }
            | Self::Finalizer { source }
            | Self::Report { source } => source.category(),
        }
    }
}

/// Runs the controller until `stop` resolves.
pub async fn run(
    context: Context,
    triggered: mpsc::Receiver<ObjectRef<Allocation>>,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let store = context.stores.allocations.clone();
    Controller::for_stream(futures::stream::pending(), store)
        .reconcile_on(ReceiverStream::new(triggered))
        // Each waits for the API server most of its time; 64 of them keep it busy without
        // crowding others out.
        .with_config(Config::default().concurrency(64))
        .graceful_shutdown_on(stop)
        .run(entry, |_, _, _| Action::requeue(SAFETY_NET), Arc::new(context))
        .for_each(|_| std::future::ready(()))
        .await;
}

async fn entry(allocation: Arc<Allocation>, context: Arc<Context>) -> Result<Action, std::convert::Infallible> {
    let key = pool_key(&allocation);
    let name = key.to_string();
    let work = async {
        let _turn = context.pace.follow_up().await;
        // It may have waited: what it looks at is how things are now.
        match context.stores.allocations.get(&ObjectRef::from_obj(allocation.as_ref())) {
            Some(allocation) => reconcile(key, &allocation, &context).await,
            None => Ok(Action::requeue(SAFETY_NET)),
        }
    };
    Ok(context.measured(CONTROLLER, name, work).await)
}

async fn reconcile(key: AllocationKey, allocation: &Arc<Allocation>, context: &Context) -> Result<Action, Error> {
    let now = context.clock.now();
    if !apply::ensure_finalizer(allocation, context).await? {
        return Ok(Action::requeue(SAFETY_NET));
    }
    // client: the end of a temporary grant, written into its spec; all else follows from that
    if lease::end(allocation, context, now).await? {
        return Ok(Action::requeue(SAFETY_NET));
    }
    let subject = observe::Subject::living(key, allocation);
    // client: only if the caches show that something isn't as the ledger says
    let observed = observe::observe(&subject, context).await?;
    // no client
    let plan = plan::plan(&observed);
    // client: namespaces, quotas; then the proof of what is drained
    let applied = apply::apply(&observed, plan, context).await?;
    let drained = evidence::release(&observed, &applied, context).await?;
    if apply::may_go(&observed, allocation) {
        apply::let_go(allocation, context).await?;
        return Ok(Action::requeue(SAFETY_NET));
    }
    // client: the status, what is urgent at once
    let wait = report::report(allocation, &observed, &applied, &drained, context, now).await?;
    let look = next_look(&applied, &drained, wait, lease::ends_in(allocation, now));
    Ok(Action::requeue(context.clock.wait(look)))
}

fn next_look(
    applied: &apply::Applied,
    drained: &evidence::Drained,
    wait: Option<Duration>,
    lease_ends_in: Option<Duration>,
) -> Duration {
    let drain = matches!(drained, evidence::Drained::Waiting { .. }).then_some(DRAIN_LOOK);
    let blocked = applied.blocked.as_ref().map(|blocked| match blocked {
        plan::Blocked::NamespaceLeft { .. } => LEFT_LOOK,
        _ => BLOCKED_LOOK,
    });
    [Some(SAFETY_NET), drain, blocked, wait, lease_ends_in].into_iter().flatten().min().unwrap_or(SAFETY_NET)
}

/// Drains an entry whose allocation is gone, beside the controller: it has no object to reconcile.
/// What fails is tried again by the pool's next pass.
pub fn drain_orphan(pool: &str, key: AllocationKey, context: &Context) {
    let Some(turn) = context.memory.orphans.begin(&key) else { return };
    let (subject, context) = (observe::Subject::orphan(key.clone(), pool), context.clone());
    let triggers = context.triggers.clone();
    let pool = pool.to_owned();
    tokio::spawn(async move {
        let drain = async {
            let observed = observe::observe(&subject, &context).await?;
            let applied = apply::apply(&observed, plan::plan(&observed), &context).await?;
            evidence::release(&observed, &applied, &context).await
        };
        if let Err(error) = drain.await {
            let error = crate::telemetry::chain(&error);
            tracing::warn!(allocation = %key, error, "failed to drain an entry without an allocation");
        }
        // The question to the pool has brought a pass of its own, which is no reason to look again.
        tokio::time::sleep(ORPHANS_REST).await;
        drop(turn);
        tokio::time::sleep(DRAIN_LOOK).await;
        triggers.pool(&pool).await;
    });
}
