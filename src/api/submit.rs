//! Submissions: a place in the queue first, then the body, then the ledger.

use super::answers::{self, AnswerView, SubmittedView};
use super::app::{App, blocking};
use super::clients::{Client, Share};
use super::error::{ApiError, ErrorCode, ErrorView};
use super::extract::{Params, content_length, content_type, read_body};
use super::limits::{SUBMISSION_BYTES_MAX, SUBMISSIONS_BYTES_MAX, SUBMISSIONS_MAX};
use super::sequence;
use super::views::Binary;
use crate::ledger::{Permit, Service, Submitted, Wait, give_way};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use tokio::sync::oneshot;
use utoipa::{IntoParams, ToSchema};

/// When to answer.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SubmitQuery {
    /// `durable`: as soon as the entry is synced. `published` (the default): as soon as it can be proved, with the
    /// proof.
    #[param(inline)]
    wait: Option<WaitFor>,
}

/// How far an operation must have come before it is answered.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum WaitFor {
    Durable,
    Published,
}

/// Submissions whose signatures are checked in the thread of the request; more of them go to another thread.
const INLINE_MAX: usize = 8;

/// Submit operations
///
/// One signed submission (spec 02), or up to 512 one after the other as a CBOR sequence. Each is decided for itself, in
/// order. An id is applied once for ever: whoever does not know what became of a submission repeats its bytes. The
/// answer of a single refused one has the status 422; of several, each answer says what became of it.
#[utoipa::path(
    post, path = "/v1/operations", tag = "Submitting", params(SubmitQuery),
    request_body(description = "The submission, or several one after the other.", content(
        (Binary = "application/cbor"), (Binary = "application/cbor-seq"))),
    responses(
        (status = 200, description = "Applied, now or before; or one answer for each of several.",
            body = SubmittedView),
        (status = 400, description = "The body or the query is not readable.", body = ErrorView),
        (status = 408, description = "The body did not arrive in time.", body = ErrorView),
        (status = 411, description = "The body does not say how long it is.", body = ErrorView),
        (status = 413, description = "The body is too long, or has too many submissions.", body = ErrorView),
        (status = 415, description = "The body is not CBOR.", body = ErrorView),
        (status = 422, description = "Refused; nothing was changed.", body = AnswerView),
        (status = 429, description = "This client has its part of the queue in progress.", body = ErrorView),
        (status = 503, description = "Full, read-only, draining or stopped; `retry-after` says when to try again.",
            body = ErrorView),
    )
)]
pub(super) async fn submit(
    State(app): State<App>,
    Params(query): Params<SubmitQuery>,
    client: Client,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let (single, most) = match content_type(&headers) {
        Some("application/cbor") => (true, SUBMISSION_BYTES_MAX),
        Some("application/cbor-seq") => (false, SUBMISSIONS_BYTES_MAX),
        _ => {
            let says = "Send `application/cbor` for one submission, `application/cbor-seq` for several.";
            return Err(ApiError::new(ErrorCode::UnsupportedType).says(says));
        }
    };
    let service = app.service()?;
    let length = content_length(&headers, most)?;
    let mut share = app.clients().share(&client, length)?;
    // A place without bytes is taken before the body is received, and given back if anything fails. Bytes count when
    // they are there.
    let place = service.permit(0)?;
    let (body, room) = read_body(body, length, app.submission_bytes()).await?;
    drop(place);
    let permit = service.permit(length)?;
    drop(room);
    let submissions = if single { vec![body.to_vec()] } else { cut(&body)? };
    share.grow(submissions.len() - 1, 0)?;
    let wait = match query.wait {
        Some(WaitFor::Durable) => Wait::Durable,
        Some(WaitFor::Published) | None => Wait::Published,
    };
    let submitted = decided(service, permit, share, submissions, wait).await?;
    app.metrics().answered(&submitted);
    // What is published now covers every answer that waited for it.
    let version = (wait == Wait::Published).then(|| service.snapshot());
    match submitted.as_slice() {
        [only] if single => answers::one(only, version.as_ref()),
        _ => blocking(move || answers::several(&submitted, version.as_ref())).await?,
    }
}

/// The submissions of a sequence.
fn cut(body: &[u8]) -> Result<Vec<Vec<u8>>, ApiError> {
    let items = sequence::items(body, SUBMISSIONS_MAX).filter(|items| !items.is_empty());
    let items = items.ok_or(ErrorCode::BadSequence)?;
    if items.len() > SUBMISSIONS_MAX {
        return Err(ErrorCode::TooMany.into());
    }
    Ok(items.into_iter().map(<[u8]>::to_vec).collect())
}

/// Checks the signatures, queues, and waits for the answers without holding a thread. The client has its share until
/// then, also if it is gone.
async fn decided(
    service: &Service,
    permit: Permit,
    share: Share,
    submissions: Vec<Vec<u8>>,
    wait: Wait,
) -> Result<Vec<Submitted>, ApiError> {
    let (sender, receiver) = oneshot::channel();
    // Nobody listens any more if the client is gone.
    let then = move |answers| {
        drop(share);
        drop(sender.send(answers));
    };
    if submissions.len() <= INLINE_MAX {
        give_way();
        service.submit(permit, submissions, wait, then)?;
    } else {
        let service = service.clone();
        blocking(move || service.submit(permit, submissions, wait, then)).await??;
    }
    Ok(receiver.await.map_err(|_| ErrorCode::Stopped)??)
}
