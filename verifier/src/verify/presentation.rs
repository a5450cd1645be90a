//! Presentations: all that a holder shows beside the request itself (spec 09 §1).

use crate::cbor::{DecodeError, Reader, Writer};
use crate::hashes::{decode_hashes, encode_hashes};
use crate::label;
use crate::limits::*;
use crate::types::{Hash, LedgerId};
use alloc::vec::Vec;

/// A chain of tokens, and the proof of the state that they were in at one checkpoint. Nothing in it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presentation<'a> {
    /// The ledger that it is from.
    pub ledger: LedgerId,
    /// The signed checkpoint.
    pub note: &'a [u8],
    /// The last entry under the checkpoint, a commitment.
    pub commitment: &'a [u8],
    /// Its inclusion path, in the order of RFC 9162 §2.1.3.
    pub commitment_path: Vec<Hash>,
    /// State leaves in strictly increasing order of their indexes.
    pub leaves: Vec<&'a [u8]>,
    /// Their multiproof (spec 07 §6).
    pub state_proof: Vec<Hash>,
    /// The tokens, from the root down, offline links at the end; at least one.
    pub tokens: Vec<&'a [u8]>,
}

impl<'a> Presentation<'a> {
    /// Decodes a presentation; its parts are not looked into.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]; no token, or hashes of another length than 32 bytes, are `Malformed`.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, PRESENTATION_BYTES_MAX, |r| {
            r.array_of(8)?;
            r.label(label::PRESENTATION)?;
            let presentation = Self {
                ledger: LedgerId(r.array_bytes()?),
                note: r.bytes(NOTE_BYTES_MAX)?,
                commitment: r.bytes(OBJECT_BYTES_MAX)?,
                commitment_path: decode_hashes(r, TREE_HEIGHT_MAX)?,
                leaves: r.list(PRESENTATION_LEAVES_MAX, |r| r.bytes(OBJECT_BYTES_MAX))?,
                state_proof: decode_hashes(r, TREE_HEIGHT_MAX.saturating_mul(PRESENTATION_LEAVES_MAX))?,
                tokens: r.list(PRESENTATION_TOKENS_MAX, |r| r.bytes(OBJECT_BYTES_MAX))?,
            };
            if presentation.tokens.is_empty() { Err(DecodeError::Malformed) } else { Ok(presentation) }
        })
    }

    /// Encodes the presentation; [`Presentation::decode`] gives it back.
    pub fn encode(&self) -> Vec<u8> {
        let put = |w: &mut Writer, item: &&[u8]| {
            w.bytes(item);
        };
        let mut w = Writer::labelled(label::PRESENTATION, 8);
        w.bytes(&self.ledger.0).bytes(self.note).bytes(self.commitment);
        encode_hashes(&mut w, &self.commitment_path).list(&self.leaves, put);
        encode_hashes(&mut w, &self.state_proof).list(&self.tokens, put);
        w.into_bytes()
    }
}
