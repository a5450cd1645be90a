//! A store that reads wrong: a writer signs nothing over it, and a snapshot shows nothing of it.

use crate::house::{House, START, Time, key, new_store};
use remit::client::{Client, Randomness};
use remit::engine::{Batch, Trees};
use remit::ledger::{Fatal, LedgerError, Mismatch, Service, State, SubmitError};
use remit::machine::{Key, LeafRecord, Record};
use remit::store::{Durable, Read, SharedMemory, Store, StoreError, StoredEntry};
use remit::tree::Nodes;
use remit::tree::tile::{Tile, TileKind};
use remit_verifier::log::Commitment;
use remit_verifier::types::{EntryIndex, Hash, ObjectId, StateIndex};
use std::sync::{Arc, Mutex};

/// What the store says wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    None,
    /// Nothing can be read.
    Broken,
    /// Entries from here on are not there.
    EntriesFrom(EntryIndex),
    /// The record of this leaf is not there.
    NoLeaf(StateIndex),
    /// Nothing was overwritten.
    NoPreImages,
    /// This entry rewrote nothing.
    NoEvent(EntryIndex),
    /// Every event comes after itself.
    EventsWithoutEnd,
}

#[derive(Clone)]
struct Liar {
    store: SharedMemory,
    read: Arc<dyn Read>,
    lie: Arc<Mutex<Lie>>,
}

impl Liar {
    fn lie(&self) -> Result<Lie, StoreError> {
        match *self.lie.lock().expect("no panic") {
            Lie::Broken => Err(StoreError::Device("read".into())),
            lie => Ok(lie),
        }
    }
}

impl Store for Liar {
    type View = SharedMemory;

    fn view(&self) -> &SharedMemory {
        self.store.view()
    }

    fn trees(&self) -> &Trees {
        self.store.trees()
    }

    fn commitment(&self) -> Option<Commitment> {
        self.store.commitment()
    }

    fn commit(&mut self, batch: Batch, objects: &[&[u8]]) -> Result<Durable, StoreError> {
        self.store.commit(batch, objects)
    }

    fn reader(&self) -> Arc<dyn Read> {
        Arc::new(self.clone())
    }
}

impl Read for Liar {
    fn record(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        match (self.lie()?, key) {
            (Lie::NoLeaf(leaf), Key::LeafAt(at)) if leaf == *at => Ok(None),
            _ => self.read.record(key),
        }
    }

    fn pre_image(&self, leaf: &Hash) -> Option<Arc<LeafRecord>> {
        self.read.pre_image(leaf).filter(|_| self.lie() != Ok(Lie::NoPreImages))
    }

    fn forget_pre_images(&self, before: u64) {
        self.read.forget_pre_images(before);
    }

    fn len(&self) -> u64 {
        self.read.len()
    }

    fn entry(&self, at: EntryIndex) -> Result<Option<StoredEntry>, StoreError> {
        match self.lie()? {
            Lie::EntriesFrom(from) if at >= from => Ok(None),
            _ => self.read.entry(at),
        }
    }

    fn entries(&self, from: EntryIndex, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut entries = self.read.entries(from, limit)?;
        if let Lie::EntriesFrom(end) = self.lie()? {
            entries.truncate(end.0.saturating_sub(from.0) as usize);
        }
        Ok(entries)
    }

    fn event_before(&self, leaf: StateIndex, before: EntryIndex) -> Result<Option<EntryIndex>, StoreError> {
        match (self.lie()?, self.read.event_before(leaf, before)?) {
            (Lie::NoEvent(not), Some(event)) if event == not => self.read.event_before(leaf, event),
            (Lie::EventsWithoutEnd, Some(_)) => Ok(Some(before)),
            (_, event) => Ok(event),
        }
    }

    fn log(&self) -> &dyn Nodes {
        self.read.log()
    }
}

fn house() -> (House, Arc<Mutex<Lie>>) {
    let (time, store, lie) = (Time::at(START), new_store(), Arc::new(Mutex::new(Lie::None)));
    let liar = Liar { store: store.clone(), read: store.reader(), lie: lie.clone() };
    let service = Service::start(liar, Box::new(key("log")), time.settings()).expect("starts");
    let client = Client::new(service.id(), Randomness::Seeded(0));
    let none = ObjectId::default();
    let house = House { time, store, service, client, issuer: none, payee: none, unit: none, token: none };
    (house.furnish(), lie)
}

fn tell(lie: &Arc<Mutex<Lie>>, told: Lie) {
    *lie.lock().expect("no panic") = told;
}

#[test]
fn nothing_is_signed_that_does_not_read_back() {
    type Case = fn(&House) -> (Lie, Mismatch);
    let cases: [Case; 3] = [
        |_| (Lie::Broken, Mismatch::Store(StoreError::Device("read".into()))),
        |house| {
            let end = EntryIndex(house.head().size.0 + 1);
            (Lie::EntriesFrom(end), Mismatch::Entry(end))
        },
        |house| {
            let leaf = house.service.snapshot().known(&house.token).expect("known");
            (Lie::NoLeaf(leaf), Mismatch::Leaf(leaf))
        },
    ];
    for case in cases {
        let (mut house, lie) = house();
        let head = house.head();
        let (told, mismatch) = case(&house);
        let ready = house.reserve(1);
        tell(&lie, told);
        let error = house.submit(&ready).expect_err("stopped");
        let fatal = Arc::new(Fatal::ReadBack(mismatch));
        assert_eq!(error, SubmitError::Stopped(Some(fatal.clone())));
        assert_eq!(house.service.sizes().state, State::Stopped(Some(fatal)));
        assert_eq!(house.head(), head, "nothing signed");
    }
}

#[test]
fn a_history_that_does_not_fold_or_does_not_end_is_none() {
    let (mut house, lie) = house();
    let ready = house.reserve(1);
    let entry = house.apply(&ready);
    let ready = house.reserve(2);
    house.apply(&ready);
    let snapshot = house.service.snapshot();
    let leaf = snapshot.known(&house.token).expect("known");
    assert_eq!(snapshot.history(leaf).expect("whole").entries.len(), 3);
    for told in [Lie::NoEvent(entry), Lie::EventsWithoutEnd] {
        tell(&lie, told);
        assert_eq!(snapshot.history(leaf).expect_err("refused"), LedgerError::DamagedLeaf(leaf), "{told:?}");
        assert!(matches!(snapshot.validity(&house.token), Err(LedgerError::DamagedLeaf(_))));
    }
}

#[test]
fn what_is_missing_is_damage_and_not_absence() {
    let (mut house, lie) = house();
    let old = house.service.snapshot();
    let leaf = old.known(&house.token).expect("known");
    let ready = house.reserve(1);
    let entry = house.apply(&ready);
    let snapshot = house.service.snapshot();
    tell(&lie, Lie::EntriesFrom(entry));
    assert_eq!(snapshot.entry(entry).expect_err("refused"), LedgerError::Damaged(entry));
    assert_eq!(snapshot.evidence(entry).expect_err("refused"), LedgerError::Damaged(entry));
    let width = snapshot.size().0 as u16;
    let bundle = Tile { kind: TileKind::Entries, index: 0, width };
    assert_eq!(snapshot.tile(bundle).expect_err("refused"), LedgerError::Damaged(EntryIndex(0)));
    tell(&lie, Lie::NoLeaf(leaf));
    assert_eq!(snapshot.leaf(leaf).expect_err("refused"), LedgerError::DamagedLeaf(leaf));
    assert!(old.leaf(leaf).is_ok(), "its record is a pre-image");
    tell(&lie, Lie::NoPreImages);
    assert!(snapshot.leaf(leaf).is_ok());
    assert_eq!(old.leaf(leaf).expect_err("refused"), LedgerError::DamagedLeaf(leaf));
    tell(&lie, Lie::Broken);
    assert!(matches!(snapshot.leaf(leaf), Err(LedgerError::Store(_))));
    assert!(matches!(snapshot.index_of(&house.token), Err(LedgerError::Store(_))));
}
