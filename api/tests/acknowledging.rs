//! Incidents of the extranet: who takes notice, in whose name, and over whose word.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should say so at once")]

mod support;

use std::sync::atomic::Ordering;

use resources::v1alpha1::LinkIncident;
use serde_json::{Value, json};
use support::City;

const PATH: &str = "/api/v1/incidents/cut/acknowledgement";
const ADMIN: &str = "system:serviceaccount:yunheng-people:admin";

fn incident(by: &str, note: &str) -> Value {
    json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "LinkIncident",
        "metadata": {"name": "cut", "resourceVersion": "7"},
        "spec": {"root": "county-1", "startedAt": "2026-11-24T00:00:00.000000Z", "acknowledgedBy": by, "note": note},
        "status": {"state": "Open"},
    })
}

fn city(by: &str, note: &str) -> City {
    let city = City::new();
    city.put::<LinkIncident>(incident(by, note));
    city
}

#[tokio::test]
async fn notice_is_taken_in_the_callers_own_name() {
    let city = city("", "");
    let answer = city.post("admin", PATH, json!({"note": " crew is on its way "})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let view = answer.json();
    assert_eq!((&view["acknowledgedBy"], &view["note"]), (&json!(ADMIN), &json!("crew is on its way")));
    assert_eq!(view["open"], true, "it is broken all the same");
    let again = city.post("admin", PATH, json!({"note": "mended at noon"})).await;
    assert_eq!(again.json()["note"], "mended at noon", "one's own note may be replaced");
    let (_, written) = city.cluster.objects.lock().unwrap()[0].clone();
    let spec = json!({"acknowledgedBy": ADMIN, "note": "crew is on its way"});
    assert_eq!(written["spec"], spec, "what the incident is about isn't written");
    assert_eq!(city.get("admin", "/api/v1/network").await.json()["unacknowledgedIncidents"], 0);
}

#[tokio::test]
async fn somebody_elses_word_is_replaced_only_by_who_has_seen_it() {
    let city = city("zhao", "on my way");
    assert_eq!(city.post("admin", PATH, json!({"note": "x"})).await.problem(409)["code"], "Conflict");
    let other = json!({"note": "x", "insteadOf": "wang"});
    assert_eq!(city.post("admin", PATH, other).await.problem(409)["code"], "Conflict");
    assert_eq!(city.cluster.writes.load(Ordering::SeqCst), 0);
    let taken = city.post("admin", PATH, json!({"note": "x", "insteadOf": "zhao"})).await;
    assert_eq!(taken.json()["acknowledgedBy"], ADMIN);
}

/// The operator writes statuses all the time: that isn't a reason to send a person back.
#[tokio::test]
async fn a_status_that_has_moved_meanwhile_is_read_again() {
    let city = city("", "");
    let mut conflict = kube::core::Status::failure("moved", "Conflict");
    conflict.code = 409;
    *city.cluster.refuses.lock().unwrap() = Some(conflict);
    let moves = async {
        while city.cluster.refuses.lock().unwrap().is_some() {
            tokio::task::yield_now().await;
        }
        let mut moved = incident("", "");
        moved["metadata"]["resourceVersion"] = json!("8");
        city.put::<LinkIncident>(moved);
    };
    let (answer, ()) = tokio::join!(city.post("admin", PATH, json!({"note": "x"})), moves);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["acknowledgedBy"], ADMIN);
}

#[tokio::test]
async fn who_may_not_is_refused_before_anything_is_looked_at() {
    let city = city("", "");
    for token in ["auditor", "approver", "zhang", "provider", "nobody"] {
        for path in [PATH, "/api/v1/incidents/none/acknowledgement"] {
            assert_eq!(city.post(token, path, json!({})).await.status, 403, "{token} {path}");
        }
    }
    city.post("admin", "/api/v1/incidents/none/acknowledgement", json!({})).await.problem(404);
    let long = json!({"note": "字".repeat(2_001)});
    assert_eq!(city.post("admin", PATH, long).await.problem(422)["errors"][0]["field"], "note");
    city.post("admin", PATH, json!({"by": "zhao"})).await.problem(422);
    assert_eq!(city.cluster.writes.load(Ordering::SeqCst), 0);
}
