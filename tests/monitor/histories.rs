//! One log, two histories: shown by one ledger or by two mirrors, at one size or at several, now or after a restart.

use crate::log::Log;
use crate::shown::*;
use crate::world::World;
use remit::audit::monitor::{
    Event, EventCode, Evidence, EvidenceError, Fact, Interests, Monitor, Remembered,
};
use remit_verifier::hash::leaf_hash;
use remit_verifier::types::{EntryIndex, Hash, ObjectId, TreeSize};

/// Two ledgers of one log key and one beginning, that differ from an entry on: the place, and what each goes on to.
struct Fork {
    one: World,
    other: World,
    place: u64,
    tokens: [ObjectId; 2],
}

impl Fork {
    fn new() -> Self {
        let [(mut one, a), (mut other, b)] = [with_a_token(), with_a_token()];
        assert_eq!(Log::of(&one.ledger).0.len(), Log::of(&other.ledger).0.len());
        let place = one.ledger.store().len();
        one.reserve(a, "alice", 60).expect("reserved");
        other.reserve(b, "alice", 61).expect("reserved");
        Self { one, other, place, tokens: [a, b] }
    }

    fn logs(&self) -> [Log; 2] {
        [Log::of(&self.one.ledger), Log::of(&self.other.ledger)]
    }

    fn grow(&mut self, one: usize, other: usize) {
        for (world, token, count) in
            [(&mut self.one, self.tokens[0], one), (&mut self.other, self.tokens[1], other)]
        {
            for _ in 0..count {
                world.reserve(token, "alice", 1).expect("reserved");
            }
        }
    }

    /// What is said of the second history, which is proved.
    fn is_caught(&self, events: &[Event]) {
        assert_eq!(said(events), [(EventCode::TwoHistories, Some(self.place))]);
        let [one, other] = self.logs();
        let place = self.place as usize;
        let event = &events[0];
        assert_eq!(event.computed, Some(Fact::Leaf(leaf_hash(&one.0[place].entry))));
        assert_eq!(event.stated, Some(Fact::Entry(other.0[place].entry.clone())));
        assert_eq!(event.notes, [note(&one), note(&other)]);
        let evidence = Evidence::of(event);
        assert_eq!(evidence.prove(&trust(), self.one.now), Ok(EntryIndex(self.place)));
    }
}

#[test]
fn two_mirrors_that_show_two_histories_of_one_size_are_caught() {
    let fork = Fork::new();
    let [one, other] = fork.logs();
    let mut monitor = monitor(&one);
    assert_eq!(round(&mut monitor, &Server::of(&one), fork.one.now), []);
    let mirror = Server::at("https://mirror.example", &other);
    let events = round(&mut monitor, &mirror, fork.one.now);
    fork.is_caught(&events);
    assert_eq!(events[0].source, "https://mirror.example");
    assert_eq!(round(&mut monitor, &mirror, fork.one.now), [], "it is said once");
    assert_eq!(Some(monitor.head()), fork.one.ledger.head(), "the history that was seen first stays");
}

#[test]
fn two_histories_are_caught_whichever_is_longer() {
    for (one_more, other_more) in [(0, 3), (3, 0), (5, 4), (1, 8)] {
        let mut fork = Fork::new();
        fork.grow(one_more, other_more);
        let [one, other] = fork.logs();
        let mut monitor = monitor(&one);
        assert_eq!(round(&mut monitor, &Server::of(&one), fork.one.now), []);
        let events = round(&mut monitor, &Server::of(&other), fork.one.now);
        fork.is_caught(&events);
    }
}

#[test]
fn a_past_that_was_rewritten_while_nobody_watched_is_caught_after_a_restart() {
    let mut fork = Fork::new();
    let [one, _] = fork.logs();
    let server = Server::of(&one);
    let mut monitor = monitor(&one);
    assert_eq!(round(&mut monitor, &server, fork.one.now), []);
    let remembered = remembered(&monitor);
    drop(monitor);
    fork.grow(0, 2);
    let [one, other] = fork.logs();
    server.show(&other);
    let mut monitor = Monitor::new(settings(&one), Interests::default(), &remembered).expect("goes on");
    fork.is_caught(&round(&mut monitor, &server, fork.one.now));
}

fn remembered(monitor: &Monitor) -> Remembered {
    let (note, size) = monitor.remembers();
    let leaves = (0..size.0).map(|at| monitor.leaf(EntryIndex(at)).expect("shown")).collect();
    Remembered { newest: note.map(str::to_owned), leaves, ..Remembered::default() }
}

#[test]
fn what_is_remembered_must_fit_together() {
    let (w, _) = with_a_token();
    let log = Log::of(&w.ledger);
    let mut monitor = monitor(&log);
    round(&mut monitor, &Server::of(&log), w.now);
    let good = remembered(&monitor);
    let goes_on = |of: &Remembered| Monitor::new(settings(&log), Interests::default(), of).is_some();
    assert!(goes_on(&good));
    let mut fewer = good.clone();
    fewer.leaves.pop();
    assert!(goes_on(&fewer), "not all was shown yet");
    let mut other = good.clone();
    other.leaves[1].0[0] ^= 1;
    let mut more = good.clone();
    more.leaves.push(Hash::default());
    let without = Remembered { newest: None, ..good.clone() };
    let no_note = Remembered { newest: Some("no note".into()), ..good };
    for wrong in [other, more, without, no_note] {
        assert!(!goes_on(&wrong), "{wrong:?}");
    }
}

#[test]
fn a_second_history_is_told_although_it_is_not_shown() {
    let mut fork = Fork::new();
    let [one, other] = fork.logs();
    let (first, second) = (Server::of(&one), Server::of(&other));
    let mut monitor = monitor(&one);
    assert_eq!(round(&mut monitor, &first, fork.one.now), []);
    // The checkpoint alone: both are signed, at one size.
    second.change(|place| place.answers = 1);
    let events = round(&mut monitor, &second, fork.one.now);
    let expected = [(EventCode::TwoHistories, None), (EventCode::Unreachable, None)];
    assert_eq!(said(&events), expected);
    assert_eq!(events[0].notes.len(), 2);
    // Once it is shown, the entry is named.
    second.change(|place| place.answers = usize::MAX);
    fork.is_caught(&round(&mut monitor, &second, fork.one.now));
    // At another size a checkpoint that is not led up to may be good.
    fork.grow(0, 1);
    let [one, other] = fork.logs();
    let mut monitor = crate::shown::monitor(&one);
    assert_eq!(round(&mut monitor, &first, fork.one.now), []);
    let hidden = Server::of(&other);
    hidden.change(|place| (place.log, place.shown) = (one.clone(), None));
    let events = round(&mut monitor, &hidden, fork.one.now);
    assert_eq!(said(&events), [(EventCode::NotConsistent, None)]);
    assert_eq!(events[0].notes.len(), 2, "both are kept");
}

#[test]
fn a_ledger_that_has_no_proof_that_it_went_on_did_not() {
    let mut fork = Fork::new();
    fork.grow(0, 1);
    let [one, other] = fork.logs();
    let mut monitor = monitor(&one);
    assert_eq!(round(&mut monitor, &Server::of(&one), fork.one.now), []);
    let server = Server::of(&other);
    // It goes away before it has answered: that is no contradiction.
    server.change(|place| place.answers = 1);
    assert_eq!(said(&round(&mut monitor, &server, fork.one.now)), [(EventCode::Unreachable, None)]);
    server.change(|place| place.answers = usize::MAX);
    fork.is_caught(&round(&mut monitor, &server, fork.one.now));
}

#[test]
fn a_rewritten_past_whose_proof_is_never_answered_is_kept_with_both_notes() {
    let mut fork = Fork::new();
    fork.grow(0, 1);
    let [one, other] = fork.logs();
    let mut monitor = monitor(&one);
    assert_eq!(round(&mut monitor, &Server::of(&one), fork.one.now), []);
    let server = Server::of(&other);
    let hidden = |monitor: &mut Monitor| {
        // The checkpoint, and nothing else.
        server.change(|place| place.answers = 1);
        round(monitor, &server, fork.one.now)
    };
    assert_eq!(said(&hidden(&mut monitor)), [(EventCode::Unreachable, None)]);
    let away = Remembered { away: monitor.away().clone(), ..remembered(&monitor) };
    let mut again = Monitor::new(settings(&one), Interests::default(), &away).expect("goes on");
    for monitor in [&mut monitor, &mut again] {
        let events = hidden(monitor);
        assert_eq!(said(&events), [(EventCode::NotConsistent, None)], "the second time in a row");
        assert_eq!(events[0].notes, [note(&one), note(&other)]);
        assert_eq!(hidden(monitor), [], "it is said once");
    }
    server.change(|place| place.answers = usize::MAX);
    fork.is_caught(&round(&mut monitor, &server, fork.one.now));
}

#[test]
fn a_ledger_that_refuses_proofs_of_one_history_is_doubted_and_not_accused() {
    let (mut w, token) = with_a_token();
    let before = Log::of(&w.ledger);
    let mut monitor = monitor(&before);
    assert_eq!(round(&mut monitor, &Server::of(&before), w.now), []);
    w.reserve(token, "alice", 60).expect("reserved");
    let server = Server::of(&Log::of(&w.ledger));
    // Every proof that was asked for to find a difference, and not the last.
    let halvings = (before.0.len() as u64 + 1).next_power_of_two().ilog2() as usize;
    for refuses in 1..=halvings + 1 {
        server.change(|place| place.refuses = refuses);
        let events = round(&mut monitor, &server, w.now);
        assert!(said(&events).iter().all(|(code, _)| *code == EventCode::NotConsistent), "{events:?}");
        assert!(monitor.raised().contains(&EventCode::NotConsistent));
    }
    server.change(|place| place.refuses = 0);
    assert_eq!(round(&mut monitor, &server, w.now), []);
    assert_eq!(Some(monitor.head()), w.ledger.head());
}

#[test]
fn a_smaller_checkpoint_that_does_not_lead_to_the_newest_is_a_contradiction() {
    let mut fork = Fork::new();
    fork.grow(4, 1);
    let [one, other] = fork.logs();
    let (mut monitor, first) = (monitor(&one), Server::of(&one));
    first.change(|place| place.answers = 1);
    round(&mut monitor, &first, fork.one.now);
    // A proof of the other history, which leads elsewhere.
    let second = Server::of(&other);
    second.change(|place| place.log = one.clone());
    let events = round(&mut monitor, &second, fork.one.now);
    assert_eq!(said(&events), [(EventCode::NotConsistent, None)]);
    // Once the entries are known, the checkpoint alone is enough, and the entry is found.
    first.change(|place| place.answers = usize::MAX);
    assert_eq!(round(&mut monitor, &first, fork.one.now), []);
    fork.is_caught(&round(&mut monitor, &Server::of(&other), fork.one.now));
}

#[test]
fn an_entry_that_is_not_under_the_second_checkpoint_is_not_named() {
    let fork = Fork::new();
    let [one, other] = fork.logs();
    let mut monitor = monitor(&one);
    assert_eq!(round(&mut monitor, &Server::of(&one), fork.one.now), []);
    let server = Server::of(&other);
    let mut shown = other.clone();
    shown.change_outcome(fork.place as usize, |outcome| outcome.details.0[0] ^= 1);
    server.change(|place| place.shown = Some(shown));
    let events = round(&mut monitor, &server, fork.one.now);
    assert_eq!(said(&events), [(EventCode::TwoHistories, None)]);
    assert!(events[0].divergence.is_none());
    server.change(|place| place.shown = None);
    fork.is_caught(&round(&mut monitor, &server, fork.one.now));
}

#[test]
fn evidence_with_anything_changed_proves_nothing() {
    let mut fork = Fork::new();
    fork.grow(2, 3);
    let [one, other] = fork.logs();
    let mut monitor = monitor(&one);
    round(&mut monitor, &Server::of(&one), fork.one.now);
    let events = round(&mut monitor, &Server::of(&other), fork.one.now);
    let good = Evidence::of(&events[0]);
    let prove = |evidence: &Evidence| evidence.prove(&trust(), fork.one.now);
    assert_eq!(prove(&good), Ok(EntryIndex(fork.place)));
    let wrong = |change: fn(&mut Evidence)| {
        let mut evidence = good.clone();
        change(&mut evidence);
        prove(&evidence).expect_err("changed")
    };
    assert_eq!(wrong(|it| it.entry = None), EvidenceError::Form);
    assert_eq!(wrong(|it| drop(it.peaks.pop())), EvidenceError::Form);
    assert_eq!(wrong(|it| drop(it.branches.pop())), EvidenceError::Form);
    assert_eq!(wrong(|it| it.branches[1] = it.branches[0].clone()), EvidenceError::Same);
    assert!(matches!(wrong(|it| it.branches[1].note = 0), EvidenceError::Path(1, _)));
    assert!(matches!(wrong(|it| it.branches[1].leaf = "00".repeat(32)), EvidenceError::Path(1, _)));
    assert!(matches!(wrong(|it| drop(it.branches[0].path.pop())), EvidenceError::Path(0, _)));
    assert!(matches!(
        wrong(|it| it.notes[0] = it.notes[0].replace("\n\n", "0\n\n")),
        EvidenceError::Note(0, _)
    ));
    let read: Evidence = serde_json::from_slice(&serde_json::to_vec(&good).expect("JSON")).expect("read");
    assert_eq!(read, good);
    assert_eq!(monitor.progress().0, TreeSize(one.0.len() as u64));
}
