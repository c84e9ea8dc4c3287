//! What the objects say from before a restart becomes what core goes on from. No client, no clock.

use extranet::Restored;
use extranet::model::Stamp;
use extranet::month::Month;
use extranet::partition::{Availability, Durations};
use extranet::state::{Reason, State};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use resources::condition::{REACHABLE, find, is_true};
use resources::links::{self, reason};
use resources::v1alpha1::{ExtranetLinkStatus, LinkDurations, LinkState};

use super::roster::Roster;

#[must_use]
pub fn stamp(time: &MicroTime) -> Stamp {
    Stamp::from_micros(time.0.as_microsecond())
}

/// `None` where nothing was ever written. `flushed` is the instant up to which every change was:
/// between the status and then the link stayed as it was, and that time counts as such.
#[must_use]
pub fn restored(
    status: &ExtranetLinkStatus,
    is_root_of_open_incident: bool,
    flushed: Option<Stamp>,
    roster: &Roster,
) -> Option<Restored> {
    let as_of = stamp(status.as_of.as_ref()?);
    let flushed = flushed.unwrap_or(as_of).max(as_of);
    let state = if is_root_of_open_incident { State::Down } else { state(status)? };
    let month = Month::of(flushed);
    let mut durations = Durations::default();
    if let Some(kept) = status.availability.as_ref().filter(|kept| kept.month == month.to_string()) {
        let LinkDurations { up, degraded, down, unreachable, maintenance, unknown } = kept.micros;
        durations = Durations { up, degraded, down, unreachable, unknown, maintenance };
    }
    if status.first_answer_time.is_some() {
        let class =
            if status.state == Some(LinkState::Maintenance) { Availability::Maintenance } else { state.availability() };
        durations.add(class, flushed - as_of.max(month.start()));
    }
    let inferred = find(&status.conditions, links::UP).is_some_and(|up| up.reason == reason::INFERRED_FROM_CHILDREN);
    let roots = status.root_cause.iter().chain(&status.root_causes);
    let mut known: Vec<_> = roots.filter_map(|root| roster.find(root)).collect();
    known.dedup();
    Some(Restored {
        state,
        reason: if inferred { Reason::InferredFromChildren } else { Reason::NoValidSample },
        since: status.since.as_ref().map_or(as_of, stamp),
        roots: known,
        first_answer: status.first_answer_time.as_ref().map(stamp),
        month,
        durations,
        flushed_through: flushed,
    })
}

/// What it was; under maintenance its conditions say so.
fn state(status: &ExtranetLinkStatus) -> Option<State> {
    let says = |type_, expected: &str| find(&status.conditions, type_).is_some_and(|one| one.status == expected);
    Some(match status.state? {
        LinkState::Up => State::Up,
        LinkState::Degraded => State::Degraded,
        LinkState::Down => State::Down,
        LinkState::Unreachable => State::Unreachable,
        LinkState::Unknown => State::Unknown,
        LinkState::Maintenance if says(links::UP, "False") && says(REACHABLE, "False") => State::Unreachable,
        LinkState::Maintenance if says(links::UP, "False") => State::Down,
        LinkState::Maintenance if is_true(&status.conditions, links::DEGRADED) => State::Degraded,
        LinkState::Maintenance if is_true(&status.conditions, links::UP) => State::Up,
        LinkState::Maintenance => State::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn status(changes: &Value) -> ExtranetLinkStatus {
        let mut status = json!({
            "state": "Up", "since": "2026-11-23T10:00:00.000001Z", "asOf": "2026-11-23T12:00:00.000000Z",
            "firstAnswerTime": "2026-11-20T00:00:00.000000Z", "conditions": [],
            "availability": {"month": "2026-11", "micros": {
                "up": 5_000_000, "degraded": 1, "down": 2, "unreachable": 3, "maintenance": 4, "unknown": 5,
            }},
        });
        for (key, value) in changes.as_object().unwrap() {
            status[key] = value.clone();
        }
        serde_json::from_value(status).unwrap()
    }

    fn condition(type_: &str, status: &str) -> Value {
        json!({"type": type_, "status": status, "reason": "X", "message": "", "lastTransitionTime": "2026-11-23T10:00:00Z"})
    }

    #[test]
    fn time_until_the_flush_counts_as_what_the_link_was() {
        let flushed = Stamp::from_secs(1_795_435_210); // 2026-11-23T12:00:10Z
        let restored = |changes| restored(&status(&changes), false, Some(flushed), &Roster::default()).unwrap();
        let up = restored(json!({}));
        assert_eq!((up.state, up.durations.up, up.durations.total()), (State::Up, 15_000_000, 15_000_015));
        assert_eq!((up.flushed_through, up.month.to_string().as_str()), (flushed, "2026-11"));
        let maintained = restored(json!({"state": "Maintenance", "conditions": [condition("Up", "False")]}));
        assert_eq!((maintained.state, maintained.durations.maintenance), (State::Down, 10_000_004));
        // Another month began since: of it only what lies in it.
        let before = restored(json!({"availability": {"month": "2026-10", "micros": {
            "up": 5, "degraded": 0, "down": 0, "unreachable": 0, "maintenance": 0, "unknown": 0,
        }}}));
        assert_eq!(before.durations.total(), 10_000_000);
    }

    #[test]
    fn the_root_of_an_open_incident_is_down_whatever_its_status_says() {
        let found = restored(&status(&json!({})), true, None, &Roster::default()).unwrap();
        assert_eq!(found.state, State::Down);
        let unreachable = status(
            &json!({"state": "Maintenance", "conditions": [condition("Up", "False"), condition("Reachable", "False")]}),
        );
        assert_eq!(restored(&unreachable, false, None, &Roster::default()).unwrap().state, State::Unreachable);
        assert_eq!(restored(&ExtranetLinkStatus::default(), false, None, &Roster::default()), None);
    }
}
