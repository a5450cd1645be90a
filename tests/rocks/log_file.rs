//! The write-ahead log: how much is written to it, that it is synced, and what is made of a damaged one.

use crate::pair::{Pair, open, same};
use crate::story::{batches, story};
use crate::world::World;
use remit::client::{TokenSpec, budget};
use remit::store::MemoryStore;
use remit::store::rocks::{Damage, OpenError};
use remit_verifier::log::{Entry, Genesis};
use remit_verifier::sign::submission;
use remit_verifier::types::Amount;
use std::path::{Path, PathBuf};

/// The genesis of a log.
pub fn genesis(log: &MemoryStore) -> Genesis {
    match Entry::decode(log.iter().next().expect("an entry").entry) {
        Ok(Entry::Genesis(genesis)) => *genesis,
        other => panic!("{other:?}"),
    }
}

/// As many submissions as told, each a reserve at depth 1 on a token of its own, of which `pair` knows the tokens.
fn reserves(dir: &Path, count: usize) -> (Pair, World, Vec<Vec<u8>>) {
    let mut world = World::new();
    let mut tokens = Vec::new();
    for _ in 0..count {
        let budgets = Some(vec![budget(world.cny, Amount(1000))]);
        let spec = TokenSpec { budgets, ..world.spec("traveller") };
        tokens.push(world.issue(&spec).expect("issued"));
    }
    let mut pair = Pair::begin(dir, &genesis(world.ledger.store()));
    let log = world.ledger.store().clone();
    batches(&log)[1..].iter().for_each(|batch| pair.replay(batch));
    let asks: Vec<_> = tokens.iter().map(|token| world.ask(*token, 5)).collect();
    let reserves = asks.iter().map(|ask| {
        let draft = world.draft_reserve(ask, "traveller", Vec::new());
        submission(&world.client_ledger(), &[draft]).expect("signed")
    });
    let reserves = reserves.collect();
    (pair, world, reserves)
}

#[test]
fn a_reserve_at_depth_one_writes_five_records_and_one_and_a_half_kib_at_most() {
    let dir = tempfile::tempdir().expect("folder");
    let (mut pair, world, all) = reserves(dir.path(), 65);
    let reader = pair.rocks.handle();
    let mut cost = |submissions: &[&[u8]]| {
        let before = (reader.records_written(), reader.log_bytes());
        assert_eq!(pair.submit(submissions, world.now), submissions.len());
        (reader.records_written() - before.0, reader.log_bytes() - before.1)
    };
    let heartbeat = cost(&[]);
    let alone = cost(&[&all[0]]);
    let many: Vec<&[u8]> = all[1..].iter().map(Vec::as_slice).collect();
    let together = cost(&many);
    let count = many.len() as u64;
    eprintln!(
        "a heartbeat {heartbeat:?}, one reserve {alone:?}, {count} reserves {together:?} (records, bytes)"
    );
    // Head, tip and the chunk of entries belong to the batch.
    assert!(heartbeat.0 <= 3 && heartbeat.1 <= 512, "{heartbeat:?}");
    assert!(alone.0 - heartbeat.0 <= 5, "{alone:?}");
    assert!(alone.1 - heartbeat.1 <= 1536, "{alone:?}");
    assert!(together.0.div_ceil(count) <= 5, "{together:?}");
    assert!(together.1.div_ceil(count) <= 1536, "{together:?}");
}

#[test]
fn every_batch_is_synced_before_it_is_durable() {
    let world = story();
    let dir = tempfile::tempdir().expect("folder");
    let batches = batches(world.ledger.store());
    let mut pair = Pair::create(dir.path(), &batches[0]);
    for batch in &batches[1..9] {
        let before = pair.rocks.handle().syncs();
        pair.replay(batch);
        assert_eq!(pair.rocks.handle().syncs(), before + 1);
    }
}

/// The newest write-ahead log of a folder.
fn log_file(dir: &Path) -> PathBuf {
    let files = std::fs::read_dir(dir).expect("a folder").map(|file| file.expect("a file").path());
    files.filter(|file| file.extension().is_some_and(|end| end == "log")).max().expect("a log file")
}

pub fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().expect("folder");
    for file in std::fs::read_dir(from).expect("a folder") {
        let file = file.expect("a file");
        std::fs::copy(file.path(), to.path().join(file.file_name())).expect("copied");
    }
    to
}

/// A ledger of some batches that is closed, all of it in the write-ahead log: what was acknowledged after each batch,
/// and how long the log file then was.
fn acknowledged(dir: &Path, count: usize) -> Vec<(MemoryStore, u64)> {
    let world = story();
    let batches = batches(world.ledger.store());
    let mut pair = Pair::create(dir, &batches[0]);
    let length = || std::fs::metadata(log_file(dir)).expect("a file").len();
    let mut all = vec![(pair.memory.clone(), length())];
    for batch in &batches[1..count] {
        pair.replay(batch);
        all.push((pair.memory.clone(), length()));
    }
    all
}

/// What a crash in the middle of the next write leaves: everything acknowledged is there.
#[test]
fn what_was_torn_after_the_last_sync_does_no_harm() {
    let dir = tempfile::tempdir().expect("folder");
    let all = acknowledged(dir.path(), 12);
    let (memory, whole) = &all[10];
    let next = all[11].1;
    for cut in (*whole..next).step_by(97).chain([*whole, whole + 1, next - 1]) {
        let dir = copy(dir.path());
        let file = std::fs::File::options().write(true).open(log_file(dir.path())).expect("opens");
        file.set_len(cut).expect("cut");
        same(memory, &open(dir.path()).expect("opens"));
    }
    // Zeros behind the end are what a file system leaves of a write that it had only made room for.
    for zeros in [1, 7, 5000] {
        let dir = copy(dir.path());
        let file = std::fs::File::options().write(true).open(log_file(dir.path())).expect("opens");
        file.set_len(next + zeros).expect("longer");
        same(&all[11].0, &open(dir.path()).expect("opens"));
    }
}

/// A byte that flips inside what was synced: refused, or a whole batch at the end is missing, which the guard beside
/// the folder sees because it has a larger size. Never is anything else opened.
#[test]
fn a_flipped_byte_before_the_last_sync_is_refused_or_shortens_the_log_by_whole_batches() {
    let dir = tempfile::tempdir().expect("folder");
    let all = acknowledged(dir.path(), 12);
    let before_last = all[10].1;
    let (mut refused, mut shorter) = (0, 0);
    for at in (0..all[11].1).step_by(211).chain(before_last..before_last + 16) {
        for bit in [0x01, 0x80] {
            let dir = copy(dir.path());
            let path = log_file(dir.path());
            let mut bytes = std::fs::read(&path).expect("read");
            bytes[at as usize] ^= bit;
            std::fs::write(&path, bytes).expect("written");
            match open(dir.path()) {
                Err(OpenError::Damaged(Damage::File(_)) | OpenError::NoLedger) => refused += 1,
                Err(other) => panic!("byte {at}: {other}"),
                Ok(store) => {
                    let size = store.head().size.0;
                    let (memory, _) =
                        all.iter().find(|(memory, _)| memory.len() == size).expect("whole batches");
                    same(memory, &store);
                    assert!(size < all[11].0.len(), "byte {at} means nothing");
                    shorter += 1;
                }
            }
        }
    }
    eprintln!("{refused} refused, {shorter} shorter");
    assert!(refused > 20, "{refused} refused, {shorter} shorter");
}

/// A log file that is gone takes its batches with it; that is for the guard to see, if the library does not.
#[test]
fn a_missing_log_file_is_refused_or_shortens_the_log() {
    let dir = tempfile::tempdir().expect("folder");
    let all = acknowledged(dir.path(), 12);
    std::fs::remove_file(log_file(dir.path())).expect("removed");
    let opened = open(dir.path());
    let len = opened.as_ref().map_or(0, |store| store.head().size.0);
    assert!(len < all[11].0.len(), "{opened:?}");
}

/// A flipped byte in a table is never served: refused at open, named by a check, or without meaning.
#[test]
fn a_flipped_byte_in_a_table_is_found() {
    let dir = tempfile::tempdir().expect("folder");
    let memory = crate::folder::folder(dir.path());
    let store = open(dir.path()).expect("opens");
    store.handle().flush().expect("flushed");
    drop(store);
    let tables = |dir: &Path| -> Vec<PathBuf> {
        let files = std::fs::read_dir(dir).expect("a folder").map(|file| file.expect("a file").path());
        files.filter(|file| file.extension().is_some_and(|end| end == "sst")).collect()
    };
    let (mut refused, mut named, mut harmless) = (0, 0, 0);
    for table in tables(dir.path()) {
        let length = std::fs::metadata(&table).expect("a file").len();
        for part in 0..8 {
            let dir = copy(dir.path());
            let path = dir.path().join(table.file_name().expect("a name"));
            let mut bytes = std::fs::read(&path).expect("read");
            bytes[(length * part / 8 + 3) as usize] ^= 0x10;
            std::fs::write(&path, bytes).expect("written");
            match open(dir.path()) {
                Err(OpenError::Damaged(_)) => refused += 1,
                Err(other) => panic!("{other}"),
                Ok(store) => {
                    drop(store);
                    let found = remit::store::rocks::fsck(dir.path(), &crate::pair::small(), &mut |_| {});
                    match found {
                        Ok(found) if found.is_empty() => {
                            same(&memory, &open(dir.path()).expect("opens"));
                            harmless += 1;
                        }
                        _ => named += 1,
                    }
                }
            }
        }
    }
    eprintln!("{refused} refused at open, {named} named by a check, {harmless} without meaning");
    assert!(refused > 0 && named > 0 && harmless * 4 < refused + named);
}
