//! An application's summary: its allocations, what they have, what is used.

use std::sync::Arc;
use std::time::Instant;

use futures::StreamExt;
use jiff::Timestamp;
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};
use ledger::{Amount, Bundle};
use resources::amounts::Known;
use resources::condition::{self, Saying};
use resources::names;
use resources::v1alpha1::{Allocation, Application, ApplicationStatus, Hosting};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::context::{Context, SAFETY_NET};
use crate::error::{Categorised, Category};
use crate::statuses::{self, Written};

const CONTROLLER: &str = "application";

#[derive(Debug, Error)]
#[error("failed to report the application's status")]
pub struct Error {
    source: kube::Error,
}

impl Categorised for Error {
    fn category(&self) -> Category {
        self.source.category()
    }
}

/// Runs the controller until `stop` resolves.
pub async fn run(
    context: Context,
    triggered: mpsc::Receiver<ObjectRef<Application>>,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let store = context.stores.applications.clone();
    Controller::for_stream(futures::stream::pending(), store)
        .reconcile_on(ReceiverStream::new(triggered))
        .with_config(Config::default().concurrency(16))
        .graceful_shutdown_on(stop)
        .run(entry, |_, _, _| Action::requeue(SAFETY_NET), Arc::new(context))
        .for_each(|_| std::future::ready(()))
        .await;
}

async fn entry(application: Arc<Application>, context: Arc<Context>) -> Result<Action, std::convert::Infallible> {
    let key = format!("{}/{}", application.namespace().unwrap_or_default(), application.name_any());
    Ok(context.measured(CONTROLLER, key, reconcile(&application, &context)).await)
}

async fn reconcile(application: &Application, context: &Context) -> Result<Action, Error> {
    let allocations = context.stores.allocations.state_filter(|allocation| {
        allocation.metadata.namespace == application.metadata.namespace
            && Some(&allocation.spec.application) == application.metadata.name.as_ref()
    });
    let memory = &context.memory.application_statuses;
    let before = memory.known(application, application.status.as_ref(), Instant::now());
    let status = summary(application, &allocations, &before, context.clock.now());
    let namespace = application.namespace().unwrap_or_default();
    let api: Api<Application> = Api::namespaced(context.client.clone(), &namespace);
    let urgency = statuses::of_summary(&before.conditions, &status.conditions);
    let written = memory.write(&api, application, (&before, status), urgency, names::MANAGER_APPLICATION).await;
    let written = written.map_err(|source| Error { source })?;
    if written == Written::Done {
        context.metrics.wrote(CONTROLLER, "application/status");
    }
    Ok(Action::requeue(written.wait().unwrap_or(SAFETY_NET)))
}

/// The summary of the application's allocations. Pure.
fn summary(
    application: &Application,
    allocations: &[Arc<Allocation>],
    before: &ApplicationStatus,
    now: Timestamp,
) -> ApplicationStatus {
    let mut allocation_names: Vec<String> = allocations.iter().map(|allocation| allocation.name_any()).collect();
    allocation_names.sort();
    let sum = |amounts: fn(&resources::v1alpha1::AllocationStatus) -> Option<&Known>| -> Bundle {
        allocations
            .iter()
            .filter_map(|allocation| amounts(allocation.status.as_ref()?))
            .map(|known| known.parse().map(|amount| amount.unwrap_or(Amount::ZERO)))
            .sum()
    };
    let generation = application.metadata.generation.unwrap_or_default();
    ApplicationStatus {
        granted: Some(sum(|status| status.granted.as_ref()).into()),
        used: Some(sum(|status| status.used.as_ref()).into()),
        conditions: condition::conditions(&before.conditions, vec![ready(application, allocations)], generation, now),
        allocations: allocation_names,
    }
}

fn ready(application: &Application, allocations: &[Arc<Allocation>]) -> Saying {
    if allocations.is_empty() {
        return match application.spec.hosting {
            Hosting::Connected => Saying::yes(condition::READY, "Connected", "runs elsewhere and needs no quota here"),
            Hosting::Hosted => Saying::no(condition::READY, "NoAllocation", "has no allocation: request quota for it"),
        };
    }
    let waiting = allocations.iter().find(|allocation| {
        !allocation.status.as_ref().is_some_and(|status| condition::is_true(&status.conditions, condition::READY))
    });
    match waiting {
        None => Saying::yes(condition::READY, "InForce", "all its quota is granted and enforced"),
        Some(allocation) => Saying::no(
            condition::READY,
            "AllocationNotReady",
            format!("allocation {} isn't in force yet: see its conditions", allocation.name_any()),
        ),
    }
}
