//! The rows of a file by the names of its columns, and the reading of one cell: what isn't as it
//! should be becomes a finding with its place.

use resources::validate::{self, Cause};

use crate::language::Language;
use crate::problem::{Wrong, WrongCause};
use crate::routes::imports::ImportFinding;
use crate::sentence;
use crate::sheet::read::Row;
use crate::sheet::words::{self, Words, meant};
use crate::sheet::write::Asked;
use crate::sheet::{Column, Table};

/// A file whose head was understood.
pub struct Sheet<'a> {
    asked: &'a [Asked],
    /// Where the column of each field is.
    places: Vec<Option<usize>>,
    pub rows: &'a [Row],
    pub language: Language,
}

impl<'a> Sheet<'a> {
    /// Understands the head. `beside` are columns that exports have and imports leave alone.
    pub fn read(
        table: &'a Table,
        asked: &'a [Asked],
        beside: &[Column],
        language: Language,
    ) -> Result<Self, Vec<ImportFinding>> {
        let Some((head, rows)) = table.rows.split_first() else { return Err(vec![]) };
        let mut findings = Vec::new();
        let at = |column: &str, code: &str, message: String| ImportFinding {
            row: head.number as u64,
            column: column.to_owned(),
            code: code.to_owned(),
            message,
        };
        let place = |column: &Column| head.cells.iter().position(|cell| column.is_called(cell));
        for (index, cell) in head.cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let known = asked.iter().any(|one| one.column.is_called(cell));
            if !known && !beside.iter().any(|column| column.is_called(cell)) {
                let (zh, en) = ("不是已知的列, 请按模板填写", "isn't a column that is known: see the template");
                findings.push(at(cell, "UnknownColumn", said(language, zh, en)));
            } else if known && head.cells[..index].contains(cell) {
                findings.push(at(cell, "Twice", said(language, "此列出现了两次", "the column is there twice")));
            }
        }
        for one in asked.iter().filter(|one| one.needed && place(&one.column).is_none()) {
            let message = said(language, "缺少此列", "the column is missing");
            findings.push(at(one.column.title(language), "MissingColumn", message));
        }
        if findings.is_empty() && rows.is_empty() {
            findings.push(at("", "TableEmpty", said(language, "没有数据行", "there are no rows")));
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        let places = asked.iter().map(|one| place(&one.column)).collect();
        Ok(Self { asked, places, rows, language })
    }

    pub fn cells<'s>(&'s self, row: &'s Row, findings: &'s mut Vec<ImportFinding>) -> Cells<'s> {
        Cells { sheet: self, row, findings }
    }
}

fn said(language: Language, zh: &str, en: &str) -> String {
    match language {
        Language::Chinese => format!("{zh}。"),
        Language::English => format!("{en}."),
    }
}

/// Reads the cells of one row and keeps what is wrong with them.
pub struct Cells<'a> {
    sheet: &'a Sheet<'a>,
    pub row: &'a Row,
    findings: &'a mut Vec<ImportFinding>,
}

impl Cells<'_> {
    /// What the cell says; nothing where it is empty or the column isn't there.
    pub fn get(&self, field: &str) -> Option<String> {
        let index = self.sheet.asked.iter().position(|one| one.column.field == field)?;
        let text = self.row.cell(self.sheet.places[index]?).trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn title(&self, field: &str) -> String {
        let asked = self.sheet.asked.iter().find(|one| one.column.field == field);
        asked.map_or(field, |one| one.column.title(self.sheet.language)).to_owned()
    }

    /// Keeps a finding in its own words.
    pub fn say(&mut self, field: &str, code: &str, zh: &str, en: &str) {
        let finding = ImportFinding {
            row: self.row.number as u64,
            column: self.title(field),
            code: code.to_owned(),
            message: said(self.sheet.language, zh, en),
        };
        self.findings.push(finding);
    }

    /// Keeps a finding in the words of the same rule elsewhere.
    pub fn wrong(&mut self, field: &str, cause: WrongCause) {
        let column = self.title(field);
        let wrong = Wrong { field: column.clone(), cause };
        let message = sentence::wrong(self.sheet.language, &wrong);
        let (row, code) = (self.row.number as u64, wrong.cause.code().to_owned());
        self.findings.push(ImportFinding { row, column, code, message });
    }

    pub fn rule(&mut self, field: &str, cause: Cause) {
        self.wrong(field, WrongCause::Rule(cause));
    }

    /// A text of at most that many characters.
    pub fn text(&mut self, field: &str, max: usize) -> Option<String> {
        let text = self.get(field)?;
        let length = text.chars().count();
        if length > max {
            self.rule(field, Cause::Length { length, min: 0, max });
        }
        Some(text)
    }

    /// The name that a row is known by.
    pub fn name(&mut self, field: &str, max: usize) -> Option<String> {
        let Some(name) = self.get(field) else {
            self.rule(field, Cause::Missing);
            return None;
        };
        if validate::is_name(&name, max) {
            return Some(name);
        }
        self.rule(field, Cause::Name { max });
        None
    }

    /// One of some words, in whichever language.
    pub fn word(&mut self, field: &str, words: Words) -> Option<&'static str> {
        let text = self.get(field)?;
        let found = meant(words, &text);
        if found.is_none() {
            let shown: String = text.chars().take(20).collect();
            let zh = format!("“{shown}”不可用, 请填写: {}", words::all(words, Language::Chinese).join("、"));
            let en = format!("{shown:?} is none of: {}", words::all(words, Language::English).join(", "));
            self.say(field, "Word", &zh, &en);
        }
        found
    }

    pub fn flag(&mut self, field: &str) -> Option<bool> {
        self.word(field, words::FLAGS).map(|word| word == "true")
    }

    /// 等保: `二级`, `2`, or a grade that must not be here.
    pub fn grade(&mut self, field: &str) -> Option<i32> {
        let text = self.get(field)?;
        let grade = meant(words::GRADES, &text).unwrap_or(&text).parse::<i32>();
        let above = ["四级", "五级"].iter().position(|word| *word == text).map(|index| index as i32 + 4);
        match (grade, above) {
            (Ok(grade @ 1..=3), _) => return Some(grade),
            (Ok(grade), _) if grade > 3 => self.rule(field, Cause::GradeTooHigh { grade }),
            (Ok(grade), _) => self.rule(field, Cause::GradeTooLow { grade }),
            (_, Some(grade)) => self.rule(field, Cause::GradeTooHigh { grade }),
            _ => {
                self.word(field, words::GRADES);
            }
        }
        None
    }

    /// The parts between semicolons.
    pub fn parts(&mut self, field: &str) -> Option<Vec<String>> {
        let text = self.get(field)?;
        let parts = text.split([';', ';']).map(|part| part.trim().to_owned()).filter(|part| !part.is_empty());
        Some(parts.collect())
    }
}
