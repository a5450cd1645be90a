//! The snapshot that a monitor keeps: a start goes on from it, and from the first entry where it must.

use crate::liar::{Liar, recommit};
use crate::log::Log;
use crate::shown::*;
use crate::story::everything;
use remit::audit::monitor::{EventCode, Folder, FolderError, Interests, Monitor, SNAPSHOT_ENTRIES};
use remit_verifier::types::{Millis, ObjectId};
use std::fs;
use std::path::{Path, PathBuf};

/// What a start came to.
struct Ended {
    /// The first entry that the ledger was asked for; none if for none.
    asked: Option<u64>,
    /// The first entry that was computed.
    from: u64,
    said: usize,
    refused: bool,
}

/// One start with these interests, which keeps a snapshot at its end after so many entries.
fn start_for(state: &Path, log: &Log, now: Millis, interests: Interests, after: u64) -> Ended {
    let server = Server::of(log);
    let (mut folder, remembered) = Folder::open(state, ORIGIN).expect("opens");
    let mut monitor = Monitor::new(settings(log), interests, &remembered).expect("goes on");
    let kept = folder.snapshot(monitor.interests());
    let refused = match kept {
        Ok(Some(start)) => !monitor.go_on_from(start),
        Ok(None) => false,
        Err(FolderError::Damaged(_)) => true,
        Err(error) => panic!("{error}"),
    };
    let mut said = 0;
    let done: Result<(), FolderError> = monitor.round(&mut server.clone(), now, |monitor| {
        for event in monitor.take_events() {
            folder.say(&event)?;
            said += 1;
        }
        folder.remember(monitor)
    });
    done.expect("kept");
    folder.keep_snapshot(&monitor, after).expect("kept");
    let mut asked = None;
    server.change(|place| asked = place.first);
    Ended { asked, from: monitor.from().0, said, refused }
}

fn start(state: &Path, log: &Log, now: Millis) -> Ended {
    start_for(state, log, now, Interests::default(), 1)
}

fn folder_of(state: &Path) -> PathBuf {
    fs::read_dir(state).expect("a folder").next().expect("one").expect("read").path()
}

fn snapshots(state: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder_of(state)).expect("a folder").map(|file| file.expect("read").path());
    let named = |path: &PathBuf| path.file_name().expect("a name").to_string_lossy().starts_with("snapshot-");
    files.filter(named).collect()
}

#[test]
fn a_restart_asks_for_nothing_that_was_computed_before() {
    let state = tempfile::tempdir().expect("a folder");
    let mut w = everything();
    let before = Log::of(&w.ledger);
    let size = before.0.len() as u64;
    let first = start(state.path(), &before, w.now);
    assert_eq!((first.asked, first.from), (Some(0), 0));
    let again = start(state.path(), &before, w.now);
    assert_eq!((again.asked, again.from, again.refused), (None, size, false), "nothing is new");
    w.root("zoe", 100);
    let grown = Log::of(&w.ledger);
    let third = start(state.path(), &grown, w.now);
    assert_eq!((third.asked, third.from, third.said), (Some(size), size, 0), "what is new, and no more");
    let fourth = start(state.path(), &grown, w.now);
    assert_eq!((fourth.asked, fourth.from), (None, grown.0.len() as u64));
    assert_eq!(snapshots(state.path()).len(), 1, "only the newest is kept");
}

#[test]
fn a_snapshot_is_kept_after_so_many_entries_and_no_fewer() {
    let (w, _) = with_a_token();
    let log = Log::of(&w.ledger);
    let size = log.0.len() as u64;
    for (after, kept) in [(size, 1), (size + 1, 0), (SNAPSHOT_ENTRIES, 0)] {
        let state = tempfile::tempdir().expect("a folder");
        start_for(state.path(), &log, w.now, Interests::default(), after);
        assert_eq!(snapshots(state.path()).len(), kept, "after {after} of {size}");
    }
}

#[test]
fn a_snapshot_that_was_tampered_with_is_noticed_and_all_is_computed_again() {
    let (w, _) = with_a_token();
    let log = Log::of(&w.ledger);
    let state = tempfile::tempdir().expect("a folder");
    start(state.path(), &log, w.now);
    let data = snapshots(state.path()).remove(0);
    let index = folder_of(state.path()).join("snapshot");
    let (good, named) = (fs::read(&data).expect("read"), fs::read(&index).expect("read"));
    let anew = |what: &str| {
        let ended = start(state.path(), &log, w.now);
        assert_eq!((ended.asked, ended.from, ended.refused), (Some(0), 0, true), "{what}");
        // What was computed again is kept again.
        let ended = start(state.path(), &log, w.now);
        assert_eq!((ended.asked, ended.refused), (None, false), "{what}");
    };
    for at in [0, 40, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&data, bad).expect("written");
        anew(&format!("byte {at}"));
    }
    fs::write(&data, &good[..good.len() - 1]).expect("written");
    anew("one byte short");
    fs::remove_file(&data).expect("removed");
    anew("none");
    let mut other = named.clone();
    *other.last_mut().expect("some") ^= 1;
    fs::write(&index, other).expect("written");
    anew("another index");
}

/// A whole and good snapshot, of another ledger, put in the place of the own one.
#[test]
fn the_snapshot_of_another_history_is_not_gone_on_from() {
    let (w, _) = with_a_token();
    let log = Log::of(&w.ledger);
    let mut other = crate::world::World::new();
    other.root("bob", 100);
    let (state, elsewhere) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    start(state.path(), &log, w.now);
    start(elsewhere.path(), &Log::of(&other.ledger), other.now);
    for file in [snapshots(elsewhere.path()).remove(0), folder_of(elsewhere.path()).join("snapshot")] {
        fs::copy(&file, folder_of(state.path()).join(file.file_name().expect("a name"))).expect("copied");
    }
    let ended = start(state.path(), &log, w.now);
    assert_eq!((ended.asked, ended.from, ended.refused), (Some(0), 0, true));
}

#[test]
fn other_interests_are_told_of_all_again() {
    let state = tempfile::tempdir().expect("a folder");
    let (w, token) = with_a_token();
    let log = Log::of(&w.ledger);
    start(state.path(), &log, w.now);
    let watching = |tokens: Vec<ObjectId>| Interests { tokens, ..Interests::default() };
    let told = start_for(state.path(), &log, w.now, watching(vec![token]), 1);
    assert_eq!((told.asked, told.said, told.refused), (Some(0), 1, false), "what happened to it before");
    let again = start_for(state.path(), &log, w.now, watching(vec![token]), 1);
    assert_eq!((again.asked, again.said), (None, 0));
}

#[test]
fn nothing_is_kept_of_a_log_in_which_something_is_wrong() {
    let state = tempfile::tempdir().expect("a folder");
    let (w, _) = with_a_token();
    start(state.path(), &Log::of(&w.ledger), w.now);
    let honest = snapshots(state.path());
    let mut liar = Liar::after(&w);
    liar.lie(&[], w.now, |_| {}, |rows| recommit(&mut rows[0], |it| it.state_root.0[0] ^= 1));
    for said in [1, 0] {
        let ended = start(state.path(), &liar.log, w.now);
        assert_eq!(
            (ended.from > 0, ended.said),
            (true, said),
            "the lie is found at each start, and said once"
        );
        assert_eq!(snapshots(state.path()), honest, "no later one");
    }
}

/// A ledger shows `null` for what it has pruned.
#[test]
fn a_monitor_that_begins_on_a_pruned_ledger_says_that_it_is_not_covered() {
    let w = everything();
    let whole = Log::of(&w.ledger);
    let mut pruned = whole.clone();
    let first = pruned.0.iter().position(|row| row.object.is_some()).expect("an object");
    pruned.0.iter_mut().take(40).for_each(|row| (row.object, row.details) = (None, None));
    let events = caught(&pruned, w.now);
    assert_eq!(said(&events), [(EventCode::Withheld, Some(first as u64))], "a doubt, and no lie");
    assert!(events[0].to_string().contains("nothing from here on is covered"), "{}", events[0]);
    // Whoever was there before goes on.
    let state = tempfile::tempdir().expect("a folder");
    start(state.path(), &whole, w.now);
    let on = start(state.path(), &pruned, w.now);
    assert_eq!((on.asked, on.said, on.refused), (None, 0, false));
}
