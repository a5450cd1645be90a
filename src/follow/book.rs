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
/// The part of either that requests of approval have, which stay for a week: whoever fills it stops those alone.
const REQUESTS_PART: usize = 4;

/// One id that was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Of an invocation, or of a request of approval.
    pub(super) id: [u8; 32],
    /// The first token of the chain.
    pub(super) root: ObjectId,
    /// From when on nobody can show it any more.
    pub(super) until: Millis,
    /// Whether it is of a request of approval.
    pub(super) request: bool,
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
    /// Of a root, and of all, how many invocations and requests there are.
    roots: HashMap<ObjectId, [usize; 2]>,
    all: [usize; 2],
    /// Invocations, and requests, that counted until here may have been forgotten.
    forgotten: [Millis; 2],
    room: usize,
    room_of_root: usize,
}

impl Book {
    /// An empty one that knows nothing of what counted until `forgotten`.
    pub(super) fn new(forgotten: [Millis; 2], room: usize, room_of_root: usize) -> Self {
        let (rows, due, roots) = (HashMap::new(), BTreeMap::new(), HashMap::new());
        Self { rows, due, roots, all: [0; 2], forgotten, room, room_of_root }
    }

    /// Invocations, and requests, that counted until here may have been forgotten.
    pub(super) fn forgotten(&self) -> [Millis; 2] {
        self.forgotten
    }

    /// Nothing is known of the invocations, and requests, that counted until here.
    pub(super) fn forget_until(&mut self, until: [Millis; 2]) {
        for (own, until) in self.forgotten.iter_mut().zip(until) {
            *own = (*own).max(until);
        }
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
            self.forget_row(&row);
        }
    }

    /// Takes what is to be served, or says why it is not: all of the entry or nothing.
    pub(super) fn take(&mut self, entry: &Entry, now: Millis) -> Result<(), Code> {
        self.forget(now);
        let rows = || entry.rows.iter().flatten();
        if rows().any(|row| self.rows.contains_key(&row.id)) {
            return Err(Code::ServedBefore);
        }
        if rows().any(|row| row.until <= self.forgotten[usize::from(row.request)]) {
            return Err(Code::BeforeStart);
        }
        for row in rows() {
            let (kind, part) = if row.request { (1, REQUESTS_PART) } else { (0, 1) };
            let of_root = self.roots.get(&row.root).map_or(0, |counts| counts[kind]);
            if self.all[kind] >= self.room / part || of_root >= self.room_of_root / part {
                return Err(Code::NoRecord);
            }
        }
        rows().for_each(|row| self.insert(*row));
        Ok(())
    }

    fn insert(&mut self, row: Row) {
        if self.rows.insert(row.id, row).is_none() {
            self.due.insert((row.until, row.id), ());
            self.roots.entry(row.root).or_default()[usize::from(row.request)] += 1;
            self.all[usize::from(row.request)] += 1;
        }
    }

    fn forget_row(&mut self, row: &Row) {
        let own = &mut self.forgotten[usize::from(row.request)];
        *own = (*own).max(row.until);
    }

    /// Drops what nobody can show any more. A clock that goes back later finds `forgotten`, and no gap.
    fn forget(&mut self, now: Millis) {
        while let Some(first) = self.due.first_entry() {
            let (until, id) = *first.key();
            if until > now {
                break;
            }
            first.remove();
            let Some(row) = self.rows.remove(&id) else { continue };
            self.forget_row(&row);
            let kind = usize::from(row.request);
            self.all[kind] -= 1;
            if let Some(counts) = self.roots.get_mut(&row.root) {
                counts[kind] -= 1;
                if *counts == [0; 2] {
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
        let row = Row { id: bytes, root: ObjectId([root; 32]), until: Millis(until), request: false };
        Entry { rows: [Some(row), None] }
    }

    #[test]
    fn an_id_counts_once_until_its_time() {
        let mut book = Book::new([Millis(0); 2], 8, 8);
        assert_eq!(book.take(&row(1, 1, 100), Millis(10)), Ok(()));
        assert_eq!(book.take(&row(1, 1, 100), Millis(99)), Err(Code::ServedBefore));
        // Nobody judges an invocation at this instant; if somebody did, it is not forgotten that it was there.
        assert_eq!(book.take(&row(1, 1, 100), Millis(100)), Err(Code::BeforeStart));
        assert_eq!(book.len(), 0);
        assert!(book.roots.is_empty());
    }

    #[test]
    fn a_clock_that_goes_back_reopens_nothing() {
        let mut book = Book::new([Millis(0); 2], 8, 8);
        assert_eq!(book.take(&row(1, 1, 100), Millis(10)), Ok(()));
        assert_eq!(book.take(&row(2, 1, 2_000), Millis(1_000)), Ok(()));
        assert_eq!(book.take(&row(1, 1, 100), Millis(10)), Err(Code::BeforeStart));
        assert_eq!(book.take(&row(3, 1, 100), Millis(10)), Err(Code::BeforeStart));
        assert_eq!(book.take(&row(3, 1, 101), Millis(10)), Ok(()));
    }

    #[test]
    fn both_ids_are_taken_or_none() {
        let two = |a, b| {
            let request = row(b, 1, 100).rows[0].map(|row| Row { request: true, ..row });
            Entry { rows: [row(a, 1, 100).rows[0], request] }
        };
        let mut book = Book::new([Millis(0); 2], 4, 8);
        assert_eq!(book.take(&two(1, 2), Millis(10)), Ok(()));
        assert_eq!(book.take(&two(3, 2), Millis(10)), Err(Code::ServedBefore));
        assert_eq!(book.take(&two(3, 4), Millis(10)), Err(Code::NoRecord), "a quarter is for requests");
        for id in [3, 5, 6] {
            assert_eq!(book.take(&row(id, 1, 100), Millis(10)), Ok(()), "which is not for others: {id}");
        }
        assert_eq!(book.take(&row(7, 1, 100), Millis(10)), Err(Code::NoRecord));
    }

    #[test]
    fn a_clock_that_was_ahead_stops_nobody() {
        let mut book = Book::new([Millis(0); 2], 8, 8);
        assert_eq!(book.take(&row(1, 1, 3_700_000), Millis(3_600_000)), Ok(()));
        for second in 0..5 {
            let (now, until) = (Millis(second * 1_000), second * 1_000 + 60_000);
            assert_eq!(book.take(&row(second as u32 + 2, 1, until), now), Ok(()), "{second} s");
        }
    }

    #[test]
    fn the_room_is_as_it_is_named_in_all_and_for_each_root() {
        let mut book = Book::new([Millis(0); 2], RECORDS_MAX, RECORDS_OF_ROOT_MAX);
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
