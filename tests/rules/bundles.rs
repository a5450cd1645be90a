//! Several operations in one entry: all or nothing, in order (spec 11 §1, spec 02 §7).

use crate::draft::*;
use crate::world::*;
use remit::client::Ask;
use remit::engine::Answer;
use remit_verifier::code::Code;
use remit_verifier::object::{Act, Reference};
use remit_verifier::sign::Draft;
use remit_verifier::types::{Amount, Epoch, ObjectId};

fn capture(w: &mut World, reserve: Reference, amount: u64) -> Draft<'static> {
    w.draft(Act::Capture { reserve, number: 1, amount: Amount(amount) }, &["hotel"])
}

fn refund(w: &mut World, capture: Reference, amount: u64) -> Draft<'static> {
    w.draft(Act::Refund { capture, amount: Amount(amount) }, &["hotel"])
}

fn reserve(w: &mut World, token: ObjectId, by: &str, amount: u64) -> Draft<'static> {
    let ask = w.ask(token, amount);
    w.draft_reserve(&ask, by, Vec::new())
}

#[test]
fn members_refer_to_earlier_ones_by_place() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let members = [
        reserve(&mut w, root, "alice", 60),
        capture(&mut w, Reference::Member(0), 50),
        refund(&mut w, Reference::Member(1), 20),
    ];
    w.send(&members).expect("one entry");
    let counters = w.counters(root);
    assert_eq!((counters.reserved, counters.captured, counters.refunded), (10, 50, 20));
}

#[test]
fn later_operations_name_a_member_by_its_id() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let members = [reserve(&mut w, root, "alice", 10), reserve(&mut w, root, "alice", 20)];
    let ready = w.ready(&members);
    w.raw(&ready.bytes).expect("one entry");
    w.capture(ready.ids[1], 1, 20).expect("the second");
    w.refuses(Code::UnknownReservation, |w| w.capture(ready.id, 1, 10));
}

#[test]
fn a_bundle_that_fails_in_its_last_member_changes_nothing() {
    let mut w = World::new();
    let (one, two) = (w.root("alice", 100), w.root("alice", 100));
    let held = w.reserve(two, "alice", 1).expect("held");
    let members = [reserve(&mut w, one, "alice", 100), reserve(&mut w, two, "alice", 100)];
    let bytes = w.ready(&members).bytes;
    w.refuses(Code::AboveTotal, |w| w.raw(&bytes));
    let now = w.now;
    let answers = w.ledger.submit(&[&bytes], now).expect("submits");
    let Answer::Refused(refusal) = answers[0] else { panic!("refused") };
    assert_eq!((refusal.member, refusal.leaf), (1, Some(w.index(two))));
    assert_eq!((w.committed(one), w.committed(two)), (0, 1));
    // No id of it is used up.
    w.release(held, None).expect("released");
    w.raw(&bytes).expect("now there is room");
    assert_eq!((w.committed(one), w.committed(two)), (100, 100));
}

#[test]
fn a_bundle_member_alone_is_refused() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let drafts = [
        reserve(&mut w, root, "alice", 1),
        reserve(&mut w, root, "alice", 2),
        reserve(&mut w, root, "alice", 3),
    ];
    let members = w.envelopes(&drafts);
    let choices: [&[usize]; 6] = [&[0], &[1], &[0, 1], &[1, 0, 2], &[0, 1, 2, 2], &[0, 0, 1, 2]];
    for choice in choices {
        let chosen: Vec<_> = choice.iter().map(|place| members[*place].clone()).collect();
        let bytes = w.pack(&chosen);
        let twins = choice.len() == 4;
        let code = if twins { Code::Replayed } else { Code::BundleMismatch };
        w.refuses(code, |w| w.raw(&bytes));
    }
    let alone = w.draft_reserve(&w.ask(root, 4), "alice", Vec::new());
    let mut mixed = members.clone();
    mixed.extend(w.envelopes(&[alone]));
    let bytes = w.pack(&mixed);
    w.refuses(Code::BundleMismatch, |w| w.raw(&bytes));
    let bytes = w.pack(&members);
    w.raw(&bytes).expect("all of them");
    assert_eq!(w.committed(root), 6);
}

#[test]
fn an_applied_member_is_not_good_again() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let drafts = [reserve(&mut w, root, "alice", 1), reserve(&mut w, root, "alice", 2)];
    let members = w.envelopes(&drafts);
    let bytes = w.pack(&members);
    let entry = w.raw(&bytes).expect("applied");
    let before = w.snapshot();
    let now = w.now;
    assert_eq!(w.ledger.submit(&[&bytes], now).expect("submits")[0], Answer::Replayed(entry));
    assert!(before == w.snapshot());
    let bytes = w.pack(&members[..1]);
    w.refuses(Code::BundleMismatch, |w| w.raw(&bytes));
}

#[test]
fn the_same_operation_twice_in_one_bundle_is_refused() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let draft = reserve(&mut w, root, "alice", 10);
    let bytes = remit_verifier::sign::submission(&w.ledger.id(), &[draft.clone(), draft]).expect("signed");
    w.refuses(Code::Replayed, |w| w.raw(&bytes));
}

#[test]
fn references_go_backward_only() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    for place in [1, 2, 7] {
        let members = [
            reserve(&mut w, root, "alice", 1),
            capture(&mut w, Reference::Member(place), 1),
            reserve(&mut w, root, "alice", 1),
        ];
        w.refuses(Code::BadReference, |w| w.send(&members));
    }
    // A place outside a bundle names nothing.
    let alone = capture(&mut w, Reference::Member(0), 1);
    w.refuses(Code::BadReference, |w| w.send(&[alone]));
    // A member of another kind is no reservation, no capture, no suspension, no freeze, no rekey.
    let cut = w.draft(Act::Cut(w.target(root, 2)), &["alice"]);
    let wrong = capture(&mut w, Reference::Member(0), 1);
    w.refuses(Code::UnknownReservation, |w| w.send(&[cut.clone(), wrong]));
    let wrong = refund(&mut w, Reference::Member(0), 1);
    w.refuses(Code::UnknownCapture, |w| w.send(&[cut.clone(), wrong]));
    let resume = Act::Resume { target: w.target(root, 1), suspend: Reference::Member(0) };
    let wrong = w.draft(resume, &["issuer"]);
    w.refuses(Code::NotInForce, |w| w.send(&[cut.clone(), wrong]));
    let veto = Act::Veto { token: root, rekey: Reference::Member(0) };
    let wrong = w.draft(veto, &["alice"]);
    w.refuses(Code::UnknownRekey, |w| w.send(&[cut.clone(), wrong]));
}

#[test]
fn the_window_of_every_member_counts() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let late = w.seconds(0);
    let members = [reserve(&mut w, root, "alice", 1), until(reserve(&mut w, root, "alice", 2), late)];
    w.refuses(Code::TooLate, |w| w.send(&members));
}

#[test]
fn a_suspension_and_its_lifting_fit_into_one_bundle() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let suspend = w.draft(Act::Suspend(w.target(root, 1)), &["issuer"]);
    let spend = reserve(&mut w, root, "alice", 1);
    w.refuses(Code::Suspended, |w| w.send(&[suspend.clone(), spend]));
    let resume = Act::Resume { target: w.target(root, 1), suspend: Reference::Member(0) };
    let resume = w.draft(resume, &["issuer"]);
    let spend = reserve(&mut w, root, "alice", 1);
    w.send(&[suspend, resume, spend]).expect("in order");
    assert_eq!(w.committed(root), 1);
}

#[test]
fn a_bundle_mixes_capture_transfer_and_the_new_holders_reserve() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let held = w.reserve(root, "alice", 30).expect("held");
    let transfer = w.draft_transfer(root, "alice", "bob");
    w.refuses(Code::ValueOpen, |w| w.send(&[transfer]));
    let spend = reserve(&mut w, root, "alice", 1);
    let transfer = w.draft_transfer(root, "alice", "bob");
    let take = capture(&mut w, Reference::Id(held), 30);
    w.refuses(Code::ValueOpen, |w| w.send(&[take, spend, transfer]));
    let members = [
        capture(&mut w, Reference::Id(held), 30),
        w.draft_transfer(root, "alice", "bob"),
        {
            let ask = Ask { epoch: Epoch(1), ..w.ask(root, 70) };
            w.draft_reserve(&ask, "bob", Vec::new())
        },
        capture(&mut w, Reference::Member(2), 70),
    ];
    w.send(&members).expect("one entry");
    assert_eq!(w.committed(root), 100);
    w.replays();
}
