//! When a delivery is tried again, and when nobody tries any more. No clock, no randomness.

use jiff::{SignedDuration, Timestamp};

use super::send::Outcome;
use crate::history::deliveries::After;

/// Attempts in all. With the pauses below the last one is some four hours after the first.
pub const ATTEMPTS_MAX: u32 = 10;
const PAUSE_FIRST_S: i64 = 30;
const PAUSE_MAX_S: i64 = 3_600;
/// A receiver that wants to be left alone for longer isn't one that gets through: it is asked then.
const RETRY_AFTER_MAX_S: i64 = 6 * 3_600;

/// What follows from an attempt. `attempts` were made before it; `jitter` is between 0 and 1.
#[must_use]
pub fn after(attempts: u32, outcome: Outcome, now: Timestamp, jitter: f64) -> After {
    let (error, retry_after_s) = match outcome {
        Outcome::Taken => return After::Sent,
        Outcome::Refused { error } => return After::Dead { error },
        Outcome::Failed { error, retry_after_s } => (error, retry_after_s),
    };
    if attempts.saturating_add(1) >= ATTEMPTS_MAX {
        return After::Dead { error };
    }
    let asked = retry_after_s.unwrap_or_default().min(RETRY_AFTER_MAX_S);
    let pause_s = pause_s(attempts, jitter).max(asked);
    After::Again { at: now.saturating_add(SignedDuration::from_secs(pause_s)).unwrap_or(Timestamp::MAX), error }
}

/// Twice as long each time, and up to a fifth more or less, so that many that failed together don't
/// come back together.
fn pause_s(attempts: u32, jitter: f64) -> i64 {
    let pause = PAUSE_FIRST_S.saturating_mul(1 << attempts.min(20)).min(PAUSE_MAX_S);
    // At most ±1,000‰ × 3,600 s: far inside an i64.
    let permille = ((jitter.clamp(0.0, 1.0) * 400.0) as i64) - 200;
    pause + pause * permille / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(retry_after_s: Option<i64>) -> Outcome {
        Outcome::Failed { error: "Status 500".into(), retry_after_s }
    }

    fn pause(attempts: u32, retry_after_s: Option<i64>, jitter: f64) -> Option<i64> {
        let now = Timestamp::UNIX_EPOCH;
        match after(attempts, failed(retry_after_s), now, jitter) {
            After::Again { at, .. } => Some(at.duration_since(now).as_secs()),
            _ => None,
        }
    }

    #[test]
    fn pauses_double_up_to_an_hour_and_end() {
        let cases = [(0, 30), (1, 60), (2, 120), (6, 1_920), (7, 3_600), (8, 3_600)];
        for (attempts, expected) in cases {
            assert_eq!(pause(attempts, None, 0.5), Some(expected), "{attempts}");
        }
        assert_eq!(pause(9, None, 0.5), None);
        assert_eq!(pause(u32::MAX, None, 0.5), None);
    }

    #[test]
    fn jitter_moves_a_pause_by_a_fifth() {
        assert_eq!((pause(2, None, 0.0), pause(2, None, 1.0)), (Some(96), Some(144)));
    }

    #[test]
    fn a_receiver_that_says_when_is_asked_then() {
        assert_eq!(pause(0, Some(500), 0.5), Some(500));
        assert_eq!(pause(3, Some(1), 0.5), Some(240), "never sooner than the pause");
        assert_eq!(pause(0, Some(i64::MAX), 0.5), Some(RETRY_AFTER_MAX_S));
    }

    #[test]
    fn what_is_refused_isnt_tried_again() {
        let refused = after(0, Outcome::Refused { error: "Status 410".into() }, Timestamp::UNIX_EPOCH, 0.5);
        assert_eq!(refused, After::Dead { error: "Status 410".into() });
        assert_eq!(after(9, Outcome::Taken, Timestamp::UNIX_EPOCH, 0.5), After::Sent);
    }
}
