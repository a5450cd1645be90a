//! Any bytes as a presentation (spec 09 §1): never a panic, and what is accepted is written again byte for byte.
#![no_main]
use remit_verifier::verify::Presentation;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    remit_fuzz::same(bytes, Presentation::decode, Presentation::encode);
});
