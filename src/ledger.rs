//! A ledger: submit, read, prove. All that a command or a server may touch.

mod prove;

use crate::engine::{self, Answer, BuildError};
use crate::machine::{LeafRecord, Refusal, Reservation, TokenInfo, key};
use crate::store::{Durable, MemoryStore};
use crate::tree::ProveError;
use remit_verifier::c2sp::{
    Checkpoint, CheckpointError, KeyKind, SignedNote, TlogProofError, Trust, VerifierKey,
};
use remit_verifier::code::Code;
use remit_verifier::limits::BATCH_OPERATIONS_MAX;
use remit_verifier::log::Genesis;
use remit_verifier::merkle::TreeHead;
use remit_verifier::object::{Submission, Verified};
use remit_verifier::sign::{NoteSignError, Signer, sign_checkpoint};
use remit_verifier::types::{EntryIndex, LedgerId, Millis, ObjectId};
use std::convert::Infallible;
use std::sync::Arc;

/// A ledger in memory, with the key that signs its checkpoints.
pub struct Ledger {
    store: MemoryStore,
    signer: Box<dyn Signer + Send>,
    id: LedgerId,
    origin: String,
    note: String,
}

/// Why a ledger cannot do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerError {
    /// The signer's key is not the log key of the genesis.
    NotTheLogKey,
    /// More submissions than a batch may hold.
    TooMany,
    /// The batch could not be built.
    Build(BuildError<Infallible>),
    /// The checkpoint could not be written.
    Checkpoint(CheckpointError),
    /// The checkpoint could not be signed.
    Sign(NoteSignError),
    /// The origin is no key name.
    Trust,
    /// A proof could not be made.
    Prove(ProveError),
    /// A proof could not be written.
    Proof(TlogProofError),
    /// No token, unit or entry has this id.
    Unknown(ObjectId),
    /// What is kept of the ledger contradicts itself.
    Damaged(EntryIndex),
}

impl std::fmt::Display for LedgerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotTheLogKey => f.write_str("the signer's key is not the log key of the genesis"),
            Self::TooMany => write!(f, "more than {BATCH_OPERATIONS_MAX} submissions in one batch"),
            Self::Build(error) => error.fmt(f),
            Self::Checkpoint(error) => error.fmt(f),
            Self::Sign(error) => write!(f, "the checkpoint could not be signed: {error:?}"),
            Self::Trust => f.write_str("the origin is no key name"),
            Self::Prove(error) => error.fmt(f),
            Self::Proof(error) => error.fmt(f),
            Self::Unknown(id) => write!(f, "nothing has the id {id}"),
            Self::Damaged(at) => write!(f, "what is kept of entry {at} contradicts itself"),
        }
    }
}

impl std::error::Error for LedgerError {}

impl Ledger {
    /// Begins a ledger: writes genesis and the first commitment, and signs the first checkpoint.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NotTheLogKey`], [`LedgerError::Checkpoint`], [`LedgerError::Sign`].
    pub fn begin(genesis: &Genesis, signer: Box<dyn Signer + Send>) -> Result<Self, LedgerError> {
        if signer.public_key() != *genesis.log_key.bytes() {
            return Err(LedgerError::NotTheLogKey);
        }
        let mut store = MemoryStore::default();
        let batch = engine::begin(genesis);
        let id = Genesis::ledger_id(&batch.entries.first().ok_or(LedgerError::Damaged(EntryIndex(0)))?.bytes);
        let durable = store.commit(batch, &[]);
        let mut ledger = Self { store, signer, id, origin: genesis.origin.clone(), note: String::new() };
        ledger.publish(durable)?;
        Ok(ledger)
    }

    /// The ledger's name.
    pub fn id(&self) -> LedgerId {
        self.id
    }

    /// The newest checkpoint: a signed note.
    pub fn checkpoint(&self) -> &str {
        &self.note
    }

    /// The trust of somebody who takes this log's word alone: its key, and no witnesses.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Trust`] if the origin is no key name.
    pub fn trust(&self) -> Result<Trust, LedgerError> {
        let key = VerifierKey::new(&self.origin, KeyKind::Note, &self.signer.public_key());
        let key = key.map_err(|_| LedgerError::Trust)?;
        Trust::parse(format!("log {key}\nquorum none\n").as_bytes()).map_err(|_| LedgerError::Trust)
    }

    /// Size and root that the newest checkpoint is over.
    pub fn head(&self) -> Option<TreeHead> {
        let checkpoint = SignedNote::parse(self.note.as_bytes()).ok()?;
        let checkpoint = Checkpoint::parse(checkpoint.text()).ok()?;
        Some(TreeHead { size: checkpoint.size(), root: checkpoint.root() })
    }

    /// What the ledger keeps.
    pub fn store(&self) -> &MemoryStore {
        &self.store
    }

    /// Time of the last entry.
    pub fn time(&self) -> Millis {
        self.store.state().get(&key::HeadAt(0)).map(|head| head.time).unwrap_or_default()
    }

    /// Decides submissions in one batch, whose checkpoint is signed when this returns. An answer stands in the place
    /// of each submission.
    ///
    /// # Errors
    ///
    /// [`LedgerError`]; a refusal is an answer, not an error.
    pub fn submit(&mut self, submissions: &[&[u8]], now: Millis) -> Result<Vec<Answer>, LedgerError> {
        if submissions.len() > BATCH_OPERATIONS_MAX {
            return Err(LedgerError::TooMany);
        }
        let checked: Vec<Result<Verified, Code>> = submissions
            .iter()
            .map(|bytes| Submission::decode(bytes).and_then(|submission| submission.verify(&self.id)))
            .collect();
        let inputs: Vec<Verified> = checked.iter().filter_map(|checked| checked.clone().ok()).collect();
        let objects: Vec<&[u8]> =
            submissions.iter().zip(&checked).filter(|(_, c)| c.is_ok()).map(|(bytes, _)| *bytes).collect();
        let batch = engine::build(self.store.state(), self.store.trees(), &inputs, now);
        let batch = batch.map_err(LedgerError::Build)?;
        let mut built = batch.answers.clone().into_iter();
        let durable = self.store.commit(batch, &objects);
        self.publish(durable)?;
        let answer = |checked: Result<Verified, Code>| match checked {
            Ok(_) => built.next().ok_or(LedgerError::Damaged(EntryIndex(self.store.len()))),
            Err(code) => Ok(Answer::Refused(Refusal { code, member: 0, leaf: None })),
        };
        checked.into_iter().map(answer).collect()
    }

    /// Signs the checkpoint of what is durable.
    fn publish(&mut self, durable: Durable) -> Result<(), LedgerError> {
        let head = durable.head();
        let checkpoint =
            Checkpoint::new(&self.origin, head.size, head.root).map_err(LedgerError::Checkpoint)?;
        self.note = sign_checkpoint(&*self.signer, &checkpoint).map_err(LedgerError::Sign)?;
        Ok(())
    }

    /// The leaf of the party, unit or token with this id.
    pub fn leaf(&self, id: &ObjectId) -> Option<&LeafRecord> {
        let index = self.store.state().get(&key::IndexOf(*id))?;
        self.store.state().get(&key::LeafAt(*index)).map(Arc::as_ref)
    }

    /// What the token with this id is.
    pub fn token(&self, id: &ObjectId) -> Option<&TokenInfo> {
        let index = self.store.state().get(&key::IndexOf(*id))?;
        self.store.state().get(&key::TokenOf(*index)).map(Arc::as_ref)
    }

    /// The entry that applied the operation with this id, while its admission window is known.
    pub fn entry_of(&self, id: &ObjectId) -> Option<EntryIndex> {
        self.store.entry_of(id)
    }

    /// The reservation of the invocation with this id.
    pub fn reservation(&self, id: &ObjectId) -> Option<&Reservation> {
        self.store.state().get(&key::ReservationOf(*id))
    }
}
