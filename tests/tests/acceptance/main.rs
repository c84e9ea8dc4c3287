//! The city's acceptance cases that are about what happens between people, on a real control plane
//! with the operator and the API, on the way as shipped: docs/acceptance.md lists all of them.
//!
//! One control plane for all tests of this binary; each has a pool and a department of its own.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing there")]

mod bounds;
mod review;
mod sight;

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Api;
use resources::v1alpha1::{Phase, QuotaRequestStatus};
use serde_json::{Value, json};
use tests::cluster::{Cluster, Operator, Plane};
use tests::eventually::{SOON, eventually};
use tests::object;
use tests::people::Person::{self, ApproverAdmin, ApproverTech, Auditor, Zhang};
use tests::process::Process;
use tests::rest::{Answer, Rest};
use tests::town::{REASON, Town, amounts};
use tokio::sync::OnceCell;

/// What everybody here shares. The processes end with this one.
pub struct Scene {
    cluster: Cluster,
    _operator: Operator,
    _api: Process,
    url: String,
    /// The token of somebody with both approvers' roles: as shipped nobody has both.
    both: String,
}

/// Started by whoever comes first, once, even if that fails.
static SCENE: OnceCell<Option<Scene>> = OnceCell::const_new();

async fn scene() -> &'static Scene {
    let started = SCENE.get_or_init(|| AssertUnwindSafe(Scene::set()).catch_unwind().map(Result::ok)).await;
    started.as_ref().expect("the control plane didn't start: the first failure says why")
}

impl Scene {
    async fn set() -> Self {
        let cluster = Cluster::start_as("acceptance", Plane::Single).await;
        let operator = cluster.start_operator("operator").await;
        let (api, url) = cluster.start_api().await;
        let both = with_both_roles(&cluster).await;
        Self { cluster, _operator: operator, _api: api, url, both }
    }
}

async fn with_both_roles(cluster: &Cluster) -> String {
    let (admin, namespace) = (cluster.admin().await, ApproverTech.namespace());
    let account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"namespace": namespace, "name": "approver-both"},
    });
    let accounts: Api<ServiceAccount> = Api::namespaced(admin.clone(), namespace);
    accounts.create(&kube::api::PostParams::default(), &serde_json::from_value(account).unwrap()).await.unwrap();
    for role in ["approver-admin", "approver-tech"] {
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": format!("approver-both-{role}")},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": format!("yunheng-{role}")},
            "subjects": [{"kind": "ServiceAccount", "namespace": namespace, "name": "approver-both"}],
        });
        object::create(&admin, binding).await.unwrap();
    }
    let request = serde_json::from_value(json!({"spec": {"audiences": [], "expirationSeconds": 86_400}})).unwrap();
    let answer = accounts.create_token_request("approver-both", &kube::api::PostParams::default(), &request).await;
    answer.unwrap().status.unwrap().token
}

/// A department's requests and those who decide on them, through REST.
pub struct Desk {
    scene: &'static Scene,
    town: Town<'static>,
    /// Its own: connections don't outlive the test that opened them.
    rest: Rest,
}

impl Desk {
    /// A pool with plenty, and a department of the same name.
    async fn open(name: &str) -> Self {
        let scene = scene().await;
        let town = Town::found(&scene.cluster, name, amounts("400", "800G", "40T")).await;
        Self { scene, town, rest: Rest::at(&scene.url) }
    }

    fn token(&self, who: Person) -> &str {
        self.scene.cluster.token(who)
    }

    /// An application with so many cores, 8G and 1T, in force.
    async fn granted(&self, application: &str, cpu: &str) {
        self.town.allocate(application, amounts(cpu, "8G", "1T")).await;
        self.town.await_enforced(application, cpu, "8G", "1T").await;
    }

    fn body(&self, application: &str, cpu: &str) -> Value {
        json!({
            "department": self.town.name, "type": "Change", "application": application, "pool": self.town.name,
            "resources": amounts(cpu, "8G", "1T"), "justification": "more citizens use it every month",
        })
    }

    /// Somebody asks; the answer is the request's name. The rights of a new department's members
    /// reach everybody in a moment.
    async fn ask(&self, who: Person, body: Value) -> String {
        let made = eventually(SOON, format!("{} may ask", who.account()), async || {
            let answer = self.rest.post(self.token(who), "/requests", &body).await;
            if answer.status == 201 { Ok(answer.json()) } else { Err(answer.text) }
        })
        .await;
        let name = made["name"].as_str().unwrap().to_owned();
        self.shown(who, &name, Phase::Submitted).await;
        name
    }

    /// The request as REST shows it, once it shows this phase: it may be a moment behind.
    async fn shown(&self, who: Person, request: &str, phase: Phase) -> Value {
        let phase = json!(format!("{phase:?}"));
        eventually(SOON, format!("{request} is shown as {phase}"), async || {
            let view = self.view(who, request).await;
            let told = view["history"].as_array().and_then(|steps| Some(steps.last()?["to"] == phase));
            if view["phase"] == phase && told == Some(true) { Ok(view) } else { Err(view.to_string()) }
        })
        .await
    }

    fn path(&self, request: &str) -> String {
        format!("/requests/{}/{request}", self.town.name)
    }

    async fn view(&self, who: Person, request: &str) -> Value {
        self.rest.get(self.token(who), &self.path(request)).await.of(200)
    }

    /// Zhang asks for so many cores of an application that has 4.
    async fn submitted(&self, application: &str, cpu: &str) -> String {
        self.granted(application, "4").await;
        self.ask(Zhang, self.body(application, cpu)).await
    }

    /// The same, accepted and taken: the technical reviewer has it before him.
    async fn in_review(&self, application: &str, cpu: &str) -> String {
        let request = self.submitted(application, cpu).await;
        self.to_review(&request).await;
        request
    }

    async fn to_review(&self, request: &str) {
        self.decided(ApproverAdmin, request, json!({"verdict": "Accept"})).await;
        self.decided(ApproverTech, request, json!({"verdict": "Take"})).await;
    }

    /// What is said as REST takes it, about the request as it is now unless it says otherwise.
    async fn decision(&self, request: &str, said: Value) -> Value {
        let status = self.status(request).await;
        let mut body = json!({"requestRevision": status.revision, "reason": REASON});
        if let Some(stage) = status.stage.filter(|_| said["verdict"] != "Urge") {
            body["stage"] = json!(stage.name);
        }
        for (key, value) in said.as_object().unwrap() {
            body[key] = value.clone();
        }
        body
    }

    async fn decide(&self, token: &str, request: &str, said: Value) -> Answer {
        let body = self.decision(request, said).await;
        self.rest.post(token, &format!("{}/decisions", self.path(request)), &body).await
    }

    /// A decision that counts; the request afterwards.
    async fn decided(&self, who: Person, request: &str, said: Value) -> Value {
        self.decide(self.token(who), request, said).await.of(200)
    }

    async fn status(&self, request: &str) -> QuotaRequestStatus {
        self.town.asked(request).await.status.unwrap()
    }

    /// What the audit chain tells of this department, the newest first.
    async fn acts(&self, operation: &str) -> Vec<Value> {
        let path = format!("/audit?department={}&operation={operation}&limit=200", self.town.name);
        let list = self.rest.get(self.token(Auditor), &path).await.of(200);
        list["items"].as_array().unwrap().clone()
    }

    /// What the department's people and others see of a verdict: why it isn't theirs, if it isn't.
    async fn blocked(&self, who: Person, request: &str, verdict: &str) -> Value {
        let view = self.view(who, request).await;
        let actions = view["actions"].as_array().unwrap();
        let action = actions.iter().find(|action| action["verdict"] == verdict);
        action.unwrap_or_else(|| panic!("{verdict} isn't shown: {actions:?}"))["blocked"]["code"].clone()
    }
}
