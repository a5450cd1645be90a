//! A ledger that is followed over restarts, crashes and lies (spec 22 §3).
#![cfg(feature = "server")]

#[allow(dead_code)]
#[path = "../../verifier/tests/verdict/newer.rs"]
mod newer;
#[allow(dead_code)]
#[path = "../../verifier/tests/verdict/scene.rs"]
mod scene;
#[allow(dead_code)]
#[path = "../../verifier/tests/verdict/trees.rs"]
mod trees;

use newer::*;
use remit::follow::{Follower, OpenError, TakeError};
use remit_verifier::code::Code;
use remit_verifier::state::{Life, Status};
use remit_verifier::types::*;
use remit_verifier::verify::FollowError;
use scene::*;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// Two states of one ledger, the second with a token revoked.
struct Two {
    folder: TempDir,
    scene: Scene,
    first: Later,
    second: Later,
}

fn two() -> Two {
    let scene = Scene::root();
    let built = scene.build();
    let first = Newer::new().whole(&built.state, &built.log);
    let state: Change<Vec<remit_verifier::state::Leaf>> =
        Box::new(|state| state[LEAF_ROOT].life = Life::Revoked);
    let second = Newer { state, committed: NOW_MS, ..Newer::new() }.since(&first);
    Two { folder: tempfile::tempdir().expect("a folder"), scene, first, second }
}

impl Two {
    fn open(&self) -> Result<Follower, OpenError> {
        Follower::open(self.folder.path(), LEDGER)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(LEDGER.to_string()).join(name)
    }

    fn take(&self, follower: &Follower, update: &[u8]) -> Result<u64, TakeError> {
        follower.take(&self.scene.policy(), update, NOW_MS).map(|state| state.head().size.0)
    }

    fn refused(&self, follower: &Follower, update: &[u8]) -> FollowError {
        match self.take(follower, update) {
            Err(TakeError::Refused(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    /// An update since the first state to another log than the second's, larger by `more`.
    fn other(&self, more: usize) -> Vec<u8> {
        let mut log = self.first.log.clone();
        log[1] = b"another outcome".to_vec();
        log.splice(1..1, vec![b"more".to_vec(); more]);
        let since = self.first.log.len() as u64;
        let parts: Change<Told> = Box::new(move |told| (told.since, told.whole) = (since, false));
        let log: Change<Vec<Vec<u8>>> = Box::new(move |own| *own = log.clone());
        Newer { parts, log, ..Newer::new() }.whole(&self.first.state, &self.first.log).update
    }
}

#[test]
fn it_goes_on_where_it_was_and_never_back() {
    let two = two();
    let follower = two.open().expect("opens");
    assert_eq!((follower.since(), follower.state().is_none()), (TreeSize(0), true));
    let first = two.take(&follower, &two.first.update).expect("taken");
    drop(follower);
    let follower = two.open().expect("opens");
    assert_eq!(follower.since().0, first);
    let second = two.take(&follower, &two.second.update).expect("taken");
    assert!(second > first);
    let state = follower.state().expect("a state");
    assert_eq!(fs::read(two.path("newest")).expect("kept"), state.snapshot());
    drop(follower);
    let follower = two.open().expect("opens");
    assert_eq!(follower.state().as_deref(), Some(&*state));
    assert_eq!(state.status(StateIndex(LEAF_ROOT as u64)), Some(Status::Over));
    let not_since = |theirs| FollowError::NotSince { ours: TreeSize(second), theirs: TreeSize(theirs) };
    assert_eq!(two.refused(&follower, &two.second.update), not_since(first));
    assert_eq!(two.refused(&follower, &two.first.update), not_since(0));
    assert_eq!(follower.since().0, second);
}

#[test]
fn a_fork_is_kept_and_nothing_more_is_accepted() {
    let two = two();
    let follower = two.open().expect("opens");
    two.take(&follower, &two.first.update).expect("taken");
    let before = follower.state();
    assert_eq!(two.refused(&follower, &two.other(0)), FollowError::Fork);
    let proof = fs::read_to_string(two.path("fork")).expect("both notes");
    assert_eq!(proof.matches(&format!("{ORIGIN}\n")).count(), 2, "{proof}");
    let roots = [&two.first.log, &{
        let mut log = two.first.log.clone();
        log[1] = b"another outcome".to_vec();
        log
    }]
    .map(|log| base64(&trees::root(log)));
    assert!(roots.iter().all(|root| proof.contains(root)), "{proof}");
    let still = |follower: &Follower| {
        assert_eq!(follower.state(), before, "what was accepted stays");
        let refused = two.take(follower, &two.second.update);
        assert!(matches!(&refused, Err(TakeError::Forked(Some(path))) if *path == two.path("fork")));
    };
    still(&follower);
    drop(follower);
    still(&two.open().expect("opens"));
    // Whoever has looked at it, and goes on, takes the proof away.
    fs::remove_file(two.path("fork")).expect("removed");
    two.take(&two.open().expect("opens"), &two.second.update).expect("taken");
}

/// The disk was full: nothing was said, and a restart went on.
#[test]
fn a_fork_whose_proof_cannot_be_written_is_said_and_stays() {
    let two = two();
    let follower = two.open().expect("opens");
    two.take(&follower, &two.first.update).expect("taken");
    // A folder where the new file is to be written.
    fs::create_dir(two.path("fork.new")).expect("a folder");
    let taken = two.take(&follower, &two.other(0));
    assert!(matches!(taken, Err(TakeError::NotKept(FollowError::Fork, _))), "{taken:?}");
    let still = |follower: &Follower| {
        let taken = two.take(follower, &two.second.update);
        assert!(matches!(taken, Err(TakeError::Forked(Some(_)))), "{taken:?}");
    };
    still(&follower);
    drop(follower);
    assert_eq!(fs::read(two.path("fork")).expect("a mark"), b"");
    still(&two.open().expect("opens"));
}

fn base64(hash: &Hash) -> String {
    use base64ct::{Base64, Encoding as _};
    Base64::encode_string(&hash.0)
}

#[test]
fn what_is_not_proved_to_go_on_is_kept_and_the_next_may_be_good() {
    let two = two();
    let follower = two.open().expect("opens");
    two.take(&follower, &two.first.update).expect("taken");
    let doubts = || -> Vec<PathBuf> {
        let all = fs::read_dir(two.path("")).expect("a folder").flatten();
        let doubts = all.filter(|entry| entry.file_name().to_string_lossy().starts_with("doubt-"));
        doubts.map(|entry| entry.path()).collect()
    };
    for _ in 0..3 {
        assert_eq!(two.refused(&follower, &two.other(2)), FollowError::NotConsistent);
        assert_eq!(doubts().len(), 1, "the same is kept once");
    }
    let notes = fs::read_to_string(&doubts()[0]).expect("both notes");
    for more in 3..70 {
        assert_eq!(two.refused(&follower, &two.other(more)), FollowError::NotConsistent);
        assert_eq!(doubts().len(), (more - 1).min(64));
    }
    assert_eq!(notes.matches(&format!("{ORIGIN}\n")).count(), 2);
    two.take(&follower, &two.second.update).expect("taken");
}

#[test]
fn what_is_lost_or_damaged_is_not_begun_anew() {
    let two = two();
    let follower = two.open().expect("opens");
    two.take(&follower, &two.first.update).expect("taken");
    assert!(matches!(two.open(), Err(OpenError::Held)));
    drop(follower);
    let kept = fs::read(two.path("newest")).expect("kept");
    for at in [0, 40, kept.len() / 2, kept.len() - 1] {
        let mut bytes = kept.clone();
        bytes[at] ^= 1;
        fs::write(two.path("newest"), bytes).expect("written");
        // A bit of the note's signature is the policy's to see; everything else is proved.
        match two.open() {
            Err(OpenError::Damaged(_)) => {}
            Ok(follower) => {
                let state = follower.state().expect("a state");
                let checked =
                    remit_verifier::verify::Followed::begin(&two.scene.policy(), &state.snapshot(), NOW_MS);
                assert_eq!(checked, Err(FollowError::Refused(Code::BadCheckpoint)), "byte {at}");
            }
            Err(error) => panic!("byte {at}: {error}"),
        }
    }
    fs::remove_file(two.path("newest")).expect("removed");
    assert!(matches!(two.open(), Err(OpenError::Lost)));
    fs::write(two.path("newest"), &kept).expect("written");
    let other = Follower::open(two.folder.path(), LedgerId([1; 32])).expect("another ledger");
    assert_eq!(other.since(), TreeSize(0));
    drop(other);
    fs::rename(two.path(""), two.folder.path().join(LedgerId([2; 32]).to_string())).expect("renamed");
    let moved = Follower::open(two.folder.path(), LedgerId([2; 32]));
    assert!(matches!(moved, Err(OpenError::Damaged(FollowError::Refused(Code::WrongLedger)))));
}

#[test]
fn what_cannot_be_kept_is_not_decided_by() {
    let two = two();
    let follower = two.open().expect("opens");
    two.take(&follower, &two.first.update).expect("taken");
    let before = follower.state();
    // A folder where the new file is to be written.
    fs::create_dir(two.path("newest.new")).expect("a folder");
    assert!(matches!(two.take(&follower, &two.second.update), Err(TakeError::Io(_))));
    assert_eq!(follower.state(), before);
    fs::remove_dir(two.path("newest.new")).expect("removed");
    two.take(&follower, &two.second.update).expect("taken");
}

#[test]
fn of_another_ledger_nothing_is_begun() {
    let two = two();
    let follower = Follower::in_memory(LedgerId([1; 32]));
    assert_eq!(two.refused(&follower, &two.first.update), FollowError::Refused(Code::WrongLedger));
    assert_eq!(follower.since(), TreeSize(0));
}
