//! Freezes of every kind of leaf: what stops under one, what goes on, and that it is lifted (spec 11 §4.15).

use crate::draft::*;
use crate::world::*;
use remit::client::{TokenSpec, carved};
use remit_verifier::code::Code;
use remit_verifier::object::{Act, Reference};
use remit_verifier::types::{Amount, Generation, ObjectId, StateIndex};

/// A root of alice with a carved child of bob that expires in two hours, and value held and captured below both.
struct Running {
    root: ObjectId,
    child: ObjectId,
    shared: ObjectId,
    held: ObjectId,
    capture: ObjectId,
    suspend: ObjectId,
}

fn running(w: &mut World) -> Running {
    let root = w.root("alice", 1000);
    let spec = w.inherit("bob", Some(vec![carved(w.cny, Amount(300))]));
    let spec = TokenSpec { expires: w.seconds(2 * 3600), ..spec };
    let child = w.delegate(root, "alice", &spec).expect("carved");
    let shared = w.delegate(root, "alice", &w.inherit("carol", None)).expect("shared");
    let held = w.reserve(child, "bob", 50).expect("held");
    w.reserve(root, "alice", 70).expect("held");
    let taken = w.reserve(child, "bob", 20).expect("held");
    let capture = w.capture(taken, 1, 20).expect("captured");
    let suspend = w.suspend(shared, 2, "alice").expect("suspended");
    Running { root, child, shared, held, capture, suspend }
}

/// What reduces open value, or authority, goes on under every freeze.
fn goes_on(w: &mut World, r: &Running) {
    w.capture(r.held, 1, 10).expect("capture");
    w.release(r.held, Some(5)).expect("release");
    w.refund(r.capture, 20).expect("refund");
    w.suspend(r.shared, 1, "issuer").expect("suspend");
    w.cut(r.root, 2, "alice").expect("cut");
    w.advance(2 * 3600);
    w.tick();
    assert_eq!(w.committed(r.root), 70 + 10 + 35, "the carved child lapsed, all but what is held came back");
    w.advance(DAY);
    w.tick();
    assert_eq!(w.committed(r.root), 10, "expiries went on");
    w.revoke(r.shared, 2, "alice").expect("revoke");
    w.end(r.shared, 3, "carol").expect("end");
    w.replays();
}

#[test]
fn a_frozen_ledger_takes_nothing_new_and_lets_what_is_open_run_out() {
    let mut w = World::new();
    let r = running(&mut w);
    let (whole, hotel, issuer) = (w.whole(), w.hotel, w.issuer);
    let spec = w.spec("alice");
    let freeze = w.operate(Act::Freeze { leaf: StateIndex(0), id: whole }).expect("frozen");
    let frozen = Code::LedgerFrozen;
    w.refuses(Code::AlreadySo, |w| w.operate(Act::Freeze { leaf: StateIndex(0), id: whole }));
    w.refuses(frozen, |w| w.reserve(r.root, "alice", 1));
    w.refuses(frozen, |w| w.issue(&spec));
    w.refuses(frozen, |w| w.delegate(r.root, "alice", &w.inherit("eve", None)));
    w.refuses(frozen, |w| w.transfer(r.shared, "carol", "eve"));
    w.refuses(frozen, |w| w.rekey(r.root, 2, "alice", "eve"));
    w.refuses(frozen, |w| w.rekey(r.root, 1, "issuer", "eve"));
    w.refuses(frozen, |w| w.resume(r.shared, 2, "alice", r.suspend));
    w.refuses(frozen, |w| w.operate(Act::Unit { name: "JPY".into(), decimals: 0 }));
    w.refuses(frozen, |w| w.operate(Act::Issuer { party: hotel }));
    let party = w.client.party(w.now, "new", &signers(&["new"])).expect("draft");
    w.refuses(frozen, |w| w.send(&[party]));
    let keys = Act::PartyKeys {
        party: issuer,
        generation: Generation(0),
        keys: vec![public("issuer"), public("n")],
        compromised: Vec::new(),
    };
    w.refuses(frozen, |w| w.act(keys, &["issuer", "n"]));
    w.freeze(hotel).expect("another freeze is taken");
    goes_on(&mut w, &r);
    w.operate(Act::Unfreeze { leaf: StateIndex(0), id: whole, freeze: Reference::Id(freeze) })
        .expect("lifted");
    w.issue(&spec).expect("issues again");
}

#[test]
fn a_frozen_unit_is_not_reserved_nor_budgeted() {
    let mut w = World::new();
    let r = running(&mut w);
    let (cny, usd) = (w.cny, w.usd);
    let both = Some(vec![remit::client::budget(cny, Amount(5)), remit::client::budget(usd, Amount(5))]);
    let both = TokenSpec { budgets: both, ..w.spec("alice") };
    let dollars = w.issue(&both).expect("issued");
    let freeze = w.freeze(cny).expect("frozen");
    w.refuses(Code::UnitFrozen, |w| w.reserve(r.root, "alice", 1));
    w.refuses(Code::UnitFrozen, |w| w.issue(&both));
    let spec = w.inherit("eve", Some(vec![carved(cny, Amount(1))]));
    w.refuses(Code::UnitFrozen, |w| w.delegate(r.root, "alice", &spec));
    w.delegate(r.root, "alice", &w.inherit("eve", None)).expect("without a unit");
    let mut ask = w.ask(dollars, 1);
    ask.payment.as_mut().expect("a payment").unit = usd;
    let other = w.reserve_ask(&ask, "alice", Vec::new()).expect("another unit");
    w.capture(other, 1, 1).expect("captured");
    goes_on(&mut w, &r);
    w.unfreeze(cny, freeze).expect("lifted");
    w.reserve(r.root, "alice", 1).expect("good again");
}

#[test]
fn a_frozen_payee_is_promised_nothing_new() {
    let mut w = World::new();
    let r = running(&mut w);
    let hotel = w.hotel;
    let freeze = w.freeze(hotel).expect("frozen");
    w.refuses(Code::PartyFrozen, |w| w.reserve(r.root, "alice", 1));
    let keys = vec![public("hotel"), public("n")];
    let act = Act::PartyKeys { party: hotel, generation: Generation(0), keys, compromised: Vec::new() };
    w.refuses(Code::PartyFrozen, |w| w.act(act, &["hotel", "n"]));
    let ask = remit::client::Ask { audience: w.airline, ..w.ask(r.root, 1) };
    let at_airline = w.reserve_ask(&ask, "alice", Vec::new()).expect("another payee");
    w.refuses(Code::NotThePayee, |w| w.capture(at_airline, 1, 1));
    let take = Act::Capture { reserve: Reference::Id(at_airline), number: 1, amount: Amount(1) };
    let taken = w.act(take, &["airline"]).expect("his own");
    let back = Act::Refund { capture: Reference::Id(taken), amount: Amount(1) };
    w.act(back, &["airline"]).expect("refunded");
    goes_on(&mut w, &r);
    w.unfreeze(hotel, freeze).expect("lifted");
    w.reserve(r.root, "alice", 1).expect("good again");
}

#[test]
fn under_a_frozen_issuer_nothing_new_is_done() {
    let mut w = World::new();
    let r = running(&mut w);
    let issuer = w.issuer;
    let spec = w.spec("alice");
    let freeze = w.freeze(issuer).expect("frozen");
    let frozen = Code::PartyFrozen;
    w.refuses(frozen, |w| w.issue(&spec));
    w.refuses(frozen, |w| w.reserve(r.child, "bob", 1));
    w.refuses(frozen, |w| w.delegate(r.root, "alice", &w.inherit("eve", None)));
    w.refuses(frozen, |w| w.transfer(r.shared, "carol", "eve"));
    w.refuses(frozen, |w| w.rekey(r.root, 1, "issuer", "eve"));
    w.refuses(frozen, |w| w.rekey(r.root, 2, "alice", "eve"));
    w.refuses(frozen, |w| w.resume(r.shared, 2, "alice", r.suspend));
    goes_on(&mut w, &r);
    w.unfreeze(issuer, freeze).expect("lifted");
    w.reserve(r.root, "alice", 1).expect("good again");
}

#[test]
fn under_a_frozen_token_nothing_new_is_done() {
    let mut w = World::new();
    let r = running(&mut w);
    let freeze = w.freeze(r.root).expect("frozen");
    let frozen = Code::Frozen;
    w.refuses(frozen, |w| w.reserve(r.root, "alice", 1));
    w.refuses(frozen, |w| w.reserve(r.child, "bob", 1));
    w.refuses(frozen, |w| w.delegate(r.root, "alice", &w.inherit("eve", None)));
    w.refuses(frozen, |w| w.transfer(r.child, "bob", "eve"));
    w.refuses(frozen, |w| w.rekey(r.root, 2, "alice", "eve"));
    w.refuses(frozen, |w| w.rekey(r.child, 2, "alice", "eve"));
    w.refuses(frozen, |w| w.resume(r.shared, 2, "alice", r.suspend));
    w.suspend(r.root, 1, "issuer").expect("the issuer adds his");
    w.refuses(frozen, |w| w.reserve(r.root, "alice", 1));
    goes_on(&mut w, &r);
    w.unfreeze(r.root, freeze).expect("lifted");
    w.refuses(Code::Suspended, |w| w.reserve(r.root, "alice", 1));
}

#[test]
fn a_freeze_voids_a_rekey_that_runs() {
    let mut w = World::new();
    for frozen in 0..3 {
        let root = w.root("alice", 100);
        let child = w.delegate(root, "alice", &w.inherit("bob", None)).expect("a child");
        w.rekey(child, 2, "alice", "eve").expect("proposed");
        let id = [w.whole(), w.issuer, root][frozen];
        let leaf = if frozen == 0 { StateIndex(0) } else { w.index(id) };
        let freeze = w.operate(Act::Freeze { leaf, id }).expect("frozen");
        w.advance(2 * DAY);
        w.tick();
        w.operate(Act::Unfreeze { leaf, id, freeze: Reference::Id(freeze) }).expect("lifted");
        w.advance(2 * DAY);
        w.reserve(child, "bob", 1).expect("the old key holds");
        w.rekey(child, 2, "alice", "bob-2").expect("another may be proposed");
    }
    w.replays();
}

#[test]
fn a_freeze_names_its_leaf_and_is_lifted_by_name() {
    let mut w = World::new();
    let (hotel, airline, root) = (w.hotel, w.airline, w.root("alice", 1));
    let leaf = w.index(hotel);
    let wrong = |w: &mut World, leaf, id| w.operate(Act::Freeze { leaf, id });
    w.refuses(Code::WrongLeaf, |w| wrong(w, leaf, airline));
    w.refuses(Code::WrongLeaf, |w| wrong(w, StateIndex(0), hotel));
    w.refuses(Code::WrongLeaf, |w| wrong(w, StateIndex(u64::MAX), hotel));
    let first = w.freeze(hotel).expect("frozen");
    w.refuses(Code::AlreadySo, |w| w.freeze(hotel));
    w.refuses(Code::NotInForce, |w| w.unfreeze(hotel, ObjectId([9; 32])));
    w.refuses(Code::NotInForce, |w| w.unfreeze(airline, first));
    let lift = Act::Unfreeze { leaf, id: airline, freeze: Reference::Id(first) };
    w.refuses(Code::WrongLeaf, |w| w.operate(lift));
    let lift = Act::Unfreeze { leaf, id: hotel, freeze: Reference::Id(first) };
    for by in [&["op-1"][..], &["op-1", "op-1"], &["hotel"], &["op-1", "hotel"]] {
        let draft = w.draft(lift.clone(), by);
        w.refuses(Code::NotTheOperators, |w| w.send(&[draft]));
    }
    w.unfreeze(hotel, first).expect("lifted");
    w.refuses(Code::NotInForce, |w| w.unfreeze(hotel, first));
    w.freeze(hotel).expect("frozen again");
    w.refuses(Code::NotInForce, |w| w.unfreeze(hotel, first));
    // A suspension is no freeze, and a freeze no suspension.
    let suspend = w.suspend(root, 1, "issuer").expect("suspended");
    w.refuses(Code::NotInForce, |w| w.unfreeze(root, suspend));
    w.resume(root, 1, "issuer", suspend).expect("lifted");
    let freeze = w.freeze(root).expect("frozen");
    w.refuses(Code::Frozen, |w| w.resume(root, 1, "issuer", freeze));
}
