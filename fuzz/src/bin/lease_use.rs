//! Any bytes as a use of a lease (spec 16 §4): never a panic, and what is accepted is written again byte for byte.
#![no_main]
use remit_verifier::object::Use;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    remit_fuzz::same(bytes, Use::decode, Use::encode);
});
