//! Any bytes as trust lines (spec 08 §6): never a panic, and what is accepted trusts only keys that have a text.
#![no_main]
use remit_verifier::c2sp::{Trust, VerifierKey};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(trust) = Trust::parse(bytes) {
        for key in trust.logs().map(|(key, _)| key).chain(trust.witnesses().map(|witness| witness.key())) {
            assert_eq!(VerifierKey::parse(&key.to_string()).as_ref(), Ok(key));
        }
    }
});
