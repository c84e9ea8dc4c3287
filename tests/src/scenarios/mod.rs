//! What people do while everything goes wrong. Each scenario is a function of a [`World`], which
//! has a name and a seed; what it makes has its name, so many play side by side on one [`Stage`].
//!
//! A scenario checks what its people see. What must hold at every moment is the oracle's part: it
//! replays the history of the whole stage afterwards.

pub mod acts;
mod burst;
mod crash;
mod cut;
mod limits;
mod load;
mod moves;
mod mutations;
mod namespaces;
mod repeated;
mod resize;
mod rolling;
mod shrink;
mod staged;
mod storm;
mod stray;

use futures::future::LocalBoxFuture;

use crate::cluster::Way;
use crate::faults::dice::Profile;
use crate::stage::{Stage, World};
pub use mutations::{MUTATIONS, Mutation};

/// One of them.
pub struct Scenario {
    pub name: &'static str,
    /// What it is about, in a line.
    pub shows: &'static str,
    pub faults: Profile,
    /// How many of its seeds play at once on one stage.
    pub beside: usize,
    pub disturbed: Disturbed,
    /// How many member clusters its stage has beside the hub.
    pub members: usize,
    /// The way that its requests go.
    pub way: Way,
    pub play: for<'a> fn(&'a World<'a>) -> LocalBoxFuture<'a, ()>,
    /// More flags for the operators, from a world's name and seed.
    pub flags: fn(&str, u64) -> Vec<String>,
}

/// What is done to the operators of a stage while its scenarios play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbed {
    No,
    /// SIGSTOP to who leads, until another leads, then SIGCONT.
    Asleep,
    /// Both are gone for a while.
    Down,
}

const fn scenario(
    name: &'static str,
    shows: &'static str,
    play: for<'a> fn(&'a World<'a>) -> LocalBoxFuture<'a, ()>,
) -> Scenario {
    Scenario {
        name,
        shows,
        faults: Profile::Light,
        beside: 8,
        disturbed: Disturbed::No,
        members: 0,
        way: Way::Direct,
        play,
        flags: |_, _| Vec::new(),
    }
}

/// All of them.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        beside: 2,
        ..scenario("storm", "208 requests, room for exactly 100, 64 connections", |world| Box::pin(storm::play(world)))
    },
    Scenario {
        beside: 2,
        ..scenario("burst", "800 pods over 8 namespaces of one allocation", |world| Box::pin(burst::play(world)))
    },
    Scenario {
        faults: Profile::Heavy,
        ..scenario("shrink", "shrinking against growing, with pods that stay", |world| Box::pin(shrink::play(world)))
    },
    Scenario {
        faults: Profile::Heavy,
        ..scenario("elsewhere", "released here, claimed there", |world| Box::pin(shrink::elsewhere(world)))
    },
    Scenario {
        faults: Profile::Heavy,
        ..scenario("moves", "all leave a full pool for one with room for two", |world| Box::pin(moves::play(world)))
    },
    Scenario {
        members: 2,
        ..scenario("cut", "a move between two member clusters, one of which is cut off", |world| {
            Box::pin(cut::play(world))
        })
    },
    Scenario {
        way: Way::Staged,
        ..scenario("staged", "corrections, offers, withdrawals and decisions that come again", |world| {
            Box::pin(staged::play(world))
        })
    },
    scenario("resize", "resize beyond the pool keeps the old share", |world| Box::pin(resize::play(world))),
    Scenario {
        faults: Profile::Heavy,
        ..scenario("repeated", "every decision delivered five times", |world| Box::pin(repeated::play(world)))
    },
    Scenario {
        faults: Profile::Frozen,
        ..scenario("frozen", "watches frozen, cut and expired under load", |world| Box::pin(load::play(world)))
    },
    scenario("namespaces", "pods race into new namespaces", |world| Box::pin(namespaces::play(world))),
    scenario("rolling", "rolling updates at 95 % of a quota", |world| Box::pin(rolling::play(world))),
    scenario("limits", "contract and ceiling lowered and raised meanwhile", |world| Box::pin(limits::play(world))),
    Scenario {
        flags: stray::flags,
        faults: Profile::None,
        ..scenario("stray", "answers and statuses that arrive after newer ones", |world| Box::pin(stray::play(world)))
    },
    Scenario {
        flags: crash::flags,
        faults: Profile::None,
        ..scenario("crash", "SIGKILL after each write of each protocol", |world| Box::pin(crash::play(world)))
    },
    Scenario {
        disturbed: Disturbed::Asleep,
        ..scenario("asleep", "the leader sleeps past its lease and wakes up", |world| Box::pin(load::longer(world)))
    },
    Scenario {
        disturbed: Disturbed::Down,
        ..scenario("down", "no operator at all for a while, under load", |world| Box::pin(load::play(world)))
    },
];

/// Does to the operators what the scenario wants, until it is dropped.
pub async fn disturb(stage: &Stage, disturbed: Disturbed, down_for: std::time::Duration) {
    match disturbed {
        Disturbed::No => std::future::pending().await,
        Disturbed::Asleep => load::put_leaders_to_sleep(stage).await,
        Disturbed::Down => load::take_down(stage, down_for).await,
    }
}
