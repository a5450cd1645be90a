//! A bounded map of what was used last, in two generations: when the young one is full, the old one is forgotten.

use std::collections::HashMap;
use std::hash::Hash;

/// Holds between `capacity` and twice as many of the values used last.
#[derive(Debug)]
pub(super) struct Cache<K, V> {
    capacity: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), young: HashMap::new(), old: HashMap::new() }
    }

    /// The value, which is then among the youngest.
    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.put(key, value.clone());
        Some(value)
    }

    pub(super) fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.capacity && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }

    pub(super) fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_last_is_held_and_no_more() {
        let mut cache = Cache::new(4);
        for number in 0..100 {
            cache.put(number, number);
            assert_eq!(cache.get(&0), Some(0), "used each time");
            assert!(cache.young.len() <= 4 && cache.old.len() <= 4);
        }
        assert_eq!(cache.get(&99), Some(99));
        assert_eq!(cache.get(&50), None);
        cache.put(99, 1);
        assert_eq!(cache.get(&99), Some(1));
        cache.remove(&99);
        assert_eq!(cache.get(&99), None);
        let rooms = Cache::<u8, u8>::new(0);
        assert_eq!(rooms.capacity, 1);
    }
}
