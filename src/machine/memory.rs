//! A state in memory: of ledgers without a disk, and of whoever replays a log.

use super::delta::Delta;
use super::view::{Due, Key, Record, StateKey, StateView, key};
use remit_verifier::types::{Millis, ObjectId, Seconds, StateIndex};
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

/// The state in memory. It can be cloned and compared.
///
/// Leaves and tokens stand at their indexes, which the rules give out without a gap. Of the rest only deadlines have an
/// order that matters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryState {
    leaves: Vec<Option<Record>>,
    tokens: Vec<Option<Record>>,
    due: BTreeMap<Key, Record>,
    others: HashMap<Key, Record>,
}

impl MemoryState {
    /// Makes every change of `delta`.
    pub fn apply(&mut self, delta: &Delta) {
        delta.iter().for_each(|(key, record)| self.set(key, record));
    }

    /// Puts the record of a key, or deletes it.
    pub fn set(&mut self, key: &Key, record: Option<&Record>) {
        match (key, record) {
            (Key::LeafAt(index), record) => put(&mut self.leaves, *index, record),
            (Key::TokenOf(index), record) => put(&mut self.tokens, *index, record),
            (Key::DueAt(..), Some(record)) => drop(self.due.insert(key.clone(), record.clone())),
            (Key::DueAt(..), None) => drop(self.due.remove(key)),
            (_, Some(record)) => drop(self.others.insert(key.clone(), record.clone())),
            (_, None) => drop(self.others.remove(key)),
        }
    }

    /// The record of a typed key.
    pub fn get<K: StateKey>(&self, key: &K) -> Option<&K::Record> {
        self.record(&key.key()).and_then(K::unwrap)
    }

    /// All records, in order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &Record)> {
        let mut all: Vec<_> =
            dense(&self.leaves, Key::LeafAt).chain(dense(&self.tokens, Key::TokenOf)).collect();
        all.extend(self.due.iter().chain(&self.others).map(|(key, record)| (key.clone(), record)));
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all.into_iter()
    }

    fn record(&self, key: &Key) -> Option<&Record> {
        match key {
            Key::LeafAt(index) => self.leaves.get(place(*index))?.as_ref(),
            Key::TokenOf(index) => self.tokens.get(place(*index))?.as_ref(),
            Key::DueAt(..) => self.due.get(key),
            _ => self.others.get(key),
        }
    }
}

/// The place of a leaf in memory, which there is less of than there are indexes.
fn place(index: StateIndex) -> usize {
    usize::try_from(index.0).unwrap_or(usize::MAX)
}

/// The records that there are, with their keys.
fn dense(records: &[Option<Record>], key: fn(StateIndex) -> Key) -> impl Iterator<Item = (Key, &Record)> {
    let indexed = (0..).map(StateIndex).zip(records);
    indexed.filter_map(move |(index, record)| Some((key(index), record.as_ref()?)))
}

fn put(records: &mut Vec<Option<Record>>, index: StateIndex, record: Option<&Record>) {
    let place = place(index);
    if records.len() <= place {
        records.resize(place + 1, None);
    }
    records[place] = record.cloned();
}

impl StateView for MemoryState {
    type Error = Infallible;

    fn read(&self, key: &Key) -> Result<Option<Record>, Infallible> {
        Ok(self.record(key).cloned())
    }

    fn due(&self, now: Millis, limit: usize) -> Result<Vec<(Seconds, ObjectId, Due)>, Infallible> {
        let from = Key::DueAt(Seconds(0), ObjectId::default());
        let to = Key::DueAt(now.seconds(), ObjectId([0xff; 32]));
        let due = self.due.range(from..=to).filter_map(|(key, record)| match key {
            Key::DueAt(deadline, id) => key::DueAt::unwrap(record).map(|due| (*deadline, *id, *due)),
            _ => None,
        });
        Ok(due.take(limit).collect())
    }
}
