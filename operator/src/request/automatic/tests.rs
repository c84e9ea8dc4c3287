use resources::policy::{ApprovalPath, Policy};
use serde_json::json;
use std::sync::Arc;

use super::*;
use crate::request::observe::Position;
use crate::request::plan::{self, Step};

fn now() -> Timestamp {
    "2026-11-24T02:00:00Z".parse().unwrap()
}

fn observed(status: &serde_json::Value) -> Observed {
    let amounts = |cpu: &str| json!({"cpu": cpu, "memory": "8G", "storage": "1T"});
    let request = json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest",
        "metadata": {"namespace": "dept-a", "name": "qr-1", "uid": "u"},
        "spec": {
            "requester": "zhang", "type": "Change", "application": "a", "pool": "cec", "resources": amounts("3"),
            "justification": "fewer citizens use it",
        },
        "status": status,
    });
    let request: QuotaRequest = serde_json::from_value(request).unwrap();
    let resources: resources::amounts::Resources = serde_json::from_value(amounts("4")).unwrap();
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
        allocations: vec![],
        names_taken: std::collections::BTreeSet::new(),
        owners: std::collections::BTreeMap::new(),
        policy: Policy { path: ApprovalPath::Direct, ..Policy::default() },
        calendar: Arc::default(),
        reviewed: None,
        policy_revision: 3,
        position: Position { granted: resources.parse().unwrap(), held: Bundle::ZERO, draining: Bundle::ZERO },
    }
}

fn verdict(approves: bool) -> Verdict {
    let item = Evidence { rule: "R6".into(), result: automatic::PASSED.into(), ..Evidence::default() };
    let reasons = if approves { vec![] } else { vec![automatic::Code::NoData] };
    Verdict { approves, evidence: vec![item], reasons }
}

/// The status after the rules were asked.
fn told(seen: &Observed, approves: bool) -> serde_json::Value {
    let reviewed = reviewed(seen, verdict(approves), (3, Some(41)), now());
    let mut status = seen.request.status.clone().unwrap_or_default();
    note(&mut status, &reviewed);
    serde_json::to_value(status).unwrap()
}

#[test]
fn the_rules_are_asked_once_for_each_revision_and_when_it_is_its_turn() {
    let submitted = json!({"phase": "Submitted", "revision": 1});
    let seen = observed(&submitted);
    assert!(is_due(&seen));
    assert!(!is_due(&Observed { behind: Some("qr-0".into()), ..observed(&submitted) }));
    for phase in ["Accepted", "TechReview", "Active", "Rejected"] {
        assert!(!is_due(&observed(&json!({"phase": phase, "revision": 1}))), "{phase}");
    }
    let mut after = told(&seen, false);
    assert!(!is_due(&observed(&after)));
    assert_eq!(turn(&observed(&after)), None, "a person decides");
    after["revision"] = json!(2);
    assert!(is_due(&observed(&after)), "it was corrected");
}

#[test]
fn what_holds_is_written_before_anything_is_held_and_goes_on_from_there() {
    let seen = observed(&json!({"phase": "Submitted", "revision": 1}));
    let pending = observed(&told(&seen, true));
    assert_eq!(turn(&pending), Some(Turn::Hold));
    assert_eq!(automatic::pending(&pending.request), Some("automatic:u:1"));
    assert!(matches!(plan::plan(&pending, now()), Step::Automatic(Turn::Hold)));
    assert_eq!(turn(&Observed { behind: Some("qr-0".into()), ..observed(&told(&seen, true)) }), None);

    let mut corrected = told(&seen, true);
    corrected["revision"] = json!(2);
    assert_eq!(automatic::pending(&observed(&corrected).request), None, "it was another revision that it held for");
    let mut accepted = told(&seen, true);
    accepted["phase"] = json!("Accepted");
    assert_eq!(automatic::pending(&observed(&accepted).request), None, "a person has it");
}

#[test]
fn an_approval_says_by_what_it_was_given() {
    let seen = observed(&json!({"phase": "Submitted", "revision": 1}));
    let pending = observed(&told(&seen, true));
    let status = approved(&pending, approval(&pending, now()).unwrap(), "automatic:u:1", Some(42), now());
    assert_eq!((status.phase, status.decision.as_deref()), (Some(Phase::Provisioning), Some("automatic:u:1")));
    let review = status.automatic.clone().unwrap();
    assert_eq!(
        (review.outcome, review.ledger_revision, review.policy_revision),
        (AutomaticOutcome::Approved, Some(42), 3)
    );
    let record = &status.history[0];
    assert_eq!((record.by.as_str(), record.to), (AUTOMATIC, Phase::Approved));
    assert_eq!(record.reason, "R6; policy revision 3, ledger revision 42");
    let behind = Observed { behind: Some("qr-0".into()), ..observed(&told(&seen, true)) };
    assert_eq!(approval(&behind, now()).unwrap_err().code(), "AnotherRequestOpen");
    let cause = cause(&pending.request);
    assert_eq!((cause.kind.as_str(), cause.name.as_str(), cause.by.as_str()), ("QuotaRequest", "qr-1", AUTOMATIC));
}
