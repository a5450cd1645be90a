//! The snapshot that a monitor keeps of what it has computed, so that it need not begin with the first entry again.
//!
//! ```text
//! snapshot          hex SHA-256 of what follows ‖ "\n" ‖ size, log root, digest, digest of the interests, in words
//! snapshot-…        the snapshot with this digest (its first 16 digits)
//! ```

use super::fold::Monitor;
use super::folder::{Folder, FolderError, read, write};
use crate::audit::snapshot::{self, Start};
use remit_verifier::hash::sha256;
use remit_verifier::types::Hash;
use std::fs::File;
use std::io::{self, BufReader, BufWriter};
use std::path::PathBuf;

/// Entries that are computed until another snapshot is kept: some seconds of work.
pub const SNAPSHOT_ENTRIES: u64 = 100_000;

/// How the name of a snapshot begins.
const PREFIX: &str = "snapshot-";

impl Folder {
    /// Keeps a snapshot, if `after` entries or more were computed since the last one: [`SNAPSHOT_ENTRIES`] on the way,
    /// 1 at the end.
    ///
    /// # Errors
    ///
    /// [`FolderError::Io`].
    pub fn keep_snapshot(&mut self, monitor: &Monitor, after: u64) -> Result<(), FolderError> {
        let head = monitor.head();
        if head.size.0.saturating_sub(self.kept.max(monitor.from().0)) < after {
            return Ok(());
        }
        let Some((place, state)) = monitor.snapshot() else { return Ok(()) };
        let new = self.path().join("snapshot.new");
        let file = File::create(&new)?;
        let digest = snapshot::write(BufWriter::new(&file), place, state)?;
        file.sync_all()?;
        let name = self.snapshot_at(&digest);
        std::fs::rename(&new, &name)?;
        self.sync()?;
        let text = format!("{} {} {digest} {}", head.size, head.root, monitor.interests());
        let sum = sha256(&[text.as_bytes()]);
        write(&self.path().join("snapshot"), format!("{sum}\n{text}").as_bytes())?;
        self.sync()?;
        self.kept = head.size.0;
        self.drop_others(&name)
    }

    fn snapshot_at(&self, digest: &Hash) -> PathBuf {
        let digest = digest.to_string();
        self.path().join(format!("{PREFIX}{}", digest.get(..16).unwrap_or_default()))
    }

    fn drop_others(&self, kept: &PathBuf) -> Result<(), FolderError> {
        for file in std::fs::read_dir(self.path())? {
            let file = file?;
            if file.file_name().to_string_lossy().starts_with(PREFIX) && file.path() != *kept {
                std::fs::remove_file(file.path())?;
            }
        }
        Ok(())
    }

    /// The snapshot that was kept; none if there is none, or what was told up to there was told for other interests.
    ///
    /// # Errors
    ///
    /// [`FolderError::Damaged`] if it is not what was written: then all is to be computed again.
    pub fn snapshot(&self, interests: Hash) -> Result<Option<Start>, FolderError> {
        let file = self.path().join("snapshot");
        let Some(bytes) = read(&file)? else { return Ok(None) };
        let damaged = || FolderError::Damaged(file.clone());
        let text = String::from_utf8(bytes).map_err(|_| damaged())?;
        let (sum, rest) = text.split_once('\n').ok_or_else(damaged)?;
        if sha256(&[rest.as_bytes()]).to_string() != sum {
            return Err(damaged());
        }
        let [size, root, digest, told] = rest.split(' ').collect::<Vec<_>>()[..] else {
            return Err(damaged());
        };
        if told != interests.to_string() {
            return Ok(None);
        }
        let name = self.path().join(format!("{PREFIX}{}", digest.get(..16).unwrap_or_default()));
        let wrong = || FolderError::Damaged(name.clone());
        let file = File::open(&name).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => wrong(),
            _ => FolderError::Io(error),
        })?;
        let start = snapshot::read(BufReader::new(file)).map_err(|_| wrong())?;
        let head = start.head();
        let own = (head.size.to_string(), head.root.to_string(), start.digest.to_string());
        if own == (size.into(), root.into(), digest.into()) { Ok(Some(start)) } else { Err(wrong()) }
    }
}
