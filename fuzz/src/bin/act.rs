//! Any bytes as the payload of every other kind (spec 02 §5): never a panic, and what is accepted is written again.
#![no_main]
use remit_verifier::object::{Act, Kind};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for kind in Kind::ALL {
        let decode = |bytes| Act::decode(*kind, bytes);
        remit_fuzz::same(bytes, decode, |(stamp, act)| act.encode(stamp));
    }
});
