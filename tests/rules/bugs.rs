//! One test for each bug that was found in the rules, named after it.

use crate::world::*;
use remit::client::{TokenSpec, budget, carved};
use remit_verifier::code::Code;
use remit_verifier::object::{Act, Budget, Reference};
use remit_verifier::types::{Amount, StateIndex};

/// Gross counters near 2^64 let a reserve through whose capture then overflowed: the payee was not paid.
#[test]
fn a_reserve_whose_capture_would_overflow() {
    let mut w = World::new();
    let root = w.root("alice", u64::MAX);
    let held = w.reserve(root, "alice", u64::MAX - 10).expect("with a friendly payee");
    let capture = w.capture(held, 1, u64::MAX - 10).expect("captured");
    w.refund(capture, u64::MAX - 10).expect("refunded");
    assert_eq!(w.committed(root), 0);
    w.refuses(Code::Overflow, |w| w.reserve(root, "alice", 11));
    let held = w.reserve(root, "alice", 10).expect("with an honest one");
    w.capture(held, 1, 10).expect("whom nothing keeps from capturing");
}

/// A carved child that states no bound on refunds had its own total, although a link above allowed less.
#[test]
fn a_carved_child_with_a_wider_default_bound_on_refunds() {
    let mut w = World::new();
    let cny = w.cny;
    let strict = Some(vec![Budget { refundable: Some(Amount(0)), ..budget(cny, Amount(100)) }]);
    let root = w.issue(&TokenSpec { budgets: strict, ..w.spec("alice") }).expect("issued");
    let own = |w: &World, own: Budget| w.inherit("alice", Some(vec![own]));
    let spec = own(&w, carved(cny, Amount(50)));
    w.refuses(Code::WiderThanParent, |w| w.delegate(root, "alice", &spec));
    // Nor through a shared child, whose own refunds still post on the root.
    let shared = w.delegate(root, "alice", &own(&w, budget(cny, Amount(50)))).expect("shared");
    w.refuses(Code::WiderThanParent, |w| w.delegate(shared, "alice", &spec));
    let bound = Budget { refundable: Some(Amount(0)), ..carved(cny, Amount(50)) };
    w.delegate(shared, "alice", &own(&w, bound)).expect("as strict as the root");
}

/// A token carved out of a shared child did not stop a transfer of the token whose value it had taken.
#[test]
fn a_carved_grandchild_under_a_shared_child_and_a_transfer() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let shared = w.delegate(root, "alice", &w.inherit("bob", None)).expect("shared");
    let spec = w.inherit("carol", Some(vec![carved(w.cny, Amount(40))]));
    let own = w.delegate(shared, "bob", &spec).expect("carved");
    let below = w.inherit("dave", Some(vec![carved(w.cny, Amount(10))]));
    let below = w.delegate(own, "carol", &below).expect("carved below");
    w.refuses(Code::CarvedChild, |w| w.transfer(root, "alice", "eve"));
    w.refuses(Code::CarvedChild, |w| w.transfer(shared, "bob", "eve"));
    w.refuses(Code::CarvedChild, |w| w.transfer(own, "carol", "eve"));
    w.revoke(own, 1, "issuer").expect("revoked");
    w.end(own, 1, "issuer").expect("ended");
    w.end(below, 1, "issuer").expect("ended");
    w.transfer(shared, "bob", "eve").expect("none is left");
    w.transfer(root, "alice", "eve").expect("none is left");
}

/// A frozen issuer, whose key may be in wrong hands, resumed tokens and proposed rekeys.
#[test]
fn a_frozen_issuer_resumes_and_rekeys() {
    let mut w = World::new();
    let (issuer, root) = (w.issuer, w.root("alice", 100));
    let suspend = w.suspend(root, 1, "issuer").expect("suspended");
    w.freeze(issuer).expect("frozen");
    w.refuses(Code::PartyFrozen, |w| w.resume(root, 1, "issuer", suspend));
    w.refuses(Code::PartyFrozen, |w| w.rekey(root, 1, "issuer", "eve"));
}

/// A rekey that ran became effective under a freeze, and on tokens that were over.
#[test]
fn a_rekey_becomes_effective_under_a_freeze() {
    let mut w = World::new();
    let (whole, root) = (w.whole(), w.root("alice", 100));
    w.rekey(root, 1, "issuer", "eve").expect("proposed");
    let freeze = w.operate(Act::Freeze { leaf: StateIndex(0), id: whole }).expect("frozen");
    w.advance(2 * DAY);
    w.tick();
    let lift = Act::Unfreeze { leaf: StateIndex(0), id: whole, freeze: Reference::Id(freeze) };
    w.operate(lift).expect("lifted");
    w.refuses(Code::WrongHolder, |w| w.reserve(root, "eve", 1));
    w.reserve(root, "alice", 1).expect("alice holds it");
}
