//! The story: a travel assistant, its agents, an airline, and a hotel that is offline all the while.

mod control;
mod flights;
mod hotel;
mod sale;

use super::report::{Report, decimal};
use super::stage::{Shown, Stage, Tale};
use crate::client::{Ask, Ready, TokenSpec, budget, carved, public_key};
use remit_verifier::cbor::Writer;
use remit_verifier::code::Code;
use remit_verifier::label;
use remit_verifier::object::{
    Act, ApprovalRule, Budget, Condition, Delegation, DelegationMode, LeaseLimits, Operator, Path,
    Permission, RESERVED, Value,
};
use remit_verifier::types::{Amount, ObjectId, Seconds};

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
    let booked = flights::book(&mut stage, &trip, &mut airline)?;
    hotel::offline(&mut stage, &trip)?;
    flights::rebook(&mut stage, &trip, &mut airline, &booked)?;
    control::rogue(&mut stage, &trip)?;
    control::freeze(&mut stage, &trip)?;
    control::hand_over(&mut stage, &trip)?;
    sale::sold(&mut stage, &trip)?;
    later_kinds(&mut stage)?;
    stage.chapter = "11  Anybody can check all of it";
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
    let manager = ApprovalRule {
        k: 1,
        approvers: vec![(&public_key(s.key("travel manager"))?).into()],
        thresholds: Some(vec![(s.cny, Amount(500_000))]),
    };
    let leases = Some(LeaseLimits { most: Amount(300_000), longest: Seconds(12 * 3600) });
    let root = TokenSpec {
        approval: Some(manager),
        permissions: Some(vec![flights.clone(), rooms.clone()]),
        delegation: delegable(3),
        transferable: Some(true),
        budgets: Some(vec![Budget { leases, ..budget(s.cny, Amount(2_000_000)) }]),
        name: Some("travel, November".into()),
        ..s.spec("assistant", 30 * DAY)?
    };
    let company = s.key("the company").clone();
    let draft = s.client.root(s.now, trip.company, &root, &company)?;
    trip.assistant = s
        .submit(
            "the company issues 20 000.00 to the assistant; above 5 000.00 the travel manager must say yes",
            &[draft],
            Ok(()),
        )?
        .id;

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
        budgets: Some(vec![Budget { leases, ..carved(s.cny, Amount(600_000)) }]),
        ..s.spec("hotel agent", 14 * DAY)?
    };
    let tried =
        "the assistant carves 6 000.00 for a hotel agent, which may lease up to 3 000.00 of it to a till";
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

fn show(s: &mut Stage, ask: &Ask, by: &str, presentation: &[u8]) -> Tale<(Shown, Ready)> {
    let key = s.key(by).clone();
    let invocation = s.invocation(ask)?;
    let (_, signed) = s.client.invoke(&invocation, &key)?;
    let ready = s.client.ready(&[s.client.reserve(invocation, Vec::new(), &key)])?;
    let shown = Shown {
        presentation: presentation.to_vec(),
        invocation: signed,
        arguments: ask.arguments.clone(),
        approvals: Vec::new(),
    };
    Ok((shown, ready))
}

/// What the flight agent has left, for people.
fn flights_left(s: &Stage, trip: &Trip) -> Tale<String> {
    let balance = s.balance("flight agent", trip.flights)?;
    Ok(decimal(balance.left_minor.parse::<u64>()?, balance.decimals))
}

/// What a later version may have has a number already, and an answer.
fn later_kinds(s: &mut Stage) -> Tale<()> {
    s.chapter = "10  What this version of the rules does not have says so";
    for (number, name) in RESERVED.iter().take(8) {
        let mut writer = Writer::labelled(label::SUBMISSION, 3);
        writer.bytes(&s.ledger.id().0).array(1).array(4).u64(*number).array(0).null().array(0);
        let (id, bytes) = (ObjectId::default(), writer.into_bytes());
        let ready = Ready { id, ids: Vec::new(), bytes };
        s.resubmit(&format!("an operation of kind {number}, {name}"), &ready, "not_enabled")?;
    }
    Ok(())
}
