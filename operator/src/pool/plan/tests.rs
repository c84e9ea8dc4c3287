use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use ledger::{Bundle, Entry, Hold, Resource, Shares};
use resources::amounts::Resources;
use resources::v1alpha1::{AllocationSpec, KubeconfigSecretRef};
use serde_json::json;

use super::*;
use crate::ledgers::Snapshot;
use crate::pool::verdicts::Waiting;

const G: u64 = 1_000_000_000;
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn pool(cpu: &str) -> Arc<ResourcePool> {
    let object = json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "ResourcePool", "metadata": {"name": "cec", "generation": 1},
        "spec": {
            "displayName": "cec", "provider": {"name": "cec", "code": "cec"},
            "contract": {"id": "x", "start": "2020-01-01", "end": "2026-12-31",
                         "capacity": {"cpu": cpu, "memory": "100G", "storage": "100G"}}
        }
    });
    Arc::new(serde_json::from_value(object).unwrap())
}

fn department(name: &str, parent: &str) -> Arc<Department> {
    let object = json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "Department", "metadata": {"name": name, "generation": 1},
        "spec": {"displayName": name, "tier": "Municipal", "parent": parent}
    });
    Arc::new(serde_json::from_value(object).unwrap())
}

fn allocation(name: &str, cpu: &str, generation: i64) -> Arc<Allocation> {
    let spec = AllocationSpec {
        application: name.into(),
        pool: "cec".into(),
        resources: Resources { cpu: cpu.into(), memory: "1G".into(), storage: "1G".into() },
        namespaces: vec![],
        lease: None,
        decision: None,
    };
    let mut allocation = Allocation::new(name, spec);
    allocation.metadata.namespace = Some("dept-a".into());
    allocation.metadata.uid = Some(format!("uid-{name}"));
    allocation.metadata.generation = Some(generation);
    Arc::new(allocation)
}

fn observed(ledger: Ledger, allocations: Vec<Arc<Allocation>>) -> Observed {
    Observed {
        pool: pool("100"),
        snapshot: Arc::new(Snapshot {
            uid: "ledger".into(),
            resource_version: Some("1".into()),
            cluster_uid: "cluster".into(),
            ledger,
            journal: vec![],
        }),
        cluster_uid: "cluster".into(),
        highest_fence: 0,
        allocations,
        departments: vec![department("a", "")],
        gone: vec![],
        stale_holds: vec![],
        asked: vec![],
        decisions: HashMap::new(),
        waiting: BTreeMap::new(),
    }
}

/// A ledger after a first pass over the pool, the department and these allocations.
fn ledger_with(allocations: Vec<Arc<Allocation>>) -> Ledger {
    plan(&observed(Ledger::default(), allocations), NOW).ledger
}

fn key(name: &str) -> AllocationKey {
    AllocationKey::new("dept-a", name)
}

#[test]
fn a_first_pass_takes_everything_in_one_commit() {
    let plan = plan(&observed(Ledger::default(), vec![allocation("x", "10", 1), allocation("y", "20", 1)]), NOW);
    let spec = plan.commit.unwrap();
    assert_eq!((spec.revision, spec.count, spec.ceilings.len(), spec.journal.len()), (1, 2, 1, 1));
    assert_eq!(spec.journal[0].changes.len(), 4, "pool, department and two allocations");
    assert_eq!(plan.ledger.position().granted, Bundle::new(30_000, 2 * G, 2 * G));
}

#[test]
fn a_pass_that_finds_nothing_new_commits_nothing() {
    let all = || vec![allocation("x", "10", 1)];
    let plan = plan(&observed(ledger_with(all()), all()), NOW);
    assert!(plan.commit.is_none() && plan.changed.is_empty() && plan.verdicts.is_empty());
}

#[test]
fn what_doesnt_fit_waits_with_its_reason_and_the_others_are_served() {
    let plan = plan(&observed(Ledger::default(), vec![allocation("big", "90", 1), allocation("small", "20", 1)]), NOW);
    let verdicts: BTreeMap<_, _> = plan.verdicts.into_iter().collect();
    let Some(Verdict::NotGranted(Reason::InsufficientCapacity { resource, .. })) = &verdicts[&key("small")] else {
        panic!("{verdicts:?}")
    };
    assert_eq!(*resource, Resource::Cpu);
    assert_eq!(verdicts[&key("big")], None);
}

#[test]
fn who_waits_longer_is_served_first() {
    let all = vec![allocation("a", "60", 1), allocation("b", "60", 1)];
    let mut seen = observed(Ledger::default(), all);
    let verdict = Verdict::NotGranted(Reason::EarlierObjectDraining);
    let since = Timestamp::from_second(-100).unwrap();
    seen.waiting.insert(key("b"), Waiting { verdict, since });
    assert_eq!(plan(&seen, NOW).changed, [key("b")]);
}

#[test]
fn an_allocation_that_cant_be_read_says_why() {
    let plan = plan(&observed(Ledger::default(), vec![allocation("x", "1.5", 1)]), NOW);
    let Some((_, Some(Verdict::Invalid(violations)))) = plan.verdicts.first() else { panic!("{:?}", plan.verdicts) };
    assert_eq!(violations[0].field, "spec.resources.cpu");
}

#[test]
fn a_deleted_allocation_drains() {
    let mut deleted = allocation("x", "10", 1).as_ref().clone();
    let before = ledger_with(vec![Arc::new(deleted.clone())]);
    deleted.metadata.deletion_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(NOW));
    let plan = plan(&observed(before, vec![Arc::new(deleted)]), NOW);
    let entry = &plan.ledger.entries[&key("x")];
    assert!(entry.leaving);
    assert_eq!((entry.granted(), entry.draining.cpu.get()), (Bundle::ZERO, 10_000));
}

#[test]
fn a_lowered_contract_is_refused_until_it_is_chosen() {
    let all = || vec![allocation("x", "10", 1)];
    let mut lowered = pool("5").as_ref().clone();
    lowered.metadata.generation = Some(2);
    let seen = |pool: ResourcePool| Observed { pool: Arc::new(pool), ..observed(ledger_with(all()), all()) };
    let refused = plan(&seen(lowered.clone()), NOW);
    assert!(matches!(refused.capacity_refused, Some(Reason::CapacityBelowGranted { .. })), "{refused:?}");
    assert_eq!(refused.ledger.capacity.cpu.get(), 100_000);
    lowered.spec.accept_overcommit = true;
    let accepted = plan(&seen(lowered), NOW);
    assert_eq!(accepted.capacity_refused, None);
    assert_eq!(accepted.ledger.capacity.cpu.get(), 5_000);
}

#[test]
fn departments_in_a_circle_are_refused_by_name() {
    let mut seen = observed(Ledger::default(), vec![]);
    seen.departments = vec![department("a", "b"), department("b", "a")];
    let refused = plan(&seen, NOW).departments_refused;
    assert_eq!(refused.len(), 1);
    assert!(matches!(refused[0].1, Reason::DepartmentCycle { .. }));
}

#[test]
fn questions_are_answered_in_their_order_and_decisions_are_named() {
    let hold = |name: &str, cpu: u64| Request {
        ask: Ask::Hold {
            allocation: key(name),
            request: "qr".into(),
            uid: format!("qr-{name}"),
            decision: "qd".into(),
            target: Bundle::new(cpu, 0, 0),
        },
        at_ms: 0,
    };
    let mut seen = observed(ledger_with(vec![]), vec![]);
    let wang = Cause { kind: "QuotaDecision".into(), name: "qd".into(), by: "wang".into(), ..Cause::default() };
    seen.asked = vec![(hold("x", 101_000), wang.clone()), (hold("y", 1_000), wang.clone())];
    let plan = plan(&seen, NOW);
    assert!(matches!(plan.answers[..], [Decision::Refuse(_), Decision::Grant { .. }]), "{:?}", plan.answers);
    assert_eq!(plan.commit.unwrap().journal.last().unwrap().changes[0].cause, wang);
}

#[test]
fn a_hold_that_nobody_takes_is_let_go() {
    let mut ledger = ledger_with(vec![]);
    let hold = Hold { request: "qr".into(), uid: "u".into(), decision: "qd".into(), amount: Bundle::new(1, 0, 0) };
    ledger.entries.insert(key("x"), Entry { hold: Some(hold), shares: Shares::new(), ..Entry::default() });
    let mut seen = observed(ledger, vec![]);
    seen.stale_holds = vec![(key("x"), "u".into())];
    assert!(plan(&seen, NOW).ledger.entries.is_empty());
}

#[test]
fn nothing_is_granted_where_the_ground_has_moved() {
    let asks = || vec![allocation("x", "10", 1)];
    let moved = Observed { cluster_uid: "another".into(), ..observed(Ledger::default(), asks()) };
    let restored = Observed { highest_fence: 5, ..observed(Ledger::default(), asks()) };
    let mut elsewhere = pool("100").as_ref().clone();
    elsewhere.spec.cluster.local = None;
    elsewhere.spec.cluster.kubeconfig_secret_ref = Some(KubeconfigSecretRef::default());
    let elsewhere = Observed { pool: Arc::new(elsewhere), ..observed(Ledger::default(), asks()) };
    for (seen, expected) in [
        (moved, Halt::ClusterChanged { known: "cluster".into(), now: "another".into() }),
        (restored, Halt::LedgerBehindQuotas { ledger: 0, fence: 5 }),
        (elsewhere, Halt::ClusterNotSupported),
    ] {
        let plan = plan(&seen, NOW);
        assert_eq!(plan.halted, Some(expected));
        assert!(plan.commit.is_none() && plan.answers.is_empty());
    }
}

#[test]
fn one_commit_takes_a_bounded_number_of_changes() {
    let empty = |n| {
        let mut allocation = allocation(&format!("x{n}"), "0", 1).as_ref().clone();
        allocation.spec.resources = Resources { cpu: "0".into(), memory: "0".into(), storage: "0".into() };
        Arc::new(allocation)
    };
    let many: Vec<_> = (0..300).map(empty).collect();
    let first = plan(&observed(Ledger::default(), many), NOW);
    assert!(first.has_more);
    assert_eq!(first.commit.unwrap().count, 254, "256 less the pool and the department");
}
