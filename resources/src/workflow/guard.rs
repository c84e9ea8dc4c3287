//! What has to hold before an act changes anything, in the order in which it is said.

use std::collections::BTreeSet;

use super::act::{Act, Action, Actor, Deed, Given, Seen};
use super::refusal::{OfferFault, Open, Refusal};
use super::role::Role;
use super::table::{self, Row};
use super::{Rules, Standing};
use crate::v1alpha1::{RequestType, ReviewStage, Verdict};
use jiff::Timestamp;
use ledger::{Bundle, Resource};

/// The line of the table that the act stands in, or why it stands in none. Whether this person does
/// this at all comes first, then whether it is the time for it.
pub fn row(standing: &Standing, act: &Act, rules: &Rules) -> Result<&'static Row, Refusal> {
    let action = act.deed.action();
    if let (Some(given), None) = (act.deed.given(), &act.seen.stage)
        && given.verdict.needs_stage()
    {
        return Err(Refusal::StageMissing { verdict: given.verdict, stage: standing.stage() });
    }
    person(standing, act)?;
    if act.seen.revision != standing.revision {
        return Err(Refusal::Stale { now: standing.revision, seen: act.seen.revision });
    }
    let row = table::find(standing, action, rules).ok_or_else(|| wrong_stage(standing, act, rules))?;
    if act.deed.given().is_some() && is_elsewhere(standing, act) {
        return Err(wrong_stage(standing, act, rules));
    }
    let needs = row.roles(standing);
    if !act.by.is_any_of(needs) {
        return Err(Refusal::RoleMissing { action, needs: needs.to_vec() });
    }
    four_eyes(standing, act)?;
    time(standing, act, rules)?;
    queue(standing, action)?;
    rounds(standing, action, rules)?;
    Ok(row)
}

/// What the act brings along is complete and allowed.
pub fn content(standing: &Standing, act: &Act, rules: &Rules) -> Result<(), Refusal> {
    match &act.deed {
        Deed::Submit => complete(standing),
        Deed::AutoApprove { failed } => automatic(standing, failed),
        Deed::Verdict(given) => verdict(standing, act, given, rules),
        Deed::Resubmit { .. }
        | Deed::OfferExpired
        | Deed::ReturnLapsed
        | Deed::ProvisionStarted
        | Deed::QuotaObserved
        | Deed::TestEnded
        | Deed::TermEnded
        | Deed::Renewed
        | Deed::ReclaimStarted
        | Deed::ShrinkDone
        | Deed::Freed => Ok(()),
    }
}

/// Whether this person does such a thing at all, and to this request.
fn person(standing: &Standing, act: &Act) -> Result<(), Refusal> {
    let action = act.deed.action();
    let needs: BTreeSet<Role> = table::ever(action).collect();
    // Which role it is follows from the stage that was looked at: at another it may be none.
    let unknown = act.by.roles.is_empty() && is_elsewhere(standing, act);
    if act.by.roles.is_disjoint(&needs) && !unknown {
        let outsider = act.by.roles.iter().all(|role| !role.is_department());
        return Err(if outsider && needs.iter().all(|role| role.is_department()) {
            Refusal::NotYours { action, whose: None }
        } else {
            Refusal::RoleMissing { action, needs: needs.into_iter().collect() }
        });
    }
    if action.decides() && standing.is_of(&act.by.name) {
        return Err(Refusal::SelfApproval);
    }
    Ok(())
}

fn wrong_stage(standing: &Standing, act: &Act, rules: &Rules) -> Refusal {
    Refusal::WrongStage {
        phase: standing.phase,
        stage: standing.stage(),
        revision: standing.revision,
        action: act.deed.action(),
        open: open_now(standing, act.at, rules),
    }
}

/// The verdicts that are neither too late nor too early, and whose they are.
#[must_use]
pub fn open_now(standing: &Standing, at: Timestamp, rules: &Rules) -> Vec<Open> {
    // Only who withdrew undoes it; for everything else it doesn't matter here who it is.
    let by = standing.withdrawn.as_ref().map(|withdrawn| withdrawn.by.clone()).unwrap_or_default();
    let seen = Seen { revision: standing.revision, stage: Some(standing.stage().to_owned()) };
    let is_time = |verdict: Verdict| {
        let deed = Deed::Verdict(verdict.into());
        let (action, act) = (deed.action(), Act { by: Actor::new(by.clone(), []), at, seen: seen.clone(), deed });
        let reasons = time(standing, &act, rules).and_then(|()| queue(standing, action));
        reasons.and_then(|()| rounds(standing, action, rules)).is_ok()
    };
    let whose =
        |verdict: Verdict| table::find(standing, Action::Verdict(verdict), rules).map(|row| row.roles(standing));
    let open = table::open(standing, rules).into_iter().filter(|verdict| is_time(*verdict));
    open.filter_map(|verdict| Some(Open { verdict, by: whose(verdict)? })).collect()
}

/// Whether it is about another stage than the request's. Whoever decides at one has to have seen that
/// it is there: of two who look at the same revision the second would else give his word at the
/// stage after.
fn is_elsewhere(standing: &Standing, act: &Act) -> bool {
    act.seen.stage.as_deref().is_some_and(|seen| seen != standing.stage())
}

/// Nobody decides at two review stages of a request, in whichever order and on whichever revision.
fn four_eyes(standing: &Standing, act: &Act) -> Result<(), Refusal> {
    let (Some(stage), true) = (standing.reviewing(), reviews(act.deed.action())) else { return Ok(()) };
    let other = match stage {
        ReviewStage::TechReview => ReviewStage::AdminApproval,
        ReviewStage::AdminApproval => ReviewStage::TechReview,
    };
    if standing.acted.contains(&(other, act.by.name.clone())) {
        return Err(Refusal::SameReviewer { before: other });
    }
    Ok(())
}

/// Whether it is the word of a review stage. To accept, to take and to confirm isn't.
pub const fn reviews(action: Action) -> bool {
    matches!(action, Action::Verdict(Verdict::Approve | Verdict::Return | Verdict::Reject | Verdict::Offer))
}

fn time(standing: &Standing, act: &Act, rules: &Rules) -> Result<(), Refusal> {
    let facts = &standing.facts;
    let offered = standing.offer.as_ref().map(|offer| offer.expires_at);
    let over = |until: Option<Timestamp>| match until {
        Some(until) if act.at >= until => Ok(()),
        until => Err(Refusal::TooEarly { until }),
    };
    match act.deed.action() {
        Action::Verdict(Verdict::AcceptOffer | Verdict::DeclineOffer) => match offered {
            Some(expired_at) if act.at >= expired_at => Err(Refusal::OfferOver { expired_at }),
            _ => Ok(()),
        },
        Action::Verdict(Verdict::Reinstate) => reinstate(standing, act, rules),
        Action::Verdict(Verdict::Urge) => match facts.urge_from {
            Some(from) if act.at < from => Err(Refusal::UrgedToday { from }),
            _ => Ok(()),
        },
        Action::OfferExpired => over(offered),
        Action::ReturnLapsed | Action::TermEnded => over(facts.due),
        Action::TestEnded => {
            over(facts.due)?;
            // Nobody's test is ended behind his back.
            if act.by.is_any_of(&[Role::System]) && !facts.reminded {
                return Err(Refusal::TooEarly { until: None });
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn reinstate(standing: &Standing, act: &Act, rules: &Rules) -> Result<(), Refusal> {
    let Some(withdrawn) = &standing.withdrawn else { return Ok(()) };
    if withdrawn.by != act.by.name {
        return Err(Refusal::NotYours { action: act.deed.action(), whose: Some(withdrawn.by.clone()) });
    }
    match withdrawn.at.checked_add(rules.undo) {
        Ok(until) if act.at > until => Err(Refusal::UndoOver { until }),
        _ => Ok(()),
    }
}

/// One request for an application in a pool at a time. What takes one off the queue is always open.
fn queue(standing: &Standing, action: Action) -> Result<(), Refusal> {
    let forward = matches!(
        action,
        Action::AutoApprove
            | Action::Verdict(Verdict::Accept | Verdict::Take | Verdict::Approve | Verdict::Offer | Verdict::Reinstate)
    );
    match &standing.facts.behind {
        Some(earlier) if forward => Err(Refusal::AnotherRequestOpen { earlier: earlier.clone() }),
        _ => Ok(()),
    }
}

fn rounds(standing: &Standing, action: Action, rules: &Rules) -> Result<(), Refusal> {
    let rounds = rules.offer_rounds;
    let another = matches!(action, Action::Verdict(Verdict::Offer | Verdict::DeclineOffer));
    if another && standing.offers >= rounds { Err(Refusal::OfferRoundsUsed { rounds }) } else { Ok(()) }
}

fn complete(standing: &Standing) -> Result<(), Refusal> {
    let missing = &standing.facts.missing;
    if missing.is_empty() { Ok(()) } else { Err(Refusal::Incomplete { missing: missing.clone() }) }
}

/// New applications and those that go are always decided by a person.
fn automatic(standing: &Standing, failed: &[String]) -> Result<(), Refusal> {
    let mut rules = failed.to_vec();
    if matches!(standing.kind, RequestType::New | RequestType::Release) && !rules.iter().any(|rule| rule == "R6") {
        rules.push("R6".to_owned());
    }
    if rules.is_empty() { Ok(()) } else { Err(Refusal::RulesNotMet { rules }) }
}

fn verdict(standing: &Standing, act: &Act, given: &Given, rules: &Rules) -> Result<(), Refusal> {
    let verdict = given.verdict;
    let reasoned = rules.is_reason(given.reason.as_deref());
    if verdict.needs_reason() && !reasoned {
        return Err(Refusal::ReasonMissing { verdict, least: rules.reason_min, most: rules.reason_max });
    }
    match verdict {
        Verdict::Offer => match offer_fault(standing, act, given) {
            Some(fault) => Err(Refusal::OfferInvalid { fault }),
            None => Ok(()),
        },
        Verdict::Confirm => complete(standing),
        _ => Ok(()),
    }
}

/// An offer grows what was asked to grow, by less; the rest of the request stays as it is.
fn offer_fault(standing: &Standing, act: &Act, given: &Given) -> Option<OfferFault> {
    let (has, target) = (standing.facts.has, standing.facts.target);
    let Some(offered) = given.offered else { return Some(OfferFault::Nothing) };
    let is_within = |resource: Resource| {
        let (has, asked, offered) = (has.of(resource), target.of(resource), offered.of(resource));
        if asked > has { has <= offered && offered <= asked } else { offered == asked }
    };
    let growth: Bundle = offered.minus(has);
    if growth.is_zero() {
        Some(OfferFault::Nothing)
    } else if offered == target {
        Some(OfferFault::AllThatWasAsked)
    } else if !Resource::ALL.into_iter().all(is_within) {
        Some(OfferFault::Outside)
    } else if given.answer_by.is_none_or(|until| until <= act.at) {
        Some(OfferFault::NoTime)
    } else {
        None
    }
}
