//! One version of a ledger, to be read and proved from: whatever is asked of it is answered as of its size.

use super::LedgerError;
use super::limits::ENTRIES_PER_READ_MAX;
use crate::machine::{
    Capture, LeafRecord, Lease, Offer, Record, Request, Reservation, StateKey, TokenInfo, Waiting, key,
};
use crate::sequencer::Version;
use crate::store::{Read, StoredEntry, encode_leaf};
use remit_verifier::code::Code;
use remit_verifier::object::{Act, Body, Operation, Origin, Requested, Submission};
use remit_verifier::state::Life;
use remit_verifier::types::{EntryIndex, LedgerId, ObjectId, RequestId, StateIndex, TreeSize};
use std::fmt;
use std::sync::Arc;

/// A version with what it takes to read and prove it. A clone is the same version; the ledger goes on meanwhile.
///
/// Leaves and whatever is proved are exactly those of the version. Reservations, captures, requests and offers are as
/// of the newest batch, which may be one ahead; those that the version does not know are not shown.
#[derive(Clone)]
pub struct Snapshot {
    ledger: LedgerId,
    version: Arc<Version>,
    pub(super) read: Arc<dyn Read>,
}

impl Snapshot {
    pub(super) fn new(ledger: LedgerId, version: Arc<Version>, read: Arc<dyn Read>) -> Self {
        Self { ledger, version, read }
    }

    /// The ledger's name.
    pub fn ledger(&self) -> LedgerId {
        self.ledger
    }

    /// The version.
    pub fn version(&self) -> &Arc<Version> {
        &self.version
    }

    /// Number of entries of the version.
    pub fn size(&self) -> TreeSize {
        self.version.head.size
    }

    /// The record of a leaf, checked against the version's tree.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NoLeaf`]; [`LedgerError::DamagedLeaf`] if what is kept is not what was committed to.
    pub fn leaf(&self, index: StateIndex) -> Result<Arc<LeafRecord>, LedgerError> {
        self.checked_leaf(index).map(|(record, _)| record)
    }

    /// The record of a leaf with the leaf's bytes.
    pub(super) fn checked_leaf(&self, index: StateIndex) -> Result<(Arc<LeafRecord>, Vec<u8>), LedgerError> {
        let hash = self.version.trees.state.get(index).ok_or(LedgerError::NoLeaf(index))?;
        let check = |record: Arc<LeafRecord>| {
            let (bytes, kept) = encode_leaf(&record)?;
            (kept == hash).then_some((record, bytes))
        };
        if let Some(found) = self.get(&key::LeafAt(index))?.and_then(check) {
            return Ok(found);
        }
        // A batch after this version rewrote it; the store keeps what that batch overwrote.
        self.read.pre_image(&hash).and_then(check).ok_or(LedgerError::DamagedLeaf(index))
    }

    /// How many state leaves there are.
    pub fn leaves(&self) -> u64 {
        self.version.trees.state.size().0
    }

    /// The leaf of the party, unit or token with this id; `None` if the version knows none.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Store`].
    pub fn index_of(&self, id: &ObjectId) -> Result<Option<StateIndex>, LedgerError> {
        let index = self.get(&key::IndexOf(*id))?;
        Ok(index.filter(|index| index.0 < self.version.trees.state.size().0))
    }

    /// As [`Self::index_of`], but what is not known is an error.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unknown`], [`LedgerError::Store`].
    pub fn known(&self, id: &ObjectId) -> Result<StateIndex, LedgerError> {
        self.index_of(id)?.ok_or(LedgerError::Unknown(*id))
    }

    /// What the token with this id is.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unknown`], also for what is no token; [`LedgerError::Store`].
    pub fn token(&self, id: &ObjectId) -> Result<Arc<TokenInfo>, LedgerError> {
        let index = self.known(id)?;
        self.get(&key::TokenOf(index))?.ok_or(LedgerError::Unknown(*id))
    }

    /// What the token at this leaf is.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NoLeaf`], also for what is no token; [`LedgerError::Store`].
    pub fn token_at(&self, index: StateIndex) -> Result<Arc<TokenInfo>, LedgerError> {
        let known = index.0 < self.version.trees.state.size().0;
        let token = if known { self.get(&key::TokenOf(index))? } else { None };
        token.ok_or(LedgerError::NoLeaf(index))
    }

    /// The leaf of the unit with this name.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Store`].
    pub fn unit_named(&self, name: &str) -> Result<Option<StateIndex>, LedgerError> {
        let index = self.get(&key::UnitNamed(name.to_owned()))?;
        Ok(index.filter(|index| index.0 < self.version.trees.state.size().0))
    }

    /// The reservation of the invocation with this id.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unknown`], [`LedgerError::Store`].
    pub fn reservation(&self, id: &ObjectId) -> Result<Reservation, LedgerError> {
        let reservation = self.get(&key::ReservationOf(*id))?;
        reservation.filter(|made| made.entry.0 < self.size().0).ok_or(LedgerError::Unknown(*id))
    }

    /// The lease with this id.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unknown`], [`LedgerError::Store`].
    pub fn lease(&self, id: &ObjectId) -> Result<Lease, LedgerError> {
        let lease = self.get(&key::LeaseOf(*id))?;
        lease.filter(|made| made.entry.0 < self.size().0).ok_or(LedgerError::Unknown(*id))
    }

    /// The capture with this id, of a reservation or lease that the version knows.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unknown`], [`LedgerError::Store`].
    pub fn capture(&self, id: &ObjectId) -> Result<Capture, LedgerError> {
        let capture = self.get(&key::CaptureOf(*id))?.ok_or(LedgerError::Unknown(*id))?;
        match self.reservation(&capture.reservation) {
            Err(LedgerError::Unknown(_)) => self.lease(&capture.reservation).map(|_| capture),
            known => known.map(|_| capture),
        }
    }

    /// What was decided of the operation with this id, if that is kept by its id: the entry, and why it was refused if
    /// it was. Known are reserves, leases and tokens that were applied, and spends that an entry refused (spec 19).
    /// What was applied comes first.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unknown`], [`LedgerError::Store`].
    pub fn decision(&self, id: &ObjectId) -> Result<(EntryIndex, Option<Code>), LedgerError> {
        let reserved = self.get(&key::ReservationOf(*id))?.map(|made| made.entry);
        let leased = || Ok::<_, LedgerError>(self.get(&key::LeaseOf(*id))?.map(|made| made.entry));
        let admitted = || match self.token(id) {
            Ok(token) => Ok(Some(token.entry)),
            Err(LedgerError::Unknown(_)) => Ok(None),
            Err(error) => Err(error),
        };
        let applied = match reserved {
            None => match leased()? {
                None => admitted()?,
                found => found,
            },
            found => found,
        };
        let decided = match applied {
            Some(entry) => Some((entry, None)),
            None => match self.get(&key::RefusedOf(*id))? {
                Some(refused) => match self.applied_after(id, refused.entry)? {
                    Some(entry) => Some((entry, None)),
                    None => Some((refused.entry, Some(refused.code))),
                },
                None => None,
            },
        };
        decided.filter(|(entry, _)| entry.0 < self.size().0).ok_or(LedgerError::Unknown(*id))
    }

    /// The entry that applied what was refused at `refused`, if one did since: the very same bytes.
    fn applied_after(&self, id: &ObjectId, refused: EntryIndex) -> Result<Option<EntryIndex>, LedgerError> {
        let object = self.entry(refused)?.object.ok_or_else(|| self.lacks(refused))?;
        let submission = Submission::decode(&object).map_err(|_| LedgerError::Damaged(refused))?;
        let until = submission.operations.iter().map(Operation::valid_until).min().unwrap_or_default();
        self.get(&key::Seen(until, *id))
    }

    /// What became of the request for approval with this id.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unknown`], [`LedgerError::Store`].
    pub fn request(&self, id: &RequestId) -> Result<Request, LedgerError> {
        let known = |request: &Request| match request {
            Request::Waiting(waiting) => waiting.entry.0 < self.size().0,
            Request::Closed => true,
        };
        self.get(&key::RequestOf(*id))?.filter(known).ok_or(LedgerError::Unknown(ObjectId(id.0)))
    }

    /// The requests that an entry made, with what they ask for.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NoEntry`], [`LedgerError::NotKept`], [`LedgerError::Damaged`], [`LedgerError::Store`].
    pub fn requests_in(&self, at: EntryIndex) -> Result<Vec<(RequestId, Requested)>, LedgerError> {
        let damaged = || LedgerError::Damaged(at);
        let object = self.entry(at)?.object.ok_or_else(|| self.lacks(at))?;
        let submission = Submission::decode(&object).map_err(|_| damaged())?;
        let request = |body: &Body| match body {
            Body::Act(stamp, Act::Request(ask), _) => {
                Some((ask.request_id(&self.ledger, stamp.nonce), ask.clone()))
            }
            _ => None,
        };
        Ok(submission.operations.iter().filter_map(|operation| request(&operation.body)).collect())
    }

    /// Whether something that a request needs was suspended or frozen since it was made, which ends it (spec 17 §5).
    ///
    /// # Errors
    ///
    /// [`LedgerError::NoLeaf`], [`LedgerError::Store`].
    pub fn is_cancelled(&self, waiting: &Waiting) -> Result<bool, LedgerError> {
        let token = self.token_at(waiting.token)?;
        for leaf in waiting.rests_on(&token) {
            if self.get(&key::StoppedAt(leaf))?.is_some_and(|stopped| stopped >= waiting.entry) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Why a request cannot be carried out whoever says yes to it, if so: a token of its chain is revoked, ended,
    /// expired or below one that was handed over since, or its own was.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NoLeaf`], [`LedgerError::DamagedLeaf`], [`LedgerError::Store`].
    pub fn obstacle(&self, waiting: &Waiting, ask: &Requested) -> Result<Option<Code>, LedgerError> {
        let now = self.version().commitment.time;
        let mut above = None;
        for (index, link) in self.chain_at(waiting.token)? {
            let leaf = self.leaf(index)?;
            let leaf = &leaf.leaf;
            let named = match link.token.origin {
                Origin::Logged { epoch, .. } => Some(epoch),
                Origin::Root { .. } | Origin::Offline { .. } => None,
            };
            match leaf.life {
                _ if named != above => return Ok(Some(Code::OldEpoch)),
                Life::Revoked => return Ok(Some(Code::Revoked)),
                Life::Ended => return Ok(Some(Code::Ended)),
                Life::Live if link.token.expires.passed(now) => return Ok(Some(Code::Expired)),
                Life::Live => above = Some(leaf.epoch),
            }
        }
        Ok((above != Some(ask.epoch)).then_some(Code::OldEpoch))
    }

    /// What became of the offer with this id.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unknown`], [`LedgerError::Store`].
    pub fn offer(&self, id: &ObjectId) -> Result<Offer, LedgerError> {
        let known = |offer: &Offer| match offer {
            Offer::Standing(standing) => standing.entry.0 < self.size().0,
            Offer::Closed => true,
        };
        self.get(&key::OfferOf(*id))?.filter(known).ok_or(LedgerError::Unknown(*id))
    }

    /// The ids of the offers that an entry made.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NoEntry`], [`LedgerError::NotKept`], [`LedgerError::Damaged`], [`LedgerError::Store`].
    pub fn offers_in(&self, at: EntryIndex) -> Result<Vec<ObjectId>, LedgerError> {
        let damaged = || LedgerError::Damaged(at);
        let object = self.entry(at)?.object.ok_or_else(|| self.lacks(at))?;
        let submission = Submission::decode(&object).map_err(|_| damaged())?;
        let made = submission.operations.iter().filter(|operation| match &operation.body {
            Body::Act(_, Act::Offer(offer), _) => offer.price.is_some(),
            _ => false,
        });
        Ok(made.map(|operation| operation.id).collect())
    }

    /// What a token and those above it are, each with its leaf, the root first.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NoLeaf`], [`LedgerError::Store`].
    pub fn chain_at(&self, index: StateIndex) -> Result<Vec<(StateIndex, Arc<TokenInfo>)>, LedgerError> {
        let last = self.token_at(index)?;
        let links = last.ancestors.iter().map(|above| Ok((*above, self.token_at(*above)?)));
        let mut links = links.collect::<Result<Vec<_>, LedgerError>>()?;
        links.push((index, last));
        Ok(links)
    }

    /// An entry, with what stands beside it.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NoEntry`], [`LedgerError::Damaged`], [`LedgerError::Store`].
    pub fn entry(&self, at: EntryIndex) -> Result<StoredEntry, LedgerError> {
        if at.0 >= self.size().0 {
            return Err(LedgerError::NoEntry(at));
        }
        self.read.entry(at)?.ok_or(LedgerError::Damaged(at))
    }

    /// The bytes of an entry alone.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NoEntry`], [`LedgerError::Damaged`], [`LedgerError::Store`].
    pub fn entry_bytes(&self, at: EntryIndex) -> Result<Vec<u8>, LedgerError> {
        let mut entries = self.entries_bytes(at, 1)?;
        entries.pop().ok_or(LedgerError::NoEntry(at))
    }

    /// The bytes of entries from this index on, without what stands beside them: as many as `limit`,
    /// [`ENTRIES_PER_READ_MAX`] at most.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`], [`LedgerError::Store`].
    pub fn entries_bytes(&self, from: EntryIndex, limit: usize) -> Result<Vec<Vec<u8>>, LedgerError> {
        let left = usize::try_from(self.size().0.saturating_sub(from.0)).unwrap_or(usize::MAX);
        let limit = limit.min(ENTRIES_PER_READ_MAX).min(left);
        let entries = self.read.entries(from, limit)?;
        if entries.len() == limit { Ok(entries) } else { Err(LedgerError::Damaged(from)) }
    }

    /// Entries from this index on, with what stands beside them: as many as `limit`, [`ENTRIES_PER_READ_MAX`] at most.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`], [`LedgerError::Store`].
    pub fn entries(&self, from: EntryIndex, limit: usize) -> Result<Vec<StoredEntry>, LedgerError> {
        let indexes = (from.0..self.size().0).take(limit.min(ENTRIES_PER_READ_MAX));
        indexes.map(|at| self.entry(EntryIndex(at))).collect()
    }

    /// Why nothing stands beside an entry that had something beside it: it was pruned, or it is lost.
    pub(super) fn lacks(&self, at: EntryIndex) -> LedgerError {
        match self.read.pruned_before() {
            Ok(before) if at < before => LedgerError::NotKept(at),
            Ok(_) => LedgerError::Damaged(at),
            Err(error) => error.into(),
        }
    }

    /// A record of the newest batch.
    pub(super) fn get<K: StateKey>(&self, key: &K) -> Result<Option<K::Record>, LedgerError> {
        let record: Option<Record> = self.read.cached(&key.key())?;
        Ok(record.as_ref().and_then(K::unwrap).cloned())
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("ledger", &self.ledger).field("head", &self.version.head).finish()
    }
}
