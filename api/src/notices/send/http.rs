//! One POST: no redirects, no proxies, no more than asked for, and only where the admin allows it.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tower::Service;

use super::super::settings::{self, Egress};
use super::{Error, Outcome};

/// The answer of a robot is some hundred bytes; nobody reads more.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// What is sent.
#[derive(Debug)]
pub struct Letter {
    pub url: Uri,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub reading: Reading,
}

/// How the answer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// By its status.
    Status,
    /// By the `errcode` in it: robots answer 200 whatever comes of it.
    Code,
}

type Wire = hyper_util::client::legacy::Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>;

/// Connections to one channel's receiver.
#[derive(Clone, Debug)]
pub struct Client {
    wire: Wire,
    /// For an attempt, from the name to the end of the answer.
    within: Duration,
}

impl Client {
    pub fn new(egress: &Egress, ca_file: Option<&Path>) -> Result<Self, Error> {
        let mut connector = HttpConnector::new_with_resolver(Resolver(egress.clone()));
        connector.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(ca_file)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let wire = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            // A notice an hour needs no open connection, and a stale one costs an attempt.
            .pool_max_idle_per_host(0)
            .build(connector);
        Ok(Self { wire, within: Duration::from_millis(egress.timeout_ms) })
    }

    pub async fn post(&self, letter: Letter) -> Outcome {
        let Letter { url, mut headers, body, reading } = letter;
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("yunheng/", env!("CARGO_PKG_VERSION"))));
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = url;
        *request.headers_mut() = headers;
        match tokio::time::timeout(self.within, self.exchange(request, reading)).await {
            Ok(outcome) => outcome,
            Err(_) => Outcome::failed(format!("TimedOut: no answer within {} ms", self.within.as_millis())),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>, reading: Reading) -> Outcome {
        let response = match self.wire.request(request).await {
            Ok(response) => response,
            Err(error) => return Outcome::failed(format!("NotReached: {}", causes(&error))),
        };
        let (parts, body) = response.into_parts();
        if !parts.status.is_success() || reading == Reading::Status {
            return by_status(parts.status, &parts.headers);
        }
        match Limited::new(body, ANSWER_BYTES_MAX).collect().await {
            Ok(body) => by_code(&body.to_bytes()),
            Err(_) => Outcome::failed("NotUnderstood: the answer broke off or is too long"),
        }
    }
}

fn by_status(status: StatusCode, headers: &HeaderMap) -> Outcome {
    let error = format!("Status {}", status.as_u16());
    let asks_again =
        [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS].contains(&status);
    match status {
        _ if status.is_success() => Outcome::Taken,
        _ if status.is_server_error() || asks_again => {
            let retry_after = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
            let retry_after_s = retry_after.and_then(|text| text.trim().parse().ok()).filter(|s| *s >= 0);
            Outcome::Failed { error, retry_after_s }
        }
        // Another place isn't asked: whoever moved tells the admin.
        _ => Outcome::refused(error),
    }
}

/// Codes with which a robot says that it was called too often: WeCom's and DingTalk's.
const TOO_OFTEN: [i64; 4] = [45_009, 45_033, 130_101, 410_100];

fn by_code(body: &[u8]) -> Outcome {
    let answer: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    match answer["errcode"].as_i64() {
        Some(0) => Outcome::Taken,
        Some(-1) => Outcome::failed("errcode -1"),
        Some(code) if TOO_OFTEN.contains(&code) => {
            Outcome::Failed { error: format!("errcode {code}"), retry_after_s: Some(60) }
        }
        Some(code) => Outcome::refused(format!("errcode {code}")),
        None => Outcome::failed("NotUnderstood: the answer has no errcode"),
    }
}

/// Causes of a failure, which name neither URL nor key.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = next.to_string();
        cause = next.source();
    }
    text.chars().take(200).collect()
}

/// Trust in the system's certificates and those of a file, for whoever else we talk to as well.
pub fn tls(ca_file: Option<&Path>) -> Result<rustls::ClientConfig, Error> {
    let mut roots = rustls::RootCertStore::empty();
    // A certificate of the system that can't be read is one that nobody is trusted by.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in ca_file.map(certificates).transpose()?.unwrap_or_default() {
        roots.add(certificate).map_err(|error| Error::Tls(error.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Tls(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read = |cause| settings::Error::Read { path: path.to_owned(), cause };
    let pem = std::fs::read(path).map_err(read)?;
    CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Error::Tls(format!("{}: {error}", path.display())))
}

/// Looks names up, and leaves out addresses that may not be reached: what a name led to when the
/// settings were read may have changed.
#[derive(Clone, Debug)]
struct Resolver(Egress);

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = std::io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let egress = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<_> = found.filter(|address| egress.may_reach(address.ip())).collect();
            if allowed.is_empty() {
                return Err(std::io::Error::other("its name leads nowhere that may be reached"));
            }
            Ok(allowed.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_whether_to_come_again() {
        let headers = |retry: &str| HeaderMap::from_iter([(header::RETRY_AFTER, retry.parse().unwrap())]);
        let failed = |error: &str, retry_after_s| Outcome::Failed { error: error.into(), retry_after_s };
        let cases = [
            (204, "", Outcome::Taken),
            (500, "", failed("Status 500", None)),
            (503, "120", failed("Status 503", Some(120))),
            (429, "-5", failed("Status 429", None)),
            (429, "Wed, 21 Oct", failed("Status 429", None)),
            (302, "", Outcome::refused("Status 302")),
            (404, "", Outcome::refused("Status 404")),
        ];
        for (status, retry, expected) in cases {
            assert_eq!(by_status(StatusCode::from_u16(status).unwrap(), &headers(retry)), expected);
        }
    }

    #[test]
    fn a_robot_answers_with_a_code() {
        assert_eq!(by_code(br#"{"errcode":0,"errmsg":"ok"}"#), Outcome::Taken);
        assert_eq!(by_code(br#"{"errcode":93000,"errmsg":"invalid webhook url"}"#), Outcome::refused("errcode 93000"));
        let often = Outcome::Failed { error: "errcode 45009".into(), retry_after_s: Some(60) };
        assert_eq!(by_code(br#"{"errcode":45009}"#), often);
        assert!(matches!(by_code(b"<html>"), Outcome::Failed { .. }));
    }
}
