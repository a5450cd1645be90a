//! Any bytes as a snapshot, with the end that they have (spec 24): never a panic, and what is accepted is written again
//! byte for byte.
#![no_main]
use remit::audit::snapshot::{read, write};
use remit_verifier::hash::sha256;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let end = [&[0x58, 32], &sha256(&[bytes]).0[..]].concat();
    let whole = [bytes, &end].concat();
    if let Ok(start) = read(whole.as_slice()) {
        let mut again = Vec::new();
        write(&mut again, &start.place, &start.state).expect("a vector takes all bytes");
        assert_eq!(again, whole, "written again");
    }
});
