//! The pool's status: its numbers and its conditions.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::{Api, ResourceExt};
use ledger::{Ledger, Reason, Resource};
use resources::condition::{self, Saying};
use resources::status::{self, Figures};
use resources::v1alpha1::{PoolFence, PoolSummary, ResourcePool, ResourcePoolStatus};
use resources::{names, quantity};

use super::apply::Applied;
use super::drift::Drift;
use super::halt::{self, Halt};
use super::observe::{self, Around, Cluster, Observed};
use super::{CONTROLLER, Error};
use crate::context::{Context, SAFETY_NET};
use crate::host;
use crate::statuses::{self, Urgency, Written};

/// Numbers that move all the time are written when they have come to rest this long.
const SETTLES: Duration = Duration::from_millis(300);
/// A pool that is being deleted is looked at again after this time: it waits for its last entries.
const TERMINATING_LOOK: Duration = Duration::from_secs(30);

/// Writes the status if it says something new. Returns how long until it may say something else.
/// Each pod that starts or ends brings a pass: where nothing was decided the figures may rest.
pub async fn report(
    observed: &Observed,
    applied: &Applied,
    context: &Context,
    now: Timestamp,
) -> Result<Duration, Error> {
    let (pool, passes) = (&observed.pool, &context.verdicts.passes);
    let name = pool.name_any();
    if let (true, Some(rest)) = (applied.is_quiet, passes.figures_rest(&name, Instant::now())) {
        return Ok(rest);
    }
    let ledger = &applied.snapshot.ledger;
    context.metrics.ledger(&name, ledger);
    let findings = passes.audit(&name, &applied.snapshot);
    let labels = crate::metrics::PoolLabel { pool: name.clone() };
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    context.metrics.audit_findings.get_or_create(&labels).set(count(findings.len()));
    context.metrics.quotas_above.get_or_create(&labels).set(count(observed.drifts.len()));
    // caches: what changes without the ledger
    let around = observe::around(pool, ledger, context);
    let reached = i64::from(around.cluster.silence().is_none());
    context.metrics.cluster_reachable.get_or_create(&labels).set(reached);
    let memory = &context.memory.pool_statuses;
    let before = memory.known(pool.as_ref(), pool.status.as_ref(), Instant::now());
    let found = Found {
        ledger,
        capacity_refused: applied.outcome.capacity_refused.as_ref(),
        halted: applied.halted.as_ref(),
        findings: &findings,
        drifts: &observed.drifts,
    };
    let status = status_of(pool, &before, &found, &around, now);
    let look_again = host::look_again(status.physical.as_ref(), &around.reports, now);
    // Numbers move with every grant, and the next moves them again.
    let only_numbers = statuses::say_the_same(&before.conditions, &status.conditions);
    let urgency = if only_numbers { Urgency::After(SETTLES) } else { Urgency::Soon };
    let api: Api<ResourcePool> = Api::all(context.client.clone());
    let written = memory.write(&api, pool.as_ref(), (&before, status), urgency, names::MANAGER_POOL).await;
    let written = written.map_err(|source| Error::Report { source })?;
    if written == Written::Done {
        context.metrics.wrote(CONTROLLER, "resourcepool/status");
    }
    passes.figures_seen(&name, Instant::now(), written.wait());
    let terminating = observed.is_terminating().then_some(TERMINATING_LOOK);
    Ok([written.wait(), look_again, terminating].into_iter().flatten().min().unwrap_or(SAFETY_NET))
}

/// What the pass has found.
struct Found<'a> {
    /// After the pass.
    ledger: &'a Ledger,
    capacity_refused: Option<&'a Reason>,
    halted: Option<&'a Halt>,
    /// What an audit of the ledger says, apart from limits that were lowered by choice.
    findings: &'a [String],
    /// Quotas that allow more than the ledger grants.
    drifts: &'a [Drift],
}

fn status_of(
    pool: &ResourcePool,
    before: &ResourcePoolStatus,
    found: &Found<'_>,
    around: &Around,
    now: Timestamp,
) -> ResourcePoolStatus {
    let Around { used, requested, nodes, reports, cluster } = around;
    let ledger = found.ledger;
    let figures = Figures::of(ledger, used.unwrap_or_default(), *requested);
    let physical = host::physical(pool, before.physical.as_ref(), nodes, reports, now);
    let sayings = vec![
        ready(pool, found, cluster),
        status::overcommitted(ledger),
        host::shortfall(pool, physical.as_ref()),
        reachable(pool, found.halted, cluster),
        consistent(found),
    ];
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
        // While the cluster isn't reached the last figure stands: it isn't nothing that is used.
        used: if used.is_some() { Some(figures.used.into()) } else { before.used.clone() },
        physical,
        binding_resource: figures.outlook.binding.map(|resource| resource.name().to_owned()),
        stranded: Some(figures.outlook.stranded.into()),
        mix: Some(figures.position.granted.into()),
        summary: Some(PoolSummary {
            cpu: text(Resource::Cpu),
            memory: text(Resource::Memory),
            storage: text(Resource::Storage),
        }),
        fence_spent: match cluster {
            Cluster::Reached { .. } => pool.spec.fence.clone().filter(PoolFence::is_confirmed),
            Cluster::Unreachable(_) => before.fence_spent.clone(),
        },
        allocations: i64::try_from(ledger.entries.len()).ok(),
        conditions: condition::conditions(&before.conditions, sayings, generation, now),
    }
}

fn ready(pool: &ResourcePool, found: &Found<'_>, cluster: &Cluster) -> Saying {
    if let Some(halt) = found.halted {
        return Saying::no(condition::READY, halt.reason(), halt.message());
    }
    if pool.metadata.deletion_timestamp.is_some() {
        let message = format!(
            "is being deleted: takes back but gives nothing out, and goes when its {} entries are gone",
            found.ledger.entries.len()
        );
        return Saying::no(condition::READY, Reason::PoolTerminating.code(), message);
    }
    if let Some(Reason::PoolHalted { code, message }) = halt::closed(cluster.silence(), found.drifts) {
        return Saying::no(condition::READY, code, message);
    }
    if let Some(reason) = found.capacity_refused {
        return Saying::no(condition::READY, reason.code(), status::explain(reason));
    }
    if found.ledger.pool_generation == 0 {
        return Saying::no(condition::READY, "CapacityNotAccepted", "the contract's capacity isn't in the ledger yet");
    }
    Saying::yes(condition::READY, "Serving", "the contract's capacity is in the ledger and quota is granted from it")
}

fn reachable(pool: &ResourcePool, halted: Option<&Halt>, cluster: &Cluster) -> Saying {
    if let Some(halt @ Halt::ClusterChanged { .. }) = halted {
        return Saying::no(condition::CLUSTER_REACHABLE, halt.reason(), halt.message());
    }
    let Cluster::Unreachable(silence) = cluster else {
        return Saying::yes(
            condition::CLUSTER_REACHABLE,
            "Reached",
            "the cluster answers and is the one the ledger knows",
        );
    };
    let silent = halt::unreachable(silence);
    match pool.spec.fence.as_ref() {
        Some(fence) if pool.standing_fence().is_some() => Saying::no(
            condition::CLUSTER_REACHABLE,
            condition::FENCED_OFF,
            format!(
                "{silent}. Fenced off by {} and {}: what is taken back counts as free at once; when the cluster is back its quotas are lowered before anything is granted",
                fence.requested_by,
                fence.confirmed_by.as_deref().unwrap_or_default()
            ),
        ),
        Some(fence) if fence.is_confirmed() => Saying::no(
            condition::CLUSTER_REACHABLE,
            condition::CLUSTER_UNREACHABLE,
            format!(
                "{silent}. It was reached after the fence in spec.fence was confirmed, so that counts no more; to fence it off again, write another reason and let both confirm"
            ),
        ),
        Some(fence) => Saying::no(
            condition::CLUSTER_REACHABLE,
            condition::CLUSTER_UNREACHABLE,
            format!(
                "{silent}. {} asks to fence it off; a second person confirms in spec.fence.confirmedBy",
                fence.requested_by
            ),
        ),
        None => Saying::no(
            condition::CLUSTER_REACHABLE,
            condition::CLUSTER_UNREACHABLE,
            format!(
                "{silent}. What is taken back stays counted; if the cluster is lost for good, two people may fence it off (spec.fence)"
            ),
        ),
    }
}

fn consistent(found: &Found<'_>) -> Saying {
    if let Some(halt @ Halt::LedgerBehindQuotas { .. }) = found.halted {
        return Saying::no(condition::LEDGER_CONSISTENT, halt.reason(), halt.message());
    }
    if !found.findings.is_empty() {
        return Saying::no(condition::LEDGER_CONSISTENT, "AuditFindings", found.findings.join("; "));
    }
    if let Some(first) = found.drifts.first() {
        let more = match found.drifts.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let message = format!("{}{more}; it is being lowered", first.message());
        return Saying::no(condition::LEDGER_CONSISTENT, condition::QUOTAS_ABOVE_LEDGER, message);
    }
    Saying::yes(condition::LEDGER_CONSISTENT, "Audited", "every total recomputed from the entries agrees")
}

#[cfg(test)]
mod tests;
