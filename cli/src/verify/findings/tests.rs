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
    let exact =
        json!({"cpuMillis": 64_000, "memoryBytes": 128_000_000_000_i64, "storageBytes": 10_000_000_000_000_i64});
    let conditions = json!([{"type": "Enforced", "status": "True", "reason": "Enforced", "message": "", "lastTransitionTime": "2026-11-23T06:10:00Z"}]);
    Observed {
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
                "entries": [{
                    "allocation": {"namespace": "dept-a", "name": "registry", "uid": "A"}, "revision": 2,
                    "namespaces": [{"name": "app-registry"}], "granted": exact
                }]
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

/// Breaks one thing; the check that must find it, and a part of what it says.
#[test]
fn each_disagreement_is_found_by_its_check() {
    type Break = fn(&mut Observed);
    let cases: [(&str, &str, Break); 13] = [
        ("QuotaWithinGrant", "its quotas allow 80", |city| {
            city.quotas[0] = quota("app-registry", &keys_of("64"), &keys_of("80"), "L/2")
        }),
        ("QuotaEnforced", "enforces 60/128G/10T", |city| {
            city.quotas[0] = quota("app-registry", &keys_of("64"), &keys_of("60"), "L/2")
        }),
        ("QuotaFence", "carries fence L/1, the ledger says L/2", |city| {
            city.quotas[0] = quota("app-registry", &keys_of("64"), &keys_of("64"), "L/1");
        }),
        ("QuotaBound", "unlimited", |city| {
            city.quotas[0] = quota("app-registry", &json!({"requests.cpu": "64"}), &keys_of("64"), "L/2")
        }),
        ("QuotaPresent", "isn't there", |city| city.quotas.clear()),
        ("QuotaOwned", "no ledger knows", |city| {
            city.quotas.push(quota("app-other", &keys_of("1"), &keys_of("1"), "L/2"))
        }),
        ("LedgerReadable", "negative", |city| city.ledgers[0].spec.entries[0].granted.cpu_millis = -1),
        ("LedgerPresent", "has no ledger", |city| city.ledgers.clear()),
        ("LedgerAudit", "cpu: 64 is out of a capacity of 50", |city| city.ledgers[0].spec.capacity.cpu_millis = 50_000),
        ("LedgerOwned", "no pool", |city| city.pools.clear()),
        ("PoolFigures", "status.free.cpu is 1, the entries add up to 36", |city| {
            city.pools[0].status.as_mut().unwrap().free.as_mut().unwrap().cpu = Some("1".into());
        }),
        ("AllocationPresent", "isn't there", |city| city.allocations[0].metadata.uid = Some("other".into())),
        ("CityTotals", "cpu: the pools' contracts add up to 99, the city says 100", |city| {
            city.pools[0].spec.contract.capacity.cpu = "99".into();
        }),
    ];
    for (check, part, damage) in cases {
        let mut city = city();
        damage(&mut city);
        let (_, findings) = all(&city, true);
        let found =
            findings.iter().find(|finding| finding.check == check).unwrap_or_else(|| panic!("{check}: {findings:?}"));
        assert!(found.message.contains(part), "{found:?}");
    }
}

#[test]
fn what_somebody_accepted_is_no_finding() {
    let mut city = city();
    city.ledgers[0].spec.capacity.cpu_millis = 50_000;
    city.pools[0].spec.accept_overcommit = true;
    let (_, findings) = all(&city, true);
    assert!(findings.iter().all(|finding| finding.check != "LedgerAudit"), "{findings:?}");
}

#[test]
fn a_pool_that_speaks_of_an_older_ledger_isnt_compared() {
    let mut city = city();
    let status = city.pools[0].status.as_mut().unwrap();
    status.ledger_revision = Some(2);
    status.free = None;
    assert_eq!(all(&city, true).1, []);
}

#[test]
fn more_applications_than_published_are_a_remark_unless_asked() {
    let mut city = city();
    city.applications[0].spec.tier = Tier::County;
    let (summary, findings) = all(&city, false);
    assert_eq!((findings.len(), summary.remarks.len()), (0, 2));
    let (_, findings) = all(&city, true);
    assert_eq!(findings.iter().filter(|finding| finding.check == "CityTiers").count(), 2);
}
