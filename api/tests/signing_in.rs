//! Who calls: tokens, sessions, cookies, and what a browser must not be made to do.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should say so at once")]

mod support;

use serde_json::{Value, json};
use support::{City, call};

#[tokio::test]
async fn roles_and_departments_follow_from_rights() {
    let city = City::new();
    let cases = [
        ("admin", json!(["cloud-admin"]), json!([])),
        ("approver", json!(["approver-admin"]), json!([])),
        ("reviewer", json!(["approver-tech"]), json!([])),
        ("auditor", json!(["auditor"]), json!([])),
        ("zhang", json!(["department-owner"]), json!([{"name": "civil-affairs", "displayName": "市民政局"}])),
        ("provider", json!(["provider"]), json!([])),
        ("nobody", json!([]), json!([])),
    ];
    for (token, roles, departments) in cases {
        let session = city.get(token, "/api/v1/session").await.json();
        assert_eq!((&session["roles"], &session["departments"]), (&roles, &departments), "{token}");
        assert_eq!((&session["user"]["shortName"], &session["csrfToken"]), (&json!(token), &Value::Null));
    }
}

#[tokio::test]
async fn the_cookie_is_for_the_server_alone() {
    for (behind_tls, secure) in [(false, false), (true, true)] {
        let city = City::with_files(api::Files::Embedded, behind_tls);
        let answer = city.send(call("POST", "/api/v1/session").json(&json!({"token": "zhang"}))).await;
        assert_eq!(answer.status, 201);
        let cookie = answer.header("set-cookie");
        assert!(cookie.starts_with("yunheng_session=") && cookie.len() > 60, "{cookie}");
        for flag in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(cookie.contains(flag), "{flag} in {cookie}");
        }
        assert_eq!(cookie.contains("Secure"), secure);
        assert_eq!(answer.headers.contains_key("strict-transport-security"), secure);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!answer.text().contains("\"token\""), "the token isn't given back");
    }
}

#[tokio::test]
async fn a_write_with_the_cookie_needs_the_csrf_token_and_our_own_page() {
    let city = City::new();
    let (cookie, csrf) = city.sign_in("zhang").await;
    let (_, other) = city.sign_in("zhang").await;
    let preview = |headers: &[(&str, &str)]| {
        let mut request = call("POST", "/api/v1/requests/preview").header("cookie", &cookie);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        city.send(request.json(&support::new_request()))
    };
    assert_eq!(preview(&[]).await.problem(403)["code"], "CsrfToken");
    assert_eq!(preview(&[("x-csrf-token", &other)]).await.problem(403)["code"], "CsrfToken");
    let foreign = [("x-csrf-token", csrf.as_str()), ("origin", "https://evil.example")];
    assert_eq!(preview(&foreign).await.problem(403)["code"], "ForeignOrigin");
    assert_eq!(preview(&[("x-csrf-token", &csrf), ("origin", "https://cloud.example")]).await.status, 200);
    let read = city.send(call("GET", "/api/v1/session").header("cookie", &cookie).empty()).await;
    assert_eq!(read.json()["csrfToken"], csrf, "a page that is loaded anew gets it again");
    let planted =
        call("POST", "/api/v1/session").header("origin", "https://evil.example").json(&json!({"token": "li"}));
    city.send(planted).await.problem(403);
}

#[tokio::test]
async fn a_session_ends_by_signing_out_and_with_its_token() {
    let city = City::new();
    let (cookie, csrf) = city.sign_in("zhang").await;
    let read = || city.send(call("GET", "/api/v1/session").header("cookie", &cookie).empty());
    assert_eq!(read().await.status, 200);
    let out = call("DELETE", "/api/v1/session").header("cookie", &cookie);
    city.send(out.empty()).await.problem(403);
    let out = call("DELETE", "/api/v1/session").header("cookie", &cookie).header("x-csrf-token", &csrf);
    let answer = city.send(out.empty()).await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(read().await.problem(401)["code"], "SessionEnded");

    let (cookie, _) = city.sign_in("li").await;
    let renewed = call("POST", "/api/v1/session").header("cookie", &cookie).json(&json!({"token": "li"}));
    assert_eq!(city.send(renewed).await.status, 201);
    let before = city.send(call("GET", "/api/v1/session").header("cookie", &cookie).empty()).await;
    assert_eq!(before.problem(401)["code"], "SessionEnded", "a new sign-in ends the session before");
}

#[tokio::test(start_paused = true)]
async fn a_revoked_token_is_refused_within_seconds() {
    let city = City::new();
    let (cookie, _) = city.sign_in("zhang").await;
    assert_eq!(city.get("zhang", "/api/v1/session").await.status, 200);
    city.cluster.revoked.lock().unwrap().push("zhang".to_owned());
    tokio::time::advance(std::time::Duration::from_secs(11)).await;
    assert_eq!(city.get("zhang", "/api/v1/session").await.problem(401)["code"], "TokenRefused");
    let session = city.send(call("GET", "/api/v1/session").header("cookie", &cookie).empty()).await;
    assert_eq!(session.problem(401)["code"], "SessionEnded");
}

#[tokio::test]
async fn whoever_isnt_known_gets_nothing() {
    let city = City::new();
    let calls = [
        (call("GET", "/api/v1/overview").empty(), "SignedOut"),
        (call("GET", "/api/v1/overview").bearer("forged").empty(), "TokenRefused"),
        (call("GET", "/api/v1/overview").header("authorization", "Basic eDp5").empty(), "TokenRefused"),
        (call("GET", "/api/v1/overview").header("cookie", "yunheng_session=made-up").empty(), "SessionEnded"),
        (call("GET", "/api/v1/events").empty(), "SignedOut"),
        (call("POST", "/api/v1/session").json(&json!({"token": "forged"})), "TokenRefused"),
        (call("POST", "/api/v1/session").json(&json!({"token": ""})), "TokenRefused"),
        (call("POST", "/api/v1/session").json(&json!({"token": "two\r\nlines"})), "TokenRefused"),
    ];
    for (request, code) in calls {
        let answer = city.send(request).await;
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        assert_eq!(answer.problem(401)["code"], code);
    }
}

#[tokio::test]
async fn attempts_to_sign_in_are_bounded() {
    let city = City::new();
    let attempt = |token: &'static str| city.send(call("POST", "/api/v1/session").json(&json!({"token": token})));
    for _ in 0..20 {
        attempt("forged").await.problem(401);
    }
    let answer = attempt("zhang").await;
    assert!(answer.header("retry-after").parse::<u64>().unwrap() <= 60);
    assert_eq!(answer.problem(429)["code"], "TooManySignIns");
}

#[tokio::test]
async fn a_token_is_reviewed_once_in_ten_seconds() {
    let city = City::new();
    for _ in 0..5 {
        assert_eq!(city.get("zhang", "/api/v1/pools").await.status, 200);
    }
    assert_eq!(city.cluster.reviews.load(std::sync::atomic::Ordering::SeqCst), 1);
}

fn reviews(city: &City) -> usize {
    city.cluster.reviews.load(std::sync::atomic::Ordering::SeqCst)
}

/// Each bearer token that nobody knows costs the cluster a review, so they are counted as well.
#[tokio::test(start_paused = true)]
async fn guesses_at_bearer_tokens_are_bounded() {
    let city = City::new();
    assert_eq!(city.get("zhang", "/api/v1/session").await.status, 200);
    // A script whose token has expired guesses once, however often it asks.
    for _ in 0..30 {
        city.get("expired", "/api/v1/session").await.problem(401);
    }
    let before = reviews(&city);
    for guess in 0..19 {
        city.get(&format!("guess-{guess}"), "/api/v1/session").await.problem(401);
    }
    let refused = city.get("guess-20", "/api/v1/session").await;
    assert!(refused.header("retry-after").parse::<u64>().unwrap() <= 60);
    assert_eq!(refused.problem(429)["code"], "TooManySignIns");
    assert_eq!(reviews(&city), before + 19, "nobody was asked about the last");
    let sign_in = call("POST", "/api/v1/session").json(&json!({"token": "li"}));
    city.send(sign_in).await.problem(429);
    // Whoever was known goes on, also when his token has to be reviewed again.
    tokio::time::advance(std::time::Duration::from_secs(11)).await;
    assert_eq!(city.get("zhang", "/api/v1/session").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_session_has_the_groups_of_now() {
    let city = City::new();
    let (cookie, _) = city.sign_in("zhang").await;
    *city.cluster.groups.lock().unwrap() = vec!["staff".to_owned()];
    tokio::time::advance(std::time::Duration::from_secs(11)).await;
    let read = || city.send(call("GET", "/api/v1/session").header("cookie", &cookie).empty());
    assert_eq!(read().await.json()["user"]["groups"], json!(["staff"]));
    // And goes on with the rights of now while nobody can be asked.
    city.cluster.away.store(true, std::sync::atomic::Ordering::SeqCst);
    tokio::time::advance(std::time::Duration::from_secs(11)).await;
    assert_eq!(read().await.json()["user"]["groups"], json!(["staff"]));
}
