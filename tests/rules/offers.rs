//! Offers: who may make one, of what, for how long, and how it is taken back (spec 18 §1, §3.1).

use crate::trade::sale;
use crate::world::{World, public};
use remit::client::TokenSpec;
use remit_verifier::code::Code;
use remit_verifier::limits::OFFER_MAX;
use remit_verifier::object::{Act, Offer, Price};
use remit_verifier::types::{Epoch, Generation, Millis, ObjectId, Seconds};

#[test]
fn an_offer_is_the_holders_of_a_live_transferable_token() {
    let mut w = World::new();
    let token = w.root("alice", 100);
    let price = w.price();
    w.refuses(Code::UnknownToken, |w| w.offer_at(ObjectId([9; 32]), "alice", price));
    let act = |epoch| Act::Offer(Offer { token, epoch: Epoch(epoch), price: Some(price) });
    w.refuses(Code::OldEpoch, |w| w.act(act(1), &["alice"]));
    for names in [&["bob"][..], &["alice", "bob"], &["bob", "alice"], &["issuer"]] {
        w.refuses(Code::WrongSigner, |w| w.act(act(0), names));
    }
    let suspension = w.suspend(token, 1, "issuer").expect("suspended");
    w.refuses(Code::Suspended, |w| w.offer_at(token, "alice", price));
    w.resume(token, 1, "issuer", suspension).expect("resumed");
    let fixed = TokenSpec { transferable: None, ..w.purse_spec("alice", 10) };
    let fixed = w.issue(&fixed).expect("issued");
    w.refuses(Code::NotTransferable, |w| w.offer_at(fixed, "alice", price));
    w.revoke(token, 1, "issuer").expect("revoked");
    w.refuses(Code::Revoked, |w| w.offer_at(token, "alice", price));
}

#[test]
fn an_offer_names_a_payee_and_a_unit_that_are_not_frozen() {
    let mut w = World::new();
    let token = w.root("alice", 100);
    let price = w.price();
    let (hotel, cny, usd) = (w.hotel, w.cny, w.usd);
    w.refuses(Code::UnknownParty, |w| w.offer_at(token, "alice", Price { payee: usd, ..price }));
    w.refuses(Code::UnknownUnit, |w| w.offer_at(token, "alice", Price { unit: hotel, ..price }));
    for (id, code) in [(hotel, Code::PartyFrozen), (cny, Code::UnitFrozen)] {
        let freeze = w.freeze(id).expect("frozen");
        w.refuses(code, |w| w.offer_at(token, "alice", price));
        w.unfreeze(id, freeze).expect("thawed");
    }
    w.offer_at(token, "alice", price).expect("offered");
}

#[test]
fn an_offer_stands_a_week_at_most_and_to_its_last_millisecond() {
    let mut w = World::new();
    let (token, purse) = (w.root("alice", 100), w.purse("bob", 1_000));
    let price = w.price();
    let now = w.seconds(0);
    for until in [Seconds(0), now, Seconds(now.0 + OFFER_MAX.0 + 1), Seconds(u64::MAX)] {
        w.refuses(Code::BadTime, |w| w.offer_at(token, "alice", Price { until, ..price }));
    }
    let until = Seconds(now.0 + OFFER_MAX.0);
    w.offer_at(token, "alice", Price { until, ..price }).expect("a week");
    let offer = w.offer_at(token, "alice", Price { until: Seconds(now.0 + 60), ..price }).expect("a minute");
    w.now = Millis(now.0 * 1000 + 60_000);
    w.refuses(Code::OfferClosed, |w| w.buy(token, offer, purse, "bob"));
    w.offer_at(token, "alice", Price { until: Seconds(now.0 + 120), ..price }).expect("a new one");
    w.replays();
    let mut w = World::new();
    let (token, purse) = (w.root("alice", 100), w.purse("bob", 1_000));
    let until = w.seconds(60);
    let offer = w.offer_at(token, "alice", Price { until, ..price }).expect("a minute");
    w.now = Millis(until.0 * 1000 - 1);
    w.buy(token, offer, purse, "bob").expect("in its last millisecond");
}

#[test]
fn a_seller_who_is_upstream_is_refused() {
    let mut w = World::new();
    // The issuer sells its own root.
    let own = w.root("issuer", 100);
    let price = w.price();
    w.refuses(Code::SellerUpstream, |w| w.offer_at(own, "issuer", price));
    // The holder of a token sells what hangs below it, also two below.
    let root = w.root("alice", 100);
    let child = w.delegate(root, "alice", &w.inherit("alice", None)).expect("to herself");
    let below = w.delegate(child, "alice", &w.inherit("bob", None)).expect("below");
    let deep = w.delegate(below, "bob", &w.inherit("alice", None)).expect("back to her");
    for token in [child, deep] {
        w.refuses(Code::SellerUpstream, |w| w.offer_at(token, "alice", price));
    }
    w.offer_at(below, "bob", price).expect("bob is upstream of nothing above");
    // A key that the issuer has retired is known as its own.
    let keys = Act::PartyKeys {
        party: w.issuer,
        generation: Generation(0),
        keys: vec![public("issuer-2")],
        compromised: Vec::new(),
    };
    w.act(keys, &["issuer-2"]).expect_err("a present key signs first");
    let keys = Act::PartyKeys {
        party: w.issuer,
        generation: Generation(0),
        keys: vec![public("issuer-2"), public("issuer-3")],
        compromised: Vec::new(),
    };
    w.act(keys, &["issuer", "issuer-2", "issuer-3"]).expect("rotated");
    w.refuses(Code::SellerUpstream, |w| w.offer_at(own, "issuer", price));
}

#[test]
fn an_offer_is_withdrawn_by_the_holder_whatever_became_of_the_token() {
    let (mut w, token, purse, _) = sale();
    for names in [&["bob"][..], &["alice", "alice"], &["issuer"]] {
        let act = Act::Offer(Offer { token, epoch: Epoch(0), price: None });
        w.refuses(Code::WrongSigner, |w| w.act(act, names));
    }
    let late = Act::Offer(Offer { token, epoch: Epoch(1), price: None });
    w.refuses(Code::OldEpoch, |w| w.act(late, &["alice"]));
    w.refuses(Code::UnknownToken, |w| w.withdraw(ObjectId([9; 32]), "alice"));
    w.refuses(Code::UnknownOffer, |w| w.withdraw(purse, "bob"));
    w.suspend(token, 1, "issuer").expect("suspended");
    w.withdraw(token, "alice").expect("withdrawn");
    w.refuses(Code::UnknownOffer, |w| w.withdraw(token, "alice"));
    w.replays();
}

#[test]
fn an_offer_stands_in_the_history_of_its_token() {
    let mut w = World::new();
    let token = w.root("alice", 100);
    let history = |w: &World| w.ledger.leaf(&token).expect("a leaf").leaf.history;
    let before = history(&w);
    w.offer(token, "alice");
    let offered = history(&w);
    w.withdraw(token, "alice").expect("withdrawn");
    assert!(before != offered && offered != history(&w));
}
