//! What is read: figures, cuts by department, lists and their pages, tags, age.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should say so at once")]

mod support;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ResourceQuota;
use resources::v1alpha1::{Allocation, Application, Department, ExtranetLink, PoolLedger, QuotaRequest};
use serde_json::{Value, json};
use support::{City, action, call, cec_ledger, exact, links, names, standing};

#[tokio::test]
async fn acceptance_1_the_overview_sums_the_ledgers() {
    let city = City::new();
    let answer = city.get("auditor", "/api/v1/overview").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let overview = answer.json();
    let figures = &overview["totals"]["figures"];
    assert_eq!(figures["contract"], json!({"cpu": "23751", "memory": "31353G", "storage": "2143T"}));
    assert_eq!(figures["granted"], json!({"cpu": "164", "memory": "328G", "storage": "11T"}));
    assert_eq!(figures["free"], json!({"cpu": "23587", "memory": "31025G", "storage": "2132T"}));
    assert_eq!(figures["used"], json!({"cpu": "42", "memory": "84G", "storage": "5T"}));
    // qr-1 asks for 8 cores more, qr-2 for 20 cores and 19800G.
    assert_eq!(figures["requested"], json!({"cpu": "28", "memory": "19800G", "storage": "0T"}));
    assert_eq!(figures["rates"]["utilisation"], json!({"cpu": "25.6", "memory": "25.6", "storage": "45.5"}));
    assert_eq!(overview["cityContract"]["matches"], true);
    assert_eq!(overview["bindingResource"], "memory");
    assert_eq!(overview["requests"], json!({"open": 2, "toDecide": 0, "provisioning": 0}));
    let tiers: Vec<_> =
        overview["byTier"].as_array().unwrap().iter().map(|tier| tier["applications"].clone()).collect();
    assert_eq!(tiers, [0, 1, 120]);
    assert_eq!(overview["byDepartment"][0]["department"], "education", "the largest use of memory first");
    assert!(overview["asOf"].as_str().unwrap().ends_with("+08:00") && overview["stale"] == false);
}

#[tokio::test]
async fn a_department_sees_its_own_and_of_pools_what_is_free() {
    let city = City::new();
    let overview = city.get("zhang", "/api/v1/overview").await.json();
    assert_eq!(overview["totals"]["free"]["cpu"], "23587");
    assert_eq!(overview["totals"]["figures"], Value::Null);
    for hidden in ["bindingResource", "stranded", "mix"] {
        assert_eq!(overview[hidden], Value::Null, "{hidden}");
    }
    assert_eq!(overview["byDepartment"].as_array().unwrap().len(), 1);
    assert_eq!(overview["byTier"][2]["applications"], 0);
    assert_eq!(overview["requests"]["open"], 1);
    let pool = city.get("zhang", "/api/v1/pools/cec").await.json();
    assert_eq!(
        (&pool["figures"], &pool["allocations"], &pool["free"]["cpu"]),
        (&Value::Null, &Value::Null, &json!("14087"))
    );
    assert_eq!(pool["conditions"], json!([]));
    for (path, expected) in [("applications", 1), ("allocations", 1), ("requests", 1), ("departments", 1)] {
        let list = city.get("zhang", &format!("/api/v1/{path}")).await.json();
        assert_eq!(list["total"], expected, "{path}");
    }
    city.get("zhang", "/api/v1/invariants").await.problem(403);
}

/// What belongs to others is answered as what isn't there: with the same body but for the id.
#[tokio::test]
async fn acceptance_8_others_things_look_like_nothing() {
    let city = City::new();
    let theirs = [
        "requests/education/qr-2",
        "applications/education/school-000",
        "allocations/education/school-000",
        "departments/education",
    ];
    for path in theirs {
        let strip = |mut problem: Value| {
            problem.as_object_mut().unwrap().remove("requestId");
            problem
        };
        let hidden = strip(city.get("zhang", &format!("/api/v1/{path}")).await.problem(404));
        let unknown = strip(city.get("zhang", &format!("/api/v1/{path}-x")).await.problem(404));
        assert_eq!(hidden, unknown, "{path}");
        assert_eq!(city.get("auditor", &format!("/api/v1/{path}")).await.status, 200, "{path}");
    }
    for filter in ["applications?department=education", "requests?department=education", "applications?q=school"] {
        assert_eq!(city.get("zhang", &format!("/api/v1/{filter}")).await.json()["total"], 0, "{filter}");
    }
    let decision = json!({"verdict": "Withdraw", "requestRevision": 1});
    city.post("zhang", "/api/v1/requests/education/qr-2/decisions", decision).await.problem(404);
    assert_eq!(city.get("nobody", "/api/v1/applications").await.json()["total"], 0);
}

async fn walk(city: &City, query: &str) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = city.get("auditor", &format!("/api/v1/applications?{query}{cursor}")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let page = page.json();
        seen.extend(names(&page));
        match page["continue"].as_str() {
            Some(next) => cursor = format!("&continue={next}"),
            None => return seen,
        }
    }
}

#[tokio::test]
async fn a_walk_shows_every_application_once_in_every_order() {
    let city = City::new();
    for sort in ["name", "-name", "displayName", "-displayName", "tier", "memory", "-memory", "department", "state"] {
        for limit in [7, 50, 200] {
            let seen = walk(&city, &format!("limit={limit}&sort={sort}")).await;
            let mut once = seen.clone();
            once.sort();
            once.dedup();
            assert_eq!((seen.len(), once.len()), (121, 121), "{sort} by {limit}");
        }
    }
    assert_eq!(walk(&city, "sort=-memory&limit=2").await[..2], ["school-000", "marriage-registry"]);
    let descending: Vec<_> = walk(&city, "sort=-name&limit=9").await;
    let ascending = walk(&city, "sort=name&limit=50").await;
    assert!(descending.iter().rev().eq(&ascending));
}

#[tokio::test]
async fn filters_cut_and_add_up() {
    let city = City::new();
    let cases = [
        ("q=婚姻", 1),
        ("q=MARRIAGE", 1),
        ("q=市教育局", 120),
        ("tier=County", 120),
        ("tier=NationalProvincial", 0),
        ("pool=cec", 2),
        ("pool=unknown", 0),
        ("state=Enforced", 2),
        ("state=NoQuota", 119),
        ("sample=false", 1),
        ("zone=ExtranetZone&department=civil-affairs", 1),
    ];
    for (filter, expected) in cases {
        let list = city.get("auditor", &format!("/api/v1/applications?{filter}")).await.json();
        assert_eq!(list["total"], expected, "{filter}");
    }
    let to_decide = city.get("approver", "/api/v1/requests?waitingFor=me").await.json();
    assert_eq!(to_decide["total"], 2);
    assert_eq!(city.get("auditor", "/api/v1/requests?waitingFor=me").await.json()["total"], 0);
    assert_eq!(city.get("zhang", "/api/v1/requests?mine=true").await.json()["total"], 1);
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let city = City::new();
    let page = city.get("auditor", "/api/v1/applications?limit=1").await.json();
    let cursor = page["continue"].as_str().unwrap();
    let other_order = format!("continue={cursor}&sort=memory");
    let cases = [
        ("limit=0", "limit", "Parameter"),
        ("limit=201", "limit", "Parameter"),
        ("limit=many", "limit", "Parameter"),
        ("sort=colour", "sort", "Parameter"),
        ("tier=Village", "tier", "Parameter"),
        ("colour=red", "colour", "Parameter"),
        ("limit=1&limit=2", "limit", "Parameter"),
        ("continue=zebra", "continue", "Cursor"),
        (&other_order, "continue", "Cursor"),
    ];
    for (query, field, code) in cases {
        let problem = city.get("auditor", &format!("/api/v1/applications?{query}")).await.problem(400);
        assert_eq!((&problem["field"], &problem["code"]), (&json!(field), &json!(code)), "{query}: {problem}");
    }
}

#[tokio::test]
async fn an_unchanged_answer_isnt_sent_twice() {
    let city = City::new();
    for path in ["/api/v1/overview", "/api/v1/applications", "/api/v1/requests/civil-affairs/qr-1", "/api/v1/pools/cec"]
    {
        let first = city.get("auditor", path).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with("W/\"") && first.header("cache-control") == "private, no-cache", "{path}");
        let again = city.send(call("GET", path).bearer("auditor").header("if-none-match", &tag).empty()).await;
        assert_eq!((again.status.as_u16(), again.bytes.len()), (304, 0), "{path}");
        let other = city.send(call("GET", path).bearer("zhang").header("if-none-match", &tag).empty()).await;
        assert_eq!(other.status, 200, "another caller of {path} sees other things");
    }
    let tag = city.get("auditor", "/api/v1/overview").await.header("etag").to_owned();
    let mut ledger = cec_ledger();
    ledger["spec"]["entries"][0]["granted"] = exact(72_000, 0, 0);
    city.put::<PoolLedger>(ledger);
    city.settle().await;
    let changed =
        city.send(call("GET", "/api/v1/overview").bearer("auditor").header("if-none-match", &tag).empty()).await;
    assert_eq!(changed.json()["totals"]["figures"]["granted"]["cpu"], "172");
}

#[tokio::test]
async fn a_request_shows_whether_it_fits_and_who_may_decide() {
    let city = City::new();
    let fits = city.get("approver", "/api/v1/requests/civil-affairs/qr-1").await.json();
    assert_eq!((action(&fits, "Approve").as_deref(), &fits["waitsForMe"]), (Some(""), &json!(true)));
    assert_eq!(fits["preview"]["fits"], true);
    assert_eq!(fits["preview"]["request"], json!({"cpu": "8", "memory": "0G", "storage": "0T"}));
    assert_eq!(fits["preview"]["after"]["figures"]["granted"]["cpu"], "172");
    assert_eq!(fits["preview"]["after"]["figures"]["requested"]["cpu"], "20", "no longer asked for by this one");
    let doesnt = city.get("approver", "/api/v1/requests/education/qr-2").await.json();
    let reason = &doesnt["preview"]["reasons"][0];
    assert_eq!((&doesnt["preview"]["fits"], &reason["resource"]), (&json!(false), &json!("memory")));
    assert_eq!(
        (&reason["asked"], &reason["free"], &reason["limit"]),
        (&json!("19800G"), &json!("18484G"), &json!("18812G"))
    );
    assert_eq!(doesnt["preview"]["after"]["figures"]["overcommitted"]["memory"], "1316G");
    let own = city.get("zhang", "/api/v1/requests/civil-affairs/qr-1").await.json();
    let shown = (action(&own, "Approve"), action(&own, "Withdraw"));
    assert_eq!(shown, (Some("SelfApproval".into()), Some(String::new())));
    assert_eq!(own["preview"]["poolNow"]["figures"], Value::Null);
    let foreign = city.get("auditor", "/api/v1/requests/civil-affairs/qr-1").await.json();
    let shown = (action(&foreign, "Approve"), action(&foreign, "Withdraw"));
    assert_eq!(shown, (Some("RoleMissing".into()), Some("NotYours".into())));
}

#[tokio::test]
async fn the_first_of_two_requests_for_one_application_is_decided_first() {
    let city = City::new();
    let mut later = support::request("civil-affairs", "qr-0", "zhang", "marriage-registry", ("70", "128G", "10T"));
    later["metadata"]["creationTimestamp"] = json!("2026-11-23T06:30:00Z");
    city.put::<QuotaRequest>(later);
    let later = city.get("approver", "/api/v1/requests/civil-affairs/qr-0").await.json();
    assert_eq!(action(&later, "Approve").as_deref(), Some("AnotherRequestOpen"));
    let first = city.get("approver", "/api/v1/requests/civil-affairs/qr-1").await.json();
    assert_eq!(action(&first, "Approve").as_deref(), Some(""));
}

/// A request on the long way, as its status says it.
fn reviewed() -> Value {
    standing(
        "civil-affairs",
        "qr-1",
        json!({
            "phase": "Offered", "revision": 3,
            "stage": {
                "name": "Offered", "limit": "offer.answerWithin", "dueAt": "2126-11-30T17:30:00+08:00", "provisional": true,
                "stopped": {"limit": "sla.opinion", "dueAt": "2026-11-25T17:30:00+08:00", "at": "2026-11-23T06:00:00Z"}
            },
            "review": {
                "stage": "AdminApproval", "assignee": "system:serviceaccount:yunheng-people:reviewer", "offers": 1,
                "acted": [{"stage": "TechReview", "by": "system:serviceaccount:yunheng-people:reviewer"}]
            },
            "offer": {
                "pool": "cec", "resources": {"cpu": "68", "memory": "128G", "storage": "10T"}, "round": 1,
                "by": "system:serviceaccount:yunheng-people:approver", "reason": "the pool is short",
                "expiresAt": "2126-11-30T17:30:00+08:00"
            },
            "history": [{
                "at": "2026-11-23T06:00:00Z", "by": "zhang", "from": "Returned", "to": "Submitted",
                "changes": [{"field": "spec.resources.cpu", "before": "80", "after": "72"}]
            }]
        }),
    )
}

#[tokio::test]
async fn a_request_shows_where_it_stands() {
    let city = City::staged();
    city.put::<QuotaRequest>(reviewed());
    let shown = city.get("zhang", "/api/v1/requests/civil-affairs/qr-1").await.json();
    assert_eq!(
        (&shown["stage"]["limit"], &shown["stage"]["provisional"]),
        (&json!("offer.answerWithin"), &json!(true))
    );
    assert_eq!(shown["stage"]["stopped"]["limit"], "sla.opinion");
    assert_eq!((&shown["offer"]["byShort"], &shown["offer"]["roundsMax"]), (&json!("approver"), &json!(2)));
    assert_eq!(shown["review"]["acted"][0]["byShort"], "reviewer");
    assert_eq!(shown["history"][0]["changes"], json!([{"field": "resources.cpu", "before": "80", "after": "72"}]));
    // zhang is the department's owner, and the requester.
    assert_eq!((action(&shown, "AcceptOffer").as_deref(), &shown["waitsForMe"]), (Some(""), &json!(true)));
    assert_eq!(shown["decisionStage"], "Offered");
    assert_eq!((&shown["version"], &shown["correctionBlocked"]["code"]), (&json!("3.1"), &json!("WrongStage")));
    let others = city.get("approver", "/api/v1/requests/civil-affairs/qr-1").await.json();
    assert_eq!((action(&others, "AcceptOffer").as_deref(), action(&others, "Approve")), (Some("NotYours"), None));
}

#[tokio::test]
async fn requests_are_found_by_step_and_time_limit() {
    let city = City::staged();
    city.put::<QuotaRequest>(reviewed());
    let stage = json!({"name": "Acceptance", "dueAt": "2026-11-20T17:30:00+08:00", "overdue": true});
    city.put::<QuotaRequest>(standing("education", "qr-2", json!({"phase": "Submitted", "stage": stage})));
    city.settle().await;
    let cases = [
        ("auditor", "stage=Offered", vec!["qr-1"]),
        ("auditor", "stage=Acceptance", vec!["qr-2"]),
        ("auditor", "stage=TechReview", vec![]),
        ("auditor", "overdue=true", vec!["qr-2"]),
        ("auditor", "overdue=false", vec!["qr-1"]),
        ("auditor", "sort=dueAt", vec!["qr-2", "qr-1"]),
        ("auditor", "waitingFor=me", vec![]),
        ("approver", "waitingFor=me", vec!["qr-2"]),
        ("reviewer", "waitingFor=me", vec![]),
        ("zhang", "waitingFor=me", vec!["qr-1"]),
    ];
    for (who, query, expected) in cases {
        let list = city.get(who, &format!("/api/v1/requests?{query}")).await.json();
        assert_eq!(names(&list), expected, "{who} {query}");
    }
    city.get("auditor", "/api/v1/requests?waitingFor=them").await.problem(400);
}

/// The checks that don't hold, with what that means.
fn failing(audit: &Value) -> Vec<(String, String)> {
    let checks = audit["checks"].as_array().unwrap().iter().filter(|check| check["holds"] == false);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    checks.map(|check| (text(&check["name"]), text(&check["means"]))).collect()
}

/// What the audit finds after a change of the city: whether it holds, whether it is settled, and
/// which checks fail.
async fn audited(change: impl FnOnce(&City)) -> (Value, Value, Vec<(String, String)>, Value) {
    let city = City::new();
    change(&city);
    let audit = city.get("auditor", "/api/v1/invariants").await.json();
    (audit["holds"].clone(), audit["settled"].clone(), failing(&audit), audit)
}

fn quota(cpu: &str, fence: &str) -> Value {
    let mut quota = support::quota("app-school-000", (cpu, "200G", "1T"), ("10", "20G", "0"));
    quota["metadata"]["annotations"]["yunheng.io/fence"] = json!(fence);
    quota
}

#[tokio::test(start_paused = true)]
async fn invariants_are_recomputed_and_a_breach_is_named() {
    let (holds, settled, wrong, audit) = audited(|_| {}).await;
    assert_eq!((holds, settled, wrong), (json!(true), json!(true), vec![]), "{audit:#}");
    assert_eq!(audit["checks"].as_array().unwrap().len(), 2 * 5 + 3);

    let found = |name: &str, means: &str| (name.to_owned(), means.to_owned());
    let breach = |city: &City| city.put::<ResourceQuota>(quota("101", "uid-cec/7"));
    let (holds, settled, wrong, audit) = audited(breach).await;
    let expected = vec![found("QuotasWithinGrant", "Broken"), found("QuotasFollowLedger", "Behind")];
    assert_eq!((holds, settled, wrong), (json!(false), json!(false), expected));
    assert!(audit.to_string().contains("dept-education/allocation/school-000: cpu: its quotas allow 101"), "{audit:#}");

    let unlimited = |city: &City| {
        let mut quota = quota("100", "uid-cec/7");
        quota["spec"]["hard"].as_object_mut().unwrap().remove("requests.storage");
        city.put::<ResourceQuota>(quota);
    };
    let (holds, _, wrong, audit) = audited(unlimited).await;
    assert_eq!((holds, wrong), (json!(false), vec![found("QuotasWithinGrant", "Broken")]), "{audit:#}");

    let foreign = |city: &City| city.put::<ResourceQuota>(quota("100", "another/7"));
    let (holds, _, wrong, _) = audited(foreign).await;
    assert_eq!((holds, wrong), (json!(false), vec![found("QuotasFollowLedger", "Broken")]));

    let unowned = |city: &City| city.put::<ResourceQuota>(support::quota("app-x", ("1", "1G", "0"), ("0", "0", "0")));
    let (holds, _, wrong, _) = audited(unowned).await;
    assert_eq!((holds, wrong), (json!(false), vec![found("QuotasOwned", "Broken")]));
}

/// What the operator has yet to do is told, and breaks no promise.
#[tokio::test(start_paused = true)]
async fn what_is_on_its_way_breaks_nothing() {
    let (holds, settled, wrong, _) = audited(|city| city.put::<ResourceQuota>(quota("100", "uid-cec/6"))).await;
    let expected = vec![("QuotasFollowLedger".to_owned(), "Behind".to_owned())];
    assert_eq!((holds, settled, wrong), (json!(true), json!(false), expected));

    // A commit whose status comes within the second.
    let committed = |city: &City| {
        let mut ledger = cec_ledger();
        ledger["spec"]["revision"] = json!(8);
        ledger["spec"]["entries"][0]["hold"] = json!({"request": "qr-1", "uid": "uid-qr-1", "decision": "qd-1"});
        ledger["spec"]["entries"][0]["held"] = exact(8_000, 0, 0);
        city.put::<PoolLedger>(ledger);
    };
    let (holds, settled, wrong, audit) = audited(committed).await;
    assert_eq!((holds, settled, wrong), (json!(true), json!(true), vec![]), "{audit:#}");
}

/// A ceiling that was lowered by choice below what is out.
#[tokio::test(start_paused = true)]
async fn an_accepted_excess_is_legal() {
    let lowered = |accepted: bool| {
        move |city: &City| {
            let mut ledger = cec_ledger();
            ledger["spec"]["ceilings"][1] = json!({
                "department": "education", "generation": 2,
                "cpuMillis": 50_000, "memoryBytes": 200 * support::G, "storageBytes": support::T
            });
            city.put::<PoolLedger>(ledger);
            let mut department = support::department("education", "市教育局", &["li"], "County");
            department["spec"]["ceilings"] = json!([{
                "pool": "cec", "cpu": "50", "memory": "200G", "storage": "1T", "acceptOvercommit": accepted
            }]);
            city.put::<Department>(department);
        }
    };
    let (holds, _, wrong, _) = audited(lowered(true)).await;
    assert_eq!((holds, wrong), (json!(true), vec![]));
    let (holds, _, wrong, _) = audited(lowered(false)).await;
    assert_eq!((holds, wrong), (json!(false), vec![("LedgerWithinCapacity".to_owned(), "Broken".to_owned())]));
}

/// Quota and ledger come by watches of their own: a quota that is a moment ahead isn't a breach.
#[tokio::test(start_paused = true)]
async fn only_what_stays_is_told() {
    let city = City::new();
    city.put::<ResourceQuota>(quota("110", "uid-cec/8"));
    let audit = async { city.get("auditor", "/api/v1/invariants").await.json() };
    let commit = async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let mut ledger = cec_ledger();
        ledger["spec"]["revision"] = json!(8);
        ledger["spec"]["entries"][1]["revision"] = json!(8);
        ledger["spec"]["entries"][1]["granted"] = exact(110_000, 200 * support::G, support::T);
        city.put::<PoolLedger>(ledger);
        let allocation = support::allocation("education", "school-000", ("110", "200G", "1T"));
        city.put::<Allocation>(allocation);
    };
    let (audit, ()) = tokio::join!(audit, commit);
    assert_eq!((&audit["holds"], failing(&audit)), (&json!(true), vec![]), "{audit:#}");
}

/// A pool, its figures and the policy are Kubernetes' to show: by list or by name.
#[tokio::test]
async fn pools_and_policy_are_shown_to_those_who_may_read_them() {
    let city = City::new();
    let cases = [
        ("auditor", &["cec", "inspur"][..], true, 200),
        ("zhang", &["cec", "inspur"], false, 200),
        ("provider", &["cec"], true, 200),
        ("nobody", &[], false, 404),
    ];
    for (token, pools, with_figures, policy) in cases {
        let list = city.get(token, "/api/v1/pools").await.json();
        assert_eq!(names(&list), pools, "{token}");
        assert!(
            list["items"].as_array().unwrap().iter().all(|pool| pool["figures"].is_null() != with_figures),
            "{token}"
        );
        let overview = city.get(token, "/api/v1/overview").await.json();
        assert_eq!(names(&json!({"items": overview["pools"]})), pools, "{token}");
        let sees_all = pools.len() == 2;
        assert_eq!(overview["cityContract"].is_null(), !sees_all, "{token}");
        assert_eq!(city.get(token, "/api/v1/policy").await.status, policy, "{token}");
        for pool in ["cec", "inspur"] {
            let expected = if pools.contains(&pool) { 200 } else { 404 };
            assert_eq!(city.get(token, &format!("/api/v1/pools/{pool}")).await.status, expected, "{token} {pool}");
        }
    }
    let own = city.get("provider", "/api/v1/overview").await.json();
    assert_eq!(own["totals"]["figures"]["granted"]["cpu"], "164");
    assert_eq!(own["totals"]["capacity"]["cpu"], "14251", "nothing of the other pool");
    assert_eq!(city.get("nobody", "/api/v1/overview").await.json()["totals"]["capacity"]["cpu"], "0");
    city.get("provider", "/api/v1/invariants").await.problem(403);
}

/// A request of `portal` isn't about the allocation of `portal-cec`, whatever that is called.
#[tokio::test]
async fn a_request_is_about_its_own_applications_allocation() {
    let city = City::new();
    city.put::<Application>(support::application("civil-affairs", "portal", "门户", "Municipal"));
    city.put::<Application>(support::application("civil-affairs", "portal-cec", "另一个", "Municipal"));
    city.put::<Allocation>(support::allocation("civil-affairs", "portal-cec", ("5", "5G", "5T")));
    let mut ledger = cec_ledger();
    ledger["spec"]["entries"].as_array_mut().unwrap().push(json!({
        "allocation": {"namespace": "dept-civil-affairs", "name": "portal-cec", "uid": "uid-portal-cec", "generation": 1},
        "revision": 7, "namespaces": [{"name": "app-portal-cec"}], "granted": exact(5_000, 5 * support::G, 5 * support::T)
    }));
    city.put::<PoolLedger>(ledger);
    let mut new = support::request("civil-affairs", "qr-9", "zhang", "portal", ("8", "8G", "8T"));
    new["spec"]["type"] = json!("New");
    city.put::<QuotaRequest>(new);
    let shown = city.get("zhang", "/api/v1/requests/civil-affairs/qr-9").await.json();
    assert_eq!(shown["current"]["cpu"], "0", "{shown:#}");
    assert_eq!((&shown["preview"]["fits"], &shown["preview"]["request"]["cpu"]), (&json!(true), &json!("8")));
}

/// A request that kubectl has written and that can't be approved is shown so.
#[tokio::test]
async fn a_request_that_makes_no_sense_doesnt_fit() {
    let city = City::new();
    city.put::<QuotaRequest>(support::request("education", "qr-9", "li", "school-001", ("8", "8G", "8T")));
    let path = "/api/v1/requests/education/qr-9";
    let shown = city.get("approver", path).await.json();
    let reason = &shown["preview"]["reasons"][0];
    assert_eq!((&shown["preview"]["fits"], &reason["code"]), (&json!(false), &json!("NothingAllocated")));
    assert_eq!(reason["message"], "该应用在资源池 cec 没有配额, 请改提新增申请");
    let english = city.send(call("GET", path).bearer("approver").header("accept-language", "en").empty()).await.json();
    let message = english["preview"]["reasons"][0]["message"].as_str().unwrap();
    assert!(message.contains("ask for New instead"), "{message}");
}

#[tokio::test]
async fn what_cant_be_followed_goes_on_with_its_age() {
    let city = City::new();
    let since = Timestamp::from_second(1_795_000_000).unwrap();
    city.world.broken::<Application>(since);
    let list = city.get("auditor", "/api/v1/applications").await.json();
    assert_eq!(
        (&list["stale"], &list["asOf"], &list["total"]),
        (&json!(true), &json!("2026-11-18T19:06:40+08:00"), &json!(121))
    );
    let empty = City::new();
    empty.list::<Application>(vec![]);
    assert_eq!(empty.get("auditor", "/api/v1/applications").await.json()["total"], 0);
}

#[tokio::test]
async fn links_are_for_the_citys_roles_and_follow_the_watch() {
    let city = City::new();
    for path in
        ["/api/v1/network", "/api/v1/links", "/api/v1/links/county-1", "/api/v1/incidents", "/api/v1/incidents/x"]
    {
        assert_eq!(city.get("zhang", path).await.problem(403)["code"], "Forbidden", "{path}");
    }
    let network = city.get("auditor", "/api/v1/network").await.json();
    assert_eq!((&network["states"]["down"], &network["states"]["total"]), (&json!(1), &json!(2)));
    let below = city.get("auditor", "/api/v1/links?under=county-1&state=Unreachable").await.json();
    assert_eq!(below["items"][0]["name"], "town-1");
    let picture = city.world.generation();
    let mut mended = links().remove(0);
    mended["status"]["state"] = json!("Up");
    city.put::<ExtranetLink>(mended);
    assert_eq!(city.get("auditor", "/api/v1/links/county-1").await.json()["state"], "Up");
    assert_eq!(city.world.generation(), picture, "no picture of quotas is made anew because a link was measured");
    assert_eq!(city.get("auditor", "/api/v1/links/nowhere").await.problem(404)["code"], "NotFound");
    assert_eq!(city.get("auditor", "/api/v1/incidents/none").await.problem(404)["code"], "NotFound");
    assert_eq!(city.get("auditor", "/api/v1/links?state=Gone").await.status, 400);
}
