//! What drained and was given back, against what runs.

use serde_json::{Value, json};

use super::{Story, and, entry, ledger, with};
use crate::decode::samples;
use crate::report::Check::{B, Use};
use crate::world::Change;

/// Ten cores of which pods use seven, and the quota lowered to two and enforced.
fn lowered() -> Story {
    let mut story = Story::begin();
    story.ledger(&ledger(1, &[entry("x", 1, 10_000, 0, 0)])).managed("app-x").quota("app-x", 1, "10", Some("10"));
    story.pod("app-x", "p", "6").pod("app-x", "q", "1");
    story.ledger(&ledger(2, &[entry("x", 2, 2_000, 0, 8_000)])).quota("app-x", 2, "2", Some("2"));
    story
}

/// The next ledger, with so much granted and draining.
fn left(granted: i64, draining: i64) -> Value {
    ledger(3, &[entry("x", 2, granted, 0, draining)])
}

#[test]
fn what_still_runs_is_not_given_back() {
    lowered().ledger(&left(2_000, 5_000)).expect(&[]);
    let report = lowered().ledger(&left(2_000, 4_000)).expect(&[(Use, 8)]);
    assert_eq!((report.greatest[0].check, report.greatest[0].amount), (Use, 1_000));
    assert_eq!(report.greatest[0].object, "allocation dept-a/x of pool cec");
    assert!(report.findings[0].message.contains("cpu 4"), "{report}");
    lowered().ledger(&left(2_000, 0)).expect(&[(Use, 8)]);
    // What has ended or is gone is free.
    let ended = samples::pod("6", "Succeeded");
    lowered().next("pods/app-x/p", Change::Updated(ended)).ledger(&left(2_000, 0)).expect(&[]);
    lowered().delete("pods/app-x/p").ledger(&left(2_000, 0)).expect(&[]);
    // The next one is told too.
    let mut story = lowered();
    story.ledger(&left(2_000, 4_000)).ledger(&ledger(4, &[entry("x", 2, 2_000, 0, 0)]));
    story.expect(&[(Use, 8), (Use, 9)]);
}

#[test]
fn an_entry_that_goes_takes_nothing_that_runs() {
    let mut story = lowered();
    story.ledger(&ledger(3, &[entry("x", 3, 0, 0, 10_000)])).quota("app-x", 3, "0", Some("0")).ledger(&ledger(4, &[]));
    story.expect(&[(Use, 10)]);
    let mut story = lowered();
    story.delete("pods/app-x/p").delete("pods/app-x/q").ledger(&ledger(3, &[])).quota("app-x", 2, "0", Some("0"));
    // The quota of two cores was nobody's for a moment.
    story.expect(&[(B, 10)]);
}

#[test]
fn what_an_entry_takes_of_its_own_is_not_given_back() {
    let grown = ledger(3, &[entry("x", 3, 6_000, 0, 4_000)]);
    lowered().ledger(&grown).expect(&[]);
    // Two of the six that were added come from elsewhere.
    let mut story = lowered();
    story.ledger(&ledger(3, &[entry("x", 3, 5_000, 0, 0)])).expect(&[(Use, 8)]);
}

#[test]
fn claims_and_all_namespaces_count() {
    let part = |name: &str, bytes: i64| json!({"name": name, "cpuMillis": 0, "memoryBytes": 0, "storageBytes": bytes});
    let two = |revision: i64, granted: i64, draining: i64| {
        let amounts = json!({
            "granted": [0, 0, granted], "draining": [0, 0, draining],
            "namespaces": [part("app-x", granted / 2), part("app-y", granted / 2)],
        });
        let capacity = json!({"cpuMillis": 0, "memoryBytes": 0, "storageBytes": 9_000_000_000_i64});
        with(ledger(revision, &[and(entry("x", revision, 0, 0, 0), &amounts)]), "capacity", capacity)
    };
    let story = || {
        let mut story = Story::begin();
        story.ledger(&two(1, 8_000_000_000, 0));
        for namespace in ["app-x", "app-y"] {
            story.create(&format!("persistentvolumeclaims/{namespace}/c"), samples::claim("3G"));
        }
        story.ledger(&two(2, 2_000_000_000, 6_000_000_000));
        story
    };
    story().ledger(&two(3, 2_000_000_000, 4_000_000_000)).expect(&[]);
    story().ledger(&two(3, 2_000_000_000, 3_000_000_000)).expect(&[(Use, 5)]);
}

/// What two API servers let in at once beyond a quota is measured, and no fault of who gave back.
#[test]
fn what_was_let_in_by_a_race_is_not_held_against_it() {
    let mut story = lowered();
    story.delete("pods/app-x/p").pod("app-x", "r", "2");
    let report = story.ledger(&left(2_000, 0)).expect(&[]);
    assert_eq!(report.admitted_beyond[0].amount, 1_000);
}
