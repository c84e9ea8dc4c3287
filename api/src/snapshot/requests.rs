//! Requests: where each stands, what it would change, and what the caller may do with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use ledger::{AllocationKey, Bundle};
use resources::v1alpha1::{self as kinds, Department, Phase, QuotaDecision, QuotaRequest};
use resources::{names, status, workflow};

use super::course::{self, Course};
use super::figures::text;
use super::{AllocationRow, PoolRow, Reading, Snapshot, department_name, department_of, judged};
use crate::access::Rights;
use crate::clock;
use crate::identity::Caller;
use crate::preview;
use crate::routes::decisions::{DecisionView, Outcome};
use crate::routes::requests::{Basis, NewApplication, Period, RequestDetail, RequestType, RequestView};
use crate::view::{self, Resource};
use crate::world::Kept;

/// One request.
#[derive(Clone, Debug)]
pub struct RequestRow {
    pub department: String,
    pub name: String,
    pub object: Arc<QuotaRequest>,
    pub phase: Phase,
    pub revision: i64,
    pub created_at: Timestamp,
    pub department_name: String,
    pub application_name: String,
    /// What its allocation has now.
    pub current: Bundle,
    /// What it asks for beyond that, while it is undecided.
    pub requested: Bundle,
    /// The earlier open request for the same application and pool, which is decided first.
    pub behind: Option<String>,
    /// Everything that a search looks at, in lower case.
    pub haystack: String,
}

pub(super) fn rows(
    kept: &Kept,
    pools: &BTreeMap<String, PoolRow>,
    departments: &BTreeMap<String, Arc<Department>>,
    allocations: &[AllocationRow],
) -> Vec<RequestRow> {
    let mut rows: Vec<RequestRow> = kept
        .requests
        .iter()
        .filter_map(|((namespace, _), object)| {
            let department = department_of(namespace)?;
            let application = kept.applications.get(namespace, &object.spec.application);
            let application_name = application.map(|application| application.spec.display_name.clone());
            let name = department_name(departments, &department);
            let key = judged::place(allocations, &department, &object.spec);
            Some(row(object, department, name, application_name, (pools, &key)))
        })
        .collect();
    rows.sort_by_cached_key(|row| workflow::turn(&row.object));
    line_up(&mut rows);
    rows
}

/// The first of those that are open for one application and pool is served first. A move is about
/// both its pools. One that was withdrawn comes back only where none is open.
fn line_up(rows: &mut [RequestRow]) {
    let mut first: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    let places = |row: &RequestRow| {
        let RequestRow { department, object, .. } = row;
        let spec = &object.spec;
        let pools = [Some(&spec.pool), spec.move_from.as_ref()].into_iter().flatten();
        pools.map(|pool| (department.clone(), spec.application.clone(), pool.clone())).collect::<Vec<_>>()
    };
    for index in (0..rows.len()).filter(|index| workflow::is_open(rows[*index].phase)).collect::<Vec<_>>() {
        let places = places(&rows[index]);
        let earlier = places.iter().filter_map(|place| first.get(place)).min().copied();
        rows[index].behind = earlier.map(|earlier| rows[earlier].name.clone());
        for place in places {
            first.entry(place).or_insert(index);
        }
    }
    for index in (0..rows.len()).filter(|index| rows[*index].phase == Phase::Withdrawn).collect::<Vec<_>>() {
        let other = places(&rows[index]).iter().filter_map(|place| first.get(place)).min().copied();
        rows[index].behind = other.map(|other| rows[other].name.clone());
    }
}

fn row(
    object: &Arc<QuotaRequest>,
    department: String,
    department_name: String,
    application_name: Option<String>,
    (pools, key): (&BTreeMap<String, PoolRow>, &AllocationKey),
) -> RequestRow {
    let spec = &object.spec;
    let pool = pools.get(&spec.pool);
    let entry = pool.and_then(|pool| pool.ledger.entries.get(key));
    let current = entry.map(ledger::Entry::granted).unwrap_or_default();
    let new_name = || spec.new_application.as_ref().map(|new| new.display_name.clone());
    let application_name = application_name.or_else(new_name).unwrap_or_else(|| spec.application.clone());
    let number = object.status.as_ref().and_then(|status| status.number.as_deref()).unwrap_or_default();
    let haystack = format!("{number} {} {application_name} {department_name}", spec.application).to_lowercase();
    RequestRow {
        name: object.metadata.name.clone().unwrap_or_default(),
        phase: workflow::phase_of(object),
        revision: workflow::revision_of(object),
        created_at: object.metadata.creation_timestamp.as_ref().map(|at| at.0).unwrap_or_default(),
        department_name,
        application_name,
        current,
        requested: pool.map(|_| status::asked_beyond(object, current)).unwrap_or_default(),
        behind: None,
        haystack,
        object: Arc::clone(object),
        department,
    }
}

impl RequestRow {
    /// Whether the time limit that runs is over, as the operator has marked it.
    #[must_use]
    pub fn is_overdue(&self) -> bool {
        let stage = self.object.status.as_ref().and_then(|status| status.stage.as_ref());
        stage.is_some_and(|stage| stage.overdue)
    }
}

impl Snapshot {
    #[must_use]
    pub fn request_row(&self, department: &str, name: &str) -> Option<&RequestRow> {
        self.requests.iter().find(|row| row.department == department && row.name == name)
    }

    /// A request that is so new that the caches don't have it.
    #[must_use]
    pub fn row_of(&self, object: QuotaRequest, department: &str) -> RequestRow {
        let application = self.application_row(department, &object.spec.application);
        let application_name = application.map(|application| application.object.spec.display_name.clone());
        let name = self.department_name(department);
        let key = self.place(department, &object.spec);
        row(&Arc::new(object), department.to_owned(), name, application_name, (&self.pools, &key))
    }
}

impl Reading {
    /// A request as lists show it.
    #[must_use]
    pub fn request_line(&self, row: &RequestRow, caller: &Caller) -> RequestView {
        let (spec, status) = (&row.object.spec, row.object.status.as_ref());
        let process = self.process();
        let acting = self.acting(row, caller, &process, self.age.as_of);
        let today = course::Today { now: self.age.as_of, calendar: &self.calendar };
        let Course { stage, offer, returned, review, withdrawn, history } = Course::of(status, &process, today);
        let correction_blocked = acting.correction_blocked();
        RequestView {
            department: row.department.clone(),
            department_name: row.department_name.clone(),
            name: row.name.clone(),
            number: status.and_then(|status| status.number.clone()),
            r#type: spec.type_.into(),
            application: spec.application.clone(),
            application_name: row.application_name.clone(),
            new_application: spec.new_application.as_ref().map(Into::into),
            pool: spec.pool.clone(),
            move_from: spec.move_from.clone(),
            requester: spec.requester.clone(),
            requester_short: names::short_user(&spec.requester).to_owned(),
            resources: (&spec.resources).into(),
            current: text(row.current),
            period: spec.period.as_ref().map(Into::into),
            justification: spec.justification.clone(),
            basis: (&spec.basis).into(),
            details: spec.details.iter().map(Into::into).collect(),
            phase: row.phase.into(),
            stage,
            offer,
            returned,
            review,
            withdrawn,
            revision: row.revision,
            version: course::version(row.revision, &row.object.metadata),
            created_at: clock::text(row.created_at),
            history,
            conditions: status.map(|status| view::conditions(&status.conditions)).unwrap_or_default(),
            preview: None,
            decision_stage: acting.stage().map(str::to_owned),
            actions: course::actions(&acting, caller.language),
            correction_blocked: correction_blocked.map(|refusal| course::blocked(caller.language, &refusal)),
            waits_for_me: acting.waits(),
        }
    }

    /// A request with whether it fits now.
    #[must_use]
    pub fn request_view(&self, row: &RequestRow, caller: &Caller) -> RequestView {
        let mut view = self.request_line(row, caller);
        if workflow::is_undecided(row.phase) {
            view.preview = preview::of(self, &row.department, &row.object, row.requested, caller);
        }
        view
    }

    #[must_use]
    pub fn request(&self, caller: &Caller, department: &str, name: &str) -> Option<RequestView> {
        let row = self.request_row(department, name).filter(|_| caller.rights.sees(department))?;
        Some(self.request_view(row, caller))
    }

    #[must_use]
    pub fn decision(&self, rights: &Rights, department: &str, request: &str, name: &str) -> Option<DecisionView> {
        let place = (names::department_namespace(department), name.to_owned());
        let decision = self.decisions.get(&place).filter(|_| rights.sees(department))?;
        (decision.spec.request.name == request).then(|| decision_view(decision))
    }
}

/// A decision and what came of it.
#[must_use]
pub fn decision_view(decision: &QuotaDecision) -> DecisionView {
    let (spec, status) = (&decision.spec, decision.status.clone().unwrap_or_default());
    let resource = |name: &str| match name {
        "cpu" => Some(Resource::Cpu),
        "memory" => Some(Resource::Memory),
        "storage" => Some(Resource::Storage),
        _ => None,
    };
    DecisionView {
        name: decision.metadata.name.clone().unwrap_or_default(),
        request: spec.request.name.clone(),
        request_revision: spec.request_revision,
        verdict: spec.verdict.name().to_owned(),
        reason: spec.reason.clone().unwrap_or_default(),
        decided_by: spec.decided_by.clone(),
        decided_by_short: names::short_user(&spec.decided_by).to_owned(),
        created_at: decision.metadata.creation_timestamp.as_ref().map(|at| clock::text(at.0)).unwrap_or_default(),
        outcome: status.outcome.map(|outcome| match outcome {
            kinds::DecisionOutcome::Applied => Outcome::Applied,
            kinds::DecisionOutcome::Refused => Outcome::Refused,
        }),
        code: status.code,
        message: status.message,
        resource: status.resource.as_deref().and_then(resource),
        asked: status.asked,
        free: status.free,
        limit: status.limit,
        ledger_revision: status.ledger_revision,
    }
}

impl From<kinds::RequestType> for RequestType {
    fn from(type_: kinds::RequestType) -> Self {
        match type_ {
            kinds::RequestType::New => Self::New,
            kinds::RequestType::Change => Self::Change,
            kinds::RequestType::Renew => Self::Renew,
            kinds::RequestType::Release => Self::Release,
        }
    }
}

impl From<&kinds::NewApplication> for NewApplication {
    fn from(new: &kinds::NewApplication) -> Self {
        Self {
            display_name: new.display_name.clone(),
            tier: new.tier.into(),
            hosting: new.hosting.into(),
            zone: new.zone.into(),
            security_grade: new.security_grade,
            domestic_it: new.domestic_it,
            key_event: new.key_event,
            description: new.description.clone(),
        }
    }
}

impl From<&kinds::Period> for Period {
    fn from(period: &kinds::Period) -> Self {
        Self { start: period.start.clone(), end: period.end.clone() }
    }
}

impl From<&kinds::Basis> for Basis {
    fn from(basis: &kinds::Basis) -> Self {
        let kinds::Basis { users, concurrency, data_volume, approval_number, funding } = basis.clone();
        Self { users, concurrency, data_volume, approval_number, funding }
    }
}

impl From<&kinds::RequestDetail> for RequestDetail {
    fn from(detail: &kinds::RequestDetail) -> Self {
        Self { label: detail.label.clone(), value: detail.value.clone() }
    }
}

impl From<Phase> for crate::routes::requests::Phase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Submitted => Self::Submitted,
            Phase::Accepted => Self::Accepted,
            Phase::TechReview => Self::TechReview,
            Phase::Offered => Self::Offered,
            Phase::Approved => Self::Approved,
            Phase::Provisioning => Self::Provisioning,
            Phase::Testing => Self::Testing,
            Phase::Active => Self::Active,
            Phase::Returned => Self::Returned,
            Phase::Rejected => Self::Rejected,
            Phase::Withdrawn => Self::Withdrawn,
            Phase::Lapsed => Self::Lapsed,
            Phase::Expired => Self::Expired,
            Phase::Reclaiming => Self::Reclaiming,
            Phase::Released => Self::Released,
        }
    }
}
