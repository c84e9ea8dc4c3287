//! Writes a department's objects.

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Resource, ResourceExt};
use resources::names;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::plan::Plan;
use super::{CONTROLLER, Error};
use crate::context::Context;

pub async fn apply(plan: Plan, context: &Context) -> Result<(), Error> {
    let Plan { namespace, role_bindings, cluster_role_binding } = plan;
    if let Some(namespace) = namespace {
        create_namespace(&namespace, context).await?;
    }
    if let Some(binding) = cluster_role_binding {
        let api = Api::<ClusterRoleBinding>::all(context.client.clone());
        write(api, "ClusterRoleBinding", binding, context).await?;
    }
    // A cluster that refuses or is slow doesn't keep the others from theirs. The hub comes first.
    let mut first = Ok(());
    for (cluster, binding) in role_bindings {
        // One that has fallen silent since is looked at again when it is back.
        let reached = context.members.reached();
        let Some(member) = reached.iter().find(|member| member.uid == cluster) else { continue };
        let place = binding.namespace().unwrap_or_default();
        let api: Api<RoleBinding> = Api::namespaced(member.client.clone(), &place);
        first = first.and(write(api, "RoleBinding", binding, context).await);
    }
    first
}

async fn create_namespace(namespace: &Namespace, context: &Context) -> Result<(), Error> {
    let api: Api<Namespace> = Api::all(context.client.clone());
    match api.create(&PostParams::default(), namespace).await {
        Ok(_) => context.metrics.wrote(CONTROLLER, "namespace"),
        Err(kube::Error::Api(status)) if status.is_already_exists() => {}
        Err(source) => return Err(Error::Write { kind: "Namespace", name: namespace.name_any(), source }),
    }
    Ok(())
}

async fn write<K>(api: Api<K>, kind: &'static str, object: K, context: &Context) -> Result<(), Error>
where
    K: Resource<DynamicType = ()> + Clone + Serialize + DeserializeOwned + std::fmt::Debug,
{
    let name = object.name_any();
    let parameters = PatchParams::apply(names::MANAGER_DEPARTMENT).force();
    match api.patch(&name, &parameters, &Patch::Apply(&object)).await {
        Ok(_) => context.metrics.wrote(CONTROLLER, kind),
        Err(source) => return Err(Error::Write { kind, name, source }),
    }
    Ok(())
}
