//! Changes to those who follow them: a bounded ring of events, and one stream per client.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::sse::{Event as Frame, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use resources::names;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::access::Rights;
use crate::identity::{Caller, Secret};
use crate::problem::Failure;
use crate::routes::events::{ChangeType, Changed};
use crate::state::App;

/// Events that are kept for clients that come back: 8,192 × about 200 bytes = 1.6 MB, some minutes
/// of a busy day.
const RING_MAX: usize = 8_192;
/// A comment at least this often, so that nobody between us and the client closes the stream.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Browsers have one stream per tab; programs one.
const STREAMS_PER_CALLER_MAX: usize = 32;
/// 4,096 streams × about 8 kB of buffers = 32 MB.
const STREAMS_MAX: usize = 4_096;

/// The last events, and word of the newest.
#[derive(Debug)]
pub struct Hub {
    /// Tells this process's events from an earlier one's, whose numbers began at one too.
    epoch: String,
    ring: Mutex<Ring>,
    newest: watch::Sender<u64>,
    streams: Arc<Mutex<HashMap<String, usize>>>,
}

#[derive(Debug, Default)]
struct Ring {
    /// The last of these is number `newest`.
    events: VecDeque<Arc<Changed>>,
    newest: u64,
}

/// What there is after some event.
#[derive(Debug, PartialEq, Eq)]
enum Since {
    Events(Vec<(u64, Arc<Changed>)>),
    /// It is no longer known what came between.
    Lost,
}

impl Default for Hub {
    fn default() -> Self {
        let epoch = Secret::random().expose().chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        Self { epoch, ring: Mutex::default(), newest: watch::Sender::new(0), streams: Arc::default() }
    }
}

impl Hub {
    pub fn publish(&self, kind: &'static str, namespace: String, name: String, change: ChangeType) {
        let mut ring = self.lock();
        ring.newest += 1;
        if ring.events.len() == RING_MAX {
            ring.events.pop_front();
        }
        ring.events.push_back(Arc::new(Changed { kind, namespace, name, r#type: change }));
        let newest = ring.newest;
        drop(ring);
        self.newest.send_replace(newest);
    }

    #[must_use]
    pub fn streams(&self) -> usize {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// Tells this process's answers from those of an earlier one.
    #[must_use]
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    fn since(&self, after: u64) -> Since {
        let ring = self.lock();
        let oldest = ring.newest - ring.events.len() as u64;
        if after < oldest || after > ring.newest {
            return Since::Lost;
        }
        let skip = usize::try_from(after - oldest).unwrap_or(usize::MAX);
        Since::Events((after + 1..).zip(ring.events.iter().skip(skip).cloned()).collect())
    }

    fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.epoch)
    }

    /// The number of an event of this process.
    fn number(&self, id: &str) -> Option<u64> {
        let (epoch, number) = id.rsplit_once('-')?;
        if epoch == self.epoch { number.parse().ok() } else { None }
    }

    fn open(&self, caller: &str) -> Result<Open, Failure> {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if streams.values().sum::<usize>() >= STREAMS_MAX {
            return Err(Failure::TooManyStreams);
        }
        let own = streams.entry(caller.to_owned()).or_default();
        if *own >= STREAMS_PER_CALLER_MAX {
            return Err(Failure::TooManyStreams);
        }
        *own += 1;
        Ok(Open { caller: caller.to_owned(), streams: Arc::clone(&self.streams) })
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that counts against its caller's bound until it is dropped.
#[derive(Debug)]
struct Open {
    caller: String,
    streams: Arc<Mutex<HashMap<String, usize>>>,
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = streams.get_mut(&self.caller) {
            *own -= 1;
            if *own == 0 {
                streams.remove(&self.caller);
            }
        }
    }
}

/// The event as this caller may see it, or nothing.
fn seen(event: &Changed, rights: &Rights) -> Option<Changed> {
    match event.kind {
        "CloudPolicy" | "WorkCalendar" => rights.reads_policy.then(|| event.clone()),
        "LinkIncident" => rights.reads_links.then(|| event.clone()),
        "ResourcePool" => rights.pools.has(&event.name).then(|| event.clone()),
        "PoolLedger" if rights.ledgers.has(&event.name) => Some(event.clone()),
        // Who may not read a ledger sees its pool's free amounts, which follow from it.
        "PoolLedger" if rights.pools.has(&event.name) => {
            Some(Changed { kind: "ResourcePool", r#type: ChangeType::Modified, ..event.clone() })
        }
        "PoolLedger" => None,
        "Department" => rights.sees(&event.name).then(|| event.clone()),
        _ => {
            let department = names::department_of(&event.namespace);
            department.is_some_and(|department| rights.sees(department)).then(|| event.clone())
        }
    }
}

/// One client's place in the stream.
struct Place {
    app: App,
    caller: Caller,
    newest: watch::Receiver<u64>,
    /// The last event that was looked at.
    at: u64,
    ready: VecDeque<Frame>,
    heartbeat: Instant,
    _open: Open,
}

/// Opens the stream of a caller.
pub async fn stream(app: &App, caller: Caller, headers: &HeaderMap) -> Result<Response, Failure> {
    let hub = &app.world.hub;
    let open = hub.open(&caller.user.name)?;
    let newest = hub.newest.subscribe();
    let at = *newest.borrow();
    // The first frame carries an id, so that a client that comes back before the first event can
    // say where it was.
    let hello = Frame::default().id(hub.id(at)).retry(Duration::from_secs(2)).comment("following");
    let mut place = Place {
        app: app.clone(),
        caller,
        newest,
        at,
        ready: VecDeque::from([hello]),
        heartbeat: Instant::now() + HEARTBEAT,
        _open: open,
    };
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()).filter(|id| !id.is_empty());
    if let Some(last) = last {
        match hub.number(last) {
            Some(number) => {
                place.at = number;
                place.ready.clear();
                place.collect().await;
            }
            None => place.ready.push_back(Frame::default().event("reset").id(hub.id(at)).data("{}")),
        }
    }
    Ok(Sse::new(frames(place)).into_response())
}

fn frames(place: Place) -> impl Stream<Item = Result<Frame, Infallible>> {
    futures::stream::unfold(place, |mut place| async move {
        let frame = place.next().await?;
        Some((Ok(frame), place))
    })
}

impl Place {
    /// The next frame, or the end of the stream when the caller is no longer known.
    async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            tokio::select! {
                changed = self.newest.changed() => changed.ok()?,
                () = tokio::time::sleep_until(self.heartbeat) => {
                    self.heartbeat = Instant::now() + HEARTBEAT;
                    match self.caller.again(&self.app).await {
                        Ok(caller) => self.caller = caller,
                        // The cluster will be back; what is sent meanwhile was decided before.
                        Err(Failure::ClusterAway) => {}
                        Err(_) => return None,
                    }
                    return Some(Frame::default().comment("still here"));
                }
            }
            self.collect().await;
        }
    }

    /// Makes frames of what has come since.
    async fn collect(&mut self) {
        let app = self.app.clone();
        let hub = &app.world.hub;
        let mut frames = Vec::new();
        match hub.since(self.at) {
            Since::Events(events) => {
                for (number, event) in events {
                    self.at = number;
                    let Some(shown) = seen(&event, &self.caller.rights) else { continue };
                    let data = serde_json::to_string(&shown).unwrap_or_default();
                    frames.push(Frame::default().event("changed").id(hub.id(number)).data(data));
                }
            }
            Since::Lost => {
                self.at = *self.newest.borrow();
                frames.push(Frame::default().event("reset").id(hub.id(self.at)).data("{}"));
            }
        }
        if !frames.is_empty() {
            // Whoever hears of a change reads at once, and must not read what was before it: nobody
            // would tell him again.
            app.shown().await;
            self.ready.extend(frames);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::access::{Membership, Seen};

    fn publish(hub: &Hub, name: &str) {
        hub.publish("Application", "dept-a".into(), name.into(), ChangeType::Modified);
    }

    fn names(since: Since) -> Vec<(u64, String)> {
        match since {
            Since::Events(events) => events.into_iter().map(|(number, event)| (number, event.name.clone())).collect(),
            Since::Lost => panic!("lost"),
        }
    }

    #[test]
    fn the_ring_goes_on_where_the_client_was_or_says_that_it_cant() {
        let hub = Hub::default();
        publish(&hub, "x");
        publish(&hub, "y");
        assert_eq!(names(hub.since(0)), [(1, "x".into()), (2, "y".into())]);
        assert_eq!(names(hub.since(1)), [(2, "y".into())]);
        assert_eq!(names(hub.since(2)), []);
        assert_eq!(hub.since(3), Since::Lost, "an event that never was");
        for _ in 0..RING_MAX {
            publish(&hub, "z");
        }
        assert_eq!(hub.since(1), Since::Lost);
        assert_eq!(names(hub.since(2)).len(), RING_MAX);
    }

    #[test]
    fn an_id_of_another_process_is_unknown() {
        let hub = Hub::default();
        assert_eq!(hub.number(&hub.id(7)), Some(7));
        for other in ["other-7", "7", "", "-", &format!("{}-x", hub.epoch)] {
            assert_eq!(hub.number(other), None, "{other}");
        }
    }

    #[test]
    fn streams_are_bounded_by_caller_and_given_back() {
        let hub = Hub::default();
        let open: Vec<_> = (0..STREAMS_PER_CALLER_MAX).map(|_| hub.open("zhang").unwrap()).collect();
        assert_eq!(hub.open("zhang").unwrap_err(), Failure::TooManyStreams);
        assert!(hub.open("li").is_ok());
        drop(open);
        assert!(hub.open("zhang").is_ok());
        assert_eq!(hub.streams(), 0);
    }

    #[test]
    fn a_department_hears_of_its_own_things_only() {
        let departments = BTreeMap::from([("a".to_owned(), Membership::User)]);
        let own = Rights { departments, pools: Seen::All, ..Rights::default() };
        let all =
            Rights { reads_all: true, pools: Seen::All, ledgers: Seen::All, reads_policy: true, ..Rights::default() };
        let event = |kind, namespace: &str, name: &str| Changed {
            kind,
            namespace: namespace.into(),
            name: name.into(),
            r#type: ChangeType::Added,
        };
        let cases = [
            (event("QuotaRequest", "dept-a", "qr-1"), Some("QuotaRequest")),
            (event("QuotaRequest", "dept-b", "qr-1"), None),
            (event("QuotaRequest", "kube-system", "qr-1"), None),
            (event("Department", "", "a"), Some("Department")),
            (event("Department", "", "b"), None),
            (event("ResourcePool", "", "cec"), Some("ResourcePool")),
            (event("PoolLedger", "", "cec"), Some("ResourcePool")),
        ];
        for (event, expected) in cases {
            assert_eq!(seen(&event, &own).map(|shown| shown.kind), expected, "{event:?}");
        }
        assert_eq!(seen(&event("PoolLedger", "", "cec"), &all).unwrap().kind, "PoolLedger");
        assert!(seen(&event("QuotaRequest", "dept-b", "qr-1"), &all).is_some());
        assert!(seen(&event("CloudPolicy", "", "default"), &all).is_some());
        let one = || Seen::Named(BTreeSet::from(["cec".to_owned()]));
        let provider = Rights { pools: one(), ledgers: one(), ..Rights::default() };
        assert_eq!(seen(&event("PoolLedger", "", "cec"), &provider).unwrap().kind, "PoolLedger");
        for hidden in [
            event("PoolLedger", "", "inspur"),
            event("ResourcePool", "", "inspur"),
            event("CloudPolicy", "", "default"),
            event("LinkIncident", "", "cut"),
        ] {
            assert_eq!(seen(&hidden, &provider), None);
        }
    }
}
