//! Bytes that were good once, shown again: at another ledger, later, or in another place.

use crate::world::*;
use remit::engine::Answer;
use remit_verifier::code::Code;
use remit_verifier::label;
use remit_verifier::object::{Act, Reference, Submission};
use remit_verifier::sign::{Signer, sign_object};
use remit_verifier::types::{Amount, Epoch};

#[test]
fn the_same_token_at_two_ledgers() {
    let (mut here, mut there) = (World::named("here.example"), World::named("there.example"));
    assert_ne!(here.ledger.id(), there.ledger.id());
    let spec = here.spec("alice");
    let signer = key("issuer");
    let draft = here.client.root(here.now, here.issuer, &spec, &signer).expect("draft");
    let ready = here.client.ready(&[draft]).expect("ready");
    assert!(matches!(here.submit(&ready), Answer::Applied(_)));
    let refused = |answer| match answer {
        Answer::Refused(refusal) => refusal.code,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(there.submit(&ready)), Code::WrongLedger);
    // Nor does it help to put the other ledger's name on the outside: the signature covers the first one's.
    let mut bytes = ready.bytes.clone();
    let at = bytes.windows(32).position(|window| *window == here.ledger.id().0).expect("it is there");
    bytes[at..at + 32].copy_from_slice(&there.ledger.id().0);
    let answer = there.ledger.submit(&[&bytes], there.now).expect("submits")[0];
    assert_eq!(refused(answer), Code::BadSignature);
}

#[test]
fn a_replayed_resume_lifts_no_later_suspension() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let suspend = |w: &mut World| w.act(Act::Suspend(w.target(root, 1)), &["issuer"]).expect("suspended");
    let first = suspend(&mut w);
    let issuer = key("issuer");
    let act = Act::Resume { target: w.target(root, 1), suspend: Reference::Id(first) };
    let draft = w.client.act(w.now, act.clone(), &[&issuer]).expect("draft");
    let resume = w.client.ready(&[draft]).expect("ready");
    assert!(matches!(w.submit(&resume), Answer::Applied(_)));
    suspend(&mut w);
    assert!(matches!(w.submit(&resume), Answer::Replayed(_)), "the old bytes get the old answer");
    assert_eq!(w.reserve(root, "alice", 1), Err(Code::Suspended), "and lift nothing");
    // Signed anew, it still names a suspension that is not in force.
    assert_eq!(w.act(act, &["issuer"]), Err(Code::NotInForce));
}

#[test]
fn a_transfer_there_and_back_is_not_replayed() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let (alice, bob) = (key("alice"), key("bob"));
    let before = w.ask(root, 10);
    let child = w.inherit("carol", None);
    let hand = |w: &mut World, from: &dyn Signer, to: &dyn Signer| {
        let draft = w.client.transfer(w.now, root, w.epoch(root), (from, to)).expect("draft");
        let ready = w.client.ready(&[draft]).expect("ready");
        assert!(matches!(w.submit(&ready), Answer::Applied(_)));
        ready
    };
    let first = hand(&mut w, &alice, &bob);
    hand(&mut w, &bob, &alice);
    assert!(matches!(w.submit(&first), Answer::Replayed(_)));
    assert_eq!(w.epoch(root), Epoch(2));
    w.reserve(root, "alice", 10).expect("alice holds it");
    assert_eq!(w.reserve(root, "bob", 10), Err(Code::WrongHolder));
    // What alice had prepared before the sale names the old epoch, and stays dead though her key is back.
    assert_eq!(w.reserve_ask(&before, "alice", Vec::new()), Err(Code::OldEpoch));
    assert_eq!(w.delegate_at(root, Epoch(0), "alice", &child), Err(Code::OldEpoch));
}

#[test]
fn children_and_links_of_an_old_epoch_end_with_a_transfer() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let child = w.delegate(root, "alice", &w.inherit("carol", None)).expect("child");
    let mut spec = w.inherit("dave", None);
    spec.expires.0 = w.now.seconds().0 + 600;
    let generation = Default::default();
    let (link, bytes) =
        w.client.link(w.now, root, (Epoch(0), generation), &spec, &key("alice")).expect("link");
    let mut ask = w.ask(root, 1);
    ask.token = link;
    w.reserve_ask(&ask, "dave", vec![bytes.clone()]).map(drop).expect("good before");
    let (alice, bob) = (key("alice"), key("bob"));
    let reserve = w.reserve(child, "carol", 5).expect("good before");
    w.advance(DAY);
    w.tick();
    assert_eq!(w.capture(reserve, 1, 1), Err(Code::Settled));
    let draft = w.client.transfer(w.now, root, Epoch(0), (&alice, &bob)).expect("draft");
    w.apply(&[draft]).expect("transferred");
    assert_eq!(w.reserve(child, "carol", 5), Err(Code::OldEpoch));
    let mut spec = w.inherit("dave", None);
    spec.expires.0 = w.now.seconds().0 + 600;
    let (link, bytes) =
        w.client.link(w.now, root, (Epoch(0), generation), &spec, &key("alice")).expect("link");
    ask = w.ask(root, 1);
    ask.token = link;
    assert_eq!(w.reserve_ask(&ask, "dave", vec![bytes]), Err(Code::WrongSigner), "alice holds nothing");
    let (link, bytes) = w.client.link(w.now, root, (Epoch(0), generation), &spec, &key("bob")).expect("link");
    ask.token = link;
    assert_eq!(w.reserve_ask(&ask, "dave", vec![bytes]), Err(Code::OldEpoch));
}

#[test]
fn a_repeat_after_its_window_gets_the_first_answer() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let invocation = w.client.invocation(w.now, &w.ask(root, 60)).expect("draft");
    let alice = key("alice");
    let ready = w.client.ready(&[w.client.reserve(invocation, Vec::new(), &alice)]).expect("ready");
    let Answer::Applied(entry) = w.submit(&ready) else { panic!("not applied") };
    w.advance(3600);
    assert_eq!(w.submit(&ready), Answer::Replayed(entry), "not `too_late`, or the client would pay again");
    assert_eq!(w.committed(root), 60);
}

#[test]
fn a_member_of_a_bundle_alone_is_nothing() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let alice = key("alice");
    let invocation = |w: &mut World| w.client.invocation(w.now, &w.ask(root, 10)).expect("draft");
    let pair = [invocation(&mut w), invocation(&mut w)].map(|i| w.client.reserve(i, Vec::new(), &alice));
    let ready = w.client.ready(&pair).expect("ready");
    let members = Submission::decode(&ready.bytes).expect("decodes").operations;
    let object = members[0].objects().remove(0);
    let envelope = remit_verifier::object::Envelope {
        kind: members[0].kind,
        objects: vec![object],
        sealed: None,
        links: Vec::new(),
        approvals: Vec::new(),
    };
    let alone = remit_verifier::object::Envelope::submission(&w.ledger.id(), &[envelope]);
    let answer = w.ledger.submit(&[&alone], w.now).expect("submits")[0];
    assert!(matches!(answer, Answer::Refused(refusal) if refusal.code == Code::BundleMismatch), "{answer:?}");
    assert!(matches!(w.submit(&ready), Answer::Applied(_)));
}

/// An operator's signature counts once, in whatever company it comes back.
#[test]
fn operators_in_another_combination() {
    let mut w = World::new();
    let act = Act::Unit { name: "EUR".into(), decimals: 2 };
    let keys = ["op-1", "op-2", "op-3"].map(key);
    let draft = w.client.act(w.now, act, &[&keys[0], &keys[1]]).expect("draft");
    let mut other = draft.clone();
    other.signers = vec![&keys[1], &keys[2]];
    w.apply(&[draft]).expect("registered");
    assert_eq!(w.apply(&[other]), Err(Code::Replayed));
}

/// A payload is applied once, whichever of the payee's keys signs it when it is tried again.
#[test]
fn a_payee_with_two_keys_refunds_once() {
    let mut w = World::new();
    let hotel = w.hotel;
    let (keys, generation) = (vec![public("hotel"), public("hotel-2")], Default::default());
    let act = Act::PartyKeys { party: hotel, generation, keys, compromised: Vec::new() };
    w.act(act, &["hotel", "hotel-2"]).expect("a second key");
    let root = w.root("alice", 100);
    let reserve = w.reserve(root, "alice", 100).expect("reserved");
    let capture = w.capture(reserve, 1, 100).expect("captured");
    let (first, second) = (key("hotel"), key("hotel-2"));
    let act = Act::Refund { capture: Reference::Id(capture), amount: Amount(30) };
    let draft = w.client.act(w.now, act, &[&first]).expect("draft");
    let mut again = draft.clone();
    again.signers = vec![&second];
    w.apply(&[draft]).expect("refunded");
    assert_eq!(w.apply(&[again]), Err(Code::Replayed));
    assert_eq!(w.counters(root).refunded, 30);
}

#[test]
fn two_equal_captures_count_by_their_number() {
    let mut w = World::new();
    let root = w.root("alice", 200);
    let reserve = w.reserve(root, "alice", 200).expect("reserved");
    w.capture(reserve, 1, 100).expect("the first");
    assert_eq!(w.capture(reserve, 1, 100), Err(Code::WrongNumber));
    w.capture(reserve, 2, 100).expect("an equal one is another, by its number and nonce");
    assert_eq!(w.counters(root).captured, 200);
}

#[test]
fn small_order_keys_hold_nothing() {
    let mut w = World::new();
    // The neutral element: every signature (R, S) with R = S·B verifies for every message without strictness.
    let mut small = [0; 32];
    small[0] = 1;
    let root = w.root("alice", 100);
    let signer = key("issuer");
    let mut payload = Vec::new();
    for operation in w.ledger.store().iter().filter_map(|kept| kept.object) {
        let submission = Submission::decode(operation).expect("kept");
        if submission.operations[0].id == root {
            payload = Submission::decode(operation).expect("kept").operations[0].objects().remove(0);
        }
    }
    let object = remit_verifier::cose::Sign1::decode(&payload).expect("decodes");
    let holder = public("alice");
    let at = object.payload.windows(32).position(|window| window == holder.bytes().0).expect("its cnf");
    let mut altered = object.payload.to_vec();
    altered[at..at + 32].copy_from_slice(&small);
    let (_, signed) = sign_object(&signer, label::TOKEN, &w.ledger.id(), &altered).expect("signed");
    let link = remit_verifier::object::Link::decode(&signed, &w.ledger.id());
    assert_eq!(link.err(), Some(Code::BadKey));
    let kid = remit_verifier::types::KeyBytes(small);
    let forged = remit_verifier::cose::Sign1 { kid, payload: object.payload, signature: [0; 64] }.encode();
    assert_eq!(remit_verifier::object::Link::decode(&forged, &w.ledger.id()).err(), Some(Code::BadKey));
}

#[test]
fn a_reserve_of_another_invocation_funds_nothing_twice() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let first = w.reserve(root, "alice", 60).expect("the first");
    assert_eq!(w.reserve(root, "alice", 60), Err(Code::AboveTotal), "60 + 60 on 100");
    w.capture(first, 1, 60).expect("captured");
    assert_eq!(w.reserve(root, "alice", 60), Err(Code::AboveTotal));
    assert_eq!(w.counters(root).committed(), Some(Amount(60)));
}
