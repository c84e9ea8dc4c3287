use serde_json::json;

use super::*;

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
    let at = |second| Timestamp::from_second(second).unwrap();
    let one = node("1", "1G", false);
    let seen = || figure(&[&one], &[], PerResource::default()).unwrap();
    let first = with_age(seen(), None, at(1_000));
    let soon = with_age(seen(), Some(&first), at(1_100));
    assert_eq!(soon, first);
    let later = with_age(seen(), Some(&first), at(1_300));
    assert_eq!(later.observed_at.unwrap().0, at(1_300));
}
