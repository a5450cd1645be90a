//! What a ledger proves to others: presentations, evidence, inclusion (spec 08 §9, 09).

use super::{Ledger, LedgerError};
use crate::machine::key;
use crate::tree::prove;
use remit_verifier::c2sp::TlogProof;
use remit_verifier::log::Entry;
use remit_verifier::object::{Kind, Submission};
use remit_verifier::types::{EntryIndex, ObjectId, StateIndex, TreeSize};
use remit_verifier::verify::{Evidence, Presentation};

impl Ledger {
    /// A presentation of a token at the newest checkpoint: what a service needs to decide offline. `links` are offline
    /// links below the token; `unit` is needed for requests that carry an amount.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unknown`], [`LedgerError::Prove`], [`LedgerError::Damaged`].
    pub fn presentation(
        &self,
        token: &ObjectId,
        links: &[Vec<u8>],
        unit: Option<&ObjectId>,
    ) -> Result<Vec<u8>, LedgerError> {
        let info = self.token(token).ok_or(LedgerError::Unknown(*token))?;
        let index = self.leaf(token).ok_or(LedgerError::Unknown(*token))?.leaf.index;
        let mut chain = info.ancestors.clone();
        chain.push(index);
        let mut indexes = chain.clone();
        indexes.extend([StateIndex(0), info.issuer]);
        if let Some(unit) = unit {
            indexes.push(self.leaf(unit).ok_or(LedgerError::Unknown(*unit))?.leaf.index);
        }
        indexes.sort_unstable();
        indexes.dedup();
        let mut tokens =
            chain.iter().map(|index| self.token_object(*index)).collect::<Result<Vec<_>, _>>()?;
        tokens.extend(links.iter().cloned());
        let leaves = indexes.iter().map(|index| self.leaf_bytes(*index)).collect::<Result<Vec<_>, _>>()?;
        let size = self.store().len();
        let last = EntryIndex(size.saturating_sub(1));
        let commitment = self.store().entry(last).ok_or(LedgerError::Damaged(last))?.entry;
        let path = prove::inclusion(self.store().log(), last, TreeSize(size)).map_err(LedgerError::Prove)?;
        let siblings =
            prove::multiproof(&self.store().trees().state, &indexes).map_err(LedgerError::Prove)?;
        Ok(Presentation {
            ledger: self.id(),
            note: self.checkpoint().as_bytes(),
            commitment,
            commitment_path: path,
            leaves: leaves.iter().map(Vec::as_slice).collect(),
            state_proof: siblings,
            tokens: tokens.iter().map(Vec::as_slice).collect(),
        }
        .encode())
    }

    fn leaf_bytes(&self, index: StateIndex) -> Result<Vec<u8>, LedgerError> {
        let record = self.store().state().get(&key::LeafAt(index));
        Ok(record.ok_or(LedgerError::Damaged(EntryIndex(0)))?.leaf.encode())
    }

    /// The signed object of the token at this leaf, out of the submission that admitted it.
    fn token_object(&self, index: StateIndex) -> Result<Vec<u8>, LedgerError> {
        let damaged = LedgerError::Damaged(EntryIndex(0));
        let info = self.store().state().get(&key::TokenOf(index)).ok_or(damaged)?;
        let damaged = LedgerError::Damaged(info.entry);
        let kept = self.store().entry(info.entry).and_then(|kept| kept.object).ok_or(damaged)?;
        let submission = Submission::decode(kept).map_err(|_| damaged)?;
        let operation = submission.operations.into_iter().find(|operation| operation.id == info.id);
        operation.ok_or(damaged)?.objects().into_iter().next().ok_or(damaged)
    }

    /// Evidence that the entry which reserved for this invocation stands in the log.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unknown`] if there is none; [`LedgerError::Prove`], [`LedgerError::Proof`].
    pub fn evidence(&self, entry: EntryIndex) -> Result<Vec<u8>, LedgerError> {
        let damaged = LedgerError::Damaged(entry);
        let kept = self.store().entry(entry).ok_or(damaged)?;
        let Ok(Entry::Outcome(outcome)) = Entry::decode(kept.entry) else { return Err(damaged) };
        let ids = match (outcome.kind, kept.object) {
            (Kind::Bundle, Some(object)) => {
                let submission = Submission::decode(object).map_err(|_| damaged)?;
                submission.operations.iter().map(|operation| operation.id).collect()
            }
            _ => Vec::new(),
        };
        let proof = self.proof(entry)?;
        Ok(Evidence { entry: kept.entry, ids, proof: proof.as_bytes() }.encode())
    }

    /// The tlog-proof of an entry under the newest checkpoint.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Prove`], [`LedgerError::Proof`].
    pub fn proof(&self, entry: EntryIndex) -> Result<String, LedgerError> {
        let size = TreeSize(self.store().len());
        let path = prove::inclusion(self.store().log(), entry, size).map_err(LedgerError::Prove)?;
        let proof = TlogProof::new(Vec::new(), entry, path, self.checkpoint().as_bytes())
            .map_err(LedgerError::Proof)?;
        Ok(proof.to_text())
    }
}
