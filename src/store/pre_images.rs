//! Records that were overwritten while somebody may still prove under the version before (spec 07 §7).

use crate::machine::LeafRecord;
use remit_verifier::types::Hash;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

/// The pre-images of the batches since the oldest version that is alive, by leaf hash.
#[derive(Debug, Default)]
pub struct PreImages {
    batches: RwLock<VecDeque<Overwritten>>,
}

/// What one batch overwrote.
#[derive(Debug)]
struct Overwritten {
    /// Size of the log before the batch: versions of that size and older need these records.
    size: u64,
    records: HashMap<Hash, Arc<LeafRecord>>,
}

impl PreImages {
    /// Keeps what the batch on top of a log of `size` entries overwrites; call it before the batch can be read.
    pub fn keep(&self, size: u64, records: HashMap<Hash, Arc<LeafRecord>>) {
        let mut batches = self.batches.write().unwrap_or_else(PoisonError::into_inner);
        batches.push_back(Overwritten { size, records });
    }

    /// The record of the leaf with this hash.
    pub fn get(&self, leaf: &Hash) -> Option<Arc<LeafRecord>> {
        let batches = self.batches.read().unwrap_or_else(PoisonError::into_inner);
        batches.iter().rev().find_map(|batch| batch.records.get(leaf).cloned())
    }

    /// Forgets what only versions below log size `before` need.
    pub fn forget(&self, before: u64) {
        let mut batches = self.batches.write().unwrap_or_else(PoisonError::into_inner);
        while batches.front().is_some_and(|batch| batch.size < before) {
            batches.pop_front();
        }
    }

    /// Number of records that are kept.
    pub fn len(&self) -> usize {
        let batches = self.batches.read().unwrap_or_else(PoisonError::into_inner);
        batches.iter().map(|batch| batch.records.len()).sum()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
