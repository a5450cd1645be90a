//! Where an audit starts, if not with the first entry, and the snapshot that it leaves (spec 24).

use super::EVIDENCE;
use super::source::Log;
use crate::audit::Fault;
use crate::audit::snapshot::{self, Place, SnapshotError, Start, write};
use crate::cli::out::{Done, Failure};
use crate::engine::ReplayError;
use crate::machine::MemoryState;
use crate::tree::Nodes;
use crate::tree::prove::root_at;
use clap::Args;
use remit_verifier::types::{EntryIndex, Hash, LedgerId, TreeSize};
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

/// What to do where an object is not kept.
const START_LATER: &str = "start behind it: --from-snapshot FILE, with the snapshot of a later commitment from the \
    operator or from somebody who has replayed the log; compare its digest with another's";

/// An entry cannot be computed again, because what it applied is not at hand: no pass, and no lie.
pub(in crate::cli) fn not_covered(at: EntryIndex) -> Failure {
    let message = format!("the object of entry {at} is not kept: nothing from there on is covered");
    Failure::refused("not_covered", message).hint(START_LATER)
}

/// Where an audit starts.
#[derive(Args)]
pub(super) struct Since {
    /// Starts behind the entries that this snapshot stands for. They are not covered.
    #[arg(long, value_name = "FILE")]
    from_snapshot: Option<PathBuf>,
}

/// What the entries before the start of an audit are known by: how many, and the digest of the snapshot.
#[derive(Clone, Copy, Default)]
pub(super) struct Before(Option<(TreeSize, Hash)>);

impl Since {
    /// Where to start, if not with the first entry.
    pub(super) fn start(&self, log: &Log) -> Result<(Option<Start>, Before), Failure> {
        let start = self.from_snapshot.as_deref().map(|path| start(path, log)).transpose()?;
        let before = Before(start.as_ref().map(|start| (start.head().size, start.digest)));
        Ok((start, before))
    }
}

impl Before {
    /// The first entry that is covered.
    pub(super) fn covered_from(self) -> EntryIndex {
        EntryIndex(self.0.map_or(0, |(size, _)| size.0))
    }

    /// Requires that an entry is covered.
    pub(super) fn require(self, at: EntryIndex) -> Result<(), Failure> {
        if at >= self.covered_from() {
            return Ok(());
        }
        let message = format!("entry {at} lies before the snapshot");
        Err(Failure::refused("not_covered", message).hint("start from an older one, or from none"))
    }

    /// What is not covered, said.
    pub(super) fn told(self, done: Done) -> Done {
        let done = done.with("covered_from", self.covered_from().0);
        let Some((size, digest)) = self.0 else { return done };
        let last = size.0.saturating_sub(1);
        done.line(format!(
            "not covered: entries 0 to {last} (started from the snapshot of size {size}, digest {digest})"
        ))
        .with("started_from", digest.to_string())
    }
}

/// What is wrong with a batch.
pub(in crate::cli) fn faulty(fault: Fault) -> Failure {
    match fault {
        Fault::Rules(ReplayError::Missing(at), _) => not_covered(at),
        fault => Failure::refused("replay", fault).hint(EVIDENCE),
    }
}

fn wrong(path: &Path, error: &SnapshotError) -> Failure {
    let said = format!("{}: {error}", path.display());
    match error {
        SnapshotError::Io(_) => Failure::usage(said),
        _ => Failure::refused(error.code(), said)
            .hint("get it again, and compare its digest with that of somebody who has replayed the log"),
    }
}

/// Reads a snapshot, of whatever log.
pub(in crate::cli) fn read(path: &Path) -> Result<Start, Failure> {
    let file = File::open(path).map_err(|error| wrong(path, &error.into()))?;
    snapshot::read(BufReader::new(file)).map_err(|error| wrong(path, &error))
}

/// Requires that a snapshot is of this ledger, and stands in this log.
pub(in crate::cli) fn of_ledger(
    path: &Path,
    start: &Start,
    ledger: LedgerId,
    nodes: &dyn Nodes,
) -> Result<(), Failure> {
    let head = start.head();
    if start.place.ledger() != ledger {
        return Err(wrong(path, &SnapshotError::OtherLog(head)));
    }
    if head.size > nodes.size() {
        let message = format!("the snapshot covers {} entries, the log has {}", head.size, nodes.size());
        return Err(
            Failure::refused("snapshot_ahead", message).hint("take one that is not newer than the log")
        );
    }
    match root_at(nodes, head.size) {
        Ok(root) if root == head.root => Ok(()),
        Ok(_) => Err(wrong(path, &SnapshotError::OtherLog(head))),
        Err(error) => Err(Failure::internal(error)),
    }
}

/// Reads a snapshot, which must stand in this log.
fn start(path: &Path, log: &Log) -> Result<Start, Failure> {
    let start = read(path)?;
    of_ledger(path, &start, log.ledger, log.nodes()).map_err(|failure| log.failed().unwrap_or(failure))?;
    match log.heads.first().filter(|stated| stated.size < start.head().size) {
        None => Ok(start),
        Some(stated) => {
            let message = format!("the checkpoint of size {} lies before the snapshot", stated.size);
            Err(Failure::refused("not_covered", message)
                .hint("take an older snapshot, or a newer checkpoint"))
        }
    }
}

/// Writes a snapshot where no file is, and gives its digest.
pub(in crate::cli) fn leave(path: &Path, place: &Place, state: &MemoryState) -> Result<Hash, Failure> {
    let wrong = |error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
    let file =
        File::create_new(path).map_err(|error| wrong(error).hint("name a file that is not there yet"))?;
    let written =
        write(BufWriter::new(&file), place, state).and_then(|digest| file.sync_all().map(|()| digest));
    written.map_err(|error| {
        // Half of one is none.
        let _ = std::fs::remove_file(path);
        wrong(error)
    })
}
