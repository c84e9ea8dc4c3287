//! Answers for a whole city: every link of an inventory, with the faults of a file that may change at any time.
//!
//! Run it in a network namespace of its own, see `scripts/extranet-sim`.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tests::city::{City, wire};

/// Answers echo requests for every link of an inventory.
#[derive(Parser, Debug)]
struct Arguments {
    /// An inventory's links.csv
    #[arg(long)]
    links: PathBuf,
    /// First number of the addresses instead of 127
    #[arg(long, default_value_t = 127)]
    first: u8,
    /// Lines such as `cut county-420923`, `at 30 loss township-420902001 10`, `restore county-420923`; looked at all the time
    #[arg(long)]
    faults: PathBuf,
}

fn main() -> ExitCode {
    let Arguments { links, first, faults } = Arguments::parse();
    let city = std::fs::read_to_string(&links).map_err(|error| error.to_string());
    let city = match city.and_then(|text| City::read(&text, first)) {
        Ok(city) => city,
        Err(wrong) => {
            eprintln!("{}: {wrong}", links.display());
            return ExitCode::FAILURE;
        }
    };
    eprintln!("{} links", city.len());
    match wire::serve(&city, &faults, |line| eprintln!("{line}")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}: raw sockets need root, or CAP_NET_RAW");
            ExitCode::FAILURE
        }
    }
}
