//! The reference store for one writer and many readers, with the faults of a real device on demand.

use super::memory::MemoryStore;
use super::{Durable, PreImages, Read, Store, StoreError, StoredEntry, encode_leaf};
use crate::engine::{Batch, Trees};
use crate::machine::{Due, Key, LeafRecord, Record, StateKey, StateView, key};
use crate::tree::{Nodes, PagedTree};
use remit_verifier::log::Commitment;
use remit_verifier::types::{EntryIndex, Hash, Millis, ObjectId, Seconds, StateIndex, TreeSize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

/// What goes wrong with the next commit, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The device has no room.
    Full,
    /// The write fails and nothing is kept.
    Write,
    /// The sync fails, yet everything was kept: the outcome is unknown to the writer.
    SyncButKept,
    /// A bit of the first new entry flips between hashing and storing.
    FlipEntry,
    /// A bit of the first changed leaf record flips between hashing and storing.
    FlipLeaf,
}

/// A store in memory that is shared with its readers; clones are the same store, so one that is kept apart is what a
/// crash leaves.
#[derive(Clone, Debug, Default)]
pub struct SharedMemory {
    inner: Arc<Inner>,
    /// The trees of the writer.
    trees: Trees,
}

#[derive(Debug, Default)]
struct Inner {
    kept: RwLock<MemoryStore>,
    pre_images: PreImages,
    fault: Mutex<Option<Fault>>,
}

impl SharedMemory {
    /// A store that holds what `kept` holds.
    pub fn new(kept: MemoryStore) -> Self {
        let trees = kept.trees().clone();
        Self { inner: Arc::new(Inner { kept: RwLock::new(kept), ..Inner::default() }), trees }
    }

    /// Opens what a crash left, as a store on a device does: the state tree is built again from the records, and must
    /// be what the last commitment states.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] names the first record that is not the one in the tree.
    pub fn open(kept: MemoryStore) -> Result<Self, StoreError> {
        let mut leaves = Vec::new();
        for (key, record) in kept.state().iter() {
            let (Key::LeafAt(index), Some(record)) = (key, key::LeafAt::unwrap(record)) else { continue };
            let damaged = || StoreError::Damaged(format!("leaf {index}").into());
            let (_, hash) = encode_leaf(record).ok_or_else(damaged)?;
            leaves.push((index, hash));
        }
        let mut tree = PagedTree::new();
        let root = tree.apply(&leaves).map_err(|error| StoreError::Damaged(error.to_string().into()))?;
        match kept.commitment() {
            Some(commitment) if (commitment.state_size, commitment.state_root) != (tree.size(), root) => {
                Err(StoreError::Damaged("the state is not what the last commitment states".into()))
            }
            _ => Ok(Self::new(kept)),
        }
    }

    /// Makes the next commit go wrong.
    pub fn fail_next(&self, fault: Fault) {
        *self.fault() = Some(fault);
    }

    /// Whether a fault is still to come.
    pub fn has_fault(&self) -> bool {
        self.fault().is_some()
    }

    /// A copy of everything that is kept.
    pub fn kept(&self) -> MemoryStore {
        self.read().clone()
    }

    /// Looks at everything that is kept, where it stands; nothing is committed meanwhile.
    pub fn look<T>(&self, with: impl FnOnce(&MemoryStore) -> T) -> T {
        with(&self.read())
    }

    /// Pre-images that are kept for readers.
    pub fn pre_images(&self) -> &PreImages {
        &self.inner.pre_images
    }

    fn read(&self) -> RwLockReadGuard<'_, MemoryStore> {
        self.inner.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault(&self) -> MutexGuard<'_, Option<Fault>> {
        self.inner.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The records that `batch` overwrites, by leaf hash.
    fn overwritten(&self, batch: &Batch) -> std::collections::HashMap<Hash, Arc<LeafRecord>> {
        let kept = self.read();
        let old = batch.leaves.iter().filter_map(|(index, _)| {
            let record = kept.state().get(&key::LeafAt(*index))?;
            Some((kept.trees().state.get(*index)?, record.clone()))
        });
        old.collect()
    }
}

impl StateView for SharedMemory {
    type Error = StoreError;

    fn read(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        Ok(SharedMemory::read(self).state().read(key).unwrap_or_else(|never| match never {}))
    }

    fn due(&self, now: Millis, limit: usize) -> Result<Vec<(Seconds, ObjectId, Due)>, StoreError> {
        Ok(SharedMemory::read(self).state().due(now, limit).unwrap_or_else(|never| match never {}))
    }
}

impl Store for SharedMemory {
    type View = Self;

    fn view(&self) -> &Self {
        self
    }

    fn trees(&self) -> &Trees {
        &self.trees
    }

    fn commitment(&self) -> Option<Commitment> {
        SharedMemory::read(self).commitment()
    }

    fn commit(&mut self, mut batch: Batch, objects: &[&[u8]]) -> Result<Durable, StoreError> {
        let fault = self.fault().take();
        match fault {
            Some(Fault::Full) => return Err(StoreError::Full),
            Some(Fault::Write) => return Err(StoreError::Device("write".into())),
            Some(Fault::FlipEntry) => flip_entry(&mut batch),
            Some(Fault::FlipLeaf) => flip_leaf(&mut batch),
            Some(Fault::SyncButKept) | None => {}
        }
        self.inner.pre_images.keep(batch.first.0, self.overwritten(&batch));
        self.trees = batch.trees.clone();
        let durable = self.inner.kept.write().unwrap_or_else(PoisonError::into_inner).commit(batch, objects);
        match fault {
            Some(Fault::SyncButKept) => Err(StoreError::Device("sync".into())),
            _ => Ok(durable),
        }
    }

    fn reader(&self) -> Arc<dyn Read> {
        Arc::new(self.clone())
    }
}

fn flip_entry(batch: &mut Batch) {
    if let Some(byte) = batch.entries.first_mut().and_then(|entry| entry.bytes.last_mut()) {
        *byte ^= 1;
    }
}

fn flip_leaf(batch: &mut Batch) {
    let Some((index, _)) = batch.leaves.first() else { return };
    let place = key::LeafAt(*index);
    let Some(record) = batch.delta.get(&place.key()).flatten().and_then(key::LeafAt::unwrap) else { return };
    let mut record = record.clone();
    Arc::make_mut(&mut record).leaf.history.0[0] ^= 1;
    batch.delta.set(place.key(), Some(key::LeafAt::wrap(record)));
}

impl Read for SharedMemory {
    fn record(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        StateView::read(self, key)
    }

    fn pre_image(&self, leaf: &Hash) -> Option<Arc<LeafRecord>> {
        self.inner.pre_images.get(leaf)
    }

    fn forget_pre_images(&self, before: u64) {
        self.inner.pre_images.forget(before);
    }

    fn len(&self) -> u64 {
        SharedMemory::read(self).len()
    }

    fn entry(&self, at: EntryIndex) -> Result<Option<StoredEntry>, StoreError> {
        Read::entry(&*SharedMemory::read(self), at)
    }

    fn entries(&self, from: EntryIndex, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        SharedMemory::read(self).entries(from, limit)
    }

    fn event_before(&self, leaf: StateIndex, before: EntryIndex) -> Result<Option<EntryIndex>, StoreError> {
        Read::event_before(&*SharedMemory::read(self), leaf, before)
    }

    fn log(&self) -> &dyn Nodes {
        self
    }
}

impl Nodes for SharedMemory {
    fn size(&self) -> TreeSize {
        SharedMemory::read(self).log().size()
    }

    fn node(&self, level: u32, index: u64) -> Option<Hash> {
        SharedMemory::read(self).log().node(level, index)
    }
}
