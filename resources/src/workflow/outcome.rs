//! What an act brings about.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use ledger::Bundle;

use super::act::{Act, Deed};
use super::capacity::Move;
use super::guard;
use super::role::{DEPARTMENT, Role};
use super::standing::{Offered, ReturnedFrom, WithdrawnFrom};
use super::table::Row;
use super::{Rules, Standing};
use crate::v1alpha1::{HistoryRecord, Phase, ReviewStage};

/// What an act brings about. Nothing of it happens unless all of it does.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Number of the line in the table.
    pub row: u8,
    /// Where the request stands afterwards.
    pub next: Standing,
    pub moves: Vec<Move>,
    pub clock: Clock,
    /// What the history says of it.
    pub entry: HistoryRecord,
    /// Whether it is another revision now: decisions on the one before are stale.
    pub revised: bool,
    /// Whom to tell.
    pub told: Vec<Role>,
}

/// What happens to the time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The limit that runs, if any, goes on.
    Keep,
    /// This one begins.
    Start(Limit),
    /// The reviewers' stops, with what is left of it; this one, the department's, begins.
    Stop(Limit),
    /// The department's ends; the reviewers' goes on with what was left.
    Resume,
    /// What stood before the withdrawal stands again.
    Restore,
    /// None runs any more.
    End,
}

/// The time limits, which are values of the CloudPolicy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    Accept,
    Opinion,
    TestOpen,
    TestPeriod,
    OfferAnswer,
    ReturnedLapse,
    WithdrawUndo,
}

impl Limit {
    /// Its key in the CloudPolicy.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Accept => "sla.accept",
            Self::Opinion => "sla.opinion",
            Self::TestOpen => "sla.testOpen",
            Self::TestPeriod => "test.period",
            Self::OfferAnswer => "offer.answerWithin",
            Self::ReturnedLapse => "returned.lapseAfter",
            Self::WithdrawUndo => "withdraw.undo",
        }
    }
}

impl Outcome {
    /// What has to fit for it to happen: the ledger is asked for this first.
    #[must_use]
    pub fn to_hold(&self) -> Option<Bundle> {
        self.moves.iter().find_map(|one| match one {
            Move::Hold(amount) => Some(*amount),
            _ => None,
        })
    }
}

/// What follows from an act that may happen.
pub fn outcome(row: &Row, standing: &Standing, act: &Act, rules: &Rules) -> Outcome {
    let mut next = standing.clone();
    next.phase = row.leads_to(standing);
    let moves = moves(row, standing, act, rules);
    if let Some(account) = standing.account().after(&moves) {
        next.facts.held = account.held;
        next.facts.has = account.granted;
        next.facts.draining = account.draining;
    }
    remember(row, standing, act, &mut next);
    let revised = row.number == 12;
    if revised {
        next.revision = standing.revision.saturating_add(1);
    }
    let clock = clock(row, standing, rules);
    let told = told(row, standing, &next);
    let entry = entry(standing, &next, act);
    Outcome { row: row.number, next, moves, clock, entry, revised, told }
}

/// How amounts go from one capacity state to the other. What changes nothing is left out.
fn moves(row: &Row, standing: &Standing, act: &Act, rules: &Rules) -> Vec<Move> {
    let (growth, account, facts) = (standing.growth(), standing.account(), &standing.facts);
    // A grant in force goes back to what is kept of it; a request that takes back, to what it says.
    let own = row.number == 25 && matches!(standing.phase, Some(Phase::Approved | Phase::Provisioning));
    let surplus = account.granted.minus(if own { standing.agreed() } else { facts.keeps });
    let mut moves = match row.number {
        1 | 12 => vec![Move::Request(growth)],
        3 | 6 => vec![Move::Unrequest(growth), Move::Hold(growth)],
        7 => vec![Move::Unrequest(growth), Move::Hold(offered(act).minus(facts.has))],
        9 => vec![Move::Unhold(account.held), Move::Request(growth)],
        10 => vec![Move::Unhold(account.held)],
        11 | 14 => vec![Move::Unrequest(account.requested)],
        15 => vec![Move::Unrequest(account.requested), Move::Unhold(account.held)],
        // A request that goes back to being corrected isn't demand yet.
        16 if row.leads_to(standing) == Some(Phase::Returned) => vec![],
        16 => vec![Move::Request(growth)],
        17 if rules.needs_test(standing) => vec![Move::Grant(account.held.min(facts.test_part))],
        17 => vec![Move::Grant(account.held)],
        20 if act.deed.given().is_some() => vec![Move::Grant(account.held)],
        21 => vec![Move::Unhold(account.held), Move::Drain(surplus)],
        22 => vec![Move::DrainHeld(account.held), Move::Drain(surplus)],
        25 => vec![Move::Drain(surplus)],
        26 if act.deed.given().is_some() => vec![Move::Keep(account.draining)],
        26 | 27 => vec![Move::Free(account.draining)],
        _ => vec![],
    };
    moves.retain(|one| matches!(one, Move::Hold(_)) || !one.amount().is_zero());
    moves
}

fn offered(act: &Act) -> Bundle {
    act.deed.given().and_then(|given| given.offered).unwrap_or_default()
}

/// What the next step has to know of this one.
fn remember(row: &Row, standing: &Standing, act: &Act, next: &mut Standing) {
    let by = &act.by.name;
    let given = act.deed.given();
    let reason = given.and_then(|given| given.reason.clone()).unwrap_or_default();
    if let (Some(stage), true) = (standing.reviewing(), guard::reviews(act.deed.action())) {
        next.acted.insert((stage, by.clone()));
    }
    match row.number {
        4 => next.assignee = Some(by.clone()),
        5 => next.review = ReviewStage::AdminApproval,
        7 => {
            next.offers = standing.offers.saturating_add(1);
            next.offer = Some(Offered {
                pool: standing.facts.pool.clone(),
                amounts: offered(act),
                by: by.clone(),
                reason,
                expires_at: given.and_then(|given| given.answer_by).unwrap_or(Timestamp::MAX),
                round: next.offers,
            });
        }
        9 | 10 => next.offer = None,
        11 => {
            let fields = given.map(|given| given.fields.clone()).unwrap_or_default();
            let phase = standing.phase.unwrap_or_default();
            next.returned = Some(ReturnedFrom { phase, by: by.clone(), reason, fields });
        }
        12 => {
            next.returned = None;
            // An opinion was on what is corrected now.
            next.review = ReviewStage::TechReview;
            if *by != standing.requester {
                next.editors.insert(by.clone());
            }
        }
        15 => {
            let phase = standing.phase.unwrap_or_default();
            next.offer = None;
            next.withdrawn = Some(WithdrawnFrom { phase, by: by.clone(), at: whole_seconds(act.at) });
        }
        16 => next.withdrawn = None,
        20 if given.is_some() => next.confirmed_by = Some(by.clone()),
        _ => {}
    }
}

fn clock(row: &Row, standing: &Standing, rules: &Rules) -> Clock {
    let approved = if rules.needs_test(standing) { Clock::Start(Limit::TestOpen) } else { Clock::End };
    let withdrawn_from = standing.withdrawn.as_ref().map(|withdrawn| withdrawn.phase);
    match row.number {
        1 => Clock::Start(Limit::Accept),
        2 => Clock::Start(Limit::Opinion),
        3 | 6 | 8 => approved,
        7 => Clock::Stop(Limit::OfferAnswer),
        9 | 12 => Clock::Resume,
        11 => Clock::Stop(Limit::ReturnedLapse),
        15 => Clock::Start(Limit::WithdrawUndo),
        16 => match withdrawn_from {
            Some(Phase::Offered) => Clock::Resume,
            Some(Phase::Approved) => Clock::Start(Limit::Opinion),
            _ => Clock::Restore,
        },
        18 => Clock::Start(Limit::TestPeriod),
        // Receipt, opinion and delivery each have their limit; the second stage is within the
        // opinion's.
        0 | 4 | 5 | 17 => Clock::Keep,
        _ => Clock::End,
    }
}

fn told(row: &Row, standing: &Standing, next: &Standing) -> Vec<Role> {
    let mut told = match row.number {
        // Whose turn it is now, or was.
        0 | 1 | 5 | 9 | 12 | 16 => next.whose_turn().to_vec(),
        2 | 4 | 7 | 8 => [next.whose_turn(), DEPARTMENT].concat(),
        15 if standing.phase != Some(Phase::Returned) => standing.whose_turn().to_vec(),
        15 => vec![],
        17 | 22 | 25 => [DEPARTMENT, &[Role::Provider]].concat(),
        10 | 13 | 21 | 23 => [DEPARTMENT, &[Role::ApproverAdmin]].concat(),
        27 => [DEPARTMENT, &[Role::CloudAdmin]].concat(),
        _ => DEPARTMENT.to_vec(),
    };
    told.sort_unstable();
    told.dedup();
    told
}

fn entry(standing: &Standing, next: &Standing, act: &Act) -> HistoryRecord {
    let given = act.deed.given();
    let stages = next.phase == Some(Phase::TechReview);
    HistoryRecord {
        at: Time(whole_seconds(act.at)),
        by: act.by.name.clone(),
        from: standing.phase,
        to: next.phase.unwrap_or_default(),
        verdict: given.map(|given| given.verdict.name().to_owned()),
        reason_code: given.and_then(|given| given.reason_code.clone()),
        reason: given.and_then(|given| given.reason.clone()).unwrap_or_default(),
        stage: stages.then_some(next.review),
        changes: match &act.deed {
            Deed::Resubmit { changes } => changes.clone(),
            _ => vec![],
        },
    }
}

/// Times in statuses have no fractions.
fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
