//! Wiring: clients, watches, leadership, controllers; and the order in which they stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::Shared;
use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client, Config};
use prometheus_client::registry::Registry;
use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};

use crate::admin::{self, Admin};
use crate::args::{Args, Command, Role};
use crate::clock::Clock;
use crate::context::{Context, Failures};
use crate::desk::Desk;
use crate::ledgers::Ledgers;
use crate::member::{self, Member, Members};
use crate::metrics::Metrics;
use crate::pace::Pace;
use crate::pool::verdicts::Verdicts;
use crate::request::Numbers;
use crate::telemetry::LogLevel;
use crate::watch::{self, Triggered, Triggers};
use crate::{allocation, application, department, host, leader, link, policy, pool, request, usage};

/// One exchange with the API server may take this long, watches aside: their streams have a limit
/// of their own.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// The watches ask for 290 s (kube's default); one that is silent for longer has lost its server.
const WATCH_SILENT_MAX: Duration = Duration::from_secs(300);
/// How long controllers may take to finish what they began.
const STOP_WITHIN: Duration = Duration::from_secs(20);

#[derive(Debug, Error)]
pub enum Error {
    #[error("failed to find out how to reach the cluster: set KUBECONFIG, or run in a cluster")]
    Configure { source: kube::config::InferConfigError },
    #[error("failed to make a client for the cluster")]
    Connect { source: kube::Error },
    #[error("failed to read the cluster's identity (namespace kube-system)")]
    Identify { source: kube::Error },
    #[error("failed to serve the admin pages at {address}")]
    Admin { address: std::net::SocketAddr, source: std::io::Error },
    #[error("failed to listen for signals")]
    Signals { source: std::io::Error },
    #[error("failed to report this host")]
    Report { source: host::AgentError },
    #[error("stopped leading")]
    Leadership { source: leader::Error },
    #[error("the watches ended, which they never should")]
    WatchesEnded,
    #[error("failed to watch over the links")]
    Links { source: link::Error },
}

/// When to stop; may be waited for in many places.
pub type Stop = Shared<futures::future::BoxFuture<'static, ()>>;

pub async fn run(args: Args, log_level: LogLevel) -> Result<(), Error> {
    let stop = stop_signal()?;
    let Args { command, admin_listen, admin_address_file, namespace, identity, roles, no_link_series, log: _ } = args;
    let roles = match command {
        Some(Command::HostAgent(agent)) => {
            let client = client(&Connect::default(), Use::Exchanges).await?;
            return host::run_agent(client, &namespace, agent, stop).await.map_err(|source| Error::Report { source });
        }
        Some(Command::Links) => vec![Role::Links],
        None => roles,
    };
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry);
    let figures = link::Figures::new(!no_link_series);
    if roles.contains(&Role::Links) {
        registry.register_collector(Box::new(figures.clone()));
    }
    let ready = Arc::new(AtomicBool::new(false));
    let serve_error = |source| Error::Admin { address: admin_listen, source };
    let listener = admin::bind(admin_listen, admin_address_file.as_deref()).await.map_err(serve_error)?;
    let pages = Admin { registry: Arc::new(registry), ready: Arc::clone(&ready), log_level };
    let serving = tokio::spawn(admin::serve(listener, pages, stop.clone()));
    let identity = identity.unwrap_or_else(own_name);
    let clients = Clients::infer(Connect::default()).await?;
    // Where both run, the page says of the controllers whether this process is ready.
    let (aside, alone) = (AtomicBool::new(false), !roles.contains(&Role::Controllers));
    let links_ready = if alone { ready.as_ref() } else { &aside };
    let Clients { exchanges, watches, .. } = clients.clone();
    let links = async {
        if roles.contains(&Role::Links) {
            let links = link::operate(exchanges, watches, &namespace, &identity, figures, links_ready, stop.clone());
            links.await.map_err(|source| Error::Links { source })?;
        }
        Ok(())
    };
    let controllers = async {
        if alone {
            Ok(())
        } else {
            Box::pin(operate(clients, &namespace, &identity, Clock::System, metrics, &ready, stop.clone())).await
        }
    };
    let result = tokio::try_join!(controllers, Box::pin(links)).map(drop);
    serving.abort();
    result
}

/// What a client is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    Exchanges,
    /// Without retries: a repeated PUT would look like a conflict.
    Ledgers,
    /// Silent for minutes where nothing happens.
    Watches,
}

/// Connections to the API server, by their use; and how further ones are made.
#[derive(Clone)]
pub struct Clients {
    pub exchanges: Client,
    pub ledgers: Client,
    pub watches: Client,
    pub connect: Connect,
}

impl Clients {
    /// Connections to the cluster that the environment names.
    pub async fn infer(connect: Connect) -> Result<Self, Error> {
        Ok(Self {
            exchanges: client(&connect, Use::Exchanges).await?,
            ledgers: client(&connect, Use::Ledgers).await?,
            watches: client(&connect, Use::Watches).await?,
            connect,
        })
    }
}

type Make = dyn Fn(Config, Use) -> kube::Result<Client> + Send + Sync;

/// How a client is made of a configuration. Tests put a layer of faults in between.
#[derive(Clone)]
pub struct Connect(Arc<Make>);

impl Connect {
    pub fn new(make: impl Fn(Config, Use) -> kube::Result<Client> + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    pub fn client(&self, config: Config, use_: Use) -> kube::Result<Client> {
        (self.0)(config, use_)
    }
}

impl Default for Connect {
    fn default() -> Self {
        Self::new(|config, _| Client::try_from(config))
    }
}

impl std::fmt::Debug for Connect {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Connect")
    }
}

async fn client(connect: &Connect, use_: Use) -> Result<Client, Error> {
    let config = Config::infer().await.map_err(|source| Error::Configure { source })?;
    connect.client(limits(config, use_), use_).map_err(|source| Error::Connect { source })
}

/// Limits on time by what a connection is for.
#[must_use]
pub fn limits(mut config: Config, use_: Use) -> Config {
    config.default_retry = use_ != Use::Ledgers;
    config.connect_timeout = Some(Duration::from_secs(5));
    config.write_timeout = Some(ANSWER_WITHIN);
    // A connection whose other end is gone would keep its readers waiting for good. A watch may be
    // silent for as long as the API server lets it run.
    config.read_timeout = Some(if use_ == Use::Watches { WATCH_SILENT_MAX } else { ANSWER_WITHIN });
    config.reset_reader_on_write = use_ != Use::Watches;
    config
}

/// Watches, leads, runs the controllers; returns when told to stop or when it can't go on.
pub async fn operate(
    clients: Clients,
    namespace: &str,
    identity: &str,
    clock: Clock,
    metrics: Metrics,
    ready: &AtomicBool,
    stop: Stop,
) -> Result<(), Error> {
    let Clients { exchanges: client, ledgers, watches, connect } = clients;
    let cluster_uid = member::cluster_uid(&client).await.map_err(|source| Error::Identify { source })?;
    let (triggers, triggered) = Triggers::channels();
    tracing::info!(identity, cluster_uid, "waits to lead");
    // One that stands by is ready too: it can lead at once, and a rolling upgrade goes on.
    let on_standby = || ready.store(true, Ordering::Release);
    let leadership = tokio::select! {
        leadership = leader::acquire(leader::LEASE, client.clone(), namespace, identity, Clock::System, on_standby) => leadership,
        () = stop.clone() => return Ok(()),
    };
    tracing::info!(identity, "leads");
    metrics.leading.set(1);
    // Whoever stood by was ready to lead; now it is ready when its caches are filled.
    ready.store(false, Ordering::Release);
    let (watch::Started { stores, places, routes }, watches) = watch::start(&watches, namespace, &triggers);
    let (filling, filling_places) = (stores.clone(), places.clone());
    let hub = Member { client: client.clone(), uid: cluster_uid, is_hub: true, places };
    let context = Context {
        filled: async move { tokio::join!(filling.wait_until_ready(), filling_places.wait_until_ready()) }
            .map(|_| ())
            .boxed()
            .shared(),
        stores,
        members: Members::new(hub, connect, routes, clock),
        desk: Desk::new(triggers.clone()),
        pace: Pace::default(),
        ledgers: Ledgers::new(ledgers),
        verdicts: Verdicts::default(),
        clock,
        metrics: metrics.clone(),
        namespace: namespace.to_owned(),
        numbers: Numbers::new(client.clone(), namespace),
        memory: Arc::default(),
        failures: Arc::new(Failures::default()),
        triggers,
        client: client.clone(),
    };
    let watching = tokio::spawn(watches);
    let controllers = controllers(context.clone(), triggered, stop.clone());
    tokio::pin!(controllers);
    let filled = async {
        context.filled.clone().await;
        ready.store(true, Ordering::Release);
        tracing::info!("the caches are filled");
        std::future::pending::<()>().await;
    };
    let result = tokio::select! {
        () = &mut controllers => Ok(()),
        lost = leadership.keep() => Err(Error::Leadership { source: lost }),
        _ = watching => Err(Error::WatchesEnded),
        () = filled => Ok(()),
        () = async { stop.clone().await; tokio::time::sleep(STOP_WITHIN).await } => Ok(()),
    };
    metrics.leading.set(0);
    if result.is_ok() {
        leader::Leadership::give_back(leader::LEASE, Api::<Lease>::namespaced(client, namespace), identity).await;
        tracing::info!(identity, "stopped");
    }
    result
}

/// All controllers, until `stop`. They take triggers from the start, or the watches would stand
/// still; each waits with its first look until the caches are full.
async fn controllers(context: Context, triggered: Triggered, stop: Stop) {
    let Triggered { pools, allocations, departments, applications, requests, policies } = triggered;
    tokio::join!(
        pool::run(context.clone(), pools, stop.clone()),
        allocation::run(context.clone(), allocations, stop.clone()),
        department::run(context.clone(), departments, stop.clone()),
        application::run(context.clone(), applications, stop.clone()),
        request::run(context.clone(), requests, stop.clone()),
        usage::run(context.clone(), stop.clone()),
        policy::run(context, policies, stop),
    );
}

fn stop_signal() -> Result<Stop, Error> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|source| Error::Signals { source })?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|source| Error::Signals { source })?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    };
    Ok(stop.boxed().shared())
}

/// Host name and process id: two processes on one machine are two.
fn own_name() -> String {
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    format!("{}-{}", host.trim(), std::process::id())
}
