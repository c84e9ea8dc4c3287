//! The objects become the table of core and engine; what was before a restart is taken over.

use std::sync::atomic::Ordering;

use extranet::budget::Rank;
use extranet::engine::Command;
use extranet::model::{LinkIx, Span, Stamp, fnv1a};
use kube::ResourceExt;
use resources::names::{CITY_CORE, DEFAULT_POLICY, DEFAULT_VANTAGE};
use resources::v1alpha1::LinkIncident;

use super::Keeper;
use crate::clock::Clock;
use crate::link::{observe, restore};

/// A link that comes is written when it has had time to answer: a village's first probe is sent
/// within 5 s. So most are written once and not twice.
const FIRST_STATUS: Span = Span::secs(8);

impl Keeper {
    pub(super) fn make_table(&mut self) {
        self.changed.store(false, Ordering::Release);
        self.tabled = self.now;
        self.objects = self.stores.links.state().into_iter().map(|link| (link.name_any(), link)).collect();
        self.roster.settle(&self.objects.keys().cloned().collect(), self.now);
        let policies = self.stores.policies.state();
        let policy = policies.iter().find(|policy| policy.name_any() == DEFAULT_POLICY);
        let vantages = self.stores.vantages.state();
        let vantage = vantages.iter().find(|vantage| vantage.name_any() == DEFAULT_VANTAGE);
        let sources = observe::Sources {
            links: &self.objects,
            policy: policy.map(|policy| &policy.spec),
            anchors: vantage.map_or(&[], |vantage| vantage.spec.anchors.as_slice()),
            today: observe::day(Clock::System.now()),
        };
        let observe::Table { tree, targets, anchors } = observe::table(&self.roster, &sources);
        self.faults = tree.faults().iter().cloned().collect();
        let effects = self.core.replace(tree, self.now);
        self.core.set_anchors(anchors);
        self.take_windows();
        self.carry_out(effects);
        self.seat();
        if self.engine.send(Command::Targets(targets)).is_err() {
            // Too much waits there: once more with the next look.
            self.changed.store(true, Ordering::Release);
        }
    }

    /// Statuses of links that came are planned; those of links that went are forgotten.
    fn seat(&mut self) {
        let statuses = &mut self.statuses;
        for (n, name) in self.roster.names().enumerate() {
            let link = LinkIx(u32::try_from(n).unwrap_or(u32::MAX));
            match name {
                Some(name) if !statuses.due.contains_key(&link) => {
                    let jitter = fnv1a(&[name.as_bytes()]) % 2_000;
                    let at = self.now + FIRST_STATUS + Span::millis(jitter as i64);
                    statuses.due.insert(link, at);
                    statuses.refresh.insert((at, link));
                }
                Some(_) => {}
                None => {
                    if let Some(at) = statuses.due.remove(&link) {
                        statuses.refresh.remove(&(at, link));
                    }
                    statuses.conditions.remove(&link);
                    statuses.changes.remove(&link);
                }
            }
        }
        // A spec that changed shows in the conditions: its generation, a pause, a fault.
        let outdated: Vec<LinkIx> = self
            .statuses
            .conditions
            .iter()
            .filter(|(link, conditions)| {
                let object = self.roster.name(**link).and_then(|name| self.objects.get(name));
                let generation = object.and_then(|object| object.metadata.generation);
                conditions.first().is_some_and(|one| one.observed_generation != generation)
            })
            .map(|(link, _)| *link)
            .collect();
        outdated.into_iter().for_each(|link| self.ask(link, Rank::Changed));
    }

    /// Goes on from the objects: states, months, open incidents.
    pub(super) fn take_over(&mut self, open: &[LinkIncident], flushed: Option<Stamp>) {
        let mut roots = std::collections::BTreeSet::new();
        for incident in open {
            let (root, started_at) = self.incidents.restore(incident);
            match self.roster.find(&root).or_else(|| (root == CITY_CORE).then(|| self.core.tree().core())) {
                Some(link) => {
                    roots.insert(link);
                    self.core.restore_incident(incident.name_any(), link, started_at);
                }
                None => {
                    tracing::info!(incident = incident.name_any(), root, "its link is gone; the incident ends");
                    self.incidents.abandon(&incident.name_any(), self.now);
                }
            }
        }
        let mut restored = 0;
        for (name, object) in &self.objects {
            let (Some(link), Some(status)) = (self.roster.find(name), &object.status) else { continue };
            if let Some(known) = restore::restored(status, roots.contains(&link), flushed, &self.roster) {
                self.core.restore(link, &known, self.now);
                self.statuses.conditions.insert(link, status.conditions.clone());
                restored += 1;
            }
        }
        tracing::info!(links = self.roster.len(), restored, incidents = roots.len(), "the prober begins");
    }
}
