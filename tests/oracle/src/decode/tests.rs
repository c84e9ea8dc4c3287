//! Objects as a running API server (1.37) keeps them: `stored/` has the bytes.

use serde_json::json;

use super::{Charge, Key, Kind, Ledger, Namespace, Quota, samples};
use crate::amounts::{Amounts, Kind as Resource};

#[test]
fn a_stored_quota_is_read() {
    let quota = Quota::decode(include_bytes!("stored/quota.bin")).unwrap();
    assert!(quota.is_marked);
    assert_eq!(quota.fence.as_deref(), Some("0d2f6a52-8a9c-4b7e-8f1d-2b7c9e4a6d10/7"));
    assert_eq!(quota.bound(), Amounts([8_000, 16_000_000_000, 2_000_000_000_000]));
    assert_eq!(quota.used, Amounts([3_100, 1_178_000_000, 10 << 30]));
    assert_eq!((quota.uid.len(), quota.spec.keys.len(), quota.missing().count()), (36, 5, 0));
}

#[test]
fn a_stored_namespace_is_read() {
    let namespace = Namespace::decode(include_bytes!("stored/namespace.bin")).unwrap();
    assert_eq!((namespace.is_managed, namespace.is_terminating, namespace.uid.len()), (true, false, 36));
}

/// The API server charged the quota above with exactly these two.
#[test]
fn a_stored_pod_and_claim_are_charged_as_the_api_server_does() {
    let pod = Charge::decode_pod(include_bytes!("stored/pod.bin")).unwrap();
    let claim = Charge::decode_claim(include_bytes!("stored/claim.bin")).unwrap();
    assert_eq!(pod.0, Amounts([3_100, 1_178_000_000, 0]));
    assert_eq!(claim.0, Amounts([0, 0, 10 << 30]));
}

#[test]
fn a_pod_is_charged_with_the_most_it_needs_at_once() {
    let cases = [
        (samples::pod("2", "Running"), 2_000),
        (samples::pod("2", "Failed"), 0),
        (samples::pod_with_init("2", &[("1", "")], "0"), 2_000),
        (samples::pod_with_init("2", &[("3", "")], "0"), 3_000),
        (samples::pod_with_init("2", &[("1", "Always"), ("2500m", "")], "0"), 3_500),
        (samples::pod_with_init("2", &[("2500m", ""), ("1", "Always")], "100m"), 3_100),
    ];
    for (bytes, expected) in cases {
        assert_eq!(Charge::decode_pod(&bytes).unwrap().0.of(Resource::Cpu), expected);
    }
}

#[test]
fn keys_are_taken_apart() {
    let cases = [
        ("/registry/yunheng.io/poolledgers/cec", Some((Kind::Ledger, "", "cec"))),
        ("/registry/yunheng.io/allocations/dept-a/x", Some((Kind::Allocation, "dept-a", "x"))),
        ("/registry/resourcequotas/app-x/yunheng", Some((Kind::Quota, "app-x", "yunheng"))),
        ("/registry/namespaces/app-x", Some((Kind::Namespace, "", "app-x"))),
        ("/registry/pods/app-x/p", Some((Kind::Pod, "app-x", "p"))),
        ("/registry/podtemplates/app-x/p", None),
        ("/registry/yunheng.io/applications/dept-a/x", None),
        ("compact_rev_key", None),
    ];
    for (text, expected) in cases {
        assert_eq!(Key::parse(text).map(|key| (key.kind, key.namespace, key.name)), expected, "{text}");
    }
}

#[test]
fn lines_that_stay_are_taken_from_the_ledger_before() {
    let line =
        |cpu: i64| json!({"allocation": "dept-a/x", "revision": 1, "granted": [cpu, 0, 0], "namespaces": ["app-x"]});
    let ledger = |lines: &[String]| {
        json!({"metadata": {"uid": "u"}, "spec": {"revision": 1, "capacity": {}, "entries": lines}}).to_string()
    };
    let one = Ledger::decode(ledger(&[line(1).to_string()]).as_bytes(), None).unwrap();
    let same = Ledger::decode(ledger(&[line(1).to_string()]).as_bytes(), Some(&one)).unwrap();
    assert!(std::sync::Arc::ptr_eq(&one.entries["dept-a/x"], &same.entries["dept-a/x"]));
    let other = Ledger::decode(ledger(&[line(2).to_string()]).as_bytes(), Some(&one)).unwrap();
    assert_eq!((one.out.0[0], same.out.0[0], other.out.0[0]), (1, 1, 2));
    assert_eq!(other.below["a"].0[0], 2);
}
