//! The only raw integer arithmetic of the product.

use std::fmt;

/// A quantity in its smallest unit: thousandths of a core for CPU, bytes for memory and storage.
///
/// It is never negative and there is no "unlimited": a ceiling that is absent is `None`, not a
/// large number. `+` and `-` don't compile on purpose: [`Amount::plus`] saturates at the top and
/// [`Amount::minus`] at zero, so a sum can't wrap round and look small, and each place that
/// subtracts says so by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(u64);

impl Amount {
    pub const ZERO: Self = Self(0);

    /// The largest amount a request or a capacity may name: 10^17 bytes (100 PB) or 10^14 cores.
    /// What is out is at most the largest capacity there ever was, so totals stay a factor of 180
    /// below `u64::MAX` (1.8 × 10^19) and are exact. Only a change that is being weighed can
    /// saturate, and a saturated sum is above every capacity, hence refused.
    pub const MAX_ASKED: Self = Self(100_000_000_000_000_000);

    #[inline]
    #[must_use]
    pub const fn new(smallest_units: u64) -> Self {
        Self(smallest_units)
    }

    #[inline]
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    #[inline]
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or the largest number there is when it would not fit.
    #[inline]
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left of `self` after `other` is taken away, and zero where `other` is larger.
    #[inline]
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// `self × percent / 100`, rounded down: a fraction of a byte can't be granted.
    #[inline]
    #[must_use]
    pub fn percent(self, percent: u32) -> Self {
        let exact = u128::from(self.0) * u128::from(percent) / 100;
        Self(u64::try_from(exact).unwrap_or(u64::MAX))
    }

    /// `self ÷ whole` in thousandths, rounded half up; `None` when `whole` is zero, which is
    /// "no answer" and not "nothing".
    #[inline]
    #[must_use]
    pub fn per_mille_of(self, whole: Self) -> Option<u64> {
        if whole.is_zero() {
            return None;
        }
        let exact = (u128::from(self.0) * 2000 + u128::from(whole.0)) / (u128::from(whole.0) * 2);
        Some(u64::try_from(exact).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_differences_stop_at_the_ends() {
        let cases = [(1, 2, 3, 0), (u64::MAX, 1, u64::MAX, u64::MAX - 1), (5, 5, 10, 0), (0, u64::MAX, u64::MAX, 0)];
        for (a, b, sum, difference) in cases {
            let (a, b) = (Amount::new(a), Amount::new(b));
            assert_eq!(a.plus(b).get(), sum, "{a} plus {b}");
            assert_eq!(a.minus(b).get(), difference, "{a} minus {b}");
        }
    }

    #[test]
    fn a_rate_is_rounded_half_up_and_has_no_answer_at_zero() {
        let cases = [
            (10_000, 23_751, Some(421)),
            (20_000, 31_353, Some(638)),
            (1, 2_000, Some(1)),
            (1, 2_001, Some(0)),
            (0, 0, None),
            (3, 0, None),
        ];
        for (part, whole, expected) in cases {
            assert_eq!(Amount::new(part).per_mille_of(Amount::new(whole)), expected, "{part}/{whole}");
        }
    }

    #[test]
    fn a_percentage_is_rounded_down() {
        for (amount, percent, expected) in
            [(999, 10, 99), (1_000, 150, 1_500), (7, 100, 7), (u64::MAX, 1_000, u64::MAX)]
        {
            assert_eq!(Amount::new(amount).percent(percent).get(), expected);
        }
    }
}
