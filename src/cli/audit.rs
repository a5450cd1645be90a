//! `remit audit replay`: a whole log, from a folder or over HTTP, computed again.

use super::folder::{data_of, open};
use super::out::{Done, Failure, Outcome, read_file};
use super::progress::Bar;
use super::session::{Connection, failure};
use super::text::time;
use crate::audit::{Conservation, Recorded, Recount, Replay, ReplayReport, closes};
use crate::engine::Kept;
use crate::remote::{Remote, RemoteError};
use crate::store::rocks::RocksOptions;
use crate::store::{Read, Store as _, StoredEntry};
use clap::{Args, Subcommand};
use remit_verifier::c2sp::{Checkpoint, SignedNote};
use remit_verifier::limits::NOTE_BYTES_MAX;
use remit_verifier::merkle::TreeHead;
use remit_verifier::types::{EntryIndex, Millis, TreeSize};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Entries that are asked for at a time.
const PAGE: u64 = 2048;

/// Computes again what a ledger signed.
#[derive(Args)]
#[command(after_help = "Example:\n  remit audit replay ledger")]
pub(super) struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Replays a log from genesis: every signature, rule, entry, root and detail; and recounts the money by other code.
    ///
    /// Exits with 0 only if every entry is what the rules make of the submissions and every total was kept. Of a URL
    /// the newest checkpoint is fetched first, and checked if the log's key is known.
    #[command(after_help = "\
Examples:
  remit audit replay ledger
  remit audit replay https://ledger.example --token-file auditor.token --checkpoint last-week.txt")]
    Replay(Box<ReplayCommand>),
}

#[derive(Args)]
struct ReplayCommand {
    /// The ledger's folder (which must not run), or its URL.
    #[arg(value_name = "DIR|URL")]
    source: String,
    /// A signed checkpoint that the log must agree with.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

/// Where the entries come from.
enum Source {
    Folder(Arc<dyn Read>),
    Url(Remote),
}

impl Audit {
    pub(super) fn run(self) -> Outcome {
        let Command::Replay(command) = self.command;
        command.run()
    }
}

impl ReplayCommand {
    fn run(self) -> Outcome {
        let stated = self.checkpoint.as_deref().map(checkpoint_of).transpose()?;
        if self.source.starts_with("http://") || self.source.starts_with("https://") {
            let session = self.connection.at(&self.source).open()?;
            let note = session.remote.text("/checkpoint").map_err(failure)?;
            session.accept(&note)?;
            let head =
                head_of(note.as_bytes()).ok_or_else(|| failure(RemoteError::Form("/checkpoint".into())))?;
            if let Some(stated) = stated.filter(|stated| stated.size > head.size) {
                let message =
                    format!("the log has {} entries, the checkpoint covers {}", head.size, stated.size);
                return Err(Failure::refused("short", message));
            }
            let heads: Vec<TreeHead> = stated.into_iter().chain([head]).collect();
            return replay(&Source::Url(session.remote), head.size, &heads);
        }
        let data = data_of(Path::new(&self.source))?;
        let store = open(&data, &RocksOptions::default())?;
        let (size, read) = (store.head().size, store.reader());
        replay(&Source::Folder(read), size, &stated.into_iter().collect::<Vec<_>>())
    }
}

fn checkpoint_of(path: &Path) -> Result<TreeHead, Failure> {
    let bytes = read_file(path, NOTE_BYTES_MAX)?;
    head_of(&bytes).ok_or_else(|| Failure::usage(format!("{}: no checkpoint", path.display())))
}

fn head_of(note: &[u8]) -> Option<TreeHead> {
    let note = SignedNote::parse(note).ok()?;
    let checkpoint = Checkpoint::parse(note.text()).ok()?;
    Some(TreeHead { size: checkpoint.size(), root: checkpoint.root() })
}

fn replay(source: &Source, size: TreeSize, heads: &[TreeHead]) -> Outcome {
    let bar = Bar::new("entries", size.0);
    let mut heads = heads.to_vec();
    heads.sort_by_key(|head| head.size);
    heads.dedup();
    // The largest must be met; the roots of the smaller ones are compared on the way.
    let mut replay = Replay::new(heads.last());
    let (mut recount, mut batch, mut at) = (Recount::default(), Vec::<StoredEntry>::new(), 0);
    while at < size.0 {
        let items = source.items(EntryIndex(at), PAGE.min(size.0 - at))?;
        if items.is_empty() {
            return Err(Failure::refused(
                "short",
                format!("the log ends at entry {at}, before its {size} entries"),
            ));
        }
        for item in items {
            let recorded = Recorded { entry: &item.entry, object: item.object.as_deref() };
            recount.entry(&recorded).map_err(|error| Failure::refused("conserve", error))?;
            let last = closes(&item.entry);
            batch.push(item);
            at += 1;
            if last {
                let kept: Vec<Kept<'_>> = batch.iter().map(kept).collect();
                replay.batch(&kept).map_err(|error| Failure::refused("replay", error).hint(EVIDENCE))?;
                let (now, root) = replay.head();
                if heads.iter().any(|head| head.size == now && Some(head.root) != root) {
                    let message =
                        format!("the first {now} entries have another root than the checkpoint says");
                    return Err(Failure::refused("root", message).hint(EVIDENCE));
                }
                batch.clear();
                bar.set(at, size.0);
            }
        }
    }
    bar.finish();
    if !batch.is_empty() {
        return Err(Failure::refused(
            "open",
            format!("no commitment follows the last {} entries", batch.len()),
        ));
    }
    let rebuilt = replay.finish().map_err(|error| Failure::refused("replay", error).hint(EVIDENCE))?;
    Ok(told(&rebuilt.report, &recount.finish(), heads.len()))
}

const EVIDENCE: &str = "keep the log, the objects and the checkpoint: they are evidence against the ledger";

fn told(report: &ReplayReport, counted: &Conservation, checkpoints: usize) -> Done {
    let conserved = if counted.ok {
        format!("conserved at every entry, {} checks", counted.checks)
    } else {
        format!("NOT conserved: {} violations, the first at entry {}", counted.violated, first(counted))
    };
    let flows: serde_json::Map<String, serde_json::Value> = counted
        .flows
        .iter()
        .map(|(unit, flow)| {
            let amounts = json!({
                "reserved": flow.reserved.to_string(),
                "captured": flow.captured.to_string(),
                "released": flow.released.to_string(),
                "expired": flow.expired.to_string(),
                "refunded": flow.refunded.to_string(),
                "carved": flow.carved.to_string(),
            });
            (unit.to_string(), amounts)
        })
        .collect();
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
        .line(format!("money        {conserved}"))
        .with("ledger", report.ledger.to_string())
        .with("entries", report.entries)
        .with("batches", report.batches)
        .with("details_compared", report.details)
        .with("log_root", report.log.root.to_string())
        .with("state_root", report.state_root.to_string())
        .with("status_root", report.status_root.to_string())
        .with("checkpoints_met", checkpoints)
        .with("conserved", counted.ok)
        .with("flows_minor", flows)
        .refused_unless(counted.ok)
}

fn date(at: Millis) -> String {
    time::show(at.seconds())
}

fn first(counted: &Conservation) -> u64 {
    counted.violations.first().map(|violation| violation.entry.0).unwrap_or_default()
}

fn kept(item: &StoredEntry) -> Kept<'_> {
    Kept { entry: &item.entry, object: item.object.as_deref(), details: item.details.as_ref() }
}

impl Source {
    /// Up to `limit` entries from `from` on; none only at the end.
    fn items(&self, from: EntryIndex, limit: u64) -> Result<Vec<StoredEntry>, Failure> {
        match self {
            Self::Folder(read) => {
                let mut items = Vec::new();
                for at in from.0..from.0 + limit {
                    let Some(kept) = read.entry(EntryIndex(at)).map_err(Failure::internal)? else { break };
                    items.push(kept);
                }
                Ok(items)
            }
            Self::Url(remote) => remote.replay(from.0, limit).map_err(failure),
        }
    }
}
