//! N2: grants per second, from the request to the quota that the API server enforces, and how near
//! that is to what the API server can write at all.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, ServiceAccount};
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use resources::names;
use serde_json::{Value, json};
use tests::cluster::{Cluster, Operator};
use tests::eventually::eventually;
use tests::object;
use tests::people::Person;
use tests::town::{amounts, bundle};

use crate::estate::{Estate, PATIENCE};
use crate::measure::{RAW_NAMESPACE, Raw, raw_write_rate, say, spread, tell, timed};

const CLIENTS: usize = 64;
const ALLOCATIONS: usize = 500;
const NEW: usize = 200;

pub async fn measure() {
    let begun = Instant::now();
    let cluster = Cluster::start("bench-grants").await;
    say(begun, "the control plane runs");
    let admin = cluster.admin().await;
    let raw = raw_write_rate(&admin, Raw::ConfigMap).await;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": RAW_NAMESPACE}});
    object::create(&admin, namespace).await.expect("a namespace can be made");
    let raw_ours = raw_write_rate(&admin, Raw::Application).await;
    say(
        begun,
        &format!("it writes {raw:.0} config maps or {raw_ours:.0} applications a second with {CLIENTS} clients"),
    );
    let operator = cluster.start_operator("operator").await;
    let estate = Estate::found(&cluster, "grants", 10).await;
    let took = estate.allocate(0, ALLOCATIONS).await;
    say(begun, &format!("{ALLOCATIONS} allocations written directly were in force after {:.1} s", took.as_secs_f64()));

    settled(&admin).await;
    say(begun, "the control plane has looked after the new namespaces");

    let people =
        People { zhang: cluster.client(Person::Zhang).await, approver: cluster.client(Person::ApproverAdmin).await };
    let change = round(&estate, &operator, &people, "Change", 0..ALLOCATIONS).await;
    change.tell("grants per second, from request to enforced quota (change of an existing one)", "≥ 120");
    let share = 100.0 * change.rate / (raw / change.writes);
    let detail =
        format!("raw {raw:.0} writes/s with {CLIENTS} clients in the same run, {:.1} writes per grant", change.writes);
    tell("N2", "share of raw write rate ÷ writes per grant", share, "%", "≥ 60", &detail);
    settled(&admin).await;
    let new = round(&estate, &operator, &people, "New", ALLOCATIONS..ALLOCATIONS + NEW).await;
    new.tell("the same, each with a new application and its namespace", "–");
    say(begun, "done");
}

/// Waits until the control plane has made what it makes in each new namespace, which would be
/// counted with the grants otherwise.
async fn settled(admin: &Client) {
    let count = async || {
        let namespaces: Api<Namespace> = Api::all(admin.clone());
        let accounts: Api<ServiceAccount> = Api::all(admin.clone());
        let bundles: Api<ConfigMap> = Api::all(admin.clone());
        let namespaces = namespaces.list_metadata(&ListParams::default()).await.expect("namespaces can be listed");
        let default = ListParams::default().fields("metadata.name=default");
        let accounts = accounts.list_metadata(&default).await.expect("service accounts can be listed");
        let root = ListParams::default().fields("metadata.name=kube-root-ca.crt");
        let bundles = bundles.list_metadata(&root).await.expect("config maps can be listed");
        (namespaces.items.len(), accounts.items.len().min(bundles.items.len()))
    };
    eventually(PATIENCE, "every namespace has its service account and its root certificate", async || {
        let (wanted, there) = count().await;
        if there >= wanted { Ok(()) } else { Err(format!("{there} of {wanted} have")) }
    })
    .await;
    // And what the garbage collector looks up about the new objects.
    tokio::time::sleep(Duration::from_secs(5)).await;
}

struct People {
    zhang: Client,
    approver: Client,
}

struct Round {
    /// Grants per second.
    rate: f64,
    /// Writes per grant: the operator's and the two of the people.
    writes: f64,
    detail: String,
}

impl Round {
    fn tell(&self, measure: &str, target: &str) {
        tell("N2", measure, self.rate, "/s", target, &self.detail);
    }
}

/// Requests and approvals for these applications, 64 at a time.
async fn round(
    estate: &Estate<'_>,
    operator: &Operator,
    people: &People,
    type_: &str,
    numbers: std::ops::Range<usize>,
) -> Round {
    let target = amounts("3", "6G", "20G");
    let (count, first) = (numbers.len(), numbers.start);
    let writes = operator.metric("yunheng_writes_total", "").await;
    let commits = operator.metric("yunheng_ledger_commit_changes_count", "").await;
    let begun = Instant::now();
    let mut times =
        timed(CLIENTS, count, async |offset| grant(estate, people, type_, first + offset, &target).await).await;
    let elapsed = begun.elapsed().as_secs_f64();
    let commits = operator.metric("yunheng_ledger_commit_changes_count", "").await - commits;
    // The last statuses are written after the last quota.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let writes = operator.metric("yunheng_writes_total", "").await - writes;
    let grants = f64::from(u32::try_from(count).unwrap_or_default());
    let writes = writes / grants + 2.0;
    let detail = format!(
        "{CLIENTS} clients, {count} grants in {elapsed:.1} s, {writes:.1} writes each (operator and people), {commits:.0} ledger commits; {}",
        spread(&mut times)
    );
    Round { rate: grants / elapsed, writes, detail }
}

/// One person asks, another says yes, and the quota follows.
async fn grant(estate: &Estate<'_>, people: &People, type_: &str, number: usize, target: &Value) {
    let application = estate.application(number);
    let share = bundle(target);
    let request = estate.request_object(number, type_, &application, target);
    let request = object::create(&people.zhang, request).await.expect("zhang may ask");
    let decision = json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaDecision",
        "metadata": {"namespace": estate.namespace(number), "generateName": "qd-"},
        "spec": {
            "request": {"name": request.name_any(), "uid": request.uid()}, "requestRevision": 1,
            "verdict": "Approve", "decidedBy": Person::ApproverAdmin.user(),
        },
    });
    object::create(&people.approver, decision).await.expect("the approver may approve");
    estate.board.await_enforced(&names::application_namespace(&application), share).await;
}
