//! Payloads of all operations that are neither tokens nor invocations (spec 02 §5).

use super::claims::{digests, of_units};
use super::{amount, bytes, hex, joined, maybe, object, some, text, texts};
use crate::key::PublicKey;
use crate::object::{Act, Lease, LeaseTerms, Offer, Purpose, Reference, Requested, Stamp, Target, Trade};
use serde_json::{Value, json};

/// An act with its stamp.
pub(super) fn act(stamp: &Stamp, act: &Act) -> Value {
    let stamp = object([
        ("nonce", bytes(&stamp.nonce.0)),
        ("valid_until_s", some(stamp.valid_until.0)),
        ("bundle", maybe(stamp.bundle)),
    ]);
    joined(stamp, registration(act).or_else(|| of_token(act)).unwrap_or_else(|| of_value(act)))
}

fn keys(keys: &[PublicKey]) -> Option<Value> {
    Some(texts(keys.iter().map(PublicKey::bytes)))
}

/// An id, or the place of a member of the same bundle.
fn reference(reference: &Reference) -> Option<Value> {
    match reference {
        Reference::Id(id) => text(id),
        Reference::Member(place) => some(*place),
    }
}

/// What registers, freezes and upgrades; nothing for another act.
fn registration(act: &Act) -> Option<Value> {
    Some(match act {
        Act::Party { name, keys: all } => object([("name", some(name.as_str())), ("keys", keys(all))]),
        Act::PartyKeys { party, generation, keys: all, compromised } => object([
            ("party", text(party)),
            ("generation", some(generation.0)),
            ("keys", keys(all)),
            ("compromised", keys(compromised)),
        ]),
        Act::Unit { name, decimals } => {
            object([("name", some(name.as_str())), ("decimals", some(*decimals))])
        }
        Act::Issuer { party } => object([("party", text(party))]),
        Act::Freeze { leaf, id } => object([("leaf", some(leaf.0)), ("id", text(id))]),
        Act::Unfreeze { leaf, id, freeze } => {
            object([("leaf", some(leaf.0)), ("id", text(id)), ("freeze", reference(freeze))])
        }
        Act::Upgrade { rules } => object([("rules", some(rules.0))]),
        _ => return None,
    })
}

fn target(target: &Target) -> Value {
    object([
        ("token", text(target.token)),
        ("epoch", some(target.epoch.0)),
        ("position", some(target.position.0)),
    ])
}

/// What changes a token; nothing for another act.
fn of_token(act: &Act) -> Option<Value> {
    Some(match act {
        Act::Transfer { token, epoch, holder, sealed } => object([
            ("token", text(token)),
            ("epoch", some(epoch.0)),
            ("holder", text(holder.bytes())),
            ("sealed", text(sealed)),
        ]),
        Act::Rekey { target: of, holder } => joined(target(of), object([("holder", text(holder.bytes()))])),
        Act::Veto { token, rekey } => object([("token", text(token)), ("rekey", reference(rekey))]),
        Act::Suspend(of) | Act::Revoke(of) | Act::Cut(of) | Act::End(of) => target(of),
        Act::Resume { target: of, suspend } => joined(target(of), object([("suspend", reference(suspend))])),
        Act::Offer(of) => offer(of),
        Act::Trade(of) => trade(of),
        _ => return None,
    })
}

fn offer(offer: &Offer) -> Value {
    let price = offer.price.as_ref();
    object([
        ("token", text(offer.token)),
        ("epoch", some(offer.epoch.0)),
        ("amount", amount(price.map(|price| price.amount))),
        ("payee", maybe(price.map(|price| price.payee))),
        ("unit", maybe(price.map(|price| price.unit))),
        ("until_s", price.map(|price| json!(price.until.0))),
    ])
}

fn trade(trade: &Trade) -> Value {
    object([
        ("token", text(trade.token)),
        ("epoch", some(trade.epoch.0)),
        ("sealed", text(trade.sealed)),
        ("offer", reference(&trade.offer)),
        ("minimum", Some(of_units(&trade.minimum, "least")).filter(|_| !trade.minimum.is_empty())),
        ("payment", some(trade.payment)),
    ])
}

/// What moves value, or asks for it; of every other act nothing.
fn of_value(act: &Act) -> Value {
    match act {
        Act::Capture { reserve, number, amount } => {
            object([("reserve", reference(reserve)), ("number", some(*number)), ("amount", text(amount))])
        }
        Act::Release { reserve, amount: most } => {
            object([("reserve", reference(reserve)), ("amount", amount(*most))])
        }
        Act::Refund { capture, amount } => {
            object([("capture", reference(capture)), ("amount", text(amount))])
        }
        Act::Request(of) => requested(of),
        Act::Approve { request } => object([("request", text(request))]),
        Act::Withdraw { request, position } => {
            object([("request", text(request)), ("position", position.map(|position| json!(position.0)))])
        }
        Act::Lease(of) => lease(of),
        Act::LeaseClose { lease } => object([("lease", reference(lease))]),
        Act::Settle { lease, voucher } => {
            object([("lease", reference(lease)), ("voucher", bytes(voucher.bytes()))])
        }
        _ => object([]),
    }
}

fn requested(of: &Requested) -> Value {
    let asked = object([
        ("token", text(of.token)),
        ("epoch", some(of.epoch.0)),
        ("payee", text(of.payee)),
        ("amount", text(of.amount)),
        ("unit", text(of.unit)),
        ("decide_by_s", some(of.decide_by.0)),
    ]);
    let purpose = match &of.purpose {
        Purpose::Use { action, resource, arguments } => object([
            ("action", some(action.as_str())),
            ("resource", some(resource.as_str())),
            ("arguments", digests(arguments)),
        ]),
        Purpose::Lease(of) => terms(of),
    };
    joined(asked, purpose)
}

fn terms(terms: &LeaseTerms) -> Value {
    object([
        ("till", text(terms.till)),
        ("spend_until_s", some(terms.spend_until.0)),
        ("settle_by_s", some(terms.settle_by.0)),
        ("refund_until_s", terms.refund_until.map(|until| json!(until.0))),
    ])
}

fn lease(lease: &Lease) -> Value {
    let own = object([
        ("token", text(lease.token)),
        ("epoch", some(lease.epoch.0)),
        ("payee", text(lease.payee)),
        ("amount", text(lease.amount)),
        ("unit", text(lease.unit)),
        ("request_nonce", lease.request_nonce.map(|nonce| json!(hex(&nonce.0)))),
    ]);
    joined(own, terms(&lease.terms()))
}
