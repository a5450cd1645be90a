//! Where batches are kept. A store derives nothing: it puts and deletes what a delta says, and appends entries.
//!
//! [`MemoryStore`] is the reference for one owner, [`SharedMemory`] for many readers, with faults on demand.

mod item;
mod memory;
mod pre_images;
#[cfg(feature = "server")]
pub mod rocks;
mod shared;

pub use item::{decode_items, write_details};
pub use memory::MemoryStore;
pub use pre_images::PreImages;
#[cfg(feature = "server")]
pub use rocks::RocksStore;
pub use shared::{Fault, SharedMemory};

pub use crate::engine::StoredEntry;

use crate::engine::{Batch, Trees};
use crate::machine::{Key, LeafRecord, Record, StateKey, StateView, key};
use crate::tree::Nodes;
use remit_verifier::hash::leaf_hash;
use remit_verifier::log::Commitment;
use remit_verifier::merkle::TreeHead;
use remit_verifier::types::{EntryIndex, Hash, ObjectId, StateIndex};
use std::fmt;
use std::sync::Arc;

/// A batch that the store has made its own, synced: only such a one may be answered and signed. Only a store makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Durable {
    head: TreeHead,
}

impl Durable {
    /// The log after the batch.
    pub fn head(&self) -> TreeHead {
        self.head
    }
}

/// Why a store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// There is no room: nothing was written, and nothing can be until there is. The ledger goes on reading.
    Full,
    /// The device or the library failed. After a commit it is not known whether the batch is kept: stop, and reopen.
    Device(Arc<str>),
    /// What is kept contradicts itself: which record or entry.
    Damaged(Arc<str>),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("no room to write"),
            Self::Device(what) => write!(f, "the store failed: {what}"),
            Self::Damaged(what) => write!(f, "what is kept contradicts itself: {what}"),
        }
    }
}

impl std::error::Error for StoreError {}

/// The writer's side of a store. It has one owner, who commits one batch after the other.
pub trait Store: Send + 'static {
    /// The state as of the last commit, as the rules read it.
    type View: StateView<Error = StoreError>;

    /// The state as of the last commit.
    fn view(&self) -> &Self::View;

    /// The trees as of the last commit.
    fn trees(&self) -> &Trees;

    /// The newest commitment; `None` before genesis.
    fn commitment(&self) -> Option<Commitment>;

    /// Keeps a batch as a whole or not at all, and syncs it before it returns; `objects` are the submissions that it
    /// was built of, by the places that its entries name.
    ///
    /// Records that it overwrites are kept as pre-images first ([`Read::pre_image`]).
    ///
    /// # Errors
    ///
    /// `Full` if nothing was written; `Device` if the outcome is unknown: the owner must not use the store again.
    fn commit(&mut self, batch: Batch, objects: &[&[u8]]) -> Result<Durable, StoreError>;

    /// A handle for readers in other threads.
    fn reader(&self) -> Arc<dyn Read>;
}

/// The bytes of a record's leaf, and their hash in the state tree; `None` if what only the ledger keeps of it is not
/// what the leaf commits to.
pub fn encode_leaf(record: &LeafRecord) -> Option<(Vec<u8>, Hash)> {
    let values = record.private.as_ref().map(|private| private.values.digest(&private.secret));
    if values != record.leaf.token().map(|token| token.values) {
        return None;
    }
    let bytes = record.leaf.encode();
    let hash = leaf_hash(&bytes);
    Some((bytes, hash))
}

/// The readers' side of a store: whatever is committed, at once and from any thread. What is append-only is bounded by
/// the reader to the size that he proves for; a state leaf is checked against the tree of his version.
pub trait Read: Send + Sync + 'static {
    /// The record of a key as of the newest commit.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn record(&self, key: &Key) -> Result<Option<Record>, StoreError>;

    /// The record of the leaf with this hash, if it was overwritten since the oldest version that is alive.
    fn pre_image(&self, leaf: &Hash) -> Option<Arc<LeafRecord>>;

    /// Forgets pre-images that no version at this log size or later needs.
    fn forget_pre_images(&self, before: u64);

    /// Number of entries that are kept.
    fn len(&self) -> u64;

    /// Whether there is no entry yet.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry at this index.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn entry(&self, at: EntryIndex) -> Result<Option<StoredEntry>, StoreError>;

    /// The submission that the entry at this index applied; `None` if nobody submitted one, or it is not kept.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn object(&self, at: EntryIndex) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.entry(at)?.and_then(|kept| kept.object))
    }

    /// Of entries below this one, what stood beside them may have been pruned; of all others it is kept.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn pruned_before(&self) -> Result<EntryIndex, StoreError> {
        Ok(EntryIndex(0))
    }

    /// Whoever submits operations on these tokens has the time that the writer has not: what the rules will read of
    /// them is read now, so that the writer finds it. Only a hint; errors are left to the writer.
    fn warm(&self, tokens: &[ObjectId]) {
        let _ = tokens;
    }

    /// As `record`, but perhaps out of memory: for those who check it against the tree, or show it. What is about to be
    /// signed is read with `record`, where it is stored.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn cached(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        self.record(key)
    }

    /// The hashes of the records that are stored for these leaves, computed anew from what is stored and never out of
    /// memory; `None` for a record that is missing, or whose private part is not what its leaf commits to.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn leaf_hashes(&self, indexes: &[StateIndex]) -> Result<Vec<Option<Hash>>, StoreError> {
        let hash = |index: &StateIndex| {
            let record = self.record(&key::LeafAt(*index).key())?;
            let record = record.as_ref().and_then(key::LeafAt::unwrap);
            Ok(record.and_then(|record| encode_leaf(record)).map(|(_, hash)| hash))
        };
        indexes.iter().map(hash).collect()
    }

    /// The entries from this index on, as many as `limit`, without what stands beside them: the bytes alone.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn entries(&self, from: EntryIndex, limit: usize) -> Result<Vec<Vec<u8>>, StoreError>;

    /// The newest entry below `before` that rewrote this leaf; follow it downwards for the leaf's history.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn event_before(&self, leaf: StateIndex, before: EntryIndex) -> Result<Option<EntryIndex>, StoreError>;

    /// The log tree: complete nodes at least up to the newest commit. A node that cannot be read is `None`.
    fn log(&self) -> &dyn Nodes;

    /// What the store holds in memory, in bytes by part, each name fit for a label; empty if it does not count.
    fn memory(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }
}
