//! What people look for and the ledger itself does not need: which tokens a key holds, who is an issuer, which requests
//! an approver was asked, what was offered; and every entry, by agent, service, issuer, unit, token, kind and id.
//!
//! A follower of the published log with a small database of its own, off the path of commits. It may be behind, and it
//! forgets nothing: whoever asks looks up every leaf and drops what no longer fits. It is never backed up; without it,
//! or when it is damaged or of another ledger, it is made anew from the log.

mod follower;
mod list;
mod said;
mod search;

pub use follower::Follower;
pub use list::List;
pub use search::{Found, time_bound};

use crate::ledger::{LedgerError, Snapshot};
use list::{names_prefix, number_of, of_number};
use remit_verifier::types::{EntryIndex, LedgerId, ObjectId, StateIndex, TreeSize};
use rocksdb::{DB, Direction, IteratorMode, Options, ReadOptions};
use said::{Places, Said};
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// First byte of every value; another number is another layout, which is then made anew.
const FORMAT: u8 = 5;
/// Key of the ledger's id.
const LEDGER: &[u8] = b"m-ledger";
/// Key of the cursor: the number of entries that were looked at.
const CURSOR: &[u8] = b"m-cursor";
/// Entries that are looked at between two writes.
const STEP: usize = 256;
/// Bytes of the memtable.
const MEMTABLE_BYTES: usize = 8 << 20;

/// Why the index cannot be asked or brought up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexError {
    /// Its database failed.
    Device(Arc<str>),
    /// The ledger could not be read.
    Ledger(LedgerError),
    /// What stands beside this entry cannot be read, or names what the ledger does not know.
    Entry(EntryIndex),
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(what) => write!(f, "the index failed: {what}"),
            Self::Ledger(error) => error.fmt(f),
            Self::Entry(at) => write!(f, "entry {at} cannot be indexed"),
        }
    }
}

impl std::error::Error for IndexError {}

impl From<rocksdb::Error> for IndexError {
    fn from(error: rocksdb::Error) -> Self {
        Self::Device(error.as_ref().into())
    }
}

impl From<LedgerError> for IndexError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// An open index.
#[derive(Debug)]
pub struct Index {
    db: DB,
    cursor: Mutex<u64>,
    moved: Condvar,
}

impl Index {
    /// Opens the index in a folder of its own, or makes it anew if it is missing, damaged, or of another ledger.
    ///
    /// # Errors
    ///
    /// [`IndexError::Device`].
    pub fn open(dir: &Path, ledger: LedgerId) -> Result<Self, IndexError> {
        if let Ok(index) = Self::open_as_it_is(dir, ledger) {
            return Ok(index);
        }
        if dir.join("CURRENT").exists() {
            // Fails if another process has it open, and then nothing is destroyed.
            DB::destroy(&options(), dir)?;
        }
        let db = DB::open(&options(), dir)?;
        db.put(LEDGER, [&[FORMAT], &ledger.0[..]].concat())?;
        Ok(Self::at(db, 0))
    }

    fn open_as_it_is(dir: &Path, ledger: LedgerId) -> Result<Self, IndexError> {
        let mut options = options();
        options.create_if_missing(false);
        let db = DB::open(&options, dir)?;
        if db.get(LEDGER)?.as_deref() != Some(&[&[FORMAT], &ledger.0[..]].concat()) {
            return Err(IndexError::Entry(EntryIndex(0)));
        }
        let cursor = db.get(CURSOR)?.and_then(|value| Some(u64::from_be_bytes(*value.first_chunk()?)));
        Ok(Self::at(db, cursor.unwrap_or(0)))
    }

    const fn at(db: DB, cursor: u64) -> Self {
        Self { db, cursor: Mutex::new(cursor), moved: Condvar::new() }
    }

    fn cursor(&self) -> MutexGuard<'_, u64> {
        self.cursor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Size of the log that the index has seen.
    pub fn indexed_to(&self) -> TreeSize {
        TreeSize(*self.cursor())
    }

    /// Waits until the index has seen this size, or the time has passed; answers with the size that it has seen.
    pub fn wait_for(&self, size: TreeSize, timeout: Duration) -> TreeSize {
        let waited = self.moved.wait_timeout_while(self.cursor(), timeout, |cursor| *cursor < size.0);
        TreeSize(*waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Goes on to the size of `snapshot`, and answers with the size that it has then seen.
    ///
    /// # Errors
    ///
    /// [`IndexError`]; what was seen before stays.
    pub fn follow(&self, snapshot: &Snapshot) -> Result<TreeSize, IndexError> {
        let mut next = self.indexed_to();
        while next < snapshot.size() {
            let entries = snapshot.entries(EntryIndex(next.0), STEP)?;
            let mut said = Said { snapshot, places: self, write: Default::default(), fresh: HashMap::new() };
            for (at, stored) in (next.0..).map(EntryIndex).zip(&entries) {
                said.add(at, stored)?;
            }
            next = TreeSize(next.0 + entries.len() as u64);
            said.write.put(CURSOR, next.0.to_be_bytes());
            // Not synced: what a crash takes away is looked at again.
            self.db.write(said.write)?;
            *self.cursor() = next.0;
            self.moved.notify_all();
        }
        Ok(next)
    }

    /// The numbers on a list, in order, those above `after`, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`IndexError::Device`].
    pub fn list(&self, list: &List, after: Option<u64>, limit: usize) -> Result<Vec<u64>, IndexError> {
        let first = after.map_or(Some(0), |after| after.checked_add(1));
        let Some(first) = first else { return Ok(Vec::new()) };
        let prefix = list.prefix();
        let from = of_number(&prefix, first);
        let mut options = ReadOptions::default();
        // A leaf or entry has the largest index of all only in a full tree.
        options.set_iterate_upper_bound(of_number(&prefix, u64::MAX));
        let mode = IteratorMode::From(&from, Direction::Forward);
        let number = |item: Result<(Box<[u8]>, _), rocksdb::Error>| Ok(number_of(&item?.0));
        self.db.iterator_opt(mode, options).take(limit).map(number).collect()
    }

    /// Leaves of parties and units whose names, from one of their words on, begin with this text, in letters of either
    /// case, in order of that; each once, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`IndexError::Device`].
    pub fn names(&self, begins: &str, limit: usize) -> Result<Vec<StateIndex>, IndexError> {
        let prefix = names_prefix(begins);
        let mode = IteratorMode::From(&prefix, Direction::Forward);
        let mut found = Vec::new();
        for item in self.db.iterator(mode) {
            let (row, _) = item?;
            if found.len() == limit || !row.starts_with(&prefix) {
                break;
            }
            let leaf = StateIndex(number_of(&row));
            if !found.contains(&leaf) {
                found.push(leaf);
            }
        }
        Ok(found)
    }
}

impl Places for Index {
    fn place(&self, id: &ObjectId) -> Result<Option<EntryIndex>, IndexError> {
        Ok(self.list(&List::Id(*id), None, 1)?.first().copied().map(EntryIndex))
    }
}

fn options() -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_write_buffer_size(MEMTABLE_BYTES);
    options.set_max_open_files(64);
    options.set_keep_log_file_num(2);
    options
}
