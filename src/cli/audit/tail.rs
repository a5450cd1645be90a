//! `remit audit tail`: the newest entries in words, and with `--follow` each one that comes, under a checkpoint that
//! goes on from the one before.

use super::prove::included;
use super::source::{Log, Of};
use super::teller::{Row, Teller};
use crate::cli::clock;
use crate::cli::out::{Done, Failure, Outcome, print};
use crate::cli::session::require_accepted;
use crate::cli::text::time;
use crate::tree::prove::consistency;
use clap::Args;
use remit_verifier::merkle::{TreeHead, verify_consistency};
use remit_verifier::object::Kind;
use remit_verifier::types::EntryIndex;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;

/// Entries that are asked for at a time.
const PAGE: u64 = 256;

#[derive(Args)]
pub(super) struct Tail {
    #[command(flatten)]
    log: Of,
    /// How many of the newest entries are shown first; commitments are not counted.
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    lines: usize,
    /// Goes on with what comes, until it is stopped; of a URL or of exported tiles.
    #[arg(long, short)]
    follow: bool,
    /// How often it is looked for more.
    #[arg(long, value_name = "SPAN", default_value = "2s", value_parser = time::span)]
    every: remit_verifier::types::Seconds,
    /// Shows commitments too.
    #[arg(long)]
    all: bool,
    /// Ends after so many entries that came.
    #[arg(long, value_name = "N", requires = "follow", hide = true)]
    stop_after: Option<u64>,
}

impl Tail {
    pub(super) fn run(self, as_json: bool) -> Outcome {
        let log = self.log.open()?;
        let (mut teller, mut newest) = (Teller::default(), VecDeque::<Row>::new());
        let root = log.each(|item| {
            for row in teller.tell(&item)? {
                if self.all || row.kind != Kind::Commitment {
                    newest.push_back(row);
                }
                if newest.len() > self.lines {
                    newest.pop_front();
                }
            }
            Ok(())
        })?;
        if self.follow {
            for row in &newest {
                tell(&teller, row, as_json);
            }
            return self.follow(log, teller, as_json);
        }
        let views: Vec<Value> = newest.iter().map(|row| teller.view(row)).collect();
        let lines: Vec<String> = newest.iter().map(|row| line(&teller, row)).collect();
        Ok(Done::say(lines.join("\n"))
            .with("ledger", log.ledger.to_string())
            .with("entries", log.size.0)
            .with("log_root", root.to_string())
            .with("checkpoints_met", log.heads.len())
            .with("newest", views))
    }

    fn follow(&self, mut log: Log, mut teller: Teller, as_json: bool) -> Outcome {
        let Some(mut head) = log.heads.last().copied() else {
            return Err(Failure::usage("a folder that nobody serves does not grow")
                .hint("--follow is for a URL and for exported tiles"));
        };
        let mut left = self.stop_after;
        while left != Some(0) {
            std::thread::sleep(Duration::from_secs(self.every.0.max(1)));
            let Some((note, next)) = log.again()? else { continue };
            require_accepted(&log.trust, &note, clock::now()?)?;
            require_continued(&log, &head, &next)?;
            for row in come(&log, &mut teller, &head, &next)? {
                if (self.all || row.kind != Kind::Commitment) && left != Some(0) {
                    tell(&teller, &row, as_json);
                    left = left.map(|left| left - 1);
                }
            }
            head = next;
        }
        Ok(Done::default().with("entries", head.size.0).with("log_root", head.root.to_string()))
    }
}

/// Requires that the new checkpoint is of the same history.
pub(super) fn require_continued(log: &Log, head: &TreeHead, next: &TreeHead) -> Result<(), Failure> {
    let forked = |why: String| {
        let message =
            format!("the checkpoint of size {} does not go on from {}: {why}", next.size, head.size);
        Failure::refused("fork", message).hint(super::EVIDENCE)
    };
    if next.size < head.size {
        return Err(forked("it covers less".into()));
    }
    let path = consistency(log.nodes(), head.size, next.size);
    let path = path.map_err(|error| log.failed().unwrap_or_else(|| forked(error.to_string())))?;
    verify_consistency(head, next, &path).map_err(|error| forked(error.to_string()))
}

/// The entries from one head to the next, each proved under the next one.
fn come(log: &Log, teller: &mut Teller, head: &TreeHead, next: &TreeHead) -> Result<Vec<Row>, Failure> {
    let (mut rows, mut at) = (Vec::new(), head.size.0);
    while at < next.size.0 {
        let items = log.items(EntryIndex(at), PAGE.min(next.size.0 - at))?;
        if items.is_empty() {
            return Err(Failure::refused("short", format!("there is no entry {at} under the checkpoint")));
        }
        for item in items {
            included(log, next, EntryIndex(at), &item.entry)?;
            rows.extend(teller.tell(&item)?);
            at += 1;
        }
    }
    Ok(rows)
}

fn line(teller: &Teller, row: &Row) -> String {
    format!("{:>8}  {}  {}", row.entry, time::show(row.time.seconds()), teller.words(row))
}

fn tell(teller: &Teller, row: &Row, as_json: bool) {
    if as_json {
        print(&format!("{}\n", json!(teller.view(row))));
    } else {
        print(&format!("{}\n", line(teller, row)));
    }
}
