//! Any bytes as a submission (spec 02 §6): never a panic, not even when signatures are checked, and its parts are kept.
#![no_main]
use remit_verifier::object::{Body, Envelope, Submission};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(decoded) = Submission::decode(bytes) else { return };
    let member = |operation: &remit_verifier::object::Operation| {
        let sealed = match &operation.body {
            Body::Token(_, sealed) | Body::Act(_, _, Some(sealed)) => Some(sealed.encode()),
            _ => None,
        };
        Envelope {
            kind: operation.kind,
            objects: operation.objects(),
            sealed,
            links: Vec::new(),
            approvals: Vec::new(),
        }
    };
    let members: Vec<_> = decoded.operations.iter().map(member).collect();
    let linked = decoded.operations.iter().any(|operation| {
        let through = matches!(&operation.body, Body::Reserve(_, links) if !links.is_empty());
        through || !operation.approvals.is_empty()
    });
    if !linked {
        assert_eq!(Envelope::submission(&decoded.ledger, &members), bytes, "written again");
    }
    let _ = decoded.clone().verify(&decoded.ledger);
});
