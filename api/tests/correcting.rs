//! What a department corrects in a returned request.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should say so at once")]

mod support;

use std::sync::atomic::Ordering;

use resources::v1alpha1::QuotaRequest;
use serde_json::{Value, json};
use support::{City, Says, call, new_request, standing, with};

fn writes(city: &City) -> usize {
    city.cluster.writes.load(Ordering::SeqCst)
}

fn returned() -> Value {
    let returned =
        json!({"by": "approver", "reason": "which users?", "fields": ["spec.basis.users"], "from": "Submitted"});
    standing("civil-affairs", "qr-1", json!({"phase": "Returned", "stage": {"name": "Returned"}, "returned": returned}))
}

#[tokio::test]
async fn a_returned_request_is_corrected_in_the_version_that_was_seen() {
    let city = City::staged();
    *city.cluster.says.lock().unwrap() = Says::Applied("Submitted");
    let put = async |token: &str, version: Option<&str>, body: &Value| {
        let put = call("PUT", "/api/v1/requests/civil-affairs/qr-1").bearer(token);
        let put = match version {
            Some(version) => put.header("if-match", &format!("\"{version}\"")),
            None => put,
        };
        city.send(put.json(body)).await
    };
    let body = with(new_request(), &[("basis", json!({"users": "200"}))]);
    let early = put("zhang", Some("1.1"), &body).await.problem(409);
    assert_eq!((&early["code"], &early["phase"]), (&json!("WrongStage"), &json!("Submitted")));
    city.put::<QuotaRequest>(returned());
    city.settle().await;
    assert_eq!(put("zhang", None, &body).await.problem(428)["code"], "VersionMissing");
    let old = put("zhang", Some("1.0"), &body).await.problem(412);
    assert_eq!((&old["code"], &old["version"]), (&json!("VersionOld"), &json!("1.1")));
    put("li", Some("1.1"), &body).await.problem(404);
    assert_eq!(put("approver", Some("1.1"), &body).await.problem(403)["code"], "NotYours");
    let same = json!({"resources": {"cpu": "72", "memory": "128G", "storage": "10T"}, "justification": "more people come than before"});
    let same = with(
        new_request(),
        &[("resources", same["resources"].clone()), ("justification", same["justification"].clone())],
    );
    assert_eq!(put("zhang", Some("1.1"), &same).await.problem(422)["code"], "NothingCorrected");
    let wrong = with(body.clone(), &[("resources.memory", json!("128"))]);
    assert_eq!(put("zhang", Some("1.1"), &wrong).await.problem(422)["field"], "resources.memory");
    let moved = with(body.clone(), &[("pool", json!("inspur"))]);
    let moved = put("zhang", Some("1.1"), &moved).await.problem(422);
    assert_eq!((&moved["field"], &moved["code"]), (&json!("pool"), &json!("FixedInCorrection")));
    let elsewhere = with(body.clone(), &[("department", json!("education"))]);
    assert_eq!(put("zhang", Some("1.1"), &elsewhere).await.problem(422)["field"], "department");
    assert_eq!(writes(&city), 0);

    let answer = put("zhang", Some("1.1"), &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let shown = answer.json();
    assert_eq!(
        (&shown["phase"], &shown["revision"], &shown["version"]),
        (&json!("Submitted"), &json!(2), &json!("2.2"))
    );
    assert_eq!(shown["basis"]["users"], "200");
}

#[tokio::test(start_paused = true)]
async fn a_correction_that_isnt_taken_up_in_time_is_said_so() {
    let city = City::staged();
    *city.cluster.says.lock().unwrap() = Says::Nothing;
    city.put::<QuotaRequest>(returned());
    city.settle().await;
    let put = call("PUT", "/api/v1/requests/civil-affairs/qr-1").bearer("zhang").header("if-match", "\"1.1\"");
    let answer = city.send(put.json(&new_request())).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["phase"]), (202, &json!("Returned")));
}
