//! Starts the REST interface.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use api::args::{Args, AuditCommand, Command};
use api::run::run;
use api::verifying;
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let mut args = Args::parse();
    let done = match args.command.take() {
        None => run(args).await.map(|()| ExitCode::SUCCESS).map_err(|error| error.to_string()),
        Some(Command::Audit(AuditCommand::Verify { anchors, anchor })) => {
            verifying::verify(args.store, anchors, anchor).await.map_err(|error| error.to_string())
        }
    };
    done.unwrap_or_else(|error| {
        // Logging may be what failed.
        eprintln!("yunheng-api: {error}");
        ExitCode::FAILURE
    })
}
