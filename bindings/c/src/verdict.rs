//! Verdicts (spec 10 §1).

use crate::abi::{Bytes, List, Slot, export, slot};
use crate::argument::read_all;
use crate::parts::{Parts, part};
use crate::status::Status;
use crate::table::{Handle, Object, keep, with};
use std::sync::{Mutex, MutexGuard};
use verifier::json;
use verifier::object::Invocation;
use verifier::types::{Hash, Millis};
use verifier::verify::{Decision, Request, Verdict, Verifier};

/// What is judged: bytes that were brought, whatever is absent being absent.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Question {
    pub(crate) presentation: Bytes,
    pub(crate) invocation: Bytes,
    pub(crate) arguments: List<Bytes>,
    pub(crate) approvals: List<Bytes>,
    pub(crate) evidence: Bytes,
}

/// The bytes of a list.
pub(crate) fn all(list: &List<Bytes>) -> Result<Vec<&[u8]>, Status> {
    list.read()?.iter().map(Bytes::read).collect()
}

/// What a function that judges returns: 0 is a yes.
pub(crate) fn answer(decision: Decision) -> Result<(), Status> {
    match decision {
        Decision::Allowed => Ok(()),
        Decision::Permitted => Err(Status::PERMITTED),
        Decision::Denied(code) => Err(code.into()),
    }
}

/// What can be read of a verdict.
pub(crate) fn parts(verdict: &Verdict) -> Parts {
    let (decision, code) = match verdict.decision {
        Decision::Denied(code) => (0, u64::from(code.number())),
        Decision::Permitted => (1, 0),
        Decision::Allowed => (2, 0),
    };
    let subject = &verdict.subject;
    let parts = Parts::default()
        .text(part::JSON, json::verdict(verdict).to_string())
        .number(part::DECISION, decision)
        .number(part::CODE, code)
        .number(part::AGE_MS, verdict.age.map(|age| age.0))
        .maybe(part::LEDGER, subject.ledger.map(|id| Hash(id.0).to_string()))
        .maybe(part::HOLDER, subject.holder.map(|key| Hash(key.0).to_string()))
        .maybe(part::REQUEST_ID, subject.request.map(|id| Hash(id.0).to_string()))
        .id(part::ISSUER, subject.issuer)
        .id(part::ROOT, subject.root)
        .id(part::TOKEN, subject.token)
        .id(part::ID, subject.id)
        .checks(&verdict.checks);
    match &subject.invocation {
        Some(invocation) => asked(parts, invocation),
        None => parts,
    }
}

fn asked(parts: Parts, invocation: &Invocation) -> Parts {
    let payment = invocation.payment.as_ref();
    parts
        .id(part::AUDIENCE, Some(invocation.audience))
        .text(part::ACTION, &invocation.action)
        .text(part::RESOURCE, invocation.resource.as_str())
        .number(part::VALID_UNTIL, invocation.valid_until.0)
        .maybe(part::REQUEST, invocation.request.map(|digest| digest.to_string()))
        .id(part::UNIT, payment.map(|payment| payment.unit))
        .number(part::AMOUNT, payment.map(|payment| payment.amount.0))
        .number(part::SETTLE_BY, payment.map(|payment| payment.settle_by.0))
        .number(part::REFUND_UNTIL, payment.and_then(|payment| payment.refund_until).map(|until| until.0))
}

/// Keeps a verdict, and returns what it says.
pub(crate) fn put(out: &mut Handle, verdict: &Verdict) -> Result<(), Status> {
    keep(out, Object::Plain, parts(verdict))?;
    answer(verdict.decision)
}

/// The verifier, for this thread alone; one that a bug left half done is not used again.
pub(crate) fn lock(verifier: &Mutex<Verifier>) -> Result<MutexGuard<'_, Verifier>, Status> {
    verifier.lock().map_err(|_| Status::BUG)
}

export! {
    /// Makes a verifier with a policy.
    fn remit_verifier_new(policy: u64, newest_ms: u64, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        with!(policy => policy, Policy);
        let verifier = Verifier::new(policy.clone(), Millis(newest_ms));
        keep(out, Object::Verifier(Mutex::new(verifier)), Parts::default())
    }

    /// Takes note of the newest evidence that was ever seen.
    fn remit_verifier_see(verifier: u64, newest_ms: u64) {
        with!(verifier => verifier, Verifier);
        lock(verifier)?.see(Millis(newest_ms));
        Ok(())
    }

    /// Time of the newest evidence that was accepted.
    fn remit_verifier_newest(verifier: u64, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        with!(verifier => verifier, Verifier);
        *out = lock(verifier)?.newest().0;
        Ok(())
    }

    /// Judges a presentation, and the request on it if there is one.
    fn remit_verify(verifier: u64, question: Option<&Question>, now_ms: u64, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        with!(verifier => verifier, Verifier);
        let question = question.ok_or(Status::BAD_POINTER)?;
        let (arguments, approvals) = (read_all(&question.arguments)?, all(&question.approvals)?);
        let invocation = question.invocation.maybe()?;
        let request = invocation.map(|invocation| Request {
            invocation,
            arguments: &arguments,
            approvals: &approvals,
        });
        let (presentation, evidence) = (question.presentation.read()?, question.evidence.maybe()?);
        let verdict = lock(verifier)?.verify(presentation, request.as_ref(), evidence, Millis(now_ms));
        put(out, &verdict)
    }

    /// Whether evidence of funding is of an entry in a trusted log.
    fn remit_proves(verifier: u64, evidence: Bytes, now_ms: u64) {
        with!(verifier => verifier, Verifier);
        Ok(lock(verifier)?.proves(evidence.read()?, Millis(now_ms))?)
    }
}
