//! ResourcePool and PoolLedger: the serial decision point of a pool.
//!
//! All that wants something of a pool meets here: allocations, shrinks, capacity and ceilings,
//! questions from the desk. One pass decides on all of it and commits once. kube never runs two
//! passes of one pool at the same time.

mod apply;
mod journal;
mod observe;
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
    #[error("failed to report the pool's status")]
    Report { source: kube::Error },
}

impl Categorised for Error {
    fn category(&self) -> Category {
        match self {
            Self::Ledger(error) => error.category(),
            Self::ReadThrough { source } | Self::Finalizer { source } | Self::Report { source } => source.category(),
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
    if pool.metadata.deletion_timestamp.is_some() {
        return apply::delete(pool, context).await;
    }
    apply::ensure_finalizer(pool, context).await?;
    // client: the ledger, and what it has but the caches haven't
    let (observed, questions) = observe::observe(pool, context).await?;
    // no client: decides on everything at once
    let plan = plan::plan(&observed, now);
    // client: one commit; then the answers
    let applied = apply::apply(&name, &observed, plan, questions, context, now).await?;
    // client: the status, at most once a second
    let wait = report::report(pool, &observed, &applied, context, now).await?;
    let again = applied.has_more || context.desk.has_questions(&name);
    let delay = if again { Duration::ZERO } else { wait.unwrap_or(SAFETY_NET) };
    Ok(Action::requeue(delay))
}
