use ledger::Bundle;
use serde_json::json;

use super::*;

fn allocation(base: bool) -> Allocation {
    let amounts = json!({"cpu": "8", "memory": "8G", "storage": "1T"});
    let lease = json!({"expiresAt": "2026-12-01T00:00:00+08:00", "base": base.then_some(&amounts)});
    let object = json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "Allocation", "metadata": {"name": "a"},
        "spec": {"application": "a", "pool": "cec", "resources": amounts, "lease": lease},
    });
    serde_json::from_value(object).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn what_ends_says_how() {
    let (before, end) = (at("2026-11-30T23:59:58+08:00"), at("2026-12-01T00:00:00+08:00"));
    let said = |base, now| {
        let saying = expired(&allocation(base), now);
        (saying.status, saying.reason)
    };
    assert_eq!(said(true, before), (false, "LeaseRunning"));
    assert_eq!(said(true, end), (false, "Returned"));
    assert_eq!(said(false, before), (false, "LeaseRunning"));
    assert_eq!(said(false, end), (true, "LeaseEnded"));
    assert_eq!(ends_in(&allocation(true), before), Some(Duration::from_secs(2)), "a timer, not a poll");
    assert_eq!(ends_in(&allocation(true), at("2026-12-01T00:00:01+08:00")), None);
}

#[test]
fn what_is_used_beyond_the_end_is_overdue_and_what_only_drains_is_not() {
    let (end, some) = (at("2026-12-01T00:00:00+08:00"), Bundle::new(20_000, 0, 0));
    let held = Drained::Waiting { held_by: vec!["pod p".to_owned()] };
    let lowering = Drained::Waiting { held_by: vec![] };
    let cases = [
        (true, end, some, &held, true),
        (true, at("2026-11-30T23:59:59+08:00"), some, &held, false),
        (true, end, Bundle::ZERO, &held, false),
        (true, end, some, &lowering, false),
        (true, end, some, &Drained::Returned, false),
        (false, end, some, &held, false),
    ];
    for (base, now, draining, drained, expected) in cases {
        let saying = overdue(&allocation(base), draining, drained, now);
        assert_eq!(saying.status, expected, "{base} {now} {draining:?} {drained:?}: {saying:?}");
    }
}
