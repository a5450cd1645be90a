//! Tokens, what proves them, and what happened to them.

use super::app::App;
use super::error::{ApiError, ErrorCode, ErrorView};
use super::extract::{At, Nothing, Params, parse_id};
use super::limits::{LISTS_WAIT, PAGE_ITEMS_MAX};
use super::views::{Binary, HeldView, HistoryView, HoldingView, TokenView, ValidityView};
use crate::index::List;
use crate::keys::did;
use crate::ledger::{LedgerError, Snapshot};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use remit_verifier::types::{KeyBytes, ObjectId, StateIndex};
use serde::Deserialize;
use utoipa::IntoParams;

/// Objects of the ledger are CBOR.
pub(super) const CBOR: HeaderValue = HeaderValue::from_static("application/cbor");

/// A token
///
/// What it allows, who holds it, whether it is suspended or revoked, and where its value went.
#[utoipa::path(get, path = "/v1/tokens/{id}", tag = "Tokens",
    params(("id" = String, Path, description = "The token's id.")),
    responses(
        (status = 200, description = "The token as of the published version.", body = TokenView),
        (status = 400, description = "The id is none.", body = ErrorView),
    )
)]
pub(super) async fn token(
    State(app): State<App>,
    At(id): At<ObjectId>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<TokenView>, ApiError> {
    let snapshot = app.snapshot()?;
    let info = token_info(&snapshot, &id)?;
    let record = snapshot.leaf(snapshot.known(&id)?)?;
    Ok(Json(TokenView::new(&snapshot, &record, &info)?))
}

pub(super) fn token_info(
    snapshot: &Snapshot,
    id: &ObjectId,
) -> Result<std::sync::Arc<crate::machine::TokenInfo>, ApiError> {
    snapshot.token(id).map_err(|error| match error {
        LedgerError::Unknown(_) => ApiError::missing(format_args!("token {id}")),
        error => error.into(),
    })
}

/// What a presentation is asked to prove beside the chain.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PresentationQuery {
    /// The unit of the amounts that will be asked for; without it, only requests without an amount can be judged.
    unit: Option<String>,
}

/// A presentation
///
/// All that a holder shows beside the request itself: checkpoint, commitment, state leaves with one multiproof, and the
/// tokens (spec 09). Offline links are appended by whoever has them.
#[utoipa::path(get, path = "/v1/tokens/{id}/presentation", tag = "Tokens",
    params(("id" = String, Path, description = "The token's id."), PresentationQuery),
    responses(
        (status = 200, description = "The presentation.", body = Binary, content_type = "application/cbor"),
        (status = 400, description = "An id is none.", body = ErrorView),
    )
)]
pub(super) async fn presentation(
    State(app): State<App>,
    At(id): At<ObjectId>,
    Params(query): Params<PresentationQuery>,
) -> Result<impl IntoResponse, ApiError> {
    let unit = query.unit.as_deref().map(|unit| parse_id(unit).ok_or(ErrorCode::BadId)).transpose()?;
    let snapshot = app.snapshot()?;
    token_info(&snapshot, &id)?;
    Ok(([(header::CONTENT_TYPE, CBOR)], snapshot.presentation(&id, &[], unit.as_ref())?))
}

/// The values of a token
///
/// Its counters as its leaf commits to them (spec 06 §4): their SHA-256 is what the leaf has.
#[utoipa::path(get, path = "/v1/tokens/{id}/values", tag = "Tokens",
    params(("id" = String, Path, description = "The token's id.")),
    responses(
        (status = 200, description = "The values.", body = Binary, content_type = "application/cbor"),
        (status = 400, description = "The id is none.", body = ErrorView),
    )
)]
pub(super) async fn values(
    State(app): State<App>,
    At(id): At<ObjectId>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<impl IntoResponse, ApiError> {
    let snapshot = app.snapshot()?;
    token_info(&snapshot, &id)?;
    let record = snapshot.leaf(snapshot.known(&id)?)?;
    let private = record.private.as_ref().ok_or(LedgerError::DamagedLeaf(record.leaf.index))?;
    Ok(([(header::CONTENT_TYPE, CBOR)], private.values.encode(&private.secret)))
}

/// The history of a token
///
/// Every entry that created or rewrote its leaf, complete because it folds to what the leaf says (spec 06).
#[utoipa::path(get, path = "/v1/tokens/{id}/history", tag = "Tokens",
    params(("id" = String, Path, description = "The token's id.")),
    responses(
        (status = 200, description = "The history up to the published version.", body = HistoryView),
        (status = 400, description = "The id is none.", body = ErrorView),
        (status = 413, description = "The history is too long for one answer.", body = ErrorView),
    )
)]
pub(super) async fn history(
    State(app): State<App>,
    At(id): At<ObjectId>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<HistoryView>, ApiError> {
    let read = move |snapshot: Snapshot| {
        token_info(&snapshot, &id)?;
        Ok(HistoryView::new(&snapshot.history(snapshot.known(&id)?)?)?)
    };
    app.read(read).await.map(Json)
}

/// What the validity of a token rests on
///
/// The histories of the ledger's leaf, the issuer and every token of the chain: whatever ever suspended, revoked, cut
/// or froze it is among them.
#[utoipa::path(get, path = "/v1/tokens/{id}/validity", tag = "Tokens",
    params(("id" = String, Path, description = "The token's id.")),
    responses(
        (status = 200, description = "The histories up to the published version.", body = ValidityView),
        (status = 400, description = "The id is none.", body = ErrorView),
        (status = 413, description = "A history is too long for one answer.", body = ErrorView),
    )
)]
pub(super) async fn validity(
    State(app): State<App>,
    At(id): At<ObjectId>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<ValidityView>, ApiError> {
    let read = move |snapshot: Snapshot| {
        token_info(&snapshot, &id)?;
        Ok(ValidityView::new(snapshot.size().0, &snapshot.validity(&id)?)?)
    };
    app.read(read).await.map(Json)
}

/// Which part of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// Items behind this one only: the `next` of the page before.
    after: Option<u64>,
    /// So many items at most; 1000 if absent or more.
    limit: Option<usize>,
}

impl PageQuery {
    pub(super) fn bounds(&self) -> (Option<u64>, usize) {
        (self.after, page_limit(self.limit))
    }
}

/// So many items has a page of which so many were asked for.
pub(super) fn page_limit(asked: Option<usize>) -> usize {
    asked.unwrap_or(PAGE_ITEMS_MAX).clamp(1, PAGE_ITEMS_MAX)
}

/// What of a list is published: the index may know more, and who reads on later finds that then.
pub(super) fn published(mut found: Vec<u64>, size: u64) -> Vec<u64> {
    found.retain(|number| *number < size);
    found
}

/// The number of the item to go on behind, if the page was full.
pub(super) fn next_page(found: &[u64], limit: usize) -> Option<u64> {
    found.last().copied().filter(|_| found.len() >= limit)
}

/// The tokens of a holder
///
/// Those that the key holds as of the published version, in order of their leaves, page by page. A page may have fewer
/// than `limit`, or none, and still not be the last.
#[utoipa::path(get, path = "/v1/holders/{key}/tokens", tag = "Tokens",
    params(("key" = String, Path, description = "The holder's key, as `did:key`."), PageQuery),
    responses(
        (status = 200, description = "One page.", body = HeldView),
        (status = 400, description = "The key is none.", body = ErrorView),
        (status = 501, description = "This server keeps no index.", body = ErrorView),
    )
)]
pub(super) async fn held(
    State(app): State<App>,
    At(holder): At<KeyBytes>,
    Params(query): Params<PageQuery>,
) -> Result<Json<HeldView>, ApiError> {
    let (after, limit) = query.bounds();
    let directory = app.directory()?.clone();
    let read = move |snapshot: Snapshot| {
        let indexed_to = directory.wait_for(snapshot.size(), LISTS_WAIT).0;
        let found = directory.list(&List::Held(holder), after, limit)?;
        let found = published(found, snapshot.leaves());
        let mut tokens = Vec::new();
        for index in found.iter().map(|index| StateIndex(*index)) {
            let record = snapshot.leaf(index)?;
            // The index knows what the key no longer holds, too.
            if record.leaf.token().is_some_and(|token| token.holder == holder) {
                tokens.extend(HoldingView::new(&record));
            }
        }
        let (holder, size) = (did::to_text(&holder), snapshot.size().0);
        Ok(HeldView { holder, size, indexed_to, tokens, next: next_page(&found, limit) })
    };
    app.read(read).await.map(Json)
}
