//! Any bytes as a sealed claims (spec 04 §6): never a panic, and what is accepted is written again byte for byte.
#![no_main]
use remit_verifier::object::Sealed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    remit_fuzz::same(bytes, Sealed::decode, Sealed::encode);
});
