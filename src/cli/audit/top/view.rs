//! The board for programs: one JSON object.

use super::super::teller::Teller;
use super::board::{Board, Group};
use remit_verifier::types::Millis;
use serde_json::{Map, Value, json};

/// The newest rows that each object has.
pub(super) const NEWEST: usize = 10;

impl Board {
    pub(super) fn view(&self, teller: &Teller, now: Millis) -> Value {
        let ((now_count, now_ms), (count, span_ms)) = (self.now(), self.in_window());
        let newest: Vec<Value> = self.newest().take(NEWEST).map(|row| teller.view(row)).collect();
        let groups: Vec<Value> = self.groups(teller).iter().map(|group| viewed(group, teller)).collect();
        json!({
            "ledger": self.ledger.to_string(),
            "origin": self.origin,
            "entries": self.head.size.0,
            "log_root": self.head.root.to_string(),
            "steps": self.steps,
            "committed_ms": self.committed.0,
            "age_ms": now.0.saturating_sub(self.committed.0),
            "stale": self.is_stale(now),
            "fault": self.fault,
            "now": {"operations": now_count.operations, "refused": now_count.refused, "span_ms": now_ms},
            "window": {"operations": count.operations, "refused": count.refused, "span_ms": span_ms,
                "window_ms": self.window.0},
            "refused": counted(self.refusals()),
            "control": counted(self.control()),
            "amounts_unknown": self.unknown(),
            "by": super::name_of(self.by),
            "groups": groups,
            "newest": newest,
        })
    }
}

fn counted(counts: Vec<(&'static str, u64)>) -> Map<String, Value> {
    counts.into_iter().map(|(name, count)| (name.to_owned(), json!(count))).collect()
}

fn viewed(group: &Group, teller: &Teller) -> Value {
    let moved = group.moved.iter().map(|(id, moved)| {
        let unit = teller.unit(id);
        json!({"unit": id.to_string(), "unit_name": unit.name, "decimals": unit.decimals,
            "captured": moved.captured.to_string(), "reserved": moved.reserved.to_string(),
            "refunded": moved.refunded.to_string()})
    });
    let moved: Vec<Value> = moved.collect();
    json!({"by": group.key, "name": group.name, "operations": group.count.operations,
        "refused": group.count.refused, "moved": moved})
}
