//! N3: how long an approver waits for the answer of the REST interface, which comes when the
//! ledger has decided.

use std::time::{Duration, Instant};

use kube::api::ListParams;
use kube::{Api, ResourceExt};
use resources::v1alpha1::{Phase, QuotaRequest};
use serde_json::{Value, json};
use tests::cluster::Cluster;
use tests::eventually::eventually;
use tests::object;
use tests::people::Person;
use tests::town::amounts;

use crate::estate::{Estate, PATIENCE};
use crate::measure::{millis, percentile, say, spread, tell, timed};

const ENTRIES: usize = 500;
/// The most that one ledger holds.
const ENTRIES_MAX: usize = 4_000;

pub async fn measure() {
    let begun = Instant::now();
    let cluster = Cluster::start("bench-approvals").await;
    let _operator = cluster.start_operator("operator").await;
    let estate = Estate::found(&cluster, "answers", 10).await;
    estate.allocate(0, ENTRIES).await;
    let (_api, url) = cluster.start_api().await;
    say(begun, &format!("{ENTRIES} allocations are in force and the API is ready"));
    let desk = Desk { estate: &estate, url, http: reqwest::Client::new(), begun };
    desk.round(8, 240, ENTRIES, "≤ 100").await;
    desk.round(64, 480, ENTRIES, "≤ 500").await;
    if std::env::var_os("FULL").is_some() {
        let mut there = ENTRIES;
        for entries in [1_000, 2_000, ENTRIES_MAX] {
            estate.allocate(there, entries).await;
            there = entries;
            say(begun, &format!("{entries} allocations are in force"));
            desk.round(8, 240, entries, "–").await;
        }
    }
    say(begun, "done");
}

struct Desk<'a> {
    estate: &'a Estate<'a>,
    url: String,
    http: reqwest::Client,
    begun: Instant,
}

impl Desk<'_> {
    /// Prepares requests, then approves them, so many at a time.
    async fn round(&self, approvers: usize, count: usize, entries: usize, target: &str) {
        let requests = self.prepare(count).await;
        say(self.begun, &format!("{count} requests wait for {approvers} approvers"));
        let mut times = timed(approvers, count, async |number| self.approve(&requests[number]).await).await;
        self.settled(count).await;
        let p99 = millis(percentile(&mut times, 99));
        let measure = format!("99 % of approvals answered, {approvers} approvers, a ledger of {entries} entries");
        tell("N3", &measure, p99, "ms", target, &spread(&mut times));
    }

    /// One open request for each of so many applications: each asks for another core than before.
    async fn prepare(&self, count: usize) -> Vec<(String, String)> {
        let zhang = self.estate.cluster.client(Person::Zhang).await;
        let cpu = format!("{}", 3 + self.begun.elapsed().as_secs());
        timed(32, count, async |number| {
            let application = self.estate.application(number);
            let request = self.estate.request_object(number, "Change", &application, &amounts(&cpu, "4G", "10G"));
            object::create(&zhang, request).await.expect("zhang may ask");
        })
        .await;
        let requests = eventually(PATIENCE, format!("{count} requests have their numbers"), async || {
            let waiting = self.in_phase(Phase::Submitted).await;
            if waiting.len() == count { Ok(waiting) } else { Err(format!("{}", waiting.len())) }
        })
        .await;
        // And the API's caches have them too.
        tokio::time::sleep(Duration::from_secs(2)).await;
        requests
            .iter()
            .map(|request| {
                let department = request.namespace().unwrap_or_default().trim_start_matches("dept-").to_owned();
                (department, request.name_any())
            })
            .collect()
    }

    async fn approve(&self, (department, name): &(String, String)) {
        let url = format!("{}/api/v1/requests/{department}/{name}/decisions", self.url);
        let token = self.estate.cluster.token(Person::ApproverAdmin);
        let body = json!({"verdict": "Approve", "requestRevision": 1, "reason": "measures how fast it is"});
        let answer = self.http.post(url).bearer_auth(token).json(&body).send().await.expect("the API answers");
        let status = answer.status().as_u16();
        let said: Value = answer.json().await.unwrap_or_default();
        assert_eq!(status, 200, "the approval of {name}: {said}");
    }

    async fn settled(&self, count: usize) {
        eventually(PATIENCE, format!("{count} requests are in force"), async || {
            let open = self.in_phase(Phase::Provisioning).await.len() + self.in_phase(Phase::Approved).await.len();
            if open == 0 { Ok(()) } else { Err(format!("{open} aren't")) }
        })
        .await;
    }

    async fn in_phase(&self, phase: Phase) -> Vec<QuotaRequest> {
        let all: Api<QuotaRequest> = Api::all(self.estate.admin.clone());
        let mut requests = all.list(&ListParams::default()).await.expect("requests can be listed").items;
        requests.retain(|request| request.status.as_ref().and_then(|status| status.phase) == Some(phase));
        requests
    }
}
