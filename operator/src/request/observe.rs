//! What a request's next step is decided from.

use std::sync::Arc;

use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;
use resources::names;
use resources::v1alpha1::{Allocation, QuotaDecision, QuotaRequest};
use resources::workflow;

use crate::context::Context;

#[derive(Debug)]
pub struct Observed {
    pub request: Arc<QuotaRequest>,
    pub namespace: String,
    pub name: String,
    pub uid: String,
    /// Decisions on this request that have no outcome yet, oldest first.
    pub decisions: Vec<Arc<QuotaDecision>>,
    /// An earlier open request for the same application and pool.
    pub behind: Option<String>,
    pub pool_exists: bool,
    pub application_exists: bool,
    /// The application's allocation in the pool, if there is one.
    pub allocation: Option<Arc<Allocation>>,
    /// Name of the allocation that this request is about, existing or to be made.
    pub allocation_name: String,
    /// It would be a further allocation of the application, with a namespace of its own.
    pub is_further: bool,
}

pub fn observe(request: &Arc<QuotaRequest>, context: &Context) -> Observed {
    let request = &context.memory.requests.of(Arc::clone(request));
    let (namespace, name) = (request.namespace().unwrap_or_default(), request.name_any());
    let uid = request.uid().unwrap_or_default();
    let (application, pool) = (&request.spec.application, &request.spec.pool);
    let stores = &context.stores;
    let mut decisions = stores.decisions.state_filter(|decision| {
        decision.metadata.namespace.as_deref() == Some(&namespace)
            && decision.spec.request.name == name
            && decision.spec.request.uid == uid
            && is_unanswered(decision)
    });
    decisions.retain_mut(|decision| {
        *decision = context.memory.decisions.of(Arc::clone(decision));
        is_unanswered(decision)
    });
    decisions.sort_by_key(|decision| (decision.creation_timestamp(), decision.name_any()));
    let of_application = stores.allocations.state_filter(|allocation| {
        allocation.metadata.namespace.as_deref() == Some(&namespace) && allocation.spec.application == *application
    });
    let allocation = of_application.iter().find(|allocation| allocation.spec.pool == *pool).cloned();
    let allocation = allocation.map(|allocation| context.memory.allocations.of(allocation));
    let is_further = allocation.is_none() && !of_application.is_empty();
    let allocation_name = match &allocation {
        Some(allocation) => allocation.name_any(),
        None if is_further => names::further_allocation(application, pool),
        None => application.clone(),
    };
    Observed {
        behind: behind(request, context),
        pool_exists: stores
            .pools
            .get(&ObjectRef::new(pool))
            .is_some_and(|pool| pool.metadata.deletion_timestamp.is_none()),
        application_exists: stores.applications.get(&ObjectRef::new(application).within(&namespace)).is_some(),
        request: Arc::clone(request),
        namespace,
        name,
        uid,
        decisions,
        allocation,
        allocation_name,
        is_further,
    }
}

fn is_unanswered(decision: &QuotaDecision) -> bool {
    decision.status.as_ref().is_none_or(|status| status.outcome.is_none())
}

/// The earliest open request for the same application and pool, if it isn't this one.
fn behind(request: &QuotaRequest, context: &Context) -> Option<String> {
    let turn = |one: &QuotaRequest| (one.creation_timestamp(), one.name_any());
    let same = context.stores.requests.state_filter(|other| {
        other.metadata.namespace == request.metadata.namespace
            && other.spec.application == request.spec.application
            && other.spec.pool == request.spec.pool
            && other.metadata.deletion_timestamp.is_none()
            && other.status.as_ref().and_then(|status| status.phase).is_none_or(workflow::is_open)
    });
    let earliest = same.into_iter().min_by_key(|other| turn(other))?;
    (turn(&earliest) < turn(request)).then(|| earliest.name_any())
}
