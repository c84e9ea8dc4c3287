#![forbid(unsafe_code)]

use clap::Parser;
use operator::{args::Args, run, telemetry};

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let args = Args::parse();
    let log_level = telemetry::start(&args.log);
    match run::run(args, log_level).await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = %telemetry::chain(&error), "the operator stops");
            std::process::ExitCode::FAILURE
        }
    }
}
