//! How results are given: tables for people, JSON and YAML for programs, and the exit code.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::ValueEnum;
use serde::Serialize;

use crate::error::Error;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Done,
    /// Refused, faulty, or something was found.
    Refused,
    /// No answer in time.
    TimedOut,
    /// The command line isn't understood. Not 2, which means that there was no answer in time.
    Misused,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Done => 0,
            Ending::Refused => 1,
            Ending::TimedOut => 2,
            // EX_USAGE of sysexits.h.
            Ending::Misused => 64,
        })
    }
}

/// `-o` of commands that show a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Fits 100 columns
    #[default]
    Table,
    /// All columns, nothing cut
    Wide,
    Json,
    Yaml,
}

/// `-o` of commands that say something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Report {
    #[default]
    Text,
    Json,
    Yaml,
}

impl From<Report> for Format {
    fn from(report: Report) -> Self {
        match report {
            Report::Text => Self::Table,
            Report::Json => Self::Json,
            Report::Yaml => Self::Yaml,
        }
    }
}

/// Prints `value` for programs, or what `text` makes of it for people.
pub fn show<T: Serialize>(
    format: impl Into<Format>,
    value: &T,
    text: impl FnOnce(Width) -> String,
) -> Result<(), Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Output(error.to_string());
    print(&match format.into() {
        Format::Json => serde_json::to_string_pretty(value).map_err(|error| failed(&error))?,
        Format::Yaml => serde_yaml_ng::to_string(value).map_err(|error| failed(&error))?,
        Format::Table => text(Width::Narrow),
        Format::Wide => text(Width::Wide),
    })
}

/// How much room a table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 100 columns: two windows side by side on a usual screen.
    Narrow,
    Wide,
}

fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.trim_end().as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()) {
        // Whoever reads has seen enough, such as `head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| Error::Output(error.to_string())),
    }
}
