//! `remit audit show`: one entry in words: who did what, with how much, and what it changed.

use super::computed::compute;
use super::snapshot::Since;
use super::source::Of;
use super::teller::{Row, Teller, short};
use crate::audit::snapshot::Start;
use crate::cli::explain::{Wanted, wanted};
use crate::cli::out::{Done, Failure, Outcome};
use crate::cli::text::operation::says;
use crate::cli::text::time;
use crate::engine::Batch;
use crate::machine::{LeafRecord, StateKey as _, key};
use crate::store::StoredEntry;
use clap::Args;
use remit_verifier::log::Entry;
use remit_verifier::object::{Operation, Submission};
use remit_verifier::state::{LeafBody, Life};
use remit_verifier::types::{Amount, EntryIndex, ObjectId, StateIndex};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Args)]
pub(super) struct Show {
    #[command(flatten)]
    log: Of,
    #[command(flatten)]
    since: Since,
    /// The index of the entry, or the id of an operation, token or submission that it decided.
    #[arg(value_name = "ENTRY|ID")]
    what: String,
}

/// The entry that is shown.
struct Shown {
    at: EntryIndex,
    entry: Entry,
    rows: Vec<Row>,
    operations: Vec<Operation>,
    changed: Vec<(StateIndex, Option<LeafRecord>)>,
}

impl Show {
    pub(super) fn run(self) -> Outcome {
        let (log, asked) = (self.log.open()?, wanted(&self.what)?);
        let (start, before) = self.since.start(&log)?;
        if let Wanted::Entry(at) = &asked {
            before.require(*at)?;
        }
        let (mut teller, mut shown) = (Teller::behind(start.as_ref()), None::<Shown>);
        // Units by their leaves: details name them so.
        let mut units = start.as_ref().map(units_of).unwrap_or_default();
        let (_, root) = compute(&log, start, |batch, items| {
            for ((item, made), at) in items.iter().zip(&batch.entries).zip(batch.first.0..) {
                let rows = teller.tell(item)?;
                if is_asked(&asked, EntryIndex(at), &rows) {
                    shown = Some(read(batch, item, (EntryIndex(at), rows), &made.touched)?);
                }
                for leaf in &made.touched {
                    if let Some(record) = after(batch, *leaf)
                        && matches!(record.leaf.body, LeafBody::Unit(_))
                    {
                        units.insert(*leaf, record.leaf.id);
                    }
                }
            }
            Ok(())
        })?;
        let shown = shown.ok_or_else(|| {
            Failure::refused("not_found", format!("no entry of the log's {} is {}", log.size, self.what))
        })?;
        let when = time::show(shown.entry.time().seconds());
        let mut done = Done::say(format!("entry {} of {}, {when}", shown.at, log.size));
        for line in header(&shown.entry) {
            done = done.line(line);
        }
        for row in shown.rows.iter().filter(|row| row.id.is_some()) {
            done = done.line(teller.words(row));
            if let Some(issuer) = &row.issuer {
                done = done.line(format!("  issued by {}", teller.named(issuer)));
            }
        }
        for operation in &shown.operations {
            done = done.line(format!("{} {}", operation.kind.text().replace('_', " "), operation.id));
            done = done.line(format!("  {}", says(operation)));
        }
        let unit = |index: StateIndex| units.get(&index).map(|id| teller.unit(id));
        for (leaf, record) in &shown.changed {
            for line in record.iter().flat_map(|record| changed(*leaf, record, &unit)) {
                done = done.line(line);
            }
        }
        let views: Vec<Value> = shown.rows.iter().map(|row| teller.view(row)).collect();
        let leaves = shown.changed.iter().map(|(leaf, record)| {
            json!({"leaf": leaf.0, "id": record.as_ref().map(|record| record.leaf.id.to_string())})
        });
        let says: Vec<String> = shown.operations.iter().map(says).collect();
        Ok(before
            .told(done)
            .line(format!("prove it to others: remit audit prove {} {}", self.log.source(), shown.at))
            .with("ledger", log.ledger.to_string())
            .with("entry", shown.at.0)
            .with("time_ms", shown.entry.time().0)
            .with("operations", views)
            .with("says", says)
            .with("changed", leaves.collect::<Vec<_>>())
            .with("entries", log.size.0)
            .with("log_root", root.to_string())
            .with("checkpoints_met", log.heads.len()))
    }
}

/// The units that a snapshot knows, by their leaves.
fn units_of(start: &Start) -> BTreeMap<StateIndex, ObjectId> {
    let indexes = (0..start.trees.state.size().0).map(StateIndex);
    let leaves = indexes.filter_map(|index| Some((index, start.state.get(&key::LeafAt(index))?)));
    leaves
        .filter(|(_, record)| record.leaf.unit().is_some())
        .map(|(at, record)| (at, record.leaf.id))
        .collect()
}

/// Whether an entry is what was asked for; what the ledger wrote itself has the id of what it ends.
fn is_asked(asked: &Wanted, at: EntryIndex, rows: &[Row]) -> bool {
    match asked {
        Wanted::Entry(index) => *index == at,
        Wanted::Operation(id) => rows.iter().any(|row| {
            row.id == Some(*id) && (!row.kind.is_written_by_the_ledger() || row.refused.is_some())
        }),
    }
}

fn read(
    batch: &Batch,
    item: &StoredEntry,
    (at, rows): (EntryIndex, Vec<Row>),
    touched: &[StateIndex],
) -> Result<Shown, Failure> {
    let entry = Entry::decode(&item.entry);
    let entry = entry.map_err(|error| Failure::refused("damaged", format!("entry {at}: {error:?}")))?;
    let submission = item.object.as_deref().and_then(|object| Submission::decode(object).ok());
    let operations = submission.map(|submission| submission.operations).unwrap_or_default();
    // A leaf that a later entry of the batch rewrote is shown as the batch left it.
    let changed = touched.iter().map(|leaf| (*leaf, after(batch, *leaf).cloned())).collect();
    Ok(Shown { at, entry, rows, operations, changed })
}

fn after(batch: &Batch, leaf: StateIndex) -> Option<&LeafRecord> {
    batch.delta.get(&key::LeafAt(leaf).key())?.and_then(key::LeafAt::unwrap).map(AsRef::as_ref)
}

/// What an entry without operations says.
fn header(entry: &Entry) -> Vec<String> {
    match entry {
        Entry::Genesis(genesis) => vec![
            format!("genesis of {}, rules {}", genesis.origin, genesis.rules),
            format!("{} of {} operators decide", genesis.threshold, genesis.operators.len()),
        ],
        Entry::Commitment(commitment) => vec![
            format!("commitment to {} leaves of the state", commitment.state_size),
            format!("  state root {}", commitment.state_root),
            format!("  status root {}", commitment.status_root),
        ],
        Entry::Outcome(outcome) => outcome
            .refused
            .map(|code| format!("refused: {}: {}", code.text(), code.meaning()))
            .into_iter()
            .collect(),
    }
}

/// A leaf as the batch left it.
fn changed(
    leaf: StateIndex,
    record: &LeafRecord,
    unit: &impl Fn(StateIndex) -> Option<crate::cli::text::amount::Unit>,
) -> Vec<String> {
    let kind = match &record.leaf.body {
        LeafBody::Ledger(_) => "the ledger",
        LeafBody::Unit(_) => "unit",
        LeafBody::Party(_) => "party",
        LeafBody::Token(_) => "token",
    };
    let life = match (record.leaf.life, record.leaf.mask) {
        (Life::Revoked, _) => ", revoked",
        (Life::Ended, _) => ", ended",
        (Life::Live, 0) => "",
        (Life::Live, _) => ", suspended",
    };
    let mut lines = vec![format!("changed {kind} {} (leaf {leaf}){life}", short(&record.leaf.id))];
    for of in record.private.iter().flat_map(|private| &private.values.units) {
        let show = |minor: u64| match unit(of.unit) {
            Some(unit) => unit.show(Amount(minor)),
            None => format!("{minor} minor units"),
        };
        let counters = &of.counters;
        let parts = [
            ("captured", counters.captured),
            ("refunded", counters.refunded),
            ("reserved", counters.reserved),
            ("pending", counters.pending),
            ("leased", counters.leased),
            ("carved", counters.carved),
            ("returned", counters.returned),
        ];
        let parts = parts.into_iter().filter(|(_, minor)| *minor > 0);
        let parts: Vec<String> = parts.map(|(name, minor)| format!("{name} {}", show(minor))).collect();
        if !parts.is_empty() {
            lines.push(format!("  then {}", parts.join(", ")));
        }
    }
    lines
}
