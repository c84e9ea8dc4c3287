//! Working days: which days are worked, when a deadline ends, and the clock that stops.
//!
//! Dates in, dates out: no clock, and no time zone database, because China has one time and no
//! summer time. The rules, in short (`docs/deadlines.md` has them for users):
//!
//! - A year's calendar names its holidays and the weekends that are worked for them; Monday to Friday
//!   are worked otherwise. The calendars of 2024 to 2026 are built in; an object of the cluster wins.
//! - A year that isn't published counts Monday to Friday. What is reckoned with one of its days, also
//!   in passing, is provisional (暂定).
//! - The day of submission doesn't count. What comes after the cutoff or on a day off counts as come
//!   on the next working day. A deadline ends at the cutoff of its last day.
//!
//! Nothing here fails or panics. Days before [`FIRST`] count as that day, days after [`LAST`] as
//! that one, and more working days than [`WORKDAYS_MAX`] as so many; all of this is far from what a
//! deadline can be.

mod built_in;
mod calendar;
mod cutoff;
mod deadline;
mod note;
mod year;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

pub use calendar::{Calendar, DayKind, Ignored};
pub use cutoff::{Cutoff, NotACutoff};
pub use deadline::{Due, Remaining, WORKDAY_MINUTES};
pub use note::{NOTES_MAX, Note, NoteKind};
pub use year::{Month, Origin, Year};

/// The city's time.
pub const CITY: Offset = Offset::constant(8);
/// Earlier days count as this one.
pub const FIRST: Date = Date::constant(1970, 1, 1);
/// Later days count as this one. It leaves room for the longest deadline in what jiff can represent.
pub const LAST: Date = Date::constant(9000, 12, 31);
/// More working days count as so many: four years.
pub const WORKDAYS_MAX: u32 = 1_000;

/// The day it is in the city at that moment.
#[must_use]
pub fn day_of(at: Timestamp) -> Date {
    CITY.to_datetime(at).date().clamp(FIRST, LAST)
}

/// The moment as the city writes it: `2026-10-10T17:30:00+08:00`.
#[must_use]
pub fn written(at: Timestamp) -> String {
    at.to_zoned(TimeZone::fixed(CITY)).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// A moment or a day as people write it. Without an offset it is the city's time; of a day it is the
/// beginning.
///
/// ```
/// use resources::workday::{moment, written};
///
/// let read = |text: &str| moment(text).map(written);
/// assert_eq!(read("2026-09-30").as_deref(), Some("2026-09-30T00:00:00+08:00"));
/// assert_eq!(read("2026-09-30T10:00Z").as_deref(), Some("2026-09-30T18:00:00+08:00"));
/// assert_eq!(read("30.9.2026"), None);
/// ```
#[must_use]
pub fn moment(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| CITY.to_timestamp(text.parse::<DateTime>().ok()?).ok())
}

#[cfg(test)]
mod tests;
