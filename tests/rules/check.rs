//! That a refusal changes nothing.

use crate::world::World;
use remit::audit::{Recorded, conserve};
use remit::engine::{Kept, replay, replay_genesis};
use remit::machine::{Key, Record};
use remit::store::MemoryStore;
use remit_verifier::code::Code;
use remit_verifier::log::{Commitment, Entry};
use remit_verifier::object::Kind;
use remit_verifier::types::{EntryIndex, Millis};
use std::fmt::Debug;

/// All that a refusal must leave as it was: every record but the head's place in log and time and those that count
/// refusals, and all roots.
#[derive(Debug, PartialEq)]
pub struct Snapshot {
    records: Vec<(Key, Record)>,
    commitment: Commitment,
}

impl World {
    pub fn snapshot(&self) -> Snapshot {
        let store = self.ledger.store();
        let counts = |key: &Key| matches!(key, Key::RefusedOf(_) | Key::RefusalsOf(_) | Key::EntriesOf(_));
        let others = store.state().iter().filter(|(key, _)| !counts(key));
        let records = others.map(|(key, record)| {
            let mut record = record.clone();
            if let Record::HeadAt(head) = &mut record {
                (head.next_entry, head.time) = Default::default();
            }
            (key.clone(), record)
        });
        let commitment = store.commitment().expect("after genesis");
        Snapshot { records: records.collect(), commitment: Commitment { time: Millis(0), ..commitment } }
    }

    /// Requires that `attempt`, which submits once, is refused with `code` and changes nothing of value: one commitment
    /// is appended, to the same state, and before it the refusal at most.
    #[track_caller]
    pub fn refuses<T: Debug>(&mut self, code: Code, attempt: impl FnOnce(&mut World) -> Result<T, Code>) {
        self.tick();
        let (before, size) = (self.snapshot(), self.ledger.store().len());
        let result = attempt(self);
        assert_eq!(result.expect_err("refused"), code);
        let refusal = self.ledger.store().len() - size - 1;
        assert!(refusal <= 1, "one entry, or two: the refusal and the commitment");
        if refusal == 1 {
            let entry = self.ledger.store().entry(EntryIndex(size)).expect("an entry");
            let Ok(Entry::Outcome(outcome)) = Entry::decode(entry.entry) else { panic!("no refusal") };
            assert_eq!((outcome.kind, outcome.refused), (Kind::Refusal, Some(code)));
        }
        let after = self.snapshot();
        assert!(before == after, "a refusal with {code} changed the state");
    }

    /// Rebuilds the ledger from entries and objects alone, and requires every entry, detail, record and root again;
    /// and that value is conserved by a count that knows no rules.
    #[track_caller]
    pub fn replays(&self) {
        let (kept_store, mut store) = (self.ledger.store(), MemoryStore::default());
        let mut batch: Vec<Kept<'_>> = Vec::new();
        for kept in kept_store.iter() {
            batch.push(kept);
            if !matches!(Entry::decode(kept.entry), Ok(Entry::Commitment(_))) {
                continue;
            }
            let built = match store.is_empty() {
                true => replay_genesis(&batch).expect("replays"),
                false => replay(store.state(), store.trees(), &self.ledger.id(), &batch).expect("replays"),
            };
            let objects: Vec<&[u8]> = batch.iter().filter_map(|kept| kept.object).collect();
            store.commit(built, &objects);
            batch.clear();
        }
        assert!(batch.is_empty(), "the log ends in a commitment");
        assert!(store.state() == kept_store.state(), "another state");
        assert_eq!(store.commitment(), kept_store.commitment());
        let recorded = kept_store.iter().map(|kept| Recorded { entry: kept.entry, object: kept.object });
        let recount = conserve(recorded).expect("recounts");
        assert!(recount.ok, "{:?}", recount.violations);
    }
}
