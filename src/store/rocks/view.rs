//! The state as the writer reads it: records of RocksDB behind a cache of decoded ones, exactly as of the last commit.

use super::cache::Cache;
use super::codec::{self, damaged};
use super::error::store_error;
use super::schema::{Family, handle};
use super::{Inner, RocksOptions};
use crate::machine::{Due, Head, Key, LeafRecord, Record, StateKey, StateView, TokenInfo, key};
use crate::store::StoreError;
use remit_verifier::types::{EntryIndex, Millis, ObjectId, Seconds, StateIndex};
use rocksdb::ReadOptions;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the writer sees. Only the store that it belongs to changes it, at a commit.
#[derive(Debug)]
pub struct RocksView {
    pub(super) inner: Arc<Inner>,
    cached: Mutex<Cached>,
}

/// A leaf record and the newest entry that rewrote it.
pub(super) type Leaf = (Arc<LeafRecord>, EntryIndex);

#[derive(Debug)]
struct Cached {
    head: Option<Head>,
    leaves: Cache<StateIndex, Leaf>,
    tokens: Cache<StateIndex, Arc<TokenInfo>>,
    indexes: Cache<ObjectId, StateIndex>,
    /// No deadline is earlier.
    due_floor: Seconds,
}

impl RocksView {
    pub(super) fn new(
        inner: Arc<Inner>,
        head: Option<Head>,
        due_floor: Seconds,
        options: &RocksOptions,
    ) -> Self {
        let cached = Cached {
            head,
            leaves: Cache::new(options.leaves_cached),
            tokens: Cache::new(options.tokens_cached),
            indexes: Cache::new(options.leaves_cached),
            due_floor,
        };
        Self { inner, cached: Mutex::new(cached) }
    }

    fn cached(&self) -> MutexGuard<'_, Cached> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The head as of the last commit.
    pub(super) fn head(&self) -> Option<Head> {
        self.cached().head.clone()
    }

    pub(super) fn due_floor(&self) -> Seconds {
        self.cached().due_floor
    }

    /// A leaf record with its newest event.
    pub(super) fn leaf(&self, index: StateIndex) -> Result<Option<Leaf>, StoreError> {
        if let Some(leaf) = self.cached().leaves.get(&index) {
            return Ok(Some(leaf));
        }
        let Some(leaf) = self.inner.leaf(index)? else { return Ok(None) };
        self.cached().leaves.put(index, leaf.clone());
        Ok(Some(leaf))
    }

    /// Takes over what a commit has made durable; `newest` is the newest event of the key's leaf.
    pub(super) fn commit(&self, key: &Key, record: Option<&Record>, newest: Option<EntryIndex>) {
        let mut cached = self.cached();
        match (key, record) {
            (Key::HeadAt(0), record) => cached.head = record.and_then(key::HeadAt::unwrap).cloned(),
            (Key::LeafAt(index), Some(Record::LeafAt(leaf))) => {
                cached.leaves.put(*index, (leaf.clone(), newest.unwrap_or_default()));
            }
            (Key::LeafAt(index), _) => cached.leaves.remove(index),
            (Key::TokenOf(index), Some(Record::TokenOf(info))) => cached.tokens.put(*index, info.clone()),
            (Key::TokenOf(index), _) => cached.tokens.remove(index),
            (Key::IndexOf(id), Some(Record::IndexOf(index))) => cached.indexes.put(*id, *index),
            (Key::IndexOf(id), _) => cached.indexes.remove(id),
            (Key::DueAt(deadline, _), Some(_)) => cached.due_floor = cached.due_floor.min(*deadline),
            _ => {}
        }
    }
}

impl StateView for RocksView {
    type Error = StoreError;

    fn read(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        match key {
            Key::HeadAt(0) => return Ok(self.head().map(Record::HeadAt)),
            Key::LeafAt(index) => {
                return Ok(self.leaf(*index)?.map(|(record, _)| Record::LeafAt(record)));
            }
            Key::TokenOf(index) => {
                if let Some(info) = self.cached().tokens.get(index) {
                    return Ok(Some(Record::TokenOf(info)));
                }
            }
            Key::IndexOf(id) => {
                if let Some(index) = self.cached().indexes.get(id) {
                    return Ok(Some(Record::IndexOf(index)));
                }
            }
            _ => {}
        }
        let record = self.inner.record(key)?;
        if record.is_some() && !matches!(key, Key::DueAt(..)) {
            self.commit(key, record.as_ref(), None);
        }
        Ok(record)
    }

    fn due(&self, now: Millis, limit: usize) -> Result<Vec<(Seconds, ObjectId, Due)>, StoreError> {
        let (floor, now) = (self.due_floor(), now.seconds());
        if floor > now || limit == 0 {
            return Ok(Vec::new());
        }
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound(codec::due_from(floor));
        let db = &self.inner.db;
        let mut iterator = db.raw_iterator_cf_opt(handle(db, Family::Times), options);
        iterator.seek(codec::due_from(floor));
        let mut due = Vec::new();
        let mut next = None;
        while let Some((bytes, value)) = iterator.item() {
            let Some(Key::DueAt(deadline, id)) = codec::key_at(Family::Times, bytes) else { break };
            next.get_or_insert(deadline);
            if deadline > now || due.len() == limit {
                break;
            }
            let key = Key::DueAt(deadline, id);
            let Ok(Record::DueAt(kind)) = codec::decode(&key, value) else { return Err(damaged(&key)) };
            due.push((deadline, id, kind));
            iterator.next();
        }
        iterator.status().map_err(|error| store_error(&error))?;
        // What lies between the old floor and the first deadline found was deleted; nobody scans it again.
        self.cached().due_floor = next.unwrap_or(Seconds(u64::MAX));
        Ok(due)
    }
}
