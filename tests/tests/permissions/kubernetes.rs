//! Raw calls, none of which stores anything.

use futures::{StreamExt, stream};
use http::{Method, Request};
use kube::Client;
use resources::names;
use serde_json::{Value, json};
use tests::object;
use tests::people::Person;
use tests::permissions::kubernetes::{KINDS, KindLine, Place, VERDICTS, Verb};
use tests::permissions::{COLUMNS, Column, has};

use super::{APPLICATION, POOL, Scene, UNUSED};

/// The one vantage there may be.
const VANTAGE: &str = "city";
/// Calls under way.
const AT_ONCE: usize = 16;

/// Each kind × verb × column; the answer is what isn't as the matrix says.
pub async fn try_kinds(scene: &Scene<'_>) -> Vec<String> {
    let served = scene.served().await;
    let missing = served.iter().filter(|kind| !KINDS.iter().any(|line| line.kind == kind.as_str()));
    let mut findings: Vec<String> = missing.map(|kind| format!("kind {kind} isn't in the matrix")).collect();
    let clients = scene.clients().await;
    let cells = KINDS.iter().flat_map(|line| Verb::ALL.into_iter().map(move |verb| (line, verb)));
    let cells = cells.flat_map(|(line, verb)| {
        COLUMNS.iter().zip(&clients).map(move |(column, client)| (line, verb, column, client))
    });
    let cells: Vec<_> = cells.collect();
    assert!(cells.len() > 1_000, "there are cells to try");
    let tried = stream::iter(cells).map(|(line, verb, column, client)| scene.try_cell(line, verb, column, client));
    findings.extend(tried.buffer_unordered(AT_ONCE).filter_map(async |finding| finding).collect::<Vec<_>>().await);
    findings
}

/// Each verdict × column, as a decision that names the caller.
pub async fn try_verdicts(scene: &Scene<'_>) -> Vec<String> {
    let mut findings = Vec::new();
    for line in VERDICTS {
        for column in &COLUMNS {
            let mut decision = scene.town.decision_object(column.who, &scene.request, line.verdict).await;
            if !line.stage.is_empty() {
                decision["spec"]["stage"] = json!(line.stage);
            }
            if line.verdict == "Offer" {
                decision["spec"]["resources"] = tests::town::amounts("4", "8G", "1T");
            }
            let client = scene.town.cluster.client(column.who).await;
            let answer = object::would_create(&client, decision).await.map(|_| ());
            let what = format!("{} {} {}", column.title, line.verdict, line.stage);
            findings.extend(finding(&what, has(line.who, column), status_of(answer)));
        }
    }
    findings
}

/// `None`: it is as it should be.
fn finding(what: &str, may: bool, (status, said): (u16, String)) -> Option<String> {
    match (may, status) {
        // A name that is taken is found out last.
        (true, 200..=299 | 409) | (false, 403) => None,
        (true, _) => Some(format!("{what}: may, but {status} {said}")),
        (false, _) => Some(format!("{what}: may not, but {status} {said}")),
    }
}

fn status_of(answer: Result<(), kube::Error>) -> (u16, String) {
    match answer {
        Ok(()) => (200, String::new()),
        Err(kube::Error::Api(status)) => (status.code, status.message.clone()),
        Err(error) => (0, error.to_string()),
    }
}

impl Scene<'_> {
    /// The kinds of our group that the API server serves.
    async fn served(&self) -> Vec<String> {
        let resources = self.town.admin.list_api_group_resources("yunheng.io/v1alpha1").await.unwrap().resources;
        resources.into_iter().filter(|one| !one.name.contains('/')).map(|one| one.kind).collect()
    }

    async fn clients(&self) -> Vec<Client> {
        let clients = COLUMNS.iter().map(|column| self.town.cluster.client(column.who));
        futures::future::join_all(clients).await
    }

    async fn try_cell(&self, line: &KindLine, verb: Verb, column: &Column, client: &Client) -> Option<String> {
        let what = format!("{} {} {} ({:?})", column.title, verb.name(), line.kind, line.place);
        let request = self.request_for(line, verb, column.who).await;
        let answer = client.request_text(request).await.map(|_| ());
        finding(&what, has(line.who(verb), column), status_of(answer))
    }

    async fn request_for(&self, line: &KindLine, verb: Verb, who: Person) -> Request<Vec<u8>> {
        let collection = self.collection(line);
        let one = format!("{collection}/{}", self.name_of(line, verb).await);
        let dry = "dryRun=All";
        let (method, path, body) = match verb {
            Verb::Get => (Method::GET, one, None),
            Verb::List => (Method::GET, format!("{collection}?limit=1"), None),
            Verb::Watch => (Method::GET, format!("{collection}?watch=true&timeoutSeconds=1"), None),
            Verb::Create => (Method::POST, format!("{collection}?{dry}"), Some(self.sample(line, who).await)),
            Verb::Update => (Method::PUT, format!("{one}?{dry}"), Some(self.stored(&one).await)),
            Verb::Patch => {
                (Method::PATCH, format!("{one}?{dry}"), Some(json!({"metadata": {"annotations": {"a": "b"}}})))
            }
            Verb::Delete => (Method::DELETE, format!("{one}?{dry}"), None),
            Verb::DeleteCollection => (Method::DELETE, format!("{collection}?{dry}"), None),
            Verb::Status => (Method::PATCH, format!("{one}/status?{dry}"), Some(json!({"status": {}}))),
        };
        let kind = if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        Request::builder().method(method).uri(path).header("Content-Type", kind).body(body).unwrap()
    }

    fn collection(&self, line: &KindLine) -> String {
        let ours = resources::KINDS.iter().find(|kind| kind.kind == line.kind);
        let (group, plural) = match (ours, line.kind) {
            (Some(kind), _) => ("/apis/yunheng.io/v1alpha1", kind.plural.to_owned()),
            (None, "RoleBinding") => ("/apis/rbac.authorization.k8s.io/v1", "rolebindings".to_owned()),
            (None, "Lease") => ("/apis/coordination.k8s.io/v1", "leases".to_owned()),
            (None, kind) => ("/api/v1", format!("{}s", kind.to_lowercase())),
        };
        match self.namespace_of(line.place) {
            Some(namespace) => format!("{group}/namespaces/{namespace}/{plural}"),
            None => format!("{group}/{plural}"),
        }
    }

    fn namespace_of(&self, place: Place) -> Option<String> {
        match place {
            Place::City => None,
            Place::Department => Some(self.town.namespace()),
            Place::Application => Some(names::application_namespace(APPLICATION)),
            Place::System => Some("yunheng-system".to_owned()),
        }
    }

    /// An object that is there; where it would be deleted, one of which nothing is out.
    async fn name_of(&self, line: &KindLine, verb: Verb) -> String {
        match line.kind {
            "ResourcePool" | "Department" | "Application" if verb == Verb::Delete => UNUSED.to_owned(),
            "RoleBinding" => self.some_binding(&self.collection(line)).await,
            "ResourcePool" | "PoolLedger" => POOL.to_owned(),
            "Department" => self.town.name.clone(),
            "Application" | "Allocation" | "UsageRecord" => APPLICATION.to_owned(),
            "QuotaRequest" => self.request.clone(),
            "QuotaDecision" => self.decision.clone(),
            "CloudPolicy" => "default".to_owned(),
            "ProbeVantage" => VANTAGE.to_owned(),
            "WorkCalendar" => "y2026".to_owned(),
            "Pod" => "runs".to_owned(),
            "ResourceQuota" | "LimitRange" => names::MANAGED_QUOTA.to_owned(),
            "Namespace" => names::application_namespace(APPLICATION),
            "Lease" => "yunheng-operator".to_owned(),
            _ => UNUSED.to_owned(),
        }
    }

    /// One that the operator has made there.
    async fn some_binding(&self, collection: &str) -> String {
        let list = self.stored(collection).await;
        list["items"][0]["metadata"]["name"].as_str().unwrap_or_else(|| panic!("no binding in {collection}")).to_owned()
    }

    async fn stored(&self, one: &str) -> Value {
        let request = Request::builder().uri(one).body(Vec::new()).unwrap();
        self.town.admin.request::<Value>(request).await.unwrap_or_else(|_| json!({}))
    }

    /// What could be created there.
    async fn sample(&self, line: &KindLine, who: Person) -> Value {
        let town = &self.town;
        let mut object = match line.kind {
            "ResourcePool" => tests::town::pool("another", tests::town::amounts("1", "1G", "1G")),
            "Department" => tests::town::department("another", json!({})),
            "Application" => json!({"spec": {"displayName": "another", "tier": "Municipal"}}),
            "Allocation" => town.allocation_object(APPLICATION, tests::town::amounts("1", "1G", "1G")),
            "QuotaRequest" => town.request_object("Change", APPLICATION, tests::town::amounts("6", "8G", "1T")),
            "QuotaDecision" => town.decision_object(who, &self.request, "Urge").await,
            "Pod" => pod("another"),
            "CloudPolicy" => json!({"spec": self.stored(&format!("{}/default", self.collection(line))).await["spec"]}),
            "PoolLedger" => {
                json!({"spec": {"revision": 1, "capacity": {"cpuMillis": 1, "memoryBytes": 1, "storageBytes": 1}}})
            }
            "WorkCalendar" => {
                json!({"spec": {"year": 2031, "holidays": [], "makeupWorkdays": [], "sourceDocument": "x", "published": false}})
            }
            "UsageRecord" => json!({"spec": {"allocation": "x"}}),
            "ExtranetLink" => link("another"),
            "LinkIncident" => incident("another"),
            "MaintenanceWindow" => maintenance("another"),
            "ProbeVantage" => json!({"spec": {"anchors": ["127.0.0.1"]}}),
            "ResourceQuota" => json!({"spec": {"hard": {"requests.cpu": "1000"}}}),
            "RoleBinding" => {
                json!({"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "yunheng-cloud-admin"},
                "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": who.user()}]})
            }
            _ => json!({}),
        };
        if line.kind == "QuotaRequest" {
            object["spec"]["requester"] = json!(who.user());
        }
        let metadata = match line.kind {
            "CloudPolicy" => json!({"name": "default"}),
            "ProbeVantage" => json!({"name": VANTAGE}),
            "WorkCalendar" => json!({"name": "y2031"}),
            _ => json!({"name": "another"}),
        };
        let ours = resources::KINDS.iter().any(|kind| kind.kind == line.kind);
        let version = match line.kind {
            _ if ours => "yunheng.io/v1alpha1",
            "RoleBinding" => "rbac.authorization.k8s.io/v1",
            "Lease" => "coordination.k8s.io/v1",
            _ => "v1",
        };
        object["apiVersion"] = json!(version);
        object["kind"] = json!(line.kind);
        object["metadata"] = metadata;
        object
    }
}

/// What the application used, as the operator keeps it.
pub fn usage(namespace: &str) -> Value {
    json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "UsageRecord",
        "metadata": {"namespace": namespace, "name": APPLICATION}, "spec": {"allocation": "x"},
    })
}

/// A link that nothing probes.
pub fn link(name: &str) -> Value {
    json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "ExtranetLink", "metadata": {"name": name},
        "spec": {"displayName": name, "level": "County", "class": "county", "probe": {"none": {}}},
    })
}

/// The place that links are probed from.
pub fn vantage() -> Value {
    json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "ProbeVantage", "metadata": {"name": VANTAGE},
        "spec": {"anchors": ["127.0.0.1"]},
    })
}

/// A breakage that isn't over.
pub fn incident(name: &str) -> Value {
    json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "LinkIncident", "metadata": {"name": name},
        "spec": {"root": UNUSED, "startedAt": "2026-01-01T00:00:00.000000Z", "cause": "RootDown"},
    })
}

/// Maintenance that nobody has approved.
pub fn maintenance(name: &str) -> Value {
    json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "MaintenanceWindow", "metadata": {"name": name},
        "spec": {"links": [UNUSED], "start": "2026-01-01T00:00:00Z", "end": "2026-01-01T01:00:00Z", "reason": "fibre is moved"},
    })
}

/// A pod in the application's namespace that asks for little.
pub fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": names::application_namespace(APPLICATION)},
        "spec": {"containers": [{"name": "main", "image": "example", "resources": {"requests": {"cpu": "1", "memory": "1G"}, "limits": {"memory": "1G", "cpu": "1"}}}]},
    })
}
