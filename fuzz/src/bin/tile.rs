//! Any text as the path of a tile (spec 07 §8): never a panic, and a tile has one spelling.
#![no_main]
use remit::tree::tile::Tile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    if let Some(tile) = Tile::parse(text) {
        assert_eq!(tile.to_string(), text);
    }
});
