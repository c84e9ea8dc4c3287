//! The machine against what was agreed with the city, written down by hand a second time.

mod golden;
mod laws;
mod refusals;
mod triples;

use jiff::Timestamp;
use ledger::Bundle;

use super::*;
use crate::v1alpha1::{Phase, RequestType, ReviewStage, Verdict};

const REASON: &str = "the pool has no room for more of it";

/// Whole cores, G and T.
fn b(cores: u64, memory: u64, storage: u64) -> Bundle {
    Bundle::new(cores * 1000, memory * 1_000_000_000, storage * 1_000_000_000_000)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-24T02:00:00Z")
}

fn later() -> Timestamp {
    at("2026-12-01T09:30:00Z")
}

/// 40 cores, 64 G and 4 T are there; 72, 96 and 5 are asked for. Below what needs four eyes.
fn small(phase: Phase) -> Standing {
    let facts =
        Facts { pool: "cec".into(), target: b(72, 96, 5), has: b(40, 64, 4), keeps: b(40, 64, 4), ..Facts::default() };
    Standing { phase: Some(phase), ..Standing::draft(RequestType::Change, "zhang", facts) }
}

/// The same, with 100 cores more: 132.
fn large(phase: Phase) -> Standing {
    let mut standing = small(phase);
    standing.facts.target = b(140, 96, 5);
    standing
}

/// A new application of 8 cores, 16 G and 1 T, of which 2, 4 and 1 are for its test.
fn new(phase: Phase) -> Standing {
    let facts = Facts { pool: "cec".into(), target: b(8, 16, 1), test_part: b(2, 4, 1), ..Facts::default() };
    Standing { phase: Some(phase), ..Standing::draft(RequestType::New, "zhang", facts) }
}

fn held(mut standing: Standing, amount: Bundle) -> Standing {
    standing.facts.held = amount;
    standing
}

/// 56 cores, 80 G and 5 T are offered.
fn offered(mut standing: Standing) -> Standing {
    standing.phase = Some(Phase::Offered);
    standing.facts.held = b(16, 16, 1);
    standing.offers = 1;
    standing.offer = Some(Offered {
        pool: "cec".into(),
        amounts: b(56, 80, 5),
        by: "wang".into(),
        reason: REASON.into(),
        expires_at: later(),
        round: 1,
    });
    standing
}

fn at_second_stage(mut standing: Standing) -> Standing {
    standing.review = ReviewStage::AdminApproval;
    standing.acted.insert((ReviewStage::TechReview, "wang".into()));
    standing
}

fn returned(mut standing: Standing, from: Phase) -> Standing {
    standing.phase = Some(Phase::Returned);
    standing.returned = Some(ReturnedFrom { phase: from, by: "wang".into(), reason: REASON.into(), fields: vec![] });
    standing
}

fn withdrawn(mut standing: Standing, from: Phase) -> Standing {
    standing.phase = Some(Phase::Withdrawn);
    standing.withdrawn = Some(WithdrawnFrom { phase: from, by: "zhang".into(), at: now() });
    standing
}

/// Somebody with one role. People are called after their roles.
fn one(role: Role) -> Actor {
    let name = match role {
        Role::ApproverTech => "wang",
        Role::ApproverAdmin => "chen",
        Role::DepartmentUser => "zhang",
        Role::DepartmentOwner => "li",
        Role::System | Role::Operator => SYSTEM,
        Role::CloudAdmin | Role::Provider | Role::Auditor => role.name(),
    };
    Actor::new(name, [role])
}

/// What he does, having looked at the request as it is.
fn act(standing: &Standing, by: Actor, deed: Deed) -> Act {
    let seen = Seen { revision: standing.revision, stage: Some(standing.stage().into()) };
    Act { by, at: now(), seen, deed }
}

/// A verdict with all that it needs: the offer is in the middle of what is there and what is asked for.
fn full(standing: &Standing, verdict: Verdict) -> Deed {
    let (has, target) = (standing.facts.has, standing.facts.target);
    let middle = has.zip(target, |has, target| {
        let half = target.minus(has).get() / 2;
        if target > has { has.plus(ledger::Amount::new(half)) } else { target }
    });
    Deed::Verdict(Given {
        reason: Some(REASON.into()),
        reason_code: Some("NoRoom".into()),
        offered: (verdict == Verdict::Offer).then_some(middle),
        answer_by: (verdict == Verdict::Offer).then(later),
        ..verdict.into()
    })
}

fn give(standing: &Standing, role: Role, verdict: Verdict) -> Result<Outcome, Refusal> {
    transition(standing, &act(standing, one(role), full(standing, verdict)), &Rules::default())
}

fn code(result: Result<Outcome, Refusal>) -> &'static str {
    result.map_or_else(|refusal| refusal.code(), |_| "allowed")
}
