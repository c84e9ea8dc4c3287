//! The extranet's links as they are shown: what hangs below what, and what is broken.
//!
//! Pure: objects in, views out. States and figures are the operator's; nothing is judged here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use resources::condition;
use resources::links::BLIND;
use resources::names::CITY_CORE;
use resources::v1alpha1::{self, ExtranetLink, IncidentState, LinkIncident, ProbeVantage};

use crate::clock;
use crate::page::{Cut, Page, Place, SortKey, cut};
use crate::problem::Failure;
use crate::routes::incidents::{Affected, IncidentParams, IncidentView};
use crate::routes::links::{
    LevelLinks, LinkLevel, LinkParams, LinkState, LinkView, MonthView, NetworkView, StateCounts, VantageView, Villages,
};
use crate::view::{self, Age};
use crate::world::Kept;

/// Villages that the city reported as connected (interview of the bureau, 2020-07-17). The register of
/// divisions of 2023 has fewer: coverage is never shown without saying of which of the two it is.
const VILLAGES_REPORTED: u64 = 2_572;

/// One link with its place in the tree.
#[derive(Debug)]
struct Node {
    link: Arc<ExtranetLink>,
    /// Links that hang on it directly.
    children: Vec<String>,
}

/// All links and incidents at one moment.
#[derive(Debug, Default)]
pub struct Network {
    nodes: BTreeMap<String, Node>,
    incidents: Vec<Arc<LinkIncident>>,
    vantage: Option<Arc<ProbeVantage>>,
}

impl Network {
    #[must_use]
    pub fn of(kept: &Kept) -> Self {
        let mut nodes: BTreeMap<String, Node> = kept
            .links
            .iter()
            .map(|((_, name), link)| (name.clone(), Node { link: Arc::clone(link), children: Vec::new() }))
            .collect();
        for ((_, name), link) in kept.links.iter() {
            for uplink in &link.spec.uplinks {
                if let Some(above) = nodes.get_mut(uplink) {
                    above.children.push(name.clone());
                }
            }
        }
        Self {
            nodes,
            incidents: kept.incidents.iter().map(|(_, incident)| Arc::clone(incident)).collect(),
            vantage: kept.vantages.iter().next().map(|(_, vantage)| Arc::clone(vantage)),
        }
    }

    /// The link and everything that hangs below it; `None` if there is no such link.
    fn under(&self, name: &str) -> Option<BTreeSet<&str>> {
        let (root, _) = self.nodes.get_key_value(name)?;
        // Whoever makes a circle of uplinks doesn't make a loop of this.
        let (mut found, mut next) = (BTreeSet::from([root.as_str()]), vec![root.as_str()]);
        while let Some(one) = next.pop() {
            for child in self.nodes.get(one).iter().flat_map(|node| &node.children) {
                if found.insert(child) {
                    next.push(child);
                }
            }
        }
        Some(found)
    }

    /// The links above it, the nearest first; of two uplinks the first.
    fn above(&self, node: &Node) -> Vec<String> {
        let mut above = Vec::new();
        let mut next = node.link.spec.uplinks.first();
        while let Some(name) = next.filter(|name| !above.contains(*name)) {
            let Some(node) = self.nodes.get(name) else { break };
            above.push(name.clone());
            next = node.link.spec.uplinks.first();
        }
        above
    }

    fn count(&self, names: impl Iterator<Item = impl AsRef<str>>) -> StateCounts {
        let mut counts = StateCounts::default();
        for node in names.filter_map(|name| self.nodes.get(name.as_ref())) {
            counts.add(state(&node.link));
        }
        counts
    }

    /// Everything at a glance.
    #[must_use]
    pub fn summary(&self, age: &Age) -> NetworkView {
        let levels: Vec<LevelLinks> = v1alpha1::LinkLevel::ALL
            .into_iter()
            .map(|level| {
                let names = self.nodes.iter().filter(|(_, node)| node.link.spec.level == level).map(|(name, _)| name);
                LevelLinks { level: level.into(), states: self.count(names) }
            })
            .collect();
        let registered = levels.iter().find(|one| one.level == LinkLevel::Village).map(|one| one.states.total);
        let open: Vec<&Arc<LinkIncident>> = self.incidents.iter().filter(|incident| is_open(incident)).collect();
        let unacknowledged = open.iter().filter(|incident| incident.spec.acknowledged_by.is_empty()).count();
        NetworkView {
            states: self.count(self.nodes.keys()),
            levels,
            villages: Villages { registered: registered.unwrap_or_default(), reported: VILLAGES_REPORTED },
            open_incidents: open.len() as u64,
            unacknowledged_incidents: unacknowledged as u64,
            vantage: self.vantage.as_deref().map(vantage_view),
            as_of: clock::text(age.as_of),
            stale: age.stale,
        }
    }

    /// One page of links.
    pub fn links(&self, params: &LinkParams) -> Result<Page<LinkView>, Failure> {
        let LinkParams { limit, r#continue, q, level, state: wanted, under, uplink, down } = params;
        let q = q.as_deref().map(str::trim).filter(|q| !q.is_empty()).map(str::to_lowercase);
        let under = under.as_deref().filter(|name| !name.is_empty() && *name != CITY_CORE);
        // Nothing hangs below a link that isn't there.
        let below = under.map(|name| self.under(name).unwrap_or_default());
        let keep = |name: &str, link: &ExtranetLink| {
            let state = state(link);
            level.is_none_or(|level| level == link.spec.level.into())
                && wanted.is_none_or(|wanted| wanted == state)
                && (down != &Some(true) || matches!(state, LinkState::Down | LinkState::Unreachable))
                && below.as_ref().is_none_or(|below| below.contains(name))
                && uplink.as_deref().filter(|name| !name.is_empty()).is_none_or(|uplink| hangs_on(link, uplink))
                && q.as_ref().is_none_or(|q| format!("{name} {}", link.spec.display_name).to_lowercase().contains(q))
        };
        let mut rows: Vec<(Place, &Node)> = self
            .nodes
            .iter()
            .filter(|(name, node)| keep(name, &node.link))
            .map(|(name, node)| (place(name, node, *down == Some(true)), node))
            .collect();
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        let binding = format!("links {:?}", (&q, level, wanted, under, uplink, down));
        let asked = Cut { limit: *limit, cursor: r#continue.as_deref(), descending: false, binding: &binding };
        cut(&rows, |(place, _)| place, asked, |(place, node)| self.view(&place.1, node))
    }

    #[must_use]
    pub fn link(&self, name: &str) -> Option<LinkView> {
        Some(self.view(name, self.nodes.get(name)?))
    }

    fn view(&self, name: &str, node: &Node) -> LinkView {
        let v1alpha1::ExtranetLinkSpec { display_name, level, division, uplinks, probe, carrier, sample, .. } =
            &node.link.spec;
        let status = node.link.status.clone().unwrap_or_default();
        let below = self.under(name).unwrap_or_default();
        let address = probe.icmp.as_ref().map(|icmp| icmp.address.clone());
        LinkView {
            name: name.to_owned(),
            display_name: display_name.clone(),
            level: (*level).into(),
            division: division.clone(),
            carrier: carrier.clone(),
            address: address.or_else(|| probe.tcp.as_ref().map(|tcp| format!("{}:{}", tcp.address, tcp.port))),
            uplinks: uplinks.clone(),
            above: self.above(node),
            children: node.children.len() as u64,
            below: self.count(below.into_iter().filter(|below| *below != name)),
            state: state(&node.link),
            since: status.since.map(|since| clock::text(since.0)),
            root_cause: status.root_cause,
            incident: status.incident,
            rtt_p50_millis: status.rtt_millis.as_ref().map(|rtt| rtt.p50.clone()),
            rtt_p95_millis: status.rtt_millis.map(|rtt| rtt.p95),
            jitter_millis: status.jitter_millis,
            loss_percent: status.loss_percent,
            hops: status.hops,
            measured_at: status.as_of.map(|at| clock::text(at.0)),
            month: status.availability.map(|month| MonthView {
                month: month.month,
                percent: month.percent,
                own_percent: month.own_percent,
                coverage_percent: month.coverage_percent,
                worst_percent: month.worst,
                best_percent: month.best,
            }),
            conditions: view::conditions(&status.conditions),
            sample: *sample,
        }
    }

    /// One page of incidents, the newest first.
    pub fn incidents(&self, params: &IncidentParams) -> Result<Page<IncidentView>, Failure> {
        let IncidentParams { limit, r#continue, open, link } = params;
        let link = link.as_deref().filter(|name| !name.is_empty());
        let mut rows: Vec<(Place, &LinkIncident)> = self
            .incidents
            .iter()
            .filter(|incident| open.is_none_or(|open| open == is_open(incident)))
            .filter(|incident| link.is_none_or(|link| concerns(incident, link)))
            .map(|incident| {
                let started = u64::try_from(incident.spec.started_at.0.as_microsecond()).unwrap_or_default();
                (Place(SortKey::Number(started), name_of(incident)), &**incident)
            })
            .collect();
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        let binding = format!("incidents {:?}", (open, link));
        let asked = Cut { limit: *limit, cursor: r#continue.as_deref(), descending: true, binding: &binding };
        cut(&rows, |(place, _)| place, asked, |(_, incident)| self.incident_view(incident))
    }

    #[must_use]
    pub fn incident(&self, name: &str) -> Option<IncidentView> {
        let found = self.incidents.iter().find(|incident| incident.metadata.name.as_deref() == Some(name))?;
        Some(self.incident_view(found))
    }

    fn incident_view(&self, incident: &LinkIncident) -> IncidentView {
        let v1alpha1::LinkIncidentSpec { root, started_at, cause, other_roots, after, acknowledged_by, note } =
            &incident.spec;
        let status = incident.status.clone().unwrap_or_default();
        let affected = status.affected.unwrap_or_default();
        IncidentView {
            name: name_of(incident),
            root: root.clone(),
            root_name: self.nodes.get(root).map(|node| node.link.spec.display_name.clone()),
            other_roots: other_roots.clone(),
            cause: format!("{cause:?}"),
            after: after.clone(),
            open: is_open(incident),
            started_at: clock::text(started_at.0),
            ended_at: status.ended_at.map(|at| clock::text(at.0)),
            episodes: status.episodes.unwrap_or(1),
            affected: Affected {
                interconnect: affected.interconnect,
                provider: affected.provider,
                county: affected.county,
                township: affected.township,
                village: affected.village,
                total: affected.total,
            },
            acknowledged_by: acknowledged_by.clone(),
            acknowledged_by_short: resources::names::short_user(acknowledged_by).to_owned(),
            note: note.clone(),
        }
    }
}

fn state(link: &ExtranetLink) -> LinkState {
    link.status.as_ref().and_then(|status| status.state).unwrap_or_default().into()
}

/// Roots before what they hit where that is asked for, then from the core outwards.
fn place(name: &str, node: &Node, roots_first: bool) -> Place {
    let hit = u64::from(roots_first && state(&node.link) != LinkState::Down);
    Place(SortKey::Number(hit * 10 + LinkLevel::from(node.link.spec.level) as u64), name.to_owned())
}

/// A link without an uplink hangs on the city's core.
fn hangs_on(link: &ExtranetLink, uplink: &str) -> bool {
    let uplinks = &link.spec.uplinks;
    uplinks.iter().any(|own| own == uplink) || (uplinks.is_empty() && uplink == CITY_CORE)
}

fn is_open(incident: &LinkIncident) -> bool {
    incident.status.as_ref().and_then(|status| status.state) != Some(IncidentState::Resolved)
}

/// Whether it is a root of the incident, or was hit by it as far as that is kept.
fn concerns(incident: &LinkIncident, link: &str) -> bool {
    let hit = incident.status.as_ref().is_some_and(|status| status.links.iter().any(|one| one == link));
    incident.spec.root == link || incident.spec.other_roots.iter().any(|root| root == link) || hit
}

fn name_of(incident: &LinkIncident) -> String {
    incident.metadata.name.clone().unwrap_or_default()
}

fn vantage_view(vantage: &ProbeVantage) -> VantageView {
    let status = vantage.status.clone().unwrap_or_default();
    VantageView {
        name: vantage.metadata.name.clone().unwrap_or_default(),
        ready: condition::is_true(&status.conditions, condition::READY),
        blind: condition::is_true(&status.conditions, BLIND),
        flushed_through: status.flushed_through.map(|at| clock::text(at.0)),
        conditions: view::conditions(&status.conditions),
    }
}

#[cfg(test)]
mod tests;
