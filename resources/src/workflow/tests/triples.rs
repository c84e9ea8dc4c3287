//! Every pair of phase and verdict, for every role, against a list of those that are legal.

use super::*;

/// Names of the places, with a request that stands there.
fn places() -> Vec<(&'static str, Standing)> {
    let mut provisioning = small(Phase::Provisioning);
    provisioning.facts.has = provisioning.facts.target;
    let mut lowered = small(Phase::Reclaiming);
    lowered.facts.quota_lowered = true;
    let confirmed = Standing { confirmed_by: Some("wang".into()), ..new(Phase::Testing) };
    vec![
        ("draft", Standing { phase: None, ..small(Phase::Submitted) }),
        ("submitted", small(Phase::Submitted)),
        ("accepted", small(Phase::Accepted)),
        ("review, one stage", small(Phase::TechReview)),
        ("review, 1 of 2", large(Phase::TechReview)),
        ("review, 2 of 2", at_second_stage(large(Phase::TechReview))),
        ("offered", offered(small(Phase::Offered))),
        ("approved", held(small(Phase::Approved), b(32, 32, 1))),
        ("provisioning", provisioning),
        ("testing", new(Phase::Testing)),
        ("confirmed", confirmed),
        ("active", small(Phase::Active)),
        ("returned", returned(small(Phase::Returned), Phase::Accepted)),
        ("rejected", small(Phase::Rejected)),
        ("withdrawn", withdrawn(small(Phase::Withdrawn), Phase::Accepted)),
        ("lapsed", small(Phase::Lapsed)),
        ("expired", small(Phase::Expired)),
        ("reclaiming", small(Phase::Reclaiming)),
        ("lowered", lowered),
        ("released", small(Phase::Released)),
    ]
}

const TECH: &[Role] = &[Role::ApproverTech];
const ADMIN: &[Role] = &[Role::ApproverAdmin];
const DEPT: &[Role] = &[Role::DepartmentUser, Role::DepartmentOwner];
/// The one who withdrew is a user.
const USER: &[Role] = &[Role::DepartmentUser];
const OWNER: &[Role] = &[Role::DepartmentOwner];
const CLOUD: &[Role] = &[Role::CloudAdmin];

/// What is legal. Everything else isn't.
const LEGAL: &[(&str, Verdict, &[Role], Phase)] = &[
    ("submitted", Verdict::Accept, ADMIN, Phase::Accepted),
    ("submitted", Verdict::Return, ADMIN, Phase::Returned),
    ("submitted", Verdict::Reject, ADMIN, Phase::Rejected),
    ("submitted", Verdict::Withdraw, DEPT, Phase::Withdrawn),
    ("accepted", Verdict::Take, TECH, Phase::TechReview),
    ("accepted", Verdict::Return, TECH, Phase::Returned),
    ("accepted", Verdict::Reject, TECH, Phase::Rejected),
    ("accepted", Verdict::Withdraw, DEPT, Phase::Withdrawn),
    ("review, one stage", Verdict::Approve, TECH, Phase::Approved),
    ("review, one stage", Verdict::Offer, TECH, Phase::Offered),
    ("review, one stage", Verdict::Return, TECH, Phase::Returned),
    ("review, one stage", Verdict::Reject, TECH, Phase::Rejected),
    ("review, one stage", Verdict::Withdraw, DEPT, Phase::Withdrawn),
    ("review, 1 of 2", Verdict::Approve, TECH, Phase::TechReview),
    ("review, 1 of 2", Verdict::Return, TECH, Phase::Returned),
    ("review, 1 of 2", Verdict::Reject, TECH, Phase::Rejected),
    ("review, 1 of 2", Verdict::Withdraw, DEPT, Phase::Withdrawn),
    ("review, 2 of 2", Verdict::Approve, ADMIN, Phase::Approved),
    ("review, 2 of 2", Verdict::Offer, ADMIN, Phase::Offered),
    ("review, 2 of 2", Verdict::Return, ADMIN, Phase::Returned),
    ("review, 2 of 2", Verdict::Reject, ADMIN, Phase::Rejected),
    ("review, 2 of 2", Verdict::Withdraw, DEPT, Phase::Withdrawn),
    ("offered", Verdict::AcceptOffer, OWNER, Phase::Approved),
    ("offered", Verdict::DeclineOffer, OWNER, Phase::TechReview),
    ("offered", Verdict::Withdraw, DEPT, Phase::Withdrawn),
    ("approved", Verdict::Withdraw, DEPT, Phase::Withdrawn),
    ("provisioning", Verdict::Cancel, CLOUD, Phase::Reclaiming),
    ("testing", Verdict::Confirm, TECH, Phase::Testing),
    ("active", Verdict::Reclaim, ADMIN, Phase::Reclaiming),
    ("returned", Verdict::Withdraw, DEPT, Phase::Withdrawn),
    ("withdrawn", Verdict::Reinstate, USER, Phase::Accepted),
    ("expired", Verdict::Reclaim, ADMIN, Phase::Reclaiming),
    ("reclaiming", Verdict::Cancel, ADMIN, Phase::Active),
];

/// Where somebody may be urged, and by whom.
const URGED: [&str; 13] = [
    "submitted",
    "accepted",
    "review, one stage",
    "review, 1 of 2",
    "review, 2 of 2",
    "offered",
    "approved",
    "provisioning",
    "testing",
    "confirmed",
    "returned",
    "reclaiming",
    "lowered",
];
const URGING: [Role; 4] = [Role::DepartmentUser, Role::DepartmentOwner, Role::CloudAdmin, Role::ApproverAdmin];

fn legal(place: &str, verdict: Verdict, role: Role, phase: Option<Phase>) -> Option<Phase> {
    if verdict == Verdict::Urge {
        return phase.filter(|_| URGED.contains(&place) && URGING.contains(&role));
    }
    let mut found = LEGAL.iter().filter(|(at, what, who, _)| *at == place && *what == verdict && who.contains(&role));
    found.next().map(|(_, _, _, to)| *to)
}

/// Who ever gives this verdict, wherever the request stands.
fn ever(verdict: Verdict, role: Role) -> bool {
    let urges = verdict == Verdict::Urge && URGING.contains(&role);
    urges
        || LEGAL.iter().any(|(_, what, who, _)| *what == verdict && who.contains(&role))
        || (verdict == Verdict::Reinstate && role == Role::DepartmentOwner)
}

#[test]
fn what_is_legal_leads_where_it_should_and_nothing_else_does() {
    let mut allowed = 0;
    let mut seen = 0;
    for (place, standing) in places() {
        for verdict in Verdict::ALL {
            for role in Role::ALL {
                let result = give(&standing, role, verdict);
                let wanted = legal(place, verdict, role, standing.phase);
                let title = format!("{place}: {verdict:?} by {role}");
                match (&result, wanted) {
                    (Ok(outcome), Some(to)) => assert_eq!(outcome.next.phase, Some(to), "{title}"),
                    (Err(refusal), None) => check_refusal(refusal, &standing, verdict, role, place),
                    (Ok(_), None) => panic!("{title} is allowed and shouldn't be"),
                    (Err(refusal), Some(_)) => panic!("{title} is refused: {refusal}"),
                }
                allowed += usize::from(result.is_ok());
                seen += 1;
            }
        }
    }
    // 25 lines for one role, 8 for either of a department's, and 13 places where four may urge.
    assert_eq!((seen, allowed), (20 * 14 * 9, 25 + 8 * 2 + 13 * 4));
}

fn check_refusal(refusal: &Refusal, standing: &Standing, verdict: Verdict, role: Role, place: &str) {
    let someone = Role::ALL.into_iter().any(|other| legal(place, verdict, other, standing.phase).is_some());
    let theirs = ever(verdict, Role::DepartmentUser) || ever(verdict, Role::DepartmentOwner);
    let department = theirs && verdict != Verdict::Urge;
    let expected: &[&str] = match () {
        () if !ever(verdict, role) && department && !role.is_department() => &["NotYours"],
        () if !ever(verdict, role) => &["RoleMissing"],
        // It is the time for it, and another's to do.
        () if someone => &["RoleMissing", "NotYours"],
        () => &["WrongStage"],
    };
    assert!(expected.contains(&refusal.code()), "{place}: {verdict:?} by {role} is refused as {refusal:?}");
}
