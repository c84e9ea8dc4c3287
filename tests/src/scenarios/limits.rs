//! The contract and a ceiling are lowered and raised while people ask for more and for less.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::faults::dice::Random;
use crate::object::{self, Place};
use crate::people::Person;
use crate::stage::World;
use crate::town::{Town, amounts};

const APPLICATIONS: usize = 3;
const ROUNDS: usize = 6;

pub async fn play(world: &World<'_>) {
    let town = world.found(capacity(24)).await;
    let name = |number: usize| format!("{}-{number}", world.name);
    for number in 0..APPLICATIONS {
        town.allocate(&name(number), cores(4)).await;
    }
    let mut random = world.random();
    let seeds: Vec<u64> = (0..=APPLICATIONS).map(|_| random.draw()).collect();
    let asking = join_all((0..APPLICATIONS).map(|number| ask(world, &town, name(number), seeds[number])));
    tokio::join!(asking, bound(world, &town, seeds[APPLICATIONS]));

    set(world, "ResourcePool", json!({"acceptOvercommit": false, "contract": {"capacity": capacity(24)}})).await;
    set(world, "Department", json!({"ceilings": [ceiling(world, 24, true)]})).await;
    for number in 0..APPLICATIONS {
        world.resize(&town, &name(number), cores(8), number).await;
    }
    for number in 0..APPLICATIONS {
        town.await_enforced(&name(number), "8", "8G", "0G").await;
    }
    town.settles().await;
}

async fn ask(world: &World<'_>, town: &Town<'_>, application: String, seed: u64) {
    let mut random = Random::new(seed);
    for round in 0..ROUNDS {
        world.resize(town, &application, cores(random.below(13)), round).await;
        world.pause(&mut random, 1_500).await;
    }
}

/// Lower and higher, with and without the choice to be over it.
async fn bound(world: &World<'_>, _: &Town<'_>, seed: u64) {
    let mut random = Random::new(seed);
    for _ in 0..ROUNDS {
        let (to, accepted) = (4 + random.below(28), random.below(2) == 0);
        if random.below(2) == 0 {
            let spec = json!({"acceptOvercommit": accepted, "contract": {"capacity": capacity(to)}});
            set(world, "ResourcePool", spec).await;
        } else {
            set(world, "Department", json!({"ceilings": [ceiling(world, to, accepted)]})).await;
        }
        world.pause(&mut random, 1_500).await;
    }
}

async fn set(world: &World<'_>, kind: &str, spec: Value) {
    let place = Place { kind, namespace: "", name: &world.name };
    let changed = object::merge(world.stage.client(Person::CloudAdmin, 1), &place, json!({"spec": spec})).await;
    changed.unwrap_or_else(|error| panic!("{kind} {}: {error}", world.name));
}

fn ceiling(world: &World<'_>, cpu: u64, accepted: bool) -> Value {
    json!({"pool": world.name, "cpu": cpu.to_string(), "memory": "100G", "storage": "1T", "acceptOvercommit": accepted})
}

fn cores(cpu: u64) -> Value {
    amounts(&cpu.to_string(), "8G", "0G")
}

fn capacity(cpu: u64) -> Value {
    amounts(&cpu.to_string(), "100G", "1T")
}
