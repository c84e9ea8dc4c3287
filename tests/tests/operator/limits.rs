//! Ceilings, contracts and the tree of departments: what bounds a grant, and what happens when
//! the bound itself is moved.

use resources::condition::{GRANTED, OVER_CEILING, OVERCOMMITTED, READY};
use serde_json::json;
use tests::people::Person;
use tests::town::{amounts, bundle, department};

use crate::town;

#[tokio::test]
async fn acceptance_17_a_ceiling_bounds_a_department_and_is_named() {
    let town = town("ceil", amounts("100", "200G", "10T")).await;
    let ceiling =
        |cpu: &str| json!({"spec": {"ceilings": [{"pool": "ceil", "cpu": cpu, "memory": "16G", "storage": "1T"}]}});
    town.change("Department", "", "ceil", ceiling("8")).await;
    town.await_department("ceil", READY, "Serving").await;
    town.allocate("ceil-a", amounts("6", "8G", "0G")).await;
    town.await_enforced("ceil-a", "6", "8G", "0G").await;
    town.allocate("ceil-b", amounts("4", "4G", "0G")).await;
    let refused = town.await_allocation("ceil-b", GRANTED, "CeilingExceeded").await;
    for part in ["cpu", "ceil", "asked 4 more", "left 2", "ceiling 8"] {
        assert!(refused.message.contains(part), "{:?} doesn't say {part:?}", refused.message);
    }

    // Below what is out it isn't accepted, and the ledger keeps the old one.
    town.change("Department", "", "ceil", ceiling("5")).await;
    town.await_department("ceil", READY, "CeilingBelowGranted").await;
    let known = town.standing().await;
    let kept = known.ledger.departments.get("ceil").unwrap().ceiling;
    assert_eq!(kept, Some(bundle(&amounts("8", "16G", "1T"))));

    // Unless somebody accepts it: then nothing is taken away, and growth is refused.
    let mut accepted = ceiling("5");
    accepted["spec"]["ceilings"][0]["acceptOvercommit"] = json!(true);
    town.change("Department", "", "ceil", accepted).await;
    town.await_department("ceil", OVER_CEILING, "AboveCeiling").await;
    town.await_department("ceil", READY, "Serving").await;
    assert_eq!(town.quota("app-ceil-a").await.enforced, Some(bundle(&amounts("6", "8G", "0G"))));
    town.resize("ceil-a", amounts("7", "8G", "0G")).await;
    town.await_allocation("ceil-a", GRANTED, "CeilingExceeded").await;

    // Raised, both fit.
    town.change("Department", "", "ceil", ceiling("11")).await;
    town.await_enforced("ceil-a", "7", "8G", "0G").await;
    town.await_enforced("ceil-b", "4", "4G", "0G").await;
    town.await_department("ceil", OVER_CEILING, "WithinCeiling").await;
    town.settles().await;
}

#[tokio::test]
async fn a_ceiling_bounds_all_departments_below() {
    let town = town("tree", amounts("100", "200G", "10T")).await;
    let ceilings = json!({"ceilings": [{"pool": "tree", "cpu": "10", "memory": "100G", "storage": "1T"}]});
    town.create(Person::CloudAdmin, department("tree-top", ceilings)).await;
    town.await_department("tree-top", READY, "Serving").await;
    town.change("Department", "", "tree", json!({"spec": {"parent": "tree-top"}})).await;
    town.await_department("tree", READY, "Serving").await;
    town.allocate("tree-a", amounts("10", "8G", "0G")).await;
    town.await_enforced("tree-a", "10", "8G", "0G").await;
    town.resize("tree-a", amounts("11", "8G", "0G")).await;
    let refused = town.await_allocation("tree-a", GRANTED, "CeilingExceeded").await;
    assert!(refused.message.contains("tree-top"), "{}", refused.message);
    assert_eq!(town.quota("app-tree-a").await.enforced, Some(bundle(&amounts("10", "8G", "0G"))));
}

#[tokio::test]
async fn departments_form_no_circle() {
    let town = town("circle", amounts("10", "20G", "1T")).await;
    for (name, parent) in [("circle-b", "circle"), ("circle-c", "circle-b")] {
        town.create(Person::CloudAdmin, department(name, json!({"parent": parent}))).await;
        town.await_department(name, READY, "Serving").await;
    }
    town.change("Department", "", "circle", json!({"spec": {"parent": "circle-c"}})).await;
    let refused = town.await_department("circle", READY, "DepartmentCycle").await;
    assert!(refused.message.contains("circle"), "{}", refused.message);
    assert_eq!(town.standing().await.ledger.departments.get("circle").unwrap().parent, None);
    town.change("Department", "", "circle", json!({"spec": {"parent": ""}})).await;
    town.await_department("circle", READY, "Serving").await;
    town.settles().await;
}

#[tokio::test]
async fn a_contract_below_what_is_out_needs_an_explicit_yes() {
    let town = town("contract", amounts("10", "20G", "1T")).await;
    town.allocate("contract-a", amounts("8", "8G", "0G")).await;
    town.await_enforced("contract-a", "8", "8G", "0G").await;
    let capacity = |cpu: &str| json!({"spec": {"contract": {"capacity": amounts(cpu, "20G", "1T")}}});
    town.change("ResourcePool", "", "contract", capacity("6")).await;
    let refused = town.await_pool(READY, "CapacityBelowGranted").await;
    assert!(refused.message.contains("cpu") && refused.message.contains("acceptOvercommit"), "{}", refused.message);
    assert_eq!(
        town.standing().await.ledger.capacity,
        bundle(&amounts("10", "20G", "1T")),
        "the ledger keeps the old one"
    );

    town.change("ResourcePool", "", "contract", json!({"spec": {"acceptOvercommit": true}})).await;
    let over = town.await_pool(OVERCOMMITTED, "AboveCapacity").await;
    assert!(over.message.contains("cpu by 2"), "{}", over.message);
    assert_eq!(
        town.quota("app-contract-a").await.enforced,
        Some(bundle(&amounts("8", "8G", "0G"))),
        "nothing is taken away"
    );

    // No change may make it worse. What leaves the overcommitted resource alone isn't refused for it.
    town.allocate("contract-b", amounts("1", "1G", "0G")).await;
    let refused = town.await_allocation("contract-b", GRANTED, "InsufficientCapacity").await;
    assert!(refused.message.contains("free 0"), "{}", refused.message);
    town.resize("contract-a", amounts("8", "9G", "0G")).await;
    town.await_enforced("contract-a", "8", "9G", "0G").await;
    // A decrease is always possible.
    town.resize("contract-a", amounts("5", "9G", "0G")).await;
    town.await_enforced("contract-a", "5", "9G", "0G").await;
    town.await_enforced("contract-b", "1", "1G", "0G").await;
    town.await_pool(OVERCOMMITTED, "WithinCapacity").await;
    town.settles().await;
}
