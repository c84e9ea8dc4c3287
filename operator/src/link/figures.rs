//! What the prober tells Prometheus. Made from memory when it is asked for: no scrape waits for a write.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use resources::v1alpha1::{LinkLevel, LinkState};

/// What was last seen of all links; shared by the prober and the page of metrics.
#[derive(Clone, Debug)]
pub struct Figures {
    survey: Arc<RwLock<Arc<Survey>>>,
    /// Whether each link has series of its own: 18 for each of 2,402 links.
    per_link: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Survey {
    pub rows: Vec<Row>,
    pub prober: Vec<(&'static str, &'static str, u64)>,
    pub rate_limited: bool,
    pub blind: bool,
    pub open_incidents: u64,
    pub patches: u64,
    pub pending: u64,
}

/// One link.
#[derive(Clone, Debug)]
pub struct Row {
    pub name: String,
    pub level: LinkLevel,
    pub parent: String,
    pub county: String,
    pub state: LinkState,
    pub received: u64,
    pub lost: u64,
    /// By cause.
    pub tainted: Vec<(&'static str, u64)>,
    /// Seconds: p50, p95, p99.
    pub rtt: Option<[f64; 3]>,
    pub availability: Option<f64>,
    pub coverage: Option<f64>,
}

impl Figures {
    #[must_use]
    pub fn new(per_link: bool) -> Self {
        Self { survey: Arc::default(), per_link }
    }

    pub fn publish(&self, survey: Survey) {
        *self.survey.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(survey);
    }

    #[must_use]
    pub fn latest(&self) -> Arc<Survey> {
        Arc::clone(&self.survey.read().unwrap_or_else(PoisonError::into_inner))
    }
}

const VANTAGE: &str = resources::names::DEFAULT_VANTAGE;

type Labels<'a> = Vec<(&'a str, &'a str)>;

fn labels(row: &Row) -> Labels<'_> {
    vec![("link", &row.name), ("level", row.level.name()), ("parent", &row.parent), ("vantage", VANTAGE)]
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let survey = self.latest();
        overall(&survey, &mut encoder)?;
        if self.per_link { each(&survey.rows, &mut encoder) } else { Ok(()) }
    }
}

fn overall(survey: &Survey, encoder: &mut DescriptorEncoder) -> Result<(), std::fmt::Error> {
    let mut counts: BTreeMap<(LinkLevel, &str, LinkState), u64> = BTreeMap::new();
    for row in &survey.rows {
        *counts.entry((row.level, &row.county, row.state)).or_default() += 1;
    }
    let mut metric = gauge(encoder, "yunheng_links", "Links by level, county and state")?;
    for ((level, county, state), count) in counts {
        let labels: Labels<'_> = vec![("level", level.name()), ("county", county), ("state", state.name())];
        metric.encode_family(&labels)?.encode_gauge(&count)?;
    }
    let gauges = [
        ("yunheng_link_incidents_open", "Incidents that are open", survey.open_incidents),
        ("yunheng_link_status_pending", "Statuses of links that wait to be written", survey.pending),
        (
            "yunheng_prober_rate_limited",
            "1 while probes are stretched by the rate limit",
            u64::from(survey.rate_limited),
        ),
        ("yunheng_prober_blind", "1 while the prober can't see and claims nothing", u64::from(survey.blind)),
    ];
    for (name, help, value) in gauges {
        gauge(encoder, name, help)?.encode_gauge(&value)?;
    }
    counter(encoder, "yunheng_link_status_patches", "Statuses of links that were written")?
        .encode_counter::<NoLabelSet, _, f64>(&survey.patches, None)?;
    for (name, help, value) in &survey.prober {
        counter(encoder, name, help)?.encode_counter::<NoLabelSet, _, f64>(value, None)?;
    }
    Ok(())
}

fn each(rows: &[Row], encoder: &mut DescriptorEncoder) -> Result<(), std::fmt::Error> {
    type Count = fn(&Row) -> u64;
    let tainted: Count = |row| row.tainted.iter().map(|(_, count)| count).sum();
    let counts: [(&str, &str, Count); 3] = [
        ("yunheng_link_probe_received", "Probes that were answered in time", |row| row.received),
        ("yunheng_link_probe_lost", "Probes that weren't, and would have been seen", |row| row.lost),
        ("yunheng_link_probe_judged", "Probes that were judged", |row| {
            row.received + row.lost + row.tainted.iter().map(|(_, count)| count).sum::<u64>()
        }),
    ];
    for (name, help, value) in counts {
        let mut metric = counter(encoder, name, help)?;
        for row in rows {
            metric.encode_family(&labels(row))?.encode_counter::<NoLabelSet, _, f64>(&value(row), None)?;
        }
    }
    let mut metric = counter(encoder, "yunheng_link_probe_tainted", "Probes that say nothing, by our own fault")?;
    for row in rows.iter().filter(|row| tainted(row) > 0) {
        for (cause, count) in row.tainted.iter().filter(|(_, count)| *count > 0) {
            let mut labels = labels(row);
            labels.push(("cause", cause));
            metric.encode_family(&labels)?.encode_counter::<NoLabelSet, _, f64>(count, None)?;
        }
    }
    let mut metric = gauge(encoder, "yunheng_link_state", "1 for the state that the link is in")?;
    for row in rows {
        for state in LinkState::ALL {
            let mut labels = labels(row);
            labels.push(("state", state.name()));
            metric.encode_family(&labels)?.encode_gauge(&u64::from(row.state == state))?;
        }
    }
    let mut metric = gauge(encoder, "yunheng_link_rtt_seconds", "Round trips of the latest 60 answers")?;
    for row in rows {
        for (quantile, value) in ["0.5", "0.95", "0.99"].into_iter().zip(row.rtt.into_iter().flatten()) {
            let mut labels = labels(row);
            labels.push(("quantile", quantile));
            metric.encode_family(&labels)?.encode_gauge(&value)?;
        }
    }
    type Ratio = fn(&Row) -> Option<f64>;
    let is_up: Ratio = |row| Some(f64::from(u8::from(matches!(row.state, LinkState::Up | LinkState::Degraded))));
    let round_trip: Ratio = |row| row.rtt.map(|rtt| rtt[0]);
    let ratios: [(&str, &str, Ratio); 4] = [
        ("yunheng_link_availability_ratio", "Availability of the month so far, 0 to 1", |row| row.availability),
        ("yunheng_link_coverage_ratio", "How much of the month was seen, 0 to 1", |row| row.coverage),
        // Under the names that dashboards for the blackbox exporter ask for.
        ("probe_success", "1 while the link answers", is_up),
        ("probe_duration_seconds", "Median round trip of the latest 60 answers", round_trip),
    ];
    for (name, help, value) in ratios {
        let mut metric = gauge(encoder, name, help)?;
        for row in rows {
            if let Some(value) = value(row) {
                metric.encode_family(&labels(row))?.encode_gauge(&value)?;
            }
        }
    }
    let mut metric = gauge(encoder, "probe_icmp_duration_seconds", "Median round trip, by phase")?;
    for row in rows {
        if let Some([median, ..]) = row.rtt {
            let mut labels = labels(row);
            labels.push(("phase", "rtt"));
            metric.encode_family(&labels)?.encode_gauge(&median)?;
        }
    }
    Ok(())
}

fn gauge<'a>(
    encoder: &'a mut DescriptorEncoder<'_>,
    name: &'a str,
    help: &str,
) -> Result<MetricEncoder<'a>, std::fmt::Error> {
    encoder.encode_descriptor(name, help, None, MetricType::Gauge)
}

fn counter<'a>(
    encoder: &'a mut DescriptorEncoder<'_>,
    name: &'a str,
    help: &str,
) -> Result<MetricEncoder<'a>, std::fmt::Error> {
    encoder.encode_descriptor(name, help, None, MetricType::Counter)
}

#[cfg(test)]
mod tests {
    use prometheus_client::registry::Registry;

    use super::*;

    #[test]
    fn links_are_told_one_by_one_and_in_all() {
        let figures = Figures::new(true);
        let row = |name: &str, state| Row {
            name: name.to_owned(),
            level: LinkLevel::Village,
            parent: "township-1".to_owned(),
            county: "county-1".to_owned(),
            state,
            received: 7,
            lost: 2,
            tainted: vec![("Lag", 1)],
            rtt: Some([0.001, 0.002, 0.003]),
            availability: Some(0.5),
            coverage: None,
        };
        let rows = vec![row("a", LinkState::Up), row("b", LinkState::Unreachable)];
        figures.publish(Survey { rows, open_incidents: 1, ..Survey::default() });
        let mut registry = Registry::default();
        registry.register_collector(Box::new(figures));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            "yunheng_links{level=\"Village\",county=\"county-1\",state=\"Unreachable\"} 1",
            "yunheng_link_incidents_open 1",
            "yunheng_link_probe_judged_total{link=\"a\",level=\"Village\",parent=\"township-1\",vantage=\"city\"} 10",
            "probe_success{link=\"b\",level=\"Village\",parent=\"township-1\",vantage=\"city\"} 0",
            "yunheng_link_rtt_seconds{link=\"a\",level=\"Village\",parent=\"township-1\",vantage=\"city\",quantile=\"0.99\"} 0.003",
        ] {
            assert!(text.lines().any(|one| one.starts_with(line)), "{line} isn't in\n{text}");
        }
    }
}
