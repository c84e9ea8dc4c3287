//! A CSV file as rows of named cells, and the reading of one cell: what isn't as it should be
//! becomes a fault with its place.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder, StringRecord};
use ledger::{Amount, Resource};
use resources::{quantity, validate};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::fault::Fault;

/// 20,000 rows × 500 B: five times the applications that one ledger may hold.
const FILE_BYTES_MAX: u64 = 10_000_000;
const ROWS_MAX: usize = 20_000;
/// What spreadsheets put in front of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file that was read.
#[derive(Debug, Default)]
pub struct Sheet {
    pub rows: Vec<Row>,
}

/// One line with its cells.
#[derive(Clone, Debug)]
pub struct Row {
    pub file: &'static str,
    /// The line in the file: the header is 1.
    pub line: u64,
    cells: BTreeMap<&'static str, String>,
}

impl Sheet {
    /// Reads `dir/file`, which must have exactly these columns, in any order.
    pub fn read(dir: &Path, file: &'static str, columns: &'static [&'static str], faults: &mut Vec<Fault>) -> Self {
        let path = dir.join(file);
        let size = fs::metadata(&path).map(|metadata| metadata.len());
        let bytes = match size {
            Ok(size) if size > FILE_BYTES_MAX => {
                faults.push(Fault::new(file, 0, "", format!("has {size} bytes: at most {FILE_BYTES_MAX} are read")));
                return Self::default();
            }
            _ => fs::read(&path),
        };
        match bytes {
            Ok(bytes) => Self::parse(file, &bytes, columns, faults),
            Err(error) => {
                faults.push(Fault::new(
                    file,
                    0,
                    "",
                    format!("can't be read: {error}. Is {} the inventory's folder?", dir.display()),
                ));
                Self::default()
            }
        }
    }

    pub fn parse(file: &'static str, bytes: &[u8], columns: &'static [&'static str], faults: &mut Vec<Fault>) -> Self {
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        let mut lines = Lines { bytes, at: 0, line: 1 };
        // Rows of another length are told as such; the reader's own error would stop at the first.
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(bytes);
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(_) => {
                faults.push(Fault::new(file, 1, "", "isn't UTF-8: save the file as UTF-8"));
                return Self::default();
            }
        };
        if !check_header(file, &header, columns, faults) {
            return Self::default();
        }
        let mut rows = Vec::new();
        for record in reader.byte_records() {
            let Ok(record) = record else { break };
            let line = lines.of(&record);
            if rows.len() == ROWS_MAX {
                faults.push(Fault::new(file, line, "", format!("at most {ROWS_MAX} rows are read")));
                break;
            }
            rows.extend(row(Place { file, line }, &header, record, columns, faults));
        }
        Self { rows }
    }
}

/// Counts the lines of a file as editors do. The reader counts too, but says of a record the line
/// in which the one before it ended, blank lines and the second half of `\r\n` not yet passed.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    fn of(&mut self, record: &ByteRecord) -> u64 {
        let start = record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(self.at);
        while let Some(byte) = self.bytes.get(self.at) {
            if self.at >= start && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(*byte == b'\n');
            self.at += 1;
        }
        self.line
    }
}

#[derive(Clone, Copy)]
struct Place {
    file: &'static str,
    line: u64,
}

/// Whether the header is good enough to read the rows by.
fn check_header(file: &str, header: &StringRecord, columns: &[&str], faults: &mut Vec<Fault>) -> bool {
    let before = faults.len();
    for column in columns {
        match header.iter().filter(|name| name == column).count() {
            0 => faults.push(Fault::new(
                file,
                1,
                *column,
                format!("the column is missing. Columns: {}", columns.join(", ")),
            )),
            1 => {}
            _ => faults.push(Fault::new(file, 1, *column, "the column is there twice")),
        }
    }
    for name in header.iter().filter(|name| !columns.contains(name)) {
        let reason = format!("isn't a column of this file. Columns: {}", columns.join(", "));
        faults.push(Fault::new(file, 1, name, reason));
    }
    faults.len() == before
}

fn row(
    Place { file, line }: Place,
    header: &StringRecord,
    record: ByteRecord,
    columns: &'static [&'static str],
    faults: &mut Vec<Fault>,
) -> Option<Row> {
    if record.len() != header.len() {
        let reason = format!(
            "has {} fields, the header has {}: is a comma missing, or one too many unquoted?",
            record.len(),
            header.len()
        );
        faults.push(Fault::new(file, line, "", reason));
        return None;
    }
    let Ok(record) = StringRecord::from_byte_record(record) else {
        faults.push(Fault::new(file, line, "", "isn't UTF-8: save the file as UTF-8"));
        return None;
    };
    let mut cells = BTreeMap::new();
    for &column in columns {
        let index = header.iter().position(|name| name == column)?;
        let cell = record.get(index).unwrap_or_default();
        if cell != cell.trim() {
            faults.push(Fault::new(file, line, column, format!("{cell:?} begins or ends with a blank: remove it")));
        } else if cell.chars().any(char::is_control) {
            faults.push(Fault::new(file, line, column, "has a line break or another control character: remove it"));
        }
        cells.insert(column, cell.trim().to_owned());
    }
    Some(Row { file, line, cells })
}

impl Row {
    /// The cell's text. A column that isn't of this file is empty.
    pub fn cell(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }

    pub fn fault(&self, column: &str, reason: impl Into<String>) -> Fault {
        Fault::new(self.file, self.line, column, reason)
    }
}

/// Reads the cells of one row and keeps what is wrong with them.
pub struct Cells<'a> {
    pub row: &'a Row,
    pub faults: &'a mut Vec<Fault>,
}

impl Cells<'_> {
    pub fn say(&mut self, column: &str, reason: impl Into<String>) {
        self.faults.push(self.row.fault(column, reason));
    }

    /// A text of that many characters. With `min` 0 it may be empty.
    pub fn text(&mut self, column: &str, min: usize, max: usize) -> String {
        let text = self.row.cell(column).to_owned();
        let length = text.chars().count();
        if length == 0 && min > 0 {
            self.say(column, "is empty: it is needed");
        } else if length > max || length < min {
            self.say(column, format!("has {length} characters: write {min} to {max}"));
        }
        text
    }

    pub fn name(&mut self, column: &str, max: usize) -> String {
        let name = self.row.cell(column).to_owned();
        if name.is_empty() {
            self.say(column, "is empty: it is needed");
        } else if !validate::is_name(&name, max) {
            let reason = format!(
                "{name:?} isn't a name: at most {max} lower-case letters, digits and dashes, beginning and ending with a letter or digit"
            );
            self.say(column, reason);
        }
        name
    }

    pub fn flag(&mut self, column: &str) -> bool {
        match self.row.cell(column) {
            "true" => true,
            "false" => false,
            other => {
                self.say(column, format!("{other:?} is neither true nor false"));
                false
            }
        }
    }

    pub fn date(&mut self, column: &str) -> String {
        let text = self.row.cell(column).to_owned();
        if text.len() != 10 || text.parse::<jiff::civil::Date>().is_err() {
            self.say(column, format!("{text:?} isn't a date: write it as 2026-12-01"));
        }
        text
    }

    /// One of the words that `T` is written as.
    pub fn word<T: DeserializeOwned>(&mut self, column: &str, allowed: &[&str]) -> Option<T> {
        let text = self.row.cell(column).to_owned();
        let word = serde_json::from_value(json!(text)).ok();
        if word.is_none() {
            self.say(column, format!("{text:?} is none of {}", allowed.join(", ")));
        }
        word
    }

    pub fn grade(&mut self, column: &str) -> i32 {
        let text = self.row.cell(column);
        match text.parse::<i32>() {
            Ok(grade @ 1..=3) => grade,
            Ok(grade) if grade > 3 => {
                self.say(column, format!("is {grade}: grade 4 and above must not be on this cloud, write 1, 2 or 3"));
                grade
            }
            _ => {
                let reason = format!("{text:?} is no grade: write 1, 2 or 3");
                self.say(column, reason);
                0
            }
        }
    }

    /// An amount as specs write it.
    pub fn amount(&mut self, column: &str, resource: Resource) -> Amount {
        let text = self.row.cell(column).to_owned();
        self.amount_of(column, resource, &text)
    }

    /// An amount that is a part of the cell.
    pub fn amount_of(&mut self, column: &str, resource: Resource, text: &str) -> Amount {
        match quantity::parse(resource, text) {
            Ok(amount) => amount,
            Err(error) => {
                self.say(column, format!("{text:?} {error}"));
                Amount::ZERO
            }
        }
    }

    /// The parts between semicolons; none where the cell is empty.
    pub fn parts(&mut self, column: &str) -> Vec<String> {
        let cell = self.row.cell(column);
        if cell.is_empty() {
            return Vec::new();
        }
        let parts: Vec<String> = cell.split(';').map(str::to_owned).collect();
        if parts.iter().any(|part| part.trim().is_empty()) {
            let reason = format!("{cell:?} has an empty part: write one ; between two values");
            self.say(column, reason);
        }
        parts
    }
}

#[cfg(test)]
mod tests;
