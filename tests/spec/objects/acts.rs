//! One operation of every kind that is neither a token nor an invocation, and a bundle.

use super::{
    ASSISTANT, COMPANY, HOTEL, HOTEL_AGENT, OPERATOR, START, SUB_AGENT, Sample, id, key, leases, ledger,
    nonce, sign, tokens,
};
use remit_verifier::label;
use remit_verifier::object::{
    Act, Envelope, Invocation, Kind, Offer, Position, Price, Purpose, Reference, Requested, Sealed, Stamp,
    Target, Trade, Voucher, bundle_digest, combined_id,
};
use remit_verifier::types::{Amount, Epoch, Generation, ObjectId, RequestId, Rules, Seconds, StateIndex};

fn stamp(number: u8) -> Stamp {
    Stamp { nonce: nonce(number), valid_until: Seconds(START + 3600), bundle: None }
}

fn party(name: &str, number: u8) -> Act {
    Act::Party { name: name.into(), keys: vec![key(number)] }
}

pub(crate) fn company_id() -> ObjectId {
    id(COMPANY, label::PARTY, &party("Example Travel Ltd", COMPANY).encode(&stamp(101)))
}

pub(crate) fn hotel_id() -> ObjectId {
    id(HOTEL, label::PARTY, &party("Hotel Lotus", HOTEL).encode(&stamp(102)))
}

fn unit() -> Act {
    Act::Unit { name: "CNY".into(), decimals: 2 }
}

/// The id of the unit's registration, signed by two operators.
pub(crate) fn unit_id() -> ObjectId {
    let payload = unit().encode(&stamp(104));
    combined_id(&[OPERATOR, 8].map(|by| id(by, label::UNIT, &payload)))
}

/// Name of the payload's sample, name of the submission's sample, kind, signers, what it does.
type Row = (&'static str, &'static str, Kind, &'static [u8], Act);

fn rows() -> Vec<Row> {
    let root = tokens::root_id();
    let target = |position| Target { token: root, epoch: Epoch(0), position: Position(position) };
    let other = Reference::Id(ObjectId([0xcc; 32]));
    let reserve = Reference::Id(tokens::invocation_id());
    let operators: &[u8] = &[OPERATOR, 8];
    let keys = Act::PartyKeys {
        party: hotel_id(),
        generation: Generation(0),
        keys: vec![key(12)],
        compromised: vec![key(HOTEL)],
    };
    let sealed = Sealed::digest(&tokens::sealed_transfer());
    let transfer = Act::Transfer { token: root, epoch: Epoch(0), holder: key(HOTEL_AGENT), sealed };
    let (leaf, unit_leaf) = (StateIndex(1), unit_id());
    vec![
        ("party", "submission-party", Kind::Party, &[COMPANY], party("Example Travel Ltd", COMPANY)),
        ("party-keys", "submission-party-keys", Kind::PartyKeys, &[HOTEL, 12], keys),
        ("unit", "submission-unit", Kind::Unit, operators, unit()),
        ("issuer", "submission-issuer", Kind::Issuer, operators, Act::Issuer { party: company_id() }),
        ("transfer", "submission-transfer", Kind::Transfer, &[ASSISTANT, HOTEL_AGENT], transfer),
        (
            "rekey",
            "submission-rekey",
            Kind::Rekey,
            &[ASSISTANT, SUB_AGENT],
            Act::Rekey { target: target(2), holder: key(SUB_AGENT) },
        ),
        ("veto", "submission-veto", Kind::Veto, &[ASSISTANT], Act::Veto { token: root, rekey: other }),
        ("suspend", "submission-suspend", Kind::Suspend, &[COMPANY], Act::Suspend(target(1))),
        (
            "resume",
            "submission-resume",
            Kind::Resume,
            &[COMPANY],
            Act::Resume { target: target(1), suspend: other },
        ),
        ("revoke", "submission-revoke", Kind::Revoke, &[COMPANY], Act::Revoke(target(1))),
        ("cut", "submission-cut", Kind::Cut, &[ASSISTANT], Act::Cut(target(2))),
        ("end", "submission-end", Kind::End, &[ASSISTANT], Act::End(target(2))),
        (
            "capture",
            "submission-capture",
            Kind::Capture,
            &[HOTEL],
            Act::Capture { reserve, number: 1, amount: Amount(48_000) },
        ),
        ("release", "submission-release", Kind::Release, &[HOTEL], Act::Release { reserve, amount: None }),
        (
            "refund",
            "submission-refund",
            Kind::Refund,
            &[HOTEL],
            Act::Refund { capture: other, amount: Amount(48_000) },
        ),
        ("freeze", "submission-freeze", Kind::Freeze, operators, Act::Freeze { leaf, id: unit_leaf }),
        (
            "unfreeze",
            "submission-unfreeze",
            Kind::Unfreeze,
            operators,
            Act::Unfreeze { leaf, id: unit_leaf, freeze: other },
        ),
        ("lease", "submission-lease", Kind::Lease, &[ASSISTANT], Act::Lease(leases::lease())),
        (
            "lease-close",
            "submission-lease-close",
            Kind::LeaseClose,
            &[HOTEL],
            Act::LeaseClose { lease: other },
        ),
        (
            "settle",
            "submission-settle",
            Kind::Settle,
            &[HOTEL],
            Act::Settle { lease: other, voucher: Box::new(Voucher::decode(&leases::voucher()).unwrap()) },
        ),
        ("upgrade", "submission-upgrade", Kind::Upgrade, operators, Act::Upgrade { rules: Rules::NEWEST }),
        ("request", "submission-request", Kind::Request, &[ASSISTANT], Act::Request(requested())),
        ("approve", "submission-approve", Kind::Approve, &[COMPANY], approve()),
        (
            "withdraw",
            "submission-withdraw",
            Kind::Withdraw,
            &[ASSISTANT],
            Act::Withdraw { request: request_id(), position: Some(Position(2)) },
        ),
        ("offer", "submission-offer", Kind::Offer, &[ASSISTANT], Act::Offer(offer())),
        ("trade", "submission-trade", Kind::Trade, &[HOTEL_AGENT], Act::Trade(trade())),
    ]
}

/// The assistant's token for 9 000.00, paid to the company.
fn offer() -> Offer {
    let (payee, unit) = (company_id(), unit_id());
    let price = Price { amount: Amount(900_000), payee, unit, until: Seconds(START + 86_400) };
    Offer { token: tokens::root_id(), epoch: Epoch(0), price: Some(price) }
}

fn trade() -> Trade {
    let offer = Act::Offer(offer()).encode(&stamp(120 + Kind::Offer as u8));
    Trade {
        token: tokens::root_id(),
        epoch: Epoch(0),
        sealed: Sealed::digest(&tokens::sealed_transfer()),
        offer: Reference::Id(id(ASSISTANT, label::OFFER, &offer)),
        minimum: vec![(unit_id(), Amount(1_500_000))],
        payment: 0,
    }
}

/// What the assistant asks approvers for.
fn requested() -> Requested {
    let invocation = Invocation::decode(&tokens::invocation()).unwrap();
    Requested {
        token: tokens::root_id(),
        epoch: Epoch(0),
        payee: hotel_id(),
        purpose: Purpose::Use {
            action: invocation.action,
            resource: invocation.resource,
            arguments: invocation.arguments,
        },
        amount: Amount(600_000),
        unit: unit_id(),
        decide_by: Seconds(START + 86_400),
    }
}

fn request_id() -> RequestId {
    requested().request_id(&ledger(), nonce(120 + Kind::Request as u8))
}

fn approve() -> Act {
    Act::Approve { request: request_id() }
}

/// The payload of an approval.
pub(crate) fn approval() -> Vec<u8> {
    approve().encode(&stamp(120 + Kind::Approve as u8))
}

/// The nonce of a row: those of the parties and the unit are named above.
fn number(row: &Row) -> u8 {
    match row.2 {
        Kind::Party => 101,
        Kind::Unit => 104,
        kind => 120 + kind as u8,
    }
}

fn envelope(kind: Kind, signers: &[u8], payload: &[u8]) -> Envelope {
    let label = kind.label().unwrap();
    let objects = signers.iter().map(|by| sign(*by, label, payload)).collect();
    let sealed = matches!(kind, Kind::Transfer | Kind::Trade).then(tokens::sealed_transfer);
    Envelope { kind, objects, sealed, links: Vec::new(), approvals: Vec::new() }
}

/// One submission for each kind.
pub(super) fn each() -> Vec<(&'static str, Envelope)> {
    let submit = |row: Row| (row.1, envelope(row.2, row.3, &row.4.encode(&stamp(number(&row)))));
    let mut all: Vec<_> = rows().into_iter().map(submit).collect();
    let [request, lease] = asked_for();
    all.push(("submission-lease-request", envelope(Kind::Request, &[ASSISTANT], &request)));
    let yes = Act::Approve { request: leases::asked().request_id(&ledger()).unwrap() };
    let yes = sign(COMPANY, label::APPROVE, &yes.encode(&stamp(120 + Kind::Approve as u8)));
    let asked = Envelope { approvals: vec![yes], ..envelope(Kind::Lease, &[ASSISTANT], &lease) };
    all.push(("submission-lease-asked", asked));
    all
}

/// A request for a lease, and the lease that carries it out.
fn asked_for() -> [Vec<u8>; 2] {
    let request = Act::Request(leases::requested()).encode(&stamp(156));
    [request, Act::Lease(leases::asked()).encode(&stamp(157))]
}

macro_rules! payload_samples {
    ($($kind:ident),*) => {
        fn decoder(kind: Kind) -> fn(&[u8]) -> bool {
            match kind {
                $(Kind::$kind => |bytes| Act::decode(Kind::$kind, bytes).is_ok(),)*
                _ => |_| false,
            }
        }
    };
}
payload_samples!(
    Party, PartyKeys, Unit, Issuer, Transfer, Rekey, Veto, Suspend, Resume, Revoke, Cut, End, Capture,
    Release, Refund, Freeze, Unfreeze, Upgrade, Request, Approve, Withdraw, Lease, LeaseClose, Settle, Offer,
    Trade
);

pub(super) fn samples() -> Vec<Sample> {
    let sample = |row: Row| Sample {
        name: row.0,
        rule: row.0,
        bytes: row.4.encode(&stamp(number(&row))),
        accepts: Some(decoder(row.2)),
    };
    let mut all: Vec<_> = rows().into_iter().map(sample).collect();
    let [request, lease] = asked_for();
    for (name, rule, kind, bytes) in [
        ("lease-request", "lease-request", Kind::Request, request),
        ("lease-asked", "lease", Kind::Lease, lease),
    ] {
        all.push(Sample { name, rule, bytes, accepts: Some(decoder(kind)) });
    }
    all
}

/// Two captures, the second naming the first by its place.
pub(super) fn bundle() -> Vec<Envelope> {
    let reserve = Reference::Id(tokens::invocation_id());
    let capture = Act::Capture { reserve, number: 1, amount: Amount(48_000) };
    let refund = Act::Refund { capture: Reference::Member(0), amount: Amount(1_000) };
    let (first, second) = (stamp(150), stamp(151));
    let members = [(Kind::Capture, capture.encode(&first)), (Kind::Refund, refund.encode(&second))];
    let digest = bundle_digest(&members);
    let inside = |stamp| Stamp { bundle: Some(digest), ..stamp };
    vec![
        envelope(Kind::Capture, &[HOTEL], &capture.encode(&inside(first))),
        envelope(Kind::Refund, &[HOTEL], &refund.encode(&inside(second))),
    ]
}
