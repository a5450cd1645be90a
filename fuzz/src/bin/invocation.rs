//! Any bytes as an invocation (spec 05 §1): never a panic, and what is accepted is written again byte for byte.
#![no_main]
use remit_verifier::object::Invocation;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    remit_fuzz::same(bytes, Invocation::decode, Invocation::encode);
});
