//! `links`: what the links of the extranet are, and what of a month they were there.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use jiff::Timestamp;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use resources::names::CITY_CORE;
use resources::v1alpha1::{ExtranetLink, IncidentState, LinkAvailability, LinkIncident, LinkLevel, LinkState};
use resources::workday::CITY;
use serde::Serialize;

use crate::error::Error;
use crate::list;
use crate::output::{self, Ending, Format, Width};
use crate::session::Session;
use crate::table::{self, Kind};

/// The links of the extranet: what they are, and how much of the month they were there
///
/// BELOW    links that hang below it, and how many of them answer
/// SINCE    in the city's time, backdated to the first lost or first answered probe
/// RTT      median round trip in milliseconds
/// MONTH %  availability of the month so far; COVERAGE how much of it was seen
///
/// Without a flag: the first-level links and the counties. Exit code 1 if --down finds any.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Only those that are Down or Unreachable
    #[arg(long)]
    down: bool,
    /// This link and all that hangs below it
    #[arg(long, value_name = "LINK")]
    under: Option<String>,
    /// Every link
    #[arg(long, conflicts_with = "under")]
    all: bool,
    /// Figures of this month, such as 2026-11
    #[arg(long, value_name = "MONTH", value_parser = month)]
    month: Option<String>,
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

fn month(text: &str) -> Result<String, String> {
    let is_month = text.len() == 7 && format!("{text}-01").parse::<jiff::civil::Date>().is_ok();
    if is_month { Ok(text.to_owned()) } else { Err("write it as 2026-11".to_owned()) }
}

pub async fn run(session: &Session, arguments: &Arguments) -> Result<Ending, Error> {
    let links: Vec<ExtranetLink> = list::all(&Api::all(session.client.clone()), &ListParams::default()).await?;
    let incidents: Vec<LinkIncident> = list::all(&Api::all(session.client.clone()), &ListParams::default()).await?;
    let report = report(&links, &incidents, arguments)?;
    output::show(arguments.output, &report, |width| text(&report, arguments, width))?;
    let found = arguments.down && !report.links.is_empty();
    Ok(if found { Ending::Refused } else { Ending::Done })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// All that were asked about, by state, before --down left any out.
    states: BTreeMap<&'static str, usize>,
    /// Incidents that are open.
    open_incidents: Vec<String>,
    links: Vec<Line>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    name: String,
    display_name: String,
    level: LinkLevel,
    state: LinkState,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root_cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt_millis: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loss_percent: Option<String>,
    /// Links below it, and those of them that answer.
    below: usize,
    below_up: usize,
    /// Absent if the cluster doesn't keep the month.
    #[serde(skip_serializing_if = "Option::is_none")]
    availability: Option<LinkAvailability>,
}

fn report(links: &[ExtranetLink], incidents: &[LinkIncident], arguments: &Arguments) -> Result<Report, Error> {
    let mut children: BTreeMap<&str, Vec<&ExtranetLink>> = BTreeMap::new();
    for link in links {
        for uplink in &link.spec.uplinks {
            children.entry(uplink).or_default().push(link);
        }
    }
    let below = |name: &str| -> BTreeSet<String> {
        let (mut found, mut next) = (BTreeSet::new(), vec![name.to_owned()]);
        while let Some(one) = next.pop() {
            for child in children.get(one.as_str()).into_iter().flatten() {
                if found.insert(child.name_any()) {
                    next.push(child.name_any());
                }
            }
        }
        found
    };
    let wanted = match &arguments.under {
        None => None,
        Some(name) if name == CITY_CORE => None,
        Some(name) if links.iter().any(|link| link.name_any() == *name) => {
            let mut names = below(name);
            names.insert(name.clone());
            Some(names)
        }
        Some(name) => {
            return Err(Error::Malformed(format!(
                "there is no link {name}: kubectl yunheng links names the first ones"
            )));
        }
    };
    let is_asked = |link: &&ExtranetLink| wanted.as_ref().is_none_or(|names| names.contains(&link.name_any()));
    let states: BTreeMap<String, LinkState> = links.iter().map(|link| (link.name_any(), state(link))).collect();
    let mut counts = BTreeMap::new();
    for link in links.iter().filter(is_asked) {
        *counts.entry(state(link).name()).or_default() += 1;
    }
    let is_listed = |link: &&ExtranetLink| {
        if arguments.down {
            return matches!(state(link), LinkState::Down | LinkState::Unreachable);
        }
        let is_first = !matches!(link.spec.level, LinkLevel::Township | LinkLevel::Village);
        arguments.all || wanted.is_some() || arguments.under.is_some() || is_first
    };
    let mut lines: Vec<Line> = links
        .iter()
        .filter(is_asked)
        .filter(is_listed)
        .map(|link| {
            let below = below(&link.name_any());
            let up = below.iter().filter(|name| matches!(states.get(*name), Some(LinkState::Up | LinkState::Degraded)));
            let status = link.status.clone().unwrap_or_default();
            let is_kept = |kept: &LinkAvailability| arguments.month.as_ref().is_none_or(|month| *month == kept.month);
            Line {
                name: link.name_any(),
                display_name: link.spec.display_name.clone(),
                level: link.spec.level,
                state: state(link),
                since: status.since.map(|since| since.0),
                root_cause: status.root_cause,
                rtt_millis: status.rtt_millis.map(|rtt| rtt.p50),
                loss_percent: status.loss_percent,
                below_up: up.count(),
                below: below.len(),
                availability: status.availability.filter(is_kept),
            }
        })
        .collect();
    // Roots before what they hit, then from the core outwards.
    lines.sort_by(|a, b| {
        let key = |line: &Line| (arguments.down && line.state != LinkState::Down, line.level);
        (key(a), &a.name).cmp(&(key(b), &b.name))
    });
    let is_open = |incident: &&LinkIncident| {
        incident.status.as_ref().and_then(|status| status.state) != Some(IncidentState::Resolved)
    };
    let open_incidents = incidents.iter().filter(is_open).map(ResourceExt::name_any).collect();
    Ok(Report { states: counts, open_incidents, links: lines })
}

fn state(link: &ExtranetLink) -> LinkState {
    link.status.as_ref().and_then(|status| status.state).unwrap_or_default()
}

fn text(report: &Report, arguments: &Arguments, width: Width) -> String {
    let mut columns = vec![
        ("LINK", Kind::Text),
        ("NAME", Kind::Cut),
        ("STATE", Kind::Text),
        ("SINCE", Kind::Text),
        ("BELOW", Kind::Number),
        ("RTT", Kind::Number),
        ("LOSS", Kind::Number),
        ("MONTH %", Kind::Number),
    ];
    if width == Width::Wide {
        columns.extend([("COVERAGE", Kind::Number), ("OWN %", Kind::Number)]);
    }
    columns.push(("ROOT CAUSE", Kind::Text));
    let rows: Vec<Vec<String>> = report.links.iter().map(|line| row(line, width)).collect();
    let counts: Vec<String> = report.states.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let mut told = vec![if counts.is_empty() { "there are no links".to_owned() } else { counts.join(", ") }];
    match report.open_incidents.as_slice() {
        [] => told.push("no incident is open".to_owned()),
        open => told.push(format!("open: {}", open.join(", "))),
    }
    if let Some(month) = &arguments.month
        && !report.links.is_empty()
        && report.links.iter().all(|line| line.availability.is_none())
    {
        told.push(format!("nothing is kept of {month}: the cluster has the running month only"));
    }
    let table = if rows.is_empty() { String::new() } else { table::render(&columns, &rows, width) + "\n" };
    format!("{table}{}", told.join("\n"))
}

fn row(line: &Line, width: Width) -> Vec<String> {
    let Line {
        name,
        display_name,
        level: _,
        state,
        since,
        root_cause,
        rtt_millis,
        loss_percent,
        below,
        below_up,
        availability,
    } = line;
    let figure = |text: Option<&String>| text.cloned().unwrap_or_else(|| "-".to_owned());
    let of_month = |part: fn(&LinkAvailability) -> Option<&String>| figure(availability.as_ref().and_then(part));
    let since = since.map_or_else(|| "-".to_owned(), |at| CITY.to_datetime(at).strftime("%m-%d %H:%M:%S").to_string());
    let mut cells = vec![
        name.clone(),
        display_name.clone(),
        state.name().to_owned(),
        since,
        if *below == 0 { String::new() } else { format!("{below_up}/{below}") },
        figure(rtt_millis.as_ref()),
        figure(loss_percent.as_ref()),
        of_month(|month| month.percent.as_ref()),
    ];
    if width == Width::Wide {
        cells.extend([of_month(|month| month.coverage_percent.as_ref()), of_month(|month| month.own_percent.as_ref())]);
    }
    cells.push(root_cause.clone().unwrap_or_default());
    cells
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn links() -> Vec<ExtranetLink> {
        let link = |name: &str, level: &str, uplink: &str, status: Value| -> ExtranetLink {
            serde_json::from_value(json!({
                "apiVersion": "yunheng.io/v1alpha1", "kind": "ExtranetLink", "metadata": {"name": name},
                "spec": {"displayName": "孝南区", "level": level, "uplinks": [uplink], "class": "county", "probe": {"none": {}}},
                "status": status,
            }))
            .unwrap()
        };
        let month = json!({"month": "2026-11", "percent": "99.93", "coveragePercent": "99.1"});
        vec![
            link(
                "county-1",
                "County",
                "city-core",
                json!({
                    "state": "Down", "since": "2026-11-23T11:48:32.000001Z", "availability": month, "rttMillis": {"p50": "1.2", "p95": "2"},
                }),
            ),
            link("county-2", "County", "city-core", json!({"state": "Up"})),
            link("town-1", "Township", "county-1", json!({"state": "Unreachable", "rootCause": "county-1"})),
            link("village-1", "Village", "town-1", json!({"state": "Unreachable", "rootCause": "county-1"})),
            link("village-2", "Village", "town-1", json!({"state": "Up"})),
        ]
    }

    fn arguments(line: &str) -> Arguments {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            arguments: Arguments,
        }
        let words = std::iter::once("links").chain(line.split(' ').filter(|word| !word.is_empty()));
        <Line as clap::Parser>::try_parse_from(words).unwrap().arguments
    }

    fn names(line: &str) -> Vec<String> {
        let report = report(&links(), &[], &arguments(line)).unwrap();
        report.links.into_iter().map(|line| line.name).collect()
    }

    #[test]
    fn what_is_asked_for_is_listed() {
        assert_eq!(names(""), ["county-1", "county-2"]);
        assert_eq!(names("--down"), ["county-1", "town-1", "village-1"]);
        assert_eq!(names("--under town-1"), ["town-1", "village-1", "village-2"]);
        assert_eq!(names("--under county-2 --down"), [""; 0]);
        assert_eq!(names("--all").len(), 5);
        assert!(report(&links(), &[], &arguments("--under nowhere")).is_err());
    }

    #[test]
    fn the_table_says_what_is_below_and_whose_fault_it_is() {
        let asked = arguments("--month 2026-11");
        let shown = text(&report(&links(), &[], &asked).unwrap(), &asked, Width::Narrow);
        let line = shown.lines().find(|line| line.starts_with("county-1")).unwrap();
        assert!(line.contains("11-23 19:48:32") && line.contains("1/3") && line.contains("99.93"), "{line}");
        assert!(shown.contains("1 Down, 2 Unreachable, 2 Up\nno incident is open"), "{shown}");
        let other = arguments("--month 2026-10");
        assert!(
            text(&report(&links(), &[], &other).unwrap(), &other, Width::Narrow).contains("nothing is kept of 2026-10")
        );
    }
}
