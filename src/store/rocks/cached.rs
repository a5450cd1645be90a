//! Decoded records in memory, exactly as of the last commit. Whoever submits or reads may fill the cache; only the
//! writer changes what is in it.

use super::cache::Cache;
use super::codec::{self, damaged};
use super::error::store_error;
use super::read::Inner;
use super::schema::handle;
use super::{RocksOptions, view};
use crate::machine::{Head, Key, Record, StateKey, TokenInfo, key};
use crate::store::StoreError;
use remit_verifier::types::{EntryIndex, ObjectId, Seconds, StateIndex};
use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard, PoisonError};

/// What is kept decoded.
#[derive(Debug)]
pub(super) struct Cached {
    pub(super) head: Option<Head>,
    leaves: Cache<StateIndex, view::Leaf>,
    tokens: Cache<StateIndex, Arc<TokenInfo>>,
    indexes: Cache<ObjectId, StateIndex>,
    /// No deadline is earlier.
    pub(super) due_floor: Seconds,
    /// Number of commits: what was read before one must not be kept after it.
    commits: u64,
}

/// A record, and of a leaf the newest entry that rewrote it.
pub(super) type Found = (Record, EntryIndex);

impl Cached {
    pub(super) fn new(options: &RocksOptions) -> Self {
        Self {
            head: None,
            leaves: Cache::new(options.leaves_cached),
            tokens: Cache::new(options.tokens_cached),
            indexes: Cache::new(options.leaves_cached),
            due_floor: Seconds(u64::MAX),
            commits: 0,
        }
    }

    /// A leaf, a token or an index.
    fn get(&mut self, key: &Key) -> Option<Found> {
        let first = EntryIndex::default();
        match key {
            Key::LeafAt(index) => self.leaves.get(index).map(|(leaf, newest)| (Record::LeafAt(leaf), newest)),
            Key::TokenOf(index) => self.tokens.get(index).map(|info| (Record::TokenOf(info), first)),
            Key::IndexOf(id) => self.indexes.get(id).map(|index| (Record::IndexOf(index), first)),
            _ => None,
        }
    }

    /// Takes over a record, or that there is none; `newest` is the newest event of the key's leaf.
    fn put(&mut self, key: &Key, record: Option<&Record>, newest: EntryIndex) {
        match (key, record) {
            (Key::HeadAt(0), record) => self.head = record.and_then(key::HeadAt::unwrap).cloned(),
            (Key::LeafAt(index), Some(Record::LeafAt(leaf))) => {
                self.leaves.put(*index, (leaf.clone(), newest));
            }
            (Key::LeafAt(index), _) => self.leaves.remove(index),
            (Key::TokenOf(index), Some(Record::TokenOf(info))) => self.tokens.put(*index, info.clone()),
            (Key::TokenOf(index), _) => self.tokens.remove(index),
            (Key::IndexOf(id), Some(Record::IndexOf(index))) => self.indexes.put(*id, *index),
            (Key::IndexOf(id), _) => self.indexes.remove(id),
            (Key::DueAt(deadline, _), Some(_)) => self.due_floor = self.due_floor.min(*deadline),
            _ => {}
        }
    }

    /// Takes over what was read when there had been so many commits, unless there have been more since.
    fn keep<'k>(&mut self, commits: u64, read: impl Iterator<Item = (&'k Key, &'k Option<Found>)>) {
        if self.commits == commits {
            for (key, found) in read {
                if let Some((record, newest)) = found {
                    self.put(key, Some(record), *newest);
                }
            }
        }
    }

    /// Takes over what a commit has made durable: keys, records, and the newest event of leaves.
    pub(super) fn commit<'b>(
        &mut self,
        changes: impl Iterator<Item = (&'b Key, Option<&'b Record>, Option<EntryIndex>)>,
    ) {
        self.commits += 1;
        for (key, record, newest) in changes {
            self.put(key, record, newest.unwrap_or_default());
        }
    }
}

impl Inner {
    pub(super) fn cached(&self) -> MutexGuard<'_, Cached> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that are kept decoded, of one family: out of the cache, or read into it. In any thread; what a commit
    /// overtakes is not kept.
    pub(super) fn through_cache(&self, keys: &[Key]) -> Result<Vec<Option<Found>>, StoreError> {
        let (mut found, commits): (Vec<_>, _) = {
            let mut cached = self.cached();
            (keys.iter().map(|key| cached.get(key)).collect(), cached.commits)
        };
        let missing: Vec<usize> = (0..keys.len()).filter(|at| found[*at].is_none()).collect();
        let Some(first) = missing.first() else { return Ok(found) };
        if let [only] = missing[..] {
            let (family, place) = codec::place(&keys[only]);
            if let Some(bytes) = self.get(family, &place)? {
                found[only] = Some(decode(&keys[only], &bytes)?);
            }
        } else {
            let (family, _) = codec::place(&keys[*first]);
            let places: Vec<_> = missing.iter().map(|at| codec::place(&keys[*at]).1).collect();
            let all = self.db.batched_multi_get_cf(handle(&self.db, family), &places, false);
            for (at, bytes) in missing.iter().zip(all) {
                if let Some(bytes) = bytes.map_err(|error| store_error(&error))? {
                    found[*at] = Some(decode(&keys[*at], &bytes)?);
                }
            }
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

fn decode(key: &Key, bytes: &[u8]) -> Result<Found, StoreError> {
    let found = match key {
        Key::LeafAt(_) => {
            codec::decode_leaf(bytes).map(|(leaf, newest)| (Record::LeafAt(Arc::new(leaf)), newest))
        }
        _ => codec::decode(key, bytes).map(|record| (record, EntryIndex::default())),
    };
    found.map_err(|_| damaged(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_commit_is_not_kept_after_it() {
        let mut cached = Cached::new(&RocksOptions::default());
        let (key, old, new) = (Key::IndexOf(ObjectId([7; 32])), StateIndex(1), StateIndex(2));
        let read = Some((Record::IndexOf(old), EntryIndex::default()));
        cached.keep(cached.commits, [(&key, &read)].into_iter());
        assert_eq!(cached.get(&key), read);
        let before = cached.commits;
        cached.commit([(&key, Some(&Record::IndexOf(new)), None)].into_iter());
        cached.keep(before, [(&key, &read)].into_iter());
        assert_eq!(cached.get(&key), Some((Record::IndexOf(new), EntryIndex::default())));
        cached.commit([(&key, None, None)].into_iter());
        cached.keep(before, [(&key, &read)].into_iter());
        assert_eq!(cached.get(&key), None);
    }
}
