//! What is kept before it is answered, and what happens when it is not there any more.

use crate::*;
use remit::witness::{EVIDENCE_FILES_MAX, Evidence, FolderError, WitnessError};
use remit_verifier::hash::sha256;
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

#[test]
fn evidence_has_a_bound() {
    let folder = tempfile::tempdir().expect("a folder");
    made(folder.path());
    let kept = Folder::open(folder.path(), &own_key(), WitnessKind::Ordinary).expect("opens");
    let of = |number: usize| Evidence {
        kind: "fork".into(),
        origin: ORIGIN.into(),
        says: String::new(),
        seen_s: 1,
        notes: vec![format!("{number}\n")],
    };
    (0..EVIDENCE_FILES_MAX).for_each(|number| kept.accuse(&of(number)).expect("kept"));
    kept.accuse(&of(EVIDENCE_FILES_MAX)).expect("one past it is no fault");
    assert_eq!(Folder::evidence(folder.path()).expect("read").len(), EVIDENCE_FILES_MAX);
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
