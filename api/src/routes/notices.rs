//! What the caller must hear of, and what became of notices that were sent elsewhere.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::documented::{ItemRefused, ListRefused, WriteRefused};
use crate::extract::{Body, Path, Query};
use crate::history::deliveries::{Delivery, State as DeliveryState};
use crate::history::notices::{Reader, Told, Wanted};
use crate::identity::{Caller, Writer};
use crate::language::Language;
use crate::notices::{Audience, Kind, Subject, Text};
use crate::problem::{Failure, ParameterCause, Problem, Wrong, WrongCause};
use crate::routes::notice_preferences::preference_of;
use crate::state::App;
use crate::{clock, respond};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_notices))
        .routes(routes!(read_notices))
        .routes(routes!(list_deliveries))
        .routes(routes!(retry_delivery))
}

/// Something that the caller must hear of.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoticeView {
    /// The same wherever and however often it is told.
    #[schema(example = "ev-0f3c…")]
    pub id: String,
    pub kind: Kind,
    /// When it came about.
    #[schema(format = DateTime)]
    pub at: String,
    pub title: String,
    pub body: String,
    /// The page of the dashboard that it is about.
    #[schema(example = "/requests/civil-affairs/qr-x7f2k")]
    pub path: String,
    /// Whether the caller has read it.
    pub read: bool,
}

/// The caller's notices, the newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoticeList {
    pub items: Vec<NoticeView>,
    /// How many the caller hasn't read, 1000 at most.
    #[schema(minimum = 0)]
    pub unread: i64,
    /// Where the next page begins; `null` on the last.
    #[schema(required)]
    pub r#continue: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct NoticeParams {
    /// Only those that aren't read.
    #[serde(default)]
    pub unread: bool,
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u16>,
    /// Where the page begins, as the page before said.
    pub r#continue: Option<String>,
}

/// What the caller has read.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticesRead {
    /// These.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub ids: Vec<String>,
    /// Everything until now.
    #[serde(default)]
    pub all: bool,
}

/// How many are left.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Unread {
    #[schema(minimum = 0)]
    pub unread: i64,
}

/// A notice on its way to a channel.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryView {
    pub id: String,
    /// Id of the notice.
    pub notice: String,
    pub kind: Kind,
    pub title: String,
    /// Name of the channel; `mail` for addresses that people and departments have chosen.
    #[schema(example = "duty")]
    pub channel: String,
    /// Address in the channel; empty where it has one receiver.
    pub address: String,
    pub state: DeliveryStateView,
    /// Attempts so far.
    pub attempts: u32,
    /// Why the last attempt came to nothing; `null` where none did.
    #[schema(required, example = "Status 500")]
    pub error: Option<String>,
    /// When it is tried next; `null` where it isn't.
    #[schema(required, format = DateTime)]
    pub next_at: Option<String>,
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// Deliveries, those that changed last first.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryList {
    pub items: Vec<DeliveryView>,
    /// How many wait.
    #[schema(minimum = 0)]
    pub pending: i64,
    /// How many nobody tries any more.
    #[schema(minimum = 0)]
    pub dead: i64,
    /// Where the next page begins; `null` on the last.
    #[schema(required)]
    pub r#continue: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum DeliveryStateView {
    /// Waits for its turn, or for the next attempt.
    Pending,
    Sent,
    /// Nobody tries any more, unless somebody says so.
    Dead,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeliveryParams {
    /// Only those in this state.
    pub state: Option<DeliveryStateView>,
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u16>,
    /// Where the page begins, as the page before said.
    pub r#continue: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DeliveryPath {
    /// Id of the delivery.
    #[param(max_length = 64, example = "dl-0f3c")]
    pub id: String,
}

/// Most ids of one call.
const READ_MAX: usize = 200;
const LIMIT_DEFAULT: u16 = 50;
const LIMIT_MAX: u16 = 200;

/// The caller's notices: of his departments, and of what his roles have to do.
#[utoipa::path(
    get,
    path = "/notices",
    tag = "notices",
    params(NoticeParams),
    responses((status = 200, description = "A page.", body = NoticeList), ListRefused)
)]
pub async fn list_notices(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<NoticeParams>,
) -> Result<Response, Failure> {
    let store = app.history.store()?;
    let limit = limit(params.limit)?;
    let before = params.r#continue.as_deref().map(place).transpose()?;
    let reader = reader(&app, &caller).await?;
    let wanted = Wanted { unread_only: params.unread, before, limit: i64::from(limit) + 1 };
    let mut told = store.notices(&reader, &wanted).await?;
    let more = cut(&mut told, limit);
    let next = told.last().filter(|_| more).map(|last| cursor(last.told_at, &last.notice.id));
    let items = told.into_iter().map(|one| view(&one, caller.language)).collect();
    let unread = store.unread(&reader).await?;
    Ok(respond::fresh(StatusCode::OK, &NoticeList { items, unread, r#continue: next }))
}

/// Notes that the caller has read notices. Ids that aren't his are passed over.
#[utoipa::path(
    post,
    path = "/notices/read",
    tag = "notices",
    request_body(content = NoticesRead, description = "Which."),
    responses((status = 200, description = "Noted; how many are left.", body = Unread), WriteRefused)
)]
pub async fn read_notices(
    State(app): State<App>,
    Writer(caller): Writer,
    Body(read, _): Body<NoticesRead>,
) -> Result<Response, Failure> {
    let store = app.history.store()?;
    if read.ids.len() > READ_MAX {
        let message = format!("{} ids, at most {READ_MAX}", read.ids.len());
        return Err(Failure::Invalid(vec![Wrong { field: "ids".to_owned(), cause: WrongCause::Server { message } }]));
    }
    let reader = reader(&app, &caller).await?;
    if read.all {
        store.note_all_read(&caller.user.name).await?;
    }
    store.note_read(&reader, &read.ids).await?;
    Ok(respond::fresh(StatusCode::OK, &Unread { unread: store.unread(&reader).await? }))
}

/// What became of notices that were sent elsewhere. For cloud admins, and to read for auditors.
#[utoipa::path(
    get,
    path = "/notices/deliveries",
    tag = "notices",
    params(DeliveryParams),
    responses(
        (status = 200, description = "A page.", body = DeliveryList),
        (status = 403, description = "The caller doesn't run the cloud.", body = Problem, content_type = "application/problem+json"),
        ListRefused,
    )
)]
pub async fn list_deliveries(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<DeliveryParams>,
) -> Result<Response, Failure> {
    if !caller.rights.administers && !caller.rights.ledgers.is_all() {
        return Err(Failure::Forbidden);
    }
    let store = app.history.store()?;
    let limit = limit(params.limit)?;
    let before = params.r#continue.as_deref().map(place).transpose()?;
    let state = params.state.map(|state| match state {
        DeliveryStateView::Pending => DeliveryState::Pending,
        DeliveryStateView::Sent => DeliveryState::Sent,
        DeliveryStateView::Dead => DeliveryState::Dead,
    });
    let mut found = store.deliveries(state, before, i64::from(limit) + 1).await?;
    let more = cut(&mut found, limit);
    let next = found.last().filter(|_| more).map(|last| cursor(last.updated_at, &last.id));
    let (pending, dead) = store.count_deliveries().await?;
    let items = found.into_iter().map(|one| delivery_view(one, caller.language)).collect();
    Ok(respond::fresh(StatusCode::OK, &DeliveryList { items, pending, dead, r#continue: next }))
}

/// Tries a dead delivery anew, from the first attempt on. The receiver gets the same event id.
#[utoipa::path(
    post,
    path = "/notices/deliveries/{id}/retry",
    tag = "notices",
    params(DeliveryPath),
    responses(
        (status = 200, description = "It waits for its turn; or it did already, or was sent.", body = DeliveryView),
        (status = 403, description = "The caller doesn't run the cloud, or the CSRF token or the origin is wrong.", body = Problem, content_type = "application/problem+json"),
        ItemRefused,
    )
)]
pub async fn retry_delivery(
    State(app): State<App>,
    Writer(caller): Writer,
    Path(path): Path<DeliveryPath>,
) -> Result<Response, Failure> {
    if !caller.rights.administers {
        return Err(Failure::Forbidden);
    }
    let store = app.history.store()?;
    store.retry_delivery(&path.id, clock::now()).await?;
    let delivery = store.delivery(&path.id).await?.ok_or(Failure::NotFound)?;
    Ok(respond::fresh(StatusCode::OK, &delivery_view(delivery, caller.language)))
}

/// The caller as the store knows readers.
async fn reader(app: &App, caller: &Caller) -> Result<Reader, Failure> {
    let own = preference_of(app, &crate::notices::of_person(&caller.user.name)).await?;
    Ok(Reader {
        person: caller.user.name.clone(),
        audiences: Audience::all_of(&caller.rights).iter().map(Audience::key).collect(),
        muted: own.muted,
    })
}

fn view(told: &Told, language: Language) -> NoticeView {
    let Told { notice, told_at: _, read } = told;
    let Text { title, body } = Text::of(notice, language);
    let (id, kind, at, path) = (notice.id.clone(), notice.kind, clock::text(notice.at), Subject::path(&notice.subject));
    NoticeView { id, kind, at, title, body, path, read: *read }
}

fn delivery_view(delivery: Delivery, language: Language) -> DeliveryView {
    let Delivery { id, notice, channel, address, state, attempts, next_at, error, updated_at } = delivery;
    DeliveryView {
        id,
        title: Text::of(&notice, language).title,
        notice: notice.id,
        kind: notice.kind,
        channel,
        address,
        state: match state {
            DeliveryState::Pending => DeliveryStateView::Pending,
            DeliveryState::Sent => DeliveryStateView::Sent,
            DeliveryState::Dead => DeliveryStateView::Dead,
        },
        attempts,
        error: (!error.is_empty()).then_some(error),
        next_at: (state == DeliveryState::Pending).then(|| clock::text(next_at)),
        updated_at: clock::text(updated_at),
    }
}

fn limit(limit: Option<u16>) -> Result<u16, Failure> {
    let limit = limit.unwrap_or(LIMIT_DEFAULT);
    if (1..=LIMIT_MAX).contains(&limit) {
        return Ok(limit);
    }
    let cause = ParameterCause::OutOfRange { min: 1, max: LIMIT_MAX.into() };
    Err(Failure::Parameter { name: "limit".to_owned(), cause })
}

/// Leaves a page; whether there was more. One more than a page was asked for.
fn cut<T>(found: &mut Vec<T>, limit: u16) -> bool {
    let more = found.len() > usize::from(limit);
    found.truncate(limit.into());
    more
}

fn cursor(at: jiff::Timestamp, id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}|{id}", at.as_microsecond()))
}

fn place(cursor: &str) -> Result<(i64, String), Failure> {
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (at, id) = text.split_once('|')?;
        // A database knows no text with a zero in it.
        (!id.contains('\0')).then_some((at.parse().ok()?, id.to_owned()))
    };
    read().ok_or(Failure::Cursor)
}
