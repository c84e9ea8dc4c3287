use std::collections::BTreeMap;
use std::sync::Arc;

use resources::judgement::Owner;
use resources::names;
use resources::policy::Policy;
use resources::v1alpha1::{
    AllocationStatus, Application, Basis, NamespaceShare, NewApplication, Period, QuotaDecisionSpec, QuotaRequest,
    QuotaRequestStatus, RefusedDecision, RequestRef, Tier, Verdict,
};
use serde_json::json;

use super::*;
use crate::request::observe::Position;

fn amounts(cpu: &str) -> Resources {
    Resources { cpu: cpu.into(), memory: "128G".into(), storage: "10T".into() }
}

fn zero() -> Resources {
    Resources { cpu: "0".into(), memory: "0".into(), storage: "0".into() }
}

fn request(type_: RequestType, resources: Resources) -> QuotaRequest {
    let spec = QuotaRequestSpec {
        requester: "zhang".into(),
        type_,
        application: "marriage-registry".into(),
        new_application: None,
        move_from: None,
        pool: "cec".into(),
        resources,
        period: None,
        justification: "more couples register in May".into(),
        basis: Basis::default(),
        details: vec![],
    };
    let mut request = QuotaRequest::new("qr-1", spec);
    request.metadata.uid = Some("qr-uid".into());
    request.status =
        Some(QuotaRequestStatus { phase: Some(Phase::Submitted), revision: Some(1), ..QuotaRequestStatus::default() });
    request
}

fn decision(verdict: Verdict) -> Arc<QuotaDecision> {
    let spec = QuotaDecisionSpec {
        request: RequestRef { name: "qr-1".into(), uid: "qr-uid".into() },
        request_revision: 1,
        stage: None,
        verdict,
        resources: None,
        reason_code: None,
        fields: vec![],
        reason: Some("there is room and need".into()),
        decided_by: "wang".into(),
    };
    Arc::new(QuotaDecision::new("qd-1", spec))
}

fn observed(request: QuotaRequest, allocation: Option<Allocation>) -> Observed {
    Observed {
        request: Arc::new(request),
        namespace: "dept-civil-affairs".into(),
        name: "qr-1".into(),
        uid: "qr-uid".into(),
        decisions: vec![],
        outdated: vec![],
        behind: None,
        policy: Policy { path: ApprovalPath::Direct, ..Policy::default() },
        calendar: Arc::default(),
        reviewed: None,
        policy_revision: 0,
        position: Position::default(),
        pool_exists: true,
        application: Some(application()),
        names_taken: allocation.iter().map(|one| one.name_any()).collect(),
        owners: BTreeMap::new(),
        allocations: allocation.into_iter().map(Arc::new).collect(),
    }
}

fn application() -> Arc<Application> {
    let spec = json!({"displayName": "婚姻登记系统", "tier": "Municipal"});
    Arc::new(Application::new("marriage-registry", serde_json::from_value(spec).unwrap()))
}

/// An allocation at generation 2 with what its controller says of it.
fn allocation(decision: &str, granted: bool, draining: bool) -> Allocation {
    let spec = AllocationSpec {
        application: "marriage-registry".into(),
        pool: "cec".into(),
        resources: amounts("64"),
        namespaces: vec![],
        lease: None,
        decision: Some(decision.into()),
    };
    let say = |type_: &str, yes: bool| {
        json!({"type": type_, "status": if yes { "True" } else { "False" }, "reason": "R", "message": "",
               "observedGeneration": 2, "lastTransitionTime": "2026-11-23T00:00:00Z"})
    };
    let conditions = json!([say("Granted", granted), say("Enforced", granted), say("Draining", draining)]);
    let mut allocation = Allocation::new("marriage-registry", spec);
    allocation.metadata.generation = Some(2);
    allocation.status = Some(AllocationStatus {
        conditions: serde_json::from_value(conditions).unwrap(),
        ..AllocationStatus::default()
    });
    allocation
}

fn with(mut observed: Observed, verdict: Verdict) -> Observed {
    observed.decisions.push(decision(verdict));
    observed
}

fn plan_now(observed: &Observed) -> Step {
    plan(observed, Timestamp::UNIX_EPOCH)
}

fn why(step: Step) -> &'static str {
    match step {
        Step::Refuse { why, .. } => why.code(),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_request_that_nobody_has_seen_is_numbered_first() {
    let mut new = request(RequestType::Change, amounts("72"));
    new.status = None;
    assert!(matches!(plan_now(&with(observed(new, None), Verdict::Approve)), Step::Submit));
}

#[test]
fn a_decision_on_a_request_that_is_gone_is_refused() {
    let outdated = vec![decision(Verdict::Approve)];
    let seen = Observed { outdated, ..observed(request(RequestType::Change, amounts("72")), None) };
    assert_eq!(why(plan_now(&seen)), "OtherRequest");
}

#[test]
fn an_approval_holds_what_the_allocation_shall_have() {
    let change = request(RequestType::Change, amounts("72"));
    let step = plan_now(&with(observed(change, Some(allocation("qd-0", true, false))), Verdict::Approve));
    let Step::Hold { target, .. } = step else { panic!("{step:?}") };
    assert_eq!(target, amounts("72").parse().unwrap());
}

#[test]
fn a_request_must_make_sense_beside_what_exists() {
    let there = || Some(allocation("qd-0", true, false));
    let refused = |observed: Observed| why(plan_now(&with(observed, Verdict::Approve)));
    let new = || request(RequestType::New, amounts("8"));
    let change = || request(RequestType::Change, amounts("8"));
    assert_eq!(refused(observed(new(), there())), "AlreadyAllocated");
    assert_eq!(refused(observed(change(), None)), "NothingAllocated");
    assert_eq!(refused(observed(request(RequestType::Release, zero()), None)), "NothingAllocated");
    assert_eq!(refused(Observed { pool_exists: false, ..observed(change(), there()) }), "UnknownPool");
    assert_eq!(refused(Observed { application: None, ..observed(new(), None) }), "UnknownApplication");
    assert_eq!(refused(Observed { behind: Some("qr-0".into()), ..observed(change(), there()) }), "AnotherRequestOpen");
    assert_eq!(refused(observed(request(RequestType::Change, amounts("8.5")), there())), "Invalid");
    let others = Owner::Allocation(ledger::AllocationKey::new("dept-health", "marriage-registry"));
    let owners = BTreeMap::from([("app-marriage-registry".to_owned(), others)]);
    assert_eq!(refused(Observed { owners, ..observed(new(), None) }), "NamespaceTaken");
}

#[test]
fn a_new_request_may_bring_its_application() {
    let mut new = request(RequestType::New, amounts("8"));
    new.spec.new_application = Some(NewApplication {
        display_name: "x".into(),
        tier: Tier::Municipal,
        hosting: resources::v1alpha1::Hosting::Hosted,
        zone: resources::v1alpha1::Zone::ExtranetZone,
        security_grade: 2,
        domestic_it: false,
        key_event: false,
        description: String::new(),
        contact: resources::v1alpha1::Contact::default(),
    });
    let step = plan_now(&with(Observed { application: None, ..observed(new, None) }, Verdict::Approve));
    assert!(matches!(step, Step::Hold { .. }), "{step:?}");
}

/// The answer is written right after the step; meanwhile the request goes on. Only an answer that
/// was lost is given again.
#[test]
fn a_decision_that_was_applied_is_answered_once() {
    let mut change = request(RequestType::Change, amounts("72"));
    let status = change.status.as_mut().unwrap();
    (status.decision, status.phase) = (Some("qd-1".into()), Some(Phase::Provisioning));
    let record = json!({"at": "2026-11-23T06:00:00Z", "by": "wang", "to": "Provisioning"});
    status.history = vec![serde_json::from_value(record).unwrap()];
    let seen = with(observed(change, None), Verdict::Approve);
    let step = |at: &str| plan(&seen, at.parse().unwrap());
    assert!(matches!(step("2026-11-23T06:00:01Z"), Step::Provision { .. }));
    assert!(matches!(step("2026-11-23T06:00:03Z"), Step::Confirm { .. }));
}

#[test]
fn an_approved_request_follows_its_allocation() {
    let approved = |type_, resources, phase| {
        let mut request = request(type_, resources);
        let status = request.status.as_mut().unwrap();
        (status.phase, status.decision) = (Some(phase), Some("qd-1".into()));
        request
    };
    let change = |phase| approved(RequestType::Change, amounts("72"), phase);
    let release = |phase| approved(RequestType::Release, zero(), phase);
    let step = |request, allocation| plan_now(&observed(request, Some(allocation)));
    let moved = |step: Step| match step {
        Step::Move { to } => Some(to),
        Step::Tell => None,
        other => panic!("{other:?}"),
    };
    use Phase::{Active, Provisioning, Reclaiming, Released};
    assert!(matches!(step(change(Provisioning), allocation("qd-0", true, false)), Step::Provision { .. }));
    assert_eq!(moved(step(change(Provisioning), allocation("qd-1", false, false))), None);
    assert_eq!(moved(step(change(Provisioning), allocation("qd-1", true, true))), Some(Reclaiming));
    assert_eq!(moved(step(change(Reclaiming), allocation("qd-1", true, true))), None);
    assert_eq!(moved(step(change(Reclaiming), allocation("qd-1", true, false))), Some(Active));
    assert_eq!(moved(step(change(Provisioning), allocation("qd-1", true, false))), Some(Active));
    assert_eq!(moved(step(release(Reclaiming), allocation("qd-1", true, false))), Some(Released));
    // What an earlier generation said proves nothing about this one.
    let mut earlier = allocation("qd-1", true, false);
    earlier.metadata.generation = Some(3);
    assert_eq!(moved(step(change(Provisioning), earlier)), None);
}

/// First the new side, then the old: at any moment the application has one of them.
#[test]
fn a_move_gives_back_the_old_side_when_the_new_one_is_in_force() {
    let mut request = request(RequestType::Change, amounts("64"));
    (request.spec.pool, request.spec.move_from) = ("inspur".into(), Some("cec".into()));
    let status = request.status.as_mut().unwrap();
    (status.phase, status.decision) = (Some(Phase::Provisioning), Some("qd-1".into()));
    let new = |granted, draining| {
        let mut new = allocation("qd-1", granted, draining);
        (new.metadata.name, new.spec.pool) = (Some("marriage-registry-inspur".into()), "inspur".into());
        new
    };
    let step = |allocations: Vec<Allocation>| {
        let allocations = allocations.into_iter().map(Arc::new).collect();
        plan_now(&Observed { allocations, ..observed(request.clone(), None) })
    };
    let old = || allocation("qd-0", true, false);
    let Step::Provision { spec } = step(vec![old()]) else { panic!("the new side first") };
    assert_eq!((spec.pool.as_str(), spec.namespaces[0].name.as_str()), ("inspur", "app-marriage-registry-inspur"));
    assert!(matches!(step(vec![old(), new(false, false)]), Step::Tell), "not in force yet");
    let Step::Leave { allocation: left, spec } = step(vec![old(), new(true, false)]) else {
        panic!("then the old one")
    };
    assert_eq!((left.name_any().as_str(), spec.pool.as_str()), ("marriage-registry", "cec"));
    assert_eq!((spec.resources.parse(), spec.decision.as_deref()), (Ok(Bundle::ZERO), Some("qd-1")));
    let after = |granted, draining| step(vec![allocation("qd-1", granted, draining), new(true, false)]);
    assert!(matches!(after(true, true), Step::Move { to: Phase::Reclaiming }));
    assert!(matches!(after(false, false), Step::Move { to: Phase::Reclaiming }), "the old side says nothing yet");
    assert!(matches!(after(true, false), Step::Move { to: Phase::Active }));
}

/// Somebody has changed the amounts after the approval was carried out, and before the request had
/// heard that it was in force: the newer word counts.
#[test]
fn what_was_changed_since_is_not_undone() {
    let mut change = request(RequestType::Change, amounts("72"));
    let status = change.status.as_mut().unwrap();
    (status.phase, status.decision) = (Some(Phase::Provisioning), Some("qd-1".into()));
    let mut edited = allocation("qd-1", true, false);
    edited.spec.decision = None;
    let step = |edited: &Allocation| plan_now(&observed(change.clone(), Some(edited.clone())));
    assert!(matches!(step(&edited), Step::Provision { .. }), "it wasn't this decision's before");
    edited.metadata.annotations = Some(BTreeMap::from([(names::ANNOTATION_DECISION.to_owned(), "qd-1".to_owned())]));
    assert!(matches!(step(&edited), Step::Move { to: Phase::Active }));
}

/// Of two operators that see different things, the one whose word is on record is heard.
#[test]
fn a_refusal_that_is_on_record_is_repeated() {
    let mut change = request(RequestType::Change, amounts("72"));
    let answer = DecisionStatus { code: Some("InsufficientCapacity".into()), ..DecisionStatus::default() };
    let step = |change: &QuotaRequest| {
        let seen = observed(change.clone(), Some(allocation("qd-0", true, false)));
        plan_now(&with(seen, Verdict::Approve))
    };
    let refusal = |decision: &str| RefusedDecision { decision: decision.into(), answer: answer.clone() };
    change.status.as_mut().unwrap().refusal = Some(refusal("qd-0"));
    assert!(matches!(step(&change), Step::Hold { .. }), "that was another decision");
    change.status.as_mut().unwrap().refusal = Some(refusal("qd-1"));
    let Step::Repeat { answer: repeated, .. } = step(&change) else { panic!("it is repeated") };
    assert_eq!(*repeated, answer);
}

#[test]
fn a_period_with_an_end_is_a_lease_to_the_end_of_its_last_day() {
    let mut change = request(RequestType::Change, amounts("72"));
    change.spec.period = Some(Period { start: "2026-12-01".into(), end: Some("2027-11-30".into()) });
    let lease = allocation_spec(&observed(change, Some(allocation("qd-0", true, false))), Some("qd-1")).lease.unwrap();
    assert_eq!(lease.expires_at, "2027-12-01T00:00:00+08:00");
    assert_eq!(lease.base, Some(amounts("64")), "it returns to what was there");
}

#[test]
fn a_further_allocation_has_a_namespace_of_its_own() {
    let mut new = request(RequestType::New, amounts("8"));
    new.spec.pool = "inspur".into();
    let further = observed(new, Some(allocation("qd-0", true, false)));
    assert_eq!(further.place().name, "marriage-registry-inspur");
    let spec = allocation_spec(&further, Some("qd-1"));
    assert_eq!(spec.namespaces[0].name, "app-marriage-registry-inspur");
}

/// An approval must not be followed by an allocation that its own rules refuse.
#[test]
fn a_change_of_several_namespaces_shares_the_new_total_out() {
    let mut several = allocation("qd-0", true, false);
    let half = || Some(Resources { cpu: "32".into(), memory: "64G".into(), storage: "5T".into() });
    several.spec.namespaces =
        ["a", "b"].map(|name| NamespaceShare { name: format!("app-marriage-registry-{name}"), share: half() }).into();
    let seen = with(observed(request(RequestType::Change, amounts("73")), Some(several)), Verdict::Approve);
    assert!(matches!(plan_now(&seen), Step::Hold { .. }));
    let spec = allocation_spec(&seen, Some("qd-1"));
    let shares = resources::validate::shares(&spec).unwrap();
    assert_eq!(shares.values().copied().sum::<Bundle>(), amounts("73").parse().unwrap());
}
