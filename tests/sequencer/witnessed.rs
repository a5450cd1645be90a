//! A ledger with witnesses: what is published meets the quorum, and nobody else waits for it.

use crate::house::*;
use remit::engine::Answer;
use remit::ledger::{Reach, Service, Settings, SubmitError, Submitted, Told, Wait, Witnesses};
use remit::store::SharedMemory;
use remit::witness::{Answer as Word, Latest, decide as judge, receive};
use remit_verifier::c2sp::{Checkpoint, KeyKind, SignedNote, Trust, TrustError, VerifierKey};
use remit_verifier::merkle::TreeHead;
use remit_verifier::sign::{Signer, cosign, sign_checkpoint};
use remit_verifier::types::{Hash, Millis, TreeSize};
use std::sync::{Arc, Condvar, Mutex};

const WAIT: Millis = Millis(5_000);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    Good,
    /// Its signature is over something else.
    WrongSignature,
    /// It says that there is another root, and shows nothing.
    Claims,
    /// It takes a request and never answers.
    Dead,
}

/// A witness in memory that decides as a real one.
struct Fake {
    name: String,
    time: Time,
    log: VerifierKey,
    mood: Mutex<Mood>,
    changed: Condvar,
    latest: Mutex<Option<Latest>>,
    /// What it shows instead of what it cosigned.
    shown: Mutex<String>,
    asked: Mutex<usize>,
    caught: Mutex<Vec<String>>,
}

impl Fake {
    fn key(&self) -> VerifierKey {
        VerifierKey::new(&self.name, KeyKind::Cosignature, &key(&self.name).public_key()).expect("a key")
    }

    fn become_(&self, mood: Mood) {
        *self.mood.lock().expect("not poisoned") = mood;
        self.changed.notify_all();
    }
}

impl Reach for Fake {
    fn add_checkpoint(&self, body: &[u8]) -> Result<Told, String> {
        *self.asked.lock().expect("not poisoned") += 1;
        let mood = self.mood.lock().expect("not poisoned");
        let was_dead = *mood == Mood::Dead;
        let mood = *self.changed.wait_while(mood, |mood| *mood == Mood::Dead).expect("not poisoned");
        if was_dead {
            return Err("the connection broke".into());
        }
        let said = |status, body: String| Ok(Told { status, body: body.into_bytes() });
        if mood == Mood::Claims {
            return said(422, "fork: another root was cosigned at this size\n".into());
        }
        let request = receive(body, std::slice::from_ref(&self.log)).expect("a good request");
        let mut latest = self.latest.lock().expect("not poisoned");
        match judge(&request, latest.as_ref(), self.time.now().seconds()).answer {
            Word::Cosign(time) => {
                *latest =
                    Some(Latest { head: TreeHead { size: request.size(), root: request.root() }, time });
                // A line of its own that says something else.
                let other = Checkpoint::new(request.origin(), request.size(), Hash([9; 32])).expect("one");
                let other = sign_checkpoint(&key("log"), &other).expect("a note");
                let other = SignedNote::parse(other.as_bytes()).expect("a note");
                let note = if mood == Mood::Good { request.note() } else { &other };
                said(200, cosign(&key(&self.name), &self.name, note, time).expect("cosigned"))
            }
            Word::OtherSize(size) => said(409, format!("{size}\n")),
            other => said(other.status(), other.name().into()),
        }
    }

    fn checkpoint(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.shown.lock().expect("not poisoned").clone().into_bytes())
    }

    fn caught(&self, note: &str, says: &str) {
        assert_eq!(note, *self.shown.lock().expect("not poisoned"));
        self.caught.lock().expect("not poisoned").push(says.into());
    }
}

/// Three witnesses and the quorum that they must come to.
struct Scene {
    time: Time,
    fakes: Vec<Arc<Fake>>,
    lines: String,
}

impl Scene {
    fn new(quorum: &str) -> Self {
        let time = Time::at(START);
        let log =
            VerifierKey::new(&genesis().origin, KeyKind::Note, &key("log").public_key()).expect("a key");
        let fake = |number: u8| {
            Arc::new(Fake {
                name: format!("witness.example/{number}"),
                time: time.clone(),
                log: log.clone(),
                mood: Mutex::new(Mood::Good),
                changed: Condvar::new(),
                latest: Mutex::default(),
                shown: Mutex::default(),
                asked: Mutex::default(),
                caught: Mutex::default(),
            })
        };
        let fakes: Vec<Arc<Fake>> = (0..3).map(fake).collect();
        let mut lines = String::new();
        for (number, fake) in fakes.iter().enumerate() {
            lines.push_str(&format!("witness w{number} {}\n", fake.key()));
        }
        let lines = match quorum {
            "none" => format!("{lines}quorum none\n"),
            count => format!("{lines}group g {count} w0 w1 w2\nquorum g\n"),
        };
        Self { time, fakes, lines }
    }

    fn settings(&self) -> Settings {
        let reach = self.fakes.iter().map(|fake| fake.clone() as Arc<dyn Reach>).collect();
        let trust = Trust::parse(self.lines.as_bytes()).expect("trust");
        let witnesses = Some(Arc::new(Witnesses { trust, reach, wait: WAIT }));
        Settings { witnesses, ..self.time.settings() }
    }

    fn house(&self) -> House {
        House::with(self.settings(), self.time.clone())
    }

    /// The trust of a verifier with this quorum.
    fn trust(&self, service: &Service) -> Trust {
        let log = service.verifier_key().expect("a key");
        Trust::parse(format!("log {log}\n{}", self.lines).as_bytes()).expect("trust")
    }

    fn accepts(&self, service: &Service) -> Result<usize, TrustError> {
        let note = service.snapshot().version().note.clone();
        let accepted = self.trust(service).accept(note.as_bytes(), self.time.now(), Millis(0))?;
        Ok(accepted.cosigners().len())
    }

    fn moods(&self, moods: [Mood; 3]) {
        self.fakes.iter().zip(moods).for_each(|(fake, mood)| fake.become_(mood));
    }
}

/// Submits in another thread, and passes time until it is answered.
fn submit_and_wait(house: &mut House, amount: u64) -> Result<Submitted, SubmitError> {
    let ready = house.reserve(amount);
    let (service, time) = (house.service.clone(), house.time.clone());
    std::thread::scope(|scope| {
        let before = service.sizes().signed.size;
        let asked = scope.spawn(|| service.submit_wait(vec![ready.bytes.clone()], Wait::Published));
        until(|| service.sizes().signed.size > before || asked.is_finished());
        if !asked.is_finished() {
            time.advance(WAIT.0 - 1);
            std::thread::sleep(std::time::Duration::from_millis(120));
            assert!(!asked.is_finished(), "it is waited for as long as was said");
            time.advance(1);
        }
        asked.join().expect("no panic").map(|answers| answers.into_iter().next().expect("one"))
    })
}

#[test]
fn what_is_published_meets_the_quorum_though_one_lies_and_one_is_dead() {
    let scene = Scene::new("1");
    let mut house = scene.house();
    scene.moods([Mood::Good, Mood::WrongSignature, Mood::Dead]);
    for amount in 1..=20 {
        let ready = house.reserve(amount);
        let submitted = house.submit(&ready).expect("proved in time");
        let version = submitted.version.expect("the version that proves it");
        let trust = scene.trust(&house.service);
        trust.accept(version.note.as_bytes(), scene.time.now(), Millis(0)).expect("meets the quorum");
    }
    let presentation = house.service.snapshot().presentation(&house.token, &[], Some(&house.unit));
    assert!(presentation.is_ok());
    let standing = house.service.witnesses();
    assert_eq!(standing[0].size, house.service.sizes().published.size);
    assert!(standing[1].failures > 0);
    assert_eq!(standing[1].trouble.as_deref(), Some("its signature does not verify"));
    scene.moods([Mood::Good; 3]);
}

#[test]
fn without_a_quorum_it_is_durable_and_said_to_be_no_more() {
    let scene = Scene::new("2");
    let mut house = scene.house();
    assert!(scene.accepts(&house.service).expect("all were good") >= 2);
    let before = house.service.sizes().published;
    scene.moods([Mood::Good, Mood::WrongSignature, Mood::Dead]);
    assert_eq!(submit_and_wait(&mut house, 1).expect_err("not yet"), SubmitError::NotWitnessed);
    let sizes = house.service.sizes();
    assert_eq!((sizes.published, sizes.signed), (before, sizes.durable), "readers stay where the quorum was");
    assert!(sizes.signed.size > before.size);
    assert!(scene.accepts(&house.service).is_ok(), "what is presented meets the quorum");
    // Who waits for no witness is answered, and so is who is refused.
    let ready = house.reserve(2);
    let durable = house.service.submit_wait(vec![ready.bytes.clone()], Wait::Durable).expect("answered");
    assert!(matches!(durable[0].answer, Answer::Applied(_)));
    // The dead one comes back: the same bytes are proved.
    scene.moods([Mood::Good, Mood::WrongSignature, Mood::Good]);
    until(|| house.service.sizes().published == house.service.sizes().signed);
    let again = house.submit(&ready).expect("proved");
    assert!(matches!(again.answer, Answer::Replayed(_)) && again.version.is_some());
    assert_eq!(scene.accepts(&house.service), Ok(2));
    house.replays();
}

#[test]
fn with_no_quorum_it_is_published_at_once_and_lines_come_later() {
    let scene = Scene::new("none");
    let mut house = scene.house();
    scene.moods([Mood::Dead; 3]);
    let ready = house.reserve(1);
    assert!(house.submit(&ready).is_ok(), "nobody is waited for");
    assert_eq!(house.service.sizes().published, house.service.sizes().signed);
    scene.moods([Mood::Good, Mood::Good, Mood::WrongSignature]);
    until(|| scene.accepts(&house.service) == Ok(2));
    house.replays();
}

#[test]
fn an_idle_ledger_stays_fresh_by_its_heart() {
    let scene = Scene::new("2");
    let house = scene.house();
    let trust = scene.trust(&house.service);
    let evidence = || {
        let note = house.service.snapshot().version().note.clone();
        trust.accept(note.as_bytes(), scene.time.now(), Millis(0)).expect("accepted").evidence_time()
    };
    assert_eq!(evidence(), Some(START));
    scene.time.advance(HEARTBEAT.0);
    house.service.wake();
    until(|| evidence() == Some(Millis(START.0 + HEARTBEAT.0)));
}

#[test]
fn a_ledger_that_starts_again_goes_on_where_its_witnesses_are() {
    let scene = Scene::new("3");
    let house = scene.house();
    house.service.shutdown();
    scene.fakes[0].become_(Mood::Dead);
    let before = house.service.sizes().published.size;
    let store = SharedMemory::new(house.store.kept());
    let service = start(&store, scene.settings()).expect("starts");
    let mut house = house.move_to(store, service);
    assert!(!house.service.is_witnessed(), "what is shown before is the log's word alone");
    scene.fakes[0].become_(Mood::Good);
    until(|| scene.accepts(&house.service) == Ok(3));
    assert!(house.service.is_witnessed());
    let ready = house.reserve(1);
    house.apply(&ready);
    assert!(house.service.sizes().published.size > before);
    assert_eq!(scene.accepts(&house.service), Ok(3));
    let failures: Vec<u64> = house.service.witnesses().iter().map(|it| it.failures).collect();
    assert_eq!(failures[1..], [0, 0], "a 409 is no failure");
}

#[test]
fn another_history_is_evidence_only_if_our_own_key_signed_it() {
    let scene = Scene::new("1");
    let house = scene.house();
    let origin = genesis().origin;
    let note = |size: u64, by: &str| {
        let checkpoint = Checkpoint::new(&origin, TreeSize(size), Hash([9; 32])).expect("a checkpoint");
        sign_checkpoint(&key(by), &checkpoint).expect("a note")
    };
    let fake = &scene.fakes[1];
    let trouble = |part: &str| {
        house.service.beat();
        until(|| {
            let standing = house.service.witnesses();
            standing[1].trouble.as_deref().is_some_and(|trouble| trouble.contains(part))
        });
    };
    let show = |note: String| *fake.shown.lock().expect("not poisoned") = note;
    fake.become_(Mood::Claims);
    trouble("shows no note");
    show(note(3, "somebody else"));
    trouble("nothing that we signed");
    show(house.service.snapshot().version().note.to_string());
    trouble("shows what we signed");
    assert!(!house.service.witnesses()[1].other_history, "what it says is no evidence");
    assert!(fake.caught.lock().expect("not poisoned").is_empty());
    show(note(3, "log"));
    trouble("another root at size 3");
    assert!(house.service.witnesses()[1].other_history);
    show(note(1_000_000, "log"));
    trouble("1000000 entries, which this ledger does not have");
    assert!(fake.caught.lock().expect("not poisoned").len() >= 2);
}

#[test]
fn many_submit_at_once_and_every_version_that_readers_see_is_cosigned() {
    let scene = Scene::new("2");
    let mut house = scene.house();
    scene.fakes[2].become_(Mood::Dead);
    let all: Vec<_> = (1..=200).map(|amount| house.reserve(amount)).collect();
    let trust = scene.trust(&house.service);
    let (service, now) = (&house.service, scene.time.now());
    std::thread::scope(|scope| {
        for part in all.chunks(25) {
            scope.spawn(move || {
                for ready in part {
                    let answer = service.submit_wait(vec![ready.bytes.clone()], Wait::Published);
                    let answer = answer.expect("proved").remove(0);
                    assert!(matches!(answer.answer, Answer::Applied(_)));
                }
            });
        }
        for _ in 0..200 {
            let snapshot = service.snapshot();
            trust.accept(snapshot.version().note.as_bytes(), now, Millis(0)).expect("meets the quorum");
            let presentation = snapshot.presentation(&house.token, &[], Some(&house.unit));
            assert!(presentation.is_ok(), "and can still be proved under");
        }
    });
    scene.fakes[2].become_(Mood::Good);
    house.replays();
}
