//! Case files: what a service saw, so that anybody can reproduce its verdict (spec 09 §3).

use crate::abi::{Bytes, Slot, export, slot};
use crate::argument::{encoded, read_all};
use crate::parts::{Parts, part};
use crate::policy;
use crate::status::Status;
use crate::table::{Handle, Object, keep, with};
use crate::verdict::{self, Question, all};
use verifier::types::Millis;
use verifier::verify::Case;

fn put(out: &mut Handle, bytes: &[u8], case: &Case<'_>) -> Result<(), Status> {
    let parts = Parts::default()
        .text(part::BYTES, bytes)
        .text(part::PRESENTATION, case.presentation)
        .maybe(part::INVOCATION, case.invocation)
        .maybe(part::EVIDENCE, case.evidence)
        .text(part::POLICY, case.policy)
        .list(part::ARGUMENTS, case.arguments.iter().map(encoded))
        .list(part::APPROVALS, &case.approvals)
        .number(part::NOW_MS, case.now.0)
        .number(part::NEWEST, case.newest.0);
    keep(out, Object::Plain, parts)
}

export! {
    /// Decodes a case file; its parts are not looked into.
    fn remit_case_decode(bytes: Bytes, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        let bytes = bytes.read()?;
        put(out, bytes, &Case::decode(bytes)?)
    }

    /// Encodes a case file.
    fn remit_case_encode(
        question: Option<&Question>, policy: Bytes, now_ms: u64, newest_ms: u64, out: Slot<'_, u64>
    ) {
        let out = slot(out, 0)?;
        let question = question.ok_or(Status::BAD_POINTER)?;
        let case = Case {
            now: Millis(now_ms),
            newest: Millis(newest_ms),
            presentation: question.presentation.read()?,
            invocation: question.invocation.maybe()?,
            arguments: read_all(&question.arguments)?,
            evidence: question.evidence.maybe()?,
            policy: policy.read()?,
            approvals: all(&question.approvals)?,
        };
        put(out, &case.encode(), &case)
    }

    /// The verdict on a case file, under its own policy (0) or another.
    fn remit_case_verdict(bytes: Bytes, policy: u64, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        let case = Case::decode(bytes.read()?)?;
        if policy == 0 {
            let own = policy::read(case.policy).map_err(|_| Status::NO_POLICY)?;
            return verdict::put(out, &case.verdict(&own));
        }
        with!(policy => policy, Policy);
        verdict::put(out, &case.verdict(policy))
    }
}
