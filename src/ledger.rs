//! A ledger: submit, read, prove. All that a command or a server may touch.
//!
//! [`Service`] runs a ledger on a store, for many at once; [`Ledger`] is one in memory with one owner. Both prove
//! through a [`Snapshot`]. No rules of its own.

mod feed;
mod history;
pub mod limits;
#[cfg(feature = "server")]
mod priority;
mod prove;
mod service;
mod snapshot;

pub use crate::sequencer::{
    Clock, Counts, Fatal, GuardError, GuardPlace, Lengths, Mismatch, Permit, Reach, SealError, Settings,
    StartError, State, SubmitError, Submitted, Told, Version, Wait, WitnessStatus, Witnesses,
    limits as queue_limits,
};
pub use history::{History, Validity};
#[cfg(feature = "server")]
pub use priority::give_way;
pub use service::{Service, Sizes};
pub use snapshot::Snapshot;

use crate::engine::{self, Answer, Batch, BuildError};
use crate::machine::{LeafRecord, Refusal, Reservation, TokenInfo, key};
use crate::sequencer::{Made, read_back};
use crate::store::{MemoryStore, StoreError};
use crate::tree::ProveError;
use remit_verifier::c2sp::{KeyKind, TlogProofError, Trust, VerifierKey};
use remit_verifier::limits::BATCH_OPERATIONS_MAX;
use remit_verifier::log::Genesis;
use remit_verifier::merkle::TreeHead;
use remit_verifier::object::Submission;
use remit_verifier::sign::Signer;
use remit_verifier::types::{EntryIndex, LedgerId, Millis, ObjectId, StateIndex};
use std::convert::Infallible;
use std::sync::Arc;

/// A ledger in memory, with the key that signs its checkpoints.
pub struct Ledger {
    /// Shared with snapshots: while one is held, the next submission leaves it a copy.
    store: Arc<MemoryStore>,
    signer: Box<dyn Signer + Send>,
    id: LedgerId,
    origin: String,
    version: Arc<Version>,
}

/// Why a ledger cannot do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerError {
    /// The signer's key is not the log key of the genesis.
    NotTheLogKey,
    /// More submissions than a batch may hold.
    TooMany,
    /// The batch could not be built.
    Build(BuildError<Infallible>),
    /// What was kept is not what was made.
    ReadBack(Mismatch),
    /// The checkpoint was not signed.
    Seal(SealError),
    /// The store could not be read.
    Store(StoreError),
    /// The origin is no key name.
    Trust,
    /// A proof could not be made.
    Prove(ProveError),
    /// A proof could not be written.
    Proof(TlogProofError),
    /// No token, unit or entry has this id.
    Unknown(ObjectId),
    /// There is no such entry, or not yet.
    NoEntry(EntryIndex),
    /// There is no such leaf, or not yet, or it is no token's.
    NoLeaf(StateIndex),
    /// The history of this leaf has more entries than are put together at once.
    HistoryTooLong(StateIndex),
    /// What stood beside this entry was pruned: it is kept no more.
    NotKept(EntryIndex),
    /// What is kept of this entry contradicts itself.
    Damaged(EntryIndex),
    /// What is kept of this leaf is not what was committed to.
    DamagedLeaf(StateIndex),
}

impl From<StoreError> for LedgerError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl std::fmt::Display for LedgerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotTheLogKey => f.write_str("the signer's key is not the log key of the genesis"),
            Self::TooMany => write!(f, "more than {BATCH_OPERATIONS_MAX} submissions in one batch"),
            Self::Build(error) => error.fmt(f),
            Self::ReadBack(error) => error.fmt(f),
            Self::Seal(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::Trust => f.write_str("the origin is no key name"),
            Self::Prove(error) => error.fmt(f),
            Self::Proof(error) => error.fmt(f),
            Self::Unknown(id) => write!(f, "nothing has the id {id}"),
            Self::NoEntry(at) => write!(f, "there is no entry {at} yet"),
            Self::NoLeaf(at) => write!(f, "there is no such leaf: {at}"),
            Self::HistoryTooLong(at) => {
                write!(f, "the history of leaf {at} has more than {} entries", limits::HISTORY_ENTRIES_MAX)
            }
            Self::NotKept(at) => write!(f, "what stood beside entry {at} is kept no more"),
            Self::Damaged(at) => write!(f, "what is kept of entry {at} contradicts itself"),
            Self::DamagedLeaf(at) => write!(f, "what is kept of leaf {at} is not what was committed to"),
        }
    }
}

impl std::error::Error for LedgerError {}

impl Ledger {
    /// Begins a ledger: writes genesis and the first commitment, and signs the first checkpoint.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NotTheLogKey`], [`LedgerError::ReadBack`], [`LedgerError::Seal`].
    pub fn begin(genesis: &Genesis, signer: Box<dyn Signer + Send>) -> Result<Self, LedgerError> {
        if signer.public_key() != *genesis.log_key.bytes() {
            return Err(LedgerError::NotTheLogKey);
        }
        let mut store = MemoryStore::default();
        let batch = engine::begin(genesis);
        let id = Genesis::ledger_id(&batch.entries.first().ok_or(LedgerError::Damaged(EntryIndex(0)))?.bytes);
        let version = Arc::new(commit(&mut store, batch, &[], &*signer, &genesis.origin)?);
        Ok(Self { store: Arc::new(store), signer, id, origin: genesis.origin.clone(), version })
    }

    /// The ledger's name.
    pub fn id(&self) -> LedgerId {
        self.id
    }

    /// The newest checkpoint: a signed note.
    pub fn checkpoint(&self) -> &str {
        &self.version.note
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
        Some(self.version.head)
    }

    /// The newest version, to read and prove from.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.id, self.version.clone(), self.store.clone())
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
        let (mut inputs, mut objects, mut codes) = (Vec::new(), Vec::new(), Vec::new());
        for bytes in submissions {
            match Submission::decode(bytes).and_then(|submission| submission.verify(&self.id)) {
                Ok(verified) => {
                    inputs.push(verified);
                    objects.push(*bytes);
                    codes.push(None);
                }
                Err(code) => codes.push(Some(code)),
            }
        }
        let batch = engine::build(self.store.state(), self.store.trees(), &inputs, now);
        let batch = batch.map_err(LedgerError::Build)?;
        let mut built = batch.answers.clone().into_iter();
        let store = Arc::make_mut(&mut self.store);
        self.version = Arc::new(commit(store, batch, &objects, &*self.signer, &self.origin)?);
        let answer = |code| match code {
            None => built.next().ok_or(LedgerError::Damaged(EntryIndex(self.store.len()))),
            Some(code) => Ok(Answer::Refused(Refusal::of(code))),
        };
        codes.into_iter().map(answer).collect()
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

    /// A presentation of a token at the newest checkpoint; see [`Snapshot::presentation`].
    ///
    /// # Errors
    ///
    /// Those of [`Snapshot::presentation`].
    pub fn presentation(
        &self,
        token: &ObjectId,
        links: &[Vec<u8>],
        unit: Option<&ObjectId>,
    ) -> Result<Vec<u8>, LedgerError> {
        self.snapshot().presentation(token, links, unit)
    }

    /// Evidence of an entry at the newest checkpoint; see [`Snapshot::evidence`].
    ///
    /// # Errors
    ///
    /// Those of [`Snapshot::evidence`].
    pub fn evidence(&self, entry: EntryIndex) -> Result<Vec<u8>, LedgerError> {
        self.snapshot().evidence(entry)
    }

    /// The proof of a lease at the newest checkpoint; see [`Snapshot::lease_proof`].
    ///
    /// # Errors
    ///
    /// Those of [`Snapshot::lease_proof`].
    pub fn lease_proof(&self, id: &ObjectId) -> Result<Vec<u8>, LedgerError> {
        self.snapshot().lease_proof(id)
    }

    /// The tlog-proof of an entry under the newest checkpoint.
    ///
    /// # Errors
    ///
    /// Those of [`Snapshot::proof`].
    pub fn proof(&self, entry: EntryIndex) -> Result<String, LedgerError> {
        self.snapshot().proof(entry)
    }
}

/// Keeps a batch, reads it back, and signs the checkpoint over it.
fn commit(
    store: &mut MemoryStore,
    batch: Batch,
    objects: &[&[u8]],
    signer: &dyn Signer,
    origin: &str,
) -> Result<Version, LedgerError> {
    let made = Made::of(&batch, &store.trees().log);
    let durable = store.commit(batch, objects);
    let read = read_back(store, store.trees(), made, durable).map_err(LedgerError::ReadBack)?;
    Version::seal(signer, origin, read).map_err(LedgerError::Seal)
}
