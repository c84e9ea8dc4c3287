use k8s_openapi::api::core::v1::ResourceQuota;
use resources::audit::Check;
use resources::v1alpha1::Tier;
use serde_json::{Value, json};

use super::*;

fn of<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn amounts_of(cpu: &str, memory: &str, storage: &str) -> Value {
    json!({"cpu": cpu, "memory": memory, "storage": storage})
}

fn keys_of(cpu: &str) -> Value {
    json!({"requests.cpu": cpu, "requests.memory": "128G", "requests.storage": "10T"})
}

fn quota(namespace: &str, asked: &Value, enforced: &Value, fence: &str) -> ResourceQuota {
    of(json!({
        "apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"namespace": namespace, "name": "yunheng", "annotations": {"yunheng.io/fence": fence}},
        "spec": {"hard": asked}, "status": {"hard": enforced}
    }))
}

/// One pool, one application, one allocation, one quota: everything agrees.
fn city() -> Observed {
    let conditions = json!([{"type": "Enforced", "status": "True", "reason": "Enforced", "message": "", "lastTransitionTime": "2026-11-23T06:10:00Z"}]);
    Observed {
        elsewhere: BTreeMap::new(),
        pools: vec![of(json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "ResourcePool", "metadata": {"name": "cec"},
            "spec": {
                "displayName": "p", "provider": {"name": "p", "code": "p"},
                "contract": {"id": "x", "start": "2020-01-01", "end": "2026-12-31", "capacity": amounts_of("100", "200G", "20T")}
            },
            "status": {
                "ledgerRevision": 3, "capacity": amounts_of("100", "200G", "20T"), "granted": amounts_of("64", "128G", "10T"),
                "held": amounts_of("0", "0G", "0T"), "draining": amounts_of("0", "0G", "0T"), "free": amounts_of("36", "72G", "10T")
            }
        }))],
        ledgers: vec![of(json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "PoolLedger", "metadata": {"name": "cec", "uid": "L"},
            "spec": {
                "revision": 3, "capacity": {"cpuMillis": 100_000, "memoryBytes": 200_000_000_000_i64, "storageBytes": 20_000_000_000_000_i64},
                "entries": [json!({
                    "allocation": "dept-a/registry", "uid": "A", "revision": 2, "namespaces": ["app-registry"],
                    "granted": [64_000, 128_000_000_000_i64, 10_000_000_000_000_i64]
                }).to_string()]
            }
        }))],
        departments: Vec::new(),
        applications: vec![of(json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "dept-a", "name": "registry"},
            "spec": {"displayName": "r", "tier": "Municipal"}
        }))],
        allocations: vec![of(json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "Allocation", "metadata": {"namespace": "dept-a", "name": "registry", "uid": "A"},
            "spec": {"application": "registry", "pool": "cec", "resources": amounts_of("64", "128G", "10T")},
            "status": {"granted": amounts_of("64", "128G", "10T"), "conditions": conditions}
        }))],
        quotas: vec![quota("app-registry", &keys_of("64"), &keys_of("64"), "L/2")],
        policy: Some(of(json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "CloudPolicy", "metadata": {"name": "default"},
            "spec": {"cityTotals": {
                "capacity": amounts_of("100", "200G", "20T"), "source": "s", "asOf": "2020-07-17",
                "applications": {"nationalProvincial": 0, "municipal": 1, "county": 0}
            }}
        }))),
    }
}

#[test]
fn where_everything_agrees_nothing_is_found() {
    let (summary, findings) = all(&city(), true);
    assert_eq!(findings, []);
    assert_eq!((summary.allocations, summary.enforced, summary.quotas), (1, 1, 1));
    assert_eq!(summary.pools[0].granted.memory, "128G");
    assert!(summary.remarks.is_empty());
}

/// Breaks one thing of each kind of object; the check that must find it. What each check says is
/// tested where it is.
#[test]
fn each_kind_of_object_is_looked_at() {
    type Break = fn(&mut Observed);
    let cases: [(Check, Break); 7] = [
        (Check::QuotaWithinGrant, |city| {
            city.quotas[0] = quota("app-registry", &keys_of("64"), &keys_of("80"), "L/2");
        }),
        (Check::LedgerReadable, |city| city.ledgers[0].spec.entries[0].granted.cpu_millis = -1),
        (Check::LedgerPresent, |city| city.ledgers.clear()),
        (Check::LedgerOwned, |city| city.pools.clear()),
        (Check::AllocationPresent, |city| city.allocations.clear()),
        (Check::CityTotals, |city| city.pools[0].spec.contract.capacity.cpu = "99".into()),
        (Check::CityTiers, |city| city.applications.clear()),
    ];
    for (check, damage) in cases {
        let mut city = city();
        damage(&mut city);
        let (_, findings) = all(&city, true);
        assert!(findings.iter().any(|finding| finding.check == check), "{check:?}: {findings:?}");
    }
}

/// A quota of ours that isn't named as ours is somebody else's.
#[test]
fn only_managed_quotas_are_compared() {
    let mut city = city();
    let mut other = quota("app-registry", &keys_of("1000"), &keys_of("1000"), "L/2");
    other.metadata.name = Some("by-hand".into());
    city.quotas.push(other);
    assert_eq!(all(&city, true).1, []);
}

#[test]
fn more_applications_than_published_are_a_remark_unless_asked() {
    let mut city = city();
    city.applications[0].spec.tier = Tier::County;
    let (summary, findings) = all(&city, false);
    assert_eq!((findings.len(), summary.remarks.len()), (0, 2));
    let (_, findings) = all(&city, true);
    assert_eq!(findings.iter().filter(|finding| finding.check == Check::CityTiers).count(), 2);
}

/// Scripts read these names.
#[test]
fn a_finding_is_written_with_its_names() {
    let mut city = city();
    city.quotas.clear();
    let (_, findings) = all(&city, true);
    let expected = json!([{
        "check": "QuotaPresent", "means": "Behind", "pool": "cec", "object": "app-registry/resourcequota/yunheng",
        "message": "dept-a/registry is granted 64/128G/10T, but the quota isn't there"
    }]);
    assert_eq!(serde_json::to_value(findings).unwrap(), expected);
}
