//! `remit audit tail`: the newest entries in words, and with `--follow` each one that comes, under a checkpoint that
//! goes on from the one before.

use super::follow::Followed;
use super::source::Of;
use super::teller::{Row, Teller};
use crate::cli::out::{Done, Failure, Outcome, print};
use crate::cli::text::time;
use clap::Args;
use remit_verifier::object::Kind;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;

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
        let mut newest = VecDeque::<Row>::new();
        let followed = Followed::read(self.log.open()?, |_, row| {
            if self.all || row.kind != Kind::Commitment {
                newest.push_back(row);
            }
            if newest.len() > self.lines {
                newest.pop_front();
            }
        })?;
        let Followed { log, teller, head } = &followed;
        if self.follow {
            newest.iter().for_each(|row| tell(teller, row, as_json));
            return self.follow(followed, as_json);
        }
        let views: Vec<Value> = newest.iter().map(|row| teller.view(row)).collect();
        let lines: Vec<String> = newest.iter().map(|row| line(teller, row)).collect();
        Ok(Done::say(lines.join("\n"))
            .with("ledger", log.ledger.to_string())
            .with("entries", log.size.0)
            .with("log_root", head.root.to_string())
            .with("checkpoints_met", log.heads.len())
            .with("newest", views))
    }

    fn follow(&self, mut followed: Followed, as_json: bool) -> Outcome {
        if !followed.log.grows() {
            return Err(Failure::usage("a folder that nobody serves does not grow")
                .hint("--follow is for a URL and for exported tiles"));
        }
        let mut left = self.stop_after;
        while left != Some(0) {
            std::thread::sleep(Duration::from_secs(self.every.0.max(1)));
            followed.step(|teller, row| {
                if (self.all || row.kind != Kind::Commitment) && left != Some(0) {
                    tell(teller, &row, as_json);
                    left = left.map(|left| left - 1);
                }
            })?;
        }
        let head = followed.head;
        Ok(Done::default().with("entries", head.size.0).with("log_root", head.root.to_string()))
    }
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
