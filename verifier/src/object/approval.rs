//! Approvals: whose yes a use of a token needs, and what exactly they say yes to (spec 17).

use super::invocation::{Invocation, put_arguments};
use super::lease::Lease;
use super::permission::Path;
use crate::cbor::{DecodeError, Reader, Writer};
use crate::code::Code;
use crate::cose::{SigStructure, Sign1};
use crate::key::{EncodedKey, PublicKey};
use crate::label;
use crate::limits::*;
use crate::object::{Act, Kind, Requested, Stamp};
use crate::types::{Amount, Epoch, Hash, KeyBytes, LedgerId, Nonce, ObjectId, RequestId, Seconds, TillId};
use alloc::string::String;
use alloc::vec::Vec;

/// Whose approval a token's uses need: `k` of the approvers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRule {
    /// How many of them, at least 1.
    pub k: u64,
    /// The approvers, in strictly increasing order of their keys.
    pub approvers: Vec<EncodedKey>,
    /// Up to which amount a payment needs none, by unit in strictly increasing order; one in another unit needs them.
    /// Without it every use does, also one that pays nothing.
    pub thresholds: Option<Vec<(ObjectId, Amount)>>,
}

impl ApprovalRule {
    /// Whether a use with this payment needs approvals.
    pub fn applies(&self, payment: Option<(Amount, &ObjectId)>) -> bool {
        let Some(thresholds) = &self.thresholds else { return true };
        let Some((amount, unit)) = payment else { return false };
        thresholds.iter().find(|(of, _)| of == unit).is_none_or(|(_, most)| amount > *most)
    }

    /// Up to which amount a payment in the unit needs no approvals, where that is stated.
    pub fn threshold(&self, unit: &ObjectId) -> Option<Amount> {
        self.thresholds.iter().flatten().find(|(of, _)| of == unit).map(|(_, most)| *most)
    }

    /// Whether enough of these keys, none of which stands twice, are approvers.
    pub fn is_met(&self, keys: &[KeyBytes]) -> bool {
        keys.iter().filter(|key| self.names(key)).count() as u64 >= self.k
    }

    /// Whether the key is an approver's.
    pub fn names(&self, key: &KeyBytes) -> bool {
        self.approvers.iter().any(|approver| approver.bytes() == key)
    }

    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array_of(3)?;
        let k = r.u64_max(APPROVERS_MAX as u64)?;
        let approvers = r.list(APPROVERS_MAX, Reader::encoded_key)?;
        let thresholds = if r.null()? { None } else { Some(r.list(BUDGETS_MAX, threshold)?) };
        if k == 0 || k > approvers.len() as u64 {
            return Err(DecodeError::Malformed);
        }
        let units = thresholds.iter().flatten();
        let sorted = approvers.is_sorted_by(|a, b| a.bytes() < b.bytes())
            && units.map(|(unit, _)| unit).is_sorted_by(|a, b| a < b);
        if sorted { Ok(Self { k, approvers, thresholds }) } else { Err(DecodeError::NotCanonical) }
    }

    pub(super) fn encode<'w>(&self, w: &'w mut Writer) -> &'w mut Writer {
        w.array(3).u64(self.k).list(&self.approvers, |w, key| {
            w.bytes(&key.bytes().0);
        });
        match &self.thresholds {
            None => w.null(),
            Some(thresholds) => w.list(thresholds, |w, (unit, most)| {
                w.array(2).bytes(&unit.0).u64(most.0);
            }),
        }
    }
}

fn threshold(r: &mut Reader<'_>) -> Result<(ObjectId, Amount), DecodeError> {
    r.array_of(2)?;
    Ok((ObjectId(r.array_bytes()?), Amount(r.u64()?)))
}

/// What somebody wants to do with a token, and asks approvers for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// One use.
    Use {
        /// What is to be done.
        action: String,
        /// To what.
        resource: Path,
        /// Names of the arguments and their salted digests.
        arguments: Vec<(String, Hash)>,
    },
    /// A lease: its amount is locked for a till of the payee, who takes vouchers for it (spec 16).
    Lease(LeaseTerms),
}

/// For which till, and until when, a lease is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseTerms {
    /// The till of the payee.
    pub till: TillId,
    /// Until when vouchers are taken.
    pub spend_until: Seconds,
    /// Until when the payee may settle.
    pub settle_by: Seconds,
    /// Until when he may refund what he settled; without it, not at all.
    pub refund_until: Option<Seconds>,
}

/// What an approver says yes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    /// The token that is used: the last link.
    pub token: ObjectId,
    /// The epoch of the nearest logged token.
    pub epoch: Epoch,
    /// Who is asked and paid.
    pub payee: ObjectId,
    /// A use, or a lease.
    pub purpose: Purpose,
    /// How much of which unit; a use may pay nothing, a lease never does.
    pub payment: Option<(Amount, ObjectId)>,
    /// The nonce of the request, which makes it another one than the last.
    pub nonce: Nonce,
}

impl Asking {
    /// The same, asked on the ledger, where its value waits until `decide_by`; `None` without a payment. Its nonce
    /// goes into the stamp.
    pub fn requested(&self, decide_by: Seconds) -> Option<Requested> {
        let (amount, unit) = self.payment?;
        let (token, epoch, payee, purpose) = (self.token, self.epoch, self.payee, self.purpose.clone());
        Some(Requested { token, epoch, payee, purpose, amount, unit, decide_by })
    }

    /// The request id: everybody who knows what is asked computes the same (spec 17 §2). That of a use is never that
    /// of a lease.
    pub fn id(&self, ledger: &LedgerId) -> RequestId {
        let mut w = match &self.purpose {
            Purpose::Use { .. } => Writer::labelled(label::REQUEST_ID, 10),
            Purpose::Lease(_) => Writer::labelled(label::LEASE_REQUEST_ID, 11),
        };
        w.bytes(&ledger.0).bytes(&self.token.0).u64(self.epoch.0).bytes(&self.payee.0);
        match &self.purpose {
            Purpose::Use { action, resource, arguments } => {
                w.text(action).text(resource.as_str());
                if arguments.is_empty() { w.null() } else { put_arguments(&mut w, arguments) }
            }
            Purpose::Lease(terms) => {
                w.bytes(&terms.till.0).u64(terms.spend_until.0).u64(terms.settle_by.0);
                match terms.refund_until {
                    Some(until) => w.u64(until.0),
                    None => w.null(),
                }
            }
        };
        match &self.payment {
            Some((amount, unit)) => w.array(2).u64(amount.0).bytes(&unit.0),
            None => w.null(),
        };
        w.bytes(&self.nonce.0);
        RequestId(w.digest().0)
    }
}

impl Invocation {
    /// The request that the invocation carries out, if it names one by its nonce.
    pub fn request_id(&self, ledger: &LedgerId) -> Option<RequestId> {
        let asking = Asking {
            token: self.token,
            epoch: self.epoch,
            payee: self.audience,
            purpose: Purpose::Use {
                action: self.action.clone(),
                resource: self.resource.clone(),
                arguments: self.arguments.clone(),
            },
            payment: self.payment.map(|payment| (payment.amount, payment.unit)),
            nonce: self.request_nonce?,
        };
        Some(asking.id(ledger))
    }
}

impl Lease {
    /// What it locks for which till, without its token, payee and amount.
    pub const fn terms(&self) -> LeaseTerms {
        LeaseTerms {
            till: self.till,
            spend_until: self.spend_until,
            settle_by: self.settle_by,
            refund_until: self.refund_until,
        }
    }

    /// The request that the lease carries out, if it names one by its nonce.
    pub fn request_id(&self, ledger: &LedgerId) -> Option<RequestId> {
        let asking = Asking {
            token: self.token,
            epoch: self.epoch,
            payee: self.payee,
            purpose: Purpose::Lease(self.terms()),
            payment: Some((self.amount, self.unit)),
            nonce: self.request_nonce?,
        };
        Some(asking.id(ledger))
    }
}

/// An approval that travels with an invocation or a lease: a signed object of the kind `approve`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Its id.
    pub id: ObjectId,
    /// Who signed it.
    pub signer: PublicKey,
    /// Its nonce and window.
    pub stamp: Stamp,
    /// What it approves.
    pub request: RequestId,
    signature: [u8; 64],
    structure: SigStructure,
}

impl Approval {
    /// Decodes a signed approval.
    ///
    /// # Errors
    ///
    /// The code of what is wrong with its bytes; an approval inside a bundle travels with no invocation
    /// (`bundle_mismatch`).
    pub fn decode(bytes: &[u8], ledger: &LedgerId) -> Result<Self, Code> {
        let object = Sign1::decode(bytes)?;
        let (stamp, act) = Act::decode(Kind::Approve, object.payload)?;
        let Act::Approve { request } = act else { return Err(Code::Malformed) };
        if stamp.bundle.is_some() {
            return Err(Code::BundleMismatch);
        }
        let structure = object.sig_structure(label::APPROVE, ledger);
        let signer = PublicKey::parse(&object.kid).map_err(|_| Code::BadKey)?;
        Ok(Self { id: structure.id, signer, stamp, request, signature: object.signature, structure })
    }

    /// Checks its signature under the key that it names.
    ///
    /// # Errors
    ///
    /// [`Code::BadSignature`].
    pub fn verify(&self) -> Result<(), Code> {
        self.structure.verify(&self.signer, &self.signature).map_err(|_| Code::BadSignature)
    }
}
