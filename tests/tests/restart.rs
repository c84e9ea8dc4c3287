//! The operator is killed while it works, is started again, gives way to another, and in the end
//! has nothing more to say. A control plane of its own: all that is written there is its doing.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing there")]

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{DynamicObject, ListParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, Client, ResourceExt};
use resources::KINDS;
use resources::v1alpha1::{DecisionOutcome, Phase};
use serde_json::json;
use tests::cluster::{Cluster, Operator};
use tests::eventually::{SOON, eventually};
use tests::people::Person;
use tests::town::{Town, amounts, bundle};

const BURST: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_may_be_killed_replaced_and_left_alone() {
    let cluster = Cluster::start("restart").await;
    let operator = cluster.start_operator("first").await;
    let town = Town::found(&cluster, "burst", amounts("100", "200G", "10T")).await;

    let operator = kill_in_a_burst(&town, operator).await;
    let operator = kill_while_something_drains(&town, operator).await;
    admin_pages_answer(&operator).await;
    let operator = another_takes_over(&town, operator).await;
    nothing_is_written_when_nothing_happens(&town, &operator).await;

    let ended = terminate(operator).await;
    assert!(ended.success(), "{ended}");
    let holder = lease_holder(&town.admin).await;
    assert_eq!(holder, "", "the lease is given back");
}

/// Twenty approvals at once, and three kills while they are carried out.
async fn kill_in_a_burst(town: &Town<'_>, mut operator: Operator) -> Operator {
    let requests = join_all((0..BURST).map(|number| async move {
        let mut object = town.request_object("New", &format!("burst-{number}"), amounts("2", "3G", "100G"));
        object["spec"]["newApplication"] = json!({"displayName": "x", "tier": "County", "securityGrade": 2});
        town.send(Person::Zhang, object).await
    }))
    .await;
    let deciding = join_all(requests.iter().map(|request| town.decide(Person::ApproverAdmin, request, "Approve")));
    let killing = async {
        // The first answers take tens of milliseconds, all twenty some hundreds.
        for pause in [60, 150, 300] {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            operator.process.signal("KILL");
            let ended = operator.process.ended(SOON).await;
            assert_eq!(ended.code(), Some(128 + 9), "it was killed, not ended");
            operator = town.cluster.start_operator("first").await;
        }
        operator
    };
    let (outcomes, operator) = tokio::join!(deciding, killing);
    for outcome in outcomes {
        assert_eq!(outcome.outcome, Some(DecisionOutcome::Applied), "{outcome:?}");
    }
    for request in &requests {
        let request = town.await_phase(request, Phase::Active).await;
        let numbers = request.status.unwrap().history.iter().filter(|step| step.to == Phase::Approved).count();
        assert_eq!(numbers, 1, "approved once");
    }
    let standing = town.settles().await;
    assert_eq!(standing.ledger.entries.len(), BURST);
    assert_eq!(
        standing.ledger.position().granted,
        bundle(&amounts("40", "60G", "2000G")),
        "nothing is lost or doubled"
    );
    assert_eq!(standing.ledger.position().total(), standing.ledger.position().granted);
    let mut numbers: Vec<_> = join_all(requests.iter().map(|request| town.asked(request))).await;
    numbers.sort_by_key(|request| request.status.as_ref().unwrap().number.clone());
    numbers.dedup_by_key(|request| request.status.as_ref().unwrap().number.clone());
    assert_eq!(numbers.len(), BURST, "each request has a number of its own");
    operator
}

async fn kill_while_something_drains(town: &Town<'_>, operator: Operator) -> Operator {
    let one = json!({"cpu": "1", "memory": "1G"});
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "app-burst-0", "name": "holder"},
        "spec": {"containers": [{"name": "app", "image": "app", "resources": {"requests": one, "limits": one}}]},
    });
    tests::object::create(&town.admin, pod).await.unwrap();
    town.resize("burst-0", amounts("0", "0G", "0G")).await;
    town.await_allocation("burst-0", "Draining", "TakenBack").await;
    operator.process.signal("KILL");
    drop(operator);
    // It goes while nobody watches.
    let place = tests::object::Place { kind: "Pod", namespace: "app-burst-0", name: "holder" };
    tests::object::delete(&town.admin, &place).await.unwrap();
    let operator = town.cluster.start_operator("first").await;
    eventually(SOON, "what was freed while nobody watched comes back", async || {
        let draining = town.standing().await.ledger.position().draining;
        if draining.is_zero() { Ok(()) } else { Err(format!("{draining:?}")) }
    })
    .await;
    town.await_allocation("burst-0", "Draining", "NothingDrains").await;
    town.settles().await;
    operator
}

async fn admin_pages_answer(operator: &Operator) {
    for path in ["/healthz", "/readyz"] {
        assert_eq!(operator.page(path).await.unwrap().0, 200, "{path}");
    }
    assert!((operator.metric("yunheng_leading", "").await - 1.0).abs() < f64::EPSILON);
    assert!((operator.metric("yunheng_ledger_audit_findings", "burst").await).abs() < f64::EPSILON);
    let granted = operator.metric("yunheng_pool_granted", r#"resource="cpu""#).await;
    assert!((granted - 38_000.0).abs() < f64::EPSILON, "19 applications of two cores, in thousandths: {granted}");
    assert!(operator.metric("yunheng_reconcile_duration_seconds_count", "pool").await > 0.0);
}

/// A second one stands by, is ready to, and leads soon after the first has ended.
async fn another_takes_over(town: &Town<'_>, first: Operator) -> Operator {
    let second = town.cluster.launch_operator("second").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(second.page("/readyz").await.unwrap().0, 200);
    assert!(second.metric("yunheng_leading", "").await < 1.0, "one leads");
    assert_eq!(lease_holder(&town.admin).await, "first");
    let ended = terminate(first).await;
    assert!(ended.success(), "{ended}");
    // Given back, not run out: that would take fifteen seconds.
    eventually(Duration::from_secs(10), "the second leads", async || {
        let holder = lease_holder(&town.admin).await;
        if holder == "second" { Ok(()) } else { Err(holder) }
    })
    .await;
    second.await_leading().await;
    town.allocate("after", amounts("1", "1G", "0G")).await;
    town.await_enforced("after", "1", "1G", "0G").await;
    second
}

async fn terminate(operator: Operator) -> std::process::ExitStatus {
    operator.process.signal("TERM");
    operator.process.ended(SOON).await
}

async fn lease_holder(admin: &Client) -> String {
    let leases: Api<Lease> = Api::namespaced(admin.clone(), "yunheng-system");
    let lease = leases.get("yunheng-operator").await.expect("the leader's lease is there");
    lease.spec.and_then(|spec| spec.holder_identity).unwrap_or_default()
}

/// Five seconds to settle, then ten in which nothing may move.
async fn nothing_is_written_when_nothing_happens(town: &Town<'_>, operator: &Operator) {
    town.settles().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (before, writes) = (versions(&town.admin).await, operator.metric("yunheng_writes_total", "").await);
    assert!(before.len() > 3 * BURST, "there is something to watch: {} objects", before.len());
    tokio::time::sleep(Duration::from_secs(10)).await;
    let after = versions(&town.admin).await;
    let moved: Vec<_> = after.iter().filter(|(object, version)| before.get(*object) != Some(version)).collect();
    assert!(moved.is_empty(), "written although nothing happened: {moved:#?}");
    assert_eq!(before.len(), after.len());
    assert!((operator.metric("yunheng_writes_total", "").await - writes).abs() < f64::EPSILON);
    town.settles().await;
}

/// The versions of everything that the operator writes, its lease aside.
async fn versions(admin: &Client) -> BTreeMap<String, String> {
    let ours = KINDS.iter().map(|kind| ("yunheng.io", "v1alpha1", kind.kind, kind.plural));
    let others = [
        ("", "v1", "Namespace", "namespaces"),
        ("", "v1", "ResourceQuota", "resourcequotas"),
        ("", "v1", "LimitRange", "limitranges"),
        ("", "v1", "ConfigMap", "configmaps"),
        ("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
        ("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings"),
        ("events.k8s.io", "v1", "Event", "events"),
    ];
    let mut versions = BTreeMap::new();
    for (group, version, kind, plural) in ours.chain(others) {
        let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural);
        let api: Api<DynamicObject> = Api::all_with(admin.clone(), &resource);
        for object in api.list(&ListParams::default()).await.unwrap_or_else(|error| panic!("{plural}: {error}")) {
            let name = format!("{kind} {}/{}", object.namespace().unwrap_or_default(), object.name_any());
            versions.insert(name, object.resource_version().unwrap_or_default());
        }
    }
    versions
}
