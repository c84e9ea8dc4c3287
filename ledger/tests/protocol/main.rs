//! The protocol of grant and enforcement, every way it can go: operators that sleep, crash and
//! wake, answers that get lost, an API server that follows late. And each of its rules left out
//! once, to see that it is needed and that this would be noticed.
//!
//! `cargo run --release -p ledger --example protocol` tells what is walked through, and how each
//! broken rule goes wrong. An optimised build of the test walks through the large worlds too.

mod model;

use model::{CASES, Protocol, WORLDS, World};

#[test]
fn every_law_holds_in_every_state() {
    for world in WORLDS.iter().filter(|world| !world.is_large || !cfg!(debug_assertions)) {
        check(*world);
    }
}

/// Plans that can do nothing any more are forgotten at once. That must hide nothing.
#[test]
fn all_is_the_same_with_dead_plans() {
    // They are two to four times as many states then, so these are the ones with less than 200,000.
    for world in WORLDS.iter().filter(|world| world.operators == 2 && world.states_min < 50_000) {
        check(World { forgets_dead_plans: false, ..*world });
    }
}

fn check(world: World) {
    let walk = model::walk(Protocol::keeping(world));
    println!("{:<9} {walk}", world.name);
    let complaint = world.complaint(&walk);
    assert!(complaint.is_none(), "{}", complaint.unwrap_or_default());
}

#[test]
fn every_rule_is_needed() {
    for case in CASES {
        match case.verdict() {
            Ok(story) => println!("{story}"),
            Err(complaint) => panic!("{complaint}"),
        }
    }
}
