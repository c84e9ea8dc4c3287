//! The pool's status: its numbers and its conditions.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Api, ResourceExt};
use ledger::{Bundle, Resource};
use resources::condition::{self, Saying};
use resources::status::{self, Figures};
use resources::v1alpha1::{PoolSummary, ResourcePool, ResourcePoolStatus};
use resources::{names, quantity, quota};

use super::apply::Applied;
use super::observe::Observed;
use super::plan::Halt;
use super::{CONTROLLER, Error};
use crate::context::Context;
use crate::host;
use crate::statuses::{Urgency, Written};

/// Numbers that move all the time are written when they have come to rest this long.
const SETTLES: Duration = Duration::from_millis(300);

/// Writes the status if it says something new. `Some(wait)`: it does, but it is too early.
pub async fn report(
    pool: &ResourcePool,
    observed: &Observed,
    applied: &Applied,
    context: &Context,
    now: Timestamp,
) -> Result<Option<Duration>, Error> {
    let name = pool.name_any();
    context.metrics.ledger(&name, &applied.ledger);
    let memory = &context.memory.pool_statuses;
    let before = memory.known(pool, pool.status.as_ref(), Instant::now());
    let status = status_of(pool, &before, observed, applied, context, now);
    let urgency = if says_the_same(&before, &status) { Urgency::After(SETTLES) } else { Urgency::Soon };
    let api: Api<ResourcePool> = Api::all(context.client.clone());
    let written = memory.write(&api, pool, (&before, status), urgency, names::MANAGER_POOL).await;
    let written = written.map_err(|source| Error::Report { source })?;
    if written == Written::Done {
        context.metrics.wrote(CONTROLLER, "resourcepool/status");
    }
    Ok(written.wait())
}

/// Whether only numbers differ: those move with every grant, and the next moves them again.
fn says_the_same(before: &ResourcePoolStatus, status: &ResourcePoolStatus) -> bool {
    let said = |status: &ResourcePoolStatus| -> Vec<(String, String, String)> {
        let of = |one: &Condition| (one.type_.clone(), one.status.clone(), one.reason.clone());
        status.conditions.iter().map(of).collect()
    };
    said(before) == said(status)
}

fn status_of(
    pool: &ResourcePool,
    before: &ResourcePoolStatus,
    observed: &Observed,
    applied: &Applied,
    context: &Context,
    now: Timestamp,
) -> ResourcePoolStatus {
    let name = pool.name_any();
    let ledger = &applied.ledger;
    let figures = Figures::of(ledger, used(&name, context), requested(&name, ledger, context));
    let physical = host::physical(pool, before.physical.as_ref(), context, now);
    let mut sayings = vec![
        status::overcommitted(ledger),
        host::shortfall(pool, physical.as_ref()),
        cluster(applied),
        consistent(observed, applied, context),
    ];
    sayings.insert(0, ready(applied));
    let generation = pool.metadata.generation.unwrap_or_default();
    let text = |resource: Resource| {
        let granted = figures.position.granted;
        format!(
            "{}/{}",
            quantity::format(resource, *granted.of(resource)),
            quantity::format(resource, *ledger.capacity.of(resource))
        )
    };
    ResourcePoolStatus {
        ledger_revision: i64::try_from(ledger.revision).ok(),
        capacity: Some(figures.capacity.into()),
        granted: Some(figures.position.granted.into()),
        held: Some(figures.position.held.into()),
        draining: Some(figures.position.draining.into()),
        free: Some(figures.free.into()),
        requested: Some(figures.requested.into()),
        used: Some(figures.used.into()),
        physical,
        binding_resource: figures.outlook.binding.map(|resource| resource.name().to_owned()),
        stranded: Some(figures.outlook.stranded.into()),
        mix: Some(figures.position.granted.into()),
        summary: Some(PoolSummary {
            cpu: text(Resource::Cpu),
            memory: text(Resource::Memory),
            storage: text(Resource::Storage),
        }),
        allocations: i64::try_from(ledger.entries.len()).ok(),
        conditions: condition::conditions(&before.conditions, sayings, generation, now),
    }
}

/// What the pool's quotas are charged with.
fn used(pool: &str, context: &Context) -> Bundle {
    let quotas = context.stores.quotas.state();
    let ours = quotas.iter().filter(|quota| quota.labels().get(names::LABEL_POOL).map(String::as_str) == Some(pool));
    ours.map(|quota| quota::Observed::from(quota.as_ref()).used).sum()
}

fn requested(pool: &str, ledger: &ledger::Ledger, context: &Context) -> Bundle {
    let requests = context.stores.requests.state();
    requests.iter().filter(|request| request.spec.pool == pool).map(|request| status::requested(request, ledger)).sum()
}

fn ready(applied: &Applied) -> Saying {
    if let Some(halt) = &applied.halted {
        return Saying::no(condition::READY, halt.reason(), halt.message());
    }
    if let Some(reason) = &applied.capacity_refused {
        return Saying::no(condition::READY, reason.code(), status::explain(reason));
    }
    if applied.ledger.pool_generation == 0 {
        return Saying::no(condition::READY, "CapacityNotAccepted", "the contract's capacity isn't in the ledger yet");
    }
    Saying::yes(condition::READY, "Serving", "the contract's capacity is in the ledger and quota is granted from it")
}

fn cluster(applied: &Applied) -> Saying {
    match &applied.halted {
        Some(halt @ (Halt::ClusterChanged { .. } | Halt::ClusterNotSupported)) => {
            Saying::no(condition::CLUSTER_REACHABLE, halt.reason(), halt.message())
        }
        _ => {
            Saying::yes(condition::CLUSTER_REACHABLE, "Reached", "the cluster answers and is the one the ledger knows")
        }
    }
}

/// Audits the ledger that was just committed.
fn consistent(observed: &Observed, applied: &Applied, context: &Context) -> Saying {
    if let Some(halt @ Halt::LedgerBehindQuotas { .. }) = &applied.halted {
        return Saying::no(condition::LEDGER_CONSISTENT, halt.reason(), halt.message());
    }
    let audit = applied.ledger.audit();
    // Above capacity or a ceiling is legal where somebody chose it; it is told by Overcommitted
    // and OverCeiling.
    let wrong: Vec<String> = audit
        .findings
        .iter()
        .filter(|finding| {
            !matches!(finding, ledger::Finding::OverCapacity { .. } | ledger::Finding::OverCeiling { .. })
        })
        .map(ToString::to_string)
        .collect();
    let labels = crate::metrics::PoolLabel { pool: observed.pool.name_any() };
    context.metrics.audit_findings.get_or_create(&labels).set(i64::try_from(wrong.len()).unwrap_or(i64::MAX));
    if wrong.is_empty() {
        Saying::yes(condition::LEDGER_CONSISTENT, "Audited", "every total recomputed from the entries agrees")
    } else {
        Saying::no(condition::LEDGER_CONSISTENT, "AuditFindings", wrong.join("; "))
    }
}

impl Halt {
    fn reason(&self) -> &'static str {
        match self {
            Self::ClusterChanged { .. } => "ClusterChanged",
            Self::LedgerBehindQuotas { .. } => "LedgerBehindQuotas",
            Self::ClusterNotSupported => "ClusterNotSupported",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::ClusterChanged { known, now } => format!(
                "the ledger was written for the cluster {known}, this is {now}; nothing is written until the pool's cluster is the one it was"
            ),
            Self::LedgerBehindQuotas { ledger, fence } => format!(
                "a quota carries revision {fence}, the ledger is at {ledger}: it looks like a restored backup, so nothing is granted"
            ),
            Self::ClusterNotSupported => {
                "spec.cluster.kubeconfigSecretRef is not served by this version: name spec.cluster.local".to_owned()
            }
        }
    }
}
