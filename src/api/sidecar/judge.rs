//! Decides on one request (spec 20 §5), and puts on record what is served.

use super::answer::{self, Answer};
use super::{Judges, Sidecar};
use crate::api::extract::content_type;
use crate::api::limits::VERIFY_BYTES_MAX;
use crate::api::verify::ArgumentBody;
use crate::api::views::{VerdictView, base64_bytes};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use remit_verifier::code::Code;
use remit_verifier::hash::sha256;
use remit_verifier::http::{Brought, Decided, Fields, HttpRequest, Route, content_digest, decide};
use remit_verifier::limits::*;
use remit_verifier::object::Argument;
use remit_verifier::types::Hash;
use remit_verifier::verify::{Request, Verdict};
use serde::Deserialize;
use utoipa::ToSchema;

/// A request as it was received, by whatever contract it was told.
pub(super) struct Received<'a> {
    pub(super) method: &'a str,
    pub(super) authority: &'a str,
    pub(super) target: &'a str,
    pub(super) headers: &'a HeaderMap,
    /// The content, if whoever asks has sent it along.
    pub(super) content: Option<&'a [u8]>,
}

/// A request that is decided, and not yet on record.
struct Weighed {
    decided: Decided,
    content: Option<(Hash, bool)>,
}

/// Decides, records, and says what is to be answered.
pub(super) async fn answer(sidecar: &Sidecar, received: &Received<'_>) -> Response {
    let judges = sidecar.judges();
    let weighed = weigh(sidecar, &judges, received);
    let Weighed { decided: Decided { verdict, outcome }, content } = weighed;
    let recorded = match outcome {
        Ok(unrecorded) if sidecar.0.record.is_durable() => {
            let (sidecar, now) = (sidecar.clone(), sidecar.now());
            // Waits for the disk.
            let taken = tokio::task::spawn_blocking(move || sidecar.0.record.take(&unrecorded, now)).await;
            taken.unwrap_or(Err(Code::NoRecord))
        }
        Ok(unrecorded) => sidecar.0.record.take(&unrecorded, sidecar.now()),
        Err(code) => Err(code),
    };
    sidecar.0.counts.decided(recorded.as_ref().err().copied());
    answer::render(&Answer { recorded, verdict: verdict.as_ref(), content, policy: &judges.policy })
}

/// A request that is no good by itself: nothing was decided.
pub(super) fn refuse(sidecar: &Sidecar, code: Code) -> Response {
    let judges = sidecar.judges();
    sidecar.0.counts.decided(Some(code));
    answer::render(&Answer { recorded: Err(code), verdict: None, content: None, policy: &judges.policy })
}

/// The fields of a request.
pub(super) fn fields_of(headers: &HeaderMap) -> Result<Fields, Code> {
    Fields::read(|name| headers.get_all(name).iter().map(axum::http::HeaderValue::as_bytes).collect())
}

/// Steps 1 to 7.
fn weigh(sidecar: &Sidecar, judges: &Judges, received: &Received<'_>) -> Weighed {
    let mut content = None;
    let decided = (|| {
        let fields = fields_of(received.headers)?;
        let presentation = sidecar.0.presentations.find(&fields.presentation);
        let presentation = presentation.ok_or(Code::UnknownPresentation)?;
        let evidence = match &fields.evidence {
            None => None,
            Some(hash) => Some(sidecar.0.evidence.find(hash).ok_or(Code::UnknownPresentation)?),
        };
        let Received { method, authority, target, .. } = *received;
        // What no route serves is said before anything is said of the content (spec 20 §5).
        Route::find(&judges.policy.settings().serving.routes, method, target)?;
        let (digest, _) = *content.insert(content_of(received)?);
        let authority = authority.to_ascii_lowercase();
        let request = HttpRequest::new(method, &authority, target, digest, fields.presentation)?;
        let (presentation, evidence) = (&*presentation, evidence.as_deref());
        let brought = Brought { request, fields: &fields, presentation, evidence };
        let now = sidecar.now();
        Ok(sidecar.with_verifier(judges, &fields.presentation, |verifier| decide(verifier, &brought, now)))
    })();
    let decided = decided.unwrap_or_else(|code| Decided { verdict: None, outcome: Err(code) });
    Weighed { decided, content }
}

/// The digest of the content, and whether it is of content that was read here.
fn content_of(received: &Received<'_>) -> Result<(Hash, bool), Code> {
    let stated = match received.headers.get_all("content-digest").iter().collect::<Vec<_>>().as_slice() {
        [] => None,
        [value] => content_digest(value.as_bytes())?,
        _ => return Err(Code::Malformed),
    };
    match (received.content.map(|content| sha256(&[content])), stated) {
        (Some(read), Some(stated)) if read != stated => Err(Code::WrongRequest),
        (Some(read), _) => Ok((read, true)),
        (None, stated) => Ok((stated.unwrap_or_else(|| sha256(&[])), false)),
    }
}

/// Everything that a verdict follows from, but for the policy and the clock.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VerdictBody {
    /// The presentation, in base64.
    presentation: String,
    /// The signed invocation, in base64; without one, the best answer is `permitted`.
    invocation: Option<String>,
    /// The arguments that are shown with the invocation.
    #[serde(default)]
    arguments: Vec<ArgumentBody>,
    /// The signed approvals that travel with the invocation, each in base64.
    #[serde(default)]
    approvals: Vec<String>,
    /// The evidence of funding, in base64.
    evidence: Option<String>,
}

/// A verdict
///
/// Under the verifier's policy, at its clock, by what it follows. Nothing is recorded, so nobody may be served by it.
#[utoipa::path(post, path = "/v1/verify", tag = "Services", request_body = VerdictBody, responses(
    (status = 200, description = "The verdict, whichever it is.", body = VerdictView),
    (status = 400, description = "The body is not what it should be."),
    (status = 413, description = "The body is too long."),
    (status = 415, description = "The body is not sent as JSON."),
))]
pub(super) async fn verify(State(sidecar): State<Sidecar>, headers: HeaderMap, body: Body) -> Response {
    if content_type(&headers) != Some("application/json") {
        return answer::wrong(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_type", "send JSON");
    }
    let bytes = match answer::read(body, VERIFY_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(response) => return *response,
    };
    match judged(&sidecar, &bytes) {
        Some(verdict) => answer::verdict(StatusCode::OK, &verdict),
        None => answer::wrong(
            StatusCode::BAD_REQUEST,
            "bad_json",
            "the body is `{\"presentation\", \"invocation\", \"arguments\", \"approvals\", \"evidence\"}`",
        ),
    }
}

fn judged(sidecar: &Sidecar, body: &[u8]) -> Option<Verdict> {
    let body: VerdictBody = serde_json::from_slice(body).ok()?;
    let presentation = base64_bytes(&body.presentation, PRESENTATION_BYTES_MAX)?;
    let invocation = match &body.invocation {
        Some(text) => Some(base64_bytes(text, OBJECT_BYTES_MAX)?),
        None => None,
    };
    let evidence = match &body.evidence {
        Some(text) => Some(base64_bytes(text, EVIDENCE_BYTES_MAX)?),
        None => None,
    };
    let too_many = body.arguments.len() > ARGUMENTS_MAX || body.approvals.len() > APPROVALS_MAX;
    if too_many || (invocation.is_none() && !(body.arguments.is_empty() && body.approvals.is_empty())) {
        return None;
    }
    let arguments: Vec<Argument> =
        body.arguments.into_iter().map(ArgumentBody::read).collect::<Option<_>>()?;
    let approvals = body.approvals.iter().map(|text| base64_bytes(text, APPROVAL_BYTES_MAX));
    let approvals: Vec<Vec<u8>> = approvals.collect::<Option<_>>()?;
    let approvals: Vec<&[u8]> = approvals.iter().map(Vec::as_slice).collect();
    let request = invocation.as_deref().map(|invocation| Request {
        invocation,
        arguments: &arguments,
        approvals: &approvals,
    });
    let (judges, now) = (sidecar.judges(), sidecar.now());
    let by = sha256(&[&presentation]);
    Some(sidecar.with_verifier(&judges, &by, |verifier| {
        verifier.verify(&presentation, request.as_ref(), evidence.as_deref(), now)
    }))
}
