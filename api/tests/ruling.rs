//! The city's own rules: what counts and since when, which days are worked, and who changes it.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should say so at once")]

mod support;

use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use support::{Answer, City, call};

async fn put(city: &City, token: &str, path: &str, version: Option<&str>, body: &Value) -> Answer {
    let call = call("PUT", path).bearer(token);
    let call = match version {
        Some(version) => call.header("if-match", &format!("\"{version}\"")),
        None => call,
    };
    city.send(call.json(body)).await
}

fn value(policy: &Value, key: &str) -> Value {
    let values = policy["process"].as_array().unwrap().iter();
    values.into_iter().find(|value| value["key"] == key).cloned().unwrap()
}

const ACCEPT: &str = "/api/v1/policy/process/sla.accept";

#[tokio::test]
async fn each_value_says_what_counts_and_where_it_comes_from() {
    let city = City::new();
    city.settle().await;
    for token in ["zhang", "provider", "auditor"] {
        let policy = city.get(token, "/api/v1/policy").await.json();
        let path = value(&policy, "approval.path");
        assert_eq!(
            (&path["value"], &path["default"], &path["form"]),
            (&json!("direct"), &json!("staged"), &json!("Path"))
        );
        assert_eq!(
            (&path["effectiveFrom"], &path["history"][0]["standing"]),
            (&json!("2026-01-01"), &json!("InForce"))
        );
        let accept = value(&policy, "sla.accept");
        assert_eq!(
            (&accept["value"], &accept["effectiveFrom"], &accept["max"]),
            (&json!("3"), &Value::Null, &json!(60))
        );
        assert!(
            accept["source"].as_str().unwrap().contains("黄山") && accept["history"].as_array().unwrap().is_empty()
        );
    }
    city.get("nobody", "/api/v1/policy").await.problem(404);
}

#[tokio::test]
async fn a_value_is_set_from_a_day_on_in_the_callers_name() {
    let city = City::staged();
    city.settle().await;
    let version = city.get("admin", "/api/v1/policy").await.json()["version"].as_str().unwrap().to_owned();
    let later = json!({"value": "5", "source": "孝数发〔2026〕8号", "effectiveFrom": "9000-01-01"});
    let set = put(&city, "admin", ACCEPT, Some(&version), &later).await;
    assert_eq!(set.status, 200, "{}", set.text());
    let policy = city.get("admin", "/api/v1/policy").await.json();
    assert_eq!(policy, set.json(), "what is answered is what is read next");
    let accept = value(&policy, "sla.accept");
    assert_eq!(accept["value"], "3", "its day hasn't come");
    let change = &accept["history"][0];
    assert_eq!(
        (&change["value"], &change["standing"], &change["changedByShort"]),
        (&json!("5"), &json!("Coming"), &json!("admin"))
    );
    assert_eq!(value(&policy, "approval.path")["value"], "staged", "the others stay");

    // The version has moved with it.
    let old = put(&city, "admin", ACCEPT, Some(&version), &later).await.problem(412);
    assert_eq!((&old["code"], &old["version"]), (&json!("VersionOld"), &policy["version"]));
    assert_eq!(put(&city, "admin", ACCEPT, None, &later).await.problem(428)["code"], "VersionMissing");
}

#[tokio::test]
async fn what_is_wrong_with_a_value_names_its_field_in_both_languages() {
    let city = City::new();
    city.settle().await;
    let version = city.get("admin", "/api/v1/policy").await.json()["version"].as_str().unwrap().to_owned();
    let wrong = json!({"value": "0", "source": "", "effectiveFrom": "2020-01-01"});
    let problem = put(&city, "admin", ACCEPT, Some(&version), &wrong).await.problem(422);
    let fields: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|one| one["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["value", "source", "effectiveFrom"]);
    assert_eq!(problem["errors"][0]["message"], "value 应为 1 至 60 的整数(工作日)。");
    let call = call("PUT", ACCEPT).bearer("admin").header("if-match", &format!("\"{version}\""));
    let english = city.send(call.header("accept-language", "en").json(&wrong)).await.problem(422);
    assert_eq!(english["errors"][0]["message"], "value of sla.accept isn't a whole number of 1 to 60 working days.");
    assert_eq!(city.cluster.writes.load(Ordering::SeqCst), 0);

    put(&city, "admin", "/api/v1/policy/process/sla.nothing", Some(&version), &wrong).await.problem(404);
    put(&city, "nobody", ACCEPT, Some(&version), &wrong).await.problem(404);
}

#[tokio::test]
async fn the_cluster_says_who_may_change_the_rules() {
    let city = City::new();
    city.settle().await;
    let five = json!({"value": "5", "source": "第8号", "effectiveFrom": "9000-01-01"});
    let year = json!({"holidays": ["2027-01-01"], "makeupWorkdays": [], "sourceDocument": "通知", "published": true});
    for token in ["zhang", "approver", "auditor", "provider"] {
        // Also with an old version: whoever may not needn't look again.
        put(&city, token, ACCEPT, Some("0"), &five).await.problem(403);
        put(&city, token, "/api/v1/calendars/2027", Some("9"), &year).await.problem(403);
    }
    // The API server has the last word.
    let version = city.get("admin", "/api/v1/policy").await.json()["version"].as_str().unwrap().to_owned();
    let forbidden = kube::core::Status::failure("cloudpolicies is forbidden", "Forbidden").with_code(403);
    *city.cluster.refuses.lock().unwrap() = Some(forbidden);
    put(&city, "admin", ACCEPT, Some(&version), &five).await.problem(403);
    assert_eq!(city.cluster.writes.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_year_is_shown_month_by_month() {
    let city = City::new();
    city.settle().await;
    let year = city.get("zhang", "/api/v1/calendars/2026").await.json();
    assert_eq!(
        (&year["workdays"], &year["published"], &year["origin"], &year["version"]),
        (&json!(248), &json!(true), &json!("BuiltIn"), &json!("0"))
    );
    let october = &year["months"][9];
    assert_eq!((&october["workdays"], &october["makeupWorkdays"]), (&json!(18), &json!(["2026-10-10"])));
    let notes = year["notes"].as_array().unwrap();
    assert!(notes.iter().any(|note| note["text"] == "10月10日(周六)调休上班" && note["date"] == "2026-10-10"));
    assert!(notes.iter().any(|note| note["text"] == "10月1日至7日放假" && note["until"] == "2026-10-07"));
    let items = city.get("auditor", "/api/v1/calendars").await.json();
    let years: Vec<i64> =
        items["items"].as_array().unwrap().iter().map(|item| item["year"].as_i64().unwrap()).collect();
    assert!(years.starts_with(&[2024, 2025, 2026]) && years.is_sorted(), "{years:?}");
    for nothing in ["/api/v1/calendars/1999", "/api/v1/calendars/2200", "/api/v1/calendars/next"] {
        city.get("zhang", nothing).await.problem(404);
    }
    city.get("nobody", "/api/v1/calendars/2026").await.problem(404);
    city.get("nobody", "/api/v1/calendars").await.problem(404);
}

#[tokio::test]
async fn a_year_that_is_written_counts_at_once() {
    let city = City::new();
    city.settle().await;
    let due = "/api/v1/due?from=2027-01-04T10:00&workdays=1";
    let before = city.get("zhang", due).await.json();
    assert_eq!((&before["dueAt"], &before["provisional"]), (&json!("2027-01-05T17:30:00+08:00"), &json!(true)));

    let new = json!({"holidays": ["2027-01-01", "2027-01-05"], "makeupWorkdays": ["2027-01-03"], "sourceDocument": "国办发明电〔2026〕9号", "published": true});
    let written = put(&city, "admin", "/api/v1/calendars/2027", Some("0"), &new).await;
    assert_eq!(written.status, 200, "{}", written.text());
    let year = city.get("zhang", "/api/v1/calendars/2027").await.json();
    assert_eq!(year, written.json());
    assert_eq!((&year["origin"], &year["holidays"]), (&json!("Object"), &new["holidays"]));
    city.settle().await;
    let after = city.get("zhang", due).await.json();
    assert_eq!((&after["dueAt"], &after["provisional"]), (&json!("2027-01-06T17:30:00+08:00"), &json!(false)));

    assert_eq!(
        put(&city, "admin", "/api/v1/calendars/2027", Some("0"), &new).await.problem(412)["version"],
        year["version"]
    );
    let version = year["version"].as_str().unwrap();
    let draft = json!({"holidays": ["2027-01-01"], "makeupWorkdays": [], "sourceDocument": "草案", "published": false});
    let draft = put(&city, "admin", "/api/v1/calendars/2027", Some(version), &draft).await.json();
    assert_eq!(
        (&draft["published"], &draft["holidays"]),
        (&json!(false), &json!(["2027-01-01"])),
        "a draft's lists are kept"
    );
    assert_eq!(draft["months"][0]["holidays"], json!([]), "and don't count");

    let wrong = json!({"holidays": ["2028-01-01"], "makeupWorkdays": ["2027-01-04"], "sourceDocument": "通知", "published": true});
    let problem = put(&city, "admin", "/api/v1/calendars/2027", draft["version"].as_str(), &wrong).await.problem(422);
    assert_eq!(problem["errors"][0]["message"], "holidays[0] 不是 2027 年的日期。");
    assert_eq!(problem["errors"][1]["message"], "makeupWorkdays[0] 是周一: 只有周六、周日才调休上班。");
}

#[tokio::test]
async fn acceptance_4_a_due_date_comes_with_its_reasons() {
    let city = City::new();
    city.settle().await;
    let due = city.get("zhang", "/api/v1/due?from=2026-09-30T10:00&limit=sla.accept").await.json();
    assert_eq!(
        (&due["dueAt"], &due["workdays"], &due["cutoff"]),
        (&json!("2026-10-10T17:30:00+08:00"), &json!(3), &json!("17:30"))
    );
    assert_eq!(due["notes"][1]["text"], "10月10日(周六)调休上班");
    for (wrong, field) in [
        ("", "workdays"),
        ("?workdays=1&limit=sla.accept", "workdays"),
        ("?workdays=1001", "workdays"),
        ("?limit=test.period", "limit"),
        ("?workdays=1&from=yesterday", "from"),
    ] {
        assert_eq!(city.get("zhang", &format!("/api/v1/due{wrong}")).await.problem(400)["field"], field, "{wrong}");
    }
    city.get("nobody", "/api/v1/due?workdays=1").await.problem(404);
}
