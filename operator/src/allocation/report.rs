//! The allocation's status: what it has, what is enforced, what it waits for.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::Api;
use ledger::{Bundle, Resource};
use resources::amounts::Known;
use resources::condition::{self, Saying};
use resources::v1alpha1::{Allocation, AllocationStatus};
use resources::{names, quantity, status};

use super::apply::Applied;
use super::evidence::{self, Drained};
use super::observe::Observed;
use super::plan::Blocked;
use super::{CONTROLLER, Error, lease};
use crate::context::Context;
use crate::pool::halt;
use crate::pool::verdicts::Verdict;
use crate::statuses::{Urgency, Written};

/// Reasons that say no more than "soon".
const NOT_DECIDED: &str = "NotDecided";
const QUOTA_PENDING: &str = "QuotaPending";
const IN_PROGRESS: [&str; 2] = [NOT_DECIDED, QUOTA_PENDING];

/// A state on the way to the next one is written if it lasts this long: a grant is decided and
/// enforced within milliseconds, and each write of what happens in between would delay it.
const PROGRESS: Urgency = Urgency::After(Duration::from_secs(2));

/// Writes the status if it says something new. `Some(wait)`: it does, but its time comes later.
pub async fn report(
    allocation: &Allocation,
    observed: &Observed,
    applied: &Applied,
    drained: &Drained,
    context: &Context,
    now: Timestamp,
) -> Result<Option<Duration>, Error> {
    let memory = &context.memory.allocation_statuses;
    let before = memory.known(allocation, allocation.status.as_ref(), Instant::now());
    let status = status_of(allocation, observed, applied, drained, &before, now);
    let urgency = urgency(&before, &status);
    let api: Api<Allocation> = Api::namespaced(context.client.clone(), &observed.key.namespace);
    let written = memory.write(&api, allocation, (&before, status), urgency, names::MANAGER_ALLOCATION).await;
    let written = written.map_err(|source| Error::Report { source })?;
    if written == Written::Done {
        context.metrics.wrote(CONTROLLER, "allocation/status");
    }
    Ok(written.wait())
}

/// What people wait for is written at once; a changed use alone, once a second.
fn urgency(before: &AllocationStatus, status: &AllocationStatus) -> Urgency {
    let only_use = AllocationStatus { used: before.used.clone(), ..status.clone() } == *before;
    let in_progress = |type_: &str| {
        let said = condition::find(&status.conditions, type_);
        said.is_some_and(|said| said.status != "True" && IN_PROGRESS.contains(&said.reason.as_str()))
    };
    if only_use {
        Urgency::Soon
    } else if in_progress(condition::GRANTED) || in_progress(condition::ENFORCED) {
        PROGRESS
    } else {
        Urgency::Now
    }
}

fn status_of(
    allocation: &Allocation,
    observed: &Observed,
    applied: &Applied,
    drained: &Drained,
    before: &AllocationStatus,
    now: Timestamp,
) -> AllocationStatus {
    let entry = observed.entry();
    let granted = entry.map(ledger::Entry::granted).unwrap_or_default();
    let draining = entry.map(|entry| entry.draining).unwrap_or_default();
    let quotas = || observed.places.values().filter_map(|place| place.quota.as_ref());
    let used: Bundle = quotas().map(|quota| quota.used).sum();
    let enforced: Option<Bundle> = quotas().map(|quota| quota.enforced).sum();
    let granted_saying = granted_saying(allocation, observed);
    let enforced_saying = enforced_saying(observed, applied);
    let ready = match (granted_saying.status, enforced_saying.status) {
        (false, _) => Saying::no(condition::READY, granted_saying.reason, granted_saying.message.clone()),
        (true, false) => Saying::no(condition::READY, enforced_saying.reason, enforced_saying.message.clone()),
        (true, true) => Saying::yes(condition::READY, "InForce", "granted by the ledger and enforced by the quota"),
    };
    let sayings = vec![
        ready,
        granted_saying,
        enforced_saying,
        draining_saying(draining, drained),
        within_saying(used, granted),
        lease::expired(allocation, now),
        lease::overdue(allocation, draining, drained, now),
    ];
    let generation = allocation.metadata.generation.unwrap_or_default();
    AllocationStatus {
        granted: Some(granted.into()),
        draining: Some(draining.into()),
        // What can't be seen now is what it was when it was last seen.
        enforced: match &observed.silence {
            None => enforced.filter(|_| !observed.places.is_empty()).map(Known::from),
            Some(_) => before.enforced.clone(),
        },
        used: match &observed.silence {
            None => Some(used.into()),
            Some(_) => before.used.clone(),
        },
        conditions: condition::conditions(&before.conditions, sayings, generation, now),
    }
}

fn granted_saying(allocation: &Allocation, observed: &Observed) -> Saying {
    let generation = allocation.metadata.generation.unwrap_or_default();
    let uid = allocation.metadata.uid.as_deref();
    let entry = observed.entry();
    if entry.is_some_and(|entry| entry.uid.as_deref() == uid && entry.generation >= generation && !entry.leaving) {
        return Saying::yes(condition::GRANTED, "Granted", "the ledger has granted what spec.resources asks for");
    }
    if allocation.metadata.deletion_timestamp.is_some() {
        return Saying::no(condition::GRANTED, "Released", "the allocation is being deleted: what it had is draining");
    }
    match observed.waiting.as_ref().map(|waiting| &waiting.verdict) {
        Some(Verdict::NotGranted(reason)) => Saying::no(condition::GRANTED, reason.code(), status::explain(reason)),
        Some(Verdict::Invalid(violations)) => {
            let text: Vec<String> = violations.iter().map(ToString::to_string).collect();
            Saying::no(condition::GRANTED, "Invalid", text.join("; "))
        }
        Some(Verdict::Expired) => Saying::no(
            condition::GRANTED,
            "GrantExpired",
            "the grant has ended and can't grow: an approver renews it or takes it back",
        ),
        None => {
            Saying::no(condition::GRANTED, NOT_DECIDED, "the pool hasn't decided on it yet, or the pool doesn't exist")
        }
    }
}

fn enforced_saying(observed: &Observed, applied: &Applied) -> Saying {
    match &applied.blocked {
        Some(Blocked::NamespaceTaken { namespace, owner }) => Saying::no(
            condition::ENFORCED,
            "NamespaceTaken",
            format!(
                "namespace {namespace} is there and isn't this allocation's (its owner: {}); nothing is written there. Name another namespace in spec.namespaces, or remove that one",
                if owner.is_empty() { "nobody" } else { owner }
            ),
        ),
        Some(Blocked::NamespaceLeft { namespace, owner }) => Saying::no(
            condition::ENFORCED,
            "NamespaceLeft",
            format!(
                "namespace {namespace} belonged to an allocation that is gone ({owner}), of which something may be out still; it is taken over once no pool counts that allocation and the namespace's quota is down to nothing"
            ),
        ),
        Some(Blocked::NamespaceTerminating { namespace }) => Saying::no(
            condition::ENFORCED,
            "NamespaceTerminating",
            format!("namespace {namespace} is being deleted; it is made again when it is gone"),
        ),
        // Of a cluster that two people have declared lost nothing is left to enforce.
        Some(Blocked::ClusterUnreachable { .. }) if observed.fence.is_some() && is_out_of(observed) => {
            Saying::yes(condition::ENFORCED, condition::FENCED_OFF, "nothing is granted or counted there any more")
        }
        Some(Blocked::ClusterUnreachable { silence }) => {
            Saying::no(condition::ENFORCED, condition::CLUSTER_UNREACHABLE, halt::unreachable(silence))
        }
        Some(Blocked::PoolHalted { halt }) => Saying::no(condition::ENFORCED, halt.reason(), halt.message()),
        Some(Blocked::LedgerBehindQuota { namespace, ledger, fence }) => Saying::no(
            condition::ENFORCED,
            "LedgerBehindQuota",
            format!("the quota in {namespace} carries revision {fence}, the ledger knows {ledger}: nothing is written"),
        ),
        None => match (observed.entry(), observed.fence()) {
            (Some(entry), Some(fence)) => {
                let waits = entry.quotas().find(|(name, share)| {
                    let quota = observed.places.get(*name).and_then(|place| place.quota.as_ref());
                    let absent = entry.dropped.contains(*name) && quota.is_none();
                    !absent && !quota.is_some_and(|quota| quota.enforces(*share, &fence))
                });
                match waits {
                    None => Saying::yes(condition::ENFORCED, "Enforced", "the API server enforces what is granted"),
                    Some((name, _)) => {
                        Saying::no(condition::ENFORCED, QUOTA_PENDING, format!("the quota in {name} is being written"))
                    }
                }
            }
            _ => Saying::no(condition::ENFORCED, "NothingGranted", "there is nothing to enforce yet"),
        },
    }
}

/// Whether nothing of it is out.
fn is_out_of(observed: &Observed) -> bool {
    observed.entry().is_none_or(|entry| entry.granted().is_zero() && entry.draining.is_zero())
}

fn draining_saying(draining: Bundle, drained: &Drained) -> Saying {
    if draining.is_zero() {
        return Saying::no(condition::DRAINING, "NothingDrains", "nothing is being taken back");
    }
    let amounts: Vec<String> = Resource::ALL
        .into_iter()
        .filter(|&resource| !draining.of(resource).is_zero())
        .map(|resource| format!("{resource} {}", quantity::format(resource, *draining.of(resource))))
        .collect();
    let held_by = match drained {
        Drained::Waiting { held_by } => evidence::sentence(held_by),
        Drained::Nothing | Drained::Returned => "the quota is being lowered".to_owned(),
    };
    Saying::yes(condition::DRAINING, "TakenBack", format!("{} still counted: {held_by}", amounts.join(", ")))
}

fn within_saying(used: Bundle, granted: Bundle) -> Saying {
    let above: Vec<String> = Resource::ALL
        .into_iter()
        .filter(|&resource| used.of(resource) > granted.of(resource))
        .map(|resource| {
            let text = |amounts: Bundle| quantity::format(resource, *amounts.of(resource));
            format!("{resource}: {} used of {} granted", text(used), text(granted))
        })
        .collect();
    if above.is_empty() {
        return Saying::yes(condition::WITHIN_GRANT, "WithinGrant", "what is used fits what is granted");
    }
    let message = format!("{}; nothing is evicted, nothing new starts", above.join(", "));
    Saying::no(condition::WITHIN_GRANT, "AboveGrant", message)
}
