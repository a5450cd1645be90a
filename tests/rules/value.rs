//! Reserve, capture, release, refund, expiry, carving.

use crate::world::*;
use remit::client::{TokenSpec, budget, carved};
use remit_verifier::code::Code;
use remit_verifier::types::Amount;

#[test]
fn a_reserve_is_captured_released_and_refunded() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let reserve = w.reserve(root, "alice", 60).expect("reserved");
    assert_eq!(w.reserve(root, "alice", 41), Err(Code::AboveTotal));
    let capture = w.capture(reserve, 1, 50).expect("captured");
    assert_eq!(w.capture(reserve, 2, 11), Err(Code::AboveReserved));
    w.release(reserve, None).expect("released");
    assert_eq!(w.committed(root), 50);
    w.refund(capture, 20).expect("refunded");
    assert_eq!(w.refund(capture, 31), Err(Code::AboveCaptured));
    assert_eq!(w.committed(root), 30);
}

#[test]
fn sixty_and_sixty_on_a_hundred_is_refused() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    w.reserve(root, "alice", 60).expect("the first");
    assert_eq!(w.reserve(root, "alice", 60), Err(Code::AboveTotal));
}

#[test]
fn what_is_not_captured_by_settle_by_comes_back() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let reserve = w.reserve(root, "alice", 100).expect("reserved");
    w.advance(DAY);
    assert_eq!(w.capture(reserve, 1, 1), Err(Code::Settled));
    assert_eq!(w.committed(root), 0);
    w.reserve(root, "alice", 100).expect("free again");
}

#[test]
fn a_carve_under_a_shared_child_posts_on_the_owner() {
    let mut w = World::new();
    let root = w.root("alice", 1000);
    let cny = w.cny;
    let shared = w.inherit("bob", Some(vec![budget(cny, Amount(500))]));
    let shared = w.delegate(root, "alice", &shared).expect("shared");
    let own = w.inherit("carol", Some(vec![carved(cny, Amount(500))]));
    let own = w.delegate(shared, "bob", &own).expect("carved");
    assert_eq!((w.committed(root), w.committed(shared)), (500, 500));
    assert_eq!(w.reserve(root, "alice", 501), Err(Code::AboveTotal));
    w.reserve(root, "alice", 500).expect("what is left");
    w.reserve(own, "carol", 500).expect("its own");
    assert_eq!(w.reserve(own, "carol", 1), Err(Code::AboveTotal));
}

#[test]
fn an_expired_carved_child_gives_back_and_passes_later_returns_on() {
    let mut w = World::new();
    let root = w.root("alice", 1000);
    let cny = w.cny;
    let spec = w.inherit("bob", Some(vec![carved(cny, Amount(600))]));
    let spec = TokenSpec { expires: remit_verifier::types::Seconds(w.now.seconds().0 + 3600), ..spec };
    let child = w.delegate(root, "alice", &spec).expect("carved");
    let reserve = w.reserve(child, "bob", 200).expect("reserved");
    w.advance(3600);
    w.tick();
    assert_eq!(w.committed(root), 200, "400 came back at once");
    let capture = w.capture(reserve, 1, 150).expect("still his");
    w.release(reserve, None).expect("released");
    assert_eq!(w.committed(root), 150, "50 passed on");
    w.refund(capture, 150).expect("refunded");
    assert_eq!(w.committed(root), 0, "150 passed on");
}
