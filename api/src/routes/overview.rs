//! The city at a glance.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::pools::PoolView;
use crate::documented::ReadRefused;
use crate::identity::Caller;
use crate::problem::Failure;
use crate::respond;
use crate::state::App;
use crate::view::{Bundle, PartialBundle, Resource, Standing, Tier};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_overview))
}

/// The city at a glance, cut to what the caller may see.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// The data is at least as new as this.
    #[schema(format = DateTime, example = "2026-11-23T14:10:00+08:00")]
    pub as_of: String,
    /// The cluster can't be followed at the moment: writes are refused.
    pub stale: bool,
    /// All pools that the caller may read together. Sums of the ledgers' rows, never stored counters.
    pub totals: Standing,
    /// What the city says it has, against the sum of the pools' contracts; `null` where no policy
    /// is installed, or where the caller may not read it and every pool.
    #[schema(required)]
    pub city_contract: Option<CityContract>,
    /// 瓶颈资源 of all pools together; `null` where nothing is granted or the caller may not see it.
    #[schema(required)]
    pub binding_resource: Option<Resource>,
    /// 搁浅资源, summed over the pools: free, but not grantable in today's mix.
    #[schema(required)]
    pub stranded: Option<Bundle>,
    /// The mix that `stranded` assumes: what is granted today.
    #[schema(required)]
    pub mix: Option<Bundle>,
    pub pools: Vec<PoolView>,
    /// By level of government, in the order national/provincial, municipal, county.
    pub by_tier: Vec<TierView>,
    /// By department, the largest use of memory first.
    pub by_department: Vec<DepartmentShare>,
    pub requests: RequestCounts,
}

/// What the city says it has.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CityContract {
    pub capacity: Bundle,
    /// Whether the pools' contracts add up to it exactly.
    pub matches: bool,
    /// The city's total minus the sum of the pools' contracts, with a sign; `null` where they match.
    #[schema(required)]
    pub difference: Option<Bundle>,
    /// Where the total was published.
    pub source: String,
    /// The day it is of.
    #[schema(example = "2020-07-17")]
    pub as_of: String,
}

/// The applications of one level of government.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TierView {
    pub tier: Tier,
    pub applications: u64,
    pub granted: Bundle,
}

/// The applications of one department.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepartmentShare {
    pub department: String,
    pub display_name: String,
    pub applications: u64,
    pub granted: Bundle,
    pub used: PartialBundle,
}

/// Requests that are under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestCounts {
    /// Neither in force nor closed.
    pub open: u64,
    /// Waiting for a decision that the caller may make.
    pub to_decide: u64,
    /// Decided; the quota is being written.
    pub provisioning: u64,
}

/// The city at a glance: five numbers per pool and in total, what binds, what is stranded.
///
/// A department sees its own applications and requests; of the pools, capacity and what is free.
#[utoipa::path(
    get,
    path = "/overview",
    tag = "overview",
    responses((status = 200, description = "The overview.", body = Overview), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), ReadRefused)
)]
pub async fn show_overview(
    State(app): State<App>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let snapshot = app.snapshot().await;
    respond::tagged(&headers, snapshot.tag(&caller, &uri), || Ok(snapshot.overview(&caller)))
}
