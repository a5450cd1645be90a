//! What a verifier remembers between verdicts, and why that is safe (spec 10 §12).
//!
//! Only the outcome of pure functions of exact bytes is remembered, and only once it was good: that a note was
//! accepted, that a link's signature verified, which point a key is, that a presentation's proofs held. What it is
//! remembered by is the whole of these bytes. Every comparison, and all that depends on the clock, is done anew each
//! time, so that a verdict is the same with and without a memory.

use super::chain::Claims;
use super::followed::Followed;
use super::open::Opened;
use crate::c2sp::AcceptedCheckpoint;
use crate::key::PublicKey;
use crate::limits::*;
use crate::types::Millis;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;

/// Everything that one verifier remembers under one policy.
#[derive(Debug)]
pub(super) struct Memory {
    /// The newest evidence ever accepted: no clock may show less.
    pub(super) newest: Millis,
    /// Accepted checkpoints by their notes.
    pub(super) checkpoints: Remembered<AcceptedCheckpoint>,
    /// Links whose signature verified, by the object's bytes. The value knows its ledger.
    pub(super) links: Remembered<Arc<Claims>>,
    /// Keys of signers whom no parent names, issuers' above all, once a signature verified under them.
    pub(super) keys: Remembered<PublicKey>,
    /// Presentations whose proofs and signatures are good, by their bytes.
    pub(super) presentations: Remembered<Arc<Opened>>,
    /// The newest states that are followed, one of each ledger.
    pub(super) followed: Vec<Arc<Followed>>,
}

/// A bounded map that forgets the half that was not used lately.
#[derive(Debug)]
pub(super) struct Remembered<T> {
    room: usize,
    young: BTreeMap<Vec<u8>, T>,
    old: BTreeMap<Vec<u8>, T>,
}

impl Memory {
    pub(super) const fn new(newest: Millis) -> Self {
        Self {
            newest,
            checkpoints: Remembered::new(REMEMBERED_CHECKPOINTS_MAX),
            links: Remembered::new(REMEMBERED_LINKS_MAX),
            keys: Remembered::new(REMEMBERED_KEYS_MAX),
            presentations: Remembered::new(REMEMBERED_PRESENTATIONS_MAX),
            followed: Vec::new(),
        }
    }

    /// For one verdict: nothing is kept.
    pub(super) const fn without_room(newest: Millis) -> Self {
        Self {
            newest,
            checkpoints: Remembered::new(0),
            links: Remembered::new(0),
            keys: Remembered::new(0),
            presentations: Remembered::new(0),
            followed: Vec::new(),
        }
    }
}

impl<T: Clone> Remembered<T> {
    const fn new(room: usize) -> Self {
        Self { room, young: BTreeMap::new(), old: BTreeMap::new() }
    }

    /// What is remembered of these bytes; it is young again.
    pub(super) fn find(&mut self, bytes: &[u8]) -> Option<T> {
        if let Some(value) = self.young.get(bytes) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(bytes)?;
        self.insert(key, value.clone());
        Some(value)
    }

    /// Remembers `value` of these bytes.
    pub(super) fn keep(&mut self, bytes: &[u8], value: T) {
        if self.room > 0 {
            self.insert(bytes.into(), value);
        }
    }

    /// At most half of the room is young; when it is full, what was not used since it last was is forgotten.
    fn insert(&mut self, key: Vec<u8>, value: T) {
        if self.young.len() >= self.room.div_ceil(2) {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_lately_is_forgotten_and_the_room_is_kept() {
        let mut map = Remembered::new(8);
        let size = |map: &Remembered<u64>| map.young.len() + map.old.len();
        for number in 0..100u64 {
            map.keep(&number.to_be_bytes(), number);
            assert!(size(&map) <= 8);
            assert_eq!(map.find(&0u64.to_be_bytes()), Some(0));
            assert_eq!(map.find(&number.to_be_bytes()), Some(number));
        }
        assert!(size(&map) > 4);
        assert_eq!(map.find(&50u64.to_be_bytes()), None);
    }

    /// Everything is remembered up to half of the room, nothing ever beyond it, and one past it the first is forgotten.
    #[test]
    fn every_memory_keeps_its_room() {
        fn check<T>(remembered: &Remembered<T>, room: usize) {
            assert_eq!(remembered.room, room);
            let mut map = Remembered::new(room);
            for number in 0..=room as u64 {
                assert!(map.young.len() + map.old.len() <= room);
                map.keep(&number.to_be_bytes(), number);
                assert_eq!(map.find(&number.to_be_bytes()), Some(number));
                let first = |map: &BTreeMap<Vec<u8>, u64>| map.contains_key(0u64.to_be_bytes().as_slice());
                assert_eq!(first(&map.old) || first(&map.young), number < room as u64);
            }
            assert_eq!(map.find(&0u64.to_be_bytes()), None);
        }
        let memory = Memory::new(Millis(0));
        check(&memory.presentations, REMEMBERED_PRESENTATIONS_MAX);
        check(&memory.links, REMEMBERED_LINKS_MAX);
        check(&memory.checkpoints, REMEMBERED_CHECKPOINTS_MAX);
        check(&memory.keys, REMEMBERED_KEYS_MAX);
    }

    #[test]
    fn without_room_nothing_is_kept() {
        let mut map = Remembered::new(0);
        map.keep(b"bytes", 1);
        assert_eq!(map.find(b"bytes"), None);
    }
}
