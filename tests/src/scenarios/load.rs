//! A bit of everything for a while: the load under which operators are killed, put to sleep and
//! taken away.

use std::time::{Duration, Instant};

use futures::future::join_all;
use resources::v1alpha1::{DecisionOutcome, Phase};
use serde_json::Value;

use super::acts::new_application;
use crate::eventually::{SOON, eventually};
use crate::faults::dice::Random;
use crate::stage::{Stage, World};
use crate::town::{Town, amounts, bundle};

/// Longer than a lease lasts, with the time that another needs to see it.
const SLEEP: Duration = Duration::from_secs(20);
const REQUESTS: usize = 8;
const SWAYING: usize = 3;

/// For about twelve seconds.
pub async fn play(world: &World<'_>) {
    for_a_while(world, Duration::from_secs(12)).await;
}

/// Longer than somebody sleeps.
pub async fn longer(world: &World<'_>) {
    for_a_while(world, SLEEP + Duration::from_secs(20)).await;
}

/// For any time: people ask and are given what they ask for, while others' shares sway.
pub async fn for_a_while(world: &World<'_>, time: Duration) {
    let town = world.found(amounts("60", "200G", "10T")).await;
    let swaying = |number: usize| format!("{}-s{number}", world.name);
    for number in 0..SWAYING {
        town.allocate(&swaying(number), amounts("4", "4G", "0G")).await;
    }
    let until = Instant::now() + time;
    let mut random = world.random();
    let seeds: Vec<u64> = (0..=SWAYING).map(|_| random.draw()).collect();
    let swayed = join_all((0..SWAYING).map(|number| sway(world, &town, swaying(number), number, seeds[number], until)));
    tokio::join!(swayed, ask(world, &town, seeds[SWAYING], time));

    // None is lost, none is doubled: 8 of 2 cores each, and 3 of 4.
    let outcomes = world.await_outcomes(&town, REQUESTS).await;
    for (name, status) in &outcomes {
        assert_eq!(status.outcome, Some(DecisionOutcome::Applied), "{}: {name}: {status:?}", world.name);
    }
    eventually(SOON * 4, format!("all requests of {} are active", world.name), async || {
        let requests = world.requests(&town).await;
        let active = requests.values().filter_map(|one| one.status.as_ref()?.phase).filter(|one| *one == Phase::Active);
        let active = active.count();
        if active == REQUESTS { Ok(()) } else { Err(format!("{active} are")) }
    })
    .await;
    for number in 0..SWAYING {
        world.resize(&town, &swaying(number), amounts("4", "4G", "0G"), number).await;
        town.await_enforced(&swaying(number), "4", "4G", "0G").await;
    }
    let standing = town.settles().await;
    assert_eq!(standing.ledger.position().granted, bundle(&amounts("28", "28G", "0G")), "{}", world.name);
    assert_eq!(standing.ledger.position().total(), standing.ledger.position().granted);
}

async fn ask(world: &World<'_>, town: &Town<'_>, seed: u64, time: Duration) {
    let mut random = Random::new(seed);
    let most = u64::try_from(time.as_millis()).unwrap_or(u64::MAX) / REQUESTS as u64;
    for number in 0..REQUESTS {
        let request: Value = new_application(town, &format!("{}-{number}", world.name), amounts("2", "2G", "0G"));
        world.ask_and_approve(town, number, request).await;
        world.pause(&mut random, most).await;
    }
}

/// Up to 12 cores and down to none: all that sways has at most 36 of 60, and the requests 16.
async fn sway(world: &World<'_>, town: &Town<'_>, application: String, number: usize, seed: u64, until: Instant) {
    let mut random = Random::new(seed);
    let namespace = world.namespace_of(&application);
    while Instant::now() < until {
        let size = random.below(13);
        world.resize(town, &application, amounts(&size.to_string(), "4G", "0G"), number).await;
        let pod = format!("pod-{}", random.below(2));
        if random.below(2) == 0 {
            world.start_pod(&namespace, &pod, "2", number).await;
        } else {
            world.end_pod(&namespace, &pod, number + 1).await;
        }
        world.pause(&mut random, 2_000).await;
    }
    for pod in 0..2 {
        world.end_pod(&namespace, &format!("pod-{pod}"), number).await;
    }
}

/// Whoever leads is stopped in the middle of what it does until another leads, and wakes up then.
pub async fn put_leaders_to_sleep(stage: &Stage) {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let mut asleep = None;
        for operator in &stage.operators {
            if asleep.is_none() && operator.leads().await {
                operator.freeze();
                asleep = Some(operator);
            }
        }
        let Some(asleep) = asleep else { continue };
        tokio::time::sleep(SLEEP).await;
        asleep.thaw();
    }
}

/// Nobody is there for a while.
pub async fn take_down(stage: &Stage, time: Duration) {
    tokio::time::sleep(Duration::from_secs(4)).await;
    for operator in &stage.operators {
        operator.down();
    }
    tokio::time::sleep(time).await;
    for operator in &stage.operators {
        operator.up();
    }
    std::future::pending().await
}
