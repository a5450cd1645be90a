//! How a no is answered, and what is told with a yes (spec 20 §6).

use crate::guard::Guard;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use remit_verifier::code::Code;
use remit_verifier::http::{answer_fields, status};
use remit_verifier::json;
use remit_verifier::types::Hash;
use remit_verifier::verify::Verdict;
use serde_json::{Value, json};

/// The fields of an answer, but for those of a challenge: nobody but the layer says them.
const TOLD: [&str; 12] = [
    "remit-verdict",
    "remit-age",
    "remit-id",
    "remit-token",
    "remit-issuer",
    "remit-holder",
    "remit-action",
    "remit-resource",
    "remit-amount",
    "remit-unit",
    "remit-settle-by",
    "remit-content",
];

/// A complete answer.
pub(crate) type Answer = Response<Full<Bytes>>;

/// Takes out what somebody else said in the fields of an answer.
pub(crate) fn forget(headers: &mut HeaderMap) {
    TOLD.iter().for_each(|name| {
        headers.remove(*name);
    });
}

/// Writes the fields of an answer.
pub(crate) fn tell(
    headers: &mut HeaderMap,
    guard: &Guard,
    refused: Option<Code>,
    verdict: Option<&Verdict>,
    content: Option<Hash>,
) {
    forget(headers);
    let content = content.map(|digest| (digest, true));
    for (name, value) in answer_fields(refused, verdict, content, &guard.policy) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// A no.
pub(crate) fn no(guard: &Guard, code: Code, verdict: Option<&Verdict>, content: Option<Hash>) -> Answer {
    let status = StatusCode::from_u16(status(Some(code))).unwrap_or(StatusCode::FORBIDDEN);
    let mut answer = json_answer(status, &json::answer(Some(code), verdict));
    tell(answer.headers_mut(), guard, Some(code), verdict, content);
    answer
}

/// A request that could not be read.
pub(crate) fn wrong(status: StatusCode, code: &str, message: &str) -> Answer {
    json_answer(status, &json!({ "error": { "code": code, "message": message } }))
}

/// JSON with a status.
pub(crate) fn json_answer(status: StatusCode, value: &Value) -> Answer {
    let mut answer = Response::new(Full::from(value.to_string()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
