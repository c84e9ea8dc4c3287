use serde_json::json;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const END: &str = "2026-12-01T00:00:00+08:00";

fn spec(cpu: &str, base: Option<&str>) -> AllocationSpec {
    let amounts = |cpu: &str| json!({"cpu": cpu, "memory": "8G", "storage": "1T"});
    let lease = json!({"expiresAt": END, "base": base.map(amounts)});
    serde_json::from_value(json!({"application": "a", "pool": "cec", "resources": amounts(cpu), "lease": lease}))
        .unwrap()
}

#[test]
fn a_temporary_grant_returns_to_its_base_at_its_end_and_not_before() {
    let (before, end) = (at("2026-11-30T23:59:59+08:00"), at(END));
    let cases = [
        (spec("150", Some("100")), before, None),
        (spec("150", Some("100")), end, Some("100")),
        (spec("150", Some("0")), end, Some("0")),
        (spec("100", Some("100")), end, None),
        // It was made smaller since: it doesn't grow by ending.
        (spec("80", Some("100")), end, None),
        (spec("150", None), end, None),
    ];
    for (spec, now, expected) in cases {
        let cpu = returned(&spec, now).map(|spec| spec.resources.cpu);
        assert_eq!(cpu.as_deref(), expected, "{spec:?} at {now}");
    }
    assert!(is_expired(&spec("150", None), end) && !is_expired(&spec("150", None), before));
    assert!(!is_expired(&spec("150", Some("0")), end), "a base, even of nothing, decides by itself");
}

#[test]
fn shares_go_back_with_the_total() {
    let mut spec = spec("150", Some("100"));
    let share = |name: &str, cpu: &str| json!({"name": name, "share": {"cpu": cpu, "memory": "4G", "storage": "500G"}});
    spec.namespaces = serde_json::from_value(json!([share("app-a", "50"), share("app-b", "100")])).unwrap();
    let after = returned(&spec, at(END)).unwrap();
    let shares: Vec<Bundle> = after.namespaces.iter().map(|one| one.share.clone().unwrap().parse().unwrap()).collect();
    assert_eq!(shares[0].plus(shares[1]), after.resources.parse().unwrap());
}

fn term(since: &str, warned: &[i64]) -> GrantTerm {
    serde_json::from_value(json!({"endsAt": END, "since": since, "warned": warned})).unwrap()
}

#[test]
fn warnings_are_given_inside_the_term_and_once() {
    let days = [30, 7, 1];
    let (long, short) = ("2026-01-01T00:00:00Z", "2026-11-11T08:00:00Z");
    let cases = [
        (term(long, &[]), "2026-10-31T23:59:59+08:00", vec![], Some("2026-11-01T00:00:00+08:00")),
        (term(long, &[]), "2026-11-01T00:00:00+08:00", vec![30], Some("2026-11-24T00:00:00+08:00")),
        (term(short, &[]), "2026-11-12T00:00:00+08:00", vec![], Some("2026-11-24T00:00:00+08:00")),
        (term(short, &[]), "2026-11-24T00:00:00+08:00", vec![7], Some("2026-11-30T00:00:00+08:00")),
        (term(short, &[7]), "2026-11-24T00:00:01+08:00", vec![], Some("2026-11-30T00:00:00+08:00")),
        // Nobody looked for a week.
        (term(short, &[]), "2026-11-30T12:00:00+08:00", vec![7, 1], Some(END)),
        (term(short, &[7, 1]), "2026-11-30T12:00:00+08:00", vec![], Some(END)),
        (term(short, &[]), END, vec![], None),
    ];
    for (term, now, due, next) in cases {
        assert_eq!(warnings_due(&term, &days, at(now)), due, "{now}");
        assert_eq!(next_instant(&term, &days, at(now)), next.map(at), "{now}");
    }
}

fn allocation(decision: &str, enforced: &str) -> Allocation {
    let object = json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "Allocation",
        "metadata": {"name": "a", "annotations": {"yunheng.io/decision": decision}},
        "spec": spec("150", Some("100")), "status": {"enforced": {"cpu": enforced, "memory": "8G", "storage": "1T"}},
    });
    serde_json::from_value(object).unwrap()
}

fn request(status: &serde_json::Value) -> QuotaRequest {
    let object = json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest", "metadata": {"name": "qr"},
        "spec": {
            "requester": "zhang", "type": "Change", "application": "a", "pool": "cec",
            "resources": {"cpu": "150", "memory": "8G", "storage": "1T"}, "justification": "more citizens use it",
        },
        "status": status,
    });
    serde_json::from_value(object).unwrap()
}

#[test]
fn a_grant_is_the_last_decisions_request_s() {
    let active = request(&json!({"phase": "Active", "decision": "qd-1"}));
    let own = facts(&active, Some(&allocation("qd-1", "150")), Facts::default());
    assert_eq!((own.superseded, own.keeps.cpu.get(), own.due), (false, 100_000, Some(at(END))));
    let other = facts(&active, Some(&allocation("qd-2", "150")), Facts::default());
    assert_eq!((other.superseded, other.due), (true, None));
}

#[test]
fn a_reclaim_can_be_cancelled_until_the_quota_is_lowered() {
    let had = json!({"resources": {"cpu": "150", "memory": "8G", "storage": "1T"}});
    let keeps = json!({"resources": {"cpu": "0", "memory": "0", "storage": "0"}});
    let taken = |provisioning: bool| json!({"by": "li", "at": "2026-11-01T00:00:00Z", "keeps": keeps, "had": had, "provisioning": provisioning});
    let reclaiming =
        |provisioning| request(&json!({"phase": "Reclaiming", "decision": "qd-2", "takenBack": taken(provisioning)}));
    let lowered = |request: &QuotaRequest, allocation: &Allocation| {
        facts(request, Some(allocation), Facts { quota_lowered: true, ..Facts::default() }).quota_lowered
    };
    assert!(!lowered(&reclaiming(false), &allocation("qd-1", "150")), "not written yet");
    assert!(!lowered(&reclaiming(false), &allocation("qd-2", "150")));
    assert!(lowered(&reclaiming(false), &allocation("qd-2", "0")));
    assert!(lowered(&reclaiming(true), &allocation("qd-1", "150")), "a provisioning that was stopped stays stopped");
    let shrinks = request(&json!({"phase": "Reclaiming", "decision": "qd-2"}));
    assert!(lowered(&shrinks, &allocation("qd-2", "150")), "nobody decided to reclaim it");
}
