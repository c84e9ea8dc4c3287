//! A bound on failed attempts to sign in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::problem::Failure;

/// Failed attempts within a minute from one address before the next are refused.
const FAILURES_MAX: u32 = 20;
const FAILURES_WITHIN: SignedDuration = SignedDuration::from_mins(1);
/// Addresses that are remembered: 100,000 × 40 bytes = 4 MB.
const ADDRESSES_MAX: usize = 100_000;

/// Failed sign-ins by address. Only failures count, so an office behind one address can work.
#[derive(Debug, Default)]
pub struct Attempts {
    failures: Mutex<HashMap<Option<IpAddr>, (Timestamp, u32)>>,
}

impl Attempts {
    /// Refuses an address that has failed too often within the last minute.
    pub fn check(&self, address: Option<IpAddr>, now: Timestamp) -> Result<(), Failure> {
        match self.lock().get(&address) {
            Some((since, count)) if *count >= FAILURES_MAX && now < *since + FAILURES_WITHIN => {
                let left = (*since + FAILURES_WITHIN).duration_since(now).as_secs().max(1);
                Err(Failure::TooManySignIns { retry_after_s: left.unsigned_abs() })
            }
            _ => Ok(()),
        }
    }

    pub fn failed(&self, address: Option<IpAddr>, now: Timestamp) {
        let mut failures = self.lock();
        if failures.len() >= ADDRESSES_MAX && !failures.contains_key(&address) {
            forget_oldest(&mut failures);
        }
        let (since, count) = failures.entry(address).or_insert((now, 0));
        if now >= *since + FAILURES_WITHIN {
            (*since, *count) = (now, 0);
        }
        *count += 1;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Option<IpAddr>, (Timestamp, u32)>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes room: the oldest tenth goes, so that not every further address needs a search.
fn forget_oldest(failures: &mut HashMap<Option<IpAddr>, (Timestamp, u32)>) {
    let mut begun: Vec<Timestamp> = failures.values().map(|(since, _)| *since).collect();
    let tenth = begun.len() / 10;
    let (_, kept_from, _) = begun.select_nth_unstable(tenth);
    let kept_from = *kept_from;
    failures.retain(|_, (since, _)| *since > kept_from);
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn after(minutes: i64) -> Timestamp {
        START + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn failures_are_counted_by_address_and_forgotten_after_a_minute() {
        let attempts = Attempts::default();
        let here = Some(IpAddr::from([127, 0, 0, 1]));
        for _ in 0..FAILURES_MAX {
            assert_eq!(attempts.check(here, START), Ok(()));
            attempts.failed(here, START);
        }
        assert_eq!(attempts.check(here, START), Err(Failure::TooManySignIns { retry_after_s: 60 }));
        assert_eq!(attempts.check(None, START), Ok(()));
        assert_eq!(attempts.check(here, after(1)), Ok(()));
    }

    /// Addresses that come in great numbers don't wipe out what is known of the one before.
    #[test]
    fn the_oldest_addresses_are_forgotten_first() {
        let attempts = Attempts::default();
        let address = |number: usize| Some(IpAddr::from(u32::try_from(number).unwrap().to_be_bytes()));
        let at = |number: usize| START + SignedDuration::from_millis(i64::try_from(number / 10).unwrap());
        for number in 0..ADDRESSES_MAX {
            attempts.failed(address(number), at(number));
        }
        let last = at(ADDRESSES_MAX);
        for _ in 0..FAILURES_MAX {
            attempts.failed(address(ADDRESSES_MAX), last);
        }
        assert!(attempts.check(address(ADDRESSES_MAX), last).is_err());
        let failures = attempts.lock();
        assert!(failures.len() <= ADDRESSES_MAX && failures.len() > ADDRESSES_MAX / 2, "{}", failures.len());
        assert!(!failures.contains_key(&address(0)) && failures.contains_key(&address(ADDRESSES_MAX - 1)));
    }
}
