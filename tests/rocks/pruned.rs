//! What stands beside old entries is deleted: it is gone for good, and nothing else is.

use crate::folder::folder;
use crate::pair::{open, small};
use remit::audit::snapshot::{Start, read, write};
use remit::audit::{Live, Rebuilt, replay};
use remit::engine::{Kept, ReplayError};
use remit::machine::{StateKey as _, key};
use remit::store::rocks::{
    Base, PruneCount, Pruned, RebuildError, RocksStore, first_difference, fsck, rebuild, rebuild_from,
};
use remit::store::{MemoryStore, Read, Store as _, StoredEntry};
use remit_verifier::log::Entry;
use remit_verifier::types::{EntryIndex, Millis};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// The first entries of a log, which end in a commitment, replayed.
fn replayed(memory: &MemoryStore, size: u64) -> Rebuilt {
    replay(memory.iter().take(size as usize), None).expect("replays")
}

/// The sizes at which a snapshot can be made.
fn sizes(memory: &MemoryStore) -> Vec<u64> {
    let closes = |kept: &Kept<'_>| matches!(Entry::decode(kept.entry), Ok(Entry::Commitment(_)));
    (1..).zip(memory.iter()).filter(|(_, kept)| closes(kept)).map(|(size, _)| size).collect()
}

fn start(rebuilt: &Rebuilt) -> Start {
    let mut bytes = Vec::new();
    write(&mut bytes, rebuilt.place.as_ref().expect("a place"), &rebuilt.state).expect("written");
    read(bytes.as_slice()).expect("a snapshot")
}

/// What is live at the end of the log.
fn live(memory: &MemoryStore) -> Live {
    Live::of(memory.state(), memory.commitment().expect("one").time)
}

fn what(memory: &MemoryStore, before: u64, size: u64) -> Pruned {
    let digest = start(&replayed(memory, size)).digest;
    let size = remit_verifier::types::TreeSize(size);
    Pruned { before: EntryIndex(before), size, digest, at: Millis(7), whole: true }
}

fn prune(store: &mut RocksStore, memory: &MemoryStore, what: &Pruned) -> PruneCount {
    let (live, read) = (live(memory), store.handle());
    let keeps = |at: EntryIndex, object: Option<&[u8]>| {
        let entry = read.entries(at, 1).expect("read").remove(0);
        live.needs(at, &entry, object)
    };
    let would = read.would_prune(what.before, &mut |at, item| keeps(at, item.object.as_deref()));
    let done = store.prune(what, &mut |at, item| keeps(at, item.object.as_deref())).expect("pruned");
    assert_eq!(would.expect("counted"), done, "what it said that it would do");
    done
}

/// What a folder must have of an entry.
fn expected(memory: &MemoryStore, live: &Live, at: EntryIndex, before: EntryIndex) -> StoredEntry {
    let mut stored = Read::entry(memory, at).expect("reads").expect("there");
    if at < before && !live.needs(at, &stored.entry, stored.object.as_deref()) {
        (stored.object, stored.details) = (None, None);
    }
    stored
}

/// Requires that the folder has what it must have, and gives the entries whose objects are gone.
fn compared(store: &RocksStore, memory: &MemoryStore, before: EntryIndex) -> Vec<EntryIndex> {
    let (live, read, mut gone) = (live(memory), store.handle(), Vec::new());
    assert_eq!(store.head().root, memory.trees().log.root());
    assert_eq!(store.trees().state.root(), memory.trees().state.root());
    for at in (0..memory.len()).map(EntryIndex) {
        let stored = read.entry(at).expect("reads").expect("there");
        assert_eq!(stored, expected(memory, &live, at, before), "entry {at}");
        if stored.object.is_none() && Read::object(memory, at).expect("reads").is_some() {
            gone.push(at);
        }
    }
    gone
}

/// Whether these bytes stand anywhere in the files of a folder.
fn lies_there(dir: &Path, bytes: &[u8]) -> bool {
    let files = fs::read_dir(dir).expect("a folder").map(|file| file.expect("read").path());
    files.filter(|path| path.is_file()).any(|path| {
        let all = fs::read(&path).expect("read");
        all.windows(bytes.len()).any(|window| window == bytes)
    })
}

#[test]
fn what_is_deleted_is_gone_and_all_else_is_as_before() {
    let dir = tempfile::tempdir().expect("folder");
    let memory = folder(dir.path());
    let size = *sizes(&memory).last().expect("one");
    let mut store = open(dir.path()).expect("opens");
    let before = what(&memory, 60, size);
    let count = prune(&mut store, &memory, &before);
    let gone = compared(&store, &memory, EntryIndex(60));
    assert!(count.deleted > 15 && count.kept > 5 && count.bytes > 5_000, "{count:?}");
    assert!(!gone.is_empty() && gone.iter().all(|at| at.0 < 60));
    assert_eq!(store.handle().pruned_before(), Ok(EntryIndex(60)));
    drop(store);
    for at in &gone {
        let object = Read::object(&memory, *at).expect("reads").expect("there");
        // What differs from every other object is its signature, near the end.
        assert!(
            !lies_there(dir.path(), &object[object.len() - 48..]),
            "the object of entry {at} is still there"
        );
    }
    let kept = EntryIndex(memory.len() - 1);
    let entry = Read::entry(&memory, kept).expect("reads").expect("there").entry;
    assert!(lies_there(dir.path(), &entry), "what is kept is found so");
    let store = open(dir.path()).expect("opens, leaf by leaf");
    assert_eq!(store.handle().pruned().expect("reads"), [before]);
    compared(&store, &memory, EntryIndex(60));
    drop(store);
    assert_eq!(fsck(dir.path(), &small(), &mut |_| {}), Ok(Vec::new()));
}

#[test]
fn an_object_that_is_lost_behind_the_boundary_is_still_found_missing() {
    let dir = tempfile::tempdir().expect("folder");
    let memory = folder(dir.path());
    let size = *sizes(&memory).last().expect("one");
    let mut store = open(dir.path()).expect("opens");
    // Everything up to 50 is deleted, and remembered is less.
    let less = what(&memory, 20, size);
    store.prune(&what(&memory, 50, size), &mut |_, _| false).expect("pruned");
    drop(store);
    {
        let db = crate::folder::raw(dir.path());
        db.delete([&b"pruned"[..], &50_u64.to_be_bytes()].concat()).expect("deleted");
    }
    let mut store = open(dir.path()).expect("opens");
    store.prune(&less, &mut |_, _| false).expect("pruned");
    drop(store);
    let found = fsck(dir.path(), &small(), &mut |_| {}).expect("read");
    let objects = (20..50).filter(|at| Read::object(&memory, EntryIndex(*at)).expect("reads").is_some());
    let first = objects.map(EntryIndex).next().expect("one");
    assert_eq!(found.first(), Some(&remit::store::rocks::Finding::Object(first)), "{found:?}");
}

#[test]
fn the_entry_at_the_boundary_is_kept_and_the_one_before_is_not() {
    let dir = tempfile::tempdir().expect("folder");
    let memory = folder(dir.path());
    let size = *sizes(&memory).last().expect("one");
    let mut store = open(dir.path()).expect("opens");
    let spent = |at: &u64| {
        let stored = Read::entry(&memory, EntryIndex(*at)).expect("reads").expect("there");
        let live = live(&memory);
        stored.object.is_some() && !live.needs(EntryIndex(*at), &stored.entry, stored.object.as_deref())
    };
    let first = (0..memory.len()).find(spent).expect("one that nothing refers to");
    let object = |store: &RocksStore| store.handle().object(EntryIndex(first)).expect("reads");
    for (before, there) in [(first, true), (first + 1, false)] {
        prune(&mut store, &memory, &what(&memory, before, size));
        assert_eq!(object(&store).is_some(), there, "before {before}");
        compared(&store, &memory, EntryIndex(before));
    }
}

#[test]
fn pruning_that_was_cut_off_is_known_and_done_again() {
    let dir = tempfile::tempdir().expect("folder");
    let memory = folder(dir.path());
    let size = *sizes(&memory).last().expect("one");
    let what = what(&memory, 60, size);
    let mut store = open(dir.path()).expect("opens");
    let cut = catch_unwind(AssertUnwindSafe(|| {
        store.prune(&what, &mut |at, _| if at.0 > 40 { panic!("the power is gone") } else { false })
    }));
    assert!(cut.is_err());
    drop(store);
    let mut store = open(dir.path()).expect("opens");
    assert_eq!(store.handle().pruned().expect("reads"), [Pruned { whole: false, ..what }]);
    prune(&mut store, &memory, &what);
    assert_eq!(store.handle().pruned().expect("reads"), [what]);
    compared(&store, &memory, EntryIndex(60));
    // Once more changes nothing.
    let again = prune(&mut store, &memory, &what);
    assert_eq!((again.deleted, again.bytes), (0, 0));
    drop(store);
    assert_eq!(fsck(dir.path(), &small(), &mut |_| {}), Ok(Vec::new()));
}

fn base(start: Start) -> Base {
    let commitment = start.place.commitment().expect("one");
    Base { state: start.state, trees: start.trees, commitment, digest: start.digest }
}

#[test]
fn a_pruned_folder_is_rebuilt_from_its_snapshot_and_from_no_other() {
    let dir = tempfile::tempdir().expect("folder");
    let memory = folder(dir.path());
    let sizes = sizes(&memory);
    let size = sizes[sizes.len() / 2];
    let mut store = open(dir.path()).expect("opens");
    let what = what(&memory, size, size);
    prune(&mut store, &memory, &what);
    let gone = compared(&store, &memory, EntryIndex(size));
    drop(store);
    let new = || tempfile::tempdir().expect("folder");
    // Without a snapshot it is not covered from the first object on that is not there.
    let error = rebuild(dir.path(), new().path(), &small(), &mut |_| {}).expect_err("not covered");
    assert_eq!(error.missing(), gone.first().copied(), "{error}");
    let to = new();
    let own = base(start(&replayed(&memory, size)));
    let rebuilt = rebuild_from(dir.path(), to.path(), Some(own), &small(), &mut |_| {}).expect("rebuilt");
    compared(&rebuilt, &memory, EntryIndex(size));
    assert_eq!(rebuilt.handle().pruned().expect("reads"), [what], "it remembers what was pruned");
    drop(rebuilt);
    // All records are the same, but for the digest over changes, which nobody made here.
    let difference = first_difference(dir.path(), to.path(), &small()).expect("compared");
    assert_eq!(difference.as_deref(), Some("a record of the column family default"));
    assert_eq!(fsck(to.path(), &small(), &mut |_| {}), Ok(Vec::new()));
    let again = open(to.path()).expect("opens");
    compared(&again, &memory, EntryIndex(size));
    // A snapshot from before what was deleted leads to an object that is missing, one of other histories nowhere.
    let early = base(start(&replayed(&memory, sizes[3])));
    let error =
        rebuild_from(dir.path(), new().path(), Some(early), &small(), &mut |_| {}).expect_err("missing");
    assert_eq!(error.missing(), gone.iter().copied().find(|at| at.0 >= sizes[3]), "{error}");
    assert!(matches!(error, RebuildError::Batch(ReplayError::Missing(_))));
    // The state of another place than the trees: caught by the head, or by a leaf with another history.
    for (trees, state) in [(size, sizes[sizes.len() / 2 + 1]), (sizes[3], sizes[4])] {
        let mut other = base(start(&replayed(&memory, trees)));
        let head = other.state.get(&key::HeadAt(0)).cloned().expect("a head");
        other.state = base(start(&replayed(&memory, state))).state;
        if trees != size {
            other.state.set(&key::HeadAt(0).key(), Some(&key::HeadAt::wrap(head)));
        }
        let error = rebuild_from(dir.path(), new().path(), Some(other), &small(), &mut |_| {});
        assert!(matches!(error, Err(RebuildError::Base(_))), "{trees} and {state}");
    }
}
