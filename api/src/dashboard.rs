//! The dashboard's files: built into the binary, or from a folder.
//!
//! Every path that isn't a file and isn't the API's is a page of the dashboard, so that links can
//! be sent to a colleague. The page gets a fresh nonce each time: styles that its library injects
//! carry it, everything else that is inline is refused by the browser.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::identity::Secret;
use crate::problem::Failure;
use crate::state::App;

#[derive(RustEmbed)]
#[folder = "../dashboards/dist"]
#[allow_missing = true]
struct Built;

/// Where the files come from.
#[derive(Clone, Debug)]
pub enum Files {
    /// The binary.
    Embedded,
    /// A folder, for those who work on the dashboard.
    Folder(PathBuf),
}

impl Files {
    async fn get(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        match self {
            Self::Embedded => Built::get(path).map(|file| file.data),
            Self::Folder(folder) => {
                let path = Path::new(path);
                // Nothing above the folder, and nothing that isn't a plain name.
                let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
                if !plain {
                    return None;
                }
                tokio::fs::read(folder.join(path)).await.ok().map(Cow::Owned)
            }
        }
    }
}

/// Whatever no route has taken.
pub async fn serve(State(app): State<App>, request: Request) -> Response {
    let path = request.uri().path();
    if path == "/api" || path.starts_with("/api/") {
        return Failure::NotFound.into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Failure::MethodNotAllowed.into_response();
    }
    let name = path.trim_start_matches('/');
    if !name.is_empty() && name != INDEX {
        if let Some(content) = app.files.get(name).await {
            return file(name, content);
        }
        // A file that isn't there must not become a page: a browser would run it as a script.
        if name.rsplit('/').next().is_some_and(|last| last.contains('.')) {
            return Failure::NotFound.into_response();
        }
    }
    page(&app).await
}

const INDEX: &str = "index.html";

/// Stands in the page where the nonce goes.
const NONCE: &str = "__CSP_NONCE__";

async fn page(app: &App) -> Response {
    let Some(content) = app.files.get(INDEX).await else { return not_built() };
    let nonce = Secret::random();
    let nonce = nonce.expose();
    let page = String::from_utf8_lossy(&content).replace(NONCE, nonce);
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    let mut response = html(StatusCode::OK, page);
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn file(name: &str, content: Cow<'static, [u8]>) -> Response {
    let type_ = mime_guess::from_path(name).first_or_octet_stream();
    // Names in assets/ carry a hash of the content, so what a name means never changes.
    let cache = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [(header::CONTENT_TYPE, type_.as_ref()), (header::CACHE_CONTROL, cache)];
    (headers, content.into_owned()).into_response()
}

fn html(status: StatusCode, text: String) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, text).into_response()
}

fn not_built() -> Response {
    let text = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>云衡 Yunheng</title>\
        <h1>The dashboard isn't built into this binary</h1>\
        <p>Build it with <code>npm ci &amp;&amp; npm run build</code> in <code>dashboards/</code>, then build \
        <code>yunheng-api</code> again, or start it with <code>--dashboard dashboards/dist</code>.</p>\
        <p>The API is here: <a href=\"/docs/\">/docs</a></p></html>";
    html(StatusCode::NOT_FOUND, text.to_owned())
}

/// Policy of the pages that show the API's document. Their library writes styles into elements.
pub const DOCS_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);
