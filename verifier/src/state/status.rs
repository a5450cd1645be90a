//! Status bits and the chunks of the status tree (spec 06 §6).

use super::leaf::{Leaf, Life};
use crate::cbor::Writer;
use crate::label;
use crate::limits::{STATUS_CHUNK_BYTES, STATUS_CHUNK_INDEXES};
use crate::types::StateIndex;
use alloc::vec::Vec;

/// The two status bits of a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Status {
    /// Live, and unchanged since its admission.
    Live = 0,
    /// Revoked or ended.
    Over = 1,
    /// Suspended or frozen.
    Suspended = 2,
    /// Live, but its holder, epoch, keys or generation changed since its admission.
    Changed = 3,
}

impl Status {
    /// The status of a leaf.
    pub fn of(leaf: &Leaf) -> Self {
        match (leaf.life, leaf.mask, leaf.epoch.0, leaf.generation.0) {
            (Life::Revoked | Life::Ended, ..) => Self::Over,
            (_, mask, ..) if mask != 0 => Self::Suspended,
            (_, _, 0, 0) => Self::Live,
            _ => Self::Changed,
        }
    }

    /// Reads the status of `index` from the 512 bytes of its chunk; least significant bits first.
    pub fn read(chunk: &[u8; STATUS_CHUNK_BYTES], index: StateIndex) -> Self {
        let place = index.0 % STATUS_CHUNK_INDEXES;
        let byte = usize::try_from(place / 4).ok().and_then(|byte| chunk.get(byte)).copied().unwrap_or(1);
        Self::from_bits(byte.checked_shr(shift(place)).unwrap_or(1))
    }

    /// The status that the two lowest bits say.
    pub const fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Live,
            1 => Self::Over,
            2 => Self::Suspended,
            _ => Self::Changed,
        }
    }

    /// Writes the status of `index` into its chunk.
    pub fn write(self, chunk: &mut [u8; STATUS_CHUNK_BYTES], index: StateIndex) {
        let place = index.0 % STATUS_CHUNK_INDEXES;
        let byte = usize::try_from(place / 4).ok().and_then(|byte| chunk.get_mut(byte));
        if let Some(byte) = byte {
            let shift = shift(place);
            *byte = (*byte & !3u8.wrapping_shl(shift)) | (self as u8).wrapping_shl(shift);
        }
    }
}

const fn shift(place: u64) -> u32 {
    match place % 4 {
        0 => 0,
        1 => 2,
        2 => 4,
        _ => 6,
    }
}

/// The number of the chunk that holds `index`.
pub const fn chunk_of(index: StateIndex) -> u64 {
    index.0 / STATUS_CHUNK_INDEXES
}

/// A chunk in which every index is live: what unassigned indexes read as.
pub const fn status_chunk() -> [u8; STATUS_CHUNK_BYTES] {
    [0; STATUS_CHUNK_BYTES]
}

/// The leaf of the status tree for chunk `number`.
pub fn status_leaf(number: u64, chunk: &[u8; STATUS_CHUNK_BYTES]) -> Vec<u8> {
    let mut w = Writer::with_room(STATUS_CHUNK_BYTES.saturating_add(64));
    w.array(3).text(label::STATUS).u64(number).bytes(chunk);
    w.into_bytes()
}
