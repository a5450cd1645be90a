//! How proxies tell of a request that they have received (spec 20 §7). Each contract has its own address, and only its
//! own fields are believed there: whoever could choose the contract could choose what is believed.

use super::Sidecar;
use super::answer;
use super::judge::{self, Received};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use remit_verifier::code::Code;

/// Content that a proxy may send along.
const CONTENT_BYTES_MAX: usize = 1024 * 1024;
const ENVOY: &str = "/v1/auth/envoy";
const PARTIAL: &str = "x-envoy-auth-partial-body";

pub(super) async fn nginx(State(sidecar): State<Sidecar>, headers: HeaderMap, body: Body) -> Response {
    by_fields(&sidecar, headers, body, ["x-original-method", "host", "x-original-uri"]).await
}

pub(super) async fn traefik(State(sidecar): State<Sidecar>, headers: HeaderMap, body: Body) -> Response {
    by_fields(&sidecar, headers, body, ["x-forwarded-method", "x-forwarded-host", "x-forwarded-uri"]).await
}

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
    let [Some(method), Some(authority), Some(target)] = told else {
        let says = "the proxy tells method, authority and target, each once: see the guide for yours";
        return answer::wrong(StatusCode::FORBIDDEN, Code::Malformed.text(), says);
    };
    let read = match answer::read(body, CONTENT_BYTES_MAX).await {
        Ok(read) => read,
        Err(response) => return *response,
    };
    let content = (!read.is_empty()).then_some(&*read);
    judge::answer(sidecar, &Received { method, authority, target, headers, content }).await
}
