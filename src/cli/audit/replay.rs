//! `remit audit replay`: every root and detail computed again by the rules, and the money recounted without them.

use super::snapshot::{Since, leave, not_covered};
use super::source::{Log, Of};
use super::{EVIDENCE, conserve};
use crate::audit::snapshot::Start;
use crate::audit::{AuditError, Conservation, Rebuilt, Recorded, Recount, ReplayReport, closes};
use crate::cli::out::{Done, Failure, Outcome};
use crate::cli::text::time;
use crate::engine::{Kept, ReplayError};
use crate::store::StoredEntry;
use crate::tree::Frontier;
use clap::Args;
use remit_verifier::types::{EntryIndex, Millis};
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct Replay {
    #[command(flatten)]
    log: Of,
    #[command(flatten)]
    since: Since,
    /// Writes the snapshot of what the log leads to, so that another replay starts there. Whoever replays the same log
    /// writes the same bytes.
    #[arg(long, value_name = "FILE")]
    snapshot_out: Option<PathBuf>,
}

impl Replay {
    pub(super) fn run(self) -> Outcome {
        let log = self.log.open()?;
        let (start, before) = self.since.start(&log)?;
        let (rebuilt, counted) = replayed(&log, start)?;
        let mut done = before.told(told(&rebuilt.report, counted.as_ref(), &log));
        if let (Some(path), Some(place)) = (&self.snapshot_out, &rebuilt.place) {
            let digest = leave(path, place, &rebuilt.state)?;
            done = done
                .line(format!(
                    "snapshot     of size {}, digest {digest}, in {}",
                    rebuilt.report.entries,
                    path.display()
                ))
                .with("snapshot", path)
                .with("snapshot_size", rebuilt.report.entries)
                .with("snapshot_digest", digest.to_string());
        }
        Ok(done)
    }
}

/// Replays the log from its beginning, or from a snapshot; and recounts it, if it is there as a whole.
fn replayed(log: &Log, start: Option<Start>) -> Result<(Rebuilt, Option<Conservation>), Failure> {
    let tree = start.as_ref().map_or_else(Frontier::new, |start| start.trees.log.clone());
    let mut recount = start.is_none().then(Recount::default);
    let mut replay = match start {
        Some(start) => crate::audit::Replay::from_snapshot(start, None).map_err(refused)?,
        None => crate::audit::Replay::new(None),
    };
    let mut batch = Vec::<StoredEntry>::new();
    log.each_from(tree, |item| {
        let recorded = Recorded { entry: &item.entry, object: item.object.as_deref() };
        let counted = recount.as_mut().map_or(Ok(()), |recount| recount.entry(&recorded));
        counted.map_err(|error| conserve::unread(&error))?;
        let last = closes(&item.entry);
        batch.push(item);
        if last { next(&mut replay, &mut batch) } else { Ok(()) }
    })?;
    if !batch.is_empty() {
        let message = format!("no commitment follows the last {} entries", batch.len());
        return Err(Failure::refused("open", message));
    }
    Ok((replay.finish().map_err(refused)?, recount.map(Recount::finish)))
}

fn next(replay: &mut crate::audit::Replay, batch: &mut Vec<StoredEntry>) -> Result<(), Failure> {
    let kept: Vec<Kept<'_>> = batch.iter().map(StoredEntry::kept).collect();
    replay.batch(&kept).map_err(refused)?;
    batch.clear();
    Ok(())
}

fn refused(error: AuditError) -> Failure {
    match error {
        AuditError::Batch(ReplayError::Missing(at)) => not_covered(at),
        error => Failure::refused("replay", error).hint(EVIDENCE),
    }
}

fn told(report: &ReplayReport, counted: Option<&Conservation>, log: &Log) -> Done {
    let money =
        counted.map_or("not recounted: that needs all entries; the snapshot adds up".into(), conserve::said);
    let checkpoints = log.heads.len();
    let since = match report.covered_from {
        EntryIndex(0) => String::new(),
        from => format!(" from {from} on"),
    };
    Done::say(format!("ledger       {}", report.ledger))
        .line(format!(
            "entries      {}, {} batches replayed, the last of {}",
            report.entries,
            report.batches,
            date(report.time)
        ))
        .line(format!("log root     {}", report.log.root))
        .line(format!("state root   {}", report.state_root))
        .line(format!("status root  {}", report.status_root))
        .line(format!(
            "replayed     every entry{since} and root is what the rules make; details compared for {}",
            report.details
        ))
        .line(format!("checkpoints  {}", log.signed()))
        .line(format!("money        {money}"))
        .with("ledger", report.ledger.to_string())
        .with("entries", report.entries)
        .with("batches", report.batches)
        .with("details_compared", report.details)
        .with("log_root", report.log.root.to_string())
        .with("state_root", report.state_root.to_string())
        .with("status_root", report.status_root.to_string())
        .with("checkpoints_met", checkpoints)
        .with("pinned", log.is_pinned())
        .with("conserved", counted.map(|counted| counted.ok))
        .with("flows_minor", counted.map(conserve::flows_of))
        .refused_unless(counted.is_none_or(|counted| counted.ok))
}

fn date(at: Millis) -> String {
    time::show(at.seconds())
}
