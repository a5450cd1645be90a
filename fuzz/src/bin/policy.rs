//! Any bytes as a policy file (spec 13): never a panic, and what is accepted fits together.
#![no_main]
use remit_verifier::verify::Policy;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(policy) = Policy::from_toml(bytes) {
        assert!(Policy::new(policy.settings().clone()).is_ok());
    }
});
