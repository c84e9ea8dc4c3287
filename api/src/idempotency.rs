//! Answers that are kept, so that a call that is sent twice is carried out once.
//!
//! The answers are kept in memory: a process that starts anew has forgotten them, and another one
//! beside it never had them. Therefore what a call with a key writes gets a name made of the caller,
//! the operation and the key: the API server itself refuses to write it a second time, and the
//! answer is then made of what the first call wrote. What that can't tell: a key that comes with
//! another department is another object, elsewhere.
//!
//! Without a key nothing but a look at the caches stands between two identical requests; calls for
//! one department take turns in this process, those that two processes get at once make two. A
//! second decision is refused as out of turn by the operator.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::extract::Fingerprint;
use crate::identity::Caller;
use crate::problem::Failure;

const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// 4,096 answers × at most some 10 kB = 40 MB.
const ANSWERS_MAX: usize = 4_096;
const KEY_LENGTH_MAX: usize = 255;

/// Which call it is: the caller's key, for one operation, with one body.
#[derive(Clone, Debug)]
pub struct Key {
    id: (String, String, String),
    print: Fingerprint,
}

impl Key {
    /// The key that the caller sent, if any.
    pub fn from_headers(
        headers: &HeaderMap,
        caller: &Caller,
        operation: &str,
        print: Fingerprint,
    ) -> Result<Option<Self>, Failure> {
        let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
        let text = value.to_str().map_err(|_| Failure::IdempotencyKey)?;
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || text.len() > KEY_LENGTH_MAX || !visible {
            return Err(Failure::IdempotencyKey);
        }
        Ok(Some(Self { id: (caller.user.name.clone(), operation.to_owned(), text.to_owned()), print }))
    }

    /// The name of what the call writes: the same whenever and wherever it is carried out.
    #[must_use]
    pub fn object_name(&self, prefix: &str) -> String {
        let (caller, operation, text) = &self.id;
        let mut hash = Sha256::new();
        for part in [caller, operation, text] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        // 80 bits: among a million keys two are alike once in 10^12 cities, and then the second call
        // is refused rather than lost.
        let digest: String = hash.finalize()[..10].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{prefix}{digest}")
    }
}

/// An answer that can be given again, in another language if need be.
#[derive(Clone, Debug)]
enum Answer {
    Done { status: StatusCode, headers: HeaderMap, body: Bytes },
    Failed(Failure),
}

impl Answer {
    /// Whether the same call would get the same answer. What may pass is worth another attempt.
    fn lasts(&self) -> bool {
        match self {
            Self::Done { .. } => true,
            Self::Failed(failure) => failure.status().is_client_error(),
        }
    }
}

type Pending = Shared<BoxFuture<'static, Answer>>;

#[derive(Clone)]
struct Entry {
    print: Fingerprint,
    at: Timestamp,
    answer: Pending,
}

/// The answers of the last 24 hours.
#[derive(Default)]
pub struct Store {
    entries: Mutex<HashMap<(String, String, String), Entry>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

/// Carries out the work, or gives the answer that the same call has had. The work runs to its end
/// also where the caller goes away meanwhile: a half-written thing would help nobody.
pub async fn once(
    store: &Arc<Store>,
    key: Option<Key>,
    now: Timestamp,
    work: impl Future<Output = Result<Response, Failure>> + Send + 'static,
) -> Result<Response, Failure> {
    let Some(key) = key else { return respond(run(work).await) };
    let pending = store.find_or_start(&key, now, || run(work).boxed().shared())?;
    let answer = pending.clone().await;
    if !answer.lasts() {
        store.forget(&key, &pending);
    }
    respond(answer)
}

impl Store {
    fn find_or_start(&self, key: &Key, now: Timestamp, start: impl FnOnce() -> Pending) -> Result<Pending, Failure> {
        let mut entries = self.lock();
        if let Some(entry) = entries.get(&key.id).filter(|entry| now < entry.at + KEPT_FOR) {
            return if entry.print == key.print { Ok(entry.answer.clone()) } else { Err(Failure::IdempotencyReuse) };
        }
        if entries.len() >= ANSWERS_MAX {
            entries.retain(|_, entry| now < entry.at + KEPT_FOR);
        }
        if entries.len() >= ANSWERS_MAX
            && let Some(oldest) = entries.iter().min_by_key(|(_, entry)| entry.at).map(|(id, _)| id.clone())
        {
            entries.remove(&oldest);
        }
        let answer = start();
        entries.insert(key.id.clone(), Entry { print: key.print, at: now, answer: answer.clone() });
        Ok(answer)
    }

    /// Forgets this attempt. Another waiter may have done so before, and have begun the next one.
    fn forget(&self, key: &Key, attempt: &Pending) {
        let mut entries = self.lock();
        if entries.get(&key.id).is_some_and(|entry| entry.answer.ptr_eq(attempt)) {
            entries.remove(&key.id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String, String), Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(work: impl Future<Output = Result<Response, Failure>> + Send + 'static) -> impl Future<Output = Answer> {
    let task = tokio::spawn(async move {
        match work.await {
            Ok(response) => kept(response).await,
            Err(failure) => Answer::Failed(failure),
        }
    });
    async move {
        task.await.unwrap_or_else(|error| {
            tracing::error!(%error, "failed to carry out a write");
            Answer::Failed(Failure::Internal)
        })
    }
}

async fn kept(response: Response) -> Answer {
    let (parts, body) = response.into_parts();
    match body.collect().await {
        Ok(body) => Answer::Done { status: parts.status, headers: parts.headers, body: body.to_bytes() },
        Err(_) => Answer::Failed(Failure::Internal),
    }
}

fn respond(answer: Answer) -> Result<Response, Failure> {
    match answer {
        Answer::Done { status, headers, body } => Ok((status, headers, body).into_response()),
        Answer::Failed(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn key(name: &str, print: u8) -> Option<Key> {
        Some(Key { id: ("zhang".into(), "op".into(), name.into()), print: Fingerprint([print; 32]) })
    }

    async fn call(
        store: &Arc<Store>,
        key: Option<Key>,
        now: Timestamp,
        count: &Arc<AtomicU32>,
    ) -> Result<u16, Failure> {
        let count = Arc::clone(count);
        let work = async move {
            count.fetch_add(1, Ordering::SeqCst);
            Ok((StatusCode::CREATED, "made").into_response())
        };
        once(store, key, now, work).await.map(|response| response.status().as_u16())
    }

    #[tokio::test]
    async fn the_same_call_is_carried_out_once() {
        let (store, count) = (Arc::new(Store::default()), Arc::new(AtomicU32::new(0)));
        let start = Timestamp::UNIX_EPOCH;
        let (first, second) =
            tokio::join!(call(&store, key("k", 1), start, &count), call(&store, key("k", 1), start, &count));
        assert_eq!((first, second), (Ok(201), Ok(201)));
        assert_eq!(count.load(Ordering::SeqCst), 1);
        assert_eq!(call(&store, key("k", 2), start, &count).await, Err(Failure::IdempotencyReuse));
        let day_later = start + KEPT_FOR;
        assert_eq!(call(&store, key("k", 2), day_later, &count).await, Ok(201));
        assert_eq!(call(&store, None, start, &count).await, Ok(201));
        assert_eq!(count.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn what_may_pass_is_tried_again_and_what_wont_isnt() {
        let store = Arc::new(Store::default());
        let answer = async |failure: Failure| {
            let work = std::future::ready(Err(failure));
            once(&store, key("k", 1), Timestamp::UNIX_EPOCH, work).await.unwrap_err()
        };
        assert_eq!(answer(Failure::ClusterAway).await, Failure::ClusterAway);
        assert_eq!(answer(Failure::Conflict).await, Failure::Conflict);
        assert_eq!(answer(Failure::Forbidden).await, Failure::Conflict);
    }

    /// Of two who wait for the same attempt the first tries again; the second must not throw away
    /// what is under way then.
    #[tokio::test]
    async fn a_late_waiter_leaves_the_next_attempt_alone() {
        let store = Arc::new(Store::default());
        let key = key("k", 1).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let failing = || run(std::future::ready(Err(Failure::ClusterAway))).boxed().shared();
        let first = store.find_or_start(&key, now, failing).unwrap();
        store.forget(&key, &first);
        let next = store.find_or_start(&key, now, failing).unwrap();
        store.forget(&key, &first);
        assert!(store.find_or_start(&key, now, failing).unwrap().ptr_eq(&next));
    }

    #[test]
    fn the_name_of_what_is_written_follows_from_who_what_and_key() {
        let name = |caller: &str, operation: &str, text: &str| {
            let id = (caller.to_owned(), operation.to_owned(), text.to_owned());
            Key { id, print: Fingerprint([0; 32]) }.object_name("qr-")
        };
        let one = name("zhang", "create", "k");
        assert!(one.starts_with("qr-") && one.len() == 23, "{one}");
        assert_eq!(one, name("zhang", "create", "k"));
        for other in [
            name("li", "create", "k"),
            name("zhang", "decide", "k"),
            name("zhang", "create", "l"),
            name("zhangc", "reate", "k"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[tokio::test]
    async fn answers_are_bounded() {
        let store = Arc::new(Store::default());
        for number in 0..ANSWERS_MAX + 10 {
            let at = Timestamp::from_second(i64::try_from(number).unwrap()).unwrap();
            let work = std::future::ready(Err(Failure::Conflict));
            once(&store, key(&number.to_string(), 1), at, work).await.unwrap_err();
        }
        assert_eq!(store.lock().len(), ANSWERS_MAX);
        assert!(!store.lock().contains_key(&("zhang".into(), "op".into(), "0".into())));
    }
}
