//! `oracle`: reads etcd's history and says whether anything was ever over-granted.

#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use oracle::{Error, Expect, Range, Source, replay};

/// Replays etcd's history revision by revision and recomputes from the raw objects whether more was
/// ever granted, or could be used, than there is. Reads only.
///
/// Ends with 0 if nothing was found, with 1 if something was, with 2 if the history can't be read.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Data folder of a localcluster that runs; instead of --endpoint and its files.
    #[arg(long, required_unless_present = "endpoint")]
    data: Option<PathBuf>,
    /// Address of etcd, as https://127.0.0.1:2379.
    #[arg(long, requires_all = ["ca", "cert", "key"], conflicts_with = "data")]
    endpoint: Option<String>,
    /// Certificate of the authority that etcd's own certificate is from.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Certificate that etcd lets in.
    #[arg(long)]
    cert: Option<PathBuf>,
    /// Its key.
    #[arg(long)]
    key: Option<PathBuf>,
    /// First revision. After 1, what is there at it is taken as given.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..))]
    from: i64,
    /// Last revision; by default the newest at the start.
    #[arg(long)]
    until: Option<i64>,
    /// Nothing was under way at the end: what is kept for nobody then is a leak.
    #[arg(long)]
    quiet: bool,
    /// The report as JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let is_json = args.json;
    let report = match run(args).await {
        Ok(report) => report,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    match serde_json::to_string_pretty(&report) {
        Ok(text) if is_json => println!("{text}"),
        _ => println!("{report}"),
    }
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

async fn run(args: Args) -> Result<oracle::Report, Error> {
    let Args { data, endpoint, ca, cert, key, from, until, quiet, json: _ } = args;
    let source = match (data, endpoint) {
        (Some(data), _) => Source::of_localcluster(&data)?,
        (None, endpoint) => Source {
            endpoint: endpoint.unwrap_or_default(),
            ca: ca.unwrap_or_default(),
            cert: cert.unwrap_or_default(),
            key: key.unwrap_or_default(),
        },
    };
    replay(&source, Range { from, until }, Expect { quiet }).await
}
