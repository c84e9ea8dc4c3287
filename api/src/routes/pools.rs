//! Pools: what the providers deliver, what is granted of it, what is left.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::documented::{ItemRefused, ListRefused};
use crate::extract::{Path, Query};
use crate::identity::Caller;
use crate::page::Page;
use crate::problem::Failure;
use crate::sheet::{FileBytes, Format};
use crate::state::App;
use crate::view::{Bundle, Condition, Figures, PartialBundle, Resource, list_of};
use crate::{export, respond};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_pools)).routes(routes!(show_pool))
}

/// What one provider delivers under one contract.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PoolView {
    #[schema(example = "cec")]
    pub name: String,
    #[schema(example = "中电长城网际资源池")]
    pub display_name: String,
    pub provider: Provider,
    pub contract: Contract,
    pub grantable_percent: Percents,
    /// What may be granted in all.
    pub capacity: Bundle,
    /// What can still be granted.
    pub free: Bundle,
    /// All numbers of the pool; `null` for callers who may not read its ledger.
    #[schema(required)]
    pub figures: Option<Figures>,
    /// 瓶颈资源: will be used up first; `null` where nothing is granted or the caller may not see it.
    #[schema(required)]
    pub binding_resource: Option<Resource>,
    /// 搁浅资源: free, but not grantable in the mix of today; `null` where the caller may not see it.
    #[schema(required)]
    pub stranded: Option<Bundle>,
    /// The mix that `stranded` assumes: what is granted today.
    #[schema(required)]
    pub mix: Option<Bundle>,
    /// Allocations with something out; `null` where the caller may not see it.
    #[schema(required)]
    pub allocations: Option<u64>,
    /// When the nodes were last seen to say what they can allocate.
    #[schema(required, format = DateTime)]
    pub physical_observed_at: Option<String>,
    /// Some of the nodes stand for machines that aren't there.
    pub physical_simulated: bool,
    /// The provider's own statement, where there is nothing to observe.
    pub physical_declared: PartialBundle,
    /// The figures of the contract are sample data, such as a split that isn't published.
    pub sample: bool,
    pub conditions: Vec<Condition>,
    /// Revision of the ledger that the figures are sums of.
    pub revision: u64,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Provider {
    #[schema(example = "中电长城网际")]
    pub name: String,
    #[schema(example = "cec")]
    pub code: String,
}

/// What was agreed with the provider.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Contract {
    pub id: String,
    #[schema(example = "2020-01-01")]
    pub start: String,
    #[schema(example = "2026-12-31")]
    pub end: String,
    /// The contracted totals, as written.
    pub capacity: Bundle,
    /// The contract's wording, verbatim.
    pub text: String,
    /// The contract is written in binary units (Gi, Ti), which are 7.4 % and 10 % more than G and T.
    pub binary_units: bool,
}

/// How much of each contracted resource may be granted, in percent.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Percents {
    #[schema(example = 100)]
    pub cpu: u32,
    #[schema(example = 100)]
    pub memory: u32,
    #[schema(example = 100)]
    pub storage: u32,
}

list_of!(PoolView, PoolList);

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PoolParams {
    /// As a file with all pages: `csv` (UTF-8 with a mark for Excel) or `xlsx`; `Accept` may name it as well.
    #[param(inline)]
    pub format: Option<Format>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PoolPath {
    /// Name of the pool.
    #[param(max_length = 253, example = "cec")]
    pub pool: String,
}

/// The pools that the caller may read, by name. There are few: the list has one page.
#[utoipa::path(
    get,
    path = "/pools",
    tag = "pools",
    params(PoolParams),
    responses((status = 200, description = "All pools.", content((PoolList = "application/json"), (FileBytes = "text/csv"), (FileBytes = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), ListRefused)
)]
pub async fn list_pools(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<PoolParams>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let snapshot = app.snapshot().await;
    let format = export::asked(params.format, &headers);
    if format != Format::Json {
        return export::answer(format, &snapshot, caller.language, export::whole(snapshot.pools(&caller.rights))).await;
    }
    respond::tagged(&headers, snapshot.tag(&caller, &uri), || {
        Ok(PoolList::new(Page::whole(snapshot.pools(&caller.rights)), &snapshot.age))
    })
}

/// One pool.
#[utoipa::path(
    get,
    path = "/pools/{pool}",
    tag = "pools",
    params(PoolPath),
    responses((status = 200, description = "The pool.", body = PoolView), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), ItemRefused)
)]
pub async fn show_pool(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<PoolPath>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let view = app.snapshot().await.pool(&caller.rights, &path.pool).ok_or(Failure::NotFound)?;
    Ok(respond::item(&headers, &view))
}
