//! Where an audit starts, if not with the first entry, and the snapshot that it leaves (spec 24).

use super::source::Log;
use crate::audit::snapshot::{Place, SnapshotError, Start, read, write};
use crate::cli::out::Failure;
use crate::machine::MemoryState;
use crate::tree::prove::root_at;
use remit_verifier::types::{EntryIndex, Hash};
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

/// What to do where an object is not kept.
const START_LATER: &str = "start behind it: --from-snapshot FILE, with the snapshot of a later commitment from the operator or \
                           from somebody who has replayed the log; compare its digest with another's";

/// An entry cannot be computed again, because what it applied is not at hand: no pass, and no lie.
pub(super) fn not_covered(at: EntryIndex) -> Failure {
    let message = format!("the object of entry {at} is not kept: nothing from there on is covered");
    Failure::refused("not_covered", message).hint(START_LATER)
}

/// Reads a snapshot, which must stand in this log.
pub(in crate::cli) fn start(path: &Path, log: &Log) -> Result<Start, Failure> {
    let wrong = |error: SnapshotError| {
        let said = format!("{}: {error}", path.display());
        match error {
            SnapshotError::Io(_) => Failure::usage(said),
            _ => Failure::refused(error.code(), said)
                .hint("get it again, and compare its digest with that of somebody who has replayed the log"),
        }
    };
    let file = File::open(path).map_err(|error| wrong(error.into()))?;
    let start = read(BufReader::new(file)).map_err(wrong)?;
    let head = start.head();
    if start.place.ledger() != log.ledger {
        return Err(wrong(SnapshotError::OtherLog(head)));
    }
    if head.size > log.size {
        let message = format!("the snapshot covers {} entries, the log has {}", head.size, log.size);
        return Err(
            Failure::refused("snapshot_ahead", message).hint("take one that is not newer than the log")
        );
    }
    let root = root_at(log.nodes(), head.size);
    let root = root.map_err(|error| log.failed().unwrap_or_else(|| Failure::internal(error)))?;
    if root != head.root {
        return Err(wrong(SnapshotError::OtherLog(head)));
    }
    match log.heads.first().filter(|stated| stated.size < head.size) {
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
