//! Builds one batch: what falls due, then the inputs, then the commitment (spec 11 §6).

use super::batch::{Answer, Batch, LogEntry};
use super::trees::Trees;
use crate::machine::{
    Applied, Delta, Head, Key, Outcome, Overlay, Record, Refusal, StateKey, StateView, admit, expire,
    genesis, key,
};
use remit_verifier::hash::leaf_hash;
use remit_verifier::limits::EXPIRIES_PER_BATCH_MAX;
use remit_verifier::log::{self, Commitment, Entry, Genesis};
use remit_verifier::merkle::TreeHead;
use remit_verifier::object::{Kind, Verified};
use remit_verifier::state::{Status, history};
use remit_verifier::types::{EntryIndex, Millis, ObjectId, StateIndex};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Why there is no batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildError<E> {
    /// The state could not be read.
    View(E),
    /// There is no head: the ledger has no genesis yet, or the state is damaged.
    NoHead,
    /// What falls due is refused by the rules: the state is damaged.
    Due(ObjectId, Refusal),
    /// An entry or leaf is missing that was just made: the state is damaged.
    Inconsistent(StateIndex),
}

impl<E: fmt::Display> fmt::Display for BuildError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::View(error) => write!(f, "the state could not be read: {error}"),
            Self::NoHead => f.write_str("the state has no head"),
            Self::Due(id, refusal) => write!(f, "what falls due with {id} is refused: {refusal}"),
            Self::Inconsistent(index) => write!(f, "leaf {index} is missing from its own batch"),
        }
    }
}

/// Builds the batch of `inputs` at `time`; an earlier time than that of the last entry counts as that.
///
/// # Errors
///
/// [`BuildError`]; refusals are answers, not errors.
pub fn build<V: StateView>(
    view: &V,
    trees: &Trees,
    inputs: &[Verified],
    time: Millis,
) -> Result<Batch, BuildError<V::Error>> {
    let head = view.read(&key::HeadAt(0).key()).map_err(BuildError::View)?;
    let head = head.as_ref().and_then(key::HeadAt::unwrap).ok_or(BuildError::NoHead)?;
    let mut draft = BatchDraft::new(view, trees.clone(), head.next_entry, time.max(head.time));
    draft.expire()?;
    let mut answers = Vec::with_capacity(inputs.len());
    for (place, input) in inputs.iter().enumerate() {
        let outcome = admit(&draft.overlay, input, draft.time, draft.next).map_err(BuildError::View)?;
        answers.push(match outcome {
            Outcome::Applied(applied) => Answer::Applied(draft.append(applied, Some(place))?),
            Outcome::Duplicate(entry) => Answer::Replayed(entry),
            Outcome::Refused(refusal, recorded) => {
                if let Some(entry) = recorded {
                    draft.append(entry, Some(place))?;
                }
                Answer::Refused(refusal)
            }
        });
    }
    draft.finish(head.clone(), answers)
}

/// Builds the first batch of a ledger: genesis and a commitment.
pub fn begin(first: &Genesis) -> Batch {
    let entry = Entry::Genesis(Box::new(first.clone())).encode();
    let (delta, touched) = genesis(first, Genesis::ledger_id(&entry));
    let mut draft = BatchDraft::new(&Nothing, Trees::default(), EntryIndex(0), first.time);
    let head = delta.get(&key::HeadAt(0).key()).flatten().and_then(key::HeadAt::unwrap).cloned();
    let entry = LogEntry {
        leaf_hash: leaf_hash(&entry),
        bytes: entry,
        kind: Kind::Genesis,
        id: None,
        input: None,
        details: None,
        touched: Vec::new(),
    };
    let batch =
        draft.push(entry, delta, &touched).and_then(|_| draft.finish(head.expect("made above"), Vec::new()));
    batch.expect("the genesis batch reads nothing and writes leaf 0")
}

/// The state before genesis.
struct Nothing;

impl StateView for Nothing {
    type Error = std::convert::Infallible;

    fn read(&self, _: &Key) -> Result<Option<Record>, Self::Error> {
        Ok(None)
    }

    fn due(
        &self,
        _: Millis,
        _: usize,
    ) -> Result<Vec<(remit_verifier::types::Seconds, ObjectId, crate::machine::Due)>, Self::Error> {
        Ok(Vec::new())
    }
}

/// A batch in the making.
struct BatchDraft<'v, V> {
    overlay: Overlay<'v, V>,
    trees: Trees,
    first: EntryIndex,
    next: EntryIndex,
    time: Millis,
    entries: Vec<LogEntry>,
    touched: BTreeSet<StateIndex>,
}

impl<'v, V: StateView> BatchDraft<'v, V> {
    fn new(view: &'v V, trees: Trees, first: EntryIndex, time: Millis) -> Self {
        let overlay = Overlay::new(view);
        let (entries, touched) = (Vec::new(), BTreeSet::new());
        Self { overlay, trees, first, next: first, time, entries, touched }
    }

    /// Opens the batch with exactly min(E, due) entries for what has fallen due, by deadline and id.
    fn expire(&mut self) -> Result<(), BuildError<V::Error>> {
        let due = self.overlay.due(self.time, EXPIRIES_PER_BATCH_MAX).map_err(BuildError::View)?;
        for (_, id, due) in due {
            let outcome = expire(&self.overlay, id, due, self.time, self.next).map_err(BuildError::View)?;
            match outcome {
                Outcome::Applied(applied) => self.append(applied, None)?,
                Outcome::Refused(refusal, _) => return Err(BuildError::Due(id, refusal)),
                Outcome::Duplicate(entry) => entry,
            };
        }
        Ok(())
    }

    fn append(&mut self, applied: Applied, input: Option<usize>) -> Result<EntryIndex, BuildError<V::Error>> {
        let Applied { kind, id, refused, details, delta, touched } = applied;
        let outcome = log::Outcome { time: self.time, kind, id, refused, details: details.digest() };
        let bytes = Entry::Outcome(outcome).encode();
        let leaf_hash = leaf_hash(&bytes);
        let (id, details) = (Some(id), Some(details));
        let entry = LogEntry { bytes, leaf_hash, kind, id, input, details, touched: Vec::new() };
        self.push(entry, delta, &touched)
    }

    /// Appends an entry, and continues the history of every leaf that it rewrites.
    fn push(
        &mut self,
        mut entry: LogEntry,
        mut delta: Delta,
        touched: &BTreeSet<StateIndex>,
    ) -> Result<EntryIndex, BuildError<V::Error>> {
        let index = self.next;
        for leaf in touched {
            let Some(Record::LeafAt(record)) = delta.get_mut(&key::LeafAt(*leaf).key()) else {
                return Err(BuildError::Inconsistent(*leaf));
            };
            let rewritten = &mut Arc::make_mut(record).leaf;
            rewritten.history = history(&rewritten.history, index, &entry.leaf_hash);
        }
        self.overlay.delta.extend(delta);
        self.touched.extend(touched);
        self.trees.log.push(entry.leaf_hash);
        entry.touched = touched.iter().copied().collect();
        self.entries.push(entry);
        self.next = index.next().expect("a log has fewer than 2^64 entries");
        Ok(index)
    }

    /// Commits to the state, and closes the batch.
    fn finish(mut self, head: Head, answers: Vec<Answer>) -> Result<Batch, BuildError<V::Error>> {
        let mut leaves = Vec::with_capacity(self.touched.len());
        let mut status = Vec::with_capacity(self.touched.len());
        for index in &self.touched {
            let record = self.overlay.delta.get(&key::LeafAt(*index).key()).flatten();
            let record = record.and_then(key::LeafAt::unwrap).ok_or(BuildError::Inconsistent(*index))?;
            leaves.push((*index, leaf_hash(&record.leaf.encode())));
            status.push((*index, Status::of(&record.leaf)));
        }
        self.trees.state.apply(&leaves).map_err(|_| BuildError::Inconsistent(StateIndex(0)))?;
        self.trees.status.set(status);
        let commitment = Commitment {
            time: self.time,
            state_size: self.trees.state.size(),
            state_root: self.trees.state.root(),
            status_root: self.trees.status.root(),
        };
        let bytes = Entry::Commitment(commitment).encode();
        let leaf_hash = leaf_hash(&bytes);
        let (kind, id, input, details) = (Kind::Commitment, None, None, None);
        let entry = LogEntry { bytes, leaf_hash, kind, id, input, details, touched: Vec::new() };
        self.push(entry, Delta::default(), &BTreeSet::new())?;
        self.move_head(head);
        let head = TreeHead { size: self.trees.log.size(), root: self.trees.log.root() };
        let (delta, trees) = (self.overlay.delta, self.trees);
        let (first, time, entries) = (self.first, self.time, self.entries);
        Ok(Batch { first, time, entries, answers, delta, leaves, commitment, head, trees })
    }

    /// The head after the batch; a batch of a commitment alone moves it too.
    fn move_head(&mut self, before: Head) {
        let place = key::HeadAt(0).key();
        let latest = self.overlay.delta.get(&place).flatten().and_then(key::HeadAt::unwrap).cloned();
        let mut head = latest.unwrap_or(before);
        head.next_entry = self.next;
        head.time = self.time;
        self.overlay.delta.set(place, Some(key::HeadAt::wrap(head)));
    }
}
