//! Calendar months and dates in the city's time, UTC+8, without a time-zone database: China has had
//! one offset and no summer time since 1991.

use std::fmt;

use crate::model::{Span, Stamp};

const OFFSET: Span = Span::hours(8);
const DAY: i64 = 86_400_000_000;

/// A calendar month in UTC+8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i32,
    /// 1 to 12.
    month: u8,
}

impl Month {
    /// `None` unless the month is 1 to 12 and the year 1970 to 9999.
    #[must_use]
    pub fn new(year: i32, month: u8) -> Option<Self> {
        ((1..=12).contains(&month) && (1970..=9999).contains(&year)).then_some(Self { year, month })
    }

    /// The month an instant falls in.
    #[must_use]
    pub fn of(at: Stamp) -> Self {
        let (year, month, _) = civil((at + OFFSET).micros().div_euclid(DAY));
        Self { year, month }
    }

    /// Its first instant.
    #[must_use]
    pub fn start(self) -> Stamp {
        Stamp::from_micros(days(self.year, self.month, 1) * DAY) - OFFSET
    }

    /// The first instant after it.
    #[must_use]
    pub fn end(self) -> Stamp {
        self.next().start()
    }

    #[must_use]
    pub fn next(self) -> Self {
        match self.month {
            12 => Self { year: self.year + 1, month: 1 },
            month => Self { year: self.year, month: month + 1 },
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// An instant as part of an object's name, in UTC: `20261123t194832z`.
#[must_use]
pub fn compact(at: Stamp) -> String {
    let (year, month, day) = civil(at.micros().div_euclid(DAY));
    let second = at.micros().rem_euclid(DAY) / 1_000_000;
    let (hours, minutes, seconds) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}t{hours:02}{minutes:02}{seconds:02}z")
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar. Years are counted from March, so that the
/// leap day is a year's last and month lengths follow one formula.
fn days(year: i32, month: u8, day: u8) -> i64 {
    let (month, day) = (i64::from(month), i64::from(day));
    let year = i64::from(year) - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

fn civil(days: i64) -> (i32, u8, u8) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = (shifted + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (i32::try_from(year).unwrap_or(i32::MAX), month as u8, day as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_months() {
        let cases =
            [((2026, 11), 30), ((2026, 12), 31), ((2028, 2), 29), ((2027, 2), 28), ((2100, 2), 28), ((2000, 2), 29)];
        for ((year, month), length) in cases {
            let month = Month::new(year, month).unwrap();
            assert_eq!(month.end() - month.start(), Span::hours(24 * length), "{month}");
        }
        assert_eq!(Month::new(2026, 13), None);
    }

    #[test]
    fn months_begin_at_midnight_in_china() {
        // 2026-11-01 00:00 +08:00 is 2026-10-31 16:00 UTC.
        let november = Month::new(2026, 11).unwrap();
        assert_eq!(november.start(), Stamp::from_secs(1_793_462_400));
        assert_eq!(compact(november.start()), "20261031t160000z");
        assert_eq!(Month::of(november.start()), november);
        assert_eq!(Month::of(november.start() - Span::micros(1)).to_string(), "2026-10");
    }

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        for day in 0..146_097 {
            let (year, month, dom) = civil(day);
            assert_eq!(days(year, month, dom), day);
        }
        assert_eq!(civil(0), (1970, 1, 1));
    }
}
