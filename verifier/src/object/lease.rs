//! Leases: value locked for one till of a payee, who then takes vouchers for it offline (spec 16 §2–§3).

use super::approval::LeaseTerms;
use crate::cbor::{DecodeError, Fields, Reader, Writer, required};
use crate::types::{Amount, Epoch, Nonce, ObjectId, Seconds, TillId};

/// What a budget says of leases. Every link of a chain that budgets the unit must say something, or there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseLimits {
    /// Most that one lease may be.
    pub most: Amount,
    /// For how long it may be spent from, counted from its opening.
    pub longest: Seconds,
}

/// The payload of a lease: what is locked, for whom, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The logged token whose value it is.
    pub token: ObjectId,
    /// Its epoch.
    pub epoch: Epoch,
    /// The only party that may take vouchers for it.
    pub payee: ObjectId,
    /// The till of that party which counts them.
    pub till: TillId,
    /// How much, in minor units; not zero.
    pub amount: Amount,
    /// Of which unit.
    pub unit: ObjectId,
    /// Until when vouchers are taken.
    pub spend_until: Seconds,
    /// Until when the payee may settle; then everything comes back.
    pub settle_by: Seconds,
    /// Until when he may refund what he settled; without it, not at all.
    pub refund_until: Option<Seconds>,
    /// Nonce of the request for approval that it carries out, if it does (spec 17).
    pub request_nonce: Option<Nonce>,
}

impl LeaseLimits {
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array_of(2)?;
        Ok(Self { most: Amount(r.u64()?), longest: Seconds(r.u64()?) })
    }

    pub(super) fn encode<'w>(&self, w: &'w mut Writer) -> &'w mut Writer {
        w.array(2).u64(self.most.0).u64(self.longest.0)
    }
}

impl Lease {
    /// Adds all fields of the payload to those of the stamp.
    pub(super) fn put(&self, f: &mut Fields) {
        f.add(4, |w| w.bytes(&self.token.0)).add(5, |w| w.u64(self.epoch.0));
        f.add(11, |w| w.u64(self.amount.0)).add(12, |w| w.bytes(&self.payee.0));
        f.add(30, |w| w.bytes(&self.unit.0));
        self.terms().put(f);
        f.opt(36, self.request_nonce, |w, nonce| w.bytes(&nonce.0));
    }
}

impl LeaseTerms {
    /// Adds the fields that a lease and a request for one share.
    pub(super) fn put(&self, f: &mut Fields) {
        f.add(31, |w| w.bytes(&self.till.0));
        f.add(32, |w| w.u64(self.spend_until.0)).add(33, |w| w.u64(self.settle_by.0));
        f.opt(34, self.refund_until, |w, until| w.u64(until.0));
    }
}

/// The fields that only a lease has, while they are being read.
#[derive(Clone, Copy, Default)]
pub(super) struct LeaseFields {
    unit: Option<ObjectId>,
    till: Option<TillId>,
    spend_until: Option<Seconds>,
    settle_by: Option<Seconds>,
    refund_until: Option<Seconds>,
    request_nonce: Option<Nonce>,
}

impl LeaseFields {
    pub(super) fn field(&mut self, key: i64, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        match key {
            30 => self.unit = Some(ObjectId(r.array_bytes()?)),
            31 => self.till = Some(TillId(r.array_bytes()?)),
            32 => self.spend_until = Some(Seconds(r.u64()?)),
            33 => self.settle_by = Some(Seconds(r.u64()?)),
            34 => self.refund_until = Some(Seconds(r.u64()?)),
            36 => self.request_nonce = Some(r.nonce()?),
            other => return Err(DecodeError::UnknownField(other)),
        }
        Ok(())
    }

    pub(super) fn lease(
        &self,
        token: ObjectId,
        epoch: Epoch,
        payee: ObjectId,
        amount: Amount,
    ) -> Result<Lease, DecodeError> {
        let unit = required(self.unit, 30)?;
        let LeaseTerms { till, spend_until, settle_by, refund_until } = self.terms()?;
        let request_nonce = self.request_nonce;
        Ok(Lease {
            token,
            epoch,
            payee,
            till,
            amount,
            unit,
            spend_until,
            settle_by,
            refund_until,
            request_nonce,
        })
    }

    /// For which till, and until when.
    pub(super) fn terms(&self) -> Result<LeaseTerms, DecodeError> {
        Ok(LeaseTerms {
            till: required(self.till, 31)?,
            spend_until: required(self.spend_until, 32)?,
            settle_by: required(self.settle_by, 33)?,
            refund_until: self.refund_until,
        })
    }

    /// The first of the fields 31 to 34 that is there.
    pub(super) fn first(&self) -> Option<i64> {
        let there = [
            self.till.is_some(),
            self.spend_until.is_some(),
            self.settle_by.is_some(),
            self.refund_until.is_some(),
        ];
        (31..).zip(there).find(|(_, there)| *there).map(|(key, _)| key)
    }
}
