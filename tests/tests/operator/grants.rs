//! From an allocation to a quota that the API server enforces, and more of it.

use k8s_openapi::api::core::v1::{LimitRange, Namespace};
use kube::{Api, ResourceExt};
use resources::condition::{ENFORCED, GRANTED, READY};
use resources::names;
use resources::v1alpha1::Application;
use serde_json::json;
use tests::eventually::{SOON, eventually};
use tests::people::Person;
use tests::town::{amounts, bundle};

use crate::town;

#[tokio::test]
async fn an_allocation_becomes_an_enforced_quota() {
    let town = town("start", amounts("16", "32G", "2T")).await;
    town.allocate("start-a", amounts("4", "8G", "1T")).await;
    town.await_enforced("start-a", "4", "8G", "1T").await;
    town.await_allocation("start-a", READY, "InForce").await;

    let namespaces: Api<Namespace> = Api::all(town.admin.clone());
    let namespace = namespaces.get("app-start-a").await.unwrap();
    let owner = town.allocation("start-a").await.uid().unwrap();
    assert_eq!(namespace.annotations()[names::ANNOTATION_ALLOCATION], owner);
    for (label, value) in [
        (names::LABEL_MANAGED, "true"),
        (names::LABEL_DEPARTMENT, "start"),
        (names::LABEL_APPLICATION, "start-a"),
        (names::LABEL_POOL, "start"),
    ] {
        assert_eq!(namespace.labels()[label], value);
    }
    // Pods that name no amounts still run, on these defaults.
    let ranges: Api<LimitRange> = Api::namespaced(town.admin.clone(), "app-start-a");
    assert!(!ranges.get(names::MANAGED_QUOTA).await.unwrap().spec.unwrap().limits.is_empty());

    let applications: Api<Application> = Api::namespaced(town.admin.clone(), &town.namespace());
    eventually(SOON, "the application sums up its allocations", async || {
        let status = applications.get("start-a").await.unwrap().status.unwrap_or_default();
        let granted = status.granted.clone().unwrap_or_default();
        let told = granted.cpu.as_deref() == Some("4") && status.allocations == ["start-a"];
        if told { Ok(()) } else { Err(format!("{status:?}")) }
    })
    .await;
    eventually(SOON, "the pool tells what is granted and what is free", async || {
        let status = town.pool().await.status.unwrap_or_default();
        let (granted, free) = (status.granted.clone().unwrap_or_default(), status.free.clone().unwrap_or_default());
        let told = granted.memory.as_deref() == Some("8G")
            && free.memory.as_deref() == Some("24G")
            && status.summary.clone().unwrap_or_default().cpu == "4/16"
            && status.allocations == Some(1);
        if told { Ok(()) } else { Err(format!("{status:?}")) }
    })
    .await;
    let standing = town.settles().await;
    assert_eq!(standing.ledger.position().granted, bundle(&amounts("4", "8G", "1T")));
}

#[tokio::test]
async fn a_grant_grows_and_others_stay_as_they_are() {
    let town = town("grow", amounts("16", "32G", "2T")).await;
    town.allocate("grow-a", amounts("4", "8G", "1T")).await;
    town.allocate("grow-b", amounts("2", "4G", "0G")).await;
    town.await_enforced("grow-a", "4", "8G", "1T").await;
    town.await_enforced("grow-b", "2", "4G", "0G").await;
    let other = town.quota("app-grow-b").await;
    town.resize("grow-a", amounts("14", "28G", "2T")).await;
    // The last core and the last gigabyte can be granted.
    town.await_enforced("grow-a", "14", "28G", "2T").await;
    let standing = town.settles().await;
    assert_eq!(standing.ledger.free(), bundle(&amounts("0", "0G", "0G")));
    assert_eq!(town.quota("app-grow-b").await, other);
}

#[tokio::test]
async fn an_allocation_that_does_not_fit_waits_until_there_is_room() {
    let town = town("wait", amounts("10", "20G", "1T")).await;
    town.allocate("wait-a", amounts("8", "8G", "0G")).await;
    town.await_enforced("wait-a", "8", "8G", "0G").await;
    town.allocate("wait-b", amounts("4", "4G", "0G")).await;
    let waits = town.await_allocation("wait-b", GRANTED, "InsufficientCapacity").await;
    assert_eq!(waits.status, "False");
    for part in ["cpu", "asked 4 more", "free 2"] {
        assert!(waits.message.contains(part), "{:?} doesn't say {part:?}", waits.message);
    }
    assert_eq!(town.standing().await.quotas.keys().collect::<Vec<_>>(), ["app-wait-a"], "nothing is half-written");

    // A small one may pass in a pool that isn't ordered.
    town.allocate("wait-c", amounts("2", "2G", "0G")).await;
    town.await_enforced("wait-c", "2", "2G", "0G").await;

    town.resize("wait-a", amounts("4", "8G", "0G")).await;
    town.await_enforced("wait-b", "4", "4G", "0G").await;
    town.await_allocation("wait-b", GRANTED, "Granted").await;
    town.settles().await;
}

#[tokio::test]
async fn a_growth_that_does_not_fit_keeps_what_it_has() {
    let town = town("keep", amounts("10", "20G", "1T")).await;
    town.allocate("keep-a", amounts("4", "8G", "1T")).await;
    town.await_enforced("keep-a", "4", "8G", "1T").await;
    town.resize("keep-a", amounts("4", "21G", "1T")).await;
    let waits = town.await_allocation("keep-a", GRANTED, "InsufficientCapacity").await;
    assert!(
        waits.message.contains("memory") && waits.message.contains("asked 13G more, free 12G"),
        "{}",
        waits.message
    );
    let quota = town.quota("app-keep-a").await;
    assert_eq!(quota.enforced, Some(bundle(&amounts("4", "8G", "1T"))));
    // Growing and shrinking at once is decided as one: what shrinks isn't taken while it waits.
    town.resize("keep-a", amounts("10", "2G", "1T")).await;
    town.await_enforced("keep-a", "10", "2G", "1T").await;
    town.settles().await;
}

#[tokio::test]
async fn two_namespaces_share_a_grant() {
    let town = town("share", amounts("10", "20G", "1T")).await;
    town.application("share-a").await;
    let mut object = town.allocation_object("share-a", amounts("6", "6G", "0G"));
    object["spec"]["namespaces"] = json!([
        {"name": "app-share-a", "share": amounts("4", "2G", "0G")},
        {"name": "app-share-a-test", "share": amounts("2", "4G", "0G")},
    ]);
    town.create(Person::CloudAdmin, object).await;
    town.await_allocation("share-a", ENFORCED, "Enforced").await;
    assert_eq!(town.quota("app-share-a").await.enforced, Some(bundle(&amounts("4", "2G", "0G"))));
    assert_eq!(town.quota("app-share-a-test").await.enforced, Some(bundle(&amounts("2", "4G", "0G"))));

    // One is dropped: it goes to zero, and its part is granted to the other in one step.
    let one = json!([{"name": "app-share-a"}]);
    town.change("Allocation", &town.namespace(), "share-a", json!({"spec": {"namespaces": one}})).await;
    town.await_allocation("share-a", ENFORCED, "Enforced").await;
    let standing = town.settles().await;
    assert_eq!(standing.quotas["app-share-a"].enforced, Some(bundle(&amounts("6", "6G", "0G"))));
    assert_eq!(standing.quotas["app-share-a-test"].enforced, Some(ledger::Bundle::ZERO));
}

#[tokio::test]
async fn a_namespace_of_somebody_else_is_left_alone() {
    let town = town("taken", amounts("10", "20G", "1T")).await;
    let namespace =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "app-taken-a", "labels": {"team": "x"}}});
    tests::object::create(&town.admin, namespace).await.unwrap();
    town.allocate("taken-a", amounts("1", "1G", "0G")).await;
    let taken = town.await_allocation("taken-a", ENFORCED, "NamespaceTaken").await;
    assert!(taken.message.contains("app-taken-a"), "{}", taken.message);
    let namespaces: Api<Namespace> = Api::all(town.admin.clone());
    let there = namespaces.get("app-taken-a").await.unwrap();
    assert!(!there.labels().contains_key(names::LABEL_MANAGED));
    assert_eq!(there.annotations().get(names::ANNOTATION_ALLOCATION), None);
    assert_eq!(town.standing().await.quotas.len(), 0);

    // Two allocations can't have one namespace either.
    town.allocate("taken-b", amounts("1", "1G", "0G")).await;
    town.await_enforced("taken-b", "1", "1G", "0G").await;
    town.application("taken-c").await;
    let mut object = town.allocation_object("taken-c", amounts("1", "1G", "0G"));
    object["spec"]["namespaces"] = json!([{"name": "app-taken-b"}]);
    town.create(Person::CloudAdmin, object).await;
    let refused = town.await_allocation("taken-c", GRANTED, "NamespaceTaken").await;
    assert!(refused.message.contains("app-taken-b"), "{}", refused.message);
    assert_eq!(town.quota("app-taken-b").await.enforced, Some(bundle(&amounts("1", "1G", "0G"))));
    assert!(town.standing().await.findings().is_empty());
}
