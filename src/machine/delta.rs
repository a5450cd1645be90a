//! What an admission changes, and a view that shows it over another view.

use super::view::{Due, Key, Record, StateView, key};
use remit_verifier::types::{Millis, ObjectId, Seconds};
use std::collections::BTreeMap;

/// Every put and delete of one or more admissions: total, so that a store derives nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    changes: BTreeMap<Key, Option<Record>>,
}

impl Delta {
    /// Sets the record of `key`, or deletes it.
    pub fn set(&mut self, key: Key, record: Option<Record>) {
        self.changes.insert(key, record);
    }

    /// What this delta says of `key`: nothing, deleted, or a record.
    pub fn get(&self, key: &Key) -> Option<Option<&Record>> {
        self.changes.get(key).map(Option::as_ref)
    }

    /// The record that this delta sets for `key`, to be changed in place.
    pub fn get_mut(&mut self, key: &Key) -> Option<&mut Record> {
        self.changes.get_mut(key)?.as_mut()
    }

    /// All changes in order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, Option<&Record>)> {
        self.changes.iter().map(|(key, record)| (key, record.as_ref()))
    }

    /// Lays `later` over this delta.
    pub fn extend(&mut self, later: Delta) {
        self.changes.extend(later.changes);
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// A view with a delta over it: the only way in which states are composed.
#[derive(Debug)]
pub struct Overlay<'v, V> {
    view: &'v V,
    /// What is changed so far.
    pub delta: Delta,
}

impl<'v, V> Overlay<'v, V> {
    /// Nothing changed yet.
    pub fn new(view: &'v V) -> Self {
        Self { view, delta: Delta::default() }
    }
}

impl<V: StateView> StateView for Overlay<'_, V> {
    type Error = V::Error;

    fn read(&self, key: &Key) -> Result<Option<Record>, V::Error> {
        match self.delta.get(key) {
            Some(record) => Ok(record.cloned()),
            None => self.view.read(key),
        }
    }

    fn due(&self, now: Millis, limit: usize) -> Result<Vec<(Seconds, ObjectId, Due)>, V::Error> {
        let floor = Key::DueAt(Seconds(0), ObjectId::default());
        let ceiling = Key::DueAt(now.seconds(), ObjectId([0xff; 32]));
        let changed = || self.delta.changes.range(floor.clone()..=ceiling.clone());
        // Each change hides at most one record of the view, so this many more are enough.
        let below = self.view.due(now, limit.saturating_add(changed().count()))?;
        let hidden = |deadline: Seconds, id: ObjectId| self.delta.get(&Key::DueAt(deadline, id)).is_some();
        let mut all: Vec<_> = below.into_iter().filter(|(deadline, id, _)| !hidden(*deadline, *id)).collect();
        for (key, record) in changed() {
            if let (Key::DueAt(deadline, id), Some(record)) = (key, record)
                && let Some(due) = <key::DueAt as super::view::StateKey>::unwrap(record)
            {
                all.push((*deadline, *id, *due));
            }
        }
        all.sort_by_key(|(deadline, id, _)| (*deadline, *id));
        all.truncate(limit);
        Ok(all)
    }
}
