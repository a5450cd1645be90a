//! The items of a snapshot (spec 24): a small state with one side record of every kind.

use super::{ASSISTANT, COMPANY, HOTEL, START, Sample, acts, genesis, ledger, nonce, raw_key, state, tokens};
use remit::audit::snapshot::{Place, write};
use remit::machine::{
    Capture, Key, LeafRecord, Lease, LinkValues, MemoryState, Offer, PendingRekey, Private, Record, Refused,
    Request, Reservation, Standing, Tally, TokenInfo, Waiting,
};
use remit_verifier::code::Code;
use remit_verifier::log::{Commitment, Entry};
use remit_verifier::object::{Sealed, Token};
use remit_verifier::state::{Counters, Leaf, Values};
use remit_verifier::types::{
    Amount, EntryIndex, Epoch, Hash, Millis, ObjectId, RequestId, Seconds, StateIndex, TreeSize,
};
use std::sync::Arc;

const ENTRY: EntryIndex = EntryIndex(8);
const TOKEN: StateIndex = StateIndex(4);
const UNIT: StateIndex = StateIndex(1);
const PAYEE: StateIndex = StateIndex(3);

fn id(number: u8) -> ObjectId {
    ObjectId([number; 32])
}

/// The leaves of spec 06: the ledger, a unit, the company, the hotel, the company's token.
fn leaves() -> Vec<Leaf> {
    let mut leaves: Vec<Leaf> = state()
        .iter()
        .filter(|sample| sample.rule == "state-leaf")
        .map(|it| Leaf::decode(&it.bytes).unwrap())
        .collect();
    let company = Leaf { index: StateIndex(2), id: acts::company_id(), ..leaves[2].clone() };
    leaves.insert(2, company);
    leaves
}

fn token() -> TokenInfo {
    let sealed = Sealed::decode(&tokens::sealed()).unwrap();
    TokenInfo {
        id: tokens::root_id(),
        entry: EntryIndex(6),
        signer: raw_key(COMPANY),
        token: Token::decode(&tokens::root()).unwrap(),
        budgets: sealed.budgets.map(|all| all.into_iter().map(|budget| (UNIT, budget)).collect()),
        issuer: StateIndex(2),
        ancestors: Vec::new(),
    }
}

/// One side record of every kind, and of what may be over also one that is.
fn records() -> Vec<(Key, Record)> {
    let until = Seconds(START + 86_400);
    let reservation = Reservation {
        entry: ENTRY,
        token: TOKEN,
        links: vec![(id(0x21), Some(Amount(50_000)))],
        unit: UNIT,
        payee: PAYEE,
        amount: Amount(48_000),
        captured: Amount(8_000),
        released: Amount(0),
        captures: 1,
        at: Seconds(START + 20),
        settle_by: until,
        refund_until: None,
        nonce: nonce(33),
    };
    let (unit_id, payee_id) = (tokens::unit_id(), acts::hotel_id());
    let lease = Lease {
        entry: ENTRY,
        token: TOKEN,
        unit: UNIT,
        unit_id,
        payee: PAYEE,
        payee_id,
        holder: raw_key(ASSISTANT),
        amount: Amount(300_000),
        at: Seconds(START + 20),
        settle_by: until,
        refund_until: Some(until),
        nonce: nonce(34),
        over: false,
    };
    let waiting = Waiting {
        entry: ENTRY,
        token: TOKEN,
        unit: UNIT,
        payee: PAYEE,
        amount: Amount(600_000),
        approved: vec![raw_key(COMPANY)],
        decide_by: until,
        nonce: nonce(35),
    };
    let standing = Standing {
        entry: ENTRY,
        token: TOKEN,
        epoch: Epoch(0),
        seller: raw_key(ASSISTANT),
        payee: PAYEE,
        unit: UNIT,
        amount: Amount(20_000),
        until,
    };
    let rekey = PendingRekey {
        token: TOKEN,
        epoch: Epoch(0),
        holder: raw_key(HOTEL),
        effective: until,
        nonce: nonce(36),
    };
    let counters = Counters { captured: 8_000, reserved: 40_000, ..Counters::default() };
    let tally = Tally { start: Seconds(START), count: 3 };
    vec![
        (Key::ReservationOf(tokens::invocation_id()), Record::ReservationOf(reservation)),
        (Key::LeaseOf(id(0x22)), Record::LeaseOf(lease)),
        (
            Key::CaptureOf(id(0x23)),
            Record::CaptureOf(Capture {
                reservation: tokens::invocation_id(),
                amount: Amount(8_000),
                refunded: Amount(0),
            }),
        ),
        (Key::SuspensionOf(TOKEN, 1), Record::SuspensionOf(id(0x24))),
        (Key::RequestOf(RequestId([0x25; 32])), Record::RequestOf(Request::Waiting(waiting))),
        (Key::RequestOf(RequestId([0x26; 32])), Record::RequestOf(Request::Closed)),
        (Key::StoppedAt(TOKEN), Record::StoppedAt(ENTRY)),
        (Key::RekeyOf(id(0x27)), Record::RekeyOf(rekey)),
        (Key::OfferOf(id(0x28)), Record::OfferOf(Offer::Standing(standing))),
        (Key::OfferOf(id(0x29)), Record::OfferOf(Offer::Closed)),
        (Key::LinkOf(id(0x21)), Record::LinkOf(LinkValues { units: vec![(UNIT, counters)] })),
        (Key::Seen(until, tokens::invocation_id()), Record::Seen(ENTRY)),
        (Key::RefusedOf(id(0x2a)), Record::RefusedOf(Refused { entry: ENTRY, code: Code::AboveWindow })),
        (Key::RefusalsOf(TOKEN), Record::RefusalsOf(tally)),
        (Key::EntriesOf(TOKEN), Record::EntriesOf(tally)),
    ]
}

/// All items of the snapshot but its end.
fn items() -> Vec<Vec<u8>> {
    let mut held = MemoryState::default();
    let values: Values = super::values();
    for leaf in leaves() {
        let index = leaf.index;
        let private = leaf.token().map(|_| Private { secret: tokens::SECRET, values: values.clone() });
        held.set(&Key::LeafAt(index), Some(&Record::LeafAt(Arc::new(LeafRecord { leaf, private }))));
    }
    held.set(&Key::TokenOf(TOKEN), Some(&Record::TokenOf(Arc::new(token()))));
    records().iter().for_each(|(key, record)| held.set(key, Some(record)));
    let commitment = Commitment {
        time: Millis(START * 1000 + 20_250),
        state_size: TreeSize(5),
        state_root: Hash([0xaa; 32]),
        status_root: Hash([0xbb; 32]),
    };
    let entries = [genesis(), super::outcome(), Entry::Commitment(commitment).encode()];
    let place = Place::of(entries.iter().map(Vec::as_slice)).unwrap();
    assert_eq!(place.ledger(), ledger());
    let mut bytes = Vec::new();
    write(&mut bytes, &place, &held).unwrap();
    let mut rest = &bytes[..bytes.len() - 34];
    let mut items = Vec::new();
    while !rest.is_empty() {
        let before = rest;
        ciborium::from_reader::<ciborium::Value, _>(&mut rest).unwrap();
        items.push(before[..before.len() - rest.len()].to_vec());
    }
    items
}

pub(super) fn samples() -> Vec<Sample> {
    let mut items = items().into_iter();
    let mut next = |name, rule| Sample { name, rule, bytes: items.next().unwrap(), accepts: None };
    let mut samples = vec![
        next("snapshot-header", "snapshot-header"),
        next("snapshot-ledger", "snapshot-leaf"),
        next("snapshot-unit", "snapshot-leaf"),
        next("snapshot-issuer", "snapshot-leaf"),
        next("snapshot-party", "snapshot-leaf"),
        next("snapshot-token", "snapshot-leaf"),
    ];
    let names = [
        "snapshot-reservation",
        "snapshot-lease",
        "snapshot-capture",
        "snapshot-suspension",
        "snapshot-request",
        "snapshot-request-over",
        "snapshot-stop",
        "snapshot-rekey",
        "snapshot-offer",
        "snapshot-offer-over",
        "snapshot-link",
        "snapshot-seen",
        "snapshot-refused",
        "snapshot-refusals",
        "snapshot-entries",
    ];
    samples.extend(names.map(|name| next(name, "snapshot-record")));
    assert!(items.next().is_none());
    samples
}
