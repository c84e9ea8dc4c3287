//! What is wrong, and where in which file.

use serde::Serialize;

use crate::output::Width;
use crate::table::{self, Kind};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    pub file: String,
    /// The line in the file, as editors and spreadsheets count: the header is 1. 0 = the whole file.
    pub row: u64,
    /// The column's header; empty where it is the row as a whole.
    pub column: String,
    pub reason: String,
}

impl Fault {
    pub fn new(file: &str, row: u64, column: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { file: file.to_owned(), row, column: column.into(), reason: reason.into() }
    }
}

/// The answer to faulty files.
#[must_use]
pub fn text(faults: &[Fault], width: Width) -> String {
    let count = if faults.len() == 1 { "1 fault".to_owned() } else { format!("{} faults", faults.len()) };
    format!("{}\n{count}. Nothing was written.", table(faults, width))
}

/// The faults, file by file and row by row.
#[must_use]
pub fn table(faults: &[Fault], width: Width) -> String {
    let columns = [("FILE", Kind::Text), ("ROW", Kind::Number), ("COLUMN", Kind::Text), ("REASON", Kind::Wrap)];
    let dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let row = |fault: &Fault| {
        let Fault { file, row, column, reason } = fault;
        let row = if *row == 0 { "-".to_owned() } else { row.to_string() };
        vec![file.clone(), row, dash(column), reason.clone()]
    };
    let mut sorted: Vec<&Fault> = faults.iter().collect();
    sorted.sort();
    table::render(&columns, &sorted.into_iter().map(row).collect::<Vec<_>>(), width)
}
