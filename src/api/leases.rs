//! Leases: what is locked for a till, and the proof that its payee wants (spec 16).

use super::app::App;
use super::error::{ApiError, ErrorView};
use super::extract::{At, Nothing, Params};
use super::tokens::CBOR;
use super::views::{Binary, LeaseView};
use crate::ledger::{LedgerError, Snapshot};
use crate::machine::Lease;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use remit_verifier::types::ObjectId;

fn opened(snapshot: &Snapshot, id: &ObjectId) -> Result<Lease, ApiError> {
    snapshot.lease(id).map_err(|error| match error {
        LedgerError::Unknown(_) => ApiError::missing(format_args!("lease {id}")),
        error => error.into(),
    })
}

/// A lease
///
/// Value locked for one till of a payee: how much, until when, and whether it is over.
#[utoipa::path(get, path = "/v1/leases/{id}", tag = "Value",
    params(("id" = String, Path, description = "The id of the lease.")),
    responses(
        (status = 200, description = "The lease.", body = LeaseView),
        (status = 400, description = "The id is none.", body = ErrorView),
    )
)]
pub(super) async fn lease(
    State(app): State<App>,
    At(id): At<ObjectId>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<LeaseView>, ApiError> {
    let snapshot = app.snapshot()?;
    Ok(Json(LeaseView::new(&snapshot, &id, &opened(&snapshot, &id)?)?))
}

/// The proof of a lease
///
/// All that its payee needs to take vouchers without asking again (spec 16): the entry with its place in the log, what
/// it did, the lease and the chain of its token. The holder's wallet begins with it too.
#[utoipa::path(get, path = "/v1/leases/{id}/proof", tag = "Value",
    params(("id" = String, Path, description = "The id of the lease.")),
    responses(
        (status = 200, description = "The proof.", body = Binary, content_type = "application/cbor"),
        (status = 400, description = "The id is none.", body = ErrorView),
    )
)]
pub(super) async fn lease_proof(
    State(app): State<App>,
    At(id): At<ObjectId>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<impl IntoResponse, ApiError> {
    let snapshot = app.snapshot()?;
    opened(&snapshot, &id)?;
    Ok(([(header::CONTENT_TYPE, CBOR)], snapshot.lease_proof(&id)?))
}
