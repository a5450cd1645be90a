//! The reference and the durable store side by side: the same batches, and everything that they say compared.

use remit::engine::{Batch, Kept, begin, build, replay, replay_genesis};
use remit::machine::StateView;
use remit::store::rocks::{OpenError, RocksOptions, RocksStore};
use remit::store::{MemoryStore, Store};
use remit::tree::{Nodes, prove};
use remit_verifier::log::Genesis;
use remit_verifier::object::Submission;
use remit_verifier::types::{EntryIndex, Hash, LedgerId, Millis, StateIndex, TreeSize};
use std::path::Path;

/// Small, so that caches and memtables are too small for what is in them.
pub fn small() -> RocksOptions {
    RocksOptions {
        cache_bytes: 1 << 20,
        memtable_bytes: 8 << 20,
        leaves_cached: 3,
        tokens_cached: 2,
        statistics: true,
        ..RocksOptions::default()
    }
}

pub fn open(dir: &Path) -> Result<RocksStore, OpenError> {
    RocksStore::open(dir, &small(), &mut |_| {})
}

pub struct Pair {
    pub memory: MemoryStore,
    pub rocks: RocksStore,
    pub ledger: LedgerId,
}

impl Pair {
    pub fn create(dir: &Path, first: &[Kept<'_>]) -> Self {
        let batch = replay_genesis(first).expect("replays");
        let mut memory = MemoryStore::default();
        memory.commit(batch.clone(), &[]);
        let rocks = RocksStore::create(dir, batch, &small()).expect("created");
        Self { memory, rocks, ledger: Genesis::ledger_id(first[0].entry) }
    }

    pub fn begin(dir: &Path, genesis: &Genesis) -> Self {
        let batch = begin(genesis);
        let entry = batch.entries[0].bytes.clone();
        let commitment = batch.entries[1].bytes.clone();
        let kept = |entry| Kept { entry, object: None, details: None };
        Self::create(dir, &[kept(&entry), kept(&commitment)])
    }

    /// The next batch of a log, on both.
    pub fn replay(&mut self, kept: &[Kept<'_>]) {
        let ours = replay(self.rocks.view(), self.rocks.trees(), &self.ledger, kept).expect("replays");
        let theirs = replay(self.memory.state(), self.memory.trees(), &self.ledger, kept).expect("replays");
        let objects: Vec<&[u8]> = kept.iter().filter_map(|kept| kept.object).collect();
        self.commit(ours, theirs, &objects);
    }

    /// A batch of submissions, on both; answers with the number that was applied.
    pub fn submit(&mut self, submissions: &[&[u8]], now: Millis) -> usize {
        let inputs: Vec<_> = submissions
            .iter()
            .map(|bytes| Submission::decode(bytes).expect("decodes").verify(&self.ledger).expect("verifies"))
            .collect();
        let ours = build(self.rocks.view(), self.rocks.trees(), &inputs, now).expect("builds");
        let theirs = build(self.memory.state(), self.memory.trees(), &inputs, now).expect("builds");
        let applied = ours.entries.iter().filter(|entry| entry.input.is_some()).count();
        self.commit(ours, theirs, submissions);
        applied
    }

    fn commit(&mut self, ours: Batch, theirs: Batch, objects: &[&[u8]]) {
        assert_eq!(ours.entries, theirs.entries);
        assert_eq!(ours.answers, theirs.answers);
        assert_eq!(ours.delta, theirs.delta);
        assert_eq!(ours.head, theirs.head);
        let head = ours.head;
        let durable = self.rocks.commit(ours, objects).expect("committed");
        assert_eq!(durable.head(), head);
        self.memory.commit(theirs, objects);
    }

    /// Closes and opens the folder again.
    pub fn reopen(self, dir: &Path) -> Self {
        let Self { memory, rocks, ledger } = self;
        drop(rocks);
        Self { memory, rocks: open(dir).expect("opens"), ledger }
    }

    /// Compares everything there is.
    pub fn compare(&self) {
        same(&self.memory, &self.rocks);
    }
}

/// Records, trees, entries, events and log nodes are the same.
pub fn same(memory: &MemoryStore, rocks: &RocksStore) {
    assert_eq!(rocks.commitment(), memory.commitment());
    assert_eq!(rocks.trees().log, memory.trees().log);
    assert_eq!(rocks.trees().state.root(), memory.trees().state.root());
    assert_eq!(rocks.trees().status.root(), memory.trees().status.root());
    let reader = rocks.reader();
    for (key, record) in memory.state().iter() {
        assert_eq!(rocks.view().read(&key).expect("reads").as_ref(), Some(record), "{key:?}");
        assert_eq!(reader.record(&key).expect("reads").as_ref(), Some(record), "{key:?}");
    }
    let size = memory.len();
    assert_eq!(reader.len(), size);
    for at in (0..size).map(EntryIndex) {
        let (kept, read) = (memory.entry(at).expect("kept"), reader.entry(at).expect("reads").expect("kept"));
        assert_eq!(read.entry, kept.entry);
        assert_eq!(read.object.as_deref(), kept.object, "{at}");
        assert_eq!(read.details.as_ref(), kept.details, "{at}");
    }
    assert_eq!(reader.entry(EntryIndex(size)), Ok(None));
    let all: Vec<Vec<u8>> = memory.iter().map(|kept| kept.entry.to_vec()).collect();
    for (from, limit) in [(0, usize::MAX), (0, 1), (size / 2, 3), (size - 1, 9), (size, 1), (size + 5, 5)] {
        let start = usize::try_from(from.min(size)).expect("small");
        let end = start.saturating_add(limit).min(all.len());
        assert_eq!(
            reader.entries(EntryIndex(from), limit).expect("reads"),
            all[start..end],
            "{from} {limit}"
        );
    }
    events(memory, rocks);
    nodes(memory, rocks);
    due(memory, rocks);
}

fn events(memory: &MemoryStore, rocks: &RocksStore) {
    let reader = rocks.reader();
    let size = memory.len();
    for leaf in (0..memory.trees().state.size().0).map(StateIndex) {
        for before in (0..=size + 1).step_by(7).chain([size, size - 1]).map(EntryIndex) {
            let event = reader.event_before(leaf, before).expect("reads");
            assert_eq!(event, memory.event_before(leaf, before), "{leaf} {before}");
        }
        let mut walked = Vec::new();
        let mut at = reader.event_before(leaf, EntryIndex(size)).expect("reads");
        while let Some(event) = at {
            walked.push(event);
            at = reader.event_before(leaf, event).expect("reads");
        }
        assert!(walked.is_sorted_by(|a, b| a > b) && !walked.is_empty());
    }
}

fn nodes(memory: &MemoryStore, rocks: &RocksStore) {
    let reader = rocks.reader();
    let size = memory.len();
    let log = reader.log();
    assert_eq!(log.size(), TreeSize(size));
    for level in 0..64u32 {
        let complete = size.checked_shr(level).unwrap_or(0);
        for index in (0..complete).step_by(5).chain(complete.checked_sub(1)) {
            assert_eq!(log.node(level, index), memory.log().node(level, index), "{level} {index}");
        }
        assert_eq!(log.node(level, complete), None, "{level}: no node that the edge cuts");
    }
    for at in [1, 2, size / 2, size - 1, size] {
        let root: Hash = prove::root_at(log, TreeSize(at)).expect("root");
        assert_eq!(Ok(root), prove::root_at(memory.log(), TreeSize(at)));
    }
}

fn due(memory: &MemoryStore, rocks: &RocksStore) {
    let head = memory.state().get(&remit::machine::key::HeadAt(0)).expect("head");
    for ahead in [0, 3_600_000, 40 * 24 * 3_600_000, u64::MAX - head.time.0] {
        for limit in [0, 1, 2, 1000] {
            let now = Millis(head.time.0 + ahead);
            let theirs = memory.state().due(now, limit).unwrap_or_default();
            assert_eq!(rocks.view().due(now, limit).expect("reads"), theirs, "{ahead} {limit}");
        }
    }
}
