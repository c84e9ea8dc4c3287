//! Which days are worked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use super::built_in::{BuiltIn, YEARS};
use super::year::Origin;
use super::{FIRST, LAST};
use crate::v1alpha1::WorkCalendar;
use crate::validate::{self, Flaw};

/// Longest run of days off that is looked through: a year has at most 60 holidays, two of them in a
/// row with the weekends around are fewer than 200 days.
const DAYS_OFF_MAX: usize = 200;

/// The years that are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    pub(super) years: BTreeMap<i16, Plan>,
    ignored: Vec<Ignored>,
}

/// What is known of a year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub published: bool,
    pub holidays: BTreeSet<Date>,
    pub makeup_workdays: BTreeSet<Date>,
    pub source_document: String,
    pub origin: Origin,
}

/// An object that isn't used, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    pub name: String,
    pub flaws: Vec<Flaw>,
}

/// What a day is.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DayKind {
    Workday,
    /// A weekend that is worked (调休上班).
    MakeupWorkday,
    Weekend,
    Holiday,
}

impl DayKind {
    #[must_use]
    pub const fn is_worked(self) -> bool {
        matches!(self, Self::Workday | Self::MakeupWorkday)
    }
}

impl Default for Calendar {
    /// The built-in years alone.
    fn default() -> Self {
        let years = YEARS.iter().map(|year| (year.year, year.into())).collect();
        Self { years, ignored: Vec::new() }
    }
}

impl Calendar {
    /// The built-in years, and over them those of the cluster. An object that isn't right is ignored,
    /// so that its year is what it was without it: see [`Self::ignored`].
    #[must_use]
    pub fn new<'a>(objects: impl IntoIterator<Item = &'a WorkCalendar>) -> Self {
        let mut calendar = Self::default();
        for object in objects {
            let flaws = validate::work_calendar(object);
            match plan(object) {
                Some((year, plan)) if flaws.is_empty() => {
                    calendar.years.insert(year, plan);
                }
                _ => {
                    let name = object.metadata.name.clone().unwrap_or_default();
                    calendar.ignored.push(Ignored { name, flaws });
                }
            }
        }
        calendar
    }

    /// The objects that aren't used.
    #[must_use]
    pub fn ignored(&self) -> &[Ignored] {
        &self.ignored
    }

    /// Whether the day is worked, and whether that is provisional.
    ///
    /// ```
    /// use jiff::civil::date;
    /// use resources::workday::Calendar;
    ///
    /// let calendar = Calendar::default();
    /// assert_eq!(calendar.is_workday(date(2026, 10, 10)), (true, false)); // a Saturday that is worked
    /// assert_eq!(calendar.is_workday(date(2031, 10, 1)), (true, true)); // nobody knows yet
    /// ```
    #[must_use]
    pub fn is_workday(&self, day: Date) -> (bool, bool) {
        (self.kind(day).is_worked(), !self.is_published(day.year()))
    }

    /// What the day is.
    #[must_use]
    pub fn kind(&self, day: Date) -> DayKind {
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        let plan = self.years.get(&day.year()).filter(|plan| plan.published);
        match plan {
            Some(plan) if plan.holidays.contains(&day) => DayKind::Holiday,
            Some(plan) if plan.makeup_workdays.contains(&day) => DayKind::MakeupWorkday,
            _ if weekend => DayKind::Weekend,
            _ => DayKind::Workday,
        }
    }

    /// Whether the year's notice is known.
    #[must_use]
    pub fn is_published(&self, year: i16) -> bool {
        self.years.get(&year).is_some_and(|plan| plan.published)
    }

    /// The first working day after `day`; at the end of time that end itself.
    #[must_use]
    pub fn next_workday(&self, day: Date) -> Date {
        let mut at = day.clamp(FIRST, LAST);
        for _ in 0..DAYS_OFF_MAX {
            at = following(at);
            if self.kind(at).is_worked() {
                break;
            }
        }
        at
    }

    /// The holiday that the day belongs to, from its first day to its last.
    pub(super) fn holiday(&self, day: Date) -> (Date, Date) {
        let run = |step: i64| {
            let days = day.series(jiff::Span::new().days(step)).take(DAYS_OFF_MAX);
            days.take_while(|day| self.kind(*day) == DayKind::Holiday).last().unwrap_or(day)
        };
        (run(-1), run(1))
    }

    /// How many working days there are after `after`, up to and with `last`.
    #[must_use]
    pub fn workdays_between(&self, after: Date, last: Date) -> u32 {
        let mut at = after.clamp(FIRST, LAST);
        let last = last.clamp(FIRST, LAST);
        let mut count = 0;
        while at < last && count < super::WORKDAYS_MAX {
            at = following(at);
            count += u32::from(self.kind(at).is_worked());
        }
        count
    }
}

/// The day after; the last day has none.
pub(super) fn following(day: Date) -> Date {
    if day >= LAST { LAST } else { day.tomorrow().unwrap_or(LAST) }
}

impl From<&BuiltIn> for Plan {
    fn from(built_in: &BuiltIn) -> Self {
        let day = |(month, day): (i8, i8)| Date::new(built_in.year, month, day).ok();
        let spans = built_in.holidays.iter().filter_map(|(from, to)| Some((day(*from)?, day(*to)?)));
        Self {
            published: true,
            holidays: spans
                .flat_map(|(from, to)| from.series(jiff::Span::new().days(1)).take_while(move |at| *at <= to))
                .collect(),
            makeup_workdays: built_in.makeup_workdays.iter().copied().filter_map(day).collect(),
            source_document: built_in.source_document.to_owned(),
            origin: Origin::BuiltIn,
        }
    }
}

fn plan(object: &WorkCalendar) -> Option<(i16, Plan)> {
    let spec = &object.spec;
    let days = |texts: &[String]| texts.iter().filter_map(|text| text.parse().ok()).collect();
    let plan = Plan {
        published: spec.published,
        holidays: days(&spec.holidays),
        makeup_workdays: days(&spec.makeup_workdays),
        source_document: spec.source_document.clone(),
        origin: Origin::Object { name: object.metadata.name.clone().unwrap_or_default() },
    };
    Some((i16::try_from(spec.year).ok()?, plan))
}
