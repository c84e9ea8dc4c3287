//! Tables as files: what people get as CSV or XLSX, and what they send.

pub mod read;
pub mod words;
pub mod write;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use read::{Table, Unreadable};
pub use write::{Cell, Column};

pub const CSV: &str = "text/csv; charset=utf-8";
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// How a list is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Json,
    Csv,
    Xlsx,
}

impl Format {
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => CSV,
            Self::Xlsx => XLSX,
        }
    }

    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }
}

/// A file, as documents say it.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct FileBytes(#[expect(dead_code, reason = "only its schema is used")] Vec<u8>);

/// What makes a spreadsheet take a text for a formula, or for a command.
const DANGEROUS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Whether a spreadsheet would take the text for a formula, or would without its apostrophes.
#[must_use]
pub fn is_dangerous(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(DANGEROUS)
}

/// The text as a cell that is nothing but text: with an apostrophe where it would be a formula.
#[must_use]
pub fn harmless(text: &str) -> String {
    if is_dangerous(text) { format!("'{text}") } else { text.to_owned() }
}

/// What [`harmless`] was given, so that what was exported can be imported.
#[must_use]
pub fn original(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| is_dangerous(rest)).unwrap_or(text)
}

#[cfg(test)]
mod tests;
