//! What makes an invocation a voucher, and the uses that vouchers of one lease commit to (spec 16 §4).

use super::invocation::{Invocation, decode_arguments, put_arguments};
use super::permission::{Path, decode_path};
use crate::cbor::{DecodeError, Reader, Writer};
use crate::hash::leaf_hash;
use crate::label;
use crate::limits::*;
use crate::merkle::{LeafIndex, ProofError, verify_inclusion};
use crate::types::{Amount, Hash, Nonce, ObjectId, TreeSize};
use alloc::string::String;
use alloc::vec::Vec;

/// The part of an invocation that spends out of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What this use costs, in minor units; never zero.
    pub amount: Amount,
    /// The lease's unit.
    pub unit: ObjectId,
    /// The lease.
    pub lease: ObjectId,
    /// 1 for the first use of the lease, then one more each time.
    pub number: u64,
    /// What this use and all before it cost together; never less than `amount`.
    pub cumulative: Amount,
    /// Root of the RFC 6962 tree over uses 1 to `number`.
    pub root: Hash,
}

/// One use of a lease, as a leaf of the tree over its uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// From 1.
    pub number: u64,
    /// What it cost.
    pub amount: Amount,
    /// What was done.
    pub action: String,
    /// To what.
    pub resource: Path,
    /// Names of the arguments and their salted digests, in canonical order of the names.
    pub arguments: Vec<(String, Hash)>,
    /// Digest of the service's own request, if the voucher bound one.
    pub request: Option<Hash>,
    /// The voucher's nonce.
    pub nonce: Nonce,
}

/// The place of a use in the tree over the uses.
#[derive(Clone, Copy, Debug)]
struct Place(u64);

impl LeafIndex for Place {
    fn position(self) -> u64 {
        self.0
    }
}

impl Use {
    /// The use that a voucher is for.
    pub fn of(invocation: &Invocation, claim: &Claim) -> Self {
        Self {
            number: claim.number,
            amount: claim.amount,
            action: invocation.action.clone(),
            resource: invocation.resource.clone(),
            arguments: invocation.arguments.clone(),
            request: invocation.request,
            nonce: invocation.nonce,
        }
    }

    /// Decodes one use.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]; number 0 is `Malformed`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, PAYLOAD_BYTES_MAX, |r| {
            r.array_of(8)?;
            r.label(label::USE)?;
            let number = r.u64()?;
            if number == 0 {
                return Err(DecodeError::Malformed);
            }
            Ok(Self {
                number,
                amount: Amount(r.u64()?),
                action: r.name()?.into(),
                resource: decode_path(r)?,
                arguments: if r.null()? { Vec::new() } else { decode_arguments(r)? },
                request: if r.null()? { None } else { Some(Hash(r.array_bytes()?)) },
                nonce: r.nonce()?,
            })
        })
    }

    /// Encodes the use; [`Use::decode`] gives it back.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::labelled(label::USE, 8);
        w.u64(self.number).u64(self.amount.0).text(&self.action).text(self.resource.as_str());
        if self.arguments.is_empty() {
            w.null()
        } else {
            put_arguments(&mut w, &self.arguments)
        };
        match &self.request {
            Some(digest) => w.bytes(&digest.0),
            None => w.null(),
        };
        w.bytes(&self.nonce.0);
        w.into_bytes()
    }

    /// Its hash as a leaf.
    pub fn leaf(&self) -> Hash {
        leaf_hash(&self.encode())
    }

    /// Checks that this is the use with its number among the first `uses` of a lease, whose root a voucher or the
    /// facts of a settlement state (spec 16 §4).
    ///
    /// # Errors
    ///
    /// [`ProofError`] if the path leads to another root, or fits no such place.
    pub fn verify(&self, uses: TreeSize, path: &[Hash], root: &Hash) -> Result<(), ProofError> {
        let outside = ProofError::IndexOutsideTree { index: self.number, size: uses };
        let place = self.number.checked_sub(1).ok_or(outside)?;
        verify_inclusion(&self.leaf(), Place(place), uses, path, root)
    }
}
