//! Answers and statuses that strayed arrive after newer ones. They are only what people read, but
//! people act by it.

use kube::Api;
use resources::v1alpha1::{DecisionOutcome, QuotaDecision};

use crate::eventually::{SOON, eventually};
use crate::stage::World;
use crate::town::{amounts, bundle};

pub fn flags(name: &str, _: u64) -> Vec<String> {
    let answer = format!("patch:quotadecisions/status:/dept-{name}/qd-0/");
    vec![
        format!("--capture={name}-status=patch:allocations/status:/dept-{name}/{name}-a/"),
        format!("--capture={name}-answer={answer}"),
        format!("--block={name}-hold={answer}"),
    ]
}

pub async fn play(world: &World<'_>) {
    let (stage, name) = (world.stage, &world.name);
    let [status, answer, hold] = ["status", "answer", "hold"].map(|gate| format!("{name}-{gate}"));
    let town = world.found(amounts("10", "100G", "1T")).await;
    let a = format!("{name}-a");
    town.allocate(&a, amounts("2", "10G", "0G")).await;
    town.await_enforced(&a, "2", "10G", "0G").await;

    // A no for lack of room is caught, and before anybody hears of it there is room. It is on record:
    // it stays a no, however it is delivered, and another decision is a yes.
    stage.arm(&answer);
    stage.shut(&hold, true);
    world.ask_and_approve(&town, 0, town.request_object("Change", &a, amounts("12", "10G", "0G"))).await;
    stage.await_caught(&answer).await;
    let more = serde_json::json!({"spec": {"contract": {"capacity": amounts("20", "100G", "1T")}}});
    town.change("ResourcePool", "", name, more).await;
    town.await_pool("Ready", "Serving").await;
    stage.shut(&hold, false);
    let decisions: Api<QuotaDecision> = Api::namespaced(town.admin.clone(), &town.namespace());
    let outcome = async |name: &str| decisions.get(name).await.ok().and_then(|found| found.status?.outcome);
    let becomes = async |name: &str, wanted: DecisionOutcome| {
        eventually(SOON, format!("{name} is {wanted:?}"), async || match outcome(name).await {
            Some(found) if found == wanted => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
    };
    becomes("qd-0", DecisionOutcome::Refused).await;
    let requests = world.requests(&town).await;
    let uid = requests["qr-0"].metadata.uid.clone().unwrap_or_default();
    world.approve(&town, 0, 1, &uid).await;
    becomes("qd-0-1", DecisionOutcome::Applied).await;
    town.await_enforced(&a, "12", "10G", "0G").await;
    stage.let_go(&answer).await;
    assert_eq!(outcome("qd-0").await, Some(DecisionOutcome::Refused), "what strayed changes nothing");

    // What an allocation was some time ago is said of it again.
    stage.arm(&status);
    world.resize(&town, &a, amounts("14", "10G", "0G"), 0).await;
    stage.await_caught(&status).await;
    world.resize(&town, &a, amounts("6", "10G", "0G"), 1).await;
    town.await_enforced(&a, "6", "10G", "0G").await;
    town.settles().await;
    stage.let_go(&status).await;
    eventually(SOON, "the status says what is granted", async || {
        let status = town.allocation(&a).await.status.unwrap_or_default();
        let granted = status.granted.clone().map(|granted| granted.parse().cpu);
        if granted == Some(Some(bundle(&amounts("6", "10G", "0G")).cpu)) {
            Ok(())
        } else {
            Err(format!("{:?}", status.granted))
        }
    })
    .await;
}
