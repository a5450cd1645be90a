//! Opens a presentation: its checkpoint, its commitment, its leaves, its tokens (spec 10 §2–§6).
//!
//! What comes out is a function of the presentation's bytes and the policy alone, so that it can be remembered.

use super::Policy;
use super::chain::{self, Link};
use super::memory::Memory;
use super::presentation::Presentation;
use super::verdict::{CheckName, Trail};
use crate::c2sp::{AcceptedCheckpoint, TrustError};
use crate::code::Code;
use crate::hash::leaf_hash;
use crate::key::PublicKey;
use crate::log::{Commitment, Entry};
use crate::merkle::{TreeHead, verify_inclusion, verify_multiproof};
use crate::state::{Leaf, LeafBody};
use crate::types::{EntryIndex, Hash, LedgerId, Millis, ObjectId, StateIndex};
use alloc::vec::Vec;

/// A presentation whose checkpoint was accepted and whose leaves are proved; the chain is decoded.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub(super) ledger: LedgerId,
    pub(super) checkpoint: AcceptedCheckpoint,
    /// Time of the commitment.
    pub(super) committed: Millis,
    /// The leaves of ledger, issuer and logged tokens, and of a unit or none, in order of their indexes.
    pub(super) leaves: Vec<Leaf>,
    /// The chain, from the root down; at least one link.
    pub(super) links: Vec<Link>,
    /// The holder's key where it is not the one in the last link: a transfer or rekey changed it.
    pub(super) moved_to: Option<PublicKey>,
}

/// The instants that the checks look at (spec 10 §4).
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// The latest of the clock and of all evidence ever seen: what deadlines are measured by.
    pub(super) effective: Millis,
    /// How old the evidence about the chain is.
    pub(super) age: Millis,
}

impl Opened {
    /// Reads a presentation that was not seen before; gives also the bytes of its tokens.
    pub(super) fn read<'p>(
        policy: &Policy,
        memory: &mut Memory,
        bytes: &'p [u8],
        now: Millis,
        trail: &mut Trail,
    ) -> Result<(Self, Times, Vec<&'p [u8]>), Code> {
        let shown = trail.pass(CheckName::Presentation, Presentation::decode(bytes))?;
        let checkpoint = trail.pass(CheckName::Checkpoint, accept(policy, memory, shown.note, now))?;
        trail.pass(CheckName::Ledger, check_ledger(policy, &checkpoint, &shown.ledger))?;
        let commitment = {
            let proved = commitment(&checkpoint.head(), shown.commitment, &shown.commitment_path);
            trail.pass(CheckName::Commitment, proved)?
        };
        let times = Times::of(policy, memory, &checkpoint, commitment.time, now);
        let times = trail.pass(CheckName::Clock, times)?;
        let leaves = trail.pass(CheckName::State, leaves(&commitment, &shown))?;
        let links = trail.pass(CheckName::Chain, chain::decode(policy, memory, &shown, &leaves))?;
        let moved_to = chain::moved_to(&links, &leaves);
        let committed = commitment.time;
        let opened = Self { ledger: shown.ledger, checkpoint, committed, leaves, links, moved_to };
        Ok((opened, times, shown.tokens))
    }

    /// The same steps for one that is remembered: all but what depends on the clock held, and holds.
    pub(super) fn again(
        &self,
        policy: &Policy,
        memory: &mut Memory,
        now: Millis,
        trail: &mut Trail,
    ) -> Result<Times, Code> {
        let holds = Ok::<_, Code>(());
        trail.pass(CheckName::Presentation, holds)?;
        let settings = policy.settings();
        let checkpoint = settings.trust.weigh(&self.checkpoint, now, settings.skew);
        let checkpoint = trail.pass(CheckName::Checkpoint, checkpoint)?;
        trail.pass(CheckName::Ledger, holds)?;
        trail.pass(CheckName::Commitment, holds)?;
        let times = Times::of(policy, memory, &checkpoint, self.committed, now);
        let times = trail.pass(CheckName::Clock, times)?;
        trail.pass(CheckName::State, holds)?;
        trail.pass(CheckName::Chain, holds)?;
        Ok(times)
    }

    /// The leaves of the logged tokens, the root's first: an index is given in order of admission.
    pub(super) fn tokens(&self) -> impl Iterator<Item = &Leaf> {
        self.leaves.iter().filter(|leaf| leaf.token().is_some())
    }

    /// The leaf of the unit with this id.
    pub(super) fn unit(&self, id: &ObjectId) -> Option<&Leaf> {
        self.leaves.iter().find(|leaf| leaf.unit().is_some() && leaf.id == *id)
    }
}

impl Times {
    /// The times of evidence that is not later than the clock; the memory keeps the newest.
    pub(super) fn of(
        policy: &Policy,
        memory: &mut Memory,
        checkpoint: &AcceptedCheckpoint,
        committed: Millis,
        now: Millis,
    ) -> Result<Self, Code> {
        let evidence = checkpoint.evidence_time().unwrap_or(committed);
        see(policy, memory, checkpoint, committed, now)?;
        let effective = now.max(memory.newest);
        Ok(Self { effective, age: Millis(now.0.saturating_sub(evidence.0)) })
    }
}

/// Notes the times of a checkpoint and of an entry under it.
pub(super) fn see(
    policy: &Policy,
    memory: &mut Memory,
    checkpoint: &AcceptedCheckpoint,
    entry: Millis,
    now: Millis,
) -> Result<(), Code> {
    // Cosignatures later than the clock and the skew were not counted when the checkpoint was accepted.
    if entry > policy.latest(now) {
        return Err(Code::Clock);
    }
    let cosigned = checkpoint.newest_time().unwrap_or_default();
    memory.newest = memory.newest.max(entry).max(cosigned);
    Ok(())
}

/// Accepts a checkpoint by the policy's trust; a note that was accepted before costs no signature check.
pub(super) fn accept(
    policy: &Policy,
    memory: &mut Memory,
    note: &[u8],
    now: Millis,
) -> Result<AcceptedCheckpoint, TrustError> {
    let settings = policy.settings();
    if let Some(known) = memory.checkpoints.find(note) {
        return settings.trust.weigh(&known, now, settings.skew);
    }
    let checkpoint = settings.trust.accept(note, now, settings.skew)?;
    memory.checkpoints.keep(note, checkpoint.clone());
    Ok(checkpoint)
}

/// Requires that `ledger` is the one of the checkpoint's log.
pub(super) fn check_ledger(
    policy: &Policy,
    checkpoint: &AcceptedCheckpoint,
    ledger: &LedgerId,
) -> Result<(), Code> {
    if policy.names(checkpoint.origin(), ledger) { Ok(()) } else { Err(Code::WrongLedger) }
}

/// The commitment, proved to be the last entry under the checkpoint.
pub(super) fn commitment(head: &TreeHead, entry: &[u8], path: &[Hash]) -> Result<Commitment, Code> {
    let Ok(Entry::Commitment(commitment)) = Entry::decode(entry) else { return Err(Code::NoCommitment) };
    let last = head.size.0.checked_sub(1).ok_or(Code::NoCommitment)?;
    verify_inclusion(&leaf_hash(entry), EntryIndex(last), head.size, path, &head.root)
        .map_err(|_| Code::NoCommitment)?;
    Ok(commitment)
}

/// The leaves, proved to be those of the committed state; the ledger's is the first, and it is not frozen.
fn leaves(commitment: &Commitment, shown: &Presentation<'_>) -> Result<Vec<Leaf>, Code> {
    let mut leaves = Vec::with_capacity(shown.leaves.len());
    let mut hashes: Vec<(StateIndex, Hash)> = Vec::with_capacity(shown.leaves.len());
    for bytes in &shown.leaves {
        let leaf = Leaf::decode(bytes).map_err(|_| Code::WrongLeaf)?;
        hashes.push((leaf.index, leaf_hash(bytes)));
        leaves.push(leaf);
    }
    verify_multiproof(&hashes, commitment.state_size, &shown.state_proof, &commitment.state_root)
        .map_err(|_| Code::BadProof)?;
    let first = leaves.first().ok_or(Code::BadProof)?;
    let is_ledger = first.index == StateIndex(0) && matches!(first.body, LeafBody::Ledger(_));
    if !is_ledger || first.id.0 != shown.ledger.0 {
        return Err(Code::WrongLeaf);
    }
    if first.mask != 0 { Err(Code::LedgerFrozen) } else { Ok(leaves) }
}

impl From<TrustError> for Code {
    /// The code of spec 10 §3.
    fn from(error: TrustError) -> Self {
        match error {
            TrustError::UnknownOrigin => Code::UnknownLog,
            TrustError::Cosignature { .. } => Code::BadCosignature,
            TrustError::Quorum => Code::Quorum,
            TrustError::Clock => Code::Clock,
            TrustError::Note(_)
            | TrustError::Checkpoint(_)
            | TrustError::SecondSignature(_)
            | TrustError::NoLogSignature
            | TrustError::LogSignature(_) => Code::BadCheckpoint,
        }
    }
}
