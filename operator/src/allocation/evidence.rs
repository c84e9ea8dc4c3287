//! The proof that what was taken away can't be used any more, and its way into the ledger.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Namespace, PersistentVolumeClaim, Pod, ResourceQuota};
use kube::api::ListParams;
use kube::{Api, Client};
use ledger::{Ask, Bundle, Decision, Request, Shares};
use resources::v1alpha1::Cause;
use resources::{names, quota};

use super::Error;
use super::apply::Applied;
use super::observe::Observed;
use super::usage;
use crate::context::Context;

/// Names of holders that a condition shows; the rest are counted.
const HOLDERS_SHOWN: usize = 5;

/// What came of a look at what drains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Nothing drains.
    Nothing,
    /// The proof has been given; the ledger has what could be returned.
    Returned,
    /// The quotas aren't lowered yet, or something still uses it.
    Waiting { held_by: Vec<String> },
}

/// Returns to the pool what is proven unusable. The order matters: the quota must be lowered
/// *before* use is measured, or a pod could slip in between.
pub async fn release(observed: &Observed, applied: &Applied, context: &Context) -> Result<Drained, Error> {
    let Some(entry) = observed.entry().filter(|entry| !entry.draining.is_zero() || !entry.dropped.is_empty()) else {
        return Ok(Drained::Nothing);
    };
    // Two people have said that nothing of that cluster runs any more.
    if let (Some(_), Some(fenced)) = (&observed.silence, &observed.fence) {
        let gone = entry.quotas().map(|(namespace, _)| namespace.to_owned()).collect();
        let by = [Some(&fenced.requested_by), fenced.confirmed_by.as_ref()];
        let cause = Cause {
            kind: "ResourcePool".to_owned(),
            namespace: String::new(),
            name: observed.pool.clone(),
            by: by.into_iter().flatten().cloned().collect::<Vec<_>>().join(", "),
            reason: format!("its cluster is fenced off: {}", fenced.reason),
        };
        return give_back(observed, entry.revision, Proof { gone, ..Proof::default() }, cause, context).await;
    }
    let (Some(member), Some(fence)) =
        (&observed.member, observed.fence().filter(|_| applied.lowered && applied.blocked.is_none()))
    else {
        return Ok(Drained::Waiting { held_by: Vec::new() });
    };
    let mut proof = Proof::default();
    for (namespace, share) in entry.quotas() {
        if !proof.gather(namespace, share, &fence, entry.draining, &member.client).await? {
            return Ok(Drained::Waiting { held_by: Vec::new() });
        }
    }
    let cause = Cause {
        kind: "Allocation".to_owned(),
        namespace: observed.key.namespace.clone(),
        name: observed.key.name.clone(),
        by: String::new(),
        reason: "proven unusable in every namespace".to_owned(),
    };
    give_back(observed, entry.revision, proof, cause, context).await
}

/// Asks the ledger to take back what the proof leaves unused. It refuses if the entry has changed
/// since that revision.
async fn give_back(
    observed: &Observed,
    revision: u64,
    proof: Proof,
    cause: Cause,
    context: &Context,
) -> Result<Drained, Error> {
    let Proof { used, gone, held_by } = proof;
    let ask = Ask::Release { allocation: observed.key.clone(), revision, used, gone };
    let request = Request { ask, at_ms: context.clock.now().as_millisecond() };
    let answer = context.desk.ask(&observed.pool, request, cause).await?;
    Ok(match answer.decision {
        Decision::Grant { after, .. } if after.draining.is_zero() => Drained::Returned,
        _ => Drained::Waiting { held_by },
    })
}

#[derive(Default)]
struct Proof {
    used: Shares,
    gone: BTreeSet<String>,
    held_by: Vec<String>,
}

impl Proof {
    /// Looks at one namespace, through to the API server. `false`: nothing is proven there yet.
    async fn gather(
        &mut self,
        namespace: &str,
        share: Bundle,
        fence: &str,
        draining: Bundle,
        client: &Client,
    ) -> Result<bool, Error> {
        let failed = |source| Error::Evidence { namespace: namespace.to_owned(), source };
        let namespaces: Api<Namespace> = Api::all(client.clone());
        if namespaces.get_opt(namespace).await.map_err(failed)?.is_none() {
            self.gone.insert(namespace.to_owned());
            return Ok(true);
        }
        let quotas: Api<ResourceQuota> = Api::namespaced(client.clone(), namespace);
        let Some(object) = quotas.get_opt(names::MANAGED_QUOTA).await.map_err(failed)? else { return Ok(false) };
        let quota = quota::Observed::from(&object);
        if !quota.is_lowered_to(share, fence) {
            return Ok(false);
        }
        // Without a resourceVersion a list is answered from a quorum, not from a cache.
        let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
        let claims: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), namespace);
        let pods = pods.list(&ListParams::default()).await.map_err(failed)?.items;
        let claims = claims.list(&ListParams::default()).await.map_err(failed)?.items;
        let counted: Bundle = pods.iter().map(usage::of_pod).chain(claims.iter().map(usage::of_claim)).sum();
        self.used.insert(namespace.to_owned(), counted.max(quota.used));
        self.held_by.extend(usage::holders(&pods, &claims, draining));
        Ok(true)
    }
}

/// A sentence about what holds a drain.
#[must_use]
pub fn sentence(held_by: &[String]) -> String {
    let shown = held_by.iter().take(HOLDERS_SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match held_by.len().saturating_sub(HOLDERS_SHOWN) {
        _ if held_by.is_empty() => "the quota is being lowered".to_owned(),
        0 => format!("held by {shown}"),
        more => format!("held by {shown} and {more} more"),
    }
}
