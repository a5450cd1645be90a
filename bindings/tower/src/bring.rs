//! What holders bring before they ask (spec 20 §3). Only what is good by itself is kept.

use crate::answer::{self, Answer};
use crate::decide::read;
use crate::guard::Guard;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body::Body;
use remit_verifier::hash::sha256;
use remit_verifier::json;
use remit_verifier::limits::{EVIDENCE_BYTES_MAX, PRESENTATION_BYTES_MAX};
use remit_verifier::verify::{Decision, Evidence};
use serde_json::json;
use std::error::Error;

/// What is brought to which path.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    Presentations,
    Evidence,
}

impl Place {
    /// The place at a path, if it is one.
    pub(crate) fn at(path: &str) -> Option<Self> {
        match path {
            "/.well-known/remit/presentations" => Some(Self::Presentations),
            "/.well-known/remit/evidence" => Some(Self::Evidence),
            _ => None,
        }
    }
}

/// Takes what is brought.
pub(crate) async fn bring<B>(guard: &Guard, place: Place, request: Request<B>) -> Answer
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    if request.method() != Method::POST {
        let mut no = answer::wrong(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "POST it");
        no.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return no;
    }
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim());
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/cbor")) {
        let says = "send the bytes as they are, with `Content-Type: application/cbor`";
        return answer::wrong(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_type", says);
    }
    let most = match place {
        Place::Presentations => PRESENTATION_BYTES_MAX,
        Place::Evidence => EVIDENCE_BYTES_MAX,
    };
    let bytes = match read(request.into_body(), most, guard.content_time_max).await {
        Ok(bytes) => bytes,
        Err(answer) => return *answer,
    };
    let (by, now) = (sha256(&[&bytes]), guard.now());
    match place {
        Place::Presentations => {
            let verdict = guard.with_verifier(&by, |verifier| verifier.verify(&bytes, None, None, now));
            let shown = json::verdict(&verdict);
            // What was permitted names its root.
            let root = match (verdict.decision, verdict.subject.root) {
                (Decision::Denied(_), _) | (_, None) => {
                    return answer::json_answer(StatusCode::FORBIDDEN, &shown);
                }
                (_, Some(root)) => root,
            };
            let hash = guard.presentations.keep(&bytes, &root.0);
            let said = json!({ "hash": hash.to_string(), "verdict": shown });
            answer::json_answer(StatusCode::CREATED, &said)
        }
        Place::Evidence => {
            if let Err(code) = guard.with_verifier(&by, |verifier| verifier.proves(&bytes, now)) {
                return answer::json_answer(StatusCode::FORBIDDEN, &json::answer(Some(code), None));
            }
            // One entry is in one part, whatever stands around its proof.
            let entry =
                Evidence::decode(&bytes).map(|evidence| sha256(&[evidence.entry])).unwrap_or_default();
            let hash = guard.evidence.keep(&bytes, &entry.0);
            answer::json_answer(StatusCode::CREATED, &json!({ "hash": hash.to_string() }))
        }
    }
}
