//! /healthz, /readyz, /metrics and /log-level, for those who run the operator.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, put};
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::telemetry::LogLevel;

/// What the admin pages tell.
#[derive(Clone, Debug)]
pub struct Admin {
    pub registry: Arc<Registry>,
    /// This process leads and its caches are filled, or it stands by while another leads.
    pub ready: Arc<AtomicBool>,
    pub log_level: LogLevel,
}

/// Serves the admin pages until `stop` resolves.
pub async fn serve(
    listener: TcpListener,
    admin: Admin,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/log-level", put(set_log_level))
        // A log filter is a line of text.
        .layer(DefaultBodyLimit::max(4096))
        .with_state(admin);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}

/// Binds, and writes the address into a file where one is asked for.
pub async fn bind(address: SocketAddr, file: Option<&std::path::Path>) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address).await?;
    if let Some(file) = file {
        tokio::fs::write(file, format!("http://{}\n", listener.local_addr()?)).await?;
    }
    Ok(listener)
}

async fn readyz(State(admin): State<Admin>) -> impl IntoResponse {
    if admin.ready.load(Ordering::Acquire) {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the caches are being filled\n")
    }
}

async fn metrics(State(admin): State<Admin>) -> impl IntoResponse {
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &admin.registry) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// From the same machine or pod only: whoever may read metrics may not silence the logs.
async fn set_log_level(
    State(admin): State<Admin>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    filter: String,
) -> (StatusCode, String) {
    if !from.ip().to_canonical().is_loopback() {
        let told = "only from the pod itself: kubectl port-forward leads there\n";
        return (StatusCode::FORBIDDEN, told.to_owned());
    }
    let parsed = match EnvFilter::try_new(filter.trim()) {
        Ok(parsed) => parsed,
        Err(error) => {
            return (StatusCode::BAD_REQUEST, format!("not a filter such as info or operator=debug: {error}\n"));
        }
    };
    match admin.log_level.reload(parsed) {
        Ok(()) => (StatusCode::OK, "changed\n".to_owned()),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}
