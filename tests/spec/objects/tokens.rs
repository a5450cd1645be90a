//! Tokens, sealed claims, arguments and invocations of the examples.

use super::{ASSISTANT, COMPANY, HOTEL, HOTEL_AGENT, START, SUB_AGENT, Sample, acts, id, key, nonce};
use remit_verifier::cbor::{Reader, Writer};
use remit_verifier::key::EncodedKey;
use remit_verifier::label;
use remit_verifier::object::{
    ApprovalRule, Argument, Budget, Condition, Delegation, DelegationMode, EntryQuota, Invocation, Operator,
    Origin, Path, Payment, Period, Permission, Sealed, Share, Token, Value, Window,
};
use remit_verifier::types::{Amount, Epoch, Generation, Hash, Nonce, ObjectId, Seconds};

/// The secret of the root token.
pub(crate) const SECRET: [u8; 32] = [0x5e; 32];

pub(crate) fn unit_id() -> ObjectId {
    acts::unit_id()
}

fn budgets(share: Share, total: u64) -> Vec<Budget> {
    let per_use = Some(Amount(500_000));
    vec![Budget { per_use, ..Budget::new(unit_id(), share, Some(Amount(total))) }]
}

/// The sealed claims of the root.
pub(crate) fn sealed() -> Vec<u8> {
    let mut budgets = budgets(Share::Shared, 2_000_000);
    let day = Period::Fixed { length: Seconds(86_400), anchor: Seconds(0) };
    let windows = [(day, 600_000), (Period::Month, 1_500_000)];
    budgets[0].cumulative = Some(Window { period: day, most: Amount(300_000) });
    budgets[0].windows = windows.map(|(period, most)| Window { period, most: Amount(most) }).to_vec();
    let budgets = Some(budgets);
    let (name, note) = (Some("Trips of team 7".into()), Some("Cost centre 4711".into()));
    Sealed { secret: SECRET, budgets, name, note }.encode()
}

/// The sealed claims of the child.
pub(crate) fn sealed_child() -> Vec<u8> {
    let mut carved = budgets(Share::Carved, 600_000);
    carved[0].refundable = Some(Amount(300_000));
    Sealed { secret: [0x5f; 32], budgets: Some(carved), name: None, note: None }.encode()
}

/// What the new holder opens to the ledger with a transfer.
pub(crate) fn sealed_transfer() -> Vec<u8> {
    Sealed { secret: [0x60; 32], budgets: None, name: None, note: None }.encode()
}

fn token(holder: u8, origin: Origin) -> Token {
    Token {
        expires: Seconds(START + 30 * 86_400),
        not_before: None,
        nonce: nonce(holder),
        holder: (&key(holder)).into(),
        valid_until: Seconds(START + 86_400),
        bundle: None,
        origin,
        permissions: None,
        delegation: None,
        transferable: None,
        max_staleness: None,
        sealed: None,
        budgets: None,
        approval: None,
        entries: None,
    }
}

/// The payload of the root token: the company gives it to the assistant.
pub(crate) fn root() -> Vec<u8> {
    let condition =
        |argument: &str, operator, operands| Condition { argument: argument.into(), operator, operands };
    let permission = Permission {
        services: Some(vec![acts::hotel_id()]),
        actions: Some(vec!["book".into(), "cancel".into()]),
        resources: Some(vec![Path::parse("rooms").unwrap()]),
        conditions: vec![
            condition("nights", Operator::Le, vec![Value::Integer(14)]),
            condition("class", Operator::In, vec![Value::Text("standard".into()), Value::Bool(false)]),
        ],
    };
    let token = Token {
        not_before: Some(Seconds(START)),
        permissions: Some(vec![permission]),
        delegation: Some(Delegation { mode: DelegationMode::Offline, depth: 4 }),
        transferable: Some(true),
        max_staleness: Some(Seconds(600)),
        sealed: Some(Sealed::digest(&sealed())),
        approval: Some(approval_rule()),
        ..token(ASSISTANT, Origin::Root { issuer: acts::company_id() })
    };
    token.encode()
}

/// A root that counts its entries: a thousand in a day.
pub(crate) fn counting() -> Vec<u8> {
    let token = Token {
        sealed: Some(Sealed::digest(&sealed())),
        entries: Some(EntryQuota { most: 1_000, length: Seconds(86_400) }),
        ..token(ASSISTANT, Origin::Root { issuer: acts::company_id() })
    };
    token.encode()
}

/// One of two people, above 5 000.00.
fn approval_rule() -> ApprovalRule {
    let mut approvers: Vec<EncodedKey> = [COMPANY, HOTEL].map(|number| (&key(number)).into()).to_vec();
    approvers.sort_by_key(|key| *key.bytes());
    ApprovalRule { k: 1, approvers, thresholds: Some(vec![(unit_id(), Amount(500_000))]) }
}

pub(crate) fn root_id() -> ObjectId {
    id(COMPANY, label::TOKEN, &root())
}

/// The payload of the assistant's logged child for the hotel agent.
pub(crate) fn logged() -> Vec<u8> {
    let token = Token {
        sealed: Some(Sealed::digest(&sealed_child())),
        ..token(HOTEL_AGENT, Origin::Logged { parent: root_id(), epoch: Epoch(0) })
    };
    token.encode()
}

/// The payload of the hotel agent's offline link for a sub-agent.
pub(crate) fn offline() -> Vec<u8> {
    let parent = id(ASSISTANT, label::TOKEN, &logged());
    let origin = Origin::Offline { parent, epoch: Epoch(0), generation: Generation(0) };
    let permission = Permission { actions: Some(vec!["book".into()]), ..Permission::default() };
    let token = Token {
        expires: Seconds(START + 3600),
        not_before: Some(Seconds(START)),
        permissions: Some(vec![permission]),
        budgets: Some(budgets(Share::Shared, 100_000)),
        ..token(SUB_AGENT, origin)
    };
    token.encode()
}

/// The arguments of the invocation as they are shown to the hotel.
pub(crate) fn arguments() -> Vec<Argument> {
    vec![
        Argument { name: "class".into(), salt: [0x21; 16], value: Value::Text("standard".into()) },
        Argument { name: "nights".into(), salt: [0x22; 16], value: Value::Integer(2) },
    ]
}

/// The payload of the sub-agent's invocation.
pub(crate) fn invocation() -> Vec<u8> {
    let payment = Payment {
        amount: Amount(48_000),
        unit: unit_id(),
        settle_by: Seconds(START + 86_400),
        refund_until: Some(Seconds(START + 30 * 86_400)),
    };
    let mut arguments: Vec<_> = arguments().iter().map(|a| (a.name.clone(), a.digest())).collect();
    arguments.sort_by(|(a, _), (b, _)| (a.len(), a).cmp(&(b.len(), b)));
    let invocation = Invocation {
        nonce: nonce(33),
        valid_until: Seconds(START + 60),
        bundle: None,
        token: id(HOTEL_AGENT, label::TOKEN, &offline()),
        epoch: Epoch(0),
        audience: acts::hotel_id(),
        action: "book".into(),
        resource: Path::parse("rooms/12").unwrap(),
        arguments,
        payment: Some(payment),
        request: Some(Hash([0xee; 32])),
        request_nonce: Some(nonce(35)),
        claim: None,
    };
    invocation.encode()
}

pub(crate) fn invocation_id() -> ObjectId {
    id(SUB_AGENT, label::INVOCATION, &invocation())
}

fn bare_invocation() -> Vec<u8> {
    let full = Invocation::decode(&invocation()).unwrap();
    Invocation { payment: None, request: None, arguments: Vec::new(), nonce: Nonce([34; 16]), ..full }
        .encode()
}

fn decodes_argument(bytes: &[u8]) -> bool {
    Reader::whole(bytes, 1024, Argument::decode).is_ok()
}

pub(super) fn samples() -> Vec<Sample> {
    let token =
        |name, rule, bytes| Sample { name, rule, bytes, accepts: Some(|bytes| Token::decode(bytes).is_ok()) };
    let sealed_sample = |name, bytes| Sample {
        name,
        rule: "sealed",
        bytes,
        accepts: Some(|bytes| Sealed::decode(bytes).is_ok()),
    };
    let invocation_sample = |name, bytes| Sample {
        name,
        rule: "invocation",
        bytes,
        accepts: Some(|bytes| Invocation::decode(bytes).is_ok()),
    };
    let argument = |name, argument: &Argument| {
        let mut w = Writer::default();
        argument.encode(&mut w);
        Sample { name, rule: "argument", bytes: w.into_bytes(), accepts: Some(decodes_argument) }
    };
    let arguments = arguments();
    vec![
        token("token-root", "root-token", root()),
        token("token-root-counting", "root-token", counting()),
        token("token-logged", "logged-token", logged()),
        token("token-offline", "offline-token", offline()),
        sealed_sample("sealed-root", sealed()),
        sealed_sample("sealed-child", sealed_child()),
        sealed_sample("sealed-transfer", sealed_transfer()),
        invocation_sample("invocation", invocation()),
        invocation_sample("invocation-bare", bare_invocation()),
        argument("argument-text", &arguments[0]),
        argument("argument-integer", &arguments[1]),
    ]
}
