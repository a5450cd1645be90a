//! How a decision is answered (spec 20 §6).

use crate::follow::Recorded;
use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use remit_verifier::code::Code;
use remit_verifier::http;
use remit_verifier::json;
use remit_verifier::types::Hash;
use remit_verifier::verify::{Policy, Verdict};
use serde_json::{Value, json};
use std::time::Duration;

/// How long a body may take to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);

/// A decision with all that is said of it.
pub(super) struct Answer<'a> {
    pub(super) recorded: Result<Recorded, Code>,
    pub(super) verdict: Option<&'a Verdict>,
    /// Digest of the content, and whether it was read here.
    pub(super) content: Option<(Hash, bool)>,
    pub(super) policy: &'a Policy,
}

/// Status, fields, and the verdict as JSON.
pub(super) fn render(answer: &Answer<'_>) -> Response {
    let (refused, verdict) = (answer.recorded.err(), answer.verdict);
    let status = StatusCode::from_u16(http::status(refused)).unwrap_or(StatusCode::FORBIDDEN);
    let mut response = (status, Json(json::answer(refused, verdict))).into_response();
    let headers = response.headers_mut();
    for (name, value) in http::answer_fields(refused, verdict, answer.content, answer.policy) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A verdict alone.
pub(super) fn verdict(status: StatusCode, verdict: &Verdict) -> Response {
    (status, Json(json::verdict(verdict))).into_response()
}

/// A request that could not be read.
pub(super) fn wrong(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": code, "message": message } }))).into_response()
}

/// JSON with a status.
pub(super) fn json(status: StatusCode, value: Value) -> Response {
    (status, Json(value)).into_response()
}

/// A body of at most so many bytes, if it arrives in time.
pub(super) async fn read(body: Body, most: usize) -> Result<Bytes, Box<Response>> {
    match tokio::time::timeout(BODY_TIME_MAX, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            let says = format!("the body did not arrive, or has more than {most} bytes");
            Err(Box::new(wrong(StatusCode::PAYLOAD_TOO_LARGE, "too_large", &says)))
        }
        Err(_) => {
            Err(Box::new(wrong(StatusCode::REQUEST_TIMEOUT, "slow", "the body did not arrive in time")))
        }
    }
}
