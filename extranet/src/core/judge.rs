//! The decision about a suspect, after its ancestors were looked at.

use super::Core;
use crate::incident::Cause;
use crate::model::{LinkIx, Span, Stamp};
use crate::state::{Reason, State};
use crate::vote::{Count, TOGETHER, is_lost};

/// A suspect waits for its ancestors at most this much longer.
const WAITS_FOR_ANCESTORS: Span = Span::secs(10);
/// Where a router says that it can't deliver, a decision takes no less than this after the onset:
/// the prober's own blindness is known in 3.3 s.
const TOLD_AFTER: Span = Span::secs(4);
/// Descendants that are lost so long after a root's recovery are broken themselves.
const HOLD: Span = Span::secs(60);
/// Decisions can follow from one another once per level, and each vote adds one.
const ROUNDS_MAX: usize = 16;

/// What is known of the ways to a link since an instant, the best of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// Every way has a node that is down.
    Lost,
    /// Nothing was seen of the nearest probed ancestor.
    Unknown,
    /// An ancestor is under suspicion itself.
    Waiting,
    /// An ancestor hasn't answered yet since the root above it recovered.
    Held,
    Open,
}

enum Vote {
    /// No silent parent, or no majority in sight.
    No,
    /// More are under suspicion than have two losses yet.
    Wait,
    /// The highest silent node that must be lost, and since when.
    Carried(LinkIx, Stamp),
}

impl Core {
    /// Decides on every suspect that can be decided on, ancestors first.
    pub(super) fn judge(&mut self, now: Stamp) {
        for _ in 0..ROUNDS_MAX {
            let suspects: Vec<LinkIx> = self.suspects.iter().map(|(_, link)| *link).collect();
            let before = self.effects.len();
            for link in suspects {
                self.decide(link, now);
            }
            if self.effects.len() == before {
                return;
            }
        }
    }

    fn decide(&mut self, link: LinkIx, now: Stamp) {
        let node = self.node(link);
        let Some(suspicion) = node.suspicion else { return };
        let (onset, timeout_after) = (suspicion.onset, suspicion.onset + node.class.decision_after());
        let held = node.hold.clone();
        let since = held.as_ref().map_or(onset, |hold| hold.recovered);
        let way = self.way(link, onset);
        if way == Way::Lost {
            if held.as_ref().is_none_or(|hold| now - hold.recovered >= HOLD) {
                self.unreachable(link, since);
            }
            return;
        }
        let overdue = now >= timeout_after + WAITS_FOR_ANCESTORS;
        if way == Way::Held || (way == Way::Waiting && !overdue) {
            self.rest(link);
            return;
        }
        if !suspicion.paced {
            self.pace(link, now);
        }
        let enough = suspicion.lost > suspicion.confirmations;
        let ripe = now >= timeout_after || (suspicion.told && now - onset >= TOLD_AFTER);
        let waits = held.as_ref().is_some_and(|hold| now - hold.recovered < HOLD);
        if !enough || !ripe || waits {
            return;
        }
        if way == Way::Unknown || way == Way::Waiting {
            self.unsuspect(link);
            self.set(link, State::Unknown, Reason::AncestorUnknown, since, Vec::new());
            return;
        }
        match self.vote(link, onset, now) {
            Vote::Carried(silent, from) => {
                self.fallen(silent, Reason::InferredFromChildren, from, Cause::InferredFromChildren, None, now);
                self.unreachable(link, since);
            }
            Vote::Wait => self.wait_for_vote(link, now),
            Vote::No => self.down(link, onset, since, held.and_then(|hold| hold.after), now),
        }
    }

    /// The link itself is broken, unless something below it answers.
    fn down(&mut self, link: LinkIx, onset: Stamp, since: Stamp, after: Option<String>, now: Stamp) {
        self.unsuspect(link);
        if self.node(link).below_ok > onset {
            self.set(link, State::Degraded, Reason::TargetSilent, since, Vec::new());
            return;
        }
        let cause = if self.node(link).hold.is_some() { Cause::FollowUp } else { Cause::RootDown };
        self.fallen(link, Reason::ConfirmedLost, since, cause, after, now);
    }

    pub(super) fn fallen(
        &mut self,
        link: LinkIx,
        reason: Reason,
        since: Stamp,
        cause: Cause,
        after: Option<String>,
        now: Stamp,
    ) {
        let node = self.node_mut(link);
        (node.hold, node.streak, node.below_streak) = (None, None, None);
        self.set(link, State::Down, reason, since, Vec::new());
        self.open_incident(link, since, cause, after, now);
        self.rehang(link);
    }

    fn unreachable(&mut self, link: LinkIx, since: Stamp) {
        self.unsuspect(link);
        let roots = self.roots_above(link);
        let reason = if self.tree.parents(link).len() > 1 { Reason::AllUplinksDown } else { Reason::AncestorDown };
        let node = self.node_mut(link);
        (node.hold, node.streak) = (None, None);
        self.set(link, State::Unreachable, reason, since, roots);
        self.blame(link);
    }

    /// Whom the parents blame: the one that broke last first.
    pub(super) fn roots_above(&self, link: LinkIx) -> Vec<LinkIx> {
        let mut roots: Vec<LinkIx> = Vec::new();
        for parent in self.tree.parents(link) {
            let node = self.node(*parent);
            let theirs = match node.state {
                State::Down => vec![*parent],
                State::Unreachable => node.roots.clone(),
                // Nothing is known of it, or it never answers: whoever cuts it off cuts off this one.
                State::Unknown | State::Up | State::Degraded => self.roots_above(*parent),
            };
            theirs.into_iter().for_each(|root| {
                if !roots.contains(&root) {
                    roots.push(root);
                }
            });
        }
        roots.sort_by_key(|root| (std::cmp::Reverse(self.node(*root).since), *root));
        roots
    }

    /// While an ancestor is in question the suspect's own samples keep their steady pace.
    fn rest(&mut self, link: LinkIx) {
        if let Some(suspicion) = &mut self.node_mut(link).suspicion
            && std::mem::replace(&mut suspicion.paced, false)
        {
            self.effects.push(crate::state::Effect::SteadyPace(link));
        }
    }

    /// The best way up from a link, as seen since `onset`.
    fn way(&self, link: LinkIx, onset: Stamp) -> Way {
        let mut best = Way::Lost;
        for parent in self.tree.parents(link) {
            let way = self.through(*parent, onset);
            if way == Way::Open {
                return way;
            }
            best = best.max(way);
        }
        best
    }

    /// Whether there is a way through this node.
    fn through(&self, link: LinkIx, onset: Stamp) -> Way {
        let node = self.node(link);
        if node.hold.is_some() {
            return Way::Held;
        }
        if node.state.is_lost() {
            return Way::Lost;
        }
        if link == self.tree.core() {
            return Way::Open;
        }
        let forwards = node.reason == Reason::TargetSilent && node.below_ok >= onset;
        if node.suspicion.is_some() && !forwards {
            return Way::Waiting;
        }
        let above = self.way(link, onset);
        // What never answers tells nothing of itself; what is above it may.
        if node.silent || node.first_answer.is_none() {
            return above;
        }
        match above {
            Way::Waiting | Way::Held => above,
            _ if node.last_ok >= onset || forwards => Way::Open,
            Way::Lost => Way::Lost,
            _ => Way::Unknown,
        }
    }

    fn wait_for_vote(&mut self, link: LinkIx, now: Stamp) {
        let node = self.node_mut(link);
        let later = now + node.class.confirm_span.part(i64::from(node.class.confirmations));
        if let Some(suspicion) = &mut node.suspicion {
            suspicion.second_vote.get_or_insert(later);
        }
    }

    /// Asks the children of a silent parent whether the parent itself must be lost.
    fn vote(&self, link: LinkIx, onset: Stamp, now: Stamp) -> Vote {
        let [parent] = *self.tree.parents(link) else { return Vote::No };
        if !self.node(parent).silent {
            return Vote::No;
        }
        let mut found = None;
        let mut at = parent;
        // Up through silent nodes for as long as the share of lost ones is high.
        while self.node(at).silent && self.carries(at, onset, now) {
            found = Some(at);
            match *self.tree.parents(at) {
                [above] => at = above,
                _ => break,
            }
        }
        if let Some(silent) = found {
            let onsets = self.tree.below(silent).into_iter().filter_map(|one| self.onset_near(one, onset));
            return Vote::Carried(silent, onsets.min().unwrap_or(onset).min(onset));
        }
        let suspicion = self.node(link).suspicion;
        let waited = suspicion.and_then(|one| one.second_vote).is_some_and(|second| now >= second);
        if !waited && self.count(parent, onset, 1, now).is_plausible() { Vote::Wait } else { Vote::No }
    }

    fn carries(&self, silent: LinkIx, onset: Stamp, now: Stamp) -> bool {
        let count = self.count(silent, onset, 2, now);
        let children = self.tree.children(silent);
        let day = now - Span::hours(24);
        let (mut loss, mut seen, mut interval) = (0.0, 0.0, Span::secs(300));
        for child in children {
            let node = self.node(*child);
            // What the present breakage has cost isn't what they lose as a rule.
            if let Some(one) = node.rollup.loss_since(day).filter(|_| node.suspicion.is_none() && !node.was_lost()) {
                loss += one;
                seen += 1.0;
            }
            interval = interval.min(node.class.interval);
        }
        is_lost(count, if seen > 0.0 { loss / seen } else { 0.0 }, interval)
    }

    /// Children with a valid sample in the last 30 s, and those of them that lost at least `losses`
    /// in a row with an onset near `onset`. A child with two parents proves nothing.
    fn count(&self, silent: LinkIx, onset: Stamp, losses: u32, now: Stamp) -> Count {
        let mut count = Count::default();
        for child in self.tree.children(silent) {
            if self.tree.parents(*child).len() > 1 {
                continue;
            }
            let node = self.node(*child);
            if node.silent {
                let below = self.count(*child, onset, losses, now);
                count.seen += u32::from(below.seen > 0);
                count.lost += u32::from(below.is_plausible());
            } else if node.first_answer.is_some() && now - node.last_valid <= TOGETHER {
                count.seen += 1;
                let lost = node.suspicion.is_none_or(|one| one.lost >= losses);
                count.lost += u32::from(lost && self.onset_near(*child, onset).is_some());
            }
        }
        count
    }

    fn onset_near(&self, link: LinkIx, onset: Stamp) -> Option<Stamp> {
        let node = self.node(link);
        let own = match node.suspicion {
            Some(suspicion) => Some(suspicion.onset),
            None => (node.state == State::Down).then_some(node.since),
        };
        own.filter(|own| (*own - onset).as_micros().abs() <= TOGETHER.as_micros())
    }
}
