//! Who asks for more than there is keeps what he has.

use resources::condition::GRANTED;

use crate::stage::World;
use crate::town::{amounts, bundle};

const ROUNDS: u64 = 4;

pub async fn play(world: &World<'_>) {
    let town = world.found(amounts("20", "40G", "2T")).await;
    let (asks, stays) = (format!("{}-asks", world.name), format!("{}-stays", world.name));
    town.allocate(&stays, amounts("8", "8G", "0G")).await;
    town.allocate(&asks, amounts("4", "8G", "0G")).await;
    town.await_enforced(&stays, "8", "8G", "0G").await;
    town.await_enforced(&asks, "4", "8G", "0G").await;
    let mut random = world.random();
    for round in 0..ROUNDS {
        let has = 4 + round;
        // 20 cores less 8 of the other: 12 is the most that fits.
        let too_much = 13 + random.below(20);
        world.resize(&town, &asks, amounts(&too_much.to_string(), "8G", "0G"), 0).await;
        town.await_allocation(&asks, GRANTED, "InsufficientCapacity").await;
        let quota = town.quota(&world.namespace_of(&asks)).await;
        assert_eq!(quota.enforced, Some(bundle(&amounts(&has.to_string(), "8G", "0G"))), "the old share stays");
        let fits = (has + 1).to_string();
        world.resize(&town, &asks, amounts(&fits, "8G", "0G"), 1).await;
        town.await_enforced(&asks, &fits, "8G", "0G").await;
    }
    town.settles().await;
}
