//! The links of the extranet: what the prober sees becomes states, incidents and statuses.
//!
//! One task owns the core and the engine. It makes their table of the objects, steps the core with
//! what the engine saw, and carries out what follows: faster probes at once, incidents at once,
//! statuses of links within their budget. It writes only while it holds the lease `yunheng-links`,
//! so it may run beside the other controllers or as a process of its own.

mod apply;
mod figures;
mod incidents;
mod keeper;
mod observe;
mod report;
mod restore;
mod roster;
mod watches;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use extranet::engine::{Engine, Settings, StartError};
use extranet::sample::Batch;
use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client};
use resources::names::DEFAULT_VANTAGE;
use resources::v1alpha1::LinkIncident;
use thiserror::Error;
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::leader::{self, Leadership};
use crate::run::Stop;

pub use figures::Figures;
use keeper::{Keeper, Parts};

/// Name of the prober's Lease: another than the controllers', so that they may be other processes.
const LEASE: &str = "yunheng-links";
/// Open incidents that are taken over at a start; one page of a list.
const INCIDENTS_PAGE: u32 = 500;
/// What is under way at the end may take this long.
const FINISH_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug, Error)]
pub enum Error {
    #[error("failed to start the prober")]
    Start { source: StartError },
    #[error("failed to read the open incidents")]
    ReadIncidents { source: kube::Error },
    #[error("stopped leading the prober")]
    Leadership { source: leader::Error },
    #[error("the watches of the links ended, which they never should")]
    WatchesEnded,
    #[error("the prober's thread ended")]
    ProberEnded,
}

/// Leads, takes over what was, probes; returns when told to stop or when it can't go on.
pub async fn operate(
    exchanges: Client,
    watches: Client,
    namespace: &str,
    identity: &str,
    figures: Figures,
    ready: &AtomicBool,
    stop: Stop,
) -> Result<(), Error> {
    let on_standby = || ready.store(true, Ordering::Release);
    let leadership = tokio::select! {
        leadership = leader::acquire(LEASE, exchanges.clone(), namespace, identity, Clock::System, on_standby) => leadership,
        () = stop.clone() => return Ok(()),
    };
    tracing::info!(identity, "leads the prober");
    let changed = watches::Changed::default();
    let (stores, watching) = watches::start(&watches, &changed);
    let probing = async {
        stores.wait_until_ready().await;
        ready.store(true, Ordering::Release);
        // A city without links has no prober: no vantage, no sockets, no writes.
        while stores.links.is_empty() {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(500)) => {}
                () = stop.clone() => return Ok(()),
            }
        }
        probe(exchanges.clone(), stores.clone(), Arc::clone(&changed), identity, figures, stop.clone()).await
    };
    let result = tokio::select! {
        result = probing => result,
        lost = leadership.keep() => Err(Error::Leadership { source: lost }),
        () = watching => Err(Error::WatchesEnded),
        () = async { stop.clone().await; tokio::time::sleep(FINISH_WITHIN).await } => Ok(()),
    };
    if result.is_ok() {
        Leadership::give_back(LEASE, Api::<Lease>::namespaced(exchanges, namespace), identity).await;
        tracing::info!(identity, "the prober stopped");
    }
    result
}

async fn probe(
    client: Client,
    stores: watches::Stores,
    changed: watches::Changed,
    identity: &str,
    figures: Figures,
    stop: Stop,
) -> Result<(), Error> {
    let open = open_incidents(&client).await?;
    let vantage = stores.vantages.state().into_iter().find(|one| one.metadata.name.as_deref() == Some(DEFAULT_VANTAGE));
    let rate = vantage.as_ref().and_then(|vantage| vantage.spec.probes_per_second);
    let mut settings = Settings::default();
    if let Some(rate) = rate.and_then(|rate| u32::try_from(rate).ok()) {
        settings.rate = rate;
    }
    let (engine, batches) = Engine::start(settings).map_err(|source| Error::Start { source })?;
    // One batch waits here; the engine's own channel holds 25 s of them, and says so if it runs over.
    let (sender, receiver) = mpsc::channel::<Batch>(1);
    let forwarding = std::thread::Builder::new().name("batches".to_owned()).spawn(move || {
        while let Ok(batch) = batches.recv() {
            if sender.blocking_send(batch).is_err() {
                break;
            }
        }
    });
    if let Err(error) = forwarding {
        return Err(Error::Start { source: StartError::Thread(error) });
    }
    let parts = Parts { client, stores, changed, identity: identity.to_owned(), figures, engine, vantage };
    Keeper::begin(parts, &open).run(receiver, stop).await
}

async fn open_incidents(client: &Client) -> Result<Vec<LinkIncident>, Error> {
    let api: Api<LinkIncident> = Api::all(client.clone());
    let mut open = Vec::new();
    let mut page = kube::api::ListParams::default().limit(INCIDENTS_PAGE);
    loop {
        let list = api.list(&page).await.map_err(|source| Error::ReadIncidents { source })?;
        let is_open = |incident: &LinkIncident| {
            let state = incident.status.as_ref().and_then(|status| status.state);
            state != Some(resources::v1alpha1::IncidentState::Resolved)
        };
        open.extend(list.items.into_iter().filter(is_open));
        match list.metadata.continue_.filter(|next| !next.is_empty()) {
            Some(next) => page = page.continue_token(&next),
            None => return Ok(open),
        }
    }
}
