//! A department's namespace, its members' roles, and what it has.

mod apply;
mod observe;
mod plan;
mod report;

use std::sync::Arc;

use futures::StreamExt;
use kube::ResourceExt;
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::reflector::ObjectRef;
use resources::v1alpha1::Department;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::context::{Context, SAFETY_NET};
use crate::error::{Categorised, Category};

const CONTROLLER: &str = "department";

#[derive(Debug, Error)]
pub enum Error {
    #[error("failed to write {kind} {name}")]
    Write { kind: &'static str, name: String, source: kube::Error },
    #[error("failed to report the department's status")]
    Report { source: kube::Error },
}

impl Categorised for Error {
    fn category(&self) -> Category {
        match self {
            Self::Write { source, .. } | Self::Report { source } => source.category(),
        }
    }
}

/// Runs the controller until `stop` resolves.
pub async fn run(
    context: Context,
    triggered: mpsc::Receiver<ObjectRef<Department>>,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let store = context.stores.departments.clone();
    Controller::for_stream(futures::stream::pending(), store)
        .reconcile_on(ReceiverStream::new(triggered))
        .with_config(Config::default().concurrency(8))
        .graceful_shutdown_on(stop)
        .run(entry, |_, _, _| Action::requeue(SAFETY_NET), Arc::new(context))
        .for_each(|_| std::future::ready(()))
        .await;
}

async fn entry(department: Arc<Department>, context: Arc<Context>) -> Result<Action, std::convert::Infallible> {
    let name = department.name_any();
    Ok(context.measured(CONTROLLER, name, reconcile(&department, &context)).await)
}

async fn reconcile(department: &Department, context: &Context) -> Result<Action, Error> {
    if department.metadata.deletion_timestamp.is_some() {
        return Ok(Action::requeue(SAFETY_NET));
    }
    let now = context.clock.now();
    // no client: all from the caches
    let observed = observe::observe(department, context);
    // no client
    let plan = plan::plan(&observed);
    // client: namespace, role bindings
    let applied = apply::apply(plan, context).await;
    // client: the status, also where a cluster has refused something
    let wait = report::report(department, &observed, context, now).await?;
    applied?;
    Ok(Action::requeue(wait.unwrap_or(SAFETY_NET)))
}
