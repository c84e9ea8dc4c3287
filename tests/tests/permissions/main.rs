//! Every cell of docs/permissions.md, tried on a real control plane: as raw calls of the Kubernetes
//! API, and through REST.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing there")]

mod kubernetes;
mod rest;

use k8s_openapi::api::admissionregistration::v1::ValidatingAdmissionPolicyBinding;
use k8s_openapi::api::rbac::v1::ClusterRole;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;
use tests::cluster::Cluster;
use tests::eventually::{SOON, eventually};
use tests::people::Person;
use tests::permissions;
use tests::program;
use tests::town::{Town, amounts, department, pool};

/// The pool of the chart's provider.
pub const POOL: &str = "cec";
/// A pool, a department and an application of which nothing is out: they could be deleted.
pub const UNUSED: &str = "unused";
pub const APPLICATION: &str = "marriage";

#[test]
fn the_page_is_the_matrix() {
    let path = program::root().join("docs/permissions.md");
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(page == permissions::page(), "cargo run -p tests --bin permissionpage docs/permissions.md");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acceptance_20_everybody_may_what_the_matrix_says_and_nothing_else() {
    let cluster = Cluster::start("permissions").await;
    let _operator = cluster.start_operator("operator").await;
    let scene = Scene::set(&cluster).await;
    let (_api, url) = cluster.start_api().await;

    let mut findings = kubernetes::try_kinds(&scene).await;
    findings.extend(kubernetes::try_verdicts(&scene).await);
    findings.extend(rest::try_operations(&scene, &url).await);
    assert!(
        findings.is_empty(),
        "{} cells aren't as docs/permissions.md says:\n{}",
        findings.len(),
        findings.join("\n")
    );
    what_is_widened_is_found(&scene).await;
}

/// A role with one verb too many, and a policy that is gone.
async fn what_is_widened_is_found(scene: &Scene<'_>) {
    let widened = json!([{"op": "add", "path": "/rules/-", "value":
        {"apiGroups": ["yunheng.io"], "resources": ["allocations"], "verbs": ["update"]}}]);
    let roles: Api<ClusterRole> = Api::all(scene.town.admin.clone());
    let patch: Patch<ClusterRole> = Patch::Json(serde_json::from_value(widened).unwrap());
    roles.patch("yunheng-department-user", &PatchParams::default(), &patch).await.unwrap();
    let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(scene.town.admin.clone());
    bindings.delete("yunheng-decisions", &DeleteParams::default()).await.unwrap();
    eventually(SOON, "both are found", async || {
        let kinds = kubernetes::try_kinds(scene).await;
        let verdicts = kubernetes::try_verdicts(scene).await;
        let role = kinds.iter().any(|finding| finding.starts_with("department user update Allocation"));
        let policy = verdicts.iter().any(|finding| finding.starts_with("department user Accept"));
        if role && policy { Ok(()) } else { Err(format!("{kinds:?} {verdicts:?}")) }
    })
    .await;
}

/// A department with an application in force and an open request, and another department.
pub struct Scene<'a> {
    pub town: Town<'a>,
    /// Zhang's request.
    pub request: String,
    /// His decision on it.
    pub decision: String,
}

impl<'a> Scene<'a> {
    async fn set(cluster: &'a Cluster) -> Self {
        let town = Town::found(cluster, POOL, amounts("100", "200G", "10T")).await;
        town.create(Person::CloudAdmin, pool(UNUSED, amounts("1", "1G", "1G"))).await;
        town.create(
            Person::CloudAdmin,
            department(UNUSED, json!({"members": {"owners": [], "users": [Person::Chen.user()]}})),
        )
        .await;
        town.await_department(UNUSED, "Ready", "Serving").await;
        town.application(UNUSED).await;
        town.allocate(APPLICATION, amounts("4", "8G", "1T")).await;
        town.await_enforced(APPLICATION, "4", "8G", "1T").await;
        town.create(Person::Zhang, kubernetes::pod("runs")).await;
        town.create(Person::Operator, kubernetes::usage(&town.namespace())).await;
        town.create(Person::CloudAdmin, kubernetes::link(UNUSED)).await;
        town.create(Person::CloudAdmin, kubernetes::vantage()).await;
        town.create(Person::CloudAdmin, kubernetes::maintenance(UNUSED)).await;
        town.create(Person::Operator, kubernetes::incident(UNUSED)).await;
        let request = town.request("Change", APPLICATION, amounts("5", "8G", "1T")).await;
        let urge = town.decision_object(Person::Zhang, &request, "Urge").await;
        let (decision, _) = town.send_decision(Person::Zhang, urge).await;
        Self { town, request, decision }
    }
}
