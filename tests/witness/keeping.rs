//! What is kept before it is answered, and what happens when it is not there any more.

use crate::*;
use remit::witness::{EVIDENCE_FILES_MAX, Evidence, FolderError, WitnessError};
use remit_verifier::hash::sha256;
use remit_verifier::limits::SKEW_MAX;
use std::fs;
use std::path::PathBuf;
use std::sync::Barrier;

fn file(folder: &Path, extension: &str) -> PathBuf {
    folder.join(format!("{}.{extension}", sha256(&[ORIGIN.as_bytes()])))
}

#[test]
fn a_log_is_cosigned_as_it_goes_on_and_again_with_a_new_time() {
    let folder = tempfile::tempdir().expect("a folder");
    made(folder.path());
    let witness = open(folder.path());
    let (three, seven) = (Tree::of(0, 3), Tree::of(0, 7));
    assert_eq!(cosigned(&witness.add_checkpoint(&three.from(0), NOW), &three.note()), NOW);
    let later = Seconds(NOW.0 + 9);
    assert_eq!(cosigned(&witness.add_checkpoint(&seven.from(3), later), &seven.note()), later);
    assert_eq!(
        cosigned(&witness.add_checkpoint(&seven.from(7), Seconds(later.0 + 1)), &seven.note()).0,
        later.0 + 1
    );
    // A clock that was set back, and one that was set back over a restart.
    assert_eq!(cosigned(&witness.add_checkpoint(&seven.from(7), NOW), &seven.note()).0, later.0 + 1);
    drop(witness);
    let witness = open(folder.path());
    assert_eq!(cosigned(&witness.add_checkpoint(&seven.from(7), NOW), &seven.note()).0, later.0 + 1);
    let shown = witness.checkpoint(&sha256(&[ORIGIN.as_bytes()]).to_string()).expect("shown");
    assert!(shown.starts_with(&seven.note()) && shown.contains(NAME), "{shown}");
    assert_eq!(witness.checkpoint(&sha256(&[b"another"]).to_string()), None);
}

#[test]
fn an_answer_that_was_lost_is_no_harm() {
    let folder = tempfile::tempdir().expect("a folder");
    made(folder.path());
    // Killed between keeping and sending: what is on the disk is all that is left.
    let lost = open(folder.path()).add_checkpoint(&Tree::of(0, 7).from(0), NOW);
    assert_eq!(lost.status, 200);
    let witness = open(folder.path());
    let again = witness.add_checkpoint(&Tree::of(0, 7).from(0), NOW);
    assert_eq!((again.status, again.body.as_str(), again.is_size), (409, "7\n", true));
    let forked = witness.add_checkpoint(&Tree::of(1, 9).from(0), NOW);
    assert_eq!(
        (forked.status, forked.body.as_str()),
        (409, "7\n"),
        "the other history never goes on from it"
    );
    assert_eq!(witness.add_checkpoint(&Tree::of(1, 9).from(7), NOW).status, 422);
    assert_eq!(cosigned(&witness.add_checkpoint(&Tree::of(0, 7).from(7), NOW), &Tree::of(0, 7).note()), NOW);
}

#[test]
fn what_cannot_be_kept_is_not_answered_and_nothing_is_after_it() {
    let outer = tempfile::tempdir().expect("a folder");
    let folder = outer.path().join("state");
    made(&folder);
    let witness = open(&folder);
    assert_eq!(witness.add_checkpoint(&Tree::of(0, 3).from(0), NOW).status, 200);
    // Somebody puts another folder in its place.
    fs::rename(&folder, outer.path().join("away")).expect("moved");
    fs::create_dir(&folder).expect("another");
    let reply = witness.add_checkpoint(&Tree::of(0, 7).from(3), NOW);
    assert_eq!(reply.status, 500);
    assert!(!reply.body.contains(NAME) && witness.is_broken());
    fs::remove_dir(&folder).expect("gone");
    fs::rename(outer.path().join("away"), &folder).expect("back");
    assert_eq!(
        witness.add_checkpoint(&Tree::of(0, 7).from(3), NOW).status,
        500,
        "what stands there is not known"
    );
    drop(witness);
    assert_eq!(open(&folder).add_checkpoint(&Tree::of(0, 7).from(3), NOW).status, 200, "it is read again");
}

#[test]
fn of_two_histories_that_come_at_once_one_wins() {
    for round in 0..20 {
        let folder = tempfile::tempdir().expect("a folder");
        made(folder.path());
        let (witness, gate) = (open(folder.path()), Barrier::new(4));
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let ask = |history: u8| {
                let (witness, gate) = (&witness, &gate);
                scope.spawn(move || {
                    let request = Tree::of(history, 7).from(0);
                    gate.wait();
                    witness.add_checkpoint(&request, NOW).status
                })
            };
            let threads: Vec<_> = (0..4).map(ask).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        let won = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!((won, statuses.len()), (1, 4), "round {round}: {statuses:?}");
        assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
        assert_eq!(witness.evidence().expect("read").len(), 3, "each of the others is signed, and kept");
    }
}

#[test]
fn a_fork_is_kept_for_ever_and_once() {
    let folder = tempfile::tempdir().expect("a folder");
    made(folder.path());
    let witness = open(folder.path());
    let (ours, theirs) = (Tree::of(0, 7), Tree::of(1, 7));
    assert_eq!(witness.add_checkpoint(&ours.from(0), NOW).status, 200);
    for old in [7, 3, 7] {
        let status = if old == 7 { 422 } else { 409 };
        assert_eq!(witness.add_checkpoint(&theirs.from(old), NOW).status, status);
    }
    assert_eq!(
        witness.add_checkpoint(&request(7, vec![], &note(ORIGIN, 7, theirs.root(), 9)), NOW).status,
        403
    );
    drop(witness);
    let kept = Folder::evidence(folder.path()).expect("read");
    let [Evidence { kind, origin, seen_s, notes, .. }] = &kept[..] else { panic!("{kept:?}") };
    assert_eq!((kind.as_str(), origin.as_str(), *seen_s), ("fork", ORIGIN, NOW.0));
    assert!(notes[0].starts_with(&ours.note()) && notes[1] == theirs.note());
    // The honest history goes on all the same.
    assert_eq!(open(folder.path()).add_checkpoint(&Tree::of(0, 9).from(7), NOW).status, 200);
}

/// One log that signed a thousand forks took the room of all others.
#[test]
fn evidence_has_a_bound_of_each_log_and_kind() {
    let folder = tempfile::tempdir().expect("a folder");
    made(folder.path());
    let kept = Folder::open(folder.path(), &own_key(), WitnessKind::Ordinary).expect("opens");
    let of_kind = |kind: &str, origin: &str, number: usize| Evidence {
        kind: kind.into(),
        origin: origin.into(),
        says: String::new(),
        seen_s: 1,
        notes: vec![format!("{number}\n")],
    };
    let of = |number| of_kind("fork", ORIGIN, number);
    let count = || Folder::evidence(folder.path()).expect("read").len();
    // The name that it had when all logs shared their room: it is the same evidence.
    let old = folder.path().join(format!("evidence/{}.json", sha256(&[b"fork\n", b"0\n"])));
    fs::write(&old, serde_json::to_vec(&of(0)).expect("JSON")).expect("written");
    kept.accuse(&of(0)).expect("kept before");
    assert_eq!(count(), 1);
    fs::remove_file(old).expect("removed");
    (0..EVIDENCE_FILES_MAX).for_each(|number| kept.accuse(&of(number)).expect("kept"));
    kept.accuse(&of(EVIDENCE_FILES_MAX)).expect("one past it is no fault");
    assert_eq!(count(), EVIDENCE_FILES_MAX);
    kept.accuse(&of_kind("fork", "another.example/log", 0)).expect("kept");
    kept.accuse(&of_kind("false", ORIGIN, 0)).expect("kept");
    assert_eq!(count(), EVIDENCE_FILES_MAX + 2, "another log and another kind have room of their own");
}

#[test]
fn what_was_kept_and_is_gone_or_damaged_is_no_new_beginning() {
    let folder = tempfile::tempdir().expect("a folder");
    made(folder.path());
    assert_eq!(open(folder.path()).add_checkpoint(&Tree::of(0, 7).from(0), NOW).status, 200);
    let path = file(folder.path(), "checkpoint");
    let whole = fs::read(&path).expect("a file");
    fs::remove_file(&path).expect("removed");
    assert!(matches!(try_open(folder.path()), Err(WitnessError::Folder(FolderError::Lost(_)))));
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, &bytes).expect("flipped");
        let opened = try_open(folder.path());
        assert!(matches!(opened, Err(WitnessError::Folder(FolderError::Damaged(_)))), "byte {at}");
        fs::write(&path, &whole[..at]).expect("cut");
        let opened = try_open(folder.path());
        assert!(matches!(opened, Err(WitnessError::Folder(FolderError::Damaged(_)))), "cut at {at}");
    }
    // A whole file that another key or log signed is damage too: its sum is not its witness.
    let other = note("another", 7, Hash([1; 32]), 1);
    fs::write(&path, format!("{}\n{other}", sha256(&[other.as_bytes()]))).expect("written");
    assert!(matches!(try_open(folder.path()), Err(WitnessError::Folder(FolderError::Damaged(_)))));
    fs::write(&path, &whole).expect("back");
    assert_eq!(open(folder.path()).add_checkpoint(&Tree::of(0, 9).from(7), NOW).status, 200);
}

#[test]
fn a_folder_is_one_witness_of_one_kind_in_one_process() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(
        matches!(try_open(folder.path()), Err(WitnessError::Folder(FolderError::None))),
        "never made by itself"
    );
    made(folder.path());
    let again = Folder::create(folder.path(), &own_key(), WitnessKind::Ordinary);
    assert!(matches!(again, Err(FolderError::Exists)));
    let other = VerifierKey::new(NAME, KeyKind::Cosignature, &signer(4).public_key()).expect("a key");
    let opened = Folder::open(folder.path(), &other, WitnessKind::Ordinary);
    assert!(matches!(opened, Err(FolderError::Other(_))));
    let opened = Folder::open(folder.path(), &own_key(), WitnessKind::Replaying);
    assert!(matches!(opened, Err(FolderError::Other(_))), "another statement under the same key");
    let held = open(folder.path());
    assert!(matches!(try_open(folder.path()), Err(WitnessError::Folder(FolderError::Held))));
    drop(held);
    let kept = Folder::open(folder.path(), &own_key(), WitnessKind::Ordinary).expect("opens");
    let same = VerifierKey::new(ORIGIN, KeyKind::Note, &signer(3).public_key()).expect("a key");
    let opened = Witness::new(kept, own_key(), Box::new(signer(3)), vec![same], None);
    assert!(matches!(opened, Err(WitnessError::KeyTaken)));
}

/// Whoever took both files of a log away had a second history cosigned.
#[test]
fn a_log_whose_files_are_both_gone_is_no_new_beginning() {
    let folder = tempfile::tempdir().expect("a folder");
    made(folder.path());
    let [checkpoint, mark] = ["checkpoint", "is-here"].map(|extension| file(folder.path(), extension));
    let list = folder.path().join("origins");
    let lost = || matches!(try_open(folder.path()), Err(WitnessError::Folder(FolderError::Lost(_))));
    assert_eq!(open(folder.path()).add_checkpoint(&Tree::of(0, 7).from(0), NOW).status, 200);
    let listed = fs::read(&list).expect("a list");
    assert_eq!(listed, format!("{}\n", sha256(&[ORIGIN.as_bytes()])).into_bytes());
    // A folder that was made before there was a list opens, and has one from the next cosignature on.
    fs::remove_file(&list).expect("removed");
    assert_eq!(open(folder.path()).add_checkpoint(&Tree::of(0, 9).from(7), NOW).status, 200);
    assert_eq!(fs::read(&list).expect("a list"), listed);
    fs::remove_file(&checkpoint).expect("removed");
    fs::remove_file(&list).expect("removed");
    assert!(lost(), "by the mark alone");
    fs::write(&list, &listed).expect("back");
    fs::remove_file(&mark).expect("removed");
    assert!(lost(), "by the list alone");
    for damaged in [&b""[..], b"origins\n", &listed[..64], &[&listed[..], b"x"].concat()] {
        fs::write(&list, damaged).expect("written");
        let opened = try_open(folder.path());
        assert!(matches!(opened, Err(WitnessError::Folder(FolderError::Damaged(path))) if path == list));
    }
}

/// The folder said for ever that it is that of nobody.
#[test]
fn a_crash_while_a_folder_is_made_leaves_no_witness() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("witness"), b"").expect("written");
    assert!(matches!(try_open(folder.path()), Err(WitnessError::Folder(FolderError::None))));
    made(folder.path());
    assert_eq!(open(folder.path()).add_checkpoint(&Tree::of(0, 7).from(0), NOW).status, 200);
    // Where something was cosigned no crash did that.
    fs::write(folder.path().join("witness"), b"").expect("written");
    assert!(matches!(try_open(folder.path()), Err(WitnessError::Folder(FolderError::Damaged(_)))));
    let again = Folder::create(folder.path(), &own_key(), WitnessKind::Replaying);
    assert!(matches!(again, Err(FolderError::Damaged(_))), "and not another kind under the same key");
}

/// It signed the far time again and again, and no ledger took it.
#[test]
fn a_clock_that_was_far_ahead_is_said_and_nothing_is_signed() {
    let folder = tempfile::tempdir().expect("a folder");
    made(folder.path());
    let witness = open(folder.path());
    let (seven, ahead) = (Tree::of(0, 7), Seconds(NOW.0 + SKEW_MAX.0 / 1_000));
    assert_eq!(cosigned(&witness.add_checkpoint(&seven.from(0), ahead), &seven.note()), ahead);
    assert_eq!(cosigned(&witness.add_checkpoint(&seven.from(7), NOW), &seven.note()), ahead, "at the bound");
    let said = witness.add_checkpoint(&seven.from(7), Seconds(NOW.0 - 1));
    assert_eq!((said.status, said.retry_after_s), (503, Some(1)), "one past it");
    assert_eq!(said.body, "the last cosignature is 301 s ahead of the clock\n");
    assert_eq!(
        witness.add_checkpoint(&Tree::of(1, 7).from(7), Seconds(NOW.0 - 1)).status,
        422,
        "a fork is one"
    );
    assert!(!witness.is_broken());
    assert_eq!(cosigned(&witness.add_checkpoint(&seven.from(7), NOW), &seven.note()), ahead);
}
