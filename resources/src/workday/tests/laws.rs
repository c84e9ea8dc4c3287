//! What holds for every deadline, and a second way to reckon it: day by day, on a list of the days
//! that differ from a week, typed from the notices once more.

use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use super::super::*;

/// Days off on Monday to Friday, and weekends that are worked.
const OFF: [&str; 3] = [
    "01-01 02-12 02-13 02-14 02-15 02-16 04-04 04-05 05-01 05-02 05-03 06-10 09-16 09-17 10-01 10-02 10-03 10-04 10-07",
    "01-01 01-28 01-29 01-30 01-31 02-03 02-04 04-04 05-01 05-02 05-05 06-02 10-01 10-02 10-03 10-06 10-07 10-08",
    "01-01 01-02 02-16 02-17 02-18 02-19 02-20 02-23 04-06 05-01 05-04 05-05 06-19 09-25 10-01 10-02 10-05 10-06 10-07",
];
const WORKED: [&str; 3] = [
    "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    "01-26 02-08 04-27 09-28 10-11",
    "01-04 02-14 02-28 05-09 09-20 10-10",
];

fn works(day: Date) -> bool {
    let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let Some(year) = usize::try_from(day.year() - 2024).ok().filter(|year| *year < 3) else { return !weekend };
    let text = format!("{:02}-{:02}", day.month(), day.day());
    let lists = if weekend { WORKED } else { OFF };
    lists[year].split(' ').any(|one| one == text) == weekend
}

fn naive(submitted: Timestamp, workdays: u32, cutoff: &str) -> Timestamp {
    // The hours of a day in the city are those of a day that is eight hours ahead.
    let there = (submitted + 8.hours()).to_string();
    let (day, time) = there.trim_end_matches('Z').split_once('T').unwrap();
    let mut day: Date = day.parse().unwrap();
    let late = time > format!("{cutoff}:00").as_str();
    let mut to_go = workdays + u32::from(late && works(day));
    if !works(day) {
        to_go += 1;
    }
    while to_go > 0 {
        day = day.tomorrow().unwrap();
        to_go -= u32::from(works(day));
    }
    format!("{day}T{cutoff}:00+08:00").parse().unwrap()
}

/// From 2023 to 2029: years that are known and years that aren't, and the steps between them.
fn moment() -> impl Strategy<Value = Timestamp> {
    let seconds = 1_672_531_200_i64..1_893_456_000;
    let near_the_cutoff =
        (0_i64..2_500, -70_i64..70).prop_map(|(day, off)| 1_672_531_200 + day * 86_400 + 34_200 + off);
    prop_oneof![seconds, near_the_cutoff].prop_map(|second| Timestamp::from_second(second).unwrap())
}

proptest! {
    #[test]
    fn a_naive_count_agrees(submitted in moment(), workdays in 0_u32..300, late in any::<bool>()) {
        let cutoff = if late { "18:00" } else { "17:30" };
        let due = Calendar::default().due(submitted, workdays, cutoff.parse().unwrap());
        prop_assert_eq!(due.at, naive(submitted, workdays, cutoff));
    }

    #[test]
    fn a_deadline_ends_at_the_cutoff_of_a_working_day(submitted in moment(), workdays in 0_u32..300) {
        let calendar = Calendar::default();
        let due = calendar.due(submitted, workdays, Cutoff::default());
        prop_assert!(calendar.is_workday(due.day()).0);
        prop_assert!(due.written().ends_with("T17:30:00+08:00"));
        prop_assert!(due.at >= submitted);
        let known = |at: Timestamp| (2024..=2026).contains(&day_of(at).year());
        prop_assert_eq!(due.provisional, !known(submitted) || !known(due.at));
    }

    #[test]
    fn later_and_longer_never_end_earlier(one in moment(), other in moment(), few in 0_u32..100, more in 0_u32..100) {
        let (calendar, cutoff) = (Calendar::default(), Cutoff::default());
        let (early, late) = (one.min(other), one.max(other));
        prop_assert!(calendar.due(early, few, cutoff).at <= calendar.due(late, few, cutoff).at);
        prop_assert!(calendar.due(one, few, cutoff).at <= calendar.due(one, few + more, cutoff).at);
        prop_assert!(calendar.due(one, few, cutoff).at < calendar.due(one, few + 1, cutoff).at);
    }

    #[test]
    fn stopped_and_let_go_at_once_nothing_changes(submitted in moment(), workdays in 0_u32..60, share in 0.0_f64..=1.0) {
        let (calendar, cutoff) = (Calendar::default(), Cutoff::default());
        let due = calendar.due(submitted, workdays, cutoff).at;
        let span = due.as_millisecond() - submitted.as_millisecond();
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any moment between the two will do")]
        let now = Timestamp::from_millisecond(submitted.as_millisecond() + (span as f64 * share) as i64).unwrap();
        let left = calendar.pause(due, now, cutoff);
        prop_assert!(!left.overdue && left.minutes <= WORKDAY_MINUTES);
        prop_assert!(left.workdays <= workdays);
        prop_assert_eq!(calendar.resume(left, now, cutoff).at, due);
    }

    /// Whoever waits gets no less than was left, and the later it goes on, the later it ends.
    #[test]
    fn nothing_that_was_left_is_lost(due in moment(), stopped in moment(), one in moment(), other in moment()) {
        let (calendar, cutoff) = (Calendar::default(), Cutoff::default());
        let due = calendar.due(due, 0, cutoff).at;
        let left = calendar.pause(due, stopped, cutoff);
        let (early, late) = (one.min(other), one.max(other));
        let first = calendar.resume(left, early, cutoff).at;
        prop_assert!(first <= calendar.resume(left, late, cutoff).at);
        prop_assert!(first >= early);
        let again = calendar.pause(first, early, cutoff);
        prop_assert!(left.workdays > 1_000 || (again.workdays, again.minutes) >= (left.workdays, left.minutes));
    }

    #[test]
    fn no_moment_panics(second in Timestamp::MIN.as_second()..=Timestamp::MAX.as_second(), workdays in any::<u32>(), minutes in any::<u32>()) {
        let (calendar, cutoff) = (Calendar::default(), Cutoff::default());
        let at = Timestamp::from_second(second).unwrap();
        let due = calendar.due(at, workdays, cutoff);
        prop_assert!(due.day() >= FIRST && due.day() <= LAST && due.notes.len() <= NOTES_MAX);
        let left = calendar.pause(due.at, at, cutoff);
        let _ = (calendar.resume(left, at, cutoff), calendar.resume(Remaining { workdays, minutes, overdue: false }, at, cutoff));
    }
}
