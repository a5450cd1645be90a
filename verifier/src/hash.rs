//! SHA-256 in the two forms that are used: RFC 6962 tree hashes, and digests under a label (spec 01 §4).

use crate::types::Hash;
use sha2::block_api::compress256;
use sha2::{Digest, Sha256};

/// Root of the tree without leaves: SHA-256 of the empty string (RFC 6962 §2.1).
pub const EMPTY_ROOT: Hash = Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
    0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// SHA-256 over the concatenation of `parts`.
pub fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Hash(hasher.finalize().into())
}

/// SHA-256 over bytes that come part after part.
#[derive(Clone, Debug, Default)]
pub struct RunningHash(Sha256);

impl RunningHash {
    /// The next part.
    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The hash of all parts.
    pub fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

/// Hash of a leaf: `SHA-256(0x00 ‖ leaf)` (RFC 6962 §2.1).
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    sha256(&[&[0], leaf])
}

/// Initial state of SHA-256 (FIPS 180-4 §5.3.3).
const INITIAL: [u32; 8] =
    [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

/// Hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)` (RFC 6962 §2.1).
///
/// Trees do little else, and the message always has 65 bytes: writing its two padded blocks by hand saves a
/// quarter of the time.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let [head @ .., last] = &right.0;
    let mut blocks = [[0; 64]; 2];
    let [first, second] = &mut blocks;
    first[0] = 1;
    first[1..33].copy_from_slice(&left.0);
    first[33..].copy_from_slice(head);
    // The message ends with a 1 bit and its length in bits, 520.
    second[0] = *last;
    second[1] = 0x80;
    second[62..].copy_from_slice(&520u16.to_be_bytes());
    let mut state = INITIAL;
    compress256(&mut state, &blocks);
    let mut hash = [0; 32];
    let (words, _) = hash.as_chunks_mut();
    words.iter_mut().zip(state).for_each(|(bytes, word)| *bytes = word.to_be_bytes());
    Hash(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_hash_is_sha256_of_its_65_bytes() {
        let mut hash = EMPTY_ROOT;
        for round in 0..1_000 {
            let other = sha256(&[&[round as u8], &hash.0]);
            let node = node_hash(&hash, &other);
            assert_eq!(node, sha256(&[&[1], &hash.0, &other.0]));
            hash = node;
        }
    }

    #[test]
    fn a_running_hash_is_that_of_all_parts() {
        let mut running = RunningHash::default();
        running.update(b"one");
        running.update(b"two");
        assert_eq!(running.finish(), sha256(&[b"one", b"two"]));
    }

    #[test]
    fn the_empty_root_is_sha256_of_nothing() {
        assert_eq!(EMPTY_ROOT, sha256(&[]));
    }
}
