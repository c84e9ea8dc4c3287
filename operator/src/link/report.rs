//! What is known of a link becomes its status. No client, no clock.

use extranet::View;
use extranet::model::Stamp;
use extranet::month::Month;
use extranet::partition::Durations;
use extranet::state::{Reason, State};
use extranet::tree::TreeFault;
use extranet::vantage::Blindness;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, MicroTime, Time};
use resources::condition::{REACHABLE, READY};
use resources::links::{self, reason};
use resources::v1alpha1::{
    ExtranetLinkSpec, ExtranetLinkStatus, LinkAvailability, LinkDurations, LinkState, RoundTripMillis,
};

/// What a status is made of.
#[derive(Debug)]
pub struct Known<'a> {
    pub spec: &'a ExtranetLinkSpec,
    pub generation: i64,
    pub view: &'a View,
    /// Names of those to blame.
    pub roots: Vec<String>,
    pub incident: Option<String>,
    pub month: Month,
    pub durations: Option<Durations>,
    pub blind: Option<Blindness>,
    pub fault: Option<&'a TreeFault>,
    /// Name of the uplink that is lost, of two.
    pub lost_uplink: Option<String>,
    /// The conditions as they were written last.
    pub before: &'a [Condition],
    pub now: Stamp,
}

#[must_use]
pub fn status(known: &Known<'_>) -> ExtranetLinkStatus {
    let Known { view, .. } = known;
    let in_window = view.maintenance;
    let state = if in_window.is_some() { LinkState::Maintenance } else { state_of(view.state) };
    let millis = |micros: u32| milliseconds(f64::from(micros) / 1_000.0);
    ExtranetLinkStatus {
        state: Some(state),
        since: Some(time(in_window.map_or(view.since, |stretch| stretch.start))),
        root_cause: known.roots.first().cloned(),
        root_causes: if known.roots.len() > 1 { known.roots.clone() } else { Vec::new() },
        incident: known.incident.clone(),
        first_answer_time: view.first_answer.map(time),
        as_of: Some(time(known.now)),
        rtt_millis: view.round_trips.map(|rtt| RoundTripMillis { p50: millis(rtt.p50), p95: millis(rtt.p95) }),
        loss_percent: view.loss.map(|loss| decimal(loss * 100.0)),
        jitter_millis: view.round_trips.map(|_| milliseconds(view.jitter.as_secs_f64() * 1_000.0)),
        hops: view.hops.map(i32::from),
        availability: known.durations.map(|durations| availability(known.month, durations)),
        conditions: conditions(known),
    }
}

/// One decimal below 100, none above: what people read in a column.
fn decimal(value: f64) -> String {
    if value < 99.95 { format!("{value:.1}") } else { format!("{value:.0}") }
}

/// Within a machine room a round trip takes hundredths of a millisecond.
fn milliseconds(value: f64) -> String {
    if value < 0.995 { format!("{value:.2}") } else { decimal(value) }
}

#[must_use]
pub const fn state_of(state: State) -> LinkState {
    match state {
        State::Unknown => LinkState::Unknown,
        State::Up => LinkState::Up,
        State::Degraded => LinkState::Degraded,
        State::Down => LinkState::Down,
        State::Unreachable => LinkState::Unreachable,
    }
}

#[must_use]
pub fn availability(month: Month, durations: Durations) -> LinkAvailability {
    let figures = durations.figures();
    let Durations { up, degraded, down, unreachable, unknown, maintenance } = durations;
    LinkAvailability {
        month: month.to_string(),
        percent: figures.end_to_end.map(|ratio| ratio.percent(2)),
        own_percent: figures.own.map(|ratio| ratio.percent(2)),
        coverage_percent: figures.coverage.map(|ratio| ratio.percent(1)),
        worst: figures.worst.map(|ratio| ratio.percent(2)),
        best: figures.best.map(|ratio| ratio.percent(2)),
        micros: LinkDurations { up, degraded, down, unreachable, maintenance, unknown },
    }
}

/// One condition before it has its times.
struct Says {
    type_: &'static str,
    /// `None`: nothing is known.
    status: Option<bool>,
    reason: &'static str,
    message: String,
}

impl Says {
    fn new(type_: &'static str, status: Option<bool>, reason: &'static str, message: impl Into<String>) -> Self {
        Self { type_, status, reason, message: message.into() }
    }
}

fn conditions(known: &Known<'_>) -> Vec<Condition> {
    let (probed, up, reachable) = (probed(known), up(known), reachable(known));
    let ready = [&probed, &up, &reachable].into_iter().find(|one| one.status != Some(true));
    let ready = match ready {
        None => Says::new(READY, Some(true), reason::MEASURED, "probed, answering and reachable"),
        Some(one) => Says::new(READY, one.status, one.reason, one.message.clone()),
    };
    let mut says = vec![ready, probed, up, degraded(known), reachable];
    if known.spec.uplinks.len() > 1 {
        says.push(match &known.lost_uplink {
            Some(lost) => Says::new(links::REDUNDANT, Some(false), reason::UPLINK_LOST, format!("{lost} is lost")),
            None => Says::new(links::REDUNDANT, Some(true), reason::BOTH_UPLINKS_UP, "neither uplink is lost"),
        });
    }
    says.push(if known.view.flapping {
        Says::new(links::FLAPPING, Some(true), reason::PENALTY_HIGH, "it has changed too often of late")
    } else {
        Says::new(links::FLAPPING, Some(false), reason::STABLE, "it doesn't change often")
    });
    says.push(if known.view.maintenance.is_some() {
        let message = "a window that was approved before it began covers this time";
        Says::new(links::IN_MAINTENANCE, Some(true), reason::WINDOW_ACTIVE, message)
    } else {
        Says::new(links::IN_MAINTENANCE, Some(false), reason::NO_WINDOW, "no window covers this time")
    });
    says.into_iter().map(|one| condition(one, known)).collect()
}

fn condition(says: Says, known: &Known<'_>) -> Condition {
    let Says { type_, status, reason, message } = says;
    let status = match status {
        Some(true) => "True",
        Some(false) => "False",
        None => "Unknown",
    };
    let kept = known.before.iter().find(|earlier| earlier.type_ == type_ && earlier.status == status);
    // What follows from the state has changed when the state did: at the backdated instant.
    let follows = [READY, links::UP, links::DEGRADED, REACHABLE].contains(&type_);
    let at = if follows { known.view.since } else { known.now };
    let second = Time(Timestamp::from_second(at.micros().div_euclid(1_000_000)).unwrap_or_default());
    Condition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        message,
        observed_generation: Some(known.generation),
        last_transition_time: kept.map_or(second, |earlier| earlier.last_transition_time.clone()),
    }
}

fn probed(known: &Known<'_>) -> Says {
    let Known { spec, view, blind, fault, .. } = known;
    let no = |reason, message: &str| Says::new(links::PROBED, Some(false), reason, message);
    if let Some(pause) = &spec.paused {
        return no(reason::PAUSED, &format!("paused by {}: {}", pause.by, pause.reason));
    }
    match (blind, fault) {
        (Some(Blindness::NoIcmpPermission), _) if spec.probe.tcp.is_none() => {
            return no(reason::NO_ICMP_PERMISSION, HINT);
        }
        (Some(Blindness::AnchorsLost), _) => {
            return no(reason::VANTAGE_BLIND, "no anchor of the vantage answers: the fault is on our side");
        }
        (_, Some(TreeFault::UplinkMissing(uplink))) => {
            return no(
                reason::UPLINK_MISSING,
                &format!("there is no link {uplink}: handled as first-level until then"),
            );
        }
        (_, Some(TreeFault::TopologyInvalid)) => {
            return no(reason::TOPOLOGY_INVALID, "it is above itself, or too deep: handled as first-level until then");
        }
        _ => {}
    }
    if spec.probe.none.is_some() || (view.silent && view.first_answer.is_none()) {
        return no(reason::TARGET_SILENT, "it never answers: its state comes from what hangs below it");
    }
    if view.first_answer.is_none() {
        return no(reason::NEVER_ANSWERED, "it has not answered once: is the address right, and the line in service?");
    }
    let how = if spec.probe.tcp.is_some() { reason::TCP } else { reason::ICMP };
    Says::new(links::PROBED, Some(true), how, "probed")
}

/// What to do where no socket may be opened.
pub const HINT: &str = "no ICMP socket may be opened, so nothing is claimed about any link. Allow datagram sockets (sysctl \
    net.ipv4.ping_group_range=\"0 2147483647\", in a pod its safe sysctl) or give CAP_NET_RAW; it is tried again by itself";

fn up(known: &Known<'_>) -> Says {
    let view = known.view;
    let says = |status, reason, message: &str| Says::new(links::UP, status, reason, message);
    match (view.state, view.reason) {
        (State::Up | State::Degraded, _) if view.suspect => {
            says(Some(true), reason::CONFIRMING, "probes were lost; whether it is broken is being confirmed")
        }
        (State::Up, Reason::InferredFromChildren) => {
            says(Some(true), reason::INFERRED_FROM_CHILDREN, "something below it answers")
        }
        (State::Up | State::Degraded, _) => says(Some(true), reason::ANSWERING, "it answers"),
        (State::Down, _) => says(Some(false), reason::CONFIRMED_LOST, "confirmed: nothing has come back since"),
        (State::Unreachable, _) => {
            says(Some(false), reason::CONFIRMED_LOST, "confirmed: nothing has come back, because of what is above it")
        }
        (State::Unknown, Reason::NeverAnswered) => {
            says(None, reason::NEVER_ANSWERED, "it has not answered once: never up, never down")
        }
        (State::Unknown, _) => says(None, reason::NO_VALID_SAMPLE, "nothing valid was seen: never up, never down"),
    }
}

fn degraded(known: &Known<'_>) -> Says {
    let view = known.view;
    match (view.state, view.reason) {
        (State::Degraded, Reason::TargetSilent) => {
            let message = "it doesn't answer, but something below it does: it forwards";
            Says::new(links::DEGRADED, Some(true), reason::TARGET_SILENT, message)
        }
        (State::Degraded, _) => {
            let loss = view
                .loss
                .map_or_else(String::new, |loss| format!("{} % of the probes are lost", decimal(loss * 100.0)));
            Says::new(links::DEGRADED, Some(true), reason::LOSS_HIGH, loss)
        }
        (State::Up, _) => Says::new(links::DEGRADED, Some(false), reason::WITHIN_BOUNDS, "loss is within bounds"),
        _ => Says::new(links::DEGRADED, None, reason::NO_VALID_SAMPLE, "nothing comes back that could be judged"),
    }
}

fn reachable(known: &Known<'_>) -> Says {
    let roots = known.roots.join(" and ");
    match (known.view.state, known.view.reason) {
        (State::Unreachable, Reason::AllUplinksDown) => {
            Says::new(REACHABLE, Some(false), reason::ALL_UPLINKS_DOWN, format!("both ways are lost: {roots}"))
        }
        (State::Unreachable, _) => Says::new(REACHABLE, Some(false), reason::ANCESTOR_DOWN, format!("{roots} is down")),
        (State::Unknown, Reason::AncestorUnknown) => {
            Says::new(REACHABLE, None, reason::ANCESTOR_UNKNOWN, "nothing is known of what is above it")
        }
        (State::Unknown, _) => Says::new(REACHABLE, None, reason::NO_VALID_SAMPLE, "nothing valid was seen"),
        _ => Says::new(REACHABLE, Some(true), reason::PATH_UP, "nothing above it is in the way"),
    }
}

#[must_use]
pub fn time(stamp: Stamp) -> MicroTime {
    MicroTime(Timestamp::from_microsecond(stamp.micros()).unwrap_or_default())
}
