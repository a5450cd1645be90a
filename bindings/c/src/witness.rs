//! A witness: what it answers to the checkpoints of logs (spec 21). What it keeps is the caller's.

use crate::abi::{Bytes, List, Slot, export, slot};
use crate::holder::signer;
use crate::parts::{Parts, part};
use crate::status::Status;
use crate::table::{Object, keep, with};
use verifier::c2sp::VerifierKey;
use verifier::json;
use verifier::merkle::TreeHead;
use verifier::sign::Witness;
use verifier::types::{Seconds, TreeSize};
use verifier::witness::{Answer, Latest};

/// What was cosigned last of a log.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct LatestRow {
    origin: Bytes,
    size: u64,
    root: Bytes,
    time_s: u64,
}

fn vkey(text: &Bytes) -> Result<VerifierKey, Status> {
    VerifierKey::parse(text.text()?).map_err(|_| Status::BAD_VALUE)
}

fn known(row: &LatestRow) -> Result<(&str, Latest), Status> {
    let head = TreeHead { size: TreeSize(row.size), root: row.root.id()? };
    Ok((row.origin.text()?, Latest { head, time: Seconds(row.time_s) }))
}

export! {
    /// A witness of the logs with these keys.
    fn remit_witness_new(name: Bytes, key: Bytes, logs: List<Bytes>, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        let logs = logs.read()?.iter().map(vkey).collect::<Result<Vec<_>, Status>>()?;
        let witness = Witness::new(signer(&key)?, name.text()?, logs).map_err(|_| Status::BAD_VALUE)?;
        let parts = Parts::default().text(part::TEXT, witness.key().to_string());
        keep(out, Object::Witness(witness), parts)
    }

    /// What is answered to the body of an `add-checkpoint`.
    fn remit_witness_answer(
        witness: u64, body: Bytes, latest: List<LatestRow>, now_s: u64, out: Slot<'_, u64>
    ) {
        let out = slot(out, 0)?;
        with!(witness => witness, Witness);
        let latest = latest.read()?.iter().map(known).collect::<Result<Vec<_>, Status>>()?;
        let of = |origin: &str| latest.iter().find(|(own, _)| *own == origin).map(|(_, latest)| *latest);
        let reply = witness.reply(body.read()?, of, Seconds(now_s)).map_err(|_| Status::NO_SIGNATURE)?;
        let time = match reply.answer {
            Answer::Cosign(time) => Some(time.0),
            _ => None,
        };
        let received = reply.checkpoint;
        let parts = Parts::default()
            .text(part::JSON, json::reply(&reply).to_string())
            .text(part::NAME, reply.answer.name())
            .text(part::TEXT, &reply.body)
            .maybe(part::ORIGIN, received.map(|of| of.origin))
            .maybe(part::ROOT, received.map(|of| of.head.root.to_string()))
            .number(part::SIZE, received.map(|of| of.head.size.0))
            .number(part::HTTP_STATUS, u64::from(reply.answer.status()))
            .number(part::IS_EVIDENCE, u64::from(reply.evidence))
            .number(part::TIME, time);
        keep(out, Object::Plain, parts)
    }
}
