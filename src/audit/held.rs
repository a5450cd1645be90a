//! One ledger, computed again batch by batch and held against the log that signs it: what a replaying witness and a
//! monitor both do with entries that they are shown.
//!
//! What is shown beside an entry nobody signed. So it counts as the ledger's only if it is what the entry names, and
//! whoever reads this decides by a signed checkpoint whether the entries themselves are.

use super::replay::BATCH_ENTRIES_MAX;
use super::snapshot::{Place, Start};
use crate::engine::{self, Batch, Kept, ReplayError, StoredEntry, Trees};
use crate::machine::MemoryState;
use remit_verifier::c2sp::VerifierKey;
use remit_verifier::hash::leaf_hash;
use remit_verifier::log::{Entry, Genesis};
use remit_verifier::merkle::TreeHead;
use remit_verifier::object::Submission;
use remit_verifier::types::{EntryIndex, LedgerId};
use std::convert::Infallible;
use std::fmt;

/// Where entries come from, with what stands beside them.
pub trait Source: Send {
    /// Up to `limit` entries from `from` on; none only at the end.
    ///
    /// # Errors
    ///
    /// Why there are none, for people.
    fn entries(&mut self, from: u64, limit: u64) -> Result<Vec<StoredEntry>, String>;
}

/// Why a batch is not what it should be. The entry named is the first that is wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The first entry is that of another log than the one that signs.
    OtherLog,
    /// The first entry is no genesis.
    NoGenesis,
    /// What is shown as the object of this entry is another one.
    OtherObject(EntryIndex),
    /// The batch that begins here has more entries than a batch may have.
    Long(EntryIndex),
    /// The rules make something else of it: this batch, if they make one.
    Rules(ReplayError<Infallible>, Option<Box<Batch>>),
}

impl Fault {
    /// Whether it refutes who signed the entries. What else is wrong stands beside them, or is not at hand.
    pub const fn is_lie(&self) -> bool {
        match self {
            Self::NoGenesis | Self::Long(_) => true,
            Self::OtherLog | Self::OtherObject(_) => false,
            Self::Rules(error, _) => !matches!(
                error,
                ReplayError::Missing(_)
                    | ReplayError::Object(..)
                    | ReplayError::Details(_)
                    | ReplayError::Build(_)
            ),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherLog => f.write_str("it is the ledger of another log"),
            Self::NoGenesis => f.write_str("the first entry is no genesis"),
            Self::OtherObject(at) => write!(f, "what it shows as the object of entry {at} is another one"),
            Self::Long(at) => write!(f, "the batch that begins with entry {at} is too long"),
            Self::Rules(error, _) => error.fmt(f),
        }
    }
}

impl std::error::Error for Fault {}

/// A ledger as far as it was computed again: its state and its trees.
pub struct Held {
    logs: Vec<VerifierKey>,
    place: Option<Place>,
    ledger: Option<LedgerId>,
    state: MemoryState,
    trees: Trees,
}

impl Held {
    /// Nothing computed yet of the ledger of these log keys.
    pub fn new(logs: Vec<VerifierKey>) -> Self {
        Self { logs, place: None, ledger: None, state: MemoryState::default(), trees: Trees::default() }
    }

    /// Goes on from a snapshot of the ledger of one of these log keys; that it stands in a log that this key signs is
    /// for the caller to see.
    ///
    /// # Errors
    ///
    /// [`Fault::OtherLog`], [`Fault::NoGenesis`].
    pub fn from_snapshot(logs: Vec<VerifierKey>, start: Start) -> Result<Self, Fault> {
        let Start { place, state, trees, .. } = start;
        let genesis = place.genesis().ok_or(Fault::NoGenesis)?;
        let ledger = Some(place.ledger());
        let held = Self { logs, place: Some(place), ledger, state, trees };
        held.require_own(&genesis)?;
        Ok(held)
    }

    /// Where in the log it stands, for a snapshot; nowhere before the first batch.
    pub const fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// Index of the entry that comes next.
    pub fn next(&self) -> EntryIndex {
        EntryIndex(self.trees.log.size().0)
    }

    /// Size and root of the entries that were computed.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.trees.log.size(), root: self.trees.log.root() }
    }

    /// The ledger's name, out of its first entry.
    pub const fn ledger(&self) -> Option<LedgerId> {
        self.ledger
    }

    /// Every record there is.
    pub const fn state(&self) -> &MemoryState {
        &self.state
    }

    /// The trees.
    pub const fn trees(&self) -> &Trees {
        &self.trees
    }

    /// Computes the next batch, and compares every byte. Nothing changes until it is taken.
    ///
    /// # Errors
    ///
    /// [`Fault`].
    pub fn compute(&self, items: &[StoredEntry]) -> Result<Batch, Fault> {
        let first = self.next();
        if items.len() > BATCH_ENTRIES_MAX {
            return Err(Fault::Long(first));
        }
        if self.ledger.is_none() {
            self.require_log(items)?;
        }
        for (item, at) in items.iter().zip(first.0..) {
            require_object(item, EntryIndex(at))?;
        }
        let kept: Vec<Kept<'_>> = items.iter().map(StoredEntry::kept).collect();
        let made = match &self.ledger {
            Some(ledger) => engine::recompute(&self.state, &self.trees, ledger, &kept),
            None => engine::recompute_genesis(&kept),
        };
        let batch = made.map_err(|error| Fault::Rules(error, None))?;
        match engine::compare(&batch, &kept) {
            Ok(()) => Ok(batch),
            Err(error) => Err(Fault::Rules(error, Some(Box::new(batch)))),
        }
    }

    /// Goes on from a batch that was computed of these entries.
    pub fn take(&mut self, batch: Batch, items: &[StoredEntry]) {
        let entries = items.iter().map(|item| item.entry.as_slice());
        self.place = Place::behind(self.place.as_ref(), &self.trees.log, entries);
        let mut log = self.trees.log.clone();
        items.iter().for_each(|item| log.push(leaf_hash(&item.entry)));
        if self.ledger.is_none() {
            self.ledger = items.first().map(|item| Genesis::ledger_id(&item.entry));
        }
        self.state.apply(&batch.delta);
        // The entries as they are signed: the roots in a commitment change nothing that comes after it.
        self.trees = Trees { log, ..batch.trees };
    }

    /// The first entry must be that of a log that is trusted.
    fn require_log(&self, items: &[StoredEntry]) -> Result<(), Fault> {
        let first = items.first().ok_or(Fault::OtherLog)?;
        match Entry::decode(&first.entry) {
            Ok(Entry::Genesis(genesis)) => self.require_own(&genesis),
            _ => Err(Fault::NoGenesis),
        }
    }

    fn require_own(&self, genesis: &Genesis) -> Result<(), Fault> {
        let own = |log: &VerifierKey| *log.key() == genesis.log_key && log.name() == genesis.origin;
        if self.logs.iter().any(own) { Ok(()) } else { Err(Fault::OtherLog) }
    }
}

/// What is shown as the object of an entry must have its id: else it says nothing of the ledger.
fn require_object(item: &StoredEntry, at: EntryIndex) -> Result<(), Fault> {
    let Ok(Entry::Outcome(outcome)) = Entry::decode(&item.entry) else { return Ok(()) };
    let Some(object) = item.object.as_deref() else { return Ok(()) };
    match Submission::decode(object) {
        Ok(submission) if submission.id == outcome.id => Ok(()),
        _ => Err(Fault::OtherObject(at)),
    }
}
