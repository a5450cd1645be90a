//! What is submitted: its ids, and what every member says.

use super::{act, claims, list, maybe, object, some, text, texts};
use crate::object::{Act, Body, Operation, Verified};
use serde_json::Value;

/// A submission whose signatures verify: its `id` and `kind`, the `ledger`, and for each operation its `kind`, `id`,
/// the ids of its signed `objects` and their `signers`, the id of its `payload` (none of a reserve), what it `says`,
/// the opened `sealed` claims, and the offline `links` and `approvals`, each with `id`, `signer` and what it `says`.
pub fn submission(submission: &Verified) -> Value {
    object([
        ("id", text(submission.id)),
        ("kind", some(submission.kind().text())),
        ("ledger", text(submission.ledger)),
        ("operations", Some(list(&submission.operations, operation))),
    ])
}

fn operation(operation: &Operation) -> Value {
    let (says, sealed, links) = match &operation.body {
        Body::Token(token, sealed) => (claims::token(token), Some(claims::sealed(sealed)), None),
        Body::Reserve(invocation, links) => {
            let links = list(links, |link| {
                let says = Some(claims::token(&link.token));
                object([("id", text(link.id)), ("signer", text(link.signer.bytes())), ("says", says)])
            });
            (claims::invocation(invocation), None, Some(links))
        }
        Body::Act(stamp, of, sealed) => (act::act(stamp, of), sealed.as_ref().map(claims::sealed), None),
    };
    let approvals = list(&operation.approvals, |approval| {
        let says = act::act(&approval.stamp, &Act::Approve { request: approval.request });
        let signer = text(approval.signer.bytes());
        object([("id", text(approval.id)), ("signer", signer), ("says", Some(says))])
    });
    object([
        ("kind", some(operation.kind.text())),
        ("id", text(operation.id)),
        ("objects", Some(texts(&operation.ids))),
        ("signers", Some(texts(operation.signers.iter().map(|key| key.bytes())))),
        ("payload", maybe(operation.payload)),
        ("says", Some(says)),
        ("sealed", sealed),
        ("links", links),
        ("approvals", Some(approvals)),
    ])
}
