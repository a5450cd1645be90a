//! Consistency of two trees (spec 07 §4, RFC 9162 §2.1.4.2), as the subtree case that starts at leaf 0.

use super::{ProofError, TreeHead, check_root, check_size};
use crate::hash::node_hash;
use crate::types::{Hash, TreeSize};

/// Checks that the leaves of `old` are the first leaves of `new`.
///
/// Trees of equal size need an empty path and equal roots. Costs at most 126 hashes.
///
/// # Errors
///
/// `SizeTooLarge`; `FromEmptyTree` if `old` has no leaf; `SizesReversed`; `TooFewHashes` and `TooManyHashes`
/// if the path is not exactly as long as the sizes require; `OldRootMismatch` and `RootMismatch` for a wrong
/// root.
pub fn verify_consistency(old: &TreeHead, new: &TreeHead, path: &[Hash]) -> Result<(), ProofError> {
    check_size(new.size)?;
    if old.size.0 == 0 {
        return Err(ProofError::FromEmptyTree);
    }
    if old.size > new.size {
        return Err(ProofError::SizesReversed { old: old.size, new: new.size });
    }
    verify_range(0, old.size.0, &old.root, new, path)
}

/// Checks that the leaves `start..end` have the subtree hash `hash` and are leaves of `tree`.
/// The range is a subtree, has a leaf and ends inside the tree.
pub(super) fn verify_range(
    start: u64,
    end: u64,
    hash: &Hash,
    tree: &TreeHead,
    path: &[Hash],
) -> Result<(), ProofError> {
    let (computed, root) = fold(start, end, hash, tree.size, path)?;
    if computed != *hash {
        return Err(ProofError::OldRootMismatch { computed, expected: *hash });
    }
    check_root(root, &tree.root)
}

/// The subtree hash and the root that `path` leads to.
fn fold(
    start: u64,
    end: u64,
    hash: &Hash,
    size: TreeSize,
    path: &[Hash],
) -> Result<(Hash, Hash), ProofError> {
    let mut at = Position { first: start, edge: end.saturating_sub(1), last: size.0.saturating_sub(1) };
    // Up to the highest node that ends where the range ends and is complete in the larger tree.
    while at.first != at.edge && (at.edge == at.last || at.edge & 1 == 1) {
        at.rise();
    }
    let (mut old, mut new, rest) = match path.split_first() {
        // That node is the whole range, which the verifier knows already.
        _ if at.first == at.edge => (*hash, *hash, path),
        Some((seed, rest)) => (*seed, *seed, rest),
        None => return Err(ProofError::TooFewHashes { given: 0 }),
    };
    let seeds = path.len().saturating_sub(rest.len());
    for (used, sibling) in rest.iter().enumerate() {
        if at.last == 0 {
            return Err(ProofError::TooManyHashes { given: path.len(), needed: used.saturating_add(seeds) });
        }
        if at.edge & 1 == 1 || at.edge == at.last {
            // A left sibling belongs to the range only below the range's own root.
            if at.first < at.edge {
                old = node_hash(sibling, &old);
            }
            new = node_hash(sibling, &new);
            while at.edge & 1 == 0 && at.edge != 0 {
                at.rise();
            }
        } else {
            new = node_hash(&new, sibling);
        }
        at.rise();
    }
    if at.last == 0 { Ok((old, new)) } else { Err(ProofError::TooFewHashes { given: path.len() }) }
}

/// Indices, at one level, of the nodes over the first leaf of the range, over its last, and over the tree's
/// last.
struct Position {
    first: u64,
    edge: u64,
    last: u64,
}

impl Position {
    fn rise(&mut self) {
        self.first >>= 1;
        self.edge >>= 1;
        self.last >>= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::TREE_SIZE_MAX;

    #[test]
    fn sizes_and_length_are_checked_at_their_bounds() {
        let path = [Hash([7; 32]); 64];
        let verify = |old, new, length| {
            let head = |size| TreeHead { size: TreeSize(size), root: Hash([1; 32]) };
            verify_consistency(&head(old), &head(new), path.get(..length).unwrap_or(&path))
        };
        let largest = TREE_SIZE_MAX.0;
        assert_eq!(verify(largest, largest, 0), Ok(()));
        assert_eq!(verify(largest, largest, 1), Err(ProofError::TooManyHashes { given: 1, needed: 0 }));
        assert_eq!(verify(largest + 1, largest + 1, 0), Err(ProofError::SizeTooLarge(TreeSize(largest + 1))));
        assert!(matches!(verify(1, largest, 63), Err(ProofError::RootMismatch { .. })));
        assert_eq!(verify(1, largest, 62), Err(ProofError::TooFewHashes { given: 62 }));
        assert_eq!(verify(1, largest, 64), Err(ProofError::TooManyHashes { given: 64, needed: 63 }));
        // Leaf 2 first, then its sibling and one hash for every level above.
        assert!(matches!(verify(3, largest, 64), Err(ProofError::OldRootMismatch { .. })));
        assert_eq!(verify(3, largest, 0), Err(ProofError::TooFewHashes { given: 0 }));
        assert_eq!(verify(0, 5, 0), Err(ProofError::FromEmptyTree));
        let reversed = ProofError::SizesReversed { old: TreeSize(6), new: TreeSize(5) };
        assert_eq!(verify(6, 5, 0), Err(reversed));
    }
}
