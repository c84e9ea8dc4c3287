use k8s_openapi::api::core::v1::ResourceQuota;
use serde_json::{Value, json};

use super::*;
use crate::snapshot;
use crate::v1alpha1::{CloudPolicySpec, PoolLedger, Tier};

fn of<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn amounts_of(cpu: &str, memory: &str, storage: &str) -> Value {
    json!({"cpu": cpu, "memory": memory, "storage": storage})
}

fn keys_of(cpu: &str) -> Value {
    json!({"requests.cpu": cpu, "requests.memory": "128G", "requests.storage": "10T"})
}

/// A managed quota: what it asks for, what is enforced (null: nothing yet) and its fence.
fn quota(asked: &Value, enforced: &Value, fence: &str) -> quota::Observed {
    let object: ResourceQuota = of(json!({
        "apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"namespace": "x", "name": "yunheng", "annotations": {"yunheng.io/fence": fence}},
        "spec": {"hard": asked}, "status": {"hard": enforced}
    }));
    (&object).into()
}

/// The objects of a small city. Its ledgers are made of their objects when they are looked at.
struct City {
    pools: Vec<ResourcePool>,
    ledgers: Vec<PoolLedger>,
    departments: Vec<Department>,
    allocations: Vec<Allocation>,
    quotas: BTreeMap<String, quota::Observed>,
    elsewhere: BTreeMap<String, BTreeMap<String, quota::Observed>>,
}

/// One pool, one department with a ceiling, one allocation, one quota: everything agrees.
fn city() -> City {
    City {
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
                "ceilings": [{
                    "department": "a", "generation": 1, "cpuMillis": 80_000, "memoryBytes": 200_000_000_000_i64,
                    "storageBytes": 20_000_000_000_000_i64
                }],
                "entries": [json!({
                    "allocation": "dept-a/registry", "uid": "A", "revision": 2, "namespaces": ["app-registry"],
                    "granted": [64_000, 128_000_000_000_i64, 10_000_000_000_000_i64]
                }).to_string()]
            }
        }))],
        departments: vec![of(json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "Department", "metadata": {"name": "a"},
            "spec": {
                "displayName": "a", "tier": "Municipal",
                "ceilings": [{"pool": "cec", "cpu": "80", "memory": "200G", "storage": "20T"}]
            }
        }))],
        allocations: vec![of(json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "Allocation",
            "metadata": {"namespace": "dept-a", "name": "registry", "uid": "A"},
            "spec": {"application": "registry", "pool": "cec", "resources": amounts_of("64", "128G", "10T")},
            "status": {"granted": amounts_of("64", "128G", "10T")}
        }))],
        quotas: BTreeMap::from([("app-registry".to_owned(), quota(&keys_of("64"), &keys_of("64"), "L/2"))]),
        elsewhere: BTreeMap::new(),
    }
}

impl City {
    fn findings(&self) -> Vec<Finding> {
        let read: Vec<_> = self.ledgers.iter().map(|object| (object, snapshot::ledger(&object.spec))).collect();
        let book = |name: &str| match read.iter().find(|(object, _)| object.metadata.name.as_deref() == Some(name)) {
            None => Book::Missing,
            Some((_, Err(error))) => Book::Unreadable(error.to_string()),
            Some((object, Ok(ledger))) => Book::Read { uid: object.metadata.uid.as_deref().unwrap(), ledger },
        };
        let object = |name: &str| self.pools.iter().find(|pool| pool.metadata.name.as_deref() == Some(name));
        let names: BTreeSet<&str> = (self.pools.iter().map(|pool| &pool.metadata))
            .chain(self.ledgers.iter().map(|ledger| &ledger.metadata))
            .map(|metadata| metadata.name.as_deref().unwrap())
            .collect();
        findings(&Observed {
            pools: names.into_iter().map(|name| Pool { name, object: object(name), book: book(name) }).collect(),
            departments: self.departments.iter().collect(),
            allocations: self.allocations.iter().collect(),
            quotas: &self.quotas,
            elsewhere: &self.elsewhere,
        })
    }

    fn set_quota(&mut self, quota: quota::Observed) {
        self.quotas.insert("app-registry".to_owned(), quota);
    }
}

/// A pool in a member cluster: its quotas aren't in the hub. Whoever has read them compares them; to
/// others the operator says what it finds.
#[test]
fn of_a_member_cluster_the_operators_word_is_taken_or_the_quotas_are_read() {
    let far = || {
        let mut city = city();
        let secret = json!({"kubeconfigSecretRef": {"namespace": "yunheng-system", "name": "m", "key": "kubeconfig"}});
        city.pools[0].spec.cluster = of(secret);
        let quotas = std::mem::take(&mut city.quotas);
        (city, quotas)
    };
    let condition = |type_: &str, reason: &str| {
        vec![of(json!({"type": type_, "status": "False", "reason": reason, "message": "told",
            "lastTransitionTime": "2026-11-23T00:00:00Z"}))]
    };
    let named = |city: &City| -> Vec<(&'static str, Meaning)> {
        city.findings().iter().map(|finding| (finding.check.name(), finding.means)).collect()
    };
    let (mut city, quotas) = far();
    assert_eq!(named(&city), []);
    city.pools[0].status.as_mut().unwrap().conditions = condition("LedgerConsistent", "QuotasAboveLedger");
    assert_eq!(named(&city), [("QuotaWithinGrant", Meaning::Broken)]);
    city.pools[0].status.as_mut().unwrap().conditions = condition("ClusterReachable", "ClusterUnreachable");
    city.allocations[0].status.as_mut().unwrap().conditions = condition("Enforced", "ClusterUnreachable");
    assert_eq!(named(&city), [("QuotaEnforced", Meaning::Behind); 2]);

    let (mut city, _) = far();
    city.elsewhere.insert("cec".to_owned(), quotas);
    assert_eq!(named(&city), []);
    let there = city.elsewhere.get_mut("cec").unwrap();
    there.insert("app-registry".to_owned(), quota(&keys_of("65"), &keys_of("64"), "L/2"));
    there.insert("app-left".to_owned(), quota(&keys_of("1"), &keys_of("1"), "L/1"));
    assert_eq!(named(&city), [("QuotaOwned", Meaning::Broken), ("QuotaWithinGrant", Meaning::Broken)]);
}

#[test]
fn where_everything_agrees_nothing_is_found() {
    assert_eq!(city().findings(), []);
}

/// Breaks one thing; all checks that must find it, with what it means, and a part of what the first
/// of them says.
#[test]
fn each_disagreement_is_found_by_its_check() {
    use Meaning::{Behind, Broken};
    type Break = fn(&mut City);
    type Case = (&'static [(&'static str, Meaning)], &'static str, Break);
    let cases: [Case; 20] = [
        (&[("QuotaEnforced", Behind), ("QuotaWithinGrant", Broken)], "enforces 80/128G/10T", |city| {
            city.set_quota(quota(&keys_of("64"), &keys_of("80"), "L/2"))
        }),
        (&[("QuotaEnforced", Behind), ("QuotaWithinGrant", Broken)], "enforces nothing yet", |city| {
            city.set_quota(quota(&keys_of("80"), &json!(null), "L/2"))
        }),
        (&[("QuotaEnforced", Behind)], "enforces 60/128G/10T", |city| {
            city.set_quota(quota(&keys_of("64"), &keys_of("60"), "L/2"));
        }),
        (&[("QuotaEnforced", Behind)], "enforces nothing yet", |city| {
            city.set_quota(quota(&keys_of("64"), &json!(null), "L/2"));
        }),
        (&[("QuotaFence", Behind)], "carries fence L/1, the ledger says L/2", |city| {
            city.set_quota(quota(&keys_of("64"), &keys_of("64"), "L/1"));
        }),
        (&[("QuotaFence", Broken)], "carries fence L/3, the ledger says L/2", |city| {
            city.set_quota(quota(&keys_of("64"), &keys_of("64"), "L/3"));
        }),
        (&[("QuotaFence", Broken)], "carries fence K/2, the ledger says L/2", |city| {
            city.set_quota(quota(&keys_of("64"), &keys_of("64"), "K/2"));
        }),
        (&[("QuotaBound", Broken), ("QuotaEnforced", Behind)], "unlimited", |city| {
            city.set_quota(quota(&json!({"requests.cpu": "64"}), &json!({"requests.cpu": "64"}), "L/2"));
        }),
        (&[("QuotaPresent", Behind)], "isn't there", |city| city.quotas.clear()),
        (&[("QuotaOwned", Broken)], "no ledger knows", |city| {
            city.quotas.insert("app-other".to_owned(), quota(&keys_of("1"), &keys_of("1"), "L/2"));
        }),
        (&[("QuotaOwned", Broken)], "no ledger knows", |city| {
            city.quotas.insert("app-other".to_owned(), quota(&json!({}), &json!(null), "L/2"));
        }),
        (&[("LedgerReadable", Broken), ("QuotaOwned", Broken)], "negative", |city| {
            city.ledgers[0].spec.entries[0].granted.cpu_millis = -1;
        }),
        (&[("LedgerPresent", Behind), ("QuotaOwned", Broken)], "has no ledger", |city| city.ledgers.clear()),
        (&[("LedgerAudit", Broken)], "cpu: 64 is out of a capacity of 50", |city| {
            city.ledgers[0].spec.capacity.cpu_millis = 50_000;
            city.pools[0].status = None;
        }),
        (&[("LedgerAudit", Broken)], "cpu: a has 64 out under a ceiling of 50", |city| {
            city.ledgers[0].spec.ceilings[0].cpu_millis = Some(50_000);
        }),
        (&[("LedgerOwned", Broken)], "no pool", |city| city.pools.clear()),
        (&[("LedgerOwned", Behind)], "no pool", |city| {
            city.pools.clear();
            city.ledgers[0].spec.entries.clear();
            city.quotas.clear();
        }),
        (&[("PoolFigures", Broken)], "status.free.cpu is 1, the entries add up to 36", |city| {
            city.pools[0].status.as_mut().unwrap().free.as_mut().unwrap().cpu = Some("1".into());
        }),
        (&[("AllocationPresent", Behind)], "isn't there", |city| {
            city.allocations[0].metadata.uid = Some("other".into());
        }),
        (&[("AllocationFigures", Behind)], "status.granted is 1/128G/10T, the ledger says 64/128G/10T", |city| {
            city.allocations[0].status.as_mut().unwrap().granted.as_mut().unwrap().cpu = Some("1".into());
        }),
    ];
    for (expected, part, damage) in cases {
        let mut city = city();
        damage(&mut city);
        let findings = city.findings();
        let found: Vec<_> = findings.iter().map(|finding| (finding.check.name(), finding.means)).collect();
        assert_eq!(found, expected, "{findings:#?}");
        assert!(findings[0].message.contains(part), "{findings:#?}");
        let of_pool = |finding: &Finding| finding.pool.as_deref() == Some("cec");
        assert!(
            findings.iter().all(|finding| of_pool(finding) != (finding.check == Check::QuotaOwned)),
            "{findings:#?}"
        );
    }
}

/// Legal states, however they look.
#[test]
fn what_somebody_accepted_and_what_lags_is_no_finding() {
    type Change = fn(&mut City);
    let cases: [(&str, Change); 6] = [
        ("a capacity lowered by choice", |city| {
            city.ledgers[0].spec.capacity.cpu_millis = 50_000;
            city.pools[0].spec.accept_overcommit = true;
            city.pools[0].status = None;
        }),
        ("a ceiling lowered by choice", |city| {
            city.ledgers[0].spec.ceilings[0].cpu_millis = Some(50_000);
            city.departments[0].spec.ceilings[0].accept_overcommit = true;
        }),
        ("a status that speaks of an older ledger", |city| {
            let status = city.pools[0].status.as_mut().unwrap();
            status.ledger_revision = Some(2);
            status.free = None;
        }),
        ("a quota of nobody that lets nothing in", |city| {
            let nothing = json!({"requests.cpu": "0", "requests.memory": "0", "requests.storage": "0"});
            city.quotas.insert("app-other".to_owned(), quota(&nothing, &nothing, "L/2"));
        }),
        ("a quota not yet lowered, whose difference drains", |city| {
            let entry = &mut city.ledgers[0].spec.entries[0];
            entry.granted.cpu_millis = 40_000;
            entry.draining.cpu_millis = 24_000;
            entry.revision = 2;
            city.set_quota(quota(&keys_of("40"), &keys_of("40"), "L/2"));
            city.pools[0].status = None;
            city.allocations[0].status = None;
        }),
        ("quotas that are in another cluster", |city| {
            let elsewhere = json!({"kubeconfigSecretRef": {"namespace": "s", "name": "s", "key": "k"}});
            city.pools[0].spec.cluster = of(elsewhere);
            city.quotas.clear();
        }),
    ];
    for (what, change) in cases {
        let mut city = city();
        change(&mut city);
        assert_eq!(city.findings(), [], "{what}");
    }
}

#[test]
fn only_what_every_reading_finds_lasts() {
    let mut broken = city();
    broken.set_quota(quota(&keys_of("64"), &keys_of("80"), "L/2"));
    let first = broken.findings();
    broken.set_quota(quota(&keys_of("64"), &keys_of("79"), "L/2"));
    assert_eq!(lasting(&first, broken.findings()), [], "it moves, so it is on its way");
    assert_eq!(lasting(&first, first.clone()), first);
}

#[test]
fn the_citys_own_figures_differ_by_nobodys_fault() {
    let policy: CloudPolicySpec = of(json!({"cityTotals": {
        "capacity": amounts_of("100", "200G", "20T"), "source": "s", "asOf": "2020-07-17",
        "applications": {"nationalProvincial": 0, "municipal": 1, "county": 0}
    }}));
    let totals = policy.city_totals;
    let mut city = city();
    assert_eq!(contract(&city.pools, &totals), []);
    city.pools[0].spec.contract.capacity.cpu = "99".into();
    let found = contract(&city.pools, &totals);
    assert_eq!(found[0].message, "cpu: the pools' contracts add up to 99, the city says 100");
    assert_eq!((found.len(), found[0].means), (1, Meaning::Differs));

    let differing = |tiers_there: &[Tier], totals| {
        let found =
            tiers(tiers_there.iter().copied(), totals).iter().filter_map(TierCount::finding).collect::<Vec<_>>();
        found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
    };
    assert_eq!(differing(&[Tier::Municipal], Some(&totals)), Vec::<String>::new());
    let expected = [
        "0 applications of tier Municipal, the city published 1",
        "1 applications of tier County, the city published 0",
    ];
    assert_eq!(differing(&[Tier::County], Some(&totals)), expected);
    assert_eq!(differing(&[Tier::County], None), Vec::<String>::new());
}
