//! Parties and units.

use super::app::App;
use super::error::{ApiError, ErrorView};
use super::extract::{At, Nothing, Params};
use super::limits::{LISTS_WAIT, PAGE_ITEMS_MAX};
use super::tokens::{PageQuery, next_page, published};
use super::views::{IssuersView, PartyView, UnitView};
use crate::index::List;
use crate::ledger::Snapshot;
use crate::machine::LeafRecord;
use axum::Json;
use axum::extract::State;
use remit_verifier::types::{ObjectId, StateIndex};
use std::sync::Arc;

/// The leaf with this id, whatever it is.
fn leaf(snapshot: &Snapshot, id: &ObjectId) -> Result<Arc<LeafRecord>, ApiError> {
    Ok(snapshot.leaf(snapshot.known(id)?)?)
}

/// A party
///
/// An issuer or service: its keys, and whether the operators appointed it as an issuer.
#[utoipa::path(get, path = "/v1/parties/{id}", tag = "Parties and units",
    params(("id" = String, Path, description = "The party's id.")),
    responses(
        (status = 200, description = "The party as of the published version.", body = PartyView),
        (status = 400, description = "The id is none.", body = ErrorView),
    )
)]
pub(super) async fn party(
    State(app): State<App>,
    At(id): At<ObjectId>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<PartyView>, ApiError> {
    let snapshot = app.snapshot()?;
    let record = leaf(&snapshot, &id)?;
    let entries = snapshot.written_at(record.leaf.index, PAGE_ITEMS_MAX)?;
    let view = PartyView::new(&record, snapshot.size().0).map(|view| view.written_at(entries));
    view.map(Json).ok_or_else(|| ApiError::missing(format_args!("party {id}")))
}

/// The issuers
///
/// The parties that are issuers as of the published version, in order of their leaves, page by page.
#[utoipa::path(get, path = "/v1/issuers", tag = "Parties and units", params(PageQuery), responses(
    (status = 200, description = "One page.", body = IssuersView),
    (status = 400, description = "The query is not readable.", body = ErrorView),
    (status = 501, description = "This server keeps no index.", body = ErrorView),
))]
pub(super) async fn issuers(
    State(app): State<App>,
    Params(query): Params<PageQuery>,
) -> Result<Json<IssuersView>, ApiError> {
    let (after, limit) = query.bounds();
    let directory = app.directory()?.clone();
    let read = move |snapshot: Snapshot| {
        let indexed_to = directory.wait_for(snapshot.size(), LISTS_WAIT).0;
        let found = directory.list(&List::Issuers, after, limit)?;
        let found = published(found, snapshot.leaves());
        let size = snapshot.size().0;
        let mut issuers = Vec::new();
        for index in found.iter().map(|index| StateIndex(*index)) {
            let record = snapshot.leaf(index)?;
            issuers.extend(PartyView::new(&record, size).filter(PartyView::is_issuer));
        }
        Ok(IssuersView { size, indexed_to, issuers, next: next_page(&found, limit) })
    };
    app.read(read).await.map(Json)
}

/// A unit
///
/// What amounts are counted in: its name and decimals, and whether the operators froze it.
#[utoipa::path(get, path = "/v1/units/{id}", tag = "Parties and units",
    params(("id" = String, Path, description = "The unit's id, or its name.")),
    responses(
        (status = 200, description = "The unit as of the published version.", body = UnitView),
        (status = 400, description = "The id is none.", body = ErrorView),
    )
)]
pub(super) async fn unit(
    State(app): State<App>,
    At(named): At<UnitName>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<UnitView>, ApiError> {
    let snapshot = app.snapshot()?;
    let (record, shown) = match named {
        UnitName::Id(id) => (leaf(&snapshot, &id)?, id.to_string()),
        UnitName::Text(name) => {
            let missing = || ApiError::missing(format_args!("unit {name}"));
            let index = snapshot.unit_named(&name)?.ok_or_else(missing)?;
            (snapshot.leaf(index)?, name)
        }
    };
    let written = snapshot.written_at(record.leaf.index, PAGE_ITEMS_MAX)?;
    let entry = written.and_then(|entries| entries.first().copied());
    let view = UnitView::new(&record, snapshot.size().0, entry);
    view.map(Json).ok_or_else(|| ApiError::missing(format_args!("unit {shown}")))
}

/// What names a unit in a path.
pub(super) enum UnitName {
    Id(ObjectId),
    Text(String),
}

impl super::extract::Segment for UnitName {
    fn parse(text: &str) -> Result<Self, ApiError> {
        use remit_verifier::limits::UNIT_NAME_BYTES_MAX;
        // No name is as long as an id.
        const { assert!(UNIT_NAME_BYTES_MAX < 64) };
        if text.len() <= UNIT_NAME_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self::Text(text.to_owned()));
        }
        ObjectId::parse(text).map(Self::Id)
    }
}
