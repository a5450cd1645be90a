//! Any bytes as a proof in text (spec 08 §9): never a panic, and what is accepted is written again.
#![no_main]
use remit_verifier::c2sp::TlogProof;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(proof) = TlogProof::parse(bytes) {
        assert_eq!(proof.to_text().as_bytes(), bytes);
    }
});
