//! `remit audit history`: every entry that made a token, party or unit what it is. It is complete, because it folds to
//! the history in the leaf, and the leaf is under the state root that the log ends with (spec 06 §5).

use super::computed::compute;
use super::snapshot::Since;
use super::source::Of;
use super::teller::{Row, Teller};
use crate::audit::Held;
use crate::cli::out::{Done, Failure, Outcome};
use crate::cli::text::{id, time};
use crate::engine::Batch;
use crate::machine::{StateKey as _, key};
use clap::Args;
use remit_verifier::hash::leaf_hash;
use remit_verifier::state::history;
use remit_verifier::types::{EntryIndex, Hash, ObjectId, StateIndex};
use serde_json::json;

#[derive(Args)]
pub(super) struct History {
    #[command(flatten)]
    log: Of,
    #[command(flatten)]
    since: Since,
    /// The token, party or unit.
    #[arg(value_name = "ID", value_parser = id)]
    id: ObjectId,
}

/// What an entry of the history says, and its hash.
struct Event {
    rows: Vec<Row>,
    at: EntryIndex,
    leaf_hash: Hash,
}

impl History {
    pub(super) fn run(self) -> Outcome {
        let log = self.log.open()?;
        let (start, before) = self.since.start(&log)?;
        let (mut teller, mut events) = (Teller::behind(start.as_ref()), Vec::<Event>::new());
        // What it was where this begins.
        let known = start.as_ref().and_then(|start| {
            let leaf = *start.state.get(&key::IndexOf(self.id))?;
            Some((leaf, start.state.get(&key::LeafAt(leaf))?.leaf.history))
        });
        let mut leaf = known.map(|(leaf, _)| leaf);
        let (held, root) = compute(&log, start, |batch, items| {
            let told = items.iter().map(|item| teller.tell(item)).collect::<Result<Vec<_>, _>>()?;
            leaf = leaf.or_else(|| admitted(batch, &self.id));
            for ((entry, rows), at) in batch.entries.iter().zip(told).zip(batch.first.0..) {
                if leaf.is_some_and(|leaf| entry.touched.contains(&leaf)) {
                    events.push(Event { rows, at: EntryIndex(at), leaf_hash: leaf_hash(&entry.bytes) });
                }
            }
            Ok(())
        })?;
        let leaf = leaf.ok_or_else(|| {
            Failure::refused("not_found", format!("the log admits nothing with the id {}", self.id))
        })?;
        let begun = known.map(|(_, history)| history).unwrap_or_default();
        let folded = folds(&held, leaf, begun, &events)?;
        let mut done = Done::say(format!("leaf {leaf}, {} entries", events.len()));
        for event in &events {
            for row in &event.rows {
                let when = time::show(row.time.seconds());
                done = done.line(format!("{:>8}  {when}  {}", event.at, teller.words(row)));
            }
        }
        let view = |event: &Event| {
            let rows: Vec<_> = event.rows.iter().map(|row| teller.view(row)).collect();
            json!({"entry": event.at.0, "leaf_hash": event.leaf_hash.to_string(), "operations": rows})
        };
        let whole = known.is_none();
        let said = if whole { "complete: they fold" } else { "complete from there on: they fold" };
        Ok(before
            .told(done)
            .line(format!("{said} to the history {folded} of the leaf"))
            .line(format!("which is under the state root {}", held.trees().state.root()))
            .line(format!("of the log of {} entries; {} checkpoints met", log.size, log.heads.len()))
            .with("ledger", log.ledger.to_string())
            .with("id", self.id.to_string())
            .with("leaf", leaf.0)
            .with("folded", folded.to_string())
            .with("complete", whole)
            .with("entries", events.iter().map(view).collect::<Vec<_>>())
            .with("state_root", held.trees().state.root().to_string())
            .with("log_root", root.to_string())
            .with("size", log.size.0)
            .with("checkpoints_met", log.heads.len()))
    }
}

/// The leaf that a batch gives to this id.
fn admitted(batch: &Batch, id: &ObjectId) -> Option<StateIndex> {
    batch.delta.get(&key::IndexOf(*id).key())?.and_then(key::IndexOf::unwrap).copied()
}

/// Requires that the entries fold to what the leaf says.
fn folds(held: &Held, leaf: StateIndex, begun: Hash, events: &[Event]) -> Result<Hash, Failure> {
    let folded = events.iter().fold(begun, |before, event| history(&before, event.at, &event.leaf_hash));
    let stated = held.state().get(&key::LeafAt(leaf)).map(|record| record.leaf.history);
    if stated == Some(folded) {
        return Ok(folded);
    }
    Err(Failure::refused("incomplete", format!("the entries of leaf {leaf} do not fold to its history"))
        .hint(super::EVIDENCE))
}
