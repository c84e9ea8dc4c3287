//! The watches: each fills a store, and a change of a spec says that the table has to be made again.

use std::collections::HashMap;
use std::fmt::Debug;
use std::future::ready;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::{FutureExt, StreamExt, future};
use kube::runtime::reflector::{self, Store};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use resources::v1alpha1::{CloudPolicy, ExtranetLink, MaintenanceWindow, ProbeVantage};
use serde::de::DeserializeOwned;

/// Set when a spec came, went or changed.
pub type Changed = Arc<AtomicBool>;

#[derive(Clone, Debug)]
pub struct Stores {
    pub links: Store<ExtranetLink>,
    pub windows: Store<MaintenanceWindow>,
    pub vantages: Store<ProbeVantage>,
    pub policies: Store<CloudPolicy>,
}

impl Stores {
    /// Waits until each store has its first full list: an empty one looks as if all links were gone.
    pub async fn wait_until_ready(&self) {
        let Self { links, windows, vantages, policies } = self;
        let _ = tokio::join!(
            links.wait_until_ready(),
            windows.wait_until_ready(),
            vantages.wait_until_ready(),
            policies.wait_until_ready(),
        );
    }
}

/// The stores, and the future that fills them, which never ends by itself.
pub fn start(client: &Client, changed: &Changed) -> (Stores, future::BoxFuture<'static, ()>) {
    let (links, a) = watch(client, changed);
    let (windows, b) = watch(client, changed);
    let (vantages, c) = watch(client, changed);
    let (policies, d) = watch(client, changed);
    let all = async move {
        tokio::join!(a, b, c, d);
    };
    (Stores { links, windows, vantages, policies }, all.boxed())
}

fn watch<K>(client: &Client, changed: &Changed) -> (Store<K>, future::BoxFuture<'static, ()>)
where
    K: Resource<Scope = kube::core::ClusterResourceScope> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    K::DynamicType: Default + Eq + Hash + Clone + Unpin + Send + Sync,
{
    let (store, writer) = reflector::store::<K>();
    let (changed, mut known) = (Arc::clone(changed), HashMap::new());
    let stream = watcher(Api::<K>::all(client.clone()), watcher::Config::default().page_size(500))
        .default_backoff()
        // Half of an object's size, and nobody reads it here.
        .modify(|object| object.managed_fields_mut().clear())
        .reflect(writer)
        .for_each(move |event| {
            match event {
                Ok(event) => {
                    if is_news(&event, &mut known) {
                        changed.store(true, Ordering::Release);
                    }
                }
                Err(error) => {
                    tracing::warn!(error = %crate::telemetry::chain(&error), kind = %K::kind(&K::DynamicType::default()), "a watch broke off; it begins anew");
                }
            }
            ready(())
        });
    (store, stream.boxed())
}

/// Statuses change often and decide nothing here: only another generation or another object does.
fn is_news<K: Resource>(event: &watcher::Event<K>, known: &mut HashMap<String, (Option<String>, Option<i64>)>) -> bool {
    let version = |object: &K| (object.uid(), object.meta().generation);
    match event {
        watcher::Event::Apply(object) | watcher::Event::InitApply(object) => {
            known.insert(object.name_any(), version(object)) != Some(version(object))
        }
        watcher::Event::Delete(object) => known.remove(&object.name_any()).is_some(),
        // After a new list what went meanwhile isn't told.
        watcher::Event::InitDone => true,
        watcher::Event::Init => false,
    }
}
