//! N5: how long an operator that starts takes until it has looked at everything, and what memory
//! it then has.

use std::time::{Duration, Instant};

use tests::cluster::{Cluster, Operator};
use tests::eventually::eventually;

use crate::estate::{Estate, PATIENCE};
use crate::measure::{say, tell};

/// Ten times what the city has.
const APPLICATIONS: usize = 2_080;
const DEPARTMENTS: usize = 50;

pub async fn measure() {
    let begun = Instant::now();
    let cluster = Cluster::start("bench-restart").await;
    let first = cluster.start_operator("operator").await;
    let estate = Estate::found(&cluster, "restart", DEPARTMENTS).await;
    let took = estate.allocate(0, APPLICATIONS).await;
    say(begun, &format!("{APPLICATIONS} applications were in force after {:.1} s", took.as_secs_f64()));
    // What is still written goes out before the clock starts.
    tokio::time::sleep(Duration::from_secs(5)).await;
    first.process.signal("TERM");
    first.process.ended(PATIENCE).await;

    let start = Instant::now();
    let operator = cluster.start_operator("operator").await;
    let leads = start.elapsed();
    let elapsed = at_rest(&operator, start).await.as_secs_f64();
    let memory = operator.process.memory_bytes();
    let writes = operator.metric("yunheng_writes_total", "").await;
    let detail = format!(
        "{APPLICATIONS} applications with quotas in {DEPARTMENTS} departments; leads with full caches after {:.1} s; {writes:.0} writes",
        leads.as_secs_f64()
    );
    tell("N5", "operator restart until everything is reconciled", elapsed, "s", "≤ 10", &detail);
    let megabytes = f64::from(u32::try_from(memory / 1_000).unwrap_or_default()) / 1_000.0;
    tell("N5", "its resident memory then", megabytes, "MB", "≤ 150", &detail);
    say(begun, "done");
}

/// When everything was looked at: from the start to the last reconcile before two quiet seconds.
async fn at_rest(operator: &Operator, start: Instant) -> Duration {
    const QUIET: Duration = Duration::from_secs(2);
    let wanted = f64::from(u32::try_from(APPLICATIONS).unwrap_or_default());
    let (mut last, mut moved) = ([0.0; 2], Duration::ZERO);
    eventually(PATIENCE, "every allocation and application was looked at", async || {
        let mut seen = [0.0; 2];
        for (count, controller) in seen.iter_mut().zip(["allocation", "application"]) {
            let label = format!("controller=\"{controller}\"");
            *count = operator.metric("yunheng_reconcile_duration_seconds_count", &label).await;
        }
        if seen != last {
            (last, moved) = (seen, start.elapsed());
        }
        let all = seen.iter().all(|count| *count >= wanted);
        if all && start.elapsed() > moved + QUIET { Ok(()) } else { Err(format!("{seen:?}")) }
    })
    .await;
    moved
}
