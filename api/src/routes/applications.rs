//! Applications: what the city runs, and what each of them has.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::allocations::AllocationView;
use crate::documented::{ItemRefused, ListRefused};
use crate::extract::{Path, Query};
use crate::identity::Caller;
use crate::page::order_fields;
use crate::problem::Failure;
use crate::sheet::{FileBytes, Format};
use crate::state::App;
use crate::view::{Bundle, Condition, PartialBundle, Tier, list_of};
use crate::{export, respond};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_applications)).routes(routes!(show_application))
}

/// A government application that runs on the cloud or is connected to it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationView {
    #[schema(example = "civil-affairs")]
    pub department: String,
    #[schema(example = "市民政局")]
    pub department_name: String,
    #[schema(example = "marriage-registry")]
    pub name: String,
    #[schema(example = "婚姻登记系统")]
    pub display_name: String,
    pub description: String,
    pub tier: Tier,
    pub hosting: Hosting,
    pub zone: Zone,
    /// 等保 grade.
    #[schema(minimum = 1, maximum = 3)]
    pub security_grade: i32,
    /// 信创: on domestic hardware and software.
    pub domestic_it: bool,
    /// 重保: under key-event protection.
    pub key_event: bool,
    /// 示例: sample data, shipped for trying things out.
    pub sample: bool,
    /// 示例配额: the application is real, its quota is sample data.
    pub sample_quota: bool,
    /// Figures that the city published about it, as they were published.
    pub facts: Vec<Fact>,
    pub allocations: Vec<AllocationView>,
    /// In force, over all its allocations.
    pub granted: Bundle,
    pub used: PartialBundle,
    /// Whether the API server enforces everything that is granted.
    pub enforced: bool,
    pub state: ApplicationState,
    pub conditions: Vec<Condition>,
}

/// One published figure.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    pub label: String,
    pub value: String,
    pub unit: String,
    /// The day the figure is of; empty where that isn't known.
    pub as_of: String,
    pub source: String,
}

/// Whether an application runs on this cloud.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Hosting {
    /// 承载: runs here.
    #[default]
    Hosted,
    /// 接入: runs elsewhere and is connected.
    Connected,
}

/// Network zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Zone {
    /// 互联网区
    #[serde(rename = "InternetZone")]
    Internet,
    /// 政务外网区
    #[default]
    #[serde(rename = "ExtranetZone")]
    Extranet,
    /// 专线区
    #[serde(rename = "LeasedLineZone")]
    LeasedLine,
    #[serde(rename = "DMZ")]
    Dmz,
}

/// How an application's quota stands: the worst of its allocations decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub enum ApplicationState {
    /// The API server enforces everything that is granted.
    Enforced,
    /// Granted; the quota is being written.
    Pending,
    /// Something was taken back and isn't proven free yet.
    Draining,
    /// Waits for room in the pool or below a ceiling.
    Waiting,
    /// The term is over.
    Expired,
    /// Has no allocation.
    NoQuota,
}

list_of!(ApplicationView, ApplicationList);

/// What applications are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplicationField {
    Name,
    DisplayName,
    Department,
    Tier,
    State,
    Cpu,
    Memory,
    Storage,
}
order_fields!(ApplicationField, ApplicationOrder {
    "name" => Name, "displayName" => DisplayName, "department" => Department, "tier" => Tier, "state" => State,
    "cpu" => Cpu, "memory" => Memory, "storage" => Storage,
});

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ApplicationParams {
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
    pub sort: Option<ApplicationOrder>,
    /// Part of the name, of the display name or of the department's display name.
    #[param(max_length = 100)]
    #[serde(default, deserialize_with = "crate::page::text::<100, _>")]
    pub q: Option<String>,
    /// Of this department only.
    #[param(max_length = 253)]
    #[serde(default, deserialize_with = "crate::page::text::<253, _>")]
    pub department: Option<String>,
    /// Of this level of government only.
    #[param(inline)]
    pub tier: Option<Tier>,
    /// With an allocation in this pool only.
    #[param(max_length = 253)]
    #[serde(default, deserialize_with = "crate::page::text::<253, _>")]
    pub pool: Option<String>,
    /// In this network zone only.
    #[param(inline)]
    pub zone: Option<Zone>,
    /// In this state only.
    #[param(inline)]
    pub state: Option<ApplicationState>,
    /// Sample data only, or everything but sample data.
    pub sample: Option<bool>,
    /// As a file with all pages: `csv` (UTF-8 with a mark for Excel) or `xlsx`; `Accept` may name it as well.
    #[param(inline)]
    pub format: Option<Format>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ApplicationPath {
    /// Name of the department.
    #[param(max_length = 253, example = "civil-affairs")]
    pub department: String,
    /// Name of the application.
    #[param(max_length = 253, example = "marriage-registry")]
    pub name: String,
}

/// Applications. A member of a department sees those of his own.
#[utoipa::path(
    get,
    path = "/applications",
    tag = "applications",
    params(ApplicationParams),
    responses((status = 200, description = "One page of applications.", content((ApplicationList = "application/json"), (FileBytes = "text/csv"), (FileBytes = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), ListRefused)
)]
pub async fn list_applications(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<ApplicationParams>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let snapshot = app.snapshot().await;
    let format = export::asked(params.format, &headers);
    if format != Format::Json {
        let (reading, language) = (snapshot.clone(), caller.language);
        let page = move |after| {
            let params = ApplicationParams { limit: Some(export::PAGE), r#continue: after, ..params.clone() };
            reading.list_applications(&caller.rights, &params)
        };
        return export::answer(format, &snapshot, language, page).await;
    }
    respond::tagged(&headers, snapshot.tag(&caller, &uri), || {
        Ok(ApplicationList::new(snapshot.list_applications(&caller.rights, &params)?, &snapshot.age))
    })
}

/// One application.
#[utoipa::path(
    get,
    path = "/applications/{department}/{name}",
    tag = "applications",
    params(ApplicationPath),
    responses((status = 200, description = "The application.", body = ApplicationView), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), ItemRefused)
)]
pub async fn show_application(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<ApplicationPath>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let view =
        app.snapshot().await.application(&caller.rights, &path.department, &path.name).ok_or(Failure::NotFound)?;
    Ok(respond::item(&headers, &view))
}
