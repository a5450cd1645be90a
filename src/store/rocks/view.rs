//! The state as the writer reads it: records of RocksDB behind a cache of decoded ones, exactly as of the last commit.

use super::Inner;
use super::codec::{self, damaged};
use super::error::store_error;
use super::schema::{Family, handle};
use crate::machine::{Due, Head, Key, LeafRecord, Record, StateView};
use crate::store::StoreError;
use remit_verifier::types::{EntryIndex, Millis, ObjectId, Seconds, StateIndex};
use rocksdb::ReadOptions;
use std::sync::Arc;

/// What the writer sees. Only the store that it belongs to changes it, at a commit.
#[derive(Debug)]
pub struct RocksView {
    pub(super) inner: Arc<Inner>,
}

/// A leaf record and the newest entry that rewrote it.
pub(super) type Leaf = (Arc<LeafRecord>, EntryIndex);

impl RocksView {
    pub(super) fn new(inner: Arc<Inner>, head: Option<Head>, due_floor: Seconds) -> Self {
        let mut cached = inner.cached();
        (cached.head, cached.due_floor) = (head, due_floor);
        drop(cached);
        Self { inner }
    }

    /// The head as of the last commit.
    pub(super) fn head(&self) -> Option<Head> {
        self.inner.cached().head.clone()
    }

    pub(super) fn due_floor(&self) -> Seconds {
        self.inner.cached().due_floor
    }

    /// A leaf record with its newest event.
    pub(super) fn leaf(&self, index: StateIndex) -> Result<Option<Leaf>, StoreError> {
        match self.inner.found(&Key::LeafAt(index))? {
            Some((Record::LeafAt(leaf), newest)) => Ok(Some((leaf, newest))),
            _ => Ok(None),
        }
    }
}

impl StateView for RocksView {
    type Error = StoreError;

    fn read(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        match key {
            Key::HeadAt(0) => Ok(self.head().map(Record::HeadAt)),
            Key::LeafAt(_) | Key::TokenOf(_) | Key::IndexOf(_) => {
                Ok(self.inner.found(key)?.map(|(record, _)| record))
            }
            _ => self.inner.record(key),
        }
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
        self.inner.cached().due_floor = next.unwrap_or(Seconds(u64::MAX));
        Ok(due)
    }
}
