//! Approving without a person: less always, more where use speaks for it, and a person where nothing is
//! known. A control plane of its own, because the policy is the whole city's.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing there")]

use jiff::{SignedDuration, Timestamp};
use kube::{Api, ResourceExt};
use ledger::{Bundle, PerResource};
use resources::automatic::AUTOMATIC;
use resources::usage::{Roll, Sample};
use resources::v1alpha1::{Allocation, AutomaticOutcome, Phase, QuotaRequest, UsageRecord};
use serde_json::{Value, json};
use tests::cluster::{Cluster, Way};
use tests::eventually::{SOON, eventually};
use tests::object::{self, Place};
use tests::people::Person;
use tests::town::{Town, amounts, bundle};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acceptance_5_requests_are_approved_without_a_person() {
    let cluster = Cluster::start("automatic").await;
    let _operator = cluster.start_operator("operator").await;
    let town = Town::found(&cluster, "automatic", amounts("200", "400G", "40T")).await;
    let desk = Desk { town: &town };
    Box::pin(desk.less_needs_nobody()).await;
    Box::pin(desk.more_without_data_is_for_a_person()).await;
    Box::pin(desk.more_with_use_needs_nobody()).await;
    Box::pin(desk.one_after_the_other()).await;
    Box::pin(desk.the_staged_way_too()).await;
    Box::pin(desk.the_citys_own_conditions()).await;
    Box::pin(desk.switched_off()).await;
    town.settles().await;
}

struct Desk<'a> {
    town: &'a Town<'a>,
}

impl Desk<'_> {
    /// In force without a decision, and the journal says who and by which rule.
    async fn less_needs_nobody(&self) {
        let request = self.change("less", "20", "10").await;
        let after = self.town.await_phase(&request, Phase::Active).await;
        self.town.await_enforced("less", "10", "8G", "1T").await;
        let status = after.status.unwrap();
        let review = status.automatic.unwrap();
        assert_eq!((review.outcome, review.reasons.len()), (AutomaticOutcome::Approved, 0));
        assert!(review.ledger_revision.is_some());
        assert_eq!(status.decision, review.decision);
        let step = status.history.iter().find(|step| step.to == Phase::Approved).unwrap();
        assert_eq!(step.by, AUTOMATIC);
        assert!(step.reason.starts_with("R6; policy revision "), "{step:?}");
        assert_eq!(status.evidence.len(), 1, "{:?}", status.evidence);

        let allocation = self.allocation("less").await;
        assert_eq!(allocation.spec.decision, review.decision);
        let written: Vec<(String, String)> = self.causes("less").await;
        assert!(written.contains(&("QuotaRequest".to_owned(), AUTOMATIC.to_owned())), "{written:?}");
    }

    async fn more_without_data_is_for_a_person(&self) {
        let request = self.change("blind", "20", "28").await;
        let seen = self.reviewed(&request).await;
        let review = seen.status.clone().unwrap().automatic.unwrap();
        assert_eq!((review.outcome, review.reasons), (AutomaticOutcome::Person, vec!["NoData".to_owned()]));
        let evidence = seen.status.unwrap().evidence;
        let missing = evidence.iter().find(|one| one.code.as_deref() == Some("NoData")).unwrap();
        assert_eq!((missing.rule.as_str(), missing.resource.as_deref()), ("R3", Some("cpu")));
        assert_eq!(self.held().await, Bundle::ZERO);
        self.town.approve(&request).await;
        self.town.await_enforced("blind", "28", "8G", "1T").await;
    }

    /// 62 % of 20 cores over two weeks: 28 are given, and 30 days are to pass before the next.
    async fn more_with_use_needs_nobody(&self) {
        self.granted("used", "20").await;
        self.measured("used", 62).await;
        let request = self.seen("used", "28").await.name_any();
        let after = self.town.await_phase(&request, Phase::Active).await;
        self.town.await_enforced("used", "28", "8G", "1T").await;
        let status = after.status.unwrap();
        assert_eq!(status.automatic.unwrap().outcome, AutomaticOutcome::Approved);
        let use_ = status.evidence.iter().find(|one| one.rule == "R1" && one.samples.is_some()).unwrap();
        assert_eq!(
            (use_.value.as_str(), use_.threshold.as_str(), use_.result.as_str()),
            ("62.0 %", ">= 35 %", "Passed")
        );
        assert_eq!(use_.source, "metrics.k8s.io");

        let again = self.town.request("Change", "used", amounts("29", "8G", "1T")).await;
        let review = self.reviewed(&again).await.status.unwrap().automatic.unwrap();
        assert_eq!((review.outcome, review.reasons), (AutomaticOutcome::Person, vec!["Recent".to_owned()]));
        self.town.decide(Person::ApproverAdmin, &again, "Reject").await;
    }

    /// A request waits for the one in front of it, and is looked at when its turn comes.
    async fn one_after_the_other(&self) {
        let first = self.change("queue", "20", "40").await;
        self.reviewed(&first).await;
        let second = self.town.request("Change", "queue", amounts("12", "8G", "1T")).await;
        self.town.await_request(&second, "AnotherRequestOpen", "EarlierFirst").await;
        assert_eq!(self.town.asked(&second).await.status.unwrap().automatic, None);
        self.town.decide(Person::ApproverAdmin, &first, "Reject").await;
        self.town.await_phase(&second, Phase::Active).await;
        self.town.await_enforced("queue", "12", "8G", "1T").await;
    }

    async fn the_staged_way_too(&self) {
        self.policy(Way::Staged, json!([])).await;
        let request = self.change("staged", "20", "5").await;
        self.town.await_phase(&request, Phase::Active).await;
        self.town.await_enforced("staged", "5", "8G", "1T").await;
        let blind = self.town.request("Change", "staged", amounts("6", "8G", "1T")).await;
        let status = self.reviewed(&blind).await.status.unwrap();
        assert_eq!((status.phase, status.stage.unwrap().name.as_str()), (Some(Phase::Submitted), "Acceptance"));
        self.policy(Way::Direct, json!([])).await;
        self.town.decide(Person::Zhang, &blind, "Withdraw").await;
    }

    async fn the_citys_own_conditions(&self) {
        self.granted("own", "20").await;
        self.measured("own", 62).await;
        let expression = |expression: &str| json!({"name": "small-steps", "expression": expression, "message": "at most six cores at a time"});
        self.automatic(json!({"expressions": [expression("increase.cpu <= 6000")]})).await;
        let seen = self.seen("own", "28").await;
        let (refused, status) = (seen.name_any(), seen.status.unwrap());
        assert_eq!(status.automatic.unwrap().reasons, ["Condition"]);
        let own = status.evidence.iter().find(|one| one.rule == "small-steps").unwrap();
        assert_eq!(own.message.as_deref(), Some("at most six cores at a time"));
        self.town.decide(Person::ApproverAdmin, &refused, "Reject").await;

        self.automatic(json!({"expressions": [expression("[1].all(x, x > 0)")]})).await;
        self.await_condition("ExpressionsValid", "ExpressionFaulty").await;
        let faulty = self.town.request("Change", "own", amounts("26", "8G", "1T")).await;
        assert_eq!(self.reviewed(&faulty).await.status.unwrap().automatic.unwrap().reasons, ["ConditionFaulty"]);
        self.town.decide(Person::ApproverAdmin, &faulty, "Reject").await;
        self.automatic(Value::Null).await;
        self.await_condition("ExpressionsValid", "NoExpressions").await;
    }

    async fn switched_off(&self) {
        self.policy(Way::Direct, json!([value("automatic.enabled", "off")])).await;
        let request = self.change("off", "20", "10").await;
        let review = self.reviewed(&request).await.status.unwrap().automatic.unwrap();
        assert_eq!((review.outcome, review.reasons), (AutomaticOutcome::Person, vec!["SwitchedOff".to_owned()]));
        self.town.approve(&request).await;
        self.town.await_enforced("off", "10", "8G", "1T").await;
        self.policy(Way::Direct, json!([])).await;
    }

    // --- what it needs for that -------------------------------------------------------------

    async fn granted(&self, application: &str, cpu: &str) {
        self.town.allocate(application, amounts(cpu, "8G", "1T")).await;
        self.town.await_enforced(application, cpu, "8G", "1T").await;
    }

    /// An application with so many cores asks for so many.
    async fn change(&self, application: &str, has: &str, wants: &str) -> String {
        self.granted(application, has).await;
        self.town.request("Change", application, amounts(wants, "8G", "1T")).await
    }

    /// The request once the rules have been asked of it.
    async fn reviewed(&self, request: &str) -> QuotaRequest {
        eventually(SOON, format!("the rules are asked of {request}"), async || {
            let seen = self.town.asked(request).await;
            let review = seen.status.as_ref().and_then(|status| status.automatic.as_ref());
            if review.is_some() { Ok(seen) } else { Err(format!("{:?}", seen.status)) }
        })
        .await
    }

    /// Two weeks of samples, written as the operator writes them.
    async fn measured(&self, application: &str, percent: u32) {
        let allocation = self.allocation(application).await;
        let quota = bundle(&amounts("20", "8G", "1T"));
        let used = quota.map(|amount| amount.percent(percent));
        let mut roll = Roll::default();
        #[expect(clippy::disallowed_methods, reason = "the operator's clock is the system's too")]
        let now = Timestamp::now();
        for number in (0..14 * 288).rev() {
            let at = now - SignedDuration::from_secs(300 * number);
            let measured = PerResource { cpu: Some(used.cpu), memory: Some(used.memory), storage: None };
            roll.add(&Sample { at, quota, charged: used, measured });
        }
        let spec = roll.spec(&allocation.uid().unwrap());
        let mut record = UsageRecord::new(application, spec);
        record.metadata.namespace = Some(self.town.namespace());
        let mut object = serde_json::to_value(&record).unwrap();
        object["apiVersion"] = json!("yunheng.io/v1alpha1");
        self.town.create(Person::Operator, object).await;
    }

    /// Asks for so many cores, once more where the operator's cache hasn't had the record yet.
    async fn seen(&self, application: &str, cpu: &str) -> QuotaRequest {
        eventually(SOON, format!("the use of {application} is seen"), async || {
            let request = self.town.request("Change", application, amounts(cpu, "8G", "1T")).await;
            let seen = self.reviewed(&request).await;
            if seen.status.as_ref().unwrap().automatic.as_ref().unwrap().reasons != ["NoData"] {
                return Ok(seen);
            }
            self.town.decide(Person::Zhang, &request, "Withdraw").await;
            Err("no data")
        })
        .await
    }

    async fn allocation(&self, name: &str) -> Allocation {
        let api: Api<Allocation> = Api::namespaced(self.town.admin.clone(), &self.town.namespace());
        api.get(name).await.unwrap()
    }

    /// What the pool's journal says changed an allocation: kind, and by whom.
    async fn causes(&self, allocation: &str) -> Vec<(String, String)> {
        let client = self.town.admin.clone();
        let api: Api<resources::v1alpha1::PoolLedger> = Api::all(client);
        let ledger = api.get(&self.town.name).await.unwrap();
        let changes = ledger.spec.journal.iter().flat_map(|record| &record.changes);
        let own = changes.filter(|change| change.allocation.ends_with(&format!("/{allocation}")));
        own.map(|change| (change.cause.kind.clone(), change.cause.by.clone())).collect()
    }

    /// The values, beside the way that requests go.
    async fn policy(&self, way: Way, mut process: Value) {
        let way = if way == Way::Staged { "staged" } else { "direct" };
        process.as_array_mut().unwrap().push(value("approval.path", way));
        self.write_policy(json!({"spec": {"process": process}})).await;
    }

    async fn automatic(&self, automatic: Value) {
        self.write_policy(json!({"spec": {"automatic": automatic}})).await;
    }

    /// Writes the policy and waits until the operator has seen it.
    async fn write_policy(&self, change: Value) {
        let place = Place { kind: "CloudPolicy", namespace: "", name: "default" };
        let written = object::merge(&self.town.admin, &place, change).await.unwrap();
        let generation = written.metadata.generation;
        let api: Api<resources::v1alpha1::CloudPolicy> = Api::all(self.town.admin.clone());
        eventually(SOON, "the operator has seen the policy", async || {
            let policy = api.get("default").await.map_err(|error| error.to_string())?;
            let conditions = policy.status.unwrap_or_default().conditions;
            let seen = conditions.iter().all(|one| one.observed_generation == generation) && !conditions.is_empty();
            if seen { Ok(()) } else { Err(format!("{conditions:?}")) }
        })
        .await;
    }

    async fn await_condition(&self, type_: &str, reason: &str) {
        let api: Api<resources::v1alpha1::CloudPolicy> = Api::all(self.town.admin.clone());
        eventually(SOON, format!("the policy says {type_} {reason}"), async || {
            let policy = api.get("default").await.map_err(|error| error.to_string())?;
            let conditions = policy.status.unwrap_or_default().conditions;
            let said = conditions.iter().any(|one| one.type_ == type_ && one.reason == reason);
            if said { Ok(()) } else { Err(format!("{conditions:?}")) }
        })
        .await;
    }

    async fn held(&self) -> Bundle {
        let standing = self.town.standing().await;
        standing.ledger.entries.values().filter_map(|entry| entry.hold.as_ref()).map(|hold| hold.amount).sum()
    }
}

fn value(key: &str, value: &str) -> Value {
    json!({"key": key, "value": value, "source": "the city", "effectiveFrom": "2020-01-01"})
}
