//! The three trees after a batch: the log's right edge, the state tree, the status tree.

use crate::tree::{Frontier, PagedTree};
use remit_verifier::hash::leaf_hash;
use remit_verifier::limits::{STATUS_CHUNK_BYTES, STATUS_CHUNK_INDEXES};
use remit_verifier::merkle::LeafIndex;
use remit_verifier::state::{Status, chunk_of, status_chunk, status_leaf};
use remit_verifier::types::{Hash, StateIndex};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The trees as of one batch. A clone is a version: it costs little and never changes.
#[derive(Clone, Debug, Default)]
pub struct Trees {
    /// The log tree's right edge: enough to append.
    pub log: Frontier,
    /// The state tree.
    pub state: PagedTree,
    /// The status tree.
    pub status: StatusTree,
}

/// The status tree with the bits that it is over (spec 06 §6).
#[derive(Clone, Debug, Default)]
pub struct StatusTree {
    chunks: Vec<Arc<[u8; STATUS_CHUNK_BYTES]>>,
    tree: PagedTree,
}

/// Position of a chunk in the status tree.
#[derive(Clone, Copy)]
struct ChunkNumber(u64);

impl LeafIndex for ChunkNumber {
    fn position(self) -> u64 {
        self.0
    }
}

impl StatusTree {
    /// Root of the tree.
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// Bytes of chunks and tree of this version alone, without what an allocator adds.
    pub fn bytes(&self) -> u64 {
        let chunk = size_of::<Arc<()>>() + 2 * size_of::<usize>() + STATUS_CHUNK_BYTES;
        (self.chunks.len() * chunk) as u64 + self.tree.bytes()
    }

    /// The bits of chunk `number`.
    pub fn chunk(&self, number: u64) -> Option<&[u8; STATUS_CHUNK_BYTES]> {
        self.chunks.get(usize::try_from(number).ok()?).map(AsRef::as_ref)
    }

    /// The tree, for proofs.
    pub fn tree(&self) -> &PagedTree {
        &self.tree
    }

    /// Leaves whose status is another than in `before`, an earlier version of this tree, in order, with what it is now.
    /// Chunks that both share cost nothing.
    pub fn changes_since<'t>(&'t self, before: &'t Self) -> impl Iterator<Item = (StateIndex, Status)> + 't {
        let chunks = self.chunks.iter().enumerate().map(|(number, chunk)| {
            let old = before.chunks.get(number);
            (number as u64, chunk, old.filter(|old| !Arc::ptr_eq(old, chunk)), old.is_none())
        });
        chunks.filter(|(_, _, old, new)| *new || old.is_some()).flat_map(|(number, chunk, old, _)| {
            let unlike = move |at: &usize| chunk[*at] != old.map_or(0, |old| old[*at]);
            (0..STATUS_CHUNK_BYTES).filter(unlike).flat_map(move |at| {
                let first = number * STATUS_CHUNK_INDEXES + at as u64 * 4;
                let read = move |index| {
                    let was = old.map_or(Status::Live, |old| Status::read(old, index));
                    let is = Status::read(chunk, index);
                    (is != was).then_some((index, is))
                };
                (first..first + 4).filter_map(move |index| read(StateIndex(index)))
            })
        })
    }

    /// Sets the status of leaves, in any order.
    pub fn set(&mut self, changes: impl IntoIterator<Item = (StateIndex, Status)>) {
        let mut touched = BTreeSet::new();
        for (index, status) in changes {
            let number = chunk_of(index);
            let place = usize::try_from(number).expect("a state tree in memory has few chunks");
            if self.chunks.len() <= place {
                self.chunks.resize_with(place + 1, || Arc::new(status_chunk()));
            }
            let chunk = &mut self.chunks[place];
            if Status::read(chunk, index) != status || self.tree.get(ChunkNumber(number)).is_none() {
                status.write(Arc::make_mut(chunk), index);
                touched.insert(number);
            }
        }
        let leaf = |number: u64| leaf_hash(&status_leaf(number, &self.chunks[number as usize]));
        let changes: Vec<_> = touched.into_iter().map(|number| (ChunkNumber(number), leaf(number))).collect();
        self.tree.apply(&changes).expect("chunks are appended without a gap");
    }
}
