//! What is wrong with the city's own rules: calendars and the values of the request's way.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::{Date, Weekday};
use thiserror::Error;

use crate::policy::{Key, Unreadable};
use crate::v1alpha1::{ProcessValue, WorkCalendar, WorkCalendarSpec};

/// One thing that is wrong with the city's own rules, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field} {wrong}")]
pub struct Flaw {
    /// Path of the field, such as `spec.holidays[3]`.
    pub field: String,
    pub wrong: Wrong,
}

/// What is wrong with a field. The sentence goes after the field's name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Wrong {
    #[error("isn't y{year}, the name of that year's calendar")]
    Name { year: i32 },
    #[error("is {year}: write a year from 2000 to 2199")]
    Year { year: i32 },
    #[error("isn't a date: write it as 2026-10-01")]
    Date,
    #[error("isn't a day of {year}")]
    OtherYear { year: i32 },
    #[error("isn't after the day before it in the list: write each day once, in order")]
    Order,
    #[error("is a holiday too: a day is one of the two")]
    InBoth,
    #[error("is a {0:?}: only a Saturday or Sunday is made a working day")]
    NotWeekend(Weekday),
    #[error("is empty: a published year has holidays")]
    NoHolidays,
    #[error("has {length} characters: write {min} to {max}")]
    Length { length: usize, min: usize, max: usize },
    #[error("has {count} items: at most {max}")]
    TooMany { count: usize, max: usize },
    #[error("isn't a key that is known: {0}")]
    UnknownKey(String),
    #[error("is there twice from the same day on: {0}")]
    Twice(String),
    #[error("of {key} {cause}")]
    Unreadable { key: &'static str, cause: Unreadable },
}

impl Wrong {
    /// The name in problems. Promised to scripts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Name { .. } => "Name",
            Self::Year { .. } => "Year",
            Self::Date => "Date",
            Self::OtherYear { .. } => "OtherYear",
            Self::Order => "Order",
            Self::InBoth => "InBoth",
            Self::NotWeekend(_) => "NotWeekend",
            Self::NoHolidays => "NoHolidays",
            Self::Length { .. } => "Length",
            Self::TooMany { .. } => "TooMany",
            Self::UnknownKey(_) => "UnknownKey",
            Self::Twice(_) => "Twice",
            Self::Unreadable { .. } => "Unreadable",
        }
    }
}

const HOLIDAYS_MAX: usize = 60;
const MAKEUP_WORKDAYS_MAX: usize = 30;
const PROCESS_MAX: usize = 100;

/// Everything that is wrong with a year's calendar.
#[must_use]
pub fn work_calendar(object: &WorkCalendar) -> Vec<Flaw> {
    let WorkCalendarSpec { year, holidays, makeup_workdays, source_document, published } = &object.spec;
    let mut found = Found::default();
    if object.metadata.name.as_deref() != Some(format!("y{year}").as_str()) {
        found.add("metadata.name", Wrong::Name { year: *year });
    }
    if !(2000..=2199).contains(year) {
        found.add("spec.year", Wrong::Year { year: *year });
    }
    let off = found.days("spec.holidays", holidays, *year, HOLIDAYS_MAX);
    let worked = found.days("spec.makeupWorkdays", makeup_workdays, *year, MAKEUP_WORKDAYS_MAX);
    let off: BTreeSet<Date> = off.into_iter().map(|(_, day)| day).collect();
    for (index, day) in worked {
        let field = format!("spec.makeupWorkdays[{index}]");
        if off.contains(&day) {
            found.add(&field, Wrong::InBoth);
        }
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            found.add(&field, Wrong::NotWeekend(day.weekday()));
        }
    }
    if *published && holidays.is_empty() {
        found.add("spec.holidays", Wrong::NoHolidays);
    }
    found.length("spec.sourceDocument", source_document, 1, 300);
    found.flaws
}

/// Everything that is wrong with the values of a request's way, CloudPolicy's `spec.process`.
#[must_use]
pub fn process(values: &[ProcessValue]) -> Vec<Flaw> {
    let mut found = Found::default();
    if values.len() > PROCESS_MAX {
        found.add("spec.process", Wrong::TooMany { count: values.len(), max: PROCESS_MAX });
    }
    let mut seen = BTreeSet::new();
    for (index, value) in values.iter().take(PROCESS_MAX).enumerate() {
        let ProcessValue { key, value, source, effective_from, changed_by } = value;
        let field = |name: &str| format!("spec.process[{index}].{name}");
        match Key::of(key) {
            None => found.add(field("key"), Wrong::UnknownKey(key.clone())),
            Some(known) => {
                if let Err(cause) = known.form.check(value) {
                    found.add(field("value"), Wrong::Unreadable { key: known.key, cause });
                }
            }
        }
        if date(effective_from).is_none() {
            found.add(field("effectiveFrom"), Wrong::Date);
        }
        if !seen.insert((key, effective_from)) {
            found.add(field("key"), Wrong::Twice(key.clone()));
        }
        found.length(&field("source"), source, 1, 300);
        found.length(&field("changedBy"), changed_by, 0, 253);
    }
    found.flaws
}

/// A date in ten characters.
fn date(text: &str) -> Option<Date> {
    if text.len() == 10 { text.parse().ok() } else { None }
}

#[derive(Default)]
struct Found {
    flaws: Vec<Flaw>,
}

impl Found {
    fn add(&mut self, field: impl fmt::Display, wrong: Wrong) {
        self.flaws.push(Flaw { field: field.to_string(), wrong });
    }

    fn length(&mut self, field: &str, text: &str, min: usize, max: usize) {
        let length = text.chars().count();
        if length < min || length > max {
            self.add(field, Wrong::Length { length, min, max });
        }
    }

    /// The days of a list with their places, those that are none left out.
    fn days(&mut self, field: &str, texts: &[String], year: i32, max: usize) -> Vec<(usize, Date)> {
        if texts.len() > max {
            self.add(field, Wrong::TooMany { count: texts.len(), max });
        }
        let mut days: Vec<(usize, Date)> = Vec::new();
        // What is wrong with those that are too many anyway needn't be said.
        for (index, text) in texts.iter().take(max).enumerate() {
            let at = format!("{field}[{index}]");
            let Some(day) = date(text) else {
                self.add(at, Wrong::Date);
                continue;
            };
            if i32::from(day.year()) != year {
                self.add(&at, Wrong::OtherYear { year });
            }
            if days.last().is_some_and(|(_, before)| *before >= day) {
                self.add(&at, Wrong::Order);
            }
            days.push((index, day));
        }
        days
    }
}

#[cfg(test)]
mod tests;
