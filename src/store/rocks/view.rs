//! The state as the writer reads it: records of RocksDB behind a cache of decoded ones, exactly as of the last commit.

use super::cached::{Cached, Found, Leaf};
use super::codec::{self, damaged};
use super::error::store_error;
use super::read::Inner;
use super::schema::{Family, handle};
use crate::machine::{Due, Head, Key, Record, StateKey, StateView, key};
use crate::store::StoreError;
use remit_verifier::types::{EntryIndex, Millis, ObjectId, Seconds, StateIndex};
use rocksdb::ReadOptions;
use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard, PoisonError};

/// What the writer sees. Only the store that it belongs to changes it, at a commit.
#[derive(Debug)]
pub struct RocksView {
    pub(super) inner: Arc<Inner>,
}

impl Inner {
    pub(super) fn cached(&self) -> MutexGuard<'_, Cached> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that are kept decoded: out of the cache, or read into it. In any thread; what a commit
    /// overtakes is not kept.
    pub(super) fn through_cache(&self, keys: &[Key]) -> Result<Vec<Option<Found>>, StoreError> {
        let (mut found, commits): (Vec<_>, _) = {
            let mut cached = self.cached();
            (keys.iter().map(|key| cached.get(key)).collect(), cached.commits)
        };
        let missing: Vec<usize> = (0..keys.len()).filter(|at| found[*at].is_none()).collect();
        for at in &missing {
            found[*at] = match &keys[*at] {
                Key::LeafAt(index) => self.leaf(*index)?.map(|(leaf, newest)| (Record::LeafAt(leaf), newest)),
                key => self.record(key)?.map(|record| (record, EntryIndex::default())),
            };
        }
        self.cached().keep(commits, missing.into_iter().map(|at| (&keys[at], &found[at])));
        Ok(found)
    }

    /// One record that is kept decoded, as [`Self::through_cache`] finds it.
    pub(super) fn found(&self, key: &Key) -> Result<Option<Found>, StoreError> {
        let found = self.cached().get(key);
        if found.is_some() {
            return Ok(found);
        }
        Ok(self.through_cache(std::slice::from_ref(key))?.pop().flatten())
    }

    /// Reads what the rules read of tokens: where they are, what they are, their leaves, and the same of those above.
    pub(super) fn warm(&self, tokens: &[ObjectId]) -> Result<(), StoreError> {
        let ids: BTreeSet<ObjectId> = tokens.iter().copied().collect();
        let keys: Vec<Key> = ids.into_iter().map(Key::IndexOf).collect();
        let found = self.through_cache(&keys)?.into_iter().flatten();
        let mut indexes: BTreeSet<StateIndex> =
            found.filter_map(|(record, _)| key::IndexOf::take(record)).collect();
        let keys: Vec<Key> = indexes.iter().copied().map(Key::TokenOf).collect();
        let found = self.through_cache(&keys)?.into_iter().flatten();
        let infos = found.filter_map(|(record, _)| key::TokenOf::take(record));
        let above: BTreeSet<StateIndex> = infos.flat_map(|info| info.ancestors.clone()).collect();
        let keys: Vec<Key> = above.difference(&indexes).copied().map(Key::TokenOf).collect();
        self.through_cache(&keys)?;
        indexes.extend(above);
        let keys: Vec<Key> = indexes.into_iter().map(Key::LeafAt).collect();
        self.through_cache(&keys).map(|_| ())
    }
}

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
