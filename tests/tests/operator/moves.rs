//! An application leaves one pool for another with one request.

use resources::condition::{DRAINING, READY};
use resources::v1alpha1::{DecisionOutcome, Phase};
use serde_json::json;
use tests::eventually::{SOON, eventually};
use tests::people::Person;
use tests::town::{Town, amounts, bundle, pool};

use crate::drains::{deploy, scale};
use crate::town;

/// A second pool beside that of the town.
async fn second_pool<'a>(town: &Town<'a>, name: &str, cpu: &str) -> Town<'a> {
    town.create(Person::CloudAdmin, pool(name, amounts(cpu, "20G", "1T"))).await;
    let second = Town { cluster: town.cluster, name: name.to_owned(), admin: town.admin.clone() };
    second.await_pool(READY, "Serving").await;
    second
}

async fn ask_to_move(town: &Town<'_>, application: &str, to: &str, cpu: &str) -> String {
    let mut object = town.request_object("Change", application, amounts(cpu, "8G", "0G"));
    object["spec"]["pool"] = json!(to);
    object["spec"]["moveFrom"] = json!(town.name);
    town.send(Person::Zhang, object).await
}

#[tokio::test]
async fn the_old_side_is_given_back_when_the_new_one_is_in_force() {
    let town = town("leaving", amounts("10", "20G", "1T")).await;
    let second = second_pool(&town, "arriving", "6").await;
    town.allocate("leaving-a", amounts("6", "8G", "0G")).await;
    town.await_enforced("leaving-a", "6", "8G", "0G").await;
    deploy(&town, "app-leaving-a", 1, json!({"cpu": "2", "memory": "1G"})).await;

    // More than the new pool has: refused, and nothing has moved.
    let too_much = ask_to_move(&town, "leaving-a", "arriving", "7").await;
    let answer = town.decide(Person::ApproverAdmin, &too_much, "Approve").await;
    assert_eq!(
        (answer.outcome, answer.code.as_deref()),
        (Some(DecisionOutcome::Refused), Some("InsufficientCapacity"))
    );
    assert_eq!(town.standing().await.ledger.position().granted, bundle(&amounts("6", "8G", "0G")));
    town.decide(Person::Zhang, &too_much, "Withdraw").await;

    // The last unit of the new pool. What still runs in the old one stays counted there.
    let request = ask_to_move(&town, "leaving-a", "arriving", "6").await;
    let answer = town.decide(Person::ApproverAdmin, &request, "Approve").await;
    assert_eq!(answer.outcome, Some(DecisionOutcome::Applied), "{answer:?}");
    town.await_phase(&request, Phase::Reclaiming).await;
    let there = town.quota("app-leaving-a-arriving").await;
    assert_eq!(there.enforced, Some(bundle(&amounts("6", "8G", "0G"))));
    eventually(SOON, "what runs stays counted", async || {
        let message = town.await_allocation("leaving-a", DRAINING, "TakenBack").await.message;
        if message.contains("cpu 2, memory 1G still counted") { Ok(()) } else { Err(message) }
    })
    .await;
    assert_eq!(town.quota("app-leaving-a").await.enforced, Some(bundle(&amounts("0", "0G", "0G"))));

    scale(&town, "app-leaving-a", 0).await;
    town.await_phase(&request, Phase::Active).await;
    assert!(town.settles().await.ledger.position().total().is_zero(), "nothing is left in the old pool");
    assert_eq!(second.settles().await.ledger.position().granted, bundle(&amounts("6", "8G", "0G")));
}
