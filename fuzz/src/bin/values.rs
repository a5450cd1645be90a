//! Any bytes as opened values (spec 06 §4): never a panic, and what is accepted is written again byte for byte.
#![no_main]
use remit_verifier::cbor::{Fields, Writer};
use remit_verifier::label;
use remit_verifier::state::Values;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // The salt stands for the secret, which is not open.
    remit_fuzz::same(bytes, Values::decode, |(values, salt)| {
        let mut writer = Writer::labelled(label::VALUES, 5);
        writer.bytes(&salt.0).u64(values.event).list(&values.units, |w, unit| unit.encode(w));
        let mut open = Fields::default();
        open.opt(1, values.rekey, |w, id| w.bytes(&id.0));
        writer.fields(open);
        writer.into_bytes()
    });
});
