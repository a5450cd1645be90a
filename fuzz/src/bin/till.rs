//! Any bytes as what a till keeps (spec 16 §6): never a panic, and what is accepted is written again byte for byte.
#![no_main]
use remit_verifier::till::Till;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    remit_fuzz::same(bytes, Till::decode, Till::encode);
});
