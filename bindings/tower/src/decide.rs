//! Decides on one request (spec 20 §5), and puts on record what is served.

use crate::answer::{self, Answer};
use crate::guard::Guard;
use crate::served::Served;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body::Body;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use remit_verifier::code::Code;
use remit_verifier::hash::sha256;
use remit_verifier::http::{Brought, Decided, Fields, HttpRequest, content_digest, decide};
use remit_verifier::types::Hash;
use std::error::Error;
use std::time::Duration;

/// A request that is served, with what its handler is told.
pub(crate) struct Yes {
    pub(crate) parts: Parts,
    pub(crate) content: Bytes,
    pub(crate) served: Served,
}

/// Decides, and records.
///
/// # Errors
///
/// The answer of a no.
pub(crate) async fn weigh<B>(guard: &Guard, request: Request<B>) -> Result<Yes, Box<Answer>>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (parts, body) = request.into_parts();
    let no = |code| Box::new(answer::no(guard, code, None, None));
    let fields = Fields::read(|name| values(&parts.headers, name)).map_err(no)?;
    let stated = stated(&parts).map_err(no)?;
    let content = read(body, guard.content_bytes_max, guard.content_time_max).await?;
    let digest = sha256(&[&content]);
    let no = |code| Box::new(answer::no(guard, code, None, Some(digest)));
    if stated.is_some_and(|stated| stated != digest) {
        return Err(no(Code::WrongRequest));
    }
    let Decided { verdict, outcome } = judge(guard, &parts, &fields, digest).map_err(no)?;
    let no = |code| Box::new(answer::no(guard, code, verdict.as_ref(), Some(digest)));
    let unrecorded = outcome.map_err(no)?;
    let (record, now) = (guard.record.clone(), guard.now());
    let taken = if record.is_durable() {
        // Waits for a disk.
        let taken = tokio::task::spawn_blocking(move || record.take(&unrecorded, now)).await;
        taken.unwrap_or(Err(Code::NoRecord))
    } else {
        record.take(&unrecorded, now)
    };
    taken.map_err(no)?;
    // A verdict that allows a request is about one.
    let served = verdict.clone().and_then(|verdict| Served::new(verdict, fields.arguments, digest));
    Ok(Yes { parts, content, served: served.ok_or_else(|| no(Code::Malformed))? })
}

/// Steps 2 to 7.
fn judge(guard: &Guard, parts: &Parts, fields: &Fields, content: Hash) -> Result<Decided, Code> {
    let presentation = guard.presentations.find(&fields.presentation).ok_or(Code::UnknownPresentation)?;
    let evidence = match &fields.evidence {
        None => None,
        Some(hash) => Some(guard.evidence.find(hash).ok_or(Code::UnknownPresentation)?),
    };
    let authority = authority(parts)?;
    let target = parts.uri.path_and_query().map(http::uri::PathAndQuery::as_str).ok_or(Code::Malformed)?;
    let method = parts.method.as_str();
    // Nothing that follows an upgrade is signed.
    if parts.method == Method::CONNECT || parts.headers.contains_key(header::UPGRADE) {
        return Err(Code::Malformed);
    }
    let request = HttpRequest::new(method, &authority, target, content, fields.presentation)?;
    let (presentation, evidence) = (&*presentation, evidence.as_deref());
    let brought = Brought { request, fields, presentation, evidence };
    let now = guard.now();
    Ok(guard.with_verifier(&fields.presentation, |verifier| decide(verifier, &brought, now)))
}

/// `Host`, or `:authority`, in lower case; where both are there they are the same.
fn authority(parts: &Parts) -> Result<String, Code> {
    let of_uri = parts.uri.authority().map(|authority| authority.as_str().to_ascii_lowercase());
    let host = match values(&parts.headers, "host").as_slice() {
        [] => None,
        [host] => Some(std::str::from_utf8(host).map_err(|_| Code::Malformed)?.to_ascii_lowercase()),
        _ => return Err(Code::Malformed),
    };
    match (host, of_uri) {
        (Some(host), Some(of_uri)) if host != of_uri => Err(Code::Malformed),
        (host, of_uri) => host.or(of_uri).ok_or(Code::Malformed),
    }
}

/// What `Content-Digest` says.
fn stated(parts: &Parts) -> Result<Option<Hash>, Code> {
    match values(&parts.headers, "content-digest").as_slice() {
        [] => Ok(None),
        [value] => content_digest(value),
        _ => Err(Code::Malformed),
    }
}

fn values<'h>(headers: &'h HeaderMap, name: &'static str) -> Vec<&'h [u8]> {
    headers.get_all(name).iter().map(HeaderValue::as_bytes).collect()
}

/// A body of at most so many bytes, if it arrives in time.
///
/// # Errors
///
/// What is answered if it does not.
pub(crate) async fn read<B>(body: B, most: usize, time: Duration) -> Result<Bytes, Box<Answer>>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let wrong = |status, code, says: &str| Box::new(answer::wrong(status, code, says));
    match tokio::time::timeout(time, Limited::new(body, most).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let says = format!("the content has more than {most} bytes");
            Err(wrong(StatusCode::PAYLOAD_TOO_LARGE, "too_large", &says))
        }
        Ok(Err(_)) => Err(wrong(StatusCode::BAD_REQUEST, "broken_off", "the content did not arrive")),
        Err(_) => Err(wrong(StatusCode::REQUEST_TIMEOUT, "slow", "the content did not arrive in time")),
    }
}
