//! Plans: what they would come to, and writing those that fit.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should say so at once")]

mod support;

use std::sync::atomic::Ordering;

use resources::v1alpha1::{PoolLedger, ResourcePool};
use serde_json::{Value, json};
use support::{City, G, T, call, cec_ledger, empty_ledger, exact, pool};

fn change(pool: &str, application: Option<&str>, (cpu, memory): (&str, &str)) -> Value {
    let department = application.map(|_| "civil-affairs");
    json!({
        "pool": pool, "department": department, "application": application,
        "resources": {"cpu": cpu, "memory": memory}
    })
}

async fn reckon(city: &City, token: &str, changes: Value) -> Value {
    let answer = city.post(token, "/api/v1/what-if", json!({"changes": changes})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// The whole contract as one pool, full of memory.
fn full(city: &City) {
    city.put::<ResourcePool>(pool("whole", "23751", "31353G", "2143T"));
    let mut ledger = empty_ledger("whole", 23_751_000, 31_353 * G, 2_143 * T);
    ledger["spec"]["revision"] = json!(7);
    ledger["spec"]["entries"] = json!([{
        "allocation": {"namespace": "dept-civil-affairs", "name": "all", "uid": "uid-all", "generation": 1},
        "revision": 7, "namespaces": [{"name": "app-all"}], "granted": exact(15_676_000, 31_353 * G, 900 * T)
    }]);
    city.put::<PoolLedger>(ledger);
}

#[tokio::test]
async fn acceptance_2_the_missing_memory_is_named_and_stranded_cores_are_shown() {
    let city = City::new();
    full(&city);
    city.settle().await;
    let got = reckon(&city, "admin", json!([change("whole", None, ("8", "16G"))])).await;
    assert_eq!((&got["fits"], &got["rows"][0]["verdict"]), (&json!(false), &json!("Refused")));
    let reasons = got["rows"][0]["reasons"].as_array().unwrap();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    let figures = ["code", "resource", "limit", "asked", "free", "missing"].map(|field| reasons[0][field].clone());
    assert_eq!(json!(figures), json!(["InsufficientCapacity", "memory", "31353G", "16G", "0G", "16G"]));
    let pool = &got["pools"][0];
    assert_eq!((&pool["pool"], &pool["revision"]), (&json!("whole"), &json!(7)));
    for side in ["now", "after"] {
        assert_eq!(pool[side]["bindingResource"], "memory");
        assert_eq!(pool[side]["stranded"]["cpu"], "8075");
    }
    assert!(city.cluster.objects.lock().unwrap().is_empty() && city.cluster.writes.load(Ordering::SeqCst) == 0);
}

#[tokio::test]
async fn a_plan_is_shown_before_and_after_with_what_fits() {
    let city = City::new();
    let changes = json!([
        {"pool": "cec", "department": "civil-affairs", "application": "marriage-registry", "mode": "Add", "resources": {"cpu": "8"}},
        {"pool": "inspur", "count": 600, "resources": {"cpu": "16", "memory": "8G"}},
        {"pool": "cec", "department": "civil-affairs", "application": "marriage-registry-2", "resources": {"cpu": "0"}},
    ]);
    let got = reckon(&city, "admin", changes).await;
    let row = |index: usize| &got["rows"][index];
    assert_eq!((&row(0)["from"]["cpu"], &row(0)["to"]["cpu"]), (&json!("64"), &json!("72")));
    assert_eq!((&row(0)["to"]["memory"], &row(0)["verdict"]), (&json!("128G"), &json!("Fits")));
    // 9,500 cores are 593 times 16.
    assert_eq!((&row(1)["fitting"], &row(1)["verdict"]), (&json!(593), &json!("Refused")));
    assert_eq!(got["pools"][0]["now"]["figures"]["granted"]["cpu"], "164");
    assert_eq!(got["pools"][0]["after"]["figures"]["granted"]["cpu"], "172");
    assert_eq!(got["pools"][1]["after"]["free"]["cpu"], "12");
}

#[tokio::test]
async fn what_a_caller_may_not_see_isnt_in_a_plan() {
    let city = City::new();
    let got = reckon(&city, "zhang", json!([change("cec", Some("marriage-registry"), ("72", "128G"))])).await;
    assert_eq!(
        (&got["pools"][0]["now"]["figures"], &got["pools"][0]["after"]["stranded"]),
        (&Value::Null, &Value::Null)
    );
    let foreign =
        json!({"pool": "cec", "department": "education", "application": "school-000", "resources": {"cpu": "1"}});
    let unknown =
        json!({"pool": "cec", "department": "atlantis", "application": "school-000", "resources": {"cpu": "1"}});
    for other in [foreign, unknown] {
        let problem = city.post("zhang", "/api/v1/what-if", json!({"changes": [other]})).await.problem(422);
        assert_eq!(
            (&problem["code"], &problem["errors"][0]["field"]),
            (&json!("PlanFaulty"), &json!("changes[0].department"))
        );
        assert_eq!(problem["errors"][0]["code"], "UnknownDepartment");
    }
    // The staff of a provider see their own pool alone.
    let other = json!({"changes": [change("inspur", None, ("1", "1G"))]});
    let problem = city.post("provider", "/api/v1/what-if", other).await.problem(422);
    assert_eq!(problem["errors"][0]["code"], "UnknownPool");
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_plan_is_said_in_both_languages() {
    let city = City::new();
    let body = json!({"changes": [change("cec", None, ("1.5", "128")), change("mars", Some("Bad Name"), ("1", "1G"))]});
    for (language, word) in [("zh-CN", "缺少单位"), ("en", "has no unit")] {
        let request = call("POST", "/api/v1/what-if").bearer("admin").header("accept-language", language).json(&body);
        let problem = city.send(request).await.problem(422);
        let errors = problem["errors"].as_array().unwrap();
        let fields: Vec<_> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
        for field in
            ["changes[0].resources.cpu", "changes[0].resources.memory", "changes[1].pool", "changes[1].application"]
        {
            assert!(fields.contains(&field), "{field}: {fields:?}");
        }
        assert!(errors.iter().any(|error| error["message"].as_str().unwrap().contains(word)), "{errors:?}");
    }
}

#[tokio::test]
async fn a_plan_of_nothing_is_refused() {
    let city = City::new();
    let nothing = [
        ("/api/v1/what-if", json!({"changes": []}), "changes"),
        ("/api/v1/what-if/apply", json!({"revisions": [{"pool": "cec", "revision": 1}], "rows": []}), "rows"),
    ];
    for (path, body, field) in nothing {
        let problem = city.send(call("POST", path).bearer("admin").json(&body)).await.problem(422);
        assert_eq!(problem["errors"][0]["field"], field);
    }
}

#[tokio::test]
async fn a_plan_is_read_from_a_file() {
    let city = City::new();
    let send = |content_type: &'static str, bytes: Vec<u8>| {
        city.send(
            call("POST", "/api/v1/what-if/sheet").bearer("admin").header("content-type", content_type).body(bytes),
        )
    };
    let csv = "\u{feff}资源池,使用单位,应用系统,方式,数量,CPU,内存,存储\r\ncec,civil-affairs,marriage-registry,增加,,8,,\r\ninspur,,,,3,8,16G,\r\n";
    let got = send("text/csv", csv.into()).await.json();
    assert_eq!((&got["rows"][0]["to"]["cpu"], &got["rows"][1]["fitting"]), (&json!("72"), &json!(3)));
    assert_eq!(got["rows"][0]["change"]["mode"], "Add");
    let problem = send("text/csv", "pool,mode\r\ncec,Grow\r\n".into()).await.problem(422);
    assert_eq!(problem["errors"][0]["field"], "changes[0].mode");
    assert_eq!(send("text/csv", "a,b\r\n1,2\r\n".into()).await.problem(422)["code"], "PlanFaulty");
    assert_eq!(send("text/csv", vec![]).await.problem(422)["code"], "TableEmpty");
    assert_eq!(send("text/csv", b"PK\x03\x04x".to_vec()).await.problem(422)["code"], "TableDamaged");
    assert_eq!(send("application/json", b"{}".to_vec()).await.problem(415)["code"], "NotATable");
    assert_eq!(send("text/csv", vec![b'x'; 2 * 1024 * 1024]).await.problem(413)["code"], "TooLarge");
}

/// The rows of an answer as they are applied.
fn to_apply(reckoned: &Value) -> Value {
    let rows: Vec<Value> = reckoned["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let change = &row["change"];
            json!({
                "pool": change["pool"], "department": change["department"], "application": change["application"],
                "from": row["from"], "to": row["to"]
            })
        })
        .collect();
    let revisions: Vec<Value> = reckoned["pools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pool| json!({"pool": pool["pool"], "revision": pool["revision"]}))
        .collect();
    json!({"revisions": revisions, "rows": rows})
}

fn two() -> Value {
    json!([
        {"pool": "cec", "department": "civil-affairs", "application": "marriage-registry", "mode": "Add", "resources": {"cpu": "8"}},
        {"pool": "inspur", "department": "education", "application": "school-001", "resources": {"cpu": "4", "memory": "8G"}},
    ])
}

fn outcomes(answer: &Value) -> Vec<&str> {
    answer["rows"].as_array().unwrap().iter().map(|row| row["outcome"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_plan_that_fits_is_written_once() {
    let city = City::new();
    let plan = to_apply(&reckon(&city, "admin", two()).await);
    for token in ["approver", "zhang", "auditor"] {
        city.post(token, "/api/v1/what-if/apply", plan.clone()).await.problem(403);
    }
    let answer = city.post("admin", "/api/v1/what-if/apply", plan.clone()).await.json();
    assert_eq!((&answer["complete"], outcomes(&answer)), (&json!(true), vec!["Written", "Written"]));
    {
        let objects = city.cluster.objects.lock().unwrap();
        assert_eq!(
            objects[0].1["spec"],
            json!({"resources": {"cpu": "72", "memory": "128G", "storage": "10T"}, "decision": null})
        );
        assert_eq!(objects[0].1["metadata"]["resourceVersion"], "1");
        assert_eq!(objects[1].1["spec"]["resources"], json!({"cpu": "4", "memory": "8G", "storage": "0T"}));
        assert_eq!(objects[1].1["metadata"]["namespace"], "dept-education");
    }
    let again = city.post("admin", "/api/v1/what-if/apply", plan).await.json();
    assert_eq!((&again["complete"], outcomes(&again)), (&json!(true), vec!["Unchanged", "Unchanged"]));
    assert_eq!(city.cluster.objects.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_ledger_that_moved_without_harm_is_no_obstacle() {
    let city = City::new();
    let plan = to_apply(&reckon(&city, "admin", two()).await);
    let mut ledger = cec_ledger();
    ledger["spec"]["revision"] = json!(8);
    city.put::<PoolLedger>(ledger);
    let answer = city.post("admin", "/api/v1/what-if/apply", plan).await.json();
    assert_eq!(answer["complete"], true);
}

#[tokio::test]
async fn a_ledger_that_moved_in_a_way_that_matters_refuses_the_whole() {
    let city = City::new();
    let plan = to_apply(&reckon(&city, "admin", two()).await);
    // Meanwhile the pool was filled.
    let mut ledger = cec_ledger();
    ledger["spec"]["revision"] = json!(8);
    ledger["spec"]["entries"][1]["granted"] = exact(14_180_000, 200 * G, T);
    city.put::<PoolLedger>(ledger);
    let problem = city.post("admin", "/api/v1/what-if/apply", plan.clone()).await.problem(409);
    assert_eq!((&problem["code"], &problem["errors"][0]["field"]), (&json!("LedgerMoved"), &json!("rows[0].to.cpu")));
    assert_eq!(problem["errors"][0]["code"], "InsufficientCapacity");
    assert!(city.cluster.objects.lock().unwrap().is_empty());
    // Or the application has something else now than it had.
    let city = City::new();
    let mut moved = plan.clone();
    moved["rows"][0]["from"]["cpu"] = json!("63");
    let problem = city.post("admin", "/api/v1/what-if/apply", moved).await.problem(409);
    assert_eq!(problem["errors"][0]["code"], "AllocationMoved");
    // Or the caches are behind what the caller has seen.
    let mut ahead = plan.clone();
    ahead["revisions"][0]["revision"] = json!(99);
    assert_eq!(
        city.post("admin", "/api/v1/what-if/apply", ahead).await.problem(409)["errors"][0]["code"],
        "RevisionUnknown"
    );
    // Or there is no such application.
    let mut nobody = plan;
    nobody["rows"][1]["application"] = json!("nothing");
    let problem = city.post("admin", "/api/v1/what-if/apply", nobody).await.problem(409);
    assert_eq!(problem["errors"][0]["code"], "UnknownApplication");
    assert!(city.cluster.objects.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_cluster_that_goes_away_half_way_is_said_row_by_row_and_repeating_finishes() {
    let city = City::new();
    let mut changes = two();
    changes.as_array_mut().unwrap().push(json!(
        {"pool": "inspur", "department": "education", "application": "school-002", "resources": {"cpu": "4"}}
    ));
    let plan = to_apply(&reckon(&city, "admin", changes).await);
    *city.cluster.writes_left.lock().unwrap() = Some(1);
    let answer = city.post("admin", "/api/v1/what-if/apply", plan.clone()).await.json();
    assert_eq!((&answer["complete"], outcomes(&answer)), (&json!(false), vec!["Written", "Failed", "NotReached"]));
    *city.cluster.writes_left.lock().unwrap() = None;
    city.cluster.away.store(false, Ordering::SeqCst);
    let answer = city.post("admin", "/api/v1/what-if/apply", plan).await.json();
    assert_eq!((&answer["complete"], outcomes(&answer)), (&json!(true), vec!["Unchanged", "Written", "Written"]));
}
