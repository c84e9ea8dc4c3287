//! Sessions: in memory, and those that were opened through the identity provider in the store too, so
//! that they outlive this process and are known to the one beside it.
//!
//! A session that was opened with a token of the cluster is in memory alone: its token goes nowhere else.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::{Credential, Impersonated, KnownBy, Secret, User, token_end};
use crate::history::History;
use crate::history::sessions::{Kept, Logout};
use crate::problem::Failure;

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A session ends this long after its last call.
    pub idle: SignedDuration,
    /// A session ends this long after it was opened, whatever happens in it.
    pub absolute: SignedDuration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { idle: SignedDuration::from_mins(30), absolute: SignedDuration::from_hours(12) }
    }
}

/// 10,000 sessions × about 3 kB of token and names = 30 MB.
const SESSIONS_MAX: usize = 10_000;
/// Sessions of one person: more than his browsers and his tests.
pub const SESSIONS_PER_USER_MAX: usize = 64;
/// What another process has ended is ended here this long after. A person's calls come in bursts, so
/// this is a question to the store every few seconds and not one for each call.
const CHECKED_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// Calls move a session's last moment; so often it is written down.
const WRITTEN_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// Reads don't wait for a store that is away.
const STORE_WITHIN: Duration = Duration::from_secs(1);

/// Somebody who has signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// Names it to its owner; of no use as a key.
    pub id: String,
    pub user: User,
    pub credential: Credential,
    /// What every write with the cookie has to repeat.
    pub csrf: Secret,
    pub opened_at: Timestamp,
    pub seen_at: Timestamp,
    pub ends_at: Timestamp,
    pub device: Device,
    /// How the identity provider names person and session; empty for tokens.
    subject: Subject,
    checked_at: Timestamp,
    written_at: Timestamp,
}

/// Where a session was opened, for its owner to recognise it by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    pub address: String,
    pub agent: String,
}

/// A person and a session as the identity provider names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    pub name: String,
    pub session: String,
}

/// All sessions, by the digest of their key: who could read the map could still not use one.
#[derive(Debug, Default)]
pub struct Sessions {
    by_key: Mutex<HashMap<[u8; 32], Session>>,
    limits: Limits,
    history: History,
}

impl Sessions {
    #[must_use]
    pub fn new(limits: Limits, history: History) -> Self {
        Self { by_key: Mutex::default(), limits, history }
    }

    /// Opens a session under a new key. Whoever planted a key before the sign-in has nothing.
    pub fn open(&self, user: User, token: Secret, device: Device, now: Timestamp) -> (Secret, Session) {
        let latest = now + self.limits.absolute;
        let ends_at = token_end(&token).map_or(latest, |end| end.min(latest));
        let (key, session) = fresh(user, Credential::Token(token), device, Subject::default(), (now, ends_at));
        self.insert(key.digest(), session.clone(), now);
        (key, session)
    }

    /// The same for somebody whom the identity provider has named. Without the store it isn't opened:
    /// it couldn't be ended from elsewhere.
    pub async fn open_named(
        &self,
        (user, person): (User, Impersonated),
        subject: Subject,
        device: Device,
        now: Timestamp,
    ) -> Result<(Secret, Session), Failure> {
        let times = (now, now + self.limits.absolute);
        let (key, session) = fresh(user, Credential::As(person), device, subject, times);
        let kept = kept(&key.digest(), &session);
        self.history.store()?.save_session(&kept, now - self.limits.idle, SESSIONS_PER_USER_MAX).await?;
        self.insert(key.digest(), session.clone(), now);
        Ok((key, session))
    }

    /// The session, if it lives; its idle time begins anew.
    pub async fn touch(&self, key: &Secret, now: Timestamp) -> Option<Session> {
        self.look(key, now).await?;
        let (session, writes) = {
            let mut sessions = self.lock();
            let session = sessions.get_mut(&key.digest())?;
            session.seen_at = now;
            let writes = session.is_kept() && now >= session.written_at + WRITTEN_EVERY;
            if writes {
                session.written_at = now;
            }
            (session.clone(), writes)
        };
        if writes && let Ok(store) = self.history.store() {
            let (store, digest) = (store.clone(), hex(&key.digest()));
            // Nobody waits for it; at the worst the session ends a minute early.
            tokio::spawn(async move {
                if let Err(error) = store.touch_session(&digest, now).await {
                    tracing::warn!(%error, "failed to write down when a session was used");
                }
            });
        }
        Some(session)
    }

    /// The session, if it lives. Its idle time goes on.
    pub async fn look(&self, key: &Secret, now: Timestamp) -> Option<Session> {
        let digest = key.digest();
        let known = self.lock().get(&digest).cloned();
        if known.as_ref().is_none_or(|session| session.is_kept() && now >= session.checked_at + CHECKED_EVERY) {
            self.ask(&digest, now).await;
        }
        let mut sessions = self.lock();
        let session = sessions.get(&digest)?;
        if !session.lives(self.limits, now) {
            sessions.remove(&digest);
            return None;
        }
        Some(session.clone())
    }

    /// Brings what the store has of a session. While it is away, what is known goes on.
    async fn ask(&self, digest: &[u8; 32], now: Timestamp) {
        let Ok(store) = self.history.store() else { return };
        let answer = tokio::time::timeout(STORE_WITHIN, store.session(&hex(digest))).await;
        let Ok(Ok(found)) = answer else { return };
        let mut sessions = self.lock();
        let has_room = sessions.len() < SESSIONS_MAX;
        match (sessions.get_mut(digest), found) {
            (Some(session), Some(kept)) => {
                session.seen_at = session.seen_at.max(kept.seen_at);
                session.checked_at = now;
            }
            (Some(session), None) if session.is_kept() => {
                sessions.remove(digest);
            }
            (None, Some(kept)) if has_room => {
                if let Some(session) = again(kept, digest, now) {
                    sessions.insert(*digest, session);
                }
            }
            _ => {}
        }
    }

    /// The cluster names its user otherwise than before, such as with other groups.
    pub fn renew(&self, key: &Secret, user: &User) {
        if let Some(session) = self.lock().get_mut(&key.digest()) {
            session.user = user.clone();
        }
    }

    /// Ends the session with this key.
    pub async fn close(&self, key: &Secret) -> Result<(), Failure> {
        let digest = key.digest();
        let closed = self.lock().remove(&digest);
        if closed.is_some_and(|session| session.is_kept()) {
            self.history.store()?.delete_session(&hex(&digest)).await?;
        }
        Ok(())
    }

    /// The person's sessions that live, the newest first.
    pub async fn of(&self, owner: &str, now: Timestamp) -> Result<Vec<Session>, Failure> {
        let mut mine: Vec<Session> =
            self.lock().values().filter(|session| session.user.name == owner).cloned().collect();
        if let Ok(store) = self.history.store() {
            let kept = store.sessions_of(owner, now).await?;
            // The store is right about what there is, memory about when it was used last.
            mine.retain(|session| !session.is_kept() || kept.iter().any(|one| one.id == session.id));
            let beside = kept.into_iter().filter(|one| !mine.iter().any(|session| session.id == one.id));
            let beside: Vec<_> = beside.filter_map(|one| again(one, &[0; 32], now)).collect();
            mine.extend(beside);
        }
        mine.retain(|session| session.lives(self.limits, now));
        mine.sort_by(|a, b| b.opened_at.cmp(&a.opened_at).then_with(|| a.id.cmp(&b.id)));
        Ok(mine)
    }

    /// Ends a session of this person; whether there was one.
    pub async fn end(&self, owner: &str, id: &str) -> Result<bool, Failure> {
        let is_it = |session: &Session| session.user.name == owner && session.id == id;
        let kept = match self.history.store() {
            Ok(store) => store.delete_session_of(owner, id).await?,
            Err(_) => false,
        };
        let mut sessions = self.lock();
        let before = sessions.len();
        sessions.retain(|_, session| !is_it(session));
        Ok(kept || sessions.len() < before)
    }

    /// Ends what the identity provider says has ended: one session, or all of a person.
    pub async fn log_out(&self, subject: &Subject) -> Result<(), Failure> {
        let all = subject.session.is_empty();
        let which = if all { Logout::Subject(&subject.name) } else { Logout::Session(&subject.session) };
        self.history.store()?.delete_sessions(which).await?;
        self.lock().retain(|_, session| {
            let ended =
                if all { session.subject.name == subject.name } else { session.subject.session == subject.session };
            !(session.is_kept() && ended)
        });
        Ok(())
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    fn insert(&self, digest: [u8; 32], session: Session, now: Timestamp) {
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.lives(self.limits, now));
        let name = &session.user.name;
        if sessions.values().filter(|other| other.user.name == *name).count() >= SESSIONS_PER_USER_MAX {
            remove_oldest(&mut sessions, |other| other.user.name == *name);
        }
        if sessions.len() >= SESSIONS_MAX {
            remove_oldest(&mut sessions, |_| true);
        }
        sessions.insert(digest, session);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn lives(&self, limits: Limits, now: Timestamp) -> bool {
        now < self.ends_at && now < self.idle_at(limits)
    }

    /// When it ends if nothing more is called.
    #[must_use]
    pub fn idle_at(&self, limits: Limits) -> Timestamp {
        self.seen_at + limits.idle
    }

    /// Whether the store has it.
    fn is_kept(&self) -> bool {
        matches!(self.credential, Credential::As(_))
    }
}

fn fresh(
    user: User,
    credential: Credential,
    device: Device,
    subject: Subject,
    (now, ends_at): (Timestamp, Timestamp),
) -> (Secret, Session) {
    let key = Secret::random();
    let id = Secret::random().expose().chars().filter(char::is_ascii_alphanumeric).take(20).collect();
    let csrf = csrf(&key.digest());
    let (opened_at, seen_at, checked_at, written_at) = (now, now, now, now);
    let session =
        Session { id, user, credential, csrf, opened_at, seen_at, ends_at, device, subject, checked_at, written_at };
    (key, session)
}

/// The session's CSRF token follows from the key's digest, so that every process says the same one. Who
/// reads it learns nothing about the key.
fn csrf(digest: &[u8; 32]) -> Secret {
    let mut hash = Sha256::new();
    hash.update(b"csrf");
    hash.update(digest);
    Secret::new(URL_SAFE_NO_PAD.encode(hash.finalize()))
}

/// As the store has it.
fn kept(digest: &[u8; 32], session: &Session) -> Kept {
    let Session { id, user, opened_at, seen_at, ends_at, device, subject, .. } = session;
    Kept {
        digest: hex(digest),
        id: id.clone(),
        owner: user.name.clone(),
        groups: user.groups.clone(),
        subject: subject.name.clone(),
        provider_session: subject.session.clone(),
        address: device.address.clone(),
        agent: device.agent.clone(),
        opened_at: *opened_at,
        seen_at: *seen_at,
        ends_at: *ends_at,
    }
}

/// As it was. A row whose names may not be spoken for, however it got there, is no session.
fn again(kept: Kept, digest: &[u8; 32], now: Timestamp) -> Option<Session> {
    let Kept { digest: _, id, owner, groups, subject, provider_session, address, agent, opened_at, seen_at, ends_at } =
        kept;
    let user = User { name: owner, groups, known_by: KnownBy::Provider, ..User::default() };
    let person = Impersonated::of(&user)?;
    Some(Session {
        id,
        user,
        credential: Credential::As(person),
        csrf: csrf(digest),
        opened_at,
        seen_at,
        ends_at,
        device: Device { address, agent },
        subject: Subject { name: subject, session: provider_session },
        checked_at: now,
        written_at: seen_at,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn remove_oldest(sessions: &mut HashMap<[u8; 32], Session>, among: impl Fn(&Session) -> bool) {
    let oldest = sessions.iter().filter(|(_, session)| among(session)).min_by_key(|(_, session)| session.seen_at);
    if let Some(key) = oldest.map(|(key, _)| *key) {
        sessions.remove(&key);
    }
}

#[cfg(test)]
mod tests;
