//! Subtrees: ranges of leaves that are nodes of some tree, as in subtree cosignatures (spec 07 §5).

use super::{ProofError, TreeHead, check_root, check_size, consistency, root_from_inclusion};
use crate::hash::EMPTY_ROOT;
use crate::types::{EntryIndex, Hash, TreeSize};

/// Leaves `[start, end)` whose start is a multiple of the least power of two that is not below their count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subtree {
    start: EntryIndex,
    end: EntryIndex,
}

impl Subtree {
    /// The subtree of the leaves from `start` up to and without `end`; it may be empty.
    ///
    /// # Errors
    ///
    /// `SizeTooLarge` if `end` is above the largest size; `NotASubtree` if `end` is below `start` or `start`
    /// is not aligned.
    pub fn new(start: EntryIndex, end: EntryIndex) -> Result<Self, ProofError> {
        check_size(TreeSize(end.0))?;
        let refused = ProofError::NotASubtree { start: start.0, end: end.0 };
        let count = end.0.checked_sub(start.0).ok_or(refused)?;
        let span = count.checked_next_power_of_two().ok_or(refused)?;
        if start.0.is_multiple_of(span) { Ok(Self { start, end }) } else { Err(refused) }
    }

    /// Number of its leaves.
    pub fn size(&self) -> TreeSize {
        TreeSize(self.end.0.saturating_sub(self.start.0))
    }
}

/// Checks that `leaf` is the leaf hash at `index` of the log, inside `subtree`, whose hash is `root`.
///
/// # Errors
///
/// `IndexOutsideTree` if `index` is outside the subtree; otherwise those of
/// [`verify_inclusion`](super::verify_inclusion).
pub fn verify_subtree_inclusion(
    leaf: &Hash,
    index: EntryIndex,
    subtree: &Subtree,
    path: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    let outside = ProofError::IndexOutsideTree { index: index.0, size: TreeSize(subtree.end.0) };
    let inside = EntryIndex(index.0.checked_sub(subtree.start.0).ok_or(outside)?);
    check_root(root_from_inclusion(leaf, inside, subtree.size(), path)?, root)
}

/// Checks that `hash` is the hash of `subtree` in the log described by `tree`.
///
/// An empty subtree has the empty root and needs an empty path; it says nothing of the tree.
///
/// # Errors
///
/// `SizeTooLarge`; `IndexOutsideTree` if the subtree ends beyond the tree; otherwise those of
/// [`verify_consistency`](super::verify_consistency), the subtree's hash being the older root.
pub fn verify_subtree_consistency(
    subtree: &Subtree,
    hash: &Hash,
    tree: &TreeHead,
    path: &[Hash],
) -> Result<(), ProofError> {
    check_size(tree.size)?;
    if subtree.end.0 > tree.size.0 {
        return Err(ProofError::IndexOutsideTree { index: subtree.end.0, size: tree.size });
    }
    if subtree.size().0 > 0 {
        return consistency::verify_range(subtree.start.0, subtree.end.0, hash, tree, path);
    }
    match path.len() {
        0 if *hash == EMPTY_ROOT => Ok(()),
        0 => Err(ProofError::OldRootMismatch { computed: EMPTY_ROOT, expected: *hash }),
        given => Err(ProofError::TooManyHashes { given, needed: 0 }),
    }
}
