//! Any bytes as a bundle of entries (spec 07 §8): never a panic, and what is accepted is written again.
#![no_main]
use remit::tree::tile::{bundle_entries, push_entry};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((first, bundle)) = bytes.split_first() else { return };
    for width in [u16::from(*first), 256] {
        if let Ok(entries) = bundle_entries(bundle, width) {
            let mut again = Vec::new();
            entries.iter().for_each(|entry| push_entry(&mut again, entry).expect("it came from a bundle"));
            assert_eq!(again, bundle);
        }
    }
});
