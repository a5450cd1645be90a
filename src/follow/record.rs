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
            state: Mutex::new(State::new(Book::new(in_doubt(now, skew), RECORDS_MAX, RECORDS_OF_ROOT_MAX))),
            disk: None,
        }
    }

    /// One in a folder, which is made if it is not there and held by this process alone.
    ///
    /// # Errors
    ///
    /// [`JournalError`].
    pub fn open(folder: &Path, now: Millis, skew: Millis) -> Result<Self, JournalError> {
        let mut book = Book::new(Millis(0), RECORDS_MAX, RECORDS_OF_ROOT_MAX);
        let journal = Journal::open(folder, &mut book, now, in_doubt(now, skew))?;
        let disk = Some(Mutex::new(Disk { journal, synced: 0 }));
        Ok(Self { skew, state: Mutex::new(State::new(book)), disk })
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
    /// [`Code::ServedBefore`]; [`Code::BeforeStart`] if that cannot be known; [`Code::NoRecord`] if there is no room, the
    /// disk failed, or a record in memory cannot remember an approval for long enough.
    pub fn take(&self, unrecorded: &Unrecorded, now: Millis) -> Result<Recorded, Code> {
        let until = after(unrecorded.valid_until().millis(), 2 * self.skew.0);
        let root = unrecorded.root();
        let request =
            unrecorded.request().map(|id| Row { id: id.0, root, until: request_until(now, self.skew) });
        if request.is_some() && self.disk.is_none() {
            return Err(Code::NoRecord);
        }
        let entry = Entry { rows: [Some(Row { id: unrecorded.id().0, root, until }), request] };
        let ticket = self.state().take(&entry, now, self.disk.is_some())?;
        if let Some(disk) = &self.disk {
            self.sync(disk, ticket)?;
        }
        Ok(Recorded(unrecorded.id()))
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
