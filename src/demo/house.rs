//! Where the story plays: a ledger as its users meet it. Here the one in memory; [`super::served`] is a real server.

use super::stage::{ORIGIN, Tale};
use crate::engine::Answer;
use crate::ledger::Ledger;
use crate::store::StoredEntry;
use remit_verifier::c2sp::Trust;
use remit_verifier::log::Genesis;
use remit_verifier::merkle::TreeHead;
use remit_verifier::sign::LocalSigner;
use remit_verifier::types::{Epoch, Generation, LedgerId, Millis, ObjectId};

/// What the ledger said to a submission.
pub(super) struct Answered {
    /// `applied`, `replayed`, or the code of the refusal.
    pub(super) outcome: String,
    /// What a refusal means.
    pub(super) meaning: Option<String>,
    /// The entry that stands in the log.
    pub(super) entry: Option<u64>,
}

/// Where the value of a token stands in one unit, in minor units.
pub(super) struct Purse {
    pub(super) total: u64,
    pub(super) committed: u64,
    pub(super) captured: u64,
    pub(super) refunded: u64,
    pub(super) reserved: u64,
    pub(super) carved: u64,
    pub(super) returned: u64,
    pub(super) unit: String,
    pub(super) decimals: u64,
}

/// All that is kept at the end, for an auditor.
pub(super) struct Kept {
    pub(super) log: Vec<StoredEntry>,
    pub(super) head: TreeHead,
    pub(super) state_root: String,
    pub(super) checkpoint: String,
}

/// A ledger that is asked for things.
pub(super) trait House {
    fn id(&self) -> LedgerId;

    /// The trust of somebody who takes this log's word alone.
    fn trust(&self) -> Tale<Trust>;

    /// Submits, at the story's time.
    fn submit(&mut self, bytes: &[u8], now: Millis) -> Tale<Answered>;

    /// Epoch and generation of a token.
    fn epoch(&self, token: &ObjectId) -> Tale<(Epoch, Generation)>;

    /// A file to show, without offline links.
    fn presentation(&self, token: &ObjectId, unit: &ObjectId) -> Tale<Vec<u8>>;

    /// The proof that the value of this invocation is held.
    fn evidence(&self, reserve: &ObjectId) -> Tale<Vec<u8>>;

    /// The proof of a lease, for its payee and its holder.
    fn lease_proof(&self, lease: &ObjectId) -> Tale<Vec<u8>>;

    /// Where a token's value stands.
    fn purse(&self, token: &ObjectId, unit: &ObjectId) -> Tale<Purse>;

    /// The line to the ledger is cut: nobody answers until [`House::resume`].
    fn stop(&mut self) -> Tale<()>;

    /// The ledger is back.
    fn resume(&mut self, now: Millis) -> Tale<()>;

    /// Ends, and hands out everything that is kept.
    fn close(&mut self) -> Tale<Kept>;
}

/// A ledger in this process.
pub(super) struct Memory {
    ledger: Ledger,
}

impl Memory {
    pub(super) fn new(genesis: &Genesis, log_key: LocalSigner) -> Tale<Self> {
        Ok(Self { ledger: Ledger::begin(genesis, Box::new(log_key))? })
    }
}

impl House for Memory {
    fn id(&self) -> LedgerId {
        self.ledger.id()
    }

    fn trust(&self) -> Tale<Trust> {
        debug_assert!(self.ledger.checkpoint().starts_with(ORIGIN));
        Ok(self.ledger.trust()?)
    }

    fn submit(&mut self, bytes: &[u8], now: Millis) -> Tale<Answered> {
        let answer = self.ledger.submit(&[bytes], now)?.pop().ok_or("no answer")?;
        let (outcome, meaning, entry) = match answer {
            Answer::Applied(entry) => ("applied", None, Some(entry.0)),
            Answer::Replayed(entry) => ("replayed", None, Some(entry.0)),
            Answer::Refused(refusal) => (refusal.code.text(), Some(refusal.code.meaning().to_owned()), None),
        };
        Ok(Answered { outcome: outcome.to_owned(), meaning, entry })
    }

    fn epoch(&self, token: &ObjectId) -> Tale<(Epoch, Generation)> {
        let leaf = &self.ledger.leaf(token).ok_or("no such token")?.leaf;
        Ok((leaf.epoch, leaf.generation))
    }

    fn presentation(&self, token: &ObjectId, unit: &ObjectId) -> Tale<Vec<u8>> {
        Ok(self.ledger.presentation(token, &[], Some(unit))?)
    }

    fn evidence(&self, reserve: &ObjectId) -> Tale<Vec<u8>> {
        Ok(self.ledger.evidence(self.ledger.entry_of(reserve).ok_or("no such entry")?)?)
    }

    fn lease_proof(&self, lease: &ObjectId) -> Tale<Vec<u8>> {
        Ok(self.ledger.lease_proof(lease)?)
    }

    fn purse(&self, token: &ObjectId, unit: &ObjectId) -> Tale<Purse> {
        let unit = &self.ledger.leaf(unit).ok_or("no unit")?.leaf;
        let info = self.ledger.token(token).ok_or("no token")?;
        let record = self.ledger.leaf(token).ok_or("no leaf")?;
        let counters = record.private.as_ref().ok_or("no values")?.values.counters(unit.index);
        let budget = info.budgets.iter().flatten().find(|(of, _)| *of == unit.index);
        let named = unit.unit().ok_or("no unit")?;
        Ok(Purse {
            total: budget.and_then(|(_, budget)| budget.total).unwrap_or_default().0,
            committed: counters.committed().ok_or("no amount")?.0,
            captured: counters.captured,
            refunded: counters.refunded,
            reserved: counters.reserved,
            carved: counters.carved,
            returned: counters.returned,
            unit: named.name.clone(),
            decimals: named.decimals,
        })
    }

    fn stop(&mut self) -> Tale<()> {
        Ok(())
    }

    fn resume(&mut self, _: Millis) -> Tale<()> {
        Ok(())
    }

    fn close(&mut self) -> Tale<Kept> {
        let owned = |kept: crate::engine::Kept<'_>| StoredEntry {
            entry: kept.entry.to_vec(),
            object: kept.object.map(<[u8]>::to_vec),
            details: kept.details.cloned(),
        };
        Ok(Kept {
            log: self.ledger.store().iter().map(owned).collect(),
            head: self.ledger.head().ok_or("no checkpoint")?,
            state_root: self.ledger.store().trees().state.root().to_string(),
            checkpoint: self.ledger.checkpoint().to_owned(),
        })
    }
}
