//! Calls to the identity provider: no redirects, no proxies, bounded in time and size, and with TLS or
//! on this machine alone.

use std::time::Duration;

use axum::body::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use openidconnect::{HttpRequest, HttpResponse};
use thiserror::Error as ThisError;

use super::settings;

/// A person waits for it, and a call to us ends after 25 s.
const WITHIN: Duration = Duration::from_secs(5);
/// Descriptions and keys of large providers are some 20 kB.
const ANSWER_BYTES_MAX: usize = 512 * 1024;

/// Why the provider gave no answer. Nothing of what was sent is in it.
#[derive(Clone, Debug, ThisError)]
#[error("{0}")]
pub struct Error(String);

#[derive(Clone, Debug)]
pub struct Client(hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Client {
    pub fn new(config: rustls::ClientConfig) -> Self {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(WITHIN));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let wire = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            // Sign-ins are seldom, and a stale connection costs one.
            .pool_max_idle_per_host(0)
            .build(connector);
        Self(wire)
    }

    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        let target = request.uri().to_string();
        let target = target.split_once('?').map_or(target.as_str(), |(address, _)| address);
        if !settings::is_reachable(target) {
            return Err(Error(format!("{target} is neither https nor on this machine")));
        }
        let exchange = self.exchange(request.map(|body| Full::new(Bytes::from(body))));
        tokio::time::timeout(WITHIN, exchange)
            .await
            .unwrap_or_else(|_| Err(Error(format!("no answer within {} s", WITHIN.as_secs()))))
    }

    async fn exchange(&self, request: axum::http::Request<Full<Bytes>>) -> Result<HttpResponse, Error> {
        let answer = self.0.request(request).await.map_err(|error| Error(causes(&error)))?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|_| Error("the answer broke off or is too long".to_owned()))?;
        Ok(HttpResponse::from_parts(parts, body.to_bytes().to_vec()))
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text.chars().take(300).collect()
}
