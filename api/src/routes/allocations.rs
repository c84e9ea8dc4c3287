//! Allocations: what an application has in a pool, and whether it is enforced.

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
use crate::page::order_fields;
use crate::problem::Failure;
use crate::sheet::{FileBytes, Format};
use crate::state::App;
use crate::view::{Bundle, Condition, PartialBundle, list_of};
use crate::{export, respond};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_allocations)).routes(routes!(show_allocation))
}

/// What an application shall have in a pool, and what it has.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AllocationView {
    #[schema(example = "civil-affairs")]
    pub department: String,
    #[schema(example = "marriage-registry")]
    pub name: String,
    #[schema(example = "marriage-registry")]
    pub application: String,
    #[schema(example = "cec")]
    pub pool: String,
    /// What it shall have, as written.
    pub resources: Bundle,
    /// What the ledger has granted.
    pub granted: Bundle,
    /// Kept for a request that is decided but not yet written.
    pub held: Bundle,
    /// Taken back, not yet proven free.
    pub draining: Bundle,
    /// Whether the API server enforces everything that is granted.
    pub enforced: bool,
    pub used: PartialBundle,
    /// The namespaces it is for.
    pub namespaces: Vec<String>,
    /// When the grant ends by itself; `null` where it is permanent.
    #[schema(required, format = DateTime)]
    pub expires_at: Option<String>,
    /// What it returns to at that time; `null` where nothing shrinks by itself.
    #[schema(required)]
    pub base: Option<Bundle>,
    pub conditions: Vec<Condition>,
}

list_of!(AllocationView, AllocationList);

/// What allocations are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllocationField {
    Name,
    Department,
    Pool,
    Cpu,
    Memory,
    Storage,
}
order_fields!(AllocationField, AllocationOrder {
    "name" => Name, "department" => Department, "pool" => Pool, "cpu" => Cpu, "memory" => Memory, "storage" => Storage,
});

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AllocationParams {
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u16>,
    /// Where to go on: the `continue` of the page before.
    #[param(max_length = 1024)]
    #[serde(default, deserialize_with = "crate::page::text::<1024, _>")]
    pub r#continue: Option<String>,
    /// Sorted by; with `-` in front: descending. Amounts are what is granted. Names decide between
    /// equals.
    #[param(inline)]
    pub sort: Option<AllocationOrder>,
    /// Part of the name.
    #[param(max_length = 100)]
    #[serde(default, deserialize_with = "crate::page::text::<100, _>")]
    pub q: Option<String>,
    /// Of this department only.
    #[param(max_length = 253)]
    #[serde(default, deserialize_with = "crate::page::text::<253, _>")]
    pub department: Option<String>,
    /// Of this application only.
    #[param(max_length = 253)]
    #[serde(default, deserialize_with = "crate::page::text::<253, _>")]
    pub application: Option<String>,
    /// In this pool only.
    #[param(max_length = 253)]
    #[serde(default, deserialize_with = "crate::page::text::<253, _>")]
    pub pool: Option<String>,
    /// Enforced ones only, or those that aren't.
    pub enforced: Option<bool>,
    /// As a file with all pages: `csv` (UTF-8 with a mark for Excel) or `xlsx`; `Accept` may name it as well.
    #[param(inline)]
    pub format: Option<Format>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct AllocationPath {
    /// Name of the department.
    #[param(max_length = 253, example = "civil-affairs")]
    pub department: String,
    /// Name of the allocation.
    #[param(max_length = 253, example = "marriage-registry")]
    pub name: String,
}

/// Allocations. A member of a department sees those of his own.
#[utoipa::path(
    get,
    path = "/allocations",
    tag = "allocations",
    params(AllocationParams),
    responses((status = 200, description = "One page of allocations.", content((AllocationList = "application/json"), (FileBytes = "text/csv"), (FileBytes = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), ListRefused)
)]
pub async fn list_allocations(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<AllocationParams>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let snapshot = app.snapshot().await;
    let format = export::asked(params.format, &headers);
    if format != Format::Json {
        let (reading, language) = (snapshot.clone(), caller.language);
        let page = move |after| {
            let params = AllocationParams { limit: Some(export::PAGE), r#continue: after, ..params.clone() };
            reading.list_allocations(&caller.rights, &params)
        };
        return export::answer(format, &snapshot, language, page).await;
    }
    respond::tagged(&headers, snapshot.tag(&caller, &uri), || {
        Ok(AllocationList::new(snapshot.list_allocations(&caller.rights, &params)?, &snapshot.age))
    })
}

/// One allocation.
#[utoipa::path(
    get,
    path = "/allocations/{department}/{name}",
    tag = "allocations",
    params(AllocationPath),
    responses((status = 200, description = "The allocation.", body = AllocationView), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), ItemRefused)
)]
pub async fn show_allocation(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<AllocationPath>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let view =
        app.snapshot().await.allocation(&caller.rights, &path.department, &path.name).ok_or(Failure::NotFound)?;
    Ok(respond::item(&headers, &view))
}
