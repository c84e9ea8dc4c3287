use serde_json::json;

use super::*;

const NOW: i64 = 1_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A report of this age in seconds.
fn report(age: i64) -> Report {
    let report = json!({
        "node": "n", "pool": "cec", "at": at(NOW - age), "logicalProcessors": 4, "processorModel": "",
        "memoryBytes": 8_000_000_000_u64, "memoryAvailableBytes": 0, "loadMillis": 0, "disks": []
    });
    serde_json::from_value(report).unwrap()
}

fn node(cpu: &str, memory: &str, simulated: bool) -> Node {
    let labels = if simulated { json!({"yunheng.io/simulated": "true"}) } else { json!({}) };
    serde_json::from_value(json!({
        "metadata": {"name": "n", "labels": labels},
        "status": {"allocatable": {"cpu": cpu, "memory": memory}, "conditions": [{"type": "Ready", "status": "True"}]}
    }))
    .unwrap()
}

fn declared(storage: u64) -> PerResource<Option<Amount>> {
    PerResource { cpu: None, memory: None, storage: Some(Amount::new(storage)) }
}

#[test]
fn the_nodes_are_added_up_and_storage_is_as_declared() {
    let (a, b) = (node("255500m", "340G", true), node("256", "340G", true));
    let figure = figure(&[&a, &b], &[], declared(1_286_000_000_000_000)).unwrap();
    assert_eq!(figure.cpu.as_deref(), Some("511500m"));
    assert_eq!(figure.memory.as_deref(), Some("680G"));
    assert_eq!(figure.storage.as_deref(), Some("1286T"));
    assert_eq!((figure.nodes, figure.simulated), (2, true));
}

#[test]
fn nothing_known_is_no_figure() {
    assert_eq!(figure(&[], &[], PerResource::default()), None);
}

#[test]
fn the_age_is_renewed_when_it_says_something() {
    let one = node("1", "1G", false);
    let seen = || figure(&[&one], &[], PerResource::default()).unwrap();
    let first = with_age(seen(), None, at(1_000));
    let soon = with_age(seen(), Some(&first), at(1_100));
    assert_eq!(soon, first);
    let later = with_age(seen(), Some(&first), at(1_300));
    assert_eq!(later.observed_at.unwrap().0, at(1_300));
}

/// A host whose clock is wrong by more than a minute would count long after it has fallen silent.
#[test]
fn a_report_counts_while_it_is_fresh() {
    let fresh: Vec<i64> =
        [-3_600, -61, -60, 0, 300, 301].into_iter().filter(|age| is_fresh(&report(*age), at(NOW))).collect();
    assert_eq!(fresh, [-60, 0, 300]);
}

/// Nothing happens when a host falls silent: somebody has to look at the right time.
#[test]
fn somebody_looks_when_a_figure_may_be_another() {
    let look = |physical: Option<&PhysicalStatus>, ages: &[i64]| {
        let reports: Vec<Report> = ages.iter().map(|age| report(*age)).collect();
        look_again(physical, &reports, at(NOW)).map(|wait| wait.as_secs())
    };
    let seen = |nodes, hosts_reporting, second| PhysicalStatus {
        nodes,
        hosts_reporting,
        observed_at: Some(Time(at(second))),
        ..PhysicalStatus::default()
    };
    assert_eq!(look(None, &[]), None);
    assert_eq!(look(None, &[100, 250]), Some(51), "the first becomes too old");
    assert_eq!(look(None, &[400]), None, "it is too old already");
    assert_eq!(look(None, &[-160]), Some(101), "it comes to be believed");
    assert_eq!(look(Some(&seen(3, Some(0), NOW - 200)), &[]), Some(101), "it is written again");
    assert_eq!(look(Some(&seen(0, Some(1), NOW - 299)), &[10]), Some(2));
    assert_eq!(look(Some(&seen(0, Some(0), NOW - 200)), &[]), None, "what is declared doesn't age");
    let ancient = Report { at: Timestamp::MIN, ..report(0) };
    assert_eq!(look_again(None, &[ancient], at(NOW)), None);
}
