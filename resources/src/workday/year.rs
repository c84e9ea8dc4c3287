//! A year at a glance.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;

use super::calendar::{Calendar, DayKind};

/// A year, month by month.
#[derive(Serialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Year {
    pub year: i16,
    /// False: Monday to Friday count, and each date reckoned with it is provisional.
    pub published: bool,
    pub origin: Origin,
    /// The notice; empty for a year that nobody has named.
    pub source_document: String,
    pub workdays: u32,
    pub months: Vec<Month>,
}

/// Where a year's plan comes from.
#[derive(Serialize, Clone, Debug, PartialEq, Eq)]
#[serde(tag = "from")]
pub enum Origin {
    /// The product brings it along.
    BuiltIn,
    /// A WorkCalendar of the cluster.
    Object { name: String },
    /// Nobody has named it.
    Nowhere,
}

#[derive(Serialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Month {
    pub month: i8,
    pub workdays: u32,
    pub holidays: Vec<Date>,
    pub makeup_workdays: Vec<Date>,
}

impl Calendar {
    /// The years that are built in or that the cluster names, in order.
    pub fn named_years(&self) -> impl Iterator<Item = i16> {
        self.years.keys().copied()
    }

    /// A year at a glance. What is before the year 1 or after 9998 counts as these.
    #[must_use]
    pub fn year(&self, year: i16) -> Year {
        let year = year.clamp(1, 9998);
        let months: Vec<Month> = (1..=12).map(|month| self.month(year, month)).collect();
        let plan = self.years.get(&year);
        Year {
            year,
            published: self.is_published(year),
            origin: plan.map_or(Origin::Nowhere, |plan| plan.origin.clone()),
            source_document: plan.map(|plan| plan.source_document.clone()).unwrap_or_default(),
            workdays: months.iter().map(|month| month.workdays).sum(),
            months,
        }
    }

    fn month(&self, year: i16, month: i8) -> Month {
        let first = Date::constant(year, month, 1);
        let days: Vec<Date> = first.series(1.day()).take_while(|day| day.month() == month).collect();
        let of = |kind: DayKind| days.iter().copied().filter(|day| self.kind(*day) == kind).collect();
        let workdays = days.iter().filter(|day| self.kind(**day).is_worked()).count();
        Month {
            month,
            workdays: u32::try_from(workdays).unwrap_or_default(),
            holidays: of(DayKind::Holiday),
            makeup_workdays: of(DayKind::MakeupWorkday),
        }
    }
}
