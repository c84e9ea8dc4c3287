//! What a pass looks at.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};
use ledger::{AllocationKey, Request};
use resources::v1alpha1::{Allocation, Cause, Department, QuotaDecision, QuotaRequest, ResourcePool};
use resources::{names, workflow};

use super::Error;
use super::plan::CHANGES_MAX;
use super::verdicts::Waiting;
use crate::context::Context;
use crate::desk::Question;
use crate::ledgers::{self, Snapshot};

/// What a pass decides from. Values alone.
#[derive(Debug)]
pub struct Observed {
    pub pool: Arc<ResourcePool>,
    pub snapshot: Arc<Snapshot>,
    /// Uid of the cluster that quotas would be written to.
    pub cluster_uid: String,
    /// The highest revision of this ledger that a quota's fence names.
    pub highest_fence: u64,
    pub allocations: Vec<Arc<Allocation>>,
    pub departments: Vec<Arc<Department>>,
    /// Entries whose allocation is gone, by a read through: key and uid.
    pub gone: Vec<(AllocationKey, String)>,
    /// Holds whose request no longer waits for them: key and the request's uid.
    pub stale_holds: Vec<(AllocationKey, String)>,
    /// Questions of the desk, in their order.
    pub asked: Vec<(Request, Cause)>,
    /// Who decided what, for the journal: by the decision's namespace and name.
    pub decisions: HashMap<(String, String), Cause>,
    /// What is known of allocations that wait.
    pub waiting: BTreeMap<AllocationKey, Waiting>,
}

/// The questions' other halves, apart from the values: they are answered after the commit.
pub type Questions = Vec<Question>;

pub async fn observe(pool: &Arc<ResourcePool>, context: &Context) -> Result<(Observed, Questions), Error> {
    let name = pool.name_any();
    let highest_fence = highest_fences(context);
    let snapshot = read_ledger(&name, &highest_fence, context).await?;
    let questions = context.desk.take(&name, CHANGES_MAX);
    let allocations: Vec<_> =
        context.stores.allocations.state().into_iter().filter(|allocation| allocation.spec.pool == name).collect();
    let waiting = allocations
        .iter()
        .map(|allocation| key_of(allocation))
        .filter_map(|key| Some((key.clone(), context.verdicts.get(&key)?)))
        .collect();
    let observed = Observed {
        gone: gone(&snapshot, &allocations, context).await?,
        stale_holds: stale_holds(&snapshot, context).await?,
        asked: questions.iter().map(|question| (question.request.clone(), question.cause.clone())).collect(),
        decisions: causes(&allocations, &snapshot, context),
        highest_fence: highest_fence.get(&snapshot.uid).copied().unwrap_or_default(),
        cluster_uid: context.cluster_uid.clone(),
        pool: Arc::clone(pool),
        departments: context.stores.departments.state(),
        snapshot,
        allocations,
        waiting,
    };
    Ok((observed, questions))
}

#[must_use]
pub fn key_of(allocation: &Allocation) -> AllocationKey {
    AllocationKey::new(allocation.namespace().unwrap_or_default(), allocation.name_any())
}

/// What this process wrote last will do, unless a fence shows that somebody wrote since.
async fn read_ledger(
    name: &str,
    highest_fence: &HashMap<String, u64>,
    context: &Context,
) -> Result<Arc<Snapshot>, Error> {
    if let Some(latest) = context.ledgers.latest(name)
        && highest_fence.get(&latest.uid).copied().unwrap_or_default() <= latest.ledger.revision
    {
        return Ok(latest);
    }
    match context.ledgers.read_after_now(name).await {
        Err(ledgers::Error::Missing { .. }) => Ok(context.ledgers.create(name, &context.cluster_uid).await?),
        other => Ok(other?),
    }
}

fn highest_fences(context: &Context) -> HashMap<String, u64> {
    let mut highest: HashMap<String, u64> = HashMap::new();
    for quota in context.stores.quotas.state() {
        let fence = quota.annotations().get(names::ANNOTATION_FENCE);
        if let Some((ledger_uid, revision)) = fence.and_then(|fence| names::parse_fence(fence)) {
            let known = highest.entry(ledger_uid.to_owned()).or_default();
            *known = revision.max(*known);
        }
    }
    highest
}

/// Entries that the cache has no allocation for. The cache may be late, so each is asked for.
async fn gone(
    snapshot: &Snapshot,
    allocations: &[Arc<Allocation>],
    context: &Context,
) -> Result<Vec<(AllocationKey, String)>, Error> {
    let there: HashSet<(String, Option<String>)> =
        allocations.iter().map(|allocation| (key_of(allocation).to_string(), allocation.uid())).collect();
    let missing = snapshot.ledger.entries.iter().filter_map(|(key, entry)| {
        let uid = entry.uid.clone().filter(|_| !entry.leaving)?;
        (!there.contains(&(key.to_string(), Some(uid.clone())))).then(|| (key.clone(), uid))
    });
    let mut gone = Vec::new();
    // A pass looks after some; the rest follow in the next.
    for (key, uid) in missing.take(16).collect::<Vec<_>>() {
        let api: Api<Allocation> = Api::namespaced(context.client.clone(), &key.namespace);
        let found = api.get_opt(&key.name).await.map_err(|source| Error::ReadThrough { source })?;
        if found.and_then(|allocation| allocation.uid()) != Some(uid.clone()) {
            gone.push((key, uid));
        }
    }
    Ok(gone)
}

/// Holds that nobody will take: their request is closed or gone.
async fn stale_holds(snapshot: &Snapshot, context: &Context) -> Result<Vec<(AllocationKey, String)>, Error> {
    let mut stale = Vec::new();
    for (key, entry) in &snapshot.ledger.entries {
        let Some(hold) = &entry.hold else { continue };
        let reference = ObjectRef::new(&hold.request).within(&key.namespace);
        let known = context.stores.requests.get(&reference).filter(|request| is_waiting(request, &hold.uid));
        if known.is_some() {
            continue;
        }
        let api: Api<QuotaRequest> = Api::namespaced(context.client.clone(), &key.namespace);
        let found = api.get_opt(&hold.request).await.map_err(|source| Error::ReadThrough { source })?;
        if !found.is_some_and(|request| is_waiting(&request, &hold.uid)) {
            stale.push((key.clone(), hold.uid.clone()));
        }
    }
    Ok(stale)
}

fn is_waiting(request: &QuotaRequest, uid: &str) -> bool {
    let phase = request.status.as_ref().and_then(|status| status.phase).unwrap_or_default();
    request.metadata.uid.as_deref() == Some(uid)
        && request.metadata.deletion_timestamp.is_none()
        && workflow::is_open(phase)
}

/// Who decided, and why, for the allocations that this pass may change.
fn causes(allocations: &[Arc<Allocation>], snapshot: &Snapshot, context: &Context) -> HashMap<(String, String), Cause> {
    let mut causes = HashMap::new();
    for allocation in allocations {
        let Some(decision) = &allocation.spec.decision else { continue };
        let key = key_of(allocation);
        let entry = snapshot.ledger.entries.get(&key);
        let applied = entry.is_some_and(|entry| allocation.metadata.generation.unwrap_or_default() <= entry.generation);
        if applied {
            continue;
        }
        if let Some(object) = context.stores.decisions.get(&ObjectRef::new(decision).within(&key.namespace)) {
            causes.insert((key.namespace, decision.clone()), cause_of(&object));
        }
    }
    causes
}

/// A decision as the cause of a change: who, and why.
#[must_use]
pub fn cause_of(decision: &QuotaDecision) -> Cause {
    Cause {
        kind: "QuotaDecision".to_owned(),
        namespace: decision.namespace().unwrap_or_default(),
        name: decision.name_any(),
        by: decision.spec.decided_by.clone(),
        reason: decision.spec.reason.clone().unwrap_or_default(),
    }
}
