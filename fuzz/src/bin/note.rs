//! Any bytes as a signed note (spec 08 §2): never a panic, and what is accepted is put together again.
#![no_main]
use remit_verifier::c2sp::SignedNote;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(note) = SignedNote::parse(bytes) {
        assert_eq!(note.as_str().as_bytes(), bytes);
        let lines = &note.as_str()[note.text().len() + 1..];
        assert_eq!(SignedNote::assemble(note.text(), lines).as_deref(), Ok(note.as_str()));
    }
});
