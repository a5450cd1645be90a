//! What holders bring before they ask (spec 20 §3). Only what is good by itself is kept.

use super::Sidecar;
use super::answer;
use crate::api::extract::content_type;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use remit_verifier::code::Code;
use remit_verifier::hash::sha256;
use remit_verifier::json;
use remit_verifier::limits::{EVIDENCE_BYTES_MAX, PRESENTATION_BYTES_MAX};
use remit_verifier::verify::Decision;
use serde_json::json;

pub(super) async fn presentation(State(sidecar): State<Sidecar>, headers: HeaderMap, body: Body) -> Response {
    let bytes = match brought(&headers, body, PRESENTATION_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(response) => return *response,
    };
    let (judges, now) = (sidecar.judges(), sidecar.now());
    let by = sha256(&[&bytes]);
    let verdict = sidecar.with_verifier(&judges, &by, |verifier| verifier.verify(&bytes, None, None, now));
    if let Decision::Denied(_) = verdict.decision {
        return answer::verdict(StatusCode::FORBIDDEN, &verdict);
    }
    let hash = sidecar.0.presentations.keep(&bytes);
    answer::json(StatusCode::CREATED, json!({ "hash": hash.to_string(), "verdict": json::verdict(&verdict) }))
}

pub(super) async fn evidence(State(sidecar): State<Sidecar>, headers: HeaderMap, body: Body) -> Response {
    let bytes = match brought(&headers, body, EVIDENCE_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(response) => return *response,
    };
    let (judges, now) = (sidecar.judges(), sidecar.now());
    let by = sha256(&[&bytes]);
    if let Err(code) = sidecar.with_verifier(&judges, &by, |verifier| verifier.proves(&bytes, now)) {
        return refused(code);
    }
    let hash = sidecar.0.evidence.keep(&bytes);
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
