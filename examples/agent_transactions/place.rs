//! Where the market is held: on a ledger in memory, or on one that somebody serves.

use remit::engine::Answer;
use remit::ledger::Ledger;
use remit::store::StoredEntry;
use remit_verifier::c2sp::Trust;
use remit_verifier::log::Genesis;
use remit_verifier::merkle::TreeHead;
use remit_verifier::sign::LocalSigner;
use remit_verifier::types::{LedgerId, Millis, ObjectId};
use std::error::Error;

/// What fails here is a fault of the example or the data, never a refusal.
pub(crate) type Done<T> = Result<T, Box<dyn Error>>;

/// What the ledger said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It stands in the log.
    Applied,
    /// It stood there before.
    Replayed,
    /// It is refused, because of this member.
    Refused { code: String, member: usize },
}

/// All that is kept, for whoever checks it.
pub(crate) struct Kept {
    pub(crate) log: Vec<StoredEntry>,
    pub(crate) head: TreeHead,
    pub(crate) state_root: String,
    pub(crate) checkpoint: String,
}

/// A ledger, as a market needs it.
pub(crate) trait Place {
    fn id(&self) -> LedgerId;
    /// Its name.
    fn origin(&self) -> &str;
    /// The trust of somebody who takes its word.
    fn trust(&self) -> Done<Trust>;
    /// The time of the next operation, if the last was at `now`.
    fn next(&self, now: Millis) -> Done<Millis>;
    fn submit(&mut self, bytes: &[u8], now: Millis) -> Done<Said>;
    fn presentation(&self, token: &ObjectId, unit: Option<&ObjectId>) -> Done<Vec<u8>>;
    /// The proof that this invocation is funded.
    fn evidence(&self, reserve: &ObjectId) -> Done<Vec<u8>>;
    fn kept(&self) -> Done<Kept>;
}

/// A ledger in this process, whose time is simulated.
pub(crate) struct Memory {
    ledger: Ledger,
    origin: String,
}

impl Memory {
    pub(crate) fn new(genesis: &Genesis, log: LocalSigner) -> Done<Self> {
        let ledger = Ledger::begin(genesis, Box::new(log))?;
        Ok(Self { ledger, origin: genesis.origin.clone() })
    }
}

impl Place for Memory {
    fn id(&self) -> LedgerId {
        self.ledger.id()
    }

    fn origin(&self) -> &str {
        &self.origin
    }

    fn trust(&self) -> Done<Trust> {
        Ok(self.ledger.trust()?)
    }

    fn next(&self, now: Millis) -> Done<Millis> {
        Ok(Millis(now.0 + 10))
    }

    fn submit(&mut self, bytes: &[u8], now: Millis) -> Done<Said> {
        Ok(match self.ledger.submit(&[bytes], now)?.pop().ok_or("no answer")? {
            Answer::Applied(_) => Said::Applied,
            Answer::Replayed(_) => Said::Replayed,
            Answer::Refused(refusal) => {
                Said::Refused { code: refusal.code.text().into(), member: refusal.member.into() }
            }
        })
    }

    fn presentation(&self, token: &ObjectId, unit: Option<&ObjectId>) -> Done<Vec<u8>> {
        Ok(self.ledger.presentation(token, &[], unit)?)
    }

    fn evidence(&self, reserve: &ObjectId) -> Done<Vec<u8>> {
        Ok(self.ledger.evidence(self.ledger.entry_of(reserve).ok_or("no such entry")?)?)
    }

    fn kept(&self) -> Done<Kept> {
        let owned = |kept: remit::engine::Kept<'_>| StoredEntry {
            entry: kept.entry.to_vec(),
            object: kept.object.map(<[u8]>::to_vec),
            details: kept.details.cloned(),
        };
        Ok(Kept {
            log: self.ledger.store().iter().map(owned).collect(),
            head: self.ledger.head().ok_or("no checkpoint")?,
            state_root: self.ledger.store().trees().state.root().to_string(),
            checkpoint: self.ledger.checkpoint().into(),
        })
    }
}
