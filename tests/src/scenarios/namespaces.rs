//! Pods race into namespaces that are being made.

use futures::future::join_all;

use crate::eventually::{SOON, eventually};
use crate::stage::World;
use crate::town::amounts;

const NAMESPACES: usize = 4;
const RACERS: usize = 8;
/// Pods of one core that there is room for.
const ROOM: usize = 4;

pub async fn play(world: &World<'_>) {
    let town = world.found(amounts(&(NAMESPACES * ROOM).to_string(), "100G", "1T")).await;
    for number in 0..NAMESPACES {
        let application = format!("{}-{number}", world.name);
        let namespace = world.namespace_of(&application);
        // They begin before there is a namespace, and end when they are in or it is full. Nobody makes
        // a pod twice: the API server charges the quota before it sees that the name is taken, and
        // keeps that charge until Kubernetes counts anew, which may be minutes later.
        let racers = (0..RACERS).map(|racer| {
            let namespace = &namespace;
            async move {
                eventually(SOON, format!("{namespace} is full"), async || {
                    let name = format!("pod-{racer}");
                    if world.start_pod(namespace, &name, "1", racer).await {
                        return Ok(());
                    }
                    let there = world.pods(namespace).await.len();
                    if there >= ROOM { Ok(()) } else { Err(format!("{there} pods")) }
                })
                .await;
            }
        });
        let made = async {
            town.allocate(&application, amounts(&ROOM.to_string(), "8G", "0G")).await;
        };
        tokio::join!(join_all(racers), made);
        town.await_enforced(&application, &ROOM.to_string(), "8G", "0G").await;
    }
    town.settles().await;
}
