//! Every sum, made again from its parts, for anyone who may read the ledgers.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::documented::ReadRefused;
use crate::identity::Caller;
use crate::problem::{Failure, Problem};
use crate::respond;
use crate::state::App;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_invariants))
}

/// The result of all checks.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invariants {
    /// The data is at least as new as this.
    #[schema(format = DateTime, example = "2026-11-23T14:10:00+08:00")]
    pub as_of: String,
    /// The cluster can't be followed at the moment.
    pub stale: bool,
    /// Whether every check of every pool holds. What the city says of itself isn't a promise that
    /// could be broken, so a difference from it shows in `checks` alone.
    pub holds: bool,
    pub checks: Vec<Invariant>,
}

/// One check of one pool, or of all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invariant {
    pub name: InvariantName,
    /// The pool it is about; `null` for checks of the whole city.
    #[schema(required)]
    pub pool: Option<String>,
    pub holds: bool,
    /// What was compared, with the figures.
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub enum InvariantName {
    /// A: what is out is at or under the capacity, and under every ceiling; no entry contradicts another.
    LedgerWithinCapacity,
    /// B: what the quotas of an allocation let in is at or under what the ledger has granted it.
    QuotasWithinGrant,
    /// What the pool's status says is what its ledger says.
    StatusMatchesLedger,
    /// The pools' contracts add up to what the city says it has.
    ContractMatchesCity,
    /// The applications of each level of government are as many as the city says.
    ApplicationCounts,
}

/// Recomputes every sum from its rows and compares quotas with grants.
///
/// Reads the watch caches, so a change that is on its way may show as a difference for a moment.
#[utoipa::path(
    get,
    path = "/invariants",
    tag = "invariants",
    responses(
        (status = 200, description = "The result, whether or not every check holds.", body = Invariants),
        (status = 403, description = "The caller may not read the ledgers.", body = Problem, content_type = "application/problem+json"),
        ReadRefused,
    )
)]
pub async fn show_invariants(State(app): State<App>, caller: Caller) -> Result<Response, Failure> {
    if !caller.rights.reads_ledgers {
        return Err(Failure::Forbidden);
    }
    Ok(respond::fresh(StatusCode::OK, &app.snapshot().invariants()))
}
