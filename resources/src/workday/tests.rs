mod laws;

use jiff::civil::date;
use serde_json::{Value, json};

use super::*;
use crate::v1alpha1::WorkCalendar;

/// A moment in the city: `2026-09-30 18:00`, or a day's morning.
fn at(text: &str) -> Timestamp {
    let text = if text.len() == 10 { format!("{text} 10:00") } else { text.to_owned() };
    format!("{}:00+08:00", text.replace(' ', "T")).parse().unwrap()
}

fn object(year: i16, published: bool, holidays: &[&str], makeup: &[&str]) -> WorkCalendar {
    serde_json::from_value(json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "WorkCalendar", "metadata": {"name": format!("y{year}")},
        "spec": {"year": year, "published": published, "holidays": holidays, "makeupWorkdays": makeup, "sourceDocument": "a notice"}
    }))
    .unwrap()
}

fn due(calendar: &Calendar, submitted: &str, workdays: u32) -> Due {
    calendar.due(at(submitted), workdays, Cutoff::default())
}

#[test]
fn check_dates_deadlines_end_on_the_day_the_notices_make_them() {
    let cases = [
        ("2026-09-30", 3, "2026-10-10"),
        ("2026-02-13", 3, "2026-02-25"),
        ("2026-04-30", 5, "2026-05-11"),
        ("2026-09-18", 2, "2026-09-21"),
        ("2026-12-24", 5, "2026-12-31"),
        ("2026-02-14", 1, "2026-02-24"),
        ("2026-09-30 18:00", 3, "2026-10-12"),
        ("2026-10-01", 3, "2026-10-12"),
        ("2025-12-31", 3, "2026-01-06"),
        ("2024-12-31", 3, "2025-01-06"),
        ("2025-09-30", 3, "2025-10-11"),
        ("2025-01-24", 3, "2025-02-05"),
        ("2025-09-26", 2, "2025-09-29"),
        ("2024-09-30", 3, "2024-10-10"),
        ("2024-02-08", 3, "2024-02-19"),
        // Exactly at the cutoff is in time; a day without working days ends that day.
        ("2026-09-30 17:30", 3, "2026-10-10"),
        ("2026-09-30 17:31", 3, "2026-10-12"),
        ("2026-11-24", 0, "2026-11-24"),
        ("2026-11-24 17:31", 0, "2026-11-25"),
    ];
    let calendar = Calendar::default();
    for (submitted, workdays, expected) in cases {
        let due = due(&calendar, submitted, workdays);
        assert_eq!(due.written(), format!("{expected}T17:30:00+08:00"), "{submitted} + {workdays}");
        assert!(!due.provisional, "{submitted} + {workdays}");
    }
}

#[test]
fn check_dates_the_years_have_as_many_working_days_as_the_notices_leave() {
    let years = [
        (2024, 251, [22, 18, 21, 22, 21, 19, 23, 22, 21, 19, 21, 22]),
        (2025, 248, [19, 19, 21, 22, 19, 20, 23, 21, 23, 18, 20, 23]),
        (2026, 248, [21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23]),
    ];
    for (number, workdays, months) in years {
        let year = Calendar::default().year(number);
        assert_eq!((year.workdays, year.published, &year.origin), (workdays, true, &Origin::BuiltIn));
        assert_eq!(year.months.iter().map(|month| month.workdays).collect::<Vec<_>>(), months, "{number}");
    }
    // The eve of the Spring Festival of 2024 is worked.
    assert_eq!(Calendar::default().is_workday(date(2024, 2, 9)), (true, false));
}

#[test]
fn another_cutoff_moves_both_ends() {
    let (calendar, cutoff) = (Calendar::default(), "18:00".parse().unwrap());
    let due = calendar.due(at("2026-09-30 17:45"), 3, cutoff);
    assert_eq!(due.written(), "2026-10-10T18:00:00+08:00");
    for wrong in ["", "1730", "17:3", "7:30", "11:59", "24:00", "17:60", "17:30:00", "+7:30", "１７:３０"] {
        assert_eq!(wrong.parse::<Cutoff>(), Err(NotACutoff), "{wrong}");
    }
    assert_eq!("23:59".parse::<Cutoff>().unwrap().to_string(), "23:59");
}

#[test]
fn check_dates_a_year_without_a_calendar_counts_monday_to_friday_and_says_so() {
    let calendar = Calendar::default();
    assert_eq!(calendar.is_workday(date(2027, 10, 1)), (true, true));
    assert_eq!(calendar.is_workday(date(2027, 10, 2)), (false, true));
    let into = due(&calendar, "2026-12-30", 2);
    assert_eq!((into.written().as_str(), into.provisional), ("2027-01-01T17:30:00+08:00", true));
    assert_eq!(into.notes, [Note::unpublished(date(2027, 1, 1))]);
    // The last day before it is certain, and so is what only begins late on a day that is known.
    assert!(!due(&calendar, "2026-12-30", 1).provisional);
    assert!(due(&calendar, "2026-12-31 17:31", 0).provisional);

    // 2025 isn't known here, only 2024 and 2026: what runs through it is provisional, also when it
    // begins and ends in years that are known.
    let through = Calendar::new(&[object(2025, false, &[], &[])]);
    let long = due(&through, "2024-12-31", 262);
    assert_eq!((long.day().year(), long.provisional), (2026, true));
    assert_eq!(long.notes.iter().filter(|note| note.kind == NoteKind::Unpublished).count(), 1);
}

#[test]
fn an_object_of_the_cluster_wins_over_what_is_built_in() {
    let moved = object(2026, true, &["2026-10-01", "2026-10-02"], &["2026-10-10"]);
    let calendar = Calendar::new(&[moved]);
    assert_eq!(due(&calendar, "2026-09-30", 3).day(), date(2026, 10, 7));
    assert_eq!(calendar.year(2026).origin, Origin::Object { name: "y2026".to_owned() });
    assert_eq!(calendar.year(2025).origin, Origin::BuiltIn);

    let next = Calendar::new(&[object(2027, true, &["2027-01-01"], &["2027-01-02"])]);
    let known = due(&next, "2026-12-31", 1);
    assert_eq!((known.day(), known.provisional), (date(2027, 1, 2), false));

    // Withdrawn by the cluster: it counts Monday to Friday again, whatever the lists say.
    let withdrawn = Calendar::new(&[object(2026, false, &["2026-10-02"], &[])]);
    let provisional = due(&withdrawn, "2026-09-30", 3);
    assert_eq!((provisional.day(), provisional.provisional), (date(2026, 10, 5), true));
}

#[test]
fn an_object_that_isnt_right_leaves_its_year_as_it_was() {
    let calendar = Calendar::new(&[object(2026, true, &["2026-10-02", "2026-10-01"], &[])]);
    assert_eq!(calendar.year(2026).workdays, 248);
    let [ignored] = calendar.ignored() else { panic!("{:?}", calendar.ignored()) };
    assert_eq!((ignored.name.as_str(), ignored.flaws[0].field.as_str()), ("y2026", "spec.holidays[1]"));
}

#[test]
fn notes_say_why_a_due_date_is_what_it_is() {
    let zh = |submitted: &str, workdays| -> Vec<String> {
        due(&Calendar::default(), submitted, workdays).notes.into_iter().map(|note| note.zh).collect()
    };
    assert_eq!(zh("2026-09-30", 3), ["10月1日至7日放假", "10月10日(周六)调休上班"]);
    assert_eq!(
        zh("2026-10-03", 3),
        ["10月3日(周六)不是工作日, 视为10月8日(周四)提交", "10月1日至7日放假", "10月10日(周六)调休上班"]
    );
    assert_eq!(zh("2025-01-27 17:31", 1), ["17:30以后提交, 视为2月5日(周三)提交", "1月28日至2月4日放假"]);
    assert_eq!(zh("2024-12-31", 1), ["1月1日(周三)放假"]);
    assert_eq!(zh("2026-12-31", 1), ["2027年放假安排尚未公布, 暂定"]);
    assert_eq!(zh("2026-11-23", 2), [""; 0]);
    let saturday = Note::makeup_workday(date(2026, 10, 10));
    assert_eq!(saturday.en, "Saturday 10 October is worked for a holiday");
    assert_eq!(serde_json::to_value(&saturday).unwrap()["kind"], "MakeupWorkday");
    assert_eq!(
        Note::holiday(date(2026, 10, 1), date(2026, 10, 7)).en,
        "Thursday 1 October to Wednesday 7 October are holidays"
    );
    assert_eq!(due(&Calendar::default(), "2024-01-01", WORKDAYS_MAX).notes.len(), NOTES_MAX);
}

/// Stopped, what is left, let go again, when it ends.
#[test]
fn a_clock_that_stopped_goes_on_with_what_was_left() {
    let left = |workdays, minutes, overdue| Remaining { workdays, minutes, overdue };
    let cases = [
        // Two days are left, however early or late on the day it is returned and resubmitted.
        ("2026-11-26", "2026-11-24 08:00", left(2, 0, false), "2026-12-04 08:00", "2026-12-08"),
        ("2026-11-26", "2026-11-24 17:30", left(2, 0, false), "2026-12-04 17:30", "2026-12-08"),
        ("2026-11-26", "2026-11-24 17:31", left(1, 0, false), "2026-12-04 17:31", "2026-12-08"),
        // Days off while it stands don't count, and days off after it pass as for anybody else.
        ("2026-09-30", "2026-09-28", left(2, 0, false), "2026-10-07", "2026-10-10"),
        ("2026-10-10", "2026-09-30", left(3, 0, false), "2026-11-23", "2026-11-26"),
        ("2026-10-10", "2026-10-04", left(2, 0, false), "2026-10-04", "2026-10-10"),
        // On the last day the minutes count, and resubmitting late takes none of them away.
        ("2026-11-26", "2026-11-26 15:00", left(0, 150, false), "2026-12-03 09:00", "2026-12-03"),
        ("2026-11-26", "2026-11-26 15:00", left(0, 150, false), "2026-12-03 15:00", "2026-12-03"),
        ("2026-11-26", "2026-11-26 15:00", left(0, 150, false), "2026-12-03 15:01", "2026-12-04"),
        ("2026-11-26", "2026-11-26 15:00", left(0, 150, false), "2026-12-05 09:00", "2026-12-07"),
        ("2026-11-26", "2026-11-25 20:00", left(0, 480, false), "2026-12-03 09:30", "2026-12-03"),
        ("2026-11-26", "2026-11-26 00:00", left(0, 480, false), "2026-12-03 09:31", "2026-12-04"),
        ("2026-11-26", "2026-11-26 17:30", left(0, 0, false), "2026-12-03 17:30", "2026-12-03"),
        // What was missed has nothing left.
        ("2026-11-26", "2026-11-26 17:31", left(0, 0, true), "2026-12-03 09:00", "2026-12-03"),
        ("2026-11-26", "2026-12-01", left(0, 0, true), "2026-12-05", "2026-12-07"),
    ];
    let (calendar, cutoff) = (Calendar::default(), Cutoff::default());
    for (ends, stopped, expected, resumed, then) in cases {
        let remaining = calendar.pause(at(&format!("{ends} 17:30")), at(stopped), cutoff);
        assert_eq!(remaining, expected, "{ends} stopped {stopped}");
        let due = calendar.resume(remaining, at(resumed), cutoff);
        assert_eq!(due.written(), format!("{then}T17:30:00+08:00"), "{ends} stopped {stopped} resumed {resumed}");
    }
}

#[test]
fn the_ends_of_time_are_bounds_and_no_panics() {
    let calendar = Calendar::default();
    for at in [Timestamp::MIN, Timestamp::MAX] {
        for workdays in [0, 1, u32::MAX] {
            let due = calendar.due(at, workdays, Cutoff::default());
            assert!(due.day() >= FIRST && due.day() <= LAST);
            let left = calendar.pause(due.at, at, "23:59".parse().unwrap());
            let _ = calendar.resume(left, at, "12:00".parse().unwrap());
            let _ = calendar.pause(Timestamp::MAX, Timestamp::MIN, Cutoff::default());
            let _ = calendar.resume(Remaining { workdays, minutes: u32::MAX, overdue: false }, at, Cutoff::default());
        }
    }
    assert_eq!(due(&calendar, "2026-11-24", u32::MAX), due(&calendar, "2026-11-24", WORKDAYS_MAX));
    for year in [i16::MIN, -9999, 0, 9999, i16::MAX] {
        assert_eq!(calendar.year(year).months.len(), 12);
    }
    let _ = (calendar.is_workday(Date::MIN), calendar.next_workday(Date::MAX));
}

/// The chart's objects are the calendars that are built in.
#[test]
fn the_chart_ships_the_built_in_years() {
    let values: Value = serde_yaml_ng::from_str(include_str!("../../../charts/yunheng/values.yaml")).unwrap();
    let years = values["workCalendars"]["years"].as_array().unwrap();
    let objects: Vec<WorkCalendar> = years
        .iter()
        .map(|spec| {
            let name = format!("y{}", spec["year"]);
            serde_json::from_value(json!({
                "apiVersion": "yunheng.io/v1alpha1", "kind": "WorkCalendar", "metadata": {"name": name}, "spec": spec
            }))
            .unwrap()
        })
        .collect();
    let (built_in, shipped) = (Calendar::default(), Calendar::new(&objects));
    assert_eq!(shipped.ignored(), []);
    assert_eq!(objects.len(), 3);
    for number in 2024..=2026 {
        let mut year = shipped.year(number);
        assert_eq!(year.origin, Origin::Object { name: format!("y{number}") });
        year.origin = Origin::BuiltIn;
        assert_eq!(year, built_in.year(number));
    }
}
