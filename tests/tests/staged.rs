//! Requests on the way as shipped: acceptance, review by two people, return, offer, withdrawal; and
//! the short way, where the city sets it. A control plane of its own, because the way is the whole
//! city's.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing there")]

use kube::{Api, ResourceExt};
use ledger::Bundle;
use resources::v1alpha1::{DecisionOutcome, DecisionStatus, Phase, QuotaRequest, QuotaRequestStatus};
use serde_json::{Value, json};
use tests::cluster::{Cluster, Plane, Way};
use tests::eventually::{SOON, eventually};
use tests::object::{self, Place, refusal};
use tests::people::Person::{self, ApproverAdmin, ApproverTech, Li, Zhang};
use tests::town::{Town, amounts, bundle};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_goes_its_staged_way() {
    let cluster = Cluster::start_as("staged", Plane::Single).await;
    let _operator = cluster.start_operator("operator").await;
    let town = Town::found(&cluster, "staged", amounts("200", "400G", "40T")).await;
    let desk = Desk { town: &town };
    desk.form_to_quota().await;
    desk.four_eyes().await;
    desk.withdrawn_and_back().await;
    desk.declined_offers_hold_nothing().await;
    desk.the_city_decides_at_once().await;
    town.settles().await;
}

struct Desk<'a> {
    town: &'a Town<'a>,
}

impl Desk<'_> {
    /// Asked, accepted, taken, returned, corrected, offered less, accepted: in force is what was
    /// offered.
    async fn form_to_quota(&self) {
        self.granted("story").await;
        let request = self.town.request("Change", "story", amounts("40", "8G", "1T")).await;
        let submitted = self.status(&request).await;
        let stage = submitted.stage.unwrap();
        assert_eq!((stage.name.as_str(), stage.limit.as_deref()), ("Acceptance", Some("sla.accept")));
        assert!(stage.due_at.unwrap().ends_with("T17:30:00+08:00"));

        self.refused(ApproverAdmin, &request, json!({"verdict": "Approve", "stage": "AdminApproval"}), "WrongStage")
            .await;
        self.refused(ApproverAdmin, &request, json!({"verdict": "Approve"}), "StageMissing").await;
        self.applied(ApproverAdmin, &request, json!({"verdict": "Accept"}), Phase::Accepted).await;
        self.refused(ApproverAdmin, &request, json!({"verdict": "Accept"}), "WrongStage").await;
        self.applied(ApproverTech, &request, json!({"verdict": "Take"}), Phase::TechReview).await;

        let back = json!({"verdict": "Return", "stage": "TechReview", "fields": ["spec.resources.cpu"]});
        let returned = self.applied(ApproverTech, &request, back, Phase::Returned).await;
        let note = returned.returned.unwrap();
        assert_eq!((note.fields, note.from), (vec!["spec.resources.cpu".to_owned()], Phase::TechReview));
        let stopped = returned.stage.unwrap().stopped.unwrap();
        assert_eq!(stopped.limit, "sla.opinion");

        self.correct(&request, json!({"pool": "another"})).await.unwrap_err();
        self.correct(&request, json!({"resources": {"cpu": "30"}})).await.unwrap();
        let corrected = self.town.await_phase(&request, Phase::TechReview).await.status.unwrap();
        assert_eq!((corrected.revision, corrected.number), (Some(2), submitted.number), "the number stays");
        let changes = &corrected.history.last().unwrap().changes;
        let told = changes.iter().map(|one| (one.field.as_str(), one.before.as_str(), one.after.as_str()));
        assert_eq!(told.collect::<Vec<_>>(), [("spec.resources.cpu", "40", "30")]);
        let stage = corrected.stage.unwrap();
        assert_eq!(
            (stage.limit.as_deref(), stage.stopped),
            (Some("sla.opinion"), None),
            "the reviewers' clock runs again"
        );

        let stale = json!({"verdict": "Approve", "stage": "TechReview", "requestRevision": 1});
        self.refused(ApproverTech, &request, stale, "Stale").await;
        let too_much = json!({"verdict": "Offer", "stage": "TechReview", "resources": amounts("31", "8G", "1T")});
        self.refused(ApproverTech, &request, too_much, "OfferInvalid").await;
        let less = json!({"verdict": "Offer", "stage": "TechReview", "resources": amounts("20", "8G", "1T")});
        let offered = self.applied(ApproverTech, &request, less, Phase::Offered).await;
        assert_eq!(offered.offer.as_ref().unwrap().expires_at, offered.stage.unwrap().due_at.unwrap());
        assert_eq!(self.held().await, bundle(&amounts("16", "0", "0")), "what is offered is held");
        let denied = self.send(Zhang, &request, json!({"verdict": "AcceptOffer"})).await;
        assert!(refusal("an answer of a user", denied).contains("accountable"), "only the owner binds the department");
        self.send(Li, &request, json!({"verdict": "AcceptOffer"})).await.unwrap();
        self.town.await_phase(&request, Phase::Active).await;
        self.town.await_enforced("story", "20", "8G", "1T").await;
        assert_eq!(self.held().await, Bundle::ZERO);
    }

    /// Above the threshold two people decide, in this order, and never one for both.
    async fn four_eyes(&self) {
        self.granted("eyes").await;
        let request = self.reviewed("eyes", amounts("80", "8G", "1T")).await;
        self.refused(ApproverAdmin, &request, json!({"verdict": "Approve", "stage": "AdminApproval"}), "WrongStage")
            .await;
        let approve = json!({"verdict": "Approve", "stage": "TechReview"});
        let next = self.applied(ApproverTech, &request, approve.clone(), Phase::TechReview).await;
        assert_eq!(next.stage.unwrap().name, "AdminApproval");
        assert_eq!(self.held().await, Bundle::ZERO, "nothing is held before the last stage");
        self.refused(ApproverTech, &request, approve, "WrongStage").await;
        let last = json!({"verdict": "Approve", "stage": "AdminApproval"});
        let denied = self.send(ApproverTech, &request, last.clone()).await;
        assert!(refusal("the tech reviewer at stage 2", denied).contains("AdminApproval the verb approve"));
        self.send(ApproverAdmin, &request, last).await.unwrap();
        self.town.await_phase(&request, Phase::Active).await;
        self.town.await_enforced("eyes", "80", "8G", "1T").await;
    }

    /// What is withdrawn holds nothing within two seconds; its requester may take that back for a
    /// minute, and then it is reviewed again.
    async fn withdrawn_and_back(&self) {
        self.granted("undo").await;
        let request = self.reviewed("undo", amounts("30", "8G", "1T")).await;
        let offer = json!({"verdict": "Offer", "stage": "TechReview", "resources": amounts("10", "8G", "1T")});
        self.applied(ApproverTech, &request, offer, Phase::Offered).await;
        self.applied(Zhang, &request, json!({"verdict": "Withdraw"}), Phase::Withdrawn).await;
        self.nothing_held().await;
        self.refused(Li, &request, json!({"verdict": "Reinstate"}), "NotYours").await;
        self.applied(Zhang, &request, json!({"verdict": "Reinstate"}), Phase::TechReview).await;
        self.applied(Zhang, &request, json!({"verdict": "Urge"}), Phase::TechReview).await;
        self.refused(Zhang, &request, json!({"verdict": "Urge"}), "UrgedToday").await;
        let reject = json!({"verdict": "Reject", "stage": "TechReview"});
        self.applied(ApproverTech, &request, reject, Phase::Rejected).await;
        self.town.await_enforced("undo", "4", "8G", "1T").await;
    }

    async fn declined_offers_hold_nothing(&self) {
        self.granted("decline").await;
        let request = self.reviewed("decline", amounts("30", "8G", "1T")).await;
        let offer = json!({"verdict": "Offer", "stage": "TechReview", "resources": amounts("10", "8G", "1T")});
        self.applied(ApproverTech, &request, offer, Phase::Offered).await;
        self.applied(Li, &request, json!({"verdict": "DeclineOffer"}), Phase::TechReview).await;
        self.nothing_held().await;
        let approve = json!({"verdict": "Approve", "stage": "TechReview"});
        self.send(ApproverTech, &request, approve).await.unwrap();
        self.town.await_phase(&request, Phase::Active).await;
        self.town.await_enforced("decline", "30", "8G", "1T").await;
    }

    /// The city sets the short way: one decision is all, but what has begun by stages ends so.
    async fn the_city_decides_at_once(&self) {
        self.granted("begun").await;
        let begun = self.reviewed("begun", amounts("30", "8G", "1T")).await;
        self.town.cluster.set_way(Way::Direct).await;
        self.granted("short").await;
        let short = self.town.request("Change", "short", amounts("30", "8G", "1T")).await;
        // The operator hears of it in a moment; until then a stage has to be named.
        eventually(SOON, "one decision is all", async || {
            let status = self.send(ApproverAdmin, &short, json!({"verdict": "Approve"})).await.unwrap();
            if status.outcome == Some(DecisionOutcome::Applied) { Ok(()) } else { Err(format!("{status:?}")) }
        })
        .await;
        self.town.await_phase(&short, Phase::Active).await;
        self.town.await_enforced("short", "30", "8G", "1T").await;
        self.refused(ApproverTech, &begun, json!({"verdict": "Approve"}), "StageMissing").await;
        self.send(ApproverTech, &begun, json!({"verdict": "Approve", "stage": "TechReview"})).await.unwrap();
        self.town.await_phase(&begun, Phase::Active).await;
    }

    /// An application with 4 cores.
    async fn granted(&self, application: &str) {
        self.town.allocate(application, amounts("4", "8G", "1T")).await;
        self.town.await_enforced(application, "4", "8G", "1T").await;
    }

    /// A change that the technical reviewer has before him.
    async fn reviewed(&self, application: &str, wanted: Value) -> String {
        let request = self.town.request("Change", application, wanted).await;
        self.applied(ApproverAdmin, &request, json!({"verdict": "Accept"}), Phase::Accepted).await;
        self.applied(ApproverTech, &request, json!({"verdict": "Take"}), Phase::TechReview).await;
        request
    }

    async fn status(&self, request: &str) -> QuotaRequestStatus {
        self.town.asked(request).await.status.unwrap()
    }

    async fn correct(&self, request: &str, spec: Value) -> Result<(), kube::Error> {
        let client = self.town.cluster.client(Zhang).await;
        let namespace = self.town.namespace();
        let place = Place { kind: "QuotaRequest", namespace: &namespace, name: request };
        object::merge(&client, &place, json!({"spec": spec})).await.map(|_| ())
    }

    /// Sends a decision on the request as it is now; what came of it, or why the API server refused.
    async fn send(&self, who: Person, request: &str, said: Value) -> Result<DecisionStatus, kube::Error> {
        let asked = self.town.asked(request).await;
        let mut spec = json!({
            "request": {"name": request, "uid": asked.uid()}, "decidedBy": who.user(),
            "requestRevision": asked.status.unwrap().revision, "reason": "checked with the figures of last year",
        });
        spec.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
        let decision = json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaDecision",
            "metadata": {"namespace": self.town.namespace(), "generateName": "qd-"}, "spec": spec,
        });
        let client = self.town.cluster.client(who).await;
        let name = object::create(&client, decision).await?.name_any();
        let api: Api<resources::v1alpha1::QuotaDecision> =
            Api::namespaced(self.town.admin.clone(), &self.town.namespace());
        Ok(eventually(SOON, format!("decision {name} is answered"), async || {
            let found = api.get(&name).await.map_err(|error| error.to_string())?;
            found.status.filter(|status| status.outcome.is_some()).ok_or_else(|| "no outcome yet".to_owned())
        })
        .await)
    }

    /// A decision that moves the request to this phase.
    async fn applied(&self, who: Person, request: &str, said: Value, phase: Phase) -> QuotaRequestStatus {
        let status = self.send(who, request, said.clone()).await.unwrap_or_else(|error| panic!("{said}: {error}"));
        assert_eq!(status.outcome, Some(DecisionOutcome::Applied), "{said}: {status:?}");
        let after = self.status(request).await;
        assert_eq!(after.phase, Some(phase), "{said}: {after:?}");
        after
    }

    /// A decision that changes nothing.
    async fn refused(&self, who: Person, request: &str, said: Value, code: &str) {
        let before = of_interest(self.town.asked(request).await);
        let status = self.send(who, request, said.clone()).await.unwrap_or_else(|error| panic!("{said}: {error}"));
        assert_eq!(status.code.as_deref(), Some(code), "{said}: {status:?}");
        assert_eq!(of_interest(self.town.asked(request).await), before, "{said} changes nothing");
    }

    /// What the pool holds for requests.
    async fn held(&self) -> Bundle {
        let standing = self.town.standing().await;
        standing.ledger.entries.values().filter_map(|entry| entry.hold.as_ref()).map(|hold| hold.amount).sum()
    }

    async fn nothing_held(&self) {
        let within = std::time::Duration::from_secs(2);
        eventually(within, "nothing is held any more", async || {
            let held = self.held().await;
            if held.is_zero() { Ok(()) } else { Err(format!("{held:?}")) }
        })
        .await;
    }
}

/// All but the note of the last refusal.
fn of_interest(request: QuotaRequest) -> (Option<Phase>, Option<i64>, usize, Value) {
    let status = request.status.unwrap();
    (status.phase, status.revision, status.history.len(), serde_json::to_value(status.stage).unwrap())
}
