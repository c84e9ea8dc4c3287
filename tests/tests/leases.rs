//! The second half of a grant's life: it is warned of its end, returns to its base by itself, expires,
//! is renewed or taken back. The operator's clock is moved; a control plane of its own, because the
//! clock is the whole city's.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing there")]

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp, ToSpan};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{DeleteParams, ListParams, ObjectMeta, PostParams};
use kube::{Api, ResourceExt};
use resources::condition::{DRAINING, ENDING, EXPIRED, GRANTED, OVERDUE};
use resources::v1alpha1::{DecisionOutcome, Phase, QuotaRequestStatus};
use resources::workday;
use serde_json::{Value, json};
use tests::cluster::{Cluster, Operator};
use tests::eventually::{SOON, eventually};
use tests::object::{self, Place};
use tests::people::Person::{ApproverAdmin, CloudAdmin, Zhang};
use tests::town::{Town, amounts, bundle};

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acceptance_19_a_temporary_grant_comes_to_its_end() {
    let cluster = Cluster::start("leases").await;
    let process =
        json!([{"key": "approval.path", "value": "direct", "source": "the city", "effectiveFrom": "2020-01-01"}]);
    let policy = Place { kind: "CloudPolicy", namespace: "", name: "default" };
    object::merge(&cluster.admin().await, &policy, json!({"spec": {"process": process}})).await.unwrap();
    let clock = cluster.folder().join("clock");
    let operator = cluster.start_operator_with_clock("operator", &clock).await;
    // Two grants of 150, one of 10, and 6 that come to nothing: all there is.
    let town = Town::found(&cluster, "leases", amounts("316", "600G", "40T")).await;
    let began = town.pool().await.creation_timestamp().unwrap().0;
    let last_day = workday::day_of(began).checked_add(19.days()).unwrap();
    let end = format!("{}T00:00:00+08:00", last_day.tomorrow().unwrap()).parse().unwrap();
    let term = Term { town: &town, clock, began, last_day: last_day.to_string(), end };

    let quiet = term.temporary("quiet").await;
    let busy = term.temporary("busy").await;
    term.deploy("busy", 6).await;
    let fair = term.opened("fair").await;
    term.is_warned_twice(&quiet).await;
    let operator = term.ends_while_nobody_looks(operator).await;
    term.is_back_at_its_base(&quiet).await;
    term.drains_what_is_used(&busy).await;
    term.expires_and_is_renewed(&fair).await;
    term.a_provisioning_is_cancelled().await;
    town.settles().await;
    drop(operator);
}

struct Term<'a> {
    town: &'a Town<'a>,
    clock: PathBuf,
    /// A moment of this run.
    began: Timestamp,
    last_day: String,
    end: Timestamp,
}

impl Term<'_> {
    /// Moves the operator's clock to this instant at least.
    fn it_is(&self, at: Timestamp) {
        let ahead = at.duration_since(self.began).as_secs();
        std::fs::write(&self.clock, ahead.to_string()).unwrap();
    }

    fn period(&self, last_day: &str) -> Value {
        json!({"start": workday::day_of(self.began).to_string(), "end": last_day})
    }

    /// A day after all that is looked at here.
    fn later(&self) -> String {
        workday::day_of(self.end + 60 * DAY).to_string()
    }

    /// An application with 100 cores for good and 50 more for twenty days.
    async fn temporary(&self, application: &str) -> String {
        self.town.allocate(application, amounts("100", "100G", "1T")).await;
        self.town.await_enforced(application, "100", "100G", "1T").await;
        let mut asked = self.town.request_object("Change", application, amounts("150", "100G", "1T"));
        asked["spec"]["period"] = self.period(&self.last_day);
        let request = self.town.send(Zhang, asked).await;
        self.town.approve(&request).await;
        self.town.await_enforced(application, "150", "100G", "1T").await;
        let lease = self.town.allocation(application).await.spec.lease.unwrap();
        assert_eq!(lease.base.unwrap().cpu, "100", "what was there is what it returns to");
        request
    }

    /// An application that was opened for twenty days as a whole.
    async fn opened(&self, application: &str) -> String {
        let request = self.new_request(application, "10", &self.last_day).await;
        self.town.approve(&request).await;
        request
    }

    async fn new_request(&self, application: &str, cpu: &str, last_day: &str) -> String {
        let mut asked = self.town.request_object("New", application, amounts(cpu, "10G", "1T"));
        asked["spec"]["newApplication"] = json!({"displayName": application, "tier": "County", "securityGrade": 2});
        asked["spec"]["period"] = self.period(last_day);
        self.town.send(Zhang, asked).await
    }

    async fn status(&self, request: &str) -> QuotaRequestStatus {
        self.town.asked(request).await.status.unwrap()
    }

    async fn await_warned(&self, request: &str, days: &[i64]) {
        eventually(SOON, format!("request {request} is warned {days:?}"), async || {
            let warned = self.status(request).await.term.map(|term| term.warned).unwrap_or_default();
            if warned == days { Ok(()) } else { Err(format!("{warned:?}")) }
        })
        .await;
    }

    /// Thirty days before is no day of these twenty.
    async fn is_warned_twice(&self, request: &str) {
        self.await_warned(request, &[]).await;
        self.town.await_request(request, ENDING, "InTerm").await;
        self.it_is(self.end - 7 * DAY);
        self.await_warned(request, &[7]).await;
        self.it_is(self.end - DAY);
        self.await_warned(request, &[7, 1]).await;
        self.town.await_request(request, ENDING, "Warned").await;
        let status = self.status(request).await;
        assert_eq!(status.phase, Some(Phase::Active), "a warning moves nothing");
        let told = status.history.iter().filter(|record| record.reason.contains("left")).count();
        assert_eq!(told, 2, "{:?}", status.history);
        self.town.await_enforced("quiet", "150", "100G", "1T").await;
    }

    /// The end comes while no operator runs: the next one finds it.
    async fn ends_while_nobody_looks(&self, operator: Operator) -> Operator {
        operator.process.signal("KILL");
        operator.process.ended(SOON).await;
        self.it_is(self.end);
        self.town.cluster.start_operator_with_clock("operator", &self.clock).await
    }

    async fn is_back_at_its_base(&self, request: &str) {
        self.town.await_allocation("quiet", EXPIRED, "Returned").await;
        self.town.await_enforced("quiet", "100", "100G", "1T").await;
        let status = self.town.await_phase(request, Phase::Active).await.status.unwrap();
        eventually(SOON, "the request tells of its end", async || {
            let phases: Vec<_> = self.status(request).await.history.iter().map(|record| record.to).collect();
            let tail = phases.iter().rev().take(2).rev().copied().collect::<Vec<_>>();
            if tail == [Phase::Reclaiming, Phase::Active] { Ok(()) } else { Err(format!("{phases:?}")) }
        })
        .await;
        assert_eq!(status.term.unwrap().warned, [7, 1], "it isn't warned any more");
        assert_eq!(self.town.quota("app-quiet").await.enforced, Some(bundle(&amounts("100", "100G", "1T"))));
    }

    /// 120 cores are used where 100 remain.
    async fn drains_what_is_used(&self, request: &str) {
        self.town.await_enforced_only("busy", amounts("100", "100G", "1T")).await;
        self.town.await_allocation("busy", OVERDUE, "UsedBeyondEnd").await;
        let status = self.town.await_phase(request, Phase::Reclaiming).await.status.unwrap();
        assert!(status.term.is_some_and(|term| term.ended_at.is_some()));
        let overdue = eventually(SOON, "it is escalated", async || {
            let overdue = self.town.await_request(request, OVERDUE, "UsedBeyondEnd").await;
            if overdue.message.contains("approver-admin") { Ok(overdue) } else { Err(overdue.message) }
        })
        .await;
        assert_eq!(overdue.status, "True");
        let escalations = |status: &QuotaRequestStatus| {
            status.history.iter().filter(|record| record.reason.contains("escalated")).count()
        };
        assert_eq!(escalations(&self.status(request).await), 1);
        let position = self.town.standing().await.ledger.position();
        assert_eq!(position.draining, bundle(&amounts("20", "0G", "0T")), "the rest stays counted");
        assert_eq!(self.pods("busy").await, 6, "nothing is killed");

        // 316 − 100 − 100 − 20 − 10: what came back can be granted, and not one core more.
        self.town.allocate("heir", amounts("86", "1G", "1T")).await;
        self.town.await_enforced("heir", "86", "1G", "1T").await;
        self.town.allocate("next", amounts("1", "1G", "1T")).await;
        self.town.await_allocation("next", GRANTED, "InsufficientCapacity").await;

        let place = Place { kind: "Deployment", namespace: "app-busy", name: "app" };
        object::merge(&self.town.admin, &place, json!({"spec": {"replicas": 5}})).await.unwrap();
        self.town.await_allocation("busy", DRAINING, "NothingDrains").await;
        self.town.await_allocation("busy", OVERDUE, "InTime").await;
        let after = self.town.await_phase(request, Phase::Active).await.status.unwrap();
        assert_eq!(escalations(&after), 1, "once");
        self.town.await_enforced("next", "1", "1G", "1T").await;
        self.town.resize("heir", amounts("10", "1G", "1T")).await;
        self.town.await_enforced("heir", "10", "1G", "1T").await;
    }

    /// Without a base it keeps its size and may not grow, until somebody has decided.
    async fn expires_and_is_renewed(&self, first: &str) {
        self.town.await_phase(first, Phase::Expired).await;
        self.town.await_allocation("fair", EXPIRED, "LeaseEnded").await;
        self.town.await_enforced("fair", "10", "10G", "1T").await;
        let more = self.town.request("Change", "fair", amounts("11", "10G", "1T")).await;
        let refused = self.town.decide(ApproverAdmin, &more, "Approve").await;
        assert_eq!(refused.code.as_deref(), Some("GrantExpired"), "{refused:?}");
        self.town.decide(Zhang, &more, "Withdraw").await;
        self.town.resize("fair", amounts("11", "10G", "1T")).await;
        self.town.await_allocation("fair", GRANTED, "GrantExpired").await;
        self.town.await_enforced_only("fair", amounts("10", "10G", "1T")).await;
        self.town.resize("fair", amounts("10", "10G", "1T")).await;
        self.town.await_enforced("fair", "10", "10G", "1T").await;

        let mut asked = self.town.request_object("Renew", "fair", amounts("12", "10G", "1T"));
        asked["spec"]["period"] = self.period(&self.later());
        let renewal = self.town.send(Zhang, asked).await;
        self.town.approve(&renewal).await;
        self.town.await_phase(first, Phase::Active).await;
        self.town.await_enforced("fair", "12", "10G", "1T").await;
        self.town.await_allocation("fair", EXPIRED, "LeaseRunning").await;

        let old = self.town.decide(ApproverAdmin, first, "Reclaim").await;
        assert_eq!(old.code.as_deref(), Some("WrongStage"), "another request has the grant now: {old:?}");
        let taken = self.town.decide(ApproverAdmin, &renewal, "Reclaim").await;
        assert_eq!(taken.outcome, Some(DecisionOutcome::Applied), "{taken:?}");
        self.town.await_phase(&renewal, Phase::Released).await;
        self.town.await_enforced("fair", "0", "0G", "0T").await;
    }

    /// A namespace that is somebody else's keeps a grant from coming into force.
    async fn a_provisioning_is_cancelled(&self) {
        let namespaces: Api<Namespace> = Api::all(self.town.admin.clone());
        let metadata = ObjectMeta { name: Some("app-stuck".into()), ..ObjectMeta::default() };
        let foreign = Namespace { metadata, ..Namespace::default() };
        namespaces.create(&PostParams::default(), &foreign).await.unwrap();
        let stuck = self.new_request("stuck", "6", &self.later()).await;
        let approved = self.town.decide(ApproverAdmin, &stuck, "Approve").await;
        assert_eq!(approved.outcome, Some(DecisionOutcome::Applied), "{approved:?}");
        self.town.await_allocation("stuck", "Enforced", "NamespaceTaken").await;
        let mut cancel = self.town.decision_object(CloudAdmin, &stuck, "Cancel").await;
        cancel["spec"]["stage"] = json!("Provisioning");
        let (_, cancelled) = self.town.send_decision(CloudAdmin, cancel).await;
        assert_eq!(cancelled.outcome, Some(DecisionOutcome::Applied), "{cancelled:?}");
        self.town.await_phase(&stuck, Phase::Reclaiming).await;
        namespaces.delete("app-stuck", &DeleteParams::default()).await.unwrap();
        self.town.await_phase(&stuck, Phase::Released).await;
    }

    async fn deploy(&self, application: &str, replicas: u32) {
        let amounts = json!({"cpu": "20", "memory": "1G"});
        let container = json!({"name": "app", "image": "app", "resources": {"requests": amounts, "limits": amounts}});
        let namespace = format!("app-{application}");
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": namespace, "name": "app"},
            "spec": {
                "replicas": replicas, "selector": {"matchLabels": {"app": "app"}},
                "template": {"metadata": {"labels": {"app": "app"}}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 0}},
            },
        });
        object::create(&self.town.admin, deployment).await.unwrap();
        eventually(SOON, format!("{replicas} pods"), async || {
            let there = self.pods(application).await;
            if there == replicas as usize { Ok(()) } else { Err(there) }
        })
        .await;
    }

    async fn pods(&self, application: &str) -> usize {
        let pods: Api<Pod> = Api::namespaced(self.town.admin.clone(), &format!("app-{application}"));
        pods.list(&ListParams::default()).await.unwrap().items.len()
    }
}
