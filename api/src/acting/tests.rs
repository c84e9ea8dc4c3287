use ledger::Bundle;
use serde_json::{Value, json};

use super::*;
use crate::access::Membership;

const NOW: &str = "2026-11-23T06:00:00Z";

fn request(status: &Value) -> QuotaRequest {
    serde_json::from_value(json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest",
        "metadata": {"name": "qr-1", "namespace": "dept-civil-affairs"},
        "spec": {
            "requester": "zhang", "type": "Change", "application": "a", "pool": "cec",
            "resources": {"cpu": "72", "memory": "128G", "storage": "10T"}, "justification": "more people come",
        },
        "status": status,
    }))
    .unwrap()
}

fn at(phase: &str, stage: &str) -> Value {
    json!({"phase": phase, "revision": 2, "stage": {"name": stage}})
}

fn with(mut status: Value, field: &str, value: Value) -> Value {
    status[field] = value;
    status
}

fn admin() -> Rights {
    Rights { accepts: true, approves: true, offers: true, ..Rights::default() }
}

fn tech() -> Rights {
    Rights { reviews: true, offers: true, ..Rights::default() }
}

fn member(membership: Membership) -> Rights {
    Rights { departments: [("civil-affairs".to_owned(), membership)].into(), ..Rights::default() }
}

fn facts() -> Facts {
    let cpu = |millis| Bundle::new(millis, 128_000_000_000, 10_000_000_000_000);
    Facts { has: cpu(64_000), target: cpu(72_000), ..Facts::default() }
}

/// Each action that is shown, with the code for which it isn't open.
fn shown(request: &QuotaRequest, name: &str, rights: &Rights) -> Vec<(&'static str, &'static str)> {
    let process = Process::staged();
    let acting = Acting::new(request, facts(), &process, (name, rights), NOW.parse().unwrap());
    let code = |refusal: Option<Refusal>| refusal.map_or("", |refusal| refusal.code());
    acting.actions().into_iter().map(|(verdict, refusal)| (verdict.name(), code(refusal))).collect()
}

fn waits(request: &QuotaRequest, name: &str, rights: &Rights) -> bool {
    let process = Process::staged();
    Acting::new(request, facts(), &process, (name, rights), NOW.parse().unwrap()).waits()
}

#[test]
fn each_sees_what_is_open_and_why_the_rest_isnt_his() {
    let submitted = request(&at("Submitted", "Acceptance"));
    let role = "RoleMissing";
    let admins = [("Accept", ""), ("Return", ""), ("Reject", ""), ("Withdraw", "NotYours"), ("Urge", "")];
    assert_eq!(shown(&submitted, "wang", &admin()), admins);
    let techs = [("Accept", role), ("Return", role), ("Reject", role), ("Withdraw", "NotYours"), ("Urge", role)];
    assert_eq!(shown(&submitted, "liu", &tech()), techs);
    let own = [("Accept", role), ("Return", role), ("Reject", role), ("Withdraw", ""), ("Urge", "")];
    assert_eq!(shown(&submitted, "zhang", &member(Membership::User)), own);
    // Whoever asked doesn't decide, whatever other roles he has.
    let both = Rights { departments: member(Membership::User).departments, ..admin() };
    assert_eq!(shown(&submitted, "zhang", &both)[0], ("Accept", "SelfApproval"));
    assert_eq!(shown(&request(&at("Released", "Released")), "wang", &admin()), []);
}

#[test]
fn the_second_stage_is_for_another_person() {
    let acted = json!({"stage": "AdminApproval", "acted": [{"stage": "TechReview", "by": "wang"}]});
    let second = request(&with(at("TechReview", "AdminApproval"), "review", acted));
    let of = |name: &str| shown(&second, name, &admin()).into_iter().find(|(verdict, _)| *verdict == "Approve");
    assert_eq!(of("wang"), Some(("Approve", "SameReviewer")));
    assert_eq!(of("sun"), Some(("Approve", "")));
    assert!(!waits(&second, "wang", &admin()) && waits(&second, "sun", &admin()) && !waits(&second, "liu", &tech()));
}

/// The role alone isn't enough: the admission policy asks for the verb.
#[test]
fn what_the_cluster_wouldnt_let_him_write_isnt_open() {
    let review = request(&at("TechReview", "TechReview"));
    assert!(shown(&review, "liu", &tech()).contains(&("Offer", "")));
    let without = Rights { offers: false, ..tech() };
    assert!(shown(&review, "liu", &without).contains(&("Offer", "RoleMissing")));
}

#[test]
fn an_offer_waits_for_the_owner_until_its_time_is_over() {
    let offer = |until: &str| {
        let offer = json!({
            "pool": "cec", "resources": {"cpu": "68", "memory": "128G", "storage": "10T"}, "by": "liu",
            "reason": "the pool is short", "expiresAt": until, "round": 1,
        });
        request(&with(at("Offered", "Offered"), "offer", offer))
    };
    let (open, over) = (offer("2026-11-30T17:30:00+08:00"), offer("2026-11-23T14:00:00+08:00"));
    assert!(waits(&open, "zhao", &member(Membership::Owner)));
    assert!(!waits(&open, "zhang", &member(Membership::User)) && !waits(&over, "zhao", &member(Membership::Owner)));
    assert_eq!(shown(&over, "zhao", &member(Membership::Owner))[0], ("AcceptOffer", "OfferOver"));
}

#[test]
fn a_returned_request_is_corrected_by_whoever_made_it() {
    let returned = json!({"by": "wang", "reason": "which users?", "fields": ["spec.basis.users"], "from": "Submitted"});
    let back = request(&with(at("Returned", "Returned"), "returned", returned));
    let process = Process::staged();
    let code = |request: &QuotaRequest, name: &str, rights: &Rights| {
        let acting = Acting::new(request, facts(), &process, (name, rights), NOW.parse().unwrap());
        acting.correction_blocked().map(|refusal| refusal.code())
    };
    let (user, owner) = (member(Membership::User), member(Membership::Owner));
    assert_eq!(code(&back, "zhang", &user), None);
    assert_eq!(code(&back, "zhao", &owner), Some("NotYours"));
    assert_eq!(code(&back, "wang", &admin()), Some("NotYours"));
    assert_eq!(code(&request(&at("Submitted", "Acceptance")), "zhang", &user), Some("WrongStage"));
    assert!(waits(&back, "zhang", &user) && !waits(&back, "zhao", &owner) && !waits(&back, "wang", &admin()));
}

#[test]
fn an_undo_is_shown_for_as_long_as_it_is_one() {
    let withdrawn = |at: &str| json!({"by": "zhang", "at": at, "from": "Accepted"});
    let withdrawal = |when: &str| request(&with(at("Withdrawn", "Withdrawn"), "withdrawn", withdrawn(when)));
    let user = member(Membership::User);
    assert_eq!(shown(&withdrawal("2026-11-23T05:59:30Z"), "zhang", &user), [("Reinstate", "")]);
    assert_eq!(shown(&withdrawal("2026-11-23T05:58:59Z"), "zhang", &user), []);
}

/// The short way names no stage, and knows three verdicts.
#[test]
fn the_short_way_is_one_decision() {
    let process = Process::direct();
    let shown = |request: &QuotaRequest, name: &str, rights: &Rights| {
        let acting = Acting::new(request, facts(), &process, (name, rights), NOW.parse().unwrap());
        assert_eq!(acting.stage(), None);
        let code = |refusal: Option<Refusal>| refusal.map_or("", |refusal| refusal.code());
        let actions: Vec<_> =
            acting.actions().into_iter().map(|(verdict, refusal)| (verdict.name(), code(refusal))).collect();
        (actions, acting.waits())
    };
    let submitted = request(&json!({"phase": "Submitted", "revision": 1}));
    let open = vec![("Approve", ""), ("Reject", ""), ("Withdraw", "NotYours")];
    assert_eq!(shown(&submitted, "wang", &admin()), (open.clone(), true));
    assert_eq!(shown(&submitted, "liu", &tech()), (open, true));
    let own = vec![("Approve", "SelfApproval"), ("Reject", "SelfApproval"), ("Withdraw", "")];
    assert_eq!(shown(&submitted, "zhang", &member(Membership::User)), (own, false));
    let onlooker = vec![("Approve", "RoleMissing"), ("Reject", "RoleMissing"), ("Withdraw", "NotYours")];
    assert_eq!(shown(&submitted, "audit", &Rights::default()), (onlooker, false));
    assert_eq!(shown(&request(&json!({"phase": "Active", "revision": 1})), "wang", &admin()), (vec![], false));
}

/// What the operator doesn't carry out yet isn't offered: it is changed by another request.
#[test]
fn what_is_in_force_isnt_taken_back_by_a_verdict() {
    assert_eq!(shown(&request(&at("Active", "Active")), "wang", &admin()), []);
    assert_eq!(shown(&request(&at("Reclaiming", "Reclaiming")), "wang", &admin()), [("Urge", "")]);
    assert!(!waits(&request(&at("Expired", "Expired")), "wang", &admin()));
}

fn decision(verdict: Verdict, stage: Option<&str>, offered: Option<[&str; 3]>) -> QuotaDecisionSpec {
    serde_json::from_value(json!({
        "request": {"name": "qr-1", "uid": "u"}, "requestRevision": 2, "verdict": verdict, "decidedBy": "liu",
        "stage": stage, "reason": "the pool is short of cpu",
        "resources": offered.map(|[cpu, memory, storage]| json!({"cpu": cpu, "memory": memory, "storage": storage})),
    }))
    .unwrap()
}

/// What the operator would find wrong with the decision itself is said before it is written; what
/// depends on the moment isn't.
#[test]
fn what_is_malformed_isnt_written() {
    let review = request(&at("TechReview", "TechReview"));
    let process = Process::staged();
    let rights = tech();
    let acting = Acting::new(&review, facts(), &process, ("liu", &rights), NOW.parse().unwrap());
    let code = |decision: &QuotaDecisionSpec| acting.malformed(decision).map(|refusal| refusal.code());
    let offer = |cpu| decision(Verdict::Offer, Some("TechReview"), Some([cpu, "128G", "10T"]));
    assert_eq!(code(&offer("68")), None);
    for cpu in ["64", "72", "80", "60"] {
        assert_eq!(code(&offer(cpu)), Some("OfferInvalid"), "{cpu}");
    }
    assert_eq!(code(&decision(Verdict::Approve, None, None)), Some("StageMissing"));
    assert_eq!(code(&decision(Verdict::Approve, Some("TechReview"), None)), None);
    assert_eq!(code(&decision(Verdict::Approve, Some("AdminApproval"), None)), None, "the operator says WrongStage");
    let explained = acting.explain("WrongStage", &decision(Verdict::Accept, None, None)).unwrap();
    assert!(explained.to_string().contains("TechReview at stage TechReview"), "{explained}");
    assert_eq!(acting.explain("InsufficientCapacity", &offer("68")), None);
}
