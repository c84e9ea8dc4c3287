//! Flapping: a penalty that grows with each own change and halves every quarter of an hour.

use crate::model::{Span, Stamp};

/// Added for each change between down and up whose cause is the link itself.
const PER_CHANGE: f64 = 1_000.0;
const HALF_LIFE: Span = Span::minutes(15);
/// From here to release it takes at most four half-lives, an hour.
const CEILING: f64 = 16_000.0;
/// On above this: the fourth change of a link that toggles every minute.
const ON_ABOVE: f64 = 3_000.0;
const OFF_BELOW: f64 = 1_000.0;

/// The penalty of one link.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Flap {
    penalty: f64,
    at: Stamp,
    flapping: bool,
}

impl Flap {
    /// The penalty at an instant, 0 to 16,000.
    #[must_use]
    pub fn penalty(&self, now: Stamp) -> f64 {
        let half_lives = (now - self.at).as_secs_f64().max(0.0) / HALF_LIFE.as_secs_f64();
        self.penalty * (-half_lives).exp2()
    }

    /// Counts a change whose cause is the link itself: not an ancestor, not maintenance, not us.
    pub fn change(&mut self, at: Stamp) {
        // A backdated change isn't older than the last one that was counted.
        let at = at.max(self.at);
        self.penalty = (self.penalty(at) + PER_CHANGE).min(CEILING);
        self.at = at;
    }

    /// Looks at the penalty now. `Some` if flapping has begun (true) or ended (false).
    pub fn judge(&mut self, now: Stamp) -> Option<bool> {
        let penalty = self.penalty(now);
        let is = if self.flapping { penalty >= OFF_BELOW } else { penalty > ON_ABOVE };
        let changed = is != self.flapping;
        self.flapping = is;
        changed.then_some(is)
    }

    #[must_use]
    pub fn is_flapping(&self) -> bool {
        self.flapping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fourth_change_a_minute_apart_is_flapping() {
        let mut flap = Flap::default();
        for n in 0..4 {
            let at = Stamp::from_secs(1_000 + 60 * n);
            flap.change(at);
            assert_eq!(flap.judge(at), (n == 3).then_some(true), "change {n}");
        }
    }

    #[test]
    fn release_takes_at_most_an_hour() {
        let mut flap = Flap::default();
        let start = Stamp::from_secs(1_000);
        for _ in 0..1_000 {
            flap.change(start);
        }
        assert_eq!(flap.judge(start), Some(true));
        assert_eq!(flap.judge(start + Span::minutes(59)), None);
        assert_eq!(flap.judge(start + Span::minutes(60) + Span::secs(1)), Some(false));
    }

    #[test]
    fn three_outages_a_day_apart_are_none() {
        let mut flap = Flap::default();
        for day in 0..3 {
            let at = Stamp::from_secs(86_400 * day);
            flap.change(at);
            flap.change(at + Span::minutes(10));
            assert_eq!(flap.judge(at + Span::minutes(10)), None);
        }
    }
}
