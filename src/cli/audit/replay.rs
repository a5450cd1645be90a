//! `remit audit replay`: every root and detail computed again by the rules, and the money recounted without them.

use super::source::Of;
use super::{EVIDENCE, conserve};
use crate::audit::{Conservation, Recorded, Recount, ReplayReport, closes};
use crate::cli::out::{Done, Failure, Outcome};
use crate::cli::text::time;
use crate::engine::Kept;
use crate::store::StoredEntry;
use clap::Args;
use remit_verifier::types::Millis;

#[derive(Args)]
pub(super) struct Replay {
    #[command(flatten)]
    log: Of,
}

impl Replay {
    pub(super) fn run(self) -> Outcome {
        let log = self.log.open()?;
        let mut replay = crate::audit::Replay::new(None);
        let (mut recount, mut batch) = (Recount::default(), Vec::<StoredEntry>::new());
        log.each(|item| {
            let recorded = Recorded { entry: &item.entry, object: item.object.as_deref() };
            recount.entry(&recorded).map_err(|error| Failure::refused("conserve", error))?;
            let last = closes(&item.entry);
            batch.push(item);
            if last { replayed(&mut replay, &mut batch) } else { Ok(()) }
        })?;
        if !batch.is_empty() {
            let message = format!("no commitment follows the last {} entries", batch.len());
            return Err(Failure::refused("open", message));
        }
        let rebuilt = replay.finish().map_err(|error| Failure::refused("replay", error).hint(EVIDENCE))?;
        Ok(told(&rebuilt.report, &recount.finish(), log.heads.len()))
    }
}

fn replayed(replay: &mut crate::audit::Replay, batch: &mut Vec<StoredEntry>) -> Result<(), Failure> {
    let kept: Vec<Kept<'_>> = batch.iter().map(kept).collect();
    replay.batch(&kept).map_err(|error| Failure::refused("replay", error).hint(EVIDENCE))?;
    batch.clear();
    Ok(())
}

fn told(report: &ReplayReport, counted: &Conservation, checkpoints: usize) -> Done {
    Done::say(format!("ledger       {}", report.ledger))
        .line(format!(
            "entries      {} in {} batches, the last of {}",
            report.entries,
            report.batches,
            date(report.time)
        ))
        .line(format!("log root     {}", report.log.root))
        .line(format!("state root   {}", report.state_root))
        .line(format!("status root  {}", report.status_root))
        .line(format!(
            "replayed     every entry and root is what the rules make; details compared for {}",
            report.details
        ))
        .line(format!("checkpoints  {checkpoints} met"))
        .line(format!("money        {}", conserve::said(counted)))
        .with("ledger", report.ledger.to_string())
        .with("entries", report.entries)
        .with("batches", report.batches)
        .with("details_compared", report.details)
        .with("log_root", report.log.root.to_string())
        .with("state_root", report.state_root.to_string())
        .with("status_root", report.status_root.to_string())
        .with("checkpoints_met", checkpoints)
        .with("conserved", counted.ok)
        .with("flows_minor", conserve::flows_of(counted))
        .refused_unless(counted.ok)
}

fn date(at: Millis) -> String {
    time::show(at.seconds())
}

fn kept(item: &StoredEntry) -> Kept<'_> {
    Kept { entry: &item.entry, object: item.object.as_deref(), details: item.details.as_ref() }
}
