//! Extractors whose rejections are problems that name the field.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::acts::{self, Act};
use crate::bulk::Bulk;
use crate::object::object;
use crate::problem::{Failure, ParameterCause, Shape};
use crate::sheet::{self, Table};

/// Largest body: 500 times the largest request that passes the rules.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Identifies the bytes of a body, to tell whether two calls asked for the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

/// A body in JSON.
#[derive(Debug)]
pub struct Body<T>(pub T, pub Fingerprint);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        if !is_json(request.headers()) {
            return Err(Failure::NotJson);
        }
        let act = request.extensions().get::<Act>().cloned();
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unread(&rejection))?;
        let body = parse(&bytes)?;
        let print = Fingerprint(Sha256::digest(&bytes).into());
        // The body comes last: what follows is the act.
        acts::asked(act.as_ref(), &bytes, print).await?;
        Ok(Self(body, print))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    essence(headers).eq_ignore_ascii_case("application/json")
}

fn essence(headers: &HeaderMap) -> &str {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    declared.split(';').next().unwrap_or_default().trim()
}

fn unread(rejection: &BytesRejection) -> Failure {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Failure::TooLarge { limit_bytes: BODY_BYTES_MAX };
    }
    // The caller went away in the middle of the body; nobody will read this.
    Failure::Syntax { line: 0, column: 0 }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    let text = std::str::from_utf8(bytes).map_err(|_| Failure::NotUtf8)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut deserializer, &mut track);
    let value = object(tracked).map_err(|error| malformed(&track.path().to_string(), &error))?;
    deserializer.end().map_err(|error| malformed("", &error))?;
    Ok(value)
}

fn malformed(path: &str, error: &serde_json::Error) -> Failure {
    let message = error.to_string();
    if !error.is_data() {
        if message.starts_with("recursion limit") {
            return Failure::TooDeep;
        }
        return Failure::Syntax { line: error.line(), column: error.column() };
    }
    let named = |start: &str| Some(message.strip_prefix(start)?.split('`').next()?.to_owned());
    let below = |name: String| match path {
        "" | "." | "?" => name,
        // The parser stands at the unknown name already, or at the object around it.
        _ if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        _ => format!("{}.{name}", path.trim_end_matches(".?")),
    };
    if let Some(name) = named("unknown field `") {
        return Failure::Shape { field: below(name), cause: Shape::UnknownField };
    }
    if let Some(name) = named("missing field `") {
        return Failure::Shape { field: below(name), cause: Shape::MissingField };
    }
    // "invalid type: integer `8`, expected a string at line 1 column 9": the place is in `field`.
    let expected = message.split(", expected ").nth(1).unwrap_or(&message);
    let expected = expected.split(" at line ").next().unwrap_or_default().to_owned();
    let field = if path == "." { String::new() } else { path.to_owned() };
    Failure::Shape { field, cause: Shape::WrongType { expected } }
}

/// A table that was sent as a CSV or XLSX file.
#[derive(Debug)]
pub struct File(pub Table);

impl<S: Send + Sync> FromRequest<S> for File {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        if !is_table(request.headers()) {
            return Err(Failure::Bulk(Bulk::NotATable));
        }
        let act = request.extensions().get::<Act>().cloned();
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unread(&rejection))?;
        let print = Fingerprint(Sha256::digest(&bytes).into());
        let sent = bytes.clone();
        // Unpacking 16 MiB takes some hundredths of a second, in which nobody else would be answered.
        let table = tokio::task::spawn_blocking(move || Table::read(&bytes)).await;
        let table = table.map_err(|_| Failure::Internal)?;
        let table = table.map_err(|unreadable| Failure::Bulk(Bulk::Unreadable(unreadable)))?;
        // The file comes last: what follows is the act.
        acts::asked(act.as_ref(), &sent, print).await?;
        Ok(Self(table))
    }
}

/// What browsers and programs call the two kinds of files. What it really is, is seen in it.
fn is_table(headers: &HeaderMap) -> bool {
    const TABLES: [&str; 4] = ["text/csv", sheet::XLSX, "application/vnd.ms-excel", "application/octet-stream"];
    TABLES.iter().any(|table| essence(headers).eq_ignore_ascii_case(table))
}

/// Parameters of the query.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(pairs).map(Self).map_err(|error| {
            let path = error.path().to_string();
            let message = error.into_inner().to_string();
            let named = |start: &str| message.strip_prefix(start)?.split('`').next().map(str::to_owned);
            let (name, cause) = match (named("unknown field `"), named("duplicate field `")) {
                (Some(name), _) => (name, ParameterCause::Unknown),
                (None, Some(name)) => (name, ParameterCause::Twice),
                (None, None) => (path, ParameterCause::Value),
            };
            Failure::Parameter { name, cause }
        })
    }
}

/// Parameters of the path. A path that can't be read names nothing.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(path)| Self(path)).map_err(|_| Failure::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::requests::NewRequest;

    fn good() -> serde_json::Value {
        serde_json::json!({
            "department": "civil-affairs", "type": "Change", "application": "a", "pool": "cec",
            "resources": {"cpu": "8", "memory": "8G", "storage": "0"}, "justification": "because it is needed"
        })
    }

    fn field(body: &serde_json::Value) -> (String, Shape) {
        match parse::<NewRequest>(body.to_string().as_bytes()) {
            Err(Failure::Shape { field, cause }) => (field, cause),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_wrong_shape_is_named_by_its_path() {
        let mut unknown = good();
        unknown["resources"]["gpu"] = "1".into();
        assert_eq!(field(&unknown), ("resources.gpu".into(), Shape::UnknownField));
        let mut missing = good();
        missing["resources"].as_object_mut().unwrap().remove("memory");
        assert_eq!(field(&missing), ("resources.memory".into(), Shape::MissingField));
        let mut top = good();
        top["cores"] = 1.into();
        assert_eq!(field(&top), ("cores".into(), Shape::UnknownField));
        let mut number = good();
        number["resources"]["cpu"] = 8.into();
        assert_eq!(field(&number), ("resources.cpu".into(), Shape::WrongType { expected: "a string".into() }));
        let mut word = good();
        word["type"] = "Grow".into();
        let (path, cause) = field(&word);
        assert!(
            path == "type" && matches!(&cause, Shape::WrongType { expected } if expected.contains("Renew")),
            "{path} {cause:?}"
        );
    }

    /// Serde would read a list of the fields in order as well.
    #[test]
    fn a_list_is_no_object() {
        let expected = Shape::WrongType { expected: "an object".into() };
        for name in ["resources", "basis", "period", "newApplication"] {
            let mut body = good();
            body[name] = serde_json::json!([null, null, null]);
            assert_eq!(field(&body), (name.into(), expected.clone()));
        }
        let mut body = good();
        body["details"] = serde_json::json!([["label", "value"]]);
        assert_eq!(field(&body), ("details[0]".into(), expected.clone()));
        let list = serde_json::json!(["civil-affairs", "Change", "a", null, "cec"]);
        assert_eq!(field(&list), (String::new(), expected));
    }

    #[test]
    fn what_isnt_json_is_told_apart() {
        let deep = format!("{{\"department\": {}", "[".repeat(100_000));
        type Check = fn(&Failure) -> bool;
        let cases: [(&[u8], Check); 6] = [
            (b"", |f| matches!(f, Failure::Syntax { .. })),
            (b"{\"department\": ", |f| matches!(f, Failure::Syntax { .. })),
            (b"{\"department\": \"\xff\"}", |f| *f == Failure::NotUtf8),
            (b"[[[[]]]]", |f| matches!(f, Failure::Shape { .. })),
            (b"{} {}", |f| matches!(f, Failure::Shape { .. } | Failure::Syntax { .. })),
            (deep.as_bytes(), |f| matches!(f, Failure::Shape { .. } | Failure::TooDeep)),
        ];
        for (body, expected) in cases {
            let failure = parse::<NewRequest>(body).unwrap_err();
            assert!(expected(&failure), "{failure:?}");
        }
    }
}
