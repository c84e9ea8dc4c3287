//! What nobody can do, however mighty, and what pods can't do before their quota is in force.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, Client};
use serde_json::{Value, json};
use tests::eventually::{SOON, eventually};
use tests::object::{self, Place, refusal};
use tests::people::Person;
use tests::town::{amounts, bundle};

use crate::town;

#[tokio::test]
async fn the_managed_quota_is_nobodys_to_change() {
    let town = town("guard", amounts("10", "20G", "1T")).await;
    town.allocate("guard-a", amounts("2", "4G", "0G")).await;
    town.await_enforced("guard-a", "2", "4G", "0G").await;
    let quota = Place { kind: "ResourceQuota", namespace: "app-guard-a", name: "yunheng" };
    let more = json!({"spec": {"hard": {"requests.cpu": "100"}}});
    let words = "is kept by Yunheng from its ledger";
    for (who, client) in [
        ("the cluster's administrator", town.admin.clone()),
        ("the API's own account", town.cluster.client(Person::Api).await),
        ("the cloud's administrator", town.cluster.client(Person::CloudAdmin).await),
        ("a member of the department", town.cluster.client(Person::Zhang).await),
    ] {
        let admin = who == "the cluster's administrator";
        for (what, answer) in [
            ("deletes the quota", object::delete(&client, &quota).await),
            ("raises the quota", object::merge(&client, &quota, more.clone()).await.map(|_| ())),
        ] {
            let message = refusal(&format!("{who} {what}"), answer);
            // Whom the policies have to stop is told why; the others don't even get that far.
            assert!(message.contains(words) || (!admin && message.contains("forbidden")), "{who} {what}: {message}");
        }
    }
    assert_eq!(town.quota("app-guard-a").await.bound(), Some(bundle(&amounts("2", "4G", "0G"))));

    let place = Place { kind: "ResourcePool", namespace: "", name: "guard" };
    let message = refusal("the pool is deleted", object::delete(&town.admin, &place).await);
    assert!(message.contains("still has quota"), "{message}");
    let place = Place { kind: "PoolLedger", namespace: "", name: "guard" };
    let change = json!({"spec": {"capacity": {"cpuMillis": 1_000_000}}});
    refusal("the ledger is changed", object::merge(&town.admin, &place, change).await);
    town.settles().await;
}

fn pod(namespace: &str, name: &str) -> Value {
    let one = json!({"cpu": "1", "memory": "1G"});
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": name},
        "spec": {"containers": [{"name": "app", "image": "app", "resources": {"requests": one, "limits": one}}]},
    })
}

/// Tries to start pods as fast as it can until its time is over; what refused them is returned.
async fn storm(client: Client, namespace: &str, writer: usize) -> Vec<String> {
    let end = std::time::Instant::now() + Duration::from_secs(4);
    let mut refusals = Vec::new();
    for attempt in 0.. {
        if std::time::Instant::now() > end {
            break;
        }
        match object::create(&client, pod(namespace, &format!("w{writer}-{attempt}"))).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) => {
                if !refusals.contains(&status.message) {
                    refusals.push(status.message.clone());
                }
            }
            Err(error) => panic!("no answer: {error}"),
        }
    }
    refusals
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pods_that_race_a_new_namespace_stay_within_its_quota() {
    let town = town("race", amounts("10", "20G", "1T")).await;
    let storms: Vec<_> = (0..4).map(|writer| tokio::spawn(storm(town.admin.clone(), "app-race-a", writer))).collect();
    town.allocate("race-a", amounts("2", "4G", "0G")).await;
    let mut refusals = Vec::new();
    for storm in storms {
        refusals.extend(storm.await.unwrap());
    }
    let pods: Api<Pod> = Api::namespaced(town.admin.clone(), "app-race-a");
    let started = pods.list(&ListParams::default()).await.unwrap().items.len();
    assert_eq!(started, 2, "pods of one core each in a quota of two; refused with {refusals:#?}");
    assert!(refusals.iter().any(|message| message.contains("exceeded quota: yunheng")), "{refusals:#?}");
    town.settles().await;
}

#[tokio::test]
async fn a_managed_namespace_without_a_quota_takes_no_pods() {
    let town = town("bare", amounts("10", "20G", "1T")).await;
    // As the operator leaves it for some milliseconds.
    let operator = town.cluster.client(Person::Operator).await;
    let labels = json!({"yunheng.io/managed": "true", "yunheng.io/pool": "bare", "yunheng.io/department": "bare"});
    let namespace =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "app-bare-a", "labels": labels}});
    object::create(&operator, namespace).await.unwrap();
    eventually(SOON, "the gate refuses a pod and says what to do", async || {
        let message = refusal("a pod without a quota", object::would_create(&town.admin, pod("app-bare-a", "p")).await);
        let told = message.contains("yunheng-no-workload-before-its-quota") && message.contains("try-again");
        if told { Ok(()) } else { Err(message) }
    })
    .await;
    refusal("a pod", object::create(&town.admin, pod("app-bare-a", "p")).await);
}
