//! Keys of interest: what an issuer issues, and what becomes of holders and tokens.

use crate::liar::Liar;
use crate::log::{Log, Row};
use crate::shown::*;
use crate::world::{public, *};
use remit::audit::monitor::{Event, EventCode, Interests, Severity};
use remit::client::{Ready, TokenSpec, budget};
use remit_verifier::object::{Act, Kind};
use remit_verifier::types::{Amount, EntryIndex, ObjectId};
use std::collections::HashSet;

fn told(w: &World, interests: Interests) -> Vec<Event> {
    let log = Log::of(&w.ledger);
    round(&mut watching(&log, interests), &Server::of(&log), w.now)
}

/// What was told: the code, the entry, and of what.
fn of(events: &[Event]) -> Vec<(EventCode, u64, Option<ObjectId>)> {
    events.iter().map(|event| (event.code, event.entry.expect("an entry").0, event.subject)).collect()
}

fn by_issuer(w: &World) -> Interests {
    Interests { issuers: vec![w.issuer], ..Interests::default() }
}

/// The places of all entries of a kind.
fn places(w: &World, kind: Kind) -> Vec<u64> {
    let log = Log::of(&w.ledger);
    (0..log.0.len()).filter(|at| log.kind(*at) == kind).map(|at| at as u64).collect()
}

#[test]
fn what_an_issuer_issues_is_told_and_what_others_do_is_not() {
    let (mut w, token) = with_a_token();
    w.reserve(token, "alice", 10).expect("reserved");
    let spec = w.inherit("bob", None);
    w.delegate(token, "alice", &spec).expect("delegated");
    let issued = (EventCode::Issued, places(&w, Kind::Issue)[0], Some(token));
    let events = told(&w, by_issuer(&w));
    // The issuer was registered and appointed, too.
    let changed = [places(&w, Kind::Party)[0], places(&w, Kind::Issuer)[0]];
    let changed = changed.map(|at| (EventCode::IssuerChanged, at, Some(w.issuer)));
    assert_eq!(of(&events), [changed[0], changed[1], issued]);
    assert!(events.iter().all(|event| event.severity() == Severity::Notice));
    let key = *public("issuer").bytes();
    let by_key = Interests { issuer_keys: vec![key], ..Interests::default() };
    assert_eq!(of(&told(&w, by_key)), of(&events), "by its key as by its id");
    let other = Interests { issuers: vec![w.hotel], ..Interests::default() };
    assert!(told(&w, other).iter().all(|event| event.code == EventCode::IssuerChanged));
}

#[test]
fn what_was_not_ordered_is_unexpected_and_what_was_is_not_told() {
    let (mut w, ordered) = with_a_token();
    let stolen = w.root("mallory", 1_000);
    let list = |ids: &[ObjectId]| Interests {
        ordered: Some(ids.iter().copied().collect::<HashSet<_>>()),
        ..by_issuer(&w)
    };
    let unexpected = |events: &[Event]| {
        let all = events.iter().filter(|event| event.severity() == Severity::Unexpected);
        all.map(|event| (event.code, event.entry.expect("an entry"), event.subject)).collect::<Vec<_>>()
    };
    let [first, second] = places(&w, Kind::Issue)[..] else { panic!("two tokens") };
    let of = |at, token| (EventCode::NotOrdered, EntryIndex(at), Some(token));
    assert_eq!(unexpected(&told(&w, list(&[ordered]))), [of(second, stolen)]);
    assert_eq!(unexpected(&told(&w, list(&[]))), [of(first, ordered), of(second, stolen)]);
    assert_eq!(unexpected(&told(&w, list(&[stolen, ordered]))), []);
}

#[test]
fn the_list_of_what_was_ordered_can_grow_while_it_is_watched() {
    let (mut w, first) = with_a_token();
    let with = |w: &World, ids: &[ObjectId]| Interests {
        ordered: Some(ids.iter().copied().collect()),
        ..by_issuer(w)
    };
    let log = Log::of(&w.ledger);
    let (mut monitor, server) = (watching(&log, with(&w, &[first])), Server::of(&log));
    let unexpected =
        |events: Vec<Event>| events.iter().filter(|event| event.code == EventCode::NotOrdered).count();
    assert_eq!(unexpected(round(&mut monitor, &server, w.now)), 0);
    let second = w.root("bob", 5);
    monitor.interest(with(&w, &[first, second]));
    server.show(&Log::of(&w.ledger));
    assert_eq!(unexpected(round(&mut monitor, &server, w.now)), 0);
    w.root("mallory", 5);
    server.show(&Log::of(&w.ledger));
    assert_eq!(unexpected(round(&mut monitor, &server, w.now)), 1);
}

#[test]
fn a_refused_issue_issued_nothing() {
    let (w, token) = with_a_token();
    let mut log = Log::of(&w.ledger);
    let place = log.first(Kind::Issue);
    log.change_outcome(place, |outcome| {
        outcome.kind = Kind::Refusal;
        outcome.refused = Some(remit_verifier::code::Code::NotAnIssuer);
    });
    let events = round(&mut watching(&log, by_issuer(&w)), &Server::of(&log), w.now);
    assert!(events.iter().all(|event| event.subject != Some(token)), "{events:?}");
}

#[test]
fn every_entry_that_rewrites_a_token_or_what_a_holder_holds_is_told() {
    let (mut w, token) = with_a_token();
    let reserve = w.reserve(token, "alice", 10).expect("reserved");
    w.capture(reserve, 1, 10).expect("captured");
    w.root("bob", 7);
    let (alice, carol) = (key("alice"), key("carol"));
    let transfer = w.client.transfer(w.now, token, w.epoch(token), (&alice, &carol)).expect("drafted");
    w.apply(&[transfer]).expect("handed over");
    w.act(Act::Revoke(w.target(token, 1)), &["issuer"]).expect("revoked");
    let issue = places(&w, Kind::Issue)[0];
    let kinds = [Kind::Reserve, Kind::Capture, Kind::Transfer, Kind::Revoke];
    let rewritten: Vec<u64> = kinds.iter().flat_map(|kind| places(&w, *kind)).collect();
    let all = [&[issue], &rewritten[..]].concat();
    let expect = |code, at: &[u64]| at.iter().map(|at| (code, *at, Some(token))).collect::<Vec<_>>();
    let watched = Interests { tokens: vec![token], ..Interests::default() };
    assert_eq!(of(&told(&w, watched)), expect(EventCode::TokenTouched, &all));
    let watched = |name: &str| Interests { holders: vec![*public(name).bytes()], ..Interests::default() };
    let until_transfer = &all[..all.len() - 1];
    assert_eq!(of(&told(&w, watched("alice"))), expect(EventCode::HolderTouched, until_transfer));
    let since_transfer = &all[all.len() - 2..];
    assert_eq!(of(&told(&w, watched("carol"))), expect(EventCode::HolderTouched, since_transfer));
    assert_eq!(told(&w, watched("dave")), []);
}

/// A root token of the issuer for Mallory, signed by a key.
fn stolen(w: &mut World, by: &str) -> Ready {
    let spec = TokenSpec { budgets: Some(vec![budget(w.cny, Amount(5))]), ..w.spec("mallory") };
    let by = key(by);
    let draft = w.client.root(w.now, w.issuer, &spec, &by).expect("drafted");
    w.client.ready(&[draft]).expect("signed")
}

/// The same object with another signature.
fn spoilt(object: &[u8]) -> Vec<u8> {
    let mut object = object.to_vec();
    // The last byte string of 64 bytes.
    let place = object.windows(2).rposition(|two| two == [0x58, 0x40]).expect("a signature");
    object[place + 2] ^= 1;
    object
}

#[test]
fn what_is_shown_as_an_object_and_is_none_was_not_issued() {
    let (mut w, token) = with_a_token();
    let forged = stolen(&mut w, "mallory");
    let log = Log::of(&w.ledger);
    let ordered =
        |ids: &[ObjectId]| Interests { ordered: Some(ids.iter().copied().collect()), ..by_issuer(&w) };
    let shown = |interests: Interests, change: &dyn Fn(&mut Log)| {
        let server = Server::of(&log);
        let mut other = log.clone();
        change(&mut other);
        server.change(|place| place.shown = Some(other));
        let mut events = round(&mut watching(&log, interests), &server, w.now);
        events.retain(|event| event.code != EventCode::IssuerChanged);
        said(&events)
    };
    for kind in [Kind::Party, Kind::Issue] {
        let place = log.first(kind);
        let told = shown(ordered(&[token]), &|log| log.0[place].object = Some(forged.bytes.clone()));
        assert_eq!(told, [(EventCode::OtherObject, Some(place as u64))]);
    }
    let place = log.first(Kind::Issue);
    let told = shown(ordered(&[]), &|log| {
        let object = log.0[place].object.as_deref().map(spoilt);
        log.0[place].object = object;
    });
    assert_eq!(told, [(EventCode::BadSignature, Some(place as u64))]);
}

#[test]
fn what_an_issuer_issues_after_a_lie_is_told_and_so_is_that_it_is_withheld() {
    let (mut w, _) = with_a_token();
    let (now, theft) = (w.now, stolen(&mut w, "issuer"));
    let mut liar = Liar::after(&w);
    let lie = liar.lie(&[], now, |_| {}, |rows| rows[0].entry[0] ^= 1);
    liar.write(&[], now);
    let another = liar.log.0[liar.log.first(Kind::Party)].object.clone();
    let told = |edit: &dyn Fn(&mut Row), code| {
        let mut liar = liar.clone();
        let at = liar.lie(&[&theft], now, |_| {}, |rows| edit(&mut rows[0]));
        let expected = [(EventCode::BadEntry, Some(lie.0)), (code, Some(at.0))];
        let watched = Interests { ordered: Some(HashSet::new()), ..by_issuer(&w) };
        let mut events = round(&mut watching(&liar.log, watched), &Server::of(&liar.log), now);
        events.retain(|event| event.entry >= Some(lie));
        assert_eq!(said(&events), expected);
    };
    told(&|_| {}, EventCode::NotOrdered);
    told(&|row| row.object = None, EventCode::Withheld);
    told(&|row| row.object.clone_from(&another), EventCode::OtherObject);
    told(&|row| row.object = row.object.as_deref().map(spoilt), EventCode::BadSignature);
}
