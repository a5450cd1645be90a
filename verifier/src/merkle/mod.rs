//! Proofs about RFC 6962 trees (spec 07): inclusion, consistency, subtrees and the multiproof.
//!
//! Index and size are always arguments that the caller has authenticated; a proof holds hashes and nothing
//! else. No proof allocates, and nothing recurses deeper than 64 calls.

mod consistency;
mod error;
mod inclusion;
mod multiproof;
mod root;
mod subtree;

pub use consistency::verify_consistency;
pub use error::ProofError;
pub use inclusion::{root_from_inclusion, verify_inclusion};
pub use multiproof::{root_from_multiproof, siblings, verify_multiproof};
pub use root::root_of;
pub use subtree::{Subtree, verify_subtree_consistency, verify_subtree_inclusion};

use crate::limits::TREE_HEIGHT_MAX;
use crate::types::{EntryIndex, Hash, StateIndex, TreeSize};

/// Leaves of the largest tree (spec 07 §2).
pub const TREE_SIZE_MAX: TreeSize = TreeSize((1 << TREE_HEIGHT_MAX) - 1);

/// A position among the leaves of one of the trees: [`EntryIndex`] in the log tree, [`StateIndex`] in the
/// state tree.
pub trait LeafIndex: Copy {
    /// The position as a number, from 0.
    fn position(self) -> u64;
}

impl LeafIndex for EntryIndex {
    fn position(self) -> u64 {
        self.0
    }
}

impl LeafIndex for StateIndex {
    fn position(self) -> u64 {
        self.0
    }
}

/// Size and root of a tree; says nothing of who vouches for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TreeHead {
    /// Number of leaves.
    pub size: TreeSize,
    /// Root over exactly these leaves.
    pub root: Hash,
}

/// Names the RFC 6962 subtree over the leaves `index << level` up to and without
/// `min((index + 1) << level, tree size)` (spec 07 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Distance from the leaves, 0..=63.
    pub level: u32,
    /// Position among the nodes of this level, from 0.
    pub index: u64,
}

/// Refuses a size that no tree has (spec 07 §2).
fn check_size(size: TreeSize) -> Result<(), ProofError> {
    if size > TREE_SIZE_MAX { Err(ProofError::SizeTooLarge(size)) } else { Ok(()) }
}

/// Refuses an index that is not below `size`.
fn check_index(index: u64, size: TreeSize) -> Result<(), ProofError> {
    if index < size.0 { Ok(()) } else { Err(ProofError::IndexOutsideTree { index, size }) }
}

/// Refuses a computed root that differs from the authenticated one.
fn check_root(computed: Hash, expected: &Hash) -> Result<(), ProofError> {
    if computed == *expected {
        Ok(())
    } else {
        Err(ProofError::RootMismatch { computed, expected: *expected })
    }
}
