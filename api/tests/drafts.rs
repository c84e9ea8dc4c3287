//! Drafts: kept for one person and one department, in either database.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should say so at once")]

mod support;

use serde_json::{Value, json};
use support::databases::{Database, both};
use support::{Answer, City, call};

async fn put(city: &City, token: &str, id: &str, body: &Value) -> Answer {
    city.send(call("PUT", &format!("/api/v1/drafts/{id}")).bearer(token).json(body)).await
}

fn draft(department: &str, text: &str) -> Value {
    json!({"department": department, "content": {"justification": text}})
}

#[tokio::test]
async fn a_draft_is_kept_until_it_is_deleted() {
    for (name, database) in both() {
        let city = City::with_history(&database.location);
        assert_eq!(city.get("zhang", "/api/v1/drafts/new-1").await.problem(404)["code"], "NotFound", "{name}");
        let first = put(&city, "zhang", "new-1", &draft("civil-affairs", "高峰期")).await;
        assert_eq!(first.status, 201, "{name}: {}", first.text());
        let second = put(&city, "zhang", "new-1", &draft("civil-affairs", "高峰期登记量翻倍")).await;
        assert_eq!(second.status, 200, "{name}: {}", second.text());
        // Another process on the same database.
        let beside = City::with_history(&database.location);
        let shown = beside.get("zhang", "/api/v1/drafts/new-1").await.json();
        assert_eq!(shown["content"]["justification"], "高峰期登记量翻倍", "{name}");
        assert_eq!(shown["department"], "civil-affairs");
        assert_eq!(beside.get("zhang", "/api/v1/drafts").await.json()["items"], json!([shown]));
        let delete = || city.send(call("DELETE", "/api/v1/drafts/new-1").bearer("zhang").empty());
        assert_eq!(delete().await.status, 204, "{name}");
        assert_eq!(delete().await.problem(404)["code"], "NotFound");
        assert_eq!(city.get("zhang", "/api/v1/drafts").await.json()["items"], json!([]));
    }
}

#[tokio::test]
async fn a_draft_is_its_writers_alone() {
    let database = Database::file();
    let city = City::with_history(&database.location);
    assert_eq!(put(&city, "zhang", "new-1", &draft("civil-affairs", "mine")).await.status, 201);
    for other in ["li", "admin", "auditor", "approver"] {
        assert_eq!(city.get(other, "/api/v1/drafts/new-1").await.problem(404)["code"], "NotFound", "{other}");
        assert_eq!(city.get(other, "/api/v1/drafts").await.json()["items"], json!([]), "{other}");
        let delete = city.send(call("DELETE", "/api/v1/drafts/new-1").bearer(other).empty()).await;
        assert_eq!(delete.problem(404)["code"], "NotFound", "{other}");
    }
    let foreign = put(&city, "zhang", "new-2", &draft("education", "theirs")).await;
    assert_eq!(foreign.problem(422)["errors"][0]["field"], "department");
    assert_eq!(city.get("zhang", "/api/v1/drafts/new-1").await.status, 200);
}

#[tokio::test]
async fn drafts_are_bounded() {
    for (name, database) in both() {
        let city = City::with_history(&database.location);
        for number in 0..20 {
            let id = format!("d-{number}");
            assert_eq!(put(&city, "zhang", &id, &draft("civil-affairs", "x")).await.status, 201, "{name} {id}");
        }
        let one_more = put(&city, "zhang", "d-20", &draft("civil-affairs", "x")).await;
        assert_eq!(one_more.problem(409)["code"], "TooManyDrafts", "{name}");
        assert_eq!(put(&city, "zhang", "d-3", &draft("civil-affairs", "y")).await.status, 200, "{name}");
        let long = put(&city, "zhang", "d-3", &draft("civil-affairs", &"长".repeat(30_000))).await;
        assert_eq!(long.problem(413)["code"], "TooLarge", "{name}");
        for id in ["a%20b", "%E5%8E%86", &"x".repeat(65)] {
            let odd = put(&city, "zhang", id, &draft("civil-affairs", "x")).await;
            assert_eq!(odd.problem(400)["field"], "id", "{name} {id}");
        }
    }
}

#[tokio::test]
async fn while_the_store_is_away_the_city_is_shown() {
    let mut database = Database::server();
    let city = City::with_history(&database.location);
    assert_eq!(put(&city, "zhang", "new-1", &draft("civil-affairs", "x")).await.status, 201);
    database.stop();
    let refused = put(&city, "zhang", "new-1", &draft("civil-affairs", "y")).await.problem(503);
    assert_eq!(refused["code"], "HistoryAway");
    assert_eq!(city.get("zhang", "/api/v1/requests").await.status, 200);
    // Nor does it have to be there when the server starts.
    let city = City::with_history(&database.location);
    assert_eq!(city.get("zhang", "/api/v1/requests").await.status, 200);
    assert_eq!(city.get("zhang", "/api/v1/drafts").await.problem(503)["code"], "HistoryAway");
}
