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

fn open(sessions: &Sessions, name: &str, token: Secret, now: Timestamp) -> (Secret, Session) {
    sessions.open(user(name), token, Device::default(), now)
}

fn after(minutes: i64) -> Timestamp {
    START + SignedDuration::from_mins(minutes)
}

#[tokio::test]
async fn a_session_ends_when_nobody_calls_and_after_half_a_day() {
    let sessions = Sessions::default();
    let (idle, _) = open(&sessions, "a", opaque(), START);
    assert!(sessions.touch(&idle, after(29)).await.is_some());
    assert!(sessions.touch(&idle, after(58)).await.is_some());
    assert!(sessions.touch(&idle, after(88)).await.is_none());
    let (busy, _) = open(&sessions, "a", opaque(), START);
    for minute in (0..720).step_by(20) {
        assert!(sessions.touch(&busy, after(minute)).await.is_some(), "{minute}");
    }
    assert!(sessions.touch(&busy, after(720)).await.is_none());
    assert!(sessions.touch(&Secret::random(), START).await.is_none());
}

#[tokio::test]
async fn the_limits_can_be_set() {
    let limits = Limits { idle: SignedDuration::from_mins(5), absolute: SignedDuration::from_mins(12) };
    let sessions = Sessions::new(limits, History::default());
    let (idle, _) = open(&sessions, "a", opaque(), START);
    assert!(sessions.touch(&idle, after(5)).await.is_none());
    let (busy, session) = open(&sessions, "a", opaque(), START);
    assert_eq!(session.ends_at, after(12));
    for minute in 0..12 {
        assert!(sessions.touch(&busy, after(minute)).await.is_some(), "{minute}");
    }
    assert!(sessions.touch(&busy, after(12)).await.is_none());
}

#[tokio::test]
async fn who_only_looks_keeps_no_session_alive() {
    let sessions = Sessions::default();
    let (key, _) = open(&sessions, "a", opaque(), START);
    for minute in 0..30 {
        assert!(sessions.look(&key, after(minute)).await.is_some(), "{minute}");
    }
    assert!(sessions.look(&key, after(30)).await.is_none());
    assert!(sessions.touch(&key, after(29)).await.is_none(), "what has ended doesn't come back");
}

#[tokio::test]
async fn a_session_goes_on_with_the_groups_of_now() {
    let sessions = Sessions::default();
    let (key, _) = open(&sessions, "a", opaque(), START);
    let now = User { groups: vec!["staff".into()], ..user("a") };
    sessions.renew(&key, &now);
    assert_eq!(sessions.touch(&key, START).await.unwrap().user, now);
}

#[tokio::test]
async fn a_session_doesnt_outlive_its_token() {
    let sessions = Sessions::default();
    let payload = URL_SAFE_NO_PAD.encode(r#"{"exp":600}"#);
    let (key, session) = open(&sessions, "a", Secret::new(format!("x.{payload}.x")), START);
    assert_eq!(session.ends_at, after(10));
    assert!(sessions.touch(&key, after(9)).await.is_some());
    assert!(sessions.touch(&key, after(10)).await.is_none());
}

#[tokio::test]
async fn sessions_are_bounded_and_close() {
    let sessions = Sessions::default();
    let (first, _) = open(&sessions, "a", opaque(), START);
    for minute in 0..SESSIONS_PER_USER_MAX {
        open(&sessions, "a", opaque(), after(1 + i64::try_from(minute % 10).unwrap()));
    }
    assert_eq!(sessions.count(), SESSIONS_PER_USER_MAX);
    assert!(sessions.touch(&first, after(2)).await.is_none(), "the oldest goes first");
    let (last, _) = open(&sessions, "b", opaque(), after(2));
    sessions.close(&last).await.unwrap();
    assert!(sessions.touch(&last, after(2)).await.is_none());
}

#[test]
fn the_csrf_token_tells_nothing_of_the_key() {
    let key = Secret::random();
    let token = csrf(&key.digest());
    assert_eq!(token.expose(), csrf(&key.digest()).expose());
    assert_ne!(token.digest(), key.digest());
    assert_ne!(token.expose(), URL_SAFE_NO_PAD.encode(key.digest()));
}
