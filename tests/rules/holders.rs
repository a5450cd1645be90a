//! Who holds a token: transfer, rekey, veto (spec 11 §4.7–§4.9).

use crate::draft::*;
use crate::world::*;
use remit::client::{Ask, TokenSpec, budget, carved};
use remit_verifier::code::Code;
use remit_verifier::limits::*;
use remit_verifier::object::{Act, Position, Reference, Target};
use remit_verifier::types::{Amount, Epoch, Generation, ObjectId};

#[test]
fn a_transfer_needs_holder_and_new_holder() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let by = |w: &mut World, names: &[&str]| {
        let mut draft = w.draft_transfer(root, "alice", "bob");
        draft.signers = signers(names);
        w.send(&[draft])
    };
    for names in [&["alice"][..], &["bob"], &["bob", "alice"], &["alice", "carol"], &["alice", "bob", "bob"]]
    {
        w.refuses(Code::WrongSigner, |w| by(w, names));
    }
    by(&mut w, &["alice", "bob"]).expect("both");
    let leaf = w.ledger.leaf(&root).expect("a leaf").leaf.clone();
    let token = leaf.token().expect("a token");
    assert_eq!((leaf.epoch, token.holder, token.holder_since), (Epoch(1), *public("bob").bytes(), w.now));
    w.refuses(Code::WrongHolder, |w| w.reserve(root, "alice", 1));
    w.reserve(root, "bob", 1).expect("the new holder spends");
}

#[test]
fn transfers_are_refused_one_by_one() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let fixed = w.issue(&TokenSpec { transferable: None, ..w.spec("alice") }).expect("issued");
    w.refuses(Code::NotTransferable, |w| w.transfer(fixed, "alice", "bob"));
    w.refuses(Code::UnknownToken, |w| w.transfer(ObjectId([9; 32]), "alice", "bob"));
    let mut late = w.draft_transfer(root, "alice", "bob");
    if let remit_verifier::sign::DraftBody::Act(_, Act::Transfer { epoch, .. }, _) = &mut late.body {
        *epoch = Epoch(1);
    }
    w.refuses(Code::OldEpoch, |w| w.send(&[late]));
    w.suspend(root, 1, "issuer").expect("suspended");
    w.refuses(Code::Suspended, |w| w.transfer(root, "alice", "bob"));
}

#[test]
fn a_transfer_while_value_is_open_is_refused() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let child = w.delegate(root, "alice", &w.inherit("bob", None)).expect("shared");
    let held = w.reserve(child, "bob", 10).expect("held below");
    w.refuses(Code::ValueOpen, |w| w.transfer(root, "alice", "carol"));
    w.refuses(Code::ValueOpen, |w| w.transfer(child, "bob", "carol"));
    w.capture(held, 1, 4).expect("a part");
    w.refuses(Code::ValueOpen, |w| w.transfer(root, "alice", "carol"));
    w.release(held, None).expect("the rest");
    w.transfer(child, "bob", "carol").expect("nothing open");
    w.transfer(root, "alice", "carol").expect("nothing open");
    assert_eq!(w.committed(root), 4, "what was captured stays captured");
}

#[test]
fn a_transfer_while_a_carved_child_lives_is_refused() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let spec = w.inherit("bob", Some(vec![carved(w.cny, Amount(30))]));
    let child = w.delegate(root, "alice", &spec).expect("carved");
    w.refuses(Code::CarvedChild, |w| w.transfer(root, "alice", "carol"));
    w.revoke(child, 2, "alice").expect("revoked");
    w.refuses(Code::CarvedChild, |w| w.transfer(root, "alice", "carol"));
    w.end(child, 2, "alice").expect("ended");
    w.transfer(root, "alice", "carol").expect("no carved child left");
}

#[test]
fn a_to_b_to_a_transfer_replayed_moves_nothing() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    // What alice signs before she sells.
    let first = w.draft_transfer(root, "alice", "bob");
    let first = w.ready(&[first]).bytes;
    let again = w.draft_transfer(root, "alice", "bob");
    let child = w.draft_child(root, "alice", &w.inherit("eve", None));
    let (link, link_bytes) = w.link(root, root, "alice", &w.half_hour("eve"));
    let spend = w.draft_reserve(&w.ask(root, 1), "alice", Vec::new());
    let through = w.draft_reserve(&w.ask(link, 1), "eve", vec![link_bytes.clone()]);
    let suspend = w.draft(Act::Cut(w.target(root, 2)), &["alice"]);
    w.raw(&first).expect("sold");
    w.transfer(root, "bob", "alice").expect("bought back");
    assert_eq!(w.epoch(root), Epoch(2));
    let before = w.snapshot();
    let now = w.now;
    let answer = w.ledger.submit(&[&first], now).expect("submits")[0];
    assert!(matches!(answer, remit::engine::Answer::Replayed(_)));
    assert!(before == w.snapshot(), "alice still holds it");
    // The same key holds it again, but nothing of the old epoch comes back.
    for draft in [again, child, spend, through, suspend] {
        w.refuses(Code::OldEpoch, |w| w.send(&[draft]));
    }
    // Not even when the invocation names the new epoch: the link names the old.
    let ask = Ask { epoch: Epoch(2), ..w.ask(link, 1) };
    w.refuses(Code::OldEpoch, |w| w.reserve_ask(&ask, "eve", vec![link_bytes]));
    w.reserve(root, "alice", 1).expect("of this epoch");
}

#[test]
fn children_of_an_old_epoch_are_over() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let child = w.delegate(root, "alice", &w.inherit("bob", None)).expect("a child");
    let below = w.delegate(child, "bob", &w.inherit("carol", None)).expect("below");
    w.transfer(root, "alice", "dave").expect("sold");
    w.refuses(Code::OldEpoch, |w| w.reserve(child, "bob", 1));
    w.refuses(Code::OldEpoch, |w| w.reserve(below, "carol", 1));
    w.refuses(Code::OldEpoch, |w| w.delegate(child, "bob", &w.inherit("eve", None)));
    w.refuses(Code::OldEpoch, |w| w.transfer(child, "bob", "eve"));
    w.refuses(Code::WrongSigner, |w| w.revoke(child, 2, "alice"));
    w.end(child, 2, "dave").expect("the new holder tidies up");
}

#[test]
fn a_rekey_by_the_holder_takes_effect_at_once() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let child = w.delegate(root, "alice", &w.inherit("bob", None)).expect("a child");
    let (link, bytes) = w.link(root, root, "alice", &w.half_hour("eve"));
    let act = Act::Rekey { target: w.target(root, 2), holder: public("alice-2") };
    for names in [&["alice"][..], &["alice-2", "alice"], &["alice", "eve"], &["alice", "alice-2", "alice-2"]]
    {
        let draft = w.draft(act.clone(), names);
        w.refuses(Code::WrongSigner, |w| w.send(&[draft]));
    }
    w.rekey(root, 2, "alice", "alice-2").expect("at once");
    assert_eq!((w.epoch(root), w.generation(root)), (Epoch(0), Generation(1)));
    w.refuses(Code::WrongHolder, |w| w.reserve(root, "alice", 1));
    let ask = w.ask(link, 1);
    w.refuses(Code::WrongSigner, |w| w.reserve_ask(&ask, "eve", vec![bytes.clone()]));
    w.reserve(root, "alice-2", 1).expect("the new key spends");
    w.reserve(child, "bob", 1).expect("children live on");
    w.rekey(root, 2, "alice-2", "alice").expect("back");
    w.refuses(Code::OldGeneration, |w| w.reserve_ask(&ask, "eve", vec![bytes]));
}

#[test]
fn a_rekey_from_upstream_waits_a_day() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let child = w.delegate(root, "alice", &w.inherit("bob", None)).expect("a child");
    w.rekey(child, 2, "alice", "bob-2").expect("proposed");
    w.reserve(child, "bob", 1).expect("the old key holds");
    w.refuses(Code::AlreadySo, |w| w.rekey(child, 1, "issuer", "bob-3"));
    w.advance(REKEY_DELAY.0);
    w.reserve(child, "bob", 1).expect("to the last second");
    w.advance(1);
    w.refuses(Code::WrongHolder, |w| w.reserve(child, "bob", 1));
    w.reserve(child, "bob-2", 1).expect("the new key holds");
    assert_eq!(w.generation(child), Generation(1));
    w.rekey(child, 1, "issuer", "bob-3").expect("another may be proposed");
    w.replays();
}

#[test]
fn the_old_key_vetoes_a_proposed_rekey() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let child = w.delegate(root, "alice", &w.inherit("bob", None)).expect("a child");
    let rekey = w.rekey(child, 2, "alice", "eve").expect("proposed");
    let veto = |token| Act::Veto { token, rekey: Reference::Id(rekey) };
    w.refuses(Code::UnknownToken, |w| w.act(veto(ObjectId([9; 32])), &["bob"]));
    w.refuses(Code::UnknownRekey, |w| w.act(veto(root), &["alice"]));
    for names in [&["alice"][..], &["eve"], &["issuer"], &["bob", "bob"]] {
        let draft = w.draft(veto(child), names);
        w.refuses(Code::WrongSigner, |w| w.send(&[draft]));
    }
    w.act(veto(child), &["bob"]).expect("vetoed");
    w.refuses(Code::UnknownRekey, |w| w.act(veto(child), &["bob"]));
    w.advance(2 * DAY);
    w.tick();
    w.reserve(child, "bob", 1).expect("nothing changed");
    assert_eq!(w.generation(child), Generation(0));
}

#[test]
fn a_transfer_ends_a_rekey_from_upstream_that_runs() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let rekey = w.rekey(root, 1, "issuer", "eve").expect("proposed");
    w.transfer(root, "alice", "bob").expect("sold meanwhile");
    w.advance(2 * DAY);
    w.tick();
    w.reserve(root, "bob", 1).expect("the buyer holds it");
    let veto = Act::Veto { token: root, rekey: Reference::Id(rekey) };
    w.refuses(Code::UnknownRekey, |w| w.act(veto, &["bob"]));
    w.replays();
}

#[test]
fn a_rekey_recovers_a_suspended_token_and_nothing_that_is_over() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    w.suspend(root, 1, "issuer").expect("suspended");
    w.rekey(root, 2, "alice", "alice-2").expect("recovered");
    w.rekey(root, 1, "issuer", "alice-3").expect("proposed");
    w.revoke(root, 1, "issuer").expect("revoked");
    w.refuses(Code::Revoked, |w| w.rekey(root, 2, "alice-2", "alice"));
    w.advance(2 * DAY);
    w.tick();
    let holder = w.ledger.leaf(&root).expect("a leaf").leaf.token().expect("a token").holder;
    assert_eq!(holder, *public("alice-2").bytes(), "the proposal is void");
    w.end(root, 2, "alice-2").expect("ended");
    w.refuses(Code::Ended, |w| w.rekey(root, 2, "alice-2", "alice"));
    w.replays();
}

#[test]
fn a_sub_agent_cannot_rekey_what_is_above_it() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let child = w.delegate(root, "alice", &w.inherit("bob", None)).expect("a child");
    for position in [1, 2] {
        w.refuses(Code::WrongSigner, |w| w.rekey(root, position, "bob", "bob"));
        w.refuses(Code::WrongSigner, |w| w.rekey(child, position, "bob", "eve"));
    }
    let target = Target { position: Position(3), ..w.target(root, 3) };
    let draft = w.draft(Act::Rekey { target, holder: public("bob") }, &["bob", "bob"]);
    w.refuses(Code::WrongPosition, |w| w.send(&[draft]));
}

#[test]
fn a_refund_after_a_sale_is_the_new_holders() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let shared = w.delegate(root, "alice", &w.inherit("bob", Some(vec![budget(w.cny, Amount(50))])));
    let shared = shared.expect("shared");
    let held = w.reserve(shared, "bob", 40).expect("held");
    let capture = w.capture(held, 1, 40).expect("captured");
    w.transfer(root, "alice", "carol").expect("sold");
    w.refund(capture, 40).expect("refunded");
    assert_eq!((w.committed(root), w.committed(shared)), (0, 0));
    w.reserve(root, "carol", 100).expect("whole again");
}
