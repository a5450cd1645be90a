//! The file behind a record: rows are appended and synced, and what no longer counts is left out when it is written
//! anew.
//!
//! ```text
//! "remit/served/v1\n" ‖ forgotten (8 and 8) ‖ check (8)       then, for each row
//! id (32) ‖ root (32) ‖ until (8) ‖ request (1) ‖ check (8)   check = 8 bytes of SHA-256 of what stands before it
//! ```
//!
//! A row that was not synced was never answered, so a part of one at the end is dropped. A whole row that is wrong in
//! the last group may have been answered or not: that is in doubt, and whatever may have been is refused, requests of
//! approval too. One that is wrong before that is damage, and nothing is served by such a file; nor is anything where
//! the folder had a file and has none.

use super::anew::write_anew;
use super::book::{Book, Row};
use remit_verifier::hash::sha256;
use remit_verifier::types::{Millis, ObjectId};
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Says that the folder has a record.
const MARK: &str = "served.is-here";
const MAGIC: &[u8; 16] = b"remit/served/v1\n";
const HEAD_BYTES: usize = 40;
const ROW_BYTES: usize = 81;
/// Rows that are appended and synced together.
pub(super) const GROUP_ROWS_MAX: usize = 512;
/// Rows that no longer count, beyond as many as do, before the file is written anew.
const IDLE_ROWS: usize = 4_096;

/// Why a record cannot be opened.
#[derive(Debug)]
pub enum JournalError {
    /// The file cannot be read, made, locked or written.
    Io(io::Error),
    /// Another process has it.
    Held,
    /// What stands in it is no record, or was damaged: at this byte.
    Damaged(u64),
    /// The folder had a record, and has none.
    Lost,
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Held => f.write_str("another process keeps this record"),
            Self::Lost => f.write_str("the record of what was served is gone"),
            Self::Damaged(at) => write!(f, "no record of what was served, or damaged at byte {at}"),
        }
    }
}

impl std::error::Error for JournalError {}

impl From<io::Error> for JournalError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The file, held by this process alone.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// Rows in the file, those that no longer count included.
    rows: usize,
    /// The folder, locked for as long as this lives; the file itself is replaced now and then.
    _folder: File,
}

impl Journal {
    /// Opens or makes the file in a folder, and gives `book` what counts of it.
    ///
    /// `in_doubt` is until when everything is refused that may have been answered before, if the file does not say.
    pub(super) fn open(
        folder: &Path,
        book: &mut Book,
        now: Millis,
        in_doubt: [Millis; 2],
    ) -> Result<Self, JournalError> {
        std::fs::create_dir_all(folder)?;
        // The folder and no file in it: a file that holds a lock can be taken away, and made anew by another process.
        let held = File::open(folder)?;
        held.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => JournalError::Held,
            std::fs::TryLockError::Error(error) => JournalError::Io(error),
        })?;
        let path = folder.join("served");
        match std::fs::read(&path) {
            Ok(bytes) => read(&bytes, book, now, in_doubt)?,
            // What a folder that is new does not know is in doubt for as long as an invocation is good.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.join(MARK).exists() => {
                book.forget_until([in_doubt[0], Millis(0)]);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(JournalError::Lost),
            Err(error) => return Err(error.into()),
        }
        let file = write_anew(&path, &whole(book))?;
        File::create(folder.join(MARK))?.sync_all()?;
        held.sync_all()?;
        Ok(Self { path, file, rows: book.len(), _folder: held })
    }

    /// Appends rows, and syncs them. After an error what stands in the file is not known.
    pub(super) fn append(&mut self, rows: &[Row]) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(rows.len() * ROW_BYTES);
        rows.iter().for_each(|row| encode(row, &mut bytes));
        self.file.write_all(&bytes)?;
        self.file.sync_data()?;
        self.rows += rows.len();
        Ok(())
    }

    /// From now on every write fails, or again none.
    #[cfg(test)]
    pub(super) fn fail(&mut self, fails: bool) {
        let file = File::options().read(true).append(!fails).open(&self.path);
        self.file = file.expect("the file is there");
    }

    /// Whether most of the file no longer counts.
    pub(super) fn is_idle(&self, counting: usize) -> bool {
        self.rows > 2 * counting + IDLE_ROWS
    }

    /// Writes the file anew with what counts: all of `book`, which has everything that was appended.
    pub(super) fn renew(&mut self, book: &Book) -> io::Result<()> {
        self.file = write_anew(&self.path, &whole(book))?;
        self.rows = book.len();
        Ok(())
    }
}

/// All of a book as a file.
fn whole(book: &Book) -> Vec<u8> {
    let mut bytes = head(book.forgotten());
    book.rows().for_each(|row| encode(row, &mut bytes));
    bytes
}

fn head(forgotten: [Millis; 2]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    forgotten.iter().for_each(|time| bytes.extend_from_slice(&time.0.to_be_bytes()));
    let check = check(&bytes);
    bytes.extend_from_slice(&check);
    bytes
}

fn check(bytes: &[u8]) -> [u8; 8] {
    let mut first = [0; 8];
    first.copy_from_slice(&sha256(&[bytes]).0[..8]);
    first
}

fn encode(row: &Row, bytes: &mut Vec<u8>) {
    let begin = bytes.len();
    bytes.extend_from_slice(&row.id);
    bytes.extend_from_slice(&row.root.0);
    bytes.extend_from_slice(&row.until.0.to_be_bytes());
    bytes.push(row.request.into());
    let check = check(&bytes[begin..]);
    bytes.extend_from_slice(&check);
}

fn decode(bytes: &[u8]) -> Option<Row> {
    let mut rest = bytes;
    let (mut id, mut root, mut until, mut request, mut sum) = ([0; 32], [0; 32], [0; 8], [0; 1], [0; 8]);
    for part in [&mut id[..], &mut root, &mut until, &mut request, &mut sum] {
        rest.read_exact(part).ok()?;
    }
    let good = rest.is_empty() && sum == check(&bytes[..ROW_BYTES - 8]);
    let until = Millis(u64::from_be_bytes(until));
    good.then_some(Row { id, root: ObjectId(root), until, request: request == [1] })
}

/// Gives `book` what counts.
fn read(bytes: &[u8], book: &mut Book, now: Millis, in_doubt: [Millis; 2]) -> Result<(), JournalError> {
    let (begin, rows) = bytes.split_at_checked(HEAD_BYTES).ok_or(JournalError::Damaged(0))?;
    let time = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&begin[at..at + 8]);
        Millis(u64::from_be_bytes(bytes))
    };
    let forgotten = [time(16), time(24)];
    if *begin != head(forgotten)[..] {
        return Err(JournalError::Damaged(0));
    }
    book.forget_until(forgotten);
    let read: Vec<Option<Row>> = rows.chunks_exact(ROW_BYTES).map(decode).collect();
    let good = read.iter().take_while(|row| row.is_some()).count();
    if good < read.len() {
        if good + GROUP_ROWS_MAX < read.len() {
            return Err(JournalError::Damaged((HEAD_BYTES + good * ROW_BYTES) as u64));
        }
        book.forget_until(in_doubt);
    }
    read.into_iter().flatten().for_each(|row| book.restore(row, now));
    Ok(())
}
