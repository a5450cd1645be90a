//! What people look for and the ledger itself does not need: which tokens a key holds, who is an issuer, which requests
//! an approver was asked, what was offered.
//!
//! A follower of the published log with a small database of its own, off the path of commits. It may be behind, and it
//! forgets nothing: whoever asks looks up every leaf and drops what no longer fits. It is never backed up; without it,
//! or when it is damaged or of another ledger, it is made anew from the log.

mod follower;

pub use follower::Follower;

use crate::ledger::{LedgerError, Snapshot};
use crate::store::StoredEntry;
use remit_verifier::log::Entry;
use remit_verifier::object::{Act, Body, Kind, Submission};
use remit_verifier::types::{EntryIndex, KeyBytes, LedgerId, ObjectId, StateIndex, TreeSize};
use rocksdb::{DB, Direction, IteratorMode, Options, ReadOptions, WriteBatch};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// First byte of every value; another number is another layout, which is then made anew.
const FORMAT: u8 = 3;
/// Key of the ledger's id.
const LEDGER: &[u8] = b"m-ledger";
/// Key of the cursor: the number of entries that were looked at.
const CURSOR: &[u8] = b"m-cursor";
/// Kind of a holder's key: kind, key, leaf.
const HOLDER: u8 = b'h';
/// Kind of an issuer's key: kind, leaf.
const ISSUER: u8 = b'i';
/// Kind of a request's key: kind, key of an approver, entry.
const REQUEST: u8 = b'r';
/// Kind of an offer's key: kind, entry.
const OFFER: u8 = b'o';
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
    /// The object of this entry is missing, or names what the ledger does not know.
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
            let mut write = WriteBatch::default();
            for (at, stored) in (next.0..).map(EntryIndex).zip(&entries) {
                add(&mut write, snapshot, at, stored)?;
            }
            next = TreeSize(next.0 + entries.len() as u64);
            write.put(CURSOR, next.0.to_be_bytes());
            // Not synced: what a crash takes away is looked at again.
            self.db.write(write)?;
            *self.cursor() = next.0;
            self.moved.notify_all();
        }
        Ok(next)
    }

    /// Leaves of tokens that this key holds, held or was to hold, in order, those above `after`, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`IndexError::Device`].
    pub fn tokens_of(
        &self,
        holder: &KeyBytes,
        after: Option<StateIndex>,
        limit: usize,
    ) -> Result<Vec<StateIndex>, IndexError> {
        self.leaves(&prefix(HOLDER, holder), after, limit)
    }

    /// Entries with requests that this key was asked to approve, in order, those above `after`, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`IndexError::Device`].
    pub fn requests_of(
        &self,
        approver: &KeyBytes,
        after: Option<EntryIndex>,
        limit: usize,
    ) -> Result<Vec<EntryIndex>, IndexError> {
        let after = after.map(|entry| entry.0);
        Ok(self.list(&prefix(REQUEST, approver), after, limit)?.into_iter().map(EntryIndex).collect())
    }

    /// Leaves of parties that are or were issuers, in order, those above `after`, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`IndexError::Device`].
    pub fn issuers(&self, after: Option<StateIndex>, limit: usize) -> Result<Vec<StateIndex>, IndexError> {
        self.leaves(&[ISSUER], after, limit)
    }

    /// Entries with offers, in order, those above `after`, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`IndexError::Device`].
    pub fn offers(&self, after: Option<EntryIndex>, limit: usize) -> Result<Vec<EntryIndex>, IndexError> {
        let after = after.map(|entry| entry.0);
        Ok(self.list(&[OFFER], after, limit)?.into_iter().map(EntryIndex).collect())
    }

    fn leaves(
        &self,
        prefix: &[u8],
        after: Option<StateIndex>,
        limit: usize,
    ) -> Result<Vec<StateIndex>, IndexError> {
        let after = after.map(|leaf| leaf.0);
        Ok(self.list(prefix, after, limit)?.into_iter().map(StateIndex).collect())
    }

    /// The numbers at the end of the keys with this prefix.
    fn list(&self, prefix: &[u8], after: Option<u64>, limit: usize) -> Result<Vec<u64>, IndexError> {
        let first = after.map_or(Some(0), |after| after.checked_add(1));
        let Some(first) = first else { return Ok(Vec::new()) };
        let from = [prefix, &first.to_be_bytes()[..]].concat();
        let mut options = ReadOptions::default();
        // A leaf or entry has the largest index of all only in a full tree.
        options.set_iterate_upper_bound([prefix, &[0xff; 8][..]].concat());
        let mode = IteratorMode::From(&from, Direction::Forward);
        let number = |item: Result<(Box<[u8]>, _), rocksdb::Error>| {
            let (key, _) = item?;
            Ok(key.last_chunk().map_or(u64::MAX, |number| u64::from_be_bytes(*number)))
        };
        self.db.iterator_opt(mode, options).take(limit).map(number).collect()
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

fn prefix(kind: u8, key: &KeyBytes) -> Vec<u8> {
    [&[kind], &key.0[..]].concat()
}

/// What one entry says of holders, issuers and approvers: by its object alone, for the leaf of an id never changes,
/// and neither does whose approval a token needs.
fn add(
    write: &mut WriteBatch,
    snapshot: &Snapshot,
    at: EntryIndex,
    stored: &StoredEntry,
) -> Result<(), IndexError> {
    let wrong = IndexError::Entry(at);
    let Ok(Entry::Outcome(outcome)) = Entry::decode(&stored.entry) else { return Ok(()) };
    match outcome.kind {
        Kind::Issue
        | Kind::Delegate
        | Kind::Transfer
        | Kind::Rekey
        | Kind::Issuer
        | Kind::Request
        | Kind::Offer
        | Kind::Bundle => {}
        _ => return Ok(()),
    }
    let object = stored.object.as_deref().ok_or(wrong.clone())?;
    let submission = Submission::decode(object).map_err(|_| wrong.clone())?;
    let leaf = |id: &ObjectId| snapshot.index_of(id)?.ok_or(wrong.clone());
    for operation in &submission.operations {
        let (mut key, index) = match &operation.body {
            Body::Token(token, _) => (prefix(HOLDER, token.holder.bytes()), leaf(&operation.id)?),
            Body::Act(_, Act::Transfer { token, holder, .. }, _) => {
                (prefix(HOLDER, holder.bytes()), leaf(token)?)
            }
            // A rekey that is only proposed is listed as well; who asks sees by the leaf that it is not in force.
            Body::Act(_, Act::Rekey { target, holder }, _) => {
                (prefix(HOLDER, holder.bytes()), leaf(&target.token)?)
            }
            Body::Act(_, Act::Issuer { party }, _) => (vec![ISSUER], leaf(party)?),
            Body::Act(_, Act::Request(ask), _) => {
                for (_, link) in snapshot.chain_at(leaf(&ask.token)?)? {
                    for approver in link.token.approval.iter().flat_map(|rule| &rule.approvers) {
                        let key = [&prefix(REQUEST, approver.bytes())[..], &at.0.to_be_bytes()].concat();
                        write.put(key, [FORMAT]);
                    }
                }
                continue;
            }
            Body::Act(_, Act::Offer(offer), _) => {
                if offer.price.is_some() {
                    write.put([&[OFFER], &at.0.to_be_bytes()[..]].concat(), [FORMAT]);
                }
                continue;
            }
            // Who bought a token holds it from then on.
            Body::Act(_, Act::Trade(trade), _) => {
                let buyer = operation.signers.first().ok_or(wrong.clone())?;
                (prefix(HOLDER, buyer.bytes()), leaf(&trade.token)?)
            }
            _ => continue,
        };
        key.extend_from_slice(&index.0.to_be_bytes());
        write.put(key, [FORMAT]);
    }
    Ok(())
}
