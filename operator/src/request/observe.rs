//! What a request's next step is decided from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;
use ledger::{AllocationKey, Bundle};
use resources::amounts::Resources;
use resources::judgement::{self, Beside, Owner, Place, Unfit};
use resources::policy::Policy;
use resources::v1alpha1::{Allocation, Application, QuotaDecision, QuotaRequest, QuotaRequestSpec};
use resources::workday::{self, Calendar};
use resources::{names, term, workflow};

use super::automatic::{self, Reviewed};
use crate::context::Context;

#[derive(Debug)]
pub struct Observed {
    pub request: Arc<QuotaRequest>,
    pub namespace: String,
    pub name: String,
    pub uid: String,
    /// Decisions on this request that have no outcome yet, oldest first.
    pub decisions: Vec<Arc<QuotaDecision>>,
    /// Unanswered decisions that name this request and another uid: they are about one that is gone.
    pub outdated: Vec<Arc<QuotaDecision>>,
    /// An earlier open request for the same application and pool.
    pub behind: Option<String>,
    pub pool_exists: bool,
    pub application: Option<Arc<Application>>,
    /// The application's allocations, in whichever pool.
    pub allocations: Vec<Arc<Allocation>>,
    /// Those names of allocations that the request may come to need and that are taken.
    pub names_taken: BTreeSet<String>,
    /// Whose the workload namespaces are that the request may come to need.
    pub owners: BTreeMap<String, Owner>,
    /// What the request's way goes by today.
    pub policy: Policy,
    pub calendar: Arc<Calendar>,
    /// What the ledger has for the allocation and for this request.
    pub position: Position,
    /// What the rules of automatic approval come to, where they are to be asked now.
    pub reviewed: Option<Reviewed>,
    /// Generation of the CloudPolicy.
    pub policy_revision: i64,
}

/// What the ledger has for a request's allocation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    pub granted: Bundle,
    /// For this request.
    pub held: Bundle,
    pub draining: Bundle,
}

impl Observed {
    /// The allocation that this request is about.
    #[must_use]
    pub fn place(&self) -> Place<'_> {
        let spec = &self.request.spec;
        judgement::place(&spec.application, &spec.pool, self.allocations.iter().map(AsRef::as_ref))
    }

    /// What a move leaves: the application's allocation in the other pool.
    #[must_use]
    pub fn left(&self) -> Option<&Allocation> {
        let spec = &self.request.spec;
        let left = spec.move_from.as_ref()?;
        judgement::place(&spec.application, left, self.allocations.iter().map(AsRef::as_ref)).allocation
    }

    /// Whether a move has given back what it leaves.
    #[must_use]
    pub fn has_left(&self) -> bool {
        let decision = self.request.status.as_ref().and_then(|status| status.decision.as_deref());
        self.left().is_some_and(|left| term::carries(left, decision))
    }

    /// What the allocation shall have by the request, or what is in the way.
    pub fn judge(&self) -> Result<Bundle, Unfit> {
        self.judge_as(&self.request.spec)
    }

    /// What the allocation shall have by an offer of these amounts, or what is in the way.
    pub fn judge_offer(&self, resources: Resources) -> Result<Bundle, Unfit> {
        self.judge_as(&QuotaRequestSpec { resources, ..self.request.spec.clone() })
    }

    fn judge_as(&self, spec: &QuotaRequestSpec) -> Result<Bundle, Unfit> {
        let allocations: Vec<&Allocation> = self.allocations.iter().map(AsRef::as_ref).collect();
        let beside = Beside {
            namespace: &self.namespace,
            pool_exists: self.pool_exists,
            application: self.application.as_ref().map(|application| &application.spec),
            allocations: &allocations,
            named: &|name| self.names_taken.contains(name),
            owner: &|namespace| self.owners.get(namespace).cloned(),
        };
        Ok(judgement::judge(spec, &beside)?.target)
    }
}

pub fn observe(request: &Arc<QuotaRequest>, context: &Context, now: Timestamp) -> Observed {
    let request = &context.memory.requests.of(Arc::clone(request));
    let (namespace, name) = (request.namespace().unwrap_or_default(), request.name_any());
    let uid = request.uid().unwrap_or_default();
    let (application, pool) = (&request.spec.application, &request.spec.pool);
    let stores = &context.stores;
    let mut decisions = stores.decisions.state_filter(|decision| {
        decision.metadata.namespace.as_deref() == Some(&namespace)
            && decision.spec.request.name == name
            && is_unanswered(decision)
    });
    decisions.retain_mut(|decision| {
        *decision = context.memory.decisions.of(Arc::clone(decision));
        is_unanswered(decision)
    });
    decisions.sort_by_key(|decision| (decision.creation_timestamp(), decision.name_any()));
    let (decisions, outdated) = decisions.into_iter().partition(|decision| decision.spec.request.uid == uid);
    let allocations: Vec<_> = stores
        .allocations
        .state_filter(|allocation| {
            allocation.metadata.namespace.as_deref() == Some(&namespace) && allocation.spec.application == *application
        })
        .into_iter()
        .map(|allocation| context.memory.allocations.of(allocation))
        .collect();
    let names = [application.clone(), names::further_allocation(application, pool)];
    let is_taken = |name: &&String| stores.allocations.get(&ObjectRef::new(name).within(&namespace)).is_some();
    let own = names.iter().map(|name| names::application_namespace(name));
    let wanted = own.chain(allocations.iter().flat_map(|allocation| judgement::namespaces_of(&allocation.spec)));
    let calendars = stores.calendars.state();
    let policy = stores.policies.get(&ObjectRef::new(names::DEFAULT_POLICY));
    let mut observed = Observed {
        policy: Policy::on(policy.as_ref().map(|policy| &policy.spec), workday::day_of(now)),
        policy_revision: policy.and_then(|policy| policy.metadata.generation).unwrap_or_default(),
        reviewed: None,
        calendar: Arc::new(Calendar::new(calendars.iter().map(AsRef::as_ref))),
        position: Position::default(),
        behind: behind(request, context),
        pool_exists: stores
            .pools
            .get(&ObjectRef::new(pool))
            .is_some_and(|pool| pool.metadata.deletion_timestamp.is_none()),
        application: stores.applications.get(&ObjectRef::new(application).within(&namespace)),
        names_taken: names.iter().filter(is_taken).cloned().collect(),
        owners: wanted.filter_map(|name| Some((name.clone(), owner(&name, context)?))).collect(),
        request: Arc::clone(request),
        namespace,
        name,
        uid,
        decisions,
        outdated,
        allocations,
    };
    observed.position = position(&observed, context);
    if automatic::is_due(&observed) {
        observed.reviewed = automatic::review(&observed, context, now);
    }
    observed
}

fn position(observed: &Observed, context: &Context) -> Position {
    let Some(snapshot) = context.ledgers.latest(&observed.request.spec.pool) else { return Position::default() };
    let key = AllocationKey::new(&observed.namespace, observed.place().name);
    let Some(entry) = snapshot.ledger.entries.get(&key) else { return Position::default() };
    let own = entry.hold.as_ref().filter(|hold| hold.uid == observed.uid);
    Position {
        granted: entry.granted(),
        held: own.map(|hold| hold.amount).unwrap_or_default(),
        draining: entry.draining,
    }
}

/// Whose a workload namespace is: the allocation's that made it, or that will. One that its owner
/// has left behind is nobody's, and is taken over.
fn owner(name: &str, context: &Context) -> Option<Owner> {
    let stores = &context.stores;
    let key = |allocation: &Allocation| Owner::Allocation(crate::pool_key(allocation));
    let marked = context.members.reached().into_iter().find_map(|member| {
        let namespace = member.places.namespaces.get(&ObjectRef::new(name))?;
        namespace.annotations().get(names::ANNOTATION_ALLOCATION).cloned()
    });
    let by_mark = marked.and_then(|uid| stores.allocations.find(|one| one.metadata.uid.as_ref() == Some(&uid)));
    let found = by_mark
        .or_else(|| stores.allocations.find(|one| judgement::namespaces_of(&one.spec).iter().any(|own| own == name)));
    found.map(|allocation| key(&allocation))
}

fn is_unanswered(decision: &QuotaDecision) -> bool {
    decision.status.as_ref().is_none_or(|status| status.outcome.is_none())
}

/// The earliest open request for the same application and pool, if it isn't this one.
fn behind(request: &QuotaRequest, context: &Context) -> Option<String> {
    let same = context.stores.requests.state_filter(|other| {
        workflow::concern_the_same(other, request)
            && other.metadata.deletion_timestamp.is_none()
            && other.status.as_ref().and_then(|status| status.phase).is_none_or(workflow::is_open)
    });
    let earliest = same.into_iter().min_by_key(|other| workflow::turn(other))?;
    (workflow::turn(&earliest) < workflow::turn(request)).then(|| earliest.name_any())
}
