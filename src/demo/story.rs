//! The story: a travel assistant, its agents, an airline, and a hotel that is offline all the while.

use super::report::{Report, decimal};
use super::stage::{Service, Shown, Stage, Tale, with_link};
use crate::client::{Ask, Ready, TokenSpec, budget, carved};
use remit_verifier::cbor::Writer;
use remit_verifier::code::Code;
use remit_verifier::label;
use remit_verifier::object::{
    Act, Budget, Condition, Delegation, DelegationMode, Operator, Path, Permission, Position, RESERVED,
    Reference, Target, Value,
};
use remit_verifier::types::{Amount, Epoch, Generation, ObjectId, StateIndex};

/// The ids of the story.
struct Trip {
    company: ObjectId,
    airline: ObjectId,
    hotel: ObjectId,
    assistant: ObjectId,
    flights: ObjectId,
    rooms: ObjectId,
}

/// Tells the whole story.
pub(super) fn tell(mut stage: Stage) -> Tale<Report> {
    let trip = found(&mut stage)?;
    let trip = grant(&mut stage, trip)?;
    let mut airline = stage.service("the airline", trip.airline, trip.company)?;
    let booked = book(&mut stage, &trip, &mut airline)?;
    offline_hotel(&mut stage, &trip)?;
    rebook(&mut stage, &trip, &booked)?;
    rogue(&mut stage, &trip)?;
    freeze(&mut stage, &trip)?;
    hand_over(&mut stage, &trip)?;
    later_kinds(&mut stage)?;
    stage.chapter = "10  Anybody can check all of it";
    let balances = vec![
        stage.balance("assistant", trip.assistant)?,
        stage.balance("flight agent", trip.flights)?,
        stage.balance("hotel agent", trip.rooms)?,
    ];
    stage.close(balances)
}

fn found(s: &mut Stage) -> Tale<Trip> {
    s.chapter = "1  A ledger begins";
    s.cny =
        s.operate("2 of 3 operators register the unit CNY", Act::Unit { name: "CNY".into(), decimals: 2 })?;
    let company = s.register("the company")?;
    let airline = s.register("the airline")?;
    let hotel = s.register("the hotel")?;
    s.operate("2 of 3 operators appoint the company as an issuer", Act::Issuer { party: company })?;
    let alone = Act::Issuer { party: hotel };
    s.act("one operator alone appoints the hotel", alone, &["operator 1"], Err(Code::NotTheOperators))?;
    let none = ObjectId::default();
    Ok(Trip { company, airline, hotel, assistant: none, flights: none, rooms: none })
}

fn permission(service: ObjectId, actions: &[&str], resources: &[&str]) -> Tale<Permission> {
    let paths = resources.iter().map(|path| Path::parse(path).map_err(|_| "not a path"));
    Ok(Permission {
        services: Some(vec![service]),
        actions: Some(actions.iter().map(|action| action.to_string()).collect()),
        resources: Some(paths.collect::<Result<_, _>>()?),
        conditions: Vec::new(),
    })
}

const DAY: u64 = 24 * 3600;

fn delegable(depth: u64) -> Option<Delegation> {
    Some(Delegation { mode: DelegationMode::Offline, depth })
}

fn grant(s: &mut Stage, mut trip: Trip) -> Tale<Trip> {
    s.chapter =
        "2  The company gives its travel assistant 20 000.00 CNY, and the assistant passes parts of it on";
    let flights = permission(trip.airline, &["book", "rebook", "seat"], &["flights"])?;
    let rooms = permission(trip.hotel, &["view", "book"], &["rooms"])?;
    let root = TokenSpec {
        permissions: Some(vec![flights.clone(), rooms.clone()]),
        delegation: delegable(3),
        transferable: Some(true),
        budgets: Some(vec![budget(s.cny, Amount(2_000_000))]),
        name: Some("travel, November".into()),
        ..s.spec("assistant", 30 * DAY)?
    };
    let company = s.key("the company").clone();
    let draft = s.client.root(s.now, trip.company, &root, &company)?;
    trip.assistant = s.submit("the company issues 20 000.00 to the assistant", &[draft], Ok(()))?.id;

    let economy = Condition {
        argument: "cabin".into(),
        operator: Operator::Eq,
        operands: vec![Value::Text("economy".into())],
    };
    let flights = Permission { conditions: vec![economy], ..flights };
    let spec = TokenSpec {
        permissions: Some(vec![flights]),
        budgets: Some(vec![Budget { per_use: Some(Amount(800_000)), ..carved(s.cny, Amount(1_200_000)) }]),
        ..s.spec("flight agent", 14 * DAY)?
    };
    let tried = "the assistant carves 12 000.00 for a flight agent: economy only, 8 000.00 at most each";
    trip.flights = delegate(s, trip.assistant, "assistant", &spec, tried, Ok(()))?;
    let spec = TokenSpec {
        permissions: Some(vec![rooms]),
        budgets: Some(vec![carved(s.cny, Amount(600_000))]),
        ..s.spec("hotel agent", 14 * DAY)?
    };
    let tried = "the assistant carves 6 000.00 for a hotel agent";
    trip.rooms = delegate(s, trip.assistant, "assistant", &spec, tried, Ok(()))?;
    let spec =
        TokenSpec { budgets: Some(vec![carved(s.cny, Amount(200_001))]), ..s.spec("seat agent", DAY)? };
    let tried = "the assistant carves 2 000.01 more, and has 2 000.00 left";
    delegate(s, trip.assistant, "assistant", &spec, tried, Err(Code::AboveTotal))?;
    let spec = TokenSpec {
        permissions: Some(vec![permission(trip.airline, &["book"], &["flights"])?]),
        ..s.spec("concierge", DAY)?
    };
    let tried = "the hotel agent lets somebody book flights, which it may not do itself";
    delegate(s, trip.rooms, "hotel agent", &spec, tried, Err(Code::WiderThanParent))?;
    Ok(trip)
}

fn delegate(
    s: &mut Stage,
    parent: ObjectId,
    by: &str,
    spec: &TokenSpec,
    tried: &str,
    expected: Result<(), Code>,
) -> Tale<ObjectId> {
    let key = s.key(by).clone();
    let draft = s.client.child(s.now, parent, s.epoch(parent), spec, &key)?;
    Ok(s.submit(tried, &[draft], expected)?.id)
}

/// A flight that was booked: the reservation, its capture.
struct Booked {
    capture: ObjectId,
}

/// Asks for a seat in a cabin, for an amount.
fn flight(s: &mut Stage, trip: &Trip, action: &str, cabin: &str, amount: u64) -> Tale<Ask> {
    let cabin = s.client.argument("cabin", Value::Text(cabin.into()))?;
    let mut ask = s.ask(trip.flights, trip.airline, action, "flights/MU5101")?;
    ask.arguments.push(cabin);
    ask.payment = Some(s.payment(amount));
    Ok(ask)
}

fn show(s: &mut Stage, ask: &Ask, by: &str, presentation: &[u8]) -> Tale<(Shown, Ready)> {
    let key = s.key(by).clone();
    let invocation = s.invocation(ask)?;
    let (_, signed) = s.client.invoke(&invocation, &key)?;
    let ready = s.client.ready(&[s.client.reserve(invocation, Vec::new(), &key)])?;
    let shown =
        Shown { presentation: presentation.to_vec(), invocation: signed, arguments: ask.arguments.clone() };
    Ok((shown, ready))
}

fn book(s: &mut Stage, trip: &Trip, airline: &mut Service) -> Tale<Booked> {
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
    let ask = flight(s, trip, "book", "economy", 720_001)?;
    let (_, ready) = show(s, &ask, "flight agent", &presentation)?;
    s.resubmit("it asks for 7 200.01 and has 7 200.00 left", &ready, "above_total")?;
    Ok(Booked { capture })
}

fn offline_hotel(s: &mut Stage, trip: &Trip) -> Tale<()> {
    s.chapter =
        "4  The ledger is stopped: the hotel has a policy, a file from this morning, and no line to anybody";
    let mut hotel = s.service("the hotel", trip.hotel, trip.company)?;
    let file = s.presentation(trip.rooms)?;
    let at = s.ledger.epoch(&trip.rooms)?;
    s.ledger.stop()?;
    s.wait(120);
    let ask = s.ask(trip.rooms, trip.hotel, "view", "rooms/12")?;
    let (shown, _) = show(s, &ask, "hotel agent", &file)?;
    s.decide(&mut hotel, "the hotel agent looks at room 12", &shown, None, "allowed");
    let ask = s.ask(trip.rooms, trip.hotel, "view", "ledgers/12")?;
    let (shown, _) = show(s, &ask, "hotel agent", &file)?;
    s.decide(&mut hotel, "it looks at the hotel's books", &shown, None, "resource_not_allowed");
    let (shown, _) = show(s, &s.ask(trip.rooms, trip.hotel, "view", "rooms/12")?, "concierge", &file)?;
    s.decide(&mut hotel, "somebody else shows the hotel agent's file", &shown, None, "wrong_holder");
    let mut ask = s.ask(trip.rooms, trip.hotel, "book", "rooms/12")?;
    ask.payment = Some(s.payment(100_000));
    let (shown, _) = show(s, &ask, "hotel agent", &file)?;
    s.decide(&mut hotel, "it books room 12 for 1 000.00 that nobody holds", &shown, None, "permitted");
    let (link, minibar) = concierge(s, trip, &mut hotel, at, &file)?;
    let ask = s.ask(trip.rooms, trip.hotel, "view", "rooms/12")?;
    s.wait(600);
    let (shown, _) = show(s, &Ask { action: "view".into(), ..ask }, "hotel agent", &file)?;
    s.decide(&mut hotel, "the same file twelve minutes later; the policy says ten", &shown, None, "stale");
    s.ledger.resume(s.now)?;
    cut_off(s, trip, &mut hotel, &link, &minibar)
}

/// The hotel agent narrows its token for a concierge without asking the ledger: the link, and what it asks for.
fn concierge(
    s: &mut Stage,
    trip: &Trip,
    hotel: &mut Service,
    at: (Epoch, Generation),
    file: &[u8],
) -> Tale<(Vec<u8>, Ask)> {
    let spec = TokenSpec {
        permissions: Some(vec![permission(trip.hotel, &["view"], &["rooms/12"])?]),
        ..s.spec("concierge", 1800)?
    };
    let key = s.key("hotel agent").clone();
    let (id, link) = s.client.link(s.now, trip.rooms, at, &spec, &key)?;
    let file = with_link(file, &link)?;
    let ask = s.ask(id, trip.hotel, "view", "rooms/12/minibar")?;
    let (shown, _) = show(s, &ask, "concierge", &file)?;
    s.decide(
        hotel,
        "a concierge, let in by the hotel agent alone, looks into room 12",
        &shown,
        None,
        "allowed",
    );
    let (shown, _) = show(s, &s.ask(id, trip.hotel, "view", "rooms/123")?, "concierge", &file)?;
    s.decide(hotel, "it looks into room 123", &shown, None, "resource_not_allowed");
    Ok((link, ask))
}

/// The ledger is back, and every link of the hotel agent ends at once.
fn cut_off(s: &mut Stage, trip: &Trip, hotel: &mut Service, link: &[u8], ask: &Ask) -> Tale<()> {
    let target = Target { token: trip.rooms, epoch: s.epoch(trip.rooms), position: Position(3) };
    s.act("the hotel agent cuts every such link at once", Act::Cut(target), &["hotel agent"], Ok(()))?;
    let file = with_link(&s.presentation(trip.rooms)?, link)?;
    let (shown, _) = show(s, ask, "concierge", &file)?;
    s.decide(hotel, "the concierge comes again with a new file", &shown, None, "old_generation");
    Ok(())
}

fn rebook(s: &mut Stage, trip: &Trip, booked: &Booked) -> Tale<()> {
    s.chapter =
        "5  The flight is delayed: the first booking is refunded and a later one made, all or nothing";
    for (tried, amount, expected) in [
        ("refund 4 800.00 and book for 7 900.00 twice", [790_000, 790_000], Err(Code::AboveTotal)),
        ("refund 4 800.00 and book for 5 200.00, seat for 60.00", [520_000, 6_000], Ok(())),
    ] {
        let agent = s.key("flight agent").clone();
        let payee = s.key("the airline").clone();
        let (flight_ask, seat_ask) = (
            flight(s, trip, "rebook", "economy", amount[0])?,
            flight(s, trip, "seat", "economy", amount[1])?,
        );
        let refund = Act::Refund { capture: Reference::Id(booked.capture), amount: Amount(480_000) };
        let take = |member, amount| Act::Capture {
            reserve: Reference::Member(member),
            number: 1,
            amount: Amount(amount),
        };
        let (ticket, seat) = (s.invocation(&flight_ask)?, s.invocation(&seat_ask)?);
        let drafts = [
            s.client.act(s.now, refund, &[&payee])?,
            s.client.reserve(ticket, Vec::new(), &agent),
            s.client.reserve(seat, Vec::new(), &agent),
            s.client.act(s.now, take(1, amount[0]), &[&payee])?,
            s.client.act(s.now, take(2, amount[1]), &[&payee])?,
        ];
        s.submit(tried, &drafts, expected)?;
    }
    let again = Act::Refund { capture: Reference::Id(booked.capture), amount: Amount(1) };
    s.act(
        "the airline refunds the first booking once more",
        again,
        &["the airline"],
        Err(Code::AboveCaptured),
    )?;
    Ok(())
}

fn rogue(s: &mut Stage, trip: &Trip) -> Tale<()> {
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

/// What the flight agent has left, for people.
fn flights_left(s: &Stage, trip: &Trip) -> Tale<String> {
    let balance = s.balance("flight agent", trip.flights)?;
    Ok(decimal(balance.left_minor.parse::<u64>()?, balance.decimals))
}

fn freeze(s: &mut Stage, trip: &Trip) -> Tale<()> {
    s.chapter = "7  The operators freeze the whole ledger, and what was promised goes on";
    let ask = flight(s, trip, "seat", "economy", 5_000)?;
    let (_, held) = show(s, &ask, "flight agent", &[])?;
    s.resubmit("the flight agent has 50.00 held", &held, "applied")?;
    let (leaf, id) = (StateIndex(0), ObjectId(s.ledger.id().0));
    let freeze = s.operate("2 of 3 operators freeze the ledger", Act::Freeze { leaf, id })?;
    let ask = flight(s, trip, "seat", "economy", 5_000)?;
    let (_, more) = show(s, &ask, "flight agent", &[])?;
    s.resubmit("the flight agent asks for more", &more, "ledger_frozen")?;
    let take = Act::Capture { reserve: Reference::Id(held.id), number: 1, amount: Amount(5_000) };
    s.act("the airline captures what it holds", take, &["the airline"], Ok(()))?;
    s.operate("the operators lift the freeze", Act::Unfreeze { leaf, id, freeze: Reference::Id(freeze) })?;
    Ok(())
}

fn hand_over(s: &mut Stage, trip: &Trip) -> Tale<()> {
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

/// Approvals, leases, vouchers and trade have numbers already, and an answer.
fn later_kinds(s: &mut Stage) -> Tale<()> {
    s.chapter = "9  What this version of the rules does not have says so";
    for (number, name) in RESERVED.iter().take(8) {
        let mut writer = Writer::labelled(label::SUBMISSION, 3);
        writer.bytes(&s.ledger.id().0).array(1).array(4).u64(*number).array(0).null().array(0);
        let (id, bytes) = (ObjectId::default(), writer.into_bytes());
        let ready = Ready { id, ids: Vec::new(), bytes };
        s.resubmit(&format!("an operation of kind {number}, {name}"), &ready, "not_enabled")?;
    }
    Ok(())
}
