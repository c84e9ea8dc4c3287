//! States become incidents.

use super::Core;
use crate::incident::{Cause, Fall, IncidentEffect};
use crate::model::{LinkIx, Stamp};
use crate::state::{Effect, State};

impl Core {
    /// A root is down. In maintenance that opens nothing; the end of the window is watched.
    pub(super) fn open_incident(
        &mut self,
        root: LinkIx,
        since: Stamp,
        cause: Cause,
        after: Option<String>,
        now: Stamp,
    ) {
        let covered = self.in_maintenance(root, since);
        if covered && self.in_maintenance(root, now) {
            self.quiet.insert(root);
            return;
        }
        let (since, cause) = match self.covered(root).filter(|_| covered).and_then(|one| one.ended_between(since, now))
        {
            Some(end) => (end, Cause::MaintenanceOverrun),
            None => (since, cause),
        };
        let shared_parent = match *self.tree.parents(root) {
            [parent]
                if parent != self.tree.core() && self.node(parent).silent && self.tree.children(parent).len() < 3 =>
            {
                Some(parent)
            }
            _ => None,
        };
        let level = self.tree.link(root).map(|spec| spec.level);
        let fall = Fall { root, name: self.tree.name(root), level, at: since, cause, after, shared_parent };
        let effects = self.book.fall(&fall);
        self.tell(effects);
    }

    pub(super) fn close_incident(&mut self, root: LinkIx, at: Stamp) {
        let effects = self.book.rise(root, at);
        self.tell(effects);
    }

    /// Counts an unreachable link to the incident of the root that broke last.
    pub(super) fn blame(&mut self, link: LinkIx) {
        let root = self.node(link).roots.first().copied();
        if let (Some(root), Some(level)) = (root, self.tree.link(link).map(|spec| spec.level)) {
            self.book.affect(root, link, level);
        }
    }

    pub(super) fn tick_incidents(&mut self, now: Stamp) {
        for link in self.flapping.iter().copied().collect::<Vec<_>>() {
            let node = self.node_mut(link);
            if let Some(begins) = node.flap.judge(now) {
                self.effects.push(Effect::Flapping { link, begins, at: now });
                let effects = self.book.flapping(link, begins, now);
                self.tell(effects);
                if !begins {
                    self.flapping.remove(&link);
                }
            } else if !node.flap.is_flapping() && node.flap.penalty(now) < 1.0 {
                self.flapping.remove(&link);
            }
        }
        let effects = self.book.tick(now);
        self.tell(effects);
    }

    /// Roots that are down in maintenance: when it ends and they still are, that is an overrun.
    pub(super) fn overruns(&mut self, now: Stamp) {
        for root in self.quiet.iter().copied().collect::<Vec<_>>() {
            let node = self.node(root);
            let (state, since) = (node.state, node.since);
            if state != State::Down {
                self.quiet.remove(&root);
            } else if !self.in_maintenance(root, now) {
                self.quiet.remove(&root);
                self.open_incident(root, since, Cause::MaintenanceOverrun, None, now);
            }
        }
    }

    fn tell(&mut self, effects: Vec<IncidentEffect>) {
        self.effects.extend(effects.into_iter().map(Effect::Incident));
    }
}
