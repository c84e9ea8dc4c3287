//! The operator, unchanged, behind a layer of faults. For tests: nothing here ships.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use clap::Parser;
use futures::FutureExt;
use operator::admin::{self, Admin};
use operator::clock::Clock;
use operator::metrics::Metrics;
use operator::telemetry::LogLevel;
use operator::{args, run, telemetry};
use prometheus_client::registry::Registry;
use tests::faults::{self, args::FireArgs};
use tokio::signal::unix::{SignalKind, signal};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// yunheng-operator behind a layer of faults.
#[derive(Parser, Debug)]
#[command(name = "operator-under-fire")]
struct Flags {
    #[command(flatten)]
    operator: args::Args,
    #[command(flatten)]
    fire: FireArgs,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Flags { operator, fire } = Flags::parse();
    let log_level = telemetry::start(&operator.log);
    match run(operator, fire, log_level).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = %telemetry::chain(error.as_ref()), "the operator stops");
            ExitCode::FAILURE
        }
    }
}

/// As the operator's own `run` does it, with other clients.
async fn run(args: args::Args, fire: FireArgs, log_level: LogLevel) -> Result<(), Error> {
    let args::Args { command: _, admin_listen, admin_address_file, namespace, identity, .. } = args;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let stop: run::Stop = stop.boxed().shared();
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry);
    let ready = Arc::new(AtomicBool::new(false));
    let listener = admin::bind(admin_listen, admin_address_file.as_deref()).await?;
    let pages = Admin { registry: Arc::new(registry), ready: Arc::clone(&ready), log_level };
    let serving = tokio::spawn(admin::serve(listener, pages, stop.clone()));
    let clock = fire.clock_file.clone().map_or(Clock::System, moved_clock);
    let clients = faults::clients(fire).await?;
    let identity = identity.unwrap_or_else(|| format!("under-fire-{}", std::process::id()));
    let result = Box::pin(run::operate(clients, &namespace, &identity, clock, metrics, &ready, stop)).await;
    serving.abort();
    Ok(result?)
}

/// A clock that goes by the file: looked at often enough that nobody waits for it.
fn moved_clock(file: PathBuf) -> Clock {
    static AHEAD: AtomicI64 = AtomicI64::new(0);
    let read = move || {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        // A file that is being written may be empty for a moment: then the last number stands.
        if let Ok(seconds) = text.trim().parse() {
            AHEAD.store(seconds, Ordering::Release);
        }
    };
    read();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            read();
        }
    });
    Clock::Moved(&AHEAD)
}
