//! Chapter 9: a token is sold for money, all or nothing.

use super::{DAY, Trip, permission, show};
use crate::client::{Purchase, TokenSpec, budget};
use crate::demo::stage::{Stage, Tale};
use remit_verifier::code::Code;
use remit_verifier::object::{Act, Offer, Price, Reference, goods};
use remit_verifier::types::{Amount, ObjectId, Seconds};

/// The night agent sells the room budget to another agent, who pays out of a budget of its own.
pub(super) fn sold(s: &mut Stage, trip: &Trip) -> Tale<()> {
    s.chapter =
        "9  The night agent sells the room budget: money and token change hands at once, or neither does";
    let desk = s.register("the travel desk")?;
    let purse = purse(s, trip, desk)?;
    let epoch = s.epoch(trip.rooms);
    let until = Seconds(s.now.seconds().0 + DAY);
    let price = Some(Price { amount: Amount(150_000), payee: desk, unit: s.cny, until });
    let offer = Act::Offer(Offer { token: trip.rooms, epoch, price });
    let tried = "the night agent offers it for 1 500.00, to be paid to the travel desk";
    let offer = s.act(tried, offer, &["night agent"], Ok(()))?.id;
    let tried = "another agent pays 1 500.00, and wants 2 600.01 to be left in it";
    buy(s, trip, (purse, offer, desk), (150_000, 260_001), tried, Err(Code::BelowMinimum))?;
    let tried = "it pays 1 400.00";
    buy(s, trip, (purse, offer, desk), (140_000, 260_000), tried, Err(Code::WrongPayment))?;
    let tried = "it pays 1 500.00, and wants the 2 600.00 that are left";
    buy(s, trip, (purse, offer, desk), (150_000, 260_000), tried, Ok(()))?;
    let mut ask = s.ask(trip.rooms, trip.hotel, "book", "rooms/14")?;
    ask.payment = Some(s.payment(100_000));
    let (_, ready) = show(s, &ask, "night agent", &[])?;
    s.resubmit("the night agent goes on spending what it sold", &ready, "wrong_holder")?;
    let (_, ready) = show(s, &ask, "another agent", &[])?;
    s.resubmit("the other agent has 1 000.00 held for room 14", &ready, "applied")?;
    let take = Act::Capture { reserve: Reference::Id(ready.id), number: 1, amount: Amount(100_000) };
    s.act("the hotel captures them", take, &["the hotel"], Ok(()))?;
    Ok(())
}

/// What the other agent pays out of: 2 000.00 of the company, for purchases at the travel desk.
fn purse(s: &mut Stage, trip: &Trip, desk: ObjectId) -> Tale<ObjectId> {
    let spec = TokenSpec {
        permissions: Some(vec![permission(desk, &["buy"], &[""])?]),
        budgets: Some(vec![budget(s.cny, Amount(200_000))]),
        ..s.spec("another agent", 7 * DAY)?
    };
    let company = s.key("the company").clone();
    let draft = s.client.root(s.now, trip.company, &spec, &company)?;
    Ok(s.submit("the company gives another agent 2 000.00 to buy with", &[draft], Ok(()))?.id)
}

/// In one entry or not at all: the price is held and taken, and the token is the buyer's.
fn buy(
    s: &mut Stage,
    trip: &Trip,
    (purse, offer, desk): (ObjectId, ObjectId, ObjectId),
    (price, least): (u64, u64),
    tried: &str,
    expected: Result<(), Code>,
) -> Tale<()> {
    let buyer = s.key("another agent").clone();
    let mut ask = s.ask(purse, desk, "buy", "")?;
    ask.resource = goods(&trip.rooms).ok_or("not a path")?;
    ask.payment = Some(s.payment(price));
    let purchase = Purchase {
        token: trip.rooms,
        epoch: s.epoch(trip.rooms),
        offer: Reference::Id(offer),
        minimum: vec![(s.cny, Amount(least))],
        payment: 0,
    };
    let invocation = s.invocation(&ask)?;
    let drafts =
        [s.client.reserve(invocation, Vec::new(), &buyer), s.client.trade(s.now, &purchase, &buyer)?];
    s.submit(tried, &drafts, expected)?;
    Ok(())
}
