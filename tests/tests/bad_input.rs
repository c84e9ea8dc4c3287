//! Bad input gets the same verdict from the API server, from our own sentences, from the rules of
//! the kinds and from the REST interface, with the field; and good input gets in everywhere.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing there")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use kube::Client;
use reqwest::StatusCode;
use resources::v1alpha1::QuotaRequest;
use resources::validate;
use serde_json::{Value, json};
use tests::cluster::Cluster;
use tests::object;
use tests::people::Person;
use tests::town::{Town, amounts};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_is_refused_the_same_everywhere() {
    let cluster = Cluster::start("bad-input").await;
    let _operator = cluster.start_operator("operator").await;
    let town = Town::found(&cluster, "bad", amounts("100", "200G", "10T")).await;
    town.allocate("bad-a", amounts("4", "8G", "1T")).await;
    town.await_enforced("bad-a", "4", "8G", "1T").await;
    // Zhang's rights are there when his first request gets in.
    let first = town.request("Change", "bad-a", amounts("5", "8G", "1T")).await;
    town.decide(Person::Zhang, &first, "Withdraw").await;
    let (_process, url) = cluster.start_api().await;
    let desk = Desk { town: &town, zhang: cluster.client(Person::Zhang).await, http: reqwest::Client::new(), url };

    let mut findings = Vec::new();
    for (spec, field) in bad_requests().into_iter().chain(bad_amounts()) {
        findings.extend(desk.check_bad(&spec, &field).await);
    }
    for spec in good_requests().into_iter().chain(good_amounts()) {
        findings.extend(desk.check_good(&spec).await);
    }
    findings.extend(other_kinds(&town).await);
    findings.extend(desk.what_is_no_request().await);
    findings.extend(desk.who_is_nobody().await);
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));

    let requests: kube::Api<QuotaRequest> = kube::Api::namespaced(town.admin.clone(), &town.namespace());
    assert_eq!(requests.list(&kube::api::ListParams::default()).await.unwrap().items.len(), 1, "nothing was stored");
}

/// A request that is good but for one thing, and the field that is wrong.
type Bad = (Value, String);

fn good() -> Value {
    json!({
        "requester": Person::Zhang.user(), "type": "Change", "application": "bad-a", "pool": "bad",
        "resources": amounts("8", "16G", "1T"), "justification": "more citizens use it every month",
    })
}

fn with(changes: &Value) -> Value {
    let mut spec = good();
    json_merge(&mut spec, changes);
    spec
}

fn json_merge(into: &mut Value, changes: &Value) {
    match (into, changes) {
        (Value::Object(into), Value::Object(changes)) => {
            for (key, change) in changes {
                json_merge(into.entry(key.clone()).or_insert(Value::Null), change);
            }
        }
        (into, change) => *into = change.clone(),
    }
}

fn bad_requests() -> Vec<Bad> {
    let new = |grade: i32| json!({"type": "New", "application": "bad-new", "newApplication": {"displayName": "x", "tier": "County", "securityGrade": grade}});
    let named = |name: &str| json!({"type": "New", "application": name, "newApplication": {"displayName": "x", "tier": "County", "securityGrade": 2}});
    let zero = amounts("0", "0G", "0T");
    let cases = [
        (json!({"resources": zero}), "resources"),
        (json!({"type": "Renew", "resources": zero}), "resources"),
        (json!({"type": "Release"}), "resources"),
        (json!({"type": "Bogus"}), "type"),
        (json!({"newApplication": {"displayName": "x", "tier": "County", "securityGrade": 2}}), "newApplication"),
        (new(4), "newApplication.securityGrade"),
        (new(5), "newApplication.securityGrade"),
        (new(0), "newApplication.securityGrade"),
        (new(-1), "newApplication.securityGrade"),
        (
            json!({"type": "New", "application": "bad-new", "newApplication": {"displayName": "", "tier": "County", "securityGrade": 2}}),
            "newApplication.displayName",
        ),
        (
            json!({"type": "New", "application": "bad-new", "newApplication": {"displayName": "字".repeat(101), "tier": "County", "securityGrade": 2}}),
            "newApplication.displayName",
        ),
        (named(""), "application"),
        (named(&"a".repeat(60)), "application"),
        (named(&"a".repeat(64)), "application"),
        (named("marriage.registry"), "application"),
        (named("Marriage-Registry"), "application"),
        (named("-marriage"), "application"),
        (named("marriage-"), "application"),
        (named("婚姻登记"), "application"),
        (json!({"pool": ""}), "pool"),
        (json!({"pool": "p".repeat(59)}), "pool"),
        (json!({"justification": "too short"}), "justification"),
        (json!({"justification": "字".repeat(2_001)}), "justification"),
        (json!({"period": {"start": "2026-12-01", "end": "2026-11-30"}}), "period.end"),
        (json!({"period": {"start": "1 Dec 2026"}}), "period.start"),
        (json!({"period": {"start": "2026-13-01"}}), "period.start"),
        (json!({"period": {"start": "2026-12-01", "end": "2027-02-30"}}), "period.end"),
        (json!({"period": {"start": "2100-02-29"}}), "period.start"),
        (json!({"period": {"start": "2027-04-31"}}), "period.start"),
        (json!({"period": {"start": ""}}), "period.start"),
    ];
    cases.into_iter().map(|(changes, field)| (with(&changes), field.to_owned())).collect()
}

fn good_requests() -> Vec<Value> {
    let new = |name: &str, grade: i32| json!({"type": "New", "application": name, "newApplication": {"displayName": "字".repeat(100), "tier": "County", "securityGrade": grade}});
    let cases = [
        json!({}),
        json!({"type": "Renew"}),
        json!({"type": "Release", "resources": amounts("0", "0G", "0T")}),
        json!({"type": "Release", "resources": amounts("0m", "0", "0Gi")}),
        json!({"resources": amounts("0", "0G", "1T")}),
        json!({"period": {"start": "2026-12-01"}}),
        json!({"period": {"start": "2026-12-01", "end": "2026-12-01"}}),
        json!({"period": {"start": "2026-12-01", "end": "2028-02-29"}}),
        json!({"justification": "十个字的理由也是理由"}),
        json!({"justification": "字".repeat(2_000)}),
        new("a", 1),
        new(&"a".repeat(59), 3),
    ];
    cases.iter().map(with).collect()
}

/// The cases that the Rust and the TypeScript side share, each in the field it is for.
fn amount_cases() -> Vec<(String, Value, bool)> {
    let path: PathBuf = tests::program::root().join("resources/tests/amount_cases.json");
    let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let one = |case: &Value| {
        let kind = case["kind"].as_str().unwrap().to_owned();
        let spec = with(&json!({"resources": {&kind: case["text"]}}));
        (kind, spec, case["error"].is_null())
    };
    cases.iter().map(one).collect()
}

fn bad_amounts() -> Vec<Bad> {
    let bad = amount_cases().into_iter().filter(|(_, _, good)| !good);
    bad.map(|(kind, spec, _)| (spec, format!("resources.{kind}"))).collect()
}

fn good_amounts() -> Vec<Value> {
    amount_cases().into_iter().filter(|(_, _, good)| *good).map(|(_, spec, _)| spec).collect()
}

/// Where zhang may hand in a request.
struct Desk<'a> {
    town: &'a Town<'a>,
    zhang: Client,
    http: reqwest::Client,
    url: String,
}

impl Desk<'_> {
    fn object(&self, spec: &Value) -> Value {
        json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest",
            "metadata": {"namespace": self.town.namespace(), "generateName": "qr-"}, "spec": spec,
        })
    }

    async fn check_bad(&self, spec: &Value, field: &str) -> Vec<String> {
        let mut findings = Vec::new();
        match object::create(&self.zhang, self.object(spec)).await {
            Ok(_) => findings.push(format!("the API server stored {spec}")),
            Err(kube::Error::Api(status)) if status.message.contains(&format!("spec.{field}")) => {}
            Err(error) => findings.push(format!("the API server doesn't name spec.{field}: {error}; {spec}")),
        }
        if let Ok(request) = serde_json::from_value::<QuotaRequest>(self.named(spec)) {
            let violations = validate::request(&request.spec);
            let fields = validate::fields(&violations);
            if !fields.contains(format!("spec.{field}").as_str()) {
                findings.push(format!("our sentences don't name spec.{field} but {fields:?}; {spec}"));
            }
        }
        let (status, problem) = self.post("/api/v1/requests", spec, "zh-CN").await;
        if status != StatusCode::UNPROCESSABLE_ENTITY || !fields_of(&problem).contains(field) {
            findings.push(format!("the REST interface doesn't name {field}: {status} {problem}; {spec}"));
        }
        findings
    }

    async fn check_good(&self, spec: &Value) -> Vec<String> {
        let mut findings = Vec::new();
        if let Err(error) = object::would_create(&self.zhang, self.object(spec)).await {
            findings.push(format!("the API server refuses {spec}: {error}"));
        }
        let request: QuotaRequest = serde_json::from_value(self.named(spec)).unwrap();
        let violations = validate::request(&request.spec);
        if !violations.is_empty() || request.validate_cel().is_err() {
            findings.push(format!("our rules refuse {spec}: {violations:?} {:?}", request.validate_cel()));
        }
        let (status, problem) = self.post("/api/v1/requests/preview", spec, "en").await;
        if status != StatusCode::OK {
            findings.push(format!("the REST interface refuses {spec}: {status} {problem}"));
        }
        findings
    }

    fn named(&self, spec: &Value) -> Value {
        let mut object = self.object(spec);
        object["metadata"]["name"] = json!("qr-1");
        object
    }

    async fn post(&self, path: &str, spec: &Value, language: &str) -> (StatusCode, Value) {
        let mut body = spec.clone();
        let body = body.as_object_mut().unwrap();
        body.remove("requester");
        body.insert("department".to_owned(), json!(self.town.name));
        self.send(path, serde_json::to_vec(body).unwrap(), self.town.cluster.token(Person::Zhang), language).await
    }

    async fn send(&self, path: &str, body: Vec<u8>, token: &str, language: &str) -> (StatusCode, Value) {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(token).body(body);
        let request = request.header("content-type", "application/json").header("accept-language", language);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// What isn't even a request: each answer is a problem that says so, in both languages.
    async fn what_is_no_request(&self) -> Vec<String> {
        let zhang = self.town.cluster.token(Person::Zhang);
        let deep = ["{\"details\":".to_owned(), "[".repeat(100_000), "]".repeat(100_000), "}".to_owned()].concat();
        let cases = [
            ("10 MB", vec![b' '; 10_000_000], StatusCode::PAYLOAD_TOO_LARGE),
            ("deep JSON", deep.into_bytes(), StatusCode::UNPROCESSABLE_ENTITY),
            ("bad UTF-8", b"{\"pool\": \"\xff\xfe\"}".to_vec(), StatusCode::BAD_REQUEST),
            ("half a JSON", b"{\"pool\": ".to_vec(), StatusCode::BAD_REQUEST),
            ("nothing", Vec::new(), StatusCode::BAD_REQUEST),
        ];
        let mut findings = Vec::new();
        for (what, body, expected) in cases {
            let (status, zh) = self.send("/api/v1/requests", body.clone(), zhang, "zh-CN").await;
            let (_, en) = self.send("/api/v1/requests", body, zhang, "en").await;
            let told = |problem: &Value| {
                ["code", "detail", "nextStep", "requestId"].iter().all(|key| problem[key].is_string())
            };
            if status != expected
                || !told(&zh)
                || !told(&en)
                || zh["code"] != en["code"]
                || zh["detail"] == en["detail"]
            {
                findings.push(format!("{what}: {status} {zh} {en}"));
            }
        }
        findings
    }

    async fn who_is_nobody(&self) -> Vec<String> {
        let zhang = self.town.cluster.token(Person::Zhang);
        let (head, signature) = zhang.rsplit_once('.').unwrap();
        // Another byte in the middle of the signature, not in its last one, whose bits don't all count.
        let middle = signature.len() / 2;
        let other = if &signature[middle..=middle] == "A" { "B" } else { "A" };
        let forged = format!("{head}.{}{other}{}", &signature[..middle], &signature[middle + 1..]);
        let body = serde_json::to_vec(&good()).unwrap();
        let mut findings = Vec::new();
        for (what, token) in [("forged", forged.as_str()), ("no token at all", ""), ("another's words", "abc.def.ghi")]
        {
            let (status, problem) = self.send("/api/v1/requests", body.clone(), token, "en").await;
            if status != StatusCode::UNAUTHORIZED || !problem["code"].is_string() {
                findings.push(format!("{what}: {status} {problem}"));
            }
        }
        findings
    }
}

/// The fields that a problem names.
fn fields_of(problem: &Value) -> BTreeSet<String> {
    let several = problem["errors"].as_array().cloned().unwrap_or_default();
    let several = several.iter().filter_map(|one| one["field"].as_str().map(str::to_owned));
    several.chain(problem["field"].as_str().map(str::to_owned)).collect()
}

/// Objects that only administrators write: the API server alone stands before them.
async fn other_kinds(town: &Town<'_>) -> Vec<String> {
    let cloud = town.cluster.client(Person::CloudAdmin).await;
    let mut findings = Vec::new();
    for (object, words) in bad_objects(town) {
        match object::would_create(&cloud, object.clone()).await {
            Ok(_) => findings.push(format!("the API server lets in {object}")),
            Err(kube::Error::Api(status)) if status.message.contains(words) => {}
            Err(error) => findings.push(format!("the API server doesn't say {words:?}: {error}; {object}")),
        }
    }
    let place = object::Place { kind: "Allocation", namespace: &town.namespace(), name: "bad-a" };
    let moved = object::merge(&cloud, &place, json!({"spec": {"pool": "other"}})).await;
    let message = object::refusal("an allocation changes its pool", moved);
    if !message.contains("spec.pool can't change") {
        findings.push(message);
    }
    findings
}

fn bad_objects(town: &Town<'_>) -> Vec<(Value, &'static str)> {
    let changed = |mut object: Value, changes: Value| {
        json_merge(&mut object, &changes);
        object
    };
    let pool = |changes: Value| changed(tests::town::pool("bad-pool", amounts("1", "1G", "1T")), changes);
    let capacity =
        |cpu: &str, memory: &str| pool(json!({"spec": {"contract": {"capacity": amounts(cpu, memory, "1T")}}}));
    let department = |changes: Value| changed(tests::town::department("bad-dept", json!({})), changes);
    let named = |name: String| department(json!({"metadata": {"name": name}}));
    let ceiling = |memory: &str| {
        department(json!({"spec": {"ceilings": [{"pool": "bad", "cpu": "1", "memory": memory, "storage": "1T"}]}}))
    };
    let application = |changes: Value| {
        let object = json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "Application", "metadata": {"namespace": town.namespace(), "name": "bad-b"},
            "spec": {"displayName": "x", "tier": "Municipal"},
        });
        changed(object, changes)
    };
    let allocation = |changes: Value| changed(town.allocation_object("bad-b", amounts("1", "1G", "1T")), changes);
    let two = json!([{"name": "app-bad-b"}, {"name": "app-bad-c"}]);
    vec![
        (capacity("-1", "1G"), "spec.contract.capacity.cpu"),
        (capacity("1.5", "1G"), "write 8 or 500m"),
        (capacity("1", "128"), "spec.contract.capacity.memory"),
        (capacity("1", "128GB"), "write 128G, not 128"),
        (pool(json!({"spec": {"contract": {"end": "2019-12-31"}}})), "spec.contract.end must not be before"),
        (pool(json!({"spec": {"contract": {"start": "2026-1-1"}}})), "must be a date"),
        (pool(json!({"spec": {"grantablePercent": {"cpu": 0}}})), "spec.grantablePercent.cpu"),
        (pool(json!({"spec": {"grantablePercent": {"memory": 1001}}})), "spec.grantablePercent.memory"),
        (
            pool(
                json!({"spec": {"cluster": {"local": {}, "kubeconfigSecretRef": {"namespace": "a", "name": "b", "key": "c"}}}}),
            ),
            "exactly one of",
        ),
        (pool(json!({"spec": {"cluster": {}}})), "exactly one of"),
        (named("d".repeat(59)), "at most 58"),
        (named("d".repeat(64)), "at most 58"),
        (named("civil.affairs".to_owned()), "lower-case letters, digits and dashes"),
        (department(json!({"spec": {"parent": "bad-dept"}})), "spec.parent must not be the department itself"),
        (department(json!({"spec": {"code": "123"}})), "spec.code"),
        (department(json!({"spec": {"tier": "Village"}})), "spec.tier"),
        (ceiling("1.5T"), "write 1500G"),
        (ceiling("-8G"), "spec.ceilings[0].memory"),
        (application(json!({"metadata": {"name": "a".repeat(60)}})), "at most 59"),
        (application(json!({"metadata": {"name": "a.b"}})), "lower-case letters, digits and dashes"),
        (application(json!({"spec": {"securityGrade": 4}})), "grade 4 and above must not be on this cloud"),
        (application(json!({"spec": {"securityGrade": 0}})), "spec.securityGrade"),
        (application(json!({"spec": {"displayName": ""}})), "spec.displayName"),
        (application(json!({"spec": {"zone": "Moon"}})), "spec.zone"),
        (allocation(json!({"spec": {"resources": {"memory": "1.5T"}}})), "spec.resources.memory"),
        (allocation(json!({"spec": {"resources": {"cpu": "1e3"}}})), "spec.resources.cpu"),
        (allocation(json!({"spec": {"namespaces": [{"name": "kube-system"}]}})), "begins with app-"),
        (allocation(json!({"spec": {"namespaces": two}})), "each needs its share"),
        (allocation(json!({"spec": {"lease": {"expiresAt": "2027-12-01"}}})), "a time with its zone"),
        (allocation(json!({"metadata": {"namespace": "default"}})), "lives in the namespace of its department"),
    ]
}
