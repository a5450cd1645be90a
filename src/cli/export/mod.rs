//! `remit export`: a ledger's log as files that any web server serves (spec 23).

mod folder;

use super::audit::source::{Log, Of, head_of};
use super::audit::tiles::{CHECKPOINT, Place};
use super::clock;
use super::key;
use super::out::{Done, Failure, Outcome, read_file};
use super::progress::Bar;
use super::session::{Connection, require_accepted};
use crate::store::StoredEntry;
use crate::tree::tile::TILE_WIDTH;
use clap::{Args, Subcommand};
use folder::Folder;
use remit_verifier::c2sp::Checkpoint;
use remit_verifier::hash::leaf_hash;
use remit_verifier::limits::NOTE_BYTES_MAX;
use remit_verifier::log::{Entry, Genesis};
use remit_verifier::merkle::TreeHead;
use remit_verifier::sign::{Signer as _, sign_checkpoint};
use remit_verifier::types::{EntryIndex, TreeSize};
use std::collections::VecDeque;
use std::path::PathBuf;

/// Entries that are asked for at a time: some bundles.
const PAGE: u64 = 8 * TILE_WIDTH as u64;

/// Exports a ledger's log.
#[derive(Args)]
#[command(after_help = "Example:\n  remit export tiles /srv/log --from https://ledger.example")]
pub(super) struct ExportCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Tiles(Box<Tiles>),
}

/// Writes the log as C2SP tiles into a folder that any web server serves; once more, it adds only what is new.
///
/// The files are those that the ledger itself serves. The checkpoint is written last, so that whoever reads the folder
/// meanwhile finds a whole log. A folder with another log, or with entries that the log no longer has, is refused, and
/// the checkpoint that says so is kept beside it: both are evidence.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit export tiles /srv/log --from https://ledger.example
  remit export tiles audit/ --from https://ledger.example --token-file me.token --objects
  remit export tiles /srv/log --from ledger --sign ledger/log.pem   of a ledger that does not run")]
struct Tiles {
    /// The folder, which need not be there.
    dir: PathBuf,
    /// The ledger's URL or folder (which must not run), or exported tiles; without it, --url or that of the profile.
    #[arg(long, value_name = "DIR|URL")]
    from: Option<String>,
    /// Also what auditors need beside the entries to replay them: private, and readable for the owner alone.
    #[arg(long)]
    objects: bool,
    /// A signed checkpoint to export up to, instead of the newest one.
    #[arg(long, value_name = "FILE", conflicts_with = "sign")]
    checkpoint: Option<PathBuf>,
    /// Signs the checkpoint of a folder, as `serve` does when it starts; with the key file of the log.
    #[arg(long, value_name = "KEY", requires = "from")]
    sign: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

impl ExportCommand {
    pub(super) fn run(self) -> Outcome {
        match self.what {
            What::Tiles(command) => command.run(),
        }
    }
}

/// What an export has done.
#[derive(Default)]
struct Exported {
    files: u64,
    entries: u64,
    /// Entries whose objects the source keeps no more.
    not_kept: u64,
}

impl Tiles {
    fn run(self) -> Outcome {
        let folder = Folder::open(&self.dir, self.objects)?;
        let (log, from) = self.log(folder.objects)?;
        let stated = self.checkpoint.as_deref().map(|path| read_file(path, NOTE_BYTES_MAX)).transpose()?;
        let note = stated.or_else(|| log.note.clone());
        let (head, note) = match note.and_then(|note| head_of(&note).map(|head| (head, note))) {
            Some(noted) => noted,
            None => self.signed(&log, &from)?,
        };
        let had = folder.had(&log, clock::now()?)?;
        if had.is_some_and(|had| had.size > head.size) {
            folder.keep_refused(&note)?;
            let had = had.map_or(0, |had| had.size.0);
            let message = format!("{had} entries are exported, and the checkpoint covers {}", head.size);
            return Err(Failure::refused("short", message).hint(EVIDENCE));
        }
        let exported = write(&folder, &log, had, head).and_then(|exported| {
            folder.finish(had, head, &note)?;
            Ok(exported)
        });
        let exported = match exported {
            Err(failure) if ["fork", "differs"].contains(&failure.code()) => {
                folder.keep_refused(&note)?;
                return Err(failure);
            }
            exported => exported?,
        };
        let shown = self.dir.display();
        let mut done = Done::say(format!(
            "{} entries in {shown}, {} of them new, root {}",
            head.size, exported.entries, head.root
        ));
        if exported.not_kept > 0 {
            let count = exported.not_kept;
            done = done.line(format!("of {count} entries the objects are kept no more, and are not in it"));
        }
        Ok(done
            .line(format!("{} files written, the checkpoint last", exported.files + 1))
            .with("ledger", log.ledger.to_string())
            .with("entries", head.size.0)
            .with("entries_new", exported.entries)
            .with("files_written", exported.files + 1)
            .with("objects", folder.objects)
            .with("not_kept", exported.not_kept)
            .with("root", head.root.to_string())
            .with("dir", &self.dir))
    }

    /// The log to export, and where it is.
    fn log(&self, objects: bool) -> Result<(Log, String), Failure> {
        let from = match &self.from {
            Some(from) => from.clone(),
            None => self.connection.address()?.ok_or_else(|| {
                Failure::usage("which ledger?").hint("--from DIR or URL, --url URL, or a profile with `url`")
            })?,
        };
        let of = Of::at(&from, &self.connection).with(self.checkpoint.clone());
        let log = if objects { of.open()? } else { of.open_public()? };
        Ok((log, from))
    }

    /// The checkpoint of a folder that nobody serves, signed with the log's key.
    fn signed(&self, log: &Log, from: &str) -> Result<(TreeHead, Vec<u8>), Failure> {
        let Some(path) = &self.sign else {
            return Err(Failure::usage(format!("{from} has no signed checkpoint"))
                .hint("--checkpoint FILE with one, or --sign KEY with the key file of the log"));
        };
        let signer = key::open(path)?;
        if signer.public_key() != *log.genesis.log_key.bytes() {
            return Err(Failure::refused(
                "other_key",
                format!("{} is not the key of the log", path.display()),
            ));
        }
        let root = log.each(|_| Ok(()))?;
        let head = TreeHead { size: log.size, root };
        super::folder::require_guarded(from.as_ref(), log.ledger, head)?;
        let checkpoint = Checkpoint::new(&log.genesis.origin, head.size, root).map_err(Failure::internal)?;
        let note = sign_checkpoint(&signer, &checkpoint).map_err(Failure::internal)?.into_bytes();
        require_accepted(&log.trust, &note, clock::now()?)?;
        Ok((head, note))
    }
}

const EVIDENCE: &str =
    "keep the folder and its checkpoint.refused-…: two signed checkpoints that contradict each other";

/// Whether what an entry applied is kept no more: somebody submitted it, and it is not there.
fn lacks_object(item: &StoredEntry) -> bool {
    let by_somebody = |entry: Entry| match entry {
        Entry::Outcome(outcome) => !outcome.kind.is_written_by_the_ledger(),
        Entry::Genesis(_) | Entry::Commitment(_) => false,
    };
    item.object.is_none() && Entry::decode(&item.entry).is_ok_and(by_somebody)
}

/// Writes what the folder lacks, and requires the roots of what it had and of what it is to have.
fn write(folder: &Folder, log: &Log, had: Option<TreeHead>, head: TreeHead) -> Result<Exported, Failure> {
    let wide = u64::from(TILE_WIDTH);
    let (mut tiling, mut done) = (folder.tiling(had)?, Exported::default());
    let (bar, mut buffer) = (Bar::new("entries", head.size.0), VecDeque::<StoredEntry>::new());
    while tiling.size() < head.size {
        let first = EntryIndex(tiling.size().0);
        let width = wide.min(head.size.0 - first.0);
        let known = if buffer.is_empty() { folder.bundle(first, width)? } else { None };
        let bundle = match known {
            Some(bundle) => bundle,
            None => fetch(log, &mut buffer, first, (width, head.size))?,
        };
        done.files += folder.write_bundle(first, (head.size, had), &bundle)?;
        for item in &bundle {
            done.not_kept += u64::from(folder.objects && lacks_object(item));
            tiling.push(leaf_hash(&item.entry), |tile, bytes| {
                done.files += u64::from(folder.write_tile(tile, &bytes, had)?);
                Ok::<(), Failure>(())
            })?;
            if had.is_some_and(|had| had.size == tiling.size() && had.root != tiling.root()) {
                folder.forget_unproved();
                return Err(forked(had, head));
            }
        }
        bar.set(tiling.size().0, head.size.0);
    }
    bar.finish();
    if tiling.root() != head.root {
        folder.forget_unproved();
        return Err(forked(had, head));
    }
    for (tile, bytes) in tiling.partial() {
        done.files += u64::from(folder.write_tile(tile, &bytes, had)?);
    }
    done.entries = head.size.0 - had.map_or(0, |had| had.size.0);
    Ok(done)
}

/// The entries of a bundle from the log.
fn fetch(
    log: &Log,
    buffer: &mut VecDeque<StoredEntry>,
    first: EntryIndex,
    (width, size): (u64, TreeSize),
) -> Result<Vec<StoredEntry>, Failure> {
    while (buffer.len() as u64) < width {
        let next = first.0 + buffer.len() as u64;
        let items = log.items(EntryIndex(next), PAGE.min(size.0 - next))?;
        if items.is_empty() {
            let message = format!("the log ends at entry {next}, before the {size} of its checkpoint");
            return Err(Failure::refused("short", message));
        }
        buffer.extend(items);
    }
    Ok(buffer.drain(..width as usize).collect())
}

/// The entries are not those that were signed.
fn forked(had: Option<TreeHead>, head: TreeHead) -> Failure {
    match had {
        Some(had) => {
            let message = format!(
                "what is exported up to entry {} does not lead to the checkpoint of size {}: another history",
                had.size, head.size
            );
            Failure::refused("fork", message).hint(EVIDENCE)
        }
        None => super::audit::other_root(head.size),
    }
}

/// The ledger that a first entry names.
fn ledger_of(first: &[u8]) -> Option<remit_verifier::types::LedgerId> {
    matches!(Entry::decode(first), Ok(Entry::Genesis(_))).then(|| Genesis::ledger_id(first))
}
