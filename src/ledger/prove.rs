//! What a ledger proves to others: presentations, evidence, inclusion, consistency, tiles (spec 07 §8, 08 §9, 09).

use super::{LedgerError, Snapshot};
use crate::tree::tile::{TILE_WIDTH, Tile, TileKind, level_tiles, push_entry, tile_bytes};
use crate::tree::{ProveError, prove};
use remit_verifier::c2sp::TlogProof;
use remit_verifier::hash::sha256;
use remit_verifier::log::Entry;
use remit_verifier::object::{Kind, Submission};
use remit_verifier::till::LeaseProof;
use remit_verifier::types::{EntryIndex, Hash, ObjectId, StateIndex, TreeSize};
use remit_verifier::verify::{Evidence, Presentation};

impl Snapshot {
    /// A presentation of a token: what a service needs to decide offline. `links` are offline links below the token;
    /// `unit` is needed for requests that carry an amount.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unknown`], [`LedgerError::NotKept`], [`LedgerError::Prove`], [`LedgerError::Damaged`],
    /// [`LedgerError::DamagedLeaf`], [`LedgerError::Store`].
    pub fn presentation(
        &self,
        token: &ObjectId,
        links: &[Vec<u8>],
        unit: Option<&ObjectId>,
    ) -> Result<Vec<u8>, LedgerError> {
        let info = self.token(token)?;
        let mut chain = info.ancestors.clone();
        chain.push(self.known(token)?);
        let mut indexes = chain.clone();
        indexes.extend([StateIndex(0), info.issuer]);
        if let Some(unit) = unit {
            indexes.push(self.known(unit)?);
        }
        indexes.sort_unstable();
        indexes.dedup();
        let mut tokens =
            chain.iter().map(|index| self.token_object(*index)).collect::<Result<Vec<_>, _>>()?;
        tokens.extend(links.iter().cloned());
        let leaf = |index: &StateIndex| self.checked_leaf(*index).map(|(_, bytes)| bytes);
        let leaves = indexes.iter().map(leaf).collect::<Result<Vec<_>, _>>()?;
        let version = self.version();
        let commitment = Entry::Commitment(version.commitment).encode();
        let siblings = prove::multiproof(&version.trees.state, &indexes).map_err(LedgerError::Prove)?;
        Ok(Presentation {
            ledger: self.ledger(),
            note: version.note.as_bytes(),
            commitment: &commitment,
            commitment_path: version.commitment_path.clone(),
            leaves: leaves.iter().map(Vec::as_slice).collect(),
            state_proof: siblings,
            tokens: tokens.iter().map(Vec::as_slice).collect(),
        }
        .encode())
    }

    /// The signed object of the token at this leaf, out of the submission that admitted it.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NoLeaf`], [`LedgerError::NotKept`], [`LedgerError::Damaged`], [`LedgerError::Store`].
    pub fn token_object(&self, index: StateIndex) -> Result<Vec<u8>, LedgerError> {
        let info = self.token_at(index)?;
        let damaged = || LedgerError::Damaged(info.entry);
        let kept = self.read.object(info.entry)?.ok_or_else(|| self.lacks(info.entry))?;
        let submission = Submission::decode(&kept).map_err(|_| damaged())?;
        let operation = submission.operations.into_iter().find(|operation| operation.id == info.id);
        operation.ok_or_else(damaged)?.objects().into_iter().next().ok_or_else(damaged)
    }

    /// Evidence that the entry which reserved for an invocation stands in the log.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NoEntry`] if there is none; [`LedgerError::Damaged`] for one that is no operation's; of a bundle
    /// [`LedgerError::NotKept`];
    /// [`LedgerError::Prove`], [`LedgerError::Proof`], [`LedgerError::Store`].
    pub fn evidence(&self, entry: EntryIndex) -> Result<Vec<u8>, LedgerError> {
        let damaged = || LedgerError::Damaged(entry);
        let kept = self.entry(entry)?;
        let Ok(Entry::Outcome(outcome)) = Entry::decode(&kept.entry) else { return Err(damaged()) };
        let ids = match (outcome.kind, kept.object) {
            (Kind::Bundle, Some(object)) => {
                let submission = Submission::decode(&object).map_err(|_| damaged())?;
                submission.operations.iter().map(|operation| operation.id).collect()
            }
            (Kind::Bundle, None) => return Err(self.lacks(entry)),
            _ => Vec::new(),
        };
        let proof = self.proof(entry)?;
        Ok(Evidence { entry: &kept.entry, ids, proof: proof.as_bytes() }.encode())
    }

    /// The proof of a lease for its payee (spec 16 §5).
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unknown`] if no lease has this id; [`LedgerError::NotKept`], [`LedgerError::Damaged`],
    /// [`LedgerError::Prove`], [`LedgerError::Proof`], [`LedgerError::Store`].
    pub fn lease_proof(&self, id: &ObjectId) -> Result<Vec<u8>, LedgerError> {
        let lease = self.lease(id)?;
        let damaged = || LedgerError::Damaged(lease.entry);
        let kept = self.entry(lease.entry)?;
        let object = kept.object.as_deref().ok_or_else(|| self.lacks(lease.entry))?;
        let details = kept.details.as_ref().ok_or_else(damaged)?;
        let submission = Submission::decode(object).map_err(|_| damaged())?;
        let ids = match submission.kind() {
            Kind::Bundle => submission.operations.iter().map(|operation| operation.id).collect(),
            _ => Vec::new(),
        };
        let operation = submission.operations.into_iter().find(|operation| operation.id == *id);
        let signed = operation.ok_or_else(damaged)?.objects().into_iter().next().ok_or_else(damaged)?;
        let mut chain = self.token_at(lease.token)?.ancestors.clone();
        chain.push(lease.token);
        let tokens = chain.iter().map(|index| self.token_object(*index)).collect::<Result<Vec<_>, _>>()?;
        let proof = self.proof(lease.entry)?;
        Ok(LeaseProof {
            entry: &kept.entry,
            ids,
            proof: proof.as_bytes(),
            common: &details.common,
            links: details.links.iter().map(|part| sha256(&[part])).collect(),
            lease: &signed,
            tokens: tokens.iter().map(Vec::as_slice).collect(),
        }
        .encode())
    }

    /// The tlog-proof of an entry.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Prove`], [`LedgerError::Proof`].
    pub fn proof(&self, entry: EntryIndex) -> Result<String, LedgerError> {
        let path = prove::inclusion(self.read.log(), entry, self.size()).map_err(LedgerError::Prove)?;
        let proof = TlogProof::new(Vec::new(), entry, path, self.version().note.as_bytes());
        Ok(proof.map_err(LedgerError::Proof)?.to_text())
    }

    /// Consistency proof between two sizes of the log, neither above the version's.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Prove`].
    pub fn consistency(&self, from: TreeSize, to: TreeSize) -> Result<Vec<Hash>, LedgerError> {
        if to > self.size() {
            let ahead = ProveError::SizeAhead { asked: to, size: self.size() };
            return Err(LedgerError::Prove(ahead));
        }
        prove::consistency(self.read.log(), from, to).map_err(LedgerError::Prove)
    }

    /// The bytes of a tile or entry bundle, full or partial; `None` for one that the version has not.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`], [`LedgerError::Store`].
    pub fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, LedgerError> {
        let level = if let TileKind::Level(level) = tile.kind { level } else { 0 };
        let tiles = level_tiles(self.size(), level);
        let width = match tile.index.cmp(&tiles.full) {
            std::cmp::Ordering::Less => TILE_WIDTH,
            std::cmp::Ordering::Equal => tiles.partial,
            std::cmp::Ordering::Greater => 0,
        };
        if tile.width == 0 || tile.width > width {
            return Ok(None);
        }
        let first = EntryIndex(tile.index * u64::from(TILE_WIDTH));
        match tile.kind {
            TileKind::Level(_) => {
                tile_bytes(self.read.log(), tile).ok_or(LedgerError::Damaged(first)).map(Some)
            }
            TileKind::Entries => {
                let entries = self.read.entries(first, usize::from(tile.width))?;
                let mut bundle = Vec::new();
                let pushed = entries.iter().try_for_each(|entry| push_entry(&mut bundle, entry));
                let whole = entries.len() == usize::from(tile.width) && pushed.is_ok();
                whole.then_some(Some(bundle)).ok_or(LedgerError::Damaged(first))
            }
        }
    }
}
