//! Offers as JSON: what is for sale, for how much, and who could still take it away.

use crate::keys::did;
use crate::ledger::{LedgerError, Snapshot};
use crate::machine::Standing;
use remit_verifier::types::{ObjectId, StateIndex};
use serde::Serialize;
use utoipa::ToSchema;

/// An offer.
#[derive(Serialize, ToSchema)]
#[schema(as = Offer)]
pub(in crate::api) struct OfferView {
    /// The id of the offer.
    id: String,
    /// `standing`; `void`, because its time has run out or its token has another epoch or holder; or `closed`: taken,
    /// replaced or withdrawn.
    #[schema(example = "standing")]
    state: &'static str,
    #[serde(flatten)]
    terms: Option<TermsView>,
}

/// What is offered; absent once it is closed. It is as of the newest batch, which may be one ahead of the published
/// version.
#[derive(Serialize, ToSchema)]
#[schema(as = Terms)]
pub(in crate::api) struct TermsView {
    /// The token.
    token: String,
    /// Its epoch when it was offered.
    epoch: u64,
    /// Who sells it.
    #[schema(example = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp")]
    seller: String,
    /// Who is paid.
    payee: String,
    /// Its name, as it calls itself.
    #[schema(example = "Hotel Lotus")]
    payee_name: String,
    /// The price.
    #[schema(example = "900000")]
    amount: String,
    /// Of which unit.
    unit: String,
    /// The unit's name.
    #[schema(example = "CNY")]
    unit_name: String,
    /// The unit's decimals.
    decimals: u64,
    /// Until when it stands.
    until_s: u64,
    /// The entry that made it.
    entry: u64,
    /// Who can revoke or suspend the token, whoever buys it: the issuer, then the holders above, the root's first.
    upstream: Vec<UpstreamView>,
}

/// A position above a token.
#[derive(Serialize, ToSchema)]
#[schema(as = Upstream)]
pub(in crate::api) struct UpstreamView {
    /// The place in the chain: 1 the issuer, k + 1 the holder of the k-th token.
    position: u8,
    /// The issuer's party id; absent below.
    #[serde(skip_serializing_if = "Option::is_none")]
    party: Option<String>,
    /// The token that the holder holds; absent for the issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// The keys, any of which acts.
    keys: Vec<String>,
}

/// Offers that stand.
#[derive(Serialize, ToSchema)]
#[schema(as = Offers)]
pub(in crate::api) struct OffersView {
    /// Size of the log that this is as of.
    pub(in crate::api) size: u64,
    /// Size of the log that the index had seen; below `size` if it was behind.
    pub(in crate::api) indexed_to: u64,
    /// The offers, in the order in which they were made.
    pub(in crate::api) offers: Vec<OfferView>,
    /// Ask for `after` this to read on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api) next: Option<u64>,
}

impl OfferView {
    /// One that is no more to be had.
    pub(in crate::api) fn closed(id: &ObjectId) -> Self {
        Self { id: id.to_string(), state: "closed", terms: None }
    }

    /// Whether it stands and is not void.
    pub(in crate::api) fn can_be_taken(&self) -> bool {
        self.state == "standing"
    }

    /// One that was neither taken, replaced nor withdrawn.
    pub(in crate::api) fn standing(
        snapshot: &Snapshot,
        id: &ObjectId,
        offer: &Standing,
    ) -> Result<Self, LedgerError> {
        let token = snapshot.leaf(offer.token)?;
        let holder = token.leaf.token().ok_or(LedgerError::DamagedLeaf(offer.token))?.holder;
        let now = snapshot.version().commitment.time;
        let stands = token.leaf.epoch == offer.epoch && holder == offer.seller && !offer.until.passed(now);
        let payee = snapshot.leaf(offer.payee)?;
        let unit = snapshot.leaf(offer.unit)?;
        let named = unit.leaf.unit().ok_or(LedgerError::DamagedLeaf(offer.unit))?;
        let terms = TermsView {
            token: token.leaf.id.to_string(),
            epoch: offer.epoch.0,
            seller: did::to_text(&offer.seller),
            payee: payee.leaf.id.to_string(),
            payee_name: payee.leaf.party().map(|party| party.name.clone()).unwrap_or_default(),
            amount: offer.amount.to_string(),
            unit: unit.leaf.id.to_string(),
            unit_name: named.name.clone(),
            decimals: named.decimals,
            until_s: offer.until.0,
            entry: offer.entry.0,
            upstream: upstream(snapshot, offer.token)?,
        };
        let state = if stands { "standing" } else { "void" };
        Ok(Self { id: id.to_string(), state, terms: Some(terms) })
    }
}

/// The issuer and the holders above a token.
fn upstream(snapshot: &Snapshot, token: StateIndex) -> Result<Vec<UpstreamView>, LedgerError> {
    let info = snapshot.token_at(token)?;
    let issuer = snapshot.leaf(info.issuer)?;
    let party = issuer.leaf.party().ok_or(LedgerError::DamagedLeaf(info.issuer))?;
    let mut all = vec![UpstreamView {
        position: 1,
        party: Some(issuer.leaf.id.to_string()),
        token: None,
        keys: party.keys.iter().map(did::to_text).collect(),
    }];
    for (position, above) in (2..).zip(&info.ancestors) {
        let record = snapshot.leaf(*above)?;
        let holder = record.leaf.token().ok_or(LedgerError::DamagedLeaf(*above))?.holder;
        let (token, keys) = (Some(record.leaf.id.to_string()), vec![did::to_text(&holder)]);
        all.push(UpstreamView { position, party: None, token, keys });
    }
    Ok(all)
}
