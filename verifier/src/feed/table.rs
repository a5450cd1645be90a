//! The status of every leaf of a state, and the root of the status tree over them (spec 06 §6, 22 §2).

use super::runs::Runs;
use crate::cbor::DecodeError;
use crate::hash::{leaf_hash, node_hash, sha256};
use crate::limits::*;
use crate::state::{Status, status_chunk, status_leaf};
use crate::types::{Hash, StateIndex, TreeSize};
use alloc::vec::Vec;

/// Two bits for each leaf of a state, and the leaf hashes of the status tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusTable {
    size: TreeSize,
    chunks: Vec<[u8; STATUS_CHUNK_BYTES]>,
    hashes: Vec<Hash>,
}

impl StatusTable {
    /// Leaves of the state.
    pub const fn size(&self) -> TreeSize {
        self.size
    }

    /// The status of a leaf; `None` if the state has none at this index.
    pub fn get(&self, index: StateIndex) -> Option<Status> {
        let number = usize::try_from(index.0.checked_div(STATUS_CHUNK_INDEXES)?).ok()?;
        let chunk = self.chunks.get(number).filter(|_| index.0 < self.size.0)?;
        Some(Status::read(chunk, index))
    }

    /// Leaves whose status is not 0, in order.
    pub fn listed(&self) -> impl Iterator<Item = (StateIndex, Status)> {
        self.chunks.iter().zip(0u64..).flat_map(|(chunk, number)| listed(chunk, number))
    }

    /// The root of the status tree.
    pub fn root(&self) -> Hash {
        let mut level = self.hashes.clone();
        while level.len() > 1 {
            // Whoever has no neighbour is the node above: the tree of RFC 6962.
            let pair = |pair: &[Hash]| match pair {
                [left, right] => node_hash(left, right),
                [alone, ..] => *alone,
                [] => sha256(&[]),
            };
            level = level.chunks(2).map(pair).collect();
        }
        level.first().copied().unwrap_or_else(|| sha256(&[]))
    }

    /// This table after changes, over a state of so many leaves.
    ///
    /// # Errors
    ///
    /// `TooMany` for more than [`FOLLOWED_LEAVES_MAX`] leaves; `Malformed` and `NotCanonical` as spec 22 §2 says;
    /// `Malformed` also if the state had more leaves before.
    pub fn changed(&self, size: TreeSize, changes: &[u8]) -> Result<Self, DecodeError> {
        if size > FOLLOWED_LEAVES_MAX {
            return Err(DecodeError::TooMany);
        }
        let count = usize::try_from(size.0.div_ceil(STATUS_CHUNK_INDEXES)).unwrap_or(usize::MAX);
        if size < self.size {
            return Err(DecodeError::Malformed);
        }
        let mut table = self.clone();
        table.size = size;
        table.chunks.resize(count, status_chunk());
        // Chunks that are new are hashed below.
        let mut first_dirty = table.hashes.len();
        let mut runs = Runs::new(changes, size.0);
        let mut dirty = Vec::new();
        while let Some(run) = runs.next()? {
            for index in run.first..run.end() {
                let number =
                    usize::try_from(index.checked_div(STATUS_CHUNK_INDEXES).unwrap_or(0)).unwrap_or(0);
                let chunk = table.chunks.get_mut(number).ok_or(DecodeError::Malformed)?;
                if Status::read(chunk, StateIndex(index)) == run.status {
                    return Err(DecodeError::NotCanonical);
                }
                run.status.write(chunk, StateIndex(index));
                if dirty.last() != Some(&number) {
                    dirty.push(number);
                }
            }
        }
        for number in dirty.into_iter().filter(|number| *number < first_dirty) {
            let hash = table.chunks.get(number).zip(u64::try_from(number).ok());
            if let (Some((chunk, at)), Some(place)) = (hash, table.hashes.get_mut(number)) {
                *place = leaf_hash(&status_leaf(at, chunk));
            }
        }
        while let Some(chunk) = table.chunks.get(first_dirty) {
            let at = u64::try_from(first_dirty).unwrap_or(u64::MAX);
            table.hashes.push(leaf_hash(&status_leaf(at, chunk)));
            first_dirty = first_dirty.saturating_add(1);
        }
        Ok(table)
    }
}

/// What is listed in one chunk.
fn listed(chunk: &[u8; STATUS_CHUNK_BYTES], number: u64) -> impl Iterator<Item = (StateIndex, Status)> + '_ {
    let start = number.saturating_mul(STATUS_CHUNK_INDEXES);
    let bytes = chunk.iter().zip(0u64..).filter(|(byte, _)| **byte != 0);
    let indexes = bytes.flat_map(move |(_, at)| {
        let first = start.saturating_add(at.saturating_mul(4));
        (0..4u64).map(move |place| StateIndex(first.saturating_add(place)))
    });
    let each = indexes.map(move |index| (index, Status::read(chunk, index)));
    each.filter(|(_, status)| *status != Status::Live)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]
mod tests {
    use super::super::encode_changes;
    use super::*;
    use alloc::vec;

    fn at(changes: &[(u64, Status)]) -> Vec<u8> {
        encode_changes(changes.iter().map(|(index, status)| (StateIndex(*index), *status)))
    }

    fn table(size: u64, changes: &[u8]) -> Result<StatusTable, DecodeError> {
        StatusTable::default().changed(TreeSize(size), changes)
    }

    #[test]
    fn the_example_of_the_page() {
        let mut changes = vec![(7, Status::Over)];
        changes.extend((9..13).map(|index| (index, Status::Over)));
        changes.push((4_000, Status::Suspended));
        let bytes = at(&changes);
        assert_eq!(bytes, [0x3a, 0x0b, 0x02, 0x9c, 0xf9, 0x01]);
        let table = table(5_000, &bytes).unwrap();
        assert_eq!(table.listed().map(|(index, status)| (index.0, status)).collect::<Vec<_>>(), changes);
    }

    #[test]
    fn there_is_one_sequence_for_each_change() {
        let cases: &[(&[u8], Result<(), DecodeError>)] = &[
            (&[], Ok(())),
            (&[0x02], Ok(())),
            // The last of 16 leaves, and the one behind it.
            (&[15 << 3 | 2], Ok(())),
            (&[0x82, 0x01], Err(DecodeError::Malformed)),
            (&[0x03, 0x0e], Ok(())),
            (&[0x03, 0x0f], Err(DecodeError::Malformed)),
            // A status that it has; a run that should be one with the run before it.
            (&[0x00], Err(DecodeError::NotCanonical)),
            (&[0x02, 0x02], Err(DecodeError::NotCanonical)),
            (&[0x02, 0x04], Ok(())),
            (&[0x02, 0x0a], Ok(())),
            // A digit too many; a number without end; nine digits, and ten.
            (&[0x82, 0x00], Err(DecodeError::NotCanonical)),
            (&[0x82], Err(DecodeError::Malformed)),
            (&[0x03], Err(DecodeError::Malformed)),
            (&[0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], Err(DecodeError::Malformed)),
            (&[0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], Err(DecodeError::Malformed)),
            (&[0x03, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], Err(DecodeError::Malformed)),
        ];
        for (bytes, result) in cases {
            assert_eq!(table(16, bytes).map(|_| ()), *result, "{bytes:02x?}");
        }
    }

    #[test]
    fn nine_digits_are_the_most() {
        let nine = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        let mut runs = Runs::new(&nine, u64::MAX);
        assert!(runs.next().is_err(), "no length follows");
        let even = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        let mut runs = Runs::new(&even, u64::MAX);
        assert_eq!(runs.next().unwrap().unwrap().first, (1 << 60) - 1);
        let ten = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01];
        assert_eq!(Runs::new(&ten, u64::MAX).next(), Err(DecodeError::Malformed));
    }

    #[test]
    fn the_bound_of_leaves() {
        let bound = FOLLOWED_LEAVES_MAX.0;
        let last = at(&[(bound - 1, Status::Over)]);
        assert_eq!(table(bound, &last).unwrap().get(StateIndex(bound - 1)), Some(Status::Over));
        assert_eq!(table(bound + 1, &last), Err(DecodeError::TooMany));
    }

    #[test]
    fn changed_step_by_step_or_at_once_it_is_the_same_table() {
        let (mut table, mut seed) = (StatusTable::default(), 1u64);
        let mut all = alloc::collections::BTreeMap::new();
        for step in 1..40u64 {
            let size = step * 700;
            let mut changes = alloc::collections::BTreeMap::new();
            for _ in 0..step {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (index, status) = ((seed >> 33) % size, Status::from_bits((seed >> 20) as u8));
                if table.get(StateIndex(index)).unwrap_or(Status::Live) != status {
                    changes.insert(index, status);
                }
            }
            let list: Vec<_> = changes.iter().map(|(index, status)| (*index, *status)).collect();
            table = table.changed(TreeSize(size), &at(&list)).unwrap();
            all.extend(changes);
            let listed = all.iter().map(|(index, status)| (*index, *status));
            let listed: Vec<_> = listed.filter(|(_, status)| *status != Status::Live).collect();
            let whole = StatusTable::default().changed(TreeSize(size), &at(&listed)).unwrap();
            assert_eq!(whole, table, "step {step}");
            assert_eq!(whole.root(), table.root());
            let leaves: Vec<Hash> =
                table.chunks.iter().zip(0..).map(|(c, n)| leaf_hash(&status_leaf(n, c))).collect();
            assert_eq!(table.hashes, leaves);
        }
        assert!(table.changed(TreeSize(1), &[]).is_err(), "leaves do not go");
    }
}
