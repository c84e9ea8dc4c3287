//! What the API server says of a write made in the caller's name, as our own failures.

use axum::http::StatusCode;
use kube::core::Status;

use crate::cluster;
use crate::problem::{Failure, Particulars, Wrong, WrongCause};

/// The caller's failure. What the API server refuses him is his, not ours.
#[must_use]
pub fn of(error: cluster::Error) -> Failure {
    let status = match error {
        cluster::Error::Away(cause) => {
            tracing::warn!(cause, "failed to reach the API server for a write");
            return Failure::ClusterAway;
        }
        cluster::Error::Refused(status) => status,
    };
    match StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR) {
        StatusCode::UNAUTHORIZED => Failure::TokenRefused,
        StatusCode::FORBIDDEN => forbidden(&status),
        StatusCode::NOT_FOUND => Failure::NotFound,
        StatusCode::CONFLICT => Failure::Conflict,
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST => Failure::Invalid(wrong(&status)),
        _ => {
            tracing::error!(code = status.code, message = status.message, "failed to write: the API server refused");
            Failure::Internal
        }
    }
}

/// The API server's sentence names the object and the verb; an admission policy's, which comes
/// after its name, says what to do.
fn forbidden(status: &Status) -> Failure {
    let message = status.message.split_once("denied request: ").map(|(_, sentence)| sentence.to_owned());
    Failure::Refused {
        code: "Forbidden".to_owned(),
        message,
        refusal: None,
        particulars: Box::<Particulars>::default(),
    }
}

fn wrong(status: &Status) -> Vec<Wrong> {
    let causes = status.details.as_ref().map(|details| details.causes.as_slice()).unwrap_or_default();
    let server = |field: &str, message: &str| Wrong {
        field: body_path(field),
        cause: WrongCause::Server { message: message.to_owned() },
    };
    if causes.is_empty() {
        return vec![server("", &status.message)];
    }
    causes.iter().map(|cause| server(&cause.field, &cause.message)).collect()
}

/// A path into the object as a path into the body: the body is the spec.
#[must_use]
pub fn body_path(object_path: &str) -> String {
    object_path.strip_prefix("spec.").unwrap_or(object_path).to_owned()
}
