//! What was served and may be shown again: ids with the instant until which they count, bounded in all and for each
//! root token. Time is an input.

use remit_verifier::code::Code;
use remit_verifier::limits::APPROVAL_VALIDITY_MAX;
use remit_verifier::types::{Millis, ObjectId};
use std::collections::{BTreeMap, HashMap};

/// Ids that are kept at one time: 2 000 requests a second for two minutes.
pub const RECORDS_MAX: usize = 262_144;
/// Ids of the tokens below one root: nobody takes all the room.
pub const RECORDS_OF_ROOT_MAX: usize = RECORDS_MAX / 4;

/// One id that was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Of an invocation, or of a request of approval.
    pub(super) id: [u8; 32],
    /// The first token of the chain.
    pub(super) root: ObjectId,
    /// From when on nobody can show it any more.
    pub(super) until: Millis,
}

/// What may be recorded: one id or two.
pub(super) struct Entry {
    pub(super) rows: [Option<Row>; 2],
}

/// All rows that still count.
#[derive(Debug)]
pub(super) struct Book {
    rows: HashMap<[u8; 32], Row>,
    due: BTreeMap<(Millis, [u8; 32]), ()>,
    roots: HashMap<ObjectId, usize>,
    /// Whatever counted until here may have been forgotten.
    forgotten: Millis,
    /// The latest instant that anybody asked at.
    latest: Millis,
    room: usize,
    room_of_root: usize,
}

impl Book {
    /// An empty one that knows nothing of what counted until `forgotten`.
    pub(super) fn new(forgotten: Millis, room: usize, room_of_root: usize) -> Self {
        let (rows, due, roots) = (HashMap::new(), BTreeMap::new(), HashMap::new());
        Self { rows, due, roots, forgotten, latest: Millis(0), room, room_of_root }
    }

    /// Whatever counted until here may have been forgotten.
    pub(super) fn forgotten(&self) -> Millis {
        self.forgotten
    }

    /// Nothing is known of what counted until `until`.
    pub(super) fn forget_until(&mut self, until: Millis) {
        self.forgotten = self.forgotten.max(until);
    }

    /// All rows, in no order.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Takes a row that was recorded before a start, if it still counts.
    pub(super) fn restore(&mut self, row: Row, now: Millis) {
        if row.until > now {
            self.insert(row);
        } else {
            self.forgotten = self.forgotten.max(row.until);
        }
    }

    /// Takes what is to be served, or says why it is not: all of the entry or nothing.
    pub(super) fn take(&mut self, entry: &Entry, now: Millis) -> Result<(), Code> {
        self.forget(now);
        let rows = || entry.rows.iter().flatten();
        if rows().any(|row| self.rows.contains_key(&row.id)) {
            return Err(Code::ServedBefore);
        }
        if rows().any(|row| row.until <= self.forgotten) {
            return Err(Code::BeforeStart);
        }
        let more = rows().count();
        for row in rows() {
            let of_root = self.roots.get(&row.root).copied().unwrap_or(0);
            if self.rows.len() + more > self.room || of_root + more > self.room_of_root {
                return Err(Code::NoRecord);
            }
        }
        rows().for_each(|row| self.insert(*row));
        Ok(())
    }

    fn insert(&mut self, row: Row) {
        if self.rows.insert(row.id, row).is_none() {
            self.due.insert((row.until, row.id), ());
            *self.roots.entry(row.root).or_default() += 1;
        }
    }

    /// Drops what nobody can show any more. A clock that goes back later finds `forgotten`, and no gap.
    fn forget(&mut self, now: Millis) {
        self.latest = self.latest.max(now);
        while let Some(first) = self.due.first_entry() {
            let (until, id) = *first.key();
            if until > self.latest {
                break;
            }
            first.remove();
            self.forgotten = self.forgotten.max(until);
            let Some(row) = self.rows.remove(&id) else { continue };
            if let Some(count) = self.roots.get_mut(&row.root) {
                *count -= 1;
                if *count == 0 {
                    self.roots.remove(&row.root);
                }
            }
        }
    }
}

/// How long a request of approval that was carried out is remembered: no approval of it is good for longer.
pub(super) fn request_until(now: Millis, skew: Millis) -> Millis {
    Millis(now.0.saturating_add(APPROVAL_VALIDITY_MAX.0 * 1_000).saturating_add(2 * skew.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u32, root: u8, until: u64) -> Entry {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&id.to_be_bytes());
        Entry { rows: [Some(Row { id: bytes, root: ObjectId([root; 32]), until: Millis(until) }), None] }
    }

    #[test]
    fn an_id_counts_once_until_its_time() {
        let mut book = Book::new(Millis(0), 8, 8);
        assert_eq!(book.take(&row(1, 1, 100), Millis(10)), Ok(()));
        assert_eq!(book.take(&row(1, 1, 100), Millis(99)), Err(Code::ServedBefore));
        // Nobody judges an invocation at this instant; if somebody did, it is not forgotten that it was there.
        assert_eq!(book.take(&row(1, 1, 100), Millis(100)), Err(Code::BeforeStart));
        assert_eq!(book.len(), 0);
        assert!(book.roots.is_empty());
    }

    #[test]
    fn a_clock_that_goes_back_reopens_nothing() {
        let mut book = Book::new(Millis(0), 8, 8);
        assert_eq!(book.take(&row(1, 1, 100), Millis(10)), Ok(()));
        assert_eq!(book.take(&row(2, 1, 2_000), Millis(1_000)), Ok(()));
        assert_eq!(book.take(&row(1, 1, 100), Millis(10)), Err(Code::BeforeStart));
        assert_eq!(book.take(&row(3, 1, 100), Millis(10)), Err(Code::BeforeStart));
        assert_eq!(book.take(&row(3, 1, 101), Millis(10)), Ok(()));
    }

    #[test]
    fn both_ids_are_taken_or_none() {
        let two = |a, b| Entry { rows: [row(a, 1, 100).rows[0], row(b, 1, 100).rows[0]] };
        let mut book = Book::new(Millis(0), 3, 8);
        assert_eq!(book.take(&two(1, 2), Millis(10)), Ok(()));
        assert_eq!(book.take(&two(3, 2), Millis(10)), Err(Code::ServedBefore));
        assert_eq!(book.take(&two(3, 4), Millis(10)), Err(Code::NoRecord));
        assert_eq!(book.take(&row(3, 1, 100), Millis(10)), Ok(()));
        assert_eq!(book.take(&row(4, 1, 100), Millis(10)), Err(Code::NoRecord));
    }

    #[test]
    fn the_room_is_as_it_is_named_in_all_and_for_each_root() {
        let mut book = Book::new(Millis(0), RECORDS_MAX, RECORDS_OF_ROOT_MAX);
        let mut id = 0;
        for root in 0..4 {
            for _ in 0..RECORDS_OF_ROOT_MAX {
                id += 1;
                assert_eq!(book.take(&row(id, root, 100), Millis(10)), Ok(()));
            }
            assert_eq!(book.take(&row(0, root, 100), Millis(10)), Err(Code::NoRecord));
        }
        assert_eq!(book.len(), RECORDS_MAX);
        assert_eq!(book.take(&row(0, 9, 100), Millis(10)), Err(Code::NoRecord));
        // What can no longer be shown makes room.
        assert_eq!(book.take(&row(0, 9, 200), Millis(100)), Ok(()));
        assert_eq!(book.len(), 1);
    }
}
