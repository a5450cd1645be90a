//! Any bytes as the proof of a lease (spec 16 §5): never a panic, and what is accepted is written again byte for byte.
#![no_main]
use remit_verifier::till::LeaseProof;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    remit_fuzz::same(bytes, LeaseProof::decode, LeaseProof::encode);
});
