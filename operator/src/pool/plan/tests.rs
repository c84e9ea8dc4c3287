use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use ledger::{Ask, Bundle, Entry, Hold, Resource, Shares};
use resources::amounts::Resources;
use resources::condition::{self, Saying};
use resources::v1alpha1::{Allocation, AllocationSpec, AllocationStatus, Cause, Ceiling, Department, ResourcePool};
use serde_json::json;

use super::*;
use crate::ledgers::Snapshot;
use crate::member::Silence;
use crate::pool::drift::Drift;
use crate::pool::verdicts::Waiting;

const G: u64 = 1_000_000_000;
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn pool(cpu: &str) -> Arc<ResourcePool> {
    let object = json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "ResourcePool", "metadata": {"name": "cec", "uid": "uid-cec", "generation": 1},
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
        "apiVersion": "yunheng.io/v1alpha1", "kind": "Department", "metadata": {"name": name, "uid": format!("uid-{name}"), "generation": 1},
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

fn snapshot(ledger: Ledger) -> Arc<Snapshot> {
    Arc::new(Snapshot {
        uid: "ledger".into(),
        resource_version: Some("1".into()),
        cluster_uid: "cluster".into(),
        ledger,
        journal: vec![],
    })
}

fn observed(ledger: Ledger, allocations: Vec<Arc<Allocation>>) -> Observed {
    Observed {
        pool: pool("100"),
        snapshot: snapshot(ledger),
        cluster: Cluster::Reached { uid: "cluster".into() },
        drifts: vec![],
        drifts_again: None,
        highest_fence: 0,
        allocations,
        departments: vec![department("a", "")],
        gone: vec![],
        more_gone: false,
        stale_holds: vec![],
        asked: vec![],
        decisions: HashMap::new(),
        waiting: BTreeMap::new(),
        last: None,
    }
}

/// A ledger after a first pass over the pool, the department and these allocations.
fn ledger_with(allocations: Vec<Arc<Allocation>>) -> Ledger {
    after(&plan(&observed(Ledger::default(), allocations), NOW)).clone()
}

/// The ledger after a pass that changed something.
#[track_caller]
fn after(plan: &Plan) -> &Ledger {
    &plan.next.as_ref().unwrap().0
}

/// The object that a pass commits.
#[track_caller]
fn object(plan: &Plan) -> &PoolLedgerSpec {
    &plan.next.as_ref().unwrap().1
}

fn verdicts(plan: &Plan) -> BTreeMap<AllocationKey, Option<Verdict>> {
    plan.told.iter().map(|told| (told.key.clone(), told.verdict.clone())).collect()
}

fn key(name: &str) -> AllocationKey {
    AllocationKey::new("dept-a", name)
}

/// A question of the desk: hold so much for an approval.
fn hold(name: &str, cpu: u64) -> Request {
    let ask = Ask::Hold {
        allocation: key(name),
        request: "qr".into(),
        uid: format!("qr-{name}"),
        decision: "qd".into(),
        target: Bundle::new(cpu, 0, 0),
    };
    Request { ask, at_ms: 0 }
}

#[test]
fn a_first_pass_takes_everything_in_one_commit() {
    let plan = plan(&observed(Ledger::default(), vec![allocation("x", "10", 1), allocation("y", "20", 1)]), NOW);
    let spec = object(&plan);
    assert_eq!((spec.revision, spec.count, spec.ceilings.len(), spec.journal.len()), (1, 2, 1, 1));
    assert_eq!(spec.journal[0].changes.len(), 4, "pool, department and two allocations");
    assert_eq!(after(&plan).position().granted, Bundle::new(30_000, 2 * G, 2 * G));
}

#[test]
fn a_pass_that_finds_nothing_new_commits_nothing() {
    let all = || vec![allocation("x", "10", 1)];
    let plan = plan(&observed(ledger_with(all()), all()), NOW);
    assert!(plan.next.is_none() && plan.changed.is_empty() && plan.told.is_empty());
}

#[test]
fn what_doesnt_fit_waits_with_its_reason_and_the_others_are_served() {
    let plan = plan(&observed(Ledger::default(), vec![allocation("big", "90", 1), allocation("small", "20", 1)]), NOW);
    let verdicts = verdicts(&plan);
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
    let verdicts = verdicts(&plan);
    let Some(Verdict::Invalid(violations)) = &verdicts[&key("x")] else { panic!("{verdicts:?}") };
    assert_eq!(violations[0].field, "spec.resources.cpu");
}

#[test]
fn a_deleted_allocation_drains() {
    let mut deleted = allocation("x", "10", 1).as_ref().clone();
    let before = ledger_with(vec![Arc::new(deleted.clone())]);
    deleted.metadata.deletion_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(NOW));
    let plan = plan(&observed(before, vec![Arc::new(deleted)]), NOW);
    let entry = &after(&plan).entries[&key("x")];
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
    let reason = &refused.outcome.capacity_refused;
    assert!(matches!(reason, Some(Reason::CapacityBelowGranted { .. })), "{reason:?}");
    assert!(refused.next.is_none());
    lowered.spec.accept_overcommit = true;
    let accepted = plan(&seen(lowered), NOW);
    assert_eq!(accepted.outcome.capacity_refused, None);
    assert_eq!(after(&accepted).capacity.cpu.get(), 5_000);
}

#[test]
fn departments_in_a_circle_are_refused_by_name() {
    let mut seen = observed(Ledger::default(), vec![]);
    seen.departments = vec![department("a", "b"), department("b", "a")];
    let plan = plan(&seen, NOW);
    let refused = &plan.outcome.departments_refused;
    assert_eq!(refused.len(), 1);
    assert!(matches!(refused[0].1, Reason::DepartmentCycle { .. }));
}

#[test]
fn questions_are_answered_in_their_order_and_decisions_are_named() {
    let mut seen = observed(ledger_with(vec![]), vec![]);
    let wang = Cause { kind: "QuotaDecision".into(), name: "qd".into(), by: "wang".into(), ..Cause::default() };
    seen.asked = vec![(hold("x", 101_000), wang.clone()), (hold("y", 1_000), wang.clone())];
    let plan = plan(&seen, NOW);
    assert!(
        matches!(plan.answers[..], [Some(Decision::Refuse(_)), Some(Decision::Grant { .. })]),
        "{:?}",
        plan.answers
    );
    assert_eq!(object(&plan).journal.last().unwrap().changes[0].cause, wang);
}

#[test]
fn a_hold_that_nobody_takes_is_let_go() {
    let mut ledger = ledger_with(vec![]);
    let hold = Hold { request: "qr".into(), uid: "u".into(), decision: "qd".into(), amount: Bundle::new(1, 0, 0) };
    ledger.entries.insert(key("x"), Entry { hold: Some(hold), shares: Shares::new(), ..Entry::default() });
    let mut seen = observed(ledger, vec![]);
    seen.stale_holds = vec![(key("x"), "u".into())];
    assert!(after(&plan(&seen, NOW)).entries.is_empty());
}

fn silence() -> Silence {
    Silence { since: NOW, error: "the cluster doesn't answer".into() }
}

/// A cluster that isn't reached, or that lets in more than is granted: what is given back is
/// taken, and nobody gets anything.
#[test]
fn a_pool_whose_quotas_are_not_known_to_be_low_takes_back_and_gives_nothing_out() {
    let ledger = ledger_with(vec![allocation("x", "10", 1)]);
    let asks = || vec![allocation("x", "4", 2), allocation("y", "1", 1)];
    let silent = Observed { cluster: Cluster::Unreachable(silence()), ..observed(ledger.clone(), asks()) };
    let drift = Drift { namespace: "app-z".into(), allocation: None };
    let returning = Observed { drifts: vec![drift], ..observed(ledger, asks()) };
    for (mut seen, code) in [(silent, "ClusterUnreachable"), (returning, "QuotasAboveLedger")] {
        seen.asked = vec![(hold("y", 20_000), Cause::default())];
        let plan = plan(&seen, NOW);
        assert_eq!(plan.halted, None);
        let entries = &after(&plan).entries;
        assert_eq!(entries[&key("x")].granted().cpu.get(), 4_000, "{code}");
        assert_eq!(entries[&key("x")].draining.cpu.get(), 6_000, "{code}");
        assert_eq!(entries.get(&key("y")), None, "{code}");
        let Some(Some(Verdict::NotGranted(reason))) = verdicts(&plan).get(&key("y")).cloned() else { panic!("{code}") };
        assert_eq!(reason.code(), code);
        let Some(Some(Decision::Refuse(reason))) = plan.answers.first() else { panic!("{:?}", plan.answers) };
        assert_eq!(reason.code(), code);
    }
}

#[test]
fn nothing_is_granted_where_the_ground_has_moved() {
    let asks = || vec![allocation("x", "10", 1)];
    let moved = Observed { cluster: Cluster::Reached { uid: "another".into() }, ..observed(Ledger::default(), asks()) };
    let restored = Observed { highest_fence: 5, ..observed(Ledger::default(), asks()) };
    let never_reached = Observed {
        cluster: Cluster::Unreachable(silence()),
        snapshot: Arc::default(),
        ..observed(Ledger::default(), asks())
    };
    for (seen, expected) in [
        (moved, Halt::ClusterChanged { known: "cluster".into(), now: "another".into() }),
        (restored, Halt::LedgerBehindQuotas { ledger: 0, fence: 5 }),
        (never_reached, Halt::ClusterUnreachable { silence: silence() }),
    ] {
        let mut seen = seen;
        seen.asked = vec![(hold("x", 1), Cause::default()), (hold("y", 1), Cause::default())];
        let plan = plan(&seen, NOW);
        // Whoever decided hears why nothing comes of it, rather than nothing.
        let code = expected.reason();
        assert_eq!(plan.halted, Some(expected));
        assert!(plan.next.is_none() && plan.told.is_empty());
        assert_eq!(plan.answers.len(), 2);
        for answer in plan.answers {
            let Some(Decision::Refuse(reason)) = answer else { panic!("{answer:?}") };
            assert_eq!(reason.code(), code);
            assert!(reason.to_string().len() > 40, "{reason}");
        }
    }
}

fn sized(name: &str, amount: &str, generation: i64) -> Arc<Allocation> {
    let mut allocation = allocation(name, amount, generation).as_ref().clone();
    allocation.spec.resources = Resources { cpu: amount.into(), memory: "0".into(), storage: "0".into() };
    Arc::new(allocation)
}

#[test]
fn one_commit_takes_a_bounded_number_of_changes() {
    let many: Vec<_> = (0..300).map(|n| sized(&format!("x{n}"), "0", 1)).collect();
    let first = plan(&observed(Ledger::default(), many), NOW);
    assert!(first.has_more);
    assert_eq!(
        (object(&first).count, first.changes),
        (256, 256),
        "who asks for nothing comes before pool and department"
    );
    assert_eq!(first.told.len(), 256, "those that weren't come to hear nothing");
}

/// However many wait for what isn't there, who gives back has his turn, and when all that could be
/// done is done nobody looks again at once.
#[test]
fn those_who_wait_neither_keep_others_waiting_nor_the_processor_busy() {
    let mut all: Vec<_> = (0..400).map(|n| sized(&format!("waits{n}"), "99", 1)).collect();
    let has = sized("zz-has", "50", 1);
    let ledger = ledger_with(vec![Arc::clone(&has), sized("zz-gone", "10", 1)]);
    all.push(sized("zz-has", "20", 2));
    let mut seen = observed(ledger, all);
    seen.gone = vec![(key("zz-gone"), "uid-zz-gone".into())];
    let first = plan(&seen, NOW);
    assert_eq!(first.changed, [key("zz-has"), key("zz-gone")]);
    assert!(!first.has_more);
    assert_eq!(verdicts(&first).values().flatten().count(), 400);
    seen.gone.clear();
    let second = plan(&Observed { snapshot: snapshot(after(&first).clone()), ..seen }, NOW);
    assert!(second.next.is_none() && !second.has_more);
}

/// A pod that starts or ends brings a pass too. It decides nothing that was decided before of the
/// same ledger, and says what it said.
#[test]
fn what_was_decided_isn_t_decided_again() {
    let mut other = department("b", "").as_ref().clone();
    other.spec.parent = "b".into();
    let all = || vec![allocation("has", "60", 1), allocation("waits", "60", 1)];
    let ledger = ledger_with(vec![allocation("has", "60", 1)]);
    let mut lowered = pool("5").as_ref().clone();
    lowered.metadata.generation = Some(2);
    let seen = |last: Option<&Plan>, ledger: Ledger, allocations| {
        let mut seen = observed(ledger, allocations);
        seen.pool = Arc::new(lowered.clone());
        seen.departments.push(Arc::new(other.clone()));
        seen.last = last.map(|plan| Arc::clone(&plan.outcome));
        for told in last.iter().flat_map(|plan| &plan.told) {
            let waiting = told.verdict.clone().map(|verdict| Waiting { verdict, since: told.since });
            seen.waiting.extend(waiting.map(|waiting| (told.key.clone(), waiting)));
        }
        seen
    };
    let later = Timestamp::from_second(60).unwrap();
    let first = plan(&seen(None, ledger.clone(), all()), NOW);
    assert!(first.outcome.capacity_refused.is_some() && first.outcome.departments_refused.len() == 1);
    assert_eq!(first.told.len(), 1);
    let second = plan(&seen(Some(&first), ledger.clone(), all()), later);
    assert!(second.told.is_empty(), "the same was asked of the same ledger");
    assert_eq!(second.outcome, first.outcome);
    // Another ledger, another question, or somebody at the desk: then it is.
    let mut moved = ledger.clone();
    moved.revision += 1;
    let mut asked = seen(Some(&first), ledger.clone(), all());
    asked.asked = vec![(hold("new", 1), Cause::default())];
    let mut more = all();
    more.push(allocation("more", "60", 1));
    for (what, seen, told) in [
        ("another ledger", seen(Some(&first), moved, all()), 1),
        ("somebody at the desk", asked, 1),
        ("another question", seen(Some(&first), ledger, more), 2),
    ] {
        assert_eq!(plan(&seen, later).told.len(), told, "{what}");
    }
}

/// An approval whose turn didn't come is answered by the next pass, not dropped.
#[test]
fn a_question_that_the_pass_didn_t_come_to_stays() {
    let many = || (0..300).map(|n| sized(&format!("x{n}"), "1m", 1)).collect::<Vec<_>>();
    let ledger = after(&plan(&observed(Ledger::default(), many()), NOW)).clone();
    let less = (0..300).map(|n| sized(&format!("x{n}"), "0", 2)).collect();
    let mut seen = observed(ledger, less);
    seen.asked = vec![(hold("new", 1), Cause::default())];
    let first = plan(&seen, NOW);
    assert_eq!(first.answers, [None], "254 decreases and two new ones come first");
    let second = plan(&Observed { snapshot: snapshot(after(&first).clone()), ..seen }, NOW);
    assert!(matches!(second.answers[..], [Some(Decision::Grant { .. })]), "{:?}", second.answers);
}

/// The pool is being deleted: who has something may give it back, and nobody gets anything.
#[test]
fn a_pool_that_is_being_deleted_takes_back_and_gives_nothing_out() {
    let ledger = ledger_with(vec![allocation("less", "10", 1), allocation("more", "10", 1)]);
    let asks = vec![allocation("less", "5", 2), allocation("more", "11", 2), allocation("new", "1", 1)];
    let mut seen = observed(ledger, asks);
    let mut going = pool("100").as_ref().clone();
    going.metadata.deletion_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(NOW));
    seen.pool = Arc::new(going);
    let give_back = Ask::Release {
        allocation: key("less"),
        revision: 1,
        used: Shares::from([("app-less".into(), Bundle::ZERO)]),
        gone: std::collections::BTreeSet::new(),
    };
    seen.asked = vec![(hold("new", 1), Cause::default()), (Request { ask: give_back, at_ms: 0 }, Cause::default())];
    let plan = plan(&seen, NOW);
    assert_eq!(plan.changed, [key("less")]);
    let waits = Some(Verdict::NotGranted(Reason::PoolTerminating));
    assert_eq!(verdicts(&plan), [(key("less"), None), (key("more"), waits.clone()), (key("new"), waits)].into());
    assert_eq!(plan.answers[0], Some(Decision::Refuse(Reason::PoolTerminating)));
}

/// A department that was made anew under its old name is another: its first generation counts.
#[test]
fn a_department_that_was_made_anew_is_taken_in() {
    let mut first = department("a", "").as_ref().clone();
    first.metadata.generation = Some(5);
    let ceiling = |cpu: &str| {
        let ceiling = json!({"pool": "cec", "cpu": cpu, "memory": "1G", "storage": "1G"});
        vec![serde_json::from_value::<Ceiling>(ceiling).unwrap()]
    };
    first.spec.ceilings = ceiling("10");
    let with = |ledger: Ledger, department: Department| {
        let mut seen = observed(ledger, vec![]);
        seen.departments = vec![Arc::new(department)];
        seen
    };
    let ledger = after(&plan(&with(Ledger::default(), first.clone()), NOW)).clone();
    let stale = Department { metadata: first.metadata, ..department("a", "").as_ref().clone() };
    assert!(plan(&with(ledger.clone(), stale), NOW).next.is_none());
    let mut anew = department("a", "").as_ref().clone();
    anew.metadata.uid = Some("another".into());
    anew.spec.ceilings = ceiling("7");
    let plan = plan(&with(ledger, anew), NOW);
    let known = after(&plan).departments.get("a").unwrap();
    assert_eq!(known.ceiling.map(|ceiling| ceiling.cpu.get()), Some(7_000));
    assert_eq!(object(&plan).ceilings[0].uid, "another");
}

#[test]
fn a_pool_that_was_made_anew_is_taken_in() {
    let mut anew = pool("50").as_ref().clone();
    anew.metadata.uid = Some("another".into());
    let seen = Observed { pool: Arc::new(anew), ..observed(ledger_with(vec![]), vec![]) };
    let plan = plan(&seen, NOW);
    assert_eq!(after(&plan).capacity.cpu.get(), 50_000);
    assert_eq!(object(&plan).pool_uid, "another");
}

/// The turn of whoever waits is on record in his status, so it survives a change of leaders.
#[test]
fn a_turn_survives_a_change_of_leaders() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let told = |name: &str, granted: bool, second: i64| {
        let mut allocation = allocation(name, "60", 1).as_ref().clone();
        let saying = if granted { Saying::yes } else { Saying::no };
        let said = saying(condition::GRANTED, "InsufficientCapacity", String::new());
        let conditions = condition::conditions(&[], vec![said], 1, at(second));
        allocation.status = Some(AllocationStatus { conditions, ..AllocationStatus::default() });
        Arc::new(allocation)
    };
    let ledger = ledger_with(vec![]);
    let now = at(1_000);
    let all = vec![told("a", false, 500), told("b", false, 400), told("c", true, 100), allocation("d", "60", 1)];
    let first = plan(&observed(ledger.clone(), all.clone()), now);
    assert_eq!(first.changed, [key("b")], "the one that has waited longest");
    let since: BTreeMap<_, _> =
        first.told.iter().map(|told| (told.key.name.as_str(), told.since.as_second())).collect();
    assert_eq!(since, [("a", 500), ("b", 400), ("c", 1_000), ("d", 1_000)].into());
    // What this process knows counts more.
    let mut seen = observed(ledger, all);
    let verdict = Verdict::NotGranted(Reason::EarlierObjectDraining);
    seen.waiting.insert(key("d"), Waiting { verdict, since: at(300) });
    assert_eq!(plan(&seen, now).changed, [key("d")]);
}

/// The object that is committed stays below its limit, and it is the journal that makes room.
#[test]
fn a_large_ledger_shortens_its_journal_and_still_gives_back() {
    let long = |n: usize| format!("a{n:04}-{}", "x".repeat(240));
    let mut ledger = ledger_with(vec![]);
    for n in 0.. {
        let uid = Some(format!("uid-{}", long(n)));
        let shares = Shares::from([(format!("app-{}", long(n)), Bundle::new(1, 1, 1))]);
        let draining = Bundle::new(1, 1, 1);
        ledger.entries.insert(key(&long(n)), Entry { uid, generation: 1, shares, draining, ..Entry::default() });
        if ledger.stored_bytes() > ledger::BYTES_MAX - 1_000 {
            break;
        }
    }
    let entries = ledger.entries.len();
    let mut seen = observed(ledger, (0..entries).map(|n| sized(&long(n), "0", 2)).collect());
    let many: Vec<Change> = (0..200)
        .map(|n| Change {
            allocation: Some(key(&long(n))),
            cause: Cause::default(),
            before: ledger::Position::default(),
            after: ledger::Position::default(),
        })
        .collect();
    let mut journal = Vec::new();
    for revision in 1..=10 {
        journal = journal::append(&journal, revision, NOW, &many[..20], 64 * 1024);
    }
    let kept = journal.len();
    seen.snapshot = Arc::new(Snapshot {
        uid: "ledger".into(),
        resource_version: Some("1".into()),
        cluster_uid: "cluster".into(),
        ledger: seen.snapshot.ledger.clone(),
        journal,
    });
    let first = plan(&seen, NOW);
    let object = object(&first);
    assert_eq!(first.changes, CHANGES_MAX);
    let bytes = serde_json::to_vec(object).unwrap().len();
    assert!((1_350_000..=1_400_000).contains(&bytes), "{bytes} bytes");
    let newest = object.journal.last().unwrap();
    assert_eq!(newest.revision, object.revision);
    assert!(object.journal.len() <= kept, "{} records, {kept} before", object.journal.len());
    let refused = plan(&observed(seen.snapshot.ledger.clone(), vec![allocation(&long(9_999), "1", 1)]), NOW);
    let Some(Verdict::NotGranted(reason)) = &verdicts(&refused)[&key(&long(9_999))] else { panic!("no room for it") };
    assert_eq!(*reason, Reason::LedgerFull { limit: entries });
}

fn leased(cpu: &str, generation: i64, base: Option<&str>) -> Arc<Allocation> {
    let mut allocation = (*allocation("x", cpu, generation)).clone();
    let base = base.map(|cpu| Resources { cpu: cpu.into(), memory: "1G".into(), storage: "1G".into() });
    let lease = json!({"expiresAt": "1969-12-31T23:59:59Z", "base": base});
    allocation.spec.lease = Some(serde_json::from_value(lease).unwrap());
    Arc::new(allocation)
}

/// Whoever writes a grant anew whose end has passed gets what is left after it.
#[test]
fn after_its_end_a_grant_has_its_base_or_doesn_t_grow() {
    let ledger = ledger_with(vec![allocation("x", "10", 1)]);
    let granted = |plan: &Plan| after(plan).entries[&key("x")].granted().cpu.get();
    let returned = plan(&observed(ledger.clone(), vec![leased("30", 2, Some("4"))]), NOW);
    assert_eq!(granted(&returned), 4_000);
    let grows = plan(&observed(ledger.clone(), vec![leased("30", 2, None)]), NOW);
    assert!(grows.next.is_none(), "nothing changes");
    assert_eq!(verdicts(&grows)[&key("x")], Some(Verdict::Expired));
    let shrinks = plan(&observed(ledger, vec![leased("8", 2, None)]), NOW);
    assert_eq!(granted(&shrinks), 8_000, "what has ended may still become smaller");
}
