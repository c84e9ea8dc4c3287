use serde_json::{Value, json};

use super::*;
use crate::v1alpha1::CloudPolicy;

fn calendar(name: &str, spec: &Value) -> WorkCalendar {
    let object =
        json!({"apiVersion": "yunheng.io/v1alpha1", "kind": "WorkCalendar", "metadata": {"name": name}, "spec": spec});
    serde_json::from_value(object).unwrap()
}

fn spec(year: i32, holidays: &[&str], makeup: &[&str]) -> Value {
    json!({"year": year, "holidays": holidays, "makeupWorkdays": makeup, "sourceDocument": "a notice", "published": true})
}

fn policy(process: &Value) -> CloudPolicy {
    serde_json::from_value(json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "CloudPolicy", "metadata": {"name": "default"},
        "spec": {"process": process, "cityTotals": {
            "capacity": {"cpu": "1", "memory": "1G", "storage": "1T"}, "source": "x", "asOf": "2020-07-17",
            "applications": {"nationalProvincial": 0, "municipal": 0, "county": 0}
        }}
    }))
    .unwrap()
}

fn told(flaws: &[Flaw]) -> Vec<String> {
    flaws.iter().map(ToString::to_string).collect()
}

/// Each bad calendar gets the same verdict from our sentences and from the rules in the CRD.
#[test]
fn a_bad_calendar_is_named_by_its_field_and_refused_by_the_rules_too() {
    let mut no_source = spec(2027, &["2027-01-01"], &[]);
    no_source["sourceDocument"] = json!("");
    let cases = [
        ("y2026", spec(2027, &["2027-01-01"], &[]), "metadata.name isn't y2027, the name of that year's calendar"),
        ("y2027", spec(2027, &["2026-12-31"], &[]), "spec.holidays[0] isn't a day of 2027"),
        ("y2027", spec(2027, &["2027-01-01"], &["2026-12-26"]), "spec.makeupWorkdays[0] isn't a day of 2027"),
        ("y2027", spec(2027, &["2027-02-29"], &[]), "spec.holidays[0] isn't a date: write it as 2026-10-01"),
        ("y2027", spec(2027, &["2027-1-1"], &[]), "spec.holidays[0] isn't a date: write it as 2026-10-01"),
        (
            "y2027",
            spec(2027, &["2027-01-02", "2027-01-01"], &[]),
            "spec.holidays[1] isn't after the day before it in the list: write each day once, in order",
        ),
        (
            "y2027",
            spec(2027, &["2027-01-01", "2027-01-01"], &[]),
            "spec.holidays[1] isn't after the day before it in the list: write each day once, in order",
        ),
        (
            "y2027",
            spec(2027, &["2027-01-02"], &["2027-01-02"]),
            "spec.makeupWorkdays[0] is a holiday too: a day is one of the two",
        ),
        (
            "y2027",
            spec(2027, &["2027-01-01"], &["2027-01-04"]),
            "spec.makeupWorkdays[0] is a Monday: only a Saturday or Sunday is made a working day",
        ),
        ("y2027", spec(2027, &[], &[]), "spec.holidays is empty: a published year has holidays"),
    ];
    for (name, spec, expected) in cases {
        let object = calendar(name, &spec);
        assert_eq!(told(&work_calendar(&object)), [expected]);
        assert!(object.validate_cel().is_err(), "the rules accept what is wrong: {expected}");
    }
    // These are bounds of the schema itself, which no CEL rule repeats.
    assert_eq!(
        told(&work_calendar(&calendar("y2027", &no_source))),
        ["spec.sourceDocument has 0 characters: write 1 to 300"]
    );
    let many: Vec<String> =
        (0..61).map(|day| Date::constant(2027, 1, 1).saturating_add(jiff::Span::new().days(day)).to_string()).collect();
    let many = spec(2027, &many.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
    assert_eq!(told(&work_calendar(&calendar("y2027", &many))), ["spec.holidays has 61 items: at most 60"]);
    let far = spec(2200, &["2200-01-01"], &[]);
    assert_eq!(told(&work_calendar(&calendar("y2200", &far))), ["spec.year is 2200: write a year from 2000 to 2199"]);
}

#[test]
fn a_good_calendar_passes_both() {
    let mut draft = spec(2027, &[], &[]);
    draft["published"] = json!(false);
    let good = [
        calendar("y2026", &spec(2026, &["2026-01-01", "2026-01-02", "2026-01-03"], &["2026-01-04"])),
        calendar("y2024", &spec(2024, &["2024-02-29"], &[])),
        calendar("y2027", &draft),
    ];
    for object in good {
        assert_eq!(work_calendar(&object), []);
        object.validate_cel().unwrap();
    }
}

#[test]
fn a_bad_value_is_named_by_its_key_and_refused_by_the_rules_too() {
    let number = |min, max, unit| format!("isn't a whole number of {min} to {max} {unit}");
    let cases = [
        ("sla.accept", "0", number(1, 60, "working days")),
        ("sla.accept", "three", number(1, 60, "working days")),
        ("sla.opinion", "61", number(1, 60, "working days")),
        ("sla.testOpen", "02", number(1, 60, "working days")),
        ("offer.answerWithin", "+5", number(1, 60, "working days")),
        ("returned.lapseAfter", "251", number(1, 250, "working days")),
        ("test.period", "367", number(1, 366, "calendar days")),
        ("offer.maxRounds", "11", number(1, 10, "offers")),
        ("withdraw.undo", "3601", number(0, 3600, "seconds")),
        ("approval.fourEyes", "true", "is neither on nor off".to_owned()),
        ("approval.fourEyes.newApplications", "yes", "is neither on nor off".to_owned()),
        ("approval.fourEyes.cpu", "-64", "is negative: an amount is zero or more".to_owned()),
        (
            "approval.fourEyes.memory",
            "128",
            "has no unit: write 128G or 128Gi (G is 10^9 bytes, Gi is 2^30)".to_owned(),
        ),
        ("approval.fourEyes.storage", "1.5T", "has a fraction: write it in a smaller unit, such as 1500G".to_owned()),
        ("workday.cutoff", "5:30", "isn't a time from 12:00 to 23:59: write it as 17:30".to_owned()),
        ("workday.cutoff", "11:59", "isn't a time from 12:00 to 23:59: write it as 17:30".to_owned()),
        ("workday.cutoff", "24:00", "isn't a time from 12:00 to 23:59: write it as 17:30".to_owned()),
        (
            "temporary.warnDays",
            "30, 7, 1",
            "isn't a list of at most 10 numbers of days from 1 to 366: write it as 30,7,1".to_owned(),
        ),
        (
            "temporary.warnDays",
            "367",
            "isn't a list of at most 10 numbers of days from 1 to 366: write it as 30,7,1".to_owned(),
        ),
        (
            "temporary.warnDays",
            "1,2,3,4,5,6,7,8,9,10,11",
            "isn't a list of at most 10 numbers of days from 1 to 366: write it as 30,7,1".to_owned(),
        ),
    ];
    for (key, value, cause) in cases {
        let object = policy(&json!([{"key": key, "value": value, "source": "x", "effectiveFrom": "2026-01-01"}]));
        let expected = format!("spec.process[0].value of {key} {cause}");
        assert_eq!(told(&process(&object.spec.process)), [expected.as_str()]);
        let refused = object.validate_cel().expect_err(&expected);
        assert!(format!("{refused:?}").contains(key), "{key} isn't named: {refused:?}");
    }
}

#[test]
fn keys_and_days_are_checked_too() {
    let object = policy(&json!([
        {"key": "sla.acept", "value": "3", "source": "x", "effectiveFrom": "2026-01-01"},
        {"key": "sla.accept", "value": "3", "source": "x", "effectiveFrom": "soon"},
        {"key": "sla.opinion", "value": "3", "source": "x", "effectiveFrom": "2026-01-01"},
        {"key": "sla.opinion", "value": "4", "source": "x", "effectiveFrom": "2026-01-01"}
    ]));
    let expected = [
        "spec.process[0].key isn't a key that is known: sla.acept",
        "spec.process[1].effectiveFrom isn't a date: write it as 2026-10-01",
        "spec.process[3].key is there twice from the same day on: sla.opinion",
    ];
    assert_eq!(told(&process(&object.spec.process)), expected);
    let refused = format!("{:?}", object.validate_cel().unwrap_err());
    assert!(refused.contains("key isn't known") && refused.contains("effectiveFrom must be a date"), "{refused}");
}

#[test]
fn every_default_passes_both() {
    let values: Vec<Value> = crate::policy::KEYS
        .iter()
        .map(|key| json!({"key": key.key, "value": key.default, "source": key.source, "effectiveFrom": "2026-01-01"}))
        .collect();
    let object = policy(&json!(values));
    assert_eq!(process(&object.spec.process), []);
    object.validate_cel().unwrap();
}
