//! Writes a snapshot (spec 24 §2).

use super::item::{Place, encode_leaf};
use super::record;
use crate::machine::{Key, MemoryState, key};
use remit_verifier::cbor::Writer;
use remit_verifier::hash::RunningHash;
use remit_verifier::types::{Hash, StateIndex};
use std::io;

/// Writes the snapshot of the state that stands at this place of the log, and gives its digest.
///
/// # Errors
///
/// Those of `to`; `InvalidData` if the state is not the one that stands there.
pub fn write(mut to: impl io::Write, place: &Place, state: &MemoryState) -> io::Result<Hash> {
    let other = || io::Error::from(io::ErrorKind::InvalidData);
    let leaves = place.commitment().ok_or_else(other)?.state_size.0;
    if state.get(&key::LeafAt(StateIndex(leaves))).is_some() {
        return Err(other());
    }
    let mut digest = RunningHash::default();
    let mut put = |item: &[u8]| {
        digest.update(item);
        to.write_all(item)
    };
    let beside = |key: &Key| !matches!(key, Key::LeafAt(_) | Key::TokenOf(_) | Key::DueAt(..));
    let records: Vec<_> = state.iter().filter(|(key, _)| beside(key)).collect();
    let items = || records.iter().filter_map(|(key, record)| record::encode(key, record));
    put(&place.encode(items().count() as u64))?;
    for index in 0..leaves {
        put(&encode_leaf(state, StateIndex(index)).ok_or_else(other)?)?;
    }
    items().try_for_each(|item| put(&item))?;
    let digest = digest.finish();
    let mut end = Writer::default();
    end.bytes(&digest.0);
    to.write_all(&end.into_bytes())?;
    to.flush()?;
    Ok(digest)
}
