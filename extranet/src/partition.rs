//! Where the time of a month went, to the microsecond, and the figures made of it.

use std::fmt;
use std::ops::AddAssign;

use crate::maintenance::Covered;
use crate::model::{Span, Stamp};

/// What an instant of a link counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Availability {
    Up,
    Degraded,
    Down,
    Unreachable,
    Unknown,
    Maintenance,
}

/// A stretch of one class, `[start, next start)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    pub start: Stamp,
    pub class: Availability,
}

/// Six durations in microseconds that add up to the time they were taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    pub up: i64,
    pub degraded: i64,
    pub down: i64,
    pub unreachable: i64,
    pub unknown: i64,
    pub maintenance: i64,
}

impl Durations {
    pub fn add(&mut self, class: Availability, span: Span) {
        *self.of_mut(class) += span.as_micros();
    }

    /// T: the sum of all six.
    #[must_use]
    pub fn total(&self) -> i64 {
        let Self { up, degraded, down, unreachable, unknown, maintenance } = self;
        up + degraded + down + unreachable + unknown + maintenance
    }

    #[must_use]
    pub fn figures(&self) -> Figures {
        let good = self.up + self.degraded;
        let all = self.total() - self.maintenance;
        Figures {
            end_to_end: Ratio::new(good, all - self.unknown),
            own: Ratio::new(good, all - self.unknown - self.unreachable),
            coverage: Ratio::new(all - self.unknown, all),
            worst: Ratio::new(good, all),
            best: Ratio::new(good + self.unknown, all),
        }
    }

    fn of_mut(&mut self, class: Availability) -> &mut i64 {
        match class {
            Availability::Up => &mut self.up,
            Availability::Degraded => &mut self.degraded,
            Availability::Down => &mut self.down,
            Availability::Unreachable => &mut self.unreachable,
            Availability::Unknown => &mut self.unknown,
            Availability::Maintenance => &mut self.maintenance,
        }
    }
}

impl AddAssign for Durations {
    fn add_assign(&mut self, other: Self) {
        let Self { up, degraded, down, unreachable, unknown, maintenance } = other;
        self.up += up;
        self.degraded += degraded;
        self.down += down;
        self.unreachable += unreachable;
        self.unknown += unknown;
        self.maintenance += maintenance;
    }
}

/// What an availability report says about a stretch of time. A ratio is absent, "not applicable",
/// where there was no time to take it from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// (up + degraded) ÷ (T − maintenance − unknown): unreachable isn't available.
    pub end_to_end: Option<Ratio>,
    /// The same without the time an ancestor was broken: the link's own share.
    pub own: Option<Ratio>,
    /// 1 − unknown ÷ (T − maintenance).
    pub coverage: Option<Ratio>,
    /// If all unknown time had been bad.
    pub worst: Option<Ratio>,
    /// If all unknown time had been good.
    pub best: Option<Ratio>,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.end_to_end, self.coverage, self.worst, self.best) {
            (Some(a), Some(c), Some(worst), Some(best)) => {
                let (a, c, worst, best) = (a.percent(2), c.percent(1), worst.percent(2), best.percent(2));
                write!(f, "{a} % (coverage {c} %, range {worst}–{best} %)")
            }
            _ => f.write_str("not applicable"),
        }
    }
}

/// An exact ratio of two amounts of microseconds, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    part: i64,
    whole: i64,
}

impl Ratio {
    /// `None` for a part of nothing.
    #[must_use]
    pub fn new(part: i64, whole: i64) -> Option<Self> {
        (whole > 0).then_some(Self { part, whole })
    }

    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.part as f64 / self.whole as f64
    }

    /// Percent with `digits` decimals (0 to 9), truncated: 99.999 % is never shown as 100.
    #[must_use]
    pub fn percent(self, digits: u32) -> String {
        let scale = 10_i128.pow(digits.min(9));
        let value = i128::from(self.part) * 100 * scale / i128::from(self.whole);
        match digits.min(9) {
            0 => format!("{value}"),
            digits => format!("{}.{:0width$}", value / scale, value % scale, width = digits as usize),
        }
    }
}

/// Splits `[from, to)` among the six classes.
///
/// At any instant maintenance goes before what was seen. `seen` is ordered by start; time before
/// its first entry is unknown. The result adds up to `to − from` exactly, whatever comes in.
#[must_use]
pub fn partition(seen: &[Since], covered: &Covered, from: Stamp, to: Stamp) -> Durations {
    let mut durations = Durations::default();
    if to <= from {
        return durations;
    }
    let first = seen.partition_point(|one| one.start <= from);
    let mut class = first.checked_sub(1).and_then(|at| seen.get(at)).map_or(Availability::Unknown, |one| one.class);
    let mut at = from;
    for next in seen.iter().skip(first).take_while(|one| one.start < to) {
        stretch(&mut durations, class, covered, at, next.start);
        (at, class) = (next.start, next.class);
    }
    stretch(&mut durations, class, covered, at, to);
    durations
}

fn stretch(durations: &mut Durations, class: Availability, covered: &Covered, from: Stamp, to: Stamp) {
    let mut at = from;
    for one in covered.stretches() {
        let (start, end) = (one.start.max(at), one.end.min(to));
        if start >= end {
            continue;
        }
        durations.add(class, start - at);
        durations.add(Availability::Maintenance, end - start);
        at = end;
    }
    durations.add(class, to - at);
}

/// Availability by the contract's rule: whole minutes of each outage of a minute or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByContract {
    /// Whole minutes that count.
    pub outage_minutes: i64,
    /// Outages under one minute: listed, not counted.
    pub short_outages: u32,
    /// 1 − outage minutes ÷ minutes of the month.
    pub availability: Option<Ratio>,
}

/// Applies the contract's rule to the outages of one link in `[from, to)`. An outage is an unbroken
/// stretch in which the link was down or unreachable outside maintenance; time that isn't known
/// ends it. Seconds beyond a whole minute don't count.
#[must_use]
pub fn by_contract(seen: &[Since], covered: &Covered, from: Stamp, to: Stamp) -> ByContract {
    let (mut minutes, mut short) = (0, 0);
    for outage in outages(seen, covered, from, to) {
        match outage.as_micros() / Span::minutes(1).as_micros() {
            0 => short += 1,
            whole => minutes += whole,
        }
    }
    let month = (to - from).as_micros() / Span::minutes(1).as_micros();
    ByContract {
        outage_minutes: minutes,
        short_outages: short,
        availability: Ratio::new((month - minutes).max(0), month),
    }
}

fn outages(seen: &[Since], covered: &Covered, from: Stamp, to: Stamp) -> Vec<Span> {
    let is_outage = |at: Stamp| {
        let before = seen.partition_point(|one| one.start <= at);
        let class = before.checked_sub(1).map_or(Availability::Unknown, |n| seen[n].class);
        matches!(class, Availability::Down | Availability::Unreachable) && covered.at(at).is_none()
    };
    let mut edges: Vec<Stamp> = seen.iter().map(|one| one.start).collect();
    edges.extend(covered.stretches().iter().flat_map(|one| [one.start, one.end]));
    edges.retain(|edge| from < *edge && *edge < to);
    edges.extend([from, to]);
    edges.sort_unstable();
    let (mut found, mut began) = (Vec::new(), None);
    for edge in edges {
        match (began, edge < to && is_outage(edge)) {
            (None, true) => began = Some(edge),
            (Some(start), false) => {
                found.push(edge - start);
                began = None;
            }
            _ => {}
        }
    }
    found
}
