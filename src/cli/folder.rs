//! `remit restore`, `fsck`, `rebuild`: what is done with the folder of a ledger that does not run.

use super::audit::snapshot::{self, not_covered};
use super::config::{FILE_NAME, load};
use super::out::{Done, Failure, Outcome};
use super::private;
use super::progress::Bar;
use crate::audit::snapshot::Start;
use crate::sequencer::{Guard, GuardError, GuardHold};
use crate::store::rocks::{
    Base, OpenError, Progress, RebuildError, RocksOptions, RocksReader, fsck, rebuild_from,
};
use crate::store::{RocksStore, Store as _};
use clap::Args;
use remit_verifier::log::{Entry, Genesis};
use remit_verifier::merkle::TreeHead;
use remit_verifier::types::{LedgerId, TreeSize};
use std::fs;
use std::path::{Path, PathBuf};

/// Puts a backup in the place of a lost database.
///
/// A guard that survived stays in force: a backup that lacks acknowledged entries is then refused by `serve`, which
/// names them, since a ledger that went on without them would sign a second history.
#[derive(Args)]
#[command(after_help = "Example:\n  remit restore /backup/ledger-2027-01-31 ledger")]
pub(super) struct Restore {
    /// The backup.
    backup: PathBuf,
    /// The ledger's folder; its database must be gone or moved away.
    dir: PathBuf,
    /// There is no guard any more, and you vouch that no acknowledged entry is missing from the backup.
    #[arg(long)]
    new_guard: bool,
}

/// Reads a whole folder and computes everything again that it says twice; changes nothing.
///
/// The ledger must be stopped; of one that runs, check a copy.
#[derive(Args)]
#[command(after_help = "Example:\n  remit fsck ledger")]
pub(super) struct Fsck {
    /// The ledger's folder, or its database.
    dir: PathBuf,
}

/// Makes the database anew out of log and objects: after an upgrade with another schema, or when records are damaged.
///
/// Everything is replayed and compared. The old database is kept beside the new one.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  remit rebuild ledger\n  remit rebuild ledger --from-snapshot 2027.snapshot"
)]
pub(super) struct Rebuild {
    /// The ledger's folder, or its database.
    dir: PathBuf,
    /// The snapshot of a ledger that was pruned (`remit doctor` says which): what lies before is copied, and held to
    /// it.
    #[arg(long, value_name = "FILE")]
    from_snapshot: Option<PathBuf>,
}

/// The database of a ledger's folder, or the folder itself if it is one.
pub(super) fn data_of(dir: &Path) -> Result<PathBuf, Failure> {
    if dir.join("CURRENT").exists() {
        return Ok(dir.to_path_buf());
    }
    let loaded = load(dir)?;
    Ok(loaded.path(&loaded.config.ledger.data))
}

/// Keeps servers away from a ledger whose database is exchanged: each holds the guard while it runs. RocksDB's own lock
/// does not help, because its file moves with the folder.
pub(super) fn still(dir: &Path, data: &Path) -> Result<Option<GuardHold>, Failure> {
    let guard = guard_of(dir, data);
    match Guard::hold(&guard) {
        Ok(hold) => Ok(Some(hold)),
        // A server does not run without a guard.
        Err(GuardError::Missing) => Ok(None),
        Err(GuardError::Held) => {
            let message = format!("the ledger runs: {}: {}", guard.display(), GuardError::Held);
            Err(Failure::refused("locked", message).hint("stop it first"))
        }
        Err(error) => Err(Failure::internal(format!("{}: {error}", guard.display()))),
    }
}

/// Where the guard of a ledger is; of a database by itself, where `remit init` puts it.
fn guard_of(dir: &Path, data: &Path) -> PathBuf {
    match load(dir) {
        Ok(loaded) => loaded.path(&loaded.config.ledger.guard),
        Err(_) => data.with_file_name("guard"),
    }
}

/// Whether a server holds the guard, as each does while it runs.
pub(super) fn runs(guard: &Path) -> bool {
    matches!(Guard::hold(guard), Err(GuardError::Held))
}

/// Requires that a folder's log is the one that was last acknowledged, before anything is signed of it.
pub(super) fn require_guarded(dir: &Path, ledger: LedgerId, head: TreeHead) -> Result<(), Failure> {
    let data = data_of(dir)?;
    let path = guard_of(dir, &data);
    let refused = |error: GuardError| {
        Failure::refused("guard", format!("{}: {error}", path.display()))
            .hint("`remit serve` says what is missing, or puts it in order")
    };
    let (_hold, acknowledged) = Guard::open(&path, ledger).map_err(refused)?;
    if acknowledged == head {
        return Ok(());
    }
    let message = format!(
        "{} entries were acknowledged with another end, the log has {}",
        acknowledged.size, head.size
    );
    Err(Failure::refused("guard", message).hint("start the ledger once: it puts its guard in order"))
}

/// Opens a database, with progress.
pub(super) fn open(data: &Path, options: &RocksOptions) -> Result<RocksStore, Failure> {
    let bar = Bar::new("leaves", 0);
    let opened = RocksStore::open(data, options, &mut |at: Progress| bar.set(at.done, at.of));
    bar.finish();
    opened.map_err(|error| refused(data, &error))
}

/// Opens the log of a folder whose ledger does not run, for reading alone.
pub(super) fn read(dir: &Path) -> Result<(RocksReader, TreeSize), Failure> {
    let data = data_of(dir)?;
    still_enough(dir, &data, "`remit audit replay URL` reads one that runs")?;
    RocksReader::open(&data, &RocksOptions::default()).map_err(|error| refused(&data, &error))
}

/// A server moves and deletes files while they are read.
fn still_enough(dir: &Path, data: &Path, instead: &'static str) -> Result<(), Failure> {
    let guard = guard_of(dir, data);
    if runs(&guard) {
        let message = format!("the ledger runs: {} is held", guard.display());
        return Err(Failure::refused("locked", message).hint(instead));
    }
    Ok(())
}

/// What an error of a folder means for a person.
pub(super) fn refused(data: &Path, error: &OpenError) -> Failure {
    let message = format!("{}: {error}", data.display());
    match error {
        OpenError::Locked => Failure::refused("locked", format!("the ledger runs: {message}"))
            .hint("stop it first; `remit audit replay URL` computes everything of one that runs again"),
        OpenError::Schema { .. } => Failure::refused("schema", message)
            .hint("`remit rebuild DIR` makes the database anew out of its log"),
        OpenError::Damaged(_) => Failure::refused("damaged", message)
            .hint("`remit fsck DIR` lists what is wrong; `remit rebuild DIR` replays log and objects"),
        OpenError::NoLedger => {
            Failure::usage(message).coded("no_ledger").hint("`remit init DIR --origin NAME` makes one")
        }
        OpenError::NotEmpty => {
            Failure::usage(message).coded("not_empty").hint("choose a folder that is not there yet")
        }
        OpenError::Full => Failure::refused("full", message).hint("make room on the device"),
        OpenError::Device(_) => Failure::internal(message),
    }
}

/// The ledger's name and beginning, out of its first entry.
pub(super) fn genesis_of(store: &RocksStore) -> Result<(LedgerId, Genesis), Failure> {
    let read = store.reader();
    let first = read.entry(remit_verifier::types::EntryIndex(0)).map_err(Failure::internal)?;
    let first = first.ok_or_else(|| Failure::internal("there is no first entry"))?;
    match Entry::decode(&first.entry) {
        Ok(Entry::Genesis(genesis)) => Ok((Genesis::ledger_id(&first.entry), *genesis)),
        _ => Err(Failure::refused("damaged", "the first entry is no genesis")),
    }
}

fn wrong(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    let path = path.display().to_string();
    move |error| Failure::usage(format!("{path}: {error}"))
}

impl Restore {
    pub(super) fn run(self) -> Outcome {
        if !self.dir.join(FILE_NAME).exists() && is_regular(&self.backup.join(FILE_NAME)) {
            fs::create_dir_all(&self.dir).map_err(wrong(&self.dir))?;
            private::copy(&self.backup.join(FILE_NAME), &self.dir.join(FILE_NAME))
                .map_err(wrong(&self.dir))?;
        }
        let loaded = load(&self.dir)?;
        let data = loaded.path(&loaded.config.ledger.data);
        let guard = loaded.path(&loaded.config.ledger.guard);
        let _still = still(&self.dir, &data)?;
        if data.exists() {
            return Err(Failure::usage(format!("{} is there", data.display()))
                .coded("exists")
                .hint("move it away first: nothing is written over"));
        }
        if guard.exists() == self.new_guard {
            let failure = if self.new_guard {
                Failure::usage(format!("the guard {} is there", guard.display()))
                    .hint("without --new-guard it stays in force, and says whether the backup is complete")
            } else {
                Failure::refused("no_guard", format!("there is no guard {}", guard.display())).hint(
                    "put the guard of the lost ledger there; if it is lost too, compare the backup with the newest \
                     published checkpoint, and only then use --new-guard",
                )
            };
            return Err(failure);
        }
        let (head, ledger) = put_back(&self.backup.join("data"), &data)?;
        if self.new_guard {
            Guard::create(&guard, ledger, head)
                .map_err(|error| Failure::internal(format!("the guard: {error}")))?;
        }
        Ok(Done::say(format!("{} entries, root {}, in {}", head.size, head.root, data.display()))
            .line("`remit serve` compares it with the guard before it signs anything.")
            .with("ledger", ledger.to_string())
            .with("entries", head.size.0)
            .with("root", head.root.to_string()))
    }
}

/// Copies a database to where none is: as a whole, or not at all.
fn put_back(from: &Path, data: &Path) -> Result<(TreeHead, LedgerId), Failure> {
    let mut part = data.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let remove = || match fs::remove_dir_all(&part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(wrong(&part)(error)),
        _ => Ok(()),
    };
    // Of a restore that was killed.
    remove()?;
    let copied = copy_folder(from, &part).and_then(|()| {
        let store = open(&part, &RocksOptions::default())?;
        Ok((store.head(), genesis_of(&store)?.0))
    });
    match copied {
        Ok(copied) => {
            fs::rename(&part, data).map_err(wrong(data))?;
            let folder = data.parent().unwrap_or(Path::new("."));
            fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(wrong(folder))?;
            Ok(copied)
        }
        Err(failure) => {
            // What is left of it is in nobody's way: the next one removes it first.
            drop(remove());
            Err(failure)
        }
    }
}

/// A file itself, and no link to one.
fn is_regular(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| there.is_file())
}

/// Copies the files of a folder. A database has nothing else, and a link in a copy leads to whatever somebody wanted.
fn copy_folder(from: &Path, to: &Path) -> Result<(), Failure> {
    let other = |path: &Path| {
        Failure::refused("damaged", format!("{} is no regular file of a database", path.display()))
            .hint("nothing was restored; take another copy")
    };
    if !fs::symlink_metadata(from).map_err(wrong(from))?.is_dir() {
        return Err(other(from));
    }
    fs::create_dir_all(to).map_err(wrong(to))?;
    for entry in fs::read_dir(from).map_err(wrong(from))? {
        let path = entry.map_err(wrong(from))?.path();
        let name = path.file_name().filter(|_| is_regular(&path)).ok_or_else(|| other(&path))?;
        private::copy(&path, &to.join(name)).map_err(wrong(&path))?;
    }
    Ok(())
}

impl Fsck {
    pub(super) fn run(self) -> Outcome {
        let data = data_of(&self.dir)?;
        let copy = "check a copy: `remit backup --running`, then `remit fsck COPY/data`; or stop it first";
        still_enough(&self.dir, &data, copy)?;
        let bar = Bar::new("entries and leaves", 0);
        let found = fsck(&data, &RocksOptions::default(), &mut |at: Progress| bar.set(at.done, at.of));
        bar.finish();
        let found: Vec<String> =
            found.map_err(|error| refused(&data, &error))?.iter().map(ToString::to_string).collect();
        let mut done = match found.as_slice() {
            [] => Done::say("everything agrees"),
            found => Done::say(found.join("\n")).line("`remit rebuild` replays log and objects"),
        };
        done = done.with("findings", &found);
        Ok(done.refused_unless(found.is_empty()))
    }
}

/// What a snapshot gives a folder to begin with.
fn base(path: &Path) -> Result<Base, Failure> {
    let Start { place, state, trees, digest } = snapshot::read(path)?;
    let commitment =
        place.commitment().ok_or_else(|| Failure::usage("the snapshot ends in no commitment"))?;
    Ok(Base { state, trees, commitment, digest })
}

impl Rebuild {
    pub(super) fn run(self) -> Outcome {
        let data = data_of(&self.dir)?;
        let _still = still(&self.dir, &data)?;
        let beside = |suffix: &str| {
            let mut name = data.file_name().unwrap_or_default().to_owned();
            name.push(suffix);
            data.with_file_name(name)
        };
        let (new, old) = (beside(".new"), beside(".before-rebuild"));
        for path in [&new, &old] {
            if path.exists() {
                return Err(Failure::usage(format!("{} is there", path.display()))
                    .coded("exists")
                    .hint("it is of an earlier rebuild: look at it, and move it away"));
            }
        }
        let base = self.from_snapshot.as_deref().map(base).transpose()?;
        let bar = Bar::new("entries", 0);
        let progress = &mut |at: Progress| bar.set(at.done, at.of);
        let made = rebuild_from(&data, &new, base, &RocksOptions::default(), progress);
        bar.finish();
        let head = match made {
            Ok(store) => store.head(),
            Err(error) => {
                // What was begun is no ledger; if it cannot be removed, the next rebuild says so.
                drop(fs::remove_dir_all(&new));
                return Err(match error {
                    error if error.missing().is_some() => not_covered(error.missing().unwrap_or_default()),
                    RebuildError::Open(error) => refused(&data, &error),
                    error => Failure::refused("replay", format!("{}: {error}", data.display()))
                        .hint("the log itself is not what the rules make: restore a backup, compare with checkpoints"),
                });
            }
        };
        fs::rename(&data, &old).map_err(wrong(&data))?;
        fs::rename(&new, &data).map_err(wrong(&new))?;
        Ok(Done::say(format!("{} entries replayed, root {}", head.size, head.root))
            .line(format!("the old database is in {}", old.display()))
            .with("entries", head.size.0)
            .with("root", head.root.to_string())
            .with("old", old))
    }
}
