//! What is written: requests and decisions, in the caller's name, once, and with clear refusals.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should say so at once")]

mod support;

use std::sync::atomic::Ordering;

use kube::core::Status;
use resources::v1alpha1::{Allocation, Application, Department, QuotaRequest, ResourcePool};
use serde_json::{Value, json};
use support::{City, Says, allocation, application, call, department, new_request, pool, standing, with};

fn writes(city: &City) -> usize {
    city.cluster.writes.load(Ordering::SeqCst)
}

#[tokio::test]
async fn a_request_is_written_in_the_callers_name_and_shown() {
    let city = City::new();
    let answer = city.post("zhang", "/api/v1/requests", new_request()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.header("location"), "/api/v1/requests/civil-affairs/qr-new-0");
    let shown = answer.json();
    assert_eq!(shown["requester"], "system:serviceaccount:yunheng-people:zhang");
    assert_eq!(shown["requesterShort"], "zhang");
    assert_eq!((&shown["applicationName"], &shown["phase"]), (&json!("婚姻登记系统"), &json!("Submitted")));
    assert_eq!(shown["preview"]["fits"], true);
    let again = city.get("zhang", answer.header("location")).await.json();
    assert_eq!(again["name"], shown["name"]);
}

/// The same verdict as the API server's, with the field, in both languages, and nothing written.
#[tokio::test]
async fn acceptance_12_bad_requests_are_named_by_their_field_in_both_languages() {
    let city = City::new();
    let zero = json!({"cpu": "0", "memory": "0", "storage": "0"});
    let application = |grade: i64| json!({"displayName": "x", "tier": "Municipal", "securityGrade": grade});
    let long = "x".repeat(64);
    let cases = [
        (with(new_request(), &[("resources.memory", json!("128"))]), "resources.memory", "AmountWithoutUnit"),
        (with(new_request(), &[("resources.memory", json!("128GB"))]), "resources.memory", "AmountUnit"),
        (with(new_request(), &[("resources.storage", json!("1.5T"))]), "resources.storage", "AmountFraction"),
        (with(new_request(), &[("resources.memory", json!("1e3"))]), "resources.memory", "AmountExponent"),
        (with(new_request(), &[("resources.cpu", json!("-8"))]), "resources.cpu", "AmountNegative"),
        (with(new_request(), &[("resources.cpu", json!(""))]), "resources.cpu", "AmountEmpty"),
        (with(new_request(), &[("resources.cpu", json!("99999999999999"))]), "resources.cpu", "AmountTooLarge"),
        (with(new_request(), &[("resources", zero)]), "resources", "AllZero"),
        (with(new_request(), &[("resources.gpu", json!("1"))]), "resources.gpu", "UnknownField"),
        (with(new_request(), &[("resources.cpu", json!(8))]), "resources.cpu", "WrongType"),
        (with(new_request(), &[("type", json!("Grow"))]), "type", "WrongType"),
        (with(new_request(), &[("pool", json!("mars"))]), "pool", "UnknownPool"),
        (with(new_request(), &[("application", json!("nothing"))]), "application", "UnknownApplication"),
        (with(new_request(), &[("application", json!(long))]), "application", "Name"),
        (with(new_request(), &[("department", json!("education"))]), "department", "UnknownDepartment"),
        (with(new_request(), &[("department", json!("atlantis"))]), "department", "UnknownDepartment"),
        (with(new_request(), &[("justification", json!("short"))]), "justification", "Length"),
        (with(new_request(), &[("period", json!({"start": "1 Dec"}))]), "period.start", "Date"),
        (with(new_request(), &[("type", json!("Release"))]), "resources", "NotZero"),
        (with(new_request(), &[("newApplication", application(2))]), "newApplication", "OnlyWithNew"),
        (
            with(new_request(), &[("type", json!("New")), ("newApplication", application(2))]),
            "newApplication",
            "ApplicationExists",
        ),
        (
            with(new_request(), &[("type", json!("New")), ("application", json!("new-one"))]),
            "newApplication",
            "NewApplicationMissing",
        ),
        (
            with(
                new_request(),
                &[("type", json!("New")), ("application", json!("new-one")), ("newApplication", application(4))],
            ),
            "newApplication.securityGrade",
            "GradeTooHigh",
        ),
        (with(new_request(), &[("basis", json!({"users": "x".repeat(201)}))]), "basis.users", "Length"),
    ];
    for (body, field, code) in cases {
        for path in ["/api/v1/requests", "/api/v1/requests/preview"] {
            let problem = city.post("zhang", path, body.clone()).await.problem(422);
            assert_eq!((&problem["field"], &problem["code"]), (&json!(field), &json!(code)), "{body}: {problem:#}");
            assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{problem:#}");
            let english = call("POST", path).bearer("zhang").header("accept-language", "en").json(&body);
            let english = city.send(english).await;
            assert_eq!(english.header("content-language"), "en");
            let english = english.problem(422);
            for (member, in_chinese) in [("title", true), ("nextStep", true), ("detail", true)] {
                let has = |text: &Value| text.as_str().unwrap().chars().any(|c| ('\u{4e00}'..'\u{9fff}').contains(&c));
                assert_eq!(
                    (has(&problem[member]), has(&english[member])),
                    (in_chinese, false),
                    "{member}: {problem:#} {english:#}"
                );
            }
        }
    }
    assert_eq!(writes(&city), 0);
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once() {
    let city = City::new();
    let changes = [("resources.memory", json!("128")), ("justification", json!("short")), ("pool", json!("mars"))];
    let problem = city.post("zhang", "/api/v1/requests", with(new_request(), &changes)).await.problem(422);
    let mut fields: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
    fields.sort_by_key(ToString::to_string);
    assert_eq!(fields, ["justification", "pool", "resources.memory"]);
}

#[tokio::test]
async fn what_isnt_a_body_is_refused_before_anything_else() {
    let city = City::new();
    let post = || call("POST", "/api/v1/requests").bearer("zhang");
    let declared = || post().header("content-type", "application/json");
    let cases = [
        (declared().body("{\"department\": "), 400, "NotWellFormed"),
        (declared().body(""), 400, "NotWellFormed"),
        (declared().body(vec![b'"', 0xff, b'"']), 400, "NotUtf8"),
        (declared().body("[".repeat(100_000)), 422, "WrongType"),
        (declared().body(" ".repeat(10 * 1024 * 1024)), 413, "TooLarge"),
        (post().body("{}"), 415, "NotJson"),
        (post().header("content-type", "text/plain").body("{}"), 415, "NotJson"),
        (post().header("content-type", "application/x-www-form-urlencoded").body("a=b"), 415, "NotJson"),
    ];
    for (request, status, code) in cases {
        let problem = city.send(request).await.problem(status);
        assert_eq!(problem["code"], code, "{problem:#}");
    }
    assert_eq!(writes(&city), 0);
}

#[tokio::test]
async fn the_same_open_request_isnt_made_twice() {
    let city = City::new();
    let first = city.post("zhang", "/api/v1/requests", new_request()).await.json();
    let problem = city.post("zhang", "/api/v1/requests", new_request()).await.problem(409);
    assert_eq!((&problem["code"], &problem["existing"]), (&json!("DuplicateRequest"), &first["name"]));
    assert_eq!(writes(&city), 1);
}

#[tokio::test]
async fn acceptance_13_a_key_makes_a_call_happen_once() {
    let city = City::new();
    let send = |key: &'static str, body: Value| {
        let request = call("POST", "/api/v1/requests").bearer("zhang").header("idempotency-key", key).json(&body);
        city.send(request)
    };
    let first = send("k-1", new_request()).await;
    let second = send("k-1", new_request()).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16(), writes(&city)), (201, 201, 1));
    assert_eq!((first.json(), first.header("location")), (second.json(), second.header("location")));
    let other = with(new_request(), &[("resources.cpu", json!("81"))]);
    let problem = send("k-1", other.clone()).await.problem(422);
    assert_eq!(problem["code"], "IdempotencyKeyReused");
    assert_eq!(send("k-2", other).await.status, 201);
    send(" ", new_request()).await.problem(400);
}

/// A server that was started anew, or another beside it, remembers no keys. What was written has its
/// name from the key, so that it isn't written again.
#[tokio::test]
async fn a_key_is_known_by_what_it_has_written() {
    let city = City::new();
    let ask = |city: &City, key: &'static str, body: &Value| {
        let request = call("POST", "/api/v1/requests").bearer("zhang").header("idempotency-key", key).json(body);
        let city = city.beside();
        async move { city.send(request).await }
    };
    let first = ask(&city, "k-1", &new_request()).await;
    let second = ask(&city, "k-1", &new_request()).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16(), writes(&city)), (201, 201, 1), "{}", second.text());
    assert_eq!((first.header("location"), &first.json()["name"]), (second.header("location"), &second.json()["name"]));
    let other = with(new_request(), &[("resources.cpu", json!("81"))]);
    assert_eq!(ask(&city, "k-1", &other).await.problem(422)["code"], "IdempotencyKeyReused");

    let decide = |city: &City, verdict: &'static str| {
        let body = json!({"verdict": verdict, "requestRevision": 1, "reason": "the evidence convinces"});
        let path = "/api/v1/requests/civil-affairs/qr-1/decisions";
        let request = call("POST", path).bearer("approver").header("idempotency-key", "k-2").json(&body);
        let city = city.beside();
        async move { city.send(request).await }
    };
    let (first, second) = (decide(&city, "Approve").await, decide(&city, "Approve").await);
    assert_eq!((first.status.as_u16(), second.status.as_u16(), writes(&city)), (200, 200, 2), "{}", second.text());
    assert_eq!(first.json(), second.json());
    assert_eq!(decide(&city, "Reject").await.problem(422)["code"], "IdempotencyKeyReused");
}

/// The caches of a second server may be a moment behind: then the API server says that it is there.
#[tokio::test]
async fn the_api_server_has_the_last_word_on_a_key() {
    let city = City::new();
    let send = |key: &'static str| {
        let request = call("POST", "/api/v1/requests").bearer("zhang").header("idempotency-key", key);
        city.send(request.json(&new_request()))
    };
    let exists = json!({"status": "Failure", "code": 409, "reason": "AlreadyExists", "message": "it is there"});
    *city.cluster.refuses.lock().unwrap() = refusal(exists.clone());
    let later = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        // What the other server wrote for the same call comes by the watch.
        let other = City::new();
        let request = call("POST", "/api/v1/requests").bearer("zhang").header("idempotency-key", "k-1");
        let name = other.send(request.json(&new_request())).await.json()["name"].as_str().unwrap().to_owned();
        let written = other.world.read().requests.get("dept-civil-affairs", &name).cloned().unwrap();
        city.put::<QuotaRequest>(serde_json::to_value(&*written).unwrap());
    };
    let (answer, ()) = tokio::join!(send("k-1"), later);
    assert_eq!((answer.status.as_u16(), writes(&city)), (201, 0), "{}", answer.text());
}

/// Without a key a look at what is open stands between two that come at once.
#[tokio::test]
async fn two_calls_at_once_make_one_request() {
    let city = City::new();
    let send = || city.post("zhang", "/api/v1/requests", new_request());
    let (first, second) = tokio::join!(send(), send());
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!((statuses, writes(&city)), ([201, 409], 1));
}

/// What the operator would refuse at the approval is refused when it is asked for, by its field.
#[tokio::test]
async fn what_makes_no_sense_beside_what_exists_isnt_asked_for() {
    let city = City::new();
    city.put::<Application>(application("civil-affairs", "school-000", "同名", "Municipal"));
    city.put::<Application>(application("civil-affairs", "marriage-registry-inspur", "另一个", "Municipal"));
    let taken = allocation("civil-affairs", "marriage-registry-inspur", ("1", "1G", "1T"));
    city.put::<Allocation>(taken);
    let with_type = |type_: &str, application: &str, pool: &str| {
        with(new_request(), &[("type", json!(type_)), ("application", json!(application)), ("pool", json!(pool))])
    };
    let long = "p".repeat(58);
    city.put::<ResourcePool>(pool(&long, "1", "1G", "1T"));
    let mut leaving = pool("leaving", "1", "1G", "1T");
    leaving["metadata"]["deletionTimestamp"] = json!("2026-11-23T06:00:00Z");
    city.put::<ResourcePool>(leaving);
    let cases = [
        (with_type("Change", "marriage-registry", "inspur"), "type", "NothingAllocated"),
        (with_type("Renew", "marriage-registry", "inspur"), "type", "NothingAllocated"),
        (with_type("New", "marriage-registry", "cec"), "type", "AlreadyAllocated"),
        (with_type("New", "marriage-registry", "leaving"), "pool", "UnknownPool"),
        (with_type("New", "marriage-registry", "inspur"), "application", "NameTaken"),
        (with_type("New", "marriage-registry", &long), "application", "NameTooLong"),
        (with_type("New", "school-000", "cec"), "application", "NamespaceTaken"),
    ];
    for (body, field, code) in cases {
        for path in ["/api/v1/requests", "/api/v1/requests/preview"] {
            let problem = city.post("zhang", path, body.clone()).await.problem(422);
            let errors = problem["errors"].as_array().unwrap();
            let found = (errors.len(), &problem["field"], &problem["code"]);
            // A namespace too many follows from a name that is taken.
            assert_eq!((found.1, found.2), (&json!(field), &json!(code)), "{body}: {problem:#}");
            assert!(!problem.to_string().contains("education"), "whose it is isn't the caller's to know: {problem:#}");
        }
    }
    assert_eq!(writes(&city), 0);
    let free = with_type("New", "school-000", "inspur");
    city.post("li", "/api/v1/requests", with(free, &[("department", json!("education"))])).await;
    assert_eq!(writes(&city), 1, "a further allocation has a namespace of its own");
}

/// A pool that the caller may not see isn't there for him.
#[tokio::test]
async fn a_pool_of_others_is_unknown() {
    let city = City::new();
    let mut department = department("civil-affairs", "市民政局", &["nobody"], "Municipal");
    department["metadata"]["generation"] = json!(2);
    city.put::<Department>(department);
    let problem = city.post("nobody", "/api/v1/requests/preview", new_request()).await.problem(422);
    assert_eq!(problem["code"], "UnknownPool", "{problem:#}");
}

#[tokio::test]
async fn an_approval_answers_with_the_new_state() {
    let city = City::new();
    let approve = json!({"verdict": "Approve", "requestRevision": 1, "reason": "the evidence convinces"});
    let answer = city.post("approver", "/api/v1/requests/civil-affairs/qr-1/decisions", approve.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!((&answer.json()["phase"], &answer.json()["preview"]), (&json!("Active"), &Value::Null));
    let decision = city.get("zhang", "/api/v1/requests/civil-affairs/qr-1/decisions/qd-new-0").await.json();
    assert_eq!((&decision["outcome"], &decision["decidedByShort"]), (&json!("Applied"), &json!("approver")));
    city.get("zhang", "/api/v1/requests/civil-affairs/qr-other/decisions/qd-new-0").await.problem(404);
    city.get("li", "/api/v1/requests/civil-affairs/qr-1/decisions/qd-new-0").await.problem(404);
}

/// The watches may be a moment behind whoever has just asked with kubectl.
#[tokio::test]
async fn a_request_that_the_caches_lack_is_decided_all_the_same() {
    let city = City::new();
    let approve = || json!({"verdict": "Approve", "requestRevision": 1, "reason": "the evidence convinces"});
    let url = "/api/v1/requests/civil-affairs/qr-new/decisions";
    city.post("approver", url, approve()).await.problem(404);
    let known = city.world.read().requests.get("dept-civil-affairs", "qr-1").cloned().unwrap();
    let mut new = (*known).clone();
    (new.metadata.name, new.metadata.uid) = (Some("qr-new".into()), Some("uid-new".into()));
    city.cluster.stored.lock().unwrap().push(new);
    let answer = city.post("approver", url, approve()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["name"], "qr-new");
    // Others' departments aren't read through either.
    city.post("li", url, approve()).await.problem(404);
    // Of what can't be a name the cluster isn't asked: it doesn't even answer here.
    city.cluster.away.store(true, Ordering::SeqCst);
    for odd in ["%C2%B4%C3%B7%60J/qr-1", "civil-affairs/%C2%AF%12", "civil-affairs/..", "civil-affairs/Qr"] {
        let answer = city.post("approver", &format!("/api/v1/requests/{odd}/decisions"), approve()).await;
        assert!(matches!(answer.status.as_u16(), 404 | 405), "{odd}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_refused_decision_says_what_stopped_it() {
    let city = City::new();
    let short = json!({
        "outcome": "Refused", "code": "InsufficientCapacity", "message": "memory doesn't fit the pool",
        "resource": "memory", "asked": "19800G", "free": "18484G", "limit": "18812G"
    });
    let cases = [
        (short, 409, json!({"resource": "memory", "asked": "19800G", "free": "18484G", "limit": "18812G"})),
        (json!({"outcome": "Refused", "code": "SelfApproval", "message": "x"}), 403, json!({"code": "SelfApproval"})),
        (
            json!({"outcome": "Refused", "code": "Stale", "message": "x"}),
            409,
            json!({"phase": "Submitted", "revision": 1}),
        ),
        (json!({"outcome": "Refused", "code": "WrongStage", "message": "x"}), 409, json!({"phase": "Submitted"})),
        (json!({"outcome": "Refused", "code": "AnotherRequestOpen", "message": "x"}), 409, json!({})),
        (
            json!({"outcome": "Refused", "code": "CeilingExceeded", "message": "x", "resource": "cpu", "department": "education"}),
            409,
            json!({"resource": "cpu", "department": "education"}),
        ),
    ];
    for (status, expected_status, expected) in cases {
        *city.cluster.says.lock().unwrap() = Says::Refused(status.clone());
        let approve = json!({"verdict": "Approve", "requestRevision": 1});
        let answer = city.post("approver", "/api/v1/requests/education/qr-2/decisions", approve).await;
        let problem = answer.problem(expected_status);
        assert_eq!(problem["code"], status["code"]);
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&problem[name], value, "{name} of {problem:#}");
        }
        assert!(problem["decision"].as_str().unwrap().starts_with("qd-new-"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_doesnt_come_is_looked_for_elsewhere() {
    let city = City::new();
    *city.cluster.says.lock().unwrap() = Says::Nothing;
    let approve = json!({"verdict": "Approve", "requestRevision": 1});
    let answer = city.post("approver", "/api/v1/requests/education/qr-2/decisions", approve).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let location = "/api/v1/requests/education/qr-2/decisions/qd-new-0";
    assert_eq!(answer.header("location"), location);
    assert_eq!(city.get("approver", location).await.json()["outcome"], Value::Null);
}

#[tokio::test]
async fn a_decision_without_its_reason_is_refused_before_it_is_written() {
    let city = City::new();
    for (verdict, reason) in
        [("Reject", json!(null)), ("Reject", json!("too short")), ("Approve", json!("x".repeat(2001)))]
    {
        let body = json!({"verdict": verdict, "requestRevision": 1, "reason": reason});
        let problem = city.post("approver", "/api/v1/requests/education/qr-2/decisions", body).await.problem(422);
        assert_eq!((&problem["code"], &problem["field"]), (&json!("ReasonMissing"), &json!("reason")));
    }
    let unknown = json!({"verdict": "Bless", "requestRevision": 1});
    city.post("approver", "/api/v1/requests/education/qr-2/decisions", unknown).await.problem(422);
    let nothing = json!({"verdict": "Approve", "requestRevision": 1});
    city.post("approver", "/api/v1/requests/education/qr-9/decisions", nothing).await.problem(404);
    assert_eq!(writes(&city), 0);
}

fn refusal(status: Value) -> Option<Status> {
    Some(serde_json::from_value(status).unwrap())
}

#[tokio::test]
async fn what_the_api_server_refuses_the_caller_is_told() {
    let city = City::new();
    let causes =
        json!([{"field": "spec.resources.memory", "message": "must be a whole number", "reason": "FieldValueInvalid"}]);
    let denied = "quotadecisions is forbidden: ValidatingAdmissionPolicy 'x' with binding 'y' denied request: you may not approve";
    let cases = [
        (
            json!({"status": "Failure", "code": 403, "reason": "Forbidden", "message": denied}),
            403,
            json!({"detail": "you may not approve"}),
        ),
        (
            json!({"status": "Failure", "code": 403, "reason": "Forbidden", "message": "no"}),
            403,
            json!({"code": "Forbidden"}),
        ),
        (
            json!({"status": "Failure", "code": 401, "reason": "Unauthorized", "message": "no"}),
            401,
            json!({"code": "TokenRefused"}),
        ),
        (
            json!({"status": "Failure", "code": 409, "reason": "AlreadyExists", "message": "no"}),
            409,
            json!({"code": "Conflict"}),
        ),
        (
            json!({"status": "Failure", "code": 422, "reason": "Invalid", "message": "no", "details": {"causes": causes}}),
            422,
            json!({"field": "resources.memory"}),
        ),
    ];
    for (status, expected_status, expected) in cases {
        *city.cluster.refuses.lock().unwrap() = refusal(status);
        let request =
            call("POST", "/api/v1/requests").bearer("zhang").header("accept-language", "en").json(&new_request());
        let problem = city.send(request).await.problem(expected_status);
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&problem[name], value, "{name} of {problem:#}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_cluster_is_away_reads_go_on_and_writes_wait() {
    let city = City::new();
    let (cookie, csrf) = city.sign_in("zhang").await;
    city.cluster.away.store(true, Ordering::SeqCst);
    let list = city.send(call("GET", "/api/v1/requests").header("cookie", &cookie).empty()).await;
    assert_eq!((list.status.as_u16(), &list.json()["total"]), (200, &json!(1)));
    let write =
        call("POST", "/api/v1/requests").header("cookie", &cookie).header("x-csrf-token", &csrf).json(&new_request());
    let answer = city.send(write).await;
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(answer.problem(503)["code"], "ClusterAway");
    assert_eq!(
        city.get("li", "/api/v1/requests").await.problem(503)["code"],
        "ClusterAway",
        "nobody can say who this is"
    );
    city.cluster.away.store(false, Ordering::SeqCst);
    tokio::time::advance(std::time::Duration::from_secs(5)).await;
    assert_eq!(city.get("li", "/api/v1/requests").await.status, 200);
}

#[tokio::test]
async fn a_preview_names_every_resource_that_is_short() {
    let city = City::new();
    let greedy = with(new_request(), &[("resources", json!({"cpu": "20000", "memory": "30000G", "storage": "10T"}))]);
    let preview = city.post("zhang", "/api/v1/requests/preview", greedy).await;
    assert_eq!(preview.status, 200, "{}", preview.text());
    let preview = preview.json();
    let short: Vec<_> =
        preview["reasons"].as_array().unwrap().iter().map(|reason| reason["resource"].clone()).collect();
    assert_eq!((short, &preview["fits"]), (vec![json!("cpu"), json!("memory")], &json!(false)));
    let less = with(new_request(), &[("resources", json!({"cpu": "60", "memory": "128G", "storage": "12T"}))]);
    let preview = city.post("zhang", "/api/v1/requests/preview", less).await.json();
    assert_eq!((&preview["request"]["storage"], &preview["returned"]["cpu"]), (&json!("2T"), &json!("4")));
    assert_eq!((&preview["after"]["free"]["cpu"], &preview["fits"]), (&json!("14091"), &json!(true)));
    assert_eq!(writes(&city), 0);
}

/// Everything that is wrong with a decision itself, before it is written.
#[tokio::test]
async fn a_malformed_decision_is_named_by_its_field() {
    let city = City::staged();
    let stage = json!({"name": "TechReview"});
    city.put::<QuotaRequest>(standing("civil-affairs", "qr-1", json!({"phase": "TechReview", "stage": stage})));
    city.settle().await;
    let why = "there is less room than that";
    let amounts = |cpu: &str| json!({"cpu": cpu, "memory": "128G", "storage": "10T"});
    let cases = [
        (
            json!({"verdict": "Return", "reason": why, "fields": ["x".repeat(130)], "stage": "TechReview"}),
            "fields[0]",
            "Length",
        ),
        (
            json!({"verdict": "Approve", "fields": ["resources.cpu"], "stage": "TechReview"}),
            "fields",
            "OnlyWithVerdict",
        ),
        (
            json!({"verdict": "Approve", "resources": amounts("68"), "stage": "TechReview"}),
            "resources",
            "OnlyWithVerdict",
        ),
        (json!({"verdict": "Offer", "reason": why, "stage": "TechReview"}), "resources", "Missing"),
        (
            json!({"verdict": "Offer", "reason": why, "resources": amounts("1.5"), "stage": "TechReview"}),
            "resources.cpu",
            "AmountFraction",
        ),
        (
            json!({"verdict": "Offer", "reason": why, "resources": amounts("80"), "stage": "TechReview"}),
            "resources",
            "OfferInvalid",
        ),
        (json!({"verdict": "Offer", "resources": amounts("68"), "stage": "TechReview"}), "reason", "ReasonMissing"),
        (json!({"verdict": "Approve"}), "stage", "StageMissing"),
    ];
    for (mut body, field, code) in cases {
        body["requestRevision"] = json!(1);
        let problem =
            city.post("reviewer", "/api/v1/requests/civil-affairs/qr-1/decisions", body.clone()).await.problem(422);
        assert_eq!((&problem["field"], &problem["code"]), (&json!(field), &json!(code)), "{body}: {problem:#}");
    }
    assert_eq!(writes(&city), 0);
    let offer = json!({"verdict": "Offer", "reason": why, "resources": amounts("68"), "stage": "TechReview", "requestRevision": 1});
    let answer = city.post("reviewer", "/api/v1/requests/civil-affairs/qr-1/decisions", offer).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let written = city.world.read().decisions.get("dept-civil-affairs", "qd-new-0").cloned().unwrap();
    assert_eq!(written.spec.resources.as_ref().unwrap().cpu, "68");
}

#[tokio::test]
async fn the_operators_refusals_have_their_status_and_the_callers_language() {
    let city = City::staged();
    let stage = json!({"name": "TechReview"});
    city.put::<QuotaRequest>(standing(
        "civil-affairs",
        "qr-1",
        json!({"phase": "TechReview", "revision": 2, "stage": stage}),
    ));
    city.settle().await;
    let cases = [
        ("SelfApproval", 403, "自己的申请"),
        ("SameReviewer", 403, "两人"),
        ("RoleMissing", 403, "角色"),
        ("NotYours", 403, "不由您办理"),
        ("WrongStage", 409, "不支持"),
        ("Stale", 409, "已被修改"),
        ("OfferOver", 409, "答复期限"),
        ("UndoOver", 409, "时限"),
        ("UrgedToday", 409, "催办"),
        ("OfferRoundsUsed", 409, "次数"),
        ("Incomplete", 422, "未填"),
    ];
    for (code, status, title) in cases {
        let refused = json!({"outcome": "Refused", "code": code, "message": "x"});
        *city.cluster.says.lock().unwrap() = Says::Refused(refused);
        let body = json!({"verdict": "Accept", "requestRevision": 1});
        let problem =
            city.post("approver", "/api/v1/requests/civil-affairs/qr-1/decisions", body).await.problem(status);
        assert!(problem["title"].as_str().unwrap().contains(title), "{problem:#}");
        assert_eq!((&problem["stage"], &problem["revision"]), (&json!("TechReview"), &json!(2)));
    }
    *city.cluster.says.lock().unwrap() = Says::Refused(json!({"outcome": "Refused", "code": "Stale", "message": "x"}));
    let body = json!({"verdict": "Accept", "requestRevision": 1});
    let problem = city.post("approver", "/api/v1/requests/civil-affairs/qr-1/decisions", body).await.problem(409);
    assert_eq!(problem["detail"], "申请已是第 2 版, 您看到的是第 1 版。");
}
