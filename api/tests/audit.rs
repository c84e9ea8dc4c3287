//! The audit chain: who did what is written before it is done, and what came of it before it is told.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should say so at once")]

mod support;

use std::sync::atomic::Ordering;

use resources::v1alpha1::{PoolLedger, QuotaRequest};
use serde_json::{Value, json};
use support::databases::{Database, both};
use support::{City, Says, call, request};

const DECISIONS: &str = "/api/v1/requests/civil-affairs/qr-1/decisions";

fn approval() -> Value {
    json!({"verdict": "Approve", "requestRevision": 1, "reason": "容量充足, 同意扩容"})
}

async fn acts(city: &City, query: &str) -> Vec<Value> {
    let answer = city.get("auditor", &format!("/api/v1/audit{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_act_is_told_with_who_what_why_and_what_came_of_it() {
    for (name, database) in both() {
        let city = City::with_history(&database.location);
        let decided = city.post("approver", DECISIONS, approval()).await;
        assert_eq!(decided.status, 200, "{name}: {}", decided.text());
        let acts = acts(&city, "").await;
        assert_eq!(acts.len(), 1, "{name}: {acts:?}");
        let act = &acts[0];
        let expected = [
            ("operation", "decideRequest"),
            ("actor", "system:serviceaccount:yunheng-people:approver"),
            ("actorShort", "approver"),
            ("via", "Token"),
            ("department", "civil-affairs"),
            ("reason", "容量充足, 同意扩容"),
            ("before", "1"),
            ("outcome", "Done"),
            ("code", "200"),
            ("source", "Rest"),
            ("detail", "{\"verdict\":\"Approve\"}"),
        ];
        for (field, value) in expected {
            assert_eq!(act[field], value, "{name} {field}");
        }
        assert_eq!(act["requestId"], decided.header("x-request-id"), "{name}");
        let verified = city.get("auditor", "/api/v1/audit/verification").await.json();
        assert_eq!(verified["intact"], true, "{name}: {verified}");
        assert_eq!(verified["rows"], 2, "{name}");
    }
}

#[tokio::test]
async fn what_cant_be_written_down_isnt_done() {
    let mut database = Database::server();
    let city = City::with_history(&database.location);
    assert_eq!(city.post("approver", DECISIONS, approval()).await.status, 200);
    let before = city.cluster.writes.load(Ordering::SeqCst);
    database.stop();
    let refused = city.post("approver", "/api/v1/requests/education/qr-2/decisions", approval()).await;
    assert_eq!(refused.problem(503)["code"], "HistoryAway");
    let sign_in = city.send(call("POST", "/api/v1/session").json(&json!({"token": "zhang"}))).await;
    assert_eq!(sign_in.problem(503)["code"], "HistoryAway");
    assert!(sign_in.header("set-cookie").is_empty());
    assert_eq!(city.cluster.writes.load(Ordering::SeqCst), before, "nothing may be written to the cluster");
    assert_eq!(city.get("zhang", "/api/v1/requests").await.status, 200);
}

#[tokio::test]
async fn acceptance_20_refusals_and_failures_are_acts_too() {
    let database = Database::file();
    let city = City::with_history(&database.location);
    // Without the token against forgery; no such request; a reason is missing; the cluster is away.
    let (cookie, _) = city.sign_in("zhang").await;
    city.send(call("POST", DECISIONS).header("cookie", &cookie).json(&approval())).await.problem(403);
    city.post("approver", "/api/v1/requests/civil-affairs/qr-99/decisions", approval()).await.problem(404);
    city.post("approver", DECISIONS, json!({"verdict": "Reject", "requestRevision": 1})).await.problem(422);
    city.post("approver", DECISIONS, json!({"verdict": "Nod", "requestRevision": 1})).await.problem(422);
    let told: Vec<(String, String, String)> = acts(&city, "?outcome=Refused")
        .await
        .iter()
        .map(|act| ["outcome", "code", "actorShort"].map(|field| act[field].as_str().unwrap().to_owned()).into())
        .collect();
    assert_eq!(told.len(), 4, "{told:?}");
    assert_eq!((told[3].2.as_str(), told[2].1.as_str()), ("zhang", "NotFound"), "{told:?}");

    *city.cluster.says.lock().unwrap() = Says::Nothing;
    let refusal = kube::core::Status::failure("etcdserver: request timed out", "InternalError").with_code(418);
    *city.cluster.refuses.lock().unwrap() = Some(refusal);
    assert_eq!(city.post("approver", DECISIONS, approval()).await.status, 500);
    assert_eq!(acts(&city, "?outcome=Failed").await.len(), 1);
}

#[tokio::test]
async fn signing_in_and_out_is_told_and_no_token_is_kept() {
    let database = Database::file();
    let city = City::with_history(&database.location);
    let (cookie, csrf) = city.sign_in("zhang").await;
    let out = call("DELETE", "/api/v1/session").header("cookie", &cookie).header("x-csrf-token", &csrf);
    assert_eq!(city.send(out.empty()).await.status, 204);
    let wrong = city.send(call("POST", "/api/v1/session").json(&json!({"token": "not-a-token-of-ours"}))).await;
    assert_eq!(wrong.status, 401);
    let acts = acts(&city, "").await;
    let told: Vec<_> =
        acts.iter().map(|act| (act["operation"].as_str().unwrap(), act["outcome"].as_str().unwrap())).collect();
    assert_eq!(told, [("signIn", "Refused"), ("signOut", "Done"), ("signIn", "Done")]);
    assert_eq!(acts[2]["actorShort"], "zhang");
    assert_eq!(acts[1]["via"], "Session");
    let all = format!("{acts:?}");
    assert!(!all.contains("not-a-token-of-ours") && !all.contains(&csrf), "{all}");
    // Nobody knows these callers, and anybody could send as many as he likes.
    city.send(call("POST", DECISIONS).json(&approval())).await.problem(401);
    assert_eq!(self::acts(&city, "").await.len(), 3);
}

#[tokio::test]
async fn acceptance_13_the_same_act_sent_again_is_one_act() {
    for (name, database) in both() {
        let city = City::with_history(&database.location);
        let send = |body: Value| {
            city.send(call("POST", DECISIONS).bearer("approver").header("idempotency-key", "k-1").json(&body))
        };
        for _ in 0..3 {
            assert_eq!(send(approval()).await.status, 200, "{name}");
        }
        // Another server, which has forgotten the answer.
        let again = call("POST", DECISIONS).bearer("approver").header("idempotency-key", "k-1").json(&approval());
        assert_eq!(city.beside_with(&database.location).send(again).await.status, 200, "{name}");
        assert_eq!(acts(&city, "").await.len(), 1, "{name}");
        let mut other = approval();
        other["reason"] = "另外的理由, 至少十个字".into();
        assert_eq!(send(other).await.status, 422);
        let acts = acts(&city, "").await;
        assert_eq!((acts.len(), &acts[0]["code"]), (2, &json!("IdempotencyKeyReused")), "{name}");
    }
}

#[tokio::test]
async fn an_attempt_after_a_failure_is_an_act_of_its_own() {
    let database = Database::file();
    let city = City::with_history(&database.location);
    let send =
        || city.send(call("POST", DECISIONS).bearer("approver").header("idempotency-key", "k").json(&approval()));
    let refusal = kube::core::Status::failure("no", "InternalError").with_code(418);
    *city.cluster.refuses.lock().unwrap() = Some(refusal);
    assert_eq!(send().await.status, 500);
    assert_eq!(send().await.status, 200);
    let outcomes: Vec<_> = acts(&city, "").await.iter().map(|act| act["outcome"].clone()).collect();
    assert_eq!(outcomes, ["Done", "Failed"]);
}

#[tokio::test]
async fn only_who_may_reads_the_chain() {
    let database = Database::file();
    let city = City::with_history(&database.location);
    for path in ["/api/v1/audit", "/api/v1/audit/export", "/api/v1/audit/verification"] {
        for token in ["zhang", "approver", "reviewer", "provider", "nobody"] {
            assert_eq!(city.get(token, path).await.problem(403)["code"], "Forbidden", "{token} {path}");
        }
        for token in ["auditor", "admin"] {
            assert_eq!(city.get(token, path).await.status, 200, "{token} {path}");
        }
    }
}

#[tokio::test]
async fn the_list_is_walked_page_by_page_and_filtered() {
    for (name, database) in both() {
        let city = City::with_history(&database.location);
        for number in 0..7 {
            let who = if number % 2 == 0 { "approver" } else { "zhang" };
            let path = format!("/api/v1/requests/civil-affairs/none-{number}/decisions");
            city.post(who, &path, approval()).await;
        }
        let mut seen = Vec::new();
        let mut query = "?limit=3".to_owned();
        loop {
            let page = city.get("auditor", &format!("/api/v1/audit{query}")).await.json();
            seen.extend(page["items"].as_array().unwrap().iter().map(|act| act["object"].clone()));
            let Some(next) = page["continue"].as_str() else { break };
            query = format!("?limit=3&continue={next}");
        }
        let expected: Vec<_> =
            (0..7).rev().map(|number| json!(format!("requests/civil-affairs/none-{number}/decisions"))).collect();
        assert_eq!(seen, expected, "{name}");
        let count = async |query: &str| acts(&city, query).await.len();
        assert_eq!(count("?actor=system:serviceaccount:yunheng-people:zhang").await, 3, "{name}");
        assert_eq!(count("?department=education").await, 0, "{name}");
        assert_eq!(count("?department=civil-affairs&outcome=Refused").await, 7, "{name}");
        assert_eq!(count("?operation=decideRequest").await, 7, "{name}");
        assert_eq!(count("?object=requests/civil-affairs/none-4/decisions").await, 1, "{name}");
        assert_eq!(count("?until=2026-01-01T00:00:00Z").await, 0, "{name}");
        assert_eq!(count("?since=2026-01-01T00:00:00Z").await, 7, "{name}");
        for bad in ["?limit=0", "?limit=201", "?continue=x", "?since=yesterday", "?colour=red"] {
            city.get("auditor", &format!("/api/v1/audit{bad}")).await.problem(400);
        }
        let file = city.get("auditor", "/api/v1/audit/export?department=civil-affairs").await;
        assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
        assert_eq!(file.text().lines().count(), 8, "{name}");
    }
}

#[tokio::test]
async fn what_the_cluster_tells_is_recorded_once_and_what_it_no_longer_tells_is_a_gap() {
    for (name, database) in both() {
        let city = City::with_history(&database.location);
        let mut request = request("civil-affairs", "qr-7", "zhang", "marriage-registry", ("72", "128G", "10T"));
        request["metadata"]["uid"] = "uid-qr-7".into();
        request["status"] = json!({"phase": "Accepted", "history": [
            {"at": "2026-11-23T08:00:00Z", "by": "zhang", "to": "Submitted"},
            {"at": "2026-11-23T09:00:00Z", "by": "chen", "from": "Submitted", "to": "Accepted", "verdict": "Accept"},
        ]});
        city.put::<QuotaRequest>(request.clone());
        let mut follower = api::history::audit::seen::Follower::default();
        let history = city.app.history.clone();
        follower.record(&city.world, &history).await.unwrap();
        // Another process, and the same one again.
        api::history::audit::seen::Follower::default().record(&city.world, &history).await.unwrap();
        follower.record(&city.world, &history).await.unwrap();
        let steps = acts(&city, "?operation=RequestStep").await;
        assert_eq!(steps.len(), 2, "{name}: {steps:?}");
        assert_eq!((&steps[0]["actor"], &steps[0]["after"]), (&json!("chen"), &json!("Accepted")), "{name}");
        assert_eq!(steps[0]["department"], "civil-affairs");

        let commit = |revision: i64| json!({"revision": revision, "at": "2026-11-23T08:00:00Z"}).to_string();
        let ledger = |revisions: &[i64]| {
            let mut ledger = support::empty_ledger("inspur", 9_500_000, 12_541 * support::G, 857 * support::T);
            ledger["metadata"]["uid"] = "uid-inspur".into();
            ledger["metadata"]["resourceVersion"] = format!("v{revisions:?}").into();
            ledger["spec"]["journal"] = revisions.iter().map(|revision| json!(commit(*revision))).collect();
            ledger
        };
        let of_inspur = async || {
            let acts = acts(&city, "?operation=LedgerCommit&object=inspur").await;
            acts.iter()
                .rev()
                .map(|act| format!("{} {}", act["source"].as_str().unwrap(), act["after"].as_str().unwrap()))
                .collect::<Vec<_>>()
        };
        for revisions in [&[1, 2][..], &[2, 3], &[4], &[9, 10]] {
            city.put::<PoolLedger>(ledger(revisions));
            follower.record(&city.world, &history).await.unwrap();
        }
        let expected = ["Cluster 1", "Cluster 2", "Cluster 3", "Cluster 4", "Gap 9", "Cluster 9", "Cluster 10"];
        assert_eq!(of_inspur().await, expected, "{name}");
    }
}
