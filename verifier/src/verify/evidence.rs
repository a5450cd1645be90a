//! Evidence of funding: the entry that reserved the value, and where it stands in the log (spec 09 §2).

use crate::cbor::{DecodeError, Reader, Writer};
use crate::label;
use crate::limits::*;
use crate::log::{Entry, Outcome};
use crate::object::{Kind, combined_id};
use crate::types::ObjectId;
use alloc::vec::Vec;

/// A log entry with its proof as text. Nothing in it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence<'a> {
    /// The entry's bytes.
    pub entry: &'a [u8],
    /// The ids of all members of the bundle in their order; empty if the entry is of one reserve alone.
    pub ids: Vec<ObjectId>,
    /// A tlog-proof of the entry (spec 08 §9).
    pub proof: &'a [u8],
}

impl<'a> Evidence<'a> {
    /// Decodes evidence; its parts are not looked into.
    ///
    /// # Errors
    ///
    /// [`DecodeError`].
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, EVIDENCE_BYTES_MAX, |r| {
            r.array_of(4)?;
            r.label(label::EVIDENCE)?;
            Ok(Self {
                entry: r.bytes(OBJECT_BYTES_MAX)?,
                ids: r.list(BUNDLE_MEMBERS_MAX, |r| r.array_bytes().map(ObjectId))?,
                proof: r.bytes(PROOF_BYTES_MAX)?,
            })
        })
    }

    /// Encodes the evidence; [`Evidence::decode`] gives it back.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::labelled(label::EVIDENCE, 4);
        w.bytes(self.entry).list(&self.ids, |w, id| {
            w.bytes(&id.0);
        });
        w.bytes(self.proof);
        w.into_bytes()
    }

    /// The applied entry, if it is of the reserve with this id, or of a bundle that contains it.
    pub(super) fn funding_of(&self, invocation: &ObjectId) -> Option<Outcome> {
        let Ok(Entry::Outcome(outcome)) = Entry::decode(self.entry) else { return None };
        let reserves = match (outcome.kind, self.ids.as_slice()) {
            (Kind::Reserve, []) => outcome.id == *invocation,
            (Kind::Bundle, [_, _, ..]) => {
                self.ids.contains(invocation) && outcome.id == combined_id(&self.ids)
            }
            _ => false,
        };
        reserves.then_some(outcome)
    }
}
