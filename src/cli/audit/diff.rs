//! `remit audit diff`: two checkpoints of one log: whether the second goes on from the first, and what lies between.

use super::follow::require_continued;
use super::source::{Log, Of, head_of};
use super::spent::{Sum, moved};
use super::teller::Teller;
use crate::cli::clock;
use crate::cli::out::{Done, Failure, Outcome, read_file};
use crate::cli::session::require_accepted;
use crate::cli::text::time;
use crate::demo::decimal;
use crate::tree::prove::root_at;
use clap::Args;
use remit_verifier::code::Code;
use remit_verifier::limits::NOTE_BYTES_MAX;
use remit_verifier::merkle::TreeHead;
use remit_verifier::types::{Millis, ObjectId, TreeSize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Args)]
pub(super) struct Diff {
    #[command(flatten)]
    log: Of,
    /// The older checkpoint: a file, or a size of the log.
    #[arg(value_name = "OLD")]
    old: String,
    /// The newer one.
    #[arg(value_name = "NEW")]
    new: String,
}

/// What lies between two checkpoints.
#[derive(Default)]
struct Between {
    kinds: BTreeMap<&'static str, u64>,
    refused: BTreeMap<&'static str, u64>,
    sums: BTreeMap<ObjectId, Sum>,
    from: Option<Millis>,
    to: Millis,
}

impl Diff {
    pub(super) fn run(self) -> Outcome {
        let mut log = self.log.open()?;
        let (old, new) = (stated(&log, &self.old)?, stated(&log, &self.new)?);
        if old.size > new.size {
            return Err(Failure::usage("the older checkpoint comes first"));
        }
        if new.size > log.size {
            let message = format!("the log has {} entries, the checkpoint covers {}", log.size, new.size);
            return Err(Failure::refused("short", message));
        }
        // Both have a root of the log itself, and so one goes on from the other.
        log.meet([old, new]);
        require_continued(&log, &old, &new)?;
        let (mut teller, mut at, mut between) = (Teller::default(), 0, Between::default());
        log.each(|item| {
            let inside = (old.size.0..new.size.0).contains(&at);
            at += 1;
            for row in teller.tell(&item)? {
                if !inside {
                    continue;
                }
                between.from.get_or_insert(row.time);
                between.to = row.time;
                match row.refused {
                    Some(code) => *between.refused.entry(Code::text(code)).or_default() += 1,
                    None => *between.kinds.entry(row.kind.text()).or_default() += 1,
                }
                if let (Some((amount, back)), Some(unit)) = (moved(&row)?, row.unit) {
                    let sum = between.sums.entry(unit).or_default();
                    *(if back { &mut sum.refunded } else { &mut sum.captured }) += u128::from(amount.0);
                    sum.count += u64::from(!back);
                }
            }
            Ok(())
        })?;
        Ok(told(&teller, &between, old, new)
            .with("ledger", log.ledger.to_string())
            .with("checkpoints_met", log.heads.len()))
    }
}

fn told(teller: &Teller, between: &Between, old: TreeHead, new: TreeHead) -> Done {
    let mut done = Done::say(format!(
        "consistent: the log of {} entries begins with that of {}; {} came",
        new.size,
        old.size,
        new.size.0 - old.size.0
    ));
    if let Some(from) = between.from {
        done =
            done.line(format!("from {} to {}", time::show(from.seconds()), time::show(between.to.seconds())));
    }
    for (kind, count) in &between.kinds {
        done = done.line(format!("{count:>8}  {}", kind.replace('_', " ")));
    }
    for (code, count) in &between.refused {
        done = done.line(format!("{count:>8}  refused: {code}"));
    }
    for (unit, sum) in &between.sums {
        let unit = teller.unit(unit);
        done = done.line(format!(
            "{} captured, {} given back of {}",
            decimal(sum.captured, unit.decimals),
            decimal(sum.refunded, unit.decimals),
            unit.name
        ));
    }
    let sums = between.sums.iter().map(|(unit, sum)| {
        let view = json!({"captured": sum.captured.to_string(), "refunded": sum.refunded.to_string()});
        (unit.to_string(), view)
    });
    let head = |head: TreeHead| json!({"size": head.size.0, "root": head.root.to_string()});
    done.with("consistent", true)
        .with("old", head(old))
        .with("new", head(new))
        .with("kinds", &between.kinds)
        .with("refused", &between.refused)
        .with("moved_minor", sums.collect::<BTreeMap<_, _>>())
}

/// A checkpoint that the log or somebody else who is trusted signed, or the head at a size.
fn stated(log: &Log, text: &str) -> Result<TreeHead, Failure> {
    if let Ok(size) = text.parse::<u64>() {
        let size = TreeSize(size);
        let root = root_at(log.nodes(), size).map_err(|error| {
            log.failed().unwrap_or_else(|| Failure::refused("short", format!("size {size}: {error}")))
        })?;
        return Ok(TreeHead { size, root });
    }
    let note = read_file(Path::new(text), NOTE_BYTES_MAX)?;
    let head = head_of(&note).ok_or_else(|| Failure::usage(format!("{text}: no checkpoint, and no size")))?;
    require_accepted(&log.trust, &note, clock::now()?)?;
    Ok(head)
}
