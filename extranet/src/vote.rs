//! Whether so many children of a silent node are lost that the node itself must be.

use crate::model::Span;

/// Onsets and samples this close together belong to one breakage.
pub const TOGETHER: Span = Span::secs(30);
/// Children that must be lost at least.
const LEAST: u32 = 3;
/// The share of children that must be lost: four fifths.
const SHARE: (u32, u32) = (4, 5);
/// An accident less likely than this is none.
const ACCIDENT: f64 = 1e-6;
/// No link is taken for better than this.
const LOSS_FLOOR: f64 = 0.001;

/// Children of a silent node: how many have a valid sample, and how many of those look lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub seen: u32,
    pub lost: u32,
}

impl Count {
    /// Whether enough are lost, in number and share: at least 3, and at least four fifths.
    #[must_use]
    pub fn is_plausible(self) -> bool {
        self.lost >= LEAST.max((self.seen * SHARE.0).div_ceil(SHARE.1))
    }
}

/// The vote: enough are lost, and it is no accident. `loss` is what the children lose as a rule
/// (0 to 1), `interval` how often they are probed.
#[must_use]
pub fn is_lost(count: Count, loss: f64, interval: Span) -> bool {
    count.is_plausible() && binomial_tail(count.lost, count.seen, accident(loss, interval)) < ACCIDENT
}

/// The chance that a child looks lost by accident: two losses in a row within 30 s.
fn accident(loss: f64, interval: Span) -> f64 {
    let p = loss.clamp(LOSS_FLOOR, 1.0);
    let tries = TOGETHER.as_secs_f64() / interval.as_secs_f64().max(0.001);
    1.0 - (1.0 - p * p).powf(tries)
}

/// P(X ≥ x) for X binomial with n tries of chance q. Exact enough for n ≤ 1,000.
fn binomial_tail(x: u32, n: u32, q: f64) -> f64 {
    if x == 0 || q >= 1.0 {
        return 1.0;
    }
    if q <= 0.0 {
        return 0.0;
    }
    // Logarithms, because C(450, 225) has 134 digits.
    let mut log_term = f64::from(n) * (1.0 - q).ln();
    let step = (q / (1.0 - q)).ln();
    let mut sum = 0.0;
    for k in 0..=n {
        if k >= x {
            sum += log_term.exp();
        }
        log_term += (f64::from(n - k) / f64::from(k + 1)).ln() + step;
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_carries_a_vote() {
        let cases = [
            // seen, lost, loss, carried
            (11, 9, 0.001, true),
            (11, 8, 0.001, false),
            (3, 3, 0.001, true),
            (2, 2, 0.001, false),
            (4, 3, 0.001, false),
            (5, 4, 0.001, true),
            (50, 40, 0.01, true),
            // Children that always lose a third prove nothing.
            (3, 3, 0.3, false),
            (0, 0, 0.001, false),
        ];
        for (seen, lost, loss, expected) in cases {
            let found = is_lost(Count { seen, lost }, loss, Span::secs(5));
            assert_eq!(found, expected, "{lost} of {seen} at {loss}");
        }
    }

    #[test]
    fn tails_by_hand() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(close(binomial_tail(0, 5, 0.3), 1.0));
        assert!(close(binomial_tail(2, 2, 0.5), 0.25));
        assert!(close(binomial_tail(1, 2, 0.5), 0.75));
        assert!(close(binomial_tail(3, 3, 0.1), 0.001));
        assert!(binomial_tail(225, 450, 0.5) > 0.5);
    }
}
