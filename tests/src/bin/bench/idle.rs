//! N6: what an operator costs that has nothing to do, with what the city has.

use std::time::{Duration, Instant};

use tests::cluster::Cluster;

use crate::estate::Estate;
use crate::measure::{say, tell};

const APPLICATIONS: usize = 208;
const DEPARTMENTS: usize = 20;
/// What came of the last grant has been said by then.
const SETTLES: Duration = Duration::from_secs(15);
const WATCHED: Duration = Duration::from_secs(60);

pub async fn measure() {
    let begun = Instant::now();
    let cluster = Cluster::start("bench-idle").await;
    let operator = cluster.start_operator("operator").await;
    let estate = Estate::found(&cluster, "idle", DEPARTMENTS).await;
    estate.allocate(0, APPLICATIONS).await;
    tokio::time::sleep(SETTLES).await;
    say(begun, &format!("{APPLICATIONS} applications are in force and nothing happens"));
    let writes = operator.metric("yunheng_writes_total", "").await;
    let (busy, start) = (operator.process.processor_time(), Instant::now());
    tokio::time::sleep(WATCHED).await;
    let busy = operator.process.processor_time().saturating_sub(busy);
    let elapsed = start.elapsed();
    let writes = operator.metric("yunheng_writes_total", "").await - writes;
    let detail = format!(
        "{APPLICATIONS} applications, no links yet; {:.2} s of processor time in {:.0} s, its lease renewed",
        busy.as_secs_f64(),
        elapsed.as_secs_f64()
    );
    tell("N6", "operator at rest", 100.0 * busy.as_secs_f64() / elapsed.as_secs_f64(), "% of a core", "≤ 2", &detail);
    let megabytes = f64::from(u32::try_from(operator.process.memory_bytes() / 1_000).unwrap_or_default()) / 1_000.0;
    tell("N6", "its resident memory", megabytes, "MB", "≤ 150", &detail);
    tell("N6", "writes of its controllers", writes, "in a minute", "0", &detail);
    say(begun, "done");
}
