//! What is shown of a link, and how its memory outlasts a restart.

use super::Core;
use super::node::Node;
use crate::log::Log;
use crate::maintenance::{Covered, Stretch};
use crate::model::{LinkIx, Span, Stamp};
use crate::month::Month;
use crate::partition::{Durations, Since};
use crate::rollup::{Minute, RoundTrips};
use crate::sample::Counters;
use crate::state::{Reason, State};
use crate::vantage::Blindness;

/// One link as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    pub state: State,
    pub reason: Reason,
    /// Backdated to the sample that began it.
    pub since: Stamp,
    /// Who is to blame, the one that broke last first.
    pub roots: Vec<LinkIx>,
    /// A loss is being confirmed; the state stays as it was meanwhile.
    pub suspect: bool,
    pub first_answer: Option<Stamp>,
    /// 0 to 1 over the entering window; absent below half a window.
    pub loss: Option<f64>,
    /// Of the last 60 answers.
    pub round_trips: Option<RoundTrips>,
    pub jitter: Span,
    pub hops: Option<u8>,
    pub flapping: bool,
    /// Probed never, or known never to answer.
    pub silent: bool,
    pub maintenance: Option<Stretch>,
    /// Of two uplinks, the one that is lost.
    pub lost_uplink: Option<LinkIx>,
    pub counters: Counters,
}

/// What a link's status says from before a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    pub state: State,
    pub reason: Reason,
    pub since: Stamp,
    pub roots: Vec<LinkIx>,
    pub first_answer: Option<Stamp>,
    /// The month that was accounted, and its durations until `flushed_through`.
    pub month: Month,
    pub durations: Durations,
    /// Every change until then was written.
    pub flushed_through: Stamp,
}

impl Core {
    /// `None` for what isn't there. `city-core` can be asked for like a link.
    #[must_use]
    pub fn view(&self, link: LinkIx, now: Stamp) -> Option<View> {
        let node = self.nodes.get(link.at())?;
        Some(View {
            state: node.state,
            reason: node.reason,
            since: node.since,
            roots: node.roots.clone(),
            suspect: node.suspicion.is_some(),
            first_answer: node.first_answer,
            loss: node.window.loss(&node.class.loss, node.class.interval, now),
            round_trips: node.rollup.round_trips(),
            jitter: node.rollup.jitter(),
            hops: node.path.hops(),
            flapping: node.flap.is_flapping(),
            silent: node.silent,
            maintenance: self.covered(link).and_then(|covered| covered.at(now)),
            lost_uplink: node.lost_uplink,
            counters: node.counters,
        })
    }

    /// Where the time of a month went, until now. `None` before a link's accounting began.
    #[must_use]
    pub fn durations(&self, link: LinkIx, month: Month, now: Stamp) -> Option<Durations> {
        let none = Covered::default();
        self.nodes.get(link.at())?.log.durations(month, self.covered(link).unwrap_or(&none), now)
    }

    /// The durations of the latest span of at most three days, for the error budget.
    #[must_use]
    pub fn latest(&self, link: LinkIx, span: Span, now: Stamp) -> Durations {
        let none = Covered::default();
        let node = self.nodes.get(link.at());
        node.map_or_else(Durations::default, |node| node.log.latest(span, self.covered(link).unwrap_or(&none), now))
    }

    /// The closed minutes of the last 24 h, oldest first.
    #[must_use]
    pub fn minutes(&self, link: LinkIx) -> Vec<Minute> {
        self.nodes.get(link.at()).map_or_else(Vec::new, |node| node.rollup.minutes().copied().collect())
    }

    /// What a link was, oldest first, over the last three days.
    #[must_use]
    pub fn stretches(&self, link: LinkIx) -> Vec<Since> {
        self.nodes.get(link.at()).map_or_else(Vec::new, |node| node.log.stretches().collect())
    }

    /// Goes on from a link's status after a restart. The old state holds until `flushed_through`;
    /// from there to the first valid sample time is unknown.
    pub fn restore(&mut self, link: LinkIx, restored: &Restored, now: Stamp) {
        let Restored { state, reason, since, roots, first_answer, month, durations, flushed_through } = restored;
        let in_service = self.tree.link(link).map_or(Stamp::NEVER, |spec| spec.in_service_since);
        let Some(node) = self.nodes.get_mut(link.at()) else { return };
        *node = Node { silent: node.silent, ..Node::new(node.class, node.silent, node.paused, now) };
        node.first_answer = *first_answer;
        node.since = *since;
        if let Some(first) = first_answer {
            node.log = Log::restore(*month, *durations, (*first).max(in_service), *flushed_through);
            node.log.set(*flushed_through, State::Unknown.availability());
            node.reason = Reason::NoValidSample;
            node.since = *flushed_through;
        }
        if state.is_lost() {
            node.held = Some((*state, roots.clone()));
        }
        // What was silent before is known to be.
        node.silent |= *reason == Reason::InferredFromChildren;
    }

    /// Takes over an incident that was open before a restart.
    pub fn restore_incident(&mut self, name: String, root: LinkIx, started_at: Stamp) {
        let level = self.tree.link(root).map(|spec| spec.level);
        self.book.restore(name, root, level, started_at);
    }

    /// Since when and why nothing can be claimed about any link.
    #[must_use]
    pub fn blind(&self) -> Option<(Stamp, Blindness)> {
        self.vantage.blind()
    }
}
