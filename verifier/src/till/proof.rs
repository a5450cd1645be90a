//! The proof of a lease: what its payee needs to take vouchers, without asking the ledger again (spec 16 §5).

use crate::cbor::{DecodeError, Reader, Writer};
use crate::label;
use crate::limits::*;
use crate::types::{Hash, ObjectId};
use alloc::vec::Vec;

/// A lease's entry with its proof, what the entry did, the lease and the chain of its token. Nothing in it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseProof<'a> {
    /// The outcome entry of the lease, or of the bundle that contains it.
    pub entry: &'a [u8],
    /// The ids of all members of the bundle in their order; empty if the entry is of the lease alone.
    pub ids: Vec<ObjectId>,
    /// A tlog-proof of the entry (spec 08 §9).
    pub proof: &'a [u8],
    /// The common part of the entry's details (spec 03 §5).
    pub common: &'a [u8],
    /// The digests of the other parts.
    pub links: Vec<Hash>,
    /// The signed lease.
    pub lease: &'a [u8],
    /// The signed tokens of its chain, from the root down.
    pub tokens: Vec<&'a [u8]>,
}

impl<'a> LeaseProof<'a> {
    /// Decodes a proof; its parts are not looked into.
    ///
    /// # Errors
    ///
    /// [`DecodeError`].
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, LEASE_PROOF_BYTES_MAX, |r| {
            r.array_of(8)?;
            r.label(label::LEASE_PROOF)?;
            Ok(Self {
                entry: r.bytes(OBJECT_BYTES_MAX)?,
                ids: r.list(BUNDLE_MEMBERS_MAX, |r| r.array_bytes().map(ObjectId))?,
                proof: r.bytes(PROOF_BYTES_MAX)?,
                common: r.bytes(OBJECT_BYTES_MAX)?,
                links: r.list(DETAILS_LINKS_MAX, |r| r.array_bytes().map(Hash))?,
                lease: r.bytes(OBJECT_BYTES_MAX)?,
                tokens: r.list(PRESENTATION_TOKENS_MAX, |r| r.bytes(OBJECT_BYTES_MAX))?,
            })
        })
    }

    /// Encodes the proof; [`LeaseProof::decode`] gives it back.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::labelled(label::LEASE_PROOF, 8);
        w.bytes(self.entry).list(&self.ids, |w, id| {
            w.bytes(&id.0);
        });
        w.bytes(self.proof).bytes(self.common).list(&self.links, |w, digest| {
            w.bytes(&digest.0);
        });
        w.bytes(self.lease).list(&self.tokens, |w, token| {
            w.bytes(token);
        });
        w.into_bytes()
    }
}
