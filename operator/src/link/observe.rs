//! Objects become what core and prober work with. No client, no clock.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use extranet::class::{Class, LossRule};
use extranet::engine::{Expect, Probe, TargetSpec};
use extranet::maintenance::Window;
use extranet::model::{Level, LinkIx, Span, Stamp};
use extranet::sample::Target;
use extranet::tree::{LinkSpec, Tree};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use resources::v1alpha1::{
    CloudPolicySpec, ExtranetLink, LinkClass, LinkLevel, LinkProbe, MaintenanceWindow, TcpExpect,
};

use super::roster::Roster;

/// Anchors are probed like first-level links, and are not seen at all after half a second more.
const ANCHOR_EVERY: Span = Span::secs(1);

/// What is probed, and how it hangs together.
#[derive(Debug)]
pub struct Table {
    pub tree: Tree,
    pub targets: Vec<TargetSpec>,
    pub anchors: u8,
}

/// Everything that decides the table.
#[derive(Debug)]
pub struct Sources<'a> {
    pub links: &'a HashMap<String, Arc<ExtranetLink>>,
    pub policy: Option<&'a CloudPolicySpec>,
    pub anchors: &'a [String],
    pub today: Date,
}

/// The table as the objects want it. What can't be read is left out of probing and stays unknown.
#[must_use]
pub fn table(roster: &Roster, sources: &Sources<'_>) -> Table {
    let specs: Vec<LinkSpec> = roster
        .names()
        .enumerate()
        .map(|(n, name)| match name.and_then(|name| sources.links.get(name)) {
            Some(link) => link_spec(link, sources),
            // Nobody's place: never probed, never shown.
            None => LinkSpec { paused: true, ..LinkSpec::new(format!("~{n}"), Level::Village, &[]) },
        })
        .collect();
    let tree = Tree::new(specs);
    let mut targets = Vec::with_capacity(tree.len() + sources.anchors.len());
    let anchors: Vec<IpAddr> = sources.anchors.iter().filter_map(|anchor| anchor.parse().ok()).collect();
    for (n, address) in (0_u8..).zip(&anchors) {
        targets.push(TargetSpec {
            target: Target::Anchor(n),
            uid: format!("anchor-{address}"),
            probe: Probe::Icmp(*address),
            interval: ANCHOR_EVERY,
            timeout: ANCHOR_EVERY,
            lines: Vec::new(),
        });
    }
    for n in 0..tree.len() as u32 {
        let link = LinkIx(n);
        let object = roster.name(link).and_then(|name| sources.links.get(name));
        if let (Some(object), Some(spec)) = (object, tree.link(link))
            && let Some(target) = target(link, object, spec, &tree)
        {
            targets.push(target);
        }
    }
    Table { tree, targets, anchors: u8::try_from(anchors.len()).unwrap_or(u8::MAX) }
}

fn link_spec(link: &ExtranetLink, sources: &Sources<'_>) -> LinkSpec {
    let spec = &link.spec;
    let level = level_of(spec.level);
    LinkSpec {
        name: link.name_any(),
        level,
        class: class(sources.policy, &spec.class, level, sources.today),
        uplinks: spec.uplinks.clone(),
        silent: spec.probe.none.is_some(),
        in_service_since: spec.in_service_since.as_ref().map_or(Stamp::NEVER, stamp),
        paused: spec.paused.is_some(),
    }
}

fn target(link: LinkIx, object: &ExtranetLink, spec: &LinkSpec, tree: &Tree) -> Option<TargetSpec> {
    if spec.paused {
        return None;
    }
    let LinkProbe { icmp, tcp, none: _ } = &object.spec.probe;
    let (probe, timeout) = match (icmp, tcp) {
        (Some(icmp), _) => (Probe::Icmp(icmp.address.parse().ok()?), icmp.timeout_millis),
        (None, Some(tcp)) => {
            let address = SocketAddr::new(tcp.address.parse().ok()?, u16::try_from(tcp.port).ok()?);
            let expect = match tcp.expect {
                TcpExpect::Open => Expect::Open,
                TcpExpect::Reachable => Expect::Reachable,
            };
            (Probe::Tcp { address, expect }, tcp.timeout_millis)
        }
        (None, None) => return None,
    };
    let lines =
        tree.above(link).into_iter().filter_map(|above| Some((above, tree.link(above)?.class.uplink_rate))).collect();
    Some(TargetSpec {
        target: Target::Link(link),
        uid: object.uid().unwrap_or_else(|| object.name_any()),
        probe,
        interval: spec.class.interval,
        timeout: timeout.map_or(spec.class.timeout, Span::millis).min(spec.class.interval),
        lines,
    })
}

/// The class as the policy has it today, else the product's setting for the level.
#[must_use]
pub fn class(policy: Option<&CloudPolicySpec>, name: &str, level: Level, today: Date) -> Class {
    let effective =
        |class: &&LinkClass| class.name == name && class.effective_from.parse().is_ok_and(|day: Date| day <= today);
    let found = policy.and_then(|policy| {
        policy.link_classes.iter().filter(effective).max_by(|a, b| a.effective_from.cmp(&b.effective_from))
    });
    let default = Class::of(level);
    let Some(class) = found else { return default };
    let percent = |text: &str| text.parse::<f64>().ok().map(|percent| percent / 100.0);
    let count = |count: i32, otherwise: u32| u32::try_from(count).unwrap_or(otherwise);
    let interval = Span::millis(class.interval_millis);
    Class {
        interval,
        timeout: Span::millis(class.timeout_millis).min(interval),
        confirm_span: Span::millis(class.confirm_span_millis),
        confirmations: count(class.confirmations, default.confirmations),
        confirmations_lossy: count(class.confirmations_lossy, default.confirmations_lossy),
        loss: LossRule {
            enter_samples: count(class.loss.enter_samples, default.loss.enter_samples),
            enter_above: percent(&class.loss.enter_above_percent).unwrap_or(default.loss.enter_above),
            leave_samples: count(class.loss.leave_samples, default.loss.leave_samples),
            leave_at_most: percent(&class.loss.leave_at_most_percent).unwrap_or(default.loss.leave_at_most),
        },
        rtt_target: Span::millis(class.rtt_target_millis),
        slo: percent(&class.slo).unwrap_or(default.slo),
        uplink_rate: count(class.uplink_rate, default.uplink_rate),
    }
}

/// The windows as core takes them. `approved_at` says when each was approved, by its uid.
#[must_use]
pub fn windows(
    roster: &Roster,
    tree: &Tree,
    objects: &[Arc<MaintenanceWindow>],
    approved_at: &HashMap<String, Timestamp>,
) -> Vec<Window> {
    objects
        .iter()
        .map(|object| Window {
            links: covered(roster, tree, object),
            start: stamp(&object.spec.start),
            end: stamp(&object.spec.end),
            approved_at: object
                .uid()
                .and_then(|uid| approved_at.get(&uid))
                .map(|at| Stamp::from_micros(at.as_microsecond())),
            finished_early_at: object.spec.finished_early_at.as_ref().map(stamp),
        })
        .collect()
}

/// The links that a window names, and those below them if it says so; each once.
#[must_use]
pub fn covered(roster: &Roster, tree: &Tree, object: &MaintenanceWindow) -> Vec<LinkIx> {
    let named = object.spec.links.iter().filter_map(|name| roster.find(name));
    let all: BTreeSet<LinkIx> = named
        .flat_map(|link| {
            let below = if object.spec.include_below { tree.below(link) } else { Vec::new() };
            below.into_iter().chain([link])
        })
        .collect();
    all.into_iter().collect()
}

/// When a window was approved: at its creation if it is as it was created, else when it was first seen so.
#[must_use]
pub fn approved_at(object: &MaintenanceWindow, now: Timestamp) -> Option<Timestamp> {
    if object.spec.approved_by.is_empty() {
        return None;
    }
    let known = object.status.as_ref().and_then(|status| status.approved_at.as_ref()).map(|at| at.0);
    let unchanged = object.metadata.generation.is_none_or(|generation| generation <= 1);
    let created = object.metadata.creation_timestamp.as_ref().filter(|_| unchanged).map(|at| at.0);
    Some(known.or(created).unwrap_or(now))
}

#[must_use]
pub fn stamp(time: &Time) -> Stamp {
    Stamp::from_micros(time.0.as_microsecond())
}

/// The day in the city's time, UTC+8, without a time-zone database.
#[must_use]
pub fn day(now: Timestamp) -> Date {
    let offset = Offset::from_hours(8).unwrap_or(Offset::UTC);
    now.to_zoned(TimeZone::fixed(offset)).date()
}

#[must_use]
pub const fn level_of(level: LinkLevel) -> Level {
    match level {
        LinkLevel::Interconnect => Level::Interconnect,
        LinkLevel::Provider => Level::Provider,
        LinkLevel::County => Level::County,
        LinkLevel::Township => Level::Township,
        LinkLevel::Village => Level::Village,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn links(specs: &[(&str, Value)]) -> HashMap<String, Arc<ExtranetLink>> {
        let object = |(name, spec): &(&str, Value)| {
            let mut spec = spec.clone();
            for (key, value) in [("displayName", json!("x")), ("class", json!("county")), ("level", json!("County"))] {
                spec.as_object_mut().unwrap().entry(key).or_insert(value);
            }
            let spec = serde_json::from_value(spec).unwrap();
            let mut link = ExtranetLink::new(name, spec);
            link.metadata.uid = Some(format!("uid-{name}"));
            ((*name).to_owned(), Arc::new(link))
        };
        specs.iter().map(object).collect()
    }

    fn made(links: &HashMap<String, Arc<ExtranetLink>>) -> (Roster, Table) {
        let mut roster = Roster::default();
        roster.settle(&links.keys().cloned().collect(), Stamp::from_secs(0));
        let anchors = ["127.0.0.2".to_owned()];
        let sources = Sources { links, policy: None, anchors: &anchors, today: Date::constant(2026, 11, 23) };
        let table = table(&roster, &sources);
        (roster, table)
    }

    #[test]
    fn objects_become_targets_with_the_lines_they_use() {
        let icmp = |address: &str| json!({"icmp": {"address": address}});
        let links = links(&[
            ("a-county", json!({"probe": icmp("127.65.0.254")})),
            (
                "b-town",
                json!({"level": "Township", "uplinks": ["a-county"], "probe": icmp("127.65.1.254"), "class": "township"}),
            ),
            ("c-silent", json!({"probe": {"none": {}}})),
            ("d-paused", json!({"probe": icmp("127.66.0.254"), "paused": {"by": "x", "reason": "work"}})),
            (
                "e-tcp",
                json!({"probe": {"tcp": {"address": "::1", "port": 443, "expect": "Reachable", "timeoutMillis": 300}}}),
            ),
        ]);
        let (roster, table) = made(&links);
        assert_eq!((table.anchors, table.tree.faults()), (1, &[][..]));
        let found: Vec<&Target> = table.targets.iter().map(|target| &target.target).collect();
        let place = |name| Target::Link(roster.find(name).unwrap());
        assert_eq!(found, [&Target::Anchor(0), &place("a-county"), &place("b-town"), &place("e-tcp")]);
        assert_eq!(table.targets[2].lines, [(roster.find("a-county").unwrap(), 400)]);
        assert_eq!((table.targets[2].interval, table.targets[3].timeout), (Span::secs(2), Span::millis(300)));
        assert!(table.tree.link(roster.find("c-silent").unwrap()).unwrap().silent);
    }

    #[test]
    fn the_class_is_the_policys_of_the_latest_day_that_has_come() {
        let class_of = |from: &str, interval: i64| {
            json!({
                "name": "county", "intervalMillis": interval, "timeoutMillis": 900, "confirmSpanMillis": 8000, "confirmations": 4,
                "confirmationsLossy": 7, "rttTargetMillis": 100, "slo": "99.9", "uplinkRate": 400, "source": "s", "effectiveFrom": from,
                "loss": {"enterSamples": 60, "enterAbovePercent": "2.5", "leaveSamples": 170, "leaveAtMostPercent": "0.5"},
            })
        };
        let policy: CloudPolicySpec = serde_json::from_value(json!({
            "cityTotals": {
                "capacity": {"cpu": "1", "memory": "1G", "storage": "1T"}, "source": "s", "asOf": "2026-01-01",
                "applications": {"nationalProvincial": 0, "municipal": 0, "county": 0},
            },
            "linkClasses": [class_of("2026-01-01", 1000), class_of("2026-11-01", 3000), class_of("2027-01-01", 9000)],
        }))
        .unwrap();
        let today = Date::constant(2026, 11, 23);
        let found = class(Some(&policy), "county", Level::County, today);
        assert_eq!((found.interval, found.timeout), (Span::secs(3), Span::millis(900)));
        assert!((found.loss.enter_above - 0.025).abs() < 1e-9 && (found.slo - 0.999).abs() < 1e-9);
        assert_eq!(class(Some(&policy), "other", Level::Village, today), Class::of(Level::Village));
    }

    #[test]
    fn a_window_is_approved_at_its_creation_or_when_it_was_first_seen_so() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let window = |by: &str, generation: i64, known: Option<i64>| {
            let spec = serde_json::from_value(json!({
                "links": ["a"], "start": at(1_000), "end": at(2_000), "reason": "work", "approvedBy": by,
            }));
            let mut object = MaintenanceWindow::new("w", spec.unwrap());
            object.metadata.creation_timestamp = Some(Time(at(100)));
            object.metadata.generation = Some(generation);
            object.status = serde_json::from_value(json!({"approvedAt": known.map(at)})).unwrap();
            object
        };
        assert_eq!(approved_at(&window("", 1, None), at(500)), None);
        assert_eq!(approved_at(&window("x", 1, None), at(500)), Some(at(100)));
        assert_eq!(approved_at(&window("x", 2, None), at(500)), Some(at(500)));
        assert_eq!(approved_at(&window("x", 2, Some(300)), at(500)), Some(at(300)));
    }
}
