//! The recount of offers and trades finds what a ledger that broke their rules would show.

use crate::conserve::Forger;
use crate::story::purse;
use crate::world::*;
use remit::client::{Ask, Purchase};
use remit_verifier::code::Code;
use remit_verifier::object::{Act, BUY, Offer, Path, Price, Reference, goods};
use remit_verifier::types::{Amount, Epoch, Millis, ObjectId, Rules, Seconds};

/// A root of 100 that alice offers for 40, and bob with 1 000 to buy with.
struct Sale {
    forger: Forger,
    token: ObjectId,
    purse: ObjectId,
    offer: ObjectId,
}

fn price(w: &World) -> Price {
    let until = Seconds(w.now.seconds().0 + 3_600);
    Price { amount: Amount(40), payee: w.hotel, unit: w.cny, until }
}

fn sale() -> Sale {
    let mut w = World::new();
    let (token, purse) = (w.root("alice", 100), purse(&mut w, "bob", 1_000));
    let offer = Act::Offer(Offer { token, epoch: Epoch(0), price: Some(price(&w)) });
    let offer = w.act(offer, &["alice"]).expect("offered");
    Sale { forger: Forger::of(w), token, purse, offer }
}

impl Sale {
    fn ask(&self) -> Ask {
        let resource = goods(&self.token).expect("a path");
        Ask { action: BUY.into(), resource, ..self.forger.w.ask(self.purse, 40) }
    }

    fn purchase(&self) -> Purchase {
        let minimum = vec![(self.forger.w.cny, Amount(100))];
        let (token, offer) = (self.token, Reference::Id(self.offer));
        Purchase { token, epoch: Epoch(0), offer, minimum, payment: 0 }
    }

    fn buy(&mut self, ask: &Ask, purchase: &Purchase) {
        let (bob, now) = (key("bob"), self.forger.w.now);
        let invocation = self.forger.w.client.invocation(now, ask).expect("drafted");
        let pays = self.forger.w.client.reserve(invocation, Vec::new(), &bob);
        let takes = self.forger.w.client.trade(now, purchase, &bob).expect("drafted");
        self.forger.write(&[pays, takes]);
    }

    fn offer(&mut self, price: Option<Price>) {
        self.forger.act(Act::Offer(Offer { token: self.token, epoch: Epoch(0), price }), &["alice"]);
    }
}

/// What a purchase that is broken in one way violates.
fn bought(change: impl FnOnce(&Sale, &mut Ask, &mut Purchase)) -> Vec<Code> {
    let mut sale = sale();
    let (mut ask, mut purchase) = (sale.ask(), sale.purchase());
    change(&sale, &mut ask, &mut purchase);
    sale.buy(&ask, &purchase);
    sale.forger.found()
}

#[test]
fn a_purchase_pays_the_whole_price_for_this_token() {
    assert_eq!(bought(|_, _, _| {}), []);
    let payment = |ask: &mut Ask, change: &dyn Fn(&mut remit_verifier::object::Payment)| {
        change(ask.payment.as_mut().expect("a payment"));
    };
    let less = bought(|_, ask, _| payment(ask, &|payment| payment.amount = Amount(39)));
    assert_eq!(less[0], Code::WrongPayment);
    let more = bought(|_, ask, _| payment(ask, &|payment| payment.amount = Amount(41)));
    assert_eq!(more, [Code::WrongPayment]);
    assert_eq!(bought(|sale, ask, _| ask.audience = sale.forger.w.airline), [Code::WrongPayment]);
    assert_eq!(bought(|_, ask, _| ask.action = "book".into()), [Code::WrongPayment]);
    let other = Path::parse("tokens/other").expect("a path");
    assert_eq!(bought(|_, ask, _| ask.resource = other), [Code::WrongPayment]);
    assert_eq!(bought(|_, _, purchase| purchase.payment = 1), [Code::BadReference]);
}

#[test]
fn a_purchase_takes_an_offer_that_stands_with_enough_left() {
    let no = ObjectId([9; 32]);
    assert_eq!(bought(|_, _, purchase| purchase.offer = Reference::Id(no)), [Code::UnknownOffer]);
    let much = |sale: &Sale, _: &mut Ask, purchase: &mut Purchase| {
        purchase.minimum = vec![(sale.forger.w.cny, Amount(101))];
    };
    assert_eq!(bought(much), [Code::BelowMinimum]);
    let other = |sale: &Sale, _: &mut Ask, purchase: &mut Purchase| {
        purchase.minimum = vec![(sale.forger.w.usd, Amount(1))];
    };
    assert_eq!(bought(other), [Code::BelowMinimum]);
    // Another token than the one that is offered.
    let mut of_other = sale();
    let (ask, purchase) = (of_other.ask(), Purchase { token: of_other.purse, ..of_other.purchase() });
    of_other.buy(&ask, &purchase);
    assert_eq!(of_other.forger.found()[0], Code::UnknownOffer);

    let mut late = sale();
    late.forger.w.now = Millis(late.forger.w.now.0 + 3_600_000);
    let (ask, purchase) = (late.ask(), late.purchase());
    late.buy(&ask, &purchase);
    assert_eq!(late.forger.found(), [Code::OfferClosed]);
    let mut twice = sale();
    let (ask, purchase) = (twice.ask(), twice.purchase());
    twice.buy(&ask, &purchase);
    assert_eq!(twice.forger.found(), []);
    twice.buy(&ask, &Purchase { epoch: Epoch(1), ..purchase });
    assert_eq!(twice.forger.found(), [Code::UnknownOffer]);
}

#[test]
fn a_purchase_is_a_transfer() {
    let mut stopped = sale();
    let suspend = Act::Suspend(stopped.forger.w.target(stopped.token, 1));
    stopped.forger.act(suspend, &["issuer"]);
    let (ask, purchase) = (stopped.ask(), stopped.purchase());
    stopped.buy(&ask, &purchase);
    assert_eq!(stopped.forger.found(), [Code::Suspended]);
    let mut open = sale();
    open.forger.reserve(open.token, "alice", 1);
    let (ask, purchase) = (open.ask(), Purchase { minimum: Vec::new(), ..open.purchase() });
    open.buy(&ask, &purchase);
    assert_eq!(open.forger.found(), [Code::ValueOpen]);
    // Its epoch is over.
    let mut sold = sale();
    let (ask, purchase) = (sold.ask(), sold.purchase());
    sold.buy(&ask, &purchase);
    sold.forger.act(Act::Offer(Offer { token: sold.token, epoch: Epoch(0), price: None }), &["bob"]);
    assert_eq!(sold.forger.found(), [Code::OldEpoch, Code::UnknownOffer]);
}

#[test]
fn an_offer_is_of_a_token_in_force_to_a_payee_in_a_unit_and_for_a_week() {
    let asked = price(&sale().forger.w);
    let with = |change: &dyn Fn(&World, &mut Price)| {
        let mut sale = sale();
        let mut price = asked;
        change(&sale.forger.w, &mut price);
        sale.offer(Some(price));
        sale.forger.found()
    };
    assert_eq!(with(&|_, _| {}), []);
    assert_eq!(with(&|w, price| price.payee = w.cny), [Code::UnknownParty]);
    assert_eq!(with(&|w, price| price.unit = w.hotel), [Code::UnknownUnit]);
    assert_eq!(with(&|w, price| price.until = w.now.seconds()), [Code::BadTime]);
    let week = |w: &World, more: u64| Seconds(w.now.seconds().0 + 7 * DAY + more);
    assert_eq!(with(&|w, price| price.until = week(w, 0)), []);
    assert_eq!(with(&|w, price| price.until = week(w, 1)), [Code::BadTime]);
    let mut replaced = sale();
    replaced.offer(Some(asked));
    let (ask, purchase) = (replaced.ask(), replaced.purchase());
    replaced.buy(&ask, &purchase);
    assert_eq!(replaced.forger.found(), [Code::UnknownOffer]);
    let mut withdrawn = sale();
    withdrawn.offer(None);
    assert_eq!(withdrawn.forger.found(), []);
    withdrawn.offer(None);
    assert_eq!(withdrawn.forger.found(), [Code::UnknownOffer]);
    let mut early = World::of_rules("remit.example/before", Rules(2));
    let token = early.root("alice", 100);
    let price = price(&early);
    let mut forger = Forger::of(early);
    forger.act(Act::Offer(Offer { token, epoch: Epoch(0), price: Some(price) }), &["alice"]);
    assert_eq!(forger.found(), [Code::NotEnabled]);
}
