//! Pools, departments and applications by the thousand, made as fast as the API server takes them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::ResourceQuota;
use kube::api::{WatchEvent, WatchParams};
use kube::{Api, Client, ResourceExt};
use ledger::Bundle;
use resources::{names, quota};
use serde_json::{Value, json};
use tests::cluster::Cluster;
use tests::eventually::eventually;
use tests::object;
use tests::people::Person;
use tests::town::{amounts, bundle, department, pool};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::measure::timed;

/// How long a thing may take that is waited for.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// What each application has at first.
#[must_use]
pub fn first_share() -> Value {
    amounts("2", "4G", "10G")
}

/// A pool's worth of departments and applications, each application with an allocation.
pub struct Estate<'a> {
    pub cluster: &'a Cluster,
    pub pool: String,
    pub departments: usize,
    pub admin: Client,
    pub board: Board,
}

impl<'a> Estate<'a> {
    /// Makes the pool and its departments, and waits until people may act in them.
    pub async fn found(cluster: &'a Cluster, pool_name: &str, departments: usize) -> Self {
        let admin = cluster.admin().await;
        let cloud = cluster.client(Person::CloudAdmin).await;
        let huge = amounts("10000000", "20000000G", "90000T");
        object::create(&cloud, pool(pool_name, huge)).await.expect("a pool can be made");
        let estate = Self { cluster, pool: pool_name.to_owned(), departments, board: Board::follow(&admin), admin };
        timed(16, departments, async |number| {
            let department = department(&estate.department(number), json!({}));
            object::create(&cloud, department).await.expect("a department can be made");
        })
        .await;
        let zhang = cluster.client(Person::Zhang).await;
        for number in 0..departments {
            let request = estate.request_object(number, "New", &format!("probe-{number}"), &first_share());
            eventually(PATIENCE, "zhang may ask", async || object::would_create(&zhang, request.clone()).await).await;
        }
        estate
    }

    fn department(&self, number: usize) -> String {
        format!("{}-d{}", self.pool, number % self.departments)
    }

    #[must_use]
    pub fn namespace(&self, number: usize) -> String {
        names::department_namespace(&self.department(number))
    }

    #[must_use]
    pub fn application(&self, number: usize) -> String {
        format!("{}-a{number}", self.pool)
    }

    /// Applications from one number up to another, allocated directly, and in force.
    pub async fn allocate(&self, from: usize, to: usize) -> Duration {
        let begun = Instant::now();
        let cloud = self.cluster.client(Person::CloudAdmin).await;
        timed(32, to - from, async |offset| {
            let (namespace, name) = (self.namespace(from + offset), self.application(from + offset));
            object::create(&cloud, application(&namespace, &name)).await.expect("an application can be made");
            let allocation = json!({
                "apiVersion": "yunheng.io/v1alpha1", "kind": "Allocation", "metadata": {"namespace": namespace, "name": name},
                "spec": {"application": name, "pool": self.pool, "resources": first_share()},
            });
            object::create(&cloud, allocation).await.expect("an allocation can be made");
        })
        .await;
        let share = bundle(&first_share());
        for number in from..to {
            self.board.await_enforced(&names::application_namespace(&self.application(number)), share).await;
        }
        begun.elapsed()
    }

    #[must_use]
    pub fn request_object(&self, number: usize, type_: &str, application: &str, resources: &Value) -> Value {
        let mut spec = json!({
            "requester": Person::Zhang.user(), "type": type_, "application": application, "pool": self.pool,
            "resources": resources, "justification": "measures how fast it is",
        });
        if type_ == "New" {
            spec["newApplication"] = json!({"displayName": application, "tier": "Municipal", "securityGrade": 2});
        }
        json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest",
            "metadata": {"namespace": self.namespace(number), "generateName": "qr-"}, "spec": spec,
        })
    }
}

#[must_use]
pub fn application(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "Application", "metadata": {"namespace": namespace, "name": name},
        "spec": {"displayName": name, "tier": "Municipal"},
    })
}

/// What the API server enforces in each namespace, followed by one watch for all who wait.
pub struct Board {
    seen: Arc<Seen>,
    following: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    enforced: Mutex<HashMap<String, Bundle>>,
    moved: Notify,
}

impl Drop for Board {
    fn drop(&mut self) {
        // An API server that stops waits for those who watch.
        self.following.abort();
    }
}

impl Board {
    fn follow(admin: &Client) -> Self {
        let seen = Arc::new(Seen::default());
        let (follower, quotas) = (Arc::clone(&seen), Api::all(admin.clone()));
        let following = tokio::spawn(async move {
            loop {
                // An ended watch begins again from the state as it is.
                let _ = follower.follow(&quotas).await;
            }
        });
        Self { seen, following }
    }

    /// Waits until the namespace's quota is enforced with exactly this.
    pub async fn await_enforced(&self, namespace: &str, share: Bundle) {
        let wait = async {
            loop {
                let moved = self.seen.moved.notified();
                let now = self.seen.enforced.lock().unwrap_or_else(PoisonError::into_inner).get(namespace).copied();
                if now == Some(share) {
                    return;
                }
                moved.await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, wait).await;
        assert!(in_time.is_ok(), "the quota of {namespace} isn't {share:?} after {} s", PATIENCE.as_secs());
    }
}

impl Seen {
    async fn follow(&self, quotas: &Api<ResourceQuota>) -> Result<(), kube::Error> {
        let parameters = WatchParams::default().labels(&format!("{}=true", names::LABEL_MANAGED));
        let mut events = quotas.watch(&parameters, "0").await?.boxed();
        while let Some(event) = events.try_next().await? {
            if let WatchEvent::Added(object) | WatchEvent::Modified(object) = event
                && let Some(enforced) = quota::Observed::from(&object).enforced
            {
                let namespace = object.namespace().unwrap_or_default();
                self.enforced.lock().unwrap_or_else(PoisonError::into_inner).insert(namespace, enforced);
                self.moved.notify_waiters();
            }
        }
        Ok(())
    }
}
