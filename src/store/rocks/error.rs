//! Why a folder cannot be opened, and what in it is damaged. Values, no sentences beyond one line each.

use crate::store::StoreError;
use remit_verifier::types::{EntryIndex, Hash, StateIndex, TreeSize};
use std::fmt;
use std::sync::Arc;

/// Why a ledger's folder is not opened, or not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// The folder in which a ledger should be made holds something.
    NotEmpty,
    /// The folder holds no ledger.
    NoLedger,
    /// Another process has the ledger open, or this one has.
    Locked,
    /// The folder is of another schema; `remit rebuild` makes a new one out of its log.
    Schema {
        /// What it is of.
        found: u32,
        /// What this version reads.
        wanted: u32,
    },
    /// There is no room.
    Full,
    /// The device or the library failed.
    Device(Arc<str>),
    /// What is kept contradicts itself.
    Damaged(Damage),
}

/// What contradicts itself in a folder: the first thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The library refuses a file: its words. Acknowledged entries may be missing.
    File(Arc<str>),
    /// A record does not decode, or is not where it belongs.
    Record(Arc<str>),
    /// There is no record of where the ledger stands.
    NoHead,
    /// A state leaf below the head's is missing.
    LeafMissing(StateIndex),
    /// A state leaf stands at or above the head's next.
    LeafBeyond(StateIndex),
    /// The values or the secret kept beside a leaf are not what it commits to.
    Values(StateIndex),
    /// The state leaves have another root than the last commitment says.
    StateRoot {
        /// That of the leaves.
        computed: Hash,
        /// That of the commitment.
        committed: Hash,
    },
    /// The status bits have another root than the last commitment says.
    StatusRoot {
        /// That of the leaves.
        computed: Hash,
        /// That of the commitment.
        committed: Hash,
    },
    /// The log's entries and tiles have another root than the one kept with the head.
    LogRoot {
        /// Entries.
        size: TreeSize,
        /// That of tiles and entries.
        computed: Hash,
        /// That of the head.
        kept: Hash,
    },
    /// An entry is missing, or stands twice.
    Entry(EntryIndex),
    /// The last entry is no commitment, or of another time or size than the head.
    Commitment(EntryIndex),
    /// A full tile is missing or not what the entries make.
    Tile {
        /// Its level.
        level: u8,
        /// Its number.
        number: u64,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEmpty => f.write_str("the folder is not empty"),
            Self::NoLedger => f.write_str("the folder holds no ledger"),
            Self::Locked => f.write_str("the ledger is open in another process"),
            Self::Schema { found, wanted } => write!(f, "the folder is of schema {found}, not {wanted}"),
            Self::Full => f.write_str("no room to write"),
            Self::Device(what) => write!(f, "the store failed: {what}"),
            Self::Damaged(damage) => write!(f, "what is kept contradicts itself: {damage}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(what) | Self::Record(what) => f.write_str(what),
            Self::NoHead => f.write_str("the head is missing"),
            Self::LeafMissing(index) => write!(f, "state leaf {index} is missing"),
            Self::LeafBeyond(index) => write!(f, "state leaf {index} is beyond the head"),
            Self::Values(index) => write!(f, "the values beside state leaf {index} are not its own"),
            Self::StateRoot { computed, committed } => {
                write!(f, "the state leaves have the root {computed}, the last commitment says {committed}")
            }
            Self::StatusRoot { computed, committed } => {
                write!(f, "the status bits have the root {computed}, the last commitment says {committed}")
            }
            Self::LogRoot { size, computed, kept } => {
                write!(f, "the {size} entries have the root {computed}, the head says {kept}")
            }
            Self::Entry(at) => write!(f, "entry {at} is missing or out of place"),
            Self::Commitment(at) => write!(f, "entry {at}, the last, is not the commitment of the head"),
            Self::Tile { level, number } => write!(f, "tile {number} of level {level} is not its entries'"),
        }
    }
}

impl From<Damage> for OpenError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::Full,
            StoreError::Device(what) => Self::Device(what),
            StoreError::Damaged(what) => Self::Damaged(Damage::Record(what)),
        }
    }
}

impl From<rocksdb::Error> for OpenError {
    fn from(error: rocksdb::Error) -> Self {
        store_error(&error).into()
    }
}

/// What an error of the library means. An append that finds no room wrote nothing that a reopening would read: the
/// torn record at the end of the file is dropped. A sync that finds none leaves it open whether the batch is kept.
pub(super) fn store_error(error: &rocksdb::Error) -> StoreError {
    let text = error.as_ref();
    let no_room = text.contains("No space left on device") || text.contains("File too large");
    let syncing = text.contains("sync");
    match error.kind() {
        rocksdb::ErrorKind::Corruption => StoreError::Damaged(text.into()),
        _ if no_room && !syncing => StoreError::Full,
        _ => StoreError::Device(text.into()),
    }
}

/// What an error of the library means while a folder is opened.
pub(super) fn open_error(error: &rocksdb::Error) -> OpenError {
    let text = error.as_ref();
    let locked = text.contains("lock hold by") || text.contains("While lock file");
    match error.kind() {
        rocksdb::ErrorKind::Corruption => Damage::File(text.into()).into(),
        rocksdb::ErrorKind::IOError if locked => OpenError::Locked,
        _ => store_error(error).into(),
    }
}
