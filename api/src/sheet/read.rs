//! A file as a table of texts, within bounds that are checked before anything is unpacked.

use std::io::{self, Cursor, Read};

use calamine::{DataRef, Reader, Xlsx};
use thiserror::Error;
use zip::ZipArchive;

use super::original;

/// Rows that are read, the head not counted: the city's 208 applications ten times.
pub const ROWS_MAX: usize = 2_000;
/// Columns that are read: three times the widest template.
pub const COLUMNS_MAX: usize = 64;
/// Characters in one cell: twice the longest field.
const CELL_CHARS_MAX: usize = 4_000;
/// What an archive may be unpacked to. A body of 1 MiB could hold 1 GB of blanks; a table of
/// 2,000 rows × 20 cells × 100 B is 4 MB.
const UNPACKED_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Files in an archive: a workbook with a sheet has about ten.
const FILES_MAX: usize = 100;
const ZIP: &[u8] = b"PK\x03\x04";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Why a file isn't a table that is read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    #[error("it is empty")]
    Empty,
    #[error("it is neither a CSV nor an XLSX file that can be read")]
    Damaged,
    #[error("it has more than {ROWS_MAX} rows, {COLUMNS_MAX} columns, or a cell of {CELL_CHARS_MAX} characters")]
    TooLong,
    #[error("unpacked it is larger than {} MiB", UNPACKED_BYTES_MAX / 1024 / 1024)]
    Bomb,
}

/// A row with its number in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub number: usize,
    pub cells: Vec<String>,
}

impl Row {
    #[must_use]
    pub fn cell(&self, index: usize) -> &str {
        self.cells.get(index).map_or("", String::as_str)
    }
}

/// All rows that say something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub rows: Vec<Row>,
}

impl Table {
    /// Reads a file, whichever of the two it is.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let rows = if bytes.starts_with(ZIP) { xlsx(bytes)? } else { csv(bytes)? };
        let rows: Vec<Row> = rows.into_iter().filter(|row| row.cells.iter().any(|cell| !cell.is_empty())).collect();
        if rows.is_empty() { Err(Unreadable::Empty) } else { Ok(Self { rows }) }
    }
}

fn csv(bytes: &[u8]) -> Result<Vec<Row>, Unreadable> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            let (text, _, faulty) = encoding_rs::GB18030.decode(bytes);
            if faulty {
                return Err(Unreadable::Damaged);
            }
            text.into_owned()
        }
    };
    if text.contains('\0') {
        return Err(Unreadable::Damaged);
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut rows = Vec::new();
    // Counted as a spreadsheet counts: one for each record, wherever its lines break.
    for (record, number) in reader.records().zip(1..) {
        let record = record.map_err(|_| Unreadable::Damaged)?;
        if record.len() > COLUMNS_MAX || rows.len() > ROWS_MAX {
            return Err(Unreadable::TooLong);
        }
        let cells = record.iter().map(text_of).collect::<Result<Vec<_>, _>>()?;
        rows.push(Row { number, cells });
    }
    Ok(rows)
}

fn text_of(cell: &str) -> Result<String, Unreadable> {
    let text = original(cell.trim());
    if text.chars().count() > CELL_CHARS_MAX { Err(Unreadable::TooLong) } else { Ok(text.to_owned()) }
}

fn xlsx(bytes: &[u8]) -> Result<Vec<Row>, Unreadable> {
    unpack(bytes)?;
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(|_| Unreadable::Damaged)?;
    let first = workbook.sheet_names().first().cloned().ok_or(Unreadable::Empty)?;
    // Cell by cell: as a range, one cell at the far end of the sheet would be 17 billion cells.
    let mut cells = workbook.worksheet_cells_reader(&first).map_err(|_| Unreadable::Damaged)?;
    let mut rows: Vec<Row> = Vec::new();
    while let Some(cell) = cells.next_cell().map_err(|_| Unreadable::Damaged)? {
        let (row, column) = cell.get_position();
        let text = text_of(&shown(cell.get_value()))?;
        if text.is_empty() {
            continue;
        }
        let (number, column) = (row as usize + 1, column as usize);
        if column >= COLUMNS_MAX {
            return Err(Unreadable::TooLong);
        }
        if rows.last().is_none_or(|last| last.number != number) {
            if rows.len() > ROWS_MAX || rows.last().is_some_and(|last| last.number > number) {
                return Err(Unreadable::TooLong);
            }
            rows.push(Row { number, cells: Vec::new() });
        }
        let Some(last) = rows.last_mut() else { continue };
        if last.cells.len() <= column {
            last.cells.resize(column + 1, String::new());
        }
        last.cells[column] = text;
    }
    Ok(rows)
}

/// Unpacks everything into nothing and counts: what an archive says of its own sizes may be a lie.
fn unpack(bytes: &[u8]) -> Result<(), Unreadable> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Unreadable::Damaged)?;
    if archive.len() > FILES_MAX {
        return Err(Unreadable::Bomb);
    }
    let mut left = UNPACKED_BYTES_MAX;
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(|_| Unreadable::Damaged)?;
        let unpacked = io::copy(&mut file.take(left + 1), &mut io::sink()).map_err(|_| Unreadable::Damaged)?;
        left = left.checked_sub(unpacked).ok_or(Unreadable::Bomb)?;
    }
    Ok(())
}

/// A cell as it would be typed.
fn shown(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        // Below 10^15 a float has every whole number, and shows it without a point.
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(at) => {
            let (year, month, day, ..) = at.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        // `#REF!` and the like: nothing that anybody meant.
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}
