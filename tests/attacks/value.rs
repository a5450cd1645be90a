//! Value that somebody wants twice, or out of nothing.

use crate::world::*;
use remit::client::{TokenSpec, budget, carved};
use remit::engine::Answer;
use remit_verifier::code::Code;
use remit_verifier::object::{Act, Budget, Reference};
use remit_verifier::types::{Amount, Seconds};

#[test]
fn a_carved_child_obeys_its_parents_per_use_limit() {
    let mut w = World::new();
    let cny = w.cny;
    let budgets = Some(vec![Budget { per_use: Some(Amount(50)), ..budget(cny, Amount(1000)) }]);
    let spec = TokenSpec { budgets, ..w.spec("alice") };
    let root = w.issue(&spec).expect("issued");
    let child = w.inherit("alice", Some(vec![carved(cny, Amount(500))]));
    let child = w.delegate(root, "alice", &child).expect("a self-carve is allowed");
    assert_eq!(w.reserve(child, "alice", 51), Err(Code::AbovePerUse), "and is no way around the limit");
    w.reserve(child, "alice", 50).expect("at the limit");
}

#[test]
fn a_carve_under_a_shared_child_is_debited_at_the_owner() {
    let mut w = World::new();
    let cny = w.cny;
    let root = w.root("alice", 1000);
    let shared = w.inherit("bob", Some(vec![budget(cny, Amount(500))]));
    let shared = w.delegate(root, "alice", &shared).expect("shared");
    let below = w.inherit("carol", Some(vec![carved(cny, Amount(500))]));
    let below = w.delegate(shared, "bob", &below).expect("carved");
    assert_eq!(w.reserve(root, "alice", 501), Err(Code::AboveTotal), "500 are carol's");
    // Mirror: a spend below the carve is not counted above it once more.
    w.reserve(below, "carol", 500).expect("her own");
    assert_eq!(w.committed(root), 500);
}

/// The entry of a refusal is in the log and can be proved; it is no evidence of funding for what it refused.
#[test]
fn a_refusal_funds_nothing() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let alice = key("alice");
    let invocation = w.client.invocation(w.now, &w.ask(root, 101)).expect("drafted");
    let ready = w.client.ready(&[w.client.reserve(invocation, Vec::new(), &alice)]).expect("signed");
    let Answer::Refused(refusal) = w.submit(&ready) else { panic!("not refused") };
    let entry = refusal.entry.expect("an entry");
    w.ledger.proof(entry).expect("it is proved like every entry");
    assert_eq!(w.ledger.reservation(&ready.id), None);
    let capture = Act::Capture { reserve: Reference::Id(ready.id), number: 1, amount: Amount(1) };
    assert_eq!(w.act(capture, &["hotel"]), Err(Code::UnknownReservation));
    assert_eq!(w.committed(root), 0);
}

#[test]
fn refund_cycling_is_bounded_in_gross() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let cycle = |w: &mut World| {
        let reserve = w.reserve(root, "alice", 100).expect("reserved");
        let capture = w.capture(reserve, 1, 100).expect("captured");
        w.refund(capture, 100).map(drop)
    };
    assert_eq!(cycle(&mut w), Ok(()), "once over");
    assert_eq!(cycle(&mut w), Err(Code::AboveRefundable), "and no more");
}

/// Three carved tokens one below the other, ended in every order: all unused value is back at the root.
#[test]
fn value_returns_in_whatever_order_carved_tokens_end() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut w = World::new();
        let cny = w.cny;
        let root = w.root("alice", 1000);
        let mut chain = vec![root];
        for (holder, by, total) in [("b", "alice", 600), ("c", "b", 400), ("d", "c", 200)] {
            let spec = w.inherit(holder, Some(vec![carved(cny, Amount(total))]));
            let token = w.delegate(*chain.last().expect("one"), by, &spec).expect("carved");
            chain.push(token);
        }
        let held = w.reserve(chain[3], "d", 50).expect("reserved");
        w.act(Act::Revoke(w.target(chain[1], 1)), &["issuer"]).expect("revoked");
        for place in order {
            w.act(Act::End(w.target(chain[1 + place], 1)), &["issuer"]).expect("ended");
        }
        assert_eq!(w.committed(root), 50, "{order:?}: but for what the payee holds");
        let capture = w.capture(held, 1, 30).expect("captured");
        w.release(held, None).expect("released");
        assert_eq!(w.committed(root), 30, "{order:?}: the release passed up");
        w.refund(capture, 30).expect("refunded");
        assert_eq!(w.committed(root), 0, "{order:?}: the refund passed up");
        w.reserve(root, "alice", 1000).expect("all of it again");
    }
}

#[test]
fn a_token_is_not_ended_while_it_can_be_used() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let end = |w: &World| Act::End(w.target(root, 1));
    assert_eq!(w.act(end(&w), &["issuer"]), Err(Code::StillUsable));
    w.act(Act::Revoke(w.target(root, 2)), &["alice"]).expect("by the holder");
    w.act(end(&w), &["issuer"]).expect("ended");
    assert_eq!(w.act(end(&w), &["issuer"]), Err(Code::AlreadySo));
}

#[test]
fn a_token_is_not_handed_over_while_value_is_open() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let cny = w.cny;
    let (alice, bob) = (key("alice"), key("bob"));
    let hand = |w: &mut World| {
        let draft = w.client.transfer(w.now, root, w.epoch(root), (&alice, &bob)).expect("draft");
        w.apply(&[draft]).map(drop)
    };
    let held = w.reserve(root, "alice", 10).expect("reserved");
    assert_eq!(hand(&mut w), Err(Code::ValueOpen));
    w.release(held, None).expect("released");
    let spec = w.inherit("carol", Some(vec![carved(cny, Amount(10))]));
    let spec = TokenSpec { expires: Seconds(w.now.seconds().0 + 60), ..spec };
    w.delegate(root, "alice", &spec).expect("carved");
    assert_eq!(hand(&mut w), Err(Code::CarvedChild));
    w.advance(60);
    assert_eq!(hand(&mut w), Ok(()), "it has lapsed by now");
}

#[test]
fn a_bundle_that_fails_in_its_last_member_changes_nothing() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let (alice, hotel) = (key("alice"), key("hotel"));
    let before = w.ledger.store().state().clone();
    let invocation = w.client.invocation(w.now, &w.ask(root, 60)).expect("draft");
    let take =
        |number, amount| Act::Capture { reserve: Reference::Member(0), number, amount: Amount(amount) };
    let drafts = [
        w.client.reserve(invocation, Vec::new(), &alice),
        w.client.act(w.now, take(1, 60), &[&hotel]).expect("draft"),
        w.client.act(w.now, take(2, 1), &[&hotel]).expect("draft"),
    ];
    assert_eq!(w.apply(&drafts), Err(Code::AboveReserved));
    let changed: Vec<_> =
        w.ledger.store().state().iter().zip(before.iter()).filter(|(a, b)| a != b).collect();
    assert_eq!(changed.len(), 1, "the head alone: {changed:?}");
}

#[test]
fn amounts_do_not_overflow() {
    let mut w = World::new();
    let root = w.root("alice", u64::MAX);
    let cny = w.cny;
    let child = w.inherit("bob", Some(vec![carved(cny, Amount(u64::MAX))]));
    let child = w.delegate(root, "alice", &child).expect("all of it");
    assert_eq!(w.reserve(root, "alice", 1), Err(Code::Overflow), "2^64 is no amount");
    let held = w.reserve(child, "bob", u64::MAX).expect("all of it");
    assert_eq!(w.reserve(child, "bob", 1), Err(Code::Overflow));
    w.capture(held, 1, u64::MAX).expect("captured");
    assert_eq!(w.reserve(child, "bob", u64::MAX), Err(Code::Overflow));
}

#[test]
fn only_the_payee_settles() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let held = w.reserve(root, "alice", 10).expect("reserved");
    let reserve = Reference::Id(held);
    let take = Act::Capture { reserve, number: 1, amount: Amount(10) };
    assert_eq!(w.act(take, &["airline"]), Err(Code::NotThePayee));
    assert_eq!(w.act(Act::Release { reserve, amount: None }, &["alice"]), Err(Code::NotThePayee));
    let capture = w.capture(held, 1, 10).expect("captured");
    let refund = Act::Refund { capture: Reference::Id(capture), amount: Amount(1) };
    assert_eq!(w.act(refund, &["airline"]), Err(Code::NotThePayee));
    w.advance(5 * DAY);
    assert_eq!(w.refund(capture, 1), Err(Code::RefundClosed));
}
