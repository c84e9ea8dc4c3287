//! Every state that a world can get into, breadth first.

use std::fmt;
use std::time::{Duration, Instant};

use stateright::{Checker, HasDiscoveries, Model};

use super::{Case, Law, Protocol, World, story};

/// What a walk has found.
#[derive(Debug)]
pub struct Walk {
    /// Different states.
    pub states: usize,
    /// Steps to the farthest of them.
    pub depth: usize,
    pub took: Duration,
    pub broken: Vec<Broken>,
    /// The world comes to its end somewhere, as wanted.
    pub is_done_somewhere: bool,
}

/// A law that doesn't hold, and a way to where it doesn't.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken {
    pub law: &'static str,
    pub path: Vec<String>,
}

/// Walks through all of it, or to the first state in which a law doesn't hold. One thread: with
/// more the path would not be the shortest, and not the same each time.
pub fn walk(protocol: Protocol) -> Walk {
    let start = Instant::now();
    let checker = protocol.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let took = start.elapsed();
    let mut found = checker.discoveries();
    let is_done_somewhere = found.remove(Law::Done.name()).is_some();
    let broken = |(law, path): (&'static str, stateright::Path<_, _>)| {
        let path = story::tell(&protocol, path.into_vec());
        Broken { law, path }
    };
    Walk {
        states: checker.unique_state_count(),
        // The checker counts the first state as a step.
        depth: checker.max_depth() - 1,
        took,
        broken: found.into_iter().map(broken).collect(),
        is_done_somewhere,
    }
}

impl World {
    /// What is wrong with a walk through it, with all rules kept.
    pub fn complaint(&self, walk: &Walk) -> Option<String> {
        let Self { name, about, states_min, .. } = self;
        let states = walk.states;
        let complaint = match walk.broken.first() {
            Some(broken) => broken.to_string(),
            None if !walk.is_done_somewhere => "it never comes to its end".to_owned(),
            None if states < *states_min => format!("{states} states are fewer than {states_min}"),
            None => return None,
        };
        Some(format!("{name}, {about}: {complaint}"))
    }
}

impl Case {
    /// How it goes wrong, or that it doesn't.
    pub fn verdict(&self) -> Result<String, String> {
        let Self { mutation, about, world, law } = self;
        let walk = walk(Protocol::breaking(*world, *mutation, *law));
        let place = world.name;
        let broken = walk.broken.first();
        let broken = broken.ok_or_else(|| format!("{about}, in {place}: {} holds all the same: {walk}", law.name()))?;
        Ok(format!("{about}, in {place}: {broken}"))
    }
}

impl fmt::Display for Walk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { states, depth, took, .. } = self;
        write!(f, "{states:>9} states, {depth:>3} steps deep, {:>8.2} s", took.as_secs_f64())
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { law, path } = self;
        writeln!(f, "{} steps to the end of law {law}", path.len())?;
        path.iter().enumerate().try_for_each(|(index, step)| writeln!(f, "  {:>2}. {step}", index + 1))
    }
}
