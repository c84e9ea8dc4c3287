//! `--wait`: until the API server enforces what the inventory grants.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::time::Instant;

use futures::TryStreamExt;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use ledger::AllocationKey;
use resources::condition;
use resources::v1alpha1::Allocation;
use serde::Serialize;

use crate::error::Error;
use crate::output::Width;
use crate::progress::Progress;
use crate::session::Session;
use crate::table::{self, Kind};

/// An allocation that isn't enforced, and why.
#[derive(Clone, Debug, Serialize)]
pub struct NotEnforced {
    pub namespace: String,
    pub name: String,
    pub reason: String,
    pub message: String,
}

/// Watches until each of them is enforced or time is up. Returns those that aren't.
pub async fn until_enforced(
    session: &Session,
    wanted: &[AllocationKey],
    deadline: Instant,
) -> Result<Vec<NotEnforced>, Error> {
    let mut missing: BTreeMap<AllocationKey, NotEnforced> =
        wanted.iter().map(|key| (key.clone(), not_enforced(key, "NotSeen", "the allocation isn't there"))).collect();
    let wanted: BTreeSet<&AllocationKey> = wanted.iter().collect();
    let mut progress = Progress::start("enforced", wanted.len());
    let api: Api<Allocation> = Api::all(session.client.clone());
    let mut changes = pin!(watcher(api, watcher::Config::default()).default_backoff().applied_objects());
    while !missing.is_empty() {
        let next = match tokio::time::timeout_at(deadline.into(), changes.try_next()).await {
            Err(_) | Ok(Ok(None)) => break,
            Ok(Ok(Some(allocation))) => allocation,
            Ok(Err(watcher::Error::InitialListFailed(source))) if is_final(&source) => {
                return Err(Error::api("watch the allocations")(source));
            }
            // The watch goes on by itself after a pause.
            Ok(Err(_)) => continue,
        };
        let key = AllocationKey::new(next.namespace().unwrap_or_default(), next.name_any());
        if !wanted.contains(&key) {
            continue;
        }
        match unfinished(&next) {
            None => missing.remove(&key),
            Some((reason, message)) => missing.insert(key.clone(), not_enforced(&key, &reason, &message)),
        };
        progress.set(wanted.len() - missing.len());
    }
    progress.finish();
    Ok(missing.into_values().collect())
}

/// Trying again doesn't help.
fn is_final(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if matches!(status.code, 401 | 403 | 404))
}

fn not_enforced(key: &AllocationKey, reason: &str, message: &str) -> NotEnforced {
    let AllocationKey { namespace, name } = key.clone();
    NotEnforced { namespace, name, reason: reason.to_owned(), message: message.to_owned() }
}

/// Why what the spec says isn't enforced; `None`: it is. A condition about an older spec says nothing.
fn unfinished(allocation: &Allocation) -> Option<(String, String)> {
    let conditions = allocation.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let generation = allocation.metadata.generation;
    for type_ in [condition::GRANTED, condition::ENFORCED] {
        match condition::find(conditions, type_) {
            Some(said) if said.observed_generation < generation => {
                return Some((
                    "NotLookedAt".to_owned(),
                    "the operator hasn't looked at its last change yet".to_owned(),
                ));
            }
            Some(said) if said.status != "True" => return Some((said.reason.clone(), said.message.clone())),
            Some(_) => {}
            None => {
                return Some((
                    "NotLookedAt".to_owned(),
                    "the operator hasn't looked at it yet: is it running?".to_owned(),
                ));
            }
        }
    }
    None
}

#[must_use]
pub fn text(missing: &[NotEnforced]) -> String {
    let columns =
        [("NAMESPACE", Kind::Cut), ("ALLOCATION", Kind::Cut), ("REASON", Kind::Text), ("MESSAGE", Kind::Wrap)];
    let row = |one: &NotEnforced| {
        let NotEnforced { namespace, name, reason, message } = one;
        vec![namespace.clone(), name.clone(), reason.clone(), message.clone()]
    };
    let rows: Vec<Vec<String>> = missing.iter().map(row).collect();
    format!("Not enforced yet: {}\n{}", missing.len(), table::render(&columns, &rows, Width::Narrow))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn allocation(generation: i64, conditions: &Value) -> Allocation {
        serde_json::from_value(json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "Allocation",
            "metadata": {"namespace": "dept-a", "name": "a", "generation": generation},
            "spec": {"application": "a", "pool": "cec", "resources": {"cpu": "1", "memory": "1G", "storage": "1T"}},
            "status": {"conditions": conditions}
        }))
        .unwrap()
    }

    #[test]
    fn enforced_means_granted_and_enforced_as_the_spec_is_now() {
        let said = |type_: &str, status: &str, generation: i64| {
            json!({
                "type": type_, "status": status, "reason": format!("{type_}Reason"), "message": "m",
                "observedGeneration": generation, "lastTransitionTime": "2026-11-23T06:10:00Z"
            })
        };
        let cases = [
            (json!([said("Granted", "True", 2), said("Enforced", "True", 2)]), None),
            (json!([said("Granted", "False", 2), said("Enforced", "True", 2)]), Some("GrantedReason")),
            (json!([said("Granted", "True", 2), said("Enforced", "False", 2)]), Some("EnforcedReason")),
            (json!([said("Granted", "True", 1), said("Enforced", "True", 1)]), Some("NotLookedAt")),
            (json!([]), Some("NotLookedAt")),
        ];
        for (conditions, expected) in cases {
            let found = unfinished(&allocation(2, &conditions)).map(|(reason, _)| reason);
            assert_eq!(found.as_deref(), expected, "{conditions}");
        }
    }
}
