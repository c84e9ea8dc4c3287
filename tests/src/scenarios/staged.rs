//! Requests go their stages while the operators are under fire: corrected, offered less, withdrawn
//! and taken back, decided by several people at once. Every decision is delivered three times, by
//! both API servers, and where the request has been corrected once more from before.

use std::collections::BTreeMap;

use futures::future::{join_all, join4};
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use resources::v1alpha1::{DecisionOutcome, DecisionStatus, Phase, QuotaDecision, QuotaRequest};
use serde_json::{Value, json};

use super::acts::create;
use crate::eventually::{SOON, eventually};
use crate::object::{self, Place};
use crate::people::Person::{self, ApproverAdmin, ApproverTech, CloudAdmin, Li, Zhang};
use crate::stage::World;
use crate::town::{REASON, Town, amounts, bundle};

/// How often each decision is delivered.
const COPIES: usize = 3;
/// What every application has before.
const BEFORE: u32 = 4;
/// A due time that has passed: scenarios don't wait for working days.
const LONG_AGO: &str = "2026-01-05T17:30:00+08:00";

pub async fn play(world: &World<'_>) {
    let town = world.found(amounts("200", "400G", "10T")).await;
    let stories: Vec<Story<'_>> = (0..9).map(|number| Story { world, town: &town, number }).collect();
    join_all(stories.iter().map(Story::begin)).await;
    let [plain, corrected, accepted, declined, expired, undone, eyes, forgotten, torn] = &stories[..] else {
        panic!("a story for each name")
    };
    let (told, torn_to) = futures::future::join(
        join4(
            futures::future::join(plain.plain(), corrected.corrected()),
            futures::future::join(accepted.accepted(), declined.declined()),
            futures::future::join(expired.expired(), undone.undone()),
            futures::future::join(eyes.eyes(), forgotten.forgotten()),
        ),
        torn.torn(),
    )
    .await;
    let (((), ()), ((), ()), ((), ()), ((), ())) = told;
    let ends = [8, 6, 6, 8, BEFORE, 8, 80, BEFORE, torn_to];
    for (story, cpu) in stories.iter().zip(ends) {
        town.await_enforced(&story.name(), &cpu.to_string(), "8G", "0G").await;
    }
    nobody_was_decided_twice(world, &town).await;
    // Nothing is held any more then, and the ledger and the quotas agree.
    let granted = town.settles().await.ledger.position().granted;
    let all = u64::from(ends.iter().sum::<u32>()).to_string();
    let memory = format!("{}G", 8 * stories.len());
    assert_eq!(granted, bundle(&amounts(&all, &memory, "0G")), "{}: each was granted once", world.name);
}

/// Each step that a decision led to is in the history once.
async fn nobody_was_decided_twice(world: &World<'_>, town: &Town<'_>) {
    let decisions: Api<QuotaDecision> = Api::namespaced(world.stage.admin(0).clone(), &town.namespace());
    let all =
        eventually(SOON, "decisions can be listed", async || decisions.list(&kube::api::ListParams::default()).await);
    let mut applied: BTreeMap<String, usize> = BTreeMap::new();
    for decision in all.await {
        let outcome = decision.status.and_then(|status| status.outcome);
        *applied.entry(decision.spec.request.name).or_default() +=
            usize::from(outcome == Some(DecisionOutcome::Applied));
    }
    for (name, request) in world.requests(town).await {
        let history = request.status.unwrap_or_default().history;
        let decided = history.iter().filter(|step| step.verdict.is_some()).count();
        assert_eq!(decided, applied[&name], "{}: {name}: {history:?}", world.name);
        let approved = history.iter().filter(|step| step.to == Phase::Approved).count();
        assert!(approved <= 1, "{}: {name} was approved {approved} times: {history:?}", world.name);
    }
}

/// One application's request.
struct Story<'a> {
    world: &'a World<'a>,
    town: &'a Town<'a>,
    number: usize,
}

impl Story<'_> {
    async fn plain(&self) {
        self.ask("8").await;
        self.to_review().await;
        self.given(ApproverTech, at_review("Approve"), Phase::Active).await;
    }

    /// Sent back twice: at its acceptance, and with the opinion almost written.
    async fn corrected(&self) {
        self.ask("9").await;
        let back = json!({"verdict": "Return", "stage": "Acceptance", "fields": ["spec.resources.cpu"]});
        self.given(ApproverAdmin, back, Phase::Returned).await;
        self.correct("7", Phase::Submitted, 2).await;
        self.to_review().await;
        self.given(ApproverTech, at_review("Return"), Phase::Returned).await;
        self.correct("6", Phase::TechReview, 3).await;
        self.given(ApproverTech, at_review("Approve"), Phase::Active).await;
    }

    async fn accepted(&self) {
        self.ask("8").await;
        self.to_review().await;
        self.given(ApproverTech, offer("6"), Phase::Offered).await;
        self.given(Li, json!({"verdict": "AcceptOffer"}), Phase::Active).await;
    }

    async fn declined(&self) {
        self.ask("8").await;
        self.to_review().await;
        self.given(ApproverTech, offer("6"), Phase::Offered).await;
        self.given(Li, json!({"verdict": "DeclineOffer"}), Phase::TechReview).await;
        self.given(ApproverTech, at_review("Approve"), Phase::Active).await;
    }

    /// Nobody answers; who does so afterwards isn't heard.
    async fn expired(&self) {
        self.ask("8").await;
        self.to_review().await;
        self.given(ApproverTech, offer("6"), Phase::Offered).await;
        self.time_passes(json!({"offer": {"expiresAt": LONG_AGO}, "stage": {"dueAt": LONG_AGO}})).await;
        let late = self.deliver(Li, json!({"verdict": "AcceptOffer"})).await;
        assert!(late.iter().all(|one| one.outcome == Some(DecisionOutcome::Refused)), "{}: {late:?}", self.name());
        self.town.await_phase(&self.request(), Phase::Lapsed).await;
    }

    /// Withdrawn from an offer, whose capacity is let go, and taken back.
    async fn undone(&self) {
        self.ask("8").await;
        self.to_review().await;
        self.given(ApproverTech, offer("6"), Phase::Offered).await;
        self.given(Zhang, json!({"verdict": "Withdraw"}), Phase::Withdrawn).await;
        self.given(Zhang, json!({"verdict": "Reinstate"}), Phase::TechReview).await;
        self.given(ApproverTech, at_review("Approve"), Phase::Active).await;
    }

    /// So much that two people decide.
    async fn eyes(&self) {
        self.ask("80").await;
        self.to_review().await;
        self.given(ApproverTech, at_review("Approve"), Phase::TechReview).await;
        self.given(ApproverAdmin, json!({"verdict": "Approve", "stage": "AdminApproval"}), Phase::Active).await;
    }

    /// Returned, and never sent again.
    async fn forgotten(&self) {
        self.ask("8").await;
        self.to_review().await;
        self.given(ApproverTech, at_review("Return"), Phase::Returned).await;
        self.time_passes(json!({"stage": {"dueAt": LONG_AGO}})).await;
        self.town.await_phase(&self.request(), Phase::Lapsed).await;
    }

    /// Approved, rejected and withdrawn at once: whatever comes of it, it is one of them. What is
    /// approved may be withdrawn until its quota is written. The answer is what it has afterwards.
    async fn torn(&self) -> u32 {
        self.ask("8").await;
        self.to_review().await;
        let (approved, rejected, withdrawn) = futures::future::join3(
            self.deliver(ApproverTech, at_review("Approve")),
            self.deliver(ApproverTech, at_review("Reject")),
            self.deliver(Zhang, json!({"verdict": "Withdraw"})),
        )
        .await;
        let applied = |all: &[DecisionStatus]| {
            let applied = all.iter().filter(|status| status.outcome == Some(DecisionOutcome::Applied)).count();
            assert!(applied <= 1, "{}: {all:?}", self.name());
            applied == 1
        };
        let (end, cpu) = match (applied(&approved), applied(&rejected), applied(&withdrawn)) {
            (true, false, false) => (Phase::Active, 8),
            (_, false, true) => (Phase::Withdrawn, BEFORE),
            (false, true, false) => (Phase::Rejected, BEFORE),
            other => panic!("{}: approved, rejected, withdrawn: {other:?}", self.name()),
        };
        self.town.await_phase(&self.request(), end).await;
        cpu
    }

    // --- what people do ------------------------------------------------------------------------

    fn name(&self) -> String {
        format!("{}-{}", self.world.name, self.number)
    }

    fn request(&self) -> String {
        format!("qr-{}", self.number)
    }

    async fn begin(&self) {
        let (name, cpu) = (self.name(), BEFORE.to_string());
        self.town.application(&name).await;
        let object = self.town.allocation_object(&name, amounts(&cpu, "8G", "0G"));
        create(self.world.stage.client(CloudAdmin, self.number), object).await;
        self.town.await_enforced(&name, &cpu, "8G", "0G").await;
    }

    async fn ask(&self, cpu: &str) {
        let mut request = self.town.request_object("Change", &self.name(), amounts(cpu, "8G", "0G"));
        request["metadata"] = json!({"namespace": self.town.namespace(), "name": self.request()});
        create(self.world.stage.client(Zhang, self.number), request).await;
        self.town.await_phase(&self.request(), Phase::Submitted).await;
    }

    async fn to_review(&self) {
        self.given(ApproverAdmin, json!({"verdict": "Accept"}), Phase::Accepted).await;
        self.given(ApproverTech, json!({"verdict": "Take"}), Phase::TechReview).await;
    }

    /// Delivered as often as it may be, it counts once and leads there.
    async fn given(&self, who: Person, said: Value, phase: Phase) {
        let answers = self.deliver(who, said.clone()).await;
        let applied = answers.iter().filter(|status| status.outcome == Some(DecisionOutcome::Applied)).count();
        assert_eq!(applied, 1, "{}: {said}: {answers:?}", self.name());
        self.town.await_phase(&self.request(), phase).await;
    }

    /// The same decision by both API servers at once, also as if made before the last correction;
    /// what came of each.
    async fn deliver(&self, who: Person, said: Value) -> Vec<DecisionStatus> {
        let status = self.town.asked(&self.request()).await.status.unwrap_or_default();
        let revision = status.revision.unwrap_or(1);
        let before = (revision > 1).then_some(revision - 1);
        let copies = before.into_iter().chain([revision; COPIES]).enumerate();
        let answers = join_all(copies.map(|(copy, seen)| self.decide(who, &said, seen, copy))).await;
        if before.is_some() {
            assert_eq!(answers[0].code.as_deref(), Some("Stale"), "{}: {said}: {answers:?}", self.name());
        }
        answers
    }

    async fn decide(&self, who: Person, said: &Value, seen: i64, copy: usize) -> DecisionStatus {
        let request = self.town.asked(&self.request()).await;
        let mut spec = json!({
            "request": {"name": self.request(), "uid": request.uid()}, "requestRevision": seen,
            "reason": REASON, "decidedBy": who.user(),
        });
        for (key, value) in said.as_object().into_iter().flatten() {
            spec[key] = value.clone();
        }
        let decision = json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaDecision",
            "metadata": {"namespace": self.town.namespace(), "generateName": "qd-"}, "spec": spec,
        });
        let name = create(self.world.stage.client(who, self.number + copy), decision).await.name_any();
        let decisions: Api<QuotaDecision> =
            Api::namespaced(self.world.stage.admin(copy).clone(), &self.town.namespace());
        eventually(SOON * 2, format!("{}: {said} is answered", self.name()), async || {
            let found = decisions.get(&name).await.map_err(|error| error.to_string())?;
            found.status.filter(|status| status.outcome.is_some()).ok_or_else(|| "no outcome yet".to_owned())
        })
        .await
    }

    /// Zhang asks for another amount, and sends it again by that.
    async fn correct(&self, cpu: &str, phase: Phase, revision: i64) {
        let (namespace, name) = (self.town.namespace(), self.request());
        let place = Place { kind: "QuotaRequest", namespace: &namespace, name: &name };
        let client = self.world.stage.client(Zhang, self.number);
        let corrected = object::merge(client, &place, json!({"spec": {"resources": {"cpu": cpu}}})).await;
        corrected.unwrap_or_else(|error| panic!("{}: a correction: {error}", self.name()));
        let status = self.town.await_phase(&name, phase).await.status.unwrap_or_default();
        assert_eq!(status.revision, Some(revision), "{}: a correction is a revision", self.name());
    }

    /// The operator has written into the status when something is over; now it is.
    async fn time_passes(&self, status: Value) {
        let client = self.world.stage.client(Person::Operator, self.number).clone();
        let requests: Api<QuotaRequest> = Api::namespaced(client, &self.town.namespace());
        let (name, patch) = (self.request(), Patch::Merge(json!({"status": status})));
        eventually(SOON, format!("{name}: its time is over"), async || {
            requests.patch_status(&name, &PatchParams::default(), &patch).await
        })
        .await;
    }
}

fn at_review(verdict: &str) -> Value {
    json!({"verdict": verdict, "stage": "TechReview"})
}

fn offer(cpu: &str) -> Value {
    json!({"verdict": "Offer", "stage": "TechReview", "resources": amounts(cpu, "8G", "0G")})
}
