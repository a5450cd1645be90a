//! Reads a snapshot, and checks of it what can be checked without the entries that it stands for (spec 24 §5).

use super::check::{Check, Contradicts};
use super::item::{Place, decode_leaf};
use super::record;
use crate::engine::{StatusTree, Trees};
use crate::machine::{Head, MemoryState, StateKey, key};
use crate::tree::PagedTree;
use remit_verifier::cbor::{DecodeError, Reader};
use remit_verifier::hash::{RunningHash, leaf_hash};
use remit_verifier::limits::SNAPSHOT_ITEM_BYTES_MAX;
use remit_verifier::merkle::TreeHead;
use remit_verifier::state::Status;
use remit_verifier::types::{EntryIndex, Hash, ObjectId, StateIndex};
use std::fmt;
use std::io::{self, Read as _};

/// Bytes that are read at a time.
const READ_BYTES: usize = 16 * SNAPSHOT_ITEM_BYTES_MAX;

/// Where a replay starts: all that it needs of the entries before.
#[derive(Debug)]
pub struct Start {
    /// Where in the log it stands.
    pub place: Place,
    /// What those compare who made it, and who did not.
    pub digest: Hash,
    /// The state: every record there is.
    pub state: MemoryState,
    /// The trees.
    pub trees: Trees,
}

impl Start {
    /// Size and root of the log that it stands for.
    pub fn head(&self) -> TreeHead {
        self.place.head()
    }
}

/// Why bytes are no snapshot, or none of this log.
#[derive(Debug)]
pub enum SnapshotError {
    /// It cannot be read.
    Io(io::Error),
    /// The item with this number is none: items count from 0, the header.
    Item(u64, DecodeError),
    /// The item with this number contradicts another one, or is out of order.
    Contradicts(u64),
    /// The records do not add up to the counters of this leaf.
    Sums(StateIndex),
    /// The leaves have this root, and the commitment states another.
    StateRoot(Hash),
    /// The statuses have this root, and the commitment states another.
    StatusRoot(Hash),
    /// The bytes have this digest, and their end states another: a byte is another than was written.
    Digest(Hash),
    /// Bytes follow its end.
    TrailingBytes,
    /// It stands for a log of this size and root, which is not the one it was held against.
    OtherLog(TreeHead),
}

impl SnapshotError {
    /// Its stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "snapshot_unreadable",
            Self::OtherLog(_) => "snapshot_of_another_log",
            _ => "snapshot_damaged",
        }
    }
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Item(at, error) => write!(f, "item {at} of the snapshot does not decode: {error:?}"),
            Self::Contradicts(at) => write!(f, "item {at} of the snapshot contradicts those before it"),
            Self::Sums(leaf) => write!(f, "the records of the snapshot do not add up for state leaf {leaf}"),
            Self::StateRoot(root) => write!(f, "the leaves of the snapshot have another root: {root}"),
            Self::StatusRoot(root) => write!(f, "the statuses of the snapshot have another root: {root}"),
            Self::Digest(digest) => write!(f, "the snapshot is damaged: its bytes have the digest {digest}"),
            Self::TrailingBytes => f.write_str("bytes follow the end of the snapshot"),
            Self::OtherLog(head) => {
                write!(f, "the snapshot is of another log, of size {} and root {}", head.size, head.root)
            }
        }
    }
}

impl std::error::Error for SnapshotError {}

impl From<io::Error> for SnapshotError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads a snapshot to its end. That it stands in a log that somebody signed is for the caller to see: by its
/// [head](Start::head), which the log has at that size, and by [its ledger](Place::ledger).
///
/// # Errors
///
/// [`SnapshotError`] says what is wrong first.
pub fn read(from: impl io::Read) -> Result<Start, SnapshotError> {
    let mut items = Items::new(from);
    let (place, records) = items.next(Place::decode)?;
    let commitment = place.commitment().ok_or(SnapshotError::Contradicts(0))?;
    let mut check = Check::new(place.head().size.0);
    let (mut leaves, mut status) = (PagedTree::new(), StatusTree::default());
    for index in (0..commitment.state_size.0).map(StateIndex) {
        let (record, info) = items.next(|r| decode_leaf(r, &check.state, index))?;
        leaves.push(leaf_hash(&record.leaf.encode()));
        status.set([(index, Status::of(&record.leaf))]);
        let own = index.0 > 0 || record.leaf.id == ObjectId(place.ledger().0);
        let taken = if own { check.leaf(record, info) } else { Err(Contradicts) };
        taken.map_err(|Contradicts| SnapshotError::Contradicts(items.count - 1))?;
    }
    if leaves.root() != commitment.state_root || leaves.size() != commitment.state_size {
        return Err(SnapshotError::StateRoot(leaves.root()));
    }
    if status.root() != commitment.status_root {
        return Err(SnapshotError::StatusRoot(status.root()));
    }
    for _ in 0..records {
        let id_of = |index| check.state.get(&key::LeafAt(index)).map(|record| record.leaf.id);
        let (key, record) = items.next(|r| record::decode(r, id_of))?;
        check.record(key, &record).map_err(|Contradicts| SnapshotError::Contradicts(items.count - 1))?;
    }
    let digest = items.end()?;
    let mut state = check.finish().map_err(SnapshotError::Sums)?;
    let head = head_of(&place).ok_or(SnapshotError::Contradicts(0))?;
    state.set(&key::HeadAt(0).key(), Some(&key::HeadAt::wrap(head)));
    let trees = Trees { log: place.log(), state: leaves, status };
    Ok(Start { place, digest, state, trees })
}

/// Where the ledger stands after the last entry.
fn head_of(place: &Place) -> Option<Head> {
    let commitment = place.commitment()?;
    Some(Head {
        ledger: place.ledger(),
        log_key: *place.genesis()?.log_key.bytes(),
        next_entry: EntryIndex(place.head().size.0),
        next_leaf: StateIndex(commitment.state_size.0),
        time: commitment.time,
    })
}

/// Items one after the other, of which no more than a few are in memory.
struct Items<R> {
    from: R,
    bytes: Vec<u8>,
    /// What of `bytes` was taken.
    taken: usize,
    digest: RunningHash,
    /// How many were read.
    count: u64,
}

impl<R: io::Read> Items<R> {
    fn new(from: R) -> Self {
        Self { from, bytes: Vec::new(), taken: 0, digest: RunningHash::default(), count: 0 }
    }

    /// Has the next item at hand as a whole, unless the bytes end before.
    fn fill(&mut self) -> Result<(), SnapshotError> {
        if self.bytes.len() - self.taken < SNAPSHOT_ITEM_BYTES_MAX {
            self.bytes.drain(..self.taken);
            self.taken = 0;
            let room = (READ_BYTES - self.bytes.len()) as u64;
            self.from.by_ref().take(room).read_to_end(&mut self.bytes)?;
        }
        Ok(())
    }

    fn next<T>(
        &mut self,
        read: impl FnOnce(&mut Reader<'_>) -> Result<T, DecodeError>,
    ) -> Result<T, SnapshotError> {
        self.fill()?;
        let at = self.count;
        let rest = self.bytes.get(self.taken..).unwrap_or_default();
        let rest = rest.get(..SNAPSHOT_ITEM_BYTES_MAX).unwrap_or(rest);
        let mut reader =
            Reader::new(rest, SNAPSHOT_ITEM_BYTES_MAX).map_err(|error| SnapshotError::Item(at, error))?;
        let value = read(&mut reader).map_err(|error| SnapshotError::Item(at, error))?;
        let length = reader.position();
        self.digest.update(rest.get(..length).unwrap_or_default());
        self.taken += length;
        self.count += 1;
        Ok(value)
    }

    /// The digest of all items, which the end must state, and nothing may follow.
    fn end(mut self) -> Result<Hash, SnapshotError> {
        let digest = self.digest.clone().finish();
        let stated = self.next(|r| r.array_bytes().map(Hash))?;
        self.fill()?;
        if self.taken < self.bytes.len() {
            return Err(SnapshotError::TrailingBytes);
        }
        if stated == digest { Ok(digest) } else { Err(SnapshotError::Digest(digest)) }
    }
}
