//! The pair of clocks: a steady one to measure by, and the wall's to tell by.

use rustix::time::{ClockId, clock_gettime};

use crate::model::Stamp;

/// The steady wall clock may run this much faster or slower to get back to the wall's: 500 ppm.
const SLEW: i64 = 2_000;
/// A difference above this is a step: the machine slept, or somebody set the clock.
const STEP_NANOS: i64 = 1_000_000_000;

/// Nanoseconds of CLOCK_MONOTONIC: never set, never stepped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mono(pub i64);

pub(super) fn mono() -> Mono {
    let now = clock_gettime(ClockId::Monotonic);
    Mono(now.tv_sec.saturating_mul(1_000_000_000).saturating_add(now.tv_nsec))
}

/// Nanoseconds of CLOCK_REALTIME, which the kernel stamps arrivals with.
pub(super) fn real() -> i64 {
    let now = clock_gettime(ClockId::Realtime);
    now.tv_sec.saturating_mul(1_000_000_000).saturating_add(now.tv_nsec)
}

/// Turns monotonic time into stamps: the wall's time at start plus what has passed, slewed towards
/// the wall's. A step forwards is followed at once, a step backwards never: time would count twice.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    /// Stamp minus monotonic, in nanoseconds.
    offset: i64,
    slewed_at: Mono,
    steps: u64,
}

impl Clock {
    pub fn new(mono: Mono, real: i64) -> Self {
        Self { offset: real - mono.0, slewed_at: mono, steps: 0 }
    }

    pub fn stamp(&self, mono: Mono) -> Stamp {
        Stamp::from_micros((mono.0 + self.offset) / 1_000)
    }

    /// The monotonic time of a stamp.
    pub fn mono_of(&self, stamp: Stamp) -> Mono {
        Mono(stamp.micros().saturating_mul(1_000).saturating_sub(self.offset))
    }

    /// How often the wall's clock was found stepped by more than a second.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Moves towards the wall's time.
    pub fn slew(&mut self, mono: Mono, real: i64) {
        let behind = (real - mono.0) - self.offset;
        let may = (mono.0 - self.slewed_at.0).max(0) / SLEW;
        if behind > STEP_NANOS {
            self.offset += behind;
            self.steps += 1;
        } else {
            if behind < -STEP_NANOS && may > 0 {
                self.steps += 1;
            }
            self.offset += behind.clamp(-may, may);
        }
        self.slewed_at = mono;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn slews_and_never_runs_backwards() {
        let mut clock = Clock::new(Mono(0), 1_000 * SECOND);
        let mut last = clock.stamp(Mono(0));
        for second in 1..200 {
            // The wall was set back by 50 ms.
            let (mono, real) = (Mono(second * SECOND), (1_000 + second) * SECOND - SECOND / 20);
            clock.slew(mono, real);
            let stamp = clock.stamp(mono);
            assert!(stamp > last);
            last = stamp;
        }
        assert_eq!(last.micros(), (1_199 * SECOND - SECOND / 20) / 1_000, "caught up at 0.5 ms a second");
        assert_eq!(clock.steps(), 0);
    }

    #[test]
    fn follows_a_step_forwards_and_not_backwards() {
        let mut clock = Clock::new(Mono(0), 0);
        clock.slew(Mono(SECOND), 3_600 * SECOND);
        assert_eq!(clock.stamp(Mono(SECOND)), Stamp::from_secs(3_600));
        clock.slew(Mono(2 * SECOND), 0);
        assert!(clock.stamp(Mono(2 * SECOND)) > Stamp::from_secs(3_600));
        assert_eq!(clock.steps(), 2);
    }
}
