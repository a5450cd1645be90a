//! A ledger that lies as well as one can: it runs the real rules on records that it has doctored, edits what comes out,
//! and goes on from there, so that entries, details, roots and signature all fit each other.

use crate::log::{Log, Row};
use crate::world::World;
use remit::client::Ready;
use remit::engine::{Batch, LogEntry, Trees, build};
use remit::machine::{Delta, Key, MemoryState, StateKey, key};
use remit::tree::Frontier;
use remit_verifier::hash::leaf_hash;
use remit_verifier::log::{Commitment, Entry};
use remit_verifier::object::Submission;
use remit_verifier::types::{EntryIndex, LedgerId, Millis, ObjectId, StateIndex};

#[derive(Clone)]
pub struct Liar {
    pub log: Log,
    pub state: MemoryState,
    trees: Trees,
    ledger: LedgerId,
}

impl Liar {
    /// Goes on from an honest ledger.
    pub fn after(world: &World) -> Self {
        let (store, ledger) = (world.ledger.store(), world.ledger.id());
        Self {
            log: Log::of(&world.ledger),
            state: store.state().clone(),
            trees: store.trees().clone(),
            ledger,
        }
    }

    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.log.0.len() as u64
    }

    /// The record of a typed key.
    pub fn record<K: StateKey>(&self, key: &K) -> Option<K::Record> {
        self.state.get(key).cloned()
    }

    /// The leaf of a token, party or unit.
    pub fn leaf_of(&self, id: ObjectId) -> StateIndex {
        self.record(&key::IndexOf(id)).expect("it has a leaf")
    }

    /// A batch by the rules.
    pub fn write(&mut self, inputs: &[&Ready], now: Millis) -> EntryIndex {
        self.lie(inputs, now, |_| {}, |_| {})
    }

    /// A batch by the rules on records that are not those of the state, edited before it is signed.
    pub fn lie(
        &mut self,
        inputs: &[&Ready],
        now: Millis,
        doctor: impl FnOnce(&mut Delta),
        edit: impl FnOnce(&mut Vec<Row>),
    ) -> EntryIndex {
        let mut doctored = self.state.clone();
        let mut delta = Delta::default();
        doctor(&mut delta);
        doctored.apply(&delta);
        let verified: Vec<_> = inputs
            .iter()
            .map(|ready| {
                Submission::decode(&ready.bytes).expect("decodes").verify(&self.ledger).expect("signed")
            })
            .collect();
        let batch = build(&doctored, &self.trees, &verified, now).expect("built");
        let mut rows = rows_of(&batch, inputs);
        edit(&mut rows);
        let first = EntryIndex(self.size());
        self.state.apply(&batch.delta);
        self.log.0.extend(rows);
        self.go_on_from(batch.trees);
        first
    }

    /// The trees and the head as they are after the entries that are there.
    fn go_on_from(&mut self, trees: Trees) {
        let mut log = Frontier::new();
        self.log.0.iter().for_each(|row| log.push(leaf_hash(&row.entry)));
        self.trees = Trees { log, ..trees };
        let mut head = self.record(&key::HeadAt(0)).expect("a head");
        head.next_entry = EntryIndex(self.size());
        let mut delta = Delta::default();
        delta.set(key::HeadAt(0).key(), Some(key::HeadAt::wrap(head)));
        self.state.apply(&delta);
    }
}

/// Sets a record in a delta.
pub fn set<K: StateKey>(delta: &mut Delta, key: &K, record: K::Record) {
    delta.set(key.key(), Some(K::wrap(record)));
}

/// Takes a record away.
pub fn forget(delta: &mut Delta, key: Key) {
    delta.set(key, None);
}

/// Changes what a commitment states.
pub fn recommit(row: &mut Row, change: impl FnOnce(&mut Commitment)) {
    let Ok(Entry::Commitment(mut commitment)) = Entry::decode(&row.entry) else { panic!("no commitment") };
    change(&mut commitment);
    row.entry = Entry::Commitment(commitment).encode();
}

fn rows_of(batch: &Batch, inputs: &[&Ready]) -> Vec<Row> {
    let row = |entry: &LogEntry| Row {
        entry: entry.bytes.clone(),
        object: entry.input.map(|input| inputs[input].bytes.clone()),
        details: entry.details.clone(),
    };
    batch.entries.iter().map(row).collect()
}
