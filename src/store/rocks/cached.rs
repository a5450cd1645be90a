//! Decoded records in memory, exactly as of the last commit. Whoever submits or reads may fill the cache; only the
//! writer changes what is in it.

use super::RocksOptions;
use super::cache::Cache;
use crate::machine::{Head, Key, LeafRecord, Record, StateKey, TokenInfo, key};
use remit_verifier::types::{EntryIndex, ObjectId, Seconds, StateIndex};
use std::sync::Arc;

/// A leaf record and the newest entry that rewrote it.
pub(super) type Leaf = (Arc<LeafRecord>, EntryIndex);

/// What is kept decoded.
#[derive(Debug)]
pub(super) struct Cached {
    pub(super) head: Option<Head>,
    leaves: Cache<StateIndex, Leaf>,
    tokens: Cache<StateIndex, Arc<TokenInfo>>,
    indexes: Cache<ObjectId, StateIndex>,
    /// No deadline is earlier.
    pub(super) due_floor: Seconds,
    /// Number of commits: what was read before one must not be kept after it.
    pub(super) commits: u64,
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
    pub(super) fn get(&mut self, key: &Key) -> Option<Found> {
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
    pub(super) fn keep<'k>(
        &mut self,
        commits: u64,
        read: impl Iterator<Item = (&'k Key, &'k Option<Found>)>,
    ) {
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
