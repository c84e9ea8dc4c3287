//! Loss over the latest samples, and the rule that says when it is too much.

use std::collections::VecDeque;

use crate::class::LossRule;
use crate::model::{Span, Stamp};

/// Thousands of windows are tested at a time: with z = 3 a uniform loss of 1 % marks no village in
/// half an hour; with 1.64 it marked 648 of 2,263.
const Z: f64 = 3.0;
/// Re-entering within this time doubles the leaving window.
const REENTRY: Span = Span::minutes(30);
/// The leaving window grows to at most this many times its length.
const DOUBLING_MAX: u32 = 8;

/// Lower bound of the Wilson score interval for `lost` of `n`, 0 to 1. Nothing seen is 0.
#[must_use]
pub fn wilson_lower(lost: u32, n: u32, z: f64) -> f64 {
    if n == 0 {
        return 0.0;
    }
    let (n, z2) = (f64::from(n), z * z);
    let p = f64::from(lost) / n;
    let half = z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    ((p + z2 / (2.0 * n) - half) / (1.0 + z2 / n)).max(0.0)
}

/// The latest valid samples of a link, each with its time and whether it was lost.
///
/// 4 bytes a sample: milliseconds since the window's epoch, shifted left, and the loss in the
/// lowest bit. 640 samples of 2,263 villages are 6 MB.
#[derive(Clone, Debug)]
struct Ring {
    epoch: Stamp,
    samples: VecDeque<u32>,
    max: usize,
}

impl Ring {
    fn pack(&self, sent: Stamp, lost: bool) -> u32 {
        let millis = (sent - self.epoch).as_micros() / 1_000;
        // 31 bits of milliseconds are 24.8 days; `push` moves the epoch long before.
        u32::try_from(millis.clamp(0, i64::from(u32::MAX >> 1))).unwrap_or(0) << 1 | u32::from(lost)
    }

    fn stamp(&self, packed: u32) -> Stamp {
        self.epoch + Span::millis(i64::from(packed >> 1))
    }

    fn push(&mut self, sent: Stamp, lost: bool) {
        if self.samples.is_empty() || (sent - self.epoch) > Span::hours(24) {
            self.rebase(sent);
        }
        if self.samples.len() == self.max {
            self.samples.pop_front();
        }
        self.samples.push_back(self.pack(sent, lost));
    }

    fn rebase(&mut self, now: Stamp) {
        let epoch = now - Span::hours(12);
        let kept: Vec<(Stamp, bool)> = self.samples.iter().map(|one| (self.stamp(*one), one & 1 == 1)).collect();
        self.epoch = epoch;
        self.samples = kept.into_iter().filter(|(at, _)| *at >= epoch).map(|(at, lost)| self.pack(at, lost)).collect();
    }

    /// Lost and all of the latest `n` that are no older than `oldest`.
    fn count(&self, n: u32, oldest: Stamp) -> (u32, u32) {
        let latest = self.samples.iter().rev().take(n as usize).take_while(|one| self.stamp(**one) >= oldest);
        latest.fold((0, 0), |(lost, all), one| (lost + (one & 1), all + 1))
    }
}

/// The loss rule of one link: its window, and whether it is degraded by loss.
#[derive(Clone, Debug)]
pub struct LossWindow {
    ring: Ring,
    entered: Option<Stamp>,
    left: Option<Stamp>,
    /// By how much the leaving window is longer now: 1, 2, 4 or 8.
    stretch: u32,
}

impl LossWindow {
    #[must_use]
    pub fn new(rule: &LossRule) -> Self {
        let max = (rule.leave_samples * DOUBLING_MAX).max(rule.enter_samples) as usize;
        Self {
            ring: Ring { epoch: Stamp::default(), samples: VecDeque::new(), max },
            entered: None,
            left: None,
            stretch: 1,
        }
    }

    /// Adds a valid sample.
    pub fn push(&mut self, sent: Stamp, lost: bool) {
        self.ring.push(sent, lost);
    }

    /// Takes back losses sent at or after `from`: they were our own fault. Returns how many.
    pub fn retract(&mut self, from: Stamp) -> u64 {
        let ring = &mut self.ring;
        let before = ring.samples.len();
        let epoch = ring.epoch;
        let at = |one: u32| epoch + Span::millis(i64::from(one >> 1));
        // A stored time is rounded down to the millisecond.
        ring.samples.retain(|one| one & 1 == 0 || at(*one) + Span::millis(1) <= from);
        (before - ring.samples.len()) as u64
    }

    /// When the newest sample that is kept was sent, to the millisecond.
    #[must_use]
    pub fn newest(&self) -> Option<Stamp> {
        self.ring.samples.back().map(|one| self.ring.stamp(*one))
    }

    /// Forgets the samples: those of an outage are accounted as outage, not as loss.
    pub fn clear(&mut self) {
        self.ring.samples.clear();
    }

    /// Whether the link is degraded by loss, as of the last [`Self::judge`].
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.entered.is_some()
    }

    /// Loss over the entering window, 0 to 1. `None` below half a window.
    #[must_use]
    pub fn loss(&self, rule: &LossRule, interval: Span, now: Stamp) -> Option<f64> {
        let (lost, all) = self.entering(rule, interval, now);
        (all * 2 >= rule.enter_samples).then(|| f64::from(lost) / f64::from(all))
    }

    /// Applies the rule and says whether the link is degraded by loss now.
    ///
    /// Entered when the lower Wilson bound is above the threshold. Left when the plain ratio over
    /// the leaving window is low enough, the entering condition doesn't hold, and one entering
    /// window has passed: the upper Wilson bound of no loss in 60 is 13 %, so no window of a
    /// practical length could ever show a low ratio by bound.
    pub fn judge(&mut self, rule: &LossRule, interval: Span, now: Stamp) -> bool {
        let (lost, all) = self.entering(rule, interval, now);
        let enough = all * 2 >= rule.enter_samples;
        let enter = enough && wilson_lower(lost, all, Z) > rule.enter_above;
        match self.entered {
            None if enter => {
                let again = self.left.is_some_and(|left| now - left <= REENTRY);
                self.stretch = if again { (self.stretch * 2).min(DOUBLING_MAX) } else { 1 };
                self.entered = Some(now);
            }
            Some(entered) if !enter => {
                let n = rule.leave_samples * self.stretch;
                let (lost, all) = self.ring.count(n, now - interval.times(i64::from(n) * 2));
                let low = f64::from(lost) <= rule.leave_at_most * f64::from(all);
                let waited = now - entered >= interval.times(i64::from(rule.enter_samples));
                if all >= n && low && waited {
                    self.entered = None;
                    self.left = Some(now);
                }
            }
            _ => {}
        }
        self.entered.is_some()
    }

    fn entering(&self, rule: &LossRule, interval: Span, now: Stamp) -> (u32, u32) {
        // No older than twice the window's nominal span.
        self.ring.count(rule.enter_samples, now - interval.times(i64::from(rule.enter_samples) * 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::Class;
    use crate::model::Level;

    #[test]
    fn losses_at_which_each_class_enters() {
        // class, losses that don't enter yet; one more does.
        for (level, below) in [(Level::County, 2), (Level::Township, 2), (Level::Village, 6)] {
            let rule = Class::of(level).loss;
            let n = rule.enter_samples;
            assert!(wilson_lower(below, n, Z) <= rule.enter_above, "{level} {below}");
            assert!(wilson_lower(below + 1, n, Z) > rule.enter_above, "{level} {}", below + 1);
        }
    }

    #[test]
    fn losses_at_which_each_class_leaves() {
        for (level, most) in [(Level::County, 0), (Level::Township, 0), (Level::Village, 2)] {
            let rule = Class::of(level).loss;
            let allowed = (rule.leave_at_most * f64::from(rule.leave_samples)).floor() as u32;
            assert_eq!(allowed, most, "{level}");
        }
    }

    /// Feeds `pattern` (true = lost) at the class interval and returns the sample numbers of changes.
    fn changes(level: Level, pattern: impl Iterator<Item = bool>) -> Vec<(usize, bool)> {
        let class = Class::of(level);
        let mut window = LossWindow::new(&class.loss);
        let (mut found, mut was) = (Vec::new(), false);
        for (n, lost) in pattern.enumerate() {
            let at = Stamp::from_secs(1_000_000) + class.interval.times(n as i64);
            window.push(at, lost);
            let is = window.judge(&class.loss, class.interval, at);
            if is != was {
                found.push((n, is));
                was = is;
            }
        }
        found
    }

    #[test]
    fn every_tenth_lost_is_two_changes() {
        let lossy = (0..300).map(|n| n % 10 == 9);
        let found = changes(Level::Township, lossy.chain(std::iter::repeat_n(false, 300)));
        assert_eq!(found.len(), 2, "{found:?}");
        // Within 90 s of the beginning and within 3 min of the end, at 2 s a sample.
        assert!(found[0].0 <= 45 && found[1].0 <= 300 + 90, "{found:?}");
    }

    #[test]
    fn coming_back_soon_doubles_the_leaving_window() {
        let burst = |n: usize| (0..n).map(|_| true);
        let clean = |n: usize| std::iter::repeat_n(false, n);
        let found =
            changes(Level::County, clean(60).chain(burst(5)).chain(clean(400)).chain(burst(5)).chain(clean(800)));
        let spans: Vec<usize> = found.chunks(2).map(|pair| pair[1].0 - pair[0].0).collect();
        assert_eq!(spans.len(), 2, "{found:?}");
        assert!(spans[0] < 180 && spans[1] > 330 && spans[1] < 350, "{spans:?}");
    }

    #[test]
    fn what_was_our_fault_is_taken_back() {
        let class = Class::of(Level::County);
        let mut window = LossWindow::new(&class.loss);
        let at = |n: i64| Stamp::from_secs(500 + n);
        for n in 0..60 {
            window.push(at(n), n >= 50);
        }
        assert_eq!(window.retract(at(55)), 5);
        assert_eq!(window.ring.count(60, at(0)), (5, 55));
    }

    #[test]
    fn half_a_window_gives_no_verdict() {
        let class = Class::of(Level::Village);
        let mut window = LossWindow::new(&class.loss);
        for n in 0..19 {
            window.push(Stamp::from_secs(5 * n), true);
            assert!(!window.judge(&class.loss, class.interval, Stamp::from_secs(5 * n)));
        }
        assert_eq!(window.loss(&class.loss, class.interval, Stamp::from_secs(95)), None);
    }
}
