//! Drafts: forms that somebody has begun to fill in.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::documented::{ItemRefused, ReadRefused, WriteRefused};
use crate::extract::{Body, Path};
use crate::history::drafts::{CONTENT_BYTES_MAX, DRAFTS_MAX, Draft, KEPT_FOR, Saved};
use crate::identity::{Caller, Writer};
use crate::object::object;
use crate::problem::{Failure, ParameterCause, Problem, Wrong, WrongCause};
use crate::state::App;
use crate::{clock, respond};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_drafts)).routes(routes!(show_draft, save_draft, delete_draft))
}

/// A form that somebody has begun to fill in. Nobody else sees it, whatever his role.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DraftView {
    #[schema(example = "new-1")]
    pub id: String,
    #[schema(example = "civil-affairs")]
    pub department: String,
    /// The form as it was left.
    pub content: Map<String, Value>,
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// It is forgotten then, unless it is saved again.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

impl From<Draft> for DraftView {
    fn from(draft: Draft) -> Self {
        let Draft { id, department, content, updated_at, expires_at } = draft;
        let content = match content {
            Value::Object(content) => content,
            _ => Map::new(),
        };
        Self { id, department, content, updated_at: clock::text(updated_at), expires_at: clock::text(expires_at) }
    }
}

/// All drafts of the caller, the newest first: 20 at most.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DraftList {
    pub items: Vec<DraftView>,
}

/// What to keep.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDraft {
    /// The department it is for; the caller belongs to it.
    #[schema(example = "civil-affairs", min_length = 1, max_length = 58)]
    pub department: String,
    /// The form as it is: any object of at most 64 KiB.
    #[serde(deserialize_with = "object")]
    pub content: Map<String, Value>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DraftPath {
    /// Chosen by the client: letters, digits, `-`, `_` and `.`.
    #[param(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]+$", example = "new-1")]
    pub id: String,
}

/// The caller's drafts.
#[utoipa::path(
    get,
    path = "/drafts",
    tag = "drafts",
    responses((status = 200, description = "All of them.", body = DraftList), ReadRefused)
)]
pub async fn list_drafts(State(app): State<App>, caller: Caller) -> Result<Response, Failure> {
    let drafts = app.history.store()?.drafts(&caller.user.name, clock::now()).await?;
    let mine = drafts.into_iter().filter(|draft| caller.rights.belongs_to(&draft.department));
    Ok(respond::fresh(StatusCode::OK, &DraftList { items: mine.map(DraftView::from).collect() }))
}

/// One draft of the caller's.
#[utoipa::path(
    get,
    path = "/drafts/{id}",
    tag = "drafts",
    params(DraftPath),
    responses((status = 200, description = "The draft.", body = DraftView), ItemRefused)
)]
pub async fn show_draft(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<DraftPath>,
) -> Result<Response, Failure> {
    let draft = app.history.store()?.draft(&caller.user.name, &path.id, clock::now()).await?;
    // Who has left the department has left its papers.
    let draft = draft.filter(|draft| caller.rights.belongs_to(&draft.department)).ok_or(Failure::NotFound)?;
    Ok(respond::fresh(StatusCode::OK, &DraftView::from(draft)))
}

/// Keeps a draft, instead of what was there under this id. For 30 days after it was last saved.
#[utoipa::path(
    put,
    path = "/drafts/{id}",
    tag = "drafts",
    params(DraftPath),
    request_body(content = NewDraft, description = "What to keep."),
    responses(
        (status = 200, description = "Kept instead of what was there.", body = DraftView),
        (status = 201, description = "Kept; there was none.", body = DraftView),
        (status = 409, description = "The caller has 20 drafts already.", body = Problem, content_type = "application/problem+json"),
        WriteRefused,
    )
)]
pub async fn save_draft(
    State(app): State<App>,
    Writer(caller): Writer,
    Path(path): Path<DraftPath>,
    Body(new, _): Body<NewDraft>,
) -> Result<Response, Failure> {
    if !is_id(&path.id) {
        return Err(Failure::Parameter { name: "id".to_owned(), cause: ParameterCause::Value });
    }
    if !caller.rights.belongs_to(&new.department) {
        return Err(Failure::Invalid(vec![Wrong {
            field: "department".to_owned(),
            cause: WrongCause::UnknownDepartment,
        }]));
    }
    let content = Value::Object(new.content);
    if content.to_string().len() > CONTENT_BYTES_MAX {
        return Err(Failure::TooLarge { limit_bytes: CONTENT_BYTES_MAX });
    }
    let now = clock::now();
    let draft = Draft { id: path.id, department: new.department, content, updated_at: now, expires_at: now + KEPT_FOR };
    let status = match app.history.store()?.save_draft(&caller.user.name, &draft).await? {
        Saved::New => StatusCode::CREATED,
        Saved::Again => StatusCode::OK,
        Saved::Full => return Err(Failure::TooManyDrafts { limit: DRAFTS_MAX }),
    };
    Ok(respond::fresh(status, &DraftView::from(draft)))
}

/// Forgets a draft.
#[utoipa::path(
    delete,
    path = "/drafts/{id}",
    tag = "drafts",
    params(DraftPath),
    responses(
        (status = 204, description = "It is gone."),
        (status = 403, description = "The CSRF token is missing or wrong, or the call comes from a page of another site.", body = Problem, content_type = "application/problem+json"),
        ItemRefused,
    )
)]
pub async fn delete_draft(
    State(app): State<App>,
    Writer(caller): Writer,
    Path(path): Path<DraftPath>,
) -> Result<Response, Failure> {
    let was_there = app.history.store()?.delete_draft(&caller.user.name, &path.id).await?;
    if was_there { Ok(StatusCode::NO_CONTENT.into_response()) } else { Err(Failure::NotFound) }
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}
