use std::sync::Arc;

use resources::policy::{ApprovalPath, Policy};
use resources::v1alpha1::{QuotaRequest, RequestRef};
use serde_json::json;

use super::*;
use crate::request::observe::Position;

const END: &str = "2026-12-01T00:00:00+08:00";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn amounts(cpu: &str) -> serde_json::Value {
    json!({"cpu": cpu, "memory": "8G", "storage": "1T"})
}

fn bundle(cpu: &str) -> Bundle {
    serde_json::from_value::<resources::amounts::Resources>(amounts(cpu)).unwrap().parse().unwrap()
}

/// The application's allocation, as this decision has written it.
fn allocation(decision: &str, cpu: &str, base: Option<&str>) -> Allocation {
    let object = json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "Allocation",
        "metadata": {"namespace": "dept-a", "name": "a", "uid": "ua", "generation": 3, "annotations": {"yunheng.io/decision": decision}},
        "spec": {
            "application": "a", "pool": "cec", "resources": amounts(cpu),
            "lease": {"expiresAt": END, "base": base.map(amounts)},
        },
    });
    serde_json::from_value(object).unwrap()
}

fn observed(phase: Phase, term: &serde_json::Value, allocation: Option<Allocation>) -> Observed {
    let history =
        json!([{"at": "2026-11-11T00:00:00Z", "by": "yunheng-operator", "from": "Provisioning", "to": "Active"}]);
    let object = json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest",
        "metadata": {"namespace": "dept-a", "name": "qr-1", "uid": "u"},
        "spec": {
            "requester": "zhang", "type": "Change", "application": "a", "pool": "cec", "resources": amounts("150"),
            "justification": "more citizens use it",
        },
        "status": {"phase": phase, "revision": 1, "decision": "qd-1", "history": history, "term": term},
    });
    let request: QuotaRequest = serde_json::from_value(object).unwrap();
    Observed {
        request: Arc::new(request),
        namespace: "dept-a".into(),
        name: "qr-1".into(),
        uid: "u".into(),
        decisions: vec![],
        outdated: vec![],
        behind: None,
        pool_exists: true,
        application: None,
        allocations: allocation.into_iter().map(Arc::new).collect(),
        names_taken: std::collections::BTreeSet::new(),
        owners: std::collections::BTreeMap::new(),
        policy: Policy { path: ApprovalPath::Direct, ..Policy::default() },
        calendar: Arc::default(),
        policy_revision: 0,
        reviewed: None,
        position: Position { granted: bundle("150"), held: Bundle::ZERO, draining: Bundle::ZERO },
    }
}

fn known(warned: &[i64]) -> serde_json::Value {
    json!({"endsAt": END, "since": "2026-11-11T00:00:00Z", "base": amounts("100"), "warned": warned})
}

#[test]
fn a_warning_is_told_once_and_moves_nothing() {
    let there = || Some(allocation("qd-1", "150", Some("100")));
    let first = step(&observed(Phase::Active, &json!(null), there()), at("2026-11-12T00:00:00Z")).unwrap();
    assert_eq!(first.term.as_ref().unwrap().since.0, at("2026-11-11T00:00:00Z"), "since it was in force");
    let week = step(&observed(Phase::Active, &known(&[]), there()), at("2026-11-24T00:00:00+08:00")).unwrap();
    let told = week.history.last().unwrap();
    assert_eq!(
        (week.phase, told.to, told.reason.contains("7 days are left")),
        (Some(Phase::Active), Phase::Active, true)
    );
    assert_eq!(week.term.unwrap().warned, [7]);
    assert_eq!(step(&observed(Phase::Active, &known(&[7]), there()), at("2026-11-24T00:00:01+08:00")), None);
    let wait = look_again(&observed(Phase::Active, &known(&[7]), there()), at("2026-11-29T23:59:00+08:00"));
    assert_eq!(wait, Some(Duration::from_secs(61)), "as the last warning is due, a second after");
}

#[test]
fn the_end_follows_the_allocation_that_has_returned() {
    let end = at(END);
    let not_yet = observed(Phase::Active, &known(&[7, 1]), Some(allocation("qd-1", "150", Some("100"))));
    assert_eq!(step(&not_yet, end), None, "the spec is written first");
    let returned = observed(Phase::Active, &known(&[7, 1]), Some(allocation("qd-1", "100", Some("100"))));
    let next = step(&returned, end).unwrap();
    assert_eq!((next.phase, next.term.as_ref().unwrap().ended_at.is_some()), (Some(Phase::Reclaiming), true));
    let told = json!({"endsAt": END, "since": "2026-11-11T00:00:00Z", "base": amounts("100"), "endedAt": END, "warned": [7, 1]});
    let over = observed(Phase::Active, &told, Some(allocation("qd-1", "100", Some("100"))));
    assert_eq!(step(&over, end), None, "it ends once");
}

#[test]
fn without_a_base_it_expires_and_a_renewal_brings_it_back() {
    let end = at(END);
    let there = |decision: &str| Some(allocation(decision, "150", None));
    let open = json!({"endsAt": END, "since": "2026-11-11T00:00:00Z"});
    let next = step(&observed(Phase::Active, &open, there("qd-1")), end).unwrap();
    assert_eq!(next.phase, Some(Phase::Expired));
    assert_eq!(step(&observed(Phase::Expired, &open, there("qd-1")), end), None);
    let mut renewed = allocation("qd-2", "150", None);
    renewed.spec.lease.as_mut().unwrap().expires_at = "2027-12-01T00:00:00+08:00".into();
    let next = step(&observed(Phase::Expired, &open, Some(renewed)), end).unwrap();
    assert_eq!((next.phase, next.term), (Some(Phase::Active), None));
    // Another request has it, whose end this isn't to tell.
    assert_eq!(step(&observed(Phase::Active, &open, there("qd-2")), end).unwrap().term, None);
}

fn decision(verdict: Verdict, stage: Option<&str>) -> QuotaDecision {
    let spec = resources::v1alpha1::QuotaDecisionSpec {
        request: RequestRef { name: "qr-1".into(), uid: "u".into() },
        request_revision: 1,
        stage: stage.map(str::to_owned),
        verdict,
        resources: None,
        reason_code: None,
        fields: vec![],
        reason: Some("nobody has used it for a year".into()),
        decided_by: "wang".into(),
    };
    QuotaDecision::new("qd-2", spec)
}

#[test]
fn a_reclaim_leaves_the_base_and_its_cancel_gives_back_what_there_was() {
    let now = at("2026-11-20T00:00:00Z");
    let mut world = observed(Phase::Active, &known(&[]), Some(allocation("qd-1", "150", Some("100"))));
    let taken = staged::verdict(&world, &decision(Verdict::Reclaim, None), now).unwrap().status;
    assert_eq!((taken.phase, taken.decision.as_deref()), (Some(Phase::Reclaiming), Some("qd-2")));
    let mut request = (*world.request).clone();
    request.status = Some(taken);
    world.request = Arc::new(request);
    let spec = taken_back(&world, Some("qd-2")).unwrap();
    assert_eq!((spec.resources.cpu.as_str(), spec.lease, spec.decision.as_deref()), ("100", None, Some("qd-2")));

    let cancelled = staged::verdict(&world, &decision(Verdict::Cancel, Some("Reclaiming")), now).unwrap().status;
    assert_eq!(cancelled.phase, Some(Phase::Active));
    let mut request = (*world.request).clone();
    request.status = Some(cancelled);
    world.request = Arc::new(request);
    let spec = taken_back(&world, Some("qd-2")).unwrap();
    assert_eq!((spec.resources.cpu.as_str(), spec.lease.is_some()), ("150", true));
}

#[test]
fn a_superseded_grant_isn_t_reclaimed() {
    let world = observed(Phase::Active, &known(&[]), Some(allocation("qd-9", "150", Some("100"))));
    let refused = staged::verdict(&world, &decision(Verdict::Reclaim, None), at("2026-11-20T00:00:00Z")).unwrap_err();
    assert_eq!(refused.code(), "WrongStage");
}

#[test]
fn a_cancelled_provisioning_leaves_what_was_there() {
    let now = at("2026-11-20T00:00:00Z");
    let mut world = observed(Phase::Provisioning, &json!(null), Some(allocation("qd-1", "150", None)));
    let mut request = (*world.request).clone();
    let had = json!({"resources": amounts("100")});
    request.status.as_mut().unwrap().before = serde_json::from_value(had).unwrap();
    world.request = Arc::new(request.clone());
    let stopped = staged::verdict(&world, &decision(Verdict::Cancel, Some("Provisioning")), now).unwrap().status;
    assert_eq!(stopped.phase, Some(Phase::Reclaiming));
    request.status = Some(stopped);
    world.request = Arc::new(request);
    let spec = taken_back(&world, Some("qd-2")).unwrap();
    assert_eq!((spec.resources.cpu.as_str(), spec.lease), ("100", None));
    let again = staged::verdict(&world, &decision(Verdict::Cancel, Some("Reclaiming")), now).unwrap_err();
    assert_eq!(again.code(), "WrongStage", "what was stopped stays stopped");
}
