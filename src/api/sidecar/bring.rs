//! What holders bring before they ask (spec 20 §3). Only what is good by itself is kept.

use super::Sidecar;
use super::answer;
use crate::api::extract::content_type;
use crate::api::views::{Binary, VerdictView};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use remit_verifier::code::Code;
use remit_verifier::hash::sha256;
use remit_verifier::json;
use remit_verifier::limits::{EVIDENCE_BYTES_MAX, PRESENTATION_BYTES_MAX};
use remit_verifier::types::Millis;
use remit_verifier::verify::{Decision, Evidence, Verifier};
use serde_json::json;

/// A presentation
///
/// The bytes as a ledger made them, once; requests then name them by their hash.
#[utoipa::path(post, path = "/.well-known/remit/presentations", tag = "Agents",
    request_body(content = Binary, content_type = "application/cbor"),
    responses(
        (status = 201, description = "Kept: its `hash`, and the `verdict` on it.", body = serde_json::Value),
        (status = 403, description = "It is no good: the verdict.", body = VerdictView),
        (status = 413, description = "It is longer than a presentation."),
        (status = 415, description = "It is not sent as CBOR."),
    )
)]
pub(super) async fn presentation(State(sidecar): State<Sidecar>, headers: HeaderMap, body: Body) -> Response {
    let bytes = match brought(&headers, body, PRESENTATION_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(response) => return *response,
    };
    let judged = judge(&sidecar, bytes, |verifier, bytes, now| verifier.verify(bytes, None, None, now)).await;
    let Some((bytes, verdict)) = judged else { return failed() };
    // What was permitted names its root.
    let root = match (verdict.decision, verdict.subject.root) {
        (Decision::Denied(_), _) | (_, None) => return answer::verdict(StatusCode::FORBIDDEN, &verdict),
        (_, Some(root)) => root,
    };
    let hash = sidecar.0.presentations.keep(&bytes, &root.0);
    answer::json(StatusCode::CREATED, json!({ "hash": hash.to_string(), "verdict": json::verdict(&verdict) }))
}

/// Judges what was brought, one after the other and beside those who ask.
async fn judge<T: Send + 'static>(
    sidecar: &Sidecar,
    bytes: Bytes,
    judge: impl FnOnce(&mut Verifier, &[u8], Millis) -> T + Send + 'static,
) -> Option<(Bytes, T)> {
    let _turn = sidecar.0.bringing.acquire().await.ok()?;
    let sidecar = sidecar.clone();
    let judged = tokio::task::spawn_blocking(move || {
        let (judges, now) = (sidecar.judges(), sidecar.now());
        let answer = sidecar.with(judges.bringing(), |verifier| judge(verifier, &bytes, now));
        (bytes, answer)
    });
    judged.await.ok()
}

fn failed() -> Response {
    answer::wrong(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the verifier failed")
}

/// Evidence that an amount is held
///
/// The bytes as a ledger made them, once; requests then name them by their hash.
#[utoipa::path(post, path = "/.well-known/remit/evidence", tag = "Agents",
    request_body(content = Binary, content_type = "application/cbor"),
    responses(
        (status = 201, description = "Kept: its `hash`.", body = serde_json::Value),
        (status = 403, description = "It proves nothing in a trusted log: the code.", body = serde_json::Value),
        (status = 413, description = "It is longer than evidence."),
        (status = 415, description = "It is not sent as CBOR."),
    )
)]
pub(super) async fn evidence(State(sidecar): State<Sidecar>, headers: HeaderMap, body: Body) -> Response {
    let bytes = match brought(&headers, body, EVIDENCE_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(response) => return *response,
    };
    let judged = judge(&sidecar, bytes, |verifier, bytes, now| verifier.proves(bytes, now)).await;
    let bytes = match judged {
        Some((bytes, Ok(()))) => bytes,
        Some((_, Err(code))) => return refused(code),
        None => return failed(),
    };
    // One entry is in one part, whatever stands around its proof.
    let entry = Evidence::decode(&bytes).map(|evidence| sha256(&[evidence.entry])).unwrap_or_default();
    let hash = sidecar.0.evidence.keep(&bytes, &entry.0);
    answer::json(StatusCode::CREATED, json!({ "hash": hash.to_string() }))
}

fn refused(code: Code) -> Response {
    let body = json!({ "decision": "denied", "code": code.text(), "reason": code.meaning() });
    answer::json(StatusCode::FORBIDDEN, body)
}

async fn brought(headers: &HeaderMap, body: Body, most: usize) -> Result<Bytes, Box<Response>> {
    if content_type(headers) != Some("application/cbor") {
        let says = "send the bytes as they are, with `Content-Type: application/cbor`";
        let response = answer::wrong(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_type", says);
        return Err(Box::new(response));
    }
    answer::read(body, most).await
}
