//! What a ledger writes: entries, their details, state leaves, values; and what is shown of it.

use super::{amount, bytes, claims, hex, joined, list, maybe, object, some, text, texts};
use crate::cose::Sign1;
use crate::log::{Bound, Common, Entry, Facts, Link};
use crate::object::Argument;
use crate::state::{Leaf, LeafBody, Life, PartyLeaf, Retired, Span, UnitValues, Values};
use crate::types::Hash;
use crate::verify::{Case, Evidence, Presentation};
use serde_json::{Value, json};

pub(super) fn sign1(signed: &Sign1<'_>) -> Value {
    object([
        ("signer", text(signed.kid)),
        ("payload", bytes(signed.payload)),
        ("signature", bytes(&signed.signature)),
    ])
}

pub(super) fn entry(entry: &Entry) -> Value {
    let (kind, rest) = match entry {
        Entry::Genesis(of) => {
            let rest = object([
                ("origin", some(of.origin.as_str())),
                ("log_key", text(of.log_key.bytes())),
                ("operators", Some(texts(of.operators.iter().map(|key| key.bytes())))),
                ("threshold", some(of.threshold)),
                ("rules", some(of.rules.0)),
            ]);
            ("genesis", rest)
        }
        Entry::Commitment(of) => {
            let rest = object([
                ("state_size", some(of.state_size.0)),
                ("state_root", text(of.state_root)),
                ("status_root", text(of.status_root)),
            ]);
            ("commitment", rest)
        }
        Entry::Outcome(of) => {
            let refused = of.refused.map(|code| json!(code.text()));
            let rest = object([("id", text(of.id)), ("refused", refused), ("details", text(of.details))]);
            (of.kind.text(), rest)
        }
    };
    joined(object([("kind", some(kind)), ("time_ms", some(entry.time().0))]), rest)
}

pub(super) fn common(common: &Common) -> Value {
    object([
        ("salt", text(common.salt)),
        ("kind", some(common.kind.text())),
        ("facts", Some(list(&common.facts, facts))),
    ])
}

fn facts(facts: &Facts) -> Value {
    object([
        ("index", facts.index.map(|index| json!(index.0))),
        ("subject", maybe(facts.subject)),
        ("amount", amount(facts.amount)),
        ("unit", facts.unit.map(|index| json!(index.0))),
        ("funding", facts.funding.map(|index| json!(index.0))),
        ("number", facts.number.map(Value::from)),
        ("epoch", facts.epoch.map(|epoch| json!(epoch.0))),
        ("generation", facts.generation.map(|generation| json!(generation.0))),
        ("mask", facts.mask.map(Value::from)),
        ("deadline_s", facts.deadline.map(|at| json!(at.0))),
        ("left", amount(facts.left)),
        ("parent", facts.parent.map(|index| json!(index.0))),
        ("since_ms", facts.since.map(|at| json!(at.0))),
        ("per_use", amount(facts.per_use)),
        ("unapproved", amount(facts.unapproved)),
        ("root", maybe(facts.root)),
        ("decided", facts.decided.map(|index| json!(index.0))),
    ])
}

pub(super) fn link(link: &Link) -> Value {
    object([
        ("salt", text(link.salt)),
        ("token", some(link.token.0)),
        ("values", Some(list(&link.values, unit_values))),
        ("bound", link.bound.as_ref().map(bound)),
    ])
}

fn bound(bound: &Bound) -> Value {
    object([
        ("what", some(bound.what.text())),
        ("place", some(bound.place)),
        ("most", text(bound.most)),
        ("used", text(bound.used)),
    ])
}

fn unit_values(values: &UnitValues) -> Value {
    let counters = values.counters;
    let window = |span: &Span| object([("start_s", some(span.start.0)), ("used", text(span.used))]);
    object([
        ("unit", some(values.unit.0)),
        ("captured", text(counters.captured)),
        ("refunded", text(counters.refunded)),
        ("carved", text(counters.carved)),
        ("returned", text(counters.returned)),
        ("reserved", text(counters.reserved)),
        ("leased", text(counters.leased)),
        ("pending", text(counters.pending)),
        ("ceded", text(counters.ceded)),
        ("windows", Some(list(&values.windows, window))),
    ])
}

pub(super) fn values(values: &Values, salt: &Hash) -> Value {
    object([
        ("salt", text(salt)),
        ("event", some(values.event)),
        ("units", Some(list(&values.units, unit_values))),
        ("rekey", maybe(values.rekey)),
    ])
}

pub(super) fn leaf(leaf: &Leaf) -> Value {
    let life = match leaf.life {
        Life::Live => "live",
        Life::Revoked => "revoked",
        Life::Ended => "ended",
    };
    let (kind, body) = match &leaf.body {
        LeafBody::Ledger(of) => {
            let body = object([
                ("operators", Some(texts(&of.operators))),
                ("threshold", some(of.threshold)),
                ("rules", some(of.rules.0)),
            ]);
            ("ledger", body)
        }
        LeafBody::Unit(of) => {
            ("unit", object([("name", some(of.name.as_str())), ("decimals", some(of.decimals))]))
        }
        LeafBody::Party(of) => ("party", party(of)),
        LeafBody::Token(of) => {
            let body = object([
                ("parent", some(of.parent.0)),
                ("holder", text(of.holder)),
                ("holder_since_ms", some(of.holder_since.0)),
                ("expires_s", some(of.expires.0)),
                ("carved_children", some(of.carved_children)),
                ("authority", text(of.authority)),
                ("values", text(of.values)),
            ]);
            ("token", body)
        }
    };
    let head = object([
        ("kind", some(kind)),
        ("index", some(leaf.index.0)),
        ("id", text(leaf.id)),
        ("life", some(life)),
        ("mask", some(leaf.mask)),
        ("epoch", some(leaf.epoch.0)),
        ("generation", some(leaf.generation.0)),
        ("history", text(leaf.history)),
    ]);
    joined(head, body)
}

fn party(party: &PartyLeaf) -> Value {
    let retired = |(key, why): &(crate::types::KeyBytes, Retired)| {
        let why = match why {
            Retired::Rotated => "rotated",
            Retired::Compromised => "compromised",
        };
        object([("key", text(key)), ("why", some(why))])
    };
    object([
        ("name", some(party.name.as_str())),
        ("keys", Some(texts(&party.keys))),
        ("retired", Some(list(&party.retired, retired))),
        ("issuer", some(party.issuer)),
    ])
}

pub(super) fn presentation(shown: &Presentation<'_>) -> Value {
    let all = |items: &[&[u8]]| Some(list(items, |item| json!(hex(item))));
    object([
        ("ledger", text(shown.ledger)),
        ("note", bytes(shown.note)),
        ("commitment", bytes(shown.commitment)),
        ("commitment_path", Some(texts(&shown.commitment_path))),
        ("leaves", all(&shown.leaves)),
        ("state_proof", Some(texts(&shown.state_proof))),
        ("tokens", all(&shown.tokens)),
    ])
}

pub(super) fn evidence(evidence: &Evidence<'_>) -> Value {
    object([
        ("entry", bytes(evidence.entry)),
        ("ids", Some(texts(&evidence.ids))),
        ("proof", bytes(evidence.proof)),
    ])
}

pub(super) fn case(case: &Case<'_>) -> Value {
    let argument = |argument: &Argument| claims::argument(argument);
    object([
        ("now_ms", some(case.now.0)),
        ("newest_ms", some(case.newest.0)),
        ("presentation", bytes(case.presentation)),
        ("invocation", case.invocation.and_then(bytes)),
        ("arguments", Some(list(&case.arguments, argument))),
        ("evidence", case.evidence.and_then(bytes)),
        ("policy", bytes(case.policy)),
        ("approvals", Some(list(&case.approvals, |approval| json!(hex(approval))))),
    ])
}
