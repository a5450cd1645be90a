//! Reads a folder's log and what is kept beside it in order, of every known schema: only keys and chunks, no records.

use super::chunk::{KeptItem, LogChunk, Touch, kept_items};
use super::error::store_error;
use super::open::READAHEAD_BYTES;
use super::read::{Inner, chunk_first, chunk_key};
use super::schema::{ENTRIES, Family, TILES, handle};
use super::{Damage, OpenError};
use remit_verifier::types::{EntryIndex, StateIndex};
use rocksdb::{DB, DBRawIterator, ReadOptions};
use std::collections::VecDeque;

/// One entry as it lies in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogItem {
    /// Its index.
    pub(super) at: EntryIndex,
    /// Its bytes.
    pub(super) entry: Vec<u8>,
    /// What is kept beside it.
    pub(super) kept: KeptItem,
    /// The leaves that it rewrote, and the events before.
    pub(super) touches: Vec<(StateIndex, Option<EntryIndex>)>,
}

/// Walks the log of a folder from its first entry on.
pub(super) struct LogWalk<'d> {
    chunks: DBRawIterator<'d>,
    kept: DBRawIterator<'d>,
    next: EntryIndex,
    read: VecDeque<LogItem>,
    beside: VecDeque<(EntryIndex, KeptItem)>,
}

/// Walks a family once, without keeping in memory what it reads.
pub(super) fn scan<'d>(db: &'d DB, family: Family, upper: Option<&[u8]>) -> DBRawIterator<'d> {
    let mut options = ReadOptions::default();
    options.fill_cache(false);
    options.set_readahead_size(READAHEAD_BYTES);
    if let Some(upper) = upper {
        options.set_iterate_upper_bound(upper.to_vec());
    }
    db.raw_iterator_cf_opt(handle(db, family), options)
}

/// Number of entries of a folder: one behind the last of the last chunk.
pub(super) fn log_size(inner: &Inner) -> Result<u64, OpenError> {
    let mut last = inner.db.raw_iterator_cf(handle(&inner.db, Family::Log));
    last.seek_for_prev(chunk_key(EntryIndex(u64::MAX)));
    let size = last
        .item()
        .and_then(|(key, value)| Some(chunk_first(key)?.0 + LogChunk::decode(value)?.entries.len() as u64));
    last.status().map_err(|error| store_error(&error))?;
    size.ok_or_else(|| Damage::Entry(EntryIndex(0)).into())
}

impl<'d> LogWalk<'d> {
    pub(super) fn new(inner: &'d Inner) -> Result<Self, OpenError> {
        for family in [Family::Log, Family::Kept] {
            if inner.db.cf_handle(family.name()).is_none() {
                let missing = format!("the column family {} is missing", family.name());
                return Err(Damage::File(missing.into()).into());
            }
        }
        const { assert!(ENTRIES < TILES, "chunks lie before tiles") };
        let mut chunks = scan(&inner.db, Family::Log, Some(&[TILES]));
        let mut kept = scan(&inner.db, Family::Kept, None);
        chunks.seek([ENTRIES]);
        kept.seek_to_first();
        Ok(Self { chunks, kept, next: EntryIndex(0), read: VecDeque::new(), beside: VecDeque::new() })
    }

    /// The next entry; `None` behind the last.
    pub(super) fn next(&mut self) -> Result<Option<LogItem>, OpenError> {
        if self.read.is_empty() && !self.read_chunk()? {
            return Ok(None);
        }
        let Some(mut item) = self.read.pop_front() else { return Ok(None) };
        item.kept = self.kept_of(item.at)?;
        Ok(Some(item))
    }

    /// Reads one chunk; `false` if there is none left.
    fn read_chunk(&mut self) -> Result<bool, OpenError> {
        let wrong = Damage::Entry(self.next);
        let Some((key, value)) = self.chunks.item() else {
            self.chunks.status().map_err(|error| store_error(&error))?;
            return Ok(false);
        };
        let chunk = LogChunk::decode(value).filter(|_| chunk_first(key) == Some(self.next));
        let chunk = chunk.ok_or(wrong)?;
        let touches: Vec<Touch> = chunk.touches().collect();
        for (place, entry) in chunk.entries.iter().enumerate() {
            let own = touches.iter().filter(|touch| usize::from(touch.place) == place);
            self.read.push_back(LogItem {
                at: self.next,
                entry: entry.to_vec(),
                kept: KeptItem::default(),
                touches: own.map(|touch| (touch.leaf, touch.previous)).collect(),
            });
            self.next = self.next.next().ok_or(Damage::Entry(self.next))?;
        }
        self.chunks.next();
        Ok(true)
    }

    fn kept_of(&mut self, at: EntryIndex) -> Result<KeptItem, OpenError> {
        while self.beside.is_empty() {
            let Some((key, value)) = self.kept.item() else {
                self.kept.status().map_err(|error| store_error(&error))?;
                return Ok(KeptItem::default());
            };
            let first = key.try_into().map(u64::from_be_bytes).map(EntryIndex).ok();
            let items = first.and_then(|first| kept_items(first, value));
            let wrong = || Damage::Record(format!("what is kept of entry {at} or soon after").into());
            self.beside.extend(items.ok_or_else(wrong)?);
            self.kept.next();
        }
        match self.beside.front() {
            Some((entry, _)) if *entry == at => {
                Ok(self.beside.pop_front().map(|(_, kept)| kept).unwrap_or_default())
            }
            Some((entry, _)) if *entry < at => {
                Err(Damage::Record(format!("what is kept of entry {entry}, twice").into()).into())
            }
            _ => Ok(KeptItem::default()),
        }
    }
}
