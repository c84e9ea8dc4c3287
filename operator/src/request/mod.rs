//! The life of a QuotaRequest: numbered, decided, provisioned, in force.
//!
//! A decision is a question to the pool's ledger: the capacity is held first, and only then is
//! anything said or written. Every step can be taken again: what was done is found to be done.

mod apply;
mod automatic;
mod numbers;
mod observe;
mod plan;
mod staged;
mod term;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kube::ResourceExt;
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::reflector::ObjectRef;
use resources::v1alpha1::QuotaRequest;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

pub(crate) use automatic::cause as cause_of_automatic;
pub use numbers::Numbers;

use crate::context::{Context, SAFETY_NET};
use crate::error::{Categorised, Category};

const CONTROLLER: &str = "request";
/// After a start a pool's first pass reads its ledger; until then the rules can't be asked.
const LEDGER_READ_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug, Error)]
pub enum Error {
    #[error(transparent)]
    Desk(#[from] crate::desk::Error),
    #[error("failed to give the request a number")]
    Number { source: kube::Error },
    #[error("failed to write the request's status")]
    Request { source: kube::Error },
    #[error("the cache says {missing}, the API server knows better: looks again")]
    CacheBehind { missing: &'static str },
    #[error("failed to write the status of decision {decision}")]
    Decision { decision: String, source: kube::Error },
    #[error("failed to write application {application}")]
    Application { application: String, source: kube::Error },
    #[error("failed to write allocation {allocation}")]
    Allocation { allocation: String, source: kube::Error },
}

impl Categorised for Error {
    fn category(&self) -> Category {
        match self {
            Self::Desk(_) | Self::CacheBehind { .. } => Category::Unavailable,
            Self::Number { source }
            | Self::Request { source }
            | Self::Decision { source, .. }
            | Self::Application { source, .. }
            | Self::Allocation { source, .. } => source.category(),
        }
    }
}

/// Runs the controller until `stop` resolves.
pub async fn run(
    context: Context,
    triggered: mpsc::Receiver<ObjectRef<QuotaRequest>>,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let store = context.stores.requests.clone();
    Controller::for_stream(futures::stream::pending(), store)
        .reconcile_on(ReceiverStream::new(triggered))
        // Most of these wait: for their pool's pass, which takes all that wait at once, or as
        // follow-ups for the answers of others. How many do something at a time is the pace's to say.
        .with_config(Config::default().concurrency(1_024))
        .graceful_shutdown_on(stop)
        .run(entry, |_, _, _| Action::requeue(SAFETY_NET), Arc::new(context))
        .for_each(|_| std::future::ready(()))
        .await;
}

async fn entry(request: Arc<QuotaRequest>, context: Arc<Context>) -> Result<Action, std::convert::Infallible> {
    let key = format!("{}/{}", request.namespace().unwrap_or_default(), request.name_any());
    Ok(context.measured(CONTROLLER, key, Box::pin(reconcile(&request, &context))).await)
}

async fn reconcile(request: &Arc<QuotaRequest>, context: &Context) -> Result<Action, Error> {
    if request.metadata.deletion_timestamp.is_some() {
        return Ok(Action::requeue(SAFETY_NET));
    }
    let now = context.clock.now();
    // no client: all from the caches
    let mut observed = observe::observe(request, context, now);
    // no client: one step at a time
    let mut step = plan::plan(&observed, now);
    let _answering = step.answers().then(|| context.pace.answer());
    let _turn = if step.follows() {
        let turn = context.pace.follow_up().await;
        let Some(now_cached) = context.stores.requests.get(&ObjectRef::from_obj(request.as_ref())) else {
            return Ok(Action::requeue(SAFETY_NET));
        };
        observed = observe::observe(&now_cached, context, now);
        step = plan::plan(&observed, now);
        turn
    } else {
        None
    };
    let _place = context.pace.step().await;
    // client: what the step needs, its status last
    Box::pin(apply::apply(step, &observed, context, now)).await?;
    // What the step wrote brings the next look; an answer that was lost brings none.
    let unanswered = !observed.decisions.is_empty();
    let wait = if unanswered {
        plan::ANSWER_OVERDUE.unsigned_abs()
    } else if observed.reviewed.is_none() && automatic::is_due(&observed) {
        LEDGER_READ_WITHIN
    } else {
        SAFETY_NET
    };
    let due = [staged::look_again(&observed, now), term::look_again(&observed, now)];
    Ok(Action::requeue(context.clock.wait(due.into_iter().flatten().fold(wait, Duration::min))))
}
