//! Why an act changes nothing.

use jiff::Timestamp;
use thiserror::Error;

use super::act::Action;
use super::role::Role;
use crate::names::short_user;
use crate::v1alpha1::{Phase, ReviewStage, Verdict};
use crate::workday::written;

/// Why an act changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("{} is for {}", action.name(), list(needs, Role::name, "nobody"))]
    RoleMissing { action: Action, needs: Vec<Role> },
    #[error("{} is {}", action.name(), whose.as_ref().map_or_else(|| "the department's to say".to_owned(), |one| format!("{}'s alone to do", short_user(one))))]
    NotYours { action: Action, whose: Option<String> },
    #[error("you made this request, or corrected it: somebody else has to decide it")]
    SelfApproval,
    #[error("you have decided on this request at stage {}: four eyes need another person", before.name())]
    SameReviewer { before: ReviewStage },
    #[error("the request is at revision {now}, the decision was made on revision {seen}: look again")]
    Stale { now: i64, seen: i64 },
    #[error("the request is {} at stage {stage}, revision {revision}, and {} doesn't apply to it; what does: {}", phase.map_or("a draft", Phase::name), action.name(), open_list(open))]
    WrongStage { phase: Option<Phase>, stage: &'static str, revision: i64, action: Action, open: Vec<Open> },
    #[error("say in spec.stage for which stage {} is: the request is at stage {stage}", verdict.name())]
    StageMissing { verdict: Verdict, stage: &'static str },
    #[error("the offer could be answered until {}", written(*expired_at))]
    OfferOver { expired_at: Timestamp },
    #[error("the withdrawal could be undone until {}: make a new request", written(*until))]
    UndoOver { until: Timestamp },
    #[error("the time isn't over{}", until.map(|at| format!(": it is at {}", written(at))).unwrap_or_default())]
    TooEarly { until: Option<Timestamp> },
    #[error("it has been urged today: the next time is from {}", written(*from))]
    UrgedToday { from: Timestamp },
    #[error("an earlier request for the same application and pool is open: decide {earlier} first")]
    AnotherRequestOpen { earlier: String },
    #[error("write {least} to {most} characters of reason for {}", verdict.name())]
    ReasonMissing { verdict: Verdict, least: usize, most: usize },
    #[error("this can't be offered: {fault}")]
    OfferInvalid { fault: OfferFault },
    #[error("all {rounds} offers of this request have been made")]
    OfferRoundsUsed { rounds: u32 },
    #[error("still missing: {}", missing.join(", "))]
    Incomplete { missing: Vec<String> },
    #[error("not to be approved automatically, by {}: a person decides", rules.join(", "))]
    RulesNotMet { rules: Vec<String> },
}

/// What can be done instead, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    pub verdict: Verdict,
    /// Any of these.
    pub by: &'static [Role],
}

/// What is wrong with an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OfferFault {
    #[error("nothing is offered beyond what the application has")]
    Nothing,
    #[error("it is what was asked for: approve that")]
    AllThatWasAsked,
    #[error("an amount lies outside of what the application has and what was asked for")]
    Outside,
    #[error("the time for an answer isn't in the future")]
    NoTime,
}

impl Refusal {
    /// The name in statuses and problems. Promised to scripts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RoleMissing { .. } => "RoleMissing",
            Self::NotYours { .. } => "NotYours",
            Self::SelfApproval => "SelfApproval",
            Self::SameReviewer { .. } => "SameReviewer",
            Self::Stale { .. } => "Stale",
            Self::WrongStage { .. } => "WrongStage",
            Self::StageMissing { .. } => "StageMissing",
            Self::OfferOver { .. } => "OfferOver",
            Self::UndoOver { .. } => "UndoOver",
            Self::TooEarly { .. } => "TooEarly",
            Self::UrgedToday { .. } => "UrgedToday",
            Self::AnotherRequestOpen { .. } => "AnotherRequestOpen",
            Self::ReasonMissing { .. } => "ReasonMissing",
            Self::OfferInvalid { .. } => "OfferInvalid",
            Self::OfferRoundsUsed { .. } => "OfferRoundsUsed",
            Self::Incomplete { .. } => "Incomplete",
            Self::RulesNotMet { .. } => "RulesNotMet",
        }
    }

    /// What kind of no it is.
    #[must_use]
    pub const fn nature(&self) -> Nature {
        match self {
            Self::RoleMissing { .. } | Self::NotYours { .. } | Self::SelfApproval | Self::SameReviewer { .. } => {
                Nature::Forbidden
            }
            Self::StageMissing { .. }
            | Self::ReasonMissing { .. }
            | Self::OfferInvalid { .. }
            | Self::Incomplete { .. } => Nature::Invalid,
            Self::Stale { .. }
            | Self::WrongStage { .. }
            | Self::OfferOver { .. }
            | Self::UndoOver { .. }
            | Self::TooEarly { .. }
            | Self::UrgedToday { .. }
            | Self::AnotherRequestOpen { .. }
            | Self::OfferRoundsUsed { .. }
            | Self::RulesNotMet { .. } => Nature::Conflict,
        }
    }

    /// Whether it follows from the decision alone, so that whoever looks refuses it, whatever his
    /// caches show. Any other refusal has to go through the request's version
    /// before it is answered: phases also go back, and a cache may show one that is over.
    #[must_use]
    pub const fn is_certain(&self) -> bool {
        matches!(self, Self::ReasonMissing { .. } | Self::StageMissing { .. })
    }
}

/// What kind of no a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// This person doesn't do this.
    Forbidden,
    /// What was written isn't complete or can't be.
    Invalid,
    /// Not as things stand now.
    Conflict,
}

/// `Accept (approver-admin), Withdraw (department-user or department-owner)`
fn open_list(open: &[Open]) -> String {
    let one = |Open { verdict, by }: &Open| {
        let roles: Vec<&str> = by.iter().map(|role| role.name()).collect();
        format!("{} ({})", verdict.name(), roles.join(" or "))
    };
    if open.is_empty() { "nothing".to_owned() } else { open.iter().map(one).collect::<Vec<_>>().join(", ") }
}

/// The names, or what stands for none.
fn list<T: Copy>(items: &[T], name: impl Fn(T) -> &'static str, none: &str) -> String {
    if items.is_empty() {
        return none.to_owned();
    }
    items.iter().map(|item| name(*item)).collect::<Vec<_>>().join(", ")
}
