//! Imports of files, the templates for them, and the request form.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::requests::RequestPath;
use crate::documented::{ItemRefused, ListRefused, WriteRefused};
use crate::extract::{File, Path, Query};
use crate::identity::{Caller, Writer};
use crate::problem::{Failure, Problem};
use crate::sheet::{FileBytes, Format};
use crate::state::App;
use crate::{clock, idempotency, importing};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(import_file)).routes(routes!(show_template)).routes(routes!(show_request_form))
}

/// What is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ImportKind {
    Applications,
    Departments,
    Requests,
    /// 政务云资源申请表, filled in.
    RequestForm,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ImportPath {
    #[param(inline)]
    pub kind: ImportKind,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImportParams {
    /// Say what would be written, and everything that is wrong; write nothing.
    #[serde(default)]
    #[param(default = false)]
    pub dry_run: bool,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TemplateParams {
    /// `xlsx`, with comments and lists to choose from, or `csv`.
    #[param(inline)]
    pub format: Option<Format>,
}

/// What came of a file, or would.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportReport {
    pub kind: ImportKind,
    pub dry_run: bool,
    /// Whether every row is as the file says. If not, import the same file again.
    pub complete: bool,
    pub created: u64,
    pub changed: u64,
    pub unchanged: u64,
    /// Requests that an open one is the same as: left out.
    pub duplicates: u64,
    /// What is wrong, at most 500; while anything is, nothing is written.
    pub findings: Vec<ImportFinding>,
    /// Row by row; empty while anything is wrong.
    pub rows: Vec<ImportRow>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ImportFinding {
    /// The row as the spreadsheet counts it.
    pub row: u64,
    /// The head of the column.
    pub column: String,
    #[schema(example = "AmountWithoutUnit")]
    pub code: String,
    pub message: String,
}

/// What became of one row, or would.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ImportRow {
    pub row: u64,
    /// By what the row is known.
    #[schema(example = "civil-affairs/marriage-registry")]
    pub key: String,
    pub outcome: ImportOutcome,
    /// Why it failed; empty otherwise.
    pub message: String,
    /// The request that was made, or that asks for the same.
    #[schema(required)]
    pub request: Option<RequestRef>,
}

/// Names a request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RequestRef {
    pub department: String,
    pub name: String,
}

/// `Duplicate`: an open request asks for the same; `NotReached`: nothing was tried, because the
/// cluster had gone away before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum ImportOutcome {
    Created,
    Changed,
    Unchanged,
    Duplicate,
    Failed,
    NotReached,
}

/// Imports a CSV or XLSX file.
///
/// Every row is checked first; while one is wrong nothing is written, and all that is wrong is said
/// with row, column and reason. What is written is only what differs, in the caller's name: the same
/// file again changes nothing, and after a failure half-way it finishes. Applications and departments
/// are for cloud admins, requests for the department's own people.
#[utoipa::path(
    post,
    path = "/imports/{kind}",
    tag = "imports",
    params(ImportPath, ImportParams),
    request_body(content = FileBytes, content_type = "text/csv", description = "The file, CSV or XLSX: at most 1 MiB, 2,000 rows (requests: 200), and 16 MiB unpacked."),
    responses(
        (status = 200, description = "Everything is as the file says; with `dryRun`: what would be, or what is wrong.", body = ImportReport),
        (status = 404, description = "There is no such kind.", body = Problem, content_type = "application/problem+json"),
        (status = 207, description = "A part was written; the rows say which. Import the same file again.", body = ImportReport),
        WriteRefused,
    )
)]
pub async fn import_file(
    State(app): State<App>,
    Writer(caller): Writer,
    Path(path): Path<ImportPath>,
    Query(params): Query<ImportParams>,
    File(table): File,
) -> Result<Response, Failure> {
    // Carried out to its end, also where the caller goes away meanwhile.
    let work = importing::run(app.clone(), caller, path.kind, table, params.dry_run);
    idempotency::once(&app.idempotency, None, clock::now(), work).await
}

/// An empty file to fill in: heads with comments, and lists to choose from.
#[utoipa::path(
    get,
    path = "/imports/{kind}/template",
    tag = "imports",
    params(ImportPath, TemplateParams),
    responses((status = 200, description = "The file.", content((FileBytes = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (FileBytes = "text/csv"))),
        (status = 404, description = "There is no such kind.", body = Problem, content_type = "application/problem+json"),
        ListRefused,
    )
)]
pub async fn show_template(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<ImportPath>,
    Query(params): Query<TemplateParams>,
) -> Result<Response, Failure> {
    importing::template(path.kind, params.format.unwrap_or(Format::Xlsx), &caller, &app.snapshot().await)
}

/// 政务云资源申请表 of a request, as a workbook to print or to keep.
#[utoipa::path(
    get,
    path = "/requests/{department}/{name}/form.xlsx",
    tag = "imports",
    params(RequestPath),
    responses((status = 200, description = "The form.", body = FileBytes, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), ItemRefused)
)]
pub async fn show_request_form(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<RequestPath>,
) -> Result<Response, Failure> {
    let snapshot = app.snapshot().await;
    let view = snapshot.request(&caller, &path.department, &path.name).ok_or(Failure::NotFound)?;
    importing::form::filled(&caller, &snapshot, &view)
}
