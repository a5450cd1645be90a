//! Any bytes as a case file (spec 09 §3): never a panic, and what is accepted is written again byte for byte.
#![no_main]
use remit_verifier::verify::Case;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    remit_fuzz::same(bytes, Case::decode, Case::encode);
});
