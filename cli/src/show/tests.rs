use resources::policy::ApprovalPath;
use serde_json::json;
use unicode_width::UnicodeWidthStr;

use super::*;
use crate::stand::tests::{NOW, request, stand};

fn shown(status: Value) -> Shown {
    let request = request(status);
    let stand = stand(&request, ApprovalPath::Staged);
    Shown::of(request, &stand, NOW)
}

/// Returned once and sent again, taken by one and approved; overdue at the second stage.
fn reviewed() -> Value {
    json!({
        "phase": "TechReview",
        "stage": {"name": "as stored", "limit": "sla.opinion", "dueAt": "2026-11-20T17:30:00+08:00", "provisional": true},
        "review": {"stage": "AdminApproval", "assignee": "wang", "acted": [{"stage": "TechReview", "by": "wang"}]},
        "history": [
            {"at": "2026-11-17T06:10:00Z", "by": "system:serviceaccount:yunheng-people:zhang", "to": "Submitted"},
            {
                "at": "2026-11-18T06:10:00Z", "by": "wang", "from": "TechReview", "to": "Returned", "verdict": "Return",
                "reasonCode": "incomplete", "reason": "高峰期并发数是多少\u{1b}[31m, 请补充近三个月的监控数据和测算依据, 并说明内存与并发数的关系",
            },
            {
                "at": "2026-11-19T06:10:00Z", "by": "zhang", "from": "Returned", "to": "TechReview", "stage": "TechReview",
                "changes": [{"field": "spec.resources.cpu", "before": "80", "after": "72"}, {"field": "spec.basis.users", "before": "", "after": "4000"}],
            },
            {"at": "2026-11-19T07:10:00Z", "by": "wang", "from": "TechReview", "to": "TechReview", "verdict": "Approve", "stage": "AdminApproval"},
        ],
    })
}

#[test]
fn a_request_is_shown_with_its_history() {
    let text = shown(reviewed()).text();
    let expected = [
        "2026-000123 (qr-abcde) in dept-civil-affairs\n",
        "Change of marriage-registry in cec, asked by zhang, 2026-11-23 14:10\n",
        "cpu         64     72\n",
        "stands       TechReview, stage AdminApproval, revision 2\n",
        "due          2026-11-20 17:30 overdue, provisional (sla.opinion)\n",
        "waits for    approver-admin\n",
        "reviewed     taken by wang, TechReview by wang\n",
        "can be done  approve, return, reject, offer, withdraw, urge, with `kubectl yunheng`\n",
        "2026-11-17 14:10  zhang  Submitted",
        "Return: Returned",
        "[incomplete]",
        "sent again: TechReview",
        "spec.resources.cpu:\n",
        "- 80\n",
        "+ 72\n",
        "- (empty)\n",
        "Approve: AdminApproval",
    ];
    for words in expected {
        assert!(text.contains(words), "{words:?} isn't in\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
    assert!(text.lines().all(|line| line.width() <= table::COLUMNS), "{text}");
    let later: Vec<usize> = ["cpu  ", "stands", "2026-11-17"].iter().map(|words| text.find(words).unwrap()).collect();
    assert!(later.is_sorted(), "{text}");
}

#[test]
fn an_offer_is_shown_beside_what_was_asked() {
    let offer = json!({
        "pool": "cec", "resources": {"cpu": "70", "memory": "128G", "storage": "10T"}, "by": "wang", "round": 1,
        "reason": "no more room this year", "expiresAt": "2026-11-30T17:30:00+08:00",
    });
    let text = shown(json!({"phase": "Offered", "offer": offer, "review": {"offers": 1}})).text();
    for words in [
        "RESOURCE   HAS  ASKED  OFFERED\n",
        "cpu         64     72       70\n",
        "the first by wang, answer until 2026-11-30 17:30: no more room this year\n",
        "waits for    department-owner\n",
        "accept-offer, decline-offer, withdraw, urge",
    ] {
        assert!(text.contains(words), "{words:?} isn't in\n{text}");
    }
    let text = shown(json!({"phase": "Active", "offer": offer})).text();
    assert!(text.contains("the first by wang, accepted:") && !text.contains("can be done"), "{text}");
}

#[test]
fn what_has_to_be_corrected_is_shown_with_what_is_there() {
    let returned = json!({
        "by": "wang", "reason": "say how many people use it", "from": "TechReview", "spec": "{\"not\": \"shown\"}",
        "fields": ["spec.resources.memory", "spec.basis.users"],
    });
    let shown = shown(json!({"phase": "Returned", "returned": returned}));
    let text = shown.text();
    for words in [
        "Returned by wang: say how many people use it\n",
        "- spec.resources.memory, now 128G\n",
        "- spec.basis.users, now empty\n",
        "zhang corrects it: kubectl edit quotarequest qr-abcde -n dept-civil-affairs\n",
    ] {
        assert!(text.contains(words), "{words:?} isn't in\n{text}");
    }
    assert!(!serde_json::to_string(&shown).unwrap().contains("not"), "the form as it was isn't shown");
}

#[test]
fn what_is_over_is_due_never_and_waits_for_nobody() {
    let stage = json!({"name": "Active", "limit": "sla.opinion", "dueAt": "2026-11-20T17:30:00+08:00"});
    let text = shown(json!({"phase": "Active", "stage": stage})).text();
    assert!(!text.contains("due  ") && !text.contains("waits for"), "{text}");
}

#[test]
fn a_refusal_is_shown_until_something_happens_after_it() {
    let refused_at = |at: &str| {
        let answer =
            json!({"outcome": "Refused", "code": "Stale", "message": "look again", "at": at, "conditions": []});
        let history = json!([{"at": "2026-11-19T06:10:00Z", "by": "wang", "to": "Submitted"}]);
        let status =
            json!({"phase": "Submitted", "history": history, "refusal": {"decision": "qd-1", "answer": answer}});
        shown(status).text().contains("qd-1, Stale: look again")
    };
    assert!(refused_at("2026-11-19T06:10:00Z") && !refused_at("2026-11-19T06:09:59Z"));
}

#[test]
fn an_offer_that_came_to_nothing_isnt_called_accepted() {
    let offer = json!({
        "pool": "cec", "resources": {"cpu": "70", "memory": "128G", "storage": "10T"}, "by": "wang", "round": 2,
        "reason": "no more room this year", "expiresAt": "2026-11-30T17:30:00+08:00",
    });
    let text = shown(json!({"phase": "Withdrawn", "offer": offer})).text();
    assert!(text.contains("the second by wang, not accepted:"), "{text}");
}
