//! Any bytes as an update of what is followed (spec 22): never a panic, and what is accepted is written again byte for
//! byte; as changes of a table, that the table's own listing says the same again.
#![no_main]
use remit_verifier::feed::{StatusTable, StatusUpdate, encode_changes};
use remit_verifier::types::TreeSize;
use remit_verifier::verify::Followed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    remit_fuzz::same(bytes, StatusUpdate::decode, StatusUpdate::encode);
    if let Ok(state) = Followed::restore(bytes) {
        assert_eq!(Followed::restore(&state.snapshot()), Ok(state));
    }
    // Of nothing what is changed is what is listed: there is one spelling of it.
    if let Ok(table) = StatusTable::default().changed(TreeSize(5_000), bytes) {
        if table.listed().count() > 0 {
            let listed = encode_changes(table.listed());
            assert_eq!(StatusTable::default().changed(TreeSize(5_000), &listed), Ok(table));
            assert_eq!(listed, bytes);
        }
    }
});
