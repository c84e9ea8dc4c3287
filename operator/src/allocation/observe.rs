//! What a projection looks at: first the quotas with their fences, then the ledger.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;
use ledger::{AllocationKey, Bundle, Entry};
use resources::v1alpha1::{Allocation, LimitPolicy, PoolFence, ResourcePool};
use resources::{condition, names, quota, validate};

use super::Error;
use crate::context::Context;
use crate::ledgers::{self, Snapshot};
use crate::member::{Member, Reach, Silence};
use crate::pool::verdicts::{Standing, Waiting};

/// Whom a projection is for.
#[derive(Debug)]
pub struct Subject {
    pub key: AllocationKey,
    pub pool: String,
    pub allocation: Option<Arc<Allocation>>,
}

impl Subject {
    #[must_use]
    pub fn living(key: AllocationKey, allocation: &Arc<Allocation>) -> Self {
        Self { key, pool: allocation.spec.pool.clone(), allocation: Some(Arc::clone(allocation)) }
    }

    /// An entry whose allocation is gone.
    #[must_use]
    pub fn orphan(key: AllocationKey, pool: &str) -> Self {
        Self { key, pool: pool.to_owned(), allocation: None }
    }
}

/// A workload namespace as the caches show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub state: PlaceState,
    pub quota: Option<quota::Observed>,
    /// The managed quota has exactly the keys and amounts that its share asks for.
    pub hard: Option<BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity>>,
    /// The label for people still says that the quota isn't ready.
    pub says_pending: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceState {
    Absent,
    Ours,
    /// It belongs to an allocation that is gone and has nothing left.
    Abandoned {
        owner: String,
    },
    /// It belonged to an allocation that is gone, of which something may be out still.
    Left {
        owner: String,
    },
    Taken {
        owner: String,
    },
    Terminating,
}

/// What a projection decides from.
#[derive(Debug)]
pub struct Observed {
    pub key: AllocationKey,
    pub pool: String,
    pub department: String,
    pub application: String,
    /// Uid that the namespaces carry: the allocation's.
    pub owner: String,
    pub limit_policy: LimitPolicy,
    /// Where its namespaces are, if that cluster is reached.
    pub member: Option<Arc<Member>>,
    /// Uid of that cluster.
    pub cluster_uid: Option<String>,
    /// Since when and why it isn't.
    pub silence: Option<Silence>,
    /// Two people have declared that cluster lost.
    pub fence: Option<PoolFence>,
    pub places: BTreeMap<String, Place>,
    /// The ledger; `fresh` if it was read after the places.
    pub snapshot: Option<Arc<Snapshot>>,
    pub fresh: bool,
    pub waiting: Option<Waiting>,
    /// Whether the pool's last pass found that anything may be written at all.
    pub standing: Standing,
}

impl Observed {
    #[must_use]
    pub fn entry(&self) -> Option<&Entry> {
        let entry = self.snapshot.as_ref()?.ledger.entries.get(&self.key)?;
        // An entry of the same name may be another object's: one that is gone and still drains.
        (entry.uid.as_ref() == Some(&self.owner)).then_some(entry)
    }

    /// The fence that the entry's quotas must carry.
    #[must_use]
    pub fn fence(&self) -> Option<String> {
        Some(names::fence(&self.snapshot.as_ref()?.uid, self.entry()?.revision))
    }

    /// Whether the quota in this namespace limits other resources than it should: its LimitRange
    /// gives the wrong defaults then.
    #[must_use]
    pub fn limits_are_outdated(&self, namespace: &str) -> bool {
        let hard = self.places.get(namespace).and_then(|place| place.hard.as_ref());
        let wanted = quota::hard(Bundle::ZERO, self.limit_policy);
        hard.is_some_and(|hard| !hard.keys().eq(wanted.keys()))
    }

    /// Whether every quota says what the ledger says and nothing drains.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let (Some(entry), Some(fence)) = (self.entry(), self.fence()) else { return false };
        let enforced = |name: &str, share: Bundle| {
            let place = self.places.get(name);
            place.is_some_and(|place| {
                place.state == PlaceState::Ours
                    && !place.says_pending
                    && place.quota.as_ref().is_some_and(|quota| quota.enforces(share, &fence))
                    && place.hard.as_ref().is_some_and(|hard| quota::same(hard, &quota::hard(share, self.limit_policy)))
            })
        };
        entry.draining.is_zero()
            && entry.dropped.is_empty()
            && !entry.leaving
            && entry.quotas().all(|(name, share)| enforced(name, share))
    }
}

pub async fn observe(subject: &Subject, context: &Context) -> Result<Observed, Error> {
    let latest = context.ledgers.latest(&subject.pool);
    let mut observed = from_caches(subject, latest, context);
    let deleting = subject.allocation.as_ref().is_none_or(|one| one.metadata.deletion_timestamp.is_some());
    if observed.is_settled() && !deleting {
        return Ok(observed);
    }
    // The places were read above; what follows is read after them.
    match context.ledgers.read_after_now(&subject.pool).await {
        Ok(snapshot) => {
            observed.snapshot = Some(snapshot);
            observed.fresh = true;
        }
        Err(ledgers::Error::Missing { .. }) => observed.snapshot = None,
        Err(error) => return Err(error.into()),
    }
    Ok(observed)
}

fn from_caches(subject: &Subject, latest: Option<Arc<Snapshot>>, context: &Context) -> Observed {
    let Subject { key, pool, allocation } = subject;
    let entry = latest.as_ref().and_then(|snapshot| snapshot.ledger.entries.get(key));
    let owner = allocation.as_ref().and_then(|allocation| allocation.uid());
    let owner = owner.or_else(|| entry.and_then(|entry| entry.uid.clone())).unwrap_or_default();
    let mut wanted: Vec<String> =
        entry.map(|entry| entry.quotas().map(|(name, _)| name.to_owned()).collect()).unwrap_or_default();
    if let Some(Ok(shares)) = allocation.as_ref().map(|allocation| validate::shares(&allocation.spec)) {
        wanted.extend(shares.into_keys());
    }
    let application = match allocation {
        Some(allocation) => allocation.spec.application.clone(),
        None => key.name.strip_suffix(&format!("-{pool}")).unwrap_or(&key.name).to_owned(),
    };
    let object = context.stores.pools.get(&ObjectRef::new(pool));
    let reach = match object.as_deref() {
        Some(object) => context.members.of(object),
        // It may be in any cluster: nothing is written for it.
        None => {
            Reach::Unreachable(Silence { since: context.clock.now(), error: "the pool isn't known yet".to_owned() })
        }
    };
    let limit_policy = object.as_ref().map(|pool| pool.spec.limit_policy);
    // The pool's own pass has seen that it counts: a fence that an answer has overtaken doesn't.
    let fence = object.as_ref().filter(|pool| is_fenced_off(pool)).and_then(|pool| pool.standing_fence().cloned());
    // Of a cluster that isn't reached nothing is known, which isn't the same as nothing being there.
    let (member, silence) = (reach.member().cloned(), reach.silence().cloned());
    if member.is_none() {
        wanted.clear();
    }
    let look = |member: &Arc<Member>| -> BTreeMap<String, Place> {
        wanted.iter().map(|name| (name.clone(), place(name, &owner, member, context))).collect()
    };
    let places = member.as_ref().map(look).unwrap_or_default();
    Observed {
        department: key.department().to_owned(),
        application,
        places,
        cluster_uid: member.as_ref().map(|member| member.uid.clone()),
        member,
        silence,
        fence,
        limit_policy: limit_policy.unwrap_or_default(),
        waiting: context.verdicts.get(key),
        standing: context.verdicts.standing(pool),
        key: key.clone(),
        pool: pool.clone(),
        owner,
        snapshot: latest,
        fresh: false,
    }
}

fn is_fenced_off(pool: &ResourcePool) -> bool {
    let conditions = pool.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    condition::find(conditions, condition::CLUSTER_REACHABLE).is_some_and(|said| said.reason == condition::FENCED_OFF)
}

fn place(name: &str, owner: &str, member: &Member, context: &Context) -> Place {
    let namespace = member.places.namespaces.get(&ObjectRef::new(name));
    let object = member.places.quotas.get(&ObjectRef::new(names::MANAGED_QUOTA).within(name));
    let quota = object.as_deref().map(quota::Observed::from);
    let state = match namespace.as_deref() {
        None => PlaceState::Absent,
        Some(namespace) => state(namespace, owner, quota.as_ref(), context),
    };
    let label = namespace.as_ref().and_then(|namespace| namespace.labels().get(names::LABEL_QUOTA_STATE).cloned());
    Place {
        state,
        quota,
        hard: object.and_then(|object| object.spec.as_ref()?.hard.clone()),
        says_pending: label.as_deref() == Some("pending"),
    }
}

fn state(namespace: &Namespace, owner: &str, quota: Option<&quota::Observed>, context: &Context) -> PlaceState {
    if namespace.metadata.deletion_timestamp.is_some() {
        return PlaceState::Terminating;
    }
    let other = namespace.annotations().get(names::ANNOTATION_ALLOCATION).cloned().unwrap_or_default();
    if other == owner {
        return PlaceState::Ours;
    }
    let alive =
        context.stores.allocations.find(|allocation| allocation.metadata.uid.as_deref() == Some(&other)).is_some();
    let pools = context.stores.pools.state();
    let counted = pools.iter().any(|pool| context.ledgers.counts(&pool.name_any(), &other) != Some(false));
    // Without a quota the gate lets nothing in. One who slept may have made the namespace after its
    // allocation was drained and gone, and ended before he made the quota.
    let empty = quota.is_none_or(|quota| quota.bound().is_some_and(|bound| bound.is_zero()));
    if other.is_empty() || alive {
        PlaceState::Taken { owner: other }
    } else if counted || !empty {
        PlaceState::Left { owner: other }
    } else {
        PlaceState::Abandoned { owner: other }
    }
}
