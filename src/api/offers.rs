//! Offers: one of them, and those that stand (spec 18).

use super::app::App;
use super::error::{ApiError, ErrorView};
use super::extract::{At, Nothing, Params};
use super::limits::LISTS_WAIT;
use super::tokens::{PageQuery, next_page, published};
use super::views::{OfferView, OffersView};
use crate::index::List;
use crate::ledger::{LedgerError, Snapshot};
use crate::machine::Offer;
use axum::Json;
use axum::extract::State;
use remit_verifier::types::{EntryIndex, ObjectId};

/// An offer
///
/// A token that is to be had for a price: who is paid, until when, and who can still revoke or suspend it.
#[utoipa::path(get, path = "/v1/offers/{id}", tag = "Trade",
    params(("id" = String, Path, description = "The id of the offer.")),
    responses(
        (status = 200, description = "The offer.", body = OfferView),
        (status = 400, description = "The id is none.", body = ErrorView),
    )
)]
pub(super) async fn offer(
    State(app): State<App>,
    At(id): At<ObjectId>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<OfferView>, ApiError> {
    let snapshot = app.snapshot()?;
    let found = snapshot.offer(&id).map_err(|error| match error {
        LedgerError::Unknown(_) => ApiError::missing(format_args!("offer {id}")),
        error => error.into(),
    })?;
    Ok(Json(match found {
        Offer::Closed => OfferView::closed(&id),
        Offer::Standing(standing) => OfferView::standing(&snapshot, &id, &standing)?,
    }))
}

/// Offers that stand
///
/// In the order in which they were made, page by page. Those that were taken, replaced or withdrawn are not among
/// them, and neither are those that are void, because their time has run out or their token has another holder.
#[utoipa::path(get, path = "/v1/offers", tag = "Trade", params(PageQuery),
    responses(
        (status = 200, description = "One page.", body = OffersView),
        (status = 501, description = "This server keeps no index.", body = ErrorView),
    )
)]
pub(super) async fn offers(
    State(app): State<App>,
    Params(query): Params<PageQuery>,
) -> Result<Json<OffersView>, ApiError> {
    let (after, limit) = query.bounds();
    let directory = app.directory()?.clone();
    let read = move |snapshot: Snapshot| {
        let indexed_to = directory.wait_for(snapshot.size(), LISTS_WAIT).0;
        let found = directory.list(&List::Offers, after, limit)?;
        let found = published(found, snapshot.size().0);
        let mut offers = Vec::new();
        for entry in &found {
            offers.extend(standing_in(&snapshot, EntryIndex(*entry))?);
        }
        let size = snapshot.size().0;
        Ok(OffersView { size, indexed_to, offers, next: next_page(&found, limit) })
    };
    app.read(read).await.map(Json)
}

/// The offers of an entry that can be taken.
fn standing_in(snapshot: &Snapshot, entry: EntryIndex) -> Result<Vec<OfferView>, LedgerError> {
    // The index knows what is over and was pruned, too.
    let made = match snapshot.offers_in(entry) {
        Err(LedgerError::NotKept(_)) => return Ok(Vec::new()),
        made => made?,
    };
    let mut standing = Vec::new();
    for id in &made {
        let Offer::Standing(offer) = snapshot.offer(id)? else { continue };
        let view = OfferView::standing(snapshot, id, &offer)?;
        standing.extend(Some(view).filter(OfferView::can_be_taken));
    }
    Ok(standing)
}
