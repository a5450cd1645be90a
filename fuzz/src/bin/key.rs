//! Any 32 bytes as a public key (spec 01 §2): never a panic, and what is accepted is returned as it came.
#![no_main]
use remit_verifier::{key::PublicKey, types::KeyBytes};

libfuzzer_sys::fuzz_target!(|bytes: [u8; 32]| {
    if let Ok(key) = PublicKey::parse(&KeyBytes(bytes)) {
        assert_eq!(key.bytes().0, bytes);
    }
});
