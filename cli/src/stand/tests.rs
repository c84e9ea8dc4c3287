use kube::core::ObjectMeta;
use resources::v1alpha1::RequestRef;
use serde_json::{Value, json};

use super::*;

/// 2026-11-23T06:40:00Z, 14:40 in the city.
pub const NOW: Timestamp = Timestamp::constant(1_795_416_000, 0);

/// A change from 64 to 72 cores.
pub fn request(status: Value) -> QuotaRequest {
    let mut whole = json!({"number": "2026-000123", "revision": 2});
    merge(&mut whole, status);
    serde_json::from_value(json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest",
        "metadata": {
            "namespace": "dept-civil-affairs", "name": "qr-abcde", "uid": "u-1", "creationTimestamp": "2026-11-23T06:10:00Z",
        },
        "spec": {
            "requester": "system:serviceaccount:yunheng-people:zhang", "type": "Change", "application": "marriage-registry",
            "pool": "cec", "resources": {"cpu": "72", "memory": "128G", "storage": "10T"}, "justification": "more people ask"
        },
        "status": whole
    }))
    .unwrap()
}

fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}

pub fn has(cpu: &str) -> Resources {
    Resources { cpu: cpu.into(), memory: "128G".into(), storage: "10T".into() }
}

pub fn stand(request: &QuotaRequest, path: ApprovalPath) -> Stand {
    let has = has("64");
    Stand {
        standing: standing(request, Some(&has), None),
        policy: Some(Policy { path, ..Policy::default() }),
        codes: vec![],
        has: Some(has),
        unread: vec![],
    }
}

fn decision(stand: &Stand, verdict: Verdict) -> QuotaDecisionSpec {
    QuotaDecisionSpec {
        request: RequestRef { name: "qr-abcde".into(), uid: "u-1".into() },
        request_revision: 2,
        stage: stand.stage_to_name(verdict).unwrap(),
        verdict,
        resources: (verdict == Verdict::Offer).then(|| has("70")),
        reason_code: None,
        fields: vec![],
        reason: Some("checked with last year's figures".into()),
        decided_by: "wang".into(),
    }
}

fn in_phase(phase: &str, more: Value) -> QuotaRequest {
    let mut status = json!({"phase": phase, "stage": {"name": "as stored"}});
    merge(&mut status, more);
    request(status)
}

#[test]
fn a_stage_is_named_where_the_way_has_stages() {
    use ApprovalPath::{Direct, Staged};
    let second = json!({"review": {"stage": "AdminApproval"}});
    let cases = [
        (in_phase("Submitted", json!({})), Staged, Verdict::Return, Some("Acceptance")),
        (in_phase("TechReview", json!({})), Staged, Verdict::Approve, Some("TechReview")),
        (in_phase("TechReview", second), Staged, Verdict::Offer, Some("AdminApproval")),
        (request(json!({})), Staged, Verdict::Reject, Some("Acceptance")),
        (in_phase("Submitted", json!({})), Direct, Verdict::Approve, None),
        // What has begun on the staged way ends on it.
        (in_phase("TechReview", json!({})), Direct, Verdict::Approve, Some("TechReview")),
        (in_phase("Submitted", json!({})), Staged, Verdict::Accept, None),
        (in_phase("Offered", json!({})), Staged, Verdict::AcceptOffer, None),
    ];
    for (request, path, verdict, expected) in cases {
        assert_eq!(stand(&request, path).stage_to_name(verdict).unwrap().as_deref(), expected, "{verdict:?}");
    }
    let unknown = Stand { policy: None, ..stand(&in_phase("Submitted", json!({})), Staged) };
    assert!(unknown.stage_to_name(Verdict::Approve).is_err() && unknown.stage_to_name(Verdict::Urge).is_ok());
}

#[test]
fn what_the_operator_would_refuse_is_known_before() {
    use ApprovalPath::{Direct, Staged};
    let acted = json!({"review": {"stage": "AdminApproval", "acted": [{"stage": "TechReview", "by": "wang"}]}});
    let offered_twice = json!({"review": {"offers": 2}});
    let offer = json!({"offer": {
        "pool": "cec", "resources": {"cpu": "70", "memory": "128G", "storage": "10T"}, "by": "wang",
        "reason": "no more room", "expiresAt": "2026-11-20T17:30:00+08:00", "round": 1
    }});
    let undo = json!({"withdrawn": {"by": "wang", "at": "2026-11-23T06:30:00Z", "from": "Submitted"}});
    let cases = [
        (in_phase("Submitted", json!({})), Staged, Verdict::Accept, None),
        (in_phase("Submitted", json!({})), Staged, Verdict::Approve, Some("WrongStage")),
        // Not the roles of a stage that there isn't.
        (in_phase("Active", json!({})), Staged, Verdict::Approve, Some("WrongStage")),
        (in_phase("Accepted", json!({})), Staged, Verdict::Take, None),
        (in_phase("TechReview", json!({})), Staged, Verdict::Approve, None),
        (in_phase("TechReview", json!({})), Staged, Verdict::Offer, None),
        (in_phase("TechReview", acted), Staged, Verdict::Approve, Some("SameReviewer")),
        (in_phase("TechReview", offered_twice), Staged, Verdict::Offer, Some("OfferRoundsUsed")),
        (in_phase("Offered", offer), Staged, Verdict::AcceptOffer, Some("OfferOver")),
        (in_phase("Withdrawn", undo), Staged, Verdict::Reinstate, Some("UndoOver")),
        (in_phase("Submitted", json!({})), Direct, Verdict::Approve, None),
        (in_phase("Submitted", json!({})), Direct, Verdict::Accept, Some("WrongStage")),
        (in_phase("Active", json!({})), Direct, Verdict::Withdraw, Some("WrongStage")),
    ];
    for (request, path, verdict, expected) in cases {
        let stand = stand(&request, path);
        let found = stand.foresee(&decision(&stand, verdict), NOW);
        assert_eq!(found.as_ref().map(Refusal::code), expected, "{verdict:?} of {:?}: {found:?}", stand.phase());
        let by_clock = matches!(expected, Some("OfferOver" | "UndoOver"));
        assert_eq!(found.is_some_and(|refusal| is_by_clock(&refusal)), by_clock);
    }
}

#[test]
fn what_is_offered_lies_between_what_it_has_and_what_it_asks() {
    let stand = stand(&in_phase("TechReview", json!({})), ApprovalPath::Staged);
    for (cpu, expected) in
        [("70", None), ("72", Some("OfferInvalid")), ("64", Some("OfferInvalid")), ("73", Some("OfferInvalid"))]
    {
        let offer = QuotaDecisionSpec { resources: Some(has(cpu)), ..decision(&stand, Verdict::Offer) };
        assert_eq!(stand.foresee(&offer, NOW).map(|refusal| refusal.code()), expected, "{cpu}");
    }
    let unread = Stand { has: None, ..stand };
    let offer = QuotaDecisionSpec { resources: Some(has("72")), ..decision(&unread, Verdict::Offer) };
    assert_eq!(unread.foresee(&offer, NOW), None, "what can't be read isn't guessed");
}

#[test]
fn who_asked_decides_nothing() {
    for path in [ApprovalPath::Staged, ApprovalPath::Direct] {
        let phase = if path == ApprovalPath::Staged { "TechReview" } else { "Submitted" };
        let request = in_phase(phase, json!({}));
        let stand = stand(&request, path);
        let own = QuotaDecisionSpec { decided_by: request.spec.requester, ..decision(&stand, Verdict::Approve) };
        assert_eq!(stand.foresee(&own, NOW), Some(Refusal::SelfApproval));
    }
}

#[test]
fn what_can_be_done_is_what_is_left_of_the_table() {
    let open = |request: &QuotaRequest, path| -> Vec<&str> {
        stand(request, path).open(NOW).into_iter().filter_map(|open| command(open.verdict)).collect()
    };
    let (submitted, review) = (in_phase("Submitted", json!({})), in_phase("TechReview", json!({})));
    assert_eq!(open(&submitted, ApprovalPath::Staged), ["accept", "return", "reject", "withdraw", "urge"]);
    assert_eq!(open(&submitted, ApprovalPath::Direct), ["approve", "reject", "withdraw"]);
    assert_eq!(open(&review, ApprovalPath::Staged), ["approve", "return", "reject", "offer", "withdraw", "urge"]);
    let last_offer = in_phase("Offered", json!({"review": {"offers": 2}}));
    assert_eq!(open(&last_offer, ApprovalPath::Staged), ["accept-offer", "withdraw", "urge"]);
    assert_eq!(open(&in_phase("Active", json!({})), ApprovalPath::Direct), [""; 0]);
}

#[test]
fn an_earlier_request_comes_first() {
    let named = |name: &str, created: &str, phase: &str, number: &str| {
        let mut one = request(json!({"phase": phase, "number": number}));
        let creation_timestamp = Some(serde_json::from_value(json!(created)).unwrap());
        one.metadata = ObjectMeta { name: Some(name.into()), creation_timestamp, ..one.metadata };
        one
    };
    let own = named("qr-2", "2026-11-23T06:10:00Z", "Submitted", "2026-000002");
    let earlier = named("qr-1", "2026-11-22T06:10:00Z", "Accepted", "2026-000001");
    let over = named("qr-0", "2026-11-21T06:10:00Z", "Rejected", "2026-000000");
    assert_eq!(behind(&own, &[over.clone(), own.clone(), earlier.clone()]).as_deref(), Some("2026-000001"));
    assert_eq!(behind(&own, &[over, own.clone()]), None);
    assert_eq!(behind(&earlier, &[own, earlier.clone()]), None);
}

/// The name `portal-gov` may be that of another application's allocation.
#[test]
fn what_it_has_now_is_found_by_application_and_pool() {
    let allocation = |name: &str, application: &str, pool: &str, status: Value| -> Allocation {
        serde_json::from_value(json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "Allocation", "metadata": {"name": name},
            "spec": {"application": application, "pool": pool, "resources": {"cpu": "99", "memory": "1G", "storage": "1T"}},
            "status": status
        }))
        .unwrap()
    };
    let granted_of = |cpu: &str| json!({"granted": {"cpu": cpu, "memory": "1G", "storage": "1T"}});
    let other = || allocation("marriage-registry-cec", "marriage-registry-cec", "cec", granted_of("7"));
    let now = |all: &[Allocation]| granted(&request(json!({})), all).map(|amounts| amounts.cpu);
    assert_eq!(now(&[other()]).as_deref(), Some("0"));
    let own = allocation("by-hand", "marriage-registry", "cec", granted_of("64"));
    let elsewhere = allocation("marriage-registry", "marriage-registry", "inspur", granted_of("8"));
    assert_eq!(now(&[other(), elsewhere, own]).as_deref(), Some("64"));
    // What is wanted isn't granted yet, and what is half known isn't known.
    assert_eq!(now(&[allocation("a", "marriage-registry", "cec", json!({}))]).as_deref(), Some("0"));
    assert_eq!(now(&[allocation("a", "marriage-registry", "cec", json!({"granted": {"cpu": "4"}}))]), None);
}

#[test]
fn when_it_is_due_is_in_the_citys_time() {
    let stage = |limit: &str, due_at: &str, provisional: bool| {
        let stage = json!({"name": "TechReview", "limit": limit, "dueAt": due_at, "provisional": provisional});
        due(&request(json!({"phase": "TechReview", "stage": stage})), NOW).unwrap().text()
    };
    assert_eq!(stage("sla.opinion", "2026-11-26T17:30:00+08:00", false), "2026-11-26 17:30");
    assert_eq!(stage("sla.opinion", "2026-11-20T09:30:00Z", false), "2026-11-20 17:30 overdue");
    assert_eq!(stage("sla.opinion", "2026-11-20T17:30:00+08:00", true), "2026-11-20 17:30 overdue, provisional");
    assert_eq!(stage("offer.answerWithin", "2026-11-20T17:30:00+08:00", false), "2026-11-20 17:30");
    assert_eq!(stage("withdraw.undo", "2026-11-23T14:41:05+08:00", false), "2026-11-23 14:41:05");
    assert_eq!(due(&request(json!({"phase": "Submitted"})), NOW), None);
}
