//! The end of a grant: a temporary one returns to its base, any other is shown as expired.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::{Api, ResourceExt};
use ledger::Bundle;
use resources::condition::{self, Saying};
use resources::v1alpha1::Allocation;
use resources::{names, term};
use serde_json::json;

use super::evidence::{self, Drained};
use super::{CONTROLLER, Error};
use crate::context::Context;
use crate::patch::{Part, patch};

/// Writes the base into the spec of a temporary grant whose end has come. The pool then takes the
/// rest back as it does with any smaller spec. Says whether it wrote.
///
/// Only if the spec is still as it was seen: one that was renewed in between isn't touched.
pub async fn end(allocation: &Arc<Allocation>, context: &Context, now: Timestamp) -> Result<bool, Error> {
    if allocation.metadata.deletion_timestamp.is_some() {
        return Ok(false);
    }
    let Some(spec) = term::returned(&allocation.spec, now) else { return Ok(false) };
    let mut operations = vec![
        json!({"op": "test", "path": "/metadata/uid", "value": allocation.uid()}),
        json!({"op": "test", "path": "/metadata/generation", "value": allocation.metadata.generation}),
        json!({"op": "replace", "path": "/spec/resources", "value": spec.resources}),
    ];
    if !spec.namespaces.is_empty() {
        operations.push(json!({"op": "replace", "path": "/spec/namespaces", "value": spec.namespaces}));
    }
    let (namespace, name) = (allocation.namespace().unwrap_or_default(), allocation.name_any());
    let api: Api<Allocation> = Api::namespaced(context.client.clone(), &namespace);
    let written = patch(&api, &name, Part::Object, operations.into(), Some(names::MANAGER_ALLOCATION)).await;
    let written = written.map_err(|source| Error::EndLease { source })?;
    context.memory.allocations.keep(allocation, written);
    context.metrics.wrote(CONTROLLER, "allocation");
    tracing::info!(allocation = name, namespace, "the temporary grant of {name} has ended: it returns to its base");
    Ok(true)
}

/// Time to the end of the lease.
pub fn ends_in(allocation: &Allocation, now: Timestamp) -> Option<Duration> {
    Duration::try_from(term::ends_at(&allocation.spec)?.duration_since(now)).ok()
}

pub fn expired(allocation: &Allocation, now: Timestamp) -> Saying {
    let Some(lease) = &allocation.spec.lease else {
        return Saying::no(condition::EXPIRED, "Permanent", "the grant has no end");
    };
    let at = &lease.expires_at;
    match (at.parse::<Timestamp>(), &lease.base) {
        (Ok(end), Some(_)) if end <= now => {
            Saying::no(condition::EXPIRED, "Returned", format!("the temporary grant ended at {at}: back to its base"))
        }
        (Ok(end), None) if end <= now => Saying::yes(
            condition::EXPIRED,
            "LeaseEnded",
            format!("the grant ended at {at}: it keeps its size and can't grow until an approver has decided"),
        ),
        (Ok(_), _) => Saying::no(condition::EXPIRED, "LeaseRunning", format!("the grant ends at {at}")),
        (Err(error), _) => Saying::no(condition::EXPIRED, "LeaseUnreadable", format!("spec.lease.expiresAt: {error}")),
    }
}

/// Whether more than the base is still in use after the end of a temporary grant.
pub fn overdue(allocation: &Allocation, draining: Bundle, drained: &Drained, now: Timestamp) -> Saying {
    let has_base = allocation.spec.lease.as_ref().is_some_and(|lease| lease.base.is_some());
    let is_over = has_base && term::is_over(&allocation.spec, now) && !draining.is_zero();
    match drained {
        Drained::Waiting { held_by } if is_over && !held_by.is_empty() => Saying::yes(
            condition::OVERDUE,
            "UsedBeyondEnd",
            format!("the temporary grant has ended; {}; nothing is evicted", evidence::sentence(held_by)),
        ),
        Drained::Nothing | Drained::Returned | Drained::Waiting { .. } => {
            Saying::no(condition::OVERDUE, "InTime", "nothing is in use beyond the end of a grant")
        }
    }
}

#[cfg(test)]
mod tests;
