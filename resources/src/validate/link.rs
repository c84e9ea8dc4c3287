//! What is wrong with a link or a maintenance window, as far as the object alone tells.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use thiserror::Error;

use crate::names::{CITY_CORE, LINK_NAME_MAX};
use crate::v1alpha1::{ExtranetLinkSpec, LinkProbe, MaintenanceWindowSpec};

/// One thing that is wrong with a link or a window, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field} {wrong}")]
pub struct LinkFlaw {
    /// Path of the field, such as `spec.probe.icmp.address`.
    pub field: String,
    pub wrong: LinkWrong,
}

/// What is wrong with a field. The sentence goes after the field's name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LinkWrong {
    #[error(
        "isn't a name: at most {LINK_NAME_MAX} lower-case letters, digits and dashes, beginning and ending with a letter or digit"
    )]
    Name,
    #[error("is {CITY_CORE}, which is reserved: it stands above all first-level links and has no object")]
    Reserved,
    #[error("has {length} characters: write {min} to {max}")]
    Length { length: usize, min: usize, max: usize },
    #[error("has {count} items: {min} to {max}")]
    Count { count: usize, min: usize, max: usize },
    #[error("names the link itself")]
    Itself,
    #[error("is there twice")]
    Twice,
    #[error("isn't an IP address such as 10.42.9.1: names aren't probed")]
    Address,
    #[error("has {count} of icmp, tcp and none: name exactly one")]
    OneProbe { count: usize },
    #[error("is {value}: write {min} to {max}")]
    Range { value: i64, min: i64, max: i64 },
    #[error("is digits only, such as 420902")]
    Digits,
    #[error("isn't after spec.start")]
    EndBeforeStart,
}

const UPLINKS_MAX: usize = 2;
const WINDOW_LINKS_MAX: usize = 200;

/// Everything that is wrong with a link.
#[must_use]
pub fn extranet_link(name: &str, spec: &ExtranetLinkSpec) -> Vec<LinkFlaw> {
    let ExtranetLinkSpec {
        display_name,
        level: _,
        division,
        uplinks,
        probe,
        class,
        carrier,
        bandwidth_mbps,
        ipv6: _,
        in_service_since: _,
        paused,
        sample: _,
    } = spec;
    let mut found = Found::default();
    if name == CITY_CORE {
        found.add("metadata.name", LinkWrong::Reserved);
    }
    found.name("metadata.name", name);
    found.length("spec.displayName", display_name, 1, 100);
    if division.len() > 12 || !division.bytes().all(|byte| byte.is_ascii_digit()) {
        found.add("spec.division", LinkWrong::Digits);
    }
    if uplinks.len() > UPLINKS_MAX {
        found.add("spec.uplinks", LinkWrong::Count { count: uplinks.len(), min: 0, max: UPLINKS_MAX });
    }
    let mut seen = BTreeSet::new();
    for (index, uplink) in uplinks.iter().enumerate() {
        let field = format!("spec.uplinks[{index}]");
        found.name(&field, uplink);
        if uplink == name {
            found.add(&field, LinkWrong::Itself);
        }
        if !seen.insert(uplink) {
            found.add(&field, LinkWrong::Twice);
        }
    }
    found.probe(probe);
    found.length("spec.class", class, 1, 30);
    found.length("spec.carrier", carrier, 0, 60);
    if let Some(value) = *bandwidth_mbps {
        found.range("spec.bandwidthMbps", value, 1, 1_000_000);
    }
    if let Some(pause) = paused {
        found.length("spec.paused.by", &pause.by, 1, 253);
        found.length("spec.paused.reason", &pause.reason, 2, 500);
    }
    found.flaws
}

/// Everything that is wrong with a maintenance window.
#[must_use]
pub fn maintenance_window(spec: &MaintenanceWindowSpec) -> Vec<LinkFlaw> {
    let MaintenanceWindowSpec {
        links,
        include_below: _,
        start,
        end,
        reason,
        approved_by,
        reference,
        finished_early_at: _,
    } = spec;
    let mut found = Found::default();
    if links.is_empty() || links.len() > WINDOW_LINKS_MAX {
        found.add("spec.links", LinkWrong::Count { count: links.len(), min: 1, max: WINDOW_LINKS_MAX });
    }
    for (index, link) in links.iter().enumerate().take(WINDOW_LINKS_MAX) {
        found.name(&format!("spec.links[{index}]"), link);
    }
    if end.0 <= start.0 {
        found.add("spec.end", LinkWrong::EndBeforeStart);
    }
    found.length("spec.reason", reason, 2, 1000);
    found.length("spec.approvedBy", approved_by, 0, 253);
    found.length("spec.reference", reference, 0, 100);
    found.flaws
}

#[derive(Default)]
struct Found {
    flaws: Vec<LinkFlaw>,
}

impl Found {
    fn add(&mut self, field: impl fmt::Display, wrong: LinkWrong) {
        self.flaws.push(LinkFlaw { field: field.to_string(), wrong });
    }

    fn name(&mut self, field: &str, name: &str) {
        if !super::is_name(name, LINK_NAME_MAX) {
            self.add(field, LinkWrong::Name);
        }
    }

    fn length(&mut self, field: &str, text: &str, min: usize, max: usize) {
        let length = text.chars().count();
        if length < min || length > max {
            self.add(field, LinkWrong::Length { length, min, max });
        }
    }

    fn range(&mut self, field: &str, value: i64, min: i64, max: i64) {
        if value < min || value > max {
            self.add(field, LinkWrong::Range { value, min, max });
        }
    }

    fn address(&mut self, field: &str, address: &str) {
        if address.parse::<IpAddr>().is_err() {
            self.add(field, LinkWrong::Address);
        }
    }

    fn probe(&mut self, probe: &LinkProbe) {
        let LinkProbe { icmp, tcp, none } = probe;
        let count = usize::from(icmp.is_some()) + usize::from(tcp.is_some()) + usize::from(none.is_some());
        if count != 1 {
            self.add("spec.probe", LinkWrong::OneProbe { count });
        }
        let mut timeouts = Vec::new();
        if let Some(icmp) = icmp {
            self.address("spec.probe.icmp.address", &icmp.address);
            timeouts.push(("spec.probe.icmp.timeoutMillis", icmp.timeout_millis));
        }
        if let Some(tcp) = tcp {
            self.address("spec.probe.tcp.address", &tcp.address);
            self.range("spec.probe.tcp.port", i64::from(tcp.port), 1, 65_535);
            timeouts.push(("spec.probe.tcp.timeoutMillis", tcp.timeout_millis));
        }
        for (field, timeout) in timeouts {
            if let Some(value) = timeout {
                self.range(field, value, 50, 10_000);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn link(changes: &Value) -> ExtranetLinkSpec {
        let mut spec = json!({
            "displayName": "孝南区", "level": "County", "division": "420902", "uplinks": ["city-core"],
            "probe": {"icmp": {"address": "127.65.0.254"}}, "class": "county",
        });
        for (key, value) in changes.as_object().unwrap() {
            spec[key] = value.clone();
        }
        serde_json::from_value(spec).unwrap()
    }

    fn fields(flaws: &[LinkFlaw]) -> Vec<&str> {
        flaws.iter().map(|flaw| flaw.field.as_str()).collect()
    }

    #[test]
    fn links_are_told_what_is_wrong_with_them() {
        let cases = [
            (json!({}), vec![]),
            (json!({"uplinks": []}), vec![]),
            (json!({"probe": {"none": {}}}), vec![]),
            (json!({"displayName": ""}), vec!["spec.displayName"]),
            (json!({"division": "42a"}), vec!["spec.division"]),
            (json!({"uplinks": ["a", "b", "c"]}), vec!["spec.uplinks"]),
            (json!({"uplinks": ["a", "a"]}), vec!["spec.uplinks[1]"]),
            (json!({"uplinks": ["county-1"]}), vec!["spec.uplinks[0]"]),
            (json!({"uplinks": ["A"]}), vec!["spec.uplinks[0]"]),
            (json!({"probe": {}}), vec!["spec.probe"]),
            (json!({"probe": {"none": {}, "icmp": {"address": "::1"}}}), vec!["spec.probe"]),
            (json!({"probe": {"icmp": {"address": "gateway.example"}}}), vec!["spec.probe.icmp.address"]),
            (
                json!({"probe": {"icmp": {"address": "::1", "timeoutMillis": 49}}}),
                vec!["spec.probe.icmp.timeoutMillis"],
            ),
            (json!({"probe": {"tcp": {"address": "10.0.0.1", "port": 0}}}), vec!["spec.probe.tcp.port"]),
            (json!({"bandwidthMbps": 0}), vec!["spec.bandwidthMbps"]),
            (json!({"paused": {"by": "", "reason": "x"}}), vec!["spec.paused.by", "spec.paused.reason"]),
        ];
        for (changes, expected) in cases {
            assert_eq!(fields(&extranet_link("county-1", &link(&changes))), expected, "{changes}");
        }
        assert_eq!(fields(&extranet_link("city-core", &link(&json!({"uplinks": []})))), ["metadata.name"]);
    }

    #[test]
    fn windows_are_told_what_is_wrong_with_them() {
        let window = |changes: Value| {
            let mut spec = json!({
                "links": ["county-1"], "start": "2026-12-01T22:00:00+08:00", "end": "2026-12-01T15:00:00Z", "reason": "fibre",
            });
            for (key, value) in changes.as_object().unwrap() {
                spec[key] = value.clone();
            }
            serde_json::from_value(spec).unwrap()
        };
        assert_eq!(fields(&maintenance_window(&window(json!({})))), [""; 0]);
        assert_eq!(fields(&maintenance_window(&window(json!({"end": "2026-12-01T14:00:00Z"})))), ["spec.end"]);
        assert_eq!(fields(&maintenance_window(&window(json!({"links": []})))), ["spec.links"]);
        assert_eq!(fields(&maintenance_window(&window(json!({"reason": "x"})))), ["spec.reason"]);
    }
}
