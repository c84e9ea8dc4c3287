//! What is around the routes: unknown ones, headers, the dashboard's files, health, live events.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should say so at once")]

mod support;

use axum::body::BodyDataStream;
use futures::StreamExt;
use resources::v1alpha1::QuotaRequest;
use support::{City, call, request};
use tower::ServiceExt;

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let city = City::new();
    for path in ["/api", "/api/", "/api/v1", "/api/v1/clouds", "/api/v2/pools", "/api/v1/pools/cec/x"] {
        assert_eq!(city.get("auditor", path).await.problem(404)["code"], "NotFound", "{path}");
    }
    for (method, path) in [("PUT", "/api/v1/requests"), ("DELETE", "/api/v1/pools/cec"), ("POST", "/api/v1/overview")] {
        let answer = city.send(call(method, path).bearer("auditor").empty()).await;
        assert!(!answer.header("allow").is_empty(), "{method} {path}");
        assert_eq!(answer.problem(405)["code"], "MethodNotAllowed", "{method} {path}");
    }
}

#[tokio::test]
async fn every_answer_protects_the_browser_and_has_an_id() {
    let city = City::new();
    for path in ["/api/v1/overview", "/api/v1/unknown", "/", "/docs/", "/openapi.json", "/healthz"] {
        let answer = city.get("auditor", path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.header("x-request-id").len(), 16, "{path}");
    }
    let given = |id: &'static str| city.send(call("GET", "/healthz").header("x-request-id", id).empty());
    assert_eq!(given("from-a-proxy.1").await.header("x-request-id"), "from-a-proxy.1");
    assert_ne!(given("two words").await.header("x-request-id"), "two words");
}

#[tokio::test]
async fn the_dashboard_is_served_with_a_fresh_nonce() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("assets")).unwrap();
    std::fs::write(folder.path().join("index.html"), "<meta name=\"csp-nonce\" content=\"__CSP_NONCE__\">").unwrap();
    std::fs::write(folder.path().join("assets/app-abc.js"), "console.log(1)").unwrap();
    std::fs::write(folder.path().join("favicon.svg"), "<svg/>").unwrap();
    let city = City::with_files(api::Files::Folder(folder.path().to_owned()), false);

    let page = async |path: &str| city.send(call("GET", path).empty()).await;
    let (first, second) = (page("/").await, page("/requests/civil-affairs/qr-1?tab=history").await);
    for page in [&first, &second] {
        let text = page.text();
        let nonce = text.split('"').nth(3).unwrap();
        assert!(nonce.len() > 40 && page.header("content-type").starts_with("text/html"), "{text}");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("script-src 'self';") && policy.contains(&format!("'nonce-{nonce}'")), "{policy}");
        assert_eq!(page.header("cache-control"), "no-store");
    }
    assert_ne!(first.text(), second.text());
    let script = page("/assets/app-abc.js").await;
    assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable");
    assert!(script.header("content-type").contains("javascript"));
    assert_eq!(page("/favicon.svg").await.header("cache-control"), "no-cache");
    for missing in ["/assets/app-old.js", "/nothing.png", "/../Cargo.toml", "/%2e%2e/Cargo.toml"] {
        let answer = page(missing).await;
        assert!(answer.status == 404 || answer.header("content-type").starts_with("text/html"), "{missing}");
        assert!(!answer.text().contains("[package]"), "{missing}");
    }
    city.send(call("POST", "/requests").empty()).await.problem(405);
}

#[tokio::test]
async fn without_a_build_the_page_says_how_to_make_one() {
    let folder = tempfile::tempdir().unwrap();
    let city = City::with_files(api::Files::Folder(folder.path().to_owned()), false);
    let page = city.send(call("GET", "/").empty()).await;
    assert!(page.status == 404 && page.text().contains("npm run build"), "{}", page.text());
}

#[tokio::test]
async fn the_document_can_be_browsed_without_a_network() {
    let city = City::new();
    let page = city.send(call("GET", "/docs/").empty()).await;
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("https://") && !page.text().contains("http://"), "{}", page.text());
    for part in ["swagger-ui-bundle.js", "swagger-ui.css", "swagger-initializer.js"] {
        assert_eq!(city.send(call("GET", &format!("/docs/{part}")).empty()).await.status, 200, "{part}");
    }
    assert_eq!(city.send(call("GET", "/openapi.json").empty()).await.json()["openapi"], "3.1.0");
}

#[tokio::test]
async fn large_answers_are_packed_and_streams_arent() {
    let city = City::new();
    let packed = |path: &str| city.send(call("GET", path).bearer("auditor").header("accept-encoding", "gzip").empty());
    let list = packed("/api/v1/applications?limit=200").await;
    assert_eq!(list.header("content-encoding"), "gzip");
    let plain = city.get("auditor", "/api/v1/applications?limit=200").await;
    assert!(list.bytes.len() * 4 < plain.bytes.len(), "{} of {}", list.bytes.len(), plain.bytes.len());
}

#[tokio::test]
async fn it_is_ready_when_every_kind_was_read() {
    let city = City::new();
    assert_eq!(city.send(call("GET", "/readyz").empty()).await.status, 200);
    assert_eq!(city.send(call("GET", "/healthz").empty()).await.text(), "ok\n");
    let version = city.get("nobody", "/api/v1/version").await.json();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
}

/// Opens the stream of a caller.
async fn follow(city: &City, token: &str, last: Option<&str>) -> BodyDataStream {
    let mut request = call("GET", "/api/v1/events").bearer(token);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let response = city.router.clone().oneshot(request.empty()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response.into_body().into_data_stream()
}

async fn frame(stream: &mut BodyDataStream) -> String {
    let next = tokio::time::timeout(std::time::Duration::from_secs(1), stream.next()).await;
    String::from_utf8(next.expect("a frame within a second").unwrap().unwrap().to_vec()).unwrap()
}

fn id_of(frame: &str) -> String {
    frame.lines().find_map(|line| line.strip_prefix("id: ").or(line.strip_prefix("id:"))).unwrap().trim().to_owned()
}

#[tokio::test]
async fn changes_are_told_to_those_who_may_see_them_and_from_where_they_were() {
    let city = City::new();
    let (mut all, mut own) = (follow(&city, "auditor", None).await, follow(&city, "zhang", None).await);
    let start = id_of(&frame(&mut all).await);
    frame(&mut own).await;
    city.put::<QuotaRequest>(request("education", "qr-3", "li", "school-001", ("1", "1G", "1G")));
    city.put::<QuotaRequest>(request("civil-affairs", "qr-4", "zhang", "marriage-registry", ("1", "1G", "1G")));
    let (first, second) = (frame(&mut all).await, frame(&mut all).await);
    assert!(
        first.contains("event: changed") && first.contains("qr-3") && first.contains("\"type\":\"added\""),
        "{first}"
    );
    assert!(second.contains("qr-4"), "{second}");
    let only = frame(&mut own).await;
    assert!(only.contains("qr-4") && only.contains("dept-civil-affairs"), "{only}");

    let mut resumed = follow(&city, "auditor", Some(&id_of(&first))).await;
    assert!(frame(&mut resumed).await.contains("qr-4"));
    let mut from_start = follow(&city, "auditor", Some(&start)).await;
    assert!(frame(&mut from_start).await.contains("qr-3"));
    let mut lost = follow(&city, "auditor", Some("another-7")).await;
    frame(&mut lost).await;
    assert!(frame(&mut lost).await.contains("event: reset"));
}

#[tokio::test]
async fn streams_are_bounded_for_each_caller() {
    let city = City::new();
    let mut open = Vec::new();
    for _ in 0..32 {
        open.push(follow(&city, "zhang", None).await);
    }
    assert_eq!(city.get("zhang", "/api/v1/events").await.problem(429)["code"], "TooManyStreams");
    drop(open);
    drop(follow(&city, "zhang", None).await);
}

/// What a stream tells of can be read at once, also where something was read a moment before.
#[tokio::test]
async fn whoever_hears_of_a_change_can_read_it() {
    let city = City::new();
    let mut stream = follow(&city, "auditor", None).await;
    frame(&mut stream).await;
    for number in 10..20 {
        let name = format!("qr-{number}");
        city.put::<QuotaRequest>(request("education", &name, "li", "school-001", ("1", "1G", "1G")));
        assert!(frame(&mut stream).await.contains(&name));
        let read = city.get("auditor", &format!("/api/v1/requests/education/{name}")).await;
        assert_eq!(read.status, 200, "{name}");
    }
}

/// A tab that is merely open doesn't keep its session alive.
#[tokio::test(start_paused = true)]
async fn a_heartbeat_is_no_sign_of_life() {
    use api::identity::Secret;
    use jiff::SignedDuration;
    let city = City::new();
    let (cookie, _) = city.sign_in("zhang").await;
    let key = Secret::new(cookie.split_once('=').unwrap().1.to_owned());
    let response = city.router.clone().oneshot(call("GET", "/api/v1/events").header("cookie", &cookie).empty()).await;
    let mut stream = response.unwrap().into_body().into_data_stream();
    stream.next().await.unwrap().unwrap();
    // As if the last call had been long ago: the session ends ten seconds from its beginning.
    let sessions = &city.app.identity.sessions;
    let opened =
        sessions.look(&key, jiff::Timestamp::UNIX_EPOCH).await.unwrap().ends_at - SignedDuration::from_hours(12);
    sessions.touch(&key, opened - SignedDuration::from_mins(30) + SignedDuration::from_secs(10)).await.unwrap();
    for _ in 0..3 {
        let heartbeat = stream.next().await.unwrap().unwrap();
        assert!(heartbeat.starts_with(b": still here"), "{heartbeat:?}");
    }
    assert!(sessions.look(&key, opened + SignedDuration::from_secs(11)).await.is_none());
}
