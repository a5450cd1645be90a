//! Checkpoints that were accepted, and what a witness answers.

use super::{list, object, some, text};
use crate::c2sp::{AcceptedCheckpoint, Cosigner};
use crate::receipt::Receipt;
#[cfg(feature = "sign")]
use crate::sign::Reply;
#[cfg(feature = "sign")]
use crate::witness::Answer;
use serde_json::{Value, json};

/// A checkpoint that was accepted: `origin`, `size`, `root`, `log_key`, the `cosigners` that counted, each with `key`
/// and `time_s`, and, unless the quorum is `none`, `evidence_time_ms`.
pub fn checkpoint(accepted: &AcceptedCheckpoint) -> Value {
    let cosigner = |of: &Cosigner| object([("key", text(of.key)), ("time_s", some(of.time.0))]);
    object([
        ("origin", some(accepted.origin())),
        ("size", some(accepted.size().0)),
        ("root", text(accepted.root())),
        ("log_key", text(accepted.log_key())),
        ("cosigners", Some(list(accepted.cosigners(), cosigner))),
        ("evidence_time_ms", accepted.evidence_time().map(|time| json!(time.0))),
    ])
}

/// A receipt: `origin`, `log_key`, `time_s`, `size`, `index`. Whether it is good is for [`Receipt::verify`] to say.
pub fn receipt(receipt: &Receipt<'_>) -> Value {
    object([
        ("origin", some(receipt.origin)),
        ("log_key", text(receipt.kid)),
        ("time_s", some(receipt.time.0)),
        ("size", some(receipt.size.0)),
        ("index", some(receipt.index.0)),
    ])
}

/// What a witness answers: the name of the `answer`, `status` and `body`, whether the checkpoint is `evidence`; and of
/// one that a known log signed `origin`, `size`, `root`, and if it is cosigned `time_s`.
#[cfg(feature = "sign")]
pub fn reply(reply: &Reply<'_>) -> Value {
    let time = match reply.answer {
        Answer::Cosign(time) => Some(time.0),
        _ => None,
    };
    object([
        ("answer", some(reply.answer.name())),
        ("status", some(reply.answer.status())),
        ("body", some(reply.body.as_str())),
        ("evidence", some(reply.evidence)),
        ("origin", reply.checkpoint.map(|of| json!(of.origin))),
        ("size", reply.checkpoint.map(|of| json!(of.head.size.0))),
        ("root", reply.checkpoint.and_then(|of| text(of.head.root))),
        ("time_s", time.map(Value::from)),
    ])
}
