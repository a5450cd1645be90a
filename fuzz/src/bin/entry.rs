//! Any bytes as a log entry (spec 03 §1): never a panic, and what is accepted is written again byte for byte.
#![no_main]
use remit_verifier::log::Entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    remit_fuzz::same(bytes, Entry::decode, Entry::encode);
});
