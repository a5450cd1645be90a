//! What nobody signed proves nothing: it is said, named, and looked at again.

use crate::log::Log;
use crate::shown::*;
use crate::world::{World, key};
use remit::audit::monitor::{EventCode, Interests, Monitor, Remembered, Settings, Severity};
use remit_verifier::c2sp::Trust;
use remit_verifier::object::Kind;
use remit_verifier::types::LedgerId;

/// A ledger on which something was spent, its log, and the place of the reserve.
fn spent() -> (World, Log, usize) {
    let (mut w, token) = with_a_token();
    w.reserve(token, "alice", 60).expect("reserved");
    let log = Log::of(&w.ledger);
    let place = log.first(Kind::Reserve);
    (w, log, place)
}

/// Shows another log under the good checkpoint: this is said, no more; and when all is shown, all is computed.
fn doubted(change: impl FnOnce(&mut Log, usize), code: EventCode, at: impl Fn(usize) -> usize) {
    let (w, log, place) = spent();
    let mut shown = log.clone();
    change(&mut shown, place);
    let server = Server::of(&log);
    server.change(|it| it.shown = Some(shown));
    let mut monitor = monitor(&log);
    let events = round(&mut monitor, &server, w.now);
    assert_eq!(said(&events), [(code, Some(at(place) as u64))]);
    assert_eq!(code.severity(), Severity::Doubt);
    assert!(events[0].to_string().contains(&format!("entry {}", at(place))), "{}", events[0]);
    assert_eq!(round(&mut monitor, &server, w.now), [], "it is said once");
    assert!(monitor.raised().contains(&code));
    server.change(|it| it.shown = None);
    assert_eq!(round(&mut monitor, &server, w.now), []);
    assert_eq!(Some(monitor.head()), w.ledger.head());
}

#[test]
fn an_object_that_is_withheld_is_named_and_asked_for_again() {
    doubted(|log, place| log.0[place].object = None, EventCode::Withheld, |place| place);
}

#[test]
fn an_object_whose_signature_is_invalid_is_named() {
    let spoil = |log: &mut Log, place: usize| {
        let object = log.0[place].object.as_mut().expect("an object");
        let last = object.len() - 3;
        object[last] ^= 1;
    };
    doubted(spoil, EventCode::BadSignature, |place| place);
}

#[test]
fn an_object_that_is_another_is_named() {
    let other =
        |log: &mut Log, place: usize| log.0[place].object = log.0[log.first(Kind::Party)].object.clone();
    doubted(other, EventCode::OtherObject, |place| place);
}

#[test]
fn details_that_are_other_than_what_the_entry_commits_to_are_named() {
    let other = |log: &mut Log, place: usize| log.0[place].details.as_mut().expect("details").common.push(0);
    doubted(other, EventCode::OtherDetails, |place| place);
}

#[test]
fn entries_that_are_not_under_the_checkpoint_accuse_nobody() {
    let other = |log: &mut Log, place: usize| log.change_outcome(place, |outcome| outcome.details.0[0] ^= 1);
    doubted(other, EventCode::OtherEntries, |_| 0);
}

#[test]
fn fewer_entries_than_the_checkpoint_covers_are_told() {
    doubted(|log, place| log.0.truncate(place - 1), EventCode::Short, |place| place - 1);
}

#[test]
fn a_page_that_is_not_under_the_checkpoint_is_noticed_before_the_last_one() {
    let (w, log, place) = spent();
    let mut shown = log.clone();
    shown.change_outcome(2, |outcome| outcome.details.0[0] ^= 1);
    let server = Server::of(&log);
    server.change(|it| (it.shown, it.page) = (Some(shown), 2));
    let mut monitor = monitor(&log);
    assert_eq!(said(&round(&mut monitor, &server, w.now)), [(EventCode::OtherEntries, Some(2))]);
    assert!(monitor.progress().0.0 < place as u64);
}

#[test]
fn a_checkpoint_whose_signature_is_invalid_is_told_and_not_followed() {
    let (w, log, _) = spent();
    let server = Server::of(&log);
    server.change(|it| {
        let place = it.note.len() - 12;
        let other = if &it.note[place..=place] == "A" { "B" } else { "A" };
        it.note.replace_range(place..=place, other);
    });
    let mut monitor = monitor(&log);
    let events = round(&mut monitor, &server, w.now);
    assert_eq!(said(&events), [(EventCode::BadCheckpoint, None)]);
    assert_eq!(monitor.progress().1.0, 0);
    // One that another key signed.
    server.change(|it| {
        let text = it.note.split("\n\n").next().expect("a text").to_owned() + "\n";
        let parsed = remit_verifier::c2sp::Checkpoint::parse(&text).expect("a checkpoint");
        it.note = remit_verifier::sign::sign_checkpoint(&key("another"), &parsed).expect("signed");
    });
    assert_eq!(said(&round(&mut monitor, &server, w.now)), [(EventCode::BadCheckpoint, None)]);
    assert_eq!(monitor.progress().1.0, 0);
    server.change(|it| it.note = note(&it.log));
    assert_eq!(round(&mut monitor, &server, w.now), []);
}

#[test]
fn a_checkpoint_without_its_witnesses_is_told_and_computed_all_the_same() {
    let (w, log, _) = spent();
    let witness = remit_verifier::c2sp::VerifierKey::new(
        "witness.example/w",
        remit_verifier::c2sp::KeyKind::Cosignature,
        &remit_verifier::sign::Signer::public_key(&key("witness")),
    );
    let lines = format!("log {}\nwitness w {}\nquorum w\n", vkey(), witness.expect("a key"));
    let trust = Trust::parse(lines.as_bytes()).expect("trust");
    let settings = Settings { trust, ..settings(&log) };
    let mut monitor = Monitor::new(settings, Interests::default(), &Remembered::default()).expect("begins");
    assert_eq!(said(&round(&mut monitor, &Server::of(&log), w.now)), [(EventCode::BadCheckpoint, None)]);
    assert_eq!(Some(monitor.head()), w.ledger.head());
}

fn vkey() -> String {
    trust().logs().next().expect("a log").0.to_string()
}

#[test]
fn a_ledger_that_is_not_the_one_of_the_policy_is_told() {
    let (w, log, _) = spent();
    let settings = Settings { ledger: LedgerId([7; 32]), ..settings(&log) };
    let mut monitor = Monitor::new(settings, Interests::default(), &Remembered::default()).expect("begins");
    assert_eq!(said(&round(&mut monitor, &Server::of(&log), w.now)), [(EventCode::OtherLedger, Some(0))]);
    // The ledger of another log, under this log's signature.
    let other = Log::of(&World::named("other.example/log").ledger);
    assert_eq!(said(&caught(&other, w.now)), [(EventCode::OtherLedger, Some(0))]);
}
