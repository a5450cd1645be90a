//! Parts of a request as types that cannot hold a wrong value.

use super::error::{ApiError, ErrorCode};
use crate::keys::did;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use remit_verifier::types::{EntryIndex, KeyBytes, ObjectId, RequestId};
use serde::de::DeserializeOwned;
use std::future::poll_fn;
use std::pin::Pin;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The variable segment of the path.
pub(super) struct At<T>(pub(super) T);

/// What can stand in a segment of a path.
pub(super) trait Segment: Sized {
    fn parse(text: &str) -> Result<Self, ApiError>;
}

impl Segment for ObjectId {
    fn parse(text: &str) -> Result<Self, ApiError> {
        parse_id(text).ok_or(ErrorCode::BadId.into())
    }
}

impl Segment for RequestId {
    fn parse(text: &str) -> Result<Self, ApiError> {
        ObjectId::parse(text).map(|id| Self(id.0))
    }
}

impl Segment for EntryIndex {
    fn parse(text: &str) -> Result<Self, ApiError> {
        parse_number(text).map(EntryIndex).ok_or(ErrorCode::BadNumber.into())
    }
}

impl Segment for KeyBytes {
    fn parse(text: &str) -> Result<Self, ApiError> {
        let key = did::parse(text)
            .map_err(|error| ApiError::new(ErrorCode::BadKey).says(format!("This is no key: {error}.")));
        key.map(|key| *key.bytes())
    }
}

/// 64 lower-case hexadecimal digits.
pub(super) fn parse_id(text: &str) -> Option<ObjectId> {
    fn digit(byte: u8) -> Option<u8> {
        match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        }
    }
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    Some(ObjectId(bytes?.try_into().ok()?))
}

/// Decimal digits without a leading zero.
fn parse_number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

impl<S: Send + Sync, T: Segment> FromRequestParts<S> for At<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) = text.map_err(|_| ErrorCode::BadRequest)?;
        T::parse(&text).map(Self)
    }
}

/// The query of a request; what is not known in it is an error.
pub(super) struct Params<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        let Query(query) = query
            .map_err(|error| ApiError::new(ErrorCode::BadQuery).says(format!("{}.", error.body_text())))?;
        Ok(Self(query))
    }
}

/// No query at all.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// The content type without its parameters.
pub(super) fn content_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    value.split(';').next().map(str::trim)
}

/// How long the body says it is; not more than `most`.
pub(super) fn content_length(headers: &HeaderMap, most: usize) -> Result<usize, ApiError> {
    let length = headers.get(header::CONTENT_LENGTH).ok_or(ErrorCode::LengthRequired)?;
    let length: Option<usize> = length.to_str().ok().and_then(|text| text.parse().ok());
    let length = length.ok_or(ErrorCode::BadRequest)?;
    if length > most {
        let says = format!("The body has {length} bytes; this operation takes {most} at most.");
        return Err(ApiError::new(ErrorCode::TooLarge).says(says));
    }
    Ok(length)
}

/// Reads a body that is as long as it says, in time. It takes `room` as its bytes arrive and not before: who only says
/// that a long body will come keeps nobody out.
pub(super) async fn read_body(
    body: Body,
    length: usize,
    room: &Semaphore,
) -> Result<(Bytes, SemaphorePermit<'_>), ApiError> {
    let all = arriving(body, length, room);
    tokio::time::timeout(super::limits::BODY_TIME_MAX, all).await.map_err(|_| ErrorCode::SlowBody)?
}

async fn arriving(
    mut body: Body,
    length: usize,
    room: &Semaphore,
) -> Result<(Bytes, SemaphorePermit<'_>), ApiError> {
    let mut taken = room.try_acquire_many(0).map_err(|_| ErrorCode::Busy)?;
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame.map_err(|_| ErrorCode::BadBody)?.into_data() else { continue };
        if data.len() > length - bytes.len() {
            return Err(ErrorCode::BadBody.into());
        }
        let more = u32::try_from(data.len()).map_err(|_| ErrorCode::BadBody)?;
        taken.merge(room.try_acquire_many(more).map_err(|_| ErrorCode::Busy)?);
        // Most bodies arrive in one piece.
        if data.len() == length && body.is_end_stream() {
            return Ok((data, taken));
        }
        bytes.extend_from_slice(&data);
    }
    if bytes.len() == length { Ok((bytes.into(), taken)) } else { Err(ErrorCode::BadBody.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_numbers_have_one_spelling() {
        let id = ObjectId([0xa5; 32]);
        assert_eq!(parse_id(&id.to_string()), Some(id));
        for other in
            ["", "a5", &"A5".repeat(32), &"a5".repeat(33), &"g5".repeat(32), &format!("{}a", "a5".repeat(31))]
        {
            assert_eq!(parse_id(other), None, "{other}");
        }
        assert_eq!(["0", "17"].map(parse_number), [Some(0), Some(17)]);
        assert_eq!(["", "017", "+1", "-1", "1.0", "18446744073709551616"].map(parse_number), [None; 6]);
    }
}
