//! What is remembered of one link.

use crate::class::Class;
use crate::flap::Flap;
use crate::hops::Path;
use crate::log::Log;
use crate::model::{LinkIx, Span, Stamp};
use crate::rollup::Rollup;
use crate::sample::Counters;
use crate::state::{Reason, State};
use crate::window::LossWindow;

/// Answers in a row after which a lost link is up again.
pub(super) const ANSWERS_TO_RISE: u32 = 3;
/// And without loss for this long. Ten good seconds end unavailability, as ten bad ones begin it.
pub(super) const QUIET_TO_RISE: Span = Span::secs(10);
/// Unanswered samples after which a link that never answered may be taken for silent by policy.
pub(super) const SILENT_AFTER: u32 = 100;

/// At least one sample was lost; confirmation runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Suspicion {
    /// When the first lost sample was sent: the onset, should it be confirmed.
    pub onset: Stamp,
    /// Valid samples lost since the onset, all of them.
    pub lost: u32,
    /// Further losses that it takes.
    pub confirmations: u32,
    /// A router has said that it can't deliver.
    pub told: bool,
    /// Its fast samples run; they pause while an ancestor is under suspicion.
    pub paced: bool,
    /// A vote on its silent parent didn't carry; the second one is taken then.
    pub second_vote: Option<Stamp>,
}

/// Answers in a row of a link that was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Streak {
    pub first: Stamp,
    pub last: Stamp,
    pub answers: u32,
}

impl Streak {
    pub fn extend(streak: Option<Self>, sent: Stamp) -> Self {
        match streak {
            None => Self { first: sent, last: sent, answers: 1 },
            Some(Self { first, last, answers }) => {
                Self { first: first.min(sent), last: last.max(sent), answers: answers + 1 }
            }
        }
    }

    /// The first answer, once there are enough.
    pub fn risen(self) -> Option<Stamp> {
        (self.answers >= ANSWERS_TO_RISE && self.last - self.first >= QUIET_TO_RISE).then_some(self.first)
    }
}

/// The root above has recovered; the link isn't blamed before it had a chance to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hold {
    pub recovered: Stamp,
    /// The incident that the root had.
    pub after: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub class: Class,
    pub state: State,
    pub reason: Reason,
    pub since: Stamp,
    pub roots: Vec<LinkIx>,
    /// What it was when it became unknown, if that was lost: its incident goes on.
    pub held: Option<(State, Vec<LinkIx>)>,
    pub suspicion: Option<Suspicion>,
    pub streak: Option<Streak>,
    pub hold: Option<Hold>,
    /// Declared to answer never, or learned so.
    pub silent: bool,
    pub paused: bool,
    pub first_answer: Option<Stamp>,
    pub last_ok: Stamp,
    pub last_valid: Stamp,
    /// Newest answer from below whose only way leads through here, and how long it speaks.
    pub below_ok: Stamp,
    pub below_until: Stamp,
    pub below_streak: Option<Streak>,
    pub unanswered: u32,
    pub lost_uplink: Option<LinkIx>,
    pub window: LossWindow,
    pub rollup: Rollup,
    pub counters: Counters,
    pub flap: Flap,
    pub path: Path,
    pub log: Log,
}

impl Node {
    pub fn new(class: Class, silent: bool, paused: bool, now: Stamp) -> Self {
        Self {
            class,
            state: State::Unknown,
            reason: if paused { Reason::Paused } else { Reason::NeverAnswered },
            since: now,
            roots: Vec::new(),
            held: None,
            suspicion: None,
            streak: None,
            hold: None,
            silent,
            paused,
            first_answer: None,
            last_ok: Stamp::NEVER,
            last_valid: Stamp::NEVER,
            below_ok: Stamp::NEVER,
            below_until: Stamp::NEVER,
            below_streak: None,
            unanswered: 0,
            lost_uplink: None,
            window: LossWindow::new(&class.loss),
            rollup: Rollup::default(),
            counters: Counters::default(),
            flap: Flap::default(),
            path: Path::default(),
            log: Log::new(now),
        }
    }

    /// Whether its state comes from below: it has never answered by itself.
    pub fn is_inferred(&self) -> bool {
        self.silent && self.first_answer.is_none()
    }

    /// Since when those below it answer, if that is enough and it doesn't begin to answer itself.
    pub fn below_rise(&self) -> Option<Stamp> {
        self.below_streak.filter(|_| self.silent || self.streak.is_none()).and_then(Streak::risen)
    }

    /// Until when its newest valid sample speaks for it.
    pub fn valid_until(&self) -> Stamp {
        self.last_valid + self.class.validity()
    }

    /// Whether it was lost before it became unknown, or is.
    pub fn was_lost(&self) -> bool {
        self.state.is_lost() || self.held.is_some()
    }

    /// Further losses that a suspicion of it takes: more if it loses much as a rule.
    pub fn confirmations(&self, now: Stamp) -> u32 {
        let lossy = self.rollup.loss_last_hour(now).is_some_and(|loss| loss > Class::LOSSY);
        // The sample that raised the suspicion is in that hour; a link that has hardly been seen isn't lossy.
        if lossy && self.counters.lost > 1 { self.class.confirmations_lossy } else { self.class.confirmations }
    }
}
