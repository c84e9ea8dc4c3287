//! What one link was, and when: three days of stretches, and the months' durations.

use std::collections::VecDeque;

use crate::maintenance::Covered;
use crate::model::{Span, Stamp};
use crate::month::Month;
use crate::partition::{Availability, Durations, Since, partition};

/// Provisional time settles within this: the longest way back of any decision is the 60 s hold
/// after a recovery with a train, its ancestor's and a vote before it, under 90 s in all.
pub const SETTLES_AFTER: Span = Span::minutes(10);
/// The longest window of the error budget.
const KEPT: Span = Span::hours(72);
/// A link that toggles every 20 s, the least a recovery takes, for three days.
const STRETCHES_MAX: usize = 12_960;

/// The log of one link.
#[derive(Clone, Debug)]
pub struct Log {
    stretches: VecDeque<Since>,
    /// Accounting begins here: the later of the first answer and the day of service.
    begins: Option<Stamp>,
    settled_to: Stamp,
    month: Month,
    settled: Durations,
    previous: Option<(Month, Durations)>,
}

impl Log {
    #[must_use]
    pub fn new(now: Stamp) -> Self {
        Self {
            stretches: VecDeque::new(),
            begins: None,
            settled_to: now,
            month: Month::of(now),
            settled: Durations::default(),
            previous: None,
        }
    }

    /// Goes on from a checkpoint: what was accounted of this month until `to`.
    #[must_use]
    pub fn restore(month: Month, settled: Durations, begins: Stamp, to: Stamp) -> Self {
        Self { stretches: VecDeque::new(), begins: Some(begins), settled_to: to, month, settled, previous: None }
    }

    /// Accounting begins; earlier time counts nowhere. Only the first call has an effect.
    pub fn begin(&mut self, at: Stamp) {
        if self.begins.is_none() {
            self.begins = Some(at);
            self.settled_to = at;
            self.month = Month::of(at);
        }
    }

    #[must_use]
    pub fn begins(&self) -> Option<Stamp> {
        self.begins
    }

    /// From `at` on the link is `class`: later stretches are dropped, they were provisional.
    /// What is settled stays as it was; returns the instant from which it really holds.
    pub fn set(&mut self, at: Stamp, class: Availability) -> Stamp {
        let at = at.max(self.settled_to);
        while self.stretches.back().is_some_and(|last| last.start >= at) {
            self.stretches.pop_back();
        }
        if self.stretches.back().is_none_or(|last| last.class != class) {
            if self.stretches.len() == STRETCHES_MAX {
                self.stretches.pop_front();
            }
            self.stretches.push_back(Since { start: at, class });
        }
        at
    }

    /// Settles what is older than 10 min into its month, and forgets what is older than 3 days.
    pub fn settle(&mut self, now: Stamp, covered: &Covered) {
        let to = now - SETTLES_AFTER;
        if self.begins.is_none() || to <= self.settled_to {
            return;
        }
        while self.month.end() <= to {
            let end = self.month.end();
            let closed = self.part(covered, self.settled_to, end);
            self.settled += closed;
            self.previous = Some((self.month, self.settled));
            self.settled = Durations::default();
            self.settled_to = end;
            self.month = self.month.next();
        }
        let settled = self.part(covered, self.settled_to, to);
        self.settled += settled;
        self.settled_to = to;
        let kept = (now - KEPT).min(to);
        while self.stretches.get(1).is_some_and(|second| second.start <= kept) {
            self.stretches.pop_front();
        }
    }

    /// The durations of a month until `now`; provisional time counts as it stands. `None` for a
    /// month that is neither the running nor the last one, or before accounting began.
    #[must_use]
    pub fn durations(&self, month: Month, covered: &Covered, now: Stamp) -> Option<Durations> {
        let begins = self.begins?;
        if let Some((previous, durations)) = self.previous
            && previous == month
        {
            return Some(durations);
        }
        let (from, to) = (month.start().max(begins).max(self.settled_to), month.end().min(now));
        let mut durations = if month == self.month { self.settled } else { Durations::default() };
        if month < self.month || to < from && month != self.month {
            return None;
        }
        durations += self.part(covered, from, to);
        Some(durations)
    }

    /// The durations of the latest `span`, at most three days.
    #[must_use]
    pub fn latest(&self, span: Span, covered: &Covered, now: Stamp) -> Durations {
        match self.begins {
            Some(begins) => self.part(covered, begins.max(now - span), now),
            None => Durations::default(),
        }
    }

    /// What is kept, oldest first.
    pub fn stretches(&self) -> impl Iterator<Item = Since> + '_ {
        self.stretches.iter().copied()
    }

    /// Until when time is settled.
    #[must_use]
    pub fn settled_to(&self) -> Stamp {
        self.settled_to
    }

    fn part(&self, covered: &Covered, from: Stamp, to: Stamp) -> Durations {
        // Nearly always there are one or two stretches; a long list is copied only when it is asked for.
        let (front, back) = self.stretches.as_slices();
        if back.is_empty() {
            partition(front, covered, from, to)
        } else {
            let all: Vec<Since> = self.stretches().collect();
            partition(&all, covered, from, to)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backdated_change_replaces_what_was_provisional() {
        let start = Month::new(2026, 11).unwrap().start();
        let mut log = Log::new(start);
        log.begin(start);
        log.set(start, Availability::Up);
        log.set(start + Span::secs(100), Availability::Degraded);
        log.set(start + Span::secs(90), Availability::Down);
        let seen: Vec<Since> = log.stretches().collect();
        assert_eq!(seen.last(), Some(&Since { start: start + Span::secs(90), class: Availability::Down }));
        assert_eq!(seen.len(), 2);
    }

    #[test]
    fn settled_time_is_not_changed_any_more() {
        let start = Month::new(2026, 11).unwrap().start();
        let none = Covered::default();
        let mut log = Log::new(start);
        log.begin(start);
        log.set(start, Availability::Up);
        log.settle(start + Span::minutes(60), &none);
        assert_eq!(log.set(start, Availability::Down), start + Span::minutes(50));
        let month = log.durations(Month::of(start), &none, start + Span::minutes(60)).unwrap();
        assert_eq!((month.up, month.down), (Span::minutes(50).as_micros(), Span::minutes(10).as_micros()));
    }

    #[test]
    fn a_month_is_closed_ten_minutes_after_its_end() {
        let november = Month::new(2026, 11).unwrap();
        let none = Covered::default();
        let mut log = Log::new(november.start());
        log.begin(november.start());
        log.set(november.start(), Availability::Up);
        log.settle(november.end() + Span::minutes(9), &none);
        assert_eq!(log.previous, None);
        // A breakage that began before midnight and was decided after it is in both months.
        log.set(november.end() - Span::secs(5), Availability::Down);
        log.settle(november.end() + Span::minutes(11), &none);
        let closed = log.durations(november, &none, november.end() + Span::hours(1)).unwrap();
        assert_eq!(closed.down, 5_000_000);
        assert_eq!(closed.total(), (november.end() - november.start()).as_micros());
        let december = log.durations(november.next(), &none, november.end() + Span::minutes(20)).unwrap();
        assert_eq!(december.down, Span::minutes(20).as_micros());
    }

    #[test]
    fn accounting_begins_once() {
        let start = Month::new(2026, 11).unwrap().start();
        let none = Covered::default();
        let mut log = Log::new(start);
        assert_eq!(log.durations(Month::of(start), &none, start + Span::hours(1)), None);
        log.begin(start + Span::minutes(30));
        log.begin(start);
        log.set(start + Span::minutes(30), Availability::Up);
        let month = log.durations(Month::of(start), &none, start + Span::hours(1)).unwrap();
        assert_eq!(month.total(), Span::minutes(30).as_micros());
    }
}
