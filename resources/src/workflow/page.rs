//! The parts of `docs/requests.md` that are made from the table, so that they can't differ from it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use ledger::Bundle;

use super::act::{Act, Action, Actor, Deed, Given, Seen};
use super::outcome::{Clock, Limit, Outcome};
use super::standing::{Facts, Offered, ReturnedFrom, WithdrawnFrom};
use super::table::{Row, TABLE};
use super::{Move, Refusal, Role, Rules, Standing, transition};
use crate::v1alpha1::{Phase, RequestType, ReviewStage, Verdict};

/// The page with its made parts made anew; `None` where a mark is missing.
#[must_use]
pub fn renewed(page: &str) -> Option<String> {
    let page = replaced(page, "rows", &rows())?;
    replaced(&page, "verdicts", &verdicts())
}

/// The page with another text between the marks of this part.
fn replaced(page: &str, part: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- made: {part} -->\n"), format!("<!-- end: {part} -->\n"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}{text}{end}{after}"))
}

/// The table, line by line.
fn rows() -> String {
    let mut text = String::from(
        "| # | from | act | who | to | capacity | time limit | told |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in TABLE {
        let samples = samples(row);
        let Some((standing, outcome)) = samples.first() else { continue };
        let from: Vec<&str> = row.from.iter().map(|phase| phase.name()).collect();
        let from = if from.is_empty() { "Draft".to_owned() } else { from.join(", ") };
        let number = if row.number == 0 { "–".to_owned() } else { row.number.to_string() };
        let roles = match row.who {
            super::table::Who::These(roles) => names(roles),
            super::table::Who::OfThatStep => "approver of that step".to_owned(),
            super::table::Who::OfLastStage => "last stage's approver".to_owned(),
        };
        let to = match row.to {
            super::table::To::Phase(phase) => phase.name().to_owned(),
            super::table::To::Same if row.number == 0 => "–".to_owned(),
            super::table::To::Same => place(&outcome.next),
            super::table::To::Before => "the phase before".to_owned(),
        };
        let mut moves: Vec<&str> = Vec::new();
        for effect in samples.iter().flat_map(|(_, outcome)| &outcome.moves).map(|one| effect(row, *one)) {
            if !moves.contains(&effect) {
                moves.push(effect);
            }
        }
        let moves = if moves.is_empty() { "–".to_owned() } else { moves.join(", ") };
        let told: BTreeSet<Role> = samples.iter().flat_map(|(_, outcome)| outcome.told.clone()).collect();
        let (act, clock) = (code(row.action), limit(outcome.clock));
        let told = names(&told.into_iter().collect::<Vec<_>>());
        let condition = condition(row, standing);
        let told = if told.is_empty() { "–" } else { &told };
        let _ =
            writeln!(text, "| {number} | {from}{condition} | {act} | {roles} | {to} | {moves} | {clock} | {told} |");
    }
    text
}

/// Every verdict of every role, place by place.
fn verdicts() -> String {
    let mut text = String::new();
    for (name, standing) in places() {
        let _ = write!(text, "\n### {name}\n\n| verdict |");
        for role in Role::ALL {
            let _ = write!(text, " {role} |");
        }
        let _ = writeln!(text, "\n| --- |{}", " --- |".repeat(Role::ALL.len()));
        for verdict in Verdict::ALL {
            let _ = write!(text, "| {} |", verdict.name());
            for role in Role::ALL {
                let act = complete(&standing, role, Action::Verdict(verdict));
                let _ = write!(text, " {} |", cell(transition(&standing, &act, &Rules::default())));
            }
            text.push('\n');
        }
    }
    text.push('\n');
    text
}

fn cell(result: Result<Outcome, Refusal>) -> String {
    match result {
        Ok(outcome) => format!("**{}**", place(&outcome.next)),
        Err(Refusal::WrongStage { .. }) => "·".to_owned(),
        Err(Refusal::RoleMissing { .. }) => "role".to_owned(),
        Err(Refusal::NotYours { .. }) => "not yours".to_owned(),
        Err(other) => other.code().to_owned(),
    }
}

/// The phase, and in a review its stage.
fn place(standing: &Standing) -> String {
    let phase = standing.phase.map_or("Draft", Phase::name);
    match (standing.phase, standing.review) {
        (Some(Phase::TechReview), ReviewStage::AdminApproval) => format!("{phase}, stage 2"),
        (Some(Phase::Testing), _) if standing.confirmed_by.is_some() => format!("{phase}, confirmed"),
        _ => phase.to_owned(),
    }
}

fn names(roles: &[Role]) -> String {
    let mut names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    // Where either of a department's may, or is told, one word says so.
    if names.contains(&"department-user") && names.contains(&"department-owner") {
        names.retain(|name| !name.starts_with("department-"));
        names.push("department");
    }
    names.join(", ")
}

fn code(action: Action) -> String {
    match action {
        Action::Verdict(verdict) => format!("`{}`", verdict.name()),
        other => other.name().to_owned(),
    }
}

const fn effect(row: &Row, one: Move) -> &'static str {
    match one {
        Move::Request(_) => "requested += q",
        Move::Unrequest(_) => "requested −= q",
        Move::Hold(_) if row.number == 7 => "held += offer",
        Move::Hold(_) => "held += q",
        Move::Unhold(_) => "held → 0",
        Move::Grant(_) => "held → granted",
        Move::Drain(_) => "granted → draining",
        Move::DrainHeld(_) => "held → draining",
        Move::Keep(_) => "draining → granted",
        Move::Free(_) => "draining → free",
    }
}

fn limit(clock: Clock) -> String {
    let key = |limit: Limit| format!("`{}`", limit.key());
    match clock {
        Clock::Keep => "goes on".to_owned(),
        Clock::Start(limit) => format!("{} starts", key(limit)),
        Clock::Stop(limit) => format!("stops; {} starts", key(limit)),
        Clock::Resume => "resumes".to_owned(),
        Clock::Restore => "as before".to_owned(),
        Clock::End => "–".to_owned(),
    }
}

/// What has to be so beside the phase, in the words of the page.
fn condition(row: &Row, standing: &Standing) -> &'static str {
    use super::table::When;
    match row.when {
        When::Always => "",
        When::NotLastStage => " (stage 1 of 2)",
        When::LastStage => " (last stage)",
        When::ForTest => " (new application)",
        When::ForGood => " (change or renewal)",
        When::Unconfirmed => " (not confirmed)",
        When::Confirmed => " (confirmed)",
        When::Releases => " (of a Release)",
        When::TakesBack => " (of a smaller size, or a move)",
        When::Keeps => " (something remains)",
        When::KeepsNothing if standing.phase.is_some() => " (nothing remains)",
        When::KeepsNothing => "",
        When::NotLowered => " (quota not lowered yet)",
        When::Carries => "",
    }
}

/// Requests that a line is about, and what follows.
fn samples(row: &Row) -> Vec<(Standing, Outcome)> {
    let rules = Rules::default();
    let all = places().into_iter().map(|(_, standing)| standing).chain(others());
    let about = all.filter(|standing| row.applies(standing, row.action, &rules));
    about
        .filter_map(|standing| {
            let act = complete(&standing, *row.roles(&standing).first()?, row.action);
            let outcome = transition(&standing, &act, &rules).ok()?;
            Some((standing, outcome))
        })
        .collect()
}

/// What somebody with this role does, with all that goes with it.
fn complete(standing: &Standing, role: Role, action: Action) -> Act {
    let facts = &standing.facts;
    let offered = Bundle { cpu: facts.has.cpu.plus(ledger::Amount::new(1000)), ..facts.target.max(facts.has) };
    let deed = match action {
        Action::Submit => Deed::Submit,
        Action::Resubmit => Deed::Resubmit { changes: vec![] },
        Action::Verdict(verdict) => Deed::Verdict(Given {
            reason: Some("as an example of a reason".to_owned()),
            offered: Some(offered),
            answer_by: Some(Timestamp::MAX),
            ..verdict.into()
        }),
        Action::AutoApprove => Deed::AutoApprove { failed: vec![] },
        Action::OfferExpired => Deed::OfferExpired,
        Action::ReturnLapsed => Deed::ReturnLapsed,
        Action::ProvisionStarted => Deed::ProvisionStarted,
        Action::QuotaObserved => Deed::QuotaObserved,
        Action::TestEnded => Deed::TestEnded,
        Action::TermEnded => Deed::TermEnded,
        Action::Renewed => Deed::Renewed,
        Action::ReclaimStarted => Deed::ReclaimStarted,
        Action::ShrinkDone => Deed::ShrinkDone,
        Action::Freed => Deed::Freed,
    };
    let at = match action {
        // Only what has a time limit waits for it.
        Action::OfferExpired => standing.offer.as_ref().map(|offer| offer.expires_at).unwrap_or_default(),
        _ => Timestamp::UNIX_EPOCH,
    };
    let seen = Seen { revision: standing.revision, stage: Some(standing.stage().to_owned()) };
    Act { by: Actor::new(role.name(), [role]), at, seen, deed }
}

/// A request by a department's user for two cores more than the application has.
fn change(phase: Phase) -> Standing {
    let (has, target) = (cores(2), cores(4));
    let due = Some(Timestamp::UNIX_EPOCH);
    let facts = Facts { target, has, keeps: has, due, reminded: true, ..Facts::default() };
    let requester = Role::DepartmentUser.name();
    Standing { phase: Some(phase), ..Standing::draft(RequestType::Change, requester, facts) }
}

fn cores(number: u64) -> Bundle {
    Bundle::new(number * 1000, number * 4_000_000_000, number * 100_000_000_000)
}

/// A new application; four eyes.
fn new(phase: Phase) -> Standing {
    let mut standing = change(phase);
    standing.kind = RequestType::New;
    standing.facts.has = Bundle::ZERO;
    standing.facts.keeps = Bundle::ZERO;
    standing.facts.test_part = cores(1);
    standing
}

/// A new application with part of it granted.
fn tested(phase: Phase) -> Standing {
    let mut standing = new(phase);
    standing.facts.has = cores(1);
    standing.facts.held = cores(3);
    standing
}

fn grown(phase: Phase) -> Standing {
    let mut standing = change(phase);
    standing.facts.has = cores(4);
    standing
}

/// Every place that a verdict may find a request in, with its heading.
fn places() -> Vec<(&'static str, Standing)> {
    let mut second = new(Phase::TechReview);
    second.review = ReviewStage::AdminApproval;
    let mut offered = change(Phase::Offered);
    offered.facts.held = cores(1);
    offered.offers = 1;
    let (pool, by, reason) = (String::new(), Role::ApproverTech.name().to_owned(), String::new());
    let expires_at = Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_hours(1)).unwrap_or_default();
    offered.offer = Some(Offered { pool, amounts: cores(3), by: by.clone(), reason, expires_at, round: 1 });
    let mut approved = change(Phase::Approved);
    approved.facts.held = cores(2);
    let mut returned = change(Phase::Returned);
    returned.returned = Some(ReturnedFrom { phase: Phase::Accepted, by, reason: String::new(), fields: vec![] });
    let mut withdrawn = change(Phase::Withdrawn);
    let by = Role::DepartmentUser.name().to_owned();
    withdrawn.withdrawn = Some(WithdrawnFrom { phase: Phase::Accepted, by, at: Timestamp::UNIX_EPOCH });
    let mut gone = withdrawn.clone();
    let long_ago = Timestamp::UNIX_EPOCH.saturating_sub(SignedDuration::from_hours(1)).unwrap_or_default();
    gone.withdrawn.iter_mut().for_each(|one| one.at = long_ago);
    let mut reclaiming = change(Phase::Reclaiming);
    reclaiming.facts.draining = cores(2);
    let mut lowered = reclaiming.clone();
    lowered.facts.quota_lowered = true;
    let confirmed = Standing { confirmed_by: Some(String::new()), ..grown(Phase::Testing) };
    vec![
        ("Submitted 已提交", change(Phase::Submitted)),
        ("Accepted 已受理", change(Phase::Accepted)),
        ("TechReview 技术审核, one stage", change(Phase::TechReview)),
        ("TechReview 技术审核, stage 1 of 2", new(Phase::TechReview)),
        ("TechReview 行政审批, stage 2 of 2", second),
        ("Offered 待确认", offered),
        ("Approved 已批准", approved),
        ("Provisioning 开通中", tested(Phase::Provisioning)),
        ("Testing 测试中", tested(Phase::Testing)),
        ("Testing 测试中, confirmed", confirmed),
        ("Active 使用中", grown(Phase::Active)),
        ("Returned 退回补正", returned),
        ("Rejected 不予批准", change(Phase::Rejected)),
        ("Withdrawn 已撤回, within the undo time", withdrawn),
        ("Withdrawn 已撤回, after the undo time", gone),
        ("Lapsed 已失效", change(Phase::Lapsed)),
        ("Expired 已到期", grown(Phase::Expired)),
        ("Reclaiming 回收中, quota not lowered yet", reclaiming),
        ("Reclaiming 回收中, quota lowered", lowered),
        ("Released 已释放", change(Phase::Released)),
    ]
}

/// Requests that other lines are about.
fn others() -> Vec<Standing> {
    let mut release = change(Phase::Approved);
    release.kind = RequestType::Release;
    release.facts.target = Bundle::ZERO;
    let mut shrink = change(Phase::Provisioning);
    shrink.facts.target = cores(1);
    let mut freed = new(Phase::Reclaiming);
    freed.facts.draining = cores(1);
    vec![Standing { phase: None, ..change(Phase::Submitted) }, grown(Phase::Provisioning), release, shrink, freed]
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../docs/requests.md");

    #[test]
    fn the_page_is_what_the_table_makes() {
        let made = renewed(PAGE).expect("docs/requests.md has a mark for each part");
        assert!(made == PAGE, "docs/requests.md is out of date: run make generate");
    }

    #[test]
    fn every_line_of_the_table_is_on_the_page() {
        for row in TABLE {
            assert!(!samples(row).is_empty(), "no example for {row:?}");
        }
    }

    #[test]
    fn every_phase_and_refusal_is_explained() {
        let prose = PAGE.split("<!-- made: rows -->").next().unwrap_or_default();
        for phase in Phase::ALL {
            assert!(prose.contains(&format!("| `{}` |", phase.name())), "{phase:?} isn't explained");
        }
        let codes = [
            "RoleMissing",
            "NotYours",
            "SelfApproval",
            "SameReviewer",
            "Stale",
            "WrongStage",
            "StageMissing",
            "OfferOver",
            "UndoOver",
            "TooEarly",
            "UrgedToday",
            "AnotherRequestOpen",
            "ReasonMissing",
            "OfferInvalid",
            "OfferRoundsUsed",
            "Incomplete",
            "RulesNotMet",
        ];
        for code in codes {
            assert!(prose.contains(&format!("`{code}`")), "{code} isn't explained");
        }
    }
}
