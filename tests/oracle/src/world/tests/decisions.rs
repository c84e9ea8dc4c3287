//! Decisions act once, and a no is a no.

use serde_json::{Value, json};

use super::{Story, and, entry, ledger, with};
use crate::report::Check::{Doubled, FalseDenial};

fn decision(verdict: &str, outcome: &str, code: &str) -> Value {
    let status = if outcome.is_empty() { json!({}) } else { json!({"outcome": outcome, "code": code}) };
    json!({
        "metadata": {"uid": "qd-uid"},
        "spec": {"request": {"name": "qr-1", "uid": "qr-uid"}, "requestRevision": 1, "verdict": verdict},
        "status": status,
    })
}

fn request(cpu: &str) -> Value {
    json!({
        "metadata": {"uid": "qr-uid"},
        "spec": {"application": "x", "pool": "cec", "resources": {"cpu": cpu, "memory": "0", "storage": "0"}},
        "status": {"phase": "Submitted"},
    })
}

const QD: &str = "yunheng.io/quotadecisions/dept-a/qd-1";
const QR: &str = "yunheng.io/quotarequests/dept-a/qr-1";

#[test]
fn an_outcome_is_written_once() {
    let applied = || {
        let mut story = Story::begin();
        story.put(QD, &decision("Approve", "", "")).put(QD, &decision("Approve", "Applied", ""));
        story
    };
    let report = applied().put(QD, &decision("Approve", "Applied", "")).expect(&[]);
    assert_eq!(report.decisions, 1);
    applied().put(QD, &decision("Approve", "Refused", "Stale")).expect(&[(Doubled, 3)]);
    applied().put(QD, &decision("Approve", "", "")).expect(&[(Doubled, 3)]);
    // The same once more, at another time, is only counted.
    let mut again = decision("Approve", "Applied", "");
    again["status"]["at"] = json!("2026-11-23T06:10:00Z");
    assert_eq!(applied().put(QD, &again).expect(&[]).answered_again, 1);
    // Another decision applied to the same request; one that was refused isn't.
    let other = |outcome| and(decision("Approve", outcome, "Stale"), &json!({"metadata": {"uid": "other"}}));
    applied().put("yunheng.io/quotadecisions/dept-a/qd-2", &other("Applied")).expect(&[(Doubled, 3)]);
    applied().put("yunheng.io/quotadecisions/dept-a/qd-2", &other("Refused")).expect(&[]);
    // A decision that was made anew under the same name is another.
    let anew = and(decision("Withdraw", "", ""), &json!({"metadata": {"uid": "other"}}));
    applied().put(QD, &anew).expect(&[]);
}

#[test]
fn a_decision_holds_once_and_grants_once() {
    let hold = json!({"hold": {"request": "qr-1", "uid": "qr-uid", "decision": "qd-1"}});
    let by =
        |revision: i64, cpu: i64, decision: &str| and(entry("x", revision, cpu, 0, 0), &json!({"decision": decision}));
    let held = |revision: i64| ledger(revision, &[and(entry("x", 1, 0, 8_000, 0), &hold)]);
    let begin = || {
        let mut story = Story::begin();
        story.ledger(&held(1)).ledger(&ledger(2, &[by(2, 8_000, "qd-1")]));
        story
    };
    begin().expect(&[]);
    begin().ledger(&ledger(3, &[and(by(2, 8_000, "qd-1"), &hold)])).expect(&[(Doubled, 3)]);
    let other = ledger(3, &[by(3, 9_000, "qd-2")]);
    begin().ledger(&other).ledger(&ledger(4, &[by(4, 9_500, "qd-3")])).expect(&[]);
    begin().ledger(&other).ledger(&ledger(4, &[by(4, 8_000, "qd-1")])).expect(&[(Doubled, 4)]);
    // A move changes two: what is left shrinks, what is entered grows.
    let two = |x: i64, y: i64| {
        let y = and(entry("y", 3, y, 0, 0), &json!({"decision": "qd-3"}));
        ledger(3, &[and(entry("x", 3, x, 0, 0), &json!({"decision": "qd-3"})), y])
    };
    begin().ledger(&two(0, 8_000)).expect(&[]);
    begin().ledger(&two(9_000, 8_000)).expect(&[(Doubled, 3)]);
}

#[test]
fn a_no_is_false_only_where_it_fitted_all_the_time() {
    let refused = || decision("Approve", "Refused", "InsufficientCapacity");
    // 90 of 100 cores are out, 5 of them by the one who asks.
    let states = |rest: i64| {
        move |revision: i64| ledger(revision, &[entry("x", 1, 5_000, 0, 0), entry("y", revision, rest, 0, 0)])
    };
    let begin = |cpu: &str| {
        let mut story = Story::begin();
        story.put("yunheng.io/allocations/dept-a/x", &request("5")).ledger(&states(85_000)(1));
        story.put(QR, &request(cpu)).put(QD, &decision("Approve", "", ""));
        story
    };
    begin("15").put(QD, &refused()).expect(&[(FalseDenial, 5)]);
    begin("16").put(QD, &refused()).expect(&[]);
    begin("15").ledger(&states(84_000)(2)).put(QD, &refused()).expect(&[(FalseDenial, 6)]);
    // It didn't fit for a moment: that was the moment it was decided in.
    begin("15").ledger(&states(86_000)(2)).ledger(&states(80_000)(3)).put(QD, &refused()).expect(&[]);
    begin("16").ledger(&states(80_000)(2)).put(QD, &refused()).expect(&[]);
    // Another reason is another matter, and what isn't known isn't judged.
    begin("15").put(QD, &decision("Approve", "Refused", "SelfApproval")).expect(&[]);
    let mut unknown = Story::begin();
    unknown.ledger(&states(85_000)(1)).put(QD, &decision("Approve", "", "")).put(QD, &refused()).expect(&[]);
}

#[test]
fn a_ceiling_is_a_reason_too() {
    let ceiling = |cpu: i64| {
        json!([
            {"department": "city", "generation": 1, "cpuMillis": cpu, "memoryBytes": 0, "storageBytes": 0},
            {"department": "a", "parent": "city", "generation": 1},
        ])
    };
    for (cpu, expected) in [(15_000, vec![(FalseDenial, 4)]), (14_999, vec![])] {
        Story::begin()
            .ledger(&with(ledger(1, &[entry("y", 1, 5_000, 0, 0)]), "ceilings", ceiling(cpu)))
            .put(QR, &request("10"))
            .put(QD, &decision("Approve", "", ""))
            .put(QD, &decision("Approve", "Refused", "CeilingExceeded"))
            .expect(&expected);
    }
}
