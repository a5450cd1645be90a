//! Suspend, resume, revoke, cut, end (spec 11 §4.10–§4.14).

use crate::world::*;
use remit::client::TokenSpec;
use remit_verifier::code::Code;
use remit_verifier::object::{Act, Reference};
use remit_verifier::types::{Epoch, Generation, ObjectId};

/// A root of alice, below it a token of bob, below that one of carol.
fn family(w: &mut World) -> (ObjectId, ObjectId, ObjectId) {
    let root = w.root("alice", 100);
    let child = w.delegate(root, "alice", &w.inherit("bob", None)).expect("a child");
    let last = w.delegate(child, "bob", &w.inherit("carol", None)).expect("a grandchild");
    (root, child, last)
}

#[test]
fn a_suspension_stops_all_below_until_it_is_lifted() {
    let mut w = World::new();
    let (root, child, last) = family(&mut w);
    let held = w.reserve(last, "carol", 10).expect("held");
    let suspend = w.suspend(child, 2, "alice").expect("suspended");
    w.refuses(Code::Suspended, |w| w.reserve(child, "bob", 1));
    w.refuses(Code::Suspended, |w| w.reserve(last, "carol", 1));
    w.refuses(Code::Suspended, |w| w.delegate(last, "carol", &w.inherit("dave", None)));
    w.refuses(Code::Suspended, |w| w.transfer(child, "bob", "dave"));
    let capture = w.capture(held, 1, 5).expect("the payee's");
    w.release(held, None).expect("the payee's");
    w.refund(capture, 5).expect("the payee's");
    w.reserve(root, "alice", 1).expect("above it all goes on");
    w.resume(child, 2, "alice", suspend).expect("lifted");
    w.reserve(last, "carol", 1).expect("good again");
}

#[test]
fn only_those_above_suspend() {
    let mut w = World::new();
    let (root, child, last) = family(&mut w);
    w.refuses(Code::WrongPosition, |w| w.suspend(root, 2, "alice"));
    w.refuses(Code::WrongPosition, |w| w.suspend(child, 3, "bob"));
    w.refuses(Code::WrongPosition, |w| w.suspend(child, 9, "bob"));
    w.refuses(Code::WrongSigner, |w| w.suspend(child, 2, "bob"));
    w.refuses(Code::WrongSigner, |w| w.suspend(child, 1, "alice"));
    w.refuses(Code::WrongSigner, |w| w.suspend(last, 3, "alice"));
    w.refuses(Code::UnknownToken, |w| w.suspend(ObjectId([9; 32]), 1, "issuer"));
    let draft = w.draft(Act::Suspend(w.target(child, 2)), &["alice", "issuer"]);
    w.refuses(Code::WrongSigner, |w| w.send(&[draft]));
    let mut target = w.target(child, 2);
    target.epoch = Epoch(1);
    w.refuses(Code::OldEpoch, |w| w.act(Act::Suspend(target), &["alice"]));
    let mut target = w.target(child, 2);
    target.position.0 = 0;
    let draft = w.draft(Act::Suspend(target), &["op-1"]);
    w.refuses(Code::Malformed, |w| w.send(&[draft]));
    w.suspend(last, 1, "issuer").expect("issuer");
    w.suspend(last, 2, "alice").expect("alice");
    w.suspend(last, 3, "bob").expect("bob");
    assert_eq!(w.ledger.leaf(&last).expect("a leaf").leaf.mask, 0b1110);
    w.refuses(Code::AlreadySo, |w| w.suspend(last, 3, "bob"));
}

#[test]
fn a_suspended_rogue_does_not_resume_itself() {
    let mut w = World::new();
    let (_, child, last) = family(&mut w);
    let suspend = w.suspend(child, 2, "alice").expect("suspended");
    w.refuses(Code::WrongPosition, |w| w.resume(child, 3, "bob", suspend));
    w.refuses(Code::WrongSigner, |w| w.resume(child, 2, "bob", suspend));
    // Nor does a child of it, or another token of the same key.
    w.refuses(Code::WrongPosition, |w| w.resume(child, 4, "carol", suspend));
    w.refuses(Code::NotInForce, |w| w.resume(last, 3, "bob", suspend));
    w.refuses(Code::Suspended, |w| w.reserve(child, "bob", 1));
}

#[test]
fn a_manager_does_not_lift_the_issuers_suspension() {
    let mut w = World::new();
    let (_, child, _) = family(&mut w);
    let by_issuer = w.suspend(child, 1, "issuer").expect("suspended");
    let by_manager = w.suspend(child, 2, "alice").expect("suspended too");
    w.refuses(Code::WrongPosition, |w| w.resume(child, 2, "alice", by_issuer));
    w.resume(child, 2, "alice", by_manager).expect("the own one");
    w.refuses(Code::Suspended, |w| w.reserve(child, "bob", 1));
    let again = w.suspend(child, 2, "alice").expect("once more");
    w.resume(child, 1, "issuer", again).expect("the issuer lifts what is below");
    w.resume(child, 1, "issuer", by_issuer).expect("and the own one");
    w.reserve(child, "bob", 1).expect("no bit is set");
}

#[test]
fn a_replayed_resume_lifts_nothing() {
    let mut w = World::new();
    let (_, child, _) = family(&mut w);
    let first = w.suspend(child, 2, "alice").expect("suspended");
    let resume = Act::Resume { target: w.target(child, 2), suspend: Reference::Id(first) };
    let draft = w.draft(resume, &["alice"]);
    let resume = w.ready(&[draft]);
    w.raw(&resume.bytes).expect("lifted");
    let second = w.suspend(child, 2, "alice").expect("suspended again");
    let before = w.snapshot();
    assert!(matches!(w.submit(&resume), remit::engine::Answer::Replayed(_)));
    assert!(before == w.snapshot());
    w.refuses(Code::Suspended, |w| w.reserve(child, "bob", 1));
    // A new resume that names the old suspension lifts nothing either.
    w.refuses(Code::NotInForce, |w| w.resume(child, 2, "alice", first));
    w.refuses(Code::NotInForce, |w| w.resume(child, 2, "alice", ObjectId([9; 32])));
    w.resume(child, 2, "alice", second).expect("the one in force");
}

#[test]
fn resumes_are_refused_one_by_one() {
    let mut w = World::new();
    let (root, child, _) = family(&mut w);
    let suspend = w.suspend(child, 2, "alice").expect("suspended");
    w.refuses(Code::NotInForce, |w| w.resume(root, 1, "issuer", suspend));
    let target = w.target(child, 2);
    let resume = |target| Act::Resume { target, suspend: Reference::Id(suspend) };
    let draft = w.draft(resume(target), &["alice", "alice"]);
    w.refuses(Code::WrongSigner, |w| w.send(&[draft]));
    let mut old = target;
    old.epoch = Epoch(1);
    w.refuses(Code::OldEpoch, |w| w.act(resume(old), &["alice"]));
    w.revoke(child, 2, "alice").expect("revoked");
    w.refuses(Code::Revoked, |w| w.act(resume(target), &["alice"]));
    w.end(child, 2, "alice").expect("ended");
    w.refuses(Code::Ended, |w| w.act(resume(target), &["alice"]));
}

#[test]
fn a_revocation_reaches_everything_below_and_is_for_ever() {
    let mut w = World::new();
    for (position, by) in [(1, "issuer"), (2, "alice"), (3, "bob")] {
        let (root, child, last) = family(&mut w);
        let held = w.reserve(last, "carol", 10).expect("held");
        let (link, bytes) = w.link(last, last, "carol", &w.half_hour("eve"));
        let ask = w.ask(link, 1);
        w.revoke(child, position, by).expect("revoked");
        w.refuses(Code::Revoked, |w| w.reserve(child, "bob", 1));
        w.refuses(Code::Revoked, |w| w.reserve(last, "carol", 1));
        w.refuses(Code::Revoked, |w| w.reserve_ask(&ask, "eve", vec![bytes]));
        w.refuses(Code::Revoked, |w| w.delegate(child, "bob", &w.inherit("eve", None)));
        w.refuses(Code::Revoked, |w| w.transfer(child, "bob", "eve"));
        w.refuses(Code::Revoked, |w| w.revoke(child, 1, "issuer"));
        w.refuses(Code::Revoked, |w| w.suspend(child, 1, "issuer"));
        w.refuses(Code::Revoked, |w| w.cut(child, 1, "issuer"));
        let capture = w.capture(held, 1, 10).expect("what is reserved is the payee's");
        w.refund(capture, 10).expect("and comes back from him");
        w.reserve(root, "alice", 1).expect("above it all goes on");
    }
}

#[test]
fn only_those_above_and_the_holder_revoke() {
    let mut w = World::new();
    let (root, child, last) = family(&mut w);
    w.refuses(Code::WrongPosition, |w| w.revoke(child, 4, "carol"));
    w.refuses(Code::WrongSigner, |w| w.revoke(child, 3, "carol"));
    w.refuses(Code::WrongSigner, |w| w.revoke(root, 2, "bob"));
    w.refuses(Code::WrongSigner, |w| w.revoke(root, 1, "hotel"));
    let draft = w.draft(Act::Revoke(w.target(last, 1)), &["issuer", "alice"]);
    w.refuses(Code::WrongSigner, |w| w.send(&[draft]));
    let mut target = w.target(last, 1);
    target.epoch = Epoch(3);
    w.refuses(Code::OldEpoch, |w| w.act(Act::Revoke(target), &["issuer"]));
}

#[test]
fn a_cut_ends_the_offline_links_of_one_token() {
    let mut w = World::new();
    let (_, child, last) = family(&mut w);
    let (link, bytes) = w.link(child, child, "bob", &w.half_hour("eve"));
    let (other, other_bytes) = w.link(last, last, "carol", &w.half_hour("eve"));
    let (ask, other_ask) = (w.ask(link, 1), w.ask(other, 1));
    w.reserve_ask(&ask, "eve", vec![bytes.clone()]).expect("good");
    w.refuses(Code::WrongPosition, |w| w.cut(child, 4, "carol"));
    w.refuses(Code::WrongSigner, |w| w.cut(child, 3, "carol"));
    let draft = w.draft(Act::Cut(w.target(child, 3)), &["bob", "bob"]);
    w.refuses(Code::WrongSigner, |w| w.send(&[draft]));
    w.cut(child, 1, "issuer").expect("cut");
    assert_eq!(w.generation(child), Generation(1));
    w.refuses(Code::OldGeneration, |w| w.reserve_ask(&ask, "eve", vec![bytes.clone()]));
    w.reserve_ask(&other_ask, "eve", vec![other_bytes]).expect("that of another token");
    w.reserve(child, "bob", 1).expect("the token itself");
    let (link, bytes) = w.link(child, child, "bob", &w.half_hour("eve"));
    let ask = w.ask(link, 1);
    w.reserve_ask(&ask, "eve", vec![bytes]).expect("a new one");
}

#[test]
fn a_token_ends_when_it_can_no_longer_be_used() {
    let mut w = World::new();
    let (root, child, last) = family(&mut w);
    w.refuses(Code::StillUsable, |w| w.end(child, 3, "bob"));
    let suspend = w.suspend(child, 2, "alice").expect("suspended");
    w.refuses(Code::StillUsable, |w| w.end(child, 2, "alice"));
    w.resume(child, 2, "alice", suspend).expect("lifted");
    w.revoke(child, 2, "alice").expect("revoked");
    w.refuses(Code::WrongPosition, |w| w.end(child, 4, "carol"));
    w.refuses(Code::WrongSigner, |w| w.end(child, 2, "bob"));
    let draft = w.draft(Act::End(w.target(child, 3)), &["bob", "bob"]);
    w.refuses(Code::WrongSigner, |w| w.send(&[draft]));
    w.end(child, 3, "bob").expect("ended by its holder");
    w.refuses(Code::AlreadySo, |w| w.end(child, 3, "bob"));
    w.refuses(Code::Ended, |w| w.reserve(last, "carol", 1));
    w.end(last, 4, "carol").expect("below a revoked one");
    w.refuses(Code::StillUsable, |w| w.end(root, 1, "issuer"));
    let short = TokenSpec { expires: w.seconds(60), ..w.spec("alice") };
    let short = w.issue(&short).expect("issued");
    w.advance(59);
    w.refuses(Code::StillUsable, |w| w.end(short, 2, "alice"));
    w.advance(1);
    w.refuses(Code::Expired, |w| w.reserve(short, "alice", 1));
    w.end(short, 2, "alice").expect("expired, so it may end");
}

#[test]
fn a_suspended_token_that_expires_may_end() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let spec = w.inherit("bob", Some(vec![remit::client::carved(w.cny, remit_verifier::types::Amount(40))]));
    let child = w.delegate(root, "alice", &TokenSpec { expires: w.seconds(60), ..spec }).expect("carved");
    let suspend = w.suspend(child, 2, "alice").expect("suspended");
    w.advance(60);
    w.tick();
    assert_eq!(w.committed(root), 0, "the ledger ended it");
    w.refuses(Code::Ended, |w| w.resume(child, 2, "alice", suspend));
}

#[test]
fn the_same_key_at_several_positions_acts_for_each() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let own = w.delegate(root, "alice", &w.inherit("alice", None)).expect("to herself");
    let last = w.delegate(own, "alice", &w.inherit("alice", None)).expect("and again");
    let low = w.suspend(last, 3, "alice").expect("as the holder of the middle one");
    let high = w.suspend(last, 2, "alice").expect("as the holder of the root");
    w.refuses(Code::WrongPosition, |w| w.resume(last, 4, "alice", low));
    w.refuses(Code::WrongPosition, |w| w.resume(last, 3, "alice", high));
    w.resume(last, 2, "alice", high).expect("by the position");
    w.resume(last, 2, "alice", low).expect("or one above");
    w.reserve(last, "alice", 1).expect("good");
}
