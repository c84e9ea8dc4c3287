//! ResourcePool and PoolLedger: the serial decision point of a pool.
//!
//! All that wants something of a pool meets here: allocations, shrinks, capacity and ceilings,
//! questions from the desk. One pass decides on all of it and commits once. kube never runs two
//! passes of one pool at the same time.

mod apply;
mod drift;
pub(crate) mod halt;
mod journal;
mod observe;
mod passes;
mod plan;
mod report;
pub mod verdicts;

pub(crate) use observe::{cause_of, key_of};

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kube::ResourceExt;
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::reflector::ObjectRef;
use resources::v1alpha1::ResourcePool;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use self::apply::Applied;
use self::observe::Observed;
use crate::context::{Context, SAFETY_NET};
use crate::error::{Categorised, Category};

const CONTROLLER: &str = "pool";

#[derive(Debug, Error)]
pub enum Error {
    #[error(transparent)]
    Ledger(#[from] crate::ledgers::Error),
    #[error("failed to read what the ledger has but the cache hasn't")]
    ReadThrough { source: kube::Error },
    #[error("failed to write the finalizer of the pool")]
    Finalizer { source: kube::Error },
    #[error("failed to delete the ledger of the pool")]
    DeleteLedger { source: kube::Error },
    #[error("failed to lower the quota in namespace {namespace}")]
    Mend { namespace: String, source: kube::Error },
    #[error("failed to report the pool's status")]
    Report { source: kube::Error },
}

impl Categorised for Error {
    fn category(&self) -> Category {
        match self {
            Self::Ledger(error) => error.category(),
            Self::ReadThrough { source }
            | Self::Finalizer { source }
            | Self::DeleteLedger { source }
            | Self::Mend { source, .. }
            | Self::Report { source } => source.category(),
        }
    }
}

/// Runs the controller until `stop` resolves.
pub async fn run(
    context: Context,
    triggered: mpsc::Receiver<ObjectRef<ResourcePool>>,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let store = context.stores.pools.clone();
    Controller::for_stream(futures::stream::pending(), store)
        .reconcile_on(ReceiverStream::new(triggered))
        // Hundreds of pools at most; each pass is a few round trips.
        .with_config(Config::default().concurrency(32))
        .graceful_shutdown_on(stop)
        .run(entry, |_, _, _| Action::requeue(SAFETY_NET), Arc::new(context))
        .for_each(|_| std::future::ready(()))
        .await;
}

async fn entry(pool: Arc<ResourcePool>, context: Arc<Context>) -> Result<Action, std::convert::Infallible> {
    let name = pool.name_any();
    let action = context.measured(CONTROLLER, name, reconcile(&pool, &context)).await;
    Ok(action)
}

async fn reconcile(pool: &Arc<ResourcePool>, context: &Context) -> Result<Action, Error> {
    let now = context.clock.now();
    let name = pool.name_any();
    let terminating = pool.metadata.deletion_timestamp.is_some();
    // client: the finalizer, or the end of the pool
    if !terminating {
        apply::ensure_finalizer(pool, context).await?;
    } else if apply::finish(pool, context).await? {
        return Ok(Action::requeue(SAFETY_NET));
    }
    // client: one commit after the other, until everybody who asked is answered
    let (observed, applied) = pass(pool, context, now).await?;
    // client: the status, at most once a second
    let wait = report::report(&observed, &applied, context, now).await?;
    // client: quotas that allow too much are lowered
    apply::mend(&observed, &applied, context).await?;
    context.members.retain(context.stores.pools.state().iter().map(AsRef::as_ref));
    let is_empty = terminating && applied.snapshot.ledger.entries.is_empty();
    let again = applied.has_more || is_empty || context.desk.has_questions(&name);
    let wait = [wait, SAFETY_NET].into_iter().chain(observed.drifts_again).min().unwrap_or(SAFETY_NET);
    Ok(Action::requeue(if again { Duration::ZERO } else { wait }))
}

/// Decides on everything there is to ask. A commit takes so many changes: the questions that it
/// left go into the next, which follows at once.
async fn pass(pool: &Arc<ResourcePool>, context: &Context, now: jiff::Timestamp) -> Result<(Observed, Applied), Error> {
    let mut questions = Vec::new();
    loop {
        // client: the ledger, and what it has but the caches haven't
        let observed = observe::observe(pool, &mut questions, context).await?;
        // no client: decides on everything at once
        let plan = plan::plan(&observed, now);
        // client: one commit; then the answers
        let applied = apply::apply(&pool.name_any(), &observed, plan, &mut questions, context).await?;
        if questions.is_empty() {
            return Ok((observed, applied));
        }
    }
}
