//! Quotas that allow more than the ledger grants.
//!
//! There should be none: a quota is raised after the ledger and lowered before it. But a cluster
//! that was lost and fenced off comes back with the quotas it had, and an administrator of the
//! cluster can do what no policy lets others do. As long as there is one, the pool gives nothing
//! out, because what it would give may be in use. The repair goes in the safe direction alone:
//! quotas are lowered, never raised, and nothing is deleted or evicted.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::ResourceQuota;
use kube::{Api, ResourceExt};
use ledger::{AllocationKey, Bundle, Ledger};
use resources::v1alpha1::{LimitPolicy, ResourcePool};
use resources::{names, quota};
use serde_json::json;

use super::{CONTROLLER, Error};
use crate::context::Context;
use crate::ledgers::Snapshot;
use crate::member::Member;
use crate::patch::{Part, patch};

/// What one pass reads through to be sure, and mends: each is two round trips.
const LOOKS_MAX: usize = 16;

/// A quota of the pool that allows more than its ledger grants there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    pub namespace: String,
    /// Whose it is by the ledger; `None`: no entry knows the namespace.
    pub allocation: Option<AllocationKey>,
}

impl Drift {
    #[must_use]
    pub fn message(&self) -> String {
        let namespace = &self.namespace;
        match &self.allocation {
            Some(key) => format!("the quota in {namespace} allows more than the ledger grants to {key}"),
            None => format!("the quota in {namespace} isn't zero, and the ledger knows of no grant there"),
        }
    }
}

/// What counts as allowed by a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// What it asks for or still enforces.
    Limits,
    /// Also what is charged to it: of a cluster that was fenced off pods may be left that the ledger
    /// no longer counts.
    LimitsAndUse,
}

/// Where the quotas, taken together, allow more than the ledger grants. No client.
#[must_use]
pub fn drifts(ledger: &Ledger, quotas: &BTreeMap<String, quota::Observed>, counted: Counted) -> Vec<Drift> {
    // What isn't filled in yet lets no pod in, but it will let in what it asks for.
    let bound = |quota: &quota::Observed| {
        let limits = quota.asked?.max(quota.enforced.unwrap_or_default());
        Some(if counted == Counted::LimitsAndUse { limits.max(quota.used) } else { limits })
    };
    let mut drifts = Vec::new();
    let mut known = BTreeSet::new();
    for (key, entry) in &ledger.entries {
        let promised = entry.granted().plus(entry.draining);
        let mut allowed = Some(Bundle::ZERO);
        let mut first = None;
        for (namespace, share) in entry.quotas() {
            known.insert(namespace);
            let Some(quota) = quotas.get(namespace) else { continue };
            let here = bound(quota);
            if here.is_none_or(|here| !here.fits_within(share)) {
                first.get_or_insert(namespace);
            }
            allowed = allowed.zip(here).map(|(sum, here)| sum.plus(here));
        }
        if let Some(namespace) = first.filter(|_| allowed.is_none_or(|allowed| !allowed.fits_within(promised))) {
            drifts.push(Drift { namespace: namespace.to_owned(), allocation: Some(key.clone()) });
        }
    }
    let unowned = quotas.iter().filter(|(namespace, quota)| {
        !known.contains(namespace.as_str()) && bound(quota).is_none_or(|allowed| !allowed.is_zero())
    });
    drifts.extend(unowned.map(|(namespace, _)| Drift { namespace: namespace.clone(), allocation: None }));
    drifts
}

/// The drifts that the caches show and the API servers confirm. A cache may be behind: a quota that
/// was lowered a moment ago looks too high in it. Where there are more suspects than one pass looks
/// at, those that are left count: closed is the safe side.
pub async fn find(
    pool: &ResourcePool,
    snapshot: &Snapshot,
    member: &Member,
    context: &Context,
) -> Result<Vec<Drift>, Error> {
    let name = pool.name_any();
    let counted = if pool.spec.fence.is_some() { Counted::LimitsAndUse } else { Counted::Limits };
    let seen = member.places.quotas.state_filter(|quota| is_of(quota, &name));
    let mut suspected = drifts(&snapshot.ledger, &quota::managed(seen.iter().map(AsRef::as_ref)), counted).into_iter();
    let mut found = Vec::new();
    for suspect in suspected.by_ref().take(LOOKS_MAX) {
        let mut namespaces = BTreeSet::from([suspect.namespace.clone()]);
        if let Some(entry) = suspect.allocation.as_ref().and_then(|key| snapshot.ledger.entries.get(key)) {
            namespaces.extend(entry.quotas().map(|(namespace, _)| namespace.to_owned()));
        }
        let quotas = read_quotas(&name, &namespaces, member).await?;
        // The quotas first and the ledger after them: what was granted before a quota was raised is
        // in a ledger that was read after that quota.
        let now = context.ledgers.read_after_now(&name).await?;
        let quotas = quota::managed(&quotas);
        let again = drifts(&now.ledger, &quotas, counted).into_iter();
        found.extend(again.filter(|drift| namespaces.contains(&drift.namespace)));
    }
    if found.is_empty() {
        found.extend(suspected);
    }
    Ok(found)
}

fn is_of(quota: &ResourceQuota, pool: &str) -> bool {
    quota.metadata.labels.as_ref().and_then(|labels| labels.get(names::LABEL_POOL)).is_some_and(|of| of == pool)
}

async fn read_quotas(pool: &str, namespaces: &BTreeSet<String>, member: &Member) -> Result<Vec<ResourceQuota>, Error> {
    let mut quotas = Vec::new();
    for namespace in namespaces {
        let api: Api<ResourceQuota> = Api::namespaced(member.client.clone(), namespace);
        let quota = api.get_opt(names::MANAGED_QUOTA).await.map_err(|source| Error::ReadThrough { source })?;
        quotas.extend(quota.filter(|quota| is_of(quota, pool)));
    }
    Ok(quotas)
}

/// Lowers what can be lowered: a quota that no entry knows goes to zero here, under a fence of the
/// present ledger; that of an allocation is the allocation controller's, which is woken. One that
/// can't be lowered doesn't keep the others from it.
pub async fn mend(pool: &ResourcePool, drifts: &[Drift], member: &Member, context: &Context) -> Result<(), Error> {
    let mut first = Ok(());
    for drift in drifts.iter().take(LOOKS_MAX) {
        let mended = match &drift.allocation {
            Some(key) => {
                context.triggers.allocation(&key.namespace, &key.name).await;
                Ok(())
            }
            None => empty(pool, &drift.namespace, member, context).await,
        };
        first = first.and(mended);
    }
    first
}

async fn empty(pool: &ResourcePool, namespace: &str, member: &Member, context: &Context) -> Result<(), Error> {
    let name = pool.name_any();
    let Some(quota) = read_quotas(&name, &BTreeSet::from([namespace.to_owned()]), member).await?.pop() else {
        return Ok(());
    };
    // The fence was read; now the ledger. Whoever has got this namespace meanwhile is in it.
    let snapshot = context.ledgers.read_after_now(&name).await?;
    let quotas = quota::managed([&quota]);
    let still = drifts(&snapshot.ledger, &quotas, Counted::Limits).iter().any(|drift| drift.allocation.is_none());
    let read_fence = quotas.get(namespace).and_then(|quota| quota.fence.as_deref());
    // A fence from the ledger's future is the proof of a restored backup: it stays.
    let is_newer = read_fence
        .and_then(names::parse_fence)
        .is_some_and(|(uid, revision)| uid == snapshot.uid && revision > snapshot.ledger.revision);
    if !still || is_newer {
        return Ok(());
    }
    let fence = names::fence(&snapshot.uid, snapshot.ledger.revision);
    let operations = zeros(&quota, read_fence, &fence, pool.spec.limit_policy);
    let api: Api<ResourceQuota> = Api::namespaced(member.client.clone(), namespace);
    match patch(&api, names::MANAGED_QUOTA, Part::Object, operations, None).await {
        Ok(_) => {
            context.metrics.wrote(CONTROLLER, "resourcequota");
            tracing::warn!(pool = name, namespace, "lowered a quota to zero that no grant accounts for");
            Ok(())
        }
        // Somebody acted in between: the next pass looks again.
        Err(kube::Error::Api(status)) if status.code == 422 => Ok(()),
        Err(source) => Err(Error::Mend { namespace: namespace.to_owned(), source }),
    }
}

fn zeros(quota: &ResourceQuota, read_fence: Option<&str>, fence: &str, policy: LimitPolicy) -> serde_json::Value {
    let (annotations, pointer) = ("/metadata/annotations", "/metadata/annotations/yunheng.io~1fence");
    let mut operations = vec![json!({"op": "test", "path": "/metadata/uid", "value": quota.metadata.uid})];
    if quota.metadata.annotations.is_none() {
        operations.push(json!({"op": "test", "path": annotations, "value": null}));
        operations.push(json!({"op": "add", "path": annotations, "value": {names::ANNOTATION_FENCE: fence}}));
    } else {
        // Without a fence the test is that there is none.
        operations.push(json!({"op": "test", "path": pointer, "value": read_fence}));
        operations.push(json!({"op": "add", "path": pointer, "value": fence}));
    }
    operations.push(json!({"op": "replace", "path": "/spec/hard", "value": quota::hard(Bundle::ZERO, policy)}));
    operations.into()
}

#[cfg(test)]
mod tests {
    use ledger::{Entry, Shares};

    use super::*;

    const SHARE: Bundle = Bundle::new(10, 20, 30);

    fn seen(asked: Option<Bundle>, enforced: Option<Bundle>) -> quota::Observed {
        quota::Observed { asked, enforced, ..quota::Observed::default() }
    }

    /// Who is named for the quotas of `app-a` and `app-b`, where an entry grants the share in the
    /// first and nothing in the second, and has so much draining.
    fn check(draining: Bundle, a: quota::Observed, b: quota::Observed) -> Vec<(String, bool)> {
        let shares = Shares::from([("app-a".to_owned(), SHARE), ("app-b".to_owned(), Bundle::ZERO)]);
        let entry = Entry { shares, draining, ..Entry::default() };
        let ledger = Ledger { entries: [(AllocationKey::new("dept-d", "a"), entry)].into(), ..Ledger::default() };
        let quotas = BTreeMap::from([("app-a".to_owned(), a), ("app-b".to_owned(), b)]);
        drifts(&ledger, &quotas, Counted::Limits)
            .into_iter()
            .map(|drift| (drift.namespace, drift.allocation.is_some()))
            .collect()
    }

    #[test]
    fn what_allows_more_than_granted_and_draining_is_named() {
        let exact = seen(Some(SHARE), Some(SHARE));
        let none = seen(Some(Bundle::ZERO), Some(Bundle::ZERO));
        let more = SHARE.plus(Bundle::new(1, 0, 0));
        let named = |namespace: &str| vec![(namespace.to_owned(), true)];
        assert_eq!(check(Bundle::ZERO, exact.clone(), none.clone()), []);
        assert_eq!(check(Bundle::ZERO, seen(Some(SHARE), None), none.clone()), []);
        assert_eq!(check(Bundle::ZERO, seen(Some(more), Some(SHARE)), none.clone()), named("app-a"));
        assert_eq!(check(Bundle::ZERO, seen(Some(SHARE), Some(more)), none.clone()), named("app-a"));
        assert_eq!(check(Bundle::new(1, 0, 0), seen(Some(SHARE), Some(more)), none.clone()), []);
        assert_eq!(check(Bundle::ZERO, seen(None, Some(SHARE)), none), named("app-a"), "a missing key is unlimited");
        assert_eq!(check(Bundle::ZERO, exact, seen(Some(more), None)), named("app-b"));
    }

    #[test]
    fn a_quota_that_no_entry_knows_must_be_zero() {
        let of = |quota| drifts(&Ledger::default(), &BTreeMap::from([("app-x".to_owned(), quota)]), Counted::Limits);
        assert_eq!(of(seen(Some(Bundle::ZERO), Some(Bundle::ZERO))), []);
        let left = vec![Drift { namespace: "app-x".to_owned(), allocation: None }];
        assert_eq!(of(seen(Some(SHARE), Some(SHARE))), left);
        assert_eq!(of(seen(Some(Bundle::ZERO), Some(SHARE))), left, "the API server enforces it still");
    }

    /// What runs in a cluster that was fenced off and is back isn't in the ledger any more.
    #[test]
    fn after_a_fence_what_is_used_counts_too() {
        let zero = Some(Bundle::ZERO);
        let quota = quota::Observed { used: SHARE, ..seen(zero, zero) };
        let quotas = BTreeMap::from([("app-x".to_owned(), quota)]);
        assert_eq!(drifts(&Ledger::default(), &quotas, Counted::Limits), []);
        assert_eq!(drifts(&Ledger::default(), &quotas, Counted::LimitsAndUse).len(), 1);
    }
}
