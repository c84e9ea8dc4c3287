//! Pools whose namespaces are in another cluster: reached, cut off, fenced off, back again.
//!
//! Two real control planes. The one with the objects of Yunheng is the hub; the other is a
//! provider's, and is cut off by stopping its API server.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing there")]

use std::time::Duration;

use k8s_openapi::api::core::v1::ResourceQuota;
use kube::{Api, Client};
use resources::condition::{CLUSTER_REACHABLE, DRAINING, ENFORCED, GRANTED, LEDGER_CONSISTENT, READY};
use resources::v1alpha1::{DecisionOutcome, Phase};
use resources::{names, quota};
use serde_json::json;
use tests::cluster::Cluster;
use tests::eventually::{SOON, eventually};
use tests::member::{Line, Member};
use tests::object::{self, Place};
use tests::people::Person;
use tests::town::{Town, amounts, bundle, pool};

/// A silence is noticed after three questions without an answer, 27 s at most; machines are busy.
const NOTICED: Duration = Duration::from_secs(90);

async fn quota_of(client: &Client, namespace: &str) -> Result<quota::Observed, String> {
    let api: Api<ResourceQuota> = Api::namespaced(client.clone(), namespace);
    let found = api.get(names::MANAGED_QUOTA).await.map_err(|error| error.to_string())?;
    Ok((&found).into())
}

async fn await_enforced(client: &Client, namespace: &str, cpu: &str, memory: &str) {
    let expected = bundle(&amounts(cpu, memory, "0"));
    eventually(NOTICED, format!("{namespace} enforces {cpu} cores and {memory}"), async || {
        let quota = quota_of(client, namespace).await?;
        if quota.enforced == Some(expected) { Ok(()) } else { Err(format!("{quota:?}")) }
    })
    .await;
}

async fn await_pool(town: &Town<'_>, type_: &str, reason: &str) {
    await_told(town, type_, reason, "").await;
}

/// Waits until the condition says this, in these words among others.
async fn await_told(town: &Town<'_>, type_: &str, reason: &str, words: &str) {
    eventually(NOTICED, format!("pool {}: {type_} {reason}: {words}", town.name), async || {
        let conditions = town.pool().await.status.map(|status| status.conditions).unwrap_or_default();
        let found = resources::condition::find(&conditions, type_);
        let said = found.is_some_and(|one| one.reason == reason && one.message.contains(words));
        if said { Ok(()) } else { Err(format!("{conditions:?}")) }
    })
    .await;
}

/// The story of a provider's cluster: its quotas are there and not in the hub; cut off, nothing is
/// given out and what is taken back stays counted; two people fence it off and it counts as free;
/// it comes back with the quotas it had, and those are lowered before anything is granted.
#[tokio::test]
async fn a_lost_cluster_is_fenced_off_and_comes_back() {
    // Each takes seconds to start.
    let starting = tokio::task::spawn_blocking(|| Member::start("members-inspur"));
    let (cluster, member) = tokio::join!(Cluster::start("members"), starting);
    let member = member.unwrap();
    let line = Line { secret: "member-inspur".to_owned(), name: "inspur".to_owned() };
    let operator = cluster.start_operator("operator").await;
    let (hub, there) = (cluster.admin().await, member.admin().await);
    let town = Town { cluster: &cluster, name: "far".to_owned(), admin: hub.clone() };

    // Named before its Secret is there: the pool says what is missing.
    let mut object = pool("far", amounts("10", "20G", "0T"));
    object["spec"]["cluster"] = line.reference();
    town.create(Person::CloudAdmin, object).await;
    town.create(Person::CloudAdmin, tests::town::department("far", json!({}))).await;
    let missing = "there is no Secret yunheng-system/member-inspur";
    await_told(&town, CLUSTER_REACHABLE, "ClusterUnreachable", missing).await;
    object::create(&hub, member.secret(&line).await).await.unwrap();
    await_pool(&town, READY, "Serving").await;

    // In force there, and nothing of it here.
    town.allocate("far-a", amounts("6", "12G", "0G")).await;
    town.allocate("far-b", amounts("2", "2G", "0G")).await;
    await_enforced(&there, "app-far-a", "6", "12G").await;
    await_enforced(&there, "app-far-b", "2", "2G").await;
    town.await_allocation("far-a", READY, "InForce").await;
    assert!(quota_of(&hub, "app-far-a").await.is_err(), "the hub has no namespace of it");
    let zhang = eventually(SOON, "members may deploy there", async || {
        let api: Api<k8s_openapi::api::rbac::v1::RoleBinding> = Api::namespaced(there.clone(), "app-far-a");
        api.get("yunheng-members").await
    })
    .await;
    assert!(zhang.subjects.unwrap().iter().any(|subject| subject.name == Person::Zhang.user()));

    // Cut off: an approval is refused with the reason, a decrease is taken and stays counted.
    member.freeze();
    await_told(&town, CLUSTER_REACHABLE, "ClusterUnreachable", "two people may fence it off").await;
    let request = town.request("Change", "far-b", amounts("3", "3G", "0G")).await;
    let answer = town.decide(Person::ApproverAdmin, &request, "Approve").await;
    assert_eq!((answer.outcome, answer.code.as_deref()), (Some(DecisionOutcome::Refused), Some("ClusterUnreachable")));
    town.resize("far-a", amounts("1", "2G", "0G")).await;
    town.await_allocation("far-a", DRAINING, "TakenBack").await;
    town.await_allocation("far-a", ENFORCED, "ClusterUnreachable").await;
    town.allocate("far-c", amounts("1", "1G", "0G")).await;
    town.await_allocation("far-c", GRANTED, "ClusterUnreachable").await;
    assert_eq!(town.standing().await.ledger.position().draining, bundle(&amounts("5", "10G", "0G")));

    fence(&town).await;
    eventually(SOON, "what drains counts as free", async || {
        let draining = town.standing().await.ledger.position().draining;
        if draining.is_zero() { Ok(()) } else { Err(format!("{draining:?}")) }
    })
    .await;
    let standing = town.standing().await;
    let causes = standing.spec.journal.iter().flat_map(|record| &record.changes).map(|change| &change.cause);
    let by: Vec<&str> = causes.filter(|cause| cause.kind == "ResourcePool").map(|cause| cause.by.as_str()).collect();
    let both = format!("{}, {}", Person::CloudAdmin.user(), OTHER_ADMIN);
    assert!(by.contains(&both.as_str()), "the journal names both: {by:?}");
    town.await_allocation("far-c", GRANTED, "ClusterUnreachable").await;
    // One application leaves altogether while its cluster is away.
    let object = Place { kind: "Allocation", namespace: &town.namespace(), name: "far-b" };
    object::delete(&hub, &object).await.unwrap();
    eventually(SOON, "far-b is out of the ledger", async || {
        let entries = town.standing().await.ledger.entries;
        if entries.keys().any(|key| key.name == "far-b") { Err("it is in it") } else { Ok(()) }
    })
    .await;

    // Back: what it had is lowered, also where nobody is left who could ask for it; then it grants.
    member.thaw();
    await_enforced(&there, "app-far-a", "1", "2G").await;
    await_enforced(&there, "app-far-b", "0", "0").await;
    await_pool(&town, CLUSTER_REACHABLE, "Reached").await;
    await_pool(&town, LEDGER_CONSISTENT, "Audited").await;
    await_enforced(&there, "app-far-c", "1", "1G").await;
    town.change("ResourcePool", "", "far", json!({"spec": {"fence": null}})).await;
    let request = town.request("Change", "far-a", amounts("9", "12G", "0G")).await;
    town.approve(&request).await;
    town.await_phase(&request, Phase::Active).await;
    await_enforced(&there, "app-far-a", "9", "12G").await;
    assert_eq!(operator.metric("yunheng_cluster_reachable", "far").await, 1.0);
}

/// Who confirms: another administrator, who isn't one of the people of the chart.
const OTHER_ADMIN: &str = "zhao@data-bureau";

/// One asks, another confirms, each in his own name.
async fn fence(town: &Town<'_>) {
    let reason = "the machine hall has burnt down, the provider says";
    let asked = json!({"reason": reason, "requestedBy": Person::CloudAdmin.user()});
    town.change("ResourcePool", "", &town.name, json!({"spec": {"fence": asked}})).await;
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "zhao"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "yunheng-cloud-admin"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": OTHER_ADMIN}],
    });
    object::create(&town.admin, binding).await.unwrap();
    let zhao = town.cluster.client_as(OTHER_ADMIN).await;
    let place = Place { kind: "ResourcePool", namespace: "", name: &town.name };
    let confirmed = json!({"spec": {"fence": {"confirmedBy": OTHER_ADMIN}}});
    eventually(SOON, "zhao may confirm", async || object::merge(&zhao, &place, confirmed.clone()).await).await;
}
