//! The newest state that is known of a ledger: what is followed (spec 22 §3).

use super::memory::Memory;
use super::{Policy, open};
use crate::c2sp::{Checkpoint, SignedNote};
use crate::code::Code;
use crate::feed::{StatusTable, StatusUpdate, encode_changes};
use crate::hash::leaf_hash;
use crate::limits::STATUS_UPDATE_BYTES_MAX;
use crate::log::Commitment;
use crate::merkle::{TreeHead, verify_consistency, verify_inclusion};
use crate::state::{Leaf, LeafBody, Status};
use crate::types::{Hash, LedgerId, Millis, StateIndex, TreeSize};
use alloc::vec::Vec;
use core::fmt;

/// A state of a ledger that a policy accepted, with the status of every leaf. It never changes; the next one is made
/// of it and an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    ledger: LedgerId,
    head: TreeHead,
    note: Vec<u8>,
    commitment: Commitment,
    /// The entry that the commitment was decoded from.
    entry: Vec<u8>,
    entry_path: Vec<Hash>,
    /// Leaf 0.
    leaf: Vec<u8>,
    leaf_path: Vec<Hash>,
    frozen: bool,
    table: StatusTable,
}

/// Why an update is not accepted (spec 22 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowError {
    /// It cannot be decoded, is not trusted, or is not proved.
    Refused(Code),
    /// It goes on from another state than the one that is followed.
    NotSince {
        /// Size of the log at the state that is followed; 0 if there is none.
        ours: TreeSize,
        /// Size at the state that the update goes on from.
        theirs: TreeSize,
    },
    /// It is of an older state.
    Behind {
        /// Size of the log that is followed.
        ours: TreeSize,
        /// Size of the log in the update.
        theirs: TreeSize,
    },
    /// It is not proved that the log only grew.
    NotConsistent,
    /// The log signed another history of the same size: the two notes are the proof.
    Fork,
}

impl FollowError {
    /// The stable name: of what is refused its code.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Refused(code) => code.text(),
            Self::NotSince { .. } => "not_since",
            Self::Behind { .. } => "behind",
            Self::NotConsistent => "not_consistent",
            Self::Fork => "fork",
        }
    }
}

impl fmt::Display for FollowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(code) => write!(f, "{code}: {}", code.meaning()),
            Self::NotSince { ours, theirs } => {
                write!(
                    f,
                    "the update goes on from a log of {theirs} entries, not from the {ours} that are followed"
                )
            }
            Self::Behind { ours, theirs } => {
                write!(f, "the log has {theirs} entries, and {ours} have been seen")
            }
            Self::NotConsistent => f.write_str("it is not proved that the log only grew"),
            Self::Fork => f.write_str("the log signed two histories of the same size"),
        }
    }
}

impl core::error::Error for FollowError {}

impl<E: Into<Code>> From<E> for FollowError {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

impl Followed {
    /// The first state, of an update since 0.
    ///
    /// # Errors
    ///
    /// [`FollowError`], in the order of spec 22 §3.
    pub fn begin(policy: &Policy, update: &[u8], now: Millis) -> Result<Self, FollowError> {
        Self::accept(None, policy, update, now)
    }

    /// The next state.
    ///
    /// # Errors
    ///
    /// [`FollowError`], in the order of spec 22 §3.
    pub fn advance(&self, policy: &Policy, update: &[u8], now: Millis) -> Result<Self, FollowError> {
        Self::accept(Some(self), policy, update, now)
    }

    /// A state out of its own [`Followed::snapshot`], which was accepted when it was made. Whether it still is, each
    /// verdict asks of the policy that it is made under.
    ///
    /// # Errors
    ///
    /// [`FollowError::Refused`] if the bytes are none; [`FollowError::NotSince`] for an update that is no snapshot.
    pub fn restore(snapshot: &[u8]) -> Result<Self, FollowError> {
        let update = StatusUpdate::decode(snapshot)?;
        require_since(TreeSize(0), &update)?;
        let bad = |_| Code::BadCheckpoint;
        let note = SignedNote::parse(update.note).map_err(bad)?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(|_| Code::BadCheckpoint)?;
        let head = TreeHead { size: checkpoint.size(), root: checkpoint.root() };
        Self::proved(&update, head, &StatusTable::default(), Millis(u64::MAX))
    }

    fn accept(ours: Option<&Self>, policy: &Policy, update: &[u8], now: Millis) -> Result<Self, FollowError> {
        let update = StatusUpdate::decode(update)?;
        let checkpoint = open::accept(policy, &mut Memory::without_room(now), update.note, now)?;
        open::check_ledger(policy, &checkpoint, &update.ledger)?;
        if ours.is_some_and(|ours| ours.ledger != update.ledger) {
            return Err(Code::WrongLedger.into());
        }
        let (head, since) = (checkpoint.head(), ours.map_or(TreeSize(0), |ours| ours.head.size));
        require_since(since, &update)?;
        if let Some(ours) = ours {
            ours.require_later(&head, &update.consistency)?;
        }
        let empty = StatusTable::default();
        let before = ours.filter(|_| !update.whole).map_or(&empty, |ours| &ours.table);
        let next = Self::proved(&update, head, before, policy.latest(now))?;
        if next.snapshot().len() > STATUS_UPDATE_BYTES_MAX {
            return Err(Code::Oversize.into());
        }
        // Of two notes of one size the newer evidence stays, so that nobody makes what is known older again.
        let time = |state: &Self| {
            let known = open::accept(policy, &mut Memory::without_room(now), &state.note, now).ok()?;
            known.evidence_time()
        };
        match ours.filter(|ours| ours.head == next.head) {
            Some(ours) if time(ours) >= time(&next) => Ok(ours.clone()),
            _ => Ok(next),
        }
    }

    /// The log at `head` is this one, or goes on from it.
    fn require_later(&self, head: &TreeHead, path: &[Hash]) -> Result<(), FollowError> {
        let (ours, theirs) = (self.head.size, head.size);
        if theirs < ours {
            return Err(FollowError::Behind { ours, theirs });
        }
        if theirs == ours && head.root != self.head.root {
            return Err(FollowError::Fork);
        }
        if theirs == ours {
            return if path.is_empty() { Ok(()) } else { Err(Code::Malformed.into()) };
        }
        verify_consistency(&self.head, head, path).map_err(|_| FollowError::NotConsistent)
    }

    /// Everything that is proved under the checkpoint, with the table after the changes.
    fn proved(
        update: &StatusUpdate<'_>,
        head: TreeHead,
        before: &StatusTable,
        latest: Millis,
    ) -> Result<Self, FollowError> {
        let commitment = open::commitment(&head, update.commitment, &update.commitment_path)?;
        if commitment.time > latest {
            return Err(Code::Clock.into());
        }
        let leaf = Leaf::decode(update.leaf).map_err(|_| Code::WrongLeaf)?;
        let (size, root) = (commitment.state_size, commitment.state_root);
        let hash = leaf_hash(update.leaf);
        verify_inclusion(&hash, StateIndex(0), size, &update.leaf_path, &root).map_err(|_| Code::BadProof)?;
        let is_ledger = leaf.index == StateIndex(0) && matches!(leaf.body, LeafBody::Ledger(_));
        if !is_ledger || leaf.id.0 != update.ledger.0 {
            return Err(Code::WrongLeaf.into());
        }
        let table = before.changed(size, update.changes)?;
        if table.root() != commitment.status_root {
            return Err(Code::BadProof.into());
        }
        Ok(Self {
            ledger: update.ledger,
            head,
            note: update.note.into(),
            commitment,
            entry: update.commitment.into(),
            entry_path: update.commitment_path.clone(),
            leaf: update.leaf.into(),
            leaf_path: update.leaf_path.clone(),
            frozen: leaf.mask != 0,
            table,
        })
    }

    /// This state as an update since 0: what is kept, and what [`Followed::restore`] reads.
    pub fn snapshot(&self) -> Vec<u8> {
        StatusUpdate {
            ledger: self.ledger,
            since: TreeSize(0),
            consistency: Vec::new(),
            note: &self.note,
            commitment: &self.entry,
            commitment_path: self.entry_path.clone(),
            leaf: &self.leaf,
            leaf_path: self.leaf_path.clone(),
            whole: true,
            changes: &encode_changes(self.table.listed()),
        }
        .encode()
    }

    /// The ledger.
    pub const fn ledger(&self) -> LedgerId {
        self.ledger
    }

    /// Size and root of the log.
    pub const fn head(&self) -> TreeHead {
        self.head
    }

    /// The checkpoint.
    pub fn note(&self) -> &[u8] {
        &self.note
    }

    /// Time of the commitment.
    pub const fn committed(&self) -> Millis {
        self.commitment.time
    }

    /// Leaves of the state.
    pub const fn leaves(&self) -> TreeSize {
        self.table.size()
    }

    /// Whether the whole ledger is frozen.
    pub const fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// The status of a leaf; `None` if the state has none at this index.
    pub fn status(&self, index: StateIndex) -> Option<Status> {
        self.table.get(index)
    }

    /// Leaves whose status is not 0, in order.
    pub fn listed(&self) -> impl Iterator<Item = (StateIndex, Status)> {
        self.table.listed()
    }
}

fn require_since(ours: TreeSize, update: &StatusUpdate<'_>) -> Result<(), FollowError> {
    let theirs = update.since;
    if theirs == ours { Ok(()) } else { Err(FollowError::NotSince { ours, theirs }) }
}
