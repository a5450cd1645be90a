//! How a decision is answered (spec 20 §6).

use crate::follow::Recorded;
use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use remit_verifier::code::Code;
use remit_verifier::http::written_content_digest;
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
    let mut body = answer.verdict.map_or_else(|| json!({}), json::verdict);
    let status = match answer.recorded {
        Ok(_) => StatusCode::OK,
        Err(code) => {
            // What a verdict allowed may still not be served.
            body["decision"] = json!("denied");
            body["code"] = json!(code.text());
            body["reason"] = json!(code.meaning());
            status(code)
        }
    };
    let mut response = (status, Json(body)).into_response();
    write_fields(response.headers_mut(), answer);
    response
}

const fn status(code: Code) -> StatusCode {
    match code {
        Code::NoInvocation | Code::UnknownPresentation => StatusCode::UNAUTHORIZED,
        Code::NoRecord => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::FORBIDDEN,
    }
}

fn write_fields(headers: &mut HeaderMap, answer: &Answer<'_>) {
    let mut put = |name: &'static str, value: String| {
        // A resource may have characters that no field has; then there is no field.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    match answer.recorded {
        Ok(_) => put("remit-verdict", "allowed".into()),
        Err(code) => put("remit-verdict", format!("denied; code={code}")),
    }
    if let Some(verdict) = answer.verdict {
        write_verdict(&mut put, verdict);
    }
    if let Some((digest, checked)) = &answer.content {
        let checked = if *checked { "; checked" } else { "" };
        put("remit-content", format!("{}{checked}", written_content_digest(digest)));
    }
    if answer.recorded.is_err_and(|code| status(code) == StatusCode::UNAUTHORIZED) {
        let settings = answer.policy.settings();
        let (party, most) = (settings.party, settings.max_staleness);
        put("www-authenticate", format!("Remit party=\"{party}\", max_staleness={most}"));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

fn write_verdict(put: &mut impl FnMut(&'static str, String), verdict: &Verdict) {
    if let Some(age) = verdict.age {
        put("remit-age", age.to_string());
    }
    let subject = &verdict.subject;
    let ids = [("remit-id", subject.id), ("remit-token", subject.token), ("remit-issuer", subject.issuer)];
    for (name, id) in ids {
        if let Some(id) = id {
            put(name, id.to_string());
        }
    }
    if let Some(holder) = &subject.holder {
        put("remit-holder", holder.to_string());
    }
    let Some(invocation) = &subject.invocation else { return };
    let printable = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    for (name, text) in
        [("remit-action", &*invocation.action), ("remit-resource", invocation.resource.as_str())]
    {
        if printable(text) {
            put(name, text.to_owned());
        }
    }
    if let Some(payment) = &invocation.payment {
        put("remit-amount", payment.amount.to_string());
        put("remit-unit", payment.unit.to_string());
        put("remit-settle-by", payment.settle_by.0.to_string());
    }
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
