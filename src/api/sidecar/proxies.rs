//! How proxies tell of a request that they have received (spec 20 §7). Each contract has its own address, and only its
//! own fields are believed there: whoever could choose the contract could choose what is believed.

use super::Sidecar;
use super::answer;
use super::judge::{self, Received};
use crate::api::views::VerdictView;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use remit_verifier::code::Code;

/// Content that a proxy may send along.
const CONTENT_BYTES_MAX: usize = 1024 * 1024;
const ENVOY: &str = "/v1/auth/envoy";
const PARTIAL: &str = "x-envoy-auth-partial-body";

/// nginx auth_request
///
/// `X-Original-Method`, `Host` and `X-Original-URI` tell of the request; every method is taken.
#[utoipa::path(get, path = "/v1/auth/nginx", tag = "Proxies", responses(
    (status = 200, description = "Served: it is on record, and is not allowed again.", body = VerdictView),
    (status = 401, description = "The agent brings what is missing.", body = VerdictView),
    (status = 403, description = "No, and why: a code of spec 15.", body = VerdictView),
    (status = 503, description = "`no_record`: it cannot be recorded, so it is not served.", body = VerdictView),
))]
pub(super) async fn nginx(State(sidecar): State<Sidecar>, headers: HeaderMap, body: Body) -> Response {
    by_fields(&sidecar, headers, body, ["x-original-method", "host", "x-original-uri"]).await
}

/// Traefik ForwardAuth
///
/// `X-Forwarded-Method`, `X-Forwarded-Host` and `X-Forwarded-Uri` tell of the request; every method is taken.
#[utoipa::path(get, path = "/v1/auth/traefik", tag = "Proxies", responses(
    (status = 200, description = "Served: it is on record, and is not allowed again.", body = VerdictView),
    (status = 401, description = "The agent brings what is missing.", body = VerdictView),
    (status = 403, description = "No, and why: a code of spec 15.", body = VerdictView),
    (status = 503, description = "`no_record`: it cannot be recorded, so it is not served.", body = VerdictView),
))]
pub(super) async fn traefik(State(sidecar): State<Sidecar>, headers: HeaderMap, body: Body) -> Response {
    by_fields(&sidecar, headers, body, ["x-forwarded-method", "x-forwarded-host", "x-forwarded-uri"]).await
}

/// Envoy ext_authz over HTTP
///
/// The method and what stands behind `/v1/auth/envoy` are the request's own, its content too if Envoy sends it whole.
#[utoipa::path(get, path = "/v1/auth/envoy/{target}", tag = "Proxies",
    params(("target" = String, Path, description = "The target of the request.")), responses(
    (status = 200, description = "Served: it is on record, and is not allowed again.", body = VerdictView),
    (status = 401, description = "The agent brings what is missing.", body = VerdictView),
    (status = 403, description = "No, and why: a code of spec 15.", body = VerdictView),
    (status = 503, description = "`no_record`: it cannot be recorded, so it is not served.", body = VerdictView),
))]
pub(super) async fn envoy(
    State(sidecar): State<Sidecar>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let target = uri.path_and_query().and_then(|target| target.as_str().strip_prefix(ENVOY));
    let target = target.filter(|target| target.starts_with('/')).map(str::to_owned);
    let told = [Some(method.as_str()), one(&headers, "host"), target.as_deref()];
    // Of content that is longer than it buffers Envoy sends the beginning: that is not what was signed, nor checked.
    let part = headers.contains_key(PARTIAL) && one(&headers, PARTIAL) != Some("false");
    let body = if part { Body::empty() } else { body };
    decided(&sidecar, &headers, body, told).await
}

async fn by_fields(sidecar: &Sidecar, headers: HeaderMap, body: Body, names: [&str; 3]) -> Response {
    let told = names.map(|name| one(&headers, name));
    decided(sidecar, &headers, body, told).await
}

/// The one value of a field.
fn one<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

async fn decided(sidecar: &Sidecar, headers: &HeaderMap, body: Body, told: [Option<&str>; 3]) -> Response {
    // The proxy tells method, authority and target, each once: see the guide for yours.
    let [Some(method), Some(authority), Some(target)] = told else {
        return judge::refuse(sidecar, Code::Malformed);
    };
    let has_content = body.size_hint().upper() != Some(0);
    let read = if has_content {
        // Whoever has no invocation has no content held for him, and of the others not everybody's at once.
        if let Err(code) = judge::fields_of(headers) {
            return judge::refuse(sidecar, code);
        }
        let turn = sidecar.0.content.acquire().await;
        match answer::read(body, CONTENT_BYTES_MAX).await {
            Ok(read) => (read, turn.ok()),
            Err(response) => return *response,
        }
    } else {
        (Bytes::new(), None)
    };
    let (read, _turn) = read;
    let content = (!read.is_empty()).then_some(&*read);
    judge::answer(sidecar, &Received { method, authority, target, headers, content }).await
}
