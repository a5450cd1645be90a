//! What following a ledger costs: bytes of an update, and the time to take one, at one and ten million tokens of which
//! a part is revoked.

use super::scene::scatter;
use crate::harness::Bench;
use remit::engine::StatusTree;
use remit_verifier::feed::{StatusTable, encode_changes};
use remit_verifier::state::Status;
use remit_verifier::types::{StateIndex, TreeSize};

/// Revocations between two polls.
const NEW: u64 = 100;

/// Adds the rows.
pub fn rows(bench: &mut Bench) {
    if !bench.wants(&["follow"]) {
        return;
    }
    for (tokens, per_mille, names) in [
        (1_000_000, 1, ["follow 1M 0.1%", "follow 1M 0.1% new", "follow 1M 0.1% read"]),
        (1_000_000, 10, ["follow 1M 1%", "follow 1M 1% new", "follow 1M 1% read"]),
        (10_000_000, 1, ["follow 10M 0.1%", "follow 10M 0.1% new", "follow 10M 0.1% read"]),
        (10_000_000, 10, ["follow 10M 1%", "follow 10M 1% new", "follow 10M 1% read"]),
    ] {
        let tokens = bench.scale(tokens, tokens / 1_000);
        let revoked = tokens * per_mille / 1_000;
        let places = |from: u64, count: u64| {
            (from..from + count).map(move |number| (StateIndex(scatter(number, tokens)), Status::Over))
        };
        let mut before = StatusTree::default();
        // Every leaf has its place, also in the last chunk.
        before.set((0..tokens).step_by(2_048).map(|index| (StateIndex(index), Status::Live)));
        before.set([(StateIndex(tokens - 1), Status::Live)]);
        before.set(places(0, revoked));
        let mut after = before.clone();
        after.set(places(1 << 40, NEW));
        let whole = encode_changes(before.changes_since(&StatusTree::default()));
        let changes = encode_changes(after.changes_since(&before));
        let note =
            format!("{revoked} of {tokens} in random places: changes to nothing, beside the table's bits");
        bench.size(names[0], &note, whole.len(), Some(tokens / 4));
        let note = format!("{NEW} more: changes since");
        bench.size(names[1], &note, changes.len(), None);
        let table = StatusTable::default().changed(TreeSize(tokens), &whole).expect("changes of the ledger");
        assert_eq!(table.root(), before.root(), "both are the same tree");
        let call = move || {
            let next = table.changed(TreeSize(tokens), &changes).expect("changes of the ledger");
            assert_eq!(next.root(), after.root());
        };
        bench.time(names[2], "those changes taken, and the root compared", None, call);
    }
}
