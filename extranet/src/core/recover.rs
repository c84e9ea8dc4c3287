//! Links that come back, and those below them that are given time to.

use super::Core;
use super::node::Hold;
use crate::model::{LinkIx, Stamp};
use crate::state::{Reason, State};

impl Core {
    /// Lost links that have answered often and long enough are up, from their first answer on.
    pub(super) fn rise(&mut self) {
        // From the root down, so that a link is judged after those above it.
        let mut rising: Vec<LinkIx> = self.rising.iter().copied().collect();
        rising.sort_by_key(|link| self.rank[link.at()]);
        for link in rising {
            let node = self.node(link);
            if !node.was_lost() {
                self.rising.remove(&link);
            } else if let Some(first) = node.streak.and_then(super::node::Streak::risen) {
                self.risen(link, State::Up, Reason::Answering, first);
            } else if let Some(first) = node.below_rise() {
                // It doesn't answer, but what answers below it proves that it forwards.
                let (state, reason) = if node.silent {
                    (State::Up, Reason::InferredFromChildren)
                } else {
                    (State::Degraded, Reason::TargetSilent)
                };
                self.risen(link, state, reason, first);
            } else if node.streak.is_none() && node.below_streak.is_none() {
                self.rising.remove(&link);
            }
        }
    }

    fn risen(&mut self, link: LinkIx, state: State, reason: Reason, first: Stamp) {
        self.rising.remove(&link);
        self.quiet.remove(&link);
        let after = self.book.of_root(link).map(|incident| incident.name.clone());
        let node = self.node_mut(link);
        let was_root = node.state == State::Down || node.held.as_ref().is_some_and(|(state, _)| *state == State::Down);
        // The samples of the outage are accounted as outage, not as loss.
        node.window.clear();
        (node.streak, node.below_streak) = (None, None);
        self.unsuspect(link);
        self.set(link, state, reason, first, Vec::new());
        if was_root {
            self.close_incident(link, first);
        }
        self.release(link, first, after.as_ref());
    }

    /// A way is open again: what is below it isn't blamed until it had time to answer.
    fn release(&mut self, link: LinkIx, recovered: Stamp, after: Option<&String>) {
        for below in self.in_order(link) {
            let node = self.node(below);
            if node.state != State::Unreachable || node.hold.is_some() {
                continue;
            }
            let open = self.tree.parents(below).iter().any(|parent| {
                let parent = self.node(*parent);
                !parent.state.is_lost() || parent.hold.is_some()
            });
            if open {
                self.node_mut(below).hold = Some(Hold { recovered, after: after.cloned() });
            } else {
                self.reroot(below);
            }
        }
    }

    /// A node fell: those below it that are lost already may have another root now.
    pub(super) fn rehang(&mut self, link: LinkIx) {
        for below in self.in_order(link) {
            if self.node(below).state == State::Unreachable && self.node(below).hold.is_none() {
                self.reroot(below);
            }
        }
    }

    fn reroot(&mut self, link: LinkIx) {
        let roots = self.roots_above(link);
        let node = self.node(link);
        if !roots.is_empty() && roots != node.roots {
            let (reason, since) = (node.reason, node.since);
            self.set(link, State::Unreachable, reason, since, roots);
            self.blame(link);
        }
    }

    fn in_order(&self, link: LinkIx) -> Vec<LinkIx> {
        let mut below = self.tree.below(link);
        below.sort_by_key(|one| self.rank[one.at()]);
        below
    }
}
