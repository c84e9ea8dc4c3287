//! Everybody wants to leave a full pool for one in which exactly two find room.

use std::time::Duration;

use futures::future::join_all;
use resources::condition::READY;
use resources::v1alpha1::{DecisionOutcome, Phase};
use serde_json::json;

use crate::eventually::{SOON, eventually};
use crate::people::Person;
use crate::stage::World;
use crate::town::{Town, amounts, bundle, pool};

const APPLICATIONS: usize = 4;
const FIT: usize = 2;

pub async fn play(world: &World<'_>) {
    let town = world.found(amounts("20", "40G", "2T")).await;
    let second = Town { cluster: town.cluster, name: format!("{}-b", world.name), admin: town.admin.clone() };
    town.create(Person::CloudAdmin, pool(&second.name, amounts("10", "40G", "2T"))).await;
    second.await_pool(READY, "Serving").await;
    let names: Vec<String> = (0..APPLICATIONS).map(|number| format!("{}-{number}", world.name)).collect();
    for name in &names {
        town.allocate(name, amounts("5", "5G", "0G")).await;
    }
    for name in &names {
        town.await_enforced(name, "5", "5G", "0G").await;
        let namespace = world.namespace_of(name);
        eventually(SOON, format!("a pod of {name} starts"), async || {
            if world.start_pod(&namespace, "stays", "1", 0).await { Ok(()) } else { Err("it didn't") }
        })
        .await;
    }

    let (mut random, mut pauses) = (world.random(), Vec::new());
    pauses.resize_with(APPLICATIONS, || Duration::from_millis(random.below(1_500)));
    let moved = names.iter().enumerate().map(|(number, name)| {
        let (town, second, pause) = (&town, &second, pauses[number]);
        async move {
            let mut request = town.request_object("Change", name, amounts("5", "5G", "0G"));
            (request["spec"]["pool"], request["spec"]["moveFrom"]) = (json!(second.name), json!(town.name));
            world.ask_and_approve(town, number, request).await;
            tokio::time::sleep(pause).await;
            // What still runs in the old pool keeps its part counted there until it ends.
            world.end_pod(&world.namespace_of(name), "stays", number).await;
        }
    });
    join_all(moved).await;

    let outcomes = world.await_outcomes(&town, APPLICATIONS).await;
    let applied = outcomes.values().filter(|status| status.outcome == Some(DecisionOutcome::Applied)).count();
    assert_eq!(applied, FIT, "{}: {outcomes:?}", world.name);
    eventually(SOON * 4, "who has moved is active", async || {
        let requests = world.requests(&town).await;
        let phases = requests.values().map(|request| request.status.as_ref().and_then(|status| status.phase));
        let active = phases.clone().filter(|phase| *phase == Some(Phase::Active)).count();
        if active == FIT { Ok(()) } else { Err(format!("{:?}", phases.collect::<Vec<_>>())) }
    })
    .await;
    let half = bundle(&amounts("10", "10G", "0G"));
    assert_eq!(town.settles().await.ledger.position().total(), half, "two have stayed");
    assert_eq!(second.settles().await.ledger.position().total(), half, "two have come");
}
