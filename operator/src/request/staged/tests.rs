use resources::policy::{ApprovalPath, Policy};
use resources::v1alpha1::{Offer, QuotaRequest, RequestRef};
use resources::workday::Calendar;
use serde_json::json;
use std::sync::Arc;

use super::*;
use crate::request::observe::Position;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A request in this phase whose limit was reckoned from `since`.
fn observed(status: &serde_json::Value) -> Observed {
    let object = json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest",
        "metadata": {"namespace": "dept-a", "name": "qr-1", "uid": "u"},
        "spec": {
            "requester": "zhang", "type": "Change", "application": "a", "pool": "cec",
            "resources": {"cpu": "30", "memory": "8G", "storage": "1T"}, "justification": "more citizens use it",
        },
        "status": status,
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
        allocations: vec![],
        names_taken: std::collections::BTreeSet::new(),
        owners: std::collections::BTreeMap::new(),
        policy: Policy { path: ApprovalPath::Staged, ..Policy::default() },
        calendar: Arc::default(),
        reviewed: None,
        policy_revision: 0,
        position: Position { granted: bundle("4"), held: Bundle::ZERO, draining: Bundle::ZERO },
    }
}

fn bundle(cpu: &str) -> Bundle {
    let resources = json!({"cpu": cpu, "memory": "8G", "storage": "1T"});
    serde_json::from_value::<resources::amounts::Resources>(resources).unwrap().parse().unwrap()
}

fn decision(verdict: Verdict, stage: Option<&str>, written: &str) -> QuotaDecision {
    let spec = resources::v1alpha1::QuotaDecisionSpec {
        request: RequestRef { name: "qr-1".into(), uid: "u".into() },
        request_revision: 1,
        stage: stage.map(str::to_owned),
        verdict,
        resources: None,
        reason_code: None,
        fields: vec![],
        reason: Some("the figures of last year say otherwise".into()),
        decided_by: "wang".into(),
    };
    let mut decision = QuotaDecision::new("qd-1", spec);
    decision.metadata.creation_timestamp = Some(Time(at(written)));
    decision
}

fn stage(limit: &str, since: &str, workdays: i64, due: &str) -> serde_json::Value {
    json!({"name": "x", "limit": limit, "since": since, "workdays": workdays, "dueAt": due, "provisional": false, "overdue": false})
}

#[test]
fn acceptance_4_it_is_due_three_working_days_after_submission() {
    let stage = submitted(&observed(&json!({})), at("2026-09-30T10:00:00+08:00"));
    assert_eq!(stage.due_at.as_deref(), Some("2026-10-10T17:30:00+08:00"), "a Saturday that is worked");
    assert_eq!(
        (stage.name.as_str(), stage.limit.as_deref(), stage.provisional),
        ("Acceptance", Some("sla.accept"), false)
    );
}

#[test]
fn the_reviewers_clock_stops_while_it_is_returned_and_goes_on_with_what_was_left() {
    let running = stage("sla.opinion", "2026-11-23T02:00:00Z", 2, "2026-11-25T17:30:00+08:00");
    let seen = observed(&json!({"phase": "TechReview", "revision": 1, "stage": running}));
    let back = decision(Verdict::Return, Some("TechReview"), "2026-11-24T01:00:00Z");
    let returned = verdict(&seen, &back, at("2026-11-24T01:00:05Z")).unwrap().status;
    let note = returned.returned.clone().unwrap();
    assert!(note.spec.unwrap().contains("\"cpu\":\"30\""), "what the correction is compared with");
    let stage = returned.stage.clone().unwrap();
    assert_eq!(stage.due_at.as_deref(), Some("2026-12-15T17:30:00+08:00"), "fifteen working days for the department");

    let mut seen = observed(&serde_json::to_value(&returned).unwrap());
    assert_eq!(by_time(&seen, at("2026-12-01T02:00:00Z")), None, "nothing was corrected");
    let mut request = (*seen.request).clone();
    request.spec.resources.cpu = "20".into();
    seen.request = Arc::new(request);
    let again = by_time(&seen, at("2026-12-01T02:00:00Z")).unwrap();
    assert_eq!((again.phase, again.revision), (Some(Phase::TechReview), Some(2)));
    let stage = again.stage.unwrap();
    assert_eq!(stage.due_at.as_deref(), Some("2026-12-02T17:30:00+08:00"), "one working day was left");
}

#[test]
fn what_the_department_leaves_lying_lapses_and_what_reviewers_leave_is_marked() {
    let status = |phase: &str, stage: serde_json::Value| json!({"phase": phase, "revision": 1, "stage": stage});
    let due = "2026-11-25T17:30:00+08:00";
    let review = observed(&status("TechReview", stage("sla.opinion", "2026-11-23T02:00:00Z", 2, due)));
    assert_eq!(by_time(&review, at("2026-11-24T23:59:59+08:00")), None);
    let reminded = by_time(&review, at("2026-11-25T00:00:00+08:00")).unwrap();
    let stage_of = |status: &QuotaRequestStatus| status.stage.clone().unwrap();
    assert!(stage_of(&reminded).reminded_at.is_some() && !stage_of(&reminded).overdue, "on its last day");
    let review = observed(&serde_json::to_value(&reminded).unwrap());
    assert_eq!(by_time(&review, at(due)), None, "in time is the moment itself");
    let late = by_time(&review, at("2026-11-25T09:30:01Z")).unwrap();
    assert_eq!((late.phase, stage_of(&late).overdue), (Some(Phase::TechReview), true));
    assert_eq!(stage_of(&late).escalated_to.as_deref(), Some("cloud-admin"), "the stage here is no technical review");
    assert!(late.history.last().unwrap().reason.contains("escalated to cloud-admin"));
    assert_eq!(
        by_time(&observed(&serde_json::to_value(&late).unwrap()), at("2026-12-25T00:00:00Z")),
        None,
        "said once"
    );

    let mut returned = status("Returned", stage("returned.lapseAfter", "2026-11-23T02:00:00Z", 2, due));
    returned["returned"] = json!({"by": "wang", "reason": "r", "from": "Submitted"});
    let lapsed = by_time(&observed(&returned), at("2026-11-25T09:30:01Z")).unwrap();
    assert_eq!(lapsed.phase, Some(Phase::Lapsed));

    let mut offered = status("Offered", stage("offer.answerWithin", "2026-11-23T02:00:00Z", 2, due));
    let offer = Offer { pool: "cec".into(), expires_at: due.into(), round: 1, ..Offer::default() };
    offered["offer"] = serde_json::to_value(offer).unwrap();
    assert_eq!(by_time(&observed(&offered), at("2026-11-25T09:29:59Z")), None);
    let lapsed = by_time(&observed(&offered), at("2026-11-25T09:30:01Z")).unwrap();
    assert_eq!((lapsed.phase, lapsed.offer), (Some(Phase::Lapsed), None));
}

#[test]
fn check_dates_a_year_that_is_published_moves_the_due_date_and_the_history_says_so() {
    let mut running = stage("sla.accept", "2026-12-30T02:00:00Z", 3, "2027-01-04T17:30:00+08:00");
    running["provisional"] = json!(true);
    let mut seen = observed(&json!({"phase": "Submitted", "revision": 1, "stage": running}));
    assert_eq!(by_time(&seen, at("2026-12-30T03:00:00Z")), None, "nothing is published yet");
    let year = json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "WorkCalendar", "metadata": {"name": "y2027"},
        "spec": {"year": 2027, "holidays": ["2027-01-01", "2027-01-02", "2027-01-03", "2027-01-04"],
                 "makeupWorkdays": [], "sourceDocument": "a notice", "published": true},
    });
    let year: resources::v1alpha1::WorkCalendar = serde_json::from_value(year).unwrap();
    seen.calendar = Arc::new(Calendar::new([&year]));
    let moved = by_time(&seen, at("2026-12-30T03:00:00Z")).unwrap();
    let stage = moved.stage.unwrap();
    assert_eq!((stage.due_at.as_deref(), stage.provisional), (Some("2027-01-06T17:30:00+08:00"), false));
    assert!(moved.history[0].reason.contains("2027-01-06"), "{:?}", moved.history);
}

#[test]
fn an_offer_that_was_accepted_in_time_counts_although_it_is_looked_at_late() {
    let due = "2026-11-25T17:30:00+08:00";
    let mut offered = json!({"phase": "Offered", "revision": 1,
        "stage": stage("offer.answerWithin", "2026-11-23T02:00:00Z", 2, due)});
    offered["offer"] = json!({"pool": "cec", "resources": {"cpu": "10", "memory": "8G", "storage": "1T"},
        "by": "wang", "reason": "r", "expiresAt": due, "round": 1});
    let seen = observed(&offered);
    let late = at("2026-11-27T00:00:00Z");
    let in_time = verdict(&seen, &decision(Verdict::AcceptOffer, None, "2026-11-25T09:29:00Z"), late).unwrap();
    assert_eq!(in_time.outcome.next.phase, Some(Phase::Approved));
    let over = verdict(&seen, &decision(Verdict::AcceptOffer, None, "2026-11-25T09:31:00Z"), late);
    assert_eq!(over.unwrap_err().code(), "OfferOver");
}
