//! Everything that can go wrong, as problem documents (RFC 9457) in the caller's language.
//!
//! Which type where: a handler returns [`Failure`], which knows its status, code and details but
//! no language. The middleware turns it into a [`Problem`], because it alone knows the language
//! and the request's id. The sentences are in [`crate::sentence`].

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use resources::v1alpha1::Phase;
use resources::workflow::Refusal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::bulk::Bulk;
use crate::language::Language;
use crate::refused::Code;
use crate::sentence;
use crate::view::Resource;

/// What went wrong, why, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// A URI that stands for the code.
    #[schema(example = "urn:yunheng:problem:InsufficientCapacity")]
    pub r#type: String,
    /// A few words, the same for every problem of this code.
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// One word, promised to scripts.
    #[schema(example = "InsufficientCapacity")]
    pub code: String,
    /// The field that is wrong, as a path into the body, or the parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "resources.memory")]
    pub field: Option<String>,
    /// What to do.
    pub next_step: String,
    /// Names this call in the server's log.
    pub request_id: String,
    /// Every field that is wrong, where there may be several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
    #[serde(flatten)]
    pub particulars: Particulars,
}

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    #[schema(example = "resources.memory")]
    pub field: String,
    #[schema(example = "AmountWithoutUnit")]
    pub code: String,
    pub message: String,
}

/// Figures that go with some codes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Particulars {
    /// The resource that stopped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    /// What was asked for beyond what is there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "4000G")]
    pub asked: Option<String>,
    /// What was left.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "3764G")]
    pub free: Option<String>,
    /// The limit that stopped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "18812G")]
    pub limit: Option<String>,
    /// The department whose ceiling stopped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// The request's phase now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::routes::requests::Phase>)]
    pub phase: Option<Phase>,
    /// The step that the request is in now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "AdminApproval")]
    pub stage: Option<String>,
    /// The request's revision now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
    /// The request's `version` now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2.3")]
    pub version: Option<String>,
    /// The name of the decision that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// The name of the request that asks for the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing: Option<String>,
}

/// Why a call came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No token and no session.
    SignedOut,
    /// The cluster doesn't know the token.
    TokenRefused,
    /// The session is over.
    SessionEnded,
    /// The identity provider can't be asked.
    ProviderAway,
    /// What should end sessions isn't a logout token of the provider's.
    LogoutToken,
    /// May see it, but not do this.
    Forbidden,
    /// A write with the cookie came without the session's CSRF token.
    CsrfToken,
    /// A write came from a page of another site.
    ForeignOrigin,
    /// There is nothing there, or it isn't the caller's to see: the same answer for both.
    NotFound,
    MethodNotAllowed,
    NotJson,
    /// The body isn't text in UTF-8.
    NotUtf8,
    /// The body isn't JSON, with where.
    Syntax {
        line: usize,
        column: usize,
    },
    /// The body is nested deeper than anything that is asked for.
    TooDeep,
    TooLarge {
        limit_bytes: usize,
    },
    /// The body's shape is wrong at one place.
    Shape {
        field: String,
        cause: Shape,
    },
    /// A parameter of the query or the path is wrong.
    Parameter {
        name: String,
        cause: ParameterCause,
    },
    /// Values are wrong: all of them.
    Invalid(Vec<Wrong>),
    /// The cursor isn't one, or belongs to another list.
    Cursor,
    /// The decision was refused, or would be.
    Refused {
        code: String,
        message: Option<String>,
        /// What it is about, where that is known.
        refusal: Option<Box<Refusal>>,
        particulars: Box<Particulars>,
    },
    /// A write that has to say which version was looked at, and doesn't.
    VersionMissing,
    /// It isn't what was looked at: now it is this version.
    VersionOld {
        version: String,
    },
    /// A correction that changes nothing.
    NothingCorrected,
    /// Of tables and plans: what is wrong with many things at once.
    Bulk(Bulk),
    /// An open request asks for the same.
    Duplicate {
        existing: String,
    },
    /// Somebody else changed or made the object meanwhile.
    Conflict,
    IdempotencyKey,
    /// The key was used with another body.
    IdempotencyReuse,
    TooManySignIns {
        retry_after_s: u64,
    },
    TooManyStreams,
    /// More calls at once than the server takes.
    Busy,
    /// The call took too long.
    TimedOut,
    /// The cluster can't be asked.
    ClusterAway,
    /// The history store can't be asked, so nothing may be done that it would have to record.
    HistoryAway,
    /// As many drafts are kept for the caller as may be.
    TooManyDrafts {
        limit: usize,
    },
    /// The cluster refused for a reason that the caller can't mend.
    Internal,
}

/// What is wrong with the shape of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    UnknownField,
    MissingField,
    /// Not of the kind that is asked for; with the parser's words.
    WrongType {
        expected: String,
    },
}

/// What is wrong with a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterCause {
    Unknown,
    Twice,
    OutOfRange {
        min: u64,
        max: u64,
    },
    /// Not one of the words that are allowed, or not of the right kind.
    Value,
}

/// One value that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Path into the body.
    pub field: String,
    pub cause: WrongCause,
}

/// Why a value is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrongCause {
    /// By the rules that the operator and the command line use too.
    Rule(resources::validate::Cause),
    /// It makes no sense beside what exists, by the judgement that the operator makes too.
    Unfit(resources::judgement::Fault),
    /// By the rules of calendars and of the request's way.
    Flaw(resources::validate::Wrong),
    /// From a day on that is over.
    DayOver {
        today: jiff::civil::Date,
    },
    /// The department that is named isn't there.
    UnknownDepartment,
    /// A New request without the application to make.
    NewApplicationMissing,
    ReasonMissing,
    /// A correction doesn't change it.
    Fixed,
    /// It goes with another verdict.
    OnlyWith {
        verdict: &'static str,
    },
    /// By the API server, in its own words.
    Server {
        message: String,
    },
}

impl WrongCause {
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rule(cause) => cause.code(),
            Self::Unfit(fault) => fault.code(),
            Self::Flaw(wrong) => wrong.code(),
            Self::DayOver { .. } => "DayOver",
            Self::UnknownDepartment => "UnknownDepartment",
            Self::NewApplicationMissing => "NewApplicationMissing",
            Self::ReasonMissing => "ReasonMissing",
            Self::Fixed => "FixedInCorrection",
            Self::OnlyWith { .. } => "OnlyWithVerdict",
            Self::Server { .. } => "Invalid",
        }
    }
}

/// How long a client waits before it asks a cluster that is away again. The watches try again
/// every few seconds, so sooner would help nobody.
const CLUSTER_RETRY_S: u64 = 5;

impl Failure {
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::SignedOut | Self::TokenRefused | Self::SessionEnded => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::CsrfToken | Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotUtf8
            | Self::Syntax { .. }
            | Self::TooDeep
            | Self::Parameter { .. }
            | Self::Cursor
            | Self::LogoutToken
            | Self::IdempotencyKey => StatusCode::BAD_REQUEST,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Shape { .. } | Self::Invalid(_) | Self::IdempotencyReuse | Self::NothingCorrected => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Refused { code, .. } => StatusCode::from_u16(Code::of(code).status).unwrap_or(StatusCode::CONFLICT),
            Self::Bulk(bulk) => bulk.status(),
            Self::Duplicate { .. } | Self::Conflict | Self::TooManyDrafts { .. } => StatusCode::CONFLICT,
            Self::VersionMissing => StatusCode::PRECONDITION_REQUIRED,
            Self::VersionOld { .. } => StatusCode::PRECONDITION_FAILED,
            Self::TooManySignIns { .. } | Self::TooManyStreams => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::TimedOut | Self::ClusterAway | Self::HistoryAway | Self::ProviderAway => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// One word, promised to scripts.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::SignedOut => "SignedOut",
            Self::TokenRefused => "TokenRefused",
            Self::SessionEnded => "SessionEnded",
            Self::ProviderAway => "ProviderAway",
            Self::LogoutToken => "LogoutToken",
            Self::Forbidden => "Forbidden",
            Self::CsrfToken => "CsrfToken",
            Self::ForeignOrigin => "ForeignOrigin",
            Self::NotFound => "NotFound",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::NotJson => "NotJson",
            Self::NotUtf8 => "NotUtf8",
            Self::Syntax { .. } => "NotWellFormed",
            Self::TooDeep => "TooDeep",
            Self::TooLarge { .. } => "TooLarge",
            Self::Shape { cause, .. } => match cause {
                Shape::UnknownField => "UnknownField",
                Shape::MissingField => "MissingField",
                Shape::WrongType { .. } => "WrongType",
            },
            Self::Parameter { .. } => "Parameter",
            Self::Invalid(wrong) => wrong.first().map_or("Invalid", |first| first.cause.code()),
            Self::Cursor => "Cursor",
            Self::Refused { code, .. } => code,
            Self::Bulk(bulk) => bulk.code(),
            Self::Duplicate { .. } => "DuplicateRequest",
            Self::VersionMissing => "VersionMissing",
            Self::VersionOld { .. } => "VersionOld",
            Self::NothingCorrected => "NothingCorrected",
            Self::Conflict => "Conflict",
            Self::IdempotencyKey => "IdempotencyKey",
            Self::IdempotencyReuse => "IdempotencyKeyReused",
            Self::TooManySignIns { .. } => "TooManySignIns",
            Self::TooManyStreams => "TooManyStreams",
            Self::Busy => "Busy",
            Self::TimedOut => "TimedOut",
            Self::ClusterAway => "ClusterAway",
            Self::HistoryAway => "HistoryAway",
            Self::TooManyDrafts { .. } => "TooManyDrafts",
            Self::Internal => "Internal",
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::Shape { field, .. } => Some(field.clone()),
            Self::Parameter { name, .. } => Some(name.clone()),
            Self::Cursor => Some("continue".to_owned()),
            Self::IdempotencyKey | Self::IdempotencyReuse => Some("Idempotency-Key".to_owned()),
            Self::Invalid(wrong) => wrong.first().map(|first| first.field.clone()),
            Self::VersionMissing | Self::VersionOld { .. } => Some("If-Match".to_owned()),
            Self::Refused { code, .. } => Code::of(code).field.map(str::to_owned),
            _ => None,
        }
    }

    fn errors(&self, language: Language) -> Vec<FieldError> {
        let error = |field: &str, code: &str, message: String| FieldError {
            field: field.to_owned(),
            code: code.to_owned(),
            message,
        };
        match self {
            Self::Invalid(wrong) => {
                wrong.iter().map(|one| error(&one.field, one.cause.code(), sentence::wrong(language, one))).collect()
            }
            Self::Shape { field, .. } => vec![error(field, self.code(), sentence::detail(language, self))],
            Self::Bulk(bulk) => bulk.errors().to_vec(),
            _ => Vec::new(),
        }
    }

    fn particulars(&self) -> Particulars {
        match self {
            Self::Refused { particulars, .. } => (**particulars).clone(),
            Self::Duplicate { existing } => Particulars { existing: Some(existing.clone()), ..Particulars::default() },
            Self::VersionOld { version } => Particulars { version: Some(version.clone()), ..Particulars::default() },
            _ => Particulars::default(),
        }
    }

    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::TooManySignIns { retry_after_s } => Some(*retry_after_s),
            Self::TooManyStreams | Self::ClusterAway | Self::HistoryAway | Self::ProviderAway => Some(CLUSTER_RETRY_S),
            Self::Busy | Self::TimedOut => Some(1),
            _ => None,
        }
    }

    /// The document, in a language.
    #[must_use]
    pub fn problem(&self, language: Language, request_id: &str) -> Problem {
        let code = self.code();
        Problem {
            r#type: format!("urn:yunheng:problem:{code}"),
            title: sentence::title(language, self).to_owned(),
            status: self.status().as_u16(),
            detail: sentence::detail(language, self),
            code: code.to_owned(),
            field: self.field(),
            next_step: sentence::next_step(language, self).to_owned(),
            request_id: request_id.to_owned(),
            errors: self.errors(language),
            particulars: self.particulars(),
        }
    }

    /// The whole answer, in a language.
    #[must_use]
    pub fn response(&self, language: Language, request_id: &str) -> Response {
        let problem = self.problem(language, request_id);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_s() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"yunheng\""));
        }
        response
    }
}

/// Without a body: the middleware knows the language and writes it.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
