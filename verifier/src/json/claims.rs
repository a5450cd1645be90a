//! Tokens, what they allow and what they may spend, invocations and arguments.

use super::{amount, bytes, hex, list, maybe, object, some, text, texts};
use crate::object::{
    ApprovalRule, Argument, Budget, Claim, Condition, Invocation, LeaseLimits, Origin, Payment, Period,
    Permission, Sealed, Share, Token, Use, Value as Operand, Window,
};
use crate::types::{Amount, Hash, ObjectId};
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::{Map, Value, json};

pub(super) fn token(token: &Token) -> Value {
    let (mode, issuer, parent, epoch, generation) = match token.origin {
        Origin::Root { issuer } => ("root", Some(issuer), None, None, None),
        Origin::Logged { parent, epoch } => ("logged", None, Some(parent), Some(epoch.0), None),
        Origin::Offline { parent, epoch, generation } => {
            ("offline", None, Some(parent), Some(epoch.0), Some(generation.0))
        }
    };
    object([
        ("mode", some(mode)),
        ("issuer", maybe(issuer)),
        ("parent", maybe(parent)),
        ("epoch", epoch.map(Value::from)),
        ("generation", generation.map(Value::from)),
        ("holder", text(token.holder.bytes())),
        ("expires_s", some(token.expires.0)),
        ("not_before_s", token.not_before.map(|start| json!(start.0))),
        ("valid_until_s", some(token.valid_until.0)),
        ("nonce", bytes(&token.nonce.0)),
        ("bundle", maybe(token.bundle)),
        ("permissions", token.permissions.as_ref().map(|all| list(all, permission))),
        ("delegation", token.delegation.map(|d| json!({ "mode": d.mode.text(), "depth": d.depth }))),
        ("transferable", token.transferable.map(Value::from)),
        ("max_staleness_s", token.max_staleness.map(|age| json!(age.0))),
        ("sealed", maybe(token.sealed)),
        ("budgets", token.budgets.as_ref().map(|all| list(all, budget))),
        ("approval", token.approval.as_ref().map(approval)),
        ("entries", token.entries.map(|of| json!({ "most": of.most, "length_s": of.length.0 }))),
    ])
}

fn permission(permission: &Permission) -> Value {
    let paths = |paths: &Vec<_>| json!(paths.iter().map(crate::object::Path::as_str).collect::<Vec<_>>());
    object([
        ("services", permission.services.as_ref().map(texts)),
        ("actions", permission.actions.as_ref().map(|all| json!(all))),
        ("resources", permission.resources.as_ref().map(paths)),
        ("conditions", some(list(&permission.conditions, condition))),
    ])
}

fn condition(condition: &Condition) -> Value {
    json!({
        "argument": condition.argument,
        "operator": condition.operator.text(),
        "operands": list(&condition.operands, operand),
    })
}

fn operand(value: &Operand) -> Value {
    match value {
        Operand::Integer(number) => json!(number),
        Operand::Text(text) => json!(text),
        Operand::Bool(truth) => json!(truth),
    }
}

/// Amounts by unit, in their order.
pub(super) fn of_units(all: &[(ObjectId, Amount)], name: &str) -> Value {
    list(all, |(unit, amount)| object([("unit", text(unit)), (name, text(amount))]))
}

fn approval(rule: &ApprovalRule) -> Value {
    object([
        ("k", some(rule.k)),
        ("approvers", some(texts(rule.approvers.iter().map(|key| key.bytes())))),
        ("thresholds", rule.thresholds.as_ref().map(|all| of_units(all, "most"))),
    ])
}

fn budget(budget: &Budget) -> Value {
    let share = match budget.share {
        Share::Shared => "shared",
        Share::Carved => "carved",
    };
    let leases = |of: &LeaseLimits| object([("most", text(of.most)), ("longest_s", some(of.longest.0))]);
    object([
        ("unit", text(budget.unit)),
        ("share", some(share)),
        ("total", amount(budget.total)),
        ("per_use", amount(budget.per_use)),
        ("refundable", amount(budget.refundable)),
        ("windows", Some(list(&budget.windows, window)).filter(|_| !budget.windows.is_empty())),
        ("cumulative", budget.cumulative.as_ref().map(window)),
        ("leases", budget.leases.as_ref().map(leases)),
    ])
}

fn window(window: &Window) -> Value {
    let (period, length, anchor) = match window.period {
        Period::Fixed { length, anchor } => ("fixed", Some(length.0), Some(anchor.0)),
        Period::Month => ("month", None, None),
    };
    object([
        ("period", some(period)),
        ("length_s", length.map(Value::from)),
        ("anchor_s", anchor.map(Value::from)),
        ("most", text(window.most)),
    ])
}

pub(super) fn sealed(sealed: &Sealed) -> Value {
    object([
        ("secret", bytes(&sealed.secret)),
        ("budgets", sealed.budgets.as_ref().map(|all| list(all, budget))),
        ("name", maybe(sealed.name.as_ref())),
        ("note", maybe(sealed.note.as_ref())),
    ])
}

/// The digests of arguments by their names.
pub(super) fn digests(arguments: &[(String, Hash)]) -> Option<Value> {
    let shown = arguments.iter().filter_map(|(name, digest)| Some((name.clone(), text(digest)?)));
    Some(Value::Object(shown.collect::<Map<_, _>>())).filter(|_| !arguments.is_empty())
}

pub(super) fn payment(payment: &Payment) -> Value {
    object([
        ("amount", text(payment.amount)),
        ("unit", text(payment.unit)),
        ("settle_by_s", some(payment.settle_by.0)),
        ("refund_until_s", payment.refund_until.map(|until| json!(until.0))),
    ])
}

fn claim(claim: &Claim) -> Value {
    object([
        ("amount", text(claim.amount)),
        ("unit", text(claim.unit)),
        ("lease", text(claim.lease)),
        ("number", some(claim.number)),
        ("cumulative", text(claim.cumulative)),
        ("root", text(claim.root)),
    ])
}

pub(super) fn invocation(invocation: &Invocation) -> Value {
    object([
        ("nonce", bytes(&invocation.nonce.0)),
        ("valid_until_s", some(invocation.valid_until.0)),
        ("bundle", maybe(invocation.bundle)),
        ("token", text(invocation.token)),
        ("epoch", some(invocation.epoch.0)),
        ("audience", text(invocation.audience)),
        ("action", some(invocation.action.as_str())),
        ("resource", some(invocation.resource.as_str())),
        ("arguments", digests(&invocation.arguments)),
        ("payment", invocation.payment.as_ref().map(payment)),
        ("request", maybe(invocation.request)),
        ("request_nonce", invocation.request_nonce.map(|nonce| json!(hex(&nonce.0)))),
        ("voucher", invocation.claim.as_ref().map(claim)),
    ])
}

pub(super) fn argument(argument: &Argument) -> Value {
    json!({ "name": argument.name, "salt": hex(&argument.salt), "value": operand(&argument.value) })
}

pub(super) fn a_use(of: &Use) -> Value {
    object([
        ("number", some(of.number)),
        ("amount", text(of.amount)),
        ("action", some(of.action.as_str())),
        ("resource", some(of.resource.as_str())),
        ("arguments", digests(&of.arguments)),
        ("request", maybe(of.request)),
        ("nonce", bytes(&of.nonce.0)),
    ])
}
