use resources::policy::ApprovalPath;
use resources::v1alpha1::DecisionOutcome;
use serde_json::json;

use super::*;
use crate::stand::tests::{NOW, has, request, stand};

fn submitted() -> QuotaRequest {
    request(json!({"phase": "Submitted", "stage": {"name": "as stored"}}))
}

#[test]
fn a_decision_names_what_was_seen() {
    let (request, wang) = (submitted(), "wang".to_owned());
    let staged = stand(&request, ApprovalPath::Staged);
    let amounts = Amounts { cpu: Some("70".into()), memory: None, storage: None };
    let fields = ["spec.resources.cpu".to_owned()];
    let said =
        Said { reason: Some("no room"), reason_code: Some("capacity"), fields: &fields, amounts: Some(&amounts) };
    let spec = decision(&request, &staged, Verdict::Offer, &said, wang.clone()).unwrap();
    let expected = QuotaDecisionSpec {
        request: RequestRef { name: "qr-abcde".into(), uid: "u-1".into() },
        request_revision: 2,
        stage: Some("Acceptance".into()),
        verdict: Verdict::Offer,
        resources: Some(has("70")),
        reason_code: Some("capacity".into()),
        fields: fields.to_vec(),
        reason: Some("no room".into()),
        decided_by: "wang".into(),
    };
    assert_eq!(spec, expected);
    let direct = stand(&request, ApprovalPath::Direct);
    let spec = decision(&request, &direct, Verdict::Approve, &Said::default(), wang).unwrap();
    assert_eq!((spec.stage, spec.resources, spec.request_revision), (None, None, 2));
}

#[test]
fn what_is_decided_is_shown_first() {
    assert_eq!(
        sentence(&submitted(), Some(&has("64"))),
        "2026-000123 Change of marriage-registry in cec by zhang: cpu 64 -> 72, memory 128G, storage 10T"
    );
    assert!(sentence(&submitted(), None).ends_with("cpu 72, memory 128G, storage 10T"));
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
        (Some(&applied), Ending::Done, "2026-000123 approved: the quota follows"),
        (
            Some(&refused),
            Ending::Refused,
            "refused: InsufficientCapacity (memory: asked 4000G, free 3764G). memory doesn't fit the pool Reject it",
        ),
        (None, Ending::TimedOut, "no outcome within 10 s"),
    ];
    for (status, ending, words) in cases {
        let told = Outcome::of(&submitted(), Verdict::Approve, "qd-1".into(), status);
        let told = told.with_advice(&stand(&submitted(), ApprovalPath::Direct));
        assert_eq!(told.ending(), ending);
        let text = told.text(10).replace('\n', " ");
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn where_it_went_is_told_with_its_time_limit() {
    let applied = DecisionStatus { outcome: Some(DecisionOutcome::Applied), ..DecisionStatus::default() };
    let stage = |name: &str, limit: &str| json!({"name": name, "limit": limit, "dueAt": "2026-11-26T17:30:00+08:00"});
    let cases = [
        (
            Verdict::Accept,
            "Accepted",
            stage("TechReview", "sla.opinion"),
            "accepted: a technical reviewer takes it next (due 2026-11-26 17:30)",
        ),
        (
            Verdict::Approve,
            "TechReview",
            stage("AdminApproval", "sla.opinion"),
            "approved at this stage: AdminApproval decides next",
        ),
        (Verdict::Approve, "Provisioning", stage("Provisioning", "sla.testOpen"), "approved: the quota follows"),
        (
            Verdict::Withdraw,
            "Withdrawn",
            stage("Withdrawn", "withdraw.undo"),
            "`kubectl yunheng reinstate 2026-000123` undoes it until 2026-11-26 17:30",
        ),
        (Verdict::Withdraw, "Withdrawn", json!({"name": "Withdrawn"}), "withdrawn: nothing was changed"),
    ];
    for (verdict, phase, stage, words) in cases {
        let told = Outcome::of(&submitted(), verdict, "qd-1".into(), Some(&applied));
        let text = told.with_place(&request(json!({"phase": phase, "stage": stage})), NOW).text(10).replace('\n', " ");
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn a_refusal_says_what_can_be_done_instead() {
    let wrong = |path: ApprovalPath, verdict: Verdict| {
        let stand = stand(&submitted(), path);
        let said = Said { reason: Some("checked with last year's figures"), ..Said::default() };
        let spec = decision(&submitted(), &stand, verdict, &said, "wang".into()).unwrap();
        let refusal = stand.foresee(&spec, NOW).unwrap();
        let told = Outcome::foreseen(&submitted(), verdict, &refusal).with_advice(&stand);
        assert_eq!((told.ending(), serde_json::to_value(&told).unwrap().get("decision")), (Ending::Refused, None));
        told.text(10).replace('\n', " ")
    };
    let staged = wrong(ApprovalPath::Staged, Verdict::Approve);
    assert!(staged.contains("refused, and so not sent: WrongStage"), "{staged}");
    assert!(
        staged.contains(
            "what does: Accept (approver-admin), Return (approver-admin), Reject (approver-admin), Withdraw ("
        ),
        "{staged}"
    );
    assert!(staged.ends_with("`kubectl yunheng show 2026-000123 -n dept-civil-affairs`"), "{staged}");
    let direct = wrong(ApprovalPath::Direct, Verdict::Accept);
    assert!(direct.contains("decides in one step"), "{direct}");
    assert!(direct.contains("what does: Approve (approver-admin or approver-tech), Reject ("), "{direct}");
}

#[test]
fn what_isnt_wrong_but_odd_is_noted() {
    let mut stand = stand(&submitted(), ApprovalPath::Staged);
    let odd = Said { reason_code: Some("whatever"), ..Said::default() };
    assert_eq!(notes(&stand, &odd, None), [""; 0], "the city has no codes");
    stand.codes = vec!["capacity".into(), "duplicate".into()];
    stand.unread = vec!["can't list allocations".into()];
    let late = Refusal::OfferOver { expired_at: NOW };
    let told = notes(&stand, &odd, Some(&late)).join("\n");
    for words in [
        "can't list allocations. So not all",
        "none of the city's codes for reasons: capacity, duplicate",
        "by the clock of this machine the offer",
    ] {
        assert!(told.contains(words), "{told}");
    }
    let known = Said { reason_code: Some("capacity"), ..Said::default() };
    stand.unread.clear();
    assert_eq!(notes(&stand, &known, Some(&Refusal::SelfApproval)), [""; 0], "told as the outcome");
}

#[test]
fn a_reason_is_long_enough() {
    assert!(parse_reason("too short").is_err());
    assert!(parse_reason("  too short  ").is_err());
    assert!(parse_reason("long enough").is_ok());
    assert!(parse_reason("资源池内存不足请下季度再报").is_ok());
}

#[test]
fn a_field_is_one_that_can_be_corrected() {
    assert_eq!(parse_field("spec.resources.memory").as_deref(), Ok("spec.resources.memory"));
    assert_eq!(parse_field("justification").as_deref(), Ok("spec.justification"));
    for wrong in ["spec.pool", "spec.requester", "memory", "", "spec."] {
        assert!(parse_field(wrong).unwrap_err().contains("resources, period"), "{wrong}");
    }
    assert!(parse_field(&format!("basis.{}", "x".repeat(FIELD_MAX))).unwrap_err().contains("at most 120"));
}
