//! Invariant B, the gate, the fences, and what was let in beyond a quota.

use serde_json::{Value, json};

use super::{Story, and, entry, ledger};
use crate::decode::samples;
use crate::report::Check::{B, Fence, Unpopulated};
use crate::world::Change;

/// A ledger with one entry of ten cores, and its quota as it should be.
fn granted() -> Story {
    let mut story = Story::begin();
    story.ledger(&ledger(1, &[entry("x", 1, 10_000, 0, 0)]));
    story.quota("app-x", 1, "0", None).quota("app-x", 1, "10", None).quota("app-x", 1, "10", Some("10"));
    story
}

#[test]
fn a_quota_follows_its_ledger_up() {
    let report = granted().expect(&[]);
    assert_eq!((report.commits, report.quota_writes), (1, 2));
    // Raised before the ledger was; held isn't granted.
    let report = granted().quota("app-x", 1, "12", Some("10")).expect(&[(B, 5)]);
    assert_eq!((report.greatest[0].amount, report.greatest[0].revision), (2_000, 5));
    assert_eq!(report.greatest[0].object, "allocation dept-a/x of pool cec");
    let held = ledger(2, &[entry("x", 1, 10_000, 2_000, 0)]);
    granted().ledger(&held).quota("app-x", 1, "12", Some("10")).expect(&[(B, 6)]);
    let raised = ledger(2, &[entry("x", 2, 12_000, 0, 0)]);
    granted().ledger(&raised).quota("app-x", 2, "12", Some("10")).expect(&[]);
}

#[test]
fn what_is_taken_back_stays_counted_until_it_is_enforced() {
    let draining = ledger(2, &[entry("x", 2, 6_000, 0, 4_000)]);
    let free = ledger(3, &[entry("x", 2, 6_000, 0, 0)]);
    let lowered = || {
        let mut story = granted();
        story.ledger(&draining).quota("app-x", 2, "6", Some("10"));
        story
    };
    lowered().quota("app-x", 2, "6", Some("6")).ledger(&free).expect(&[]);
    // The spec is lowered, but the API server still enforces the old amount.
    lowered().ledger(&free).expect(&[(B, 7)]);
    granted().ledger(&ledger(2, &[entry("x", 2, 6_000, 0, 0)])).expect(&[(B, 5)]);
    // It is told once, and again only when it gets worse.
    let still = ledger(4, &[entry("x", 2, 6_000, 1, 0)]);
    let worse = ledger(5, &[entry("x", 5, 5_000, 1, 0)]);
    lowered().ledger(&free).ledger(&still).ledger(&worse).expect(&[(B, 7), (B, 9)]);
}

#[test]
fn the_quotas_of_all_namespaces_count_together() {
    let part = |name: &str, cpu: i64| json!({"name": name, "cpuMillis": cpu, "memoryBytes": 0, "storageBytes": 0});
    let two = |first: i64, second: i64, draining: i64, revision: i64| {
        let places = json!({"namespaces": [part("app-x", first), part("app-y", second)]});
        ledger(revision, &[and(entry("x", revision, first + second, 0, draining), &places)])
    };
    let story = |moved: &Value| {
        let mut story = Story::begin();
        story.ledger(&two(10_000, 5_000, 0, 1)).quota("app-x", 1, "10", Some("10")).quota("app-y", 1, "5", Some("5"));
        story.ledger(moved).quota("app-y", 2, "10", Some("5"));
        story
    };
    // What one gives up drains before the other has it.
    story(&two(5_000, 10_000, 5_000, 2)).expect(&[]);
    story(&two(5_000, 10_000, 0, 2)).expect(&[(B, 5)]);
    // Shares that don't add up, and a namespace in two entries.
    let wrong = json!({"namespaces": [part("app-x", 1), part("app-y", 1)]});
    Story::begin().ledger(&ledger(1, &[and(entry("x", 1, 3, 0, 0), &wrong)])).expect(&[(B, 1)]);
    let taken = and(entry("y", 1, 1, 0, 0), &json!({"namespaces": ["app-x"]}));
    Story::begin().ledger(&ledger(1, &[entry("x", 1, 1, 0, 0), taken])).expect(&[(B, 1)]);
}

#[test]
fn a_quota_in_nobody_s_namespace_is_zero() {
    let report = granted().ledger(&ledger(2, &[])).expect(&[(B, 5)]);
    assert_eq!(report.greatest[0].object, "namespace app-x");
    let zero = |story: &mut Story| drop(story.quota("app-x", 1, "0", Some("0")).ledger(&ledger(2, &[])).expect(&[]));
    zero(&mut granted());
    // Also when the ledger itself goes; a quota of another name isn't ours.
    granted().delete("yunheng.io/poolledgers/cec").expect(&[(B, 5)]);
    let foreign = samples::quota("l-uid/1", "10", None);
    granted().next("resourcequotas/app-z/other", Change::Updated(foreign)).expect(&[]);
}

#[test]
fn a_key_that_is_missing_is_unlimited() {
    let keys = [("requests.cpu", "1"), ("requests.memory", "0")];
    let bytes = samples::quota_with("l-uid/1", &keys, &keys);
    granted().next("resourcequotas/app-x/yunheng", Change::Updated(bytes)).expect(&[(B, 5)]);
}

/// A namespace whose quota has left one pool for another is in both ledgers for a while: its quota
/// counts where its fence says.
#[test]
fn between_two_pools_the_fence_says_whose_it_is() {
    let mut other = ledger(1, &[and(entry("x", 1, 10_000, 0, 0), &json!({"allocation": "dept-a/x-other"}))]);
    other["metadata"]["uid"] = json!("o-uid");
    let drained = ledger(2, &[entry("x", 2, 0, 0, 0)]);
    let story = |fence: &str| {
        let mut story = granted();
        story.quota("app-x", 1, "0", Some("0")).ledger(&drained).put("yunheng.io/poolledgers/other", &other);
        let bytes = samples::quota(fence, "10", Some("0"));
        story.next("resourcequotas/app-x/yunheng", Change::Updated(bytes));
        story
    };
    story("o-uid/1").expect(&[]);
    story("l-uid/2").expect(&[(B, 8)]);
}

#[test]
fn nothing_begins_before_its_quota_is_in_force() {
    let begin = || {
        let mut story = Story::begin();
        story.ledger(&ledger(1, &[entry("x", 1, 10_000, 0, 0)])).managed("app-x");
        story
    };
    begin().quota("app-x", 1, "10", Some("10")).pod("app-x", "p", "1").expect(&[]);
    begin().pod("app-x", "p", "1").expect(&[(Unpopulated, 3)]);
    begin().quota("app-x", 1, "10", None).pod("app-x", "p", "1").expect(&[(Unpopulated, 4)]);
    let claim = samples::claim("1G");
    begin().create("persistentvolumeclaims/app-x/c", claim).expect(&[(Unpopulated, 3)]);
    // What was there stays; a namespace that is going is blocked; others are nobody's business.
    let (going, free) = (samples::namespace(true, true), samples::namespace(false, false));
    begin().next("pods/app-x/p", Change::Updated(samples::pod("1", "Running"))).expect(&[]);
    begin().next("namespaces/app-x", Change::Updated(going)).pod("app-x", "p", "1").expect(&[]);
    begin().next("namespaces/app-x", Change::Updated(free)).pod("app-x", "p", "1").expect(&[]);
    // A key that was added later is only counted.
    let all = [("requests.cpu", "10"), ("requests.memory", "0"), ("requests.storage", "0"), ("limits.cpu", "10")];
    let late = samples::quota_with("l-uid/1", &all, &all[..3]);
    let mut story = begin();
    story.quota("app-x", 1, "10", Some("10")).next("resourcequotas/app-x/yunheng", Change::Updated(late));
    assert_eq!(story.pod("app-x", "p", "1").expect(&[]).admitted_unsettled, 1);
}

#[test]
fn a_fence_is_from_the_past_of_its_ledger() {
    let later = ledger(2, &[entry("x", 2, 10_000, 0, 0)]);
    granted().ledger(&later).quota("app-x", 2, "10", Some("10")).expect(&[]);
    granted().quota("app-x", 2, "10", Some("10")).expect(&[(Fence, 5)]);
    let back = |story: &mut Story| drop(story.quota("app-x", 1, "10", Some("10")).expect(&[(Fence, 7)]));
    back(granted().ledger(&later).quota("app-x", 2, "10", Some("10")));
    for fence in ["nobody/1", "l-uid"] {
        let bytes = samples::quota(fence, "10", Some("10"));
        granted().next("resourcequotas/app-x/yunheng", Change::Updated(bytes)).expect(&[(Fence, 5)]);
    }
}

#[test]
fn what_was_let_in_beyond_a_quota_is_measured() {
    let ten = || {
        let mut story = granted();
        story.managed("app-x").pod("app-x", "p", "10");
        story
    };
    assert_eq!(ten().expect(&[]).admitted_beyond, []);
    let report = ten().pod("app-x", "q", "2500m").pod("app-x", "r", "0").expect(&[]);
    let worst = &report.admitted_beyond[0];
    assert_eq!((worst.amount, worst.revision, worst.namespace.as_str()), (2_500, 7, "app-x"));
    // What has ended isn't charged, and what is gone neither.
    let ended = samples::pod("10", "Succeeded");
    let report = ten().next("pods/app-x/p", Change::Updated(ended)).pod("app-x", "q", "10").expect(&[]);
    assert_eq!(report.admitted_beyond, []);
    assert_eq!(ten().delete("pods/app-x/p").pod("app-x", "q", "10").expect(&[]).admitted_beyond, []);
    // A quota that is lowered below what is used lets nothing in.
    let mut story = ten();
    story.ledger(&ledger(2, &[entry("x", 2, 5_000, 0, 5_000)])).quota("app-x", 2, "5", Some("5"));
    assert_eq!(story.expect(&[]).admitted_beyond, []);
}
