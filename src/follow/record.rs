//! The record of what was served (spec 20 §5): everything is served once, by whoever keeps this.

use super::book::{Book, Entry, RECORDS_MAX, RECORDS_OF_ROOT_MAX, Row, request_until};
use super::journal::{GROUP_ROWS_MAX, Journal, JournalError};
use remit_verifier::code::Code;
use remit_verifier::http::Unrecorded;
use remit_verifier::limits::INVOCATION_VALIDITY_MAX;
use remit_verifier::types::{Millis, ObjectId};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What was served, for as long as anybody may show it again; shared by all threads that decide.
#[derive(Debug)]
pub struct Record {
    skew: Millis,
    state: Mutex<State>,
    /// `None` where nothing is kept over a restart.
    disk: Option<Mutex<Disk>>,
}

/// That something is on record; only [`Record::take`] makes it, and only this may be served by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded(ObjectId);

#[derive(Debug)]
struct State {
    book: Book,
    /// Rows that are not on the disk yet, in order.
    unsynced: Vec<Row>,
    /// Rows ever taken.
    taken: u64,
    /// Writing failed: what is on the disk is not known, and nothing more is served.
    broken: bool,
}

#[derive(Debug)]
struct Disk {
    journal: Journal,
    /// Rows that were on the disk, of all that were ever taken.
    synced: u64,
}

impl Recorded {
    /// The id of the invocation.
    pub const fn id(&self) -> ObjectId {
        self.0
    }
}

impl Record {
    /// One in memory. What may have been served before `now` is refused.
    pub fn in_memory(now: Millis, skew: Millis) -> Self {
        Self {
            skew,
            state: Mutex::new(State::new(Book::new(
                [in_doubt(now, skew), Millis(0)],
                RECORDS_MAX,
                RECORDS_OF_ROOT_MAX,
            ))),
            disk: None,
        }
    }

    /// One in a folder, which is made if it is not there and held by this process alone.
    ///
    /// # Errors
    ///
    /// [`JournalError`].
    pub fn open(folder: &Path, now: Millis, skew: Millis) -> Result<Self, JournalError> {
        let mut book = Book::new([Millis(0); 2], RECORDS_MAX, RECORDS_OF_ROOT_MAX);
        let doubts = [in_doubt(now, skew), request_until(now, skew)];
        let journal = Journal::open(folder, &mut book, now, doubts)?;
        let disk = Some(Mutex::new(Disk { journal, synced: 0 }));
        Ok(Self { skew, state: Mutex::new(State::new(book)), disk })
    }

    /// Whether nothing more is served, because the record could not be written.
    pub fn is_broken(&self) -> bool {
        self.state().broken
    }

    /// Whether taking waits for a disk.
    pub const fn is_durable(&self) -> bool {
        self.disk.is_some()
    }

    /// How many ids are on record.
    pub fn len(&self) -> usize {
        self.state().book.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts on record that something is served at `now`; when this returns, it is kept as the policy says.
    ///
    /// # Errors
    ///
    /// [`Code::ServedBefore`]; [`Code::BeforeStart`] if that cannot be known; [`Code::NoRecord`] if there is no room,
    /// the disk failed, or a record in memory cannot remember an approval for long enough.
    pub fn take(&self, unrecorded: &Unrecorded, now: Millis) -> Result<Recorded, Code> {
        let until = after(unrecorded.valid_until().millis(), 2 * self.skew.0);
        let root = unrecorded.root();
        let request = unrecorded.request().map(|id| Row {
            id: id.0,
            root,
            until: request_until(now, self.skew),
            request: true,
        });
        if request.is_some() && self.disk.is_none() {
            return Err(Code::NoRecord);
        }
        let entry =
            Entry { rows: [Some(Row { id: unrecorded.id().0, root, until, request: false }), request] };
        self.put(&entry, now)?;
        Ok(Recorded(unrecorded.id()))
    }

    fn put(&self, entry: &Entry, now: Millis) -> Result<(), Code> {
        let ticket = self.state().take(entry, now, self.disk.is_some())?;
        match &self.disk {
            Some(disk) => self.sync(disk, ticket),
            None => Ok(()),
        }
    }

    /// Waits until the rows up to `ticket` are on the disk. Whoever comes first writes for all that wait.
    fn sync(&self, disk: &Mutex<Disk>, ticket: u64) -> Result<(), Code> {
        let mut disk = disk.lock().unwrap_or_else(PoisonError::into_inner);
        while disk.synced < ticket {
            let group: Vec<Row> = {
                let mut state = self.state();
                if state.broken {
                    return Err(Code::NoRecord);
                }
                let most = state.unsynced.len().min(GROUP_ROWS_MAX);
                state.unsynced.drain(..most).collect()
            };
            if group.is_empty() {
                return Err(Code::NoRecord);
            }
            let written = disk.journal.append(&group).and_then(|()| self.renew(&mut disk.journal));
            if let Err(error) = written {
                tracing::error!(%error, "the record of what was served cannot be written: nothing more is served");
                self.state().broken = true;
                return Err(Code::NoRecord);
            }
            disk.synced += group.len() as u64;
        }
        Ok(())
    }

    /// Writes the file anew where most of it no longer counts.
    fn renew(&self, journal: &mut Journal) -> std::io::Result<()> {
        let state = self.state();
        // What is not synced stands in the book already, and would be twice in the file: harmless, but not needed.
        if journal.is_idle(state.book.len()) { journal.renew(&state.book) } else { Ok(()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked had taken all of an entry or nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(book: Book) -> Self {
        Self { book, unsynced: Vec::new(), taken: 0, broken: false }
    }

    fn take(&mut self, entry: &Entry, now: Millis, durable: bool) -> Result<u64, Code> {
        if self.broken {
            return Err(Code::NoRecord);
        }
        self.book.take(entry, now)?;
        if durable {
            self.unsynced.extend(entry.rows.iter().flatten());
            self.taken += entry.rows.iter().flatten().count() as u64;
        }
        Ok(self.taken)
    }
}

fn after(time: Millis, more: u64) -> Millis {
    Millis(time.0.saturating_add(more))
}

/// Until when something may count that was served before `now`: an invocation is good for so long, by a clock that may
/// have been ahead.
fn in_doubt(now: Millis, skew: Millis) -> Millis {
    after(now, INVOCATION_VALIDITY_MAX.0 * 1_000 + 4 * skew.0)
}

#[cfg(test)]
mod tests {
    use super::super::book::Row;
    use super::*;
    use remit_verifier::types::Seconds;
    use std::fs;
    use std::thread;

    const NOW: Millis = Millis(1_800_000_000_000);
    const SKEW: Millis = Millis(2_000);

    /// Opens a folder; one that is new knew nothing a while ago.
    fn open(folder: &Path) -> Record {
        if !folder.join("served").exists() {
            Record::open(folder, Millis(NOW.0 - 600_000), SKEW).expect("is made");
        }
        Record::open(folder, NOW, SKEW).expect("opens")
    }

    /// Takes an id that is good for a minute.
    fn take(record: &Record, id: u16) -> Result<(), Code> {
        take_until(record, id, 60)
    }

    fn take_until(record: &Record, id: u16, seconds: u64) -> Result<(), Code> {
        let mut bytes = [0; 32];
        bytes[..2].copy_from_slice(&id.to_be_bytes());
        let until = after(Seconds(NOW.0 / 1_000 + seconds).millis(), 2 * SKEW.0);
        let row = Row { id: bytes, root: ObjectId([1; 32]), until, request: false };
        record.put(&Entry { rows: [Some(row), None] }, NOW)
    }

    fn file(folder: &Path) -> Vec<u8> {
        fs::read(folder.join("served")).expect("the file")
    }

    #[test]
    fn what_was_taken_is_known_after_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let record = open(folder.path());
        assert_eq!((0..3).map(|id| take(&record, id)).collect::<Vec<_>>(), [Ok(()); 3]);
        drop(record);
        let record = open(folder.path());
        assert_eq!(record.len(), 3);
        assert_eq!((0..3).map(|id| take(&record, id)).collect::<Vec<_>>(), [Err(Code::ServedBefore); 3]);
        assert_eq!(take(&record, 3), Ok(()));
        drop(record);
        // An hour later nothing of it can be shown, and that it was forgotten is known.
        let later = Record::open(folder.path(), after(NOW, 3_600_000), SKEW).expect("opens");
        assert!(later.is_empty());
        assert_eq!(take(&later, 0), Err(Code::BeforeStart));
    }

    #[test]
    fn a_record_that_is_lost_serves_nothing_and_a_new_one_waits() {
        let folder = tempfile::tempdir().expect("a folder");
        let new = Record::open(folder.path(), NOW, SKEW).expect("is made");
        assert_eq!(take(&new, 0), Err(Code::BeforeStart), "another record may have had it");
        assert_eq!(take_until(&new, 0, 70), Ok(()));
        drop(new);
        fs::remove_file(folder.path().join("served")).expect("removed");
        assert!(matches!(Record::open(folder.path(), NOW, SKEW), Err(JournalError::Lost)));
    }

    #[test]
    fn what_is_in_doubt_is_so_for_a_week_where_approvals_travelled() {
        let folder = tempfile::tempdir().expect("a folder");
        let record = open(folder.path());
        let both = |id: u8, now: Millis| {
            let root = ObjectId([1; 32]);
            let invocation = Row { id: [id; 32], root, until: after(now, 60_000), request: false };
            let request = Row { id: [99; 32], root, until: request_until(now, SKEW), request: true };
            Entry { rows: [Some(invocation), Some(request)] }
        };
        record.put(&both(1, NOW), NOW).expect("taken");
        drop(record);
        let mut bytes = file(folder.path());
        let last = bytes.len() - 40;
        bytes[last] ^= 1;
        fs::write(folder.path().join("served"), bytes).expect("flipped");
        let later = after(NOW, 120_000);
        let record = Record::open(folder.path(), later, SKEW).expect("opens");
        assert_eq!(
            record.put(&both(2, later), later),
            Err(Code::BeforeStart),
            "the request may have been carried out"
        );
        assert_eq!(take_until(&record, 3, 300), Ok(()));
    }

    #[test]
    fn every_cut_of_the_end_opens_with_all_rows_before_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let record = open(folder.path());
        let before = file(folder.path()).len();
        (0..3).for_each(|id| take(&record, id).expect("taken"));
        drop(record);
        let whole = file(folder.path());
        let row = (whole.len() - before) / 3;
        for length in before..=whole.len() {
            fs::write(folder.path().join("served"), &whole[..length]).expect("cut");
            assert_eq!(open(folder.path()).len(), (length - before) / row, "{length}");
        }
        for length in 0..before {
            fs::write(folder.path().join("served"), &whole[..length]).expect("cut");
            assert!(
                matches!(Record::open(folder.path(), NOW, SKEW), Err(JournalError::Damaged(0))),
                "{length}"
            );
        }
    }

    #[test]
    fn a_flipped_bit_is_never_an_id_that_is_forgotten_and_served_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let record = open(folder.path());
        (0..3).for_each(|id| take(&record, id).expect("taken"));
        drop(record);
        let whole = file(folder.path());
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            fs::write(folder.path().join("served"), bytes).expect("flipped");
            match Record::open(folder.path(), NOW, SKEW) {
                Err(error) => assert!(matches!(error, JournalError::Damaged(0)), "{at}: {error}"),
                Ok(record) => assert!((0..3).all(|id| take(&record, id).is_err()), "byte {at}"),
            }
        }
    }

    #[test]
    fn damage_before_the_last_group_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let record = open(folder.path());
        let rows = GROUP_ROWS_MAX as u16 + 2;
        (0..rows).for_each(|id| take(&record, id).expect("taken"));
        drop(record);
        let whole = file(folder.path());
        let flipped = |row: usize| {
            let mut bytes = whole.clone();
            bytes[40 + 81 * row] ^= 1;
            fs::write(folder.path().join("served"), bytes).expect("flipped");
            Record::open(folder.path(), NOW, SKEW)
        };
        assert!(matches!(flipped(1), Err(JournalError::Damaged(121))), "one before the last group");
        assert!(flipped(2).is_ok_and(|record| take_until(&record, 2, 60).is_err()), "the first of it");
    }

    #[test]
    fn the_file_is_written_anew_when_most_of_it_is_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let record = open(folder.path());
        for id in 0..4_200_u16 {
            let at = after(NOW, u64::from(id) * 1_000);
            let row = Row {
                id: id.to_be_bytes().repeat(16).try_into().expect("32"),
                root: ObjectId([1; 32]),
                until: after(at, 1_000),
                request: false,
            };
            record.put(&Entry { rows: [Some(row), None] }, at).expect("taken");
        }
        assert!(file(folder.path()).len() < 200 * 81, "{}", file(folder.path()).len());
    }

    #[test]
    fn threads_that_come_together_are_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let record = open(folder.path());
        let taken: usize = thread::scope(|scope| {
            let each = || scope.spawn(|| (0..50).filter(|id| take(&record, *id).is_ok()).count());
            let all: Vec<_> = std::iter::repeat_with(each).take(8).collect();
            all.into_iter().map(|one| one.join().expect("no panic")).sum()
        });
        assert_eq!(taken, 50, "each id once, whoever came first");
        drop(record);
        assert_eq!(open(folder.path()).len(), 50);
    }

    #[test]
    fn one_process_keeps_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let _first = open(folder.path());
        assert!(matches!(Record::open(folder.path(), NOW, SKEW), Err(JournalError::Held)));
    }

    #[test]
    fn after_a_failed_write_nothing_is_served() {
        let folder = tempfile::tempdir().expect("a folder");
        let record = open(folder.path());
        take(&record, 0).expect("taken");
        let disk = || record.disk.as_ref().expect("durable").lock().expect("not poisoned");
        disk().journal.fail(true);
        assert_eq!(take(&record, 1), Err(Code::NoRecord));
        disk().journal.fail(false);
        assert_eq!(take(&record, 2), Err(Code::NoRecord), "also where the disk is good again");
        assert!(record.is_broken(), "whoever asks after its health hears it");
    }
}
