//! The operator as a process under its own account, on a real control plane with the chart's
//! roles and policies, driven by people with real tokens.
//!
//! One control plane and one operator for all tests of this binary; each test has a pool and a
//! department of its own and ends with the invariants of that pool.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing there")]

mod drains;
mod grants;
mod guards;
mod limits;
mod moves;
mod requests;

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use serde_json::Value;
use tests::cluster::{Cluster, Operator};
use tests::town::Town;
use tokio::sync::OnceCell;

/// Started by whoever comes first, once, even if that fails. The processes end with this one.
static CLUSTER: OnceCell<Option<(Cluster, Operator)>> = OnceCell::const_new();

async fn town(name: &str, capacity: Value) -> Town<'static> {
    let start = async {
        let cluster = Cluster::start("operator").await;
        let operator = cluster.start_operator("operator").await;
        (cluster, operator)
    };
    let started = CLUSTER.get_or_init(|| AssertUnwindSafe(start).catch_unwind().map(Result::ok)).await;
    let (cluster, _) = started.as_ref().expect("the control plane didn't start: the first failure says why");
    Town::found(cluster, name, capacity).await
}
