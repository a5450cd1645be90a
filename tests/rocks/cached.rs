//! What is kept decoded in memory is never older than the last commit, whoever else fills it; and what is about to be
//! signed is read where it is stored.

use crate::pair::{Pair, small};
use crate::story::{batches, story};
use remit::machine::{Key, Record};
use remit::store::rocks::{RocksOptions, RocksStore};
use remit::store::{Read, Store};
use remit_verifier::types::{EntryIndex, ObjectId, StateIndex};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Reads all leaves and tokens through memory, until told to stop; answers with how many it read.
fn reading(read: Arc<dyn Read>, ids: Vec<ObjectId>, leaves: u64, stop: Arc<AtomicBool>) -> usize {
    let mut found = 0;
    while !stop.load(Ordering::Relaxed) {
        read.warm(&ids);
        for index in (0..leaves).map(StateIndex) {
            let keys = [Key::LeafAt(index), Key::TokenOf(index)];
            found += keys.iter().filter(|key| read.cached(key).expect("reads").is_some()).count();
        }
    }
    found
}

#[test]
fn what_readers_bring_into_memory_is_never_older_than_the_last_commit() {
    let world = story();
    let log = batches(world.ledger.store());
    let last: Vec<(Key, Record)> =
        world.ledger.store().state().iter().map(|(key, record)| (key.clone(), record.clone())).collect();
    let ids = last.iter().filter_map(|(key, _)| if let Key::IndexOf(id) = key { Some(*id) } else { None });
    let ids: Vec<ObjectId> = ids.collect();
    let leaves = world.ledger.store().trees().state.size().0;
    for round in 0..4 {
        let dir = tempfile::tempdir().expect("folder");
        let mut pair = Pair::create(dir.path(), &log[0]);
        if round % 2 == 1 {
            // Room for everything: what is once in memory stays there.
            drop(pair.rocks);
            let roomy = RocksOptions { leaves_cached: 4_096, tokens_cached: 4_096, ..small() };
            pair.rocks = RocksStore::open(dir.path(), &roomy, &mut |_| {}).expect("opens");
        }
        let stop = Arc::new(AtomicBool::new(false));
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let (read, ids, stop) = (pair.rocks.reader(), ids.clone(), stop.clone());
                thread::spawn(move || reading(read, ids, leaves, stop))
            })
            .collect();
        log[1..].iter().for_each(|batch| pair.replay(batch));
        stop.store(true, Ordering::Relaxed);
        let read: usize = readers.into_iter().map(|reader| reader.join().expect("reads")).sum();
        assert!(read > 0, "the readers read meanwhile");
        let reader = pair.rocks.reader();
        for (key, record) in &last {
            assert_eq!(reader.cached(key).expect("reads").as_ref(), Some(record), "{key:?}");
            assert_eq!(reader.record(key).expect("reads").as_ref(), Some(record), "{key:?}");
        }
        pair.compare();
    }
}

#[test]
fn leaf_hashes_are_those_of_the_tree_and_none_of_what_is_not_stored() {
    let world = story();
    let dir = tempfile::tempdir().expect("folder");
    let log = batches(world.ledger.store());
    let mut pair = Pair::create(dir.path(), &log[0]);
    for batch in &log[1..] {
        pair.replay(batch);
        let size = pair.rocks.trees().state.size().0;
        let indexes: Vec<StateIndex> = (0..size + 2).map(StateIndex).collect();
        let hashes = pair.rocks.reader().leaf_hashes(&indexes).expect("reads");
        let tree: Vec<_> = indexes.iter().map(|index| pair.rocks.trees().state.get(*index)).collect();
        assert_eq!(hashes, tree);
        assert!(hashes[..size as usize].iter().all(Option::is_some));
        assert_eq!(hashes[size as usize..], [None, None]);
    }
}

#[test]
fn the_object_of_an_entry_is_what_stands_beside_it() {
    let world = story();
    let dir = tempfile::tempdir().expect("folder");
    let log = batches(world.ledger.store());
    let mut pair = Pair::create(dir.path(), &log[0]);
    log[1..].iter().for_each(|batch| pair.replay(batch));
    let reader = pair.rocks.reader();
    let size = reader.len();
    let entries = (0..size).map(EntryIndex);
    let of = |at: EntryIndex| reader.entry(at).expect("reads").and_then(|kept| kept.object);
    let objects: Vec<_> = entries.clone().map(of).collect();
    assert!(objects.iter().flatten().count() > 25);
    assert_eq!(entries.map(|at| reader.object(at).expect("reads")).collect::<Vec<_>>(), objects);
    assert_eq!(reader.object(EntryIndex(size)), Ok(None));
}
