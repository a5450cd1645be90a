//! Reserves through offline links: what the ledger checks of them, and what it counts (spec 11 §4.16).

use crate::world::*;
use remit::client::{Ask, TokenSpec, budget};
use remit_verifier::code::Code;
use remit_verifier::cose::Sign1;
use remit_verifier::limits::*;
use remit_verifier::object::{Budget, Delegation, DelegationMode, Permission};
use remit_verifier::types::{Amount, Generation, ObjectId};

fn with(w: &World, holder: &str, budgets: Vec<Budget>) -> TokenSpec {
    TokenSpec { budgets: Some(budgets), ..w.half_hour(holder) }
}

fn spend(
    w: &mut World,
    token: ObjectId,
    by: &str,
    amount: u64,
    links: &[&Vec<u8>],
) -> Result<ObjectId, Code> {
    let mut ask = w.ask(token, amount);
    ask.epoch = remit_verifier::types::Epoch(0);
    w.reserve_ask(&ask, by, links.iter().map(|link| (*link).clone()).collect())
}

#[test]
fn a_reserve_goes_through_offline_links_and_posts_on_the_logged_token() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let (one, a) = w.link(root, root, "alice", &w.half_hour("bob"));
    let (two, b) = w.link(one, root, "bob", &w.half_hour("carol"));
    let held = spend(&mut w, two, "carol", 60, &[&a, &b]).expect("through two links");
    assert_eq!(w.counters(root).reserved, 60);
    w.refuses(Code::AboveTotal, |w| spend(w, one, "bob", 41, &[&a]));
    w.capture(held, 1, 60).expect("captured");
    assert_eq!(w.counters(root).captured, 60);
    w.replays();
}

#[test]
fn links_that_do_not_fit_are_refused() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let other = w.root("alice", 100);
    let (one, a) = w.link(root, root, "alice", &w.half_hour("bob"));
    let (two, b) = w.link(one, root, "bob", &w.half_hour("carol"));
    let (_, foreign) = w.link(other, other, "alice", &w.half_hour("bob"));
    w.refuses(Code::WrongHolder, |w| spend(w, one, "alice", 1, &[&a]));
    w.refuses(Code::WrongHolder, |w| spend(w, two, "bob", 1, &[&a, &b]));
    w.refuses(Code::WrongToken, |w| spend(w, root, "bob", 1, &[&a]));
    w.refuses(Code::WrongToken, |w| spend(w, one, "carol", 1, &[&a, &b]));
    w.refuses(Code::WrongToken, |w| spend(w, one, "bob", 1, &[&foreign]));
    // An omitted link, links out of order, twice the same.
    w.refuses(Code::UnknownToken, |w| spend(w, two, "carol", 1, &[&b]));
    w.refuses(Code::UnknownToken, |w| spend(w, two, "carol", 1, &[&b, &a]));
    w.refuses(Code::BrokenChain, |w| spend(w, two, "carol", 1, &[&a, &a]));
    w.refuses(Code::UnknownToken, |w| spend(w, two, "carol", 1, &[]));
    // Signed by somebody else than the parent's holder.
    let (forged, bytes) = w.link(root, root, "eve", &w.half_hour("eve"));
    w.refuses(Code::WrongSigner, |w| spend(w, forged, "eve", 1, &[&bytes]));
    let (forged, bytes) = w.link(one, root, "eve", &w.half_hour("eve"));
    w.refuses(Code::WrongSigner, |w| spend(w, forged, "eve", 1, &[&a, &bytes]));
    // A flipped bit in a link's signature.
    let sign1 = Sign1::decode(&a).expect("decodes");
    let mut signature = sign1.signature;
    signature[3] ^= 1;
    let broken = Sign1 { signature, ..sign1 }.encode();
    w.refuses(Code::BadSignature, |w| spend(w, one, "bob", 1, &[&broken]));
    spend(&mut w, two, "carol", 1, &[&a, &b]).expect("the good ones");
}

#[test]
fn a_logged_child_is_not_shown_as_an_offline_link() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let draft = w.draft_child(root, "alice", &w.inherit("bob", None));
    let child = w.ready(std::slice::from_ref(&draft));
    let object = w.envelopes(&[draft])[0].objects[0].clone();
    // Neither before it is admitted, nor after, nor when it was revoked.
    w.refuses(Code::BrokenChain, |w| spend(w, child.id, "bob", 1, &[&object]));
    w.raw(&child.bytes).expect("admitted");
    w.refuses(Code::BrokenChain, |w| spend(w, child.id, "bob", 1, &[&object]));
    w.revoke(child.id, 2, "alice").expect("revoked");
    w.refuses(Code::BrokenChain, |w| spend(w, child.id, "bob", 1, &[&object]));
    w.refuses(Code::Revoked, |w| spend(w, child.id, "bob", 1, &[]));
    // Nor is a root, which has no parent at all.
    let draft = w.draft_root(&w.spec("alice"), "issuer");
    let object = w.envelopes(&[draft])[0].objects[0].clone();
    w.refuses(Code::BrokenChain, |w| spend(w, root, "alice", 1, &[&object]));
}

#[test]
fn a_link_of_an_old_generation_or_epoch_is_over() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let (old, a) = w.link(root, root, "alice", &w.half_hour("bob"));
    let ahead = (w.epoch(root), Generation(2));
    let (future, b) = w.link_at(root, ahead, "alice", &w.half_hour("bob"));
    w.cut(root, 2, "alice").expect("cut");
    w.refuses(Code::OldGeneration, |w| spend(w, old, "bob", 1, &[&a]));
    w.refuses(Code::OldGeneration, |w| spend(w, future, "bob", 1, &[&b]));
    let (new, a) = w.link(root, root, "alice", &w.half_hour("bob"));
    let (below, old_below) = w.link_at(new, (w.epoch(root), Generation(0)), "bob", &w.half_hour("carol"));
    w.refuses(Code::OldGeneration, |w| spend(w, below, "carol", 1, &[&a, &old_below]));
    spend(&mut w, new, "bob", 1, &[&a]).expect("of this generation");
    let held = w.reserve(root, "alice", 1).expect("held");
    w.release(held, None).expect("released");
    let second = w.root("alice", 100);
    let (sold, a) = w.link(second, second, "alice", &w.half_hour("bob"));
    w.transfer(second, "alice", "carol").expect("sold");
    w.transfer(second, "carol", "alice").expect("bought back");
    w.refuses(Code::OldEpoch, |w| spend(w, sold, "bob", 1, &[&a]));
    let ask = Ask { epoch: w.epoch(second), ..w.ask(sold, 1) };
    w.refuses(Code::OldEpoch, |w| w.reserve_ask(&ask, "bob", vec![a]));
}

#[test]
fn the_life_of_a_link_is_an_hour() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let life = |w: &World, seconds| TokenSpec { expires: w.seconds(seconds), ..w.half_hour("bob") };
    let hour = OFFLINE_LINK_LIFE_MAX.0;
    let (long, bytes) = w.link(root, root, "alice", &life(&w, hour + 1));
    w.refuses(Code::BadTime, |w| spend(w, long, "bob", 1, &[&bytes]));
    let (good, at_most) = w.link(root, root, "alice", &life(&w, hour));
    spend(&mut w, good, "bob", 1, &[&at_most]).expect("an hour");
    let spec = TokenSpec { not_before: Some(w.seconds(10)), ..w.half_hour("bob") };
    let (later, pre_signed) = w.link(root, root, "alice", &spec);
    w.refuses(Code::NotYetValid, |w| spend(w, later, "bob", 1, &[&pre_signed]));
    w.advance(hour - 1);
    spend(&mut w, good, "bob", 1, &[&at_most]).expect("its last second");
    w.advance(1);
    w.refuses(Code::Expired, |w| spend(w, good, "bob", 1, &[&at_most]));
    // Signed for a far hour, it cannot be used in that hour's future either.
    let spec = TokenSpec {
        not_before: Some(w.seconds(2 * hour)),
        expires: w.seconds(3 * hour),
        ..w.half_hour("bob")
    };
    let (far, bytes) = w.link(root, root, "alice", &spec);
    w.refuses(Code::BadTime, |w| spend(w, far, "bob", 1, &[&bytes]));
}

#[test]
fn a_link_is_no_wider_than_what_is_above_it() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let all = Permission { actions: Some(vec!["steal".into()]), ..Permission::default() };
    let wider = [
        TokenSpec { permissions: Some(vec![all]), ..w.half_hour("bob") },
        TokenSpec {
            delegation: Some(Delegation { mode: DelegationMode::Offline, depth: 7 }),
            ..w.half_hour("bob")
        },
    ];
    for spec in wider {
        let (link, bytes) = w.link(root, root, "alice", &spec);
        w.refuses(Code::WiderThanParent, |w| spend(w, link, "bob", 1, &[&bytes]));
    }
    let narrow = Permission { actions: Some(vec!["cancel".into()]), ..Permission::default() };
    let spec = TokenSpec { permissions: Some(vec![narrow]), ..w.half_hour("bob") };
    let (link, bytes) = w.link(root, root, "alice", &spec);
    w.refuses(Code::ActionNotAllowed, |w| spend(w, link, "bob", 1, &[&bytes]));
    let (one, a) = w.link(root, root, "alice", &with(&w, "bob", vec![budget(w.cny, Amount(10))]));
    let (two, b) = w.link(one, root, "bob", &with(&w, "carol", vec![budget(w.cny, Amount(11))]));
    w.refuses(Code::WiderThanParent, |w| spend(w, two, "carol", 1, &[&a, &b]));
}

#[test]
fn open_budgets_are_counted_over_several_reserves() {
    let mut w = World::new();
    let root = w.root("alice", 1000);
    let limits = Budget { per_use: Some(Amount(40)), ..budget(w.cny, Amount(100)) };
    let (one, a) = w.link(root, root, "alice", &with(&w, "bob", vec![limits]));
    let (two, b) = w.link(one, root, "bob", &with(&w, "carol", vec![budget(w.cny, Amount(50))]));
    w.refuses(Code::AbovePerUse, |w| spend(w, one, "bob", 41, &[&a]));
    w.refuses(Code::AbovePerUse, |w| spend(w, two, "carol", 41, &[&a, &b]));
    let held = spend(&mut w, one, "bob", 40, &[&a]).expect("40 of 100");
    spend(&mut w, two, "carol", 40, &[&a, &b]).expect("80 of 100, 40 of 50");
    w.refuses(Code::AboveTotal, |w| spend(w, two, "carol", 11, &[&a, &b]));
    w.refuses(Code::AboveTotal, |w| spend(w, one, "bob", 21, &[&a]));
    w.capture(held, 1, 20).expect("captured");
    w.refuses(Code::AboveTotal, |w| spend(w, one, "bob", 21, &[&a]));
    w.release(held, None).expect("20 released");
    spend(&mut w, one, "bob", 40, &[&a]).expect("100 of 100");
    w.refuses(Code::AboveTotal, |w| spend(w, one, "bob", 1, &[&a]));
    assert_eq!(w.committed(root), 100);
    // Another unit is not among the link's.
    let mut ask = w.ask(one, 1);
    ask.payment.as_mut().expect("a payment").unit = w.usd;
    w.refuses(Code::UnitNotBudgeted, |w| w.reserve_ask(&ask, "bob", vec![a]));
    w.replays();
}

#[test]
fn a_link_lists_units_for_all_below_it() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let (none, a) = w.link(root, root, "alice", &with(&w, "bob", Vec::new()));
    w.refuses(Code::UnitNotBudgeted, |w| spend(w, none, "bob", 1, &[&a]));
    let (below, b) = w.link(none, root, "bob", &w.half_hour("carol"));
    w.refuses(Code::UnitNotBudgeted, |w| spend(w, below, "carol", 1, &[&a, &b]));
    let (wide, b) = w.link(none, root, "bob", &with(&w, "carol", vec![budget(w.cny, Amount(1))]));
    w.refuses(Code::WiderThanParent, |w| spend(w, wide, "carol", 1, &[&a, &b]));
}

#[test]
fn a_links_bound_on_refunds_holds() {
    let mut w = World::new();
    let root = w.root("alice", 1000);
    let limits = Budget { refundable: Some(Amount(10)), ..budget(w.cny, Amount(50)) };
    let (one, a) = w.link(root, root, "alice", &with(&w, "bob", vec![limits]));
    let held = spend(&mut w, one, "bob", 50, &[&a]).expect("held");
    let capture = w.capture(held, 1, 50).expect("captured");
    w.refuses(Code::AboveRefundable, |w| w.refund(capture, 11));
    w.refund(capture, 10).expect("at the bound");
    let held = spend(&mut w, one, "bob", 10, &[&a]).expect("restored");
    let capture = w.capture(held, 1, 10).expect("captured");
    w.refuses(Code::AboveRefundable, |w| w.refund(capture, 1));
}

#[test]
fn an_offline_link_has_no_logged_child() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let (link, _) = w.link(root, root, "alice", &w.half_hour("bob"));
    w.refuses(Code::UnknownToken, |w| w.delegate(link, "bob", &w.inherit("eve", None)));
    w.refuses(Code::UnknownToken, |w| w.transfer(link, "bob", "eve"));
    w.refuses(Code::UnknownToken, |w| w.revoke(link, 3, "bob"));
}
