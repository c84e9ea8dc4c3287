//! What one has less of, another wants at the same moment.

use futures::future::join_all;
use serde_json::Value;

use super::acts::create;
use crate::eventually::{SOON, eventually};
use crate::faults::dice::Random;
use crate::people::Person;
use crate::stage::World;
use crate::town::{Town, amounts};

const APPLICATIONS: usize = 4;
const ROUNDS: usize = 6;
/// Cores of the pool. All of them want more than that together, most of the time.
const CORES: u64 = 24;

pub async fn play(world: &World<'_>) {
    let town = world.found(capacity(CORES)).await;
    let name = |number: usize| format!("{}-{number}", world.name);
    for number in 0..APPLICATIONS {
        town.allocate(&name(number), cores(CORES / 4)).await;
    }
    let mut random = world.random();
    let seeds: Vec<u64> = (0..APPLICATIONS).map(|_| random.draw()).collect();
    join_all(seeds.into_iter().enumerate().map(|(number, seed)| sway(world, &town, name(number), number, seed))).await;

    // In the end all of it fits, and everybody has what he asked for last.
    for number in 0..APPLICATIONS {
        world.resize(&town, &name(number), cores(CORES / 4), number).await;
    }
    for number in 0..APPLICATIONS {
        town.await_enforced(&name(number), &(CORES / 4).to_string(), "24G", "0G").await;
    }
    town.settles().await;
}

/// An application that asks for more and for less, with pods that come and go.
async fn sway(world: &World<'_>, town: &Town<'_>, application: String, number: usize, seed: u64) {
    let mut random = Random::new(seed);
    let namespace = world.namespace_of(&application);
    for round in 0..ROUNDS {
        world.resize(town, &application, cores(random.below(CORES / 2 + 1)), number + round).await;
        let pod = format!("pod-{}", random.below(3));
        if random.below(2) == 0 {
            world.start_pod(&namespace, &pod, &(1 + random.below(4)).to_string(), number + round).await;
        } else {
            world.end_pod(&namespace, &pod, number + round).await;
        }
        world.pause(&mut random, 1_500).await;
    }
    for pod in 0..3 {
        world.end_pod(&namespace, &format!("pod-{pod}"), number).await;
    }
}

/// One gives all back while its pods still run; another waits for it.
pub async fn elsewhere(world: &World<'_>) {
    let town = world.found(capacity(10)).await;
    let mut random = world.random();
    let (mut from, mut to) = (format!("{}-0", world.name), format!("{}-1", world.name));
    town.allocate(&from, cores(8)).await;
    town.application(&to).await;
    for round in 0..3 {
        town.await_enforced(&from, "8", "24G", "0G").await;
        let namespace = world.namespace_of(&from);
        let pods = 1 + random.below(3);
        for pod in 0..pods {
            let name = format!("pod-{round}-{pod}");
            eventually(SOON, format!("{name} starts"), async || {
                if world.start_pod(&namespace, &name, "2", 0).await { Ok(()) } else { Err("refused") }
            })
            .await;
        }
        world.release(&town, &from).await;
        create(world.stage.client(Person::CloudAdmin, 1), town.allocation_object(&to, cores(8))).await;
        world.pause(&mut random, 2_000).await;
        for pod in 0..pods {
            world.end_pod(&namespace, &format!("pod-{round}-{pod}"), 1).await;
            world.pause(&mut random, 300).await;
        }
        town.await_enforced(&to, "8", "24G", "0G").await;
        // The object goes when nothing of it is out, and may be made again then.
        town.await_gone(&from).await;
        std::mem::swap(&mut from, &mut to);
    }
    town.settles().await;
}

/// So many cores, and a quarter of the pool's memory.
fn cores(cpu: u64) -> Value {
    amounts(&cpu.to_string(), "24G", "0G")
}

fn capacity(cpu: u64) -> Value {
    amounts(&cpu.to_string(), "96G", "1T")
}
