//! Any bytes as a token (spec 04 §1): never a panic, and what is accepted is written again byte for byte.
#![no_main]
use remit_verifier::object::Token;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    remit_fuzz::same(bytes, Token::decode, Token::encode);
});
