//! What people do in scenarios, each through an API server of his own.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{DynamicObject, ListParams};
use kube::{Api, Client, ResourceExt};
use resources::names;
use resources::v1alpha1::{DecisionStatus, QuotaDecision, QuotaRequest};
use serde_json::{Value, json};

use crate::eventually::{SOON, eventually};
use crate::object::{self, Place};
use crate::people::Person;
use crate::stage::World;
use crate::town::Town;

/// Creates an object. Whoever is told to come back later does; rights that are on their way are
/// waited for.
///
/// # Panics
/// When it is refused, or answered with a 5xx: nobody may see one.
pub async fn create(client: &Client, object: Value) -> DynamicObject {
    eventually(SOON, format!("created: {object}"), async || match object::create(client, object.clone()).await {
        Ok(created) => Ok(created),
        Err(kube::Error::Api(status)) if matches!(status.code, 403 | 429) => Err(status.message),
        Err(error) => panic!("{object}: {error}"),
    })
    .await
}

impl World<'_> {
    /// Zhang asks for something and the approver says yes, at once: nobody waits for anything.
    /// `number` names both and says by which API server.
    pub async fn ask_and_approve(&self, town: &Town<'_>, number: usize, request: Value) {
        let uid = self.ask(town, number, request).await;
        self.approve(town, number, 0, &uid).await;
    }

    /// Zhang asks for something; the answer is the request's uid.
    pub async fn ask(&self, town: &Town<'_>, number: usize, mut request: Value) -> String {
        request["metadata"] = json!({"namespace": town.namespace(), "name": format!("qr-{number}")});
        create(self.stage.client(Person::Zhang, number), request).await.uid().unwrap_or_default()
    }

    /// The approver says yes, for the `copy`-th time.
    pub async fn approve(&self, town: &Town<'_>, number: usize, copy: usize, uid: &str) {
        let name = if copy == 0 { format!("qd-{number}") } else { format!("qd-{number}-{copy}") };
        let decision = json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaDecision",
            "metadata": {"namespace": town.namespace(), "name": name},
            "spec": {
                "request": {"name": format!("qr-{number}"), "uid": uid}, "requestRevision": 1, "verdict": "Approve",
                "decidedBy": Person::ApproverAdmin.user(),
            },
        });
        create(self.stage.client(Person::ApproverAdmin, number + copy), decision).await;
    }

    /// What came of all decisions, once all that many are answered.
    pub async fn await_outcomes(&self, town: &Town<'_>, count: usize) -> BTreeMap<String, DecisionStatus> {
        let decisions: Api<QuotaDecision> = Api::namespaced(self.stage.admin(0).clone(), &town.namespace());
        eventually(SOON * 4, format!("{count} decisions of {} are answered", self.name), async || {
            tokio::time::sleep(Duration::from_millis(250)).await;
            let all = decisions.list(&ListParams::default()).await.map_err(|error| error.to_string())?;
            let answered: BTreeMap<String, DecisionStatus> = all
                .into_iter()
                .filter_map(|one| {
                    let name = one.name_any();
                    one.status.filter(|status| status.outcome.is_some()).map(|status| (name, status))
                })
                .collect();
            if answered.len() == count { Ok(answered) } else { Err(format!("{} are", answered.len())) }
        })
        .await
    }

    /// The requests as they stand, by name.
    pub async fn requests(&self, town: &Town<'_>) -> BTreeMap<String, QuotaRequest> {
        let requests: Api<QuotaRequest> = Api::namespaced(self.stage.admin(1).clone(), &town.namespace());
        // An API server that is filling a cache tells its callers to come back.
        let all =
            eventually(SOON, "requests can be listed", async || requests.list(&ListParams::default()).await).await;
        all.into_iter().map(|one| (one.name_any(), one)).collect()
    }

    /// Starts a pod; `false` if there is no room for it, or no namespace yet.
    pub async fn start_pod(&self, namespace: &str, name: &str, cpu: &str, number: usize) -> bool {
        let pod = pod(namespace, name, &json!({"cpu": cpu, "memory": "100M"}));
        match object::create(self.stage.admin(number), pod).await {
            Ok(_) => true,
            // No room, not in force yet, no account yet, counted by another at the same moment.
            Err(kube::Error::Api(status)) if matches!(status.code, 403 | 404 | 409 | 422 | 429) => false,
            // The API server's own words where two of them count in one quota for too long.
            Err(kube::Error::Api(status)) if status.code >= 500 => false,
            Err(error) => panic!("pod {name} in {namespace}: {error}"),
        }
    }

    /// Ends a pod at once; one that isn't there is fine too.
    pub async fn end_pod(&self, namespace: &str, name: &str, number: usize) {
        let place = Place { kind: "Pod", namespace, name };
        match object::delete(self.stage.admin(number), &place).await {
            Ok(()) => {}
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => panic!("end of pod {name} in {namespace}: {error}"),
        }
    }

    pub async fn pods(&self, namespace: &str) -> Vec<Pod> {
        let pods: Api<Pod> = Api::namespaced(self.stage.admin(0).clone(), namespace);
        pods.list(&ListParams::default()).await.expect("pods can be listed").items
    }

    /// What an application's first namespace is called.
    #[must_use]
    pub fn namespace_of(&self, application: &str) -> String {
        names::application_namespace(application)
    }

    /// `Change` of what an application has, written by the cloud's administrator.
    pub async fn resize(&self, town: &Town<'_>, application: &str, resources: Value, number: usize) {
        let (namespace, change) = (town.namespace(), json!({"spec": {"resources": resources}}));
        let place = Place { kind: "Allocation", namespace: &namespace, name: application };
        let client = self.stage.client(Person::CloudAdmin, number);
        let changed = object::merge(client, &place, change).await;
        changed.unwrap_or_else(|error| panic!("resize of {application}: {error}"));
    }

    /// The cloud's administrator takes all back.
    pub async fn release(&self, town: &Town<'_>, application: &str) {
        let namespace = town.namespace();
        let place = Place { kind: "Allocation", namespace: &namespace, name: application };
        let gone = object::delete(self.stage.client(Person::CloudAdmin, 0), &place).await;
        gone.unwrap_or_else(|error| panic!("release of {application}: {error}"));
    }
}

/// A pod of one container that asks for this and is limited to it.
#[must_use]
pub fn pod(namespace: &str, name: &str, amounts: &Value) -> Value {
    let container = json!({"name": "app", "image": "app", "resources": {"requests": amounts, "limits": amounts}});
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": name},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
    })
}

/// A request for a new application.
#[must_use]
pub fn new_application(town: &Town<'_>, application: &str, resources: Value) -> Value {
    let mut request = town.request_object("New", application, resources);
    request["spec"]["newApplication"] = json!({"displayName": application, "tier": "Municipal", "securityGrade": 2});
    request
}
