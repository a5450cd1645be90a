//! What a monitor remembers: nothing is said twice, nothing is missed, and nothing is begun anew.

use crate::liar::{Liar, recommit};
use crate::log::Log;
use crate::shown::*;
use crate::world::World;
use remit::audit::monitor::{Alert, EVIDENCE_FILES_MAX, Evidence, Folder, FolderError, Interests, Monitor};
use remit_verifier::types::{Millis, TreeSize};
use std::fs;
use std::path::{Path, PathBuf};

/// A process that watches: everything it says is kept before it goes on.
struct Process {
    monitor: Monitor,
    folder: Folder,
}

impl Process {
    fn start(state: &Path, log: &Log) -> Self {
        let (folder, remembered) = Folder::open(state, ORIGIN).expect("opens");
        let monitor = Monitor::new(settings(log), Interests::default(), &remembered).expect("goes on");
        Self { monitor, folder }
    }

    /// One round; what was said in it.
    fn round(&mut self, server: &Server, now: Millis) -> Vec<Alert> {
        let folder = &mut self.folder;
        let mut said = Vec::new();
        let done = self.monitor.round(&mut server.clone(), now, |monitor| {
            for event in monitor.take_events() {
                said.push(folder.say(&event)?);
            }
            folder.remember(monitor)
        });
        done.expect("kept");
        said
    }
}

/// A ledger with two false roots, at these entries.
fn lying() -> (World, Liar, [u64; 2]) {
    let (w, _) = with_a_token();
    let mut liar = Liar::after(&w);
    let lie = |liar: &mut Liar| {
        liar.lie(&[], w.now, |_| {}, |rows| recommit(&mut rows[0], |it| it.state_root.0[0] ^= 1)).0
    };
    let places = [lie(&mut liar), lie(&mut liar)];
    (w, liar, places)
}

fn entries(alerts: &[Alert]) -> Vec<u64> {
    alerts.iter().map(|alert| alert.entry.expect("an entry")).collect()
}

#[test]
fn nothing_is_said_twice_over_a_restart_and_what_is_new_is_said() {
    let state = tempfile::tempdir().expect("a folder");
    let (w, mut liar, places) = lying();
    let server = Server::of(&liar.log);
    let mut process = Process::start(state.path(), &liar.log);
    assert_eq!(entries(&process.round(&server, w.now)), places);
    assert_eq!(process.round(&server, w.now), []);
    drop(process);
    let third = liar.lie(&[], w.now, |_| {}, |rows| recommit(&mut rows[0], |it| it.status_root.0[0] ^= 1));
    server.show(&liar.log);
    let mut process = Process::start(state.path(), &liar.log);
    assert_eq!(entries(&process.round(&server, w.now)), [third.0]);
    assert_eq!(process.monitor.raised().len(), 2, "all that is wrong is known, be it said now or before");
    let all = process.folder.alerts();
    assert_eq!(all.iter().map(|alert| alert.number).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(all.iter().all(Alert::is_lie));
}

#[test]
fn a_process_that_dies_between_any_two_questions_misses_nothing_and_says_nothing_twice() {
    let (w, liar, places) = lying();
    let server = Server::of(&liar.log);
    server.change(|place| place.page = 3);
    let state = tempfile::tempdir().expect("a folder");
    let mut said = Vec::new();
    for answers in 1.. {
        let mut process = Process::start(state.path(), &liar.log);
        server.change(|place| place.answers = answers);
        let now: Vec<Alert> = process.round(&server, w.now);
        said.extend(now.into_iter().filter(|alert| alert.code != "unreachable"));
        if process.monitor.progress().0 == TreeSize(liar.size()) {
            assert!(answers > 5, "{answers} questions were enough");
            break;
        }
    }
    assert_eq!(entries(&said), places);
}

#[test]
fn what_was_said_and_not_printed_or_posted_is_known_after_a_restart() {
    let state = tempfile::tempdir().expect("a folder");
    let (w, liar, places) = lying();
    let mut process = Process::start(state.path(), &liar.log);
    process.round(&Server::of(&liar.log), w.now);
    assert_eq!(entries(process.folder.unprinted()), places);
    process.folder.printed().expect("kept");
    process.folder.posted(1).expect("kept");
    drop(process);
    let (folder, remembered) = Folder::open(state.path(), ORIGIN).expect("opens");
    assert_eq!(folder.unprinted(), []);
    assert_eq!(entries(folder.unposted()), places[1..]);
    assert_eq!(remembered.said.len(), 2);
}

fn folder_of(state: &Path) -> PathBuf {
    let only = fs::read_dir(state).expect("a folder").next().expect("one").expect("read");
    only.path()
}

#[test]
fn evidence_is_kept_with_the_note_and_the_batch() {
    let state = tempfile::tempdir().expect("a folder");
    let (w, liar, places) = lying();
    let said = Process::start(state.path(), &liar.log).round(&Server::of(&liar.log), w.now);
    let name = said[0].evidence.as_ref().expect("evidence");
    let bytes = fs::read(folder_of(state.path()).join(name)).expect("a file");
    let evidence: Evidence = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!((evidence.code.as_str(), evidence.entry), ("state_root", Some(places[0])));
    assert_eq!(evidence.notes, [note(&liar.log)]);
    assert_eq!(evidence.batch.len(), 1);
    assert!(name.starts_with(&format!("evidence/state_root-{}-", places[0])), "{name}");
}

#[test]
fn evidence_fills_its_folder_and_no_more() {
    let state = tempfile::tempdir().expect("a folder");
    let (w, liar, _) = lying();
    let mut process = Process::start(state.path(), &liar.log);
    let evidence = folder_of(state.path()).join("evidence");
    for number in 1..EVIDENCE_FILES_MAX {
        fs::write(evidence.join(number.to_string()), b"").expect("written");
    }
    let said = process.round(&Server::of(&liar.log), w.now);
    let kept: Vec<bool> = said.iter().map(|alert| alert.evidence.is_some()).collect();
    assert_eq!(kept, [true, false], "both are said");
    assert_eq!(fs::read_dir(evidence).expect("a folder").count(), EVIDENCE_FILES_MAX);
}

#[test]
fn doubts_take_no_place_of_lies() {
    let state = tempfile::tempdir().expect("a folder");
    let (w, liar, _) = lying();
    let mut process = Process::start(state.path(), &liar.log);
    let evidence = folder_of(state.path()).join("evidence");
    for number in 0..EVIDENCE_FILES_MAX {
        fs::write(evidence.join(format!("not_consistent-{number}.json")), b"").expect("written");
    }
    let said = process.round(&Server::of(&liar.log), w.now);
    assert!(said.len() == 2 && said.iter().all(|alert| alert.evidence.is_some()), "{said:?}");
    assert_eq!(fs::read_dir(evidence).expect("a folder").count(), EVIDENCE_FILES_MAX + 2);
}

#[test]
fn who_was_away_is_known_after_a_restart() {
    let state = tempfile::tempdir().expect("a folder");
    let (w, _) = with_a_token();
    let log = Log::of(&w.ledger);
    let server = Server::of(&log);
    let mut said = Vec::new();
    for answers in [0, 0, usize::MAX, 0] {
        server.change(|place| place.answers = answers);
        let alerts = Process::start(state.path(), &log).round(&server, w.now);
        said.push(alerts.into_iter().map(|alert| alert.code).collect::<Vec<_>>());
    }
    assert_eq!(said, [vec!["unreachable"], vec![], vec![], vec!["unreachable"]]);
}

#[test]
fn alerts_that_are_lost_or_cut_short_are_damage() {
    let state = tempfile::tempdir().expect("a folder");
    let (w, liar, _) = lying();
    let mut process = Process::start(state.path(), &liar.log);
    assert_eq!(process.round(&Server::of(&liar.log), w.now).len(), 2);
    process.folder.printed().expect("kept");
    drop(process);
    let alerts = folder_of(state.path()).join("alerts");
    let whole = fs::read_to_string(&alerts).expect("a file");
    let first = whole.lines().next().expect("a line");
    let is_damaged = || {
        let opened = Folder::open(state.path(), ORIGIN);
        assert!(matches!(&opened, Err(FolderError::Damaged(path)) if *path == alerts), "{opened:?}");
    };
    for cut in ["", first, &format!("{first}\n")] {
        fs::write(&alerts, cut).expect("written");
        is_damaged();
    }
    fs::remove_file(&alerts).expect("removed");
    is_damaged();
    fs::write(&alerts, &whole).expect("written");
    let leaves = folder_of(state.path()).join("leaves");
    assert_eq!(Folder::open(state.path(), ORIGIN).expect("opens").0.unprinted(), []);
    fs::remove_file(&leaves).expect("removed");
    let opened = Folder::open(state.path(), ORIGIN);
    assert!(matches!(&opened, Err(FolderError::Damaged(path)) if *path == leaves), "{opened:?}");
}

#[test]
fn a_folder_has_one_process() {
    let state = tempfile::tempdir().expect("a folder");
    let first = Folder::open(state.path(), ORIGIN).expect("opens");
    assert!(matches!(Folder::open(state.path(), ORIGIN), Err(FolderError::Held)));
    assert!(Folder::open(state.path(), "other.example/log").is_ok(), "another log has a folder of its own");
    drop(first);
    assert!(Folder::open(state.path(), ORIGIN).is_ok());
}

#[test]
fn what_is_gone_or_damaged_is_no_new_beginning() {
    let state = tempfile::tempdir().expect("a folder");
    let (w, _) = with_a_token();
    let log = Log::of(&w.ledger);
    assert_eq!(Process::start(state.path(), &log).round(&Server::of(&log), w.now), []);
    let folder = folder_of(state.path());
    for (name, all) in [("newest", false), ("leaves", true)] {
        let good = fs::read(folder.join(name)).expect("a file");
        let places = if all { 0..good.len() } else { 0..good.len() - 1 };
        for at in places.step_by(7) {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(folder.join(name), &bad).expect("written");
            let opened = Folder::open(state.path(), ORIGIN);
            assert!(matches!(opened, Err(FolderError::Damaged(_))), "{name} byte {at}");
        }
        fs::write(folder.join(name), &good[..good.len() - 1]).expect("written");
        assert!(Folder::open(state.path(), ORIGIN).is_err(), "{name} cut short");
        fs::write(folder.join(name), &good).expect("written");
    }
    let newest = fs::read(folder.join("newest")).expect("a file");
    fs::remove_file(folder.join("newest")).expect("removed");
    assert!(matches!(Folder::open(state.path(), ORIGIN), Err(FolderError::Lost)));
    fs::write(folder.join("newest"), newest).expect("written");
    // What was written behind what is known, or not to its end, was never known.
    let mut leaves = fs::read(folder.join("leaves")).expect("a file");
    leaves.extend([1; 40]);
    fs::write(folder.join("leaves"), leaves).expect("written");
    fs::write(folder.join("alerts"), b"{\"number\":0,\"sev").expect("written");
    let mut process = Process::start(state.path(), &log);
    assert_eq!(process.folder.alerts(), []);
    assert_eq!(process.round(&Server::of(&log), w.now), []);
    let late = Millis(w.now.0 + STALE.0 + 1);
    assert_eq!(process.round(&Server::of(&log), late).len(), 1);
    drop(process);
    assert_eq!(Process::start(state.path(), &log).folder.alerts().len(), 1, "said behind what was cut off");
}

#[test]
fn leaves_are_written_on_behind_what_is_known() {
    let state = tempfile::tempdir().expect("a folder");
    let (mut w, token) = with_a_token();
    let server = Server::of(&Log::of(&w.ledger));
    for _ in 0..3 {
        let log = Log::of(&w.ledger);
        server.show(&log);
        let mut process = Process::start(state.path(), &log);
        assert_eq!(process.round(&server, w.now), []);
        drop(process);
        let kept = fs::metadata(folder_of(state.path()).join("leaves")).expect("a file").len();
        assert_eq!(kept, 32 * log.0.len() as u64);
        w.reserve(token, "alice", 1).expect("reserved");
    }
}
