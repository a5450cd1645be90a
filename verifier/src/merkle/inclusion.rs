//! Inclusion of one leaf (spec 07 §3, RFC 9162 §2.1.3.2).

use super::{LeafIndex, ProofError, check_index, check_root, check_size};
use crate::hash::node_hash;
use crate::types::{Hash, TreeSize};

/// Checks that `leaf` is the leaf hash at `index` of the tree with `size` leaves and this `root`.
///
/// `path` lists the siblings from the leaf's up to the root's child. Costs at most 63 hashes.
///
/// # Errors
///
/// `RootMismatch` if the path leads to another root; otherwise those of [`root_from_inclusion`].
pub fn verify_inclusion<I: LeafIndex>(
    leaf: &Hash,
    index: I,
    size: TreeSize,
    path: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    check_root(root_from_inclusion(leaf, index, size, path)?, root)
}

/// The root of the tree with `size` leaves that has `leaf` at `index` and `path` beside it (spec 07 §3).
///
/// It proves something only once the caller has compared it with an authenticated root.
///
/// # Errors
///
/// `SizeTooLarge`; `IndexOutsideTree` if `index` is not below `size`; `TooFewHashes` and `TooManyHashes` if
/// the path is not exactly as long as the leaf is deep.
pub fn root_from_inclusion<I: LeafIndex>(
    leaf: &Hash,
    index: I,
    size: TreeSize,
    path: &[Hash],
) -> Result<Hash, ProofError> {
    check_size(size)?;
    check_index(index.position(), size)?;
    fold(leaf, index.position(), size, path)
}

/// Hashes up from the leaf. `index` is below `size`.
fn fold(leaf: &Hash, index: u64, size: TreeSize, path: &[Hash]) -> Result<Hash, ProofError> {
    let (mut at, mut last) = (index, size.0.saturating_sub(1));
    let mut node = *leaf;
    for (needed, sibling) in path.iter().enumerate() {
        if last == 0 {
            return Err(ProofError::TooManyHashes { given: path.len(), needed });
        }
        if at & 1 == 1 || at == last {
            node = node_hash(sibling, &node);
            // The last node of a level has no sibling when its index is even; it rises as it is.
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            node = node_hash(&node, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    if last == 0 { Ok(node) } else { Err(ProofError::TooFewHashes { given: path.len() }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::TREE_SIZE_MAX;
    use crate::types::EntryIndex;

    #[test]
    fn size_index_and_length_are_checked_at_their_bounds() {
        let path = [Hash([7; 32]); 64];
        let root = |index, size, length| {
            let path = path.get(..length).unwrap_or(&path);
            root_from_inclusion(&Hash([1; 32]), EntryIndex(index), TreeSize(size), path).map(|_| ())
        };
        let largest = TREE_SIZE_MAX.0;
        assert_eq!(root(0, largest, 63), Ok(()));
        assert_eq!(root(0, largest, 62), Err(ProofError::TooFewHashes { given: 62 }));
        assert_eq!(root(0, largest, 64), Err(ProofError::TooManyHashes { given: 64, needed: 63 }));
        assert_eq!(root(largest - 1, largest, 62), Ok(()));
        assert_eq!(root(0, largest + 1, 63), Err(ProofError::SizeTooLarge(TreeSize(largest + 1))));
        let outside = |index, size| Err(ProofError::IndexOutsideTree { index, size: TreeSize(size) });
        assert_eq!(root(largest, largest, 63), outside(largest, largest));
        assert_eq!(root(0, 0, 0), outside(0, 0));
        assert_eq!(root(0, 1, 0), Ok(()));
    }
}
