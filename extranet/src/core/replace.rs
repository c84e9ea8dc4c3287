//! The table of links changes while they are watched.

use std::collections::BTreeSet;

use super::Core;
use super::node::Node;
use crate::model::{LinkIx, Stamp};
use crate::state::{Effect, Reason, State};
use crate::tree::Tree;
use crate::vantage::Vantage;
use crate::window::LossWindow;

impl Core {
    /// Goes on with another table. A link that has the same name at the same place keeps all that is
    /// known of it; one with another name there begins anew, and what was open of the old one ends.
    /// So the caller keeps places: it appends new links, and lets a place rest before it is used again.
    pub fn replace(&mut self, tree: Tree, now: Stamp) -> Vec<Effect> {
        let gone: BTreeSet<LinkIx> = (0..self.tree.len() as u32)
            .map(LinkIx)
            .filter(|link| tree.link(*link).map(|spec| &spec.name) != self.tree.link(*link).map(|spec| &spec.name))
            .collect();
        for link in &gone {
            self.leave(*link, now);
        }
        // Whoever hangs elsewhere now, or blamed what is gone, has to be judged again.
        let unsettled: Vec<LinkIx> = (0..self.tree.len() as u32)
            .map(LinkIx)
            .filter(|link| !gone.contains(link) && self.node(*link).state == State::Unreachable)
            .filter(|link| {
                let uplinks = |tree: &Tree| tree.link(*link).map(|spec| spec.uplinks.clone());
                uplinks(&tree) != uplinks(&self.tree) || self.node(*link).roots.iter().any(|root| gone.contains(root))
            })
            .collect();
        for link in unsettled {
            self.set(link, State::Unknown, Reason::NoValidSample, now, Vec::new());
        }
        let paused = self.renew_nodes(&tree, &gone, now);
        self.reindex(tree, &gone);
        for link in paused {
            self.forget(link, now);
        }
        std::mem::take(&mut self.effects)
    }

    /// Another number of anchors: sight begins anew.
    pub fn set_anchors(&mut self, anchors: u8) {
        if self.vantage.anchors() != usize::from(anchors) {
            self.vantage = Vantage::new(anchors);
        }
    }

    fn leave(&mut self, link: LinkIx, now: Stamp) {
        self.unsuspect(link);
        let node = self.node(link);
        let was_down = node.state == State::Down || matches!(node.held, Some((State::Down, _)));
        if was_down {
            self.close_incident(link, now);
        }
        self.rising.remove(&link);
        self.quiet.remove(&link);
        self.flapping.remove(&link);
    }

    /// The nodes of the new table; returns those that are paused from now on.
    fn renew_nodes(&mut self, tree: &Tree, gone: &BTreeSet<LinkIx>, now: Stamp) -> Vec<LinkIx> {
        let mut paused = Vec::new();
        let mut before = std::mem::take(&mut self.nodes);
        let city = before.pop();
        let mut before = before.into_iter();
        for n in 0..tree.len() as u32 {
            let Some(spec) = tree.link(LinkIx(n)) else { continue };
            let kept = before.next().filter(|_| !gone.contains(&LinkIx(n)));
            let mut node = kept.unwrap_or_else(|| Node::new(spec.class, spec.silent, spec.paused, now));
            if node.class.loss != spec.class.loss {
                node.window = LossWindow::new(&spec.class.loss);
            }
            node.class = spec.class;
            node.silent |= spec.silent;
            if spec.paused && !node.paused {
                paused.push(LinkIx(n));
            } else if !spec.paused && node.reason == Reason::Paused {
                node.reason = if node.first_answer.is_some() { Reason::NoValidSample } else { Reason::NeverAnswered };
            }
            node.paused = spec.paused;
            self.nodes.push(node);
        }
        self.nodes.extend(city);
        paused
    }

    /// `city-core` stands after the last link, so its place moves with their number.
    fn reindex(&mut self, tree: Tree, gone: &BTreeSet<LinkIx>) {
        let (old_core, core) = (self.tree.core(), tree.core());
        let moved = |link: LinkIx| if link == old_core { core } else { link };
        for node in &mut self.nodes {
            let kept = |roots: &[LinkIx]| -> Vec<LinkIx> {
                roots.iter().filter(|root| !gone.contains(root)).copied().map(moved).collect()
            };
            node.roots = kept(&node.roots);
            if let Some((_, roots)) = &mut node.held {
                *roots = kept(roots);
            }
            node.lost_uplink = node.lost_uplink.filter(|link| !gone.contains(link)).map(moved);
        }
        self.book.reindex(moved);
        self.rank = vec![0; self.nodes.len()];
        tree.order().iter().enumerate().for_each(|(at, link)| self.rank[link.at()] = at as u32);
        self.suspects =
            self.suspects.iter().map(|(_, link)| moved(*link)).map(|link| (self.rank[link.at()], link)).collect();
        for set in [&mut self.rising, &mut self.quiet, &mut self.flapping] {
            *set = set.iter().copied().map(moved).collect();
        }
        self.covered.clear();
        self.tree = tree;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::IncidentEffect;
    use crate::model::{Level, Span, VantageIx};
    use crate::sample::{Batch, Sample, Target, Verdict};
    use crate::tree::LinkSpec;

    fn link(name: &str, level: Level, uplink: &str) -> LinkSpec {
        LinkSpec::new(name, level, &[uplink])
    }

    fn county() -> Vec<LinkSpec> {
        vec![
            link("county", Level::County, "city-core"),
            link("town-a", Level::Township, "county"),
            link("town-b", Level::Township, "county"),
        ]
    }

    /// One sample a second of each link; those in `lost` don't answer.
    fn run(core: &mut Core, from: i64, to: i64, lost: &[u32]) -> Vec<Effect> {
        let mut effects = Vec::new();
        for second in from..to {
            let sent = Stamp::from_secs(second);
            let samples = (0..core.tree().len() as u32).map(|n| Sample {
                target: Target::Link(LinkIx(n)),
                vantage: VantageIx(0),
                sent,
                verdict: if lost.contains(&n) { Verdict::Lost } else { Verdict::Ok { rtt: Some(Span::millis(1)) } },
                ttl: Some(64),
                evidence: None,
            });
            effects.extend(core.step(sent + Span::secs(1), &Batch::new(samples.collect())));
        }
        effects
    }

    fn state(core: &Core, n: u32, now: i64) -> State {
        core.view(LinkIx(n), Stamp::from_secs(now)).unwrap().state
    }

    #[test]
    fn what_stays_keeps_its_state_and_its_time() {
        let mut core = Core::new(Tree::new(county()), 0, Stamp::from_secs(0));
        run(&mut core, 1, 60, &[]);
        let before = core.view(LinkIx(1), Stamp::from_secs(60)).unwrap();
        let mut more = county();
        more.push(link("town-c", Level::Township, "county"));
        assert_eq!(core.replace(Tree::new(more), Stamp::from_secs(60)), []);
        let after = core.view(LinkIx(1), Stamp::from_secs(60)).unwrap();
        assert_eq!((after.state, after.since, after.counters), (before.state, before.since, before.counters));
        assert_eq!(state(&core, 3, 60), State::Unknown);
        run(&mut core, 60, 65, &[]);
        assert_eq!(state(&core, 3, 65), State::Up);
    }

    #[test]
    fn an_incident_goes_on_while_links_are_added() {
        let mut core = Core::new(Tree::new(county()), 0, Stamp::from_secs(0));
        run(&mut core, 1, 60, &[]);
        let opened = run(&mut core, 60, 90, &[0, 1, 2]);
        let opens = |effects: &[Effect]| {
            effects.iter().filter(|one| matches!(one, Effect::Incident(IncidentEffect::Open { .. }))).count()
        };
        assert_eq!(opens(&opened), 1);
        let mut more = county();
        more.push(link("town-c", Level::Township, "county"));
        core.replace(Tree::new(more), Stamp::from_secs(90));
        assert_eq!((state(&core, 0, 90), state(&core, 1, 90)), (State::Down, State::Unreachable));
        let mut later = run(&mut core, 90, 120, &[0, 1, 2, 3]);
        later.extend(run(&mut core, 120, 200, &[]));
        assert_eq!(opens(&later), 0);
        let ends = later.iter().filter(|one| matches!(one, Effect::Incident(IncidentEffect::Resolve { .. }))).count();
        assert_eq!(ends, 1);
        assert_eq!(state(&core, 1, 200), State::Up);
    }

    #[test]
    fn what_is_taken_away_ends_its_incident_and_frees_those_below() {
        let mut core = Core::new(Tree::new(county()), 0, Stamp::from_secs(0));
        run(&mut core, 1, 60, &[]);
        run(&mut core, 60, 90, &[0, 1, 2]);
        let mut table = county();
        table[0] = LinkSpec { paused: true, ..link("~0", Level::County, "city-core") };
        for town in &mut table[1..] {
            town.uplinks = vec!["city-core".to_owned()];
        }
        let effects = core.replace(Tree::new(table), Stamp::from_secs(90));
        assert!(
            effects.iter().any(|one| matches!(one, Effect::Incident(IncidentEffect::Resolve { .. }))),
            "{effects:?}"
        );
        assert_eq!(state(&core, 1, 90), State::Unknown);
        run(&mut core, 90, 130, &[0, 1]);
        assert_eq!(state(&core, 1, 130), State::Down);
    }

    #[test]
    fn a_pause_is_unknown_from_its_order_on() {
        let mut core = Core::new(Tree::new(county()), 0, Stamp::from_secs(0));
        run(&mut core, 1, 60, &[]);
        let mut table = county();
        table[2].paused = true;
        core.replace(Tree::new(table), Stamp::from_secs(60));
        let view = core.view(LinkIx(2), Stamp::from_secs(60)).unwrap();
        assert_eq!((view.state, view.reason, view.since), (State::Unknown, Reason::Paused, Stamp::from_secs(60)));
        core.replace(Tree::new(county()), Stamp::from_secs(70));
        assert_eq!(core.view(LinkIx(2), Stamp::from_secs(70)).unwrap().reason, Reason::NoValidSample);
    }
}
