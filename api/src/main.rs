//! Starts the REST interface.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use api::args::Args;
use api::run::run;
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Logging may be what failed.
            eprintln!("yunheng-api: {error}");
            ExitCode::FAILURE
        }
    }
}
