//! A state that is too old is told of whoever shows it: by the time of its own last commitment.

use crate::log::Log;
use crate::shown::*;
use crate::world::World;
use remit::audit::monitor::{EventCode, Interests, Monitor, Remembered};
use remit_verifier::types::{EntryIndex, Millis};

/// A ledger that went on after more time than a state may be old, as it was before and as it is.
fn went_on() -> (World, [Log; 2]) {
    let (mut w, token) = with_a_token();
    let before = Log::of(&w.ledger);
    w.advance(STALE.0 / 1000 + 1);
    w.reserve(token, "alice", 60).expect("reserved");
    let after = Log::of(&w.ledger);
    (w, [before, after])
}

fn last(log: &Log) -> Option<u64> {
    Some(log.0.len() as u64 - 1)
}

#[test]
fn a_ledger_that_is_rolled_back_while_nobody_watches_is_stale() {
    let (w, [before, after]) = went_on();
    let (mut monitor, server) = (monitor(&after), Server::of(&after));
    assert_eq!(round(&mut monitor, &server, w.now), []);
    let (note, size) = monitor.remembers();
    let leaves = (0..size.0).map(|at| monitor.leaf(EntryIndex(at)).expect("shown")).collect();
    let remembered = Remembered { newest: note.map(str::to_owned), leaves, ..Remembered::default() };
    let mut again = Monitor::new(settings(&after), Interests::default(), &remembered).expect("goes on");
    server.show(&before);
    for monitor in [&mut monitor, &mut again] {
        assert_eq!(said(&round(monitor, &server, w.now)), [(EventCode::Stale, last(&before))]);
        assert_eq!(round(monitor, &server, w.now), [], "it is said once");
    }
    let (done, newest) = again.progress();
    assert!(done < newest, "what was seen once is not shown");
}

#[test]
fn a_mirror_that_is_frozen_beside_an_honest_ledger_is_stale_by_its_name() {
    let (w, [before, after]) = went_on();
    let (mut monitor, mirror) = (monitor(&after), Server::at("https://mirror.example", &before));
    for (server, expected) in [(Server::of(&after), None), (mirror, Some((EventCode::Stale, last(&before))))]
    {
        let events = round(&mut monitor, &server, w.now);
        assert_eq!(said(&events), Vec::from_iter(expected));
        assert!(events.iter().all(|event| event.source == "https://mirror.example"));
    }
    // That the ledger itself stands still is another thing.
    let late = Millis(w.now.0 + STALE.0 + 1);
    let events = round(&mut monitor, &Server::of(&after), late);
    assert_eq!(said(&events), [(EventCode::Stale, last(&after))]);
}

#[test]
fn two_that_stand_still_at_one_size_are_stale_each() {
    let (w, [_, after]) = went_on();
    let late = Millis(w.now.0 + STALE.0 + 1);
    let mut monitor = monitor(&after);
    for server in [Server::of(&after), Server::at("https://mirror.example", &after)] {
        assert_eq!(said(&round(&mut monitor, &server, late)), [(EventCode::Stale, last(&after))]);
    }
}

#[test]
fn a_checkpoint_of_nothing_is_stale() {
    let (w, [_, after]) = went_on();
    let (nothing, full) = (Server::of(&Log(Vec::new())), Server::of(&after));
    let mut fresh = monitor(&after);
    assert_eq!(said(&round(&mut fresh, &nothing, w.now)), [(EventCode::Stale, None)]);
    assert_eq!(round(&mut fresh, &full, w.now), []);
    let mut monitor = monitor(&after);
    assert_eq!(round(&mut monitor, &full, w.now), []);
    assert_eq!(said(&round(&mut monitor, &nothing, w.now)), [(EventCode::Stale, None)]);
}

#[test]
fn who_lags_behind_what_was_never_shown_is_stale_once_that_is() {
    let (w, [before, after]) = went_on();
    let (mut monitor, ahead) = (monitor(&after), Server::of(&after));
    ahead.change(|place| place.answers = 1);
    assert_eq!(said(&round(&mut monitor, &ahead, w.now)), [(EventCode::Unreachable, None)]);
    let behind = Server::at("https://mirror.example", &before);
    assert_eq!(round(&mut monitor, &behind, Millis(w.now.0 + STALE.0)), []);
    let events = round(&mut monitor, &behind, Millis(w.now.0 + STALE.0 + 1));
    assert_eq!(said(&events), [(EventCode::Stale, last(&before))]);
}
