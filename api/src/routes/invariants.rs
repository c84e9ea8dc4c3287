//! Every sum, made again from its parts, for anyone who may read the ledgers.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use resources::audit;
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
    /// Whether no promise is broken: nothing that is found is `Broken`. An alert belongs here.
    pub holds: bool,
    /// Whether everything that is decided is carried out: nothing that is found is `Behind`. While
    /// much is granted at once this may take a minute; for longer, the operator is stuck.
    pub settled: bool,
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
    /// The worst of what was found; `null` where it holds.
    #[schema(required)]
    pub means: Option<Meaning>,
    /// What was compared, with the figures.
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub enum InvariantName {
    /// A: what is out is at or under the capacity, and under every ceiling; no entry contradicts another.
    LedgerWithinCapacity,
    /// B: what the quotas of an allocation let in is at or under what the ledger has granted it.
    QuotasWithinGrant,
    /// Each quota is there, carries its entry's fence and enforces its share.
    QuotasFollowLedger,
    /// Each entry has its allocation, which says what it is granted.
    AllocationsMatchLedger,
    /// What the pool's status says of the ledger's present revision is what the ledger says.
    StatusMatchesLedger,
    /// Each managed quota is known to a ledger, or lets nothing in.
    QuotasOwned,
    /// The pools' contracts add up to what the city says it has.
    ContractMatchesCity,
    /// The applications of each level of government are as many as the city says.
    ApplicationCounts,
}

/// What it means that something doesn't agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub enum Meaning {
    /// A promise isn't kept: more may be used than is granted, or something says what isn't so.
    Broken,
    /// What is decided isn't carried out yet. Nothing is promised twice meanwhile.
    Behind,
    /// The city's own published figures say something else. That is nobody's fault.
    Differs,
}

impl From<audit::Meaning> for Meaning {
    fn from(meaning: audit::Meaning) -> Self {
        match meaning {
            audit::Meaning::Broken => Self::Broken,
            audit::Meaning::Behind => Self::Behind,
            audit::Meaning::Differs => Self::Differs,
        }
    }
}

/// Recomputes every sum from its rows and compares quotas with grants.
///
/// The same checks as `kubectl yunheng verify`. Objects that are read one after the other are a
/// moment apart, so where something doesn't agree the answer takes up to 3 seconds: it is looked at
/// again, and told if it stays.
#[utoipa::path(
    get,
    path = "/invariants",
    tag = "invariants",
    responses(
        (status = 200, description = "The result, whether or not every check holds.", body = Invariants),
        (status = 403, description = "The caller may not read every ledger.", body = Problem, content_type = "application/problem+json"),
        ReadRefused,
    )
)]
pub async fn show_invariants(State(app): State<App>, caller: Caller) -> Result<Response, Failure> {
    if !caller.rights.ledgers.is_all() {
        return Err(Failure::Forbidden);
    }
    let mut reading = app.snapshot().await;
    let mut findings = reading.findings();
    for _ in 1..audit::READINGS {
        if findings.is_empty() {
            break;
        }
        tokio::time::sleep(audit::PAUSE).await;
        reading = app.snapshot().await;
        findings = audit::lasting(&findings, reading.findings());
    }
    Ok(respond::fresh(StatusCode::OK, &reading.invariants(&findings)))
}
