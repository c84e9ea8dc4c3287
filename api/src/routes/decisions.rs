//! Decisions on requests.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::requests::{RequestPath, RequestView};
use crate::deciding::{self, Deciding};
use crate::documented::{ItemRefused, WriteRefused};
use crate::extract::{Body, Path};
use crate::identity::{Caller, Writer};
use crate::object::optional_object;
use crate::problem::{Failure, Problem};
use crate::state::App;
use crate::view::{Bundle, Resource};
use crate::{clock, idempotency, respond};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(decide_request)).routes(routes!(show_decision))
}

/// What to decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewDecision {
    pub verdict: Verdict,
    /// Why. 10 to 2000 characters; needed for Return, Reject, Offer, DeclineOffer, Cancel and Reclaim.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
    /// A code from the policy.
    #[serde(default)]
    #[schema(max_length = 60)]
    pub reason_code: Option<String>,
    /// The `revision` of the request that was looked at. If it has changed since, the decision is
    /// refused.
    #[schema(minimum = 1)]
    pub request_revision: i64,
    /// The `decisionStage` of the request that was looked at, where it has one: Approve, Return, Reject,
    /// Offer and Cancel count at that stage alone.
    #[serde(default)]
    #[schema(max_length = 30)]
    pub stage: Option<String>,
    /// With Return: the fields to correct, as paths into the body of a request.
    #[serde(default)]
    #[schema(max_items = 20, example = json!(["resources.memory"]))]
    pub fields: Vec<String>,
    /// With Offer: what the application would have afterwards. No more than was asked for.
    #[serde(default, deserialize_with = "optional_object")]
    pub resources: Option<Bundle>,
}

/// The actions on a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum Verdict {
    /// 受理
    Accept,
    /// 领取
    Take,
    /// 批准
    Approve,
    /// 退回补正
    Return,
    /// 不予批准
    Reject,
    /// 提出调整方案
    Offer,
    /// 接受方案
    AcceptOffer,
    /// 不接受方案
    DeclineOffer,
    /// 撤回
    Withdraw,
    /// 撤销撤回
    Reinstate,
    /// 转正式
    Confirm,
    /// 取消
    Cancel,
    /// 回收
    Reclaim,
    /// 催办
    Urge,
}

/// A decision and what came of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionView {
    #[schema(example = "qd-k3x9p")]
    pub name: String,
    /// Name of the request.
    pub request: String,
    #[schema(minimum = 1)]
    pub request_revision: i64,
    #[schema(example = "Approve")]
    pub verdict: String,
    pub reason: String,
    pub decided_by: String,
    pub decided_by_short: String,
    #[schema(format = DateTime)]
    pub created_at: String,
    /// `null` until the operator has answered.
    #[schema(required)]
    pub outcome: Option<Outcome>,
    /// Why it was refused.
    #[schema(required, example = "InsufficientCapacity")]
    pub code: Option<String>,
    #[schema(required)]
    pub message: Option<String>,
    #[schema(required)]
    pub resource: Option<Resource>,
    #[schema(required)]
    pub asked: Option<String>,
    #[schema(required)]
    pub free: Option<String>,
    #[schema(required)]
    pub limit: Option<String>,
    /// The ledger's revision that the answer comes from.
    #[schema(required)]
    pub ledger_revision: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum Outcome {
    Applied,
    Refused,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DecisionPath {
    /// Name of the department.
    #[param(max_length = 253, example = "civil-affairs")]
    pub department: String,
    /// Name of the request.
    #[param(max_length = 253, example = "qr-x7f2k")]
    pub name: String,
    /// Name of the decision.
    #[param(max_length = 253, example = "qd-k3x9p")]
    pub decision: String,
}

/// Decides a request in the caller's own name, and waits for what comes of it.
///
/// An approval answers only when the ledger has decided: 200 with the request as it is now, or 409
/// naming what stopped it. After 10 seconds without an answer it is 202 and `Location` says where
/// to look; the decision stands and is carried out.
#[utoipa::path(
    post,
    path = "/requests/{department}/{name}/decisions",
    tag = "requests",
    params(
        RequestPath,
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$", description = "Chosen by the client. The same key and body are carried out once: a second call gets the first one's answer for 24 hours, after that or after a restart what it wrote as it is then. The same key with another body is refused."),
    ),
    request_body(content = NewDecision, description = "What to decide."),
    responses(
        (status = 200, description = "Decided; the request as it is now.", body = RequestView),
        (status = 202, description = "Written down; the operator hasn't answered yet.", body = DecisionView, headers(("Location" = String, description = "Where the decision is."))),
        (status = 404, description = "There is no such request, or it isn't the caller's to see.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Refused: it doesn't fit (`InsufficientCapacity`, `CeilingExceeded` with resource, asked, free and limit), the request has moved on (`Stale`, `WrongStage` with phase, stage and revision), or it is too late or too early (`OfferOver`, `UndoOver`, `UrgedToday`).", body = Problem, content_type = "application/problem+json"),
        WriteRefused,
    )
)]
pub async fn decide_request(
    State(app): State<App>,
    Writer(caller): Writer,
    Path(path): Path<RequestPath>,
    headers: HeaderMap,
    Body(new, print): Body<NewDecision>,
) -> Result<Response, Failure> {
    let operation = format!("decide_request {}/{}", path.department, path.name);
    let key = idempotency::Key::from_headers(&headers, &caller, &operation, print)?;
    let name = key.as_ref().map(|key| key.object_name(deciding::NAME_PREFIX));
    let deciding = Deciding { department: path.department, request: path.name, new, name };
    let work = deciding::decide(app.clone(), caller, deciding);
    idempotency::once(&app.idempotency, key, clock::now(), work).await
}

/// One decision on a request, with what came of it.
#[utoipa::path(
    get,
    path = "/requests/{department}/{name}/decisions/{decision}",
    tag = "requests",
    params(DecisionPath),
    responses((status = 200, description = "The decision.", body = DecisionView), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), ItemRefused)
)]
pub async fn show_decision(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<DecisionPath>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let snapshot = app.snapshot().await;
    let view = snapshot.decision(&caller.rights, &path.department, &path.name, &path.decision);
    Ok(respond::item(&headers, &view.ok_or(Failure::NotFound)?))
}
