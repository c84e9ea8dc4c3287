//! Statuses are written: incidents at once, then roots, then the rest, never more than 50 links a second.

use extranet::budget::{Rank, refresh_at};
use extranet::incident::Incident;
use extranet::model::{LinkIx, Span};
use extranet::month::Month;
use extranet::state::State;
use resources::v1alpha1::ExtranetLinkStatus;

use super::Keeper;
use crate::link::apply::{self, Done};
use crate::link::report;

/// Writes of links under way at a time: at 50 a second, 600 ms of them.
const AT_ONCE: usize = 32;
/// After a failure nothing is written for so long: an API server that is away isn't helped by more.
const PAUSE: Span = Span::secs(2);

impl Keeper {
    pub(super) fn write(&mut self) {
        let now = self.now;
        while let Some((at, link)) = self.statuses.refresh.first().copied().filter(|(at, _)| *at <= now) {
            self.statuses.refresh.remove(&(at, link));
            self.statuses.due.remove(&link);
            self.ask(link, Rank::Refresh);
            self.plan_refresh(link);
        }
        if now < self.statuses.paused_until {
            return;
        }
        for write in self.incidents.due(now) {
            self.writes.spawn(apply::incident(self.client.clone(), write));
        }
        if now >= self.vantage.next && !self.vantage.in_flight {
            self.write_vantage();
        }
        // A root's status names its incident: that one comes first.
        while self.statuses.in_flight.len() < AT_ONCE && !self.incidents.has_new() {
            let Some(link) = self.statuses.budget.pop(now) else { break };
            if self.statuses.in_flight.contains(&link) {
                // Its last write isn't back yet, and two could arrive in either order.
                self.ask(link, Rank::Changed);
                break;
            }
            self.write_link(link);
        }
    }

    fn write_link(&mut self, link: LinkIx) {
        let Some(name) = self.roster.name(link).map(str::to_owned) else { return };
        let Some(status) = self.status_of(link) else { return };
        let change = self.statuses.changes.get(&link).copied().unwrap_or_default();
        self.statuses.conditions.insert(link, status.conditions.clone());
        self.statuses.in_flight.insert(link);
        self.writes.spawn(apply::link(self.client.clone(), link, name, change, status));
    }

    fn status_of(&self, link: LinkIx) -> Option<ExtranetLinkStatus> {
        let now = self.now;
        let view = self.core.view(link, now)?;
        let object = self.objects.get(self.roster.name(link)?)?;
        let tree = self.core.tree();
        let name = |link: &LinkIx| tree.name(*link).to_owned();
        let blamed = if view.state == State::Down { Some(link) } else { view.roots.first().copied() };
        let incident: Option<&Incident> = blamed.and_then(|root| self.core.book().of_root(root));
        let month = Month::of(now);
        let before = self.statuses.conditions.get(&link).map_or(&[][..], Vec::as_slice);
        Some(report::status(&report::Known {
            spec: &object.spec,
            generation: object.metadata.generation.unwrap_or_default(),
            view: &view,
            roots: view.roots.iter().map(name).collect(),
            incident: incident.map(|one| one.name.clone()),
            month,
            durations: self.core.durations(link, month, now),
            blind: self.core.blind().map(|(_, why)| why),
            fault: self.faults.get(&link),
            lost_uplink: view.lost_uplink.as_ref().map(name),
            before,
            now,
        }))
    }

    /// When the link is written next although nothing is new.
    fn plan_refresh(&mut self, link: LinkIx) {
        let Some(name) = self.roster.name(link) else { return };
        let at = refresh_at(self.now, name, self.roster.len());
        if let Some(earlier) = self.statuses.due.insert(link, at) {
            self.statuses.refresh.remove(&(earlier, link));
        }
        self.statuses.refresh.insert((at, link));
    }

    pub(super) fn settle(&mut self, done: Done) {
        match done {
            Done::Link { link, name, change, result } => {
                self.statuses.in_flight.remove(&link);
                match result {
                    Ok(()) => {
                        self.statuses.patches += 1;
                        if self.statuses.changes.get(&link) == Some(&change) {
                            self.statuses.changes.remove(&link);
                        }
                        self.plan_refresh(link);
                    }
                    // It was deleted meanwhile, and the table follows.
                    Err(kube::Error::Api(status)) if status.is_not_found() => {
                        self.statuses.changes.remove(&link);
                    }
                    Err(error) => {
                        self.failed("a link", &name, &error);
                        self.ask(link, Rank::Changed);
                    }
                }
            }
            Done::Incident { name, changes, result } => {
                self.incidents.settled(&name, changes, result.is_ok());
                if let Err(error) = result {
                    self.failed("an incident", &name, &error);
                }
            }
            Done::Window { name, result } => match result {
                Err(kube::Error::Api(status)) if status.is_not_found() => {}
                Err(error) => {
                    self.forget_window(&name);
                    self.failed("a maintenance window", &name, &error);
                }
                Ok(()) => {}
            },
            Done::Vantage { result } => {
                self.vantage.in_flight = false;
                if let Err(error) = result {
                    self.failed("the vantage", resources::names::DEFAULT_VANTAGE, &error);
                }
            }
        }
    }

    fn failed(&mut self, what: &str, name: &str, error: &kube::Error) {
        // One line for all that fail together.
        if self.now >= self.statuses.paused_until {
            tracing::warn!(name, error = %crate::telemetry::chain(error), "failed to write the status of {what}");
        }
        self.statuses.paused_until = self.now + PAUSE;
    }
}
