//! Reservations and captures as JSON.

use crate::ledger::{LedgerError, Snapshot};
use crate::machine::{Capture, Reservation};
use remit_verifier::types::{Amount, ObjectId, StateIndex};
use serde::Serialize;
use utoipa::ToSchema;

/// Value held for a payee. It is as of the newest batch, which may be one ahead of the published version.
#[derive(Serialize, ToSchema)]
#[schema(as = Reservation)]
pub(in crate::api) struct ReservationView {
    /// The id of the invocation.
    id: String,
    /// The entry that made it.
    entry: u64,
    /// The logged token on which it posts.
    token: String,
    /// The unit.
    unit: String,
    /// The payee.
    payee: String,
    /// What was reserved.
    #[schema(example = "200000")]
    amount: String,
    /// What the payee took of it.
    captured: String,
    /// What came back of it, released or expired.
    released: String,
    /// What is still held.
    left: String,
    /// How many captures there were; the next one has this number and one more.
    captures: u64,
    /// Until when the payee may capture.
    settle_by_s: u64,
    /// Until when he may refund; absent: not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_until_s: Option<u64>,
    /// The offline links below the token with a budget of their own.
    links: Vec<String>,
}

/// Value that a payee took. It is as of the newest batch, which may be one ahead of the published version.
#[derive(Serialize, ToSchema)]
#[schema(as = Capture)]
pub(in crate::api) struct CaptureView {
    /// The id of the capture.
    id: String,
    /// The reservation, or the lease that was settled.
    reservation: String,
    /// How much.
    #[schema(example = "120000")]
    amount: String,
    /// How much of it was refunded.
    refunded: String,
    /// How much of it can still be refunded.
    left: String,
}

fn rest(of: Amount, parts: [Amount; 2]) -> String {
    parts.iter().fold(of.0, |left, part| left.saturating_sub(part.0)).to_string()
}

impl ReservationView {
    pub(in crate::api) fn new(
        snapshot: &Snapshot,
        id: &ObjectId,
        held: &Reservation,
    ) -> Result<Self, LedgerError> {
        let name = |index: StateIndex| snapshot.leaf(index).map(|record| record.leaf.id.to_string());
        Ok(Self {
            id: id.to_string(),
            entry: held.entry.0,
            token: name(held.token)?,
            unit: name(held.unit)?,
            payee: name(held.payee)?,
            amount: held.amount.to_string(),
            captured: held.captured.to_string(),
            released: held.released.to_string(),
            left: rest(held.amount, [held.captured, held.released]),
            captures: held.captures,
            settle_by_s: held.settle_by.0,
            refund_until_s: held.refund_until.map(|until| until.0),
            links: held.links.iter().map(|(id, _)| id.to_string()).collect(),
        })
    }
}

impl CaptureView {
    pub(in crate::api) fn new(id: &ObjectId, capture: &Capture) -> Self {
        Self {
            id: id.to_string(),
            reservation: capture.reservation.to_string(),
            amount: capture.amount.to_string(),
            refunded: capture.refunded.to_string(),
            left: rest(capture.amount, [capture.refunded, Amount(0)]),
        }
    }
}
