//! Calls of REST, each in everybody's name.

use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};
use tests::permissions::COLUMNS;
use tests::permissions::rest::{Answer, OPERATIONS, OperationLine};
use tests::program;
use tests::town::amounts;

use super::{APPLICATION, POOL, Scene};

/// What an operation is called with, from the document that the API itself makes.
struct Operation {
    name: String,
    method: Method,
    path: String,
}

/// Lists that may have nothing yet for whoever may read them.
const MAYBE_EMPTY: [&str; 5] = ["list_notices", "list_deliveries", "list_sessions", "list_links", "list_incidents"];
/// Whoever isn't signed in may call these.
const UNSIGNED: [&str; 7] =
    ["create_session", "show_health", "show_readiness", "show_sign_in", "begin_sign_in", "end_sign_in", "log_out"];

/// Each operation × column, and without a token; the answer is what isn't as the matrix says.
pub async fn try_operations(scene: &Scene<'_>, url: &str) -> Vec<String> {
    let http = Client::new();
    let mut findings = Vec::new();
    let operations = operations();
    assert!(operations.len() > 20, "the document has operations");
    for line in OPERATIONS {
        if !operations.iter().any(|operation| operation.name == line.operation) {
            findings.push(format!("{} is in the matrix and not in the document", line.operation));
        }
    }
    for operation in &operations {
        let Some(line) = OPERATIONS.iter().find(|line| line.operation == operation.name) else {
            findings.push(format!("{} isn't in the matrix", operation.name));
            continue;
        };
        findings.extend(scene.try_line(&http, url, operation, line).await);
        let answer = scene.send(&http, url, operation, None).await;
        let unsigned = answer.status() == StatusCode::UNAUTHORIZED;
        if unsigned == UNSIGNED[1..].contains(&line.operation) {
            findings.push(format!("nobody signed in, {}: {}", line.operation, answer.status()));
        }
    }
    findings
}

fn operations() -> Vec<Operation> {
    let text = std::fs::read_to_string(program::root().join("api/openapi.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let paths = document["paths"].as_object().unwrap().clone();
    let operations = paths.into_iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().clone();
        methods.into_iter().map(move |(method, operation)| Operation {
            name: operation["operationId"].as_str().unwrap().to_owned(),
            method: method.to_uppercase().parse().unwrap(),
            path: path.clone(),
        })
    });
    operations.collect()
}

impl Scene<'_> {
    async fn try_line(&self, http: &Client, url: &str, operation: &Operation, line: &OperationLine) -> Vec<String> {
        let mut findings = Vec::new();
        for (column, expected) in line.cells() {
            let token = self.town.cluster.token(column.who);
            let answer = self.send(http, url, operation, Some(token)).await;
            let status = answer.status();
            let is_stream = line.operation == "follow_events";
            let body = if is_stream { String::new() } else { answer.text().await.unwrap_or_default() };
            if !self.is_as_expected(line, expected, status, &body) {
                findings.push(format!(
                    "{}, {}: {}, but {status} {body:.300}",
                    column.title,
                    line.operation,
                    expected.text()
                ));
            }
        }
        findings
    }

    fn is_as_expected(&self, line: &OperationLine, expected: Answer, status: StatusCode, body: &str) -> bool {
        let is_list = line.operation.starts_with("list_") && !MAYBE_EMPTY.contains(&line.operation);
        let tells = body.contains(&self.town.name) && body.contains("\"items\":[{");
        match expected {
            Answer::Open if is_list => status == StatusCode::OK && tells,
            // What it is refused for isn't who asks.
            Answer::Open => {
                status.is_success() || (matches!(status.as_u16(), 409 | 412 | 422) && !body.contains("Unknown"))
            }
            Answer::Empty => status == StatusCode::OK && !tells,
            Answer::Hidden => status == StatusCode::NOT_FOUND,
            Answer::Unknown => status == StatusCode::UNPROCESSABLE_ENTITY && body.contains("\"UnknownDepartment\""),
            Answer::Refused => status == StatusCode::FORBIDDEN,
        }
    }

    async fn send(&self, http: &Client, url: &str, operation: &Operation, token: Option<&str>) -> Response {
        let mut path = operation.path.replace("{department}", &self.town.name).replace("{pool}", POOL);
        let name = if path.contains("/requests/") { self.request.as_str() } else { APPLICATION };
        path = path.replace("{name}", name).replace("{decision}", &self.decision);
        path = path.replace("{key}", "sla.accept").replace("{year}", "2100").replace("{id}", "new-1");
        path = path.replace("{kind}", "departments").replace("{link}", "nowhere").replace("{incident}", "none");
        match operation.name.as_str() {
            "show_due" => path.push_str("?workdays=1"),
            "import_file" => path.push_str("?dryRun=true"),
            _ => {}
        }
        let mut call = http.request(operation.method.clone(), format!("{url}{path}"));
        if let Some(token) = token {
            call = call.bearer_auth(token);
        }
        if let Some(body) = self.body_of(&operation.name, token) {
            call = call.json(&body);
        }
        if let Some(table) = self.table_of(&operation.name) {
            call = call.header("Content-Type", "text/csv").body(table);
        }
        if operation.method == Method::PUT {
            call = call.header("If-Match", "\"1\"");
        }
        call.send().await.unwrap()
    }

    fn body_of(&self, operation: &str, token: Option<&str>) -> Option<Value> {
        let whose = COLUMNS.iter().position(|column| token == Some(self.town.cluster.token(column.who))).unwrap_or(99);
        match operation {
            // Each asks for an application of his own: the same request twice is refused for that.
            "create_request" | "preview_request" | "correct_request" => Some(json!({
                "department": self.town.name, "type": "New", "application": format!("new-{whose}"), "pool": POOL,
                "newApplication": {"displayName": "x", "tier": "County", "securityGrade": 2},
                "resources": amounts("1", "1G", "1G"), "justification": "more citizens use it every month",
            })),
            "decide_request" => Some(json!({"verdict": "Urge", "requestRevision": 1})),
            "set_process_value" => Some(json!({"value": "3", "source": "x", "effectiveFrom": "2100-01-01"})),
            "set_calendar" => Some(json!({
                "holidays": ["2100-01-01"], "makeupWorkdays": [], "sourceDocument": "x", "published": true,
            })),
            "acknowledge_incident" => Some(json!({"note": "x"})),
            "read_notices" => Some(json!({"ids": []})),
            "save_notice_preferences" => Some(json!({"departments": {&self.town.name: {"mail": [], "addresses": []}}})),
            "reckon_plan" => Some(json!({"changes": [{
                "department": self.town.name, "application": APPLICATION, "pool": POOL, "resources": {"cpu": "5"},
            }]})),
            "apply_plan" => {
                let (from, to) = (amounts("4", "8G", "1T"), amounts("5", "8G", "1T"));
                let row = json!({
                    "department": self.town.name, "application": APPLICATION, "pool": POOL, "from": from, "to": to,
                });
                Some(json!({"revisions": [{"pool": POOL, "revision": 0}], "rows": [row]}))
            }
            "save_draft" => Some(json!({"department": self.town.name, "content": {}})),
            "create_session" => Some(json!({"token": token.unwrap_or("nobody's")})),
            _ => None,
        }
    }

    fn table_of(&self, operation: &str) -> Option<String> {
        match operation {
            "import_file" => Some("name\nx\n".to_owned()),
            "reckon_sheet" => {
                Some(format!("pool,department,application,cpu\n{POOL},{},{APPLICATION},5\n", self.town.name))
            }
            _ => None,
        }
    }
}
