//! Objects as the API server has them.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{G, T, user_name};

pub fn read<K: DeserializeOwned>(mut object: Value) -> K {
    if object["kind"] == "PoolLedger" {
        write_lines(&mut object["spec"]);
    }
    serde_json::from_value(object).unwrap()
}

/// The tests write a ledger's entries as objects, which they can change; a ledger has lines.
pub fn write_lines(spec: &mut Value) {
    let amounts = |exact: &Value| json!([exact["cpuMillis"], exact["memoryBytes"], exact["storageBytes"]]);
    for entry in spec.get_mut("entries").and_then(Value::as_array_mut).into_iter().flatten() {
        let key = entry["allocation"].take();
        let text = |field: &str| key[field].as_str().unwrap_or_default().to_owned();
        entry["allocation"] = json!(format!("{}/{}", text("namespace"), text("name")));
        (entry["uid"], entry["generation"]) = (key["uid"].clone(), key["generation"].clone());
        for state in ["granted", "held", "draining"] {
            if let Some(exact) = entry.get(state).map(amounts) {
                entry[state] = exact;
            }
        }
        *entry = json!(entry.to_string());
    }
}

pub fn meta(namespace: &str, name: &str) -> Value {
    json!({
        "namespace": namespace, "name": name, "uid": format!("uid-{name}"), "generation": 1, "resourceVersion": "1",
        "creationTimestamp": "2026-11-23T06:00:00Z"
    })
}

pub fn pool(name: &str, cpu: &str, memory: &str, storage: &str) -> Value {
    json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "ResourcePool", "metadata": meta("", name),
        "spec": {
            "displayName": name, "provider": {"name": name, "code": name}, "sample": true,
            "contract": {
                "id": "X", "start": "2020-01-01", "end": "2026-12-31", "text": "",
                "capacity": {"cpu": cpu, "memory": memory, "storage": storage}
            }
        },
        "status": {
            "ledgerRevision": if name == "cec" { 7 } else { 1 }, "capacity": amounts((cpu, memory, storage)),
            "granted": if name == "cec" { amounts(("164", "328G", "11T")) } else { amounts(("0", "0", "0")) },
            "held": amounts(("0", "0", "0")), "draining": amounts(("0", "0", "0")),
            "free": if name == "cec" { amounts(("14087", "18484G", "1275T")) } else { amounts((cpu, memory, storage)) },
            "physical": {"cpu": cpu, "memory": memory, "storage": storage, "simulated": true},
            "conditions": []
        }
    })
}

pub fn exact(cpu: u64, memory: u64, storage: u64) -> Value {
    json!({"cpuMillis": cpu, "memoryBytes": memory, "storageBytes": storage})
}

pub fn empty_ledger(name: &str, cpu: u64, memory: u64, storage: u64) -> Value {
    json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "PoolLedger", "metadata": meta("", name),
        "spec": {"revision": 1, "capacity": exact(cpu, memory, storage), "ceilings": ceilings()}
    })
}

pub fn ceilings() -> Value {
    json!([{"department": "civil-affairs", "generation": 1}, {"department": "education", "generation": 1}])
}

pub fn cec_ledger() -> Value {
    let entry = |namespace: &str, name: &str, granted: Value| {
        json!({
            "allocation": {"namespace": namespace, "name": name, "uid": format!("uid-{name}"), "generation": 1},
            "revision": 7, "namespaces": [{"name": format!("app-{name}")}], "granted": granted
        })
    };
    let mut ledger = empty_ledger("cec", 14_251_000, 18_812 * G, 1_286 * T);
    ledger["spec"]["revision"] = json!(7);
    ledger["spec"]["entries"] = json!([
        entry("dept-civil-affairs", "marriage-registry", exact(64_000, 128 * G, 10 * T)),
        entry("dept-education", "school-000", exact(100_000, 200 * G, T)),
    ]);
    ledger
}

pub fn department(name: &str, display: &str, owners: &[&str], tier: &str) -> Value {
    let owners: Vec<String> = owners.iter().map(|owner| user_name(owner)).collect();
    json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "Department", "metadata": meta("", name),
        "spec": {"displayName": display, "tier": tier, "members": {"owners": owners, "users": []}}
    })
}

pub fn application(department: &str, name: &str, display: &str, tier: &str) -> Value {
    json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "Application", "metadata": meta(&format!("dept-{department}"), name),
        "spec": {"displayName": display, "tier": tier, "sample": name != "marriage-registry"}
    })
}

pub fn amounts((cpu, memory, storage): (&str, &str, &str)) -> Value {
    json!({"cpu": cpu, "memory": memory, "storage": storage})
}

pub fn allocation(department: &str, name: &str, resources: (&str, &str, &str)) -> Value {
    let condition = |type_| json!({"type": type_, "status": "True", "reason": "Ok", "message": "", "lastTransitionTime": "2026-11-23T06:00:00Z"});
    json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "Allocation", "metadata": meta(&format!("dept-{department}"), name),
        "spec": {"application": name, "pool": "cec", "resources": amounts(resources)},
        "status": {"granted": amounts(resources), "conditions": [condition("Granted"), condition("Enforced")]}
    })
}

pub fn request(department: &str, name: &str, by: &str, application: &str, resources: (&str, &str, &str)) -> Value {
    json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest", "metadata": meta(&format!("dept-{department}"), name),
        "spec": {
            "requester": user_name(by), "type": "Change", "application": application, "pool": "cec",
            "resources": amounts(resources), "justification": "more people come than before"
        },
        "status": {"phase": "Submitted", "revision": 1, "number": "2026-000001"}
    })
}

pub fn policy(path: &str) -> Value {
    json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "CloudPolicy", "metadata": meta("", "default"),
        "spec": {
            "cityTotals": {
                "capacity": amounts(("23751", "31353G", "2143T")), "source": "interview", "asOf": "2020-07-17",
                "applications": {"nationalProvincial": 0, "municipal": 1, "county": 120}
            },
            "process": [{"key": "approval.path", "value": path, "source": "test", "effectiveFrom": "2026-01-01"}]
        }
    })
}

pub fn quota(namespace: &str, hard: (&str, &str, &str), used: (&str, &str, &str)) -> Value {
    let map = |(cpu, memory, storage): (&str, &str, &str)| json!({"requests.cpu": cpu, "requests.memory": memory, "requests.storage": storage});
    let mut metadata = meta(namespace, "yunheng");
    metadata["annotations"] = json!({"yunheng.io/fence": "uid-cec/7"});
    json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata,
        "spec": {"hard": map(hard)}, "status": {"hard": map(hard), "used": map(used)}
    })
}

/// A request with another status.
pub fn standing(department: &str, name: &str, status: Value) -> Value {
    let (by, application) =
        if department == "education" { ("li", "school-000") } else { ("zhang", "marriage-registry") };
    let mut request = request(department, name, by, application, ("72", "128G", "10T"));
    request["status"] = status;
    request["status"]["number"] = json!("2026-000001");
    request
}

/// What the caller sees of one action on a request: nothing where it isn't shown, else the code for
/// which it isn't his to do.
pub fn action(request: &Value, verdict: &str) -> Option<String> {
    let action = request["actions"].as_array().unwrap().iter().find(|action| action["verdict"] == verdict)?;
    Some(action["blocked"]["code"].as_str().unwrap_or_default().to_owned())
}

/// A request that passes.
pub fn new_request() -> Value {
    json!({
        "department": "civil-affairs", "type": "Change", "application": "marriage-registry", "pool": "cec",
        "resources": {"cpu": "80", "memory": "128G", "storage": "10T"},
        "justification": "more couples register in May than before"
    })
}

/// Fields of a body by path, changed.
pub fn with(mut body: Value, changes: &[(&str, Value)]) -> Value {
    for (path, value) in changes {
        let pointer = format!("/{}", path.replace('.', "/"));
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = if parent.is_empty() { &mut body } else { body.pointer_mut(parent).unwrap() };
        parent[key] = value.clone();
    }
    body
}

pub fn names(list: &Value) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

/// A county that is down, and a township below it.
pub fn links() -> Vec<Value> {
    let link = |name: &str, level: &str, uplink: &str, state: &str| {
        json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "ExtranetLink", "metadata": {"name": name},
            "spec": {"displayName": name, "level": level, "uplinks": [uplink], "class": "county", "probe": {"none": {}}},
            "status": {"state": state},
        })
    };
    vec![link("county-1", "County", "city-core", "Down"), link("town-1", "Township", "county-1", "Unreachable")]
}
