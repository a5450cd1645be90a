//! Views of verdicts as JSON (spec 10 §13): ids in hexadecimal, amounts as decimal strings, codes and names as text.

use super::object;
use crate::code::Code;
use crate::object::{Invocation, Payment};
use crate::verify::{Check, Decision, Outcome, Subject, Verdict};
use alloc::string::ToString;
use alloc::vec::Vec;
use serde_json::{Value, json};

/// A verdict; absent values are left out.
pub fn verdict(verdict: &Verdict) -> Value {
    let (decision, code) = match verdict.decision {
        Decision::Allowed => ("allowed", None),
        Decision::Permitted => ("permitted", None),
        Decision::Denied(code) => ("denied", Some(code)),
    };
    let checks: Vec<Value> = verdict.checks.iter().map(check).collect();
    object([
        ("decision", Some(json!(decision))),
        ("code", code.map(|code| json!(code.text()))),
        ("reason", code.map(|code| json!(code.meaning()))),
        ("age_ms", verdict.age.map(|age| json!(age.0))),
        ("subject", Some(subject(&verdict.subject))),
        ("checks", Some(json!(checks))),
    ])
}

/// The content of an answer over HTTP (spec 20 §6): the verdict, if there is one, in which decision, code and reason
/// are those of the answer.
pub fn answer(refused: Option<Code>, verdict: Option<&Verdict>) -> Value {
    let mut shown = verdict.map_or_else(|| json!({}), self::verdict);
    if let (Some(code), Some(shown)) = (refused, shown.as_object_mut()) {
        // What a verdict allowed may still not be served.
        shown.insert("decision".into(), json!("denied"));
        shown.insert("code".into(), json!(code.text()));
        shown.insert("reason".into(), json!(code.meaning()));
    }
    shown
}

fn check(check: &Check) -> Value {
    let (outcome, code) = match check.outcome {
        Outcome::Passed => ("passed", None),
        Outcome::Failed(code) => ("failed", Some(json!(code.text()))),
        Outcome::Skipped => ("skipped", None),
    };
    object([
        ("check", Some(json!(check.name.text()))),
        ("link", check.link.map(|link| json!(link))),
        ("outcome", Some(json!(outcome))),
        ("code", code),
    ])
}

fn subject(subject: &Subject) -> Value {
    object([
        ("ledger", subject.ledger.map(|id| json!(id.to_string()))),
        ("issuer", subject.issuer.map(|id| json!(id.to_string()))),
        ("token", subject.token.map(|id| json!(id.to_string()))),
        ("holder", subject.holder.map(|key| json!(key.to_string()))),
        ("id", subject.id.map(|id| json!(id.to_string()))),
        ("request_id", subject.request.map(|id| json!(id.to_string()))),
        ("invocation", subject.invocation.as_ref().map(invocation)),
    ])
}

fn invocation(invocation: &Invocation) -> Value {
    object([
        ("audience", Some(json!(invocation.audience.to_string()))),
        ("action", Some(json!(invocation.action))),
        ("resource", Some(json!(invocation.resource.as_str()))),
        ("valid_until_s", Some(json!(invocation.valid_until.0))),
        ("payment", invocation.payment.as_ref().map(payment)),
        ("request", invocation.request.map(|digest| json!(digest.to_string()))),
    ])
}

fn payment(payment: &Payment) -> Value {
    object([
        ("amount", Some(json!(payment.amount.to_string()))),
        ("unit", Some(json!(payment.unit.to_string()))),
        ("settle_by_s", Some(json!(payment.settle_by.0))),
        ("refund_until_s", payment.refund_until.map(|until| json!(until.0))),
    ])
}
