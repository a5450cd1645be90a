//! Parties, their keys, units, issuers, and what the operators sign (spec 11 §4.1–§4.4).

use crate::draft::*;
use crate::world::*;
use remit_verifier::code::Code;
use remit_verifier::limits::*;
use remit_verifier::object::{Act, Reference};
use remit_verifier::state::Retired;
use remit_verifier::types::{Generation, KeyBytes, ObjectId};

fn register(w: &mut World, keys: &[&str], by: &[&str]) -> Result<ObjectId, Code> {
    let keys = keys.iter().map(|name| public(name)).collect();
    let draft = w.draft(Act::Party { name: "clinic".into(), keys }, by);
    w.send(&[draft])
}

/// Sets a party's keys, signed by `by`.
fn rotate(
    w: &mut World,
    party: ObjectId,
    keys: &[&str],
    compromised: &[&str],
    by: &[&str],
) -> Result<ObjectId, Code> {
    let all = |names: &[&str]| names.iter().map(|name| public(name)).collect();
    let generation = w.generation(party);
    let act = Act::PartyKeys { party, generation, keys: all(keys), compromised: all(compromised) };
    let draft = w.draft(act, by);
    w.send(&[draft])
}

#[test]
fn a_party_registers_itself_with_each_of_its_keys() {
    let mut w = World::new();
    w.refuses(Code::WrongSigner, |w| register(w, &["a", "b"], &["a"]));
    w.refuses(Code::WrongSigner, |w| register(w, &["a", "b"], &["b", "a"]));
    w.refuses(Code::WrongSigner, |w| register(w, &["a"], &["a", "b"]));
    w.refuses(Code::WrongSigner, |w| register(w, &["a"], &["b"]));
    w.refuses(Code::PartyKeys, |w| register(w, &[], &["a"]));
    w.refuses(Code::PartyKeys, |w| register(w, &["a", "a"], &["a", "a"]));
    w.refuses(Code::PartyKeys, |w| register(w, &["op-1"], &["op-1"]));
    w.refuses(Code::PartyKeys, |w| register(w, &["a", "log"], &["a", "log"]));
    let five = ["a", "b", "c", "d", "e"];
    w.refuses(Code::TooMany, |w| register(w, &five, &five));
    let party = register(&mut w, &five[..4], &five[..4]).expect("registered");
    let leaf = w.ledger.leaf(&party).expect("a leaf").leaf.clone();
    let body = leaf.party().expect("a party");
    assert_eq!((body.name.as_str(), body.keys.len(), body.issuer), ("clinic", 4, false));
}

#[test]
fn a_rotated_key_signs_nothing_new_and_what_it_signed_stays() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let issuer = w.issuer;
    rotate(&mut w, issuer, &["issuer-2"], &[], &["issuer", "issuer-2"]).expect("rotated");
    assert_eq!(w.generation(issuer), Generation(1));
    let spec = w.spec("alice");
    let draft = w.draft_root(&spec, "issuer");
    w.refuses(Code::WrongSigner, |w| w.send(&[draft]));
    w.refuses(Code::WrongSigner, |w| w.suspend(root, 1, "issuer"));
    w.reserve(root, "alice", 10).expect("the root stays good");
    w.suspend(root, 1, "issuer-2").expect("the new key acts");
    let draft = w.draft_root(&spec, "issuer-2");
    w.send(&[draft]).expect("and issues");
}

#[test]
fn a_compromised_key_ends_the_root_tokens_that_it_signed() {
    let mut w = World::new();
    let issuer = w.issuer;
    rotate(&mut w, issuer, &["issuer", "spare"], &[], &["issuer", "spare"]).expect("a second key");
    let root = w.root("alice", 100);
    let draft = w.draft_root(&w.spec("carol"), "spare");
    let other = w.send(&[draft]).expect("by the spare key");
    let child = w.delegate(root, "alice", &w.inherit("bob", None)).expect("a child");
    let held = w.reserve(child, "bob", 10).expect("held");
    rotate(&mut w, issuer, &["spare"], &["issuer"], &["spare"]).expect("given up");
    w.refuses(Code::CompromisedKey, |w| w.reserve(child, "bob", 1));
    w.refuses(Code::CompromisedKey, |w| w.delegate(root, "alice", &w.inherit("eve", None)));
    w.refuses(Code::CompromisedKey, |w| w.transfer(root, "alice", "eve"));
    w.capture(held, 1, 10).expect("what is reserved is the payee's");
    w.delegate(other, "carol", &w.inherit("bob", None)).expect("the spare key's root lives");
}

#[test]
fn a_key_may_be_found_compromised_long_after_it_left() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let issuer = w.issuer;
    rotate(&mut w, issuer, &["issuer-2"], &[], &["issuer", "issuer-2"]).expect("rotated");
    w.reserve(root, "alice", 1).expect("good");
    rotate(&mut w, issuer, &["issuer-2"], &["issuer"], &["issuer-2"]).expect("told later");
    w.refuses(Code::CompromisedKey, |w| w.reserve(root, "alice", 1));
    let leaf = w.ledger.leaf(&issuer).expect("a leaf").leaf.clone();
    let retired = vec![(*public("issuer").bytes(), Retired::Compromised)];
    assert_eq!(leaf.party().expect("a party").retired, retired);
}

#[test]
fn changes_of_keys_are_refused_one_by_one() {
    let mut w = World::new();
    let (party, unit) = (w.hotel, w.cny);
    w.refuses(Code::UnknownParty, |w| rotate(w, ObjectId([9; 32]), &["n"], &[], &["hotel", "n"]));
    w.refuses(Code::UnknownParty, |w| rotate(w, unit, &["n"], &[], &["hotel", "n"]));
    w.refuses(Code::WrongSigner, |w| rotate(w, party, &["n"], &[], &["hotel"]));
    w.refuses(Code::WrongSigner, |w| rotate(w, party, &["n"], &[], &["n", "hotel"]));
    w.refuses(Code::WrongSigner, |w| rotate(w, party, &["n"], &[], &["airline", "n"]));
    w.refuses(Code::WrongSigner, |w| rotate(w, party, &["n"], &["hotel"], &["hotel", "n"]));
    w.refuses(Code::WrongSigner, |w| rotate(w, party, &["n"], &[], &["hotel", "n", "n"]));
    w.refuses(Code::PartyKeys, |w| rotate(w, party, &[], &[], &["hotel"]));
    w.refuses(Code::PartyKeys, |w| rotate(w, party, &["n", "n"], &[], &["hotel", "n", "n"]));
    w.refuses(Code::PartyKeys, |w| rotate(w, party, &["op-2"], &[], &["hotel", "op-2"]));
    w.refuses(Code::PartyKeys, |w| rotate(w, party, &["log"], &[], &["hotel", "log"]));
    w.refuses(Code::PartyKeys, |w| rotate(w, party, &["hotel"], &["hotel"], &["hotel"]));
    w.refuses(Code::PartyKeys, |w| rotate(w, party, &["n"], &["airline"], &["hotel", "n"]));
    // One that another change overtook.
    let keys = vec![public("late")];
    let act = Act::PartyKeys { party, generation: Generation(0), keys, compromised: Vec::new() };
    let late = w.draft(act, &["hotel", "late"]);
    rotate(&mut w, party, &["hotel", "n"], &[], &["hotel", "n"]).expect("first");
    w.refuses(Code::OldGeneration, |w| w.send(&[late]));
}

#[test]
fn a_retired_key_is_never_used_again() {
    let mut w = World::new();
    let party = w.hotel;
    rotate(&mut w, party, &["b"], &[], &["hotel", "b"]).expect("rotated");
    w.refuses(Code::PartyKeys, |w| rotate(w, party, &["hotel"], &[], &["b", "hotel"]));
    w.refuses(Code::PartyKeys, |w| rotate(w, party, &["b", "hotel"], &[], &["b", "hotel"]));
    w.refuses(Code::WrongSigner, |w| rotate(w, party, &["c"], &[], &["hotel", "c"]));
}

#[test]
fn a_party_keeps_eight_retired_keys_and_forgets_the_oldest_rotated_one() {
    let mut w = World::new();
    let (party, name) = (w.issuer, key_number);
    let root = w.root("alice", 100);
    for n in 0..RETIRED_KEYS_MAX {
        let (old, new) = (name(n), name(n + 1));
        rotate(&mut w, party, &[&new], &[], &[&old, &new]).expect("rotated");
    }
    w.reserve(root, "alice", 1).expect("its key is the eighth back");
    // The second key signed the oldest root but one, and is found compromised: it stays.
    rotate(&mut w, party, &["issuer-8"], &["issuer-1"], &["issuer-8"]).expect("bad news");
    rotate(&mut w, party, &["issuer-9"], &[], &["issuer-8", "issuer-9"]).expect("a ninth leaves");
    w.refuses(Code::WrongSigner, |w| w.reserve(root, "alice", 1));
    assert_eq!(retired(&w, party), [1, 2, 3, 4, 5, 6, 7, 8].map(name));
    rotate(&mut w, party, &["issuer-10"], &[], &["issuer-9", "issuer-10"]).expect("and a tenth");
    assert_eq!(
        retired(&w, party),
        [1, 3, 4, 5, 6, 7, 8, 9].map(name),
        "what is compromised is not forgotten"
    );
    w.refuses(Code::PartyKeys, |w| rotate(w, party, &["issuer-10"], &["issuer-2"], &["issuer-10"]));
}

#[test]
fn eight_compromised_keys_leave_no_room_for_a_ninth_and_any_key_can_be_dropped() {
    let mut w = World::new();
    let (party, name) = (w.issuer, key_number);
    for n in 0..RETIRED_KEYS_MAX {
        let (old, new) = (name(n), name(n + 1));
        rotate(&mut w, party, &[&old, &new], &[], &[&old, &new]).expect("beside it");
        rotate(&mut w, party, &[&new], &[&old], &[&new]).expect("compromised");
    }
    let root = w.draft_root(&w.spec("alice"), "issuer-8");
    let root = w.send(&[root]).expect("issued");
    rotate(&mut w, party, &["issuer-8", "issuer-9"], &[], &["issuer-8", "issuer-9"]).expect("beside it");
    w.refuses(Code::PartyKeys, |w| rotate(w, party, &["issuer-9"], &["issuer-8"], &["issuer-9"]));
    rotate(&mut w, party, &["issuer-9"], &[], &["issuer-9"]).expect("dropped all the same");
    assert_eq!(retired(&w, party), [0, 1, 2, 3, 4, 5, 6, 7].map(name));
    w.refuses(Code::WrongSigner, |w| w.suspend(root, 1, "issuer-8"));
    w.refuses(Code::WrongSigner, |w| w.delegate(root, "alice", &w.inherit("bob", None)));
}

/// The issuer's keys in the order in which it has them.
fn key_number(n: usize) -> String {
    if n == 0 { "issuer".into() } else { format!("issuer-{n}") }
}

/// The numbers of the issuer's retired keys.
fn retired(w: &World, party: ObjectId) -> Vec<String> {
    let leaf = w.ledger.leaf(&party).expect("a leaf").leaf.clone();
    let number = |key: &KeyBytes| (0..20).map(key_number).find(|name| public(name).bytes() == key);
    leaf.party().expect("a party").retired.iter().filter_map(|(key, _)| number(key)).collect()
}

#[test]
fn a_frozen_party_changes_its_keys_with_the_operators_or_not_at_all() {
    let mut w = World::new();
    let party = w.issuer;
    rotate(&mut w, party, &["issuer", "spare"], &[], &["issuer", "spare"]).expect("a second key");
    let freeze = w.freeze(party).expect("frozen, for one key is stolen");
    // Neither the owner nor the thief puts the other out.
    w.refuses(Code::PartyFrozen, |w| rotate(w, party, &["spare"], &["issuer"], &["spare"]));
    w.refuses(Code::PartyFrozen, |w| rotate(w, party, &["issuer"], &["spare"], &["issuer"]));
    let lift = Act::Unfreeze { leaf: w.index(party), id: party, freeze: Reference::Id(freeze) };
    let lift = w.draft(lift, &["op-1", "op-2"]);
    let (keys, generation) = (vec![public("spare")], w.generation(party));
    let act = Act::PartyKeys { party, generation, keys, compromised: vec![public("issuer")] };
    let change = w.draft(act, &["spare"]);
    w.refuses(Code::PartyFrozen, |w| w.send(&[change.clone(), lift.clone()]));
    w.send(&[lift, change]).expect("in one entry");
    w.refuses(Code::WrongSigner, |w| rotate(w, party, &["thief"], &["spare"], &["issuer", "thief"]));
    let root = w.draft_root(&w.spec("alice"), "spare");
    w.send(&[root]).expect("the owner goes on");
}

#[test]
fn operators_sign_together_each_once() {
    let mut w = World::new();
    let unit = |name: &str| Act::Unit { name: name.into(), decimals: 2 };
    for by in [&["op-1"][..], &["op-1", "op-1"], &["op-1", "alice"], &["op-1", "op-2", "alice"], &["alice"]] {
        let draft = w.draft(unit("JPY"), by);
        w.refuses(Code::NotTheOperators, |w| w.send(&[draft]));
        let draft = w.draft(Act::Issuer { party: w.hotel }, by);
        w.refuses(Code::NotTheOperators, |w| w.send(&[draft]));
        let hotel = w.hotel;
        let leaf = w.index(hotel);
        let draft = w.draft(Act::Freeze { leaf, id: hotel }, by);
        w.refuses(Code::NotTheOperators, |w| w.send(&[draft]));
    }
    w.act(unit("JPY"), &["op-3", "op-1"]).expect("two, in any order");
    w.act(unit("KRW"), &["op-3", "op-1", "op-2"]).expect("all three");
}

#[test]
fn a_unit_is_registered_once() {
    let mut w = World::new();
    let unit = |decimals| Act::Unit { name: "CNY".into(), decimals };
    w.refuses(Code::AlreadyRegistered, |w| w.operate(unit(2)));
    w.refuses(Code::AlreadyRegistered, |w| w.operate(unit(0)));
    let twice = |w: &mut World| w.draft(Act::Unit { name: "JPY".into(), decimals: 0 }, &["op-1", "op-2"]);
    let bundle = [twice(&mut w), twice(&mut w)];
    w.refuses(Code::AlreadyRegistered, |w| w.send(&bundle));
    w.operate(Act::Unit { name: "JPY".into(), decimals: UNIT_DECIMALS_MAX }).expect("registered");
    for name in ["cny", "", "ABCDEFGHIJKLMNOPQ", "C NY", "\u{421}NY"] {
        let draft = w.draft(Act::Unit { name: name.into(), decimals: 2 }, &["op-1", "op-2"]);
        w.refuses(Code::Malformed, |w| w.send(&[draft]));
    }
    let draft = w.draft(Act::Unit { name: "XXX".into(), decimals: 10 }, &["op-1", "op-2"]);
    w.refuses(Code::Malformed, |w| w.send(&[draft]));
}

#[test]
fn an_issuer_is_a_party_that_was_appointed_once() {
    let mut w = World::new();
    let (issuer, unit, hotel) = (w.issuer, w.cny, w.hotel);
    w.refuses(Code::AlreadySo, |w| w.operate(Act::Issuer { party: issuer }));
    w.refuses(Code::UnknownParty, |w| w.operate(Act::Issuer { party: ObjectId([9; 32]) }));
    w.refuses(Code::UnknownParty, |w| w.operate(Act::Issuer { party: unit }));
    w.operate(Act::Issuer { party: hotel }).expect("a payee may be an issuer too");
    // A party that is both: what it issues is paid to itself like to anybody.
    let spec = w.spec("alice");
    let budgets = Some(vec![remit::client::budget(unit, remit_verifier::types::Amount(10))]);
    let spec = remit::client::TokenSpec { budgets, ..spec };
    let draft = w.client.root(w.now, hotel, &spec, signer("hotel")).expect("draft");
    let root = w.send(&[draft]).expect("issued");
    let held = w.reserve(root, "alice", 10).expect("held");
    w.capture(held, 1, 10).expect("captured");
    assert_eq!(w.committed(root), 10);
}
