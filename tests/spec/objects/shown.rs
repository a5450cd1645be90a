//! What a service is shown (spec 09).

use super::{
    ASSISTANT, COMPANY, HOTEL_AGENT, START, SUB_AGENT, Sample, ledger, log, outcome, sign, state, tokens,
};
use remit_verifier::cose::Sign1;
use remit_verifier::feed::StatusUpdate;
use remit_verifier::label;
use remit_verifier::log::Entry;
use remit_verifier::object::{Invocation, Link};
use remit_verifier::receipt::{Receipt, ReceiptDraft};
use remit_verifier::sign::{LocalSigner, sign_receipt};
use remit_verifier::state::Leaf;
use remit_verifier::types::{EntryIndex, Hash, Millis, Seconds, TreeSize};
use remit_verifier::verify::{Case, Evidence, Presentation};

fn presentation() -> Vec<u8> {
    let is_commitment = |sample: &Sample| sample.rule == "commitment";
    let commitment = log().into_iter().find(is_commitment).map(|sample| sample.bytes).unwrap_or_default();
    let leaves = state().into_iter().filter(|sample| sample.rule == "state-leaf").map(|sample| sample.bytes);
    let leaves: Vec<_> = leaves.collect();
    let chain = [
        sign(COMPANY, label::TOKEN, &tokens::root()),
        sign(ASSISTANT, label::TOKEN, &tokens::logged()),
        sign(HOTEL_AGENT, label::TOKEN, &tokens::offline()),
    ];
    let presentation = Presentation {
        ledger: ledger(),
        note: b"a signed note",
        commitment: &commitment,
        commitment_path: vec![Hash([1; 32]), Hash([2; 32])],
        leaves: leaves.iter().map(Vec::as_slice).collect(),
        state_proof: vec![Hash([3; 32])],
        tokens: chain.iter().map(Vec::as_slice).collect(),
    };
    presentation.encode()
}

/// Without the tag in front.
fn receipt() -> Vec<u8> {
    let path = [Hash([1; 32]), Hash([2; 32])];
    let (time, size, index) = (Seconds(START), TreeSize(4), EntryIndex(2));
    let draft = ReceiptDraft { origin: "ledger.example/trips", time, size, index, path: &path };
    let signer = LocalSigner::from_seed(&[1; 32]);
    sign_receipt(&signer, &draft, &Hash([3; 32])).expect("signed").split_off(1)
}

fn accepts_receipt(bytes: &[u8]) -> bool {
    Receipt::decode(&[&[0xd2], bytes].concat()).is_ok()
}

fn evidence() -> Vec<u8> {
    let ids = vec![tokens::invocation_id(), tokens::root_id()];
    Evidence { entry: &outcome(), ids, proof: b"a proof as text" }.encode()
}

fn case() -> Vec<u8> {
    let approval = sign(COMPANY, label::APPROVE, &super::acts::approval());
    let case = Case {
        now: Millis(START * 1000 + 30_000),
        newest: Millis(0),
        presentation: &presentation(),
        invocation: Some(&sign(SUB_AGENT, label::INVOCATION, &tokens::invocation())),
        arguments: tokens::arguments(),
        evidence: Some(&evidence()),
        policy: b"a policy file",
        approvals: vec![&approval],
    };
    case.encode()
}

fn bare_case() -> Vec<u8> {
    let case = Case {
        now: Millis(0),
        newest: Millis(0),
        presentation: &presentation(),
        invocation: None,
        arguments: Vec::new(),
        evidence: None,
        policy: b"a policy file",
        approvals: Vec::new(),
    };
    case.encode()
}

/// What a ledger tells a follower of a state that has not changed.
fn status_update() -> Vec<u8> {
    let bytes = presentation();
    let shown = Presentation::decode(&bytes).expect("a presentation");
    StatusUpdate {
        ledger: shown.ledger,
        since: TreeSize(3),
        consistency: vec![Hash([1; 32])],
        note: shown.note,
        commitment: shown.commitment,
        commitment_path: shown.commitment_path,
        leaf: shown.leaves[0],
        leaf_path: vec![Hash([2; 32]); 2],
        whole: true,
        changes: &[0x3a],
    }
    .encode()
}

pub(super) fn samples() -> Vec<Sample> {
    let case_sample = |name, bytes| Sample { name, rule: "case", bytes, accepts: Some(is_case) };
    vec![
        Sample { name: "receipt", rule: "receipt", bytes: receipt(), accepts: Some(accepts_receipt) },
        Sample {
            name: "presentation",
            rule: "presentation",
            bytes: presentation(),
            accepts: Some(is_presentation),
        },
        Sample {
            name: "status-update",
            rule: "status-update",
            bytes: status_update(),
            accepts: Some(is_status_update),
        },
        Sample { name: "evidence", rule: "evidence", bytes: evidence(), accepts: Some(is_evidence) },
        case_sample("case", case()),
        case_sample("case-bare", bare_case()),
    ]
}

/// Decodes a presentation with all that stands in it.
fn is_presentation(bytes: &[u8]) -> bool {
    Presentation::decode(bytes).is_ok_and(|shown| {
        matches!(Entry::decode(shown.commitment), Ok(Entry::Commitment(_)))
            && shown.leaves.iter().all(|leaf| Leaf::decode(leaf).is_ok())
            && shown.tokens.iter().all(|token| Link::decode(token, &shown.ledger).is_ok())
    })
}

/// Decodes an update with what stands in it, but for the note and the changes.
fn is_status_update(bytes: &[u8]) -> bool {
    StatusUpdate::decode(bytes).is_ok_and(|update| {
        matches!(Entry::decode(update.commitment), Ok(Entry::Commitment(_)))
            && Leaf::decode(update.leaf).is_ok()
    })
}

/// Decodes evidence with the entry in it.
fn is_evidence(bytes: &[u8]) -> bool {
    Evidence::decode(bytes)
        .is_ok_and(|evidence| matches!(Entry::decode(evidence.entry), Ok(Entry::Outcome(_))))
}

/// Decodes a case with all that stands in it.
fn is_case(bytes: &[u8]) -> bool {
    let is_invocation =
        |bytes: &&[u8]| Sign1::decode(bytes).is_ok_and(|object| Invocation::decode(object.payload).is_ok());
    Case::decode(bytes).is_ok_and(|case| {
        is_presentation(case.presentation)
            && case.invocation.iter().all(is_invocation)
            && case.evidence.is_none_or(is_evidence)
    })
}
