//! Chapters 3 and 5: a flight is booked, delayed, and booked again with a person's yes.

use super::{Trip, show};
use crate::client::{Ask, Ready};
use crate::demo::stage::{Service, Shown, Stage, Tale};
use remit_verifier::code::Code;
use remit_verifier::object::{Act, Invocation, Reference, Value};
use remit_verifier::types::{Amount, Nonce, ObjectId, RequestId, Seconds};

/// A flight that was booked: the reservation, its capture.
pub(super) struct Booked {
    capture: ObjectId,
}

/// Asks for a seat in a cabin, for an amount.
pub(super) fn flight(s: &mut Stage, trip: &Trip, action: &str, cabin: &str, amount: u64) -> Tale<Ask> {
    let cabin = s.client.argument("cabin", Value::Text(cabin.into()))?;
    let mut ask = s.ask(trip.flights, trip.airline, action, "flights/MU5101")?;
    ask.arguments.push(cabin);
    ask.payment = Some(s.payment(amount));
    Ok(ask)
}

pub(super) fn book(s: &mut Stage, trip: &Trip, airline: &mut Service) -> Tale<Booked> {
    s.chapter = "3  A flight is booked: the airline checks offline, then the ledger holds the money";
    let presentation = s.presentation(trip.flights)?;
    let ask = flight(s, trip, "book", "business", 480_000)?;
    let (shown, _) = show(s, &ask, "flight agent", &presentation)?;
    s.decide(airline, "the flight agent asks for business class", &shown, None, "condition_not_met");
    let ask = flight(s, trip, "book", "economy", 480_000)?;
    let (shown, ready) = show(s, &ask, "flight agent", &presentation)?;
    s.decide(airline, "it asks for economy at 4 800.00", &shown, None, "permitted");
    s.resubmit("the airline has the ledger hold 4 800.00", &ready, "applied")?;
    let evidence = s.ledger.evidence(&ready.id)?;
    s.decide(
        airline,
        "the same request, now with the proof that the money is held",
        &shown,
        Some(&evidence),
        "allowed",
    );
    s.resubmit("the airline's line was cut; it sends the same bytes again", &ready, "replayed")?;
    let take =
        |number, amount| Act::Capture { reserve: Reference::Id(ready.id), number, amount: Amount(amount) };
    s.act(
        "the airline captures 4 800.01 of it",
        take(1, 480_001),
        &["the airline"],
        Err(Code::AboveReserved),
    )?;
    let capture = s.act("the airline captures 4 800.00", take(1, 480_000), &["the airline"], Ok(()))?.id;
    let ask = flight(s, trip, "book", "economy", 800_001)?;
    let (_, ready) = show(s, &ask, "flight agent", &presentation)?;
    s.resubmit("the flight agent asks for 8 000.01 at once", &ready, "above_per_use")?;
    let ask = flight(s, trip, "book", "economy", 500_001)?;
    let (_, ready) = show(s, &ask, "flight agent", &presentation)?;
    s.resubmit("it asks for 5 000.01 without asking anybody", &ready, "approval_required")?;
    Ok(Booked { capture })
}

/// The flight is delayed: a dearer one needs a person, and all of it happens in one entry.
pub(super) fn rebook(s: &mut Stage, trip: &Trip, airline: &mut Service, booked: &Booked) -> Tale<()> {
    s.chapter =
        "5  The flight is delayed: a person says yes to a dearer one, and the first booking is refunded";
    let ask = flight(s, trip, "rebook", "economy", 520_000)?;
    let asked = ask_for(s, &ask)?;
    let left = super::flights_left(s, trip)?;
    s.check("the ledger", "what the flight agent has left while 5 200.00 wait", "2 000.00", &left);
    let yes = Act::Approve { request: asked.request };
    s.act("the hotel agent says yes to it", yes.clone(), &["hotel agent"], Err(Code::NotAnApprover))?;
    let (ready, shown) = carried_out(s, trip, &ask, asked.nonce)?;
    s.resubmit("the flight agent does not wait", &ready, "approval_required")?;
    s.act("the travel manager says yes to 5 200.00 for this flight", yes, &["travel manager"], Ok(()))?;
    let signed = approved_offline(s, &asked)?;
    let shown = Shown { approvals: vec![signed], ..shown };
    s.decide(
        airline,
        "the airline reads the manager's signature, and asks nobody",
        &shown,
        None,
        "permitted",
    );
    let asks = [flight(s, trip, "seat", "economy", 350_000)?, flight(s, trip, "seat", "economy", 350_000)?];
    let tried = "refund 4 800.00 and book two seats for 3 500.00 each, while 5 200.00 wait";
    bundle(s, booked, asks, [None, None], tried, Err(Code::AboveTotal))?;
    let seat = flight(s, trip, "seat", "economy", 6_000)?;
    let tried = "refund 4 800.00 and book for the 5 200.00 that were approved, seat for 60.00";
    bundle(s, booked, [ask.clone(), seat], [Some(asked.nonce), None], tried, Ok(()))?;
    let (again, _) = carried_out(s, trip, &ask, asked.nonce)?;
    s.resubmit("the flight agent uses the same yes again", &again, "request_closed")?;
    let again = Act::Refund { capture: Reference::Id(booked.capture), amount: Amount(1) };
    s.act(
        "the airline refunds the first booking once more",
        again,
        &["the airline"],
        Err(Code::AboveCaptured),
    )?;
    Ok(())
}

/// A request that waits for the travel manager.
struct Asked {
    request: RequestId,
    nonce: Nonce,
}

/// The flight agent asks on the ledger, which holds the amount meanwhile.
fn ask_for(s: &mut Stage, ask: &Ask) -> Tale<Asked> {
    let decide_by = Seconds(s.now.seconds().0 + super::DAY);
    let requested = ask.requested(decide_by).ok_or("no payment")?;
    let agent = s.key("flight agent").clone();
    let draft = s.client.act(s.now, Act::Request(requested.clone()), &[&agent])?;
    let nonce = draft.body.stamp().ok_or("no stamp")?.nonce;
    s.submit("the flight agent asks for 5 200.00, which wait for the travel manager", &[draft], Ok(()))?;
    Ok(Asked { request: requested.request_id(&s.ledger.id(), nonce), nonce })
}

/// The travel manager's signature, for whoever has no line to the ledger.
fn approved_offline(s: &mut Stage, asked: &Asked) -> Tale<Vec<u8>> {
    let manager = s.key("travel manager").clone();
    let until = Seconds(s.now.seconds().0 + super::DAY);
    Ok(s.client.approval(asked.request, until, &manager)?.1)
}

/// The invocation that carries a request out: as it is submitted, and as it is shown.
fn carried_out(s: &mut Stage, trip: &Trip, ask: &Ask, nonce: Nonce) -> Tale<(Ready, Shown)> {
    let agent = s.key("flight agent").clone();
    let invocation = Invocation { request_nonce: Some(nonce), ..s.invocation(ask)? };
    let (_, signed) = s.client.invoke(&invocation, &agent)?;
    let ready = s.client.ready(&[s.client.reserve(invocation, Vec::new(), &agent)])?;
    let presentation = s.presentation(trip.flights)?;
    let arguments = ask.arguments.clone();
    Ok((ready, Shown { presentation, invocation: signed, arguments, approvals: Vec::new() }))
}

/// In one entry or not at all: the refund of the first booking, two new ones, and their captures.
fn bundle(
    s: &mut Stage,
    booked: &Booked,
    asks: [Ask; 2],
    nonces: [Option<Nonce>; 2],
    tried: &str,
    expected: Result<(), Code>,
) -> Tale<()> {
    let agent = s.key("flight agent").clone();
    let payee = s.key("the airline").clone();
    let refund = Act::Refund { capture: Reference::Id(booked.capture), amount: Amount(480_000) };
    let mut drafts = vec![s.client.act(s.now, refund, &[&payee])?];
    for (ask, request_nonce) in asks.iter().zip(nonces) {
        let invocation = Invocation { request_nonce, ..s.invocation(ask)? };
        drafts.push(s.client.reserve(invocation, Vec::new(), &agent));
    }
    for (member, ask) in (1..).zip(&asks) {
        let amount = ask.payment.ok_or("no payment")?.amount;
        let take = Act::Capture { reserve: Reference::Member(member), number: 1, amount };
        drafts.push(s.client.act(s.now, take, &[&payee])?);
    }
    s.submit(tried, &drafts, expected)?;
    Ok(())
}
