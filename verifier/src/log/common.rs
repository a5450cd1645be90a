//! The common part of details as somebody reads it who was shown it (spec 03 §5).

use super::details::Facts;
use crate::cbor::{DecodeError, Reader};
use crate::label;
use crate::limits::*;
use crate::object::Kind;
use crate::types::{Amount, Epoch, Generation, Hash, Millis, ObjectId, Seconds, StateIndex};
use alloc::vec::Vec;

/// What an entry did, one item for each of its operations. That the entry commits to it is for the caller to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Common {
    /// What makes its digest unguessable.
    pub salt: Hash,
    /// Kind of the entry.
    pub kind: Kind,
    /// What each operation did, in order.
    pub facts: Vec<Facts>,
}

impl Common {
    /// Decodes a common part.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]; a kind that has no details is `Malformed`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, OBJECT_BYTES_MAX, |r| {
            r.array_of(4)?;
            r.label(label::COMMON)?;
            let salt = Hash(r.array_bytes()?);
            let kind = Kind::from_number(r.u64()?).ok_or(DecodeError::Malformed)?;
            let facts = r.list(BUNDLE_MEMBERS_MAX, Facts::decode)?;
            if facts.is_empty() || matches!(kind, Kind::Genesis | Kind::Commitment) {
                return Err(DecodeError::Malformed);
            }
            Ok(Self { salt, kind, facts })
        })
    }
}

impl Facts {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut f = Self::default();
        r.map(|key, r| {
            match key {
                1 => f.index = Some(StateIndex(r.u64()?)),
                2 => f.subject = Some(ObjectId(r.array_bytes()?)),
                3 => f.amount = Some(Amount(r.u64()?)),
                4 => f.unit = Some(StateIndex(r.u64()?)),
                5 => f.funding = Some(StateIndex(r.u64()?)),
                6 => f.number = Some(r.u64()?),
                7 => f.epoch = Some(Epoch(r.u64()?)),
                8 => f.generation = Some(Generation(r.u64()?)),
                9 => f.mask = Some(r.u64()?),
                10 => f.deadline = Some(Seconds(r.u64()?)),
                11 => f.left = Some(Amount(r.u64()?)),
                12 => f.parent = Some(StateIndex(r.u64()?)),
                13 => f.since = Some(Millis(r.u64()?)),
                14 => f.per_use = Some(Amount(r.u64()?)),
                15 => f.unapproved = Some(Amount(r.u64()?)),
                16 => f.root = Some(Hash(r.array_bytes()?)),
                17 => f.decided = Some(StateIndex(r.u64()?)),
                other => return Err(DecodeError::UnknownField(other)),
            }
            Ok(())
        })?;
        Ok(f)
    }
}
