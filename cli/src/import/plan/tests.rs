use super::super::inventory::tests::good;
use super::*;

/// The cluster as it is after the inventory was written, with what its defaults add.
fn after(inventory: &Inventory) -> Existing {
    let plan = Plan::make(inventory, &Existing::default()).unwrap();
    let mut existing = Existing::default();
    for write in plan.writes {
        let mut spec = write.spec.clone();
        spec["addedByTheServer"] = json!({});
        let seen = Seen { spec, managed: json!({}), version: Some("7".into()) };
        existing.objects.entry(write.kind).or_default().insert(write.key, seen);
    }
    existing
}

fn marriage() -> Key {
    Key::new("dept-civil-affairs", "marriage-registry")
}

fn set(existing: &mut Existing, kind: Kind, key: &Key, field: &str, value: Value) {
    existing.objects.get_mut(&kind).unwrap().get_mut(key).unwrap().spec[field] = value;
}

#[test]
fn the_first_run_writes_all_and_parents_first() {
    let plan = Plan::make(&good(), &Existing::default()).unwrap();
    let counts: Vec<_> = plan.tallies().into_iter().map(|tally| (tally.created, tally.unchanged)).collect();
    // The example names no links.
    assert_eq!(counts, [(1, 0), (2, 0), (2, 0), (2, 0), (0, 0)]);
    let level = |name: &str| plan.writes.iter().find(|write| write.key.name == name).unwrap().level;
    assert!(level("city") < level("civil-affairs"));
}

#[test]
fn the_second_run_writes_nothing() {
    let inventory = good();
    let plan = Plan::make(&inventory, &after(&inventory)).unwrap();
    assert!(plan.writes.is_empty(), "{:?}", plan.writes);
    let sentences: Vec<String> = plan.tallies().iter().map(|tally| tally.sentence(false)).collect();
    assert_eq!(sentences[3], "allocations: 0 created, 0 changed, 2 unchanged");
}

/// The kinds' own types leave out what is false: compared as those, each run would write again.
#[test]
fn an_object_is_compared_as_the_cluster_has_it() {
    let object: DynamicObject = serde_json::from_value(json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "Department",
        "metadata": {"name": "city", "resourceVersion": "7", "managedFields": [
            {"manager": "somebody", "operation": "Update", "fieldsV1": {"f:spec": {"f:parent": {}}}},
            {"manager": MANAGER, "operation": "Apply", "fieldsV1": {"f:spec": {"f:sample": {}, "f:division": {}}}},
        ]},
        "spec": {"sample": false, "division": "420900"}
    }))
    .unwrap();
    let seen = Seen::of(&object);
    let step = |wanted: Value| step(Kind::Departments, Some(&seen), &wanted);
    assert_eq!(step(json!({"sample": false, "division": "420900"})), Step::Unchanged);
    assert_eq!(step(json!({"sample": false})), Step::Change { version: Some("7".into()) });
}

#[test]
fn what_a_request_has_set_is_left_alone() {
    let inventory = good();
    let mut existing = after(&inventory);
    let more = json!({"cpu": "72", "memory": "128G", "storage": "10T"});
    set(&mut existing, Kind::Allocations, &marriage(), "resources", more);
    let plan = Plan::make(&inventory, &existing).unwrap();
    assert_eq!(plan.writes[0].step, Step::Change { version: Some("7".into()) });
    set(&mut existing, Kind::Allocations, &marriage(), "decision", json!("qd-1"));
    let plan = Plan::make(&inventory, &existing).unwrap();
    assert!(plan.writes.is_empty());
    assert_eq!(plan.kept(), ["dept-civil-affairs/marriage-registry"]);
    assert_eq!(plan.tallies()[3].sentence(false), "allocations: 0 created, 0 changed, 1 unchanged, 1 left alone");
}

#[test]
fn what_cant_move_is_a_fault_of_its_row() {
    let inventory = good();
    let mut existing = after(&inventory);
    set(&mut existing, Kind::Allocations, &marriage(), "pool", json!("inspur"));
    let applications = existing.objects.get_mut(&Kind::Applications).unwrap();
    let portal = applications.remove(&Key::new("dept-city", "portal")).unwrap();
    applications.insert(Key::new("dept-elsewhere", "portal"), portal);
    let faults = Plan::make(&inventory, &existing).unwrap_err();
    let told: Vec<_> = faults.iter().map(|fault| (fault.row, fault.column.as_str())).collect();
    assert_eq!(told, [(2, "pool"), (3, "department")]);
}

#[test]
fn the_body_has_only_what_the_row_says() {
    let plan = Plan::make(&good(), &Existing::default()).unwrap();
    let write = plan.writes.iter().find(|write| write.kind == Kind::Allocations).unwrap();
    assert_eq!(
        body(write, Some("7")),
        json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "Allocation",
            "metadata": {"name": "marriage-registry", "namespace": "dept-civil-affairs", "resourceVersion": "7"},
            "spec": {"application": "marriage-registry", "pool": "cec", "resources": {"cpu": "64", "memory": "128G", "storage": "10T"}}
        })
    );
}
