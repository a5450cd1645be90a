//! The right edge of an append-only tree: enough to append and to know the root (spec 07 §2).

use remit_verifier::hash::{EMPTY_ROOT, node_hash};
use remit_verifier::types::{Hash, TreeSize};

/// Roots of the largest complete subtrees, left to right: one for every bit set in the size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// The frontier of the tree of `size` leaves with these `peaks`, largest first; `None` if the size has
    /// another number of them. The caller compares the root with one that it trusts.
    pub fn from_peaks(size: TreeSize, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == size.0.count_ones() as usize).then_some(Self { size: size.0, peaks })
    }

    /// Appends a leaf by its hash; at most one hash is computed for every bit set at the end of the size.
    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("a peak for every bit of the size");
            node = node_hash(&left, &node);
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// Number of leaves.
    pub fn size(&self) -> TreeSize {
        TreeSize(self.size)
    }

    /// Roots of the complete subtrees, largest first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Root of the tree; fewer than 63 hashes.
    pub fn root(&self) -> Hash {
        let joined = self.peaks.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
        joined.unwrap_or(EMPTY_ROOT)
    }
}
