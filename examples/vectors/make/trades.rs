//! Trade: offers and trades that are broken in one way each, and the scenes of a sale in `rules.json`.

use super::broken::{Broken, change};
use super::item::Item;
use super::script::Script;
use super::things::{CNY, DAY, OTHER, USD, key, path, signer};
use remit::client::{Ask, Purchase, TokenSpec};
use remit_verifier::code::Code::{self, *};
use remit_verifier::limits::{BUDGETS_MAX, BUNDLE_MEMBERS_MAX, OFFER_MAX};
use remit_verifier::object::{Act, Offer, Permission, Price, Reference, goods};
use remit_verifier::sign::{Draft, LocalSigner};
use remit_verifier::types::*;

const YES: Result<(), Code> = Ok(());

const fn no(code: Code) -> Result<(), Code> {
    Err(code)
}

/// Offers that are broken in one way each; a field of the price that is missing is a vector already.
pub(super) fn of_offers(good: &[u8]) -> Vec<Broken> {
    let field = |name, about, key, value: Item| {
        change(good, name, about, Malformed, |item| *item.field(key) = value.clone())
    };
    let foreign = change(good, "foreign-field", "A field of another kind.", UnknownField, |item| {
        item.add(28, Item::Array(vec![]));
    });
    vec![
        field("free", "A price of zero.", 11, Item::Unsigned(0)),
        field("short-payee", "A payee of 31 bytes.", 12, Item::Bytes(vec![1; 31])),
        field("text-until", "A time that is no number.", 27, Item::text("tomorrow")),
        foreign,
    ]
}

/// Trades that are broken in one way each.
pub(super) fn of_trades(good: &[u8]) -> Vec<Broken> {
    let minimum = |name, about, code: Code, with: &dyn Fn(&mut Vec<Item>)| {
        change(good, name, about, code, |item| with(item.field(28).items()))
    };
    let least =
        |unit: ObjectId, amount| Item::Array(vec![Item::Bytes(unit.0.to_vec()), Item::Unsigned(amount)]);
    vec![
        minimum("minimum-empty", "An empty list, which is left out instead.", NotCanonical, &|all| {
            all.clear()
        }),
        minimum("minimum-order", "Units that fall.", NotCanonical, &|all| all.swap(0, 1)),
        minimum("minimum-twice", "A unit twice.", NotCanonical, &|all| all[1] = least(CNY, 2_000_000)),
        minimum("minimum-zero", "At least nothing.", Malformed, &|all| all[1] = least(USD, 0)),
        minimum("minimum-nine", "Nine units.", TooMany, &|all| *all = vec![least(CNY, 1); BUDGETS_MAX + 1]),
        minimum("minimum-short", "A unit without an amount.", Malformed, &|all| drop(all[0].items().pop())),
        change(good, "payment-8", "A member past the last of the largest bundle.", Malformed, |item| {
            *item.field(29) = Item::Unsigned(BUNDLE_MEMBERS_MAX as u64);
        }),
        change(good, "payment-id", "A payment named by its id.", Malformed, |item| {
            *item.field(29) = Item::Bytes(OTHER.0.to_vec());
        }),
        change(good, "holder", "A holder, who is the signer.", UnknownField, |item| {
            item.add(7, Item::Bytes(key("night agent").bytes().0.to_vec()));
        }),
    ]
}

/// A root of 1 000 CNY with which its holder buys tokens at the hotel's.
fn purse(s: &mut Script, about: &str, holder: &str) -> ObjectId {
    let permission = Permission {
        services: Some(vec![s.hotel]),
        actions: Some(vec!["buy".into()]),
        resources: Some(vec![path("tokens")]),
        conditions: Vec::new(),
    };
    let spec = TokenSpec { permissions: Some(vec![permission]), ..s.root_spec(holder, 1_000) };
    s.issue(about, &spec, YES)
}

fn price(s: &Script, amount: u64) -> Price {
    let until = Seconds(s.now.seconds().0 + DAY);
    Price { amount: Amount(amount), payee: s.hotel, unit: s.cny, until }
}

fn offer(
    s: &mut Script,
    about: &str,
    token: ObjectId,
    price: Option<Price>,
    expected: Result<(), Code>,
) -> ObjectId {
    let epoch = s.epoch(token);
    s.act(about, Act::Offer(Offer { token, epoch, price }), &["olga"], expected)
}

/// What a purchase is made of.
struct Sale<'a> {
    buyer: &'a LocalSigner,
    purse: ObjectId,
    purchase: Purchase,
}

impl Sale<'_> {
    fn ask(&self, s: &Script, amount: u64) -> Ask {
        let resource = goods(&self.purchase.token).expect("a path");
        Ask { action: "buy".into(), resource, ..s.ask(self.purse, amount) }
    }

    fn drafts(&self, s: &mut Script, ask: &Ask, purchase: &Purchase) -> Vec<Draft<'_>> {
        let invocation = s.client.invocation(s.now, ask).expect("draft");
        let pays = s.client.reserve(invocation, Vec::new(), self.buyer);
        vec![pays, s.client.trade(s.now, purchase, self.buyer).expect("draft")]
    }

    fn with(&self, s: &mut Script, about: &str, ask: &Ask, purchase: &Purchase, expected: Result<(), Code>) {
        let drafts = self.drafts(s, ask, purchase);
        s.submit(about, &drafts, expected);
    }
}

/// Under rules version 2 there is no trade.
pub(super) fn of_later_rules(s: &mut Script) {
    let offer = Offer { token: OTHER, epoch: Epoch(0), price: None };
    s.act("An offer, of later rules.", Act::Offer(offer), &["olga"], no(NotEnabled));
    let (epoch, offer) = (Epoch(0), Reference::Id(OTHER));
    let purchase = Purchase { token: OTHER, epoch, offer, minimum: Vec::new(), payment: 0 };
    let nina = signer("nina");
    let draft = s.client.trade(s.now, &purchase, &nina).expect("draft");
    s.submit("A trade, of later rules.", &[draft], no(NotEnabled));
}

/// The scenes of `rules.json`: Olga sells, Nina buys.
pub(super) fn scenes(s: &mut Script) {
    let token = s.root("olga", 500);
    let purse = purse(s, "1 000 to buy tokens with.", "nina");
    offers(s, token);
    let asked = price(s, 200);
    let dear = Price { amount: Amount(300), ..asked };
    let first = offer(s, "The token for 300.", token, Some(dear), YES);
    let second = offer(s, "The token for 200.", token, Some(asked), YES);
    s.keys(&["nina"]);
    let nina = signer("nina");
    let minimum = vec![(s.cny, Amount(400))];
    let purchase = Purchase { token, epoch: Epoch(0), offer: Reference::Id(second), minimum, payment: 0 };
    let sale = Sale { buyer: &nina, purse, purchase };
    refusals(s, &sale, first);
    s.reserve("Olga spends 101 before.", token, "olga", 101, YES);
    let right = sale.ask(s, 200);
    sale.with(s, "And 101 are open.", &right, &sale.purchase, no(ValueOpen));
    s.wait(DAY);
    let again = price(s, 200);
    let third = offer(s, "The token for 200, as the last offer's time is over.", token, Some(again), YES);
    let late = sale.ask(s, 200);
    sale.with(
        s,
        "The offer whose time is over, and that was replaced.",
        &late,
        &sale.purchase,
        no(OfferClosed),
    );
    let held = s.reserve("Olga spends 101.", token, "olga", 101, YES);
    s.capture("It is captured.", held, (1, 101), YES);
    let least = Purchase { offer: Reference::Id(third), ..sale.purchase.clone() };
    sale.with(s, "Nina wants 400, and 399 are left.", &late, &least, no(BelowMinimum));
    let fits = Purchase { minimum: vec![(s.cny, Amount(399))], ..least };
    let drafts = sale.drafts(s, &late, &fits);
    let ready = s.client.ready(&drafts).expect("drafts");
    s.send("She takes 399: token and price change hands.", &ready, YES);
    s.batch(&[("The same bytes again.", &ready.bytes, None)]);
    let bought = Purchase { epoch: Epoch(1), ..fits };
    sale.with(s, "An offer is taken once.", &late, &bought, no(OfferClosed));
    s.refund("The payee gives back 50 of the price.", ready.ids[1], 50, YES);
    s.reserve("Nina spends what she bought.", token, "nina", 399, YES);
}

fn offers(s: &mut Script, token: ObjectId) {
    let asked = price(s, 200);
    let now = s.now.seconds().0;
    let act = |price| Act::Offer(Offer { token, epoch: Epoch(0), price });
    s.act("An offer by somebody else.", act(Some(asked)), &["mallory"], no(WrongSigner));
    let late = Price { until: Seconds(now), ..asked };
    offer(s, "An offer whose time is over.", token, Some(late), no(BadTime));
    let long = Price { until: Seconds(now + OFFER_MAX.0 + 2), ..asked };
    offer(s, "An offer for longer than a week.", token, Some(long), no(BadTime));
    let unknown = Price { payee: OTHER, ..asked };
    offer(s, "A payee that nobody knows.", token, Some(unknown), no(UnknownParty));
    offer(s, "Nothing is offered, and nothing withdrawn.", token, None, no(UnknownOffer));
    let own = s.root("company", 10);
    let mine = Act::Offer(Offer { token: own, epoch: Epoch(0), price: Some(asked) });
    s.act("The issuer sells what it could revoke.", mine, &["company"], no(SellerUpstream));
    let below = s.delegate("Olga gives herself a part.", (token, "olga"), &s.spec("olga"), YES);
    offer(s, "And would sell it, being above.", below, Some(asked), no(SellerUpstream));
    let fixed =
        s.issue("A token that stays.", &TokenSpec { transferable: None, ..s.root_spec("olga", 1) }, YES);
    offer(s, "It is not for sale.", fixed, Some(asked), no(NotTransferable));
    offer(s, "The token for 200.", token, Some(asked), YES);
    offer(s, "It is withdrawn.", token, None, YES);
}

fn refusals(s: &mut Script, sale: &Sale<'_>, replaced: ObjectId) {
    let right = sale.ask(s, 200);
    let first = Purchase { offer: Reference::Id(replaced), ..sale.purchase.clone() };
    let dear = sale.ask(s, 300);
    sale.with(s, "The offer that was replaced.", &dear, &first, no(OfferClosed));
    let cheap = sale.ask(s, 199);
    sale.with(s, "Less than the price.", &cheap, &sale.purchase, no(WrongPayment));
    let other = Ask { resource: path("tokens/other"), ..right.clone() };
    sale.with(s, "A payment for something else.", &other, &sale.purchase, no(WrongPayment));
    let unknown = Purchase { offer: Reference::Id(OTHER), ..sale.purchase.clone() };
    sale.with(s, "An offer that nobody made.", &right, &unknown, no(UnknownOffer));
    let itself = Purchase { payment: 1, ..sale.purchase.clone() };
    sale.with(s, "A trade that pays for itself.", &right, &itself, no(BadReference));
    let alone = sale.drafts(s, &right, &sale.purchase).remove(1);
    s.submit("A trade without a payment.", &[alone], no(BadReference));
}
