//! Incidents as they are to be written: core's words, and what was written before a restart. No client, no clock.

use std::collections::{BTreeMap, BTreeSet};

use extranet::incident::{Cause, IncidentEffect, NoticeKind};
use extranet::model::{Span, Stamp};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::ResourceExt;
use resources::condition::READY;
use resources::links;
use resources::v1alpha1::{
    AffectedLinks, IncidentCause, IncidentNotice, IncidentState, LinkIncident, LinkIncidentStatus,
};
use serde_json::{Value, json};

use super::report::time;
use super::restore::stamp;

/// Names of links that an incident lists.
const LINKS_MAX: usize = 500;
/// Notices that it keeps.
const NOTICES_MAX: usize = 50;
/// A list that grows is written this often at most.
const WRITE_EVERY: Span = Span::secs(1);
/// What has ended may come back for 10 min, and its resolution is told 2 min after its end.
const KEPT: Span = Span::minutes(15);

/// All incidents that are open, ended a short while ago, or not written yet.
#[derive(Debug, Default)]
pub struct Incidents(BTreeMap<String, Record>);

#[derive(Clone, Debug)]
pub struct Record {
    root: String,
    started_at: Stamp,
    cause: IncidentCause,
    after: Option<String>,
    other_roots: Vec<String>,
    ended_at: Option<Stamp>,
    affected: [u32; 5],
    episodes: i64,
    links: BTreeSet<String>,
    notices: Vec<IncidentNotice>,
    before: Vec<Condition>,
    /// Changes so far, and how many of them are written.
    changes: u64,
    written: u64,
    in_flight: bool,
    next: Stamp,
}

/// One incident to write.
#[derive(Clone, Debug)]
pub struct Write {
    pub name: String,
    pub spec: Value,
    pub status: LinkIncidentStatus,
    pub changes: u64,
}

impl Incidents {
    /// Takes over an open one. Returns its root and when it began.
    pub fn restore(&mut self, object: &LinkIncident) -> (String, Stamp) {
        let status = object.status.clone().unwrap_or_default();
        let affected = status.affected.unwrap_or_default();
        let count = |count: i64| u32::try_from(count).unwrap_or_default();
        let record = Record {
            root: object.spec.root.clone(),
            started_at: stamp(&object.spec.started_at),
            cause: object.spec.cause,
            after: object.spec.after.clone(),
            other_roots: object.spec.other_roots.clone(),
            ended_at: None,
            affected: [affected.interconnect, affected.provider, affected.county, affected.township, affected.village]
                .map(count),
            episodes: status.episodes.unwrap_or(1),
            links: status.links.into_iter().collect(),
            notices: status.notices,
            before: status.conditions,
            changes: 0,
            written: 0,
            in_flight: false,
            next: Stamp::NEVER,
        };
        let root = (record.root.clone(), record.started_at);
        self.0.insert(object.name_any(), record);
        root
    }

    /// Ends an incident whose root isn't there any more.
    pub fn abandon(&mut self, name: &str, now: Stamp) {
        if let Some(record) = self.0.get_mut(name) {
            record.ended_at = Some(now);
            record.tell("Resolved", now);
            record.changes += 1;
        }
    }

    /// Takes in what core says. `name_of` names places, `links_of` an incident's links.
    pub fn take(
        &mut self,
        effect: &IncidentEffect,
        name_of: impl Fn(extranet::model::LinkIx) -> String,
        links_of: impl Fn(&str) -> Vec<String>,
    ) {
        match effect {
            IncidentEffect::Open { name, root, started_at, cause, after } => {
                let record = Record {
                    root: name_of(*root),
                    started_at: *started_at,
                    cause: cause_of(*cause),
                    after: after.clone(),
                    other_roots: Vec::new(),
                    ended_at: None,
                    affected: [0; 5],
                    episodes: 1,
                    links: BTreeSet::new(),
                    notices: Vec::new(),
                    before: Vec::new(),
                    changes: 1,
                    written: 0,
                    in_flight: false,
                    next: Stamp::NEVER,
                };
                self.0.entry(name.clone()).or_insert(record);
            }
            IncidentEffect::Update { name, cause, affected, other_roots } => {
                let Some(record) = self.0.get_mut(name) else { return };
                // One that opened with its links in the words of a previous process keeps its cause.
                if *cause != Cause::RootDown {
                    record.cause = cause_of(*cause);
                }
                for root in other_roots {
                    let root = name_of(*root);
                    if !record.other_roots.contains(&root) {
                        record.other_roots.push(root);
                    }
                }
                for (known, now) in record.affected.iter_mut().zip(affected) {
                    *known = (*known).max(*now);
                }
                let room = LINKS_MAX.saturating_sub(record.links.len());
                let new: Vec<String> =
                    links_of(name).into_iter().filter(|link| !record.links.contains(link)).take(room).collect();
                record.links.extend(new);
                record.changes += 1;
            }
            IncidentEffect::Reopen { name, episodes, .. } => self.change(name, |record| {
                record.ended_at = None;
                record.episodes = record.episodes.max(i64::from(*episodes));
            }),
            IncidentEffect::Resolve { name, ended_at } => self.change(name, |record| record.ended_at = Some(*ended_at)),
            IncidentEffect::Notice { name, kind, at } => self.change(name, |record| record.tell(notice(*kind), *at)),
        }
    }

    fn change(&mut self, name: &str, change: impl FnOnce(&mut Record)) {
        if let Some(record) = self.0.get_mut(name) {
            change(record);
            record.changes += 1;
            // News for people don't wait; a list that grows does.
            record.next = Stamp::NEVER;
        }
    }

    /// What is to be written now. Each is in flight until [`Self::settled`].
    pub fn due(&mut self, now: Stamp) -> Vec<Write> {
        self.0.retain(|_, record| {
            record.in_flight || record.changes != record.written || record.ended_at.is_none_or(|end| now - end <= KEPT)
        });
        let due = self
            .0
            .iter_mut()
            .filter(|(_, record)| !record.in_flight && record.changes != record.written && record.next <= now);
        due.map(|(name, record)| {
            record.in_flight = true;
            record.next = now + WRITE_EVERY;
            let status = record.status(now);
            record.before.clone_from(&status.conditions);
            Write { name: name.clone(), spec: record.spec(), status, changes: record.changes }
        })
        .collect()
    }

    /// A write has ended.
    pub fn settled(&mut self, name: &str, changes: u64, is_written: bool) {
        if let Some(record) = self.0.get_mut(name) {
            record.in_flight = false;
            if is_written {
                record.written = changes;
            }
        }
    }

    /// Whether everything is written.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.0.values().all(|record| record.changes == record.written)
    }

    /// Whether one has never been written: its root waits for it.
    #[must_use]
    pub fn has_new(&self) -> bool {
        self.0.values().any(|record| record.written == 0 && record.changes > 0)
    }

    /// Open incidents.
    #[must_use]
    pub fn open(&self) -> usize {
        self.0.values().filter(|record| record.ended_at.is_none()).count()
    }
}

impl Record {
    fn tell(&mut self, kind: &str, at: Stamp) {
        self.notices.push(IncidentNotice { kind: kind.to_owned(), at: time(at) });
        let over = self.notices.len().saturating_sub(NOTICES_MAX);
        self.notices.drain(..over);
    }

    fn spec(&self) -> Value {
        let mut spec = json!({"root": self.root, "startedAt": time(self.started_at), "cause": self.cause});
        if !self.other_roots.is_empty() {
            spec["otherRoots"] = json!(self.other_roots.iter().take(LINKS_MAX).collect::<Vec<_>>());
        }
        if let Some(after) = &self.after {
            spec["after"] = json!(after);
        }
        spec
    }

    fn status(&self, now: Stamp) -> LinkIncidentStatus {
        let [interconnect, provider, county, township, village] = self.affected.map(i64::from);
        let total = interconnect + provider + county + township + village;
        let is_over = self.ended_at.is_some();
        let last = |kinds: &[&str]| {
            self.notices.iter().rev().find(|one| kinds.contains(&one.kind.as_str())).map(|one| one.kind.as_str())
        };
        let told = last(&["Opened", "MaintenanceOverrun", "Resolved"]) == Some("Resolved");
        let flapping = last(&["FlappingStarted", "FlappingEnded"]) == Some("FlappingStarted");
        let yes_no = |yes: bool| if yes { "True" } else { "False" };
        let recovering = is_over && !told;
        let says = [
            (
                READY,
                yes_no(is_over && told),
                if is_over { "Resolved" } else { "Open" },
                "ready once it is over and its end was told",
            ),
            (
                links::RECOVERING,
                yes_no(recovering),
                if recovering { "Answering" } else { "Settled" },
                "its end is told when it has stayed up for 2 min",
            ),
            (
                links::FLAPPING,
                yes_no(flapping),
                if flapping { "PenaltyHigh" } else { "Stable" },
                "notices are held while it flaps",
            ),
        ];
        LinkIncidentStatus {
            state: Some(if is_over { IncidentState::Resolved } else { IncidentState::Open }),
            ended_at: self.ended_at.map(time),
            affected: Some(AffectedLinks { interconnect, provider, county, township, village, total }),
            episodes: Some(self.episodes),
            links: self.links.iter().cloned().collect(),
            notices: self.notices.clone(),
            conditions: says.into_iter().map(|says| self.condition(says, now)).collect(),
        }
    }

    fn condition(&self, (type_, status, reason, message): (&str, &str, &str, &str), now: Stamp) -> Condition {
        let kept = self.before.iter().find(|earlier| earlier.type_ == type_ && earlier.status == status);
        let second = Time(Timestamp::from_second(now.micros().div_euclid(1_000_000)).unwrap_or_default());
        Condition {
            type_: type_.to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            message: message.to_owned(),
            observed_generation: None,
            last_transition_time: kept.map_or(second, |earlier| earlier.last_transition_time.clone()),
        }
    }
}

const fn cause_of(cause: Cause) -> IncidentCause {
    match cause {
        Cause::RootDown => IncidentCause::RootDown,
        Cause::InferredFromChildren => IncidentCause::InferredFromChildren,
        Cause::SharedParentSuspected => IncidentCause::SharedParentSuspected,
        Cause::FollowUp => IncidentCause::FollowUp,
        Cause::MaintenanceOverrun => IncidentCause::MaintenanceOverrun,
    }
}

const fn notice(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Opened => "Opened",
        NoticeKind::Resolved => "Resolved",
        NoticeKind::FlappingStarted => "FlappingStarted",
        NoticeKind::FlappingEnded => "FlappingEnded",
        NoticeKind::MaintenanceOverrun => "MaintenanceOverrun",
    }
}

#[cfg(test)]
mod tests {
    use extranet::model::LinkIx;

    use super::*;

    const AT: fn(i64) -> Stamp = Stamp::from_secs;

    fn take(incidents: &mut Incidents, effect: &IncidentEffect) {
        let links = |_: &str| vec!["county".to_owned(), "town".to_owned()];
        incidents.take(effect, |link| format!("link-{}", link.0), links);
    }

    fn name() -> String {
        "link-1-x".to_owned()
    }

    fn open(incidents: &mut Incidents) {
        let started_at = AT(100);
        let cause = Cause::RootDown;
        take(incidents, &IncidentEffect::Open { name: name(), root: LinkIx(1), started_at, cause, after: None });
        take(incidents, &IncidentEffect::Notice { name: name(), kind: NoticeKind::Opened, at: AT(100) });
    }

    fn update(affected: [u32; 5]) -> IncidentEffect {
        IncidentEffect::Update { name: name(), cause: Cause::RootDown, affected, other_roots: vec![] }
    }

    #[test]
    fn an_incident_is_written_once_per_change_and_once_a_second() {
        let mut incidents = Incidents::default();
        open(&mut incidents);
        assert!(incidents.has_new());
        let first = incidents.due(AT(110)).pop().unwrap();
        assert_eq!((first.spec["root"].as_str(), first.status.state), (Some("link-1"), Some(IncidentState::Open)));
        take(&mut incidents, &update([0, 0, 1, 1, 0]));
        assert!(incidents.due(AT(120)).is_empty(), "one write at a time");
        incidents.settled(&first.name, first.changes, true);
        assert!(!incidents.is_clean() && !incidents.has_new());
        let second = incidents.due(AT(120)).pop().unwrap();
        assert_eq!((second.status.affected.unwrap().total, second.status.links.len()), (2, 2));
        incidents.settled(&second.name, second.changes, false);
        assert!(incidents.due(AT(120)).is_empty(), "a refused write is tried again a second later");
        let third = incidents.due(AT(121)).pop().unwrap();
        incidents.settled(&third.name, third.changes, true);
        assert!(incidents.is_clean());
    }

    #[test]
    fn the_end_is_written_with_its_time_and_told_once() {
        let mut incidents = Incidents::default();
        open(&mut incidents);
        take(&mut incidents, &IncidentEffect::Resolve { name: name(), ended_at: AT(200) });
        let write = incidents.due(AT(210)).pop().unwrap();
        assert_eq!(
            (write.status.state, write.status.ended_at.clone()),
            (Some(IncidentState::Resolved), Some(time(AT(200))))
        );
        let recovering = |write: &Write| resources::condition::is_true(&write.status.conditions, links::RECOVERING);
        assert!(recovering(&write));
        incidents.settled(&write.name, write.changes, true);
        take(&mut incidents, &IncidentEffect::Notice { name: name(), kind: NoticeKind::Resolved, at: AT(320) });
        let write = incidents.due(AT(320)).pop().unwrap();
        let kinds: Vec<&str> = write.status.notices.iter().map(|one| one.kind.as_str()).collect();
        assert_eq!((kinds, recovering(&write)), (vec!["Opened", "Resolved"], false));
        incidents.settled(&write.name, write.changes, true);
        assert!(incidents.due(AT(200) + KEPT + Span::secs(1)).is_empty() && incidents.0.is_empty());
    }

    #[test]
    fn a_restart_loses_no_link_of_an_incident() {
        let mut before = Incidents::default();
        open(&mut before);
        take(&mut before, &update([0, 0, 1, 21, 317]));
        let write = before.due(AT(110)).pop().unwrap();
        let mut object = LinkIncident::new(&write.name, serde_json::from_value(write.spec).unwrap());
        object.status = Some(write.status);
        let mut after = Incidents::default();
        assert_eq!(after.restore(&object), ("link-1".to_owned(), AT(100)));
        assert!(after.is_clean());
        take(&mut after, &update([0, 0, 1, 3, 0]));
        let write = after.due(AT(130)).pop().unwrap();
        assert_eq!(write.status.affected.unwrap().total, 339);
        assert_eq!(write.status.notices.len(), 1);
    }
}
