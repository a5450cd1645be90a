//! `remit backup`: copies of a ledger that is stopped, and of one that runs, which makes them itself when it is asked.

use super::config::{FILE_NAME, load};
use super::folder::{open, refused};
use super::out::{Done, Failure, Outcome};
use super::session::Connection;
use super::{clock, private, text};
use crate::api::{BackupError, Backups};
use crate::store::rocks::{OpenError, RocksOptions, RocksReader};
use clap::Args;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Copies a ledger into a new folder: database and configuration, no keys and no guard.
///
/// The guard says how far the ledger itself has come. With one of its own a copy would go on by itself, without what
/// was acknowledged after it, and sign a second history.
///
/// One that is stopped is copied to where you say. One that runs copies itself, when an administrator asks it to
/// (`http.admins`), into a new folder below `ledger.backups` of its configuration; operations go on meanwhile, and
/// everything that was acknowledged before is in the copy. On the same file system the tables are hard links, so that
/// it takes little time and room.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit backup ledger /backup/ledger-2027-01-31
  remit backup --running --token-file admin.token")]
pub(super) struct Backup {
    /// The ledger's folder.
    #[arg(required_unless_present = "running")]
    dir: Option<PathBuf>,
    /// The new folder.
    #[arg(required_unless_present = "running")]
    to: Option<PathBuf>,
    /// Asks the ledger that runs at --url; --token-file holds an administrator's bearer token.
    #[arg(long, conflicts_with_all = ["dir", "to"])]
    running: bool,
    #[command(flatten)]
    connection: Connection,
}

/// What of a ledger is copied, and the database by itself.
#[derive(Clone, Debug)]
pub(super) struct Place {
    config: PathBuf,
}

/// Why there is no copy.
#[derive(Debug)]
enum CopyError {
    Io(PathBuf, io::Error),
    Store(PathBuf, OpenError),
}

impl Place {
    /// That of a ledger whose configuration is in `file`.
    pub(super) fn of(file: &Path) -> Self {
        Self { config: file.to_path_buf() }
    }

    /// Copies into a new folder, which has its name once everything is in it. No guard: one that is as old as the copy
    /// would vouch for it.
    fn copy(&self, database: &RocksReader, to: &Path) -> Result<(), CopyError> {
        let mut part = to.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let wrong = |path: &Path| {
            let path = path.to_path_buf();
            move |error| CopyError::Io(path, error)
        };
        if to.exists() {
            return Err(wrong(to)(io::ErrorKind::AlreadyExists.into()));
        }
        if let Some(above) = to.parent() {
            fs::create_dir_all(above).map_err(wrong(above))?;
        }
        fs::create_dir(&part).map_err(wrong(&part))?;
        let made = self.fill(database, &part).and_then(|()| fs::rename(&part, to).map_err(wrong(to)));
        if made.is_err() {
            // Half a copy is of no use, and keeps the room that was missing; if it cannot be removed, its name says so.
            drop(fs::remove_dir_all(&part));
        }
        made
    }

    /// Copies into a folder that is there and empty.
    fn fill(&self, database: &RocksReader, part: &Path) -> Result<(), CopyError> {
        let wrong = |path: &Path| {
            let path = path.to_path_buf();
            move |error| CopyError::Io(path, error)
        };
        if self.config.is_file() {
            private::copy(&self.config, &part.join(FILE_NAME)).map_err(wrong(&self.config))?;
        }
        let data = part.join("data");
        database.backup(&data).map_err(|error| CopyError::Store(data, error))?;
        File::open(part).and_then(|folder| folder.sync_all()).map_err(wrong(part))
    }
}

impl From<CopyError> for Failure {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Store(path, error) => refused(&path, &error),
            CopyError::Io(path, error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Self::usage(format!("{} is there already", path.display()))
                    .coded("exists")
                    .hint("choose another folder; nothing is written over")
            }
            CopyError::Io(path, error) => Self::usage(format!("{}: {error}", path.display())),
        }
    }
}

impl Backup {
    pub(super) fn run(self) -> Outcome {
        let (Some(dir), Some(to)) = (&self.dir, &self.to) else { return self.ask() };
        let loaded = load(dir)?;
        let data = loaded.path(&loaded.config.ledger.data);
        let store = open(&data, &RocksOptions::default()).map_err(|failure| match failure.code() {
            "locked" => failure.hint(
                "let it copy itself: `remit backup --running` with an administrator's token (docs/cli.md); or stop it \
                 first",
            ),
            _ => failure,
        })?;
        let head = store.head();
        Place::of(&dir.join(FILE_NAME)).copy(&store.handle(), to)?;
        Ok(Done::say(format!("{} entries, root {}, in {}", head.size, head.root, to.display()))
            .line("Keys are not in it: keep log.pem and the operators' keys elsewhere.")
            .with("entries", head.size.0)
            .with("root", head.root.to_string())
            .with("to", to))
    }

    /// Has the ledger that runs copy itself.
    fn ask(&self) -> Outcome {
        let session = self.connection.open()?;
        let made = session.post("/v1/admin/backup")?;
        let folder = made["folder"].as_str().unwrap_or_default();
        let (entries, root) = (&made["contains"]["size"], &made["contains"]["root"]);
        Ok(Done::say(format!("{entries} entries and what came since, in {folder} of its machine"))
            .line("Keys are not in it. Copy it to another machine: there it survives this one.")
            .with("entries", entries)
            .with("root", root)
            .with("to", folder))
    }
}

/// The copies of a ledger that runs, one at a time.
pub(super) struct Copies {
    place: Place,
    database: RocksReader,
    folder: PathBuf,
    running: Mutex<()>,
}

impl Copies {
    /// Copies of `database` and what belongs to it, into `folder`.
    pub(super) fn new(place: Place, database: RocksReader, folder: PathBuf) -> Self {
        Self { place, database, folder, running: Mutex::new(()) }
    }
}

impl Backups for Copies {
    fn make(&self) -> Result<String, BackupError> {
        let _alone = self.running.try_lock().map_err(|_| BackupError::Running)?;
        let now = clock::now().unwrap_or_default();
        let to = self.folder.join(text::time::file_name(now));
        let made = self.place.copy(&self.database, &to);
        made.map(|()| to.display().to_string()).map_err(|error| {
            let (what, kind) = match &error {
                CopyError::Io(path, error) if error.kind() == io::ErrorKind::StorageFull => {
                    (format!("{}: {error}", path.display()), BackupError::Full)
                }
                CopyError::Store(path, error @ OpenError::Full) => {
                    (format!("{}: {error}", path.display()), BackupError::Full)
                }
                CopyError::Io(path, error) => (format!("{}: {error}", path.display()), BackupError::Failed),
                CopyError::Store(path, error) => {
                    (format!("{}: {error}", path.display()), BackupError::Failed)
                }
            };
            tracing::error!(error = what, "no backup was made");
            kind
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::public_key;
    use crate::store::RocksStore;
    use remit_verifier::log::Genesis;
    use remit_verifier::sign::LocalSigner;
    use remit_verifier::types::{Millis, Rules};

    /// A copy that was not finished stayed there for ever, in the room that was missing.
    #[test]
    fn a_copy_that_fails_leaves_nothing_behind() {
        let dir = tempfile::tempdir().expect("a folder");
        let key = |seed| public_key(&LocalSigner::from_seed(&[seed; 32])).expect("a key");
        let (origin, operators) = ("remit.example/copies".into(), vec![key(8)]);
        let (log_key, time) = (key(7), Millis(1));
        let genesis = Genesis { time, origin, log_key, operators, threshold: 1, rules: Rules::NEWEST };
        let data = dir.path().join("data");
        let store = RocksStore::create(&data, crate::engine::begin(&genesis), &RocksOptions::default());
        let database = store.expect("a database").handle();
        let place = Place::of(&dir.path().join(FILE_NAME));
        let folder = dir.path().join("copies");
        place.copy(&database, &folder.join("whole")).expect("copied");
        // A table of the database is gone.
        let files = fs::read_dir(&data).expect("a folder").map(|file| file.expect("a file").path());
        let table = files.into_iter().find(|path| path.extension().is_some_and(|end| end == "sst"));
        fs::remove_file(table.expect("a table")).expect("removed");
        place.copy(&database, &folder.join("half")).expect_err("not copied");
        let left: Vec<_> =
            fs::read_dir(&folder).expect("a folder").map(|at| at.expect("one").file_name()).collect();
        assert_eq!(left, ["whole"]);
    }
}
