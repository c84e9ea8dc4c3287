use serde_json::json;
use unicode_width::UnicodeWidthStr;

use super::*;

/// 2026-11-23T06:40:00Z, 14:40 in the city.
const NOW: Timestamp = Timestamp::constant(1_795_416_000, 0);

fn request(name: &str, phase: &str, requester: &str, created: &str) -> QuotaRequest {
    serde_json::from_value(json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest",
        "metadata": {"namespace": "dept-civil-affairs", "name": name, "creationTimestamp": created},
        "spec": {
            "requester": requester, "type": "Change", "application": "province-integrated-platform-of-hubei-2", "pool": "inspur",
            "resources": {"cpu": "1072", "memory": "12128G", "storage": "1010T"}, "justification": "more people ask\nthan before"
        },
        "status": {"number": format!("2026-{:0>6}", name.len()), "phase": phase}
    }))
    .unwrap()
}

fn three() -> Vec<QuotaRequest> {
    let zhang = "system:serviceaccount:yunheng-people:zhang";
    vec![
        request("qr-old", "Active", zhang, "2026-11-20T06:10:00Z"),
        request("qr-newest", "Submitted", "wang", "2026-11-23T06:10:00Z"),
        request("qr-middle", "Provisioning", zhang, "2026-11-22T06:10:00Z"),
    ]
}

#[test]
fn filters_and_order() {
    let zhang = "system:serviceaccount:yunheng-people:zhang";
    let cases: [(Filter<'_>, &[&str]); 4] = [
        (Filter::default(), &["qr-newest", "qr-middle", "qr-old"]),
        (Filter { phases: &[Phase::Submitted, Phase::Active], ..Filter::default() }, &["qr-newest", "qr-old"]),
        (Filter { open: true, ..Filter::default() }, &["qr-newest", "qr-middle"]),
        (Filter { open: true, person: Some(zhang), ..Filter::default() }, &["qr-middle"]),
    ];
    for (filter, expected) in cases {
        let found: Vec<String> = lines(three(), &filter, NOW).into_iter().map(|line| line.name).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn the_table_fits_and_shows_short_names() {
    let list = RequestList { as_of: NOW, items: lines(three(), &Filter::default(), NOW) };
    let narrow = text(&list, Width::Narrow);
    assert!(narrow.lines().all(|line| line.width() <= table::COLUMNS), "{narrow}");
    assert!(narrow.contains("zhang") && !narrow.contains("serviceaccount"), "{narrow}");
    assert!(narrow.contains("30m") && narrow.contains('…'), "{narrow}");
    let wide = text(&list, Width::Wide);
    assert!(wide.contains("province-integrated-platform-of-hubei-2") && wide.contains("more people ask than before"));
    assert_eq!(wide.lines().count(), 4, "{wide}");
}

#[test]
fn a_phase_is_known_by_its_name() {
    assert_eq!(parse_phase("techreview"), Ok(Phase::TechReview));
    assert!(parse_phase("Done").unwrap_err().contains("Submitted, Accepted"));
}

#[test]
fn ages() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let now = at("2026-11-23T06:10:00Z");
    let cases = [
        ("2026-11-23T06:09:20Z", "40s"),
        ("2026-11-23T05:58:00Z", "12m"),
        ("2026-11-23T01:10:00Z", "5h"),
        ("2026-11-20T06:10:00Z", "3d"),
        ("2026-11-23T06:11:00Z", "0s"),
    ];
    for (from, expected) in cases {
        assert_eq!(age(at(from), now), expected);
    }
}

/// Four that are under way, made one after the other.
fn under_way() -> Vec<QuotaRequest> {
    let stages = [
        ("qr-nothing", "Submitted", json!(null), json!(null)),
        (
            "qr-later",
            "TechReview",
            json!({"stage": "AdminApproval", "assignee": "wang"}),
            limit("sla.opinion", "2026-12-04T17:30:00+08:00", true),
        ),
        (
            "qr-late",
            "TechReview",
            json!({"assignee": "zhao"}),
            limit("sla.opinion", "2026-11-20T17:30:00+08:00", false),
        ),
        ("qr-offer", "Offered", json!(null), limit("offer.answerWithin", "2026-11-21T17:30:00+08:00", false)),
        ("qr-gone", "Withdrawn", json!(null), limit("withdraw.undo", "2026-11-23T06:00:00+08:00", false)),
    ];
    let mut made = Vec::new();
    for (name, phase, review, stage) in stages {
        let mut one = serde_json::to_value(request(name, phase, "li", "2026-11-19T06:10:00Z")).unwrap();
        one["status"]["review"] = review;
        one["status"]["stage"] = stage;
        made.push(serde_json::from_value(one).unwrap());
    }
    made
}

fn limit(key: &str, due_at: &str, provisional: bool) -> serde_json::Value {
    json!({"name": "as stored", "limit": key, "dueAt": due_at, "provisional": provisional, "overdue": false})
}

#[test]
fn what_is_due_first_comes_first_and_what_is_over_is_due_never() {
    let found = |filter: Filter<'_>| -> Vec<String> {
        lines(under_way(), &filter, NOW).into_iter().map(|line| line.name).collect()
    };
    assert_eq!(found(Filter::default()), ["qr-late", "qr-offer", "qr-later", "qr-nothing", "qr-gone"]);
    assert_eq!(found(Filter { stages: &["AdminApproval"], ..Filter::default() }), ["qr-later"]);
    assert_eq!(found(Filter { stages: &["Acceptance", "Offered"], ..Filter::default() }), ["qr-offer", "qr-nothing"]);
    // An offer that wasn't answered lapses: that isn't the reviewers' delay.
    assert_eq!(found(Filter { overdue: true, ..Filter::default() }), ["qr-late"]);
    assert_eq!(found(Filter { person: Some("wang"), ..Filter::default() }), ["qr-later"]);
}

#[test]
fn the_table_says_what_is_late_and_what_is_provisional() {
    let list = RequestList { as_of: NOW, items: lines(under_way(), &Filter::default(), NOW) };
    let narrow = text(&list, Width::Narrow);
    assert!(narrow.lines().all(|line| line.width() <= table::COLUMNS), "{narrow}");
    let wide = text(&list, Width::Wide);
    assert!(wide.contains("TechReview     2026-11-20 17:30 overdue  "), "{wide}");
    assert!(wide.contains("AdminApproval  2026-12-04 17:30 provisional  "), "{wide}");
    for mark in ["overdue", "provisional", "11-20 17:30"] {
        assert!(narrow.contains(mark), "{narrow}");
    }
    let shown = serde_json::to_value(&list).unwrap();
    assert_eq!(shown["items"][0]["dueAt"], "2026-11-20T17:30:00+08:00");
    assert_eq!((&shown["items"][0]["overdue"], &shown["items"][2]["stage"]), (&json!(true), &json!("AdminApproval")));
}

#[test]
fn a_stage_is_known_by_its_name() {
    assert_eq!(parse_stage("adminapproval"), Ok("AdminApproval"));
    assert_eq!(parse_stage("offered"), Ok("Offered"));
    assert!(parse_stage("Submitted").unwrap_err().contains("Acceptance, TechReview, AdminApproval, Offered"));
}
