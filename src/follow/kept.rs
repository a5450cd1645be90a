//! What holders brought, by its hash: bounded in bytes, and what was not used lately is forgotten first.
//!
//! One presentation makes endless others that are as good, by signature lines that nobody knows. So the room is parted,
//! and who fills his part leaves the others alone: a part is of the root tokens, or of the entries, that fall into it.

use remit_verifier::hash::sha256;
use remit_verifier::types::Hash;
use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes by their SHA-256, shared by all threads that decide.
#[derive(Debug)]
pub struct Kept {
    parts: [Mutex<Halves>; PARTS],
    half_bytes: usize,
}

/// Parts of the room.
const PARTS: usize = 16;

#[derive(Debug, Default)]
struct Halves {
    young: HashMap<Hash, Arc<[u8]>>,
    old: HashMap<Hash, Arc<[u8]>>,
    young_bytes: usize,
}

/// Bytes of the book-keeping of one item.
const ITEM_BYTES: usize = 128;

impl Kept {
    /// Room for this many bytes in all.
    pub fn new(bytes_max: usize) -> Self {
        Self { parts: Default::default(), half_bytes: bytes_max / 2 / PARTS }
    }

    /// Keeps `bytes`, in the part of whoever they are `of`: the hash that they are found by. What is longer than half
    /// of a part is not kept.
    pub fn keep(&self, bytes: &[u8], of: &[u8; 32]) -> Hash {
        let hash = sha256(&[bytes]);
        let part = &self.parts[usize::from(of[31]) % PARTS];
        let mut halves = part.lock().unwrap_or_else(PoisonError::into_inner);
        if !halves.young.contains_key(&hash) && bytes.len() + ITEM_BYTES <= self.half_bytes {
            halves.insert(hash, bytes.into(), self.half_bytes);
        }
        hash
    }

    /// What is kept by this hash; it is young again.
    pub fn find(&self, hash: &Hash) -> Option<Arc<[u8]>> {
        self.parts.iter().find_map(|part| self.find_in(part, hash))
    }

    fn find_in(&self, part: &Mutex<Halves>, hash: &Hash) -> Option<Arc<[u8]>> {
        let mut halves = part.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = halves.young.get(hash) {
            return Some(bytes.clone());
        }
        let bytes = halves.old.remove(hash)?;
        halves.insert(*hash, bytes.clone(), self.half_bytes);
        Some(bytes)
    }
}

impl Halves {
    fn insert(&mut self, hash: Hash, bytes: Arc<[u8]>, half: usize) {
        let room = bytes.len() + ITEM_BYTES;
        if self.young_bytes + room > half {
            self.old = mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += room;
        self.young.insert(hash, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(number: u32) -> Vec<u8> {
        [number.to_be_bytes().as_slice(), &[0; 868]].concat()
    }

    #[test]
    fn the_room_is_kept_and_what_is_used_stays() {
        let kept = Kept::new(20_000 * PARTS);
        let of = [7; 32];
        let first = kept.keep(&bytes(0), &of);
        for number in 1..200 {
            let hash = kept.keep(&bytes(number), &of);
            assert_eq!(kept.find(&hash).as_deref(), Some(bytes(number).as_slice()));
            assert_eq!(kept.find(&first).as_deref(), Some(bytes(0).as_slice()), "after {number}");
            let halves = kept.parts[7].lock().expect("not poisoned");
            assert!(halves.young.len() + halves.old.len() <= 20);
        }
        assert_eq!(kept.find(&sha256(&[&bytes(1)])), None);
    }

    #[test]
    fn one_root_that_fills_its_part_leaves_the_others_alone() {
        let kept = Kept::new(20_000 * PARTS);
        let hash = kept.keep(&bytes(0), &[1; 32]);
        for number in 1..1_000 {
            kept.keep(&bytes(number), &[2; 32]);
        }
        assert!(kept.find(&hash).is_some());
    }

    #[test]
    fn what_is_longer_than_half_of_the_room_is_not_kept() {
        let kept = Kept::new(2_000 * PARTS);
        assert!(kept.find(&kept.keep(&[1; 1_000 - ITEM_BYTES], &[0; 32])).is_some());
        assert!(kept.find(&kept.keep(&[2; 1_001 - ITEM_BYTES], &[0; 32])).is_none());
    }
}
