//! The clusters that pools' workload namespaces are in, and what is seen of each.
//!
//! The objects of Yunheng are in one cluster, the hub. A pool's namespaces and quotas are there
//! too, or in the member cluster that the pool names by a kubeconfig in a Secret. A member is
//! connected as soon as a pool names it, watched, and asked at intervals whether it still answers.
//! After a silence it is connected anew: caches that were cut off say nothing about today.

mod connect;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Namespace, Node, ResourceQuota};
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::Client;
use kube::runtime::reflector::Store;
use resources::v1alpha1::{ClusterRef, KubeconfigSecretRef, ResourcePool};

use crate::clock::Clock;
use crate::run::Connect;
use crate::watch::Routes;

pub use connect::cluster_uid;

/// How long until the hub itself is asked for a kubeconfig again, or a member after a silence.
const CONNECT_AGAIN_AFTER: Duration = Duration::from_secs(3);

/// One cluster.
pub struct Member {
    /// For exchanges: reads through and writes.
    pub client: Client,
    /// Uid of its namespace kube-system: which cluster it is.
    pub uid: String,
    /// The objects of Yunheng are in this one.
    pub is_hub: bool,
    pub places: Places,
}

impl std::fmt::Debug for Member {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { client: _, uid, is_hub, places: _ } = self;
        formatter.debug_struct("Member").field("uid", uid).field("is_hub", is_hub).finish_non_exhaustive()
    }
}

/// What is watched in a cluster that has workload namespaces. Caches: good for lists and for
/// knowing that there is work, never for what is counted.
#[derive(Clone, Debug)]
pub struct Places {
    pub quotas: Store<ResourceQuota>,
    pub namespaces: Store<Namespace>,
    pub nodes: Store<Node>,
    pub role_bindings: Store<RoleBinding>,
}

impl Places {
    /// Waits until each store has its first full list.
    pub async fn wait_until_ready(&self) {
        let Self { quotas, namespaces, nodes, role_bindings } = self;
        // An error means that the writer is gone, which ends the connection anyway.
        let _ = tokio::join!(
            quotas.wait_until_ready(),
            namespaces.wait_until_ready(),
            nodes.wait_until_ready(),
            role_bindings.wait_until_ready(),
        );
    }
}

/// Whether a pool's cluster can be reached.
#[derive(Clone, Debug)]
pub enum Reach {
    Reached(Arc<Member>),
    Unreachable(Silence),
}

/// A cluster that doesn't answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    pub since: Timestamp,
    pub error: String,
}

impl Reach {
    #[must_use]
    pub const fn member(&self) -> Option<&Arc<Member>> {
        match self {
            Self::Reached(member) => Some(member),
            Self::Unreachable(_) => None,
        }
    }

    #[must_use]
    pub const fn silence(&self) -> Option<&Silence> {
        match self {
            Self::Reached(_) => None,
            Self::Unreachable(silence) => Some(silence),
        }
    }
}

/// All clusters that pools name.
#[derive(Clone, Debug)]
pub struct Members {
    hub: Arc<Member>,
    others: Arc<Mutex<BTreeMap<Key, Connection>>>,
    connect: Connect,
    routes: Routes,
    clock: Clock,
}

/// Which Secret, and which key in it.
type Key = (String, String, String);

#[derive(Debug)]
struct Connection {
    reach: Reach,
    /// Keeps the connection; ends with it.
    task: tokio::task::AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Members {
    #[must_use]
    pub fn new(hub: Member, connect: Connect, routes: Routes, clock: Clock) -> Self {
        Self { hub: Arc::new(hub), others: Arc::default(), connect, routes, clock }
    }

    #[must_use]
    pub const fn hub(&self) -> &Arc<Member> {
        &self.hub
    }

    /// The pool's cluster. One that is named for the first time is being connected from then on.
    #[must_use]
    pub fn of(&self, pool: &ResourcePool) -> Reach {
        let ClusterRef { local: _, kubeconfig_secret_ref } = &pool.spec.cluster;
        let Some(secret) = kubeconfig_secret_ref else { return Reach::Reached(Arc::clone(&self.hub)) };
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = others.entry(key(secret)).or_insert_with(|| {
            let silence = Silence { since: self.clock.now(), error: "it is being connected".to_owned() };
            let task = tokio::spawn(connect::keep(self.clone(), secret.clone())).abort_handle();
            Connection { reach: Reach::Unreachable(silence), task }
        });
        connection.reach.clone()
    }

    /// Every cluster that is reached, the hub first.
    #[must_use]
    pub fn reached(&self) -> Vec<Arc<Member>> {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let reached = others.values().filter_map(|connection| connection.reach.member());
        std::iter::once(&self.hub).chain(reached).cloned().collect()
    }

    /// Lets connections go that no pool names any more.
    pub fn retain<'a>(&self, pools: impl IntoIterator<Item = &'a ResourcePool>) {
        let named: Vec<Key> =
            pools.into_iter().filter_map(|pool| pool.spec.cluster.kubeconfig_secret_ref.as_ref()).map(key).collect();
        self.others.lock().unwrap_or_else(PoisonError::into_inner).retain(|key, _| named.contains(key));
    }

    /// Keeps what is known of a connection and says whether it is news.
    fn set(&self, secret: &KubeconfigSecretRef, reach: Reach) -> bool {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(connection) = others.get_mut(&key(secret)) else { return false };
        let (before, now) = (connection.reach.silence().cloned(), reach.silence().cloned());
        // The silence goes on: it began when it began, and its newest reason counts.
        connection.reach = match (&before, reach) {
            (Some(before), Reach::Unreachable(silence)) => {
                Reach::Unreachable(Silence { since: before.since, ..silence })
            }
            (_, reach) => reach,
        };
        before.map(|silence| silence.error) != now.map(|silence| silence.error)
    }
}

fn key(secret: &KubeconfigSecretRef) -> Key {
    (secret.namespace.clone(), secret.name.clone(), secret.key.clone())
}
