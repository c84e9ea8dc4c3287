//! All links together: samples in, effects out.

mod incidents;
mod judge;
mod node;
mod recover;
mod replace;
mod samples;
mod sweep;
mod view;

use std::collections::{BTreeSet, HashMap};

use crate::incident::Book;
use crate::maintenance::{Covered, Window};
use crate::model::{LinkIx, Span, Stamp};
use crate::sample::{Batch, Sample, Target, Verdict};
use crate::schedule::Pace;
use crate::state::{Effect, Reason, State};
use crate::tree::Tree;
use crate::vantage::{Sight, Vantage};

use node::Node;
pub use view::{Restored, View};

/// How often what passes by itself (validity, settling) is looked at. Changes are backdated to
/// their exact instant, so this delays them and doesn't shift them.
const SWEEP: Span = Span::millis(250);

/// The state of all links of one city. Deterministic: the same batches at the same instants give
/// the same effects; the order of samples within a batch changes nothing.
#[derive(Clone, Debug)]
pub struct Core {
    tree: Tree,
    /// One per link, and the last for `city-core`.
    nodes: Vec<Node>,
    /// Place of each node in the order from the root down.
    rank: Vec<u32>,
    vantage: Vantage,
    covered: HashMap<LinkIx, Covered>,
    book: Book,
    /// Links under suspicion, by rank: ancestors are judged first.
    suspects: BTreeSet<(u32, LinkIx)>,
    /// Lost links that have begun to answer, themselves or from below.
    rising: BTreeSet<LinkIx>,
    /// Links that are down in maintenance, without an incident.
    quiet: BTreeSet<LinkIx>,
    flapping: BTreeSet<LinkIx>,
    swept: Stamp,
    effects: Vec<Effect>,
}

impl Core {
    /// All links begin as unknown. `anchors` is how many of them the vantage has.
    #[must_use]
    pub fn new(tree: Tree, anchors: u8, now: Stamp) -> Self {
        let mut nodes: Vec<Node> = Vec::with_capacity(tree.len() + 1);
        for n in 0..tree.len() {
            if let Some(spec) = tree.link(LinkIx(n as u32)) {
                nodes.push(Node::new(spec.class, spec.silent, spec.paused, now));
            }
        }
        nodes.push(Node::new(crate::class::Class::of(crate::model::Level::Interconnect), true, false, now));
        let mut rank = vec![0; nodes.len()];
        tree.order().iter().enumerate().for_each(|(at, link)| rank[link.at()] = at as u32);
        Self {
            tree,
            nodes,
            rank,
            vantage: Vantage::new(anchors),
            covered: HashMap::new(),
            book: Book::default(),
            suspects: BTreeSet::new(),
            rising: BTreeSet::new(),
            quiet: BTreeSet::new(),
            flapping: BTreeSet::new(),
            swept: now,
            effects: Vec::new(),
        }
    }

    /// Replaces the maintenance windows. Those that weren't approved before their start cover nothing.
    pub fn set_windows(&mut self, windows: &[Window]) {
        let mut stretches: HashMap<LinkIx, Vec<_>> = HashMap::new();
        for window in windows {
            if let Some(stretch) = window.covers() {
                window.links.iter().for_each(|link| stretches.entry(*link).or_default().push(stretch));
            }
        }
        self.covered = stretches.into_iter().map(|(link, all)| (link, Covered::of(all))).collect();
    }

    /// Takes in what a vantage has seen and says what follows.
    ///
    /// Call it for every batch and at least every 250 ms; `now` never runs backwards.
    pub fn step(&mut self, now: Stamp, batch: &Batch) -> Vec<Effect> {
        let mut samples: Vec<&Sample> = batch.samples.iter().collect();
        samples.sort_by_key(|sample| (sample.sent, sample.target));
        if let Some(sight) = self.vantage.sockets(batch.icmp, now) {
            self.sight(sight);
        }
        // Anchors first: a loss that they explain must not raise a suspicion.
        for sample in &samples {
            if let Target::Anchor(anchor) = sample.target
                && let Some(sight) = self.vantage.anchor(anchor, sample.sent, sample.verdict)
            {
                self.sight(sight);
            }
        }
        for sample in samples {
            if let Target::Link(link) = sample.target
                && link.at() < self.tree.len()
            {
                self.sample(link, sample, now);
            }
        }
        if now - self.swept >= SWEEP {
            self.swept = now;
            self.sweep(now);
        }
        self.rise();
        self.judge(now);
        self.tick_incidents(now);
        std::mem::take(&mut self.effects)
    }

    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    fn node(&self, link: LinkIx) -> &Node {
        &self.nodes[link.at()]
    }

    fn node_mut(&mut self, link: LinkIx) -> &mut Node {
        &mut self.nodes[link.at()]
    }

    fn covered(&self, link: LinkIx) -> Option<&Covered> {
        self.covered.get(&link)
    }

    fn in_maintenance(&self, link: LinkIx, at: Stamp) -> bool {
        self.covered(link).is_some_and(|covered| covered.at(at).is_some())
    }

    /// The one place where a state changes: accounts, flapping and the effect follow from it.
    fn set(&mut self, link: LinkIx, state: State, reason: Reason, since: Stamp, roots: Vec<LinkIx>) {
        let in_maintenance = self.in_maintenance(link, since);
        let node = &mut self.nodes[link.at()];
        let before = node.state;
        if (before, node.reason, &node.roots) == (state, reason, &roots) {
            return;
        }
        let own = matches!(
            (before, state),
            (State::Down, State::Up | State::Degraded) | (State::Up | State::Degraded, State::Down)
        );
        if own && !in_maintenance {
            node.flap.change(since);
            self.flapping.insert(link);
        }
        if state != State::Unknown {
            node.held = None;
        }
        let since = node.log.set(since, state.availability());
        (node.state, node.reason, node.since, node.roots) = (state, reason, since, roots.clone());
        if !state.is_lost() {
            node.hold = None;
        }
        self.effects.push(Effect::SetState { link, state, reason, since, roots });
        if before.is_lost() != state.is_lost() {
            self.redundancy(link);
        }
    }

    /// Tells those with two uplinks when one of them is lost, or none any more.
    fn redundancy(&mut self, parent: LinkIx) {
        for child in self.tree.children(parent).to_vec() {
            let parents = self.tree.parents(child);
            if parents.len() < 2 {
                continue;
            }
            let lost = parents.iter().copied().find(|one| self.node(*one).state.is_lost());
            if self.node(child).lost_uplink != lost {
                self.node_mut(child).lost_uplink = lost;
                self.effects.push(Effect::Redundancy { link: child, lost });
            }
        }
    }

    fn sight(&mut self, sight: Sight) {
        self.effects.push(Effect::Sight(sight));
        let Sight::Lost { since, .. } = sight else { return };
        // What was taken for loss since then wasn't; running confirmations are void.
        for node in &mut self.nodes {
            let losses = node.window.retract(since);
            if losses > 0 {
                node.rollup.retract(losses);
                node.counters.retract(crate::sample::Taint::VantageBlind, losses);
            }
            if node.last_valid >= since {
                node.last_valid = node.window.newest().unwrap_or(Stamp::NEVER).max(node.last_ok);
            }
        }
        for (_, link) in std::mem::take(&mut self.suspects) {
            self.node_mut(link).suspicion = None;
            self.effects.push(Effect::SteadyPace(link));
        }
    }

    /// Faster samples of a suspect, on its onset.
    fn pace(&mut self, link: LinkIx, now: Stamp) {
        let node = self.node_mut(link);
        let Some(suspicion) = &mut node.suspicion else { return };
        suspicion.paced = true;
        // A router's word doubles the pace.
        let every = node.class.pace(suspicion.confirmations).part(if suspicion.told { 2 } else { 1 });
        let (anchor, span) = (suspicion.onset, node.class.decision_after());
        let until = (anchor + span).max(now) + span;
        self.effects.push(Effect::FastPace(Pace { link, anchor, every, until, at_once: false }));
    }

    fn verdict(&self, sample: &Sample) -> Verdict {
        match sample.verdict {
            Verdict::Lost if self.vantage.taints(sample.sent) => Verdict::Tainted(crate::sample::Taint::VantageBlind),
            verdict => verdict,
        }
    }
}
