//! N7: a page of 100 out of 20,800 applications, filtered and sorted, at 64 connections.

use std::time::{Duration, Instant};

use kube::api::ListParams;
use kube::{Api, Client};
use resources::v1alpha1::Application;
use serde_json::{Value, json};
use tests::cluster::Cluster;
use tests::eventually::eventually;
use tests::object;
use tests::people::Person;
use tests::town::department;

use crate::estate::{PATIENCE, application};
use crate::measure::{millis, percentile, say, spread, tell, timed};

/// A hundred times what the city has.
const APPLICATIONS: usize = 20_800;
const DEPARTMENTS: usize = 40;
const CONNECTIONS: usize = 64;
const CALLS: usize = 4_000;

/// Filters and orders, in turn.
const QUERIES: [&str; 6] = [
    "tier=County&sort=name",
    "tier=Municipal&sort=-name",
    "zone=DMZ&sort=department",
    "department=lists-d7&sort=displayName",
    "q=system+1&sort=-department",
    "tier=NationalProvincial&zone=InternetZone&sort=name",
];

pub async fn measure() {
    let begun = Instant::now();
    let cluster = Cluster::start("bench-lists").await;
    let admin = cluster.admin().await;
    load(&cluster, &admin).await;
    say(begun, &format!("{APPLICATIONS} applications in {DEPARTMENTS} departments are stored"));
    let (api, url) = cluster.start_api().await;
    let caller = Caller { http: reqwest::Client::new(), url, token: cluster.token(Person::Auditor).to_owned() };
    eventually(PATIENCE, "the API has them all", async || {
        let page = caller.page("sort=name").await;
        let total = page["total"].as_u64().unwrap_or_default();
        if total == APPLICATIONS as u64 { Ok(()) } else { Err(total) }
    })
    .await;
    for query in QUERIES {
        let page = caller.page(query).await;
        let (total, items) = (page["total"].as_u64().unwrap_or_default(), page["items"].as_array().map_or(0, Vec::len));
        assert!(items == 100 && total < APPLICATIONS as u64, "{query} filters, and fills a page: {items} of {total}");
    }
    say(begun, "the API has them all");

    let one_at_a_time = timed(1, 300, async |number| caller.call(number).await).await;
    let start = Instant::now();
    let mut times = timed(CONNECTIONS, CALLS, async |number| caller.call(number).await).await;
    let rate = f64::from(u32::try_from(CALLS).unwrap_or_default()) / start.elapsed().as_secs_f64();
    let mut paced = paced(&caller, 100).await;
    let megabytes = api.memory_bytes() / 1_000_000;
    let detail = format!(
        "{CONNECTIONS} connections that never pause: {rate:.0} lists/s, {}; API {megabytes} MB",
        spread(&mut times)
    );
    tell(
        "N7",
        "99 % of lists of 100 out of 20,800 answered",
        millis(percentile(&mut times, 99)),
        "ms",
        "≤ 20",
        &detail,
    );
    let detail = spread(&mut paced);
    tell("N7", "the same at 100 lists/s", millis(percentile(&mut paced, 99)), "ms", "–", &detail);
    let mut single = one_at_a_time;
    tell("N7", "the same, one after another", millis(percentile(&mut single, 99)), "ms", "–", &spread(&mut single));
    say(begun, "done");
}

async fn load(cluster: &Cluster, admin: &Client) {
    let cloud = cluster.client(Person::CloudAdmin).await;
    // No operator runs: the namespaces of departments are made as it makes them.
    let operator = cluster.client(Person::Operator).await;
    for number in 0..DEPARTMENTS {
        let name = format!("lists-d{number}");
        object::create(&cloud, department(&name, json!({}))).await.expect("a department can be made");
        let labels = json!({"yunheng.io/managed": "true", "yunheng.io/department": name});
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": format!("dept-{name}"), "labels": labels}});
        object::create(&operator, namespace).await.expect("a namespace can be made");
    }
    timed(64, APPLICATIONS, async |number| {
        let namespace = format!("dept-lists-d{}", number % DEPARTMENTS);
        let mut application = application(&namespace, &format!("lists-a{number}"));
        application["spec"]["displayName"] = json!(format!("政务应用系统 system {number}"));
        application["spec"]["tier"] = json!(["NationalProvincial", "Municipal", "County"][number % 3]);
        application["spec"]["zone"] = json!(["InternetZone", "ExtranetZone", "LeasedLineZone", "DMZ"][number % 4]);
        object::create(admin, application).await.expect("an application can be made");
    })
    .await;
    let all: Api<Application> = Api::all(admin.clone());
    let some = all.list(&ListParams::default().limit(1)).await.expect("applications can be listed");
    let rest = some.metadata.remaining_item_count.unwrap_or_default();
    assert_eq!(rest + 1, i64::try_from(APPLICATIONS).unwrap_or_default());
}

/// So many calls a second for ten seconds, each begun on its time whether others are done or not.
async fn paced(caller: &Caller, per_second: u32) -> Vec<Duration> {
    let start = tokio::time::Instant::now();
    let call = async |number: u32| {
        tokio::time::sleep_until(start + Duration::from_secs(1) * number / per_second).await;
        let begun = Instant::now();
        caller.call(number as usize).await;
        begun.elapsed()
    };
    futures::future::join_all((0..10 * per_second).map(call)).await
}

struct Caller {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Caller {
    async fn call(&self, number: usize) {
        self.body(QUERIES[number % QUERIES.len()]).await;
    }

    async fn page(&self, query: &str) -> Value {
        serde_json::from_str(&self.body(query).await).expect("the API answers in JSON")
    }

    async fn body(&self, query: &str) -> String {
        let url = format!("{}/api/v1/applications?limit=100&{query}", self.url);
        let answer = self.http.get(url).bearer_auth(&self.token).send().await.expect("the API answers");
        let status = answer.status();
        let text = answer.text().await.expect("the API answers in full");
        assert!(status.is_success(), "{query}: {status} {text}");
        text
    }
}
