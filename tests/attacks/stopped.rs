//! Somebody who was stopped, or may not do a thing, and tries all the same.

use crate::world::*;
use remit_verifier::code::Code;
use remit_verifier::object::{Act, Delegation, DelegationMode, Reference};
use remit_verifier::types::{Epoch, Generation, ObjectId, StateIndex};

#[test]
fn a_suspended_rogue_cannot_resume_itself() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let child = w.delegate(root, "alice", &w.inherit("bob", None)).expect("child");
    let by_alice = w.act(Act::Suspend(w.target(child, 2)), &["alice"]).expect("suspended");
    let by_issuer = w.act(Act::Suspend(w.target(child, 1)), &["issuer"]).expect("suspended as well");
    let resume = |w: &World, suspend, position| Act::Resume {
        target: w.target(child, position),
        suspend: Reference::Id(suspend),
    };
    assert_eq!(w.act(resume(&w, by_alice, 3), &["bob"]), Err(Code::WrongPosition));
    assert_eq!(w.act(resume(&w, by_alice, 2), &["bob"]), Err(Code::WrongSigner));
    assert_eq!(w.act(resume(&w, by_issuer, 2), &["alice"]), Err(Code::WrongPosition), "below the issuer");
    w.act(resume(&w, by_alice, 2), &["alice"]).expect("her own");
    assert_eq!(w.reserve(child, "bob", 1), Err(Code::Suspended), "while any bit is set");
    w.act(resume(&w, by_issuer, 1), &["issuer"]).expect("his own");
    w.reserve(child, "bob", 1).expect("live again");
}

#[test]
fn revocation_reaches_everything_below_at_once() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let child = w.delegate(root, "alice", &w.inherit("bob", None)).expect("child");
    let leaf = w.delegate(child, "bob", &w.inherit("carol", None)).expect("grandchild");
    let held = w.reserve(leaf, "carol", 10).expect("reserved");
    w.act(Act::Revoke(w.target(root, 1)), &["issuer"]).expect("revoked");
    assert_eq!(w.reserve(leaf, "carol", 1), Err(Code::Revoked));
    assert_eq!(w.delegate(child, "bob", &w.inherit("dave", None)), Err(Code::Revoked));
    assert_eq!(w.act(Act::Suspend(w.target(root, 1)), &["issuer"]), Err(Code::Revoked));
    w.capture(held, 1, 10).expect("what the payee holds stays his");
}

#[test]
fn a_link_of_an_old_generation_is_dead() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let mut spec = w.inherit("dave", None);
    spec.expires.0 = w.now.seconds().0 + 600;
    let at = (Epoch(0), Generation(0));
    let (link, bytes) = w.client.link(w.now, root, at, &spec, &key("alice")).expect("link");
    let mut ask = w.ask(root, 1);
    ask.token = link;
    w.reserve_ask(&ask, "dave", vec![bytes.clone()]).expect("good before");
    w.act(Act::Cut(w.target(root, 2)), &["alice"]).expect("cut");
    assert_eq!(w.reserve_ask(&ask, "dave", vec![bytes]), Err(Code::OldGeneration));
}

/// A rekey by the holder ends its links too, and leaves its children alive.
#[test]
fn a_stolen_key_is_replaced() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let child = w.delegate(root, "alice", &w.inherit("bob", None)).expect("child");
    let act = Act::Rekey { target: w.target(root, 2), holder: public("alice-2") };
    assert_eq!(w.act(act.clone(), &["alice"]), Err(Code::WrongSigner), "the new key signs as well");
    w.act(act, &["alice", "alice-2"]).expect("rekeyed");
    assert_eq!(w.reserve(root, "alice", 1), Err(Code::WrongHolder));
    w.reserve(root, "alice-2", 1).expect("the new key");
    w.reserve(child, "bob", 1).expect("children live on");
    let proposed = Act::Rekey { target: w.target(root, 1), holder: public("alice-3") };
    let rekey = w.act(proposed.clone(), &["issuer", "alice-3"]).expect("proposed");
    assert_eq!(w.reserve(root, "alice-3", 1), Err(Code::WrongHolder), "not yet");
    w.act(Act::Veto { token: root, rekey: Reference::Id(rekey) }, &["alice-2"]).expect("vetoed");
    w.advance(DAY + 1);
    w.tick();
    assert_eq!(w.reserve(root, "alice-3", 1), Err(Code::WrongHolder), "vetoed in time");
    w.act(proposed, &["issuer", "alice-3"]).expect("proposed again");
    w.advance(DAY + 1);
    w.tick();
    w.reserve(root, "alice-3", 1).expect("effective");
}

#[test]
fn a_logged_child_is_no_offline_link() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let child = w.delegate(root, "alice", &w.inherit("bob", None)).expect("child");
    let object = w.ledger.presentation(&child, &[], None).expect("presentation");
    let shown = remit_verifier::verify::Presentation::decode(&object).expect("decodes");
    let token = shown.tokens.last().expect("the child").to_vec();
    let mut ask = w.ask(root, 1);
    ask.token = child;
    assert_eq!(w.reserve_ask(&ask, "bob", vec![token]), Err(Code::BrokenChain));
}

#[test]
fn nobody_widens() {
    let mut w = World::new();
    let spec = w.spec("alice");
    let narrow = remit::client::TokenSpec {
        delegation: Some(Delegation { mode: DelegationMode::Logged, depth: 1 }),
        transferable: Some(false),
        ..spec.clone()
    };
    let root = w.issue(&narrow).expect("issued");
    let wider = |change: fn(&mut remit::client::TokenSpec)| {
        let mut child = w.inherit("bob", None);
        change(&mut child);
        child
    };
    let children = [
        wider(|child| child.expires.0 += 30 * DAY),
        wider(|child| child.transferable = Some(true)),
        wider(|child| child.delegation = Some(Delegation { mode: DelegationMode::Logged, depth: 1 })),
        wider(|child| {
            child.permissions = Some(vec![remit_verifier::object::Permission {
                actions: Some(vec!["steal".into()]),
                ..Default::default()
            }])
        }),
    ];
    for child in &children {
        assert_eq!(w.delegate(root, "alice", child), Err(Code::WiderThanParent));
    }
    let child = w.delegate(root, "alice", &w.inherit("bob", None)).expect("no wider");
    assert_eq!(w.delegate(child, "bob", &w.inherit("carol", None)), Err(Code::NotDelegable), "depth 1");
}

#[test]
fn operators_are_enough_different_and_known() {
    let mut w = World::new();
    let unit = || Act::Unit { name: "EUR".into(), decimals: 2 };
    assert_eq!(w.act(unit(), &["op-1"]), Err(Code::NotTheOperators), "below the threshold");
    assert_eq!(w.act(unit(), &["op-1", "op-1"]), Err(Code::NotTheOperators), "one of them twice");
    assert_eq!(w.act(unit(), &["op-1", "issuer"]), Err(Code::NotTheOperators), "one is none");
    w.act(unit(), &["op-3", "op-1"]).expect("two of three");
}

/// Every kind of leaf can be frozen; what was promised goes on; only the freeze itself is lifted.
#[test]
fn a_freeze_of_every_kind_of_leaf_and_its_lifting() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let held = w.reserve(root, "alice", 10).expect("reserved");
    let leaf = |w: &World, id: &ObjectId| w.ledger.leaf(id).expect("leaf").leaf.index;
    let ledger = ObjectId(w.ledger.id().0);
    let targets = [
        (StateIndex(0), ledger, Code::LedgerFrozen),
        (leaf(&w, &w.cny), w.cny, Code::UnitFrozen),
        (leaf(&w, &w.hotel), w.hotel, Code::PartyFrozen),
        (leaf(&w, &w.issuer), w.issuer, Code::PartyFrozen),
        (leaf(&w, &root), root, Code::Frozen),
    ];
    for (number, (leaf, id, code)) in (1..).zip(targets) {
        let wrong = Act::Freeze { leaf, id: ObjectId([9; 32]) };
        assert_eq!(w.operate(wrong), Err(Code::WrongLeaf));
        let freeze = w.operate(Act::Freeze { leaf, id }).expect("frozen");
        assert_eq!(w.operate(Act::Freeze { leaf, id }), Err(Code::AlreadySo));
        assert_eq!(w.reserve(root, "alice", 1), Err(code));
        w.capture(held, number, 1).expect("goes on");
        let lift = |freeze| Act::Unfreeze { leaf, id, freeze: Reference::Id(freeze) };
        assert_eq!(w.operate(lift(held)), Err(Code::NotInForce));
        w.operate(lift(freeze)).expect("lifted");
        w.reserve(root, "alice", 1).expect("as before");
    }
}
