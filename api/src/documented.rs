//! The refusals that whole groups of routes have in common, for the document alone: what a handler
//! really returns is a [`crate::problem::Failure`].
#![expect(dead_code, reason = "these types are read by the macro that documents routes, nobody makes one")]

use utoipa::IntoResponses;

use crate::problem::Problem;

/// What any read may be refused with.
#[derive(Debug, IntoResponses)]
pub enum ReadRefused {
    /// Nobody is signed in, or the token or the session has ended.
    #[response(status = 401, content_type = "application/problem+json")]
    SignedOut(Problem),
    /// The cluster can't be asked who calls, or too many calls are under way.
    #[response(status = 503, content_type = "application/problem+json")]
    Away(Problem),
}

/// What reading one object may be refused with.
#[derive(Debug, IntoResponses)]
pub enum ItemRefused {
    /// Nobody is signed in, or the token or the session has ended.
    #[response(status = 401, content_type = "application/problem+json")]
    SignedOut(Problem),
    /// There is no such thing, or it isn't the caller's to see.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
    /// The cluster can't be asked who calls, or too many calls are under way.
    #[response(status = 503, content_type = "application/problem+json")]
    Away(Problem),
}

/// What a list may be refused with.
#[derive(Debug, IntoResponses)]
pub enum ListRefused {
    /// A parameter is wrong, or the cursor isn't one of this list.
    #[response(status = 400, content_type = "application/problem+json")]
    Parameter(Problem),
    /// Nobody is signed in, or the token or the session has ended.
    #[response(status = 401, content_type = "application/problem+json")]
    SignedOut(Problem),
    /// The cluster can't be asked who calls, or too many calls are under way.
    #[response(status = 503, content_type = "application/problem+json")]
    Away(Problem),
}

/// What a write may be refused with.
#[derive(Debug, IntoResponses)]
pub enum WriteRefused {
    /// The body isn't well-formed JSON in UTF-8, or a header is wrong.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(Problem),
    /// Nobody is signed in, or the token or the session has ended.
    #[response(status = 401, content_type = "application/problem+json")]
    SignedOut(Problem),
    /// The caller may not do this, or the CSRF token or the origin is wrong.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// The body is larger than 1 MiB.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The body isn't declared as JSON.
    #[response(status = 415, content_type = "application/problem+json")]
    NotJson(Problem),
    /// Fields are unknown, missing or wrong: all of them are named.
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(Problem),
    /// The cluster is away, or too many calls are under way. Nothing was written.
    #[response(status = 503, content_type = "application/problem+json")]
    Away(Problem),
}
