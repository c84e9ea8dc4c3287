//! Requests: what departments ask for.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::applications::{Hosting, Zone};
use super::automatic::{Automatic, AutomaticReview};
use super::course::{
    Action, Blocked, HistoryEntry, OfferView, ReturnedView, ReviewView, Stage, TermView, WithdrawalView,
};
use crate::documented::{ItemRefused, ListRefused, WriteRefused};
use crate::extract::{Body, Path, Query};
use crate::identity::{Caller, Writer};
use crate::object::{object, objects, optional_object};
use crate::page::order_fields;
use crate::problem::{Failure, Problem};
use crate::sheet::{FileBytes, Format};
use crate::state::App;
use crate::view::{Bundle, Condition, Resource, Standing, Tier, list_of};
use crate::{asking, clock, correcting, export, idempotency, respond};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_requests, create_request))
        .routes(routes!(preview_request))
        .routes(routes!(show_request, correct_request))
}

/// What a department asks for, and where that stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestView {
    #[schema(example = "civil-affairs")]
    pub department: String,
    #[schema(example = "市民政局")]
    pub department_name: String,
    #[schema(example = "qr-x7f2k")]
    pub name: String,
    /// What people quote; `null` until it is given.
    #[schema(required, example = "2026-000123")]
    pub number: Option<String>,
    pub r#type: RequestType,
    #[schema(example = "marriage-registry")]
    pub application: String,
    #[schema(example = "婚姻登记系统")]
    pub application_name: String,
    /// With type New: the application to make.
    #[schema(required)]
    pub new_application: Option<NewApplication>,
    #[schema(example = "cec")]
    pub pool: String,
    /// Of a move: the pool that the application leaves.
    #[schema(required, example = "inspur")]
    pub move_from: Option<String>,
    /// Who asks, by the name that Kubernetes knows.
    pub requester: String,
    /// The part of the name that people know.
    #[schema(example = "zhang")]
    pub requester_short: String,
    /// What the application shall have afterwards, as written.
    pub resources: Bundle,
    /// What its allocation in this pool has now.
    pub current: Bundle,
    #[schema(required)]
    pub period: Option<Period>,
    pub justification: String,
    pub basis: Basis,
    /// Further lines of the form, for people.
    pub details: Vec<RequestDetail>,
    pub phase: Phase,
    #[schema(required)]
    pub stage: Option<Stage>,
    /// 调整方案: what is offered instead; after that was accepted, what was approved.
    #[schema(required)]
    pub offer: Option<OfferView>,
    /// While it is returned: what the department has to correct.
    #[schema(required)]
    pub returned: Option<ReturnedView>,
    #[schema(required)]
    pub review: Option<ReviewView>,
    #[schema(required)]
    pub withdrawn: Option<WithdrawalView>,
    /// The end of the grant that it brought about, where that has one.
    #[schema(required)]
    pub term: Option<TermView>,
    /// A decision names the revision it was made on.
    #[schema(minimum = 1)]
    pub revision: i64,
    /// A correction names it in `If-Match`, in quotes.
    #[schema(example = "1.1")]
    pub version: String,
    #[schema(format = DateTime)]
    pub created_at: String,
    /// What happened, oldest first: the last 32 steps.
    pub history: Vec<HistoryEntry>,
    pub conditions: Vec<Condition>,
    /// Whether it fits now, and the pool before and after; `null` in lists and once it is decided.
    #[schema(required)]
    pub preview: Option<Preview>,
    /// What the rules of automatic approval came to; `null` until they are asked.
    #[schema(required)]
    pub automatic: Option<AutomaticReview>,
    /// What a decision names as `stage`; `null` in the short way, where it names none.
    #[schema(required, example = "Acceptance")]
    pub decision_stage: Option<String>,
    /// What can be done with it now, and what of it isn't the caller's to do.
    pub actions: Vec<Action>,
    /// Why the caller may not correct it now; `null` if he may.
    #[schema(required)]
    pub correction_blocked: Option<Blocked>,
    /// Whether it is the caller's turn.
    pub waits_for_me: bool,
}

/// 新增 New, 变更 Change, 续期 Renew, 注销 Release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum RequestType {
    New,
    Change,
    Renew,
    Release,
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub enum Phase {
    /// 已提交
    Submitted,
    /// 已受理
    Accepted,
    /// 技术审核
    TechReview,
    /// 待确认(调整方案)
    Offered,
    /// 已批准
    Approved,
    /// 开通中
    Provisioning,
    /// 测试中
    Testing,
    /// 使用中
    Active,
    /// 退回补正
    Returned,
    /// 不予批准
    Rejected,
    /// 已撤回
    Withdrawn,
    /// 已失效
    Lapsed,
    /// 已到期
    Expired,
    /// 回收中
    Reclaiming,
    /// 已释放
    Released,
}

/// First and last day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Period {
    #[schema(example = "2026-12-01", min_length = 10, max_length = 10)]
    pub start: String,
    /// The last day included; absent = permanent.
    #[serde(default)]
    #[schema(example = "2027-11-30", min_length = 10, max_length = 10)]
    pub end: Option<String>,
}

/// What the amounts are reckoned from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Basis {
    #[schema(max_length = 200)]
    pub users: Option<String>,
    #[schema(max_length = 200)]
    pub concurrency: Option<String>,
    #[schema(max_length = 200)]
    pub data_volume: Option<String>,
    /// 立项批复文号
    #[schema(max_length = 200)]
    pub approval_number: Option<String>,
    /// 资金来源
    #[schema(max_length = 200)]
    pub funding: Option<String>,
}

/// A further line of the form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestDetail {
    #[schema(min_length = 1, max_length = 100)]
    pub label: String,
    #[schema(max_length = 1000)]
    pub value: String,
}

/// What to ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRequest {
    /// The department it is for; the caller belongs to it.
    #[schema(example = "civil-affairs", min_length = 1, max_length = 58)]
    pub department: String,
    pub r#type: RequestType,
    #[schema(example = "marriage-registry", min_length = 1, max_length = 59)]
    pub application: String,
    /// With type New: the application to make.
    #[serde(default, deserialize_with = "optional_object")]
    pub new_application: Option<NewApplication>,
    #[schema(example = "cec", min_length = 1, max_length = 58)]
    pub pool: String,
    /// With type Change: the pool that the application leaves. What it has there is given back as soon
    /// as what it asks for in `pool` is in force.
    #[serde(default)]
    #[schema(example = "inspur", min_length = 1, max_length = 58)]
    pub move_from: Option<String>,
    /// What the application shall have afterwards, not the difference.
    #[serde(deserialize_with = "object")]
    pub resources: Bundle,
    #[serde(default, deserialize_with = "optional_object")]
    pub period: Option<Period>,
    #[schema(min_length = 10, max_length = 2000, example = "高峰期登记量翻倍, 现有 8 核已满")]
    pub justification: String,
    #[serde(default, deserialize_with = "optional_object")]
    pub basis: Option<Basis>,
    #[serde(default, deserialize_with = "objects")]
    #[schema(max_items = 50)]
    pub details: Vec<RequestDetail>,
}

/// The application that a New request brings about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewApplication {
    #[schema(min_length = 1, max_length = 100)]
    pub display_name: String,
    pub tier: Tier,
    #[serde(default)]
    pub hosting: Hosting,
    #[serde(default)]
    pub zone: Zone,
    /// 等保 grade; 4 and above are not on this cloud.
    #[schema(minimum = 1, maximum = 3)]
    pub security_grade: i32,
    #[serde(default)]
    pub domestic_it: bool,
    #[serde(default)]
    pub key_event: bool,
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub description: String,
}

/// Whether a request fits, from the same code that decides.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    pub fits: bool,
    /// What stops it; empty if it fits.
    pub reasons: Vec<PreviewReason>,
    /// Whether it would be approved without a person, by the rules that decide; `null` for a request that
    /// is there already, which has its answer in `automatic`.
    #[schema(required)]
    pub automatic: Option<Automatic>,
    /// What the application has in this pool now.
    pub current: Bundle,
    /// What it would have more, never below zero.
    pub request: Bundle,
    /// What it would give back, never below zero.
    pub returned: Bundle,
    pub pool_now: Standing,
    /// The pool as it would be after approval. Where the request doesn't fit, it says what would be
    /// out all the same, and `overcommitted` by how much too much.
    pub after: Standing,
}

/// One thing that stops a request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PreviewReason {
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
    /// The department whose ceiling stops it, if one does.
    #[schema(required)]
    pub department: Option<String>,
    /// A sentence in the caller's language.
    pub message: String,
}

list_of!(RequestView, RequestList);

/// What requests are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestField {
    CreatedAt,
    Number,
    Phase,
    Department,
    Application,
    DueAt,
    Cpu,
    Memory,
    Storage,
}
order_fields!(RequestField, RequestOrder {
    "createdAt" => CreatedAt, "number" => Number, "phase" => Phase, "department" => Department,
    "application" => Application, "dueAt" => DueAt, "cpu" => Cpu, "memory" => Memory, "storage" => Storage,
});

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestParams {
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u16>,
    /// Where to go on: the `continue` of the page before.
    #[param(max_length = 1024)]
    #[serde(default, deserialize_with = "crate::page::text::<1024, _>")]
    pub r#continue: Option<String>,
    /// Sorted by; with `-` in front: descending, which is the default with `createdAt`. Names decide
    /// between equals.
    #[param(inline)]
    pub sort: Option<RequestOrder>,
    /// Part of the number, of the application's name or display name, or of the department's
    /// display name.
    #[param(max_length = 100)]
    #[serde(default, deserialize_with = "crate::page::text::<100, _>")]
    pub q: Option<String>,
    /// In this phase only.
    #[param(inline)]
    pub phase: Option<Phase>,
    /// Neither in force nor closed, or only those that are.
    pub open: Option<bool>,
    /// Of this department only.
    #[param(max_length = 253)]
    #[serde(default, deserialize_with = "crate::page::text::<253, _>")]
    pub department: Option<String>,
    /// For this application only.
    #[param(max_length = 253)]
    #[serde(default, deserialize_with = "crate::page::text::<253, _>")]
    pub application: Option<String>,
    /// From this pool only.
    #[param(max_length = 253)]
    #[serde(default, deserialize_with = "crate::page::text::<253, _>")]
    pub pool: Option<String>,
    /// Those that the caller made, or everything else.
    pub mine: Option<bool>,
    /// Those that wait in this step: Acceptance, TechReview, AdminApproval, or the name of a phase.
    #[param(max_length = 30)]
    #[serde(default, deserialize_with = "crate::page::text::<30, _>")]
    pub stage: Option<String>,
    /// Those whose time limit is over, or everything else.
    pub overdue: Option<bool>,
    /// Those that wait for the caller: there is something that he may do to bring them on.
    #[param(inline)]
    pub waiting_for: Option<WaitingFor>,
    /// As a file with all pages: `csv` (UTF-8 with a mark for Excel) or `xlsx`; `Accept` may name it as well.
    #[param(inline)]
    pub format: Option<Format>,
}

/// For whom a request waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WaitingFor {
    Me,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct RequestPath {
    /// Name of the department.
    #[param(max_length = 253, example = "civil-affairs")]
    pub department: String,
    /// Name of the request.
    #[param(max_length = 253, example = "qr-x7f2k")]
    pub name: String,
}

/// Requests. A member of a department sees those of his own.
#[utoipa::path(
    get,
    path = "/requests",
    tag = "requests",
    params(RequestParams),
    responses((status = 200, description = "One page of requests.", content((RequestList = "application/json"), (FileBytes = "text/csv"), (FileBytes = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), ListRefused)
)]
pub async fn list_requests(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<RequestParams>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let snapshot = app.snapshot().await;
    let format = export::asked(params.format, &headers);
    if format != Format::Json {
        let (reading, language) = (snapshot.clone(), caller.language);
        let page = move |after| {
            let params = RequestParams { limit: Some(export::PAGE), r#continue: after, ..params.clone() };
            reading.list_requests(&caller, &params)
        };
        return export::answer(format, &snapshot, language, page).await;
    }
    respond::tagged(&headers, snapshot.tag(&caller, &uri), || {
        Ok(RequestList::new(snapshot.list_requests(&caller, &params)?, &snapshot.age))
    })
}

/// One request, with whether it fits now.
#[utoipa::path(
    get,
    path = "/requests/{department}/{name}",
    tag = "requests",
    params(RequestPath),
    responses((status = 200, description = "The request.", body = RequestView), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), ItemRefused)
)]
pub async fn show_request(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<RequestPath>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let view = app.snapshot().await.request(&caller, &path.department, &path.name).ok_or(Failure::NotFound)?;
    Ok(respond::item(&headers, &view))
}

/// Corrects a returned request, and sends it again.
///
/// Only whoever made it does, and only while it is returned; application, type and pools stay. It goes back to the step that it came
/// from, with the next revision and the same number; what was corrected is in its history.
#[utoipa::path(
    put,
    path = "/requests/{department}/{name}",
    tag = "requests",
    params(RequestPath, ("If-Match" = Option<String>, Header, description = "The `version` of the request that was looked at, in quotes. It is needed.")),
    request_body(content = NewRequest, description = "The whole request as it shall be."),
    responses(
        (status = 200, description = "Sent again; the request as it is now.", body = RequestView),
        (status = 202, description = "Written; the operator hasn't taken it up yet.", body = RequestView),
        (status = 404, description = "There is no such request, or it isn't the caller's to see.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It isn't returned: its phase is in `phase`.", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "It isn't the version that was looked at: what it is now is in `version`.", body = Problem, content_type = "application/problem+json"),
        (status = 428, description = "`If-Match` is missing.", body = Problem, content_type = "application/problem+json"),
        WriteRefused,
    )
)]
pub async fn correct_request(
    State(app): State<App>,
    Writer(caller): Writer,
    Path(path): Path<RequestPath>,
    headers: HeaderMap,
    Body(new, _): Body<NewRequest>,
) -> Result<Response, Failure> {
    let seen = correcting::version(&headers)?;
    // Carried out to its end, also where the caller goes away meanwhile.
    let work = correcting::correct(app.clone(), caller, (path.department, path.name), new, seen);
    idempotency::once(&app.idempotency, None, clock::now(), work).await
}

/// Asks for quota.
///
/// It is checked as the API server checks it, everything that is wrong is said at once, and it is
/// written in the caller's own name.
#[utoipa::path(
    post,
    path = "/requests",
    tag = "requests",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$", description = "Chosen by the client. The same key and body are carried out once: a second call gets the first one's answer for 24 hours, after that or after a restart what it wrote as it is then. The same key with another body is refused.")),
    request_body(content = NewRequest, description = "What to ask for."),
    responses(
        (status = 201, description = "Asked for.", body = RequestView, headers(("Location" = String, description = "Where the request is."))),
        (status = 409, description = "An open request asks for the same: its name is in `existing`.", body = Problem, content_type = "application/problem+json"),
        WriteRefused,
    )
)]
pub async fn create_request(
    State(app): State<App>,
    Writer(caller): Writer,
    headers: HeaderMap,
    Body(new, print): Body<NewRequest>,
) -> Result<Response, Failure> {
    let key = idempotency::Key::from_headers(&headers, &caller, "create_request", print)?;
    let name = key.as_ref().map(|key| key.object_name(asking::NAME_PREFIX));
    let work = asking::create(app.clone(), caller, new, name);
    Box::pin(idempotency::once(&app.idempotency, key, clock::now(), work)).await
}

/// Says whether a request would fit, without asking for it.
///
/// The same code decides at approval, on the ledger as it is then.
#[utoipa::path(
    post,
    path = "/requests/preview",
    tag = "requests",
    request_body(content = NewRequest, description = "What would be asked for."),
    responses((status = 200, description = "Whether it would fit.", body = Preview), WriteRefused)
)]
pub async fn preview_request(
    State(app): State<App>,
    Writer(caller): Writer,
    Body(new, _): Body<NewRequest>,
) -> Result<Response, Failure> {
    let snapshot = app.snapshot().await;
    let preview = asking::preview(&snapshot, &caller, new)?;
    Ok(respond::fresh(axum::http::StatusCode::OK, &preview))
}
