//! One proof for several leaves (spec 07 §6). Prover and verifier walk the same recursion, [`descend`].

use super::{LeafIndex, Node, ProofError, check_index, check_root, check_size};
use crate::hash::node_hash;
use crate::types::{Hash, TreeSize};

/// Checks that every `(index, leaf hash)` of `leaves` is a leaf of the tree with `size` leaves and this
/// `root`.
///
/// # Errors
///
/// `RootMismatch` if the proof leads to another root; otherwise those of [`root_from_multiproof`].
pub fn verify_multiproof<I: LeafIndex>(
    leaves: &[(I, Hash)],
    size: TreeSize,
    siblings: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    check_root(root_from_multiproof(leaves, size, siblings)?, root)
}

/// The root of the tree with `size` leaves that has `leaves` and, left to right, `siblings` around them (spec
/// 07 §6).
///
/// It proves something only once the caller has compared it with an authenticated root.
///
/// # Errors
///
/// `SizeTooLarge`; `NoLeaves`; `IndexOrder` if the indices do not rise strictly; `IndexOutsideTree`;
/// `TooFewHashes` and `TooManyHashes` if `siblings` is not exactly as long as the indices require.
pub fn root_from_multiproof<I: LeafIndex>(
    leaves: &[(I, Hash)],
    size: TreeSize,
    siblings: &[Hash],
) -> Result<Hash, ProofError> {
    check_indices(leaves.iter().map(|(index, _)| index.position()), size)?;
    let mut fold = Fold { leaves, given: siblings.len(), siblings };
    let root = descend(&mut fold, 0, size.0)?;
    let needed = fold.given.saturating_sub(fold.siblings.len());
    if fold.siblings.is_empty() {
        Ok(root)
    } else {
        Err(ProofError::TooManyHashes { given: fold.given, needed })
    }
}

/// Calls `visit` for every node that a multiproof of `indices` holds, in the order of the proof (spec 07 §6).
///
/// # Errors
///
/// Those of [`root_from_multiproof`] about the indices and the size, or what `visit` answers, which ends the
/// walk.
pub fn siblings<I: LeafIndex, E: From<ProofError>>(
    indices: &[I],
    size: TreeSize,
    visit: impl FnMut(Node) -> Result<(), E>,
) -> Result<(), E> {
    check_indices(indices.iter().map(|index| index.position()), size)?;
    descend(&mut List { indices, visit }, 0, size.0)
}

/// At least one index, strictly rising, each below `size`.
fn check_indices(indices: impl Iterator<Item = u64>, size: TreeSize) -> Result<(), ProofError> {
    check_size(size)?;
    let mut previous = None;
    for next in indices {
        check_index(next, size)?;
        if let Some(previous) = previous.filter(|previous| *previous >= next) {
            return Err(ProofError::IndexOrder { previous, next });
        }
        previous = Some(next);
    }
    previous.map(|_| ()).ok_or(ProofError::NoLeaves)
}

/// What is done at each step of the recursion.
trait Walk {
    type Value;
    type Error;
    /// Index of the next proved leaf, from left to right.
    fn next(&self) -> Option<u64>;
    /// Consumes the next proved leaf.
    fn leaf(&mut self) -> Result<Self::Value, Self::Error>;
    /// Takes the hash of a node that holds no proved leaf.
    fn sibling(&mut self, node: Node) -> Result<Self::Value, Self::Error>;
    fn join(&mut self, left: Self::Value, right: Self::Value) -> Self::Value;
}

/// The recursion over the leaves `start..start + size`; every proved leaf left of them is consumed already.
/// `size` is at least 1; every call halves the least power of two that is not below it, so calls
/// nest at most 64 deep.
fn descend<W: Walk>(walk: &mut W, start: u64, size: u64) -> Result<W::Value, W::Error> {
    // Sums stay at or below the tree's size.
    let end = start.saturating_add(size);
    if walk.next().is_none_or(|next| next >= end) {
        return walk.sibling(node(start, size));
    }
    if size <= 1 {
        return walk.leaf();
    }
    let half = split(size);
    let left = descend(walk, start, half)?;
    let right = descend(walk, start.saturating_add(half), size.saturating_sub(half))?;
    Ok(walk.join(left, right))
}

/// The largest power of two below `size`, which is at least 2.
fn split(size: u64) -> u64 {
    size.checked_next_power_of_two().map_or(1 << 63, |power| power >> 1)
}

/// The node over `start..start + size`, a range that the recursion reaches.
fn node(start: u64, size: u64) -> Node {
    let level = size.checked_next_power_of_two().map_or(64, u64::trailing_zeros);
    Node { level, index: start.checked_shr(level).unwrap_or(0) }
}

/// The verifier's walk: computes the root.
struct Fold<'a, I> {
    leaves: &'a [(I, Hash)],
    siblings: &'a [Hash],
    given: usize,
}

impl<I: LeafIndex> Walk for Fold<'_, I> {
    type Value = Hash;
    type Error = ProofError;

    fn next(&self) -> Option<u64> {
        self.leaves.first().map(|(index, _)| index.position())
    }

    fn leaf(&mut self) -> Result<Hash, ProofError> {
        // `descend` asks only after `next` answered.
        let ((_, hash), rest) = self.leaves.split_first().ok_or(ProofError::NoLeaves)?;
        self.leaves = rest;
        Ok(*hash)
    }

    fn sibling(&mut self, _: Node) -> Result<Hash, ProofError> {
        let (hash, rest) =
            self.siblings.split_first().ok_or(ProofError::TooFewHashes { given: self.given })?;
        self.siblings = rest;
        Ok(*hash)
    }

    fn join(&mut self, left: Hash, right: Hash) -> Hash {
        node_hash(&left, &right)
    }
}

/// The prover's walk: lists the siblings.
struct List<'a, I, F> {
    indices: &'a [I],
    visit: F,
}

impl<I: LeafIndex, E, F: FnMut(Node) -> Result<(), E>> Walk for List<'_, I, F> {
    type Value = ();
    type Error = E;

    fn next(&self) -> Option<u64> {
        self.indices.first().map(|index| index.position())
    }

    fn leaf(&mut self) -> Result<(), E> {
        self.indices = self.indices.get(1..).unwrap_or_default();
        Ok(())
    }

    fn sibling(&mut self, node: Node) -> Result<(), E> {
        (self.visit)(node)
    }

    fn join(&mut self, _: (), _: ()) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::TREE_SIZE_MAX;
    use crate::types::StateIndex;
    use alloc::vec::Vec;

    fn list(indices: &[u64], size: u64) -> Result<Vec<(u32, u64)>, ProofError> {
        let indices: Vec<_> = indices.iter().map(|index| StateIndex(*index)).collect();
        let mut nodes = Vec::new();
        siblings(&indices, TreeSize(size), |node| {
            nodes.push((node.level, node.index));
            Ok::<_, ProofError>(())
        })?;
        Ok(nodes)
    }

    #[test]
    fn siblings_are_listed_left_to_right() {
        assert_eq!(list(&[1, 4], 7), Ok([(0, 0), (1, 1), (0, 5), (0, 6)].to_vec()));
        assert_eq!(list(&[6], 7), Ok([(2, 0), (1, 2)].to_vec()));
        // The sibling on the right edge is the node of level 2 that holds three leaves.
        assert_eq!(list(&[0, 1, 2, 3], 7), Ok([(2, 1)].to_vec()));
        assert_eq!(list(&[0], 1), Ok(Vec::new()));
    }

    #[test]
    fn indices_and_size_are_checked_at_their_bounds() {
        let index = |index, size| ProofError::IndexOutsideTree { index, size: TreeSize(size) };
        assert_eq!(list(&[], 7), Err(ProofError::NoLeaves));
        assert_eq!(list(&[7], 7), Err(index(7, 7)));
        assert_eq!(list(&[0], 0), Err(index(0, 0)));
        assert_eq!(list(&[3, 3], 7), Err(ProofError::IndexOrder { previous: 3, next: 3 }));
        assert_eq!(list(&[3, 2], 7), Err(ProofError::IndexOrder { previous: 3, next: 2 }));
        let beyond = TREE_SIZE_MAX.0 + 1;
        assert_eq!(list(&[0], beyond), Err(ProofError::SizeTooLarge(TreeSize(beyond))));
        assert_eq!(list(&[0], TREE_SIZE_MAX.0).map(|nodes| nodes.len()), Ok(63));
        assert_eq!(list(&[TREE_SIZE_MAX.0 - 1], TREE_SIZE_MAX.0).map(|nodes| nodes.len()), Ok(62));
    }
}
