//! Offers and trades: a token against a payment, all or nothing (spec 18).

use crate::draft::*;
use crate::world::{DAY, World, public};
use remit::client::{Ask, Purchase, TokenSpec, budget, carved};
use remit::engine::Answer;
use remit::machine::{self, key};
use remit_verifier::code::Code;
use remit_verifier::object::{
    Act, ApprovalRule, Budget, EntryQuota, Offer, Path, Permission, Price, Reference, goods,
};
use remit_verifier::sign::Draft;
use remit_verifier::types::{Amount, Epoch, Generation, ObjectId, Rules, Seconds};

/// The price of everything here, paid to the hotel.
pub const PRICE: u64 = 40;

impl World {
    /// A root of `total` CNY for `holder`, who may buy tokens and nothing else.
    pub fn purse(&mut self, holder: &str, total: u64) -> ObjectId {
        let spec = self.purse_spec(holder, total);
        self.issue(&spec).expect("issued")
    }

    pub fn purse_spec(&self, holder: &str, total: u64) -> TokenSpec {
        let permission = Permission {
            services: Some(vec![self.hotel, self.airline]),
            actions: Some(vec!["buy".into(), "book".into()]),
            resources: Some(vec![Path::parse("").expect("path")]),
            conditions: Vec::new(),
        };
        let budgets = Some(vec![budget(self.cny, Amount(total)), budget(self.usd, Amount(total))]);
        TokenSpec { permissions: Some(vec![permission]), budgets, ..self.spec(holder) }
    }

    pub fn price(&self) -> Price {
        let (amount, payee, unit) = (Amount(PRICE), self.hotel, self.cny);
        Price { amount, payee, unit, until: self.seconds(DAY) }
    }

    pub fn offer_at(&mut self, token: ObjectId, by: &str, price: Price) -> Result<ObjectId, Code> {
        let epoch = self.epoch(token);
        self.act(Act::Offer(Offer { token, epoch, price: Some(price) }), &[by])
    }

    pub fn offer(&mut self, token: ObjectId, by: &str) -> ObjectId {
        let price = self.price();
        self.offer_at(token, by, price).expect("offered")
    }

    pub fn withdraw(&mut self, token: ObjectId, by: &str) -> Result<ObjectId, Code> {
        let epoch = self.epoch(token);
        self.act(Act::Offer(Offer { token, epoch, price: None }), &[by])
    }

    /// What pays `amount` for the token.
    pub fn payment_for(&self, token: ObjectId, purse: ObjectId, amount: u64) -> Ask {
        let resource = goods(&token).expect("a path");
        Ask { action: "buy".into(), resource, ..self.ask(purse, amount) }
    }

    pub fn pays(&mut self, token: ObjectId, purse: ObjectId, by: &str) -> Draft<'static> {
        let ask = self.payment_for(token, purse, PRICE);
        self.draft_reserve(&ask, by, Vec::new())
    }

    pub fn purchase(&self, token: ObjectId, offer: ObjectId) -> Purchase {
        let (epoch, offer) = (self.epoch(token), Reference::Id(offer));
        Purchase { token, epoch, offer, minimum: Vec::new(), payment: 0 }
    }

    pub fn takes(&mut self, purchase: &Purchase, by: &str) -> Draft<'static> {
        self.client.trade(self.now, purchase, signer(by)).expect("draft")
    }

    pub fn buy_with(&mut self, purchase: &Purchase, purse: ObjectId, by: &str) -> Result<ObjectId, Code> {
        let members = [self.pays(purchase.token, purse, by), self.takes(purchase, by)];
        self.send(&members)
    }

    /// Buys the token with what `by` holds in the purse.
    pub fn buy(
        &mut self,
        token: ObjectId,
        offer: ObjectId,
        purse: ObjectId,
        by: &str,
    ) -> Result<ObjectId, Code> {
        let purchase = self.purchase(token, offer);
        self.buy_with(&purchase, purse, by)
    }

    pub fn holder(&self, token: ObjectId) -> String {
        let holder = self.ledger.leaf(&token).expect("a leaf").leaf.token().expect("a token").holder;
        let name = ["alice", "bob", "carol"].iter().find(|name| *public(name).bytes() == holder);
        name.map_or_else(|| "somebody".into(), ToString::to_string)
    }
}

/// Alice offers a root of 100; Bob has 1 000 to buy with.
pub fn sale() -> (World, ObjectId, ObjectId, ObjectId) {
    let mut w = World::new();
    let (token, purse) = (w.root("alice", 100), w.purse("bob", 1_000));
    let offer = w.offer(token, "alice");
    (w, token, purse, offer)
}

#[test]
fn a_token_is_bought_for_its_price_in_one_entry() {
    let (mut w, token, purse, offer) = sale();
    w.reserve(token, "alice", 1).map(|held| w.release(held, None).expect("back")).expect("still hers");
    let members = [w.pays(token, purse, "bob"), {
        let purchase = w.purchase(token, offer);
        w.takes(&purchase, "bob")
    }];
    let ready = w.ready(&members);
    w.raw(&ready.bytes).expect("bought");
    assert_eq!((w.holder(token), w.epoch(token)), ("bob".into(), Epoch(1)));
    let counters = w.counters(purse);
    assert_eq!((counters.reserved, counters.captured), (0, PRICE), "paid, and nothing to capture");
    w.refuses(Code::WrongHolder, |w| w.reserve(token, "alice", 1));
    w.reserve(token, "bob", 100).expect("all of it is his");
    w.refuses(Code::AboveReserved, |w| w.capture(ready.ids[0], 2, 1));
    // The payee may give it back, naming the trade; that undoes no sale.
    w.refuses(Code::UnknownCapture, |w| w.refund(ready.ids[0], 1));
    w.refuses(Code::AboveCaptured, |w| w.refund(ready.ids[1], PRICE + 1));
    w.refund(ready.ids[1], PRICE).expect("refunded");
    assert_eq!((w.committed(purse), w.holder(token)), (0, "bob".into()));
    w.replays();
}

#[test]
fn an_offer_is_taken_once() {
    let (mut w, token, purse, offer) = sale();
    w.buy(token, offer, purse, "bob").expect("bought");
    let state = w.ledger.store().state();
    assert_eq!(state.get(&key::OfferOf(offer)), Some(&machine::Offer::Closed));
    assert_eq!(state.get(&key::OfferAt(w.index(token))), None, "nothing is for sale");
    let carols = w.purse("carol", 1_000);
    w.refuses(Code::OfferClosed, |w| w.buy(token, offer, carols, "carol"));
    w.transfer(token, "bob", "alice").expect("given back");
    w.refuses(Code::OfferClosed, |w| w.buy(token, offer, purse, "bob"));
}

#[test]
fn a_trade_is_answered_again_as_it_was() {
    let (mut w, token, purse, offer) = sale();
    let purchase = w.purchase(token, offer);
    let members = [w.pays(token, purse, "bob"), w.takes(&purchase, "bob")];
    let bytes = w.ready(&members).bytes;
    let entry = w.raw(&bytes).expect("bought");
    let now = w.now;
    assert_eq!(w.ledger.submit(&[&bytes], now).expect("submits")[0], Answer::Replayed(entry));
    assert_eq!(w.counters(purse).captured, PRICE);
}

#[test]
fn trade_begins_with_the_third_rules() {
    let mut w = World::of_rules("remit.example/before", Rules(2));
    let (token, purse) = (w.root("alice", 100), w.purse("bob", 1_000));
    let price = w.price();
    w.refuses(Code::NotEnabled, |w| w.offer_at(token, "alice", price));
    w.refuses(Code::NotEnabled, |w| w.withdraw(token, "alice"));
    w.refuses(Code::NotEnabled, |w| w.buy(token, ObjectId([9; 32]), purse, "bob"));
    w.operate(Act::Upgrade { rules: Rules(3) }).expect("upgraded");
    let offer = w.offer(token, "alice");
    w.buy(token, offer, purse, "bob").expect("bought");
    w.replays();
}

#[test]
fn a_seller_who_has_become_upstream_is_refused() {
    let mut w = World::new();
    let root = w.root("carol", 100);
    let child = w.delegate(root, "carol", &w.spec_below("alice")).expect("below");
    let purse = w.purse("bob", 1_000);
    let offer = w.offer(child, "alice");
    w.rekey(root, 2, "carol", "alice").expect("the key above is alice's now");
    w.refuses(Code::SellerUpstream, |w| w.buy(child, offer, purse, "bob"));
    w.rekey(root, 2, "alice", "carol").expect("and no more");
    w.buy(child, offer, purse, "bob").expect("bought");
    // The same with a key of the issuer.
    let token = w.root("alice", 100);
    let offer = w.offer(token, "alice");
    let keys = Act::PartyKeys {
        party: w.issuer,
        generation: Generation(0),
        keys: vec![public("issuer"), public("alice")],
        compromised: Vec::new(),
    };
    w.act(keys, &["issuer", "alice"]).expect("alice is a key of the issuer");
    w.refuses(Code::SellerUpstream, |w| w.buy(token, offer, purse, "bob"));
}

impl World {
    /// A child that may be transferred.
    pub fn spec_below(&self, holder: &str) -> TokenSpec {
        TokenSpec { transferable: Some(true), ..self.inherit(holder, None) }
    }
}

#[test]
fn a_withdrawn_offer_is_not_to_be_had() {
    let (mut w, token, purse, offer) = sale();
    w.withdraw(token, "alice").expect("withdrawn");
    w.refuses(Code::OfferClosed, |w| w.buy(token, offer, purse, "bob"));
    let offer = w.offer(token, "alice");
    w.transfer(token, "alice", "carol").expect("given away");
    w.refuses(Code::UnknownOffer, |w| w.withdraw(token, "carol"));
    w.refuses(Code::OfferClosed, |w| w.buy(token, offer, purse, "bob"));
}

#[test]
fn a_price_that_changed_is_not_paid() {
    let (mut w, token, purse, cheap) = sale();
    let price = Price { amount: Amount(PRICE + 1), ..w.price() };
    let dear = w.offer_at(token, "alice", price).expect("dearer");
    // The buyer names the offer that he saw: neither is he charged more, nor does he get it for less.
    w.refuses(Code::OfferClosed, |w| w.buy(token, cheap, purse, "bob"));
    w.refuses(Code::WrongPayment, |w| w.buy(token, dear, purse, "bob"));
    assert_eq!(w.committed(purse), 0);
}

#[test]
fn an_offer_of_an_old_epoch_is_over_for_ever() {
    let (mut w, token, purse, offer) = sale();
    w.transfer(token, "alice", "carol").expect("given");
    w.refuses(Code::OfferClosed, |w| w.buy(token, offer, purse, "bob"));
    w.transfer(token, "carol", "alice").expect("and back");
    w.refuses(Code::OfferClosed, |w| w.buy(token, offer, purse, "bob"));
    let named = Purchase { epoch: Epoch(0), ..w.purchase(token, offer) };
    w.refuses(Code::OldEpoch, |w| w.buy_with(&named, purse, "bob"));
    let offer = w.offer(token, "alice");
    w.buy(token, offer, purse, "bob").expect("of this epoch");
    w.replays();
}

#[test]
fn an_offer_of_a_key_that_no_longer_holds_is_over() {
    let (mut w, token, purse, offer) = sale();
    w.rekey(token, 2, "alice", "alice-2").expect("the old key is lost");
    w.refuses(Code::OfferClosed, |w| w.buy(token, offer, purse, "bob"));
    let offer = w.offer(token, "alice-2");
    w.buy(token, offer, purse, "bob").expect("bought");
}

#[test]
fn nobody_buys_from_himself_and_one_alone_signs() {
    let (mut w, token, purse, offer) = sale();
    let purchase = w.purchase(token, offer);
    let alices = w.purse("alice", 1_000);
    w.refuses(Code::WrongSigner, |w| w.buy(token, offer, alices, "alice"));
    let mut twice = w.takes(&purchase, "bob");
    twice.signers.push(signer("carol"));
    let pays = w.pays(token, purse, "bob");
    w.refuses(Code::WrongSigner, |w| w.send(&[pays, twice]));
    // Who pays need not be who gets it.
    let members = [w.pays(token, purse, "bob"), w.takes(&purchase, "carol")];
    w.send(&members).expect("bob pays for carol");
    assert_eq!(w.holder(token), "carol");
    w.replays();
}

#[test]
fn a_trade_names_an_earlier_reserve_of_its_bundle() {
    let (mut w, token, purse, offer) = sale();
    let alone = w.purchase(token, offer);
    // Outside a bundle there is none, whatever was reserved before.
    let ask = w.payment_for(token, purse, PRICE);
    w.reserve_ask(&ask, "bob", Vec::new()).expect("reserved before");
    let draft = w.takes(&alone, "bob");
    w.refuses(Code::BadReference, |w| w.send(&[draft]));
    for place in [1, 2, 7] {
        let purchase = Purchase { payment: place, ..alone.clone() };
        let members = [w.pays(token, purse, "bob"), w.takes(&purchase, "bob"), w.pays(token, purse, "bob")];
        w.refuses(Code::BadReference, |w| w.send(&members));
    }
    let cut = w.draft(Act::Cut(w.target(purse, 2)), &["bob"]);
    let members = [cut, w.takes(&alone, "bob")];
    w.refuses(Code::BadReference, |w| w.send(&members));
    // The offer may be one of the bundle: then seller and buyer have both signed all of it.
    let epoch = w.epoch(token);
    let price = Price { amount: Amount(PRICE), ..w.price() };
    let offers = w.draft(Act::Offer(Offer { token, epoch, price: Some(price) }), &["alice"]);
    let purchase = Purchase { offer: Reference::Member(0), payment: 1, ..alone };
    let members = [offers, w.pays(token, purse, "bob"), w.takes(&purchase, "bob")];
    w.send(&members).expect("bought");
    w.replays();
}

#[test]
fn only_the_whole_price_for_this_token_pays() {
    let (mut w, token, purse, offer) = sale();
    let right = w.payment_for(token, purse, PRICE);
    let (airline, usd) = (w.airline, w.usd);
    let mut payment = right.payment.expect("a payment");
    payment.unit = usd;
    let wrong = [
        Ask { payment: Some(w.payment(PRICE - 1)), ..right.clone() },
        Ask { payment: Some(w.payment(PRICE + 1)), ..right.clone() },
        Ask { payment: Some(payment), ..right.clone() },
        Ask { audience: airline, ..right.clone() },
        Ask { action: "book".into(), ..right.clone() },
        Ask { resource: goods(&purse).expect("a path"), ..right.clone() },
        Ask { resource: Path::parse("rooms/12").expect("a path"), ..right },
    ];
    for ask in wrong {
        let purchase = w.purchase(token, offer);
        let members = [w.draft_reserve(&ask, "bob", Vec::new()), w.takes(&purchase, "bob")];
        w.refuses(Code::WrongPayment, |w| w.send(&members));
    }
    w.buy(token, offer, purse, "bob").expect("bought");
}

#[test]
fn a_payment_that_was_touched_pays_for_nothing() {
    let (mut w, token, purse, offer) = sale();
    let purchase = w.purchase(token, offer);
    let reserve = Reference::Member(0);
    let acts = [
        Act::Capture { reserve, number: 1, amount: Amount(PRICE) },
        Act::Capture { reserve, number: 1, amount: Amount(1) },
        Act::Release { reserve, amount: Some(Amount(1)) },
    ];
    for act in acts {
        let members = [w.pays(token, purse, "bob"), w.draft(act, &["hotel"]), w.takes(&purchase, "bob")];
        w.refuses(Code::WrongPayment, |w| w.send(&members));
    }
}

#[test]
fn one_payment_buys_one_token_and_one_bundle_buys_two() {
    let (mut w, one, purse, first) = sale();
    let two = w.root("alice", 100);
    let second = w.offer(two, "alice");
    let (one_bought, two_bought) = (w.purchase(one, first), w.purchase(two, second));
    let members = [w.pays(one, purse, "bob"), w.takes(&one_bought, "bob"), w.takes(&two_bought, "bob")];
    w.refuses(Code::WrongPayment, |w| w.send(&members));
    let second_pays = Purchase { payment: 1, ..two_bought };
    let members = [
        w.pays(one, purse, "bob"),
        w.pays(two, purse, "bob"),
        w.takes(&second_pays, "bob"),
        w.takes(&one_bought, "bob"),
    ];
    w.send(&members).expect("both");
    assert_eq!((w.holder(one), w.holder(two)), ("bob".into(), "bob".into()));
    assert_eq!(w.counters(purse).captured, 2 * PRICE);
    w.replays();
}

#[test]
fn a_second_reserve_in_the_bundle_stays_a_reserve() {
    let (mut w, token, purse, offer) = sale();
    let purchase = w.purchase(token, offer);
    let second = w.draft_reserve(&w.payment_for(token, purse, 7), "bob", Vec::new());
    let members = [w.pays(token, purse, "bob"), second, w.takes(&purchase, "bob")];
    w.send(&members).expect("bought");
    assert_eq!((w.counters(purse).reserved, w.counters(purse).captured), (7, PRICE));
}

#[test]
fn a_seller_who_spent_is_below_the_minimum() {
    let (mut w, token, purse, offer) = sale();
    let (cny, usd) = (w.cny, w.usd);
    let least = |w: &World, least: &[(ObjectId, u64)]| Purchase {
        minimum: least.iter().map(|(unit, least)| (*unit, Amount(*least))).collect(),
        ..w.purchase(token, offer)
    };
    let held = w.reserve(token, "alice", 30).expect("spends");
    w.capture(held, 1, 30).expect("spent");
    let much = least(&w, &[(cny, 71)]);
    w.refuses(Code::BelowMinimum, |w| w.buy_with(&much, purse, "bob"));
    let other = least(&w, &[(cny, 70), (usd, 1)]);
    w.refuses(Code::BelowMinimum, |w| w.buy_with(&other, purse, "bob"));
    let unknown = least(&w, &[(w.hotel, 1)]);
    w.refuses(Code::UnknownUnit, |w| w.buy_with(&unknown, purse, "bob"));
    let unknown = least(&w, &[(ObjectId([9; 32]), 1)]);
    w.refuses(Code::UnknownUnit, |w| w.buy_with(&unknown, purse, "bob"));
    let right = least(&w, &[(cny, 70)]);
    w.buy_with(&right, purse, "bob").expect("what is left");
    w.replays();
}

#[test]
fn what_is_left_is_the_least_up_to_the_funding_token() {
    let mut w = World::new();
    let cny = w.cny;
    let root = w.root("carol", 100);
    let shared = TokenSpec { budgets: Some(vec![budget(cny, Amount(80))]), ..w.spec_below("alice") };
    let shared = w.delegate(root, "carol", &shared).expect("shared");
    let part = TokenSpec { budgets: Some(vec![carved(cny, Amount(20))]), ..w.spec_below("alice") };
    let part = w.delegate(root, "carol", &part).expect("carved");
    let purse = w.purse("bob", 1_000);
    let (of_shared, of_part) = (w.offer(shared, "alice"), w.offer(part, "alice"));
    // 80 are left of the root too; whoever spends beside takes from both.
    w.reserve(root, "carol", 15).expect("beside");
    let wants = |w: &World, token, offer, least| Purchase {
        minimum: vec![(cny, Amount(least))],
        ..w.purchase(token, offer)
    };
    let much = wants(&w, shared, of_shared, 66);
    w.refuses(Code::BelowMinimum, |w| w.buy_with(&much, purse, "bob"));
    let right = wants(&w, shared, of_shared, 65);
    w.buy_with(&right, purse, "bob").expect("65 of the root");
    // What was carved is the token's own.
    let much = wants(&w, part, of_part, 21);
    w.refuses(Code::BelowMinimum, |w| w.buy_with(&much, purse, "bob"));
    let right = wants(&w, part, of_part, 20);
    w.buy_with(&right, purse, "bob").expect("all of it");
    w.replays();
}

#[test]
fn the_price_paid_from_above_counts_before_the_minimum() {
    let mut w = World::new();
    let root = w.purse("bob", 100);
    let child = w.delegate(root, "bob", &w.spec_below("alice")).expect("a child");
    let offer = w.offer(child, "alice");
    // Bob buys a token back with the very budget that it draws on.
    let wants =
        |w: &World, least| Purchase { minimum: vec![(w.cny, Amount(least))], ..w.purchase(child, offer) };
    let much = wants(&w, 100 - PRICE + 1);
    w.refuses(Code::BelowMinimum, |w| w.buy_with(&much, root, "bob"));
    let right = wants(&w, 100 - PRICE);
    w.buy_with(&right, root, "bob").expect("bought");
    assert_eq!(w.holder(child), "bob");
    w.replays();
}

#[test]
fn a_seller_who_carved_or_holds_value_open_sells_nothing() {
    let (mut w, token, purse, offer) = sale();
    let spec = w.inherit("eve", Some(vec![carved(w.cny, Amount(30))]));
    let part = w.delegate(token, "alice", &spec).expect("carved away");
    w.refuses(Code::CarvedChild, |w| w.buy(token, offer, purse, "bob"));
    w.revoke(part, 2, "alice").expect("revoked");
    w.end(part, 2, "alice").expect("ended");
    let held = w.reserve(token, "alice", 1).expect("held");
    w.refuses(Code::ValueOpen, |w| w.buy(token, offer, purse, "bob"));
    w.release(held, None).expect("released");
    w.buy(token, offer, purse, "bob").expect("bought");
    w.replays();
}

#[test]
fn what_a_seller_delegated_is_over_with_the_sale() {
    let (mut w, token, purse, offer) = sale();
    let child = w.delegate(token, "alice", &w.inherit("eve", None)).expect("to a friend");
    let (link, bytes) = w.link(token, token, "alice", &w.half_hour("eve"));
    w.rekey(token, 1, "issuer", "eve").expect("proposed from upstream");
    w.buy(token, offer, purse, "bob").expect("bought");
    w.refuses(Code::OldEpoch, |w| w.reserve(child, "eve", 1));
    let ask = Ask { epoch: Epoch(1), ..w.ask(link, 1) };
    w.refuses(Code::WrongSigner, |w| w.reserve_ask(&ask, "eve", vec![bytes]));
    w.advance(2 * DAY);
    w.tick();
    assert_eq!(w.holder(token), "bob", "no rekey of the old epoch is left");
    w.replays();
}

#[test]
fn nothing_is_sold_while_its_chain_is_stopped() {
    let (mut w, token, purse, offer) = sale();
    let suspension = w.suspend(token, 1, "issuer").expect("suspended");
    w.refuses(Code::Suspended, |w| w.buy(token, offer, purse, "bob"));
    w.resume(token, 1, "issuer", suspension).expect("resumed");
    // What pays is refused before, where payee, unit or ledger are frozen.
    let (hotel, cny, ledger) = (w.hotel, w.cny, w.whole());
    for (id, code) in [
        (token, Code::Frozen),
        (hotel, Code::PartyFrozen),
        (cny, Code::UnitFrozen),
        (ledger, Code::LedgerFrozen),
    ] {
        let freeze = w.freeze(id).expect("frozen");
        w.refuses(code, |w| w.buy(token, offer, purse, "bob"));
        w.unfreeze(id, freeze).expect("thawed");
    }
    w.buy(token, offer, purse, "bob").expect("nothing is in the way");
    let (mut w, token, purse, offer) = sale();
    w.revoke(token, 1, "issuer").expect("revoked");
    w.refuses(Code::Revoked, |w| w.buy(token, offer, purse, "bob"));
}

#[test]
fn nobody_pays_for_a_token_out_of_what_hangs_below_it() {
    let mut w = World::new();
    let token = w.purse("alice", 100);
    let offer = w.offer(token, "alice");
    let shared = w.delegate(token, "alice", &w.inherit("bob", None)).expect("shared");
    w.refuses(Code::ValueOpen, |w| w.buy(token, offer, shared, "bob"));
    let part = w.inherit("bob", Some(vec![carved(w.cny, Amount(50))]));
    let part = w.delegate(token, "alice", &part).expect("carved");
    w.refuses(Code::CarvedChild, |w| w.buy(token, offer, part, "bob"));
}

#[test]
fn a_purchase_above_a_threshold_needs_its_approvers() {
    let (mut w, token, _, offer) = sale();
    let approvers = vec![(&public("ann")).into()];
    let thresholds = Some(vec![(w.cny, Amount(PRICE - 1))]);
    let rule = ApprovalRule { k: 1, approvers, thresholds };
    let spec = TokenSpec { approval: Some(rule), ..w.purse_spec("bob", 1_000) };
    let purse = w.issue(&spec).expect("issued");
    w.refuses(Code::ApprovalRequired, |w| w.buy(token, offer, purse, "bob"));
    let ask = w.payment_for(token, purse, PRICE);
    let requested = ask.requested(w.seconds(DAY)).expect("a payment");
    let draft = w.draft(Act::Request(requested.clone()), &["bob"]);
    let nonce = draft.body.stamp().expect("an act").nonce;
    w.send(&[draft]).expect("asked");
    let request = requested.request_id(&w.ledger.id(), nonce);
    w.act(Act::Approve { request }, &["ann"]).expect("approved");
    let mut invocation = w.client.invocation(w.now, &ask).expect("draft");
    invocation.request_nonce = Some(nonce);
    let pays = w.client.reserve(invocation, Vec::new(), signer("bob"));
    let purchase = w.purchase(token, offer);
    let members = [pays, w.takes(&purchase, "bob")];
    w.send(&members).expect("bought");
    assert_eq!((w.holder(token), w.counters(purse).captured), ("bob".into(), PRICE));
    w.replays();
}

#[test]
fn a_purchase_needs_the_permission_to_buy_at_the_payee() {
    let (mut w, token, _, offer) = sale();
    // A budget for bookings buys no authority.
    let bookings = w.root("bob", 1_000);
    w.refuses(Code::ActionNotAllowed, |w| w.buy(token, offer, bookings, "bob"));
    let permission = Permission {
        services: Some(vec![w.hotel]),
        actions: Some(vec!["buy".into()]),
        resources: Some(vec![goods(&bookings).expect("a path")]),
        conditions: Vec::new(),
    };
    let one = TokenSpec { permissions: Some(vec![permission]), ..w.purse_spec("bob", 1_000) };
    let one = w.issue(&one).expect("issued");
    w.refuses(Code::ResourceNotAllowed, |w| w.buy(token, offer, one, "bob"));
}

#[test]
fn an_offer_is_taken_of_the_token_that_it_is_for() {
    let (mut w, _, purse, offer) = sale();
    let other = w.root("alice", 5_000);
    w.refuses(Code::UnknownOffer, |w| w.buy(other, offer, purse, "bob"));
    w.refuses(Code::UnknownOffer, |w| w.buy(other, ObjectId([9; 32]), purse, "bob"));
    w.offer(other, "alice");
    w.refuses(Code::UnknownOffer, |w| w.buy(other, offer, purse, "bob"));
}

#[test]
fn a_purse_that_cannot_pay_buys_nothing() {
    let (mut w, token, _, offer) = sale();
    let small = w.purse("bob", PRICE - 1);
    w.refuses(Code::AboveTotal, |w| w.buy(token, offer, small, "bob"));
    let carols = w.purse("carol", 1_000);
    w.refuses(Code::WrongHolder, |w| w.buy(token, offer, carols, "bob"));
    assert_eq!(w.holder(token), "alice");
}

#[test]
fn a_purchase_pays_through_an_offline_link() {
    let (mut w, token, purse, offer) = sale();
    let own = TokenSpec {
        budgets: Some(vec![Budget { total: Some(Amount(PRICE)), ..budget(w.cny, Amount(PRICE)) }]),
        ..w.half_hour("carol")
    };
    let (link, bytes) = w.link(purse, purse, "bob", &own);
    let ask = Ask { token: link, epoch: w.epoch(purse), ..w.payment_for(token, purse, PRICE) };
    let purchase = w.purchase(token, offer);
    let members = [w.draft_reserve(&ask, "carol", vec![bytes]), w.takes(&purchase, "carol")];
    w.send(&members).expect("bought");
    assert_eq!((w.holder(token), w.counters(purse).captured), ("carol".into(), PRICE));
    w.replays();
}

#[test]
fn a_sale_is_begun_within_the_entries_of_the_root() {
    let mut w = World::new();
    let budgets = Some(vec![budget(w.cny, Amount(100))]);
    let entries = Some(EntryQuota { most: 4, length: Seconds(DAY) });
    let token = w.issue(&TokenSpec { budgets, entries, ..w.spec("alice") }).expect("the first entry");
    let purse = w.purse("bob", 1_000);
    let first = w.offer(token, "alice");
    w.withdraw(token, "alice").expect("the third");
    let offer = w.offer(token, "alice");
    let price = w.price();
    w.refuses(Code::AboveEntries, |w| w.offer_at(token, "alice", price));
    w.refuses(Code::AboveEntries, |w| w.buy(token, offer, purse, "bob"));
    w.refuses(Code::OfferClosed, |w| w.buy(token, first, purse, "bob"));
    w.withdraw(token, "alice").expect("that goes on");
    w.replays();
}

/// A bundle whose last member can never be applied asks nothing of what the token has left.
#[test]
fn what_a_token_has_left_is_not_asked_for_nothing() {
    let (mut w, token, purse, offer) = sale();
    let cny = w.cny;
    let mut asks = |least: u64| {
        let purchase = Purchase { minimum: vec![(cny, Amount(least))], ..w.purchase(token, offer) };
        let nobody = ObjectId([9; 32]);
        let never = Act::Capture { reserve: Reference::Id(nobody), number: 1, amount: Amount(1) };
        let members = [w.pays(token, purse, "bob"), w.takes(&purchase, "bob"), w.draft(never, &["hotel"])];
        let ready = w.ready(&members);
        match w.submit(&ready) {
            Answer::Refused(refusal) => (refusal.code, refusal.member, refusal.leaf),
            other => panic!("{other:?}"),
        }
    };
    // All there is, and more than that: the answer is the same.
    assert_eq!(asks(100), (Code::UnknownReservation, 2, None));
    assert_eq!(asks(101), (Code::UnknownReservation, 2, None));
    let much = Purchase { minimum: vec![(cny, Amount(101))], ..w.purchase(token, offer) };
    let members = [w.pays(token, purse, "bob"), w.takes(&much, "bob")];
    let ready = w.ready(&members);
    let Answer::Refused(refusal) = w.submit(&ready) else { panic!("refused") };
    assert_eq!((refusal.code, refusal.member, refusal.leaf), (Code::BelowMinimum, 1, None));
}

#[test]
fn a_unit_that_the_token_leaves_out_is_not_left_of_it() {
    let mut w = World::new();
    let (cny, usd) = (w.cny, w.usd);
    let both = vec![budget(cny, Amount(100)), budget(usd, Amount(100))];
    let spec = TokenSpec { budgets: Some(both), ..w.spec("carol") };
    let root = w.issue(&spec).expect("issued");
    let one = TokenSpec { budgets: Some(vec![budget(cny, Amount(80))]), ..w.spec_below("alice") };
    let token = w.delegate(root, "carol", &one).expect("shared");
    let purse = w.purse("bob", 1_000);
    let offer = w.offer(token, "alice");
    let wants = Purchase { minimum: vec![(usd, Amount(1))], ..w.purchase(token, offer) };
    w.refuses(Code::BelowMinimum, |w| w.buy_with(&wants, purse, "bob"));
    let wants = Purchase { minimum: vec![(cny, Amount(80))], ..w.purchase(token, offer) };
    w.buy_with(&wants, purse, "bob").expect("what it has");
}
