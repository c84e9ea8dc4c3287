//! More asks than there is room for, all at once.

use futures::{StreamExt, stream};
use ledger::Amount;
use resources::v1alpha1::{DecisionOutcome, Phase};
use serde_json::json;

use super::acts::new_application;
use crate::eventually::{SOON, eventually};
use crate::stage::World;
use crate::town::amounts;

const REQUESTS: usize = 208;
const ROOM: usize = 100;
const CONNECTIONS: usize = 64;

pub async fn play(world: &World<'_>) {
    // Memory and storage are no bound: what decides is the hundredth core.
    let town = world.found(json!({"cpu": ROOM.to_string(), "memory": "1000G", "storage": "10T"})).await;
    let asks = stream::iter(0..REQUESTS).map(|number| {
        let request = new_application(&town, &format!("{}-{number}", world.name), amounts("1", "2G", "0G"));
        world.ask_and_approve(&town, number, request)
    });
    asks.buffer_unordered(CONNECTIONS).collect::<()>().await;
    let outcomes = world.await_outcomes(&town, REQUESTS).await;
    let applied = outcomes.values().filter(|status| status.outcome == Some(DecisionOutcome::Applied)).count();
    let refused = outcomes.values().filter(|status| status.code.as_deref() == Some("InsufficientCapacity")).count();
    assert_eq!((applied, refused), (ROOM, REQUESTS - ROOM), "{}: granted and refused", world.name);

    eventually(SOON * 4, format!("{ROOM} requests of {} are active", world.name), async || {
        let requests = world.requests(&town).await;
        let phases = requests.values().filter_map(|request| request.status.as_ref()?.phase);
        let active = phases.filter(|phase| *phase == Phase::Active).count();
        if active == ROOM { Ok(()) } else { Err(format!("{active} are")) }
    })
    .await;
    let standing = town.settles().await;
    assert_eq!(standing.ledger.entries.len(), ROOM);
    let position = standing.ledger.position();
    assert_eq!(position.granted.cpu, Amount::new(1_000 * ROOM as u64), "every core is granted");
    assert_eq!(position.total(), position.granted);
}
