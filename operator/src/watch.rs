//! The watches: each fills a store, and each event names who has to look.
//!
//! One watch per kind, shared by all controllers. A store is a cache and may be stale: good for
//! lists and for knowing that there is work, never for what is counted.

use std::collections::HashMap;
use std::fmt::Debug;
use std::future::ready;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use futures::{FutureExt, Stream, StreamExt, future};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Node, ResourceQuota};
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use resources::v1alpha1::{
    Allocation, Application, CloudPolicy, Department, KubeconfigSecretRef, Phase, QuotaDecision, QuotaRequest,
    ResourcePool, UsageRecord, WorkCalendar,
};
use resources::{judgement, names};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use crate::member::Places;

/// Triggers that may wait for a controller. The controllers take them at once and merge those of
/// one object, so a full channel only slows a watch down for a moment.
const TRIGGERS_MAX: usize = 1_024;

/// Selects what the operator has made in clusters.
const MANAGED: &str = "yunheng.io/managed=true";

/// Label that marks the reports of host agents.
pub const LABEL_HOST_REPORT: &str = "yunheng.io/host-report";

/// What is watched in the hub alone. What is watched in every cluster is in [`Places`].
#[derive(Clone, Debug)]
pub struct Stores {
    pub pools: Store<ResourcePool>,
    pub departments: Store<Department>,
    pub applications: Store<Application>,
    pub allocations: Store<Allocation>,
    pub requests: Store<QuotaRequest>,
    pub decisions: Store<QuotaDecision>,
    pub policies: Store<CloudPolicy>,
    pub calendars: Store<WorkCalendar>,
    pub usage: Store<UsageRecord>,
    pub host_reports: Store<ConfigMap>,
    pub cluster_role_bindings: Store<ClusterRoleBinding>,
}

impl Stores {
    /// Waits until each store has its first full list.
    pub async fn wait_until_ready(&self) {
        let Self {
            pools,
            departments,
            applications,
            allocations,
            requests,
            decisions,
            policies,
            calendars,
            usage,
            host_reports,
            cluster_role_bindings,
        } = self;
        // An error means that the writer is gone, which ends the process anyway.
        let _ = tokio::join!(
            pools.wait_until_ready(),
            departments.wait_until_ready(),
            applications.wait_until_ready(),
            allocations.wait_until_ready(),
            requests.wait_until_ready(),
            decisions.wait_until_ready(),
            policies.wait_until_ready(),
            calendars.wait_until_ready(),
            usage.wait_until_ready(),
            host_reports.wait_until_ready(),
            cluster_role_bindings.wait_until_ready(),
        );
    }
}

/// Who has to look, by controller.
#[derive(Clone, Debug)]
pub struct Triggers {
    pools: mpsc::Sender<ObjectRef<ResourcePool>>,
    allocations: mpsc::Sender<ObjectRef<Allocation>>,
    departments: mpsc::Sender<ObjectRef<Department>>,
    applications: mpsc::Sender<ObjectRef<Application>>,
    requests: mpsc::Sender<ObjectRef<QuotaRequest>>,
    policies: mpsc::Sender<ObjectRef<CloudPolicy>>,
}

/// The other ends of [`Triggers`], one per controller.
#[derive(Debug)]
pub struct Triggered {
    pub pools: mpsc::Receiver<ObjectRef<ResourcePool>>,
    pub allocations: mpsc::Receiver<ObjectRef<Allocation>>,
    pub departments: mpsc::Receiver<ObjectRef<Department>>,
    pub applications: mpsc::Receiver<ObjectRef<Application>>,
    pub requests: mpsc::Receiver<ObjectRef<QuotaRequest>>,
    pub policies: mpsc::Receiver<ObjectRef<CloudPolicy>>,
}

impl Triggers {
    #[must_use]
    pub fn channels() -> (Self, Triggered) {
        let (pools, pools_end) = mpsc::channel(TRIGGERS_MAX);
        let (allocations, allocations_end) = mpsc::channel(TRIGGERS_MAX);
        let (departments, departments_end) = mpsc::channel(TRIGGERS_MAX);
        let (applications, applications_end) = mpsc::channel(TRIGGERS_MAX);
        let (requests, requests_end) = mpsc::channel(TRIGGERS_MAX);
        let (policies, policies_end) = mpsc::channel(TRIGGERS_MAX);
        let ends = Triggered {
            pools: pools_end,
            allocations: allocations_end,
            departments: departments_end,
            applications: applications_end,
            requests: requests_end,
            policies: policies_end,
        };
        (Self { pools, allocations, departments, applications, requests, policies }, ends)
    }

    pub async fn pool(&self, name: &str) {
        // A closed channel means that the controllers have stopped: nobody has to look any more.
        let _ = self.pools.send(ObjectRef::new(name)).await;
    }

    pub async fn allocation(&self, namespace: &str, name: &str) {
        let _ = self.allocations.send(ObjectRef::new(name).within(namespace)).await;
    }

    pub async fn department(&self, name: &str) {
        let _ = self.departments.send(ObjectRef::new(name)).await;
    }

    pub async fn application(&self, namespace: &str, name: &str) {
        let _ = self.applications.send(ObjectRef::new(name).within(namespace)).await;
    }

    pub async fn policy(&self, name: &str) {
        let _ = self.policies.send(ObjectRef::new(name)).await;
    }

    pub async fn request(&self, namespace: &str, name: &str) {
        let _ = self.requests.send(ObjectRef::new(name).within(namespace)).await;
    }
}

/// The stores of the hub, and where events go.
#[derive(Debug)]
pub struct Started {
    pub stores: Stores,
    pub places: Places,
    pub routes: Routes,
}

/// Starts all watches of the hub. The future runs until one of them ends, which none should.
pub fn start(
    client: &Client,
    namespace: &str,
    triggers: &Triggers,
) -> (Started, impl Future<Output = ()> + Send + 'static) {
    let managed = || watcher::Config::default().labels(MANAGED);
    let all = watcher::Config::default;
    let (pools, pools_watch) = watched(Api::all(client.clone()), all());
    let (departments, departments_watch) = watched(Api::all(client.clone()), all());
    let (applications, applications_watch) = watched(Api::all(client.clone()), all());
    let (allocations, allocations_watch) = watched(Api::all(client.clone()), all());
    let (requests, requests_watch) = watched(Api::all(client.clone()), all());
    let (decisions, decisions_watch) = watched(Api::all(client.clone()), all());
    let (policies, policies_watch) = watched(Api::all(client.clone()), all());
    let (calendars, calendars_watch) = watched(Api::all(client.clone()), all());
    let (usage, usage_watch) = watched(Api::all(client.clone()), all());
    let reports = watcher::Config::default().labels(&format!("{LABEL_HOST_REPORT}=true"));
    let (host_reports, reports_watch) = watched(Api::namespaced(client.clone(), namespace), reports);
    let (cluster_role_bindings, cluster_bindings_watch) = watched(Api::all(client.clone()), managed());
    let stores = Stores {
        pools,
        departments,
        applications,
        allocations,
        requests,
        decisions,
        policies,
        calendars,
        usage,
        host_reports,
        cluster_role_bindings,
    };
    let routes = Routes {
        stores: stores.clone(),
        triggers: triggers.clone(),
        seen: Arc::default(),
        seen_statuses: Arc::default(),
        owners: Arc::default(),
        namespaces: None,
    };
    let (places, places_watch) = places(client, &routes);
    let watches = future::select_all([
        routes.clone().follow(pools_watch),
        routes.clone().follow(departments_watch),
        routes.clone().follow(applications_watch),
        routes.clone().follow(allocations_watch),
        routes.clone().follow(requests_watch),
        routes.clone().follow(decisions_watch),
        routes.clone().follow(policies_watch),
        routes.clone().follow(calendars_watch),
        routes.clone().follow(usage_watch),
        routes.clone().follow(reports_watch),
        routes.clone().follow(cluster_bindings_watch),
        places_watch.boxed(),
    ]);
    (Started { stores, places, routes }, watches.map(|_| ()))
}

/// Starts the watches of a cluster that has workload namespaces. The future runs until one of them
/// ends, which none should.
pub fn places(client: &Client, routes: &Routes) -> (Places, impl Future<Output = ()> + Send + 'static) {
    let managed = || watcher::Config::default().labels(MANAGED);
    let (quotas, quotas_watch) = watched(Api::all(client.clone()), managed());
    let (namespaces, namespaces_watch) = watched(Api::all(client.clone()), managed());
    let (nodes, nodes_watch) = watched(Api::all(client.clone()), watcher::Config::default());
    let (role_bindings, bindings_watch) = watched(Api::all(client.clone()), managed());
    let routes = Routes { namespaces: Some(namespaces.clone()), ..routes.clone() };
    let watches = future::select_all([
        routes.clone().follow(quotas_watch),
        routes.clone().follow(namespaces_watch),
        routes.clone().follow(nodes_watch),
        routes.follow(bindings_watch),
    ]);
    (Places { quotas, namespaces, nodes, role_bindings }, watches.map(|_| ()))
}

/// A store and the stream that fills it. Managed fields are dropped on arrival: nobody reads them
/// and they are half of many objects.
fn watched<K>(api: Api<K>, config: watcher::Config) -> (Store<K>, impl Stream<Item = watcher::Event<K>> + Send)
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    let (store, writer) = reflector::store();
    let events = watcher(api, config)
        .default_backoff()
        .modify(|object| object.managed_fields_mut().clear())
        .reflect(writer)
        .filter_map(|event| {
            if let Err(error) = &event {
                let kind = K::kind(&());
                tracing::warn!(%kind, error = %crate::telemetry::chain(error), "a watch broke and is started again");
            }
            ready(event.ok())
        });
    (store, events)
}

/// From an event to who has to look.
#[derive(Clone, Debug)]
pub struct Routes {
    stores: Stores,
    triggers: Triggers,
    /// What of each object was seen last, by uid: events that change nothing of interest are dropped.
    seen: Arc<Mutex<HashMap<String, u64>>>,
    /// The status of each object as it was seen last, by uid.
    seen_statuses: Arc<Mutex<HashMap<String, u64>>>,
    /// Namespace and name of each allocation, by its uid: what a workload namespace knows of it.
    owners: Arc<Mutex<HashMap<String, (String, String)>>>,
    /// Of the cluster whose events these are.
    namespaces: Option<Store<Namespace>>,
}

impl Routes {
    /// Follows a watch for ever. Events of one kind are handled one after another.
    fn follow<K: Routed>(
        self,
        events: impl Stream<Item = watcher::Event<K>> + Send + 'static,
    ) -> future::BoxFuture<'static, ()> {
        Box::pin(events.for_each(move |event| {
            let routes = self.clone();
            async move {
                match event {
                    watcher::Event::Apply(object) | watcher::Event::InitApply(object) => object.route(&routes).await,
                    watcher::Event::Delete(object) => {
                        routes.forget(&object);
                        object.route(&routes).await;
                        routes.forget(&object);
                    }
                    watcher::Event::Init | watcher::Event::InitDone => {}
                }
            }
        }))
    }

    /// Whether these parts of the object differ from what was seen last.
    fn is_news<K: Resource>(&self, object: &K, parts: impl Hash) -> bool {
        note(&self.seen, object, parts)
    }

    /// Whether its status differs from what was seen last. Mostly it is what we wrote; but a write of
    /// a leader that slept, or one that a network kept back, may come after a newer one, and then it
    /// is to be written again.
    fn is_news_of_status<K: Resource>(&self, object: &K, status: impl Serialize) -> bool {
        note(&self.seen_statuses, object, serde_json::to_string(&status).unwrap_or_default())
    }

    fn has_seen<K: Resource>(&self, object: &K) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        object.meta().uid.as_ref().is_some_and(|uid| seen.contains_key(uid))
    }

    fn forget<K: Resource>(&self, object: &K) {
        if let Some(uid) = &object.meta().uid {
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
            self.seen_statuses.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
            self.owners.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
        }
    }

    /// Wakes all who have something in a member cluster: it is reached, or isn't any more.
    pub async fn cluster(&self, secret: &KubeconfigSecretRef) {
        let is_there = |pool: &ResourcePool| pool.spec.cluster.kubeconfig_secret_ref.as_ref() == Some(secret);
        for pool in self.stores.pools.state_filter(is_there) {
            self.triggers.pool(&pool.name_any()).await;
            self.allocations_of(&pool.name_any()).await;
        }
        for department in self.stores.departments.state() {
            self.triggers.department(&department.name_any()).await;
        }
    }

    async fn allocations_of(&self, pool: &str) {
        for allocation in self.stores.allocations.state() {
            if allocation.spec.pool == pool {
                self.triggers.allocation(&allocation.namespace().unwrap_or_default(), &allocation.name_any()).await;
            }
        }
    }

    async fn all_pools(&self) {
        for pool in self.stores.pools.state() {
            self.triggers.pool(&pool.name_any()).await;
        }
    }

    /// Wakes the allocation that a workload namespace names as its owner.
    async fn owner_of(&self, namespace: &Namespace) {
        let Some(uid) = namespace.annotations().get(names::ANNOTATION_ALLOCATION) else { return };
        let owner = self.owners.lock().unwrap_or_else(PoisonError::into_inner).get(uid).cloned();
        if let Some((namespace, name)) = owner {
            self.triggers.allocation(&namespace, &name).await;
            return;
        }
        // Its owner is gone, or isn't known yet. Whoever wants the namespace waits for what its owner
        // left behind to be empty.
        let name = namespace.name_any();
        for heir in self.stores.allocations.state() {
            if judgement::namespaces_of(&heir.spec).contains(&name) {
                self.triggers.allocation(&heir.namespace().unwrap_or_default(), &heir.name_any()).await;
            }
        }
    }
}

fn note<K: Resource>(seen: &Mutex<HashMap<String, u64>>, object: &K, parts: impl Hash) -> bool {
    let Some(uid) = object.meta().uid.clone() else { return true };
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    let hash = hasher.finish();
    seen.lock().unwrap_or_else(PoisonError::into_inner).insert(uid, hash) != Some(hash)
}

/// A kind that says who has to look when one of its objects changes.
trait Routed: Resource<DynamicType = ()> + Clone + Send + Sync + 'static {
    fn route(&self, routes: &Routes) -> impl Future<Output = ()> + Send;
}

impl Routed for ResourcePool {
    async fn route(&self, routes: &Routes) {
        let pool = self.name_any();
        let status_changed = routes.is_news_of_status(self, &self.status);
        if !routes.is_news(self, (self.metadata.generation, self.metadata.deletion_timestamp.is_some())) {
            if status_changed {
                routes.triggers.pool(&pool).await;
            }
            return;
        }
        routes.triggers.pool(&pool).await;
        routes.triggers.policy(names::DEFAULT_POLICY).await;
        routes.allocations_of(&pool).await;
    }
}

impl Routed for Department {
    async fn route(&self, routes: &Routes) {
        let status_changed = routes.is_news_of_status(self, &self.status);
        if routes.is_news(self, (self.metadata.generation, self.metadata.deletion_timestamp.is_some())) {
            routes.triggers.department(&self.name_any()).await;
            routes.all_pools().await;
        } else if status_changed {
            routes.triggers.department(&self.name_any()).await;
        }
    }
}

impl Routed for Application {
    async fn route(&self, routes: &Routes) {
        let namespace = self.namespace().unwrap_or_default();
        let status_changed = routes.is_news_of_status(self, &self.status);
        if !routes.is_news(self, (self.metadata.generation, self.metadata.deletion_timestamp.is_some())) {
            if status_changed {
                routes.triggers.application(&namespace, &self.name_any()).await;
            }
            return;
        }
        routes.triggers.application(&namespace, &self.name_any()).await;
        if let Some(department) = names::department_of(&namespace) {
            routes.triggers.department(department).await;
        }
    }
}

impl Routed for Allocation {
    async fn route(&self, routes: &Routes) {
        let (namespace, name) = (self.namespace().unwrap_or_default(), self.name_any());
        let meta = &self.metadata;
        if let Some(uid) = &meta.uid {
            let place = (namespace.clone(), name.clone());
            routes.owners.lock().unwrap_or_else(PoisonError::into_inner).insert(uid.clone(), place);
        }
        let status_changed = routes.is_news_of_status(self, &self.status);
        let spec_changed = routes
            .is_news(self, (meta.generation, meta.deletion_timestamp.is_some(), &meta.finalizers, meta.uid.is_some()));
        if spec_changed {
            routes.triggers.pool(&self.spec.pool).await;
            routes.triggers.allocation(&namespace, &name).await;
        } else if status_changed {
            routes.triggers.allocation(&namespace, &name).await;
        }
        routes.triggers.application(&namespace, &self.spec.application).await;
        if let Some(department) = names::department_of(&namespace) {
            routes.triggers.department(department).await;
        }
        for request in routes.stores.requests.state() {
            // Not by the allocation's name: a move waits for two.
            let phase = request.status.as_ref().and_then(|status| status.phase);
            // One that is in force follows the end of its grant.
            let follows = spec_changed && phase.is_some_and(|phase| has_term(phase, &request, self));
            let waits = request.spec.application == self.spec.application
                && (follows || phase.is_some_and(resources::workflow::is_open));
            if waits && request.namespace().as_deref() == Some(&namespace) {
                routes.triggers.request(&namespace, &request.name_any()).await;
            }
        }
    }
}

fn has_term(phase: Phase, request: &QuotaRequest, allocation: &Allocation) -> bool {
    let known = request.status.as_ref().is_some_and(|status| status.term.is_some());
    matches!(phase, Phase::Active | Phase::Expired) && (known || allocation.spec.lease.is_some())
}

impl Routed for QuotaRequest {
    async fn route(&self, routes: &Routes) {
        let namespace = self.namespace().unwrap_or_default();
        routes.triggers.request(&namespace, &self.name_any()).await;
        routes.triggers.pool(&self.spec.pool).await;
        // A request that closes lets the next one of the same application pass.
        let closed = self
            .status
            .as_ref()
            .and_then(|status| status.phase)
            .is_some_and(|phase| !resources::workflow::is_open(phase));
        let is_over = closed || self.metadata.deletion_timestamp.is_some();
        // One that is over when it is seen first had nobody waiting behind it; after a start these
        // are nearly all.
        let was_seen = routes.has_seen(self);
        if !(routes.is_news(self, is_over) && was_seen && is_over) {
            return;
        }
        for other in routes.stores.requests.state() {
            let same = resources::workflow::concern_the_same(&other, self);
            let open = other.status.as_ref().and_then(|status| status.phase).is_none_or(resources::workflow::is_open);
            if same && open {
                routes.triggers.request(&namespace, &other.name_any()).await;
            }
        }
    }
}

impl Routed for QuotaDecision {
    async fn route(&self, routes: &Routes) {
        // Also when it is answered: until the cache shows the answer, the request's next step waits.
        routes.triggers.request(&self.namespace().unwrap_or_default(), &self.spec.request.name).await;
    }
}

impl Routed for CloudPolicy {
    async fn route(&self, routes: &Routes) {
        routes.triggers.policy(&self.name_any()).await;
    }
}

impl Routed for WorkCalendar {
    async fn route(&self, routes: &Routes) {
        // What was reckoned without the year is reckoned anew.
        let provisional = |request: &&Arc<QuotaRequest>| {
            request.status.as_ref().and_then(|status| status.stage.as_ref()).is_some_and(|stage| stage.provisional)
        };
        for request in routes.stores.requests.state().iter().filter(provisional) {
            routes.triggers.request(&request.namespace().unwrap_or_default(), &request.name_any()).await;
        }
    }
}

impl Routed for UsageRecord {
    /// It is looked at when somebody asks for more.
    async fn route(&self, _: &Routes) {}
}

impl Routed for ResourceQuota {
    async fn route(&self, routes: &Routes) {
        let namespace = self.namespace().unwrap_or_default();
        let namespaces = routes.namespaces.as_ref();
        if let Some(namespace) = namespaces.and_then(|store| store.get(&ObjectRef::new(&namespace))) {
            routes.owner_of(&namespace).await;
        }
        if let Some(pool) = self.labels().get(names::LABEL_POOL) {
            routes.triggers.pool(pool).await;
        }
    }
}

impl Routed for Namespace {
    async fn route(&self, routes: &Routes) {
        routes.owner_of(self).await;
        if let Some(department) = self.labels().get(names::LABEL_DEPARTMENT) {
            routes.triggers.department(department).await;
        }
    }
}

impl Routed for Node {
    async fn route(&self, routes: &Routes) {
        // A node's heartbeat changes nothing here.
        let allocatable = self.status.as_ref().and_then(|status| status.allocatable.as_ref());
        let amounts: Vec<(&str, &str)> = allocatable
            .map(|all| all.iter().map(|(key, amount)| (key.as_str(), amount.0.as_str())).collect())
            .unwrap_or_default();
        let unschedulable = self.spec.as_ref().and_then(|spec| spec.unschedulable);
        if routes.is_news(self, (amounts, self.labels(), unschedulable, crate::host::is_ready(self))) {
            routes.all_pools().await;
        }
    }
}

impl Routed for ConfigMap {
    async fn route(&self, routes: &Routes) {
        routes.all_pools().await;
    }
}

impl Routed for RoleBinding {
    async fn route(&self, routes: &Routes) {
        if let Some(department) = self.labels().get(names::LABEL_DEPARTMENT) {
            routes.triggers.department(department).await;
        }
    }
}

impl Routed for ClusterRoleBinding {
    async fn route(&self, routes: &Routes) {
        if let Some(department) = self.labels().get(names::LABEL_DEPARTMENT) {
            routes.triggers.department(department).await;
        }
    }
}
