//! Objects as JSON, as somebody at a terminal would write them.

use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, Client, ResourceExt};
use resources::KINDS;
use serde_json::Value;

/// Plurals and scopes of the kinds that aren't ours.
const BUILT_IN: [(&str, &str, bool); 12] = [
    ("Namespace", "namespaces", false),
    ("ConfigMap", "configmaps", true),
    ("Pod", "pods", true),
    ("PersistentVolumeClaim", "persistentvolumeclaims", true),
    ("ResourceQuota", "resourcequotas", true),
    ("Deployment", "deployments", true),
    ("Lease", "leases", true),
    ("LimitRange", "limitranges", true),
    ("Secret", "secrets", true),
    ("Role", "roles", true),
    ("RoleBinding", "rolebindings", true),
    ("ClusterRoleBinding", "clusterrolebindings", false),
];

/// Creates what the JSON says, where it says.
pub async fn create(client: &Client, object: Value) -> Result<DynamicObject, kube::Error> {
    create_with(client, object, &PostParams::default()).await
}

/// Whether the API server would let it be created; nothing is stored.
pub async fn would_create(client: &Client, object: Value) -> Result<DynamicObject, kube::Error> {
    create_with(client, object, &PostParams { dry_run: true, ..PostParams::default() }).await
}

async fn create_with(client: &Client, object: Value, parameters: &PostParams) -> Result<DynamicObject, kube::Error> {
    let object: DynamicObject = serde_json::from_value(object).expect("an object has a kind and metadata");
    let types = object.types.clone().unwrap_or_default();
    let api = api(client, &types.api_version, &types.kind, object.namespace().as_deref());
    api.create(parameters, &object).await
}

/// Changes an object by a merge patch.
pub async fn merge(client: &Client, place: &Place<'_>, change: Value) -> Result<DynamicObject, kube::Error> {
    place.api(client).patch(place.name, &PatchParams::default(), &Patch::Merge(change)).await
}

/// Deletes an object.
pub async fn delete(client: &Client, place: &Place<'_>) -> Result<(), kube::Error> {
    place.api(client).delete(place.name, &DeleteParams::default()).await.map(|_| ())
}

/// Which object.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub kind: &'a str,
    /// Empty for kinds that are cluster-wide.
    pub namespace: &'a str,
    pub name: &'a str,
}

impl Place<'_> {
    fn api(&self, client: &Client) -> Api<DynamicObject> {
        let ours = KINDS.iter().any(|kind| kind.kind == self.kind);
        let version = match self.kind {
            _ if ours => "yunheng.io/v1alpha1",
            "Deployment" => "apps/v1",
            "Lease" => "coordination.k8s.io/v1",
            _ => "v1",
        };
        api(client, version, self.kind, Some(self.namespace).filter(|namespace| !namespace.is_empty()))
    }
}

fn api(client: &Client, version: &str, kind: &str, namespace: Option<&str>) -> Api<DynamicObject> {
    let own = KINDS.iter().map(|kind| (kind.kind, kind.plural, kind.namespaced));
    let (_, plural, is_namespaced) = own
        .chain(BUILT_IN)
        .find(|(name, _, _)| *name == kind)
        .unwrap_or_else(|| panic!("the tests don't know kind {kind}: add it to BUILT_IN"));
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural);
    match namespace {
        Some(namespace) if is_namespaced => Api::namespaced_with(client.clone(), namespace, &resource),
        _ => Api::all_with(client.clone(), &resource),
    }
}

/// The message of an answer that refuses.
///
/// # Panics
/// When it was let through, or when it isn't the API server that refused.
pub fn refusal<T>(what: &str, answer: Result<T, kube::Error>) -> String {
    match answer {
        Ok(_) => panic!("{what}: it was let through"),
        Err(kube::Error::Api(status)) => status.message,
        Err(error) => panic!("{what}: no answer: {error}"),
    }
}
