//! The good objects that everything else begins with: one of every kind, from fixed inputs.

use remit::client::public_key;
use remit_verifier::cbor::Writer;
use remit_verifier::code::Code;
use remit_verifier::key::{EncodedKey, PublicKey};
use remit_verifier::label;
use remit_verifier::log::{Bound, BoundKind, Commitment, Details, Entry, Facts, Genesis, LinkPart, Outcome};
use remit_verifier::object::{
    Act, ApprovalRule, Argument, Budget, Claim, Condition, Delegation, DelegationMode, EntryQuota,
    Invocation, Kind, Lease, Offer, Operator, Origin, Path, Payment, Period, Permission, Position, Price,
    Purpose, Reference, Requested, Sealed, Share, Stamp, Target, Token, Trade, Value, Voucher, Window,
};
use remit_verifier::sign::{LocalSigner, Signer, sign_object};
use remit_verifier::state::{
    Counters, Leaf, LeafBody, LedgerLeaf, Life, PartyLeaf, Retired, Span, TokenLeaf, UnitLeaf, UnitValues,
    Values,
};
use remit_verifier::types::*;

/// 2027-01-15 08:00:00 UTC.
pub(crate) const START: Seconds = Seconds(1_800_000_000);
pub(crate) const DAY: u64 = 24 * 3600;
pub(crate) const HOTEL: ObjectId = ObjectId([0x22; 32]);
pub(crate) const COMPANY: ObjectId = ObjectId([0x11; 32]);
pub(crate) const CNY: ObjectId = ObjectId([0x33; 32]);
pub(crate) const USD: ObjectId = ObjectId([0x34; 32]);
pub(crate) const TOKEN: ObjectId = ObjectId([0x44; 32]);
pub(crate) const OTHER: ObjectId = ObjectId([0x55; 32]);

/// Seed of the key of a named person.
pub(crate) fn seed(name: &str) -> [u8; 32] {
    remit_verifier::hash::sha256(&[b"remit vectors", name.as_bytes()]).0
}

/// Key of a named person.
pub(crate) fn signer(name: &str) -> LocalSigner {
    LocalSigner::from_seed(&seed(name))
}

/// Public key of a named person.
pub(crate) fn key(name: &str) -> PublicKey {
    public_key(&signer(name)).expect("a good key")
}

pub(crate) fn key_bytes(name: &str) -> KeyBytes {
    signer(name).public_key()
}

pub(crate) fn path(text: &str) -> Path {
    Path::parse(text).expect("a path")
}

/// The genesis entry of the ledger that all objects are for.
pub(crate) fn genesis() -> Genesis {
    let mut operators: Vec<_> = ["operator 1", "operator 2", "operator 3"].map(key).to_vec();
    operators.sort_by_key(|key| *key.bytes());
    Genesis {
        time: START.millis(),
        origin: "ledger.example/vectors".into(),
        log_key: key("log"),
        operators,
        threshold: 2,
        rules: Rules::NEWEST,
    }
}

pub(crate) fn ledger() -> LedgerId {
    Genesis::ledger_id(&Entry::Genesis(Box::new(genesis())).encode())
}

/// The payload signed: the id, and the object.
pub(crate) fn sign(by: &str, label: &str, payload: &[u8]) -> (ObjectId, Vec<u8>) {
    sign_object(&signer(by), label, &ledger(), payload).expect("signs")
}

pub(crate) fn stamp(number: u8) -> Stamp {
    Stamp { nonce: Nonce([number; 16]), valid_until: Seconds(START.0 + 3600), bundle: None }
}

pub(crate) fn budget(total: Option<u64>, per_use: Option<u64>) -> Budget {
    Budget { per_use: per_use.map(Amount), ..Budget::new(CNY, Share::Shared, total.map(Amount)) }
}

pub(crate) fn sealed() -> Sealed {
    let day = Period::Fixed { length: Seconds(DAY), anchor: Seconds(0) };
    let windows = [(day, 600_000), (Period::Month, 1_500_000)];
    let windows = windows.map(|(period, most)| Window { period, most: Amount(most) }).to_vec();
    let cumulative = Some(Window { period: day, most: Amount(300_000) });
    let first = Budget { windows, cumulative, ..budget(Some(2_000_000), Some(500_000)) };
    let second = Budget { unit: USD, refundable: Some(Amount(500)), ..budget(Some(1_000), None) };
    Sealed {
        secret: [0x5e; 32],
        budgets: Some(vec![first, second]),
        name: Some("Trips of team 7".into()),
        note: Some("Cost centre 4711".into()),
    }
}

pub(crate) fn condition(argument: &str, operator: Operator, operands: &[Value]) -> Condition {
    Condition { argument: argument.into(), operator, operands: operands.to_vec() }
}

pub(crate) fn permission() -> Permission {
    Permission {
        services: Some(vec![HOTEL]),
        actions: Some(vec!["book".into(), "cancel".into()]),
        resources: Some(vec![path("rooms")]),
        conditions: vec![
            condition("nights", Operator::Le, &[Value::Integer(14)]),
            condition("class", Operator::In, &[Value::Text("standard".into()), Value::Bool(false)]),
        ],
    }
}

/// A root that states every claim.
pub(crate) fn root() -> Token {
    Token {
        expires: Seconds(START.0 + 30 * DAY),
        not_before: Some(START),
        nonce: Nonce([1; 16]),
        holder: (&key("assistant")).into(),
        valid_until: Seconds(START.0 + 3600),
        bundle: None,
        origin: Origin::Root { issuer: COMPANY },
        permissions: Some(vec![permission()]),
        delegation: Some(Delegation { mode: DelegationMode::Offline, depth: 4 }),
        transferable: Some(true),
        max_staleness: Some(Seconds(600)),
        sealed: Some(Sealed::digest(&sealed().encode())),
        budgets: None,
        approval: Some(approval_rule()),
        entries: None,
    }
}

/// A root that counts its entries: a thousand in a day.
pub(crate) fn counting() -> Token {
    let entries = Some(EntryQuota { most: 1_000, length: Seconds(DAY) });
    Token { origin: Origin::Root { issuer: COMPANY }, entries, ..logged() }
}

/// Two of three people, above 5 000.00 in one unit and never in another.
pub(crate) fn approval_rule() -> ApprovalRule {
    let mut approvers: Vec<_> = ["ann", "ben", "cai"].iter().map(|name| (&key(name)).into()).collect();
    approvers.sort_by_key(|key: &EncodedKey| *key.bytes());
    let thresholds = Some(vec![(CNY, Amount(500_000)), (USD, Amount(u64::MAX))]);
    ApprovalRule { k: 2, approvers, thresholds }
}

/// A logged child that inherits everything.
pub(crate) fn logged() -> Token {
    Token {
        nonce: Nonce([2; 16]),
        holder: (&key("hotel agent")).into(),
        origin: Origin::Logged { parent: TOKEN, epoch: Epoch(0) },
        not_before: None,
        permissions: None,
        delegation: None,
        transferable: None,
        max_staleness: None,
        approval: None,
        ..root()
    }
}

/// An offline link with a budget.
pub(crate) fn offline() -> Token {
    Token {
        expires: Seconds(START.0 + 3600),
        nonce: Nonce([3; 16]),
        holder: (&key("sub-agent")).into(),
        origin: Origin::Offline { parent: TOKEN, epoch: Epoch(1), generation: Generation(2) },
        sealed: None,
        budgets: Some(vec![budget(Some(100_000), None)]),
        ..logged()
    }
}

pub(crate) fn arguments() -> Vec<Argument> {
    let text = Value::Text("standard".into());
    vec![
        Argument { name: "class".into(), salt: [0x21; 16], value: text },
        Argument { name: "nights".into(), salt: [0x22; 16], value: Value::Integer(-2) },
        Argument { name: "breakfast".into(), salt: [0x23; 16], value: Value::Bool(true) },
    ]
}

/// An invocation with every field of these rules.
pub(crate) fn invocation() -> Invocation {
    let payment = Payment {
        amount: Amount(48_000),
        unit: CNY,
        settle_by: Seconds(START.0 + DAY),
        refund_until: Some(Seconds(START.0 + 30 * DAY)),
    };
    Invocation {
        nonce: Nonce([9; 16]),
        valid_until: Seconds(START.0 + 60),
        bundle: None,
        token: TOKEN,
        epoch: Epoch(0),
        audience: HOTEL,
        action: "book".into(),
        resource: path("rooms/12"),
        arguments: arguments().iter().map(|a| (a.name.clone(), a.digest())).collect(),
        payment: Some(payment),
        request: Some(Hash([0xee; 32])),
        request_nonce: Some(Nonce([0x9a; 16])),
        claim: None,
    }
}

/// What approvers are asked for on the ledger.
pub(crate) fn requested() -> Requested {
    let invocation = invocation();
    Requested {
        token: TOKEN,
        epoch: Epoch(0),
        payee: HOTEL,
        purpose: Purpose::Use {
            action: invocation.action,
            resource: invocation.resource,
            arguments: invocation.arguments,
        },
        amount: Amount(600_000),
        unit: CNY,
        decide_by: Seconds(START.0 + 7 * DAY),
    }
}

/// A lease of the token's value for the hotel's first till.
pub(crate) fn lease() -> Lease {
    Lease {
        token: TOKEN,
        epoch: Epoch(0),
        payee: HOTEL,
        till: TillId([0x71; 32]),
        amount: Amount(300_000),
        unit: CNY,
        spend_until: Seconds(START.0 + DAY),
        settle_by: Seconds(START.0 + 2 * DAY),
        refund_until: Some(Seconds(START.0 + 30 * DAY)),
        request_nonce: None,
    }
}

/// The same lease, as it was asked for.
pub(crate) fn asked_lease() -> Lease {
    Lease { request_nonce: Some(Nonce([0x9b; 16])), ..lease() }
}

/// What approvers of that lease are asked for.
pub(crate) fn requested_lease() -> Requested {
    let Lease { token, epoch, payee, amount, unit, .. } = lease();
    let purpose = Purpose::Lease(lease().terms());
    Requested { token, epoch, payee, purpose, amount, unit, decide_by: Seconds(START.0 + DAY / 2) }
}

/// The third voucher of a lease.
pub(crate) fn voucher() -> Invocation {
    let (number, root) = (3, Hash([0xab; 32]));
    let (amount, cumulative) = (Amount(48_000), Amount(100_000));
    let claim = Claim { amount, unit: CNY, lease: OTHER, number, cumulative, root };
    Invocation { payment: None, request_nonce: None, claim: Some(claim), ..invocation() }
}

/// The token for 9 000.00, for a week.
pub(crate) fn offer() -> Offer {
    let (amount, until) = (Amount(900_000), Seconds(START.0 + 7 * DAY));
    let price = Price { amount, payee: COMPANY, unit: CNY, until };
    Offer { token: TOKEN, epoch: Epoch(0), price: Some(price) }
}

/// The purchase of the token, of which much must be left in two units.
pub(crate) fn trade() -> Trade {
    Trade {
        token: TOKEN,
        epoch: Epoch(0),
        sealed: Sealed::digest(&sealed().encode()),
        offer: Reference::Id(OTHER),
        minimum: vec![(CNY, Amount(1_500_000)), (USD, Amount(1))],
        payment: 0,
    }
}

fn signed_voucher() -> Vec<u8> {
    sign("assistant", remit_verifier::label::INVOCATION, &voucher().encode()).1
}

/// One act of every kind.
pub(crate) fn acts() -> Vec<Act> {
    let target = |position| Target { token: TOKEN, epoch: Epoch(0), position: Position(position) };
    let (reserve, other) = (Reference::Id(OTHER), Reference::Id(OTHER));
    let (leaf, id) = (StateIndex(1), CNY);
    vec![
        Act::Party { name: "Hotel Lotus".into(), keys: vec![key("hotel"), key("hotel 2")] },
        Act::PartyKeys {
            party: HOTEL,
            generation: Generation(0),
            keys: vec![key("hotel 3")],
            compromised: vec![key("hotel")],
        },
        Act::Unit { name: "CNY".into(), decimals: 2 },
        Act::Issuer { party: COMPANY },
        Act::Transfer {
            token: TOKEN,
            epoch: Epoch(0),
            holder: key("night agent"),
            sealed: Sealed::digest(&sealed().encode()),
        },
        Act::Rekey { target: target(2), holder: key("assistant 2") },
        Act::Veto { token: TOKEN, rekey: other },
        Act::Suspend(target(1)),
        Act::Resume { target: target(1), suspend: other },
        Act::Revoke(target(1)),
        Act::Cut(target(2)),
        Act::End(target(9)),
        Act::Capture { reserve, number: 1, amount: Amount(48_000) },
        Act::Release { reserve, amount: None },
        Act::Refund { capture: Reference::Member(0), amount: Amount(1_000) },
        Act::Freeze { leaf, id },
        Act::Unfreeze { leaf, id, freeze: other },
        Act::Upgrade { rules: Rules::NEWEST },
        Act::Request(requested()),
        Act::Approve { request: RequestId([0x71; 32]) },
        Act::Withdraw { request: RequestId([0x71; 32]), position: Some(Position(2)) },
        Act::Lease(lease()),
        Act::LeaseClose { lease: other },
        Act::Settle {
            lease: other,
            voucher: Box::new(Voucher::decode(&signed_voucher()).expect("a voucher")),
        },
        Act::Offer(offer()),
        Act::Trade(trade()),
    ]
}

pub(crate) fn argument(argument: &Argument) -> Vec<u8> {
    let mut writer = Writer::default();
    argument.encode(&mut writer);
    writer.into_bytes()
}

pub(crate) fn entries() -> Vec<(&'static str, Entry)> {
    let (state_root, status_root) = (Hash([0xaa; 32]), Hash([0xbb; 32]));
    let time = Millis(START.0 * 1000 + 250);
    let commitment = Commitment { time, state_size: TreeSize(6), state_root, status_root };
    let outcome = Outcome { time, kind: Kind::Reserve, id: OTHER, refused: None, details: Hash([0xdd; 32]) };
    let refusal = Outcome { kind: Kind::Refusal, refused: Some(Code::AboveTotal), ..outcome };
    vec![
        ("entry-genesis", Entry::Genesis(Box::new(genesis()))),
        ("entry-commitment", Entry::Commitment(commitment)),
        ("entry-outcome", Entry::Outcome(outcome)),
        ("entry-refusal", Entry::Outcome(refusal)),
    ]
}

/// A part of details for each of its forms: of a link that moved, and of one that refused.
pub(crate) fn link_parts() -> Vec<(&'static str, Vec<u8>)> {
    let window = Bound { place: 1, ..Bound::new(BoundKind::Window, 400_000, 398_000) };
    let part = |bound| {
        let values = values().units;
        LinkPart { token: StateIndex(4), secret: sealed().secret, values, bound }
    };
    let bytes = |kind, bound| {
        let facts = Facts { index: Some(StateIndex(4)), decided: Some(StateIndex(4)), ..Facts::default() };
        Details::new(kind, &OTHER, &Nonce([9; 16]), EntryIndex(8), &[facts], &[part(bound)]).links.remove(0)
    };
    vec![("link-part", bytes(Kind::Reserve, None)), ("link-part-refusal", bytes(Kind::Refusal, Some(window)))]
}

pub(crate) fn values() -> Values {
    let counters = Counters { captured: 150_000, refunded: 1_000, reserved: 48_000, ..Counters::default() };
    let unit = |index, counters| UnitValues { unit: StateIndex(index), counters, windows: Vec::new() };
    let span = |start, used| Span { start: Seconds(start), used: Amount(used) };
    let spans =
        vec![span(START.0 - START.0 % DAY, 198_000), span(START.0 - 14 * DAY - START.0 % DAY, 398_000)];
    let carved = Counters { carved: u64::MAX, returned: 7, ceded: 1, ..Counters::default() };
    Values {
        event: 5,
        units: vec![UnitValues { windows: spans, ..unit(1, counters) }, unit(3, carved)],
        rekey: Some(OTHER),
    }
}

fn leaf(index: u64, id: ObjectId, body: LeafBody) -> Leaf {
    let (life, mask, epoch, generation) = (Life::Live, 0, Epoch(0), Generation(0));
    Leaf { index: StateIndex(index), id, life, mask, epoch, generation, history: Hash([3; 32]), body }
}

pub(crate) fn leaves() -> Vec<(&'static str, Leaf)> {
    let operators = genesis().operators.iter().map(|key| *key.bytes()).collect();
    let retired =
        vec![(key_bytes("hotel 3"), Retired::Rotated), (key_bytes("hotel 4"), Retired::Compromised)];
    let keys = vec![key_bytes("hotel"), key_bytes("hotel 2")];
    let party = PartyLeaf { name: "Hotel Lotus".into(), keys, retired, issuer: false };
    let token = TokenLeaf {
        parent: StateIndex(2),
        holder: key_bytes("assistant"),
        holder_since: Millis(START.0 * 1000),
        expires: Seconds(START.0 + 30 * DAY),
        carved_children: 1,
        authority: TokenLeaf::authority_of(&root().encode()),
        values: values().digest(&sealed().secret),
    };
    let unit = LeafBody::Unit(UnitLeaf { name: "CNY".into(), decimals: 2 });
    let token = leaf(4, TOKEN, LeafBody::Token(token));
    vec![
        (
            "leaf-ledger",
            leaf(
                0,
                ObjectId(ledger().0),
                LeafBody::Ledger(LedgerLeaf { operators, threshold: 2, rules: Rules::NEWEST }),
            ),
        ),
        ("leaf-unit", leaf(1, CNY, unit)),
        ("leaf-party", leaf(3, HOTEL, LeafBody::Party(party))),
        ("leaf-token", token.clone()),
        (
            "leaf-token-changed",
            Leaf { life: Life::Revoked, mask: 6, epoch: Epoch(2), generation: Generation(1), ..token },
        ),
    ]
}

/// An empty payload of the named label: for signed objects whose payload nobody looks into.
pub(crate) fn root_object() -> (ObjectId, Vec<u8>) {
    sign("company", label::TOKEN, &root().encode())
}
