//! How fast a link uses up the unavailability that its target allows.

use crate::model::Span;
use crate::partition::Durations;

/// How loud an alarm is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Ticket,
    Page,
}

/// One rule: both windows must burn faster than the threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BurnRule {
    pub severity: Severity,
    pub long: Span,
    pub short: Span,
    /// Times the rate at which a 30-day allowance would just last.
    pub above: f64,
}

/// The share of the 30-day allowance (2 % in 1 h, 5 % in 6 h, 10 % in a day, 10 % in 3 days) times
/// 720 h over the window's hours.
pub const RULES: [BurnRule; 4] = [
    BurnRule { severity: Severity::Page, long: Span::hours(1), short: Span::minutes(5), above: 14.4 },
    BurnRule { severity: Severity::Page, long: Span::hours(6), short: Span::minutes(30), above: 6.0 },
    BurnRule { severity: Severity::Ticket, long: Span::hours(24), short: Span::hours(2), above: 3.0 },
    BurnRule { severity: Severity::Ticket, long: Span::hours(72), short: Span::hours(6), above: 1.0 },
];

/// Good and covered time of a window, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Up or degraded, round trips within the target.
    pub good: i64,
    /// Neither unknown nor maintenance.
    pub covered: i64,
}

impl Budget {
    /// Of a partition; `slow` is the part of its good time in which round trips were above the
    /// target, in microseconds.
    #[must_use]
    pub fn of(durations: &Durations, slow: i64) -> Self {
        let good = durations.up + durations.degraded;
        Self {
            good: good - slow.clamp(0, good),
            covered: durations.total() - durations.unknown - durations.maintenance,
        }
    }

    /// Link-minutes of several links together.
    #[must_use]
    pub fn sum(budgets: impl IntoIterator<Item = Self>) -> Self {
        let add = |a: Self, b: Self| Self { good: a.good + b.good, covered: a.covered + b.covered };
        budgets.into_iter().fold(Self::default(), add)
    }
}

/// The rate at which a window burns its allowance: bad share ÷ allowed share. Nothing covered burns
/// nothing; a target of 1 allows nothing and is answered as if it allowed a millionth.
#[must_use]
pub fn burn(budget: Budget, slo: f64) -> f64 {
    if budget.covered <= 0 {
        return 0.0;
    }
    let bad = (budget.covered - budget.good) as f64 / budget.covered as f64;
    bad / (1.0 - slo).max(1e-6)
}

/// The loudest rule that holds now. `window` gives the budget of the latest span.
///
/// A rule's windows are taken at their full length: what wasn't covered is left out of both sides,
/// so that a link in its first hour alarms by what was seen of it.
pub fn alarm(slo: f64, mut window: impl FnMut(Span) -> Budget) -> Option<BurnRule> {
    RULES
        .into_iter()
        .find(|rule| burn(window(rule.short), slo) > rule.above && burn(window(rule.long), slo) > rule.above)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of a full outage, after a clean past, until the first alarm of a severity.
    fn fires_after(slo: f64, severity: Severity, long: Span) -> i64 {
        let window = |down: i64| {
            move |span: Span| Budget { good: span.as_micros() - down.min(span.as_micros()), covered: span.as_micros() }
        };
        let rule = RULES.into_iter().find(|rule| rule.severity == severity && rule.long == long).unwrap();
        let fires = |down: i64| {
            burn(window(down)(rule.short), slo) > rule.above && burn(window(down)(rule.long), slo) > rule.above
        };
        (1..).find(|seconds| fires(seconds * 1_000_000)).unwrap()
    }

    #[test]
    fn a_full_outage_fires_after_the_known_times() {
        // window, then seconds for targets of 99.9, 99.5 and 99 %.
        let cases = [
            (Severity::Page, 1, [52, 260, 519]),
            (Severity::Page, 6, [130, 649, 1_297]),
            (Severity::Ticket, 24, [260, 1_297, 2_593]),
            (Severity::Ticket, 72, [260, 1_297, 2_593]),
        ];
        for (severity, hours, expected) in cases {
            for (slo, seconds) in [0.999, 0.995, 0.99].into_iter().zip(expected) {
                let found = fires_after(slo, severity, Span::hours(hours));
                assert!((found - seconds).abs() <= 1, "{hours} h, {slo}: {found} s, not {seconds}");
            }
        }
    }

    #[test]
    fn unknown_and_maintenance_leave_both_sides() {
        let durations = Durations { up: 90, down: 10, unknown: 1_000, maintenance: 5_000, ..Durations::default() };
        assert_eq!(Budget::of(&durations, 0), Budget { good: 90, covered: 100 });
        assert_eq!(Budget::of(&durations, 30).good, 60);
        assert!((burn(Budget::of(&durations, 0), 0.9) - 1.0).abs() < 1e-9);
        assert_eq!(burn(Budget::default(), 0.999), 0.0);
    }

    #[test]
    fn an_alarm_ends_with_its_short_window() {
        // An hour ago the link was down for 10 min; now it is up.
        let window = |span: Span| {
            let bad = if span >= Span::hours(1) { Span::minutes(10).as_micros() } else { 0 };
            Budget { good: span.as_micros() - bad, covered: span.as_micros() }
        };
        let rule = alarm(0.999, window);
        assert_eq!(rule.map(|rule| rule.severity), Some(Severity::Ticket));
    }
}
