//! Who would approve, said while one types.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should say so at once")]

mod support;

use jiff::{SignedDuration, Timestamp};
use ledger::{Bundle, PerResource};
use resources::usage::{Roll, Sample};
use resources::v1alpha1::{QuotaRequest, UsageRecord};
use serde_json::{Value, json};
use support::{City, allocation, call, new_request, request, with};

const PREVIEW: &str = "/api/v1/requests/preview";

/// 62 % of 64 cores for two weeks, up to this time.
fn record(uid: &Value, now: Timestamp) -> Value {
    let quota = Bundle::new(64_000, 128_000_000_000, 10_000_000_000_000);
    let used = quota.map(|amount| amount.percent(62));
    let mut roll = Roll::default();
    for number in (0..14 * 288).rev() {
        let measured = PerResource { cpu: Some(used.cpu), memory: Some(used.memory), storage: None };
        roll.add(&Sample { at: now - SignedDuration::from_secs(300 * number), quota, charged: used, measured });
    }
    json!({"metadata": {"namespace": "dept-civil-affairs", "name": "marriage-registry"},
        "spec": roll.spec(uid.as_str().unwrap())})
}

/// A city of its own for each question: pictures of the caches are made at a bearable pace.
async fn preview(body: &Value, prepare: impl FnOnce(&City)) -> Value {
    let city = City::new();
    city.list::<QuotaRequest>(vec![]);
    prepare(&city);
    let answer = city.post("zhang", PREVIEW, body.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["automatic"].clone()
}

#[tokio::test]
async fn acceptance_5_a_preview_says_who_would_approve_and_why() {
    // What the server takes for now.
    let now = City::new().get("zhang", "/api/v1/overview").await.json()["asOf"].as_str().unwrap().parse().unwrap();
    let more = with(new_request(), &[("resources.cpu", json!("88"))]);
    let open = request("civil-affairs", "qr-1", "zhang", "marriage-registry", ("72", "128G", "10T"));
    let behind = preview(&more, |city| city.list::<QuotaRequest>(vec![open])).await;
    assert!(behind["reasons"].as_array().unwrap().iter().any(|one| one["code"] == "OtherOpen"), "{behind:#}");

    let blind = preview(&more, |_| {}).await;
    let no_data = json!([{"code": "NoData", "message": "无监控数据"}]);
    assert_eq!((&blind["would"], &blind["reasons"]), (&json!(false), &no_data));
    let stranger = preview(&more, |city| city.put::<UsageRecord>(record(&json!("of-another"), now))).await;
    assert_eq!(stranger["reasons"], no_data, "a record of an allocation that is gone");

    let uid = allocation("civil-affairs", "marriage-registry", ("64", "128G", "10T"))["metadata"]["uid"].clone();
    let seen = preview(&more, |city| city.put::<UsageRecord>(record(&uid, now))).await;
    assert_eq!((&seen["would"], &seen["reasons"]), (&json!(true), &json!([])), "{seen:#}");
    let rows = seen["evidence"].as_array().unwrap();
    let use_ = rows.iter().find(|one| one["rule"] == "R1" && one["threshold"] == ">= 35 %").unwrap();
    assert_eq!((&use_["value"], &use_["passed"]), (&json!("62.0 %"), &json!(true)));
    assert_eq!(use_["title"], "使用率与增幅");

    let less = with(new_request(), &[("resources.cpu", json!("32"))]);
    assert_eq!(preview(&less, |_| {}).await["would"], true);
}

#[tokio::test]
async fn it_is_said_in_english_too() {
    let city = City::new();
    city.list::<QuotaRequest>(vec![]);
    let more = with(new_request(), &[("resources.cpu", json!("88"))]);
    let english = call("POST", PREVIEW).bearer("zhang").header("accept-language", "en").json(&more);
    let english = city.send(english).await.json();
    assert_eq!(english["automatic"]["reasons"][0]["message"], "no monitoring data");
}
