//! Answers with a body, and the tags that save sending it again.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::problem::Failure;

/// An answer that is made anew each time.
pub fn fresh<T: Serialize>(status: StatusCode, view: &T) -> Response {
    json(status, view, HeaderValue::from_static("no-store"))
}

/// An answer whose tag is known before it is made: nothing is made where the caller has it.
pub fn tagged<T: Serialize>(
    headers: &HeaderMap,
    tag: HeaderValue,
    view: impl FnOnce() -> Result<T, Failure>,
) -> Result<Response, Failure> {
    if knows(headers, &tag) {
        return Ok(not_modified(tag));
    }
    let mut response = json(StatusCode::OK, &view()?, revalidated());
    response.headers_mut().insert(header::ETAG, tag);
    Ok(response)
}

/// One object, tagged by its content.
pub fn item<T: Serialize>(headers: &HeaderMap, view: &T) -> Response {
    let Ok(body) = serde_json::to_vec(view) else { return Failure::Internal.into_response() };
    let tag = tag_of(&[&body]);
    if knows(headers, &tag) {
        return not_modified(tag);
    }
    let mut response = bytes(StatusCode::OK, body, revalidated());
    response.headers_mut().insert(header::ETAG, tag);
    response
}

/// A weak tag of what the parts say.
#[must_use]
pub fn tag_of(parts: &[&[u8]]) -> HeaderValue {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    let text: String = hash.finalize()[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::try_from(format!("W/\"{text}\"")).unwrap_or(HeaderValue::from_static("W/\"0\""))
}

fn json<T: Serialize>(status: StatusCode, view: &T, cache: HeaderValue) -> Response {
    match serde_json::to_vec(view) {
        Ok(body) => bytes(status, body, cache),
        Err(error) => {
            tracing::error!(%error, "failed to write an answer as JSON");
            Failure::Internal.into_response()
        }
    }
}

fn bytes(status: StatusCode, body: Vec<u8>, cache: HeaderValue) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, cache);
    response
}

fn not_modified(tag: HeaderValue) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    response.headers_mut().insert(header::ETAG, tag);
    response.headers_mut().insert(header::CACHE_CONTROL, revalidated());
    response
}

/// Kept by the browser that asked, and asked for again each time: the data belongs to one caller.
const fn revalidated() -> HeaderValue {
    HeaderValue::from_static("private, no-cache")
}

/// Whether `If-None-Match` names the tag. The comparison is weak, as it is for reads.
fn knows(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let Ok(tag) = tag.to_str() else { return false };
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim() == "*" || weak(known) == weak(tag))
}
