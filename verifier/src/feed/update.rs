//! Updates of the status of all leaves, as bytes (spec 22 §1).

use crate::cbor::{DecodeError, Reader, Writer};
use crate::hashes::{decode_hashes, encode_hashes};
use crate::label;
use crate::limits::*;
use crate::types::{Hash, LedgerId, TreeSize};
use alloc::vec::Vec;

/// What a ledger tells whoever follows it. Nothing in it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusUpdate<'a> {
    /// The ledger that it is of.
    pub ledger: LedgerId,
    /// Size of the log at the state that the follower has; 0 if it has none.
    pub since: TreeSize,
    /// Consistency path from there (spec 07 §4).
    pub consistency: Vec<Hash>,
    /// The signed checkpoint.
    pub note: &'a [u8],
    /// The last entry under the checkpoint, a commitment.
    pub commitment: &'a [u8],
    /// Its inclusion path.
    pub commitment_path: Vec<Hash>,
    /// State leaf 0, the ledger's.
    pub leaf: &'a [u8],
    /// Its inclusion path in the state.
    pub leaf_path: Vec<Hash>,
    /// Whether `changes` are to a table in which every status is 0.
    pub whole: bool,
    /// The changes (spec 22 §2).
    pub changes: &'a [u8],
}

impl<'a> StatusUpdate<'a> {
    /// Decodes an update; its parts are not looked into.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]; one since 0 that is not whole, or has a consistency path, is `Malformed`.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, STATUS_UPDATE_BYTES_MAX, |r| {
            r.array_of(11)?;
            r.label(label::STATUS_UPDATE)?;
            let update = Self {
                ledger: LedgerId(r.array_bytes()?),
                since: TreeSize(r.u64()?),
                consistency: decode_hashes(r, CONSISTENCY_HASHES_MAX)?,
                note: r.bytes(NOTE_BYTES_MAX)?,
                commitment: r.bytes(OBJECT_BYTES_MAX)?,
                commitment_path: decode_hashes(r, TREE_HEIGHT_MAX)?,
                leaf: r.bytes(OBJECT_BYTES_MAX)?,
                leaf_path: decode_hashes(r, TREE_HEIGHT_MAX)?,
                whole: r.bool()?,
                changes: r.bytes(STATUS_UPDATE_BYTES_MAX)?,
            };
            let first = update.since.0 == 0;
            let fits = !first || (update.whole && update.consistency.is_empty());
            if fits { Ok(update) } else { Err(DecodeError::Malformed) }
        })
    }

    /// Encodes the update; [`StatusUpdate::decode`] gives it back.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::labelled(label::STATUS_UPDATE, 11);
        w.bytes(&self.ledger.0).u64(self.since.0);
        encode_hashes(&mut w, &self.consistency).bytes(self.note).bytes(self.commitment);
        encode_hashes(&mut w, &self.commitment_path).bytes(self.leaf);
        encode_hashes(&mut w, &self.leaf_path).bool(self.whole).bytes(self.changes);
        w.into_bytes()
    }
}
