//! More pods than there is room for, all at once, in all namespaces of one allocation.

use futures::{StreamExt, stream};
use serde_json::{Value, json};

use super::acts::create;
use crate::eventually::{SOON, eventually};
use crate::people::Person;
use crate::stage::World;
use crate::town::amounts;

const NAMESPACES: usize = 8;
const PODS: usize = 800;
/// Pods of one core that each namespace has room for.
const ROOM: usize = 10;
const CONNECTIONS: usize = 64;

pub async fn play(world: &World<'_>) {
    let cores = (NAMESPACES * ROOM).to_string();
    let town = world.found(amounts(&cores, "1000G", "1T")).await;
    let application = format!("{}-a", world.name);
    town.application(&application).await;
    let mut object = town.allocation_object(&application, amounts(&cores, "80G", "0G"));
    let name = |number: usize| format!("app-{application}-{number}");
    let share = amounts(&ROOM.to_string(), "10G", "0G");
    let shares = (0..NAMESPACES).map(|number| json!({"name": name(number), "share": share}));
    object["spec"]["namespaces"] = Value::Array(shares.collect());
    create(world.stage.client(Person::CloudAdmin, 0), object).await;
    town.await_allocation(&application, "Ready", "InForce").await;

    let starts = stream::iter(0..PODS).map(|number| async move {
        world.start_pod(&name(number % NAMESPACES), &format!("pod-{number}"), "1", number).await
    });
    starts.buffer_unordered(CONNECTIONS).collect::<Vec<_>>().await;
    // All room is used; how much more the API servers let in by a race of their own, the oracle measures.
    for number in 0..NAMESPACES {
        let namespace = name(number);
        eventually(SOON, format!("{namespace} is full"), async || {
            let there = world.pods(&namespace).await.len();
            if there < ROOM {
                world.start_pod(&namespace, &format!("late-{there}"), "1", there).await;
            }
            if there >= ROOM { Ok(()) } else { Err(format!("{there} pods")) }
        })
        .await;
    }
    // Less for all, with all of it in use: nothing is free before the pods end.
    world.resize(&town, &application, amounts(&cores, "40G", "0G"), 1).await;
    town.settles().await;
}
