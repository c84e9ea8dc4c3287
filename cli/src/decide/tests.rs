use serde_json::json;

use super::*;

fn request() -> QuotaRequest {
    serde_json::from_value(json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest",
        "metadata": {"namespace": "dept-civil-affairs", "name": "qr-abcde", "uid": "u-1"},
        "spec": {
            "requester": "system:serviceaccount:yunheng-people:zhang", "type": "Change", "application": "marriage-registry",
            "pool": "cec", "resources": {"cpu": "72", "memory": "128G", "storage": "10T"}, "justification": "more people ask"
        },
        "status": {"number": "2026-000123", "revision": 2, "phase": "Submitted", "stage": {"name": "Submitted"}}
    }))
    .unwrap()
}

#[test]
fn a_decision_names_what_was_seen() {
    let spec = decision(&request(), Verdict::Approve, None, "wang".into());
    assert_eq!(spec.request, RequestRef { name: "qr-abcde".into(), uid: "u-1".into() });
    assert_eq!((spec.request_revision, spec.stage.as_deref()), (2, Some("Submitted")));
    let mut unseen = request();
    unseen.status = None;
    let spec = decision(&unseen, Verdict::Approve, None, "wang".into());
    assert_eq!((spec.request_revision, spec.stage), (1, None));
}

#[test]
fn what_is_decided_is_shown_first() {
    let now = Resources { cpu: "64".into(), memory: "128G".into(), storage: "10T".into() };
    assert_eq!(
        sentence(&request(), Some(&now)),
        "2026-000123 Change of marriage-registry in cec by zhang: cpu 64 -> 72, memory 128G, storage 10T"
    );
    assert!(sentence(&request(), None).ends_with("cpu 72, memory 128G, storage 10T"));
}

#[test]
fn each_outcome_has_its_words_and_its_exit_code() {
    let refused = DecisionStatus {
        outcome: Some(DecisionOutcome::Refused),
        code: Some("InsufficientCapacity".into()),
        resource: Some("memory".into()),
        asked: Some("4000G".into()),
        free: Some("3764G".into()),
        message: Some("memory doesn't fit the pool".into()),
        ..DecisionStatus::default()
    };
    let applied = DecisionStatus { outcome: Some(DecisionOutcome::Applied), ..DecisionStatus::default() };
    let cases = [
        (Some(&applied), Ending::Done, "2026-000123 approved"),
        (
            Some(&refused),
            Ending::Refused,
            "refused: InsufficientCapacity (memory: asked 4000G, free 3764G). memory doesn't",
        ),
        (None, Ending::TimedOut, "no outcome within 10 s"),
    ];
    for (status, ending, words) in cases {
        let told = Outcome::of(&request(), Verdict::Approve, "qd-1".into(), status);
        assert_eq!(told.ending(), ending);
        let text = told.text(10).replace('\n', " ");
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn a_reason_is_long_enough() {
    assert!(parse_reason("too short").is_err());
    assert!(parse_reason("long enough").is_ok());
    assert!(parse_reason("资源池内存不足请下季度再报").is_ok());
}

/// The name `portal-gov` may be that of another application's allocation.
#[test]
fn what_it_has_now_is_found_by_application_and_pool() {
    let allocation = |name: &str, application: &str, pool: &str, cpu: &str| -> Allocation {
        serde_json::from_value(json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "Allocation", "metadata": {"name": name},
            "spec": {"application": application, "pool": pool, "resources": {"cpu": cpu, "memory": "1G", "storage": "1T"}}
        }))
        .unwrap()
    };
    let other = || allocation("marriage-registry-cec", "marriage-registry-cec", "cec", "7");
    let now = |all: &[Allocation]| of_request(&request(), all).map(|amounts| amounts.cpu);
    assert_eq!(now(&[other()]), None);
    let own = allocation("by-hand", "marriage-registry", "cec", "64");
    let elsewhere = allocation("marriage-registry", "marriage-registry", "inspur", "8");
    assert_eq!(now(&[other(), elsewhere, own]).as_deref(), Some("64"));
}
