//! What one test has for itself: a pool, a department, and the people who act in it. Objects are
//! named by the test, so tests on one control plane don't meet.

use k8s_openapi::api::core::v1::ResourceQuota;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Api, Client, ResourceExt};
use resources::v1alpha1::{
    Allocation, DecisionOutcome, DecisionStatus, Department, Phase, QuotaDecision, QuotaRequest, ResourcePool,
};
use resources::{condition, names, quota};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::eventually::{SOON, eventually};
use crate::invariants::Standing;
use crate::object::{self, Place};
use crate::people::Person;

/// Amounts as a spec writes them.
#[must_use]
pub fn amounts(cpu: &str, memory: &str, storage: &str) -> Value {
    json!({"cpu": cpu, "memory": memory, "storage": storage})
}

/// A pool and a department of the same name.
pub struct Town<'a> {
    pub cluster: &'a Cluster,
    pub name: String,
    /// The cluster's administrator.
    pub admin: Client,
}

impl<'a> Town<'a> {
    /// Makes the pool with this capacity and the department, and waits until both are in place.
    pub async fn found(cluster: &'a Cluster, name: &str, capacity: Value) -> Self {
        let town = Self { cluster, name: name.to_owned(), admin: cluster.admin().await };
        town.create(Person::CloudAdmin, pool(name, capacity)).await;
        town.create(Person::CloudAdmin, department(name, json!({}))).await;
        town.await_pool("Ready", "Serving").await;
        town.await_department(name, "Ready", "Serving").await;
        town
    }

    /// Namespace of the department.
    #[must_use]
    pub fn namespace(&self) -> String {
        names::department_namespace(&self.name)
    }

    /// Creates an object as somebody.
    ///
    /// # Panics
    /// When the API server refuses it.
    pub async fn create(&self, who: Person, object: Value) {
        let client = self.cluster.client(who).await;
        let created = object::create(&client, object.clone()).await;
        created.unwrap_or_else(|error| panic!("{} creates {object}: {error}", who.account()));
    }

    /// Changes an object of ours as the cloud's administrator.
    pub async fn change(&self, kind: &str, namespace: &str, name: &str, change: Value) {
        let client = self.cluster.client(Person::CloudAdmin).await;
        let changed = object::merge(&client, &Place { kind, namespace, name }, change.clone()).await;
        changed.unwrap_or_else(|error| panic!("change of {kind} {name} to {change}: {error}"));
    }

    // --- applications and allocations ---------------------------------------------------------

    /// An application without quota.
    pub async fn application(&self, name: &str) {
        self.create(
            Person::CloudAdmin,
            json!({
                "apiVersion": "yunheng.io/v1alpha1", "kind": "Application",
                "metadata": {"namespace": self.namespace(), "name": name},
                "spec": {"displayName": name, "tier": "Municipal"},
            }),
        )
        .await;
    }

    /// An application with an allocation that the cloud's administrator writes directly.
    pub async fn allocate(&self, name: &str, resources: Value) {
        self.application(name).await;
        self.create(Person::CloudAdmin, self.allocation_object(name, resources)).await;
    }

    #[must_use]
    pub fn allocation_object(&self, name: &str, resources: Value) -> Value {
        json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "Allocation",
            "metadata": {"namespace": self.namespace(), "name": name},
            "spec": {"application": name, "pool": self.name, "resources": resources},
        })
    }

    pub async fn resize(&self, name: &str, resources: Value) {
        self.change("Allocation", &self.namespace(), name, json!({"spec": {"resources": resources}})).await;
    }

    pub async fn allocation(&self, name: &str) -> Allocation {
        let api: Api<Allocation> = Api::namespaced(self.admin.clone(), &self.namespace());
        api.get(name).await.unwrap_or_else(|error| panic!("allocation {name}: {error}"))
    }

    /// Waits until a condition of the allocation says this of its present generation.
    pub async fn await_allocation(&self, name: &str, type_: &str, reason: &str) -> Condition {
        let api: Api<Allocation> = Api::namespaced(self.admin.clone(), &self.namespace());
        eventually(SOON, format!("allocation {name}: {type_} {reason}"), async || {
            let found = api.get_opt(name).await.map_err(|error| error.to_string())?.ok_or("it isn't there")?;
            let generation = found.metadata.generation;
            let conditions = found.status.map(|status| status.conditions).unwrap_or_default();
            says(&conditions, type_, reason, generation)
        })
        .await
    }

    /// Waits until the allocation's object is gone: nothing of it is out then.
    pub async fn await_gone(&self, name: &str) {
        let api: Api<Allocation> = Api::namespaced(self.admin.clone(), &self.namespace());
        eventually(SOON, format!("allocation {name} is gone"), async || {
            match api.get_opt(name).await.map_err(|error| error.to_string())? {
                None => Ok(()),
                Some(there) => Err(serde_json::to_string(&there.status).unwrap_or_default()),
            }
        })
        .await;
    }

    /// Waits until the allocation says that it is in force, and checks that it is: the API server
    /// enforces exactly these amounts.
    pub async fn await_enforced(&self, name: &str, cpu: &str, memory: &str, storage: &str) {
        self.await_allocation(name, condition::READY, "InForce").await;
        let quota = self.quota(&names::application_namespace(name)).await;
        let expected = bundle(&amounts(cpu, memory, storage));
        assert_eq!(quota.enforced, Some(expected), "the quota of {name} enforces what is granted");
        assert_eq!(quota.asked, Some(expected), "the quota of {name} asks for what is granted");
    }

    /// Waits until the API server enforces these amounts, whatever the allocation says of it: some
    /// of what was taken back may still be in use.
    pub async fn await_enforced_only(&self, name: &str, resources: Value) {
        eventually(SOON, format!("the quota of {name} is {resources}"), async || {
            let quota = self.quota(&names::application_namespace(name)).await;
            if quota.enforced == Some(bundle(&resources)) { Ok(()) } else { Err(format!("{quota:?}")) }
        })
        .await;
    }

    pub async fn quota(&self, namespace: &str) -> quota::Observed {
        let api: Api<ResourceQuota> = Api::namespaced(self.admin.clone(), namespace);
        let found = api.get(names::MANAGED_QUOTA).await;
        (&found.unwrap_or_else(|error| panic!("quota in {namespace}: {error}"))).into()
    }

    // --- pool and department ------------------------------------------------------------------

    pub async fn pool(&self) -> ResourcePool {
        let api: Api<ResourcePool> = Api::all(self.admin.clone());
        api.get(&self.name).await.unwrap_or_else(|error| panic!("pool {}: {error}", self.name))
    }

    pub async fn await_pool(&self, type_: &str, reason: &str) -> Condition {
        eventually(SOON, format!("pool {}: {type_} {reason}", self.name), async || {
            let found = self.pool().await;
            let conditions = found.status.map(|status| status.conditions).unwrap_or_default();
            says(&conditions, type_, reason, found.metadata.generation)
        })
        .await
    }

    pub async fn await_department(&self, name: &str, type_: &str, reason: &str) -> Condition {
        let api: Api<Department> = Api::all(self.admin.clone());
        eventually(SOON, format!("department {name}: {type_} {reason}"), async || {
            let found = api.get(name).await.map_err(|error| error.to_string())?;
            let conditions = found.status.map(|status| status.conditions).unwrap_or_default();
            says(&conditions, type_, reason, found.metadata.generation)
        })
        .await
    }

    /// The pool as it stands.
    pub async fn standing(&self) -> Standing {
        Standing::read(&self.admin, &self.name).await
    }

    /// Waits until every quota says what the ledger says and nobody holds anything, and checks the
    /// invariants then. The end of every test.
    pub async fn settles(&self) -> Standing {
        eventually(SOON, format!("pool {} settles", self.name), async || {
            let standing = self.standing().await;
            let open: Vec<String> = standing.findings().into_iter().chain(standing.unsettled()).collect();
            if open.is_empty() { Ok(standing) } else { Err(open.join("\n")) }
        })
        .await
    }

    // --- requests and decisions ---------------------------------------------------------------

    /// What zhang asks for, as an object; a test may change it before it is sent.
    #[must_use]
    pub fn request_object(&self, type_: &str, application: &str, resources: Value) -> Value {
        json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest",
            "metadata": {"namespace": self.namespace(), "generateName": "qr-"},
            "spec": {
                "requester": Person::Zhang.user(), "type": type_, "application": application, "pool": self.name,
                "resources": resources, "justification": "more citizens use it every month",
            },
        })
    }

    /// Zhang asks; the answer is the request's name.
    pub async fn request(&self, type_: &str, application: &str, resources: Value) -> String {
        self.send(Person::Zhang, self.request_object(type_, application, resources)).await
    }

    /// Somebody sends a request and waits until it has its number.
    pub async fn send(&self, who: Person, object: Value) -> String {
        let client = self.cluster.client(who).await;
        // The rights of a new department's members reach the API server a moment after its namespace.
        let created = eventually(SOON, format!("{} may ask", who.account()), async || {
            match object::create(&client, object.clone()).await {
                Err(kube::Error::Api(status)) if status.code == 403 => Err(status.message),
                other => Ok(other.unwrap_or_else(|error| panic!("{object}: {error}"))),
            }
        })
        .await;
        let name = created.name_any();
        eventually(SOON, format!("request {name} has a number"), async || {
            let status = self.asked(&name).await.status.unwrap_or_default();
            status.number.filter(|_| status.phase.is_some()).map(|_| ()).ok_or("no number yet")
        })
        .await;
        name
    }

    /// The request as it stands.
    pub async fn asked(&self, name: &str) -> QuotaRequest {
        let api: Api<QuotaRequest> = Api::namespaced(self.admin.clone(), &self.namespace());
        api.get(name).await.unwrap_or_else(|error| panic!("request {name}: {error}"))
    }

    pub async fn await_phase(&self, name: &str, phase: Phase) -> QuotaRequest {
        eventually(SOON, format!("request {name} is {phase:?}"), async || {
            let request = self.asked(name).await;
            let status = request.status.clone().unwrap_or_default();
            if status.phase == Some(phase) { Ok(request) } else { Err(format!("{status:?}")) }
        })
        .await
    }

    pub async fn await_request(&self, name: &str, type_: &str, reason: &str) -> Condition {
        eventually(SOON, format!("request {name}: {type_} {reason}"), async || {
            let request = self.asked(name).await;
            let conditions = request.status.map(|status| status.conditions).unwrap_or_default();
            says(&conditions, type_, reason, request.metadata.generation)
        })
        .await
    }

    /// A decision as an object; a test may change it before it is sent.
    pub async fn decision_object(&self, who: Person, request: &str, verdict: &str) -> Value {
        let asked = self.asked(request).await;
        json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaDecision",
            "metadata": {"namespace": self.namespace(), "generateName": "qd-"},
            "spec": {
                "request": {"name": request, "uid": asked.uid()}, "requestRevision": 1, "verdict": verdict,
                "reason": REASON, "decidedBy": who.user(),
            },
        })
    }

    /// Somebody decides; the answer is what came of it.
    pub async fn decide(&self, who: Person, request: &str, verdict: &str) -> DecisionStatus {
        let object = self.decision_object(who, request, verdict).await;
        self.send_decision(who, object).await.1
    }

    /// The decision's name and what came of it.
    pub async fn send_decision(&self, who: Person, object: Value) -> (String, DecisionStatus) {
        let client = self.cluster.client(who).await;
        let created = object::create(&client, object.clone()).await;
        let name = created.unwrap_or_else(|error| panic!("{} decides {object}: {error}", who.account())).name_any();
        let api: Api<QuotaDecision> = Api::namespaced(self.admin.clone(), &self.namespace());
        let status = eventually(SOON, format!("decision {name} is answered"), async || {
            let found = api.get(&name).await.map_err(|error| error.to_string())?;
            found.status.filter(|status| status.outcome.is_some()).ok_or_else(|| "no outcome yet".to_owned())
        })
        .await;
        (name, status)
    }

    /// Approved by the administrative approver, and in force.
    pub async fn approve(&self, request: &str) {
        let status = self.decide(Person::ApproverAdmin, request, "Approve").await;
        assert_eq!(status.outcome, Some(DecisionOutcome::Applied), "{status:?}");
        self.await_phase(request, Phase::Active).await;
    }
}

/// What deciders write where nothing else is asked for.
pub const REASON: &str = "checked against the figures of last year";

/// A pool with this contract.
#[must_use]
pub fn pool(name: &str, capacity: Value) -> Value {
    json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "ResourcePool", "metadata": {"name": name},
        "spec": {
            "displayName": name, "provider": {"name": "provider", "code": "p"},
            "contract": {"id": name, "start": "2020-01-01", "end": "2030-12-31", "capacity": capacity},
        },
    })
}

/// A department with zhang and li; `more` is merged into its spec.
#[must_use]
pub fn department(name: &str, more: Value) -> Value {
    let mut spec = json!({
        "displayName": name, "tier": "Municipal",
        "members": {"owners": [Person::Li.user()], "users": [Person::Zhang.user()]},
    });
    if let (Some(spec), Value::Object(more)) = (spec.as_object_mut(), more) {
        spec.extend(more);
    }
    json!({"apiVersion": "yunheng.io/v1alpha1", "kind": "Department", "metadata": {"name": name}, "spec": spec})
}

/// The amounts as the ledger counts them.
#[must_use]
pub fn bundle(amounts: &Value) -> ledger::Bundle {
    let resources: resources::amounts::Resources = serde_json::from_value(amounts.clone()).expect("three amounts");
    resources.parse().unwrap_or_else(|(resource, error)| panic!("{resource} {error}"))
}

fn says(conditions: &[Condition], type_: &str, reason: &str, generation: Option<i64>) -> Result<Condition, String> {
    let found = condition::find(conditions, type_);
    match found.filter(|one| one.reason == reason && one.observed_generation == generation) {
        Some(condition) => Ok(condition.clone()),
        None => Err(serde_json::to_string(conditions).unwrap_or_default()),
    }
}
