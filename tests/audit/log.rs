//! A log that can be changed: owned copies of what a ledger keeps.

use remit::audit::Recorded;
use remit::engine::Kept;
use remit::ledger::Ledger;
use remit_verifier::log::{Commitment, Details, Entry, Outcome};
use remit_verifier::object::Kind;

#[derive(Clone)]
pub struct Row {
    pub entry: Vec<u8>,
    pub object: Option<Vec<u8>>,
    pub details: Option<Details>,
}

#[derive(Clone)]
pub struct Log(pub Vec<Row>);

impl Log {
    pub fn of(ledger: &Ledger) -> Self {
        let row = |kept: Kept<'_>| Row {
            entry: kept.entry.to_vec(),
            object: kept.object.map(<[u8]>::to_vec),
            details: kept.details.cloned(),
        };
        Self(ledger.store().iter().map(row).collect())
    }

    pub fn kept(&self) -> impl Iterator<Item = Kept<'_>> {
        let rows = self.0.iter();
        rows.map(|row| Kept {
            entry: &row.entry,
            object: row.object.as_deref(),
            details: row.details.as_ref(),
        })
    }

    pub fn recorded(&self) -> impl Iterator<Item = Recorded<'_>> {
        self.0.iter().map(|row| Recorded { entry: &row.entry, object: row.object.as_deref() })
    }

    pub fn decoded(&self, at: usize) -> Entry {
        Entry::decode(&self.0[at].entry).expect("an entry")
    }

    pub fn kind(&self, at: usize) -> Kind {
        match self.decoded(at) {
            Entry::Genesis(_) => Kind::Genesis,
            Entry::Commitment(_) => Kind::Commitment,
            Entry::Outcome(outcome) => outcome.kind,
        }
    }

    /// The place of the first entry of a kind.
    pub fn first(&self, kind: Kind) -> usize {
        (0..self.0.len()).find(|at| self.kind(*at) == kind).unwrap_or_else(|| panic!("no {kind:?}"))
    }

    pub fn change_outcome(&mut self, at: usize, change: impl FnOnce(&mut Outcome)) {
        let Entry::Outcome(mut outcome) = self.decoded(at) else { panic!("no outcome at {at}") };
        change(&mut outcome);
        self.0[at].entry = Entry::Outcome(outcome).encode();
    }

    pub fn change_commitment(&mut self, at: usize, change: impl FnOnce(&mut Commitment)) {
        let Entry::Commitment(mut commitment) = self.decoded(at) else { panic!("no commitment at {at}") };
        change(&mut commitment);
        self.0[at].entry = Entry::Commitment(commitment).encode();
    }
}
