//! The department's status.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::Api;
use resources::condition::{self, Saying};
use resources::v1alpha1::{Department, DepartmentStatus, PoolGrant};
use resources::{names, quantity, status};

use super::observe::Observed;
use super::{CONTROLLER, Error};
use crate::context::Context;
use crate::statuses::{self, Written};

/// Writes the status if it says something new. `Some(wait)`: it does, but it is too early.
pub async fn report(
    department: &Department,
    observed: &Observed,
    context: &Context,
    now: Timestamp,
) -> Result<Option<Duration>, Error> {
    if observed.ledgers_missing {
        return Ok(Some(Duration::from_secs(1)));
    }
    let memory = &context.memory.department_statuses;
    let before = memory.known(department, department.status.as_ref(), Instant::now());
    let status = status_of(department, observed, &before, now);
    let api: Api<Department> = Api::all(context.client.clone());
    let urgency = statuses::of_summary(&before.conditions, &status.conditions);
    let written = memory.write(&api, department, (&before, status), urgency, names::MANAGER_DEPARTMENT).await;
    let written = written.map_err(|source| Error::Report { source })?;
    if written == Written::Done {
        context.metrics.wrote(CONTROLLER, "department/status");
    }
    Ok(written.wait())
}

fn status_of(
    department: &Department,
    observed: &Observed,
    before: &DepartmentStatus,
    now: Timestamp,
) -> DepartmentStatus {
    let granted = observed.pools.iter().map(|(pool, (own, subtree))| PoolGrant {
        pool: pool.clone(),
        granted: (*own).into(),
        subtree: (*subtree).into(),
    });
    let sayings = vec![ready(observed), over_ceiling(observed)];
    let generation = department.metadata.generation.unwrap_or_default();
    DepartmentStatus {
        namespace: Some(names::department_namespace(&observed.name)),
        granted: granted.collect(),
        applications: i64::try_from(observed.applications).ok(),
        conditions: condition::conditions(&before.conditions, sayings, generation, now),
    }
}

fn ready(observed: &Observed) -> Saying {
    if let Some((pool, reason)) = observed.refused.first_key_value() {
        return Saying::no(
            condition::READY,
            reason.code(),
            format!("pool {pool} keeps what it knew: {}", status::explain(reason)),
        );
    }
    if let Some(parent) = &observed.unknown_parent {
        return Saying::no(condition::READY, "UnknownParent", format!("spec.parent: there is no department {parent}"));
    }
    Saying::yes(condition::READY, "Serving", "the department's namespace and its members' roles are in place")
}

fn over_ceiling(observed: &Observed) -> Saying {
    if observed.over_ceiling.is_empty() {
        return Saying::no(condition::OVER_CEILING, "WithinCeiling", "what is out fits every ceiling");
    }
    let over: Vec<String> = observed
        .over_ceiling
        .iter()
        .map(|(pool, excess)| {
            let text = quantity::format_all(*excess);
            format!("in pool {pool} by cpu {}, memory {}, storage {}", text.cpu, text.memory, text.storage)
        })
        .collect();
    Saying::yes(condition::OVER_CEILING, "AboveCeiling", format!("over {}; growth is refused", over.join("; ")))
}
