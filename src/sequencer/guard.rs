//! The guard file: how far the log had come when somebody was last answered, kept outside the store (ARCHITECTURE.md).
//!
//! A store that was restored from a backup, or lost its tail, opens in good order and would sign a second history. The
//! guard remembers size and root of the log, and a store that does not reach them is refused.

use remit_verifier::hash::sha256;
use remit_verifier::merkle::TreeHead;
use remit_verifier::types::{Hash, LedgerId, TreeSize};
use std::fmt;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// First line of a slot.
const LABEL: &str = "remit/guard/v1";
/// Bytes of a slot: one sector.
const SLOT_BYTES: usize = 512;
/// Where the two slots begin: on different pages, so that one torn write never hits both.
const SLOTS: [u64; 2] = [0, 4_096];

/// Where a ledger's guard is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuardPlace {
    /// Nowhere: nothing protects from a restored backup. For tests and ledgers in memory.
    Nowhere,
    /// In this file, which is there.
    At(PathBuf),
    /// In this file, which is not there yet: a new ledger, or an operator who vouches for the store as it is.
    New(PathBuf),
}

/// Why there is no guard, or what it refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardError {
    /// The file cannot be read or written.
    Io(io::ErrorKind),
    /// There is no such file.
    Missing,
    /// There is a file already.
    Exists,
    /// Another process holds the file: the ledger runs already.
    Held,
    /// Neither slot of the file is whole.
    Unreadable,
    /// It is the guard of this other ledger.
    OtherLedger(LedgerId),
    /// The store has fewer entries than were acknowledged: those from `kept` up to `acknowledged` are missing.
    Fewer {
        /// Entries of the store.
        kept: TreeSize,
        /// Entries at the last acknowledgement.
        acknowledged: TreeSize,
    },
    /// The store's first entries have another root than the acknowledged ones: another history.
    OtherRoot {
        /// How many entries.
        size: TreeSize,
        /// Their root in the store.
        kept: Hash,
        /// Their root when they were acknowledged.
        acknowledged: Hash,
    },
}

impl From<io::Error> for GuardError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::AlreadyExists => Self::Exists,
            kind => Self::Io(kind),
        }
    }
}

impl fmt::Display for GuardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(kind) => write!(f, "the guard file: {kind}"),
            Self::Missing => f.write_str("there is no guard file"),
            Self::Exists => f.write_str("there is a guard file already"),
            Self::Held => f.write_str("another process holds the guard file"),
            Self::Unreadable => f.write_str("the guard file is damaged"),
            Self::OtherLedger(ledger) => write!(f, "the guard file is that of ledger {ledger}"),
            Self::Fewer { kept, acknowledged } => {
                let missing = acknowledged.0.saturating_sub(kept.0);
                write!(
                    f,
                    "{missing} acknowledged entries are missing: the store has {kept} of {acknowledged}"
                )
            }
            Self::OtherRoot { size, kept, acknowledged } => {
                write!(
                    f,
                    "the first {size} entries of the store have the root {kept}, acknowledged was {acknowledged}"
                )
            }
        }
    }
}

impl std::error::Error for GuardError {}

/// A guard file that nobody else opens meanwhile.
#[derive(Debug)]
#[must_use]
pub struct GuardHold {
    _file: File,
}

/// The lock ends with the file.
fn lock(file: &File) -> Result<(), GuardError> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => GuardError::Held,
        TryLockError::Error(error) => error.into(),
    })
}

/// An open guard file; no other process can open it.
#[derive(Debug)]
pub struct Guard {
    file: File,
    ledger: LedgerId,
    /// The slot to write next: the other one holds the newest head.
    slot: usize,
}

impl Guard {
    /// Makes a guard for a log that stands at `head`.
    ///
    /// # Errors
    ///
    /// [`GuardError::Exists`], [`GuardError::Io`].
    pub fn create(path: &Path, ledger: LedgerId, head: TreeHead) -> Result<Self, GuardError> {
        let file = File::options().read(true).write(true).create_new(true).open(path)?;
        let mut guard = Self { file, ledger, slot: 0 };
        lock(&guard.file)?;
        guard.set(head)?;
        guard.file.sync_all()?;
        // The name must survive too.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(guard)
    }

    /// Opens a guard: with it, the newest head that it holds.
    ///
    /// # Errors
    ///
    /// [`GuardError`].
    pub fn open(path: &Path, ledger: LedgerId) -> Result<(Self, TreeHead), GuardError> {
        let file = File::options().read(true).write(true).open(path)?;
        let mut guard = Self { file, ledger, slot: 0 };
        lock(&guard.file)?;
        let mut newest: Option<(LedgerId, TreeHead)> = None;
        for (number, place) in SLOTS.into_iter().enumerate() {
            let Some((ledger, head)) = guard.read(place)? else { continue };
            if newest.is_none_or(|(_, newest)| newest.size < head.size) {
                newest = Some((ledger, head));
                guard.slot = 1 - number;
            }
        }
        match newest {
            None => Err(GuardError::Unreadable),
            Some((other, _)) if other != ledger => Err(GuardError::OtherLedger(other)),
            Some((_, head)) => Ok((guard, head)),
        }
    }

    /// Remembers `head`, synced before this returns.
    ///
    /// # Errors
    ///
    /// [`GuardError::Io`].
    pub fn set(&mut self, head: TreeHead) -> Result<(), GuardError> {
        self.file.write_all_at(&encode(&self.ledger, &head), SLOTS[self.slot])?;
        self.file.sync_data()?;
        self.slot = 1 - self.slot;
        Ok(())
    }

    /// Holds a guard file without reading it, even a damaged one: nobody opens it as long as the answer lives.
    ///
    /// # Errors
    ///
    /// [`GuardError::Held`], [`GuardError::Missing`], [`GuardError::Io`].
    pub fn hold(path: &Path) -> Result<GuardHold, GuardError> {
        let file = File::open(path)?;
        lock(&file)?;
        Ok(GuardHold { _file: file })
    }

    /// What the slot at `place` holds, if it is whole.
    fn read(&self, place: u64) -> Result<Option<(LedgerId, TreeHead)>, GuardError> {
        let mut slot = [0; SLOT_BYTES];
        match self.file.read_exact_at(&mut slot, place) {
            Ok(()) => Ok(decode(&slot)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Five lines of text, the last a SHA-256 over those before, and zeros up to the end of the slot.
fn encode(ledger: &LedgerId, head: &TreeHead) -> [u8; SLOT_BYTES] {
    let text = format!("{LABEL}\n{ledger}\n{}\n{}\n", head.size, head.root);
    let text = format!("{text}{}\n", sha256(&[text.as_bytes()]));
    let mut slot = [0; SLOT_BYTES];
    slot[..text.len()].copy_from_slice(text.as_bytes());
    slot
}

/// Reads a slot; `None` unless it is exactly what [`encode`] writes.
fn decode(slot: &[u8; SLOT_BYTES]) -> Option<(LedgerId, TreeHead)> {
    let text = slot.split(|byte| *byte == 0).next().and_then(|text| std::str::from_utf8(text).ok())?;
    let mut lines = text.lines().skip(1);
    let ledger = LedgerId(hex32(lines.next()?)?);
    let size = TreeSize(lines.next()?.parse().ok()?);
    let head = TreeHead { size, root: Hash(hex32(lines.next()?)?) };
    (encode(&ledger, &head) == *slot).then_some((ledger, head))
}

fn hex32(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(bytes)
}
