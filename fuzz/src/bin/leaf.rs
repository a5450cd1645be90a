//! Any bytes as a state leaf (spec 06 §1): never a panic, and what is accepted is written again byte for byte.
#![no_main]
use remit_verifier::state::Leaf;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    remit_fuzz::same(bytes, Leaf::decode, Leaf::encode);
});
