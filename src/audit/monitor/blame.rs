//! What a batch that is not what the rules make is caught in: the code, the entry, what stands there and what should.

use super::event::{EventCode, Fact};
use crate::audit::Fault;
use crate::engine::{Batch, ReplayError, StoredEntry};
use remit_verifier::code::Code;
use remit_verifier::log::{Commitment, Entry};
use remit_verifier::types::{EntryIndex, Millis};

/// A code with its entry and the two sides.
pub(super) struct Blame {
    pub(super) code: EventCode,
    pub(super) entry: EntryIndex,
    pub(super) stated: Option<Fact>,
    pub(super) computed: Option<Fact>,
    /// The batch that the rules made, if only roots in its commitment are false: then what comes after it can be
    /// computed all the same.
    pub(super) goes_on: Option<Box<Batch>>,
}

impl Blame {
    fn new(code: EventCode, entry: EntryIndex) -> Self {
        Self { code, entry, stated: None, computed: None, goes_on: None }
    }

    fn stated(self, fact: impl Into<Option<Fact>>) -> Self {
        Self { stated: fact.into(), ..self }
    }

    fn computed(self, fact: impl Into<Option<Fact>>) -> Self {
        Self { computed: fact.into(), ..self }
    }
}

/// The entries of a batch as they stand, and the time of the last entry before it.
pub(super) struct Shown<'b> {
    pub(super) first: EntryIndex,
    pub(super) items: &'b [StoredEntry],
    pub(super) before: Millis,
}

impl Shown<'_> {
    fn bytes(&self, at: EntryIndex) -> Option<&[u8]> {
        let place = usize::try_from(at.0.checked_sub(self.first.0)?).ok()?;
        self.items.get(place).map(|item| item.entry.as_slice())
    }

    fn time(&self, at: EntryIndex) -> Option<Millis> {
        Entry::decode(self.bytes(at)?).ok().map(|entry| entry.time())
    }

    fn entry(&self, at: EntryIndex) -> Fact {
        self.bytes(at).map_or(Fact::Nothing, |bytes| Fact::Entry(bytes.to_vec()))
    }
}

/// What a fault is. There may be several: each false root of a commitment is one.
pub(super) fn blame(fault: Fault, shown: &Shown<'_>) -> Vec<Blame> {
    match fault {
        Fault::OtherLog => vec![Blame::new(EventCode::OtherLedger, EntryIndex(0))],
        Fault::NoGenesis => {
            vec![Blame::new(EventCode::NoGenesis, EntryIndex(0)).stated(shown.entry(EntryIndex(0)))]
        }
        Fault::OtherObject(at) => vec![Blame::new(EventCode::OtherObject, at).stated(shown.entry(at))],
        Fault::Long(at) => vec![Blame::new(EventCode::BatchTooLong, at)],
        Fault::Rules(error, made) => of_rules(error, made, shown),
    }
}

type Replayed = ReplayError<std::convert::Infallible>;

fn of_rules(error: Replayed, made: Option<Box<Batch>>, shown: &Shown<'_>) -> Vec<Blame> {
    let right = |at: EntryIndex| {
        let place = at.0.checked_sub(shown.first.0).and_then(|place| usize::try_from(place).ok());
        let entry = place.and_then(|place| made.as_ref()?.entries.get(place));
        entry.map_or(Fact::Nothing, |entry| Fact::Entry(entry.bytes.clone()))
    };
    let of = |code, at| Blame::new(code, at).stated(shown.entry(at));
    let one = match error {
        ReplayError::Commitment(at) => return of_roots(at, made, shown),
        ReplayError::Time(at) => of_time(at, shown),
        ReplayError::Due(at) => of_due(at, made.as_deref(), shown).computed(right(at)),
        ReplayError::Entry(at) => of(EventCode::BadEntry, at),
        ReplayError::Missing(at) => of(EventCode::Withheld, at),
        ReplayError::Object(at, code) => {
            let word = match code {
                Code::BadSignature => EventCode::BadSignature,
                _ => EventCode::OtherObject,
            };
            of(word, at).computed(Fact::Words(code.text().into()))
        }
        ReplayError::Refused(at, refusal) => {
            of(EventCode::RefusedByRules, at).computed(Fact::Refused(refusal))
        }
        ReplayError::NotRefused(at) => of(EventCode::NotRefused, at).computed(Fact::Applied),
        ReplayError::NotRecorded(at, refusal) => {
            of(EventCode::NotRecorded, at).computed(Fact::Refused(refusal))
        }
        ReplayError::Twice(at, before) => of(EventCode::Twice, at).computed(Fact::At(before)),
        ReplayError::Differs(at) => of(EventCode::EntryDiffers, at).computed(right(at)),
        ReplayError::Details(at) => of(EventCode::OtherDetails, at),
        ReplayError::Build(error) => {
            Blame::new(EventCode::CannotReplay, shown.first).computed(Fact::Words(error.to_string()))
        }
    };
    vec![one]
}

/// The time of an entry falls, or a batch begins before the one before it was closed.
fn of_time(at: EntryIndex, shown: &Shown<'_>) -> Blame {
    let before = at.0.checked_sub(1).and_then(|before| shown.time(EntryIndex(before)));
    let (before, stated) = (before.unwrap_or(shown.before), shown.time(at).unwrap_or_default());
    let code = if stated < before { EventCode::TimeBack } else { EventCode::CommitmentMissing };
    Blame::new(code, at).stated(Fact::Time(stated)).computed(Fact::Time(before))
}

/// What the ledger writes by itself stands where it should not, or does not stand where it should.
fn of_due(at: EntryIndex, made: Option<&Batch>, shown: &Shown<'_>) -> Blame {
    let place = at.0.saturating_sub(shown.first.0) as usize;
    let right = made.and_then(|made| made.entries.get(place));
    let due = right.is_some_and(|entry| entry.input.is_none() && entry.id.is_some());
    let code = if due { EventCode::WasDue } else { EventCode::NotDue };
    Blame::new(code, at).stated(shown.entry(at))
}

/// Which roots of a commitment are false; the state that it should state is known, and so is what comes after.
fn of_roots(at: EntryIndex, made: Option<Box<Batch>>, shown: &Shown<'_>) -> Vec<Blame> {
    let stated = shown.bytes(at).map(Entry::decode);
    let (Some(Ok(Entry::Commitment(stated))), Some(made)) = (stated, made) else {
        return vec![Blame::new(EventCode::BadEntry, at).stated(shown.entry(at))];
    };
    let right: Commitment = made.commitment;
    let mut false_ones = Vec::new();
    let mut compare = |code, stated: Fact, right: Fact| {
        if stated != right {
            false_ones.push(Blame::new(code, at).stated(stated).computed(right));
        }
    };
    compare(EventCode::StateSize, Fact::Size(stated.state_size), Fact::Size(right.state_size));
    compare(EventCode::StateRoot, Fact::Root(stated.state_root), Fact::Root(right.state_root));
    compare(EventCode::StatusRoot, Fact::Root(stated.status_root), Fact::Root(right.status_root));
    match false_ones.last_mut() {
        Some(last) => last.goes_on = Some(made),
        None => false_ones.push(Blame::new(EventCode::BadEntry, at)),
    }
    false_ones
}
