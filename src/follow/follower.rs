//! One ledger that is followed, over restarts (spec 22 §3): its newest state is on the disk before anything is decided
//! by it, and it never goes back.
//!
//! ```text
//! newest          the state, as an update since 0 with the whole table
//! is-here         that there was one: without it, nothing is begun anew
//! fork            the two notes of one size, once there are such: nothing more is accepted while it is there, even if
//!                 there was no room for the notes
//! doubt-HASH      two notes of which it was not proved that the one goes on from the other
//! ```

use super::anew::write_anew;
use remit_verifier::c2sp::SignedNote;
use remit_verifier::feed::StatusUpdate;
use remit_verifier::hash::sha256;
use remit_verifier::types::{LedgerId, Millis, TreeSize};
use remit_verifier::verify::{FollowError, Followed, Policy};
use std::fmt;
use std::fs::{DirEntry, File, read_dir};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

const NEWEST: &str = "newest";
const MARK: &str = "is-here";
const FORK: &str = "fork";
const DOUBT: &str = "doubt-";
/// Notes in doubt that are kept; of the rest it is only said that they came.
const DOUBTS_MAX: usize = 64;

/// The newest state of one ledger, shared by all threads.
#[derive(Debug)]
pub struct Follower {
    ledger: LedgerId,
    state: RwLock<Option<Arc<Followed>>>,
    /// Of one update at a time; whether the log was seen to fork.
    forked: Mutex<bool>,
    folder: Option<Kept>,
}

/// Where it is kept.
#[derive(Debug)]
struct Kept {
    path: PathBuf,
    /// Locked for as long as this lives.
    held: File,
}

/// Why a state that was followed cannot be gone on from.
#[derive(Debug)]
pub enum OpenError {
    /// The folder cannot be made or read.
    Io(io::Error),
    /// Another process follows there.
    Held,
    /// What is kept is no state of this ledger.
    Damaged(FollowError),
    /// There was a state, and there is none.
    Lost,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Held => f.write_str("another process follows the ledger here"),
            Self::Damaged(error) => write!(f, "no state of this ledger, or damaged: {error}"),
            Self::Lost => f.write_str("the state that was followed is gone"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Why an update was not taken.
#[derive(Debug)]
pub enum TakeError {
    /// It is not accepted.
    Refused(FollowError),
    /// It is not accepted, and the notes that say why cannot be kept. After a fork nothing more is accepted all the
    /// same.
    NotKept(FollowError, io::Error),
    /// The log forked before, and both notes are kept in this file, if they could be.
    Forked(Option<PathBuf>),
    /// It is good, and cannot be kept: nothing is decided by it.
    Io(io::Error),
}

impl fmt::Display for TakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::NotKept(refused, error) => write!(f, "{refused}; the notes cannot be kept: {error}"),
            Self::Forked(Some(path)) => {
                write!(f, "the log signed two histories; what was kept of it is in {}", path.display())
            }
            Self::Forked(None) => f.write_str("the log signed two histories"),
            Self::Io(error) => write!(f, "the new state cannot be kept: {error}"),
        }
    }
}

impl std::error::Error for TakeError {}

impl Follower {
    /// One that forgets what it knew when it ends.
    pub const fn in_memory(ledger: LedgerId) -> Self {
        Self { ledger, state: RwLock::new(None), forked: Mutex::new(false), folder: None }
    }

    /// Goes on from what is kept in a folder, or begins there. Any number of ledgers have room in one folder.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open(folder: &Path, ledger: LedgerId) -> Result<Self, OpenError> {
        let path = folder.join(ledger.to_string());
        std::fs::create_dir_all(&path)?;
        let held = File::open(&path)?;
        held.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => OpenError::Held,
            std::fs::TryLockError::Error(error) => OpenError::Io(error),
        })?;
        let state = match std::fs::read(path.join(NEWEST)) {
            Ok(bytes) => {
                let state = Followed::restore(&bytes).map_err(OpenError::Damaged)?;
                if state.ledger() != ledger {
                    let other = remit_verifier::code::Code::WrongLedger;
                    return Err(OpenError::Damaged(FollowError::Refused(other)));
                }
                Some(Arc::new(state))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if path.join(MARK).exists() {
                    return Err(OpenError::Lost);
                }
                None
            }
            Err(error) => return Err(error.into()),
        };
        let forked = Mutex::new(path.join(FORK).try_exists()?);
        let folder = Some(Kept { path, held });
        Ok(Self { ledger, state: RwLock::new(state), forked, folder })
    }

    /// The ledger.
    pub const fn ledger(&self) -> LedgerId {
        self.ledger
    }

    /// The newest state.
    pub fn state(&self) -> Option<Arc<Followed>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Since when it is to be told: the size of the log that it knows.
    pub fn since(&self) -> TreeSize {
        self.state().map_or(TreeSize(0), |state| state.head().size)
    }

    /// Takes an update, and gives the state after it, which is kept.
    ///
    /// # Errors
    ///
    /// [`TakeError`]: nothing changed, but that the proof of a fork, or notes in doubt, are kept.
    pub fn take(&self, policy: &Policy, update: &[u8], now: Millis) -> Result<Arc<Followed>, TakeError> {
        let mut forked = self.forked.lock().unwrap_or_else(PoisonError::into_inner);
        if *forked {
            return Err(TakeError::Forked(self.path(FORK)));
        }
        let before = self.state();
        let next = match &before {
            None => Followed::begin(policy, update, now).and_then(|next| self.require_own(next)),
            Some(state) => state.advance(policy, update, now),
        };
        let next = match next {
            Ok(next) => Arc::new(next),
            Err(error) => {
                *forked = error == FollowError::Fork;
                return Err(match self.keep_notes(error, before.as_deref(), update) {
                    Ok(()) => TakeError::Refused(error),
                    Err(lost) => TakeError::NotKept(error, lost),
                });
            }
        };
        if before.as_deref() != Some(&*next) {
            self.keep(&next).map_err(TakeError::Io)?;
            *self.state.write().unwrap_or_else(PoisonError::into_inner) = Some(next.clone());
        }
        Ok(next)
    }

    fn require_own(&self, state: Followed) -> Result<Followed, FollowError> {
        let own = state.ledger() == self.ledger;
        if own { Ok(state) } else { Err(remit_verifier::code::Code::WrongLedger.into()) }
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.folder.as_ref().map(|kept| kept.path.join(name))
    }

    fn keep(&self, state: &Followed) -> io::Result<()> {
        let (Some(newest), Some(mark)) = (self.path(NEWEST), self.path(MARK)) else { return Ok(()) };
        write_anew(&newest, &state.snapshot())?;
        if !mark.exists() {
            write_anew(&mark, b"")?;
        }
        Ok(())
    }

    /// Keeps the notes of two histories, or of what may be such. That they cannot be kept is no reason to accept them.
    fn keep_notes(&self, error: FollowError, before: Option<&Followed>, update: &[u8]) -> io::Result<()> {
        let (Some(before), Some(folder)) = (before, &self.folder) else { return Ok(()) };
        let Ok(update) = StatusUpdate::decode(update) else { return Ok(()) };
        let notes = [before.note(), b"\n", update.note].concat();
        match error {
            FollowError::Fork => folder.keep_fork(&notes),
            FollowError::NotConsistent => folder.keep_doubt(update.note, &notes),
            FollowError::Refused(_) | FollowError::NotSince { .. } | FollowError::Behind { .. } => Ok(()),
        }
    }
}

impl Kept {
    /// When this returns, also with an error, a restart finds that there is a fork, if a file can be made at all.
    fn keep_fork(&self, notes: &[u8]) -> io::Result<()> {
        let path = self.path.join(FORK);
        write_anew(&path, notes).map(drop).inspect_err(|_| {
            // The folder may be full, and a name alone still have room. The error that is told is the first one.
            let mark = File::options().append(true).create(true).open(&path);
            drop(mark.and_then(|mark| mark.sync_all().and(self.held.sync_all())));
        })
    }

    /// Keeps notes in doubt once, whatever lines stand below the newer one and whatever it is shown after.
    fn keep_doubt(&self, note: &[u8], notes: &[u8]) -> io::Result<()> {
        let note = SignedNote::parse(note).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        let path = self.path.join(format!("{DOUBT}{}", sha256(&[note.text().as_bytes()])));
        let is_doubt = |entry: &DirEntry| entry.file_name().to_string_lossy().starts_with(DOUBT);
        let room =
            || Ok::<_, io::Error>(read_dir(&self.path)?.flatten().filter(is_doubt).count() < DOUBTS_MAX);
        if !path.try_exists()? && room()? {
            write_anew(&path, notes)?;
        }
        Ok(())
    }
}
