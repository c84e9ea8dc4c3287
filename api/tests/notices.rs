//! Notices from the caches to receivers: real servers, a real database, and a time that is told.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should say so at once")]

mod receivers;
mod support;

use std::collections::HashSet;
use std::path::Path;

use api::history::deliveries::{After, State};
use api::history::{Location, Store};
use api::notices::send::sign;
use api::notices::settings::Settings;
use api::notices::{Post, look};
use jiff::{SignedDuration, Timestamp};
use receivers::{Authority, MailBox, REFUSED, Receiver, Says, silent};
use resources::v1alpha1::{QuotaRequest, ResourcePool};
use serde_json::{Value, json};
use support::databases::both;
use support::{City, call, pool, standing};

const OK: Says = (200, Vec::new(), "");

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Before anything of the test's city came about.
fn began() -> Timestamp {
    at("2026-11-23T05:00:00Z")
}

fn now() -> Timestamp {
    at("2026-11-24T02:00:00Z")
}

/// A city that has been looking since before.
async fn city(folder: &Path, settings: Option<&str>) -> City {
    city_in(&Location::File(folder.join("history.db")), folder, settings).await
}

async fn city_in(location: &Location, folder: &Path, settings: Option<&str>) -> City {
    let city = City::with_history(location);
    city.app.history.store().unwrap().notices_since(began()).await.unwrap();
    if let Some(settings) = settings {
        let settings = Settings::parse(settings, folder).unwrap();
        city.app.deliver_through(Post::new(settings).unwrap());
    }
    // No requests but those that the test makes.
    city.list::<QuotaRequest>(vec![]);
    city
}

fn accepted() -> Value {
    let step = json!({"at": "2026-11-23T07:00:00Z", "by": "x", "from": "Submitted", "to": "Accepted", "verdict": "Accept", "reason": "complete in every part"});
    standing("civil-affairs", "qr-1", json!({"phase": "Accepted", "history": [step]}))
}

async fn looked(city: &City, now: Timestamp) -> usize {
    look(&city.app, &mut HashSet::new(), now).await.unwrap()
}

fn store(city: &City) -> &Store {
    city.app.history.store().unwrap()
}

async fn round(city: &City, now: Timestamp) -> usize {
    city.app.post().unwrap().round(store(city), now, 0.5).await.unwrap()
}

/// State, attempts and error of every delivery.
async fn deliveries(city: &City) -> Vec<(State, u32, String)> {
    let all = store(city).deliveries(None, None, 100).await.unwrap();
    all.into_iter().map(|one| (one.state, one.attempts, one.error)).collect()
}

#[tokio::test]
async fn the_same_change_seen_twice_is_told_once() {
    for (name, database) in both() {
        let city = city_in(&database.location, Path::new("/nowhere"), None).await;
        city.put::<QuotaRequest>(accepted());
        assert_eq!(looked(&city, now()).await, 2, "{name}: submitted and accepted");
        assert_eq!(looked(&city, now()).await, 0, "{name}");
        // Another process that has seen nothing, on the same database.
        let beside = City::with_history(&database.location);
        beside.list::<QuotaRequest>(vec![accepted()]);
        assert_eq!(looked(&beside, now()).await, 0, "{name}");
        let inbox = beside.get("zhang", "/api/v1/notices").await.json();
        assert_eq!(inbox["items"].as_array().unwrap().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn what_came_about_before_the_first_start_is_no_news() {
    let folder = tempfile::tempdir().unwrap();
    let city = City::with_history(&Location::File(folder.path().join("history.db")));
    city.list::<QuotaRequest>(vec![accepted()]);
    assert_eq!(looked(&city, now()).await, 0);
}

#[tokio::test]
async fn an_inbox_has_what_concerns_its_owner_and_counts_what_is_unread() {
    for (_, database) in both() {
        inbox(city_in(&database.location, Path::new("/nowhere"), None).await).await;
    }
}

async fn inbox(city: City) {
    city.put::<QuotaRequest>(accepted());
    let mut short = pool("cec", "14251", "18812G", "1286T");
    short["status"]["conditions"] = json!([{"type": "PhysicalShortfall", "status": "True", "reason": "Short", "message": "memory", "lastTransitionTime": "2026-11-23T08:00:00Z"}]);
    city.put::<ResourcePool>(short);
    looked(&city, now()).await;
    let kinds = async |who: &str, query: &str| {
        let list = city.get(who, &format!("/api/v1/notices{query}")).await.json();
        let items = list["items"].as_array().unwrap();
        let kinds: Vec<_> = items.iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect();
        (kinds, list["unread"].as_i64().unwrap())
    };
    assert_eq!(kinds("zhang", "").await, (vec!["requestAccepted".to_owned()], 1));
    assert_eq!(kinds("li", "").await, (vec![], 0), "another department's");
    assert_eq!(kinds("approver", "").await, (vec!["requestSubmitted".to_owned()], 1));
    assert_eq!(kinds("reviewer", "").await, (vec!["requestAccepted".to_owned()], 1));
    assert_eq!(kinds("admin", "").await, (vec!["poolShort".to_owned()], 1));
    assert_eq!(kinds("nobody", "").await, (vec![], 0));

    let notice = &city.get("zhang", "/api/v1/notices").await.json()["items"][0];
    assert_eq!(notice["path"], "/requests/civil-affairs/qr-1");
    assert_eq!(notice["title"], "申请 2026-000001 已受理");
    let id = notice["id"].as_str().unwrap();
    // What isn't his isn't noted.
    city.post("li", "/api/v1/notices/read", json!({"ids": [id]})).await;
    let left = city.post("zhang", "/api/v1/notices/read", json!({"ids": [id, "ev-other"]})).await.json();
    assert_eq!(left, json!({"unread": 0}));
    assert_eq!(kinds("zhang", "?unread=true").await, (vec![], 0));
    assert_eq!(kinds("zhang", "").await.0.len(), 1);
    assert_eq!(kinds("reviewer", "").await.1, 1, "each reads for himself");
    let left = city.post("reviewer", "/api/v1/notices/read", json!({"all": true})).await.json();
    assert_eq!(left, json!({"unread": 0}));

    let muted = json!({"own": {"muted": ["requestAccepted"], "mail": [], "addresses": []}});
    let answer = city.send(call("PUT", "/api/v1/preferences/notices").bearer("reviewer").json(&muted)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(kinds("reviewer", "").await, (vec![], 0));
}

#[tokio::test]
async fn an_inbox_is_read_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let city = city(folder.path(), None).await;
    for number in 0..5 {
        let mut request = accepted();
        request["metadata"]["name"] = json!(format!("qr-{number}"));
        request["metadata"]["uid"] = json!(format!("uid-{number}"));
        city.put::<QuotaRequest>(request);
    }
    looked(&city, now()).await;
    let (mut seen, mut path) = (Vec::new(), "/api/v1/notices?limit=2".to_owned());
    loop {
        let page = city.get("zhang", &path).await.json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["path"].as_str().unwrap().to_owned()));
        match page["continue"].as_str() {
            Some(next) => path = format!("/api/v1/notices?limit=2&continue={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5);
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), 5);
    for (wrong, code) in [("limit=0", "Parameter"), ("continue=x", "Cursor"), ("other=1", "Parameter")] {
        let problem = city.get("zhang", &format!("/api/v1/notices?{wrong}")).await.problem(400);
        assert_eq!(problem["code"], code, "{wrong}");
    }
}

#[tokio::test]
async fn a_receiver_that_fails_twice_gets_the_same_event_three_times() {
    let authority = Authority::new();
    authority.write("secret", "s3cret\n");
    let receiver = Receiver::start(&authority, [(500, vec![], ""), (503, vec![("retry-after", "600")], ""), OK]).await;
    let settings = format!(
        "dashboard: https://cloud.example\nchannels:\n- {{name: ops, type: webhook, url: 'https://localhost:{}/hook', secretFile: secret, caFile: ca.pem, kinds: [requestAccepted]}}\n",
        receiver.port
    );
    let city = city(authority.path(), Some(&settings)).await;
    city.put::<QuotaRequest>(accepted());
    looked(&city, now()).await;
    assert_eq!(round(&city, now()).await, 1);
    assert_eq!(deliveries(&city).await, [(State::Pending, 1, "Status 500".into())]);
    assert_eq!(round(&city, now()).await, 0, "not before its time");
    let second = now() + SignedDuration::from_secs(30);
    assert_eq!(round(&city, second).await, 1);
    let third = second + SignedDuration::from_secs(600);
    assert_eq!(round(&city, third - SignedDuration::from_secs(1)).await, 0, "the receiver said when");
    assert_eq!(round(&city, third).await, 1);
    assert_eq!(deliveries(&city).await, [(State::Sent, 3, String::new())]);
    assert_eq!(round(&city, third + SignedDuration::from_hours(99)).await, 0);

    let calls = receiver.calls();
    assert_eq!(calls.len(), 3);
    let secret = api::identity::Secret::new("s3cret".into());
    for (call, time) in calls.iter().zip([now(), second, third]) {
        let header = |name: &str| call.headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("x-yunheng-timestamp"), time.as_second().to_string());
        assert_eq!(header("x-yunheng-signature"), sign::webhook(&secret, time.as_second(), &call.body));
        assert_eq!(call.body, calls[0].body);
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        assert_eq!(body["id"], header("x-yunheng-event"));
        assert_eq!(body["kind"], "requestAccepted");
        assert_eq!(body["link"], "https://cloud.example/requests/civil-affairs/qr-1");
        assert_eq!(body["text"]["en"]["title"], "Request 2026-000001 accepted");
    }
}

#[tokio::test]
async fn a_receiver_that_never_answers_ends_in_the_dead_letters_and_is_tried_anew_on_demand() {
    let authority = Authority::new();
    let port = silent().await;
    let settings = format!(
        "egress: {{timeoutMs: 100}}\nchannels:\n- {{name: ops, type: webhook, url: 'https://localhost:{port}/secret-path', kinds: [requestAccepted]}}\n"
    );
    let city = city(authority.path(), Some(&settings)).await;
    city.put::<QuotaRequest>(accepted());
    looked(&city, now()).await;
    let mut time = now();
    for _ in 0..10 {
        assert_eq!(round(&city, time).await, 1);
        time += SignedDuration::from_hours(7);
    }
    assert_eq!(round(&city, time).await, 0);
    let list = city.get("admin", "/api/v1/notices/deliveries?state=dead").await;
    assert!(!list.text().contains("secret-path"), "{}", list.text());
    let list = list.json();
    assert_eq!((&list["dead"], &list["pending"]), (&json!(1), &json!(0)));
    let dead = &list["items"][0];
    assert_eq!((&dead["state"], &dead["attempts"], &dead["channel"]), (&json!("dead"), &json!(10), &json!("ops")));
    assert!(dead["error"].as_str().unwrap().starts_with("TimedOut"), "{dead}");

    let retry = format!("/api/v1/notices/deliveries/{}/retry", dead["id"].as_str().unwrap());
    for (who, path) in [("zhang", "/api/v1/notices/deliveries"), ("approver", "/api/v1/notices/deliveries")] {
        // The approver of the test's city reads every ledger.
        if who == "zhang" {
            city.get(who, path).await.problem(403);
        }
        city.post(who, &retry, json!({})).await.problem(403);
    }
    city.post("admin", "/api/v1/notices/deliveries/dl-none/retry", json!({})).await.problem(404);
    let again = city.post("admin", &retry, json!({})).await.json();
    assert_eq!((&again["state"], &again["attempts"]), (&json!("pending"), &json!(0)));
    assert_eq!(round(&city, at("2100-01-01T00:00:00Z")).await, 1);
}

#[tokio::test]
async fn no_redirect_is_followed_and_no_stranger_trusted() {
    let authority = Authority::new();
    let other = Receiver::start(&authority, [OK]).await;
    let elsewhere: &'static str = Box::leak(format!("https://localhost:{}/", other.port).into_boxed_str());
    let moved = Receiver::start(&authority, [(307, vec![("location", elsewhere)], "")]).await;
    let settings = format!(
        "channels:\n- {{name: moved, type: webhook, url: 'https://localhost:{}', caFile: ca.pem, kinds: [requestAccepted]}}\n\
         - {{name: stranger, type: webhook, url: 'https://localhost:{}', kinds: [requestAccepted]}}\n",
        moved.port, other.port
    );
    let city = city(authority.path(), Some(&settings)).await;
    city.put::<QuotaRequest>(accepted());
    looked(&city, now()).await;
    round(&city, now()).await;
    let all = store(&city).deliveries(None, None, 100).await.unwrap();
    let of = |name: &str| all.iter().find(|one| one.channel == name).unwrap();
    assert_eq!((of("moved").state, of("moved").error.as_str()), (State::Dead, "Status 307"));
    assert_eq!(of("stranger").state, State::Pending);
    assert!(of("stranger").error.starts_with("NotReached"), "{}", of("stranger").error);
    assert_eq!(other.calls().len(), 0);
}

#[tokio::test]
async fn robots_get_their_markdown_and_a_signature() {
    let authority = Authority::new();
    let robot = Receiver::start(&authority, [(200, vec![], r#"{"errcode":0,"errmsg":"ok"}"#)]).await;
    let broken = Receiver::start(&authority, [(200, vec![], r#"{"errcode":93000}"#)]).await;
    authority.write("wecom", &format!("https://localhost:{}/cgi-bin/webhook/send?key=k3y", robot.port));
    authority.write("broken", &format!("https://localhost:{}/cgi-bin/webhook/send?key=k3y", broken.port));
    authority.write("dingtalk", &format!("https://localhost:{}/robot/send?access_token=t0ken", robot.port));
    authority.write("seckey", "SEC0");
    let settings = "dashboard: https://cloud.example\nchannels:\n\
        - {name: wecom, type: wecom, urlFile: wecom, caFile: ca.pem, kinds: [requestAccepted]}\n\
        - {name: broken, type: wecom, urlFile: broken, caFile: ca.pem, kinds: [requestAccepted]}\n\
        - {name: ding, type: dingtalk, urlFile: dingtalk, secretFile: seckey, caFile: ca.pem, kinds: [requestAccepted], language: en}\n";
    let city = city(authority.path(), Some(settings)).await;
    city.put::<QuotaRequest>(accepted());
    looked(&city, now()).await;
    round(&city, now()).await;
    let calls = robot.calls();
    let of = |path: &str| calls.iter().find(|call| call.uri.path() == path).unwrap();
    let body = |path: &str| serde_json::from_slice::<Value>(&of(path).body).unwrap();
    let wecom = body("/cgi-bin/webhook/send");
    assert_eq!(wecom["msgtype"], "markdown");
    assert!(wecom["markdown"]["content"].as_str().unwrap().starts_with("**申请 2026-000001 已受理**"), "{wecom}");
    assert_eq!(body("/robot/send")["markdown"]["title"], "Request 2026-000001 accepted");
    let query = of("/robot/send").uri.query().unwrap().to_owned();
    assert!(query.starts_with(&format!("access_token=t0ken&timestamp={}&sign=", now().as_millisecond())), "{query}");
    let all = store(&city).deliveries(Some(State::Dead), None, 100).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].channel.as_str(), all[0].error.as_str()), ("broken", "errcode 93000"));
}

#[tokio::test]
async fn mail_goes_over_tls_with_a_password_to_whoever_wants_it() {
    let authority = Authority::new();
    authority.write("password", "pa55word");
    let server = MailBox::start(Some(&authority), Some("pa55word")).await;
    let settings = format!(
        "dashboard: https://cloud.example\n\
         mail: {{host: localhost, port: {}, username: yunheng, passwordFile: password, caFile: ca.pem, from: '云衡 <yunheng@example.cn>', recipientDomains: [example.cn]}}\n\
         channels:\n- {{name: duty, type: mail, to: [{REFUSED}], kinds: [requestAccepted]}}\n",
        server.port
    );
    let city = city(authority.path(), Some(&settings)).await;
    let put = async |who: &str, body: Value| {
        city.send(call("PUT", "/api/v1/preferences/notices").bearer(who).json(&body)).await
    };
    let own = |address: &str| json!({"own": {"muted": [], "mail": ["requestAccepted"], "addresses": [address]}});
    assert_eq!(put("reviewer", own("reviewer@example.cn")).await.status, 200);
    assert_eq!(put("approver", own("approver@example.cn")).await.status, 200);
    let department =
        json!({"departments": {"civil-affairs": {"mail": ["requestAccepted"], "addresses": ["office@example.cn"]}}});
    assert_eq!(put("zhang", department.clone()).await.status, 200);
    put("li", department).await.problem(422);
    for wrong in ["x@elsewhere.example", "no address", "a@b\r\nBcc: c@example.cn"] {
        let problem = put("zhang", own(wrong)).await.problem(422);
        assert_eq!(problem["field"], "own.addresses[0]", "{wrong:?}");
    }
    city.put::<QuotaRequest>(accepted());
    looked(&city, now()).await;
    round(&city, now()).await;
    let mut to: Vec<_> = server.mails().into_iter().flat_map(|mail| mail.to).collect();
    to.sort();
    // Acceptance isn't the approver's news, and who has no mailbox gets none.
    assert_eq!(to, ["office@example.cn", "reviewer@example.cn"]);
    let text = &server.mails()[0].text;
    for part in ["Message-ID: <dl-", "Auto-Submitted: auto-generated", "Subject: =?utf-8?b?"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let dead = store(&city).deliveries(Some(State::Dead), None, 100).await.unwrap();
    assert_eq!((dead.len(), dead[0].address.as_str(), dead[0].error.as_str()), (1, REFUSED, "SMTP 550"));
}

#[tokio::test]
async fn a_password_that_is_wrong_and_a_server_without_tls_get_no_mail() {
    let authority = Authority::new();
    authority.write("password", "wrong");
    let server = MailBox::start(Some(&authority), Some("pa55word")).await;
    let bare = MailBox::start(None, None).await;
    for (port, account) in [(server.port, "username: yunheng, passwordFile: password,"), (bare.port, "")] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(authority.path().join("ca.pem"), folder.path().join("ca.pem")).unwrap();
        std::fs::copy(authority.path().join("password"), folder.path().join("password")).unwrap();
        let settings = format!(
            "mail: {{host: localhost, port: {port}, {account} caFile: ca.pem, from: y@example.cn}}\n\
             channels:\n- {{name: duty, type: mail, to: [duty@example.cn], kinds: [requestAccepted]}}\n"
        );
        let city = city(folder.path(), Some(&settings)).await;
        city.put::<QuotaRequest>(accepted());
        looked(&city, now()).await;
        round(&city, now()).await;
        let all = deliveries(&city).await;
        assert!(all[0].0 != State::Sent && !all[0].2.is_empty() && !all[0].2.contains("wrong"), "{all:?}");
    }
    assert!(server.mails().is_empty() && bare.mails().is_empty());
}

#[tokio::test]
async fn mail_in_the_clear_is_for_those_who_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let server = MailBox::start(None, None).await;
    let settings = format!(
        "mail: {{host: 127.0.0.1, port: {}, security: none, from: y@example.cn}}\n\
         channels:\n- {{name: duty, type: mail, to: [duty@example.cn], kinds: [requestAccepted]}}\n",
        server.port
    );
    let city = city(folder.path(), Some(&settings)).await;
    city.put::<QuotaRequest>(accepted());
    looked(&city, now()).await;
    round(&city, now()).await;
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn who_dies_with_a_delivery_in_hand_leaves_it_to_the_next() {
    let authority = Authority::new();
    let receiver = Receiver::start(&authority, [OK]).await;
    let settings = format!(
        "channels:\n- {{name: ops, type: webhook, url: 'https://localhost:{}', caFile: ca.pem, kinds: [requestAccepted]}}\n",
        receiver.port
    );
    let city = city(authority.path(), Some(&settings)).await;
    city.put::<QuotaRequest>(accepted());
    looked(&city, now()).await;
    let lease = SignedDuration::from_secs(60);
    assert_eq!(store(&city).take_deliveries("ops", 8, lease, now()).await.unwrap().len(), 1);
    assert_eq!(round(&city, now()).await, 0, "somebody has it");
    assert_eq!(round(&city, now() + lease).await, 1);
    assert_eq!(receiver.calls().len(), 1);
}

#[tokio::test]
async fn the_outbox_is_the_same_in_either_database() {
    let settings = "channels:\n- {name: ops, type: webhook, url: 'https://localhost:1', kinds: [requestAccepted]}\n";
    for (name, database) in both() {
        let city = city_in(&database.location, Path::new("/nowhere"), Some(settings)).await;
        city.put::<QuotaRequest>(accepted());
        looked(&city, now()).await;
        let lease = SignedDuration::from_secs(60);
        let taken = store(&city).take_deliveries("ops", 8, lease, now()).await.unwrap();
        assert_eq!(taken.len(), 1, "{name}");
        assert_eq!(store(&city).take_deliveries("ops", 8, lease, now()).await.unwrap(), [], "{name}");
        let again = After::Again { at: now() + lease, error: "Status 500".into() };
        store(&city).note_attempt(&taken[0].id, &again, now()).await.unwrap();
        assert_eq!(deliveries(&city).await, [(State::Pending, 1, "Status 500".into())], "{name}");
        assert_eq!(store(&city).count_deliveries().await.unwrap(), (1, 0), "{name}");
        assert_eq!(store(&city).bury_orphans(&["ops"], now()).await.unwrap(), 0, "{name}");
        assert_eq!(store(&city).bury_orphans(&["other"], now()).await.unwrap(), 1, "{name}");
        assert_eq!(deliveries(&city).await, [(State::Dead, 1, "ChannelGone".into())], "{name}");
        assert!(store(&city).retry_delivery(&taken[0].id, now()).await.unwrap(), "{name}");
        assert!(!store(&city).retry_delivery(&taken[0].id, now()).await.unwrap(), "{name}: it isn't dead");
        assert_eq!(store(&city).count_deliveries().await.unwrap(), (1, 0), "{name}");
        let list = city.get("admin", "/api/v1/notices/deliveries?limit=1").await.json();
        assert_eq!((&list["items"][0]["attempts"], &list["continue"]), (&json!(0), &Value::Null), "{name}");
    }
}

#[tokio::test]
async fn old_notices_are_forgotten_with_everything_that_belongs_to_them() {
    let authority = Authority::new();
    let settings = "channels:\n- {name: ops, type: webhook, url: 'https://localhost:1'}\n";
    let city = city(authority.path(), Some(settings)).await;
    city.put::<QuotaRequest>(accepted());
    looked(&city, now()).await;
    assert_eq!(store(&city).forget_notices(now()).await.unwrap(), 0);
    assert_eq!(store(&city).forget_notices(now() + SignedDuration::from_secs(1)).await.unwrap(), 2);
    assert_eq!(deliveries(&city).await, []);
    assert_eq!(city.get("zhang", "/api/v1/notices").await.json()["items"], json!([]));
}
