//! What is refused, and as what.

use super::*;
use crate::v1alpha1::{QuotaDecisionSpec, RequestRef};

fn rules() -> Rules {
    Rules::default()
}

fn given(verdict: Verdict) -> Given {
    Given { reason: Some(REASON.into()), ..verdict.into() }
}

#[test]
fn acceptance_7_a_reason_is_ten_to_two_thousand_characters() {
    let reviewed = small(Phase::TechReview);
    let asked = offered(small(Phase::Offered));
    let open = small(Phase::Provisioning);
    let active = small(Phase::Active);
    let cases = [
        (&reviewed, Role::ApproverTech, Verdict::Return),
        (&reviewed, Role::ApproverTech, Verdict::Reject),
        (&reviewed, Role::ApproverTech, Verdict::Offer),
        (&asked, Role::DepartmentOwner, Verdict::DeclineOffer),
        (&open, Role::CloudAdmin, Verdict::Cancel),
        (&active, Role::ApproverAdmin, Verdict::Reclaim),
    ];
    let long = "长".repeat(2001);
    for (standing, role, verdict) in cases {
        for (reason, expected) in [
            (None, "ReasonMissing"),
            (Some(""), "ReasonMissing"),
            (Some("没有空间了请再等等"), "ReasonMissing"),
            (Some("没有空间了请再等等吧"), "allowed"),
            (Some("      too short     "), "ReasonMissing"),
            (Some(&long[..6000]), "allowed"),
            (Some(&long[..]), "ReasonMissing"),
        ] {
            let Deed::Verdict(full) = full(standing, verdict) else { continue };
            let deed = Deed::Verdict(Given { reason: reason.map(str::to_owned), ..full });
            let result = transition(standing, &act(standing, one(role), deed), &rules());
            assert_eq!(code(result), expected, "{verdict:?} because {reason:?}");
        }
    }
}

#[test]
fn acceptance_15_nobody_decides_what_he_asked_for_or_corrected() {
    let roles = [Role::ApproverAdmin, Role::ApproverTech, Role::CloudAdmin, Role::DepartmentUser];
    let mut standing = small(Phase::Submitted);
    standing.editors.insert("zhou".into());
    for phase in Phase::ALL {
        standing.phase = Some(phase);
        for who in ["zhang", "zhou"] {
            let deciding = [
                Verdict::Accept,
                Verdict::Take,
                Verdict::Approve,
                Verdict::Return,
                Verdict::Reject,
                Verdict::Offer,
                Verdict::Confirm,
                Verdict::Cancel,
                Verdict::Reclaim,
            ];
            for verdict in deciding {
                let act = act(&standing, Actor::new(who, roles), full(&standing, verdict));
                assert_eq!(code(transition(&standing, &act, &rules())), "SelfApproval", "{verdict:?} by {who}");
            }
        }
    }
}

#[test]
fn acceptance_16_four_eyes_are_those_of_two_people_in_order() {
    let both = |name: &str| Actor::new(name, [Role::ApproverTech, Role::ApproverAdmin]);
    let first = large(Phase::TechReview);
    // Stage 2 before stage 1: the stage that was looked at isn't the request's.
    let early = Act {
        seen: Seen { revision: 1, stage: Some("AdminApproval".into()) },
        ..act(&first, one(Role::ApproverAdmin), full(&first, Verdict::Approve))
    };
    assert_eq!(code(transition(&first, &early, &rules())), "WrongStage");
    let opinion = act(&first, both("wang"), full(&first, Verdict::Approve));
    let second = transition(&first, &opinion, &rules()).unwrap().next;
    for verdict in [Verdict::Approve, Verdict::Return, Verdict::Reject, Verdict::Offer] {
        let same = act(&second, both("wang"), full(&second, verdict));
        let refusal = transition(&second, &same, &rules()).unwrap_err();
        assert_eq!(refusal, Refusal::SameReviewer { before: ReviewStage::TechReview });
    }
    let other = act(&second, both("chen"), full(&second, Verdict::Approve));
    assert_eq!(transition(&second, &other, &rules()).unwrap().next.phase, Some(Phase::Approved));
    // The one who returned it at stage 2 isn't the one with the opinion on what was corrected.
    let back = transition(&second, &act(&second, both("chen"), full(&second, Verdict::Return)), &rules()).unwrap().next;
    let resubmit = act(&back, one(Role::DepartmentUser), Deed::Resubmit { changes: vec![] });
    let again = transition(&back, &resubmit, &rules()).unwrap().next;
    assert_eq!(again.stage(), "TechReview");
    let chen = act(&again, both("chen"), full(&again, Verdict::Approve));
    assert_eq!(code(transition(&again, &chen, &rules())), "SameReviewer");
    let wang = act(&again, both("wang"), full(&again, Verdict::Approve));
    assert_eq!(code(transition(&again, &wang, &rules())), "allowed");
}

#[test]
fn the_threshold_itself_needs_no_second_pair_of_eyes() {
    let mut standing = small(Phase::TechReview);
    for (target, needed) in [
        (b(104, 192, 14), false),
        (b(105, 64, 4), true),
        (b(40, 193, 4), true),
        (b(40, 64, 15), true),
        (b(1, 1, 1), false),
    ] {
        standing.facts.target = target;
        assert_eq!(rules().needs_four_eyes(&standing), needed, "{target:?}");
    }
    assert!(rules().needs_four_eyes(&new(Phase::TechReview)));
    let off = Rules { four_eyes: None, ..rules() };
    assert!(!off.needs_four_eyes(&new(Phase::TechReview)));
}

#[test]
fn acceptance_14_who_comes_late_or_again_changes_nothing() {
    let standing = Standing { revision: 3, ..small(Phase::TechReview) };
    let approve = act(&standing, one(Role::ApproverTech), full(&standing, Verdict::Approve));
    let stale = Act { seen: Seen { revision: 2, ..approve.seen.clone() }, ..approve.clone() };
    assert_eq!(transition(&standing, &stale, &rules()).unwrap_err(), Refusal::Stale { now: 3, seen: 2 });
    let approved = transition(&standing, &approve, &rules()).unwrap().next;
    let refusal = transition(&approved, &approve, &rules()).unwrap_err();
    let Refusal::WrongStage { phase, revision, stage, open, .. } = &refusal else { panic!("{refusal}") };
    assert_eq!((*phase, *revision, *stage), (Some(Phase::Approved), 3, "Approved"));
    let open: Vec<_> = open.iter().map(|open| open.verdict).collect();
    assert_eq!(open, [Verdict::Withdraw, Verdict::Urge]);
    assert_eq!(
        refusal.to_string(),
        "the request is Approved at stage Approved, revision 3, and Approve doesn't apply to it; what does: Withdraw (department-user or department-owner), Urge (department-user or department-owner or cloud-admin or approver-admin)"
    );
    // The second opinion of two who looked at stage 1 isn't an approval at stage 2.
    let first = large(Phase::TechReview);
    let opinion = |who: &str| {
        act(&first, Actor::new(who, [Role::ApproverTech, Role::ApproverAdmin]), full(&first, Verdict::Approve))
    };
    let second = transition(&first, &opinion("wang"), &rules()).unwrap().next;
    assert_eq!(code(transition(&second, &opinion("sun"), &rules())), "WrongStage");
}

#[test]
fn an_offer_is_some_of_what_was_asked_for() {
    let standing = small(Phase::TechReview);
    let cases = [
        (Some(b(56, 80, 5)), later(), None),
        (Some(b(41, 64, 4)), later(), None),
        (Some(b(72, 96, 5)), later(), Some(OfferFault::AllThatWasAsked)),
        (Some(b(73, 96, 5)), later(), Some(OfferFault::Outside)),
        (Some(b(56, 63, 5)), later(), Some(OfferFault::Outside)),
        (Some(b(40, 64, 4)), later(), Some(OfferFault::Nothing)),
        (Some(Bundle::ZERO), later(), Some(OfferFault::Nothing)),
        (None, later(), Some(OfferFault::Nothing)),
        (Some(b(56, 80, 5)), now(), Some(OfferFault::NoTime)),
    ];
    for (amounts, until, fault) in cases {
        let deed = Deed::Verdict(Given { offered: amounts, answer_by: Some(until), ..given(Verdict::Offer) });
        let result = transition(&standing, &act(&standing, one(Role::ApproverTech), deed), &rules());
        assert_eq!(result.err(), fault.map(|fault| Refusal::OfferInvalid { fault }), "{amounts:?}");
    }
    // Where the request gives something back, the offer does so too.
    let mut mixed = small(Phase::TechReview);
    mixed.facts.target = b(72, 32, 4);
    for (amounts, expected) in
        [(b(56, 32, 4), "allowed"), (b(56, 16, 4), "OfferInvalid"), (b(56, 64, 4), "OfferInvalid")]
    {
        let deed = Deed::Verdict(Given { offered: Some(amounts), answer_by: Some(later()), ..given(Verdict::Offer) });
        assert_eq!(code(transition(&mixed, &act(&mixed, one(Role::ApproverTech), deed), &rules())), expected);
    }
}

#[test]
fn there_are_two_rounds_of_offers() {
    let last = Standing { offers: 2, ..offered(small(Phase::Offered)) };
    assert_eq!(code(give(&last, Role::DepartmentOwner, Verdict::DeclineOffer)), "OfferRoundsUsed");
    assert_eq!(code(give(&last, Role::DepartmentOwner, Verdict::AcceptOffer)), "allowed");
    let used = Standing { offers: 2, ..small(Phase::TechReview) };
    assert_eq!(code(give(&used, Role::ApproverTech, Verdict::Offer)), "OfferRoundsUsed");
    assert_eq!(code(give(&used, Role::ApproverTech, Verdict::Approve)), "allowed");
}

#[test]
fn times_are_kept_to_the_second() {
    let second = jiff::SignedDuration::from_secs(1);
    let asked = offered(small(Phase::Offered));
    for (verdict, at, expected) in [
        (Verdict::AcceptOffer, later() - second, "allowed"),
        (Verdict::AcceptOffer, later(), "OfferOver"),
        (Verdict::DeclineOffer, later(), "OfferOver"),
    ] {
        let act = Act { at, ..act(&asked, one(Role::DepartmentOwner), full(&asked, verdict)) };
        assert_eq!(code(transition(&asked, &act, &rules())), expected);
    }
    let gone = withdrawn(small(Phase::Accepted), Phase::Accepted);
    for (seconds, who, expected) in
        [(0, "zhang", "allowed"), (60, "zhang", "allowed"), (61, "zhang", "UndoOver"), (1, "li", "NotYours")]
    {
        let by = Actor::new(who, [Role::DepartmentUser]);
        let at = now() + jiff::SignedDuration::from_secs(seconds);
        let act = Act { at, ..act(&gone, by, full(&gone, Verdict::Reinstate)) };
        assert_eq!(code(transition(&gone, &act, &rules())), expected);
    }
    let mut active = small(Phase::Active);
    let mut back = returned(small(Phase::Returned), Phase::Accepted);
    let mut testing = new(Phase::Testing);
    for standing in [&mut active, &mut back, &mut testing] {
        standing.facts.due = Some(later());
    }
    for (standing, deed) in [(&active, Deed::TermEnded), (&back, Deed::ReturnLapsed), (&asked, Deed::OfferExpired)] {
        for (at, expected) in [(later() - second, "TooEarly"), (later(), "allowed")] {
            let act = Act { at, ..act(standing, Actor::system(), deed.clone()) };
            assert_eq!(code(transition(standing, &act, &rules())), expected);
        }
    }
    // A test is ended by itself only after a reminder.
    for (reminded, role, expected) in
        [(false, Role::System, "TooEarly"), (true, Role::System, "allowed"), (false, Role::DepartmentUser, "allowed")]
    {
        testing.facts.reminded = reminded;
        let act = Act { at: later(), ..act(&testing, one(role), Deed::TestEnded) };
        assert_eq!(code(transition(&testing, &act, &rules())), expected);
    }
    let mut urged = small(Phase::Accepted);
    urged.facts.urge_from = Some(later());
    assert_eq!(code(give(&urged, Role::DepartmentUser, Verdict::Urge)), "UrgedToday");
}

#[test]
fn a_later_request_waits_but_can_be_closed() {
    let cases = [
        (Phase::Submitted, Role::ApproverAdmin, Verdict::Accept, "AnotherRequestOpen"),
        (Phase::Submitted, Role::ApproverAdmin, Verdict::Return, "allowed"),
        (Phase::Submitted, Role::ApproverAdmin, Verdict::Reject, "allowed"),
        (Phase::Submitted, Role::DepartmentUser, Verdict::Withdraw, "allowed"),
        (Phase::Accepted, Role::ApproverTech, Verdict::Take, "AnotherRequestOpen"),
        (Phase::TechReview, Role::ApproverTech, Verdict::Approve, "AnotherRequestOpen"),
        (Phase::TechReview, Role::ApproverTech, Verdict::Offer, "AnotherRequestOpen"),
    ];
    for (phase, role, verdict, expected) in cases {
        let mut standing = small(phase);
        standing.facts.behind = Some("qr-0".into());
        assert_eq!(code(give(&standing, role, verdict)), expected, "{phase:?} {verdict:?}");
    }
    let mut gone = withdrawn(small(Phase::Accepted), Phase::Accepted);
    gone.facts.behind = Some("qr-2".into());
    assert_eq!(code(give(&gone, Role::DepartmentUser, Verdict::Reinstate)), "AnotherRequestOpen");
    let mut auto = small(Phase::Submitted);
    auto.facts.behind = Some("qr-0".into());
    let act = act(&auto, Actor::system(), Deed::AutoApprove { failed: vec![] });
    assert_eq!(code(transition(&auto, &act, &rules())), "AnotherRequestOpen");
}

#[test]
fn what_isnt_complete_isnt_begun() {
    let auto = |standing: &Standing, failed: &[&str]| {
        let failed = failed.iter().map(|rule| (*rule).to_owned()).collect();
        transition(standing, &act(standing, Actor::system(), Deed::AutoApprove { failed }), &rules())
    };
    assert_eq!(code(auto(&small(Phase::Submitted), &["R3"])), "RulesNotMet");
    let new = new(Phase::Submitted);
    assert_eq!(auto(&new, &[]).unwrap_err(), Refusal::RulesNotMet { rules: vec!["R6".into()] });
    let release = Standing { kind: RequestType::Release, ..small(Phase::Submitted) };
    assert_eq!(code(auto(&release, &[])), "RulesNotMet");

    let mut draft = Standing { phase: None, ..small(Phase::Submitted) };
    draft.facts.missing = vec!["basis".into()];
    let submit = act(&draft, one(Role::DepartmentUser), Deed::Submit);
    assert_eq!(code(transition(&draft, &submit, &rules())), "Incomplete");
    let mut testing = super::new(Phase::Testing);
    testing.facts.missing = vec!["密评".into()];
    assert_eq!(code(give(&testing, Role::ApproverTech, Verdict::Confirm)), "Incomplete");
}

#[test]
fn a_lowered_quota_isnt_raised_by_a_cancel() {
    let mut standing = small(Phase::Reclaiming);
    standing.facts.quota_lowered = true;
    assert_eq!(code(give(&standing, Role::ApproverAdmin, Verdict::Cancel)), "WrongStage");
    // What is to remain isn't released, and what isn't to remain doesn't go on.
    let done =
        |standing: &Standing, deed| code(transition(standing, &act(standing, Actor::operator(), deed), &rules()));
    assert_eq!(done(&standing, Deed::Freed), "WrongStage");
    assert_eq!(done(&new(Phase::Reclaiming), Deed::ShrinkDone), "WrongStage");
}

/// What an object says, in the roles that admission has proven.
#[test]
fn a_decision_acts_in_the_role_of_its_stage() {
    let decision = |verdict, stage: Option<&str>, by: &str| QuotaDecisionSpec {
        request: RequestRef { name: "qr-1".into(), uid: "u".into() },
        request_revision: 1,
        stage: stage.map(str::to_owned),
        verdict,
        resources: None,
        reason_code: None,
        fields: vec![],
        reason: Some(REASON.into()),
        decided_by: by.into(),
    };
    let second = at_second_stage(large(Phase::TechReview));
    for (standing, verdict, stage, by, expected) in [
        (&second, Verdict::Approve, Some("AdminApproval"), "chen", "allowed"),
        (&second, Verdict::Approve, Some("AdminApproval"), "wang", "SameReviewer"),
        (&second, Verdict::Approve, Some("TechReview"), "sun", "WrongStage"),
        (&second, Verdict::Approve, Some("Submitted"), "chen", "WrongStage"),
        (&second, Verdict::Approve, None, "chen", "StageMissing"),
        (&second, Verdict::Approve, Some("AdminApproval"), "zhang", "SelfApproval"),
        (&second, Verdict::Withdraw, None, "zhang", "allowed"),
        (&small(Phase::Submitted), Verdict::Reject, Some("Acceptance"), "chen", "allowed"),
        (&small(Phase::Submitted), Verdict::Accept, None, "chen", "allowed"),
        (&small(Phase::Provisioning), Verdict::Cancel, Some("Provisioning"), "admin", "allowed"),
        (&small(Phase::Provisioning), Verdict::Cancel, Some("Reclaiming"), "chen", "WrongStage"),
        (&small(Phase::Reclaiming), Verdict::Cancel, Some("Reclaiming"), "chen", "allowed"),
    ] {
        let act = Act::of(&decision(verdict, stage, by), now(), None);
        assert_eq!(code(transition(standing, &act, &rules())), expected, "{verdict:?} at {stage:?} by {by}");
    }
}

#[test]
fn without_tests_a_new_application_is_opened_at_once() {
    let rules = Rules { testing: false, ..rules() };
    let standing = held(new(Phase::Approved), b(8, 16, 1));
    let opened = transition(&standing, &act(&standing, Actor::operator(), Deed::ProvisionStarted), &rules).unwrap();
    assert_eq!(opened.moves, [Move::Grant(b(8, 16, 1))]);
    let seen = transition(&opened.next, &act(&opened.next, Actor::operator(), Deed::QuotaObserved), &rules).unwrap();
    assert_eq!(seen.next.phase, Some(Phase::Active));
}

#[test]
fn what_can_be_done_instead_is_what_is_carried_out_and_in_time() {
    let open = |standing: &Standing, at: Timestamp| -> Vec<(Verdict, &[Role])> {
        open_now(standing, at, &rules()).into_iter().map(|Open { verdict, by }| (verdict, by)).collect()
    };
    let verdicts = |standing: &Standing, at: Timestamp| -> Vec<Verdict> {
        open(standing, at).into_iter().map(|(verdict, _)| verdict).collect()
    };
    let (admin, tech) = ([Role::ApproverAdmin], [Role::ApproverTech]);
    let urge = &[Role::DepartmentUser, Role::DepartmentOwner, Role::CloudAdmin, Role::ApproverAdmin];
    let submitted = small(Phase::Submitted);
    let expected: [(Verdict, &[Role]); 5] = [
        (Verdict::Accept, &admin),
        (Verdict::Return, &admin),
        (Verdict::Reject, &admin),
        (Verdict::Withdraw, DEPARTMENT),
        (Verdict::Urge, urge),
    ];
    assert_eq!(open(&submitted, now()), expected);
    // In the order of the verdicts, each with the step's own people.
    assert_eq!(open(&small(Phase::TechReview), now())[0], (Verdict::Approve, &tech[..]));
    assert_eq!(verdicts(&small(Phase::Provisioning), now()), [Verdict::Cancel, Verdict::Urge]);
    assert_eq!(verdicts(&small(Phase::Active), now()), [Verdict::Reclaim]);
    // What comes too early or too late, or after another request, isn't open.
    let urged = Standing { facts: Facts { urge_from: Some(later()), ..submitted.facts.clone() }, ..submitted.clone() };
    assert!(!verdicts(&urged, now()).contains(&Verdict::Urge) && verdicts(&urged, later()).contains(&Verdict::Urge));
    let behind = Standing { facts: Facts { behind: Some("qr-1".into()), ..submitted.facts.clone() }, ..submitted };
    assert_eq!(verdicts(&behind, now()), [Verdict::Return, Verdict::Reject, Verdict::Withdraw, Verdict::Urge]);
    let offered = Standing { offers: 2, ..small(Phase::TechReview) };
    assert!(!verdicts(&offered, now()).contains(&Verdict::Offer));
    let withdrawn = WithdrawnFrom { phase: Phase::Submitted, by: "zhang".into(), at: now() };
    let undo = Standing { withdrawn: Some(withdrawn), ..small(Phase::Withdrawn) };
    assert_eq!(verdicts(&undo, now()), [Verdict::Reinstate]);
    assert_eq!(verdicts(&undo, later()), []);
}

#[test]
fn a_refusal_is_told_in_the_citys_time_and_with_a_persons_name() {
    let at: Timestamp = "2026-11-26T09:30:00Z".parse().unwrap();
    let reinstate = Action::Verdict(Verdict::Reinstate);
    let whose = Some("system:serviceaccount:yunheng-people:zhang".to_owned());
    for (refusal, expected) in [
        (Refusal::NotYours { action: reinstate, whose }, "Reinstate is zhang's alone to do"),
        (Refusal::OfferOver { expired_at: at }, "the offer could be answered until 2026-11-26T17:30:00+08:00"),
        (
            Refusal::UndoOver { until: at },
            "the withdrawal could be undone until 2026-11-26T17:30:00+08:00: make a new request",
        ),
        (Refusal::TooEarly { until: Some(at) }, "the time isn't over: it is at 2026-11-26T17:30:00+08:00"),
        (Refusal::UrgedToday { from: at }, "it has been urged today: the next time is from 2026-11-26T17:30:00+08:00"),
    ] {
        assert_eq!(refusal.to_string(), expected);
    }
}
