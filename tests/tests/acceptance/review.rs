//! What reviewers may do with a request, and what they may not.

use reqwest::Method;
use resources::v1alpha1::Phase;
use serde_json::{Value, json};
use tests::eventually::{SOON, eventually};
use tests::object::{self, Place, refusal};
use tests::people::Person::{ApproverAdmin, ApproverTech, CloudAdmin, Li, Zhang};
use tests::town::{amounts, bundle};

use crate::Desk;

#[tokio::test]
async fn acceptance_6_return_and_resubmit() {
    let desk = Desk::open("return").await;
    let request = desk.submitted("return-a", "40").await;
    let number = desk.view(Zhang, &request).await["number"].clone();
    let back = json!({"verdict": "Return", "fields": ["resources.cpu"]});
    let returned = desk.decided(ApproverAdmin, &request, back).await;
    assert_eq!((&returned["phase"], &returned["returned"]["fields"]), (&json!("Returned"), &json!(["resources.cpu"])));
    assert_eq!(returned["stage"]["stopped"]["limit"], "sla.accept", "the reviewers' clock stands still");

    // Only the department edits: neither REST nor the API server takes it from others.
    let (path, body) = (desk.path(&request), desk.body("return-a", "30"));
    let version = format!("\"{}\"", returned["version"].as_str().unwrap());
    let correct =
        async |token| desk.rest.send(Method::PUT, token, &path, &[("If-Match", version.as_str())], Some(&body)).await;
    for other in [ApproverAdmin, ApproverTech, CloudAdmin] {
        assert_eq!(correct(desk.token(other)).await.status, 403, "{}", other.account());
        let namespace = desk.town.namespace();
        let place = Place { kind: "QuotaRequest", namespace: &namespace, name: &request };
        let edit = json!({"spec": {"resources": {"cpu": "30"}}});
        refusal(other.account(), object::merge(&desk.town.cluster.client(other).await, &place, edit).await);
    }
    let sent = correct(desk.token(Zhang)).await.of(200);
    assert_eq!((&sent["phase"], &sent["revision"], &sent["number"]), (&json!("Submitted"), &json!(2), &number));
    assert_eq!((&sent["stage"]["limit"], &sent["stage"]["stopped"]), (&json!("sla.accept"), &Value::Null));

    let seen = desk.view(ApproverAdmin, &request).await;
    let last = seen["history"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["changes"], json!([{"field": "resources.cpu", "before": "40", "after": "30"}]));
}

#[tokio::test]
async fn acceptance_7_reasons() {
    let desk = Desk::open("reasons").await;
    let request = desk.submitted("reasons-a", "40").await;
    let before = desk.view(ApproverAdmin, &request).await;
    for reason in [Value::Null, json!(""), json!("too short"), json!("          ")] {
        let said = json!({"verdict": "Reject", "reason": reason});
        let problem = desk.decide(desk.token(ApproverAdmin), &request, said).await.of(422);
        assert_eq!((&problem["code"], &problem["field"]), (&json!("ReasonMissing"), &json!("reason")), "{reason}");
    }
    let after = desk.view(ApproverAdmin, &request).await;
    assert_eq!((&after["phase"], &after["history"]), (&before["phase"], &before["history"]));
    let actions = after["actions"].as_array().unwrap();
    assert!(actions.iter().any(|action| action["verdict"] == "Reject" && action["needsReason"] == true));
    assert_eq!(desk.acts("decideRequest").await.len(), 4, "what is refused is on record too");
}

#[tokio::test]
async fn acceptance_7_and_15_nobody_decides_his_own_request() {
    let desk = Desk::open("own").await;
    let members =
        json!({"members": {"owners": [Li.user()], "users": [Zhang.user(), ApproverAdmin.user(), ApproverTech.user()]}});
    desk.town.change("Department", "", "own", json!({"spec": members})).await;
    desk.granted("own-a", "4").await;
    let request = desk.ask(ApproverAdmin, desk.body("own-a", "40")).await;

    assert_eq!(desk.blocked(ApproverAdmin, &request, "Accept").await, "SelfApproval", "the button says why it rests");
    for verdict in ["Accept", "Reject"] {
        let problem = desk.decide(desk.token(ApproverAdmin), &request, json!({"verdict": verdict})).await.of(403);
        assert_eq!(problem["code"], "SelfApproval", "{verdict}");
    }
    let acts = desk.acts("decideRequest").await;
    let told = acts.iter().map(|act| (&act["outcome"], &act["code"], act["actorShort"].as_str().unwrap()));
    let refused = (&json!("Refused"), &json!("SelfApproval"), ApproverAdmin.account());
    assert_eq!(told.collect::<Vec<_>>(), [refused, refused]);

    // The same with kubectl: it is written, and answered with a no that is on record.
    let mut raw = desk.town.decision_object(ApproverAdmin, &request, "Accept").await;
    raw["spec"]["stage"] = json!("Acceptance");
    let (name, answered) = desk.town.send_decision(ApproverAdmin, raw).await;
    assert_eq!(answered.code.as_deref(), Some("SelfApproval"), "{answered:?}");
    eventually(SOON, "the chain tells of it", async || {
        let path = format!("/audit?department={}&limit=200", desk.town.name);
        let rows = desk.rest.get(desk.token(tests::people::Person::Auditor), &path).await.of(200);
        let rows = rows["items"].as_array().unwrap().clone();
        let own = rows.iter().filter(|row| row["source"] == "Cluster" && row["object"].to_string().contains(&name));
        let told = own.map(ToString::to_string).collect::<String>();
        if told.contains("SelfApproval") { Ok(()) } else { Err(format!("{told} of {}", rows.len())) }
    })
    .await;
    assert_eq!(desk.status(&request).await.phase, Some(Phase::Submitted), "and nothing has moved");
}

#[tokio::test]
async fn acceptance_13_idempotent_approve() {
    let desk = Desk::open("idem").await;
    let request = desk.in_review("idem-a", "40").await;
    let body = desk.decision(&request, json!({"verdict": "Approve"})).await;
    let path = format!("{}/decisions", desk.path(&request));
    let approve = async |body: &Value| {
        let key = [("Idempotency-Key", "the-same-click")];
        desk.rest.send(Method::POST, desk.token(ApproverTech), &path, &key, Some(body)).await
    };
    let first = approve(&body).await;
    assert_eq!(first.status, 200, "{}", first.text);
    for again in [approve(&body).await, approve(&body).await] {
        assert_eq!(again, first, "byte by byte");
    }
    let mut other = body.clone();
    other["reason"] = json!("another reason for the same");
    assert_eq!(approve(&other).await.of(422)["code"], "IdempotencyKeyReused");

    desk.town.await_phase(&request, Phase::Active).await;
    desk.town.await_enforced("idem-a", "40", "8G", "1T").await;
    let standing = desk.town.settles().await;
    assert_eq!(standing.ledger.entries.len(), 1);
    assert_eq!(standing.ledger.position().granted, bundle(&amounts("40", "8G", "1T")));
    let acts = desk.acts("decideRequest").await;
    let approvals = acts.iter().filter(|act| act["detail"].to_string().contains("Approve") && act["outcome"] == "Done");
    assert_eq!(approvals.count(), 1, "{acts:#?}");
}

#[tokio::test]
async fn acceptance_14_two_reviewers() {
    let desk = Desk::open("race").await;
    let request = desk.in_review("race-a", "40").await;
    // Both have read the same revision at the same stage.
    let approve = desk.decision(&request, json!({"verdict": "Approve"})).await;
    let reject = desk.decision(&request, json!({"verdict": "Reject"})).await;
    let path = format!("{}/decisions", desk.path(&request));
    let (one, two) = tokio::join!(
        desk.rest.post(desk.token(ApproverTech), &path, &approve),
        desk.rest.post(&desk.scene.both, &path, &reject),
    );
    let (first, second) = if one.status == 200 { (one, two) } else { (two, one) };
    let (phase, problem) = (first.of(200)["phase"].clone(), second.of(409));
    assert_eq!((&problem["code"], &problem["revision"]), (&json!("WrongStage"), &json!(1)), "{problem:#}");
    assert!(problem["decision"].as_str().is_some_and(|name| name.starts_with("qd-")), "{problem:#}");
    assert!(problem["phase"].is_string() && problem["phase"] != "TechReview", "where it is now: {problem:#}");

    let (end, cpu) = if phase == "Rejected" { (Phase::Rejected, "4") } else { (Phase::Active, "40") };
    let status = desk.town.await_phase(&request, end).await.status.unwrap();
    let decided = status.history.iter().filter(|step| matches!(step.verdict.as_deref(), Some("Approve" | "Reject")));
    assert_eq!(decided.count(), 1, "{:?}", status.history);
    desk.town.await_enforced("race-a", cpu, "8G", "1T").await;
    desk.town.settles().await;
}

#[tokio::test]
async fn acceptance_16_four_eyes() {
    let desk = Desk::open("eyes").await;
    let request = desk.submitted("eyes-a", "80").await;
    desk.decided(ApproverAdmin, &request, json!({"verdict": "Accept"})).await;
    desk.decide(&desk.scene.both, &request, json!({"verdict": "Take"})).await.of(200);
    let (first, second) =
        (json!({"verdict": "Approve", "stage": "TechReview"}), json!({"verdict": "Approve", "stage": "AdminApproval"}));

    let early = desk.decide(desk.token(ApproverAdmin), &request, second.clone()).await.of(409);
    assert_eq!((&early["code"], &early["stage"]), (&json!("WrongStage"), &json!("TechReview")), "{early:#}");
    let opinion = desk.decide(&desk.scene.both, &request, first).await.of(200);
    assert_eq!((&opinion["phase"], &opinion["stage"]["name"]), (&json!("TechReview"), &json!("AdminApproval")));
    let same = desk.decide(&desk.scene.both, &request, second.clone()).await.of(403);
    assert_eq!(same["code"], "SameReviewer", "{same:#}");
    assert_eq!(desk.town.standing().await.ledger.position().held, bundle(&amounts("0", "0G", "0T")));

    desk.decided(ApproverAdmin, &request, second).await;
    desk.town.await_phase(&request, Phase::Active).await;
    desk.town.await_enforced("eyes-a", "80", "8G", "1T").await;
    desk.town.settles().await;
}
