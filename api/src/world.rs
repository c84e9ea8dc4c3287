//! What the cluster holds, as the watches tell it: the source of everything that is read.
//!
//! [`Shelf::apply`] is an ordinary function of events; [`follow`] feeds it. Each change moves the
//! generation by one and is told to whoever follows [`crate::live`].

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ResourceQuota;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use resources::names;
use resources::v1alpha1::{
    Allocation, Application, CloudPolicy, Department, ExtranetLink, LinkIncident, PoolLedger, ProbeVantage,
    QuotaDecision, QuotaRequest, ResourcePool, UsageRecord, WorkCalendar,
};
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use crate::clock;
use crate::live::Hub;
use crate::routes::events::ChangeType;

/// How long the caches may take to have what was just written. After that the answer is made without
/// them, or the caller reads again himself.
pub const CACHED_WITHIN: Duration = Duration::from_secs(2);

/// Namespace (empty where the kind has none) and name.
pub type Name = (String, String);

/// All objects of one kind.
#[derive(Debug)]
pub struct Shelf<K> {
    /// Shared with whoever makes a picture of it; what comes meanwhile goes into a copy.
    objects: Arc<BTreeMap<Name, Arc<K>>>,
    /// A list that is being read anew; it replaces the objects when it is complete.
    incoming: Option<BTreeMap<Name, Arc<K>>>,
    filled: bool,
    broken_since: Option<Timestamp>,
}

impl<K> Default for Shelf<K> {
    fn default() -> Self {
        Self { objects: Arc::default(), incoming: None, filled: false, broken_since: None }
    }
}

/// What is on the shelf now. A list that is being read anew isn't on it yet.
impl<K> Clone for Shelf<K> {
    fn clone(&self) -> Self {
        let Self { objects, incoming: _, filled, broken_since } = self;
        Self { objects: Arc::clone(objects), incoming: None, filled: *filled, broken_since: *broken_since }
    }
}

/// What became of one object.
type Change = (Name, ChangeType);

impl<K: Resource> Shelf<K> {
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Arc<K>)> {
        self.objects.iter()
    }

    #[must_use]
    pub fn get(&self, namespace: &str, name: &str) -> Option<&Arc<K>> {
        self.objects.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// Takes in one event, and says which objects have changed. The first list says nothing:
    /// nobody has seen what was before.
    fn apply(&mut self, event: Event<K>) -> Vec<Change> {
        match event {
            Event::Apply(object) => {
                let (name, object) = kept(object);
                let before = Arc::make_mut(&mut self.objects).insert(name.clone(), object);
                vec![(name, if before.is_some() { ChangeType::Modified } else { ChangeType::Added })]
            }
            Event::Delete(object) => {
                let (name, _) = kept(object);
                let before = Arc::make_mut(&mut self.objects).remove(&name);
                before.map(|_| (name, ChangeType::Deleted)).into_iter().collect()
            }
            Event::Init => {
                self.incoming = Some(BTreeMap::new());
                Vec::new()
            }
            Event::InitApply(object) => {
                let (name, object) = kept(object);
                self.incoming.get_or_insert_default().insert(name, object);
                Vec::new()
            }
            Event::InitDone => {
                let incoming = Arc::new(self.incoming.take().unwrap_or_default());
                let before = std::mem::replace(&mut self.objects, incoming);
                self.broken_since = None;
                if !std::mem::replace(&mut self.filled, true) {
                    return Vec::new();
                }
                differences(&before, &self.objects)
            }
        }
    }
}

fn kept<K: Resource>(mut object: K) -> (Name, Arc<K>) {
    // They are a third of an object, and nobody shows them.
    object.meta_mut().managed_fields = None;
    let name = (object.namespace().unwrap_or_default(), object.name_any());
    (name, Arc::new(object))
}

fn differences<K: Resource>(before: &BTreeMap<Name, Arc<K>>, after: &BTreeMap<Name, Arc<K>>) -> Vec<Change> {
    let gone = before.keys().filter(|name| !after.contains_key(*name)).map(|name| (name.clone(), ChangeType::Deleted));
    let there = after.iter().filter_map(|(name, object)| match before.get(name) {
        None => Some((name.clone(), ChangeType::Added)),
        Some(earlier) if earlier.resource_version() != object.resource_version() => {
            Some((name.clone(), ChangeType::Modified))
        }
        Some(_) => None,
    });
    gone.chain(there).collect()
}

/// A kind that is watched.
pub trait Watched:
    Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned + Send + Sync + 'static
{
    const KIND: &'static str;
    /// Whether changes of it are told to clients.
    const TOLD: bool;
    /// Whether the picture of quotas shows it: then a change of it makes the picture old.
    const PICTURED: bool;
    fn shelf(kept: &mut Kept) -> &mut Shelf<Self>;
}

macro_rules! shelves {
    ($($field:ident: $kind:ident, told: $told:literal, pictured: $pictured:literal;)+) => {
        /// Everything that is kept.
        #[derive(Clone, Debug, Default)]
        pub struct Kept {
            $(pub $field: Shelf<$kind>,)+
        }

        impl Kept {
            /// Kinds that were never read to the end.
            fn missing(&self) -> Vec<&'static str> {
                [$((self.$field.filled, stringify!($kind)),)+]
                    .into_iter().filter(|(filled, _)| !filled).map(|(_, kind)| kind).collect()
            }

            /// Since when some kind can't be followed.
            fn broken_since(&self) -> Option<Timestamp> {
                [$(self.$field.broken_since,)+].into_iter().flatten().min()
            }
        }

        $(impl Watched for $kind {
            const KIND: &'static str = stringify!($kind);
            const TOLD: bool = $told;
            const PICTURED: bool = $pictured;
            fn shelf(kept: &mut Kept) -> &mut Shelf<Self> {
                &mut kept.$field
            }
        })+

        /// Follows every kind for as long as the process lives.
        pub async fn follow_all(world: Arc<World>, client: Client) {
            tokio::join!($(follow::<$kind>(&world, Api::all(client.clone()))),+);
        }
    };
}

shelves! {
    pools: ResourcePool, told: true, pictured: true;
    ledgers: PoolLedger, told: true, pictured: true;
    departments: Department, told: true, pictured: true;
    applications: Application, told: true, pictured: true;
    allocations: Allocation, told: true, pictured: true;
    requests: QuotaRequest, told: true, pictured: true;
    decisions: QuotaDecision, told: true, pictured: true;
    policies: CloudPolicy, told: true, pictured: true;
    calendars: WorkCalendar, told: true, pictured: true;
    usage: UsageRecord, told: false, pictured: true;
    // What is used moves with every pod; allocations' statuses tell it at a bearable pace.
    quotas: ResourceQuota, told: false, pictured: true;
    // Thousands of links are measured all the time, and no quota follows from them. What breaks is told as an incident.
    links: ExtranetLink, told: false, pictured: false;
    incidents: LinkIncident, told: true, pictured: false;
    vantages: ProbeVantage, told: false, pictured: false;
}

/// The state that is read, and its generation.
#[derive(Debug)]
pub struct World {
    kept: RwLock<Kept>,
    generation: watch::Sender<u64>,
    /// Moves with every change, also of what no picture shows.
    changes: watch::Sender<u64>,
    pub hub: Hub,
}

impl Default for World {
    fn default() -> Self {
        Self {
            kept: RwLock::default(),
            generation: watch::Sender::new(0),
            changes: watch::Sender::new(0),
            hub: Hub::default(),
        }
    }
}

impl World {
    pub fn read(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept now, with its generation, for work that takes longer than the watches may wait.
    #[must_use]
    pub fn copy(&self) -> (u64, Kept) {
        // The generation first: what comes between the two is in the copy and is found again.
        let generation = self.generation();
        (generation, self.read().clone())
    }

    /// Takes in one event.
    pub fn apply<K: Watched>(&self, event: Event<K>) {
        let changes = self.with::<K, _>(|kept| K::shelf(kept).apply(event));
        if K::TOLD {
            for ((namespace, name), change) in changes {
                self.hub.publish(K::KIND, namespace, name, change);
            }
        }
    }

    /// The kind can't be followed: what is kept of it is as of this time.
    pub fn broken<K: Watched>(&self, since: Timestamp) {
        self.with::<K, _>(|kept| {
            K::shelf(kept).broken_since.get_or_insert(since);
        });
    }

    fn with<K: Watched, T>(&self, change: impl FnOnce(&mut Kept) -> T) -> T {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let standing = |kept: &mut Kept| (K::shelf(kept).filled, K::shelf(kept).broken_since);
        let before = standing(&mut kept);
        let answer = change(&mut kept);
        // Whether the data are complete and current is part of every picture.
        let moves = K::PICTURED || standing(&mut kept) != before;
        drop(kept);
        if moves {
            self.generation.send_modify(|generation| *generation += 1);
        }
        self.changes.send_modify(|changes| *changes += 1);
        answer
    }

    /// Tells of every change.
    #[must_use]
    pub fn generations(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    /// Moves with every change.
    #[must_use]
    pub fn generation(&self) -> u64 {
        *self.generation.borrow()
    }

    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        self.read().missing()
    }

    /// Since when the data isn't renewed; `None` while it is.
    #[must_use]
    pub fn broken_since(&self) -> Option<Timestamp> {
        self.read().broken_since()
    }

    #[must_use]
    pub fn departments(&self) -> Vec<Arc<Department>> {
        self.read().departments.iter().map(|(_, department)| Arc::clone(department)).collect()
    }

    #[must_use]
    pub fn pool_names(&self) -> Vec<String> {
        self.read().pools.iter().map(|((_, name), _)| name.clone()).collect()
    }

    /// Waits until `look` finds something, or until `within` is over.
    pub async fn wait_for<T>(&self, within: Duration, look: impl Fn(&Kept) -> Option<T>) -> Option<T> {
        let mut changes = self.changes.subscribe();
        tokio::time::timeout(within, async {
            loop {
                changes.borrow_and_update();
                if let Some(found) = look(&self.read()) {
                    return Some(found);
                }
                changes.changed().await.ok()?;
            }
        })
        .await
        .ok()?
    }
}

const BACKOFF_MIN: Duration = Duration::from_millis(200);
/// Short, because a person looks at a banner until it is over.
const BACKOFF_MAX: Duration = Duration::from_secs(3);

/// Follows one kind. After a failure the list is read anew, because only a complete list proves
/// that nothing was missed.
async fn follow<K: Watched>(world: &World, api: Api<K>) {
    let mut backoff = BACKOFF_MIN;
    loop {
        let mut events = Box::pin(watcher(api.clone(), config::<K>()));
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    if matches!(event, Event::InitDone) {
                        backoff = BACKOFF_MIN;
                    }
                    world.apply(event);
                }
                Err(error) => {
                    if !is_expired(&error) {
                        world.broken::<K>(clock::now());
                        tracing::warn!(kind = K::KIND, %error, "failed to follow {}", K::KIND);
                    }
                    break;
                }
            }
        }
        drop(events);
        tokio::time::sleep(backoff).await;
        backoff = (backoff * 2).min(BACKOFF_MAX);
    }
}

fn config<K: Watched>() -> watcher::Config {
    let config = watcher::Config::default();
    if K::KIND == <ResourceQuota as Watched>::KIND {
        return config.labels(&format!("{}=true", names::LABEL_MANAGED));
    }
    config
}

/// The server no longer has the version that the watch was at: an ordinary thing, the list that
/// follows mends it.
fn is_expired(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::WatchError(status) => status.code == 410,
        watcher::Error::WatchStartFailed(kube::Error::Api(status)) => status.code == 410,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use resources::v1alpha1::{CityTotals, CloudPolicySpec, TierCounts};

    use super::*;

    fn policy(name: &str, version: &str) -> CloudPolicy {
        let city_totals = CityTotals {
            capacity: resources::amounts::Resources::default(),
            applications: TierCounts { national_provincial: 0, municipal: 0, county: 0 },
            source: String::new(),
            as_of: String::new(),
        };
        let spec = CloudPolicySpec {
            city_totals,
            zones: vec![],
            reason_codes: vec![],
            thresholds: vec![],
            process: vec![],
            automatic: None,
            link_classes: vec![],
        };
        let mut policy = CloudPolicy::new(name, spec);
        policy.meta_mut().resource_version = Some(version.to_owned());
        policy
    }

    #[test]
    fn only_what_has_changed_is_told() {
        let mut shelf = Shelf::<CloudPolicy>::default();
        let mut told = |event| {
            let changes = shelf.apply(event).into_iter();
            changes.map(|((_, name), change)| (name, change)).collect::<Vec<_>>()
        };
        for event in
            [Event::Init, Event::InitApply(policy("a", "1")), Event::InitApply(policy("b", "1")), Event::InitDone]
        {
            assert_eq!(told(event), [], "nobody has seen what was before the first list");
        }
        assert_eq!(told(Event::Apply(policy("c", "2"))), [("c".into(), ChangeType::Added)]);
        assert_eq!(told(Event::Apply(policy("c", "3"))), [("c".into(), ChangeType::Modified)]);
        assert_eq!(told(Event::Delete(policy("x", "3"))), []);
        told(Event::Init);
        for kept in [policy("a", "1"), policy("c", "9"), policy("d", "9")] {
            assert_eq!(told(Event::InitApply(kept)), []);
        }
        let expected =
            [("b".into(), ChangeType::Deleted), ("c".into(), ChangeType::Modified), ("d".into(), ChangeType::Added)];
        assert_eq!(told(Event::InitDone), expected);
    }

    #[test]
    fn a_broken_watch_is_stale_until_a_list_is_complete() {
        let world = World::default();
        assert_eq!(world.missing().len(), 14);
        let at = |second| Timestamp::from_second(second).unwrap();
        world.apply(Event::<CloudPolicy>::InitDone);
        assert!(!world.missing().contains(&"CloudPolicy"));
        world.broken::<CloudPolicy>(at(5));
        world.broken::<CloudPolicy>(at(9));
        assert_eq!(world.broken_since(), Some(at(5)));
        world.apply(Event::<CloudPolicy>::Init);
        assert_eq!(world.broken_since(), Some(at(5)));
        world.apply(Event::<CloudPolicy>::InitDone);
        assert_eq!(world.broken_since(), None);
    }
}
