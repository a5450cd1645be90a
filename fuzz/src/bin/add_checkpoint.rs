//! Any bytes as a request to a witness (spec 21 §1): never a panic, and what is accepted is written again.
#![no_main]
use remit_verifier::c2sp::AddCheckpoint;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_text().as_bytes(), bytes);
        assert!(request.verify_submitter(&[]).is_err());
    }
});
