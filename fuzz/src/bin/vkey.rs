//! Any text as a verifier key (spec 08 §1): never a panic, and what is accepted is written again.
#![no_main]
use remit_verifier::c2sp::VerifierKey;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(key.to_string(), text);
    }
});
