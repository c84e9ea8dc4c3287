//! `kubectl yunheng`: what a pool has left, who asks for what, and the decisions on it.
//!
//! It talks to the Kubernetes API and nothing else, as whoever the kubeconfig says: what the
//! caller may not do with kubectl, he may not do with this. Arithmetic is the ledger crate's,
//! rules and texts are those of the resources crate, so an answer here is the operator's answer.
#![forbid(unsafe_code)]

mod args;
mod calendar;
mod capacity;
mod clock;
mod decide;
mod error;
mod find;
mod import;
mod links;
mod list;
mod output;
mod policy;
mod progress;
mod request;
mod requests;
mod scope;
mod session;
mod show;
mod stand;
mod table;
mod verify;
mod what_if;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
use error::Error;
use output::Ending;
use session::Session;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(told) => {
            // Help and version come this way too, and are no errors.
            let ending = if told.use_stderr() { Ending::Misused } else { Ending::Done };
            return match told.print() {
                Ok(()) => ending.into(),
                Err(_) => ExitCode::FAILURE,
            };
        }
    };
    match Box::pin(run(arguments)).await {
        Ok(ending) => ending.into(),
        Err(error) => {
            eprintln!("error: {error}");
            error.ending().into()
        }
    }
}

async fn run(arguments: Arguments) -> Result<Ending, Error> {
    let Arguments { connection, command } = arguments;
    // An inventory can be checked without a cluster.
    if let Command::Import(command) = &command
        && command.is_offline()
    {
        return import::check_only(command);
    }
    let session = Session::open(&connection).await?;
    match command {
        Command::Capacity(command) => capacity::run(&session, &command).await,
        Command::Requests(command) => requests::run(&session, &command).await,
        Command::Request(command) => Box::pin(request::run(&session, &command)).await,
        Command::Show(command) => show::run(&session, &command).await,
        Command::Decide(command) => decide::run(&session, &command).await,
        Command::Import(command) => import::run(&session, &command).await,
        Command::Calendar(command) => calendar::run(&session, &command).await,
        Command::Links(command) => links::run(&session, &command).await,
        Command::Policy(command) => policy::run(&session, &command).await,
        Command::Verify(command) => verify::run(&session, &command).await,
        Command::WhatIf(command) => what_if::run(&session, &command).await,
    }
}
