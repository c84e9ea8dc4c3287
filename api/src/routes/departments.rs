//! Departments: who uses the cloud, with what ceiling.

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
use crate::view::{Bundle, Condition, Tier, list_of};
use crate::{export, respond};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_departments)).routes(routes!(show_department))
}

/// A unit that uses the cloud.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepartmentView {
    #[schema(example = "civil-affairs")]
    pub name: String,
    #[schema(example = "市民政局")]
    pub display_name: String,
    pub tier: Tier,
    /// Code of the administrative division.
    #[schema(required, example = "420900")]
    pub division: Option<String>,
    /// The department above it; `null` at the top.
    #[schema(required)]
    pub parent: Option<String>,
    pub applications: u64,
    /// What the department itself has, pool by pool.
    pub granted: Vec<PoolGrant>,
    /// What bounds the department and everything below it, pool by pool.
    pub ceilings: Vec<Ceiling>,
    pub conditions: Vec<Condition>,
    pub sample: bool,
}

/// What a department has in one pool.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PoolGrant {
    pub pool: String,
    pub granted: Bundle,
}

/// A ceiling and what is left below it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ceiling {
    pub pool: String,
    pub ceiling: Bundle,
    /// What the department and everything below it has out: granted, held and draining.
    pub allocated: Bundle,
    pub left: Bundle,
}

list_of!(DepartmentView, DepartmentList);

/// What departments are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DepartmentField {
    Name,
    DisplayName,
    Tier,
    Applications,
}
order_fields!(DepartmentField, DepartmentOrder {
    "name" => Name, "displayName" => DisplayName, "tier" => Tier, "applications" => Applications,
});

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DepartmentParams {
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u16>,
    /// Where to go on: the `continue` of the page before.
    #[param(max_length = 1024)]
    #[serde(default, deserialize_with = "crate::page::text::<1024, _>")]
    pub r#continue: Option<String>,
    /// Sorted by; with `-` in front: descending. Names decide between equals.
    #[param(inline)]
    pub sort: Option<DepartmentOrder>,
    /// Part of the name or of the display name.
    #[param(max_length = 100)]
    #[serde(default, deserialize_with = "crate::page::text::<100, _>")]
    pub q: Option<String>,
    /// Of this level of government only.
    #[param(inline)]
    pub tier: Option<Tier>,
    /// As a file with all pages: `csv` (UTF-8 with a mark for Excel) or `xlsx`; `Accept` may name it as well.
    #[param(inline)]
    pub format: Option<Format>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DepartmentPath {
    /// Name of the department.
    #[param(max_length = 253, example = "civil-affairs")]
    pub department: String,
}

/// Departments. A member of a department sees his own.
#[utoipa::path(
    get,
    path = "/departments",
    tag = "departments",
    params(DepartmentParams),
    responses((status = 200, description = "One page of departments.", content((DepartmentList = "application/json"), (FileBytes = "text/csv"), (FileBytes = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), ListRefused)
)]
pub async fn list_departments(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<DepartmentParams>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let snapshot = app.snapshot().await;
    let format = export::asked(params.format, &headers);
    if format != Format::Json {
        let (reading, language) = (snapshot.clone(), caller.language);
        let page = move |after| {
            let params = DepartmentParams { limit: Some(export::PAGE), r#continue: after, ..params.clone() };
            reading.list_departments(&caller.rights, &params)
        };
        return export::answer(format, &snapshot, language, page).await;
    }
    respond::tagged(&headers, snapshot.tag(&caller, &uri), || {
        Ok(DepartmentList::new(snapshot.list_departments(&caller.rights, &params)?, &snapshot.age))
    })
}

/// One department.
#[utoipa::path(
    get,
    path = "/departments/{department}",
    tag = "departments",
    params(DepartmentPath),
    responses((status = 200, description = "The department.", body = DepartmentView), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), ItemRefused)
)]
pub async fn show_department(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<DepartmentPath>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let view = app.snapshot().await.department(&caller.rights, &path.department).ok_or(Failure::NotFound)?;
    Ok(respond::item(&headers, &view))
}
