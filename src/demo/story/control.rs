//! Chapters 6 to 8: a rogue is cut off, the operators pull the brake, a token changes hands.

use super::{DAY, Trip, delegate, flights, flights_left, show};
use crate::client::{TokenSpec, carved};
use crate::demo::stage::{Stage, Tale};
use remit_verifier::code::Code;
use remit_verifier::object::{Act, Position, Reference, Target};
use remit_verifier::types::{Amount, ObjectId, StateIndex};

pub(super) fn rogue(s: &mut Stage, trip: &Trip) -> Tale<()> {
    s.chapter =
        "6  A sub-agent goes rogue and is cut off; its money comes back, but for what the airline holds";
    let spec =
        TokenSpec { budgets: Some(vec![carved(s.cny, Amount(150_000))]), ..s.spec("seat agent", 7 * DAY)? };
    let tried = "the flight agent carves 1 500.00 for a seat agent";
    let seats = delegate(s, trip.flights, "flight agent", &spec, tried, Ok(()))?;
    let mut ask = s.ask(seats, trip.airline, "seat", "flights/MU5101")?;
    ask.payment = Some(s.payment(90_000));
    let (_, held) = show(s, &ask, "seat agent", &[])?;
    s.resubmit("the seat agent has 900.00 held for a seat in gold", &held, "applied")?;
    let at = |position| Target { token: seats, epoch: Default::default(), position: Position(position) };
    let suspend = s.act("the assistant suspends it", Act::Suspend(at(2)), &["assistant"], Ok(()))?.id;
    let (_, more) = show(s, &ask, "seat agent", &[])?;
    s.resubmit("it wants another one", &more, "suspended")?;
    let resume = |position| Act::Resume { target: at(position), suspend: Reference::Id(suspend) };
    s.act("it lifts its own suspension", resume(4), &["seat agent"], Err(Code::WrongPosition))?;
    s.act(
        "the flight agent lifts it, being below the assistant",
        resume(3),
        &["flight agent"],
        Err(Code::WrongPosition),
    )?;
    s.act("the assistant revokes it, for ever", Act::Revoke(at(2)), &["assistant"], Ok(()))?;
    s.act("and ends it: 600.00 come back", Act::End(at(2)), &["assistant"], Ok(()))?;
    let left = flights_left(s, trip)?;
    s.check("the ledger", "what the flight agent has left", "5 840.00", &left);
    let release = Act::Release { reserve: Reference::Id(held.id), amount: None };
    s.act("the airline releases the 900.00; they pass on upward", release, &["the airline"], Ok(()))?;
    let left = flights_left(s, trip)?;
    s.check("the ledger", "what the flight agent has left now", "6 740.00", &left);
    Ok(())
}

pub(super) fn freeze(s: &mut Stage, trip: &Trip) -> Tale<()> {
    s.chapter = "7  The operators freeze the whole ledger, and what was promised goes on";
    let ask = flights::flight(s, trip, "seat", "economy", 5_000)?;
    let (_, held) = show(s, &ask, "flight agent", &[])?;
    s.resubmit("the flight agent has 50.00 held", &held, "applied")?;
    let (leaf, id) = (StateIndex(0), ObjectId(s.ledger.id().0));
    let freeze = s.operate("2 of 3 operators freeze the ledger", Act::Freeze { leaf, id })?;
    let ask = flights::flight(s, trip, "seat", "economy", 5_000)?;
    let (_, more) = show(s, &ask, "flight agent", &[])?;
    s.resubmit("the flight agent asks for more", &more, "ledger_frozen")?;
    let take = Act::Capture { reserve: Reference::Id(held.id), number: 1, amount: Amount(5_000) };
    s.act("the airline captures what it holds", take, &["the airline"], Ok(()))?;
    s.operate("the operators lift the freeze", Act::Unfreeze { leaf, id, freeze: Reference::Id(freeze) })?;
    Ok(())
}

pub(super) fn hand_over(s: &mut Stage, trip: &Trip) -> Tale<()> {
    s.chapter = "8  The hotel agent hands its token over";
    let (old, new) = (s.key("hotel agent").clone(), s.key("night agent").clone());
    let draft = s.client.transfer(s.now, trip.rooms, s.epoch(trip.rooms), (&old, &new))?;
    let handed = s.submit("hotel agent and night agent both sign", &[draft], Ok(()))?;
    s.resubmit("somebody sends the hand-over again", &handed, "replayed")?;
    let mut ask = s.ask(trip.rooms, trip.hotel, "book", "rooms/12")?;
    ask.payment = Some(s.payment(100_000));
    let (_, ready) = show(s, &ask, "hotel agent", &[])?;
    s.resubmit("the hotel agent goes on spending", &ready, "wrong_holder")?;
    let (_, ready) = show(s, &ask, "night agent", &[])?;
    s.resubmit("the night agent has 1 000.00 held for room 12", &ready, "applied")?;
    let take = Act::Capture { reserve: Reference::Id(ready.id), number: 1, amount: Amount(100_000) };
    s.act("the hotel is back and captures them", take, &["the hotel"], Ok(()))?;
    Ok(())
}
