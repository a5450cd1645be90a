//! Any bytes as a signed object (spec 02 §2): never a panic, and what is accepted is written again byte for byte.
#![no_main]
use remit_verifier::cose::Sign1;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    remit_fuzz::same(bytes, Sign1::decode, Sign1::encode);
});
