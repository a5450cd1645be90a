//! Replays one batch from its entries and kept objects, and compares every byte (spec 11 §7).

use super::batch::{Answer, Batch, LogEntry};
use super::build::{BuildError, begin, build};
use super::trees::Trees;
use crate::machine::{Refusal, StateView};
use remit_verifier::code::Code;
use remit_verifier::log::{Details, Entry};
use remit_verifier::object::{Kind, Submission, Verified};
use remit_verifier::types::{EntryIndex, LedgerId, Millis};
use std::convert::Infallible;
use std::fmt;

/// One entry as it is kept: its bytes, and what stands beside the log.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'k> {
    /// The entry.
    pub entry: &'k [u8],
    /// The submission that it applied, if somebody submitted one.
    pub object: Option<&'k [u8]>,
    /// Its details, where they are at hand to be compared.
    pub details: Option<&'k Details>,
}

/// One entry as it is kept, owned: its bytes, and what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// The entry's bytes.
    pub entry: Vec<u8>,
    /// The submission that it applied, if somebody submitted one and it is still kept.
    pub object: Option<Vec<u8>>,
    /// Its details, if it has any and they are still kept.
    pub details: Option<Details>,
}

impl StoredEntry {
    /// The same, borrowed.
    pub fn kept(&self) -> Kept<'_> {
        Kept { entry: &self.entry, object: self.object.as_deref(), details: self.details.as_ref() }
    }
}

/// Why a batch is not what the rules make of its inputs. The entry named is the first that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayError<E> {
    /// The entry does not decode, or is of a kind that cannot stand here.
    Entry(EntryIndex),
    /// The entry applied a submission that is not at hand: not covered, never a pass.
    Missing(EntryIndex),
    /// The kept submission does not decode, or a signature on it does not verify.
    Object(EntryIndex, Code),
    /// The entries of a batch are not all of one time, or earlier than those before.
    Time(EntryIndex),
    /// The entry ends or makes effective what is not due, or stands where one that does was due.
    Due(EntryIndex),
    /// The rules refuse the submission that the entry claims to have applied, or to have refused for another reason.
    Refused(EntryIndex, Refusal),
    /// The entry records a refusal of what the rules apply.
    NotRefused(EntryIndex),
    /// The entry records a refusal that the rules write no entry for.
    NotRecorded(EntryIndex, Refusal),
    /// The entry applies or refuses again what the other entry, named second, did before.
    Twice(EntryIndex, EntryIndex),
    /// The rules make another entry of it.
    Differs(EntryIndex),
    /// The details kept beside the log are not those that the rules make.
    Details(EntryIndex),
    /// The commitment states other roots than the rules lead to.
    Commitment(EntryIndex),
    /// The batch could not be built.
    Build(BuildError<E>),
}

impl<E: fmt::Display> fmt::Display for ReplayError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(at) => write!(f, "entry {at} cannot stand here"),
            Self::Missing(at) => write!(f, "the object of entry {at} is missing: not covered"),
            Self::Object(at, code) => write!(f, "the object of entry {at} is refused: {code}"),
            Self::Time(at) => write!(f, "the time of entry {at} is out of order"),
            Self::Due(at) => write!(f, "entry {at} is not what was due there"),
            Self::Refused(at, refusal) => {
                write!(f, "the rules refuse what entry {at} decided otherwise: {refusal}")
            }
            Self::NotRefused(at) => write!(f, "the rules apply what entry {at} refused"),
            Self::NotRecorded(at, refusal) => {
                write!(f, "the rules write no entry for what entry {at} refused: {refusal}")
            }
            Self::Twice(at, before) => write!(f, "entry {at} decides again what entry {before} decided"),
            Self::Differs(at) => write!(f, "entry {at} is not what the rules make of its inputs"),
            Self::Details(at) => write!(f, "the details of entry {at} are not what the rules make"),
            Self::Commitment(at) => write!(f, "entry {at} commits to other roots than the rules lead to"),
            Self::Build(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for ReplayError<E> {}

/// Rebuilds the first batch from its entries.
///
/// # Errors
///
/// [`ReplayError`] names the first entry that is wrong.
pub fn replay_genesis(kept: &[Kept<'_>]) -> Result<Batch, ReplayError<Infallible>> {
    let batch = recompute_genesis(kept)?;
    compare(&batch, kept)?;
    Ok(batch)
}

/// What the rules make of the first entry, whatever stands behind it.
///
/// # Errors
///
/// [`ReplayError::Entry`] if it is no genesis.
pub fn recompute_genesis(kept: &[Kept<'_>]) -> Result<Batch, ReplayError<Infallible>> {
    let first = kept.first().ok_or(ReplayError::Entry(EntryIndex(0)))?;
    match Entry::decode(first.entry) {
        Ok(Entry::Genesis(genesis)) => Ok(begin(&genesis)),
        _ => Err(ReplayError::Entry(EntryIndex(0))),
    }
}

/// Rebuilds one batch, whose last entry is a commitment, and compares every entry, and with the commitment every root.
///
/// # Errors
///
/// [`ReplayError`] names the first entry that is wrong.
pub fn replay<V: StateView>(
    view: &V,
    trees: &Trees,
    ledger: &LedgerId,
    kept: &[Kept<'_>],
) -> Result<Batch, ReplayError<V::Error>> {
    let batch = recompute(view, trees, ledger, kept)?;
    compare(&batch, kept)?;
    Ok(batch)
}

/// What the rules make of the submissions of one batch, at the time that its entries state.
///
/// # Errors
///
/// [`ReplayError`] of what cannot be read, and of times that fall. Nothing is compared yet.
pub fn recompute<V: StateView>(
    view: &V,
    trees: &Trees,
    ledger: &LedgerId,
    kept: &[Kept<'_>],
) -> Result<Batch, ReplayError<V::Error>> {
    let first = EntryIndex(trees.log.size().0);
    let (time, inputs) = read(ledger, first, kept)?;
    let batch = build(view, trees, &inputs, time).map_err(ReplayError::Build)?;
    if batch.time == time { Ok(batch) } else { Err(ReplayError::Time(first)) }
}

/// The time of the batch and its inputs, their signatures checked.
fn read<E>(
    ledger: &LedgerId,
    first: EntryIndex,
    kept: &[Kept<'_>],
) -> Result<(Millis, Vec<Verified>), ReplayError<E>> {
    let mut time = None;
    let mut inputs = Vec::new();
    for (place, item) in kept.iter().enumerate() {
        let at = EntryIndex(first.0 + place as u64);
        let entry = Entry::decode(item.entry).map_err(|_| ReplayError::Entry(at))?;
        if *time.get_or_insert(entry.time()) != entry.time() {
            return Err(ReplayError::Time(at));
        }
        let last = place + 1 == kept.len();
        match &entry {
            Entry::Commitment(_) if last => {}
            Entry::Outcome(outcome) if !last && outcome.kind.is_written_by_the_ledger() => {}
            Entry::Outcome(_) if !last => {
                let object = item.object.ok_or(ReplayError::Missing(at))?;
                let refused = |code| ReplayError::Object(at, code);
                let submission = Submission::decode(object).map_err(refused)?;
                inputs.push(submission.verify(ledger).map_err(refused)?);
            }
            _ => return Err(ReplayError::Entry(at)),
        }
    }
    Ok((time.ok_or(ReplayError::Entry(first))?, inputs))
}

/// Compares the entries and details of a batch with what the rules made of it, and with the commitment every root.
///
/// # Errors
///
/// [`ReplayError`] names the first entry that is wrong.
pub fn compare<E>(batch: &Batch, kept: &[Kept<'_>]) -> Result<(), ReplayError<E>> {
    for (place, item) in kept.iter().enumerate() {
        let at = EntryIndex(batch.first.0 + place as u64);
        match batch.entries.get(place) {
            Some(made) if made.bytes == item.entry => {
                if item.details.is_some() && made.details.as_ref() != item.details {
                    return Err(ReplayError::Details(at));
                }
            }
            made => return Err(explain(batch, place, item, made)),
        }
    }
    if batch.entries.len() > kept.len() {
        return Err(ReplayError::Differs(EntryIndex(batch.first.0 + kept.len() as u64)));
    }
    Ok(())
}

/// Why the entry at `place`, the first that differs, is not the one that the rules made.
fn explain<E>(batch: &Batch, place: usize, kept: &Kept<'_>, made: Option<&LogEntry>) -> ReplayError<E> {
    let at = EntryIndex(batch.first.0 + place as u64);
    let Ok(entry) = Entry::decode(kept.entry) else { return ReplayError::Entry(at) };
    let made = made.map(|made| made.kind);
    let kept = match entry {
        Entry::Genesis(_) => Kind::Genesis,
        Entry::Commitment(_) => Kind::Commitment,
        Entry::Outcome(outcome) => outcome.kind,
    };
    if kept == Kind::Commitment && made == Some(Kind::Commitment) {
        return ReplayError::Commitment(at);
    }
    let by_the_ledger = |kind: Kind| kind.is_written_by_the_ledger() && kind != Kind::Commitment;
    if by_the_ledger(kept) || made.is_some_and(by_the_ledger) {
        return ReplayError::Due(at);
    }
    // What is due stands first and is as it should be, so the entries after it are those of the inputs, in order.
    let due = batch.entries.iter().take_while(|made| by_the_ledger(made.kind)).count();
    let refused = kept == Kind::Refusal;
    match place.checked_sub(due).and_then(|input| batch.answers.get(input)) {
        Some(Answer::Applied(_)) if refused => ReplayError::NotRefused(at),
        Some(Answer::Refused(refusal)) => match refusal.entry {
            Some(before) if before < at && refused => ReplayError::Twice(at, before),
            None if refused => ReplayError::NotRecorded(at, *refusal),
            _ => ReplayError::Refused(at, *refusal),
        },
        Some(Answer::Replayed(before)) => ReplayError::Twice(at, *before),
        _ => ReplayError::Differs(at),
    }
}
