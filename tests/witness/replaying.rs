//! A replaying witness: cosigns what the rules make, and nothing else, whatever the log signs.

use crate::log::Log;
use crate::world::{World, key};
use crate::{NOW, request, signer};
use remit::store::StoredEntry;
use remit::tree::Frontier;
use remit::witness::{Folder, Replaying, Reply, Source, Witness, WitnessKind};
use remit_verifier::c2sp::{Checkpoint, KeyKind, VerifierKey};
use remit_verifier::hash::leaf_hash;
use remit_verifier::limits::{BATCH_OPERATIONS_MAX, EXPIRIES_PER_BATCH_MAX};
use remit_verifier::object::Kind;
use remit_verifier::sign::{Signer as _, sign_checkpoint};
use remit_verifier::types::{Hash, TreeSize};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const ORIGIN: &str = "remit.example/test";
const NAME: &str = "witness.example/replaying";

type Change = Box<dyn Fn(&mut Log)>;

/// What the ledger shows: a log that can be exchanged, or nothing.
#[derive(Clone)]
struct Shown(Arc<Mutex<Option<Log>>>);

impl Source for Shown {
    fn entries(&mut self, from: u64, limit: u64) -> Result<Vec<StoredEntry>, String> {
        let shown = self.0.lock().expect("not poisoned");
        let log = shown.as_ref().ok_or("nobody answers")?;
        let rows = log.0.iter().skip(from as usize).take(limit as usize);
        Ok(rows
            .map(|row| StoredEntry {
                entry: row.entry.clone(),
                object: row.object.clone(),
                details: row.details.clone(),
            })
            .collect())
    }
}

struct Scene {
    folder: tempfile::TempDir,
    shown: Shown,
    witness: Witness,
}

impl Scene {
    fn new(log: Option<&Log>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let own = VerifierKey::new(NAME, KeyKind::Cosignature, &signer(3).public_key()).expect("a key");
        let of_log = VerifierKey::new(ORIGIN, KeyKind::Note, &key("log").public_key()).expect("a key");
        Folder::create(folder.path(), &own, WitnessKind::Replaying).expect("made");
        let kept = Folder::open(folder.path(), &own, WitnessKind::Replaying).expect("opens");
        let shown = Shown(Arc::new(Mutex::new(log.cloned())));
        let replaying = Replaying::start(Box::new(shown.clone()), vec![of_log.clone()]).expect("a thread");
        let witness = Witness::new(kept, own, Box::new(signer(3)), vec![of_log], Some(replaying));
        Self { folder, shown, witness: witness.expect("starts") }
    }

    /// Shows its whole log as a new one, signed by the log's key.
    fn ask(&self, signed: &Log) -> Reply {
        self.witness.add_checkpoint(&request(0, Vec::new(), &note(signed)), NOW)
    }

    fn show(&self, log: &Log) {
        *self.shown.0.lock().expect("not poisoned") = Some(log.clone());
    }

    fn evidence(&self) -> Vec<String> {
        let all = Folder::evidence(self.folder.path()).expect("read");
        all.into_iter().map(|evidence| format!("{}: {}", evidence.kind, evidence.says)).collect()
    }
}

fn root(log: &Log) -> Hash {
    let mut tree = Frontier::new();
    log.0.iter().for_each(|row| tree.push(leaf_hash(&row.entry)));
    tree.root()
}

fn note(log: &Log) -> String {
    let checkpoint = Checkpoint::new(ORIGIN, TreeSize(log.0.len() as u64), root(log)).expect("one");
    sign_checkpoint(&key("log"), &checkpoint).expect("a note")
}

/// A ledger on which something was spent.
fn story() -> Log {
    let mut world = World::new();
    let token = world.root("alice", 100);
    world.reserve(token, "alice", 60).expect("reserved");
    Log::of(&world.ledger)
}

#[test]
fn an_honest_log_is_cosigned_once_it_was_computed_again() {
    let log = story();
    let scene = Scene::new(Some(&log));
    assert_eq!(scene.ask(&log).status, 200);
    assert_eq!(scene.witness.replayed(), Some((log.0.len() as u64, None)));
    assert!(scene.evidence().is_empty());
    let again = scene.witness.add_checkpoint(&request(log.0.len() as u64, vec![], &note(&log)), NOW);
    assert_eq!(again.status, 200, "a refresh needs nothing new");
}

#[test]
fn a_log_that_grows_goes_on_from_what_was_computed() {
    let mut world = World::new();
    let token = world.root("alice", 100);
    let before = Log::of(&world.ledger);
    let scene = Scene::new(Some(&before));
    assert_eq!(scene.ask(&before).status, 200);
    world.reserve(token, "alice", 60).expect("reserved");
    let after = Log::of(&world.ledger);
    scene.show(&after);
    let (old, new) = (before.0.len() as u64, after.0.len() as u64);
    let path = world.ledger.snapshot().consistency(TreeSize(old), TreeSize(new)).expect("a proof");
    assert_eq!(scene.witness.add_checkpoint(&request(old, path, &note(&after)), NOW).status, 200);
}

#[test]
fn a_false_state_root_in_an_honest_looking_log_is_never_cosigned() {
    let mut log = story();
    let last = log.0.len() - 1;
    log.change_commitment(last, |commitment| commitment.state_root.0[0] ^= 1);
    let scene = Scene::new(Some(&log));
    let reply = scene.ask(&log);
    assert_eq!(reply.status, 503, "{}", reply.body);
    assert_eq!(reply.retry_after_s, Some(1));
    let said = format!("false: entry {last} commits to other roots than the rules lead to");
    assert_eq!(scene.evidence(), [said]);
    // The ledger says nothing of it any more: this process has seen it.
    let honest = story();
    scene.show(&honest);
    assert_eq!(scene.ask(&honest).status, 503);
    assert_eq!(scene.evidence().len(), 1);
}

#[test]
fn every_root_and_every_outcome_is_computed() {
    let good = story();
    let (last, reserve) = (good.0.len() - 1, good.first(Kind::Reserve));
    let lies: [fn(&mut Log, usize, usize); 4] = [
        |log, last, _| log.change_commitment(last, |commitment| commitment.status_root.0[0] ^= 1),
        |log, last, _| log.change_commitment(last, |commitment| commitment.state_size.0 += 1),
        |log, _, reserve| log.change_outcome(reserve, |outcome| outcome.details.0[0] ^= 1),
        |log, last, _| {
            log.0.remove(last);
        },
    ];
    for lie in lies {
        let mut log = good.clone();
        lie(&mut log, last, reserve);
        let scene = Scene::new(Some(&log));
        assert_eq!(scene.ask(&log).status, 503);
        assert_eq!(scene.evidence().len(), 1, "{:?}", scene.evidence());
    }
}

#[test]
fn nobody_is_accused_by_what_nobody_signed() {
    let good = story();
    let reserve = good.first(Kind::Reserve);
    let last = good.0.len() - 1;
    let other_object = good.0[good.first(Kind::Party)].object.clone();
    let shown: [Change; 5] = [
        Box::new(move |log| log.0[reserve].object = None),
        // A signature that does not verify, on what the entry names.
        Box::new(move |log| {
            let object = log.0[reserve].object.as_mut().expect("an object");
            let last = object.len() - 3;
            object[last] ^= 1;
        }),
        Box::new(move |log| log.0[reserve].object = other_object.clone()),
        // A false entry that is not under the checkpoint.
        Box::new(move |log| log.change_commitment(last, |commitment| commitment.state_root.0[0] ^= 1)),
        Box::new(|log| log.0.truncate(2)),
    ];
    for change in shown {
        let mut log = good.clone();
        change(&mut log);
        let scene = Scene::new(Some(&log));
        let reply = scene.ask(&good);
        assert_eq!(reply.status, 503, "{}", reply.body);
        assert!(scene.evidence().is_empty(), "{:?}", scene.evidence());
        scene.show(&good);
        let cosigned = (0..100).any(|_| scene.ask(&good).status == 200);
        assert!(cosigned, "what is shown as it was signed is computed, and cosigned");
    }
}

#[test]
fn a_ledger_that_shows_nothing_is_not_cosigned() {
    let log = story();
    let scene = Scene::new(None);
    let reply = scene.ask(&log);
    assert_eq!((reply.status, reply.body.as_str()), (503, "not computed again yet: nobody answers\n"));
}

#[test]
fn a_pruned_ledger_is_never_cosigned_by_who_begins_on_it() {
    let log = story();
    let mut pruned = log.clone();
    let first = pruned.0.iter().position(|row| row.object.is_some()).expect("an object");
    pruned.0.iter_mut().take(first + 3).for_each(|row| (row.object, row.details) = (None, None));
    let scene = Scene::new(Some(&pruned));
    for _ in 0..2 {
        let reply = scene.ask(&log);
        assert_eq!(reply.status, 503);
        assert!(reply.body.contains(&format!("not_covered: the object of entry {first}")), "{}", reply.body);
    }
    assert!(scene.evidence().is_empty(), "it is no lie");
    scene.show(&log);
    assert_eq!(scene.ask(&log).status, 200, "once all is shown");
}

#[test]
fn a_checkpoint_over_half_a_batch_is_a_lie() {
    let mut half = story();
    half.0.truncate(half.0.len() - 1);
    let scene = Scene::new(Some(&half));
    assert_eq!(scene.ask(&half).status, 503);
    assert_eq!(scene.evidence().len(), 1);
}

/// Each request had the log to itself while it waited: whoever came behind it waited too, and who asked how it stands.
#[test]
fn nobody_waits_for_what_others_want_computed() {
    let (log, scene) = (&story(), &Scene::new(None));
    let ((told, heard), (shown, seen)) = (channel(), channel());
    thread::scope(|scope| {
        for _ in 0..8 {
            let told = told.clone();
            scope.spawn(move || told.send(scene.ask(log).status));
        }
        thread::sleep(Duration::from_millis(200));
        scope.spawn(move || shown.send(scene.witness.standings().len()));
        assert_eq!(seen.recv_timeout(Duration::from_millis(1_500)), Ok(1));
        assert_eq!(heard.recv(), Ok(503));
        for _ in 1..8 {
            assert_eq!(heard.recv_timeout(Duration::from_millis(1_500)), Ok(503), "one after another");
        }
    });
}

#[test]
fn what_was_decided_before_it_waited_is_decided_again() {
    let mut world = World::new();
    let token = world.root("alice", 100);
    let before = Log::of(&world.ledger);
    world.reserve(token, "alice", 60).expect("reserved");
    let (before, after, scene) = (&before, &Log::of(&world.ledger), &Scene::new(None));
    let mut statuses = thread::scope(|scope| {
        // Both would be cosigned by what is known now, and both are known to be good at once.
        let small = scope.spawn(move || scene.ask(before).status);
        thread::sleep(Duration::from_millis(300));
        let large = scope.spawn(move || scene.ask(after).status);
        thread::sleep(Duration::from_millis(300));
        scene.show(after);
        [small, large].map(|one| one.join().expect("no panic"))
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "the other one does not go on from it");
}

/// A ledger that shows no end of a batch filled the memory, by what nobody had signed.
#[test]
fn a_batch_without_an_end_is_not_gathered() {
    let good = story();
    let (first, again) = (good.0.len(), good.0[good.first(Kind::Reserve)].clone());
    let said = |more: usize| {
        let mut log = good.clone();
        log.0.extend(std::iter::repeat_n(again.clone(), more));
        let scene = Scene::new(Some(&log));
        assert_eq!(scene.ask(&log).status, 503);
        scene.evidence()
    };
    let most = EXPIRIES_PER_BATCH_MAX + BATCH_OPERATIONS_MAX + 1;
    assert_eq!(said(most), [format!("false: no commitment follows from entry {first} on")]);
    assert_eq!(said(most + 1), [format!("false: the batch that begins with entry {first} is too long")]);
}
