//! Objects and what is said of them.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::notices::Audience;

fn read<K: DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).unwrap()
}

/// A request that was made on Monday the 23rd of November 2026 at 14:00.
fn request(status: Value) -> resources::v1alpha1::QuotaRequest {
    let mut status = status;
    status["number"] = json!("2026-000001");
    read(json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest",
        "metadata": {"namespace": "dept-civil-affairs", "name": "qr-1", "uid": "u1", "creationTimestamp": "2026-11-23T06:00:00Z"},
        "spec": {
            "requester": "zhang", "type": "Change", "application": "a", "pool": "cec",
            "resources": {"cpu": "8", "memory": "16G", "storage": "0"}, "justification": "more people come than before"
        },
        "status": status
    }))
}

fn city(now: &str) -> City {
    City {
        calendar: Calendar::default(),
        policy: Policy::on(None, jiff::civil::date(2026, 11, 23)),
        now: now.parse().unwrap(),
    }
}

fn step(at: &str, from: &str, to: &str, verdict: Option<&str>) -> Value {
    json!({"at": at, "by": "someone", "from": from, "to": to, "verdict": verdict, "reason": "because it is so"})
}

/// Kind and audiences of each, as `kind: a, b`.
fn told(notices: &[Notice]) -> Vec<String> {
    let line = |notice: &Notice| {
        let audiences: Vec<_> = notice.audiences.iter().map(Audience::key).collect();
        format!("{}: {}", notice.kind.name(), audiences.join(", "))
    };
    notices.iter().map(line).collect()
}

fn of_request(status: Value, now: &str) -> Vec<Notice> {
    let (request, city) = (request(status), city(now));
    let notices = request::notices(&request, Some("婚姻登记系统"), &city);
    notices.into_iter().filter(|notice| notice.at <= city.now).collect()
}

const OWN: &str = "department:civil-affairs";

#[test]
fn each_step_of_a_request_is_told_to_whom_it_concerns() {
    let cases = [
        (
            step("2026-11-23T07:00:00Z", "Submitted", "Accepted", Some("Accept")),
            format!("requestAccepted: {OWN}, role:reviewers"),
        ),
        (
            step("2026-11-23T07:00:00Z", "TechReview", "TechReview", Some("Approve")),
            format!("requestReviewed: {OWN}, role:approvers"),
        ),
        (step("2026-11-23T07:00:00Z", "Accepted", "Returned", Some("Return")), format!("requestReturned: {OWN}")),
        (step("2026-11-23T07:00:00Z", "Returned", "Accepted", None), "requestSubmitted: role:reviewers".into()),
        (
            step("2026-11-23T07:00:00Z", "Returned", "Submitted", None),
            "requestSubmitted: role:accepters, role:approvers".into(),
        ),
        (step("2026-11-23T07:00:00Z", "Returned", "Lapsed", None), format!("requestLapsed: {OWN}")),
        (step("2026-11-23T07:00:00Z", "TechReview", "Offered", Some("Offer")), format!("requestOffered: {OWN}")),
        (
            step("2026-11-23T07:00:00Z", "Offered", "TechReview", Some("DeclineOffer")),
            "offerDeclined: role:reviewers, role:approvers".into(),
        ),
        (step("2026-11-23T07:00:00Z", "Offered", "Approved", Some("AcceptOffer")), format!("requestApproved: {OWN}")),
        (step("2026-11-23T07:00:00Z", "Provisioning", "Active", None), format!("requestInForce: {OWN}")),
        (step("2026-11-23T07:00:00Z", "Submitted", "Rejected", Some("Reject")), format!("requestRejected: {OWN}")),
        (
            step("2026-11-23T07:00:00Z", "Accepted", "Withdrawn", Some("Withdraw")),
            "requestWithdrawn: role:reviewers".into(),
        ),
    ];
    for (step, expected) in cases {
        let notices = of_request(json!({"phase": step["to"], "history": [step]}), "2026-11-23T08:00:00Z");
        assert_eq!(told(&notices), ["requestSubmitted: role:accepters, role:approvers".to_owned(), expected], "{step}");
    }
    // A redated deadline, and taking a request up, are nobody's news.
    for quiet in [
        step("2026-11-23T07:00:00Z", "Submitted", "Submitted", None),
        step("2026-11-23T07:00:00Z", "Accepted", "TechReview", Some("Take")),
    ] {
        let notices = of_request(json!({"phase": quiet["to"], "history": [quiet]}), "2026-11-23T08:00:00Z");
        assert_eq!(notices.len(), 1, "{quiet}");
    }
}

#[test]
fn what_has_no_number_yet_is_told_later() {
    let mut request = request(json!({"phase": "Submitted"}));
    request.status.as_mut().unwrap().number = None;
    assert_eq!(request::notices(&request, None, &city("2026-11-23T08:00:00Z")), []);
}

#[test]
fn the_same_seen_twice_is_the_same_event() {
    let status = json!({"phase": "Accepted", "history": [step("2026-11-23T07:00:00Z", "Submitted", "Accepted", Some("Accept"))]});
    let mut later = status.clone();
    later["conditions"] = json!([{"type": "CapacityHeld", "status": "True", "reason": "Held", "message": "", "lastTransitionTime": "2026-11-23T09:00:00Z"}]);
    let first = of_request(status, "2026-11-23T08:00:00Z");
    // Another process, hours later, with another version of the object.
    let again = of_request(later, "2026-11-23T20:00:00Z");
    assert_eq!(first, again);
    let ids: BTreeSet<_> = first.iter().map(|notice| &notice.id).collect();
    assert_eq!(ids.len(), first.len());
}

/// Due on Monday the 30th at 17:30; the working day before it is Friday the 27th.
fn stage(name: &str, since: &str) -> Value {
    json!({"phase": if name == "Acceptance" { "Submitted" } else { name }, "stage": {
        "name": name, "limit": if name == "Offered" { "offer.answerWithin" } else { "sla.accept" },
        "since": since, "dueAt": "2026-11-30T17:30:00+08:00"
    }})
}

#[test]
fn a_deadline_is_told_before_and_after_it() {
    let began = "2026-11-25T02:00:00Z";
    let accepters = "answerDueSoon: role:accepters";
    let cases = [
        ("2026-11-27T00:59:59Z", began, None),
        ("2026-11-27T01:00:00Z", began, Some(accepters)),
        ("2026-11-30T09:29:59Z", began, Some(accepters)),
        ("2026-11-30T09:30:00Z", began, Some("answerOverdue: role:accepters, role:cloudAdmins")),
        // It began after the morning of the day before: the morning of the day itself.
        ("2026-11-27T03:00:00Z", "2026-11-27T02:00:00Z", None),
        ("2026-11-30T01:00:00Z", "2026-11-27T02:00:00Z", Some(accepters)),
    ];
    for (now, since, expected) in cases {
        let notices = of_request(stage("Acceptance", since), now);
        assert_eq!(told(&notices)[1..], expected.into_iter().collect::<Vec<_>>(), "{now}");
    }
    let offered = of_request(stage("Offered", began), "2026-11-28T01:00:00Z");
    assert_eq!(told(&offered)[1..], [format!("answerDueSoon: {OWN}")]);
    let over = of_request(stage("Offered", began), "2026-12-01T01:00:00Z");
    assert_eq!(over.len(), 1, "the department's own time isn't escalated");
}

#[test]
fn overdue_is_told_once_however_the_clock_goes_on() {
    let mut status = stage("TechReview", "2026-11-25T02:00:00Z");
    let overdue = |status: &Value| {
        let notices = of_request(status.clone(), "2026-12-02T01:00:00Z");
        notices.into_iter().find(|notice| notice.kind == Kind::AnswerOverdue).unwrap()
    };
    let first = overdue(&status);
    assert_eq!(told(std::slice::from_ref(&first)), ["answerOverdue: role:reviewers, role:approvers"]);
    status["stage"]["since"] = json!("2026-12-01T02:00:00Z");
    status["stage"]["dueAt"] = json!("2026-12-01T17:30:00+08:00");
    assert_eq!(overdue(&status).id, first.id);
}

#[test]
fn each_urging_is_told() {
    let mut status = stage("AdminApproval", "2026-11-25T02:00:00Z");
    status["phase"] = json!("TechReview");
    status["stage"]["urgedAt"] = json!("2026-11-25T03:00:00Z");
    let urged = of_request(status.clone(), "2026-11-25T04:00:00Z");
    assert_eq!(told(&urged)[1..], ["requestUrged: role:approvers"]);
    status["stage"]["urgedAt"] = json!("2026-11-26T03:00:00Z");
    let again = of_request(status, "2026-11-26T04:00:00Z");
    assert_ne!(urged[1].id, again[1].id);
}

#[test]
fn a_term_is_warned_of_by_its_nearest_warning() {
    let notices = |ends: &str, now: &str| {
        let allocation = read(json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "Allocation",
            "metadata": {"namespace": "dept-civil-affairs", "name": "a", "uid": "u2", "creationTimestamp": "2026-11-10T00:00:00Z"},
            "spec": {"application": "a", "pool": "cec", "resources": {"cpu": "8", "memory": "16G", "storage": "0"}, "lease": {"expiresAt": ends}}
        }));
        term::notices(&allocation, None, &city(now))
            .iter()
            .map(|one| (one.kind, one.facts["days"].clone()))
            .collect::<Vec<_>>()
    };
    let ends = "2026-12-01T00:00:00+08:00";
    let warned = |days: &str| vec![(Kind::LeaseEnding, days.to_owned())];
    // 30 days before would have been before it began.
    assert_eq!(notices(ends, "2026-11-20T00:00:00Z"), []);
    assert_eq!(notices(ends, "2026-11-23T16:00:00Z"), warned("7"));
    assert_eq!(notices(ends, "2026-11-30T15:59:59Z"), warned("1"));
    assert_eq!(notices(ends, "2026-11-30T16:00:00Z"), [(Kind::LeaseEnded, "0".to_owned())]);
    assert_eq!(notices("2026-12-15T00:00:00+08:00", "2026-11-23T16:00:00Z"), warned("30"));
}

#[test]
fn a_pool_is_told_of_each_time_it_turns() {
    let notices = |type_: &str, status: &str, since: &str| {
        let pool = read(json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "ResourcePool", "metadata": {"name": "cec", "uid": "u3"},
            "spec": {
                "displayName": "中电长城网际资源池", "provider": {"name": "x", "code": "x"},
                "contract": {"id": "x", "start": "2020-01-01", "end": "2026-12-31", "capacity": {"cpu": "1", "memory": "1G", "storage": "1G"}}
            },
            "status": {"conditions": [{"type": type_, "status": status, "reason": "R", "message": "m", "lastTransitionTime": since}]}
        }));
        pool::notices(&pool)
    };
    let at = "2026-11-23T06:00:00Z";
    let cases = [
        ("PhysicalShortfall", "True", Some(Kind::PoolShort)),
        ("PhysicalShortfall", "False", None),
        ("LedgerConsistent", "False", Some(Kind::PoolHalted)),
        ("ClusterReachable", "False", Some(Kind::PoolUnreachable)),
        ("ClusterReachable", "True", None),
        ("Ready", "False", None),
    ];
    for (type_, status, expected) in cases {
        let found: Vec<_> = notices(type_, status, at).iter().map(|notice| notice.kind).collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{type_}={status}");
    }
    let id = |since| notices("PhysicalShortfall", "True", since)[0].id.clone();
    assert_eq!(id(at), id(at));
    assert_ne!(id(at), id("2026-11-23T07:00:00Z"));
}
