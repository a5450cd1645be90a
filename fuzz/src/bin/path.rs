//! Any text as a path (spec 04 §3): never a panic, and what is accepted is at or below itself and the empty path.
#![no_main]
use remit_verifier::object::Path;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    let Ok(path) = Path::parse(text) else { return };
    let all = Path::parse("").expect("the empty path");
    assert_eq!(path.as_str(), text);
    assert!(path.is_within(&path) && path.is_within(&all));
    assert_eq!(all.is_within(&path), text.is_empty());
    let escapes = text.chars().any(|c| matches!(c, '%' | '?' | '#' | '\\') || c.is_control());
    assert!(!escapes && (text.is_empty() || !text.split('/').any(|part| matches!(part, "" | "." | ".."))));
});
