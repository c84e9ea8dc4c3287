//! Every decision is delivered five times, by both API servers at once.

use futures::future::join_all;
use kube::ResourceExt;
use resources::v1alpha1::{DecisionOutcome, Phase};
use serde_json::json;

use super::acts::{create, new_application};
use crate::eventually::{SOON, eventually};
use crate::people::Person;
use crate::stage::World;
use crate::town::{amounts, bundle};

const REQUESTS: usize = 10;
const COPIES: usize = 5;

pub async fn play(world: &World<'_>) {
    let town = world.found(amounts("100", "400G", "10T")).await;
    let decided = (0..REQUESTS).map(|number| {
        let town = &town;
        async move {
            let mut request = new_application(town, &format!("{}-{number}", world.name), amounts("2", "3G", "0G"));
            request["metadata"] = json!({"namespace": town.namespace(), "name": format!("qr-{number}")});
            let asked = create(world.stage.client(Person::Zhang, number), request).await;
            let uid = asked.uid().unwrap_or_default();
            join_all((0..COPIES).map(|copy| world.approve(town, number, copy, &uid))).await;
        }
    });
    join_all(decided).await;
    let outcomes = world.await_outcomes(&town, REQUESTS * COPIES).await;
    for number in 0..REQUESTS {
        let own = |name: &str| name == format!("qd-{number}") || name.starts_with(&format!("qd-{number}-"));
        let of_it: Vec<_> = outcomes.iter().filter(|(name, _)| own(name)).map(|(_, status)| status).collect();
        let applied = of_it.iter().filter(|status| status.outcome == Some(DecisionOutcome::Applied)).count();
        assert_eq!((of_it.len(), applied), (COPIES, 1), "{}: request {number}: {of_it:?}", world.name);
    }
    eventually(SOON * 4, "each request is active", async || {
        let requests = world.requests(&town).await;
        let open: Vec<_> = requests
            .iter()
            .filter(|(_, request)| request.status.as_ref().and_then(|status| status.phase) != Some(Phase::Active))
            .map(|(name, request)| format!("{name}: {:?}", request.status.as_ref().and_then(|status| status.phase)))
            .collect();
        if open.is_empty() && requests.len() == REQUESTS { Ok(()) } else { Err(open.join(", ")) }
    })
    .await;
    for (name, request) in world.requests(&town).await {
        let history = request.status.unwrap_or_default().history;
        let approved = history.iter().filter(|step| step.to == Phase::Approved).count();
        assert_eq!(approved, 1, "{}: {name} was approved once: {history:?}", world.name);
    }
    let standing = town.settles().await;
    assert_eq!(standing.ledger.position().granted, bundle(&amounts("20", "30G", "0G")), "each was granted once");
}
