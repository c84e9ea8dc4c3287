//! Pods are replaced one by one where nearly all of a quota is used, and the quota moves too.

use crate::eventually::{SOON, eventually};
use crate::stage::World;
use crate::town::amounts;

/// 19 of 20 cores are in use.
const PODS: usize = 19;
const ROUNDS: usize = 2;

pub async fn play(world: &World<'_>) {
    let town = world.found(amounts("24", "48G", "1T")).await;
    let application = format!("{}-a", world.name);
    let namespace = world.namespace_of(&application);
    town.allocate(&application, amounts("20", "40G", "0G")).await;
    town.await_enforced(&application, "20", "40G", "0G").await;
    let start = async |name: &str, number: usize| {
        eventually(SOON, format!("{name} in {namespace} starts"), async || {
            if world.start_pod(&namespace, name, "1", number).await { Ok(()) } else { Err("there is no room") }
        })
        .await;
    };
    for pod in 0..PODS {
        start(&format!("pod-0-{pod}"), pod).await;
    }
    let mut random = world.random();
    for round in 0..ROUNDS {
        for pod in 0..PODS {
            // One more first, as a deployment does it, and then one less.
            start(&format!("pod-{}-{pod}", round + 1), pod).await;
            world.end_pod(&namespace, &format!("pod-{round}-{pod}"), pod + 1).await;
            if random.below(6) == 0 {
                let size = 20 + random.below(5);
                world.resize(&town, &application, amounts(&size.to_string(), "40G", "0G"), pod).await;
            }
        }
    }
    world.resize(&town, &application, amounts("20", "40G", "0G"), 0).await;
    town.await_enforced(&application, "20", "40G", "0G").await;
    town.settles().await;
}
