//! Opens a ledger on a store: who it is, whether its key fits, whether something acknowledged is missing, the time.

use super::guard::{Guard, GuardError, GuardPlace};
use super::read_back::{Mismatch, read_back_tail};
use super::run::Settings;
use super::version::{SealError, Version};
use super::writer::{Fatal, Writer};
use crate::engine;
use crate::store::{Read, Store, StoreError};
use crate::tree::prove;
use remit_verifier::log::{Entry, Genesis};
use remit_verifier::merkle::TreeHead;
use remit_verifier::sign::Signer;
use remit_verifier::types::{EntryIndex, KeyBytes, LedgerId, Millis};
use std::fmt;
use std::io;
use std::sync::Arc;

/// Why a ledger does not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartError {
    /// The store cannot be read or written.
    Store(StoreError),
    /// The store holds no ledger yet.
    Empty,
    /// The store holds a ledger already.
    NotEmpty,
    /// The first entry is no genesis.
    NoGenesis,
    /// The signer's key is not the log key of the genesis.
    NotTheLogKey {
        /// The signer's.
        signer: KeyBytes,
        /// The log's.
        log: KeyBytes,
    },
    /// What is kept contradicts itself.
    Damaged(Mismatch),
    /// The guard cannot be used, or refuses the store.
    Guard(GuardError),
    /// The clock is behind the last entry.
    ClockBehind {
        /// What the clock says.
        now: Millis,
        /// Time of the last entry.
        last: Millis,
    },
    /// The clock is further ahead of the last entry than it may be without somebody saying so.
    ClockAhead {
        /// What the clock says.
        now: Millis,
        /// Time of the last entry.
        last: Millis,
        /// How far it may be ahead.
        bound: Millis,
    },
    /// The checkpoint was not signed.
    Seal(SealError),
    /// The first cycle failed.
    Fatal(Arc<Fatal>),
    /// There is no thread for the writer.
    Thread(io::ErrorKind),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Empty => f.write_str("the store holds no ledger"),
            Self::NotEmpty => f.write_str("the store holds a ledger already"),
            Self::NoGenesis => f.write_str("the first entry is no genesis"),
            Self::NotTheLogKey { .. } => f.write_str("the signer's key is not the log key of the genesis"),
            Self::Damaged(error) => error.fmt(f),
            Self::Guard(error) => error.fmt(f),
            Self::ClockBehind { now, last } => {
                write!(f, "the clock ({now} ms) is {} ms behind the last entry", last.0.saturating_sub(now.0))
            }
            Self::ClockAhead { now, last, bound } => {
                let ahead = now.0.saturating_sub(last.0);
                write!(
                    f,
                    "the clock ({now} ms) is {ahead} ms ahead of the last entry; {bound} ms are allowed"
                )
            }
            Self::Seal(error) => error.fmt(f),
            Self::Fatal(fatal) => fatal.fmt(f),
            Self::Thread(kind) => write!(f, "no thread for the writer: {kind}"),
        }
    }
}

impl std::error::Error for StartError {}

impl StartError {
    /// What a person can do about it.
    pub const fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::Store(StoreError::Full) => "make room on the device, then start again",
            Self::Empty => "initialise a ledger there first",
            Self::NotEmpty => "choose another folder",
            Self::NotTheLogKey { .. } => "give the key that this ledger was initialised with",
            Self::Store(StoreError::Damaged(_)) | Self::NoGenesis | Self::Damaged(_) => {
                "do not use this store; rebuild the state by replaying log and objects, or restore a newer copy"
            }
            Self::Guard(GuardError::Missing) => {
                "if this store is the newest there is, have a new guard made; if it is an old copy, do not start it"
            }
            Self::Guard(GuardError::Exists) => "a new ledger needs a guard file of its own",
            Self::Guard(GuardError::Held) => "the ledger runs already; stop it first",
            Self::Guard(GuardError::Fewer { .. }) => {
                "this is an old copy: recover the missing entries from a newer copy or from published tiles; a ledger \
                 that goes on without them signs a second history"
            }
            Self::Guard(GuardError::OtherRoot { .. } | GuardError::OtherLedger(_)) => {
                "store and guard are not of one ledger: put the right one in place"
            }
            Self::Guard(GuardError::Unreadable) => {
                "compare the store with the newest published checkpoint; only then have a new guard made"
            }
            Self::ClockBehind { .. } => "set the clock right, or wait until it has passed the last entry",
            Self::ClockAhead { .. } => "if the clock is right, allow the jump once",
            _ => return None,
        })
    }
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Begins a ledger in an empty store: genesis and the first commitment, durable.
///
/// # Errors
///
/// [`StartError::NotEmpty`], [`StartError::Store`].
pub fn begin<S: Store>(store: &mut S, genesis: &Genesis) -> Result<(), StartError> {
    if store.commitment().is_some() {
        return Err(StartError::NotEmpty);
    }
    store.commit(engine::begin(genesis), &[])?;
    Ok(())
}

/// The genesis of a store, and the name that it gives.
///
/// # Errors
///
/// [`StartError::Empty`], [`StartError::NoGenesis`], [`StartError::Store`].
pub fn genesis(read: &dyn Read) -> Result<(LedgerId, Genesis), StartError> {
    let entry = read.entry(EntryIndex(0))?.ok_or(StartError::Empty)?.entry;
    match Entry::decode(&entry) {
        Ok(Entry::Genesis(genesis)) => Ok((Genesis::ledger_id(&entry), *genesis)),
        _ => Err(StartError::NoGenesis),
    }
}

/// Makes the writer of a store that holds a ledger, after every check there is; it has signed what is there.
///
/// # Errors
///
/// [`StartError`].
pub fn open<S: Store>(
    store: S,
    signer: Box<dyn Signer + Send>,
    settings: &Settings,
) -> Result<(Writer<S>, LedgerId, Genesis), StartError> {
    let read = store.reader();
    let (ledger, genesis) = genesis(&*read)?;
    let (key, log) = (signer.public_key(), *genesis.log_key.bytes());
    if key != log {
        return Err(StartError::NotTheLogKey { signer: key, log });
    }
    let commitment = store.commitment().ok_or(StartError::Empty)?;
    let tail = read_back_tail(&*read, store.trees(), commitment).map_err(StartError::Damaged)?;
    let guard = open_guard(&*read, ledger, tail.head, &settings.guard).map_err(StartError::Guard)?;
    let (now, last, bound) = ((settings.clock)(), commitment.time, settings.jump_max);
    if now < last {
        return Err(StartError::ClockBehind { now, last });
    }
    if now.0 - last.0 > bound.0 && !settings.allow_jump {
        return Err(StartError::ClockAhead { now, last, bound });
    }
    let version = Version::seal(&*signer, &genesis.origin, tail).map_err(StartError::Seal)?;
    let witnessed = settings.witnesses.is_some();
    Ok((Writer::new(store, signer, genesis.origin.clone(), guard, version, witnessed), ledger, genesis))
}

/// Opens the guard, and holds the store against it.
fn open_guard(
    read: &dyn Read,
    ledger: LedgerId,
    head: TreeHead,
    place: &GuardPlace,
) -> Result<Option<Guard>, GuardError> {
    let (mut guard, acknowledged) = match place {
        GuardPlace::Nowhere => return Ok(None),
        GuardPlace::New(path) => return Guard::create(path, ledger, head).map(Some),
        GuardPlace::At(path) => Guard::open(path, ledger)?,
    };
    if head.size < acknowledged.size {
        return Err(GuardError::Fewer { kept: head.size, acknowledged: acknowledged.size });
    }
    let size = acknowledged.size;
    let kept = prove::root_at(read.log(), size).unwrap_or_default();
    if kept != acknowledged.root {
        return Err(GuardError::OtherRoot { size, kept, acknowledged: acknowledged.root });
    }
    // Before the checkpoint over it is signed again.
    guard.set(head)?;
    Ok(Some(guard))
}
