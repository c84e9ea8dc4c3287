//! One-minute figures of a link over the last day: loss, round trips, jitter.

use std::collections::VecDeque;

use crate::model::{Span, Stamp};
use crate::sample::Verdict;

/// 24 h of minutes.
const MINUTES_MAX: usize = 1_440;
/// A minute holds 60 samples at the fastest interval, 120 at 500 ms.
const ROUND_TRIPS_MAX: usize = 128;
const MINUTE: i64 = 60_000_000;

/// Figures of one minute. 24 bytes: a day of 2,402 links takes 83 MB. Counts stop at 255; the fastest link has 120.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Minute {
    /// Minutes since the epoch.
    pub minute: u32,
    pub ok: u8,
    pub lost: u8,
    pub tainted: u8,
    pub rtt: RoundTrips,
}

/// Round trips of received samples, in microseconds; zeros where none was measured.
///
/// A lost round trip is undefined, never a large number: it enters the loss and nothing here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoundTrips {
    pub min: u32,
    pub p50: u32,
    pub p95: u32,
    pub p99: u32,
}

impl RoundTrips {
    /// Nearest-rank percentiles of the given round trips, which are sorted in place.
    #[must_use]
    pub fn of(micros: &mut [u32]) -> Self {
        micros.sort_unstable();
        let rank = |percent: usize| {
            let at = (micros.len() * percent).div_ceil(100).max(1) - 1;
            micros.get(at).copied().unwrap_or(0)
        };
        Self { min: rank(0), p50: rank(50), p95: rank(95), p99: rank(99) }
    }

    /// Packet delay variation: the 99th percentile above the smallest.
    #[must_use]
    pub fn variation(&self) -> Span {
        Span::micros(i64::from(self.p99 - self.min))
    }
}

/// The minutes of one link, the minute that runs, and its running jitter.
#[derive(Clone, Debug, Default)]
pub struct Rollup {
    minutes: VecDeque<Minute>,
    running: Minute,
    round_trips: Vec<u32>,
    /// Round trips of the latest answered samples, for the figures shown now.
    latest: VecDeque<u32>,
    last_rtt: Option<i64>,
    jitter_micros: f64,
}

/// Answered samples behind the figures shown now.
const LATEST: usize = 60;

impl Rollup {
    pub fn push(&mut self, sent: Stamp, verdict: Verdict) {
        let minute = u32::try_from(sent.micros().div_euclid(MINUTE)).unwrap_or(0);
        if minute > self.running.minute {
            self.close(minute);
        }
        // A late one of the minute before counts in the minute that runs: totals stay right.
        match verdict {
            Verdict::Ok { rtt } => {
                self.running.ok = self.running.ok.saturating_add(1);
                if let Some(rtt) = rtt {
                    self.measured(rtt);
                }
            }
            Verdict::Lost => self.running.lost = self.running.lost.saturating_add(1),
            Verdict::Tainted(_) => self.running.tainted = self.running.tainted.saturating_add(1),
        }
    }

    /// Losses that were our own fault: they move to tainted, newest minutes first.
    pub fn retract(&mut self, mut losses: u64) {
        let minutes = std::iter::once(&mut self.running).chain(self.minutes.iter_mut().rev());
        for minute in minutes.take(3) {
            let moved = u64::from(minute.lost).min(losses) as u8;
            minute.lost -= moved;
            minute.tainted = minute.tainted.saturating_add(moved);
            losses -= u64::from(moved);
        }
    }

    /// Closed minutes, oldest first.
    pub fn minutes(&self) -> impl Iterator<Item = &Minute> {
        self.minutes.iter()
    }

    /// Loss over the last hour, 0 to 1; `None` without a valid sample.
    #[must_use]
    pub fn loss_last_hour(&self, now: Stamp) -> Option<f64> {
        self.loss_since(now - Span::hours(1))
    }

    /// Loss since an instant within the last 24 h, 0 to 1; `None` without a valid sample.
    #[must_use]
    pub fn loss_since(&self, from: Stamp) -> Option<f64> {
        let from = from.micros().div_euclid(MINUTE);
        let minutes = self.minutes.iter().rev().chain(std::iter::once(&self.running));
        let recent = minutes.filter(|one| i64::from(one.minute) >= from);
        let (lost, all) = recent.fold((0, 0), |(lost, all), one| {
            (lost + u32::from(one.lost), all + u32::from(one.ok) + u32::from(one.lost))
        });
        (all > 0).then(|| f64::from(lost) / f64::from(all))
    }

    /// Round trips of the last 60 answered samples.
    #[must_use]
    pub fn round_trips(&self) -> Option<RoundTrips> {
        let mut latest: Vec<u32> = self.latest.iter().copied().collect();
        (!latest.is_empty()).then(|| RoundTrips::of(&mut latest))
    }

    /// Running jitter: a sixteenth of each difference between neighbours is taken in.
    #[must_use]
    pub fn jitter(&self) -> Span {
        Span::micros(self.jitter_micros.round() as i64)
    }

    fn measured(&mut self, rtt: Span) {
        let micros = rtt.as_micros().clamp(0, i64::from(u32::MAX));
        if self.round_trips.len() < ROUND_TRIPS_MAX {
            self.round_trips.push(micros as u32);
        }
        if self.latest.len() == LATEST {
            self.latest.pop_front();
        }
        self.latest.push_back(micros as u32);
        if let Some(before) = self.last_rtt.replace(micros) {
            self.jitter_micros += ((micros - before).abs() as f64 - self.jitter_micros) / 16.0;
        }
    }

    fn close(&mut self, next: u32) {
        if self.running.minute > 0 {
            self.running.rtt = RoundTrips::of(&mut self.round_trips);
            match self.minutes.len() {
                MINUTES_MAX => {
                    self.minutes.pop_front();
                }
                // The last doubling would reserve 2,048.
                len if len == self.minutes.capacity() && len * 2 > MINUTES_MAX => {
                    self.minutes.reserve_exact(MINUTES_MAX - len);
                }
                _ => {}
            }
            self.minutes.push_back(self.running);
        }
        self.round_trips.clear();
        self.running = Minute { minute: next, ..Minute::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_what_was_received() {
        let mut values: Vec<u32> = (1..=100).rev().collect();
        let figures = RoundTrips::of(&mut values);
        assert_eq!(figures, RoundTrips { min: 1, p50: 50, p95: 95, p99: 99 });
        assert_eq!(figures.variation(), Span::micros(98));
        assert_eq!(RoundTrips::of(&mut []), RoundTrips::default());
        assert_eq!(RoundTrips::of(&mut [7]), RoundTrips { min: 7, p50: 7, p95: 7, p99: 7 });
    }

    #[test]
    fn minutes_close_and_a_loss_changes_no_round_trip() {
        let mut rollup = Rollup::default();
        let ok = |micros| Verdict::Ok { rtt: Some(Span::micros(micros)) };
        for n in 0..60 {
            let verdict = if n % 10 == 0 { Verdict::Lost } else { ok(1_000 + n) };
            rollup.push(Stamp::from_secs(600 + n), verdict);
        }
        rollup.push(Stamp::from_secs(660), ok(1));
        let minute = *rollup.minutes().next().unwrap();
        assert_eq!((minute.ok, minute.lost, minute.rtt.min, minute.rtt.p99), (54, 6, 1_001, 1_059));
        assert_eq!(rollup.loss_last_hour(Stamp::from_secs(660)), Some(6.0 / 61.0));
        rollup.retract(4);
        assert_eq!(rollup.minutes().next().map(|one| (one.lost, one.tainted)), Some((2, 4)));
    }

    #[test]
    fn jitter_follows_the_difference_of_neighbours() {
        let mut rollup = Rollup::default();
        for n in 0..400 {
            rollup
                .push(Stamp::from_secs(n), Verdict::Ok { rtt: Some(Span::micros(if n % 2 == 0 { 100 } else { 300 })) });
        }
        assert_eq!(rollup.jitter(), Span::micros(200));
    }

    #[test]
    fn a_day_is_kept_and_no_more() {
        let mut rollup = Rollup::default();
        for n in 1..3_000 {
            rollup.push(Stamp::from_secs(60 * n), Verdict::Lost);
        }
        assert_eq!(rollup.minutes().count(), MINUTES_MAX);
    }
}
