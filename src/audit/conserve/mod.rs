//! Recounts the money of a whole log, sharing nothing with the rules but decoded types.
//!
//! It reads entries and the objects kept beside them, and knows only what stands in them: budgets, reservations,
//! captures, refunds, carves, ends, stops and times. For every token and unit it keeps plain signed sums, and after
//! every operation it asks whether `captured - refunded + reserved + pending + leased + carved - returned + ceded` is
//! still within the total that the token states, and whether the operation could be made at all: on a token in force,
//! within what one use and each window may be, approved where it must be, before its deadline. Who else signed, what a
//! token permits, and how far ahead a deadline may lie are not its business: that is for
//! [`replay`](crate::audit::replay()).

mod book;
mod leases;
mod operations;
mod quotas;
mod requests;
mod tokens;
mod trades;
mod windows;

use book::Book;
use remit_verifier::code::Code;
use remit_verifier::log::{Entry, Genesis, Outcome};
use remit_verifier::object::{Kind, Submission};
use remit_verifier::types::{Amount, EntryIndex, LedgerId, Millis, ObjectId};
use std::collections::BTreeMap;
use std::fmt;

/// How many violations a report lists; it counts them all.
pub const VIOLATIONS_MAX: usize = 16;

/// One entry with the submission that it applied, if somebody submitted one.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'k> {
    /// The entry.
    pub entry: &'k [u8],
    /// The submission.
    pub object: Option<&'k [u8]>,
}

/// What a recount came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conservation {
    /// Whether nothing was violated.
    pub ok: bool,
    /// Number of entries.
    pub entries: u64,
    /// How often an account was held against its bounds.
    pub checks: u64,
    /// How many violations there are.
    pub violated: u64,
    /// The first of them, [`VIOLATIONS_MAX`] at most.
    pub violations: Vec<Violation>,
    /// What moved, by unit.
    pub flows: BTreeMap<ObjectId, Flows>,
    /// Where the least was left of a total after a reserve or carve; the first such moment.
    pub tightest: Option<Tightest>,
    /// Where every token's value stands at the end, by token and unit.
    pub accounts: Vec<Account>,
}

/// Something that must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The entry that did it.
    pub entry: EntryIndex,
    /// The code that should have refused it.
    pub code: Code,
    /// The token, reservation, capture, party or unit concerned.
    pub subject: ObjectId,
}

/// What moved in one unit, in gross, each operation counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flows {
    /// Held while approvers were asked.
    pub requested: u128,
    /// Reserved, what had waited for approval included.
    pub reserved: u128,
    /// Captured.
    pub captured: u128,
    /// Released by payees, leases that they closed included.
    pub released: u128,
    /// Given back when `settle_by` had passed.
    pub expired: u128,
    /// Leased.
    pub leased: u128,
    /// Settled of what was leased.
    pub settled: u128,
    /// Refunded.
    pub refunded: u128,
    /// Carved out for children.
    pub carved: u128,
    /// Come back from ended carved tokens; value that passes two of them counts twice.
    pub returned: u128,
}

/// The moment when the least was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tightest {
    /// The token.
    pub token: ObjectId,
    /// The unit.
    pub unit: ObjectId,
    /// The entry.
    pub entry: EntryIndex,
    /// What was left; negative only where conservation is violated.
    pub left: i128,
}

/// Where the value of one token in one unit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// The token; also an offline link.
    pub token: ObjectId,
    /// The unit.
    pub unit: ObjectId,
    /// The total that the token states, if it states one.
    pub total: Option<Amount>,
    /// Held for payees.
    pub reserved: i128,
    /// Held while approvers are asked.
    pub pending: i128,
    /// Locked in leases.
    pub leased: i128,
    /// Taken by payees.
    pub captured: i128,
    /// Given back after capture.
    pub refunded: i128,
    /// Moved to carved children.
    pub carved: i128,
    /// Come back from them.
    pub returned: i128,
    /// Passed on to the parent after the end.
    pub ceded: i128,
}

impl Account {
    /// What is committed: `captured - refunded + reserved + pending + leased + carved - returned + ceded`.
    pub fn committed(&self) -> i128 {
        let held = self.reserved + self.pending + self.leased;
        self.captured - self.refunded + held + self.carved - self.returned + self.ceded
    }
}

/// Why a log cannot be recounted to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConserveError {
    /// The entry does not decode, or genesis is not the first entry and nowhere else.
    Entry(EntryIndex),
    /// The submission that the entry applied is not at hand.
    Missing(EntryIndex),
    /// The submission does not decode.
    Object(EntryIndex, Code),
    /// The submission kept beside the entry is not the one that it names.
    Other(EntryIndex),
    /// The time of the entry is before the one of the entry before.
    Time(EntryIndex),
}

impl fmt::Display for ConserveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(at) => write!(f, "entry {at} is none, or cannot stand here"),
            Self::Missing(at) => write!(f, "the object of entry {at} is missing"),
            Self::Object(at, code) => write!(f, "the object of entry {at} does not decode: {code}"),
            Self::Other(at) => write!(f, "the object beside entry {at} belongs to another"),
            Self::Time(at) => write!(f, "entry {at} is earlier than the one before"),
        }
    }
}

impl std::error::Error for ConserveError {}

/// Recounts a log from genesis on. A violation is in the report; the count goes on after it.
///
/// # Errors
///
/// [`ConserveError`] if an entry or object cannot be read, so that nothing can be said of what follows.
pub fn conserve<'k>(log: impl IntoIterator<Item = Recorded<'k>>) -> Result<Conservation, ConserveError> {
    let mut recount = Recount::default();
    for recorded in log {
        recount.entry(&recorded)?;
    }
    Ok(recount.finish())
}

/// A recount entry by entry, for a log that is not in memory as a whole; [`conserve`] is the same for one that is.
pub struct Recount {
    walk: Walk,
    entries: u64,
}

impl Default for Recount {
    fn default() -> Self {
        Self { walk: Walk { book: Book::default(), ledger: None, time: Millis(0) }, entries: 0 }
    }
}

impl Recount {
    /// Counts the next entry.
    ///
    /// # Errors
    ///
    /// [`ConserveError`].
    pub fn entry(&mut self, recorded: &Recorded<'_>) -> Result<(), ConserveError> {
        self.walk.entry(EntryIndex(self.entries), recorded)?;
        self.entries += 1;
        Ok(())
    }

    /// What the recount came to.
    pub fn finish(self) -> Conservation {
        self.walk.book.report(self.entries)
    }
}

/// A recount on its way through the log.
struct Walk {
    book: Book,
    ledger: Option<LedgerId>,
    time: Millis,
}

impl Walk {
    fn entry(&mut self, at: EntryIndex, recorded: &Recorded<'_>) -> Result<(), ConserveError> {
        let entry = Entry::decode(recorded.entry).map_err(|_| ConserveError::Entry(at))?;
        if entry.time() < self.time {
            return Err(ConserveError::Time(at));
        }
        self.time = entry.time();
        self.book.turn(at, entry.time());
        match (&entry, self.ledger) {
            (Entry::Genesis(genesis), None) if at.0 == 0 => {
                let ledger = Genesis::ledger_id(recorded.entry);
                self.ledger = Some(ledger);
                self.book.begin(ObjectId(ledger.0), genesis.rules);
                Ok(())
            }
            (Entry::Commitment(_), Some(_)) => Ok(()),
            (Entry::Outcome(outcome), Some(ledger)) => self.outcome(at, outcome, recorded, ledger),
            _ => Err(ConserveError::Entry(at)),
        }
    }

    fn outcome(
        &mut self,
        at: EntryIndex,
        outcome: &Outcome,
        recorded: &Recorded<'_>,
        ledger: LedgerId,
    ) -> Result<(), ConserveError> {
        match outcome.kind {
            Kind::Expiry => self.book.expiry(outcome.id),
            Kind::Lapse => self.book.lapse(outcome.id),
            Kind::Rekeyed => self.book.rekeyed(outcome.id),
            _ => {
                let object = recorded.object.ok_or(ConserveError::Missing(at))?;
                let submission =
                    Submission::decode(object).map_err(|code| ConserveError::Object(at, code))?;
                let kind = if outcome.refused.is_some() { submission.kind() } else { outcome.kind };
                let named = (submission.id, submission.kind(), submission.ledger);
                if named != (outcome.id, kind, ledger) {
                    return Err(ConserveError::Other(at));
                }
                if let (Some(_), [operation]) = (outcome.refused, submission.operations.as_slice()) {
                    self.book.refusal(operation);
                    return Ok(());
                }
                if outcome.refused.is_some() {
                    return Err(ConserveError::Other(at));
                }
                let ids: Vec<ObjectId> = submission.operations.iter().map(|op| op.id).collect();
                for (place, operation) in submission.operations.iter().enumerate() {
                    self.book.operation(operation, ids.get(..place).unwrap_or_default());
                }
            }
        }
        self.book.count_entry();
        Ok(())
    }
}
