//! The guard: what was acknowledged is still there, and of the same history; or the ledger does not start.

use crate::house::{House, START, Time, checked_head, key, new_store, start};
use remit::ledger::{GuardError, GuardPlace, Service, Settings, StartError};
use remit::sequencer::Guard;
use remit::store::{MemoryStore, SharedMemory};
use remit_verifier::merkle::TreeHead;
use remit_verifier::types::{Hash, LedgerId, TreeSize};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const LEDGER: LedgerId = LedgerId([7; 32]);

fn head(size: u64) -> TreeHead {
    TreeHead { size: TreeSize(size), root: Hash([size as u8; 32]) }
}

fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("guard");
    (folder, path)
}

fn guarded(time: &Time, guard: GuardPlace) -> Settings {
    Settings { guard, ..time.settings() }
}

fn reopen(kept: MemoryStore, path: &Path) -> Result<Service, StartError> {
    let store = SharedMemory::open(kept).expect("whole");
    start(&store, guarded(&Time::at(START), GuardPlace::At(path.into())))
}

fn refusal(kept: MemoryStore, path: &Path) -> GuardError {
    let error = reopen(kept, path).expect_err("refused");
    assert!(error.remedy().is_some(), "{error}");
    let StartError::Guard(error) = error else { panic!("{error:?}") };
    error
}

#[test]
fn an_old_backup_is_refused_with_the_numbers() {
    let (_folder, path) = folder();
    let time = Time::at(START);
    let mut house = House::with(guarded(&time, GuardPlace::New(path.clone())), time);
    let backup = house.store.kept();
    for amount in 1..=3 {
        let ready = house.reserve(amount);
        house.apply(&ready);
    }
    house.service.shutdown();
    let (kept, newest) = (backup.len(), house.store.kept());
    let error = refusal(backup.clone(), &path);
    assert_eq!(error, GuardError::Fewer { kept: TreeSize(kept), acknowledged: TreeSize(newest.len()) });
    assert!(error.to_string().contains("6 acknowledged entries are missing"), "{error}");
    // The refusal changed nothing: the store that has it all still starts.
    assert_eq!(checked_head(&reopen(newest.clone(), &path).expect("starts")), house.head());
    // The backup went on without a guard and has another history now, as long and longer.
    let store = SharedMemory::open(backup).expect("whole");
    let service = start(&store, house.time.settings()).expect("nothing guards it");
    let mut house = house.move_to(store, service);
    for amount in 4..=6 {
        let ready = house.reserve(amount);
        house.apply(&ready);
        let kept = house.store.kept();
        let error = refusal(kept.clone(), &path);
        if kept.len() < newest.len() {
            assert!(matches!(error, GuardError::Fewer { .. }), "{error:?}");
        } else {
            assert!(
                matches!(error, GuardError::OtherRoot { size, acknowledged, .. }
                    if size == TreeSize(newest.len()) && acknowledged == newest.trees().log.root()),
                "{error:?}"
            );
        }
    }
    assert!(reopen(newest, &path).is_ok());
}

#[test]
fn a_guard_is_made_once_and_held_by_one() {
    let (_folder, path) = folder();
    let time = Time::at(START);
    let store = new_store();
    let open = |guard| start(&SharedMemory::open(store.kept()).expect("whole"), guarded(&time, guard));
    let error = |guard| match open(guard).expect_err("refused") {
        StartError::Guard(error) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(error(GuardPlace::At(path.clone())), GuardError::Missing);
    let running = open(GuardPlace::New(path.clone())).expect("starts");
    assert_eq!(error(GuardPlace::New(path.clone())), GuardError::Exists);
    assert_eq!(error(GuardPlace::At(path.clone())), GuardError::Held);
    running.shutdown();
    assert!(open(GuardPlace::At(path.clone())).is_ok(), "given up when it stopped");
    assert!(matches!(error(GuardPlace::New(path.join("below"))), GuardError::Io(_)));
}

#[test]
fn a_guard_of_another_ledger_is_refused() {
    let (_folder, path) = folder();
    drop(Guard::create(&path, LEDGER, head(1)).expect("made"));
    assert_eq!(refusal(new_store().kept(), &path), GuardError::OtherLedger(LEDGER));
}

#[test]
fn a_guard_remembers_the_newest_head_and_survives_a_torn_write() {
    let (_folder, path) = folder();
    let mut guard = Guard::create(&path, LEDGER, head(1)).expect("made");
    for size in 2..=9 {
        guard.set(head(size)).expect("written");
    }
    drop(guard);
    let reads = || Guard::open(&path, LEDGER).map(|(_, head)| head);
    assert_eq!(reads(), Ok(head(9)));
    let whole = fs::read(&path).expect("read");
    // Size 9 is in the first slot, size 8 in the second; any torn byte of one leaves the other.
    for at in [0, 20, 90, 150, 511] {
        let mut torn = whole.clone();
        torn[at] ^= 1;
        fs::write(&path, &torn).expect("written");
        assert_eq!(reads(), Ok(head(8)), "byte {at}");
        torn[4_096 + at] ^= 1;
        fs::write(&path, &torn).expect("written");
        assert_eq!(reads(), Err(GuardError::Unreadable), "byte {at}");
    }
    for length in [0, 1, 511] {
        fs::write(&path, &whole[..length]).expect("written");
        assert_eq!(reads(), Err(GuardError::Unreadable), "{length} bytes");
    }
    // After a torn write the next one goes over it, and not over the slot that is whole.
    let mut torn = whole.clone();
    torn[0] ^= 1;
    fs::write(&path, &torn).expect("written");
    let (mut guard, _) = Guard::open(&path, LEDGER).expect("opens");
    guard.set(head(10)).expect("written");
    drop(guard);
    assert_eq!(fs::read(&path).expect("read")[4_096..], whole[4_096..]);
    assert_eq!(reads(), Ok(head(10)));
}

#[test]
fn a_store_that_is_ahead_of_its_guard_starts_and_moves_it() {
    let (_folder, path) = folder();
    let time = Time::at(START);
    let mut house = House::with(guarded(&time, GuardPlace::New(path.clone())), time);
    let old = fs::read(&path).expect("read");
    let ready = house.reserve(1);
    house.apply(&ready);
    house.service.shutdown();
    // A crash between commit and guard.
    fs::write(&path, old).expect("written");
    let kept = house.store.kept();
    let service = reopen(kept.clone(), &path).expect("starts");
    assert_eq!(checked_head(&service).size.0, kept.len());
    service.shutdown();
    let (_, head) = Guard::open(&path, service.id()).expect("opens");
    assert_eq!(head, service.snapshot().version().head);
}

#[test]
fn another_key_or_no_ledger_is_refused() {
    let time = Time::at(START);
    let other = Service::start(new_store(), Box::new(key("another")), time.settings());
    assert!(matches!(other, Err(StartError::NotTheLogKey { .. })));
    let empty = Service::start(SharedMemory::default(), Box::new(key("log")), time.settings());
    assert_eq!(empty.expect_err("refused"), StartError::Empty);
    let genesis = crate::house::genesis();
    let twice = Service::begin(new_store(), &genesis, Box::new(key("log")), time.settings());
    assert_eq!(twice.expect_err("refused"), StartError::NotEmpty);
    let begun = Service::begin(SharedMemory::default(), &genesis, Box::new(key("log")), time.settings());
    assert_eq!(begun.expect("begins").genesis(), &genesis);
}
