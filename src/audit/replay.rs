//! Replays a whole log, batch by batch, and compares it with what was signed (spec 11 §7).

use super::snapshot::{Place, Start};
use crate::engine::{self, Batch, Kept, ReplayError, Trees};
use crate::machine::MemoryState;
use remit_verifier::limits::{BATCH_OPERATIONS_MAX, EXPIRIES_PER_BATCH_MAX};
use remit_verifier::log::{Entry, Genesis};
use remit_verifier::merkle::TreeHead;
use remit_verifier::types::{EntryIndex, Hash, LedgerId, Millis, TreeSize};
use std::convert::Infallible;
use std::fmt;

/// What was replayed. That there is a report means that every entry, every root and every part of details at hand is
/// what the rules make of the submissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayReport {
    /// The ledger's name, computed from its genesis.
    pub ledger: LedgerId,
    /// The first entry that was replayed. What stands before it is not covered.
    pub covered_from: EntryIndex,
    /// Number of entries of the log.
    pub entries: u64,
    /// Number of batches that were replayed; each ends with a commitment.
    pub batches: u64,
    /// Entries whose details were at hand and compared byte for byte; of all others only the digest was.
    pub details: u64,
    /// Size and root of the log.
    pub log: TreeHead,
    /// Root of the state tree.
    pub state_root: Hash,
    /// Root of the status tree.
    pub status_root: Hash,
    /// Time of the last entry.
    pub time: Millis,
}

/// A log that was replayed, with the state that it leads to.
#[derive(Debug)]
pub struct Rebuilt {
    /// What was replayed.
    pub report: ReplayReport,
    /// The state: every record there is.
    pub state: MemoryState,
    /// The trees.
    pub trees: Trees,
    /// Where in the log they stand, for a snapshot.
    pub place: Option<Place>,
}

/// Why a log is not what it should be. The entry named is the first that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditError {
    /// There is no entry at all.
    Empty,
    /// A batch is not what the rules make of its inputs.
    Batch(ReplayError<Infallible>),
    /// From this entry on, no commitment follows.
    Open(EntryIndex),
    /// The batch that begins here has more entries than a batch may have.
    Long(EntryIndex),
    /// The log has fewer entries than the checkpoint covers: this many.
    Short(TreeSize),
    /// The checkpoint covers so many entries, and the last of them is no commitment.
    Between(TreeSize),
    /// The first entries, as many as the checkpoint covers, have another root: this one.
    Root(Hash),
}

impl fmt::Display for AuditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the log is empty"),
            Self::Batch(error) => error.fmt(f),
            Self::Open(at) => write!(f, "no commitment follows from entry {at} on"),
            Self::Long(at) => write!(f, "the batch that begins with entry {at} is too long"),
            Self::Short(size) => write!(f, "the checkpoint covers more than the {size} entries of the log"),
            Self::Between(size) => write!(f, "the checkpoint covers {size} entries, which end no batch"),
            Self::Root(root) => write!(f, "the entries under the checkpoint have the root {root}"),
        }
    }
}

impl std::error::Error for AuditError {}

impl From<ReplayError<Infallible>> for AuditError {
    fn from(error: ReplayError<Infallible>) -> Self {
        Self::Batch(error)
    }
}

/// Entries of one batch at most.
pub(crate) const BATCH_ENTRIES_MAX: usize = EXPIRIES_PER_BATCH_MAX + BATCH_OPERATIONS_MAX + 1;

/// Replays the log from genesis on. With a checkpoint, the log must be the one that it was signed over; it may have
/// grown since.
///
/// # Errors
///
/// [`AuditError`] says what is wrong first. An object that is not at hand is an error too: what is not covered has not
/// passed.
pub fn replay<'k>(
    log: impl IntoIterator<Item = Kept<'k>>,
    checkpoint: Option<&TreeHead>,
) -> Result<Rebuilt, AuditError> {
    let mut replay = Replay::new(checkpoint);
    let mut batch: Vec<Kept<'k>> = Vec::new();
    for kept in log {
        batch.push(kept);
        if closes(kept.entry) || batch.len() > BATCH_ENTRIES_MAX {
            replay.batch(&batch)?;
            batch.clear();
        }
    }
    if !batch.is_empty() {
        return Err(AuditError::Open(replay.next()));
    }
    replay.finish()
}

/// Whether an entry is the last of its batch.
pub fn closes(entry: &[u8]) -> bool {
    matches!(Entry::decode(entry), Ok(Entry::Commitment(_)))
}

/// A replay batch by batch, for a log that is not in memory as a whole; [`replay`] is the same for one that is.
pub struct Replay {
    audit: Option<Audit>,
    checkpoint: Option<TreeHead>,
}

impl Replay {
    /// A replay that begins with genesis. With a checkpoint, the log must be the one that it was signed over.
    pub fn new(checkpoint: Option<&TreeHead>) -> Self {
        Self { audit: None, checkpoint: checkpoint.copied() }
    }

    /// A replay that goes on from a snapshot. That the log has its entries before that place is for the caller to see,
    /// by the [head](Start::head); with a checkpoint, it must cover no less.
    ///
    /// # Errors
    ///
    /// [`AuditError::Between`], [`AuditError::Root`].
    pub fn from_snapshot(start: Start, checkpoint: Option<&TreeHead>) -> Result<Self, AuditError> {
        let audit = Audit::from_snapshot(start);
        let met = checkpoint.map_or(Ok(true), |checkpoint| audit.meets(checkpoint))?;
        Ok(Self { audit: Some(audit), checkpoint: checkpoint.copied().filter(|_| !met) })
    }

    /// Index of the entry that comes next.
    pub fn next(&self) -> EntryIndex {
        EntryIndex(self.audit.as_ref().map_or(0, |audit| audit.trees.log.size().0))
    }

    /// Size and root of what was replayed; no root before the first batch.
    pub fn head(&self) -> (TreeSize, Option<Hash>) {
        let trees = self.audit.as_ref().map(|audit| &audit.trees.log);
        (trees.map(|log| log.size()).unwrap_or_default(), trees.map(|log| log.root()))
    }

    /// Replays the next batch, whose last entry, and no other, is a commitment.
    ///
    /// # Errors
    ///
    /// [`AuditError`].
    pub fn batch(&mut self, batch: &[Kept<'_>]) -> Result<(), AuditError> {
        if batch.len() > BATCH_ENTRIES_MAX {
            return Err(AuditError::Long(self.next()));
        }
        match &mut self.audit {
            Some(audit) => audit.next(batch)?,
            None => self.audit = Some(Audit::begin(batch)?),
        }
        if let (Some(checkpoint), Some(audit)) = (&self.checkpoint, &self.audit)
            && audit.meets(checkpoint)?
        {
            self.checkpoint = None;
        }
        Ok(())
    }

    /// What the log leads to.
    ///
    /// # Errors
    ///
    /// [`AuditError::Empty`]; [`AuditError::Short`] if the checkpoint covers more.
    pub fn finish(self) -> Result<Rebuilt, AuditError> {
        match (self.audit, self.checkpoint) {
            (None, _) => Err(AuditError::Empty),
            (Some(audit), Some(_)) => Err(AuditError::Short(audit.trees.log.size())),
            (Some(audit), None) => Ok(audit.close()),
        }
    }
}

/// A replay on its way.
struct Audit {
    ledger: LedgerId,
    covered_from: EntryIndex,
    place: Option<Place>,
    batches: u64,
    details: u64,
    time: Millis,
    state: MemoryState,
    trees: Trees,
}

impl Audit {
    fn begin(kept: &[Kept<'_>]) -> Result<Self, AuditError> {
        let batch = engine::replay_genesis(kept)?;
        let genesis = kept.first().map(|kept| kept.entry).unwrap_or_default();
        let mut audit = Self {
            ledger: Genesis::ledger_id(genesis),
            covered_from: EntryIndex(0),
            place: None,
            batches: 0,
            details: 0,
            time: batch.time,
            state: MemoryState::default(),
            trees: Trees::default(),
        };
        audit.take(kept, batch);
        Ok(audit)
    }

    fn from_snapshot(start: Start) -> Self {
        let Start { place, state, trees, .. } = start;
        Self {
            ledger: place.ledger(),
            covered_from: EntryIndex(trees.log.size().0),
            batches: 0,
            details: 0,
            time: place.commitment().map(|commitment| commitment.time).unwrap_or_default(),
            place: Some(place),
            state,
            trees,
        }
    }

    fn next(&mut self, kept: &[Kept<'_>]) -> Result<(), AuditError> {
        let batch = engine::replay(&self.state, &self.trees, &self.ledger, kept)?;
        self.take(kept, batch);
        Ok(())
    }

    fn take(&mut self, kept: &[Kept<'_>], batch: Batch) {
        self.batches += 1;
        self.details += kept.iter().filter(|kept| kept.details.is_some()).count() as u64;
        self.time = batch.time;
        let entries = kept.iter().map(|kept| kept.entry);
        self.place = Place::behind(self.place.as_ref(), &self.trees.log, entries);
        self.trees = batch.trees;
        self.state.apply(&batch.delta);
    }

    /// Whether the checkpoint is the one of the log as it now is; `false` while it covers more.
    fn meets(&self, checkpoint: &TreeHead) -> Result<bool, AuditError> {
        let (size, root) = (self.trees.log.size(), self.trees.log.root());
        if size < checkpoint.size {
            Ok(false)
        } else if size > checkpoint.size {
            Err(AuditError::Between(checkpoint.size))
        } else if root == checkpoint.root {
            Ok(true)
        } else {
            Err(AuditError::Root(root))
        }
    }

    fn close(self) -> Rebuilt {
        let log = TreeHead { size: self.trees.log.size(), root: self.trees.log.root() };
        let report = ReplayReport {
            ledger: self.ledger,
            covered_from: self.covered_from,
            entries: log.size.0,
            batches: self.batches,
            details: self.details,
            log,
            state_root: self.trees.state.root(),
            status_root: self.trees.status.root(),
            time: self.time,
        };
        Rebuilt { report, state: self.state, trees: self.trees, place: self.place }
    }
}
