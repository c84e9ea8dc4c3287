use jiff::civil::date;
use serde_json::{Value, json};

use super::*;

fn spec(process: &[Value]) -> CloudPolicySpec {
    serde_json::from_value(json!({"process": process, "cityTotals": {
        "capacity": {"cpu": "1", "memory": "1G", "storage": "1T"}, "source": "x", "asOf": "2020-07-17",
        "applications": {"nationalProvincial": 0, "municipal": 0, "county": 0}
    }}))
    .unwrap()
}

fn value(key: &str, value: &str, from: &str) -> Value {
    json!({"key": key, "value": value, "source": "x", "effectiveFrom": from})
}

fn bundle(cpu: &str, memory: &str, storage: &str) -> Bundle {
    crate::amounts::Resources { cpu: cpu.into(), memory: memory.into(), storage: storage.into() }.parse().unwrap()
}

#[test]
fn the_defaults_are_the_products() {
    let expected = Policy {
        accept_workdays: 3,
        opinion_workdays: 2,
        test_open_workdays: 2,
        test_period_days: 15,
        path: ApprovalPath::Staged,
        offer_answer_workdays: 5,
        offer_rounds_max: 2,
        returned_lapse_workdays: 15,
        withdraw_undo_seconds: 60,
        four_eyes: FourEyes { is_on: true, for_new_applications: true, above: bundle("64", "128G", "10T") },
        cutoff: Cutoff::default(),
        warn_days: vec![30, 7, 1],
    };
    assert_eq!(Policy::default(), expected);
    assert_eq!(Policy::on(None, date(2026, 11, 24)), expected);
    assert_eq!(Policy::on(Some(&spec(&[])), date(2026, 11, 24)), expected);
}

#[test]
fn a_value_counts_from_its_day_on() {
    let spec = spec(&[
        value("sla.accept", "5", "2026-06-01"),
        value("sla.accept", "4", "2026-01-01"),
        value("sla.accept", "7", "2027-01-01"),
        value("workday.cutoff", "18:00", "2026-01-01"),
        value("temporary.warnDays", "1,14,60,14", "2026-01-01"),
        value("approval.fourEyes", "off", "2026-06-01"),
        value("approval.fourEyes.cpu", "32", "2026-01-01"),
        value("withdraw.undo", "0", "2026-01-01"),
    ]);
    let on = |year, month, day| Policy::on(Some(&spec), date(year, month, day));
    let accept = [(2025, 12, 31, 3), (2026, 1, 1, 4), (2026, 5, 31, 4), (2026, 6, 1, 5), (2027, 1, 1, 7)];
    for (year, month, day, expected) in accept {
        assert_eq!(on(year, month, day).accept_workdays, expected, "{year}-{month}-{day}");
    }
    let today = on(2026, 11, 24);
    assert_eq!((today.cutoff.to_string().as_str(), today.withdraw_undo_seconds), ("18:00", 0));
    assert_eq!(today.warn_days, [60, 14, 1]);
    assert!(!today.four_eyes.is_on && on(2026, 5, 31).four_eyes.is_on);
    assert_eq!(today.four_eyes.above, bundle("32", "128G", "10T"));
}

/// Whatever an object carries that the API server let in once, no value is ever missing.
#[test]
fn what_cant_be_read_leaves_the_one_before_in_force() {
    let spec = spec(&[
        value("sla.accept", "5", "2026-01-01"),
        value("sla.accept", "many", "2026-02-01"),
        value("sla.accept", "99999999999", "2026-03-01"),
        value("sla.opinion", "0", "2026-01-01"),
        value("sla.testOpen", "9", "whenever"),
        value("workday.cutoff", "noon", "2026-01-01"),
        value("approval.fourEyes.memory", "128", "2026-01-01"),
        value("no.such.key", "1", "2026-01-01"),
    ]);
    assert_eq!(Policy::on(Some(&spec), date(2026, 11, 24)), Policy { accept_workdays: 5, ..Policy::default() });
}

#[test]
fn four_eyes_are_needed_above_the_bound_and_for_new_applications() {
    let rule = Policy::default().four_eyes;
    let cases = [
        (false, bundle("64", "128G", "10T"), false),
        (false, bundle("64001m", "0", "0"), true),
        (false, bundle("0", "129G", "0"), true),
        (false, bundle("0", "0", "10001G"), true),
        (false, Bundle::ZERO, false),
        (true, bundle("1", "1G", "1G"), true),
    ];
    for (new, increase, expected) in cases {
        assert_eq!(rule.is_needed(new, increase), expected, "{new} {increase:?}");
        assert!(!FourEyes { is_on: false, ..rule }.is_needed(new, increase));
    }
    assert!(!FourEyes { for_new_applications: false, ..rule }.is_needed(true, Bundle::ZERO));
}

/// The chart's CloudPolicy says what the product does without one, each value with its source.
#[test]
fn the_chart_ships_the_defaults() {
    let shipped: Value = serde_yaml_ng::from_str(include_str!("../../../charts/yunheng/values.yaml")).unwrap();
    let process: Vec<ProcessValue> = serde_json::from_value(shipped["cloudPolicy"]["process"].clone()).unwrap();
    let of = |key: &Key| (key.key.to_owned(), key.default.to_owned(), key.source.to_owned());
    let shipped: Vec<_> = process.into_iter().map(|value| (value.key, value.value, value.source)).collect();
    assert_eq!(shipped, KEYS.iter().map(of).collect::<Vec<_>>());
}

#[test]
fn what_has_begun_on_the_staged_way_ends_on_it() {
    for phase in Phase::ALL {
        assert_eq!(ApprovalPath::Staged.way_from(phase), ApprovalPath::Staged, "{phase:?}");
        let begun = matches!(phase, Phase::Accepted | Phase::TechReview | Phase::Offered | Phase::Returned);
        let expected = if begun { ApprovalPath::Staged } else { ApprovalPath::Direct };
        assert_eq!(ApprovalPath::Direct.way_from(phase), expected, "{phase:?}");
    }
}
