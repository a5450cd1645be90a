//! Why a proof is refused.

use super::TREE_SIZE_MAX;
use crate::types::{Hash, TreeSize};
use core::fmt;

/// Why a proof is refused (spec 07 §3–§6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofError {
    /// The size is above [`TREE_SIZE_MAX`].
    SizeTooLarge(TreeSize),
    /// The index is not below the size, or not inside the subtree.
    IndexOutsideTree {
        /// Position that was asked for.
        index: u64,
        /// Leaves of the tree or end of the subtree.
        size: TreeSize,
    },
    /// A multiproof of no leaf proves nothing.
    NoLeaves,
    /// The indices of a multiproof do not rise strictly.
    IndexOrder {
        /// An index of the list.
        previous: u64,
        /// The one after it, which is not larger.
        next: u64,
    },
    /// A consistency proof from the tree without leaves proves nothing.
    FromEmptyTree,
    /// The older tree has more leaves than the newer one.
    SizesReversed {
        /// Leaves of the older tree.
        old: TreeSize,
        /// Leaves of the newer tree.
        new: TreeSize,
    },
    /// `[start, end)` is not a subtree of an RFC 6962 tree (spec 07 §5).
    NotASubtree {
        /// First leaf.
        start: u64,
        /// One past the last leaf.
        end: u64,
    },
    /// The proof ends before the root is reached.
    TooFewHashes {
        /// Hashes of the proof.
        given: usize,
    },
    /// Hashes are left over when the root is reached.
    TooManyHashes {
        /// Hashes of the proof.
        given: usize,
        /// Hashes that lead to the root.
        needed: usize,
    },
    /// The proof leads to another root.
    RootMismatch {
        /// Root that the proof leads to.
        computed: Hash,
        /// Root that was authenticated.
        expected: Hash,
    },
    /// The proof leads to another root of the older tree or to another hash of the subtree.
    OldRootMismatch {
        /// Hash that the proof leads to.
        computed: Hash,
        /// Hash that was authenticated.
        expected: Hash,
    },
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SizeTooLarge(size) => write!(f, "tree size {size} is above {TREE_SIZE_MAX}"),
            Self::IndexOutsideTree { index, size } => {
                write!(f, "index {index} is outside the tree of size {size}")
            }
            Self::NoLeaves => f.write_str("multiproof without leaves"),
            Self::IndexOrder { previous, next } => write!(f, "index {next} follows index {previous}"),
            Self::FromEmptyTree => f.write_str("consistency with the empty tree proves nothing"),
            Self::SizesReversed { old, new } => write!(f, "older size {old} is above newer size {new}"),
            Self::NotASubtree { start, end } => write!(f, "leaves {start} to {end} are not a subtree"),
            Self::TooFewHashes { given } => write!(f, "{given} hashes do not reach the root"),
            Self::TooManyHashes { given, needed } => {
                write!(f, "{given} hashes where {needed} reach the root")
            }
            Self::RootMismatch { computed, expected } => write!(f, "root is {computed}, not {expected}"),
            Self::OldRootMismatch { computed, expected } => {
                write!(f, "older root is {computed}, not {expected}")
            }
        }
    }
}

impl core::error::Error for ProofError {}
