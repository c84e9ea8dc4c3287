//! The writes, each with its precondition.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{
    LimitRange, LimitRangeItem, LimitRangeSpec, Namespace, ResourceQuota, ResourceQuotaSpec,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::api::{ObjectMeta, Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt};
use ledger::Bundle;
use resources::v1alpha1::{Allocation, LimitPolicy};
use resources::{names, quota};
use serde_json::json;

use super::observe::Observed;
use super::plan::{Blocked, Plan, Step};
use super::{CONTROLLER, Error};
use crate::context::Context;
use crate::patch::{Part, patch};

/// What came of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    pub blocked: Option<Blocked>,
    /// Something was written: what it led to is seen when the watches bring it.
    pub wrote: bool,
    /// Nothing had to be written and what drains can be measured.
    pub lowered: bool,
}

pub async fn apply(observed: &Observed, plan: Plan, context: &Context) -> Result<Applied, Error> {
    let Plan { steps, blocked, lowered } = plan;
    let mut applied = Applied { blocked, wrote: !steps.is_empty(), lowered };
    // Without a cluster there are no steps.
    let Some(member) = &observed.member else { return Ok(applied) };
    let site = Site { observed, client: &member.client, context };
    for step in steps {
        let taken = match step {
            Step::CreateNamespace { namespace } => site.create_namespace(&namespace).await?,
            Step::Adopt { namespace, from } => {
                site.adopt(&namespace, &from).await?;
                None
            }
            Step::CreateQuota { namespace, fence } => {
                site.create_quota(&namespace, &fence).await?;
                None
            }
            Step::WriteQuota { namespace, uid, read_fence, fence, share } => {
                let operations = quota_patch(&uid, &read_fence, &fence, share, observed.limit_policy);
                site.write_quota(&namespace, operations).await?;
                None
            }
            Step::SayReady { namespace } => {
                site.say_ready(&namespace).await?;
                None
            }
        };
        if applied.blocked.is_none() {
            applied.blocked = taken;
        }
    }
    Ok(applied)
}

fn labels(observed: &Observed) -> BTreeMap<String, String> {
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    BTreeMap::from([
        label(names::LABEL_MANAGED, "true"),
        label(names::LABEL_DEPARTMENT, &observed.department),
        label(names::LABEL_APPLICATION, &observed.application),
        label(names::LABEL_POOL, &observed.pool),
    ])
}

/// Where an allocation's namespaces are written.
struct Site<'a> {
    observed: &'a Observed,
    client: &'a Client,
    context: &'a Context,
}

impl Site<'_> {
    /// Creates the namespace with its owner in the same call, then its quota of zeros. One that is
    /// there already and isn't ours is left alone.
    async fn create_namespace(&self, name: &str) -> Result<Option<Blocked>, Error> {
        let api: Api<Namespace> = Api::all(self.client.clone());
        let mut labels = labels(self.observed);
        labels.insert(names::LABEL_QUOTA_STATE.to_owned(), "pending".to_owned());
        let owner = (names::ANNOTATION_ALLOCATION.to_owned(), self.observed.owner.clone());
        let metadata = ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some(labels),
            annotations: Some(BTreeMap::from([owner])),
            ..ObjectMeta::default()
        };
        let write = |action| move |source| Error::Write { action, namespace: name.to_owned(), source };
        match api.create(&PostParams::default(), &Namespace { metadata, ..Namespace::default() }).await {
            Ok(_) => self.context.metrics.wrote(CONTROLLER, "namespace"),
            Err(kube::Error::Api(status)) if status.is_already_exists() => {
                let there = api.get_opt(name).await.map_err(write("read the namespace"))?;
                let owner = there.and_then(|there| there.annotations().get(names::ANNOTATION_ALLOCATION).cloned());
                if owner.as_ref() != Some(&self.observed.owner) {
                    let owner = owner.unwrap_or_default();
                    return Ok(Some(Blocked::NamespaceTaken { namespace: name.to_owned(), owner }));
                }
            }
            Err(source) => return Err(write("create the namespace")(source)),
        }
        if let Some(fence) = self.observed.fence() {
            self.create_quota(name, &fence).await?;
        }
        Ok(None)
    }

    async fn adopt(&self, name: &str, from: &str) -> Result<(), Error> {
        let pointer = "/metadata/annotations/yunheng.io~1allocation";
        let mut operations = vec![
            json!({"op": "test", "path": pointer, "value": from}),
            json!({"op": "replace", "path": pointer, "value": self.observed.owner}),
        ];
        operations.extend(labels(self.observed).into_iter().map(|(key, value)| {
        json!({"op": "add", "path": format!("/metadata/labels/{}", key.replace('/', "~1")), "value": value})
    }));
        let api: Api<Namespace> = Api::all(self.client.clone());
        patch_json(&api, name, operations, "take over the namespace", name).await?;
        self.context.metrics.wrote(CONTROLLER, "namespace");
        Ok(())
    }

    /// A quota begins with zeros: nobody can use anything before the ledger's word has reached it.
    async fn create_quota(&self, namespace: &str, fence: &str) -> Result<(), Error> {
        let write = |action| move |source| Error::Write { action, namespace: namespace.to_owned(), source };
        let metadata = ObjectMeta {
            name: Some(names::MANAGED_QUOTA.to_owned()),
            namespace: Some(namespace.to_owned()),
            labels: Some(labels(self.observed)),
            ..ObjectMeta::default()
        };
        self.write_limits(namespace).await?;
        let annotations = BTreeMap::from([(names::ANNOTATION_FENCE.to_owned(), fence.to_owned())]);
        let quota = ResourceQuota {
            metadata: ObjectMeta { annotations: Some(annotations), ..metadata },
            spec: Some(ResourceQuotaSpec {
                hard: Some(quota::hard(Bundle::ZERO, self.observed.limit_policy)),
                ..ResourceQuotaSpec::default()
            }),
            status: None,
        };
        let quotas: Api<ResourceQuota> = Api::namespaced(self.client.clone(), namespace);
        ignore_existing(quotas.create(&PostParams::default(), &quota).await).map_err(write("create the quota"))?;
        self.context.metrics.wrote(CONTROLLER, "resourcequota");
        Ok(())
    }

    /// The defaults of containers go with the quota's keys: where a limit must be given, one is given
    /// to those who give none.
    async fn write_limits(&self, namespace: &str) -> Result<(), Error> {
        let write = |source| Error::Write { action: "write the LimitRange", namespace: namespace.to_owned(), source };
        let limits = LimitRange {
            metadata: ObjectMeta {
                name: Some(names::MANAGED_QUOTA.to_owned()),
                namespace: Some(namespace.to_owned()),
                labels: Some(labels(self.observed)),
                ..ObjectMeta::default()
            },
            spec: Some(defaults(self.observed.limit_policy)),
        };
        let api: Api<LimitRange> = Api::namespaced(self.client.clone(), namespace);
        match api.create(&PostParams::default(), &limits).await {
            Ok(_) => self.context.metrics.wrote(CONTROLLER, "limitrange"),
            Err(kube::Error::Api(status)) if status.is_already_exists() => {
                let operations = vec![
                    json!({"op": "add", "path": "/metadata/labels", "value": limits.metadata.labels}),
                    json!({"op": "add", "path": "/spec", "value": limits.spec}),
                ];
                patch_json(&api, names::MANAGED_QUOTA, operations, "write the LimitRange", namespace).await?;
            }
            Err(source) => return Err(write(source)),
        }
        Ok(())
    }

    async fn say_ready(&self, name: &str) -> Result<(), Error> {
        let api: Api<Namespace> = Api::all(self.client.clone());
        let operations = vec![
            json!({"op": "test", "path": "/metadata/labels/yunheng.io~1quota-state", "value": "pending"}),
            json!({"op": "replace", "path": "/metadata/labels/yunheng.io~1quota-state", "value": "ready"}),
        ];
        patch_json(&api, name, operations, "label the namespace", name).await?;
        self.context.metrics.wrote(CONTROLLER, "namespace");
        Ok(())
    }

    async fn write_quota(&self, namespace: &str, mut operations: Vec<serde_json::Value>) -> Result<(), Error> {
        // A namespace that was taken over brings its quota with the labels of the owner before.
        operations.push(json!({"op": "add", "path": "/metadata/labels", "value": labels(self.observed)}));
        if self.observed.limits_are_outdated(namespace) {
            self.write_limits(namespace).await?;
        }
        let api: Api<ResourceQuota> = Api::namespaced(self.client.clone(), namespace);
        patch_json(&api, names::MANAGED_QUOTA, operations, "write the quota", namespace).await?;
        self.context.metrics.wrote(CONTROLLER, "resourcequota");
        Ok(())
    }
}

/// What a container gets that asks for nothing. Small, so that an unwritten request wastes little:
/// a quarter of a core and 256 M.
fn defaults(policy: LimitPolicy) -> LimitRangeSpec {
    let amounts = |with_cpu: bool| {
        let memory = ("memory".to_owned(), Quantity("256M".to_owned()));
        let cpu = with_cpu.then(|| ("cpu".to_owned(), Quantity("250m".to_owned())));
        std::iter::once(memory).chain(cpu).collect::<BTreeMap<_, _>>()
    };
    let item = LimitRangeItem {
        type_: "Container".to_owned(),
        default: Some(amounts(policy == LimitPolicy::Guaranteed)),
        default_request: Some(amounts(true)),
        ..LimitRangeItem::default()
    };
    LimitRangeSpec { limits: vec![item] }
}

fn ignore_existing<T>(result: Result<T, kube::Error>) -> Result<(), kube::Error> {
    match result {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(()),
        Err(error) => Err(error),
    }
}

/// The only way a quota is changed: without a resourceVersion, which every charged pod moves, but
/// with a test of the fence, which only another decision moves.
fn quota_patch(uid: &str, read_fence: &str, fence: &str, share: Bundle, policy: LimitPolicy) -> Vec<serde_json::Value> {
    let pointer = "/metadata/annotations/yunheng.io~1fence";
    vec![
        json!({"op": "test", "path": "/metadata/uid", "value": uid}),
        json!({"op": "test", "path": pointer, "value": read_fence}),
        json!({"op": "replace", "path": pointer, "value": fence}),
        json!({"op": "replace", "path": "/spec/hard", "value": quota::hard(share, policy)}),
    ]
}

async fn patch_json<K>(
    api: &Api<K>,
    name: &str,
    operations: Vec<serde_json::Value>,
    action: &'static str,
    namespace: &str,
) -> Result<K, Error>
where
    K: Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let write = |source| Error::Write { action, namespace: namespace.to_owned(), source };
    patch(api, name, Part::Object, operations.into(), None).await.map_err(write)
}

/// Whether the allocation may be worked on: it has our finalizer, or gets it now.
pub async fn ensure_finalizer(allocation: &Arc<Allocation>, context: &Context) -> Result<bool, Error> {
    let has_it = allocation.finalizers().iter().any(|finalizer| finalizer == names::FINALIZER_RELEASE);
    if has_it || allocation.metadata.deletion_timestamp.is_some() {
        return Ok(has_it);
    }
    let mut finalizers = allocation.finalizers().to_vec();
    finalizers.push(names::FINALIZER_RELEASE.to_owned());
    write_finalizers(allocation, &finalizers, context).await?;
    Ok(true)
}

/// Whether nothing of a deleted allocation is out any more, by a ledger read after the deletion
/// was seen.
#[must_use]
pub fn may_go(observed: &Observed, allocation: &Allocation) -> bool {
    let uid = allocation.metadata.uid.as_deref();
    let counted = observed.entry().is_some_and(|entry| entry.uid.as_deref() == uid);
    allocation.metadata.deletion_timestamp.is_some() && observed.fresh && !counted
}

/// Takes our finalizer off, so that the object can go.
pub async fn let_go(allocation: &Arc<Allocation>, context: &Context) -> Result<(), Error> {
    let kept: Vec<String> =
        allocation.finalizers().iter().filter(|finalizer| *finalizer != names::FINALIZER_RELEASE).cloned().collect();
    write_finalizers(allocation, &kept, context).await
}

async fn write_finalizers(allocation: &Arc<Allocation>, finalizers: &[String], context: &Context) -> Result<(), Error> {
    let api: Api<Allocation> = Api::namespaced(context.client.clone(), &allocation.namespace().unwrap_or_default());
    let patch = json!({"metadata": {"resourceVersion": allocation.resource_version(), "finalizers": finalizers}});
    match api.patch(&allocation.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await {
        Ok(_) => {
            context.metrics.wrote(CONTROLLER, "allocation");
            Ok(())
        }
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        Err(source) => Err(Error::Finalizer { source }),
    }
}
