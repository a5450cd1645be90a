//! The root over leaves that are all there (RFC 6962 §2.1), for whoever has them: monitors, tests.

use crate::hash::{EMPTY_ROOT, node_hash};
use crate::types::Hash;
use alloc::vec::Vec;

/// The root of the tree over these leaf hashes; of none it is [`EMPTY_ROOT`]. It keeps one hash for each level.
pub fn root_of(leaves: &[Hash]) -> Hash {
    // The whole subtrees so far, the largest first, each with the number of its leaves.
    let mut whole: Vec<(u64, Hash)> = Vec::new();
    for leaf in leaves {
        let mut last = (1u64, *leaf);
        while let Some((size, left)) = whole.pop_if(|(size, _)| *size == last.0) {
            last = (size.saturating_mul(2), node_hash(&left, &last.1));
        }
        whole.push(last);
    }
    let smallest_first = whole.into_iter().rev().map(|(_, hash)| hash);
    smallest_first.reduce(|right, left| node_hash(&left, &right)).unwrap_or(EMPTY_ROOT)
}
