//! Entries, what stands beside them, their proofs, and the stream from which anybody replays the log.

use super::app::{App, blocking};
use super::error::{ApiError, ErrorCode, ErrorView};
use super::extract::{At, Nothing, Params};
use super::limits::{REPLAY_BYTES_MAX, REPLAY_ENTRIES_MAX};
use super::log::TEXT;
use super::tokens::CBOR;
use super::views::{Binary, ConsistencyView, DecisionView, EntryView, hex_list};
use crate::ledger::{LedgerError, Snapshot};
use crate::store::{StoredEntry, write_details};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::IntoResponse;
use remit_verifier::cbor::Writer;
use remit_verifier::log::Entry;
use remit_verifier::types::{EntryIndex, ObjectId, TreeSize};
use serde::Deserialize;
use utoipa::IntoParams;

/// Where a replay stream goes on.
const REMIT_NEXT: HeaderName = HeaderName::from_static("remit-next");
/// A CBOR sequence (RFC 8742).
const CBOR_SEQ: HeaderValue = HeaderValue::from_static("application/cbor-seq");

/// An entry
///
/// Its bytes as they are hashed, and what they say. An entry reveals nothing but kind, time and id.
#[utoipa::path(get, path = "/v1/entries/{index}", tag = "Entries",
    params(("index" = u64, Path, description = "Its place in the log, from 0.")),
    responses(
        (status = 200, description = "The entry.", body = EntryView),
        (status = 400, description = "The index is none.", body = ErrorView),
    )
)]
pub(super) async fn entry(
    State(app): State<App>,
    At(at): At<EntryIndex>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<EntryView>, ApiError> {
    let kept = app.snapshot()?.entry(at)?;
    Ok(Json(EntryView::new(at, &kept.entry)?))
}

/// What was decided of an operation
///
/// By its id: the entry that applied it, or that last refused it (spec 19). Known by their id are reserves, leases and
/// tokens, and refused spends; everything else stands in the log.
#[utoipa::path(get, path = "/v1/decisions/{id}", tag = "Entries",
    params(("id" = String, Path, description = "The id of the operation.")),
    responses(
        (status = 200, description = "The decision.", body = DecisionView),
        (status = 400, description = "The id is none.", body = ErrorView),
    )
)]
pub(super) async fn decision(
    State(app): State<App>,
    At(id): At<ObjectId>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<DecisionView>, ApiError> {
    let (entry, code) = app.snapshot()?.decision(&id).map_err(|error| match error {
        LedgerError::Unknown(_) => ApiError::missing(format_args!("decision of {id}")),
        error => error.into(),
    })?;
    Ok(Json(DecisionView::new(&id, entry, code)))
}

/// What was submitted
///
/// The whole submission that an entry applied, with the opened sealed claims (spec 02).
#[utoipa::path(get, path = "/v1/entries/{index}/object", tag = "Entries",
    params(("index" = u64, Path, description = "The entry's place in the log.")),
    responses(
        (status = 200, description = "The submission.", body = Binary, content_type = "application/cbor"),
        (status = 400, description = "The index is none.", body = ErrorView),
        (status = 410, description = "It is no longer kept.", body = ErrorView),
    )
)]
pub(super) async fn object(
    State(app): State<App>,
    At(at): At<EntryIndex>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<impl IntoResponse, ApiError> {
    let kept = app.snapshot()?.entry(at)?;
    let object = kept.object.clone().ok_or_else(|| lacking(&kept, at, "object"))?;
    Ok(([(header::CONTENT_TYPE, CBOR)], object))
}

/// What an entry did
///
/// Its details, `[common, [link, …]]`, each part as it is digested (spec 03): indexes, amounts, and the numbers that
/// decided.
#[utoipa::path(get, path = "/v1/entries/{index}/details", tag = "Entries",
    params(("index" = u64, Path, description = "The entry's place in the log.")),
    responses(
        (status = 200, description = "The details.", body = Binary, content_type = "application/cbor"),
        (status = 400, description = "The index is none.", body = ErrorView),
        (status = 410, description = "They are no longer kept.", body = ErrorView),
    )
)]
pub(super) async fn details(
    State(app): State<App>,
    At(at): At<EntryIndex>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<impl IntoResponse, ApiError> {
    let kept = app.snapshot()?.entry(at)?;
    let details = kept.details.as_ref().ok_or_else(|| lacking(&kept, at, "details"))?;
    let mut w = Writer::default();
    write_details(&mut w, details);
    Ok(([(header::CONTENT_TYPE, CBOR)], w.into_bytes()))
}

/// Why an entry has no such thing beside it: it never had, or it is gone.
fn lacking(kept: &StoredEntry, at: EntryIndex, what: &str) -> ApiError {
    match Entry::decode(&kept.entry) {
        Ok(Entry::Outcome(outcome)) if what == "details" || !outcome.kind.is_written_by_the_ledger() => {
            ErrorCode::NotKept.into()
        }
        _ => ApiError::new(ErrorCode::NotFound).says(format!("Entry {at} has no {what}.")),
    }
}

/// The proof of an entry
///
/// That it stands in the log, under the newest checkpoint (C2SP tlog-proof).
#[utoipa::path(get, path = "/v1/entries/{index}/proof", tag = "Entries",
    params(("index" = u64, Path, description = "The entry's place in the log.")),
    responses(
        (status = 200, description = "The proof.", body = String, content_type = "text/plain"),
        (status = 400, description = "The index is none.", body = ErrorView),
    )
)]
pub(super) async fn proof(
    State(app): State<App>,
    At(at): At<EntryIndex>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<impl IntoResponse, ApiError> {
    let snapshot = app.snapshot()?;
    if at.0 >= snapshot.size().0 {
        return Err(ApiError::missing(format_args!("entry {at}")));
    }
    Ok(([(header::CONTENT_TYPE, TEXT)], snapshot.proof(at)?))
}

/// Two sizes of the log.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ConsistencyQuery {
    /// The smaller size, from 1.
    from: u64,
    /// The larger size; the published one if absent.
    to: Option<u64>,
}

/// A consistency proof
///
/// That the log of one size begins with that of another (RFC 9162): nothing was taken away or changed.
#[utoipa::path(get, path = "/v1/proof/consistency", tag = "Entries", params(ConsistencyQuery), responses(
    (status = 200, description = "The proof.", body = ConsistencyView),
    (status = 400, description = "The sizes are reversed, 0, or not reached yet.", body = ErrorView),
))]
pub(super) async fn consistency(
    State(app): State<App>,
    Params(query): Params<ConsistencyQuery>,
) -> Result<Json<ConsistencyView>, ApiError> {
    let snapshot = app.snapshot()?;
    let (from, to) = (query.from, query.to.unwrap_or(snapshot.size().0));
    let hashes = hex_list(&snapshot.consistency(TreeSize(from), TreeSize(to))?);
    Ok(Json(ConsistencyView { from, to, hashes }))
}

/// Which part of the log.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReplayQuery {
    /// Index of the first entry; 0 if absent.
    #[serde(default)]
    from: u64,
    /// So many entries at most; 4096 if absent or more.
    limit: Option<usize>,
}

/// The log to replay
///
/// For each entry `[entry, object or null, [common, [link, …]] or null]`, one after the other as a CBOR sequence: all
/// that an auditor needs to compute every root again. The answer ends early when it grows long; the header
/// `remit-next` is the index to go on with. It is empty at the signed size.
#[utoipa::path(get, path = "/v1/replay", tag = "Entries", params(ReplayQuery), responses(
    (status = 200, description = "The entries in order.", body = Binary, content_type = "application/cbor-seq"),
    (status = 400, description = "The query is not readable.", body = ErrorView),
))]
pub(super) async fn replay(
    State(app): State<App>,
    Params(query): Params<ReplayQuery>,
) -> Result<impl IntoResponse, ApiError> {
    let limit = query.limit.unwrap_or(REPLAY_ENTRIES_MAX).min(REPLAY_ENTRIES_MAX) as u64;
    // What is signed, also where witnesses have not cosigned it yet: one of them may have to compute it first.
    let snapshot = app.service()?.signed_snapshot();
    let (bytes, next) = blocking(move || stream(&snapshot, query.from, limit)).await??;
    Ok(([(header::CONTENT_TYPE, CBOR_SEQ), (REMIT_NEXT, HeaderValue::from(next))], bytes))
}

/// Entries from `from` on, and the index behind the last one.
fn stream(snapshot: &Snapshot, from: u64, limit: u64) -> Result<(Vec<u8>, u64), ApiError> {
    let mut bytes = Vec::new();
    let mut next = from;
    let end = snapshot.size().0.min(from.saturating_add(limit));
    while next < end && bytes.len() <= REPLAY_BYTES_MAX {
        let kept = snapshot.entry(EntryIndex(next))?;
        bytes.extend(kept.to_item());
        next += 1;
    }
    Ok((bytes, next))
}
