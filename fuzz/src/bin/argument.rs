//! Any bytes as an argument (spec 05 §2): never a panic, and what is accepted is written again byte for byte.
#![no_main]
use remit_verifier::cbor::{Reader, Writer};
use remit_verifier::object::Argument;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let decode = |bytes| Reader::whole(bytes, 4_096, Argument::decode);
    remit_fuzz::same(bytes, decode, |argument| {
        let mut writer = Writer::default();
        argument.encode(&mut writer);
        writer.into_bytes()
    });
});
