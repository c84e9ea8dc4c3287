//! Physical capacity: what a pool's nodes can allocate, and what host agents report.
//!
//! CPU and memory are the sum of the allocatable amounts of the pool's nodes, or, where a pool has
//! no nodes that can be seen, of what its host agents report. Storage is what the agents report,
//! else what the provider declares.

mod agent;
mod report;
mod sample;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{ConfigMap, Node};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use ledger::{Amount, Bundle, PerResource, Resource};
use resources::amounts::Known;
use resources::condition::{self, Saying};
use resources::v1alpha1::{PhysicalStatus, ResourcePool};
use resources::{names, quantity, status};

pub use agent::{Error as AgentError, run as run_agent};
pub use report::Report;

/// A report older than this is from a host that has fallen silent.
const FRESH_FOR: SignedDuration = SignedDuration::from_mins(5);
/// A report may be this much from the future, as a host's clock may be. One that is further off
/// would count for as long as its clock is wrong after the host has fallen silent.
const AHEAD_AT_MOST: SignedDuration = SignedDuration::from_mins(1);
/// An unchanged figure is written again after this time, so that its age says that it still holds.
const REFRESH_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// The pool's physical capacity as it is seen now; `None` where nothing is known of it.
#[must_use]
pub fn physical(
    pool: &ResourcePool,
    before: Option<&PhysicalStatus>,
    nodes: &[Arc<Node>],
    reports: &[Report],
    now: Timestamp,
) -> Option<PhysicalStatus> {
    let nodes: Vec<&Node> = nodes.iter().map(AsRef::as_ref).filter(|node| is_ready(node)).collect();
    let reports: Vec<&Report> = reports.iter().filter(|report| is_fresh(report, now)).collect();
    let known = figure(&nodes, &reports, pool.spec.declared_physical.parse())?;
    Some(with_age(known, before, now))
}

/// The reports for this pool, fresh or not.
#[must_use]
pub fn reports_of(pool: &str, objects: &[Arc<ConfigMap>]) -> Vec<Report> {
    let reports = objects.iter().filter_map(|object| Report::read(object));
    reports.filter(|report| report.pool.as_deref() == Some(pool)).collect()
}

/// How long until the figure may be another although nothing happens: a report becomes too old, or
/// what was seen is to be written again. `None`: it can't.
#[must_use]
pub fn look_again(physical: Option<&PhysicalStatus>, reports: &[Report], now: Timestamp) -> Option<Duration> {
    let stale = reports.iter().filter(|report| is_fresh(report, now)).map(|report| report.at + FRESH_FOR);
    let ahead =
        reports.iter().filter_map(|report| report.at.checked_sub(AHEAD_AT_MOST).ok()).filter(|begins| *begins > now);
    let seen =
        physical.filter(|physical| physical.nodes > 0 || physical.hosts_reporting.is_some_and(|hosts| hosts > 0));
    let written = seen.and_then(|physical| physical.observed_at.as_ref()).map(|at| at.0 + REFRESH_AFTER);
    let next = stale.chain(ahead).chain(written).min()?;
    // A second later it has certainly happened.
    Some(Duration::try_from(next.duration_since(now)).unwrap_or_default() + Duration::from_secs(1))
}

fn is_fresh(report: &Report, now: Timestamp) -> bool {
    let age = now.duration_since(report.at);
    -AHEAD_AT_MOST <= age && age <= FRESH_FOR
}

/// The amounts and where they come from. Pure.
fn figure(nodes: &[&Node], reports: &[&Report], declared: PerResource<Option<Amount>>) -> Option<PhysicalStatus> {
    let of_nodes: Bundle = nodes.iter().map(|node| allocatable(node)).sum();
    let of_hosts: Bundle = reports.iter().map(|report| report.amounts()).sum();
    let seen = |amount: Amount| Some(amount).filter(|amount| !amount.is_zero());
    let computing = if nodes.is_empty() { of_hosts } else { of_nodes };
    let amounts = PerResource {
        cpu: seen(computing.cpu).or(declared.cpu),
        memory: seen(computing.memory).or(declared.memory),
        storage: seen(of_hosts.storage).or(declared.storage),
    };
    if amounts == PerResource::default() {
        return None;
    }
    let Known { cpu, memory, storage } = amounts.into();
    Some(PhysicalStatus {
        cpu,
        memory,
        storage,
        observed_at: None,
        nodes: i64::try_from(nodes.len()).unwrap_or(i64::MAX),
        simulated: nodes.iter().any(|node| node.labels().contains_key(names::LABEL_SIMULATED)),
        hosts_reporting: i64::try_from(reports.len()).ok(),
    })
}

/// Keeps the old time while nothing has changed, so that a status isn't written for its age alone.
fn with_age(figure: PhysicalStatus, before: Option<&PhysicalStatus>, now: Timestamp) -> PhysicalStatus {
    let kept = before.and_then(|before| {
        let seen = before.observed_at.clone()?;
        let same = PhysicalStatus { observed_at: None, ..before.clone() } == figure;
        (same && now.duration_since(seen.0) < REFRESH_AFTER).then_some(seen)
    });
    let whole_second = Timestamp::from_second(now.as_second()).unwrap_or(now);
    PhysicalStatus { observed_at: Some(kept.unwrap_or(Time(whole_second))), ..figure }
}

/// Whether the node is one of the pool's.
#[must_use]
pub fn is_of(node: &Node, pool: &ResourcePool) -> bool {
    let selector = &pool.spec.node_selector;
    !selector.is_empty() && selector.iter().all(|(key, value)| node.labels().get(key) == Some(value))
}

/// Whether the node says that it can run pods.
#[must_use]
pub fn is_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn allocatable(node: &Node) -> Bundle {
    let map = node.status.as_ref().and_then(|status| status.allocatable.as_ref());
    let amount = |key: &str, resource| {
        map.and_then(|map| quantity::parse_observed(resource, &map.get(key)?.0)).unwrap_or_default()
    };
    Bundle { cpu: amount("cpu", Resource::Cpu), memory: amount("memory", Resource::Memory), storage: Amount::ZERO }
}

/// Whether the pool physically has what its contract promises.
#[must_use]
pub fn shortfall(pool: &ResourcePool, physical: Option<&PhysicalStatus>) -> Saying {
    let Some(physical) = physical else {
        return Saying::no(condition::PHYSICAL_SHORTFALL, "NotReported", "nothing is known of the physical capacity");
    };
    let Ok(contract) = pool.spec.contract.capacity.parse() else {
        return Saying::no(
            condition::PHYSICAL_SHORTFALL,
            "ContractUnreadable",
            "the contract's capacity can't be read",
        );
    };
    let known = Known { cpu: physical.cpu.clone(), memory: physical.memory.clone(), storage: physical.storage.clone() };
    let known = known.parse();
    let missing: Vec<String> = Resource::ALL
        .into_iter()
        .filter_map(|resource| {
            let (have, promised) = ((*known.of(resource))?, *contract.of(resource));
            (have < promised).then(|| {
                let text = |amount| quantity::format(resource, amount);
                let rate = status::rate(have, promised).unwrap_or_default();
                format!("{resource} {} of {} ({rate} %)", text(have), text(promised))
            })
        })
        .collect();
    if missing.is_empty() {
        Saying::no(
            condition::PHYSICAL_SHORTFALL,
            "Covered",
            "what is physically there covers the contract as far as it is known",
        )
    } else {
        Saying::yes(condition::PHYSICAL_SHORTFALL, "BelowContract", format!("physically there: {}", missing.join(", ")))
    }
}

#[cfg(test)]
mod tests;
