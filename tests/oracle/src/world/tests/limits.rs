//! Invariant A, and revisions of ledgers.

use serde_json::{Value, json};

use super::{Story, and, entry, ledger, with};
use crate::amounts::Kind;
use crate::report::Check::{A, Fence};
use crate::world::{Change, Event, World};

fn pool(generation: i64, cpu: &str, accepts: bool) -> Value {
    json!({
        "metadata": {"uid": "p-uid", "generation": generation},
        "spec": {
            "contract": {"capacity": {"cpu": cpu, "memory": "0", "storage": "0"}},
            "grantablePercent": {"cpu": 50, "memory": 100, "storage": 100}, "acceptOvercommit": accepts,
        },
    })
}

/// A ledger that took its capacity, in thousandths of a core, from a generation of the pool.
fn of_pool(revision: i64, generation: i64, cpu: i64, entries: &[Value]) -> Value {
    let capacity = json!({"cpuMillis": cpu, "memoryBytes": 0, "storageBytes": 0});
    let ledger = with(ledger(revision, entries), "capacity", capacity);
    with(with(ledger, "poolUid", json!("p-uid")), "poolGeneration", json!(generation))
}

#[test]
fn the_last_unit_can_be_granted_and_not_one_more() {
    let full = [entry("x", 1, 60_000, 30_000, 0), entry("y", 1, 0, 0, 10_000)];
    Story::begin().ledger(&ledger(1, &full)).expect(&[]);
    let more = [entry("x", 1, 60_000, 30_000, 0), entry("y", 2, 0, 1, 10_000)];
    let report = Story::begin().ledger(&ledger(1, &full)).ledger(&ledger(2, &more)).expect(&[(A, 2)]);
    let worst = &report.greatest[0];
    assert_eq!((worst.resource, worst.amount, worst.revision), (Kind::Cpu, 1, 2));
    assert_eq!((worst.object.as_str(), worst.culprit.as_str()), ("pool cec", "/registry/yunheng.io/poolledgers/cec"));
    assert_eq!(report.commits, 2);
}

#[test]
fn a_capacity_goes_below_what_is_out_by_choice_alone() {
    let out = |revision, cpu| [entry("x", revision, cpu, 0, 0)];
    for (accepts, expected) in [(true, vec![]), (false, vec![(A, 4)])] {
        Story::begin()
            .put("yunheng.io/resourcepools/cec", &pool(1, "100", false))
            .ledger(&of_pool(1, 1, 50_000, &out(1, 50_000)))
            .put("yunheng.io/resourcepools/cec", &pool(2, "60", accepts))
            .ledger(&of_pool(2, 2, 30_000, &out(1, 50_000)))
            // It may shrink, though it is still too much.
            .ledger(&of_pool(3, 2, 30_000, &out(3, 40_000)))
            .expect(&expected);
    }
    Story::begin()
        .put("yunheng.io/resourcepools/cec", &pool(1, "100", false))
        .ledger(&of_pool(1, 1, 50_000, &out(1, 50_000)))
        .put("yunheng.io/resourcepools/cec", &pool(2, "60", true))
        .ledger(&of_pool(2, 2, 30_000, &out(1, 50_000)))
        .ledger(&of_pool(3, 2, 30_000, &out(3, 40_000)))
        // It fits less than before, but nothing may be added.
        .ledger(&of_pool(4, 2, 30_000, &out(4, 40_001)))
        .expect(&[(A, 6)]);
}

#[test]
fn the_capacity_is_the_contract_and_its_percentage() {
    let story = |cpu| {
        let mut story = Story::begin();
        story.put("yunheng.io/resourcepools/cec", &pool(1, "100", false)).ledger(&of_pool(1, 1, cpu, &[]));
        story
    };
    story(50_000).expect(&[]);
    story(100_000).expect(&[(A, 2)]);
}

#[test]
fn a_subtree_stays_under_its_ceiling() {
    let department = |generation: i64, cpu: &str, accepts: bool| {
        json!({"metadata": {"uid": "d-uid", "generation": generation}, "spec": {"ceilings":
            [{"pool": "cec", "cpu": cpu, "memory": "0", "storage": "0", "acceptOvercommit": accepts}]}})
    };
    let tree = |generation: i64, ceiling: i64, parent: &str| {
        json!([
            {"department": "city", "uid": "d-uid", "generation": generation, "cpuMillis": ceiling, "memoryBytes": 0, "storageBytes": 0},
            {"department": "a", "parent": parent, "generation": 1},
        ])
    };
    let written = |revision, ceilings: Value, cpu| {
        with(ledger(revision, &[entry("x", revision, cpu, 0, 0)]), "ceilings", ceilings)
    };
    let begin = |cpu: i64| {
        let mut story = Story::begin();
        story.put("yunheng.io/departments/city", &department(1, "20", false)).ledger(&written(
            1,
            tree(1, 20_000, "city"),
            cpu,
        ));
        story
    };
    begin(20_000).expect(&[]);
    begin(20_001).expect(&[(A, 2)]);
    // Another ceiling than the department says.
    begin(1).ledger(&written(2, tree(1, 30_000, "city"), 1)).expect(&[(A, 3)]);
    // Lowered below what is out, by choice and not.
    for (accepts, expected) in [(true, vec![]), (false, vec![(A, 4)])] {
        begin(20_000)
            .put("yunheng.io/departments/city", &department(2, "10", accepts))
            .ledger(&written(2, tree(2, 10_000, "city"), 20_000))
            .expect(&expected);
    }
    // What moves under a ceiling counts there.
    let apart = written(1, tree(1, 20_000, ""), 30_000);
    let mut story = Story::begin();
    story.put("yunheng.io/departments/city", &department(1, "20", false)).ledger(&apart);
    story.ledger(&written(2, tree(1, 20_000, "city"), 30_000)).expect(&[(A, 3)]);
}

#[test]
fn a_ledger_that_can_t_be_read_is_a_finding() {
    let negative = and(entry("x", 1, -1, 0, 0), &json!({}));
    Story::begin().ledger(&ledger(1, &[negative])).expect(&[(A, 1)]);
    Story::begin().ledger(&ledger(1, &[entry("x", 1, 1, 0, 0), entry("x", 1, 2, 0, 0)])).expect(&[(A, 1)]);
}

#[test]
fn revisions_only_go_up_and_follow_each_change() {
    let one = [entry("x", 5, 10, 0, 0)];
    let story = |next: &Value| {
        let mut story = Story::begin();
        story.ledger(&ledger(5, &one)).ledger(next);
        story
    };
    story(&ledger(6, &one)).expect(&[]);
    // The ledger went back; it stayed and changed; it leapt.
    story(&ledger(4, &[])).expect(&[(Fence, 2)]);
    story(&ledger(5, &[])).expect(&[(Fence, 2)]);
    story(&ledger(7, &one)).expect(&[(Fence, 2)]);
    // The entry is from the future; it went back; its generation did; it changed as it was.
    story(&ledger(6, &[entry("x", 7, 10, 0, 0)])).expect(&[(Fence, 2)]);
    story(&ledger(6, &[entry("x", 4, 10, 0, 0)])).expect(&[(Fence, 2)]);
    story(&ledger(6, &[and(entry("x", 6, 9, 0, 0), &json!({"generation": 0}))])).expect(&[(Fence, 2)]);
    story(&ledger(6, &[entry("x", 5, 9, 0, 1)])).expect(&[(Fence, 2)]);
    // A ledger that was made anew begins again.
    let mut anew = ledger(1, &[]);
    anew["metadata"]["uid"] = json!("other");
    story(&anew).expect(&[]);
}

/// What was there before the reading began is taken as given; what follows isn't.
#[test]
fn a_history_that_begins_late_accepts_what_it_finds() {
    let over = |revision, cpu| ledger(revision, &[entry("x", revision, cpu, 0, 0)]).to_string().into_bytes();
    let event = |change| Event { key: "/registry/yunheng.io/poolledgers/cec".into(), change };
    let mut world = World::new(false);
    world.apply(9, event(Change::Found(over(3, 150_000)))).unwrap();
    world.apply(10, event(Change::Updated(over(4, 140_000)))).unwrap();
    world.apply(11, event(Change::Updated(over(5, 140_001)))).unwrap();
    let report = world.finish(false);
    assert_eq!(report.findings.iter().map(|one| one.revision).collect::<Vec<_>>(), [11], "{report}");
}
