//! Leaf records to bytes and back, and what is checked of them without decoding them whole.

use super::Damage;
use super::parts::{Garbled, body, counted, number, put_counted};
use crate::machine::{LeafRecord, Private};
use remit_verifier::cbor::{DecodeError, Reader};
use remit_verifier::hash::leaf_hash;
use remit_verifier::label;
use remit_verifier::limits::OBJECT_BYTES_MAX;
use remit_verifier::state::{Leaf, Status, Values, salt};
use remit_verifier::types::{EntryIndex, Hash, StateIndex};

/// A leaf record with the newest entry that rewrote it.
///
/// # Errors
///
/// [`Garbled`].
pub fn decode_leaf(bytes: &[u8]) -> Result<(LeafRecord, EntryIndex), Garbled> {
    let raw = RawLeaf::new(bytes)?;
    let leaf = Leaf::decode(raw.leaf).map_err(|_| Garbled)?;
    let private = match raw.private {
        Some((secret, values)) => {
            let (values, _) = Values::decode(values).map_err(|_| Garbled)?;
            Some(Private { secret: *secret, values })
        }
        None => None,
    };
    if private.is_some() != leaf.token().is_some() {
        return Err(Garbled);
    }
    Ok((LeafRecord { leaf, private }, raw.newest))
}

/// The parts of a stored leaf record: newest event (8 bytes), length of the leaf (2), leaf; for a token then secret
/// (32) and values.
pub(super) struct RawLeaf<'r> {
    pub(super) newest: EntryIndex,
    pub(super) leaf: &'r [u8],
    pub(super) private: Option<(&'r [u8; 32], &'r [u8])>,
}

impl<'r> RawLeaf<'r> {
    pub(super) fn new(bytes: &'r [u8]) -> Result<Self, Garbled> {
        let (newest, rest) = body(bytes)?.split_first_chunk().ok_or(Garbled)?;
        let (leaf, rest) = counted(rest)?;
        let private = if rest.is_empty() { None } else { Some(rest.split_first_chunk().ok_or(Garbled)?) };
        Ok(Self { newest: EntryIndex(u64::from_be_bytes(*newest)), leaf, private })
    }

    /// Whether the values kept beside the leaf are what it commits to, salted from the secret beside them.
    ///
    /// Of values with the right digest, only what salts them is decoded: this is done for every token at every open.
    pub(super) fn is_committed_to(&self, leaf: &Leaf) -> bool {
        match (leaf.token(), self.private) {
            (Some(token), Some((secret, bytes))) => {
                let digest = remit_verifier::hash::sha256(&[bytes]);
                digest == token.values && is_salted(secret, bytes).unwrap_or(false)
            }
            (None, None) => true,
            _ => false,
        }
    }
}

/// Whether encoded values (spec 06 §4) are salted from this secret.
fn is_salted(secret: &[u8; 32], values: &[u8]) -> Result<bool, DecodeError> {
    let mut reader = Reader::new(values, OBJECT_BYTES_MAX)?;
    reader.array_of(5)?;
    reader.label(label::VALUES)?;
    let found = Hash(reader.array_bytes()?);
    Ok(found == salt(secret, label::VALUES.as_bytes(), reader.u64()?))
}

pub(super) fn encode_leaf(record: &LeafRecord, newest: EntryIndex) -> Result<Vec<u8>, Garbled> {
    let leaf = record.leaf.encode();
    let mut bytes = number(newest.0);
    put_counted(&mut bytes, &leaf)?;
    if let Some(private) = &record.private {
        bytes.extend_from_slice(&private.secret);
        bytes.extend_from_slice(&private.values.encode(&private.secret));
    }
    Ok(bytes)
}

/// Hash and status of a stored leaf record, whose values must be those that the leaf commits to.
pub(super) fn check_leaf(index: StateIndex, value: &[u8]) -> Result<(Hash, Status), Damage> {
    let garbled = || Damage::Record(format!("the record of state leaf {index}").into());
    let raw = RawLeaf::new(value).map_err(|_| garbled())?;
    let leaf = Leaf::decode(raw.leaf).map_err(|_| garbled())?;
    if leaf.index != index {
        return Err(garbled());
    }
    if !raw.is_committed_to(&leaf) {
        return Err(Damage::Values(index));
    }
    Ok((leaf_hash(raw.leaf), Status::of(&leaf)))
}
