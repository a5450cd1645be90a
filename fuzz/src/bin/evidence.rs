//! Any bytes as an evidence of funding (spec 09 §2): never a panic, and what is accepted is written again
//! byte for byte.
#![no_main]
use remit_verifier::verify::Evidence;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    remit_fuzz::same(bytes, Evidence::decode, Evidence::encode);
});
