use std::sync::Arc;

use k8s_openapi::api::core::v1::Node;
use ledger::{AllocationKey, Bundle, Entry, Shares};
use resources::v1alpha1::PoolFence;
use serde_json::json;

use super::*;
use crate::member::Silence;

const G: u64 = 1_000_000_000;
const T: u64 = 1_000 * G;
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn pool() -> ResourcePool {
    serde_json::from_value(json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "ResourcePool", "metadata": {"name": "cec", "generation": 3},
        "spec": {
            "displayName": "cec", "provider": {"name": "cec", "code": "cec"},
            "contract": {"id": "x", "start": "2020-01-01", "end": "2026-12-31",
                         "capacity": {"cpu": "100", "memory": "200G", "storage": "10T"}}
        }
    }))
    .unwrap()
}

/// 60 of 100 cores and 150 of 200 G are granted, 10 cores drain.
fn ledger() -> Ledger {
    let entry = Entry {
        uid: Some("u".into()),
        shares: Shares::from([("app-a".into(), Bundle::new(60_000, 150 * G, T))]),
        draining: Bundle::new(10_000, 0, 0),
        ..Entry::default()
    };
    Ledger {
        revision: 7,
        capacity: Bundle::new(100_000, 200 * G, 10 * T),
        pool_generation: 3,
        entries: [(AllocationKey::new("dept-a", "x"), entry)].into(),
        ..Ledger::default()
    }
}

fn node(cpu: &str, ready: &str) -> Arc<Node> {
    let node = json!({
        "metadata": {"name": "n"},
        "status": {"allocatable": {"cpu": cpu, "memory": "200G"}, "conditions": [{"type": "Ready", "status": ready}]}
    });
    Arc::new(serde_json::from_value(node).unwrap())
}

fn found(ledger: &Ledger) -> Found<'_> {
    Found { ledger, capacity_refused: None, halted: None, findings: &[], drifts: &[] }
}

/// Nothing is used or asked for, and the cluster answers.
fn calm() -> Around {
    let cluster = Cluster::Reached { uid: "cluster".into() };
    Around { used: Some(Bundle::ZERO), requested: Bundle::ZERO, nodes: Vec::new(), reports: Vec::new(), cluster }
}

fn status(pool: &ResourcePool, found: &Found<'_>, around: &Around) -> ResourcePoolStatus {
    status_of(pool, &ResourcePoolStatus::default(), found, around, NOW)
}

/// Status and reason of a condition.
fn said<'a>(status: &'a ResourcePoolStatus, type_: &str) -> (&'a str, &'a str) {
    let condition = condition::find(&status.conditions, type_).unwrap();
    (&condition.status, &condition.reason)
}

#[test]
fn the_numbers_are_kept_apart() {
    let (pool, ledger) = (pool(), ledger());
    let around = Around {
        used: Some(Bundle::new(40_000, 90 * G, 0)),
        requested: Bundle::new(5_000, 0, 0),
        nodes: vec![node("64", "True"), node("64", "False")],
        ..calm()
    };
    let status = status(&pool, &found(&ledger), &around);
    let cpu = |known: &Option<resources::amounts::Known>| known.as_ref().unwrap().cpu.clone().unwrap();
    let shown = [&status.capacity, &status.granted, &status.held, &status.draining, &status.free].map(cpu);
    assert_eq!(shown, ["100", "60", "0", "10", "30"]);
    assert_eq!([&status.used, &status.requested].map(cpu), ["40", "5"]);
    assert_eq!((status.ledger_revision, status.allocations), (Some(7), Some(1)));
    assert_eq!(status.summary.as_ref().unwrap().memory, "150G/200G");
    assert_eq!(status.binding_resource.as_deref(), Some("memory"));
    let physical = status.physical.as_ref().unwrap();
    assert_eq!((physical.nodes, physical.cpu.as_deref()), (1, Some("64")), "a node that isn't ready has nothing");
    assert_eq!(said(&status, condition::PHYSICAL_SHORTFALL), ("True", "BelowContract"));
}

#[test]
fn each_state_is_told_by_its_condition() {
    let ledger = ledger();
    let fresh = Ledger::default();
    let over = Ledger { capacity: Bundle::new(50_000, 200 * G, 10 * T), ..ledger.clone() };
    let refused = Reason::CapacityBelowGranted {
        resource: Resource::Cpu,
        limit: ledger::Amount::new(1),
        out: ledger::Amount::new(2),
    };
    let changed = Halt::ClusterChanged { known: "a".into(), now: "b".into() };
    let behind = Halt::LedgerBehindQuotas { ledger: 7, fence: 9 };
    let wrong = ["an entry is wrong".to_owned()];
    let drifted = [Drift { namespace: "app-z".into(), allocation: None }];
    let mut going = pool();
    going.metadata.deletion_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(NOW));
    let usual = [
        (condition::READY, "True", "Serving"),
        (condition::OVERCOMMITTED, "False", "WithinCapacity"),
        (condition::PHYSICAL_SHORTFALL, "False", "NotReported"),
        (condition::CLUSTER_REACHABLE, "True", "Reached"),
        (condition::LEDGER_CONSISTENT, "True", "Audited"),
    ];
    for (pool, found, differs) in [
        (pool(), found(&ledger), vec![]),
        (pool(), found(&fresh), vec![(condition::READY, "False", "CapacityNotAccepted")]),
        (pool(), found(&over), vec![(condition::OVERCOMMITTED, "True", "AboveCapacity")]),
        (
            pool(),
            Found { capacity_refused: Some(&refused), ..found(&ledger) },
            vec![(condition::READY, "False", "CapacityBelowGranted")],
        ),
        (
            pool(),
            Found { halted: Some(&changed), ..found(&ledger) },
            vec![
                (condition::READY, "False", "ClusterChanged"),
                (condition::CLUSTER_REACHABLE, "False", "ClusterChanged"),
            ],
        ),
        (
            pool(),
            Found { halted: Some(&behind), ..found(&ledger) },
            vec![
                (condition::READY, "False", "LedgerBehindQuotas"),
                (condition::LEDGER_CONSISTENT, "False", "LedgerBehindQuotas"),
            ],
        ),
        (
            pool(),
            Found { findings: &wrong, ..found(&ledger) },
            vec![(condition::LEDGER_CONSISTENT, "False", "AuditFindings")],
        ),
        (
            pool(),
            Found { drifts: &drifted, ..found(&ledger) },
            vec![
                (condition::READY, "False", "QuotasAboveLedger"),
                (condition::LEDGER_CONSISTENT, "False", "QuotasAboveLedger"),
            ],
        ),
        (going, found(&ledger), vec![(condition::READY, "False", "PoolTerminating")]),
    ] {
        let status = status(&pool, &found, &calm());
        for (type_, truth, reason) in usual {
            let expected =
                differs.iter().find(|(other, ..)| *other == type_).map_or((truth, reason), |(_, t, r)| (*t, *r));
            assert_eq!(said(&status, type_), expected, "{type_} with {differs:?}");
        }
    }
}

/// A lost cluster: who reads the status learns since when, what that means and what can be done.
#[test]
fn a_silent_cluster_is_named_and_the_last_use_stands() {
    let ledger = ledger();
    let silence = Silence { since: NOW, error: "the cluster doesn't answer".into() };
    let silent = || Around { used: None, cluster: Cluster::Unreachable(silence.clone()), ..calm() };
    let fence = |confirmed_by: Option<&str>| PoolFence {
        reason: "the machine hall has burnt down".into(),
        requested_by: "wang".into(),
        confirmed_by: confirmed_by.map(str::to_owned),
    };
    for (fence, reason, words) in [
        (None, "ClusterUnreachable", "two people may fence it off"),
        (Some(fence(None)), "ClusterUnreachable", "wang asks to fence it off"),
        (Some(fence(Some("wang"))), "ClusterUnreachable", "a second person confirms"),
        (Some(fence(Some("zhao"))), "FencedOff", "Fenced off by wang and zhao"),
    ] {
        let mut pool = pool();
        pool.spec.fence = fence;
        let before = status(&pool, &found(&ledger), &Around { used: Some(Bundle::new(7_000, 0, 0)), ..calm() });
        let status = status_of(&pool, &before, &found(&ledger), &silent(), NOW);
        assert_eq!(status.used, before.used);
        assert_eq!(said(&status, condition::READY), ("False", "ClusterUnreachable"));
        assert_eq!(said(&status, condition::CLUSTER_REACHABLE), ("False", reason));
        let message = &condition::find(&status.conditions, condition::CLUSTER_REACHABLE).unwrap().message;
        assert!(
            message.contains("1970-01-01T00:00:00Z: the cluster doesn't answer") && message.contains(words),
            "{message}"
        );
    }
}

#[test]
fn what_says_the_same_keeps_its_times_and_can_wait() {
    let (pool, ledger) = (pool(), ledger());
    let first = status(&pool, &found(&ledger), &calm());
    let later = Timestamp::from_second(100).unwrap();
    let used = Around { used: Some(Bundle::new(1, 1, 1)), ..calm() };
    let second = status_of(&pool, &first, &found(&ledger), &used, later);
    assert_eq!(second.conditions, first.conditions);
    assert!(second != first && statuses::say_the_same(&first.conditions, &second.conditions));
    let over = Ledger { capacity: Bundle::ZERO, ..ledger };
    let above = status_of(&pool, &first, &found(&over), &used, later);
    assert!(!statuses::say_the_same(&first.conditions, &above.conditions));
}
