//! What a service is shown (spec 09), written part by part.

use super::{
    ASSISTANT, COMPANY, HOTEL_AGENT, START, SUB_AGENT, Sample, ledger, log, outcome, sign, state, tokens,
};
use remit_verifier::cbor::Writer;
use remit_verifier::label;

fn put<T: AsRef<[u8]>>(w: &mut Writer, item: &T) {
    w.bytes(item.as_ref());
}

fn presentation() -> Vec<u8> {
    let is_commitment = |sample: &Sample| sample.rule == "commitment";
    let commitment = log().into_iter().find(is_commitment).map(|sample| sample.bytes).unwrap_or_default();
    let leaves = state().into_iter().filter(|sample| sample.rule == "state-leaf").map(|sample| sample.bytes);
    let chain = [
        sign(COMPANY, label::TOKEN, &tokens::root()),
        sign(ASSISTANT, label::TOKEN, &tokens::logged()),
        sign(HOTEL_AGENT, label::TOKEN, &tokens::offline()),
    ];
    let mut w = Writer::labelled(label::PRESENTATION, 8);
    w.bytes(&ledger().0).bytes(b"a signed note").bytes(&commitment);
    w.bytes(&[1; 64]).list(&leaves.collect::<Vec<_>>(), put);
    w.bytes(&[3; 32]).list(&chain, put);
    w.into_bytes()
}

fn evidence() -> Vec<u8> {
    let mut w = Writer::labelled(label::EVIDENCE, 4);
    w.bytes(&outcome()).list(&[tokens::invocation_id(), tokens::root_id()], |w, id| {
        w.bytes(&id.0);
    });
    w.bytes(b"a proof as text");
    w.into_bytes()
}

fn case() -> Vec<u8> {
    let mut w = Writer::labelled(label::CASE, 8);
    w.u64(START * 1000 + 30_000).u64(0).bytes(&presentation());
    w.bytes(&sign(SUB_AGENT, label::INVOCATION, &tokens::invocation()));
    w.list(&tokens::arguments(), |w, argument| argument.encode(w));
    w.bytes(&evidence()).bytes(b"a policy file");
    w.into_bytes()
}

fn bare_case() -> Vec<u8> {
    let mut w = Writer::labelled(label::CASE, 8);
    w.u64(0).u64(0).bytes(&presentation()).null().array(0).null().bytes(b"a policy file");
    w.into_bytes()
}

pub(super) fn samples() -> Vec<Sample> {
    let sample = |name, rule, bytes| Sample { name, rule, bytes, accepts: None };
    vec![
        sample("presentation", "presentation", presentation()),
        sample("evidence", "evidence", evidence()),
        sample("case", "case", case()),
        sample("case-bare", "case", bare_case()),
    ]
}
