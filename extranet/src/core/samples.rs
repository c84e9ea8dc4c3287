//! What one sample changes at its link, and what it proves of those above.

use super::Core;
use super::node::{QUIET_TO_RISE, SILENT_AFTER, Streak, Suspicion};
use crate::model::{LinkIx, Stamp};
use crate::sample::{Evidence, Sample, Verdict};
use crate::schedule::Pace;
use crate::state::{Effect, Reason, State};

impl Core {
    pub(super) fn sample(&mut self, link: LinkIx, sample: &Sample, now: Stamp) {
        let verdict = self.verdict(sample);
        let node = self.node(link);
        let valid = !matches!(verdict, Verdict::Tainted(_));
        if valid && node.state != State::Unknown && !node.is_inferred() && sample.sent > node.valid_until() {
            // Nobody looked in between, and this sample says nothing of that time.
            self.forget(link, self.node(link).valid_until());
        }
        let node = self.node_mut(link);
        node.counters.count(verdict);
        node.rollup.push(sample.sent, verdict);
        match verdict {
            // Our own fault: no ratio, no suspicion.
            Verdict::Tainted(_) => {}
            Verdict::Ok { .. } => self.answered(link, sample),
            Verdict::Lost => self.lost(link, sample, now),
        }
    }

    fn answered(&mut self, link: LinkIx, sample: &Sample) {
        let sent = sample.sent;
        let in_service = self.tree.link(link).map_or(Stamp::NEVER, |spec| spec.in_service_since);
        let node = &mut self.nodes[link.at()];
        node.last_valid = node.last_valid.max(sent);
        node.last_ok = node.last_ok.max(sent);
        node.window.push(sent, false);
        if let Some(change) = sample.ttl.and_then(|ttl| node.path.push(sent, ttl)) {
            self.effects.push(Effect::PathChanged { link, at: sent, change });
        }
        if node.first_answer.is_none() {
            node.first_answer = Some(sent);
            node.silent = self.tree.link(link).is_some_and(|spec| spec.silent);
            node.log.begin(sent.max(in_service));
            self.effects.push(Effect::FirstAnswer { link, at: sent });
        }
        if node.suspicion.is_some_and(|suspicion| sent >= suspicion.onset) {
            self.unsuspect(link);
        }
        self.prove_above(link, sent);
        let node = self.node_mut(link);
        if node.was_lost() {
            node.streak = Some(Streak::extend(node.streak, sent));
            self.rising.insert(link);
        } else if node.state == State::Unknown
            || matches!(node.reason, Reason::TargetSilent | Reason::InferredFromChildren)
        {
            self.set(link, State::Up, Reason::Answering, sent, Vec::new());
        } else {
            self.judge_loss(link, sent);
        }
    }

    /// An answer shows that everything on its only way forwards.
    fn prove_above(&mut self, link: LinkIx, sent: Stamp) {
        let until = sent + self.node(link).class.validity();
        let mut at = link;
        while let [parent] = *self.tree.parents(at) {
            let node = &mut self.nodes[parent.at()];
            node.below_ok = node.below_ok.max(sent);
            node.below_until = node.below_until.max(until);
            if node.state == State::Down {
                let broken = node.below_streak.is_some_and(|streak| sent - streak.last > QUIET_TO_RISE);
                node.below_streak = Some(Streak::extend(node.below_streak.filter(|_| !broken), sent));
                self.rising.insert(parent);
            }
            at = parent;
        }
    }

    fn lost(&mut self, link: LinkIx, sample: &Sample, now: Stamp) {
        let sent = sample.sent;
        let node = &mut self.nodes[link.at()];
        node.last_valid = node.last_valid.max(sent);
        node.window.push(sent, true);
        if node.first_answer.is_none() {
            // A wrong address or an unfinished line is a list for the administrator, not an outage.
            node.unanswered = node.unanswered.saturating_add(1);
            if node.unanswered >= SILENT_AFTER && node.below_ok > Stamp::NEVER {
                node.silent = true;
            }
            return;
        }
        // A later sample was answered: this one is loss, and no sign of a breakage.
        if node.last_ok > sent {
            return;
        }
        if node.streak.is_some_and(|streak| sent >= streak.first) {
            node.streak = None;
        }
        match node.state {
            State::Down => {}
            State::Unreachable if node.hold.as_ref().is_none_or(|hold| sent <= hold.recovered) => {}
            State::Unknown if node.held.as_ref().is_some_and(|(state, _)| *state == State::Down) => {
                // Still lost after a time in which nobody looked: its incident goes on.
                self.set(link, State::Down, Reason::ConfirmedLost, sent, Vec::new());
            }
            _ => self.suspect(link, sample, now),
        }
    }

    /// A first or further loss of a link that was thought to answer.
    fn suspect(&mut self, link: LinkIx, sample: &Sample, now: Stamp) {
        let told = matches!(sample.evidence, Some(Evidence::Unreachable { .. }));
        let node = self.node_mut(link);
        if let Some(suspicion) = &mut node.suspicion {
            suspicion.lost += 1;
            suspicion.onset = suspicion.onset.min(sample.sent);
            if told && !std::mem::replace(&mut suspicion.told, true) {
                self.pace(link, now);
            }
            return;
        }
        let confirmations = node.confirmations(now);
        let onset = sample.sent;
        node.suspicion = Some(Suspicion { onset, lost: 1, confirmations, told, paced: false, second_vote: None });
        self.suspects.insert((self.rank[link.at()], link));
        self.pace(link, now);
        for ancestor in self.tree.above(link) {
            let node = self.node(ancestor);
            if node.silent || node.paused || node.state.is_lost() {
                continue;
            }
            let every = node.class.pace(confirmations);
            let until = onset + node.class.decision_after();
            self.effects.push(Effect::FastPace(Pace { link: ancestor, anchor: onset, every, until, at_once: true }));
        }
    }

    pub(super) fn unsuspect(&mut self, link: LinkIx) {
        if let Some(suspicion) = self.node_mut(link).suspicion.take() {
            self.suspects.remove(&(self.rank[link.at()], link));
            if suspicion.paced {
                self.effects.push(Effect::SteadyPace(link));
            }
        }
    }

    /// Degraded by loss, or not any more. Not while a suspicion runs: a breakage isn't loss.
    fn judge_loss(&mut self, link: LinkIx, sent: Stamp) {
        let node = self.node_mut(link);
        if node.suspicion.is_some() {
            return;
        }
        let (rule, interval) = (node.class.loss, node.class.interval);
        let degraded = node.window.judge(&rule, interval, sent);
        match (node.state, node.reason, degraded) {
            (State::Up, _, true) => self.set(link, State::Degraded, Reason::LossHigh, sent, Vec::new()),
            (State::Degraded, Reason::LossHigh, false) => {
                self.set(link, State::Up, Reason::Answering, sent, Vec::new());
            }
            _ => {}
        }
    }
}
