//! When a deadline ends, and the clock that stops.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use super::calendar::{Calendar, DayKind, following};
use super::note::{NOTES_MAX, Note};
use super::{CITY, Cutoff, FIRST, LAST, WORKDAYS_MAX, day_of};

/// Minutes of a working day, the eight hours before its cutoff. Only what is left on a deadline's last
/// day is measured in them.
pub const WORKDAY_MINUTES: u32 = 8 * 60;

/// When a deadline ends.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Due {
    /// The cutoff of the last day. In time is whatever happens at that moment or before.
    pub at: Timestamp,
    /// Reckoned with a day of a year that isn't published: it may still change.
    pub provisional: bool,
    /// Why it is then, in the order of the days.
    pub notes: Vec<Note>,
}

/// What was left of a deadline when its clock stopped.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Remaining {
    /// Working days after the one it stopped on, up to and with the last.
    pub workdays: u32,
    /// On the last day, when `workdays` is zero: minutes to the due time, at most
    /// [`WORKDAY_MINUTES`]. Otherwise zero.
    pub minutes: u32,
    /// The due time had passed already.
    pub overdue: bool,
}

impl Due {
    /// The last day, in the city.
    #[must_use]
    pub fn day(&self) -> Date {
        day_of(self.at)
    }

    /// As the city writes it: `2026-10-10T17:30:00+08:00`.
    #[must_use]
    pub fn written(&self) -> String {
        super::written(self.at)
    }
}

impl Calendar {
    /// The end of a deadline of `workdays` working days.
    ///
    /// The day of submission doesn't count. After the cutoff, or on a day off, it counts as submitted
    /// on the next working day. With zero working days it is the day of submission itself.
    ///
    /// ```
    /// use resources::workday::{Calendar, Cutoff};
    ///
    /// let submitted = "2026-09-30T10:00:00+08:00".parse().unwrap();
    /// let due = Calendar::default().due(submitted, 3, Cutoff::default());
    /// assert_eq!(due.written(), "2026-10-10T17:30:00+08:00");
    /// assert_eq!(due.notes[1].zh, "10月10日(周六)调休上班");
    /// assert!(!due.provisional);
    /// ```
    #[must_use]
    pub fn due(&self, submitted: Timestamp, workdays: u32, cutoff: Cutoff) -> Due {
        let came = Came::at(submitted);
        let from = self.counts_from(came, cutoff);
        self.count(came, from, workdays, cutoff)
    }

    /// Stops the clock of a deadline that ends at `due`, and says what is left of it.
    ///
    /// Left are the working days after the day on which it stops, as at a submission: the day itself
    /// doesn't count, and after the cutoff or on a day off it is the next working day that doesn't.
    /// On the last day nothing of that is left, and the minutes to the due time count instead, at most
    /// the eight hours of a working day. After the due time nothing is left.
    ///
    /// ```
    /// use jiff::Timestamp;
    /// use resources::workday::{Calendar, Cutoff, Remaining};
    ///
    /// let (calendar, cutoff) = (Calendar::default(), Cutoff::default());
    /// let at = |text: &str| -> Timestamp { text.parse().unwrap() };
    /// // Due on Thursday and returned on Tuesday: two working days are left.
    /// let left = calendar.pause(at("2026-11-26T17:30:00+08:00"), at("2026-11-24T15:00:00+08:00"), cutoff);
    /// assert_eq!(left, Remaining { workdays: 2, minutes: 0, overdue: false });
    /// // Resubmitted on a Friday: Monday and Tuesday.
    /// let due = calendar.resume(left, at("2026-12-04T09:00:00+08:00"), cutoff);
    /// assert_eq!(due.written(), "2026-12-08T17:30:00+08:00");
    ///
    /// // Returned on the last day at 15:00: two and a half hours are left. What is resubmitted with
    /// // fewer to go is due on the next working day, so nobody gets less time than he had.
    /// let left = calendar.pause(at("2026-11-26T17:30:00+08:00"), at("2026-11-26T15:00:00+08:00"), cutoff);
    /// assert_eq!(left, Remaining { workdays: 0, minutes: 150, overdue: false });
    /// let due = calendar.resume(left, at("2026-12-03T15:00:00+08:00"), cutoff);
    /// assert_eq!(due.written(), "2026-12-03T17:30:00+08:00");
    /// let due = calendar.resume(left, at("2026-12-03T15:01:00+08:00"), cutoff);
    /// assert_eq!(due.written(), "2026-12-04T17:30:00+08:00");
    /// ```
    #[must_use]
    pub fn pause(&self, due: Timestamp, now: Timestamp, cutoff: Cutoff) -> Remaining {
        if now > due {
            return Remaining { workdays: 0, minutes: 0, overdue: true };
        }
        let from = self.counts_from(Came::at(now), cutoff);
        let workdays = self.workdays_between(from, day_of(due));
        let minutes = if workdays == 0 { minutes_between(now, due) } else { 0 };
        Remaining { workdays, minutes, overdue: false }
    }

    /// Lets the clock go on: when the deadline ends of which that much was left.
    ///
    /// Stopped and let go at the same moment it ends when it would have ended. Of a deadline that was
    /// missed nothing is left: it ends at the cutoff of the day on which it goes on, or counts as
    /// going on.
    #[must_use]
    pub fn resume(&self, remaining: Remaining, now: Timestamp, cutoff: Cutoff) -> Due {
        let Remaining { workdays, minutes, overdue: _ } = remaining;
        let came = Came::at(now);
        let from = self.counts_from(came, cutoff);
        let today = if from == came.day { minutes_between(now, ends(from, cutoff)) } else { WORKDAY_MINUTES };
        let one_more = workdays == 0 && minutes.min(WORKDAY_MINUTES) > today;
        self.count(came, from, workdays + u32::from(one_more), cutoff)
    }

    /// The day that something counts as come on.
    fn counts_from(&self, came: Came, cutoff: Cutoff) -> Date {
        let in_time = came.time <= cutoff.time();
        if in_time && self.kind(came.day).is_worked() { came.day } else { self.next_workday(came.day) }
    }

    /// The working day that is so many after `from`, and what was passed on the way.
    fn count(&self, came: Came, from: Date, workdays: u32, cutoff: Cutoff) -> Due {
        let mut last = from;
        for _ in 0..workdays.min(WORKDAYS_MAX) {
            last = self.next_workday(last);
        }
        let mut passed = Passed::default();
        if from != came.day {
            let on_workday = self.kind(came.day).is_worked();
            passed.notes.push(if on_workday {
                Note::after_cutoff(from, cutoff)
            } else {
                Note::on_day_off(came.day, from)
            });
        }
        let mut day = came.day;
        loop {
            passed.day(self, day);
            if day >= last {
                break;
            }
            day = following(day);
        }
        let (provisional, notes) = passed.told();
        Due { at: ends(last, cutoff), provisional, notes }
    }
}

/// When something came, in the city.
#[derive(Clone, Copy)]
struct Came {
    day: Date,
    time: Time,
}

impl Came {
    fn at(at: Timestamp) -> Self {
        let there = CITY.to_datetime(at);
        // Outside of what is counted the time of day means nothing either.
        let day = there.date().clamp(FIRST, LAST);
        Self { day, time: if day == there.date() { there.time() } else { Time::midnight() } }
    }
}

/// The days that a deadline passes over.
#[derive(Default)]
struct Passed {
    notes: Vec<Note>,
    /// The last day of the last holiday there was.
    holiday_until: Option<Date>,
    unpublished: Option<i16>,
}

impl Passed {
    fn day(&mut self, calendar: &Calendar, day: Date) {
        match calendar.kind(day) {
            DayKind::Holiday if self.holiday_until.is_none_or(|until| until < day) => {
                let (first, last) = calendar.holiday(day);
                self.holiday_until = Some(last);
                self.notes.push(Note::holiday(first, last));
            }
            DayKind::MakeupWorkday => self.notes.push(Note::makeup_workday(day)),
            DayKind::Holiday | DayKind::Workday | DayKind::Weekend => {}
        }
        if !calendar.is_published(day.year()) && self.unpublished != Some(day.year()) {
            self.unpublished = Some(day.year());
            self.notes.push(Note::unpublished(day));
        }
    }

    fn told(mut self) -> (bool, Vec<Note>) {
        // What is nearest to the due date explains it best.
        let surplus = self.notes.len().saturating_sub(NOTES_MAX);
        (self.unpublished.is_some(), self.notes.split_off(surplus))
    }
}

/// The cutoff of a day.
fn ends(day: Date, cutoff: Cutoff) -> Timestamp {
    // No day up to LAST is outside of what a timestamp can be.
    CITY.to_timestamp(day.to_datetime(cutoff.time())).unwrap_or(Timestamp::MAX)
}

/// Begun minutes from one moment to a later one, at most those of a working day.
fn minutes_between(from: Timestamp, to: Timestamp) -> u32 {
    let seconds = to.duration_since(from).as_millis().clamp(0, i128::from(WORKDAY_MINUTES) * 60_000);
    u32::try_from((seconds + 59_999) / 60_000).unwrap_or(WORKDAY_MINUTES)
}
