//! The reference store: everything in memory, everything readable at the newest batch.

use super::{Durable, Read, StoreError, StoredEntry};
use crate::engine::{Batch, Kept, Trees};
use crate::machine::{Key, LeafRecord, MemoryState, Record, StateKey, StateView, key};
use crate::tree::{Nodes, PagedTree};
use remit_verifier::log::{Commitment, Details};
use remit_verifier::types::{EntryIndex, Hash, ObjectId, StateIndex};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A ledger's log, state and trees in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    state: MemoryState,
    trees: Trees,
    log: PagedTree,
    entries: Vec<Vec<u8>>,
    objects: BTreeMap<EntryIndex, Vec<u8>>,
    details: BTreeMap<EntryIndex, Details>,
    applied: BTreeMap<ObjectId, EntryIndex>,
    events: BTreeMap<StateIndex, Vec<EntryIndex>>,
    commitment: Option<Commitment>,
}

impl MemoryStore {
    /// Keeps a batch; `objects` are the submissions that it was built of, in their order.
    pub fn commit(&mut self, batch: Batch, objects: &[&[u8]]) -> Durable {
        self.state.apply(&batch.delta);
        for (key, record) in batch.delta.iter() {
            if let (Key::Seen(_, id), Some(entry)) = (key, record.and_then(key::Seen::unwrap)) {
                self.applied.insert(*id, *entry);
            }
        }
        for (place, entry) in batch.entries.into_iter().enumerate() {
            let index = EntryIndex(batch.first.0 + place as u64);
            if let Some(object) = entry.input.and_then(|input| objects.get(input)) {
                self.objects.insert(index, object.to_vec());
            }
            if let Some(details) = entry.details {
                self.details.insert(index, details);
            }
            for leaf in entry.touched {
                self.events.entry(leaf).or_default().push(index);
            }
            self.log.push(entry.leaf_hash);
            self.entries.push(entry.bytes);
        }
        self.trees = batch.trees;
        self.commitment = Some(batch.commitment);
        Durable { head: batch.head }
    }

    /// The state.
    pub fn state(&self) -> &MemoryState {
        &self.state
    }

    /// The trees.
    pub fn trees(&self) -> &Trees {
        &self.trees
    }

    /// The log tree, for proofs.
    pub fn log(&self) -> &PagedTree {
        &self.log
    }

    /// The newest commitment; `None` before genesis.
    pub fn commitment(&self) -> Option<Commitment> {
        self.commitment
    }

    /// Number of entries.
    pub fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Whether there is no entry yet.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry at `index`, with what stands beside it.
    pub fn entry(&self, index: EntryIndex) -> Option<Kept<'_>> {
        let entry = self.entries.get(usize::try_from(index.0).ok()?)?;
        let object = self.objects.get(&index).map(Vec::as_slice);
        Some(Kept { entry, object, details: self.details.get(&index) })
    }

    /// The entry that applied the operation with this id, alone or in a bundle.
    pub fn entry_of(&self, id: &ObjectId) -> Option<EntryIndex> {
        self.applied.get(id).copied()
    }

    /// The newest entry below `before` that rewrote this leaf.
    pub fn event_before(&self, leaf: StateIndex, before: EntryIndex) -> Option<EntryIndex> {
        let events = self.events.get(&leaf)?;
        let below = events.partition_point(|event| *event < before);
        events.get(below.checked_sub(1)?).copied()
    }

    /// All entries in order.
    pub fn iter(&self) -> impl Iterator<Item = Kept<'_>> {
        (0..self.len()).filter_map(|index| self.entry(EntryIndex(index)))
    }
}

/// A store that has one owner is read as it stands: nothing is overwritten while somebody reads.
impl Read for MemoryStore {
    fn record(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        self.state.read(key).map_err(|never| match never {})
    }

    fn pre_image(&self, _: &Hash) -> Option<Arc<LeafRecord>> {
        None
    }

    fn forget_pre_images(&self, _: u64) {}

    fn len(&self) -> u64 {
        MemoryStore::len(self)
    }

    fn entry(&self, at: EntryIndex) -> Result<Option<StoredEntry>, StoreError> {
        Ok(MemoryStore::entry(self, at).map(|kept| StoredEntry {
            entry: kept.entry.to_vec(),
            object: kept.object.map(<[u8]>::to_vec),
            details: kept.details.cloned(),
        }))
    }

    fn entries(&self, from: EntryIndex, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let from = usize::try_from(from.0).unwrap_or(usize::MAX);
        Ok(self.entries.iter().skip(from).take(limit).cloned().collect())
    }

    fn event_before(&self, leaf: StateIndex, before: EntryIndex) -> Result<Option<EntryIndex>, StoreError> {
        Ok(MemoryStore::event_before(self, leaf, before))
    }

    fn log(&self) -> &dyn Nodes {
        &self.log
    }
}
