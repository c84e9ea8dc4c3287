//! What a plan of changes would come to, before anything is written; and writing one that fits.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::documented::WriteRefused;
use crate::extract::{Body, File};
use crate::identity::Writer;
use crate::object::{object, objects};
use crate::problem::{Failure, Problem};
use crate::sheet::FileBytes;
use crate::state::App;
use crate::view::{Bundle, Resource, Standing};
use crate::{clock, idempotency, planning, respond};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(reckon_plan)).routes(routes!(reckon_sheet)).routes(routes!(apply_plan))
}

/// A plan of changes.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WhatIfPlan {
    #[serde(deserialize_with = "objects")]
    #[schema(min_items = 1, max_items = 500)]
    pub changes: Vec<PlannedChange>,
}

/// One planned change: of an application, or something new that has no name yet.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedChange {
    #[schema(example = "cec", max_length = 58)]
    pub pool: String,
    /// Whose it is; without one the pool alone bounds it.
    #[serde(default)]
    #[schema(example = "civil-affairs", max_length = 58)]
    pub department: Option<String>,
    /// The application; without one it is something new.
    #[serde(default)]
    #[schema(example = "marriage-registry", max_length = 59)]
    pub application: Option<String>,
    #[serde(default)]
    pub mode: PlanMode,
    /// How many new ones of this size; 1 for an application.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 2000, default = 1)]
    pub count: u32,
    #[serde(deserialize_with = "object")]
    pub resources: PlannedAmounts,
}

const fn one() -> u32 {
    1
}

/// What the amounts of a change are: `Set`: what it shall have afterwards; `Add`: what it shall have more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum PlanMode {
    #[default]
    Set,
    Add,
}

/// Amounts of which each may be left out: then it stays as it is, and of something new it is zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedAmounts {
    #[serde(default)]
    #[schema(example = "8", max_length = 24)]
    pub cpu: Option<String>,
    #[serde(default)]
    #[schema(example = "16G", max_length = 24)]
    pub memory: Option<String>,
    #[serde(default)]
    #[schema(example = "0", max_length = 24)]
    pub storage: Option<String>,
}

/// What a plan would come to, by the code that decides, on a copy of the ledgers as they are.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhatIf {
    /// Whether everything fits.
    pub fits: bool,
    /// One for each change, in its order.
    pub rows: Vec<WhatIfRow>,
    /// One for each pool that is named, by name.
    pub pools: Vec<WhatIfPool>,
    #[schema(format = DateTime)]
    pub as_of: String,
}

/// What would become of one change.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhatIfRow {
    pub change: PlannedChange,
    pub verdict: PlanVerdict,
    /// How many of `count` fit.
    pub fitting: u32,
    /// What the allocation's object says now; zero for something new.
    pub from: Bundle,
    /// What it would say.
    pub to: Bundle,
    /// The first thing of this change that doesn't fit, resource by resource; empty if all fits.
    pub reasons: Vec<PlanReason>,
}

/// `Fits` now; `AfterRelease`: when what the plan gives back is proven free; `Unchanged`: it is so
/// already; `Refused`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum PlanVerdict {
    Fits,
    AfterRelease,
    Unchanged,
    Refused,
}

/// One thing that stops a change.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanReason {
    /// The code that a decision would be refused with.
    #[schema(example = "InsufficientCapacity")]
    pub code: String,
    #[schema(required)]
    pub resource: Option<Resource>,
    #[schema(required)]
    pub limit: Option<String>,
    #[schema(required)]
    pub asked: Option<String>,
    #[schema(required)]
    pub free: Option<String>,
    /// What there is too little: asked − free.
    #[schema(required, example = "16G")]
    pub missing: Option<String>,
    /// The department whose ceiling stops it, if one does.
    #[schema(required)]
    pub department: Option<String>,
    /// A sentence in the caller's language.
    pub message: String,
}

/// A pool now, and as it would be with everything that fits.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhatIfPool {
    #[schema(example = "cec")]
    pub pool: String,
    pub display_name: String,
    /// Revision of the ledger that was asked.
    pub revision: u64,
    pub now: PoolOutlook,
    pub after: PoolOutlook,
}

/// A pool's amounts and what they mean.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PoolOutlook {
    #[serde(flatten)]
    pub standing: Standing,
    /// 瓶颈资源; `null` where nothing is granted or the caller may not see it.
    #[schema(required)]
    pub binding_resource: Option<Resource>,
    /// 搁浅资源: free, but not grantable in the mix of what is granted; `null` where the caller may not see it.
    #[schema(required)]
    pub stranded: Option<Bundle>,
}

/// A plan that was found to fit, to be written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanToApply {
    /// The ledgers' revisions that it was found to fit at.
    #[serde(deserialize_with = "objects")]
    #[schema(min_items = 1, max_items = 64)]
    pub revisions: Vec<SeenRevision>,
    #[serde(deserialize_with = "objects")]
    #[schema(min_items = 1, max_items = 500)]
    pub rows: Vec<RowToApply>,
}

/// Which revision of a pool's ledger was asked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenRevision {
    #[schema(example = "cec", max_length = 58)]
    pub pool: String,
    pub revision: u64,
}

/// One application's amounts, as the answer to the plan said them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RowToApply {
    #[schema(example = "cec", max_length = 58)]
    pub pool: String,
    #[schema(example = "civil-affairs", max_length = 58)]
    pub department: String,
    #[schema(example = "marriage-registry", max_length = 59)]
    pub application: String,
    #[serde(deserialize_with = "object")]
    pub from: Bundle,
    #[serde(deserialize_with = "object")]
    pub to: Bundle,
}

/// What was written of a plan.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanApplied {
    /// Whether all rows are as they were planned now. If not, send the same once more.
    pub complete: bool,
    pub rows: Vec<AppliedRow>,
}

/// What became of one row.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AppliedRow {
    pub outcome: AppliedOutcome,
    /// Why it failed; empty otherwise.
    pub message: String,
}

/// `NotReached`: nothing was tried, because the cluster had gone away before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum AppliedOutcome {
    Written,
    Unchanged,
    Failed,
    NotReached,
}

/// Says what a plan would come to. Nothing is written.
///
/// The code that decides is asked on a copy of the ledgers; what gives back is served first, then the
/// rest in the plan's order.
#[utoipa::path(
    post,
    path = "/what-if",
    tag = "what-if",
    request_body(content = WhatIfPlan, description = "What is planned."),
    responses((status = 200, description = "What it would come to.", body = WhatIf), WriteRefused)
)]
pub async fn reckon_plan(
    State(app): State<App>,
    Writer(caller): Writer,
    Body(plan, _): Body<WhatIfPlan>,
) -> Result<Response, Failure> {
    let snapshot = app.snapshot().await;
    let changes = plan.changes.into_iter().map(Into::into).collect();
    Ok(respond::fresh(StatusCode::OK, &planning::reckon(&snapshot, &caller, changes)?))
}

/// Says what a plan in a CSV or XLSX file would come to. Nothing is written.
///
/// Columns: pool, department, application, mode (Set, Add), count, cpu, memory, storage; heads in
/// Chinese or English. The answer's rows hold the plan, so that it can be changed and asked anew.
#[utoipa::path(
    post,
    path = "/what-if/sheet",
    tag = "what-if",
    request_body(content = FileBytes, content_type = "text/csv", description = "The file, CSV or XLSX, at most 1 MiB and 500 rows."),
    responses((status = 200, description = "What it would come to.", body = WhatIf), WriteRefused)
)]
pub async fn reckon_sheet(
    State(app): State<App>,
    Writer(caller): Writer,
    File(table): File,
) -> Result<Response, Failure> {
    let changes = planning::changes_of(&table, caller.language)?;
    let snapshot = app.snapshot().await;
    Ok(respond::fresh(StatusCode::OK, &planning::reckon(&snapshot, &caller, changes)?))
}

/// Writes a plan that was found to fit, as allocations, in the caller's name. For cloud admins.
///
/// The same is decided once more on the ledgers as they are now. Where it comes to something else than
/// it did, nothing is written (409). A row that is so already is left alone, so the same call can be
/// sent again after a failure half-way.
#[utoipa::path(
    post,
    path = "/what-if/apply",
    tag = "what-if",
    request_body(content = PlanToApply, description = "The rows that fit, and the revisions they were asked at."),
    responses(
        (status = 200, description = "What was written, row by row.", body = PlanApplied),
        (status = 409, description = "The ledger has moved in a way that matters; `errors` names the rows. Nothing was written.", body = Problem, content_type = "application/problem+json"),
        WriteRefused,
    )
)]
pub async fn apply_plan(
    State(app): State<App>,
    Writer(caller): Writer,
    Body(plan, _): Body<PlanToApply>,
) -> Result<Response, Failure> {
    // Carried out to its end, also where the caller goes away meanwhile.
    let work = planning::apply(app.clone(), caller, plan);
    idempotency::once(&app.idempotency, None, clock::now(), work).await
}
