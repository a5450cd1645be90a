//! Chunks of entries and of what is kept beside them, by the bytes alone: the one layout that a later schema must still
//! read, because a folder is rebuilt from it. Knows nothing of records, keys of the state or RocksDB.
//!
//! A chunk of entries: format, number of entries less one, the entries as a tlog-tiles bundle (length in two bytes,
//! bytes), then touches of 17 bytes: place in the chunk, state index, the leaf's event before or 2^64 - 1. It never
//! crosses a multiple of 256, so that bundles are chunks put together.
//!
//! A chunk of kept things: format, then items: distance from the first entry (2 bytes), kind (1), length (4), bytes.

use super::schema::FORMAT;
use crate::tree::tile::{TILE_WIDTH, push_entry};
use remit_verifier::limits::OBJECT_BYTES_MAX;
use remit_verifier::log::Details;
use remit_verifier::types::{EntryIndex, StateIndex};

/// Bytes of a touch.
const TOUCH_BYTES: usize = 17;
/// No event before.
const NONE: u64 = u64::MAX;
/// A chunk of kept things is closed when it has so many bytes: small enough to be read for one of them.
const KEPT_BYTES: usize = 4096;
/// Bytes before each kept thing.
const ITEM_HEAD: usize = 7;

const _: () = assert!(KEPT_BYTES / ITEM_HEAD < u16::MAX as usize);
const _: () = assert!(TILE_WIDTH as usize - 1 == u8::MAX as usize);
const _: () = assert!(OBJECT_BYTES_MAX < u32::MAX as usize);

/// One leaf that an entry of a chunk rewrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// Place of the entry in the chunk.
    pub place: u8,
    /// The leaf.
    pub leaf: StateIndex,
    /// The entry that rewrote the leaf before.
    pub previous: Option<EntryIndex>,
}

/// The entries of a chunk and their touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogChunk<'c> {
    /// The entries in order.
    pub entries: Vec<&'c [u8]>,
    touches: &'c [u8],
}

impl<'c> LogChunk<'c> {
    /// Reads a chunk; `None` if it is none.
    pub fn decode(bytes: &'c [u8]) -> Option<Self> {
        let (format, rest) = bytes.split_first()?;
        let (last, mut rest) = rest.split_first()?;
        if *format != FORMAT {
            return None;
        }
        let count = usize::from(*last) + 1;
        let mut entries = Vec::with_capacity(count);
        for _ in 0..count {
            let (length, after) = rest.split_first_chunk()?;
            let (entry, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            entries.push(entry);
            rest = after;
        }
        let placed = |touch: &[u8]| touch.first().is_some_and(|place| usize::from(*place) < count);
        let whole = rest.len().is_multiple_of(TOUCH_BYTES) && rest.chunks(TOUCH_BYTES).all(placed);
        whole.then_some(Self { entries, touches: rest })
    }

    /// The touches in order.
    pub fn touches(&self) -> impl Iterator<Item = Touch> {
        self.touches.chunks_exact(TOUCH_BYTES).filter_map(|touch| {
            let (place, numbers) = touch.split_first()?;
            let (leaf, previous) = numbers.split_first_chunk()?;
            let previous = u64::from_be_bytes(previous.try_into().ok()?);
            Some(Touch {
                place: *place,
                leaf: StateIndex(u64::from_be_bytes(*leaf)),
                previous: (previous != NONE).then_some(EntryIndex(previous)),
            })
        })
    }
}

/// A chunk of entries in the making.
#[derive(Debug)]
pub struct LogChunkDraft {
    /// Index of its first entry.
    pub first: EntryIndex,
    count: u16,
    bytes: Vec<u8>,
    touches: Vec<u8>,
}

impl LogChunkDraft {
    /// An empty one.
    pub fn new(first: EntryIndex) -> Self {
        Self { first, count: 0, bytes: vec![FORMAT, 0], touches: Vec::new() }
    }

    /// Whether the next entry belongs into another chunk.
    pub fn is_full(&self) -> bool {
        let width = u64::from(TILE_WIDTH);
        self.count > 0 && (self.first.0 + u64::from(self.count)).is_multiple_of(width)
    }

    /// Appends an entry with its touches; `None` if it is longer than an entry may be.
    pub fn push(&mut self, entry: &[u8], touched: &[(StateIndex, Option<EntryIndex>)]) -> Option<()> {
        push_entry(&mut self.bytes, entry).ok()?;
        let place = u8::try_from(self.count).ok()?;
        for (leaf, previous) in touched {
            self.touches.push(place);
            self.touches.extend_from_slice(&leaf.0.to_be_bytes());
            self.touches.extend_from_slice(&previous.map_or(NONE, |entry| entry.0).to_be_bytes());
        }
        self.bytes[1] = place;
        self.count += 1;
        Some(())
    }

    /// The bytes; `None` of an empty one.
    pub fn into_bytes(mut self) -> Option<Vec<u8>> {
        self.bytes.append(&mut self.touches);
        (self.count > 0).then_some(self.bytes)
    }
}

/// What is kept beside one entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptItem {
    /// The submission.
    pub object: Option<Vec<u8>>,
    /// The details.
    pub details: Option<Details>,
}

const OBJECT: u8 = 0;
const COMMON: u8 = 1;
const LINK: u8 = 2;

/// A chunk of kept things in the making.
#[derive(Debug)]
pub struct KeptDraft {
    /// Index of the first entry that has something in it.
    pub first: EntryIndex,
    bytes: Vec<u8>,
}

impl KeptDraft {
    /// An empty one.
    pub fn new(first: EntryIndex) -> Self {
        Self { first, bytes: vec![FORMAT] }
    }

    /// Whether the next thing belongs into another chunk.
    pub fn is_full(&self) -> bool {
        self.bytes.len() >= KEPT_BYTES
    }

    /// Appends what stands beside the entry at `at`, which is at or after the first; `None` if it is too long.
    pub fn push(&mut self, at: EntryIndex, object: Option<&[u8]>, details: Option<&Details>) -> Option<()> {
        let distance = u16::try_from(at.0.checked_sub(self.first.0)?).ok()?;
        let common = details.map(|details| details.common.as_slice());
        let links =
            details.into_iter().flat_map(|details| &details.links).map(|part| (LINK, part.as_slice()));
        let items = object.map(|bytes| (OBJECT, bytes)).into_iter();
        for (kind, part) in items.chain(common.map(|bytes| (COMMON, bytes))).chain(links) {
            self.bytes.extend_from_slice(&distance.to_be_bytes());
            self.bytes.push(kind);
            self.bytes.extend_from_slice(&u32::try_from(part.len()).ok()?.to_be_bytes());
            self.bytes.extend_from_slice(part);
        }
        Some(())
    }

    /// The bytes; `None` of an empty one.
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        (self.bytes.len() > 1).then_some(self.bytes)
    }
}

/// Everything in a chunk that begins with entry `first`, by entry; `None` if it is no chunk.
pub fn kept_items(first: EntryIndex, bytes: &[u8]) -> Option<Vec<(EntryIndex, KeptItem)>> {
    let mut all: Vec<(EntryIndex, KeptItem)> = Vec::new();
    for (at, kind, part) in parts(first, bytes)? {
        if all.last().is_none_or(|(last, _)| *last < at) {
            all.push((at, KeptItem::default()));
        }
        let (last, item) = all.last_mut()?;
        if *last != at {
            return None;
        }
        item.add(kind, part)?;
    }
    Some(all)
}

/// What a chunk that begins with entry `first` keeps of the entry `at`; `None` if it is no chunk.
pub fn kept_item(first: EntryIndex, bytes: &[u8], at: EntryIndex) -> Option<KeptItem> {
    let mut item = KeptItem::default();
    for (_, kind, part) in parts(first, bytes)?.iter().filter(|(entry, ..)| *entry == at) {
        item.add(*kind, part)?;
    }
    Some(item)
}

impl KeptItem {
    fn add(&mut self, kind: u8, part: &[u8]) -> Option<()> {
        match (kind, &mut self.details) {
            (OBJECT, None) if self.object.is_none() => self.object = Some(part.to_vec()),
            (COMMON, None) => self.details = Some(Details { common: part.to_vec(), links: Vec::new() }),
            (LINK, Some(details)) => details.links.push(part.to_vec()),
            _ => return None,
        }
        Some(())
    }
}

type Part<'c> = (EntryIndex, u8, &'c [u8]);

fn parts(first: EntryIndex, bytes: &[u8]) -> Option<Vec<Part<'_>>> {
    let (format, mut rest) = bytes.split_first()?;
    if *format != FORMAT {
        return None;
    }
    let mut parts = Vec::new();
    while let Some((head, after)) = rest.split_first_chunk::<ITEM_HEAD>() {
        let [d0, d1, kind, l0, l1, l2, l3] = *head;
        let at = first.0.checked_add(u64::from(u16::from_be_bytes([d0, d1])))?;
        let length = usize::try_from(u32::from_be_bytes([l0, l1, l2, l3])).ok()?;
        let (part, after) = after.split_at_checked(length)?;
        parts.push((EntryIndex(at), kind, part));
        rest = after;
    }
    rest.is_empty().then_some(parts)
}
