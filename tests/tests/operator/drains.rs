//! What is taken back isn't given to anybody else before it is proven unusable.

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::ListParams;
use resources::condition::{DRAINING, GRANTED};
use resources::v1alpha1::{Allocation, DecisionOutcome, Phase};
use serde_json::{Value, json};
use tests::eventually::{SOON, eventually};
use tests::object::{self, Place};
use tests::people::Person;
use tests::town::{Town, amounts, bundle, pool};

use crate::town;

/// Real pods of a real Deployment. Pods that wait for a node are charged to the quota too.
fn deployment(namespace: &str, replicas: u32, requests: &Value) -> Value {
    let container = json!({"name": "app", "image": "app", "resources": {"requests": requests, "limits": requests}});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": namespace, "name": "app"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "app"}},
            "template": {"metadata": {"labels": {"app": "app"}}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 0}},
        },
    })
}

pub async fn deploy(town: &Town<'_>, namespace: &str, replicas: u32, requests: Value) {
    // Members of the department run its applications.
    let zhang = town.cluster.client(Person::Zhang).await;
    eventually(SOON, "zhang may deploy", async || {
        object::create(&zhang, deployment(namespace, replicas, &requests)).await
    })
    .await;
    await_pods(town, namespace, replicas).await;
}

async fn await_pods(town: &Town<'_>, namespace: &str, count: u32) {
    let pods: Api<Pod> = Api::namespaced(town.admin.clone(), namespace);
    eventually(SOON, format!("{count} pods in {namespace}"), async || {
        let there = pods.list(&ListParams::default()).await.map_err(|error| error.to_string())?.items.len();
        if there == count as usize { Ok(()) } else { Err(format!("{there} pods")) }
    })
    .await;
}

pub async fn scale(town: &Town<'_>, namespace: &str, replicas: u32) {
    let place = Place { kind: "Deployment", namespace, name: "app" };
    object::merge(&town.admin, &place, json!({"spec": {"replicas": replicas}})).await.unwrap();
}

#[tokio::test]
async fn what_is_used_above_the_new_size_stays_counted() {
    let town = town("shrink", amounts("10", "20G", "1T")).await;
    town.allocate("shrink-a", amounts("8", "16G", "0G")).await;
    town.await_enforced("shrink-a", "8", "16G", "0G").await;
    deploy(&town, "app-shrink-a", 3, json!({"cpu": "2", "memory": "1G"})).await;

    town.resize("shrink-a", amounts("2", "2G", "0G")).await;
    // 6 cores and 3G are used: 4 of the 6 cores and 1G of the 14G that were taken away stay counted.
    eventually(SOON, "the condition says what stays counted, and what holds it", async || {
        let now = town.await_allocation("shrink-a", DRAINING, "TakenBack").await;
        let told = now.message.contains("cpu 4, memory 1G still counted: held by pod app-");
        if told { Ok(()) } else { Err(now.message) }
    })
    .await;
    assert_eq!(
        town.quota("app-shrink-a").await.enforced,
        Some(bundle(&amounts("2", "2G", "0G"))),
        "the quota is down at once"
    );
    let position = town.standing().await.ledger.position();
    assert_eq!(position.granted, bundle(&amounts("2", "2G", "0G")));
    assert_eq!(position.draining, bundle(&amounts("4", "1G", "0G")));

    // What is proven free can be granted: 10 − 2 − 4 cores. One more can't.
    town.allocate("shrink-b", amounts("4", "4G", "0G")).await;
    town.await_enforced("shrink-b", "4", "4G", "0G").await;
    town.allocate("shrink-c", amounts("1", "1G", "0G")).await;
    let waits = town.await_allocation("shrink-c", GRANTED, "InsufficientCapacity").await;
    assert!(waits.message.contains("free 0"), "{}", waits.message);

    // One pod goes: two of the four cores come back, and the one that waited is served.
    scale(&town, "app-shrink-a", 2).await;
    town.await_enforced("shrink-c", "1", "1G", "0G").await;
    eventually(SOON, "two cores still drain", async || {
        let draining = town.standing().await.ledger.position().draining;
        if draining == bundle(&amounts("2", "0G", "0G")) { Ok(()) } else { Err(format!("{draining:?}")) }
    })
    .await;
    scale(&town, "app-shrink-a", 1).await;
    town.await_allocation("shrink-a", DRAINING, "NothingDrains").await;
    let standing = town.settles().await;
    assert_eq!(standing.ledger.free(), bundle(&amounts("3", "13G", "1T")));
}

#[tokio::test]
async fn a_claim_holds_its_storage_until_it_is_deleted() {
    let town = town("claim", amounts("10", "20G", "1T")).await;
    town.allocate("claim-a", amounts("1", "1G", "600G")).await;
    town.await_enforced("claim-a", "1", "1G", "600G").await;
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"namespace": "app-claim-a", "name": "files"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "500G"}}},
    });
    eventually(SOON, "a claim within the quota is made", async || object::create(&town.admin, claim.clone()).await)
        .await;
    town.resize("claim-a", amounts("1", "1G", "100G")).await;
    eventually(SOON, "the condition names the claim", async || {
        let now = town.await_allocation("claim-a", DRAINING, "TakenBack").await;
        let told = now.message.contains("storage 400G")
            && now.message.contains("claim files (a claim can't shrink: delete it)");
        if told { Ok(()) } else { Err(now.message) }
    })
    .await;
    let place = Place { kind: "PersistentVolumeClaim", namespace: "app-claim-a", name: "files" };
    object::delete(&town.admin, &place).await.unwrap();
    town.await_allocation("claim-a", DRAINING, "NothingDrains").await;
    let standing = town.settles().await;
    assert_eq!(standing.ledger.free().storage, bundle(&amounts("0", "0", "900G")).storage);
}

#[tokio::test]
async fn a_release_gives_everything_back_once_it_is_unused() {
    let town = town("release", amounts("10", "20G", "1T")).await;
    town.allocate("release-a", amounts("4", "8G", "1T")).await;
    town.await_enforced("release-a", "4", "8G", "1T").await;
    deploy(&town, "app-release-a", 1, json!({"cpu": "1", "memory": "1G"})).await;
    let request = town.request("Release", "release-a", amounts("0", "0G", "0G")).await;
    let status = town.decide(Person::ApproverAdmin, &request, "Approve").await;
    assert_eq!(status.outcome, Some(DecisionOutcome::Applied), "{status:?}");
    let waiting = eventually(SOON, "the request says what it waits for", async || {
        let ready = town.await_request(&request, "Ready", "Reclaiming").await;
        if ready.message.contains("pod app-") { Ok(town.asked(&request).await) } else { Err(ready.message) }
    })
    .await;
    assert_eq!(waiting.status.unwrap().phase, Some(Phase::Reclaiming));
    assert_eq!(town.quota("app-release-a").await.enforced, Some(ledger::Bundle::ZERO));
    assert_eq!(town.standing().await.ledger.position().draining, bundle(&amounts("1", "1G", "0G")));

    scale(&town, "app-release-a", 0).await;
    town.await_phase(&request, Phase::Released).await;
    let standing = town.settles().await;
    assert_eq!(standing.ledger.free(), standing.ledger.capacity);
    assert_eq!(standing.quotas["app-release-a"].bound(), Some(ledger::Bundle::ZERO));
}

/// A pool whose cluster was never reached has no ledger, and so counts nothing of anybody.
#[tokio::test]
async fn a_pool_without_a_ledger_keeps_no_namespace_from_its_next_allocation() {
    let town = town("unledgered", amounts("10", "20G", "1T")).await;
    let mut away = pool("unledgered-away", amounts("1", "1G", "1G"));
    away["spec"]["cluster"] =
        json!({"kubeconfigSecretRef": {"namespace": "default", "name": "nobody-made-it", "key": "kubeconfig"}});
    town.create(Person::CloudAdmin, away).await;
    town.allocate("unledgered-a", amounts("4", "8G", "0G")).await;
    town.await_enforced("unledgered-a", "4", "8G", "0G").await;
    let place = Place { kind: "Allocation", namespace: &town.namespace(), name: "unledgered-a" };
    object::delete(&town.cluster.client(Person::CloudAdmin).await, &place).await.unwrap();
    town.await_gone("unledgered-a").await;

    town.create(Person::CloudAdmin, town.allocation_object("unledgered-a", amounts("2", "2G", "0G"))).await;
    town.await_enforced("unledgered-a", "2", "2G", "0G").await;
    object::delete(&town.admin, &Place { kind: "ResourcePool", namespace: "", name: "unledgered-away" }).await.unwrap();
    town.settles().await;
}

#[tokio::test]
async fn a_deleted_allocation_is_drained_before_it_is_forgotten() {
    let town = town("delete", amounts("10", "20G", "1T")).await;
    town.allocate("delete-a", amounts("4", "8G", "0G")).await;
    town.await_enforced("delete-a", "4", "8G", "0G").await;
    deploy(&town, "app-delete-a", 1, json!({"cpu": "3", "memory": "1G"})).await;
    let cloud = town.cluster.client(Person::CloudAdmin).await;
    object::delete(&cloud, &Place { kind: "Allocation", namespace: &town.namespace(), name: "delete-a" })
        .await
        .unwrap();
    eventually(SOON, "all but what is used comes back", async || {
        let draining = town.standing().await.ledger.position().total();
        if draining == bundle(&amounts("3", "1G", "0G")) { Ok(()) } else { Err(format!("{draining:?}")) }
    })
    .await;
    scale(&town, "app-delete-a", 0).await;
    eventually(SOON, "the entry is gone", async || {
        let entries = town.standing().await.ledger.entries;
        if entries.is_empty() { Ok(()) } else { Err(format!("{entries:?}")) }
    })
    .await;
    assert_eq!(town.quota("app-delete-a").await.bound(), Some(ledger::Bundle::ZERO), "the quota stays, at zero");

    let allocations: Api<Allocation> = Api::namespaced(town.admin.clone(), &town.namespace());
    eventually(SOON, "the object is gone", async || match allocations.get_opt("delete-a").await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    // The same name again is a new allocation; it takes over the namespace that nobody has.
    town.create(Person::CloudAdmin, town.allocation_object("delete-a", amounts("2", "2G", "0G"))).await;
    town.await_enforced("delete-a", "2", "2G", "0G").await;
    town.settles().await;
}
