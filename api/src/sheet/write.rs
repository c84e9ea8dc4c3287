//! Tables to CSV and XLSX.

use rust_xlsxwriter::{
    DataValidation, Format as Style, FormatAlign, FormatBorder, Note, Workbook, Worksheet, XlsxError,
};

use super::words::{self, Words};
use super::{harmless, is_dangerous};
use crate::language::Language;

/// A cell of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Text(String),
    /// A number, exact in decimals.
    Number(String),
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text.to_owned()) }
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<Option<&String>> for Cell {
    fn from(text: Option<&String>) -> Self {
        text.map_or(Self::Empty, Into::into)
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(number.to_string())
    }
}

/// The head of a column, in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// What programs call it, and imports understand as well.
    pub field: &'static str,
    pub zh: &'static str,
    pub en: &'static str,
}

impl Column {
    #[must_use]
    pub const fn new(field: &'static str, zh: &'static str, en: &'static str) -> Self {
        Self { field, zh, en }
    }

    #[must_use]
    pub const fn title(&self, language: Language) -> &'static str {
        match language {
            Language::Chinese => self.zh,
            Language::English => self.en,
        }
    }

    /// Whether somebody means this column by the head, in whichever language.
    #[must_use]
    pub fn is_called(&self, head: &str) -> bool {
        // Templates mark what is needed with a star.
        let head = head.trim().trim_end_matches('*').trim();
        [self.field, self.zh, self.en].iter().any(|name| name.eq_ignore_ascii_case(head))
    }
}

/// What Excel needs in order to take UTF-8 for UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The head of a CSV file.
#[must_use]
pub fn csv_head(columns: &[Column], language: Language) -> Vec<u8> {
    let mut bytes = BYTE_ORDER_MARK.as_bytes().to_vec();
    let titles = columns.iter().map(|column| Cell::from(column.title(language))).collect();
    bytes.extend(csv_rows(&[titles]));
    bytes
}

/// Rows of a CSV file, with the line ends that Excel writes.
#[must_use]
pub fn csv_rows(rows: &[Vec<Cell>]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).flexible(true).from_writer(Vec::new());
    for row in rows {
        let texts = row.iter().map(|cell| match cell {
            Cell::Text(text) => harmless(text),
            Cell::Number(number) => number.clone(),
            Cell::Empty => String::new(),
        });
        // Into memory nothing can fail.
        let _ = writer.write_record(texts);
    }
    writer.into_inner().unwrap_or_default()
}

/// A workbook with one sheet, which grows row by row.
pub struct Book {
    book: Workbook,
    columns: usize,
    row: u32,
    text: Style,
    quoted: Style,
}

impl Book {
    pub fn new(title: &str, columns: &[Column], language: Language) -> Result<Self, XlsxError> {
        let mut book = Workbook::new();
        let head = Style::new().set_bold().set_border_bottom(FormatBorder::Thin).set_text_wrap();
        let sheet = book.add_worksheet();
        sheet.set_name(title)?;
        sheet.set_freeze_panes(1, 0)?;
        for (column, index) in columns.iter().zip(0..) {
            sheet.write_string_with_format(0, index, column.title(language), &head)?;
            sheet.set_column_width(index, 16)?;
        }
        let quoted = Style::new().set_quote_prefix();
        Ok(Self { book, columns: columns.len(), row: 0, text: Style::new(), quoted })
    }

    pub fn push(&mut self, cells: &[Cell]) -> Result<(), XlsxError> {
        self.row += 1;
        let (row, text_style, quoted) = (self.row, &self.text, &self.quoted);
        let sheet = self.book.worksheet_from_index(0)?;
        for (cell, column) in cells.iter().zip(0..) {
            match cell {
                Cell::Text(text) => {
                    // A string is never a formula here; the mark keeps it one when it is saved as CSV.
                    let style = if is_dangerous(text) { quoted } else { text_style };
                    sheet.write_string_with_format(row, column, text, style)?;
                }
                Cell::Number(number) => match number.parse::<f64>() {
                    Ok(value) => {
                        sheet.write_number(row, column, value)?;
                    }
                    Err(_) => {
                        sheet.write_string(row, column, number)?;
                    }
                },
                Cell::Empty => {}
            }
        }
        Ok(())
    }

    pub fn finish(mut self) -> Result<Vec<u8>, XlsxError> {
        let last = u16::try_from(self.columns.saturating_sub(1)).unwrap_or_default();
        let row = self.row;
        self.book.worksheet_from_index(0)?.autofilter(0, 0, row, last)?;
        self.book.save_to_buffer()
    }
}

/// A column of a template.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub column: Column,
    pub needed: bool,
    /// What may be written, where that is one of some words.
    pub words: Words,
    /// What to write, in both languages.
    pub note: (&'static str, &'static str),
    /// An example that a reader would take for real, so it stands in the note.
    pub example: &'static str,
}

/// An empty workbook to fill in: heads with comments, lists to choose from.
pub fn template(title: &str, asked: &[Asked], language: Language, rows: u32) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let head = Style::new().set_bold().set_border_bottom(FormatBorder::Thin).set_align(FormatAlign::Left);
    let sheet = book.add_worksheet();
    sheet.set_name(title)?;
    sheet.set_freeze_panes(1, 0)?;
    for (one, index) in asked.iter().zip(0..) {
        let star = if one.needed { "*" } else { "" };
        sheet.write_string_with_format(0, index, format!("{}{star}", one.column.title(language)), &head)?;
        sheet.set_column_width(index, 18)?;
        sheet.insert_note(0, index, &Note::new(remark(one, language)).add_author_prefix(false))?;
        // Kept as typed: a code such as 00421 is no number, and 10T no word that Excel should mend.
        sheet.set_column_format(index, &Style::new().set_num_format("@"))?;
        choose(sheet, (1, rows), index, &words::all(one.words, language))?;
    }
    book.save_to_buffer()
}

/// What stands beside the head of a column.
fn remark(asked: &Asked, language: Language) -> String {
    let (zh, en) = asked.note;
    match language {
        Language::Chinese if asked.example.is_empty() => zh.to_owned(),
        Language::Chinese => format!("{zh}\n例: {}", asked.example),
        Language::English if asked.example.is_empty() => en.to_owned(),
        Language::English => format!("{en}\nSuch as: {}", asked.example),
    }
}

/// Lets a cell hold one of these words.
pub fn choose(sheet: &mut Worksheet, (first, last): (u32, u32), column: u16, words: &[&str]) -> Result<(), XlsxError> {
    if words.is_empty() {
        return Ok(());
    }
    let validation = DataValidation::new().allow_list_strings(words)?;
    sheet.add_data_validation(first, column, last, column, &validation)?;
    Ok(())
}
