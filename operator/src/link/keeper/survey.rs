//! All links at once: for the vantage's status and for the metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use extranet::model::{LinkIx, Span};
use extranet::month::Month;
use extranet::sample::{IcmpMode, Taint};
use extranet::vantage::Blindness;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use resources::condition::{READY, Saying, conditions};
use resources::links;
use resources::links::reason;
use resources::v1alpha1::{LinkCounts, LinkState, ProbeVantageStatus};

use super::Keeper;
use crate::link::apply;
use crate::link::figures::{Row, Survey};
use crate::link::report::{HINT, state_of, time};

/// The vantage says how far everything is written this often: what a restart can lose.
const BEAT: Span = Span::secs(10);

impl Keeper {
    pub(super) fn write_vantage(&mut self) {
        let rows = self.rows();
        let mut states = LinkCounts::default();
        for row in &rows {
            *match row.state {
                LinkState::Up => &mut states.up,
                LinkState::Degraded => &mut states.degraded,
                LinkState::Down => &mut states.down,
                LinkState::Unreachable => &mut states.unreachable,
                LinkState::Unknown => &mut states.unknown,
                LinkState::Maintenance => &mut states.maintenance,
            } += 1;
        }
        let links = i64::try_from(rows.len()).ok();
        self.publish(rows);
        let now = Timestamp::from_microsecond(self.now.micros()).unwrap_or_default();
        let began = Timestamp::from_second(self.vantage.began.micros().div_euclid(1_000_000)).unwrap_or_default();
        let generation = self.stores.vantages.state().first().and_then(|one| one.metadata.generation).unwrap_or(1);
        let sayings = self.sayings();
        let conditions = conditions(&self.vantage.conditions, sayings, generation, now);
        self.vantage.conditions.clone_from(&conditions);
        let status = ProbeVantageStatus {
            flushed_through: Some(time(self.vantage.flushed)),
            links,
            states: Some(states),
            process: Some(self.identity.clone()),
            started_at: Some(Time(began)),
            conditions,
        };
        self.vantage.next = self.now + BEAT;
        self.vantage.in_flight = true;
        self.writes.spawn(apply::vantage(self.client.clone(), status));
    }

    fn sayings(&mut self) -> Vec<Saying> {
        let blind = self.core.blind().map(|(_, why)| why);
        let ready = match blind {
            None => Saying::yes(READY, reason::MEASURED, "it sees"),
            Some(Blindness::NoIcmpPermission) => Saying::no(READY, reason::NO_ICMP_PERMISSION, HINT),
            Some(Blindness::AnchorsLost) => Saying::no(READY, reason::VANTAGE_BLIND, "no anchor answers"),
        };
        let blinded = match blind {
            None => Saying::no(links::BLIND, "Sighted", "an anchor answers, or there is none to tell"),
            Some(Blindness::AnchorsLost) => {
                let message = "no anchor answers: what isn't answered meanwhile says nothing about the links";
                Saying::yes(links::BLIND, "AnchorsLost", message)
            }
            Some(Blindness::NoIcmpPermission) => Saying::yes(links::BLIND, reason::NO_ICMP_PERMISSION, HINT),
        };
        let icmp = match self.vantage.mode {
            IcmpMode::Unused => Saying::yes(links::ICMP_AVAILABLE, "Unused", "no link is probed by ICMP yet"),
            IcmpMode::Dgram => Saying::yes(links::ICMP_AVAILABLE, "Dgram", "datagram sockets"),
            IcmpMode::Raw => Saying::yes(links::ICMP_AVAILABLE, "Raw", "raw sockets"),
            IcmpMode::Forbidden => Saying::no(links::ICMP_AVAILABLE, reason::NO_ICMP_PERMISSION, HINT),
        };
        let limited = if self.vantage.rate_limited {
            let message = "there are more probes than spec.probesPerSecond: all intervals are stretched";
            Saying::yes(links::PROBE_RATE_LIMITED, "Stretched", message)
        } else {
            Saying::no(links::PROBE_RATE_LIMITED, "WithinLimit", "probes leave as they are due")
        };
        let drops = self.engine.stats().rx_drops.load(Ordering::Relaxed);
        let overflow = if std::mem::replace(&mut self.vantage.overflows, drops) < drops {
            let message = "the receive queue ran over: what wasn't answered then says nothing about the links";
            Saying::yes(links::RECEIVE_OVERFLOW, "Dropped", message)
        } else {
            Saying::no(links::RECEIVE_OVERFLOW, "Drained", "the receive queue holds what comes")
        };
        vec![ready, blinded, icmp, limited, overflow]
    }

    fn rows(&self) -> Vec<Row> {
        let (tree, month) = (self.core.tree(), Month::of(self.now));
        let row = |n: u32| {
            let link = LinkIx(n);
            let name = self.roster.name(link)?;
            let object = self.objects.get(name)?;
            let view = self.core.view(link, self.now)?;
            let figures = self.core.durations(link, month, self.now).map(|durations| durations.figures());
            let county = std::iter::once(link)
                .chain(tree.above(link))
                .find(|one| tree.link(*one).is_some_and(|spec| spec.level == extranet::model::Level::County));
            let seconds = |micros: u32| f64::from(micros) / 1e6;
            let tainted =
                Taint::ALL.into_iter().zip(view.counters.tainted).map(|(cause, count)| (cause_of(cause), count));
            Some(Row {
                name: name.to_owned(),
                level: object.spec.level,
                parent: object.spec.uplinks.first().cloned().unwrap_or_else(|| tree.name(tree.core()).to_owned()),
                county: county.map(|county| tree.name(county).to_owned()).unwrap_or_default(),
                state: if view.maintenance.is_some() { LinkState::Maintenance } else { state_of(view.state) },
                received: view.counters.ok,
                lost: view.counters.lost,
                tainted: tainted.collect(),
                rtt: view.round_trips.map(|rtt| [seconds(rtt.p50), seconds(rtt.p95), seconds(rtt.p99)]),
                availability: figures.and_then(|figures| figures.end_to_end).map(|ratio| ratio.as_f64()),
                coverage: figures.and_then(|figures| figures.coverage).map(|ratio| ratio.as_f64()),
            })
        };
        let mut rows: Vec<Row> = (0..tree.len() as u32).filter_map(row).collect();
        rows.sort_by(|a, b| (a.level, &a.name).cmp(&(b.level, &b.name)));
        rows
    }

    fn publish(&self, rows: Vec<Row>) {
        let stats = self.engine.stats();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let prober = vec![
            ("yunheng_link_probe_sent", "Probes that were sent", read(&stats.sent)),
            ("yunheng_link_probe_late", "Answers after their time-out", read(&stats.late)),
            ("yunheng_link_probe_duplicate", "Second answers", read(&stats.duplicate)),
            ("yunheng_link_probe_foreign", "Answers that weren't to us", read(&stats.foreign)),
            ("yunheng_prober_rx_drops", "Readings at which the kernel had dropped something", read(&stats.rx_drops)),
            ("yunheng_prober_send_errors", "Probes that our own stack didn't send", read(&stats.send_errors)),
            ("yunheng_prober_clock_steps", "Steps of the wall's clock above 1 s", read(&stats.clock_steps)),
        ];
        self.figures.publish(Survey {
            rows,
            prober,
            rate_limited: self.vantage.rate_limited,
            blind: self.core.blind().is_some(),
            open_incidents: self.incidents.open() as u64,
            patches: self.statuses.patches,
            pending: self.statuses.budget.pending() as u64,
        });
    }
}

const fn cause_of(cause: Taint) -> &'static str {
    match cause {
        Taint::RxOverflow => "RxOverflow",
        Taint::SendError => "SendError",
        Taint::Lag => "Lag",
        Taint::VantageBlind => "VantageBlind",
        Taint::ResultsOverrun => "ResultsOverrun",
    }
}
