//! Refusals in a log: the rules make the same ones again, and whatever else the log says of them is found.

use crate::log::{Log, Row};
use crate::world::*;
use remit::audit::{AuditError, ConserveError, conserve, replay};
use remit::client::{Ready, TokenSpec, budget};
use remit::engine::{Answer, ReplayError};
use remit::machine::Refusal;
use remit_verifier::code::Code;
use remit_verifier::limits::REFUSALS_PER_SPAN_MAX;
use remit_verifier::log::{Entry, Outcome};
use remit_verifier::object::{EntryQuota, Kind};
use remit_verifier::types::{Amount, EntryIndex, Hash, Millis, ObjectId, Seconds};

fn at(place: usize) -> EntryIndex {
    EntryIndex(place as u64)
}

fn fault(log: &Log) -> ReplayError<std::convert::Infallible> {
    match replay(log.kept(), None).map(|_| ()).expect_err("tampered") {
        AuditError::Batch(error) => error,
        other => panic!("{other}"),
    }
}

fn drafted(w: &mut World, token: ObjectId, by: &str, amount: u64) -> Ready {
    let invocation = w.client.invocation(w.now, &w.ask(token, amount)).expect("drafted");
    let key = key(by);
    w.client.ready(&[w.client.reserve(invocation, Vec::new(), &key)]).expect("signed")
}

/// An entry that says of a submission that it was refused.
fn forged(time: Millis, ready: &Ready, code: Code) -> Row {
    let refused = Some(code);
    let outcome = Outcome { time, kind: Kind::Refusal, id: ready.id, refused, details: Hash::default() };
    Row { entry: Entry::Outcome(outcome).encode(), object: Some(ready.bytes.clone()), details: None }
}

/// A ledger with 60 of 100 spent, and the log's place of a refused 41.
fn refused() -> (World, ObjectId, Ready, usize) {
    let mut w = World::new();
    let root = w.root("alice", 100);
    w.reserve(root, "alice", 60).expect("reserved");
    let ready = drafted(&mut w, root, "alice", 41);
    let Answer::Refused(refusal) = w.submit(&ready) else { panic!("not refused") };
    (w, root, ready, refusal.entry.expect("an entry").0 as usize)
}

#[test]
fn a_refusal_replays_with_its_details() {
    let (w, .., place) = refused();
    let log = Log::of(&w.ledger);
    assert_eq!(log.kind(place), Kind::Refusal);
    replay(log.kept(), None).expect("replays");
    let mut changed = log.clone();
    let details = changed.0[place].details.as_mut().expect("kept");
    *details.links[0].last_mut().expect("bytes") ^= 1;
    assert_eq!(fault(&changed), ReplayError::Details(at(place)));
    let mut missing = log.clone();
    missing.0[place].object = None;
    assert_eq!(fault(&missing), ReplayError::Missing(at(place)));
    assert_eq!(conserve(missing.recorded()).expect_err("missing"), ConserveError::Missing(at(place)));
}

#[test]
fn what_the_rules_apply_is_not_refused() {
    let (mut w, root, ..) = refused();
    // The operator withholds what the holder has: he signs for a refusal of 40 of 40.
    let ready = drafted(&mut w, root, "alice", 40);
    let mut log = Log::of(&w.ledger);
    let last = log.0.len() - 1;
    log.0.insert(last, forged(w.now, &ready, Code::AboveTotal));
    assert_eq!(fault(&log), ReplayError::NotRefused(at(last)));
}

#[test]
fn a_refusal_is_for_the_reason_that_the_rules_give() {
    let (.., ready, place) = refused();
    let (w, ..) = refused();
    let mut log = Log::of(&w.ledger);
    log.change_outcome(place, |outcome| outcome.refused = Some(Code::AboveWindow));
    let ReplayError::Refused(entry, refusal) = fault(&log) else { panic!("another fault") };
    assert_eq!((entry, refusal.code, refusal.entry), (at(place), Code::AboveTotal, Some(at(place))));
    // And no refusal is taken for what it refused.
    let mut log = Log::of(&w.ledger);
    log.change_outcome(place, |outcome| (outcome.kind, outcome.refused) = (Kind::Reserve, None));
    let refusal = Refusal { leaf: refusal.leaf, entry: Some(at(place)), ..Refusal::of(Code::AboveTotal) };
    assert_eq!(fault(&log), ReplayError::Refused(at(place), refusal));
    let recount = conserve(log.recorded()).expect("recounts");
    assert_eq!(
        recount.violations.iter().map(|v| (v.entry, v.code)).collect::<Vec<_>>(),
        [(at(place), Code::AboveTotal)]
    );
    assert_eq!(ready.ids.len(), 1);
}

#[test]
fn the_same_refusal_stands_once() {
    let (w, .., place) = refused();
    let mut log = Log::of(&w.ledger);
    let again = log.0[place].clone();
    log.0.insert(place + 1, again);
    assert_eq!(fault(&log), ReplayError::Twice(at(place + 1), at(place)));
    let recount = conserve(log.recorded()).expect("recounts");
    assert_eq!(
        recount.violations.iter().map(|v| (v.entry, v.code)).collect::<Vec<_>>(),
        [(at(place + 1), Code::Replayed)]
    );
}

/// A second refusal for another reason was taken for a good one.
#[test]
fn a_spend_is_refused_once_whatever_the_reasons_are() {
    let (w, .., place) = refused();
    let mut log = Log::of(&w.ledger);
    let again = log.0[place].clone();
    log.0.insert(place + 1, again);
    log.change_outcome(place + 1, |outcome| outcome.refused = Some(Code::AbovePerUse));
    let recount = conserve(log.recorded()).expect("recounts");
    assert_eq!(
        recount.violations.iter().map(|v| (v.entry, v.code)).collect::<Vec<_>>(),
        [(at(place + 1), Code::Replayed)]
    );
}

#[test]
fn what_leaves_no_entry_has_none() {
    let (mut w, root, ..) = refused();
    let ready = drafted(&mut w, root, "mallory", 1);
    let mut log = Log::of(&w.ledger);
    let last = log.0.len() - 1;
    log.0.insert(last, forged(w.now, &ready, Code::WrongHolder));
    assert_eq!(fault(&log), ReplayError::NotRecorded(at(last), Refusal::of(Code::WrongHolder)));
    let recount = conserve(log.recorded()).expect("recounts");
    assert_eq!(recount.violations.iter().map(|v| v.code).collect::<Vec<_>>(), [Code::WrongHolder]);
    // Nor has what is no spend at all.
    let capture = w.act_ready(root);
    let mut log = Log::of(&w.ledger);
    log.0.insert(last, forged(w.now, &capture, Code::UnknownReservation));
    assert_eq!(fault(&log), ReplayError::NotRecorded(at(last), Refusal::of(Code::UnknownReservation)));
    let recount = conserve(log.recorded()).expect("recounts");
    assert_eq!(recount.violations.iter().map(|v| v.code).collect::<Vec<_>>(), [Code::UnknownKind]);
    // An object beside it that is another's.
    log.0[last].object = Some(ready.bytes);
    assert_eq!(conserve(log.recorded()).expect_err("another's"), ConserveError::Other(at(last)));
}

#[test]
fn more_refusals_than_an_hour_lets_be_are_found() {
    let (mut w, root, ..) = refused();
    for _ in 1..REFUSALS_PER_SPAN_MAX {
        let ready = drafted(&mut w, root, "alice", 41);
        w.submit(&ready);
    }
    let ready = drafted(&mut w, root, "alice", 41);
    let mut log = Log::of(&w.ledger);
    let last = log.0.len() - 1;
    assert!(conserve(log.recorded()).expect("recounts").ok, "to the bound");
    log.0.insert(last, forged(w.now, &ready, Code::AboveTotal));
    let leaf = w.ledger.leaf(&root).map(|record| record.leaf.index);
    let refusal = Refusal { leaf, ..Refusal::of(Code::AboveTotal) };
    assert_eq!(fault(&log), ReplayError::NotRecorded(at(last), refusal));
    let recount = conserve(log.recorded()).expect("recounts");
    assert_eq!(recount.violations.iter().map(|v| v.code).collect::<Vec<_>>(), [Code::AboveEntries]);
}

#[test]
fn what_is_begun_above_a_quota_of_entries_is_found() {
    let mut w = World::new();
    let budgets = Some(vec![budget(w.cny, Amount(1_000))]);
    let entries = Some(EntryQuota { most: 2, length: Seconds(DAY) });
    let spec = TokenSpec { budgets, entries, ..w.spec("alice") };
    let root = w.issue(&spec).expect("issued");
    w.reserve(root, "alice", 10).expect("the second");
    let ready = drafted(&mut w, root, "alice", 10);
    let mut log = Log::of(&w.ledger);
    assert!(conserve(log.recorded()).expect("recounts").ok);
    let last = log.0.len() - 1;
    log.0.insert(last, forged(w.now, &ready, Code::AboveTotal));
    log.change_outcome(last, |outcome| (outcome.kind, outcome.refused) = (Kind::Reserve, None));
    let ReplayError::Refused(_, refusal) = fault(&log) else { panic!("another fault") };
    assert_eq!(refusal.code, Code::AboveEntries);
    let recount = conserve(log.recorded()).expect("recounts");
    let found: Vec<_> = recount.violations.iter().map(|v| (v.code, v.subject)).collect();
    assert_eq!(found, [(Code::AboveEntries, root)]);
}

impl World {
    /// A capture of nothing, signed and not submitted.
    fn act_ready(&mut self, of: ObjectId) -> Ready {
        let reserve = remit_verifier::object::Reference::Id(of);
        let act = remit_verifier::object::Act::Capture { reserve, number: 1, amount: Amount(1) };
        let key = key("hotel");
        let draft = self.client.act(self.now, act, &[&key]).expect("drafted");
        self.client.ready(&[draft]).expect("signed")
    }
}
