//! What changes by the mere passing of time.

use super::Core;
use crate::model::{LinkIx, Span, Stamp};
use crate::sample::IcmpMode;
use crate::state::{Reason, State};
use crate::vantage::Blindness;

/// A sample is known to be lost one time-out after it was sent, and reported 100 ms later. Only
/// after that can a link be said to have no newer one.
const REPORTED_WITHIN: Span = Span::millis(500);

impl Core {
    pub(super) fn sweep(&mut self, now: Stamp) {
        self.overruns(now);
        // Order matters not: a link's own samples alone decide.
        for n in 0..self.tree.len() as u32 {
            let link = LinkIx(n);
            let node = self.node(link);
            if node.is_inferred() {
                self.infer(link, now);
                continue;
            }
            let until = node.valid_until();
            if node.state != State::Unknown && now >= until + node.class.timeout + REPORTED_WITHIN {
                self.forget(link, until);
            }
            let covered = self.covered.get(&link);
            self.nodes[n as usize].log.settle(now, covered.unwrap_or(&crate::maintenance::Covered::default()));
        }
    }

    /// A silent node: up while something below it answers.
    fn infer(&mut self, link: LinkIx, now: Stamp) {
        let node = self.node_mut(link);
        let (first, until) = (node.below_ok, node.below_until);
        if node.state == State::Unknown && first > Stamp::NEVER && until > now {
            node.log.begin(first);
            self.set(link, State::Up, Reason::InferredFromChildren, first, Vec::new());
        } else if node.state == State::Up && now >= until + node.class.timeout + REPORTED_WITHIN {
            // Children that are lost are judged by their own samples, and by a vote on this one.
            let lost = self.tree.children(link).iter().any(|child| self.node(*child).valid_until() > now);
            if !lost {
                self.set(link, State::Unknown, self.unseen(false), until, Vec::new());
            }
        }
        let covered = self.covered.get(&link);
        self.nodes[link.at()].log.settle(now, covered.unwrap_or(&crate::maintenance::Covered::default()));
    }

    /// Nothing valid for three intervals: unknown from then on, exactly.
    pub(super) fn forget(&mut self, link: LinkIx, at: Stamp) {
        self.unsuspect(link);
        let node = self.node_mut(link);
        let held = node.state.is_lost().then(|| (node.state, node.roots.clone()));
        (node.streak, node.below_streak, node.hold) = (None, None, None);
        let paused = node.paused;
        let at = at.max(node.since);
        self.set(link, State::Unknown, self.unseen(paused), at, Vec::new());
        self.node_mut(link).held = held;
    }

    fn unseen(&self, paused: bool) -> Reason {
        match self.vantage.blind() {
            _ if paused => Reason::Paused,
            Some((_, Blindness::AnchorsLost)) => Reason::VantageBlind,
            Some((_, Blindness::NoIcmpPermission)) => Reason::NoIcmpPermission,
            None => Reason::NoValidSample,
        }
    }

    /// Whether the prober could open an ICMP socket, as it last said.
    #[must_use]
    pub fn may_probe(&self) -> bool {
        !matches!(self.vantage.blind(), Some((_, Blindness::NoIcmpPermission)))
    }

    /// Tells of sockets alone, for a prober that has nothing else to say.
    pub fn sockets(&mut self, icmp: IcmpMode, now: Stamp) {
        if let Some(sight) = self.vantage.sockets(icmp, now) {
            self.sight(sight);
        }
    }
}
