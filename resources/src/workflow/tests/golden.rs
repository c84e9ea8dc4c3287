//! Every line of the agreed table, with amounts reckoned by hand.

use super::*;
use crate::v1alpha1::Correction;

const NONE: &[Move] = &[];

/// Number, where it leads, the step it waits in then, what moves, what the clock does.
type Expected<'a> = (u8, Phase, &'a str, &'a [Move], Clock);

#[track_caller]
fn check(standing: &Standing, role: Role, deed: Deed, expected: Expected<'_>) -> Outcome {
    check_at(standing, role, deed, now(), expected)
}

#[track_caller]
fn check_at(standing: &Standing, role: Role, deed: Deed, at: Timestamp, expected: Expected<'_>) -> Outcome {
    let act = Act { at, ..act(standing, one(role), deed) };
    let outcome = transition(standing, &act, &Rules::default()).unwrap();
    let (row, to, stage, moves, clock) = expected;
    let got = (outcome.row, outcome.next.phase.unwrap(), outcome.next.stage(), outcome.moves.as_slice(), outcome.clock);
    assert_eq!(got, (row, to, stage, moves, clock));
    assert_eq!((outcome.entry.from, outcome.entry.to), (standing.phase, to));
    assert_eq!(outcome.revised, row == 12);
    assert_eq!(outcome.next.revision, standing.revision + i64::from(row == 12));
    outcome
}

#[track_caller]
fn verdict(standing: &Standing, role: Role, verdict: Verdict, expected: Expected<'_>) -> Outcome {
    check(standing, role, full(standing, verdict), expected)
}

/// What the small request asks for beyond what is there.
fn q() -> Bundle {
    b(32, 32, 1)
}

#[test]
fn row_1_a_draft_is_submitted() {
    let draft = Standing { phase: None, ..small(Phase::Submitted) };
    let moves = [Move::Request(q())];
    for role in [Role::DepartmentUser, Role::DepartmentOwner] {
        let expected = (1, Phase::Submitted, "Acceptance", &moves[..], Clock::Start(Limit::Accept));
        let outcome = check(&draft, role, Deed::Submit, expected);
        assert_eq!(outcome.told, [Role::ApproverAdmin]);
    }
}

#[test]
fn row_2_it_is_accepted() {
    let expected = (2, Phase::Accepted, "TechReview", NONE, Clock::Start(Limit::Opinion));
    let outcome = verdict(&small(Phase::Submitted), Role::ApproverAdmin, Verdict::Accept, expected);
    assert_eq!(outcome.entry.verdict.as_deref(), Some("Accept"));
    assert_eq!(outcome.told, [Role::ApproverTech, Role::DepartmentUser, Role::DepartmentOwner]);
}

#[test]
fn row_3_it_is_approved_automatically() {
    let moves = [Move::Unrequest(q()), Move::Hold(q())];
    let deed = Deed::AutoApprove { failed: vec![] };
    let expected = (3, Phase::Approved, "Approved", &moves[..], Clock::End);
    assert_eq!(check(&small(Phase::Submitted), Role::System, deed, expected).to_hold(), Some(q()));
}

#[test]
fn row_4_a_reviewer_takes_it() {
    let expected = (4, Phase::TechReview, "TechReview", NONE, Clock::Keep);
    let outcome = verdict(&small(Phase::Accepted), Role::ApproverTech, Verdict::Take, expected);
    assert_eq!(outcome.next.assignee.as_deref(), Some("wang"));
    assert!(outcome.next.acted.is_empty());
}

#[test]
fn row_5_the_opinion_leads_to_the_second_stage() {
    for standing in [large(Phase::TechReview), new(Phase::TechReview)] {
        let expected = (5, Phase::TechReview, "AdminApproval", NONE, Clock::Keep);
        let outcome = verdict(&standing, Role::ApproverTech, Verdict::Approve, expected);
        assert_eq!(outcome.entry.stage, Some(ReviewStage::AdminApproval));
        assert_eq!(outcome.told, [Role::ApproverAdmin]);
    }
}

#[test]
fn row_6_the_last_stage_approves() {
    let moves = [Move::Unrequest(q()), Move::Hold(q())];
    let expected = (6, Phase::Approved, "Approved", &moves[..], Clock::End);
    verdict(&small(Phase::TechReview), Role::ApproverTech, Verdict::Approve, expected);

    let q = b(100, 32, 1);
    let moves = [Move::Unrequest(q), Move::Hold(q)];
    let expected = (6, Phase::Approved, "Approved", &moves[..], Clock::End);
    verdict(&at_second_stage(large(Phase::TechReview)), Role::ApproverAdmin, Verdict::Approve, expected);

    let q = b(8, 16, 1);
    let moves = [Move::Unrequest(q), Move::Hold(q)];
    let expected = (6, Phase::Approved, "Approved", &moves[..], Clock::Start(Limit::TestOpen));
    verdict(&at_second_stage(new(Phase::TechReview)), Role::ApproverAdmin, Verdict::Approve, expected);
}

#[test]
fn row_7_less_is_offered() {
    let moves = [Move::Unrequest(q()), Move::Hold(b(16, 16, 1))];
    let offer = |amounts| {
        let given = Given {
            reason: Some(REASON.into()),
            offered: Some(amounts),
            answer_by: Some(later()),
            ..Verdict::Offer.into()
        };
        Deed::Verdict(given)
    };
    let expected = (7, Phase::Offered, "Offered", &moves[..], Clock::Stop(Limit::OfferAnswer));
    let outcome = check(&small(Phase::TechReview), Role::ApproverTech, offer(b(56, 80, 5)), expected);
    let made = outcome.next.offer.unwrap();
    assert_eq!((made.amounts, made.round, made.expires_at, made.by.as_str()), (b(56, 80, 5), 1, later(), "wang"));

    let moves = [Move::Unrequest(b(100, 32, 1)), Move::Hold(b(24, 0, 0))];
    let expected = (7, Phase::Offered, "Offered", &moves[..], Clock::Stop(Limit::OfferAnswer));
    check(&at_second_stage(large(Phase::TechReview)), Role::ApproverAdmin, offer(b(64, 64, 4)), expected);
}

#[test]
fn row_8_the_offer_is_accepted() {
    let expected = (8, Phase::Approved, "Approved", NONE, Clock::End);
    let outcome = verdict(&offered(small(Phase::Offered)), Role::DepartmentOwner, Verdict::AcceptOffer, expected);
    assert_eq!((outcome.next.facts.held, outcome.next.agreed()), (b(16, 16, 1), b(56, 80, 5)));
}

#[test]
fn row_9_the_offer_is_declined() {
    let moves = [Move::Unhold(b(16, 16, 1)), Move::Request(q())];
    let expected = (9, Phase::TechReview, "TechReview", &moves[..], Clock::Resume);
    let outcome = verdict(&offered(small(Phase::Offered)), Role::DepartmentOwner, Verdict::DeclineOffer, expected);
    assert_eq!((outcome.next.offer, outcome.next.offers), (None, 1));

    // It goes back to the stage that made the offer.
    let moves = [Move::Unhold(b(16, 16, 1)), Move::Request(b(100, 32, 1))];
    let expected = (9, Phase::TechReview, "AdminApproval", &moves[..], Clock::Resume);
    verdict(&at_second_stage(offered(large(Phase::Offered))), Role::DepartmentOwner, Verdict::DeclineOffer, expected);
}

#[test]
fn row_10_the_offer_lapses() {
    let moves = [Move::Unhold(b(16, 16, 1))];
    let expected = (10, Phase::Lapsed, "Lapsed", &moves[..], Clock::End);
    check_at(&offered(small(Phase::Offered)), Role::System, Deed::OfferExpired, later(), expected);
}

#[test]
fn row_11_it_is_returned() {
    let moves = [Move::Unrequest(q())];
    let expected = (11, Phase::Returned, "Returned", &moves[..], Clock::Stop(Limit::ReturnedLapse));
    for (from, role) in [
        (Phase::Submitted, Role::ApproverAdmin),
        (Phase::Accepted, Role::ApproverTech),
        (Phase::TechReview, Role::ApproverTech),
    ] {
        let outcome = verdict(&small(from), role, Verdict::Return, expected);
        assert_eq!(outcome.next.returned.unwrap().phase, from);
    }
    let moves = [Move::Unrequest(b(100, 32, 1))];
    let expected = (11, Phase::Returned, "Returned", &moves[..], Clock::Stop(Limit::ReturnedLapse));
    verdict(&at_second_stage(large(Phase::TechReview)), Role::ApproverAdmin, Verdict::Return, expected);
}

#[test]
fn row_12_it_is_sent_again() {
    let moves = [Move::Request(q())];
    let changes = vec![Correction { field: "spec.resources.cpu".into(), before: "96".into(), after: "72".into() }];
    for (from, stage) in
        [(Phase::Submitted, "Acceptance"), (Phase::Accepted, "TechReview"), (Phase::TechReview, "TechReview")]
    {
        let standing = returned(at_second_stage(small(from)), from);
        let deed = Deed::Resubmit { changes: changes.clone() };
        let outcome = check(&standing, Role::DepartmentUser, deed, (12, from, stage, &moves, Clock::Resume));
        assert_eq!((outcome.next.revision, &outcome.entry.changes), (2, &changes));
        assert_eq!(outcome.next.returned, None);
    }
}

#[test]
fn row_13_it_lapses_uncorrected() {
    let mut standing = returned(small(Phase::Returned), Phase::Accepted);
    standing.facts.due = Some(later());
    let expected = (13, Phase::Lapsed, "Lapsed", NONE, Clock::End);
    check_at(&standing, Role::System, Deed::ReturnLapsed, later(), expected);
}

#[test]
fn row_14_it_is_rejected() {
    let moves = [Move::Unrequest(q())];
    let expected = (14, Phase::Rejected, "Rejected", &moves[..], Clock::End);
    verdict(&small(Phase::Submitted), Role::ApproverAdmin, Verdict::Reject, expected);
    verdict(&small(Phase::Accepted), Role::ApproverTech, Verdict::Reject, expected);
    let outcome = verdict(&small(Phase::TechReview), Role::ApproverTech, Verdict::Reject, expected);
    assert_eq!((outcome.entry.reason.as_str(), outcome.entry.reason_code.as_deref()), (REASON, Some("NoRoom")));
    let moves = [Move::Unrequest(b(100, 32, 1))];
    let expected = (14, Phase::Rejected, "Rejected", &moves[..], Clock::End);
    verdict(&at_second_stage(large(Phase::TechReview)), Role::ApproverAdmin, Verdict::Reject, expected);
}

#[test]
fn row_15_it_is_withdrawn() {
    let asked = [Move::Unrequest(q())];
    let kept = [Move::Unhold(b(16, 16, 1))];
    let approved = [Move::Unhold(q())];
    let cases: [(Standing, &[Move]); 6] = [
        (small(Phase::Submitted), &asked),
        (small(Phase::Accepted), &asked),
        (small(Phase::TechReview), &asked),
        (returned(small(Phase::Returned), Phase::Accepted), NONE),
        (offered(small(Phase::Offered)), &kept),
        (held(small(Phase::Approved), q()), &approved),
    ];
    for (standing, moves) in cases {
        let expected = (15, Phase::Withdrawn, "Withdrawn", moves, Clock::Start(Limit::WithdrawUndo));
        let outcome = verdict(&standing, Role::DepartmentUser, Verdict::Withdraw, expected);
        assert_eq!((outcome.next.facts.held, outcome.next.offer), (Bundle::ZERO, None));
    }
}

#[test]
fn row_16_the_withdrawal_is_undone() {
    let moves = [Move::Request(q())];
    let cases: [(Phase, Phase, &str, &[Move], Clock); 6] = [
        (Phase::Submitted, Phase::Submitted, "Acceptance", &moves, Clock::Restore),
        (Phase::Accepted, Phase::Accepted, "TechReview", &moves, Clock::Restore),
        (Phase::TechReview, Phase::TechReview, "TechReview", &moves, Clock::Restore),
        (Phase::Offered, Phase::TechReview, "TechReview", &moves, Clock::Resume),
        (Phase::Approved, Phase::TechReview, "TechReview", &moves, Clock::Start(Limit::Opinion)),
        (Phase::Returned, Phase::Returned, "Returned", NONE, Clock::Restore),
    ];
    for (from, to, stage, moves, clock) in cases {
        let standing = withdrawn(small(from), from);
        verdict(&standing, Role::DepartmentUser, Verdict::Reinstate, (16, to, stage, moves, clock));
    }
}

#[test]
fn row_17_it_is_being_provisioned() {
    let all = [Move::Grant(q())];
    let expected = (17, Phase::Provisioning, "Provisioning", &all[..], Clock::Keep);
    let outcome = check(&held(small(Phase::Approved), q()), Role::Operator, Deed::ProvisionStarted, expected);
    assert_eq!(outcome.next.facts.has, b(72, 96, 5));

    let part = [Move::Grant(b(2, 4, 1))];
    let expected = (17, Phase::Provisioning, "Provisioning", &part[..], Clock::Keep);
    let outcome = check(&held(new(Phase::Approved), b(8, 16, 1)), Role::Operator, Deed::ProvisionStarted, expected);
    assert_eq!(outcome.next.facts.held, b(6, 12, 0));
}

/// A new application with its test part granted.
fn testing(phase: Phase) -> Standing {
    let mut standing = held(new(phase), b(6, 12, 0));
    standing.facts.has = b(2, 4, 1);
    standing
}

/// The small request, granted.
fn grown(phase: Phase) -> Standing {
    let mut standing = small(phase);
    standing.facts.has = standing.facts.target;
    standing
}

#[test]
fn rows_18_and_19_it_is_in_the_cluster() {
    let expected = (18, Phase::Testing, "Testing", NONE, Clock::Start(Limit::TestPeriod));
    check(&testing(Phase::Provisioning), Role::Operator, Deed::QuotaObserved, expected);
    for kind in [RequestType::Change, RequestType::Renew] {
        let standing = Standing { kind, ..grown(Phase::Provisioning) };
        check(&standing, Role::Operator, Deed::QuotaObserved, (19, Phase::Active, "Active", NONE, Clock::End));
    }
}

#[test]
fn row_20_the_test_is_confirmed_and_the_rest_is_opened() {
    let moves = [Move::Grant(b(6, 12, 0))];
    let expected = (20, Phase::Testing, "Testing", &moves[..], Clock::End);
    let outcome = verdict(&testing(Phase::Testing), Role::ApproverTech, Verdict::Confirm, expected);
    assert_eq!(outcome.next.facts.has, b(8, 16, 1));
    check(&outcome.next, Role::Operator, Deed::QuotaObserved, (20, Phase::Active, "Active", NONE, Clock::End));
}

#[test]
fn row_21_the_test_is_over() {
    let moves = [Move::Unhold(b(6, 12, 0)), Move::Drain(b(2, 4, 1))];
    let mut standing = testing(Phase::Testing);
    standing.facts.due = Some(now());
    standing.facts.reminded = true;
    for role in [Role::System, Role::DepartmentUser, Role::DepartmentOwner] {
        let expected = (21, Phase::Reclaiming, "Reclaiming", &moves[..], Clock::End);
        let outcome = check(&standing, role, Deed::TestEnded, expected);
        assert_eq!(outcome.next.facts.draining, b(2, 4, 1));
    }
}

#[test]
fn row_22_provisioning_is_cancelled() {
    let moves = [Move::DrainHeld(b(6, 12, 0)), Move::Drain(b(2, 4, 1))];
    let expected = (22, Phase::Reclaiming, "Reclaiming", &moves[..], Clock::End);
    verdict(&testing(Phase::Provisioning), Role::CloudAdmin, Verdict::Cancel, expected);
    // What the application had before stays.
    let moves = [Move::Drain(q())];
    let expected = (22, Phase::Reclaiming, "Reclaiming", &moves[..], Clock::End);
    let outcome = verdict(&grown(Phase::Provisioning), Role::CloudAdmin, Verdict::Cancel, expected);
    assert_eq!(outcome.next.facts.has, b(40, 64, 4));
}

#[test]
fn rows_23_and_24_the_term_ends_and_is_renewed() {
    let mut standing = grown(Phase::Active);
    standing.facts.due = Some(now());
    let expired = (23, Phase::Expired, "Expired", NONE, Clock::End);
    let outcome = check(&standing, Role::System, Deed::TermEnded, expired);
    assert_eq!(outcome.next.facts.has, b(72, 96, 5));
    check(&outcome.next, Role::Operator, Deed::Renewed, (24, Phase::Active, "Active", NONE, Clock::End));
}

#[test]
fn row_25_it_is_taken_back() {
    let moves = [Move::Drain(q())];
    for from in [Phase::Active, Phase::Expired] {
        let expected = (25, Phase::Reclaiming, "Reclaiming", &moves[..], Clock::End);
        verdict(&grown(from), Role::ApproverAdmin, Verdict::Reclaim, expected);
        check(&grown(from), Role::Operator, Deed::ReclaimStarted, expected);
        check(&grown(from), Role::System, Deed::ReclaimStarted, expected);
    }
    // The request to give all back, and the one for less, take back by themselves.
    let mut release = Standing { kind: RequestType::Release, ..small(Phase::Approved) };
    release.facts.target = Bundle::ZERO;
    release.facts.keeps = Bundle::ZERO;
    let moves = [Move::Drain(b(40, 64, 4))];
    let expected = (25, Phase::Reclaiming, "Reclaiming", &moves[..], Clock::End);
    check(&release, Role::Operator, Deed::ReclaimStarted, expected);
    let mut shrink = small(Phase::Provisioning);
    shrink.facts.target = b(30, 64, 4);
    shrink.facts.keeps = b(30, 64, 4);
    let moves = [Move::Drain(b(10, 0, 0))];
    let expected = (25, Phase::Reclaiming, "Reclaiming", &moves[..], Clock::End);
    check(&shrink, Role::Operator, Deed::ReclaimStarted, expected);
}

#[test]
fn row_26_what_remains_goes_on() {
    let mut standing = small(Phase::Reclaiming);
    standing.facts.draining = b(32, 32, 1);
    let freed = [Move::Free(b(32, 32, 1))];
    let expected = (26, Phase::Active, "Active", &freed[..], Clock::End);
    check(&standing, Role::Operator, Deed::ShrinkDone, expected);
    let kept = [Move::Keep(b(32, 32, 1))];
    let expected = (26, Phase::Active, "Active", &kept[..], Clock::End);
    let outcome = verdict(&standing, Role::ApproverAdmin, Verdict::Cancel, expected);
    assert_eq!((outcome.next.facts.has, outcome.next.facts.draining), (b(72, 96, 5), Bundle::ZERO));
}

#[test]
fn row_27_nothing_remains() {
    let mut standing = new(Phase::Reclaiming);
    standing.facts.draining = b(2, 4, 1);
    let moves = [Move::Free(b(2, 4, 1))];
    let expected = (27, Phase::Released, "Released", &moves[..], Clock::End);
    let outcome = check(&standing, Role::Operator, Deed::Freed, expected);
    assert_eq!(outcome.next.facts.draining, Bundle::ZERO);
    let again = transition(&outcome.next, &act(&outcome.next, Actor::operator(), Deed::Freed), &Rules::default());
    assert_eq!(code(again), "WrongStage");
}

#[test]
fn to_urge_moves_nothing() {
    let standing = small(Phase::Accepted);
    let expected = (0, Phase::Accepted, "TechReview", NONE, Clock::Keep);
    let outcome = verdict(&standing, Role::DepartmentUser, Verdict::Urge, expected);
    assert_eq!((outcome.next, outcome.told), (standing, vec![Role::ApproverTech]));
}
