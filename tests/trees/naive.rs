//! The definitions, as they stand in the RFC and as slow: what everything else is compared with.

use remit_verifier::hash::{EMPTY_ROOT, leaf_hash, node_hash};
use remit_verifier::types::Hash;

/// Sizes around powers of two, and around the widths of a page and a tile.
pub(crate) const SIZES: [usize; 23] =
    [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257];

/// Leaf hashes of the numbers below `count`.
pub(crate) fn leaves(count: usize) -> Vec<Hash> {
    (0..count as u64).map(leaf).collect()
}

/// Leaf hash of one number.
pub(crate) fn leaf(number: u64) -> Hash {
    leaf_hash(&number.to_be_bytes())
}

fn split(count: usize) -> usize {
    count.next_power_of_two() / 2
}

/// `MTH` (RFC 6962 §2.1).
pub(crate) fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// `PATH` (RFC 6962 §2.1.1).
pub(crate) fn inclusion(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let half = split(leaves.len());
    let (left, right) = leaves.split_at(half);
    let (mut path, sibling) = match index < half {
        true => (inclusion(index, left), right),
        false => (inclusion(index - half, right), left),
    };
    path.push(root(sibling));
    path
}

/// `SUBTREE_SUBPROOF` of the Merkle Tree Certificates draft; with start 0 it is `SUBPROOF` (RFC 6962 §2.1.2).
/// `known` says that the verifier has the hash of the range.
pub(crate) fn consistency(start: usize, end: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
    if start == 0 && end == leaves.len() {
        return if known { Vec::new() } else { vec![root(leaves)] };
    }
    let half = split(leaves.len());
    let (left, right) = leaves.split_at(half);
    let (mut path, sibling) = if end <= half {
        (consistency(start, end, left, known), right)
    } else if start >= half {
        (consistency(start - half, end - half, right, known), left)
    } else {
        (consistency(0, end - half, right, false), left)
    };
    path.push(root(sibling));
    path
}
