//! Any text as a checkpoint (spec 08 §3): never a panic, and what is accepted is written again.
#![no_main]
use remit_verifier::c2sp::Checkpoint;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_text(), text);
    }
});
