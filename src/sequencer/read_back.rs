//! Reads a committed batch again, on the readers' road, and computes every root anew before anything is signed.

use super::limits::BATCH_ENTRIES_MAX;
use crate::engine::{Batch, Trees};
use crate::store::{Durable, Read, StoreError};
use crate::tree::{Frontier, ProveError, prove};
use remit_verifier::hash::leaf_hash;
use remit_verifier::log::{Commitment, Entry};
use remit_verifier::merkle::TreeHead;
use remit_verifier::types::{EntryIndex, Hash, StateIndex};
use std::fmt;

/// What a batch was made to be, remembered until it is read back.
#[derive(Clone, Debug)]
pub struct Made {
    first: EntryIndex,
    before: Frontier,
    entries: usize,
    leaves: Vec<(StateIndex, Hash)>,
    commitment: Commitment,
    head: TreeHead,
}

impl Made {
    /// What must be found after `batch` is committed on top of the log `before`.
    pub fn of(batch: &Batch, before: &Frontier) -> Self {
        Self {
            first: batch.first,
            before: before.clone(),
            entries: batch.entries.len(),
            leaves: batch.leaves.clone(),
            commitment: batch.commitment,
            head: batch.head,
        }
    }
}

/// What was read back and computed anew: only this can be signed, and only this module makes it.
#[derive(Clone, Debug)]
pub struct ReadBack {
    pub(super) head: TreeHead,
    pub(super) trees: Trees,
    pub(super) commitment: Commitment,
    pub(super) commitment_path: Vec<Hash>,
}

/// What is kept is not what was made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// It cannot be read.
    Store(StoreError),
    /// This entry is missing.
    Entry(EntryIndex),
    /// The entries that are kept have another root, this one, than the batch.
    Log(Hash),
    /// This entry is not the commitment that closes the batch.
    Commitment(EntryIndex),
    /// The record of this leaf is missing, or has another hash than the tree.
    Leaf(StateIndex),
    /// State or status tree have other roots than the commitment states.
    Trees,
    /// The log's nodes do not lead to its root.
    Prove(ProveError),
}

impl From<StoreError> for Mismatch {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Entry(at) => write!(f, "entry {at} is not kept as it was made"),
            Self::Log(root) => {
                write!(f, "the entries that are kept have the root {root}, not that of the batch")
            }
            Self::Commitment(at) => write!(f, "entry {at} is not the commitment that closes the batch"),
            Self::Leaf(at) => write!(f, "the record of leaf {at} is not the one in the tree"),
            Self::Trees => f.write_str("the trees have other roots than the commitment states"),
            Self::Prove(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Mismatch {}

/// Reads back what one commit kept.
///
/// # Errors
///
/// [`Mismatch`]: then nothing may be signed.
pub fn read_back(read: &dyn Read, trees: &Trees, made: Made, durable: Durable) -> Result<ReadBack, Mismatch> {
    let entries = read.entries(made.first, made.entries)?;
    let mut log = made.before;
    let end = EntryIndex(made.first.0 + entries.len() as u64);
    let (Some(last), true) = (entries.last(), entries.len() == made.entries) else {
        return Err(Mismatch::Entry(end));
    };
    for entry in &entries[..entries.len() - 1] {
        log.push(leaf_hash(entry));
    }
    // What lies left of the last leaf is all that its inclusion path needs.
    let commitment_path = log.peaks().iter().rev().copied().collect();
    log.push(leaf_hash(last));
    if log.root() != made.head.root || durable.head() != made.head || trees.log.root() != made.head.root {
        return Err(Mismatch::Log(log.root()));
    }
    commits(last, EntryIndex(end.0 - 1), &made.commitment, trees)?;
    let indexes: Vec<StateIndex> = made.leaves.iter().map(|(index, _)| *index).collect();
    let stored = read.leaf_hashes(&indexes)?;
    if stored.len() != indexes.len() {
        return Err(Mismatch::Trees);
    }
    for ((index, hash), kept) in made.leaves.iter().zip(stored) {
        if kept != Some(*hash) || trees.state.get(*index) != Some(*hash) {
            return Err(Mismatch::Leaf(*index));
        }
    }
    Ok(ReadBack { head: made.head, trees: trees.clone(), commitment: made.commitment, commitment_path })
}

/// Reads back the last batch of a store that was just opened, and the root of the whole log. The state was checked by
/// the store, which rebuilt its tree.
///
/// # Errors
///
/// [`Mismatch`]: then nothing may be signed.
pub fn read_back_tail(read: &dyn Read, trees: &Trees, commitment: Commitment) -> Result<ReadBack, Mismatch> {
    let (size, log) = (trees.log.size(), read.log());
    let last = EntryIndex(size.0.saturating_sub(1));
    if read.len() != size.0 {
        return Err(Mismatch::Entry(EntryIndex(read.len())));
    }
    let root = prove::root_at(log, size).map_err(Mismatch::Prove)?;
    if root != trees.log.root() {
        return Err(Mismatch::Log(root));
    }
    let first = EntryIndex(size.0.saturating_sub(BATCH_ENTRIES_MAX as u64));
    let entries = read.entries(first, BATCH_ENTRIES_MAX)?;
    let entry = entries.last().filter(|_| first.0 + entries.len() as u64 == size.0);
    commits(entry.ok_or(Mismatch::Entry(last))?, last, &commitment, trees)?;
    for (at, entry) in (first.0..).zip(&entries) {
        if log.node(0, at) != Some(leaf_hash(entry)) {
            return Err(Mismatch::Entry(EntryIndex(at)));
        }
    }
    let commitment_path = prove::inclusion(log, last, size).map_err(Mismatch::Prove)?;
    Ok(ReadBack { head: TreeHead { size, root }, trees: trees.clone(), commitment, commitment_path })
}

/// Whether `entry` is the commitment, and the trees are what it commits to.
fn commits(entry: &[u8], at: EntryIndex, commitment: &Commitment, trees: &Trees) -> Result<(), Mismatch> {
    if Entry::decode(entry) != Ok(Entry::Commitment(*commitment)) {
        return Err(Mismatch::Commitment(at));
    }
    let roots = (trees.state.size(), trees.state.root(), trees.status.root());
    if roots == (commitment.state_size, commitment.state_root, commitment.status_root) {
        Ok(())
    } else {
        Err(Mismatch::Trees)
    }
}
