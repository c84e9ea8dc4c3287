//! Kill −9 at random under load, a hundred times; and how long it takes until somebody is served
//! again.

use std::time::{Duration, Instant};

use resources::v1alpha1::{Phase, QuotaRequest};
use tests::eventually::{SOON, eventually};
use tests::faults::dice::Profile;
use tests::scenarios::acts::new_application;
use tests::stage::{Setting, Stage, World};
use tests::town::{Town, amounts, bundle};

use crate::table::Table;

/// As many kills on one stage: then its history is replayed.
const ON_ONE_STAGE: u32 = 25;

/// Kills so many times; `true` if nothing was lost, doubled or over-granted.
pub async fn run(times: u32, table: &mut Table) -> bool {
    let mut recoveries = Vec::new();
    let mut is_sound = true;
    let mut left = times;
    while left > 0 {
        let now = left.min(ON_ONE_STAGE);
        is_sound &= some(now, u64::from(left), &mut recoveries, table).await;
        left -= now;
    }
    recoveries.sort_unstable();
    let at = |percent: usize| {
        let index = (recoveries.len() * percent).div_ceil(100).saturating_sub(1);
        recoveries.get(index).map_or(0, Duration::as_millis)
    };
    table.line(&format!(
        "kills      {times} times SIGKILL under load; from the kill to the next request in force: p50 {} ms, p99 {} ms, longest {} ms",
        at(50),
        at(99),
        at(100)
    ));
    is_sound
}

async fn some(times: u32, seed: u64, recoveries: &mut Vec<Duration>, table: &mut Table) -> bool {
    let mut stage = Stage::start("safety-kills", &Setting { faults: Profile::None, seed, ..Setting::default() }).await;
    {
        let world = World::new(&stage, format!("kills{seed:03}"), seed);
        let town = world.found(amounts("1000", "2000G", "10T")).await;
        let mut random = world.random();
        let mut number = 0;
        for _ in 0..times {
            // Four ask at once; the kill comes while they are served.
            let asked: Vec<usize> = (number..number + 4).collect();
            number += 4;
            for one in &asked {
                ask(&world, &town, *one).await;
            }
            world.pause(&mut random, 250).await;
            for operator in &stage.operators {
                if operator.leads().await {
                    operator.kill();
                }
            }
            let killed = Instant::now();
            ask(&world, &town, number).await;
            await_active(&world, &town, number).await;
            recoveries.push(killed.elapsed());
            number += 1;
            for one in asked {
                await_active(&world, &town, one).await;
            }
        }
        let standing = town.settles().await;
        assert_eq!(standing.ledger.entries.len(), number, "none lost, none doubled");
        let cores = number.to_string();
        assert_eq!(standing.ledger.position().granted, bundle(&amounts(&cores, &format!("{number}G"), "0G")));
    }
    stage.close().await;
    let report = stage.replay(1, true).await;
    table.say(&format!("{times} kills: {report}"));
    for finding in report.violations().take(10) {
        table.line(&format!("FOUND after kills: {finding:?}"));
    }
    report.is_clean()
}

async fn ask(world: &World<'_>, town: &Town<'_>, number: usize) {
    let request = new_application(town, &format!("{}-{number}", world.name), amounts("1", "1G", "0G"));
    world.ask_and_approve(town, number, request).await;
}

async fn await_active(world: &World<'_>, town: &Town<'_>, number: usize) {
    let requests: kube::Api<QuotaRequest> = kube::Api::namespaced(world.stage.admin(number).clone(), &town.namespace());
    let name = format!("qr-{number}");
    eventually(SOON, format!("{name} is active"), async || {
        let found = requests.get(&name).await.map_err(|error| error.to_string())?;
        let phase = found.status.and_then(|status| status.phase);
        if phase == Some(Phase::Active) { Ok(()) } else { Err(format!("{phase:?}")) }
    })
    .await;
}
