//! Leases as JSON.

use crate::keys::did;
use crate::ledger::{LedgerError, Snapshot};
use crate::machine::Lease;
use remit_verifier::types::{ObjectId, StateIndex};
use serde::Serialize;
use utoipa::ToSchema;

/// Value locked for one till of a payee. It is as of the newest batch, which may be one ahead of the published version.
#[derive(Serialize, ToSchema)]
#[schema(as = Lease)]
pub(in crate::api) struct LeaseView {
    /// The id of the lease.
    id: String,
    /// The entry that opened it.
    entry: u64,
    /// The token on which it posts.
    token: String,
    /// The unit.
    unit: String,
    /// The payee.
    payee: String,
    /// Who opened it, and alone signs vouchers for it.
    #[schema(example = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp")]
    holder: String,
    /// What was leased.
    #[schema(example = "300000")]
    amount: String,
    /// Until when the payee may settle.
    settle_by_s: u64,
    /// Until when he may refund what he settled; absent: not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_until_s: Option<u64>,
    /// Whether it was settled, closed or expired.
    over: bool,
}

impl LeaseView {
    pub(in crate::api) fn new(
        snapshot: &Snapshot,
        id: &ObjectId,
        lease: &Lease,
    ) -> Result<Self, LedgerError> {
        let name = |index: StateIndex| snapshot.leaf(index).map(|record| record.leaf.id.to_string());
        Ok(Self {
            id: id.to_string(),
            entry: lease.entry.0,
            token: name(lease.token)?,
            unit: lease.unit_id.to_string(),
            payee: lease.payee_id.to_string(),
            holder: did::to_text(&lease.holder),
            amount: lease.amount.to_string(),
            settle_by_s: lease.settle_by.0,
            refund_until_s: lease.refund_until.map(|until| until.0),
            over: lease.over,
        })
    }
}
