//! The operator dies after each write of each protocol in turn. Which protocol, and after which
//! write, is the seed.

use serde_json::json;

use super::acts::{create, new_application};
use crate::eventually::{SOON, eventually};
use crate::people::Person;
use crate::stage::World;
use crate::town::{Town, amounts, bundle};

/// What is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    /// A new application's request is approved.
    Approve,
    /// An allocation shrinks while a pod uses what is taken away.
    Shrink,
    /// An allocation is deleted.
    Release,
    /// A share moves from one namespace to another.
    Move,
    /// A request for more is approved.
    Grow,
}

const PROTOCOLS: [Protocol; 5] =
    [Protocol::Approve, Protocol::Shrink, Protocol::Release, Protocol::Move, Protocol::Grow];

fn protocol(seed: u64) -> Protocol {
    PROTOCOLS[(seed % PROTOCOLS.len() as u64) as usize]
}

/// The operator dies after write 1 with the first five seeds, after write 2 with the next, and so
/// on. All writes to objects with the world's name count, its pool and its department included.
pub fn flags(name: &str, seed: u64) -> Vec<String> {
    let number = 1 + seed / PROTOCOLS.len() as u64;
    vec!["--kill-after-write".to_owned(), format!("any:{number}:{name}")]
}

pub async fn play(world: &World<'_>) {
    let town = world.found(amounts("20", "40G", "2T")).await;
    let subject = format!("{}-x", world.name);
    match protocol(world.seed) {
        Protocol::Approve => {
            world.ask_and_approve(&town, 0, new_application(&town, &subject, amounts("8", "8G", "0G"))).await;
            town.await_phase("qr-0", resources::v1alpha1::Phase::Active).await;
            town.await_enforced(&subject, "8", "8G", "0G").await;
        }
        Protocol::Grow => {
            town.allocate(&subject, amounts("4", "8G", "0G")).await;
            town.await_enforced(&subject, "4", "8G", "0G").await;
            world.ask_and_approve(&town, 0, town.request_object("Change", &subject, amounts("8", "8G", "0G"))).await;
            town.await_phase("qr-0", resources::v1alpha1::Phase::Active).await;
            town.await_enforced(&subject, "8", "8G", "0G").await;
        }
        Protocol::Shrink => {
            town.allocate(&subject, amounts("16", "8G", "0G")).await;
            town.await_enforced(&subject, "16", "8G", "0G").await;
            start(world, &subject).await;
            world.resize(&town, &subject, amounts("8", "8G", "0G"), 0).await;
            town.await_enforced_only(&subject, amounts("8", "8G", "0G")).await;
            world.end_pod(&world.namespace_of(&subject), "holder", 1).await;
        }
        Protocol::Release => {
            town.allocate(&subject, amounts("16", "8G", "0G")).await;
            town.await_enforced(&subject, "16", "8G", "0G").await;
            start(world, &subject).await;
            world.release(&town, &subject).await;
            world.end_pod(&world.namespace_of(&subject), "holder", 1).await;
            town.await_gone(&subject).await;
            create(
                world.stage.client(Person::CloudAdmin, 1),
                town.allocation_object(&subject, amounts("8", "8G", "0G")),
            )
            .await;
            town.await_enforced(&subject, "8", "8G", "0G").await;
        }
        Protocol::Move => {
            town.allocate(&subject, amounts("8", "8G", "0G")).await;
            town.await_enforced(&subject, "8", "8G", "0G").await;
            let other = json!({"spec": {"namespaces": [{"name": format!("app-{subject}-other")}]}});
            town.change("Allocation", &town.namespace(), &subject, other).await;
            town.await_allocation(&subject, "Ready", "InForce").await;
        }
    }
    let all_is_well = town.settles().await;
    let position = all_is_well.ledger.position();
    assert_eq!(position.granted, bundle(&amounts("8", "8G", "0G")), "{}: none lost, none doubled", world.name);
    eventually(SOON, format!("nothing of {} drains", world.name), async || {
        let position = town.standing().await.ledger.position();
        if position.total() == position.granted { Ok(()) } else { Err(format!("{position:?}")) }
    })
    .await;
    the_rest_fits(world, &town).await;
}

/// What nobody has can be granted, to the last core.
async fn the_rest_fits(world: &World<'_>, town: &Town<'_>) {
    let rest = format!("{}-rest", world.name);
    town.allocate(&rest, amounts("12", "32G", "0G")).await;
    town.await_enforced(&rest, "12", "32G", "0G").await;
    town.settles().await;
}

/// A pod that uses half of what there is.
async fn start(world: &World<'_>, application: &str) {
    let namespace = world.namespace_of(application);
    eventually(SOON, format!("a pod starts in {namespace}"), async || {
        if world.start_pod(&namespace, "holder", "10", 0).await { Ok(()) } else { Err("refused") }
    })
    .await;
}
