//! Reservations and captures.

use super::app::App;
use super::error::{ApiError, ErrorView};
use super::extract::{At, Nothing, Params};
use super::tokens::CBOR;
use super::views::{Binary, CaptureView, ReservationView};
use crate::ledger::{LedgerError, Snapshot};
use crate::machine::Reservation;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use remit_verifier::types::ObjectId;

fn held(snapshot: &Snapshot, id: &ObjectId) -> Result<Reservation, ApiError> {
    snapshot.reservation(id).map_err(|error| match error {
        LedgerError::Unknown(_) => ApiError::missing(format_args!("reservation {id}")),
        error => error.into(),
    })
}

/// A reservation
///
/// Value held for a payee, by the id of the invocation: how much, until when, and what he took of it.
#[utoipa::path(get, path = "/v1/reservations/{id}", tag = "Value",
    params(("id" = String, Path, description = "The id of the invocation.")),
    responses(
        (status = 200, description = "The reservation.", body = ReservationView),
        (status = 400, description = "The id is none.", body = ErrorView),
    )
)]
pub(super) async fn reservation(
    State(app): State<App>,
    At(id): At<ObjectId>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<ReservationView>, ApiError> {
    let snapshot = app.snapshot()?;
    Ok(Json(ReservationView::new(&snapshot, &id, &held(&snapshot, &id)?)?))
}

/// Evidence of funding
///
/// The entry that reserved for an invocation, with its place in the log (spec 09): what turns `permitted` into
/// `allowed`.
#[utoipa::path(get, path = "/v1/reservations/{id}/evidence", tag = "Value",
    params(("id" = String, Path, description = "The id of the invocation.")),
    responses(
        (status = 200, description = "The evidence.", body = Binary, content_type = "application/cbor"),
        (status = 400, description = "The id is none.", body = ErrorView),
    )
)]
pub(super) async fn evidence(
    State(app): State<App>,
    At(id): At<ObjectId>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<impl IntoResponse, ApiError> {
    let snapshot = app.snapshot()?;
    let entry = held(&snapshot, &id)?.entry;
    Ok(([(header::CONTENT_TYPE, CBOR)], snapshot.evidence(entry)?))
}

/// A capture
///
/// Value that a payee took, by the id of the capture, and how much of it he gave back.
#[utoipa::path(get, path = "/v1/captures/{id}", tag = "Value",
    params(("id" = String, Path, description = "The id of the capture.")),
    responses(
        (status = 200, description = "The capture.", body = CaptureView),
        (status = 400, description = "The id is none.", body = ErrorView),
    )
)]
pub(super) async fn capture(
    State(app): State<App>,
    At(id): At<ObjectId>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<CaptureView>, ApiError> {
    let capture = app.snapshot()?.capture(&id).map_err(|error| match error {
        LedgerError::Unknown(_) => ApiError::missing(format_args!("capture {id}")),
        error => error.into(),
    })?;
    Ok(Json(CaptureView::new(&id, &capture)))
}
