//! Vouchers: signed invocations that spend out of a lease (spec 16 §4).

use super::claim::{Claim, Use};
use super::invocation::Invocation;
use crate::cbor::DecodeError;
use crate::code::Code;
use crate::cose::{SigStructure, Sign1};
use crate::key::PublicKey;
use crate::label;
use crate::limits::*;
use crate::types::{LedgerId, ObjectId};
use alloc::vec::Vec;

/// A signed voucher as it was received; **its signature is not checked** until [`Voucher::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voucher {
    /// Who signed it.
    pub signer: PublicKey,
    /// What it says.
    pub invocation: Invocation,
    /// The part that spends out of the lease.
    pub claim: Claim,
    signature: [u8; 64],
    bytes: Vec<u8>,
}

impl Voucher {
    /// Decodes a signed object that is a voucher.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]; `Oversize` above [`VOUCHER_BYTES_MAX`], `MissingField(15)` for one that is none.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > VOUCHER_BYTES_MAX {
            return Err(DecodeError::Oversize);
        }
        let object = Sign1::decode(bytes)?;
        let invocation = Invocation::decode(object.payload)?;
        let claim = invocation.claim.ok_or(DecodeError::MissingField(15))?;
        let signer = PublicKey::parse(&object.kid).map_err(DecodeError::Key)?;
        Ok(Self { signer, invocation, claim, signature: object.signature, bytes: bytes.to_vec() })
    }

    /// The bytes as they were received.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The use that it is for.
    pub fn to_use(&self) -> Use {
        Use::of(&self.invocation, &self.claim)
    }

    /// Its id in this ledger.
    pub fn id(&self, ledger: &LedgerId) -> ObjectId {
        self.structure(ledger).id
    }

    /// Checks its signature for this ledger under the key that it names.
    ///
    /// # Errors
    ///
    /// [`Code::BadSignature`].
    pub fn verify(&self, ledger: &LedgerId) -> Result<(), Code> {
        self.structure(ledger).verify(&self.signer, &self.signature).map_err(|_| Code::BadSignature)
    }

    fn structure(&self, ledger: &LedgerId) -> SigStructure {
        // What was decoded is encoded in one way only.
        SigStructure::new(label::INVOCATION, ledger, self.signer.bytes(), &self.invocation.encode())
    }
}
