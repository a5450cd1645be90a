//! RFC 6962 trees as the RFC writes them down: slow, recursive, sharing nothing with the code under test but the
//! hashes and the order of a multiproof.

use remit_verifier::hash::{leaf_hash, node_hash};
use remit_verifier::merkle::{Node, ProofError, siblings};
use remit_verifier::types::{Hash, StateIndex, TreeSize};

/// The root of a non-empty list of leaves.
pub(crate) fn root(leaves: &[Vec<u8>]) -> Hash {
    match leaves {
        [leaf] => leaf_hash(leaf),
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// The inclusion path of the leaf at `index`.
pub(crate) fn path(leaves: &[Vec<u8>], index: usize) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut path, sibling) = if index < left.len() {
        (self::path(left, index), root(right))
    } else {
        (self::path(right, index - left.len()), root(left))
    };
    path.push(sibling);
    path
}

/// The multiproof of the leaves at these indexes.
pub(crate) fn multiproof(leaves: &[Vec<u8>], indexes: &[StateIndex]) -> Vec<Hash> {
    let mut hashes = Vec::new();
    siblings(indexes, TreeSize(leaves.len() as u64), |node: Node| {
        let start = (node.index << node.level) as usize;
        let end = ((node.index as usize + 1) << node.level).min(leaves.len());
        hashes.push(root(&leaves[start..end]));
        Ok::<_, ProofError>(())
    })
    .unwrap();
    hashes
}

/// The consistency path from the first `old` leaves.
pub(crate) fn consistency(leaves: &[Vec<u8>], old: usize) -> Vec<Hash> {
    fn walk(leaves: &[Vec<u8>], old: usize, whole: bool) -> Vec<Hash> {
        if old == leaves.len() {
            return if whole { Vec::new() } else { vec![root(leaves)] };
        }
        let (left, right) = leaves.split_at(split(leaves.len()));
        let (mut path, sibling) = if old <= left.len() {
            (walk(left, old, whole), root(right))
        } else {
            (walk(right, old - left.len(), false), root(left))
        };
        path.push(sibling);
        path
    }
    walk(leaves, old, true)
}

fn split(len: usize) -> usize {
    len.next_power_of_two() / 2
}
