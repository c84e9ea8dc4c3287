//! Engine and core together, in real time: a cut, and a prober that doesn't see.

use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use extranet::Core;
use extranet::class::Class;
use extranet::engine::{Command, Engine, Probe, Settings, TargetSpec, now};
use extranet::model::{Level, LinkIx, Span};
use extranet::sample::{Batch, Target};
use extranet::state::{Effect, State};
use extranet::tree::{LinkSpec, Tree};

use crate::namespace::inside;
use crate::{add_up, local, start, target};

/// A class that decides within a second and a half, so that a test needn't wait for nine.
fn quick(level: Level) -> Class {
    let (interval, timeout) = (Span::millis(200), Span::millis(100));
    Class { interval, timeout, confirm_span: Span::millis(1_200), ..Class::of(level) }
}

struct World {
    engine: Engine,
    batches: Receiver<Batch>,
    core: Core,
    effects: Vec<Effect>,
}

impl World {
    fn new(anchors: u8) -> Self {
        let mut links = vec![LinkSpec::new("county", Level::County, &[])];
        links.extend((0..3).map(|n| LinkSpec::new(format!("township-{n}"), Level::Township, &["county"])));
        links.iter_mut().for_each(|link| link.class = quick(link.level));
        let tree = Tree::new(links);
        let spec = |n: u32| TargetSpec { timeout: Span::millis(100), ..target(n, Probe::Icmp(local(n)), 200) };
        let mut targets: Vec<TargetSpec> = (0..tree.len() as u32).map(spec).collect();
        targets.extend((0..anchors).map(|n| TargetSpec {
            target: Target::Anchor(n),
            uid: format!("anchor-{n}"),
            // Anchors have addresses of their own.
            ..spec(100 + u32::from(n))
        }));
        let (engine, batches) = start(Settings::default(), targets);
        Self { engine, batches, core: Core::new(tree, anchors, now()), effects: Vec::new() }
    }

    fn run(&mut self, span: Duration) {
        let end = Instant::now() + span;
        while Instant::now() < end {
            let empty = || Batch::new(vec![]);
            let batch = self.batches.recv_timeout(Duration::from_millis(100)).unwrap_or_else(|_| empty());
            for effect in self.core.step(now(), &batch) {
                match &effect {
                    Effect::FastPace(pace) => self.engine.send(Command::Fast(*pace)).unwrap(),
                    Effect::SteadyPace(link) => self.engine.send(Command::Steady(*link)).unwrap(),
                    _ => self.effects.push(effect),
                }
            }
        }
    }

    /// Waits until every link is in a state; panics with what they are in.
    fn until(&mut self, wanted: &[State], within: Duration) {
        let end = Instant::now() + within;
        loop {
            let states: Vec<State> =
                (0..wanted.len() as u32).map(|n| self.core.view(LinkIx(n), now()).unwrap().state).collect();
            if states == wanted {
                return;
            }
            assert!(Instant::now() < end, "{states:?}, not {wanted:?}; {:?}", self.engine.stats());
            self.run(Duration::from_millis(100));
        }
    }
}

fn ignore_echoes(yes: bool) {
    std::fs::write("/proc/sys/net/ipv4/icmp_echo_ignore_all", if yes { "1" } else { "0" }).unwrap();
}

#[test]
fn a_cut_is_one_incident_with_one_root() {
    inside("states::a_cut_is_one_incident_with_one_root", "", || {
        let mut world = World::new(0);
        world.until(&[State::Up; 4], Duration::from_secs(5));
        ignore_echoes(true);
        let cut = now();
        let lost = [State::Down, State::Unreachable, State::Unreachable, State::Unreachable];
        world.until(&lost, Duration::from_secs(10));
        let since = world.core.view(LinkIx(0), now()).unwrap().since;
        assert!((since - cut).as_secs_f64().abs() < 0.5, "the onset is the cut");
        ignore_echoes(false);
        world.until(&[State::Up; 4], Duration::from_secs(30));
        let opened =
            |effect: &&Effect| matches!(effect, Effect::Incident(extranet::incident::IncidentEffect::Open { .. }));
        assert_eq!(world.effects.iter().filter(opened).count(), 1);
        add_up(&world.engine);
    });
}

#[test]
fn a_blind_prober_calls_nothing_down() {
    inside("states::a_blind_prober_calls_nothing_down", "", || {
        let mut world = World::new(2);
        world.until(&[State::Up; 4], Duration::from_secs(5));
        // Anchors and links fall silent together: that is our side.
        ignore_echoes(true);
        world.until(&[State::Unknown; 4], Duration::from_secs(10));
        assert!(world.core.blind().is_some());
        ignore_echoes(false);
        world.until(&[State::Up; 4], Duration::from_secs(10));
        let claims = |effect: &&Effect| {
            matches!(effect, Effect::SetState { state: State::Down | State::Unreachable, .. } | Effect::Incident(_))
        };
        assert_eq!(world.effects.iter().filter(claims).count(), 0, "{:?}", world.effects);
    });
}
