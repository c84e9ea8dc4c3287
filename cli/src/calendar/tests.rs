use clap::Parser;
use serde_json::json;
use unicode_width::UnicodeWidthStr;

use super::*;

fn due(from: &str, days: u32) -> DueReport {
    due_report(&Calendar::default(), &Policy::default(), parse_moment(from).unwrap(), days, Vec::new())
}

fn year(calendar: &Calendar, number: i16) -> String {
    let report = YearReport { year: calendar.year(number), ignored: ignored(calendar) };
    let text = year_text(&report, Width::Narrow);
    assert!(text.lines().all(|line| line.width() <= table::COLUMNS), "{text}");
    text
}

fn object(name: &str, spec: &serde_json::Value) -> WorkCalendar {
    let object =
        json!({"apiVersion": "yunheng.io/v1alpha1", "kind": "WorkCalendar", "metadata": {"name": name}, "spec": spec});
    serde_json::from_value(object).unwrap()
}

#[test]
fn a_due_date_comes_with_its_reasons() {
    let expected = "\
due 2026-10-10 Sat 17:30
3 working days from 2026-09-30T10:00:00+08:00; cutoff 17:30
- Thursday 1 October to Wednesday 7 October are holidays (10月1日至7日放假)
- Saturday 10 October is worked for a holiday (10月10日(周六)调休上班)
";
    assert_eq!(due_text(&due("2026-09-30T10:00", 3)), expected);
    let value = serde_json::to_value(due("2026-09-30T10:00", 3)).unwrap();
    assert_eq!(value["dueAt"], "2026-10-10T17:30:00+08:00");
    assert_eq!(value["notes"][1]["kind"], "MakeupWorkday");
    assert!(
        due_text(&due("2027-01-04", 1)).starts_with("due 2027-01-05 Tue 17:30, provisional (暂定)\n1 working day ")
    );
}

#[test]
fn a_moment_is_the_citys_unless_it_says_otherwise() {
    for text in ["2026-09-30T18:00", "2026-09-30 18:00:00", "2026-09-30T18:00+08:00", "2026-09-30T10:00Z"] {
        assert_eq!(due(text, 3).due_at, "2026-10-12T17:30:00+08:00", "{text}");
    }
    assert_eq!(due("2026-09-30", 3).from, "2026-09-30T00:00:00+08:00");
    for wrong in ["", "today", "2026-13-01", "30.9.2026", "18:00"] {
        assert!(parse_moment(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_year_shows_its_months_and_what_is_out_of_the_ordinary() {
    let text = year(&Calendar::default(), 2026);
    let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{text}"));
    let words = |start: &str| line(start).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words("2026-02"), "2026-02 16 02-15…02-23 02-14 Sat, 02-28 Sat");
    assert_eq!(words("2026-10"), "2026-10 18 10-01…10-07 10-10 Sat");
    assert_eq!(words("2026-11"), "2026-11 21");
    assert_eq!(words("total"), "total 248");
    assert!(line("2026: published, built in: ").contains("2026年部分节假日安排"), "{text}");
}

#[test]
fn a_year_nobody_has_published_says_so() {
    let text = year(&Calendar::default(), 2031);
    let told = "2031: provisional (暂定), no WorkCalendar y2031: not published, Monday to Friday count\n";
    assert!(text.ends_with(told), "{text}");
    let wrong = object("y2026", &json!({"year": 2026, "sourceDocument": "x", "published": true}));
    let text = year(&Calendar::new(&[wrong]), 2026);
    assert!(text.contains("WorkCalendar y2026 isn't used: spec.holidays is empty"), "{text}");
}

#[test]
fn a_year_or_a_due_date_can_be_typed() {
    let parse = |line: &str| crate::args::Arguments::try_parse_from(line.split(' '));
    for good in [
        "kubectl-yunheng calendar",
        "kubectl-yunheng calendar 2026 -o wide",
        "kubectl-yunheng calendar due --from 2026-09-30T10:00 --days 3",
        "kubectl-yunheng calendar due --days 3 -o json",
    ] {
        assert!(parse(good).is_ok(), "{good}");
    }
    for wrong in [
        "kubectl-yunheng calendar 26",
        "kubectl-yunheng calendar next",
        "kubectl-yunheng calendar due",
        "kubectl-yunheng calendar due --days -1",
        "kubectl-yunheng calendar due --days 1001",
        "kubectl-yunheng calendar due --days 3 --from yesterday",
        "kubectl-yunheng calendar 2026 due --days 3",
    ] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}
