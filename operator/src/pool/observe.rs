//! What a pass looks at.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Node, ResourceQuota};
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};
use ledger::{AllocationKey, Bundle, Hold, Ledger, Request};
use resources::v1alpha1::{Allocation, Cause, Department, QuotaDecision, QuotaRequest, ResourcePool};
use resources::{automatic, judgement, names, quota, status, workflow};

use super::Error;
use super::drift::{self, Drift};
use super::plan::{CHANGES_MAX, Outcome};
use super::verdicts::Waiting;
use crate::context::Context;
use crate::desk::Question;
use crate::host;
use crate::ledgers::{self, Snapshot};
use crate::member::{Member, Reach, Silence};
use crate::request::cause_of_automatic;

/// Entries without an allocation that one pass asks for: each is a round trip.
const GONE_MAX: usize = 16;

/// What a pass decides from. Values alone.
#[derive(Debug)]
pub struct Observed {
    pub pool: Arc<ResourcePool>,
    pub snapshot: Arc<Snapshot>,
    /// The cluster that quotas are written to.
    pub cluster: Cluster,
    /// Quotas that allow more than the ledger grants.
    pub drifts: Vec<Drift>,
    /// When to look for them again, where that is known.
    pub drifts_again: Option<Duration>,
    /// The highest revision of this ledger that a quota's fence names.
    pub highest_fence: u64,
    pub allocations: Vec<Arc<Allocation>>,
    pub departments: Vec<Arc<Department>>,
    /// Entries whose allocation is gone, by a read through: key and uid.
    pub gone: Vec<(AllocationKey, String)>,
    /// There are more that may be gone: a pass looks after some.
    pub more_gone: bool,
    /// Holds whose request no longer waits for them: key and the request's uid.
    pub stale_holds: Vec<(AllocationKey, String)>,
    /// Questions of the desk, in their order.
    pub asked: Vec<(Request, Cause)>,
    /// Who decided what, for the journal: by the decision's namespace and name.
    pub decisions: HashMap<(String, String), Cause>,
    /// What is known of allocations that wait and are there.
    pub waiting: BTreeMap<AllocationKey, Waiting>,
    /// What the last pass was asked, and what came of it.
    pub last: Option<Arc<Outcome>>,
}

/// The cluster of a pool, as far as a decision depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cluster {
    Reached { uid: String },
    Unreachable(Silence),
}

impl Cluster {
    #[must_use]
    pub const fn silence(&self) -> Option<&Silence> {
        match self {
            Self::Reached { .. } => None,
            Self::Unreachable(silence) => Some(silence),
        }
    }
}

impl From<&Reach> for Cluster {
    fn from(reach: &Reach) -> Self {
        match reach {
            Reach::Reached(member) => Self::Reached { uid: member.uid.clone() },
            Reach::Unreachable(silence) => Self::Unreachable(silence.clone()),
        }
    }
}

impl Observed {
    /// The pool is being deleted.
    #[must_use]
    pub fn is_terminating(&self) -> bool {
        self.pool.metadata.deletion_timestamp.is_some()
    }
}

/// What a status shows and no decision depends on. Values alone.
#[derive(Debug)]
pub struct Around {
    /// What the pool's quotas are charged with; `None` while its cluster isn't reached.
    pub used: Option<Bundle>,
    /// What undecided requests ask for beyond what their allocations have.
    pub requested: Bundle,
    /// The pool's nodes.
    pub nodes: Vec<Arc<Node>>,
    /// What host agents have reported for the pool, fresh or not.
    pub reports: Vec<host::Report>,
    pub cluster: Cluster,
}

/// The questions' other halves, apart from the values: they are answered after the commit.
pub type Questions = Vec<Question>;

/// Looks at the pool, and adds to the questions those that wait at the desk.
pub async fn observe(
    pool: &Arc<ResourcePool>,
    questions: &mut Questions,
    context: &Context,
) -> Result<Observed, Error> {
    let name = pool.name_any();
    // First, so that whoever asks hears of it when something below fails, and asks again.
    questions.extend(context.desk.take(&name, CHANGES_MAX.saturating_sub(questions.len())));
    let reach = context.members.of(pool);
    let highest_fence = reach.member().map(|member| highest_fences(member)).unwrap_or_default();
    let snapshot = read_ledger(&name, &highest_fence, &reach, context).await?;
    let (drifts, drifts_again) = drifts(pool, &snapshot, &reach, context).await?;
    let allocations: Vec<_> =
        context.stores.allocations.state().into_iter().filter(|allocation| allocation.spec.pool == name).collect();
    let there: HashSet<&str> = allocations.iter().filter_map(|allocation| allocation.metadata.uid.as_deref()).collect();
    let waiting = context.verdicts.waiting_in(&name).into_iter().filter(|(_, uid, _)| there.contains(uid.as_str()));
    let waiting = waiting.map(|(key, _, waiting)| (key, waiting)).collect();
    let (gone, more_gone) = gone(&snapshot, &there, context).await?;
    Ok(Observed {
        gone,
        more_gone,
        stale_holds: stale_holds(&snapshot, context).await?,
        asked: questions.iter().map(|question| (question.request.clone(), question.cause.clone())).collect(),
        decisions: causes(&allocations, &snapshot, context),
        highest_fence: highest_fence.get(&snapshot.uid).copied().unwrap_or_default(),
        cluster: Cluster::from(&reach),
        drifts,
        drifts_again,
        pool: Arc::clone(pool),
        departments: context.stores.departments.state(),
        snapshot,
        allocations,
        waiting,
        last: context.verdicts.passes.last(&name),
    })
}

/// Looks at what a status shows beside this ledger. Caches alone.
#[must_use]
pub fn around(pool: &ResourcePool, ledger: &Ledger, context: &Context) -> Around {
    let name = pool.name_any();
    let stores = &context.stores;
    let reach = context.members.of(pool);
    let places = reach.member().map(|member| &member.places);
    let ours = |quota: &ResourceQuota| quota.labels().get(names::LABEL_POOL) == Some(&name);
    let quotas = places.map(|places| places.quotas.state_filter(ours));
    let requests = stores.requests.state_filter(|request| request.spec.pool == name);
    Around {
        used: quotas.map(|quotas| quotas.iter().map(|quota| quota::Observed::from(quota.as_ref()).used).sum()),
        requested: requested(&requests, &stores.allocations.state(), ledger),
        nodes: places.map(|places| places.nodes.state_filter(|node| host::is_of(node, pool))).unwrap_or_default(),
        cluster: Cluster::from(&reach),
        reports: host::reports_of(&name, &stores.host_reports.state()),
    }
}

/// What undecided requests ask for beyond what their allocations have in the ledger.
fn requested(requests: &[Arc<QuotaRequest>], allocations: &[Arc<Allocation>], ledger: &Ledger) -> Bundle {
    let mut by_application: HashMap<(&str, &str), Vec<&Allocation>> = HashMap::new();
    for allocation in allocations {
        let namespace = allocation.metadata.namespace.as_deref().unwrap_or_default();
        by_application.entry((namespace, &allocation.spec.application)).or_default().push(allocation);
    }
    let beyond = |request: &Arc<QuotaRequest>| {
        let (spec, namespace) = (&request.spec, request.metadata.namespace.as_deref().unwrap_or_default());
        let own = by_application.get(&(namespace, spec.application.as_str())).map(Vec::as_slice).unwrap_or_default();
        let place = judgement::place(&spec.application, &spec.pool, own.iter().copied());
        let entry = ledger.entries.get(&AllocationKey::new(namespace, place.name));
        status::asked_beyond(request, entry.map_or(Bundle::ZERO, ledger::Entry::granted))
    };
    requests.iter().map(beyond).sum()
}

#[must_use]
pub fn key_of(allocation: &Allocation) -> AllocationKey {
    AllocationKey::new(allocation.namespace().unwrap_or_default(), allocation.name_any())
}

/// What this process wrote last will do, unless a fence shows that somebody wrote since.
async fn read_ledger(
    name: &str,
    highest_fence: &HashMap<String, u64>,
    reach: &Reach,
    context: &Context,
) -> Result<Arc<Snapshot>, Error> {
    if let Some(latest) = context.ledgers.latest(name)
        && highest_fence.get(&latest.uid).copied().unwrap_or_default() <= latest.ledger.revision
    {
        return Ok(latest);
    }
    match context.ledgers.read_after_now(name).await {
        // A ledger names its cluster: without one there is none yet.
        Err(ledgers::Error::Missing { .. }) => match reach {
            Reach::Reached(member) => Ok(context.ledgers.create(name, &member.uid).await?),
            Reach::Unreachable(_) => Ok(Arc::default()),
        },
        other => Ok(other?),
    }
}

/// What allows more than is granted. Each pod that starts or ends brings a pass, so that one looks
/// at all quotas now and then: at a cluster that was just reached at once, else once a second.
async fn drifts(
    pool: &ResourcePool,
    snapshot: &Snapshot,
    reach: &Reach,
    context: &Context,
) -> Result<(Vec<Drift>, Option<Duration>), Error> {
    let Some(member) = reach.member() else { return Ok((Vec::new(), None)) };
    let (passes, name) = (&context.verdicts.passes, &pool.name_any());
    if let Some(rest) = passes.drifts_rest(name, member, Instant::now()) {
        return Ok((Vec::new(), Some(rest)));
    }
    let found = drift::find(pool, snapshot, member, context).await?;
    let again = passes.drifts_seen(name, member, !found.is_empty(), Instant::now());
    Ok((found, again))
}

fn highest_fences(member: &Member) -> HashMap<String, u64> {
    let mut highest: HashMap<String, u64> = HashMap::new();
    for quota in member.places.quotas.state() {
        let fence = quota.annotations().get(names::ANNOTATION_FENCE);
        let Some((ledger_uid, revision)) = fence.and_then(|fence| names::parse_fence(fence)) else { continue };
        match highest.get_mut(ledger_uid) {
            Some(known) => *known = revision.max(*known),
            None => {
                highest.insert(ledger_uid.to_owned(), revision);
            }
        }
    }
    highest
}

/// Entries that the cache has no allocation for. The cache may be late, so each is asked for; a
/// pass looks after some. Says whether there are more.
async fn gone(
    snapshot: &Snapshot,
    there: &HashSet<&str>,
    context: &Context,
) -> Result<(Vec<(AllocationKey, String)>, bool), Error> {
    let mut missing = snapshot.ledger.entries.iter().filter_map(|(key, entry)| {
        let uid = entry.uid.as_deref().filter(|uid| !entry.leaving && !there.contains(uid))?;
        Some((key, uid))
    });
    let mut gone = Vec::new();
    for (key, uid) in missing.by_ref().take(GONE_MAX) {
        let api: Api<Allocation> = Api::namespaced(context.client.clone(), &key.namespace);
        let found = api.get_opt(&key.name).await.map_err(|source| Error::ReadThrough { source })?;
        if found.and_then(|allocation| allocation.uid()).as_deref() != Some(uid) {
            gone.push((key.clone(), uid.to_owned()));
        }
    }
    Ok((gone, missing.next().is_some()))
}

/// Holds that nobody will take: their request is closed or gone.
async fn stale_holds(snapshot: &Snapshot, context: &Context) -> Result<Vec<(AllocationKey, String)>, Error> {
    let mut stale = Vec::new();
    for (key, entry) in &snapshot.ledger.entries {
        let Some(hold) = &entry.hold else { continue };
        let reference = ObjectRef::new(&hold.request).within(&key.namespace);
        let known = context.stores.requests.get(&reference).filter(|request| is_waiting(request, hold));
        let decision = ObjectRef::new(&hold.decision).within(&key.namespace);
        let decision = context.stores.decisions.get(&decision);
        let is_awaited = |request: &QuotaRequest| holds(request) || is_pending(request, hold);
        if known.is_some_and(|request| is_awaited(&request) || decision.as_deref().is_some_and(is_unanswered)) {
            continue;
        }
        let read = |source| Error::ReadThrough { source };
        let requests: Api<QuotaRequest> = Api::namespaced(context.client.clone(), &key.namespace);
        let found = requests.get_opt(&hold.request).await.map_err(read)?.filter(|request| is_waiting(request, hold));
        let waits = match &found {
            None => false,
            Some(request) if is_awaited(request) => true,
            // No person's, so there is no object to ask for.
            Some(_) if names::is_automatic(&hold.decision) => false,
            // Undecided again, or not yet: the hold is for a decision that has no answer, or left over.
            Some(_) => {
                let decisions: Api<QuotaDecision> = Api::namespaced(context.client.clone(), &key.namespace);
                decisions.get_opt(&hold.decision).await.map_err(read)?.as_ref().is_some_and(is_unanswered)
            }
        };
        if !waits {
            stale.push((key.clone(), hold.uid.clone()));
        }
    }
    Ok(stale)
}

fn holds(request: &QuotaRequest) -> bool {
    workflow::holds(workflow::phase_of(request))
}

/// The rules hold for it and its approval is being written.
fn is_pending(request: &QuotaRequest, hold: &Hold) -> bool {
    automatic::pending(request) == Some(&hold.decision)
}

fn is_unanswered(decision: &QuotaDecision) -> bool {
    decision.status.as_ref().is_none_or(|status| status.outcome.is_none())
}

fn is_waiting(request: &QuotaRequest, hold: &Hold) -> bool {
    let status = request.status.as_ref();
    let phase = status.and_then(|status| status.phase).unwrap_or_default();
    // Of two operators one may have held for a decision that the other has refused.
    let refused = status.and_then(|status| status.refusal.as_ref());
    request.metadata.uid.as_deref() == Some(&hold.uid)
        && request.metadata.deletion_timestamp.is_none()
        && workflow::is_open(phase)
        && refused.is_none_or(|refused| refused.decision != hold.decision)
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
        if names::is_automatic(decision) {
            let request = entry.and_then(|entry| entry.hold.as_ref()).map(|hold| &hold.request);
            let request =
                request.and_then(|name| context.stores.requests.get(&ObjectRef::new(name).within(&key.namespace)));
            causes.extend(request.map(|request| ((key.namespace, decision.clone()), cause_of_automatic(&request))));
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

#[cfg(test)]
mod tests {
    use ledger::{Entry, Shares};
    use serde_json::json;

    use super::*;

    /// `web-cec` is the name that a second allocation of `web` gets, and an application of its own
    /// here: whose allocation it is says its spec.
    #[test]
    fn what_is_asked_for_is_beyond_what_the_application_has() {
        let allocation = |name: &str, application: &str| {
            let spec = json!({"application": application, "pool": "cec",
                "resources": {"cpu": "10", "memory": "0", "storage": "0"}});
            let object = json!({"apiVersion": "yunheng.io/v1alpha1", "kind": "Allocation",
                "metadata": {"name": name, "namespace": "dept-a"}, "spec": spec});
            Arc::new(serde_json::from_value::<Allocation>(object).unwrap())
        };
        let request = |application: &str, phase: &str| {
            let spec = json!({"requester": "zhang", "type": "Change", "application": application, "pool": "cec",
                "resources": {"cpu": "12", "memory": "0", "storage": "0"}, "justification": "more people use it"});
            let object = json!({"apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest",
                "metadata": {"name": "qr", "namespace": "dept-a"}, "spec": spec, "status": {"phase": phase}});
            Arc::new(serde_json::from_value::<QuotaRequest>(object).unwrap())
        };
        let entry = |cores: u64| Entry {
            shares: Shares::from([("app".into(), Bundle::new(cores * 1_000, 0, 0))]),
            ..Entry::default()
        };
        let key = |name: &str| AllocationKey::new("dept-a", name);
        let entries = [(key("web"), entry(10)), (key("web-cec"), entry(3))].into();
        let ledger = Ledger { entries, ..Ledger::default() };
        let allocations = [allocation("web", "web"), allocation("web-cec", "web-cec")];
        let asked = |requests: &[Arc<QuotaRequest>]| requested(requests, &allocations, &ledger).cpu.get();
        assert_eq!(asked(&[request("web", "Submitted")]), 2_000);
        assert_eq!(asked(&[request("web-cec", "Submitted"), request("new", "Submitted")]), 9_000 + 12_000);
        assert_eq!(asked(&[request("web", "Active")]), 0);
    }
}
