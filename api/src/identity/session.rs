//! Sessions in memory, and a bound on failed attempts to open one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::{Secret, User, token_end};
use crate::problem::Failure;

/// A session ends this long after its last call.
const IDLE: SignedDuration = SignedDuration::from_mins(30);
/// A session ends this long after it was opened, whatever happens in it.
const ABSOLUTE: SignedDuration = SignedDuration::from_hours(12);
/// 10,000 sessions × about 3 kB of token and names = 30 MB.
const SESSIONS_MAX: usize = 10_000;
/// Sessions of one person: more than his browsers and his tests.
const SESSIONS_PER_USER_MAX: usize = 64;

/// Somebody who has signed in.
#[derive(Clone, Debug)]
pub struct Session {
    pub user: User,
    pub token: Secret,
    /// What every write with the cookie has to repeat.
    pub csrf: Secret,
    pub ends_at: Timestamp,
    last_seen: Timestamp,
}

/// All sessions, by the digest of their key: who could read the map could still not use one.
#[derive(Debug, Default)]
pub struct Sessions {
    by_key: Mutex<HashMap<[u8; 32], Session>>,
}

impl Sessions {
    /// Opens a session under a new key. Whoever planted a key before the sign-in has nothing.
    pub fn open(&self, user: User, token: Secret, now: Timestamp) -> (Secret, Session) {
        let latest = now + ABSOLUTE;
        let ends_at = token_end(&token).map_or(latest, |end| end.min(latest));
        let session = Session { user, token, csrf: Secret::random(), ends_at, last_seen: now };
        let key = Secret::random();
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.lives(now));
        let name = &session.user.name;
        if sessions.values().filter(|other| other.user.name == *name).count() >= SESSIONS_PER_USER_MAX {
            remove_oldest(&mut sessions, |other| other.user.name == *name);
        }
        if sessions.len() >= SESSIONS_MAX {
            remove_oldest(&mut sessions, |_| true);
        }
        sessions.insert(key.digest(), session.clone());
        (key, session)
    }

    /// The session, if it lives; its idle time begins anew.
    pub fn touch(&self, key: &Secret, now: Timestamp) -> Option<Session> {
        self.look(key, now)?;
        let mut sessions = self.lock();
        let session = sessions.get_mut(&key.digest())?;
        session.last_seen = now;
        Some(session.clone())
    }

    /// The session, if it lives. Its idle time goes on.
    pub fn look(&self, key: &Secret, now: Timestamp) -> Option<Session> {
        let mut sessions = self.lock();
        let digest = key.digest();
        let session = sessions.get(&digest)?;
        if !session.lives(now) {
            sessions.remove(&digest);
            return None;
        }
        Some(session.clone())
    }

    /// The cluster names its user otherwise than before, such as with other groups.
    pub fn renew(&self, key: &Secret, user: &User) {
        if let Some(session) = self.lock().get_mut(&key.digest()) {
            session.user = user.clone();
        }
    }

    pub fn close(&self, key: &Secret) {
        self.lock().remove(&key.digest());
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn lives(&self, now: Timestamp) -> bool {
        now < self.ends_at && now < self.last_seen + IDLE
    }
}

fn remove_oldest(sessions: &mut HashMap<[u8; 32], Session>, among: impl Fn(&Session) -> bool) {
    let oldest = sessions.iter().filter(|(_, session)| among(session)).min_by_key(|(_, session)| session.last_seen);
    if let Some(key) = oldest.map(|(key, _)| *key) {
        sessions.remove(&key);
    }
}

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
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn user(name: &str) -> User {
        User { name: name.into(), ..User::default() }
    }

    fn opaque() -> Secret {
        Secret::new("opaque".into())
    }

    fn after(minutes: i64) -> Timestamp {
        START + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn a_session_ends_when_nobody_calls_and_after_half_a_day() {
        let sessions = Sessions::default();
        let (idle, _) = sessions.open(user("a"), opaque(), START);
        assert!(sessions.touch(&idle, after(29)).is_some());
        assert!(sessions.touch(&idle, after(58)).is_some());
        assert!(sessions.touch(&idle, after(88)).is_none());
        let (busy, _) = sessions.open(user("a"), opaque(), START);
        for minute in (0..720).step_by(20) {
            assert!(sessions.touch(&busy, after(minute)).is_some(), "{minute}");
        }
        assert!(sessions.touch(&busy, after(720)).is_none());
        assert!(sessions.touch(&Secret::random(), START).is_none());
    }

    #[test]
    fn who_only_looks_keeps_no_session_alive() {
        let sessions = Sessions::default();
        let (key, _) = sessions.open(user("a"), opaque(), START);
        for minute in 0..30 {
            assert!(sessions.look(&key, after(minute)).is_some(), "{minute}");
        }
        assert!(sessions.look(&key, after(30)).is_none());
        assert!(sessions.touch(&key, after(29)).is_none(), "what has ended doesn't come back");
    }

    #[test]
    fn a_session_goes_on_with_the_groups_of_now() {
        let sessions = Sessions::default();
        let (key, _) = sessions.open(user("a"), opaque(), START);
        let now = User { groups: vec!["staff".into()], ..user("a") };
        sessions.renew(&key, &now);
        assert_eq!(sessions.touch(&key, START).unwrap().user, now);
    }

    #[test]
    fn a_session_doesnt_outlive_its_token() {
        let sessions = Sessions::default();
        let payload = URL_SAFE_NO_PAD.encode(r#"{"exp":600}"#);
        let (key, session) = sessions.open(user("a"), Secret::new(format!("x.{payload}.x")), START);
        assert_eq!(session.ends_at, after(10));
        assert!(sessions.touch(&key, after(9)).is_some());
        assert!(sessions.touch(&key, after(10)).is_none());
    }

    #[test]
    fn sessions_are_bounded_and_close() {
        let sessions = Sessions::default();
        let (first, _) = sessions.open(user("a"), opaque(), START);
        for minute in 0..SESSIONS_PER_USER_MAX {
            sessions.open(user("a"), opaque(), after(1 + i64::try_from(minute % 10).unwrap()));
        }
        assert_eq!(sessions.count(), SESSIONS_PER_USER_MAX);
        assert!(sessions.touch(&first, after(2)).is_none(), "the oldest goes first");
        let (last, _) = sessions.open(user("b"), opaque(), after(2));
        sessions.close(&last);
        assert!(sessions.touch(&last, after(2)).is_none());
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
