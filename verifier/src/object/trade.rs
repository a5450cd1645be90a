//! Offers and trades: a token against a payment, in one entry (spec 18).

use super::act::Reference;
use super::permission::Path;
use crate::cbor::{DecodeError, Fields, Reader, Writer, required};
use crate::limits::{BUDGETS_MAX, BUNDLE_MEMBERS_MAX};
use crate::types::{Amount, Epoch, Hash, ObjectId, Seconds};
use alloc::format;
use alloc::vec::Vec;

/// The action of an invocation that pays for a token.
pub const BUY: &str = "buy";

/// The resource of an invocation that pays for this token: `tokens/` and its id.
pub fn goods(token: &ObjectId) -> Option<Path> {
    Path::parse(&format!("tokens/{token}")).ok()
}

/// The payload of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The token.
    pub token: ObjectId,
    /// Its epoch.
    pub epoch: Epoch,
    /// What it costs; without it, the offer that stands is withdrawn.
    pub price: Option<Price>,
}

/// What a token costs, who gets it, and for how long it is to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// How much, in minor units; not zero.
    pub amount: Amount,
    /// The party that is paid.
    pub payee: ObjectId,
    /// Of which unit.
    pub unit: ObjectId,
    /// Until when the offer stands.
    pub until: Seconds,
}

/// The payload of a trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade {
    /// The token.
    pub token: ObjectId,
    /// Its epoch before.
    pub epoch: Epoch,
    /// Digest of the sealed claims whose secret salts the token's values from now on.
    pub sealed: Hash,
    /// The offer that is taken.
    pub offer: Reference,
    /// What must still be left of the token in each of these units, in strictly increasing order; not zero.
    pub minimum: Vec<(ObjectId, Amount)>,
    /// The place in the same bundle of the reserve that pays.
    pub payment: u8,
}

impl Offer {
    /// Adds all fields of the payload to those of the stamp.
    pub(super) fn put(&self, f: &mut Fields) {
        f.add(4, |w| w.bytes(&self.token.0)).add(5, |w| w.u64(self.epoch.0));
        if let Some(price) = &self.price {
            f.add(11, |w| w.u64(price.amount.0)).add(12, |w| w.bytes(&price.payee.0));
            f.add(22, |w| w.bytes(&price.unit.0)).add(27, |w| w.u64(price.until.0));
        }
    }
}

impl Price {
    /// A price, if all of it is there; `None` if nothing is.
    pub(super) fn of(
        amount: Option<Amount>,
        payee: Option<ObjectId>,
        unit: Option<ObjectId>,
        until: Option<Seconds>,
    ) -> Result<Option<Self>, DecodeError> {
        if amount.is_none() && payee.is_none() && unit.is_none() && until.is_none() {
            return Ok(None);
        }
        Ok(Some(Self {
            amount: required(amount.filter(|amount| amount.0 > 0), 11)?,
            payee: required(payee, 12)?,
            unit: required(unit, 22)?,
            until: required(until, 27)?,
        }))
    }
}

impl Trade {
    /// Adds all fields of the payload to those of the stamp.
    pub(super) fn put(&self, f: &mut Fields) {
        f.add(4, |w| w.bytes(&self.token.0)).add(5, |w| w.u64(self.epoch.0));
        f.add(8, |w| w.bytes(&self.sealed.0)).add(9, |w| self.offer.encode(w));
        let minimum = Some(&self.minimum).filter(|minimum| !minimum.is_empty());
        f.opt(28, minimum, |w, minimum| put_minimum(w, minimum));
        f.add(29, |w| w.u64(u64::from(self.payment)));
    }
}

fn put_minimum<'w>(w: &'w mut Writer, minimum: &[(ObjectId, Amount)]) -> &'w mut Writer {
    w.list(minimum, |w, (unit, least)| {
        w.array(2).bytes(&unit.0).u64(least.0);
    })
}

/// Field 28: at least one unit, in strictly increasing order, none with nothing.
pub(super) fn decode_minimum(r: &mut Reader<'_>) -> Result<Vec<(ObjectId, Amount)>, DecodeError> {
    let minimum = r.list(BUDGETS_MAX, |r| {
        r.array_of(2)?;
        Ok((ObjectId(r.array_bytes()?), Amount(r.u64()?)))
    })?;
    if minimum.iter().any(|(_, least)| least.0 == 0) {
        return Err(DecodeError::Malformed);
    }
    let sorted = minimum.is_sorted_by(|(a, _), (b, _)| a < b);
    if sorted && !minimum.is_empty() { Ok(minimum) } else { Err(DecodeError::NotCanonical) }
}

/// A place in a bundle, from 0.
pub(super) fn decode_place(r: &mut Reader<'_>) -> Result<u8, DecodeError> {
    let place = r.u64_max(BUNDLE_MEMBERS_MAX.saturating_sub(1) as u64)?;
    u8::try_from(place).map_err(|_| DecodeError::Malformed)
}
