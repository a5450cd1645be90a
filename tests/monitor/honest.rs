//! An honest ledger is not accused, however it is shown.

use crate::log::Log;
use crate::shown::*;
use crate::story::everything;
use remit::audit::monitor::{EventCode, Interests, Monitor, Remembered};
use remit_verifier::types::{EntryIndex, Millis, TreeSize};

#[test]
fn an_honest_ledger_with_one_of_everything_gives_no_event() {
    let world = everything();
    let log = Log::of(&world.ledger);
    let mut monitor = monitor(&log);
    assert_eq!(round(&mut monitor, &Server::of(&log), world.now), []);
    assert_eq!(Some(monitor.head()), world.ledger.head());
    assert!(monitor.raised().is_empty());
    let size = TreeSize(log.0.len() as u64);
    assert_eq!(monitor.progress(), (size, size));
}

#[test]
fn pages_may_be_cut_anywhere_in_a_batch() {
    let (mut world, token) = with_a_token();
    let ready = [10, 20, 30].map(|amount| {
        let invocation = world.client.invocation(world.now, &world.ask(token, amount)).expect("drafted");
        let alice = crate::world::key("alice");
        world.client.ready(&[world.client.reserve(invocation, Vec::new(), &alice)]).expect("signed")
    });
    let bytes: Vec<&[u8]> = ready.iter().map(|ready| ready.bytes.as_slice()).collect();
    world.ledger.submit(&bytes, world.now).expect("a batch of four entries");
    let log = Log::of(&world.ledger);
    for page in 1..=5 {
        let server = Server::of(&log);
        server.change(|place| place.page = page);
        let mut monitor = monitor(&log);
        assert_eq!(round(&mut monitor, &server, world.now), [], "pages of {page}");
        assert_eq!(Some(monitor.head()), world.ledger.head(), "pages of {page}");
    }
}

#[test]
fn a_ledger_that_goes_on_is_followed_without_asking_twice() {
    let (mut world, token) = with_a_token();
    let server = Server::of(&Log::of(&world.ledger));
    let mut monitor = monitor(&Log::of(&world.ledger));
    assert_eq!(round(&mut monitor, &server, world.now), []);
    world.reserve(token, "alice", 60).expect("reserved");
    server.show(&Log::of(&world.ledger));
    server.change(|place| place.asked = 0);
    assert_eq!(round(&mut monitor, &server, world.now), []);
    assert_eq!(Some(monitor.head()), world.ledger.head());
    server.change(|place| assert_eq!(place.asked, 3, "checkpoint, consistency, the new entries"));
    assert_eq!(round(&mut monitor, &server, world.now), []);
}

#[test]
fn a_ledger_that_goes_away_and_comes_back_is_followed_on() {
    let (mut world, token) = with_a_token();
    let log = Log::of(&world.ledger);
    let (server, mut monitor) = (Server::of(&log), monitor(&log));
    server.change(|place| (place.page, place.answers) = (2, 4));
    let events = round(&mut monitor, &server, world.now);
    assert_eq!(said(&events), [(EventCode::Unreachable, None)]);
    let (done, newest) = monitor.progress();
    assert!(done.0 > 0 && done < newest, "what was computed stays computed");
    assert_eq!(round(&mut monitor, &server, world.now), [], "it is said once");
    server.change(|place| place.answers = usize::MAX);
    assert_eq!(round(&mut monitor, &server, world.now), []);
    world.reserve(token, "alice", 60).expect("reserved");
    server.show(&Log::of(&world.ledger));
    assert_eq!(round(&mut monitor, &server, world.now), []);
    assert_eq!(Some(monitor.head()), world.ledger.head());
}

#[test]
fn a_source_that_is_away_is_told_once_until_it_answers() {
    let (mut world, token) = with_a_token();
    let log = Log::of(&world.ledger);
    let (server, mirror) = (Server::of(&log), Server::at("https://mirror.example", &log));
    let mut monitor = monitor(&log);
    let away = [(EventCode::Unreachable, None)];
    for expected in [&away[..], &[], &[]] {
        mirror.change(|place| place.answers = 0);
        assert_eq!(round(&mut monitor, &server, world.now), []);
        assert_eq!(said(&round(&mut monitor, &mirror, world.now)), expected, "however the log grows");
        world.reserve(token, "alice", 1).expect("reserved");
        server.show(&Log::of(&world.ledger));
    }
    mirror.change(|place| place.answers = usize::MAX);
    assert_eq!(round(&mut monitor, &mirror, world.now), []);
    mirror.change(|place| place.answers = 0);
    assert_eq!(said(&round(&mut monitor, &mirror, world.now)), away, "it had answered");
}

#[test]
fn an_idle_ledger_is_stale_at_its_bound_and_one_past_it() {
    let (world, _) = with_a_token();
    let log = Log::of(&world.ledger);
    let last = log.0.len() as u64 - 1;
    assert_eq!(caught(&log, Millis(world.now.0 + STALE.0)), []);
    let events = caught(&log, Millis(world.now.0 + STALE.0 + 1));
    assert_eq!(said(&events), [(EventCode::Stale, Some(last))]);
}

#[test]
fn a_mirror_that_lags_behind_is_of_the_same_history() {
    let (mut world, token) = with_a_token();
    let behind = Server::at("https://mirror.example", &Log::of(&world.ledger));
    world.reserve(token, "alice", 60).expect("reserved");
    let log = Log::of(&world.ledger);
    let (ahead, mut monitor) = (Server::of(&log), monitor(&log));
    assert_eq!(round(&mut monitor, &ahead, world.now), []);
    assert_eq!(round(&mut monitor, &behind, world.now), []);
    assert_eq!(Some(monitor.head()), world.ledger.head());
    // And in the other order, where the smaller one comes first.
    let mut monitor = crate::shown::monitor(&log);
    assert_eq!(round(&mut monitor, &behind, world.now), []);
    assert_eq!(round(&mut monitor, &ahead, world.now), []);
    assert_eq!(Some(monitor.head()), world.ledger.head());
}

#[test]
fn a_mirror_that_lags_behind_is_asked_for_no_more_than_it_shows() {
    let (mut world, token) = with_a_token();
    let behind = Server::at("https://mirror.example", &Log::of(&world.ledger));
    let lagging = world.ledger.head();
    world.reserve(token, "alice", 60).expect("reserved");
    let log = Log::of(&world.ledger);
    let (ahead, mut monitor) = (Server::of(&log), monitor(&log));
    ahead.change(|place| place.answers = 1);
    assert_eq!(said(&round(&mut monitor, &ahead, world.now)), [(EventCode::Unreachable, None)]);
    // The newest checkpoint is known from elsewhere; that it goes on from this one who lags cannot prove.
    assert_eq!(round(&mut monitor, &behind, world.now), []);
    assert_eq!(monitor.progress().0, TreeSize(0));
    ahead.change(|place| place.answers = usize::MAX);
    assert_eq!(round(&mut monitor, &ahead, world.now), []);
    // After a restart the history is known, and the rules begin anew with whoever is asked first.
    let (note, size) = monitor.remembers();
    let leaves = (0..size.0).map(|at| monitor.leaf(EntryIndex(at)).expect("shown")).collect();
    let remembered = Remembered { newest: note.map(str::to_owned), leaves, ..Remembered::default() };
    let mut monitor = Monitor::new(settings(&log), Interests::default(), &remembered).expect("goes on");
    behind.change(|place| place.page = 2);
    assert_eq!(round(&mut monitor, &behind, world.now), []);
    assert_eq!(Some(monitor.head()), lagging, "all that it shows");
    assert_eq!(round(&mut monitor, &ahead, world.now), []);
    assert_eq!(Some(monitor.head()), world.ledger.head());
}
