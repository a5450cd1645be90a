//! What one build comes to: everything that one commit makes durable together.

use super::trees::Trees;
use crate::machine::{Delta, Refusal};
use remit_verifier::log::{Commitment, Details};
use remit_verifier::merkle::TreeHead;
use remit_verifier::object::Kind;
use remit_verifier::types::{EntryIndex, Hash, Millis, ObjectId, StateIndex};

/// A batch: its entries, the state that they lead to, and the trees after it.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Index of its first entry.
    pub first: EntryIndex,
    /// Ledger time of all its entries.
    pub time: Millis,
    /// The entries in order; the last is the commitment.
    pub entries: Vec<LogEntry>,
    /// What became of each input, in order.
    pub answers: Vec<Answer>,
    /// Every change of the state.
    pub delta: Delta,
    /// The leaves that changed, with their hashes, in order.
    pub leaves: Vec<(StateIndex, Hash)>,
    /// What the last entry commits to.
    pub commitment: Commitment,
    /// The log after the batch.
    pub head: TreeHead,
    /// The trees after the batch.
    pub trees: Trees,
}

/// One entry with what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The hash of the log leaf.
    pub leaf_hash: Hash,
    /// Its kind.
    pub kind: Kind,
    /// Its id, but for genesis and commitments.
    pub id: Option<ObjectId>,
    /// The input that it applies or refuses, by its place; `None` for what the ledger itself writes.
    pub input: Option<usize>,
    /// Its details.
    pub details: Option<Details>,
    /// The leaves that it rewrote or created, in order.
    pub touched: Vec<StateIndex>,
}

/// What became of one submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Applied by this entry.
    Applied(EntryIndex),
    /// Applied by this entry before; nothing new was done.
    Replayed(EntryIndex),
    /// Refused; nothing of value was changed. The refusal names the entry that records it, if one does.
    Refused(Refusal),
}
