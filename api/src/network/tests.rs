use jiff::Timestamp;
use kube::runtime::watcher::Event;
use serde_json::{Value, json};

use super::*;
use crate::world::World;

fn link(name: &str, level: &str, uplink: &str, status: &Value) -> ExtranetLink {
    serde_json::from_value(json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "ExtranetLink", "metadata": {"name": name},
        "spec": {"displayName": format!("{name}名"), "level": level, "uplinks": [uplink], "class": "county",
            "probe": {"icmp": {"address": "127.65.1.3"}}},
        "status": status,
    }))
    .unwrap()
}

fn incident(name: &str, root: &str, started: &str, status: &Value) -> LinkIncident {
    serde_json::from_value(json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "LinkIncident", "metadata": {"name": name},
        "spec": {"root": root, "startedAt": started}, "status": status,
    }))
    .unwrap()
}

/// County 1 is down with a township and a village below it; county 2 is up.
fn network() -> Network {
    let world = World::default();
    for link in [
        link("county-1", "County", "city-core", &json!({"state": "Down", "since": "2026-11-24T00:00:00.000000Z"})),
        link("county-2", "County", "city-core", &json!({"state": "Up"})),
        link("town-1", "Township", "county-1", &json!({"state": "Unreachable", "rootCause": "county-1"})),
        link("village-1", "Village", "town-1", &json!({"state": "Unreachable", "rootCause": "county-1"})),
        link("village-2", "Village", "town-2", &Value::Null),
    ] {
        world.apply(Event::Apply(link));
    }
    let open = json!({"state": "Open", "links": ["county-1", "town-1"], "affected": {"county": 1, "total": 3}});
    let over = json!({"state": "Resolved", "endedAt": "2026-11-20T01:00:00.000000Z"});
    world.apply(Event::Apply(incident("cut", "county-1", "2026-11-24T00:00:00.000000Z", &open)));
    world.apply(Event::Apply(incident("earlier", "county-2", "2026-11-20T00:00:00.000000Z", &over)));
    Network::of(&world.read())
}

fn names(params: &LinkParams) -> Vec<String> {
    network().links(params).unwrap().items.into_iter().map(|link| link.name).collect()
}

#[test]
fn the_summary_counts_each_link_once_and_names_both_numbers_of_villages() {
    let summary = network().summary(&Age { as_of: Timestamp::UNIX_EPOCH, stale: false });
    let expected = StateCounts { up: 1, down: 1, unreachable: 2, unknown: 1, total: 5, ..StateCounts::default() };
    assert_eq!(summary.states, expected);
    let of = |level| summary.levels.iter().find(|one| one.level == level).unwrap().states.total;
    assert_eq!([LinkLevel::Interconnect, LinkLevel::County, LinkLevel::Village].map(of), [0, 2, 2]);
    assert_eq!((summary.villages.registered, summary.villages.reported), (2, 2_572));
    assert_eq!((summary.open_incidents, summary.unacknowledged_incidents), (1, 1));
    assert!(summary.vantage.is_none());
}

#[test]
fn lists_are_cut_by_place_and_state() {
    let all = LinkParams::default;
    assert_eq!(names(&all()), ["county-1", "county-2", "town-1", "village-1", "village-2"]);
    assert_eq!(names(&LinkParams { under: Some("county-1".into()), ..all() }), ["county-1", "town-1", "village-1"]);
    assert_eq!(names(&LinkParams { under: Some("city-core".into()), ..all() }).len(), 5);
    assert_eq!(names(&LinkParams { under: Some("nowhere".into()), ..all() }), [""; 0]);
    assert_eq!(names(&LinkParams { uplink: Some("city-core".into()), ..all() }), ["county-1", "county-2"]);
    assert_eq!(names(&LinkParams { uplink: Some("county-1".into()), ..all() }), ["town-1"]);
    assert_eq!(names(&LinkParams { down: Some(true), ..all() }), ["county-1", "town-1", "village-1"]);
    assert_eq!(names(&LinkParams { state: Some(LinkState::Unknown), ..all() }), ["village-2"]);
    assert_eq!(names(&LinkParams { level: Some(LinkLevel::Village), ..all() }), ["village-1", "village-2"]);
    assert_eq!(names(&LinkParams { q: Some(" TOWN-1名 ".into()), ..all() }), ["town-1"]);
}

#[test]
fn a_page_goes_on_where_the_one_before_ended() {
    let first = network().links(&LinkParams { limit: Some(2), ..LinkParams::default() }).unwrap();
    assert_eq!((first.total, first.items.len()), (5, 2));
    let params = LinkParams { limit: Some(2), r#continue: first.next.clone(), ..LinkParams::default() };
    assert_eq!(names(&params), ["town-1", "village-1"]);
    let other = LinkParams { r#continue: first.next, down: Some(true), ..LinkParams::default() };
    assert!(matches!(network().links(&other), Err(Failure::Cursor)), "a cursor of another list");
}

#[test]
fn a_link_says_what_hangs_below_it_and_what_stands_above() {
    let county = network().link("county-1").unwrap();
    assert_eq!((county.children, county.below.total, county.below.unreachable), (1, 2, 2));
    assert_eq!(county.above, [""; 0]);
    let village = network().link("village-1").unwrap();
    assert_eq!(village.above, ["town-1", "county-1"]);
    assert_eq!((village.state, village.root_cause.as_deref()), (LinkState::Unreachable, Some("county-1")));
    assert!(network().link("nowhere").is_none());
    assert_eq!(network().link("village-2").unwrap().state, LinkState::Unknown, "what nobody has seen is unknown");
}

#[test]
fn uplinks_in_a_circle_come_to_an_end() {
    let world = World::default();
    world.apply(Event::Apply(link("a", "County", "b", &Value::Null)));
    world.apply(Event::Apply(link("b", "County", "a", &Value::Null)));
    let a = Network::of(&world.read()).link("a").unwrap();
    assert_eq!((a.below.total, a.above), (1, vec!["b".to_owned(), "a".to_owned()]));
}

#[test]
fn incidents_are_listed_newest_first_and_by_what_they_hit() {
    let listed = |params: IncidentParams| {
        let page = network().incidents(&params).unwrap();
        page.items.into_iter().map(|incident| incident.name).collect::<Vec<_>>()
    };
    let all = IncidentParams::default;
    assert_eq!(listed(all()), ["cut", "earlier"]);
    assert_eq!(listed(IncidentParams { open: Some(true), ..all() }), ["cut"]);
    assert_eq!(listed(IncidentParams { open: Some(false), ..all() }), ["earlier"]);
    assert_eq!(listed(IncidentParams { link: Some("town-1".into()), ..all() }), ["cut"]);
    assert_eq!(listed(IncidentParams { link: Some("county-2".into()), ..all() }), ["earlier"]);
    let cut = network().incident("cut").unwrap();
    assert!(cut.open && cut.root_name.as_deref() == Some("county-1名") && cut.affected.total == 3);
    assert!(network().incident("none").is_none());
}
