//! From arguments to a server that runs until it is told to stop.

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use jiff::SignedDuration;
use kube::{Client, Config};
use thiserror::Error as ThisError;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::args::{Args, LogFormat};
use crate::cluster::Kubernetes;
use crate::dashboard::Files;
use crate::history::audit::seen;
use crate::history::{self, History, Store};
use crate::identity::Limits;
use crate::identity::oidc::settings::Settings;
use crate::identity::oidc::{self, Provider};
use crate::notices::{self, Post};
use crate::router;
use crate::routes::health;
use crate::state::{App, SignIn};
use crate::world::{World, follow_all};

/// Why the server can't start or can't go on.
#[derive(Debug, ThisError)]
pub enum Error {
    #[error("failed to read the filter of --log {filter:?}: {cause}")]
    ReadLogFilter { filter: String, cause: String },
    #[error("failed to find a cluster (set KUBECONFIG, or run in a pod with a service account): {source}")]
    FindCluster { source: kube::config::InferConfigError },
    #[error("failed to set up the connection to the cluster: {source}")]
    Connect { source: kube::Error },
    #[error("failed to make sense of where the history is: {source}")]
    NameHistory { source: history::Error },
    #[error("failed to set up the channels of notices: {source}")]
    SetUpNotices { source: notices::send::Error },
    #[error("failed to set up the way to sign in: {source}")]
    SetUpSignIn { source: oidc::settings::Error },
    #[error("failed to listen on {address} (is the port taken?): {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("failed to write the address to {}: {source}", path.display())]
    WriteAddress { path: PathBuf, source: io::Error },
    #[error("failed to serve: {source}")]
    Serve { source: io::Error },
    #[error("failed to wait for signals: {source}")]
    WaitForSignals { source: io::Error },
}

/// How long open calls may take to end after a signal.
const DRAIN_WITHIN: Duration = Duration::from_secs(10);

/// Runs until SIGTERM or SIGINT.
pub async fn run(args: Args) -> Result<(), Error> {
    let Args {
        command: _,
        listen,
        admin_listen,
        address_file,
        admin_address_file,
        dashboard,
        behind_tls,
        store,
        audit_hash,
        audit_anchors,
        notices,
        sign_in,
        session_idle_minutes,
        session_minutes,
        log,
        log_format,
    } = args;
    start_logging(&log, log_format)?;
    let mut config = Config::infer().await.map_err(|source| Error::FindCluster { source })?;
    config.connect_timeout = Some(Duration::from_secs(3));
    config.default_retry = false;
    let client = Client::try_from(config.clone()).map_err(|source| Error::Connect { source })?;
    let cluster = Kubernetes::new(client.clone(), config).map_err(|source| Error::Connect { source })?;
    let files = dashboard.map_or(Files::Embedded, Files::Folder);
    let store = Store::new(store).map_err(|source| Error::NameHistory { source })?;
    let history = History::new(store, audit_hash, audit_anchors);
    let limits = Limits {
        idle: SignedDuration::from_mins(session_idle_minutes.into()),
        absolute: SignedDuration::from_mins(session_minutes.into()),
    };
    let settings = sign_in.map(|path| Settings::read(&path)).transpose().map_err(set_up_sign_in)?;
    // Where people come with https, a cookie is for nothing else, whatever else was forgotten to say.
    let behind_tls = behind_tls || settings.as_ref().is_some_and(|one| one.public_url.starts_with("https://"));
    let sign_in = SignIn { limits, provider: settings.map(Provider::new).transpose().map_err(set_up_sign_in)? };
    let app = App::with_sign_in(Arc::new(World::default()), Box::new(cluster), files, behind_tls, history, sign_in);

    if let Some(path) = notices {
        app.deliver_through(Post::read(&path).map_err(|source| Error::SetUpNotices { source })?);
    }

    let stop = stop_signal()?;
    let listener = bind(listen, address_file.as_deref()).await?;
    if let Some(address) = admin_listen {
        let listener = bind(address, admin_address_file.as_deref()).await?;
        let server = axum::serve(listener, admin(app.clone())).with_graceful_shutdown(stopped(stop.clone()));
        tokio::spawn(server.into_future());
    }
    tokio::spawn(follow_all(Arc::clone(&app.world), client));
    tokio::spawn(learn_version(app.clone()));
    tokio::spawn(app.history.clone().keep());
    tokio::spawn(seen::follow(Arc::clone(&app.world), app.history.clone()));
    tokio::spawn(notices::watch_for_ever(app.clone()));
    tokio::spawn(notices::deliver_for_ever(app.clone()));

    let service = router::router(app).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(stopped(stop.clone()));
    // Live streams never end by themselves, so the wait for open calls has an end.
    let deadline = async {
        stopped(stop).await;
        tokio::time::sleep(DRAIN_WITHIN).await;
    };
    tokio::select! {
        served = server.into_future() => served.map_err(|source| Error::Serve { source }),
        () = deadline => Ok(()),
    }
}

fn set_up_sign_in(source: oidc::settings::Error) -> Error {
    Error::SetUpSignIn { source }
}

fn start_logging(filter: &str, format: LogFormat) -> Result<(), Error> {
    let parsed = tracing_subscriber::EnvFilter::try_new(filter);
    let parsed =
        parsed.map_err(|error| Error::ReadLogFilter { filter: filter.to_owned(), cause: error.to_string() })?;
    let colours = io::stderr().is_terminal();
    let logger = tracing_subscriber::fmt().with_env_filter(parsed).with_writer(io::stderr).with_ansi(colours);
    match format {
        LogFormat::Json => logger.json().flatten_event(true).init(),
        LogFormat::Text => logger.init(),
    }
    Ok(())
}

/// Listens, and tells where: on the terminal and, if asked, in a file.
async fn bind(address: SocketAddr, file: Option<&Path>) -> Result<TcpListener, Error> {
    let listen = |source| Error::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let url = format!("http://{}", listener.local_addr().map_err(listen)?);
    tracing::info!(url, "listening on {url}");
    if let Some(path) = file {
        // By way of another name, so that whoever waits for the file never reads half an address.
        let write = || {
            let unfinished = path.with_extension("unfinished");
            std::fs::write(&unfinished, format!("{url}\n"))?;
            std::fs::rename(&unfinished, path)
        };
        write().map_err(|source| Error::WriteAddress { path: path.to_owned(), source })?;
    }
    Ok(listener)
}

fn stop_signal() -> Result<watch::Receiver<bool>, Error> {
    let wait = |source| Error::WaitForSignals { source };
    let mut terminate = signal(SignalKind::terminate()).map_err(wait)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(wait)?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        sender.send_replace(true);
    });
    Ok(receiver)
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that the sender is gone, and with it the process.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Asks for the cluster's version until it is told.
async fn learn_version(app: App) {
    loop {
        match app.cluster.version().await {
            Ok(version) => return app.note_kubernetes_version(version),
            Err(error) => tracing::debug!(%error, "failed to ask for the cluster's version"),
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

fn admin(app: App) -> Router {
    Router::new()
        .route("/healthz", get(health::show_health))
        .route("/readyz", get(health::show_readiness))
        .route("/metrics", get(metrics))
        .with_state(app)
}

async fn metrics(State(app): State<App>) -> String {
    let signed = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let metrics = &app.metrics;
    metrics.sessions.set(signed(app.identity.sessions.count()));
    metrics.streams.set(signed(app.world.hub.streams()));
    metrics.stale.set(i64::from(app.world.broken_since().is_some()));
    metrics.generation.set(app.world.generation());
    metrics.text()
}
