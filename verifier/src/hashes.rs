//! Lists of hashes as one byte string, 32 bytes each (spec 09 §1).

use crate::cbor::{DecodeError, Reader, Writer};
use crate::types::Hash;
use alloc::vec::Vec;

/// A byte string of at most `max` hashes.
pub(crate) fn decode_hashes(r: &mut Reader<'_>, max: usize) -> Result<Vec<Hash>, DecodeError> {
    match r.bytes(max.saturating_mul(32))?.as_chunks() {
        (hashes, []) => Ok(hashes.iter().copied().map(Hash).collect()),
        _ => Err(DecodeError::Malformed),
    }
}

pub(crate) fn encode_hashes<'w>(w: &'w mut Writer, hashes: &[Hash]) -> &'w mut Writer {
    let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
    w.bytes(&bytes)
}
