//! What readers in other threads see, and the raw access that the writer shares with them.

use super::cached::{Cached, Leaf};
use super::chunk::{self, KeptItem, LogChunk};
use super::codec::{self, damaged};
use super::edge::{Edge, TILE_BYTES, TILE_LEVELS, root_of};
use super::error::store_error;
use super::leaf;
use super::open::{edge_of, frontier, head_of, open_database};
use super::schema::{ENTRIES, FORMAT, Family, TILES, handle};
use super::{OpenError, RocksOptions};
use crate::machine::{Key, LeafRecord, Record};
use crate::store::{PreImages, Read, StoreError, StoredEntry};
use crate::tree::Nodes;
use crate::tree::tile::TILE_WIDTH;
use remit_verifier::types::{EntryIndex, Hash, ObjectId, StateIndex, TreeSize};
use rocksdb::{DB, DBPinnableSlice, Options, ReadOptions};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// The open database and what stands beside it in memory; shared by the writer and all readers.
pub(super) struct Inner {
    pub(super) db: DB,
    /// Statistics are read through them.
    pub(super) options: Options,
    pub(super) edge: RwLock<Arc<Edge>>,
    pub(super) pre_images: PreImages,
    pub(super) cached: Mutex<Cached>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("path", &self.db.path()).finish_non_exhaustive()
    }
}

/// Key of a chunk of entries.
pub(super) fn chunk_key(first: EntryIndex) -> [u8; 9] {
    let mut key = [ENTRIES; 9];
    key[1..].copy_from_slice(&first.0.to_be_bytes());
    key
}

/// First entry of the chunk with this key.
pub(super) fn chunk_first(key: &[u8]) -> Option<EntryIndex> {
    let number = key.strip_prefix(&[ENTRIES])?;
    number.try_into().ok().map(u64::from_be_bytes).map(EntryIndex)
}

/// Key of a full tile.
pub(super) fn tile_key(level: u8, number: u64) -> [u8; 10] {
    let mut key = [TILES; 10];
    key[1] = level;
    key[2..].copy_from_slice(&number.to_be_bytes());
    key
}

/// The hashes of a stored tile.
pub(super) fn tile_hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let hashes = bytes.strip_prefix(&[FORMAT]).filter(|hashes| hashes.len() == TILE_BYTES)?;
    let (hashes, _) = hashes.as_chunks::<32>();
    Some(hashes.iter().map(|hash| Hash(*hash)).collect())
}

pub(super) fn no_entry(at: EntryIndex) -> StoreError {
    StoreError::Damaged(format!("the chunk of entry {at}").into())
}

impl Inner {
    pub(super) fn new(db: DB, database: Options, options: &RocksOptions) -> Self {
        let (edge, pre_images) = (RwLock::default(), PreImages::default());
        Self { db, options: database, edge, pre_images, cached: Mutex::new(Cached::new(options)) }
    }

    pub(super) fn edge(&self) -> Arc<Edge> {
        self.edge.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn get(&self, family: Family, key: &[u8]) -> Result<Option<DBPinnableSlice<'_>>, StoreError> {
        self.db.get_pinned_cf(handle(&self.db, family), key).map_err(|error| store_error(&error))
    }

    pub(super) fn record(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        let (family, place) = codec::place(key);
        let Some(bytes) = self.get(family, &place)? else { return Ok(None) };
        codec::decode(key, &bytes).map(Some).map_err(|_| damaged(key))
    }

    pub(super) fn leaf(&self, index: StateIndex) -> Result<Option<Leaf>, StoreError> {
        let key = Key::LeafAt(index);
        let (family, place) = codec::place(&key);
        let Some(bytes) = self.get(family, &place)? else { return Ok(None) };
        let (record, newest) = leaf::decode_leaf(&bytes).map_err(|_| damaged(&key))?;
        Ok(Some((Arc::new(record), newest)))
    }

    /// Gives the last record of a family at or before a key to `use_it`.
    fn at_or_before<R>(
        &self,
        family: Family,
        key: &[u8],
        use_it: impl FnOnce(&[u8], &[u8]) -> Option<R>,
    ) -> Result<Option<R>, StoreError> {
        let mut iterator = self.db.raw_iterator_cf(handle(&self.db, family));
        iterator.seek_for_prev(key);
        let found = iterator.item().and_then(|(key, value)| use_it(key, value));
        iterator.status().map_err(|error| store_error(&error))?;
        Ok(found)
    }

    /// Gives the chunk that holds an entry, and its place in it, to `use_it`.
    fn in_chunk<R>(
        &self,
        at: EntryIndex,
        use_it: impl FnOnce(&LogChunk<'_>, usize) -> Option<R>,
    ) -> Result<R, StoreError> {
        let found = self.at_or_before(Family::Log, &chunk_key(at), |key, value| {
            let place = usize::try_from(at.0.checked_sub(chunk_first(key)?.0)?).ok()?;
            let chunk = LogChunk::decode(value)?;
            chunk.entries.get(place)?;
            use_it(&chunk, place)
        })?;
        found.ok_or_else(|| no_entry(at))
    }

    pub(super) fn kept(&self, at: EntryIndex) -> Result<KeptItem, StoreError> {
        let found = self.at_or_before(Family::Kept, &at.0.to_be_bytes(), |key, value| {
            let first = EntryIndex(u64::from_be_bytes(key.try_into().ok()?));
            Some(chunk::kept_item(first, value, at))
        })?;
        let damaged = || StoreError::Damaged(format!("what is kept of entry {at}").into());
        found.map_or(Ok(KeptItem::default()), |item| item.ok_or_else(damaged))
    }

    /// The event of a leaf before the one at `at`; `None` if the entry at `at` is no event of this leaf.
    fn touch(&self, leaf: StateIndex, at: EntryIndex) -> Result<Option<Option<EntryIndex>>, StoreError> {
        self.in_chunk(at, |chunk, place| {
            let mut touches = chunk.touches();
            let touch = touches.find(|touch| usize::from(touch.place) == place && touch.leaf == leaf);
            Some(touch.map(|touch| touch.previous))
        })
    }

    pub(super) fn entries(&self, from: EntryIndex, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        self.entries_below(from, self.edge().size().0.min(from.0.saturating_add(limit as u64)))
    }

    /// The entries from `from` to `end`, all of which there must be.
    pub(super) fn entries_below(&self, from: EntryIndex, end: u64) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut entries: Vec<Vec<u8>> = Vec::new();
        let mut next = from.0;
        if next >= end {
            return Ok(entries);
        }
        let mut options = ReadOptions::default();
        options.set_iterate_upper_bound(chunk_key(EntryIndex(end)));
        let mut iterator = self.db.raw_iterator_cf_opt(handle(&self.db, Family::Log), options);
        iterator.seek_for_prev(chunk_key(from));
        while next < end {
            let found = iterator.item().and_then(|(key, value)| {
                let skip = usize::try_from(next.checked_sub(chunk_first(key)?.0)?).ok()?;
                let chunk = LogChunk::decode(value)?;
                let new = chunk.entries.get(skip..).filter(|new| !new.is_empty())?;
                let wanted = usize::try_from(end - next).ok()?;
                Some(new.iter().take(wanted).map(|entry| entry.to_vec()).collect::<Vec<_>>())
            });
            iterator.status().map_err(|error| store_error(&error))?;
            let found = found.ok_or_else(|| no_entry(EntryIndex(next)))?;
            next += found.len() as u64;
            entries.extend(found);
            iterator.next();
        }
        Ok(entries)
    }

    pub(super) fn tile(&self, level: u8, number: u64) -> Result<Option<Vec<Hash>>, StoreError> {
        let Some(bytes) = self.get(Family::Log, &tile_key(level, number))? else { return Ok(None) };
        let damaged = || StoreError::Damaged(format!("tile {number} of level {level}").into());
        tile_hashes(&bytes).map(Some).ok_or_else(damaged)
    }
}

/// A reader of a RocksDB ledger; clones share the database.
#[derive(Clone, Debug)]
pub struct RocksReader {
    pub(super) inner: Arc<Inner>,
}

impl RocksReader {
    /// Opens the log of a folder that nobody has open, for reading alone: nothing in the folder is written but the
    /// database's own journal. Of the state nothing is checked; the log has the root that is kept. Gives its size too.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; `Damaged` if the log has not the root that is kept for it.
    pub fn open(dir: &Path, options: &RocksOptions) -> Result<(Self, TreeSize), OpenError> {
        let mut inner = open_database(dir, options, true)?;
        let (_, tip) = head_of(&inner)?;
        let edge = edge_of(&inner, tip.size)?;
        frontier(&edge, tip.root())?;
        inner.edge = RwLock::new(Arc::new(edge));
        Ok((Self { inner: Arc::new(inner) }, TreeSize(tip.size)))
    }
}

impl Read for RocksReader {
    fn record(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        self.inner.record(key)
    }

    fn pre_image(&self, leaf: &Hash) -> Option<Arc<LeafRecord>> {
        self.inner.pre_images.get(leaf)
    }

    fn forget_pre_images(&self, before: u64) {
        self.inner.pre_images.forget(before);
    }

    fn len(&self) -> u64 {
        self.inner.edge().size().0
    }

    fn entry(&self, at: EntryIndex) -> Result<Option<StoredEntry>, StoreError> {
        if at.0 >= self.len() {
            return Ok(None);
        }
        let entry = self.inner.in_chunk(at, |chunk, place| Some(chunk.entries.get(place)?.to_vec()))?;
        let KeptItem { object, details } = self.inner.kept(at)?;
        Ok(Some(StoredEntry { entry, object, details }))
    }

    fn object(&self, at: EntryIndex) -> Result<Option<Vec<u8>>, StoreError> {
        if at.0 >= self.len() {
            return Ok(None);
        }
        self.inner.kept(at).map(|kept| kept.object)
    }

    fn pruned_before(&self) -> Result<EntryIndex, StoreError> {
        let before = self.inner.pruned()?.iter().map(|pruned| pruned.before).max();
        Ok(before.unwrap_or_default())
    }

    fn warm(&self, tokens: &[ObjectId]) {
        // Whoever decides on them reads them again, and says what is wrong.
        let _ = self.inner.warm(tokens);
    }

    fn leaf_hashes(&self, indexes: &[StateIndex]) -> Result<Vec<Option<Hash>>, StoreError> {
        let db = &self.inner.db;
        let keys: Vec<[u8; 8]> = indexes.iter().map(|index| index.0.to_be_bytes()).collect();
        let stored = db.batched_multi_get_cf(handle(db, Family::State), &keys, false);
        let hash = |(index, value): (&StateIndex, Result<Option<DBPinnableSlice<'_>>, _>)| {
            let value = value.map_err(|error| store_error(&error))?;
            Ok(value.and_then(|value| leaf::check_leaf(*index, &value).ok()).map(|(hash, _)| hash))
        };
        indexes.iter().zip(stored).map(hash).collect()
    }

    fn cached(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        match key {
            Key::LeafAt(_) | Key::TokenOf(_) | Key::IndexOf(_) => {
                Ok(self.inner.found(key)?.map(|(record, _)| record))
            }
            _ => self.inner.record(key),
        }
    }

    fn entries(&self, from: EntryIndex, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        self.inner.entries(from, limit)
    }

    fn event_before(&self, leaf: StateIndex, before: EntryIndex) -> Result<Option<EntryIndex>, StoreError> {
        // Who walks a history downwards stands on an event of it, and goes on from there.
        if before.0 < self.len()
            && let Some(previous) = self.inner.touch(leaf, before)?
        {
            return Ok(previous);
        }
        let mut event = self.inner.leaf(leaf)?.map(|(_, newest)| newest);
        while let Some(at) = event.filter(|at| *at >= before) {
            event = self.inner.touch(leaf, at)?.ok_or_else(|| no_entry(at))?;
        }
        Ok(event)
    }

    fn log(&self) -> &dyn Nodes {
        self
    }

    fn memory(&self) -> Vec<(&'static str, u64)> {
        let db = &self.inner.db;
        let of = |family: Family, name: &rocksdb::properties::PropName| {
            let found = db.property_int_value_cf(handle(db, family), name);
            found.ok().flatten().unwrap_or_default()
        };
        let sum = |name| Family::ALL.into_iter().map(|family| of(family, name)).sum();
        vec![
            // One cache for all families.
            ("blocks", of(Family::Meta, rocksdb::properties::BLOCK_CACHE_USAGE)),
            ("memtables", sum(rocksdb::properties::CUR_SIZE_ALL_MEM_TABLES)),
            ("tables", sum(rocksdb::properties::ESTIMATE_TABLE_READERS_MEM)),
        ]
    }
}

impl Nodes for RocksReader {
    fn size(&self) -> TreeSize {
        self.inner.edge().size()
    }

    fn node(&self, level: u32, index: u64) -> Option<Hash> {
        if let Some(node) = self.inner.edge().node(level, index) {
            return Some(node);
        }
        let (tile_level, inside) = (level / TILE_LEVELS, level % TILE_LEVELS);
        let start = index.checked_shl(inside).filter(|start| start >> inside == index)?;
        let width = u64::from(TILE_WIDTH);
        let hashes = self.inner.tile(u8::try_from(tile_level).ok()?, start / width).ok()??;
        let first = usize::try_from(start % width).ok()?;
        root_of(hashes.get(first..first + (1 << inside))?)
    }
}
