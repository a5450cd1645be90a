//! The description of the interface with a page that shows it, and the explorer of the log. Neither page loads anything
//! from anywhere else.

use super::views::base64_text;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use remit_verifier::hash::sha256;
use std::sync::Arc;
use utoipa::openapi::OpenApi;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");
/// The explorer, generated with its own content policy in it (bindings/typescript/tools/page.mjs).
const EXPLORER: &str = include_str!("../../ui/explorer.html");
/// What a page cannot say of itself.
const FRAMED_BY_NOBODY: HeaderValue = HeaderValue::from_static("frame-ancestors 'none'");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");

/// Page and description as they are served; made once.
pub(super) struct Shown {
    document: String,
    page: String,
    /// Nothing but the page's own style and script runs, and it talks to nobody but this server.
    policy: Option<HeaderValue>,
}

/// Gives the handlers below what they show.
pub(super) fn with_document<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    document: &OpenApi,
) -> Router<S> {
    let hash = |text: &str| format!("'sha256-{}'", base64_text(&sha256(&[text.as_bytes()]).0));
    let policy = format!(
        "default-src 'none'; connect-src 'self'; style-src {}; script-src {}; img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let shown = Shown {
        document: document.to_json().unwrap_or_default(),
        page: PAGE.replace("/*style*/", STYLE).replace("/*script*/", SCRIPT),
        policy: HeaderValue::from_str(&policy).ok(),
    };
    router.layer(Extension(Arc::new(shown)))
}

/// This description
///
/// The whole interface in OpenAPI 3.1, made of the handlers themselves.
#[utoipa::path(get, path = "/openapi.json", tag = "Description", responses(
    (status = 200, description = "The document.", body = serde_json::Value),
))]
pub(super) async fn openapi(Extension(shown): Extension<Arc<Shown>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], shown.document.clone())
}

/// This description for people
///
/// A page that shows the interface and tries it out. It needs no connection but the one to this server.
#[utoipa::path(get, path = "/docs", tag = "Description", responses(
    (status = 200, description = "The page.", body = String, content_type = "text/html"),
))]
pub(super) async fn page(Extension(shown): Extension<Arc<Shown>>) -> Response {
    let mut response = ([(header::CONTENT_TYPE, HTML)], shown.page.clone()).into_response();
    let headers = response.headers_mut();
    if let Some(policy) = &shown.policy {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    }
    headers.insert(header::REFERRER_POLICY, NO_REFERRER);
    response
}

/// The explorer
///
/// A page for people: search, tokens with their budgets, histories, the live feed, approvals. The browser itself
/// verifies what it shows. It needs no connection but the one to this server.
#[utoipa::path(get, path = "/explorer", tag = "Description", responses(
    (status = 200, description = "The page.", body = String, content_type = "text/html"),
))]
pub(super) async fn explorer() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, HTML),
        (header::CONTENT_SECURITY_POLICY, FRAMED_BY_NOBODY),
        (header::REFERRER_POLICY, NO_REFERRER),
    ];
    (headers, EXPLORER)
}

/// The front door
///
/// Leads to `/explorer`.
#[utoipa::path(get, path = "/", tag = "Description", responses(
    (status = 308, description = "The page is at `/explorer`."),
))]
pub(super) async fn root() -> impl IntoResponse {
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, "/explorer")])
}
