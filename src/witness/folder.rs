//! What a witness keeps: who it is, what it last cosigned of each log, and evidence. Whatever is written is synced,
//! with its name, before anybody hears of it.
//!
//! ```text
//! witness                    "remit/witness/v1\n" ‖ kind ‖ "\n" ‖ vkey ‖ "\n"
//! ORIGIN.checkpoint          hex SHA-256 of what follows ‖ "\n" ‖ the note as it was cosigned
//! ORIGIN.is-here             says that there is a checkpoint; one that is gone is no new beginning
//! origins                    every ORIGIN with a checkpoint in a line of its own: the same, if both files are gone
//! evidence/ORIGIN-KIND-NAME.json    for ever
//! ```
//!
//! ORIGIN is the SHA-256 of the origin in hexadecimal. The folder itself is locked, by its inode: a file that holds a
//! lock can be taken away, and made anew by another process.

use super::Latest;
use remit_verifier::c2sp::{Checkpoint, Cosignature, SignedNote, VerifierKey};
use remit_verifier::hash::sha256;
use remit_verifier::merkle::TreeHead;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::fs::{DirEntry, File};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

const MAGIC: &str = "remit/witness/v1";
const WITNESS: &str = "witness";
const ORIGINS: &str = "origins";
/// Files of evidence of one kind against one log at most; what comes later proves nothing that these do not.
pub const EVIDENCE_FILES_MAX: usize = 1_024;

/// What the cosignatures of a witness say (spec 21 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WitnessKind {
    /// One history.
    Ordinary,
    /// One history, every entry and root of which was computed again.
    Replaying,
}

impl WitnessKind {
    /// Its name, for machines.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Replaying => "replaying",
        }
    }
}

/// Why the folder of a witness cannot be used. Nothing is cosigned then.
#[derive(Debug)]
pub enum FolderError {
    /// It cannot be read, made, locked or written.
    Io(io::Error),
    /// There is no witness in it.
    None,
    /// There is a witness in it already.
    Exists,
    /// Another process has it.
    Held,
    /// It is that of another key, name or kind: of this.
    Other(String),
    /// What stands in a file is not what was written: which.
    Damaged(PathBuf),
    /// A checkpoint was cosigned, and is gone: of this origin.
    Lost(String),
    /// Another folder has its name now.
    Moved,
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::None => f.write_str("there is no witness in this folder"),
            Self::Exists => f.write_str("there is a witness in this folder already"),
            Self::Held => f.write_str("another process has this folder"),
            Self::Other(line) => write!(f, "the folder is that of {line}"),
            Self::Damaged(path) => write!(f, "{} is damaged", path.display()),
            Self::Lost(origin) => write!(f, "what was last cosigned of {origin} is gone"),
            Self::Moved => f.write_str("another folder has the name of the one that was opened"),
        }
    }
}

impl std::error::Error for FolderError {}

impl From<io::Error> for FolderError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// What was last cosigned of a log, with the note that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Size, root and time.
    pub latest: Latest,
    /// The checkpoint with the lines of the log and of this witness.
    pub note: String,
}

/// Why a log is not to be believed, in its own words: notes that it signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// `fork`: two roots at one size. `false`: the entries under a checkpoint are not what the rules make of them.
    pub kind: String,
    /// The log.
    pub origin: String,
    /// What is wrong, for people.
    pub says: String,
    /// When it was seen, unix seconds.
    pub seen_s: u64,
    /// The notes: of a fork what was cosigned and what came then.
    pub notes: Vec<String>,
}

/// The folder of one witness, held by this process alone.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    held: File,
    key: VerifierKey,
    /// The names of the files of every origin of which something was cosigned.
    listed: Mutex<BTreeSet<String>>,
}

/// The name of the files of an origin.
pub(super) fn name_of(origin: &str) -> String {
    sha256(&[origin.as_bytes()]).to_string()
}

impl Folder {
    /// Makes the folder of a witness that has never cosigned anything.
    ///
    /// # Errors
    ///
    /// [`FolderError::Exists`], [`FolderError::Held`], [`FolderError::Damaged`], [`FolderError::Io`].
    pub fn create(path: &Path, key: &VerifierKey, kind: WitnessKind) -> Result<(), FolderError> {
        std::fs::create_dir_all(path.join("evidence"))?;
        let held = lock(path)?;
        if stated(path)?.is_some() {
            return Err(FolderError::Exists);
        }
        write(&path.join(WITNESS), statement(key, kind).as_bytes())?;
        held.sync_all()?;
        Ok(())
    }

    /// Opens the folder of this witness.
    ///
    /// # Errors
    ///
    /// [`FolderError::None`], [`FolderError::Held`], [`FolderError::Other`], [`FolderError::Damaged`],
    /// [`FolderError::Io`].
    pub fn open(path: &Path, key: &VerifierKey, kind: WitnessKind) -> Result<Self, FolderError> {
        let stated = stated(path)?.ok_or(FolderError::None)?;
        let held = lock(path)?;
        if stated != statement(key, kind) {
            return Err(FolderError::Other(stated.lines().skip(1).collect::<Vec<_>>().join(" ")));
        }
        let listed = Mutex::new(listed(path.join(ORIGINS))?);
        Ok(Self { path: path.into(), held, key: key.clone(), listed })
    }

    /// What was last cosigned of a log; nothing only if nothing ever was.
    ///
    /// # Errors
    ///
    /// [`FolderError::Damaged`], [`FolderError::Lost`], [`FolderError::Io`].
    pub fn find(&self, origin: &str) -> Result<Option<Found>, FolderError> {
        let (path, mark) = self.files(origin);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(FolderError::Damaged(path));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            Err(_) if mark.try_exists()? || self.listed().contains(&name_of(origin)) => {
                return Err(FolderError::Lost(origin.into()));
            }
            Err(_) => return Ok(None),
        };
        let found = text.split_once('\n').filter(|(sum, note)| *sum == name_of(note));
        let found = found.and_then(|(_, note)| found_in(note, origin, &self.key));
        found.map(Some).ok_or(FolderError::Damaged(path))
    }

    /// Keeps what is about to be answered. When this returns, it is what [`Self::find`] gives, whatever happens then.
    ///
    /// # Errors
    ///
    /// [`FolderError::Moved`], [`FolderError::Io`]: what stands there now is not known.
    pub fn keep(&self, origin: &str, note: &str) -> Result<(), FolderError> {
        self.require_same()?;
        let (path, mark) = self.files(origin);
        write(&path, format!("{}\n{note}", name_of(note)).as_bytes())?;
        if !mark.try_exists()? {
            File::create(&mark)?.sync_all()?;
        }
        self.held.sync_all()?;
        self.list(name_of(origin))
    }

    /// Writes down that something was cosigned of an origin. Its files are there before: a crash leaves no line alone.
    fn list(&self, name: String) -> Result<(), FolderError> {
        let mut listed = self.listed();
        if !listed.contains(&name) {
            let lines: Vec<&str> = listed.iter().chain([&name]).map(String::as_str).collect();
            write(&self.path.join(ORIGINS), (lines.join("\n") + "\n").as_bytes())?;
            self.held.sync_all()?;
            listed.insert(name);
        }
        Ok(())
    }

    fn listed(&self) -> MutexGuard<'_, BTreeSet<String>> {
        // A name is in it after it was written.
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps evidence for ever; the same is kept once. Where there is no room for more of it, that is said in the log.
    ///
    /// # Errors
    ///
    /// [`FolderError::Moved`], [`FolderError::Io`].
    pub fn accuse(&self, evidence: &Evidence) -> Result<(), FolderError> {
        self.require_same()?;
        let folder = self.path.join("evidence");
        // The text alone: the same checkpoint with other lines below it is the same lie.
        let text = evidence.notes.last().and_then(|note| note.split("\n\n").next()).unwrap_or_default();
        let name = sha256(&[evidence.kind.as_bytes(), b"\n", text.as_bytes()]).to_string();
        let (origin, kind) = (&evidence.origin, &evidence.kind);
        let of_log = format!("{}-{kind}-", name_of(origin));
        let path = folder.join(format!("{of_log}{name}.json"));
        // It had this name alone before each log had room of its own.
        if path.try_exists()? || folder.join(format!("{name}.json")).try_exists()? {
            return Ok(());
        }
        let alike = |entry: &DirEntry| entry.file_name().to_string_lossy().starts_with(&of_log);
        if std::fs::read_dir(&folder)?.flatten().filter(alike).count() >= EVIDENCE_FILES_MAX {
            tracing::error!(origin, kind, "evidence is not kept: there are {EVIDENCE_FILES_MAX} files of it");
            return Ok(());
        }
        let bytes = serde_json::to_vec_pretty(evidence).map_err(io::Error::other)?;
        write(&path, &bytes)?;
        File::open(&folder)?.sync_all()?;
        Ok(())
    }

    /// All evidence in a folder, which another process may have open.
    ///
    /// # Errors
    ///
    /// [`FolderError::None`], [`FolderError::Damaged`], [`FolderError::Io`].
    pub fn evidence(path: &Path) -> Result<Vec<Evidence>, FolderError> {
        if !path.join(WITNESS).try_exists()? {
            return Err(FolderError::None);
        }
        let mut all = Vec::new();
        for entry in std::fs::read_dir(path.join("evidence"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let read = serde_json::from_slice(&std::fs::read(&path)?);
                all.push(read.map_err(|_| FolderError::Damaged(path))?);
            }
        }
        all.sort_by(|a: &Evidence, b| (a.seen_s, &a.notes).cmp(&(b.seen_s, &b.notes)));
        Ok(all)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn files(&self, origin: &str) -> (PathBuf, PathBuf) {
        let name = name_of(origin);
        (self.path.join(format!("{name}.checkpoint")), self.path.join(format!("{name}.is-here")))
    }

    /// What is written by its name must be in the folder that is held.
    fn require_same(&self) -> Result<(), FolderError> {
        let (held, named) = (self.held.metadata()?, std::fs::metadata(&self.path));
        match named {
            Ok(named) if (named.dev(), named.ino()) == (held.dev(), held.ino()) => Ok(()),
            _ => Err(FolderError::Moved),
        }
    }
}

fn statement(key: &VerifierKey, kind: WitnessKind) -> String {
    format!("{MAGIC}\n{}\n{key}\n", kind.text())
}

/// Whose folder this is, as it says itself. A file without a byte says nothing: something ended while it was made.
fn stated(path: &Path) -> Result<Option<String>, FolderError> {
    let file = path.join(WITNESS);
    let stated = match std::fs::read_to_string(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        stated => Some(stated?).filter(|stated| !stated.is_empty()),
    };
    // Who cosigned something was made whole before.
    if stated.is_none() && path.join(ORIGINS).try_exists()? {
        return Err(FolderError::Damaged(file));
    }
    Ok(stated)
}

/// The names in the list of origins; none in a folder that has no list, as older ones have not.
fn listed(path: PathBuf) -> Result<BTreeSet<String>, FolderError> {
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(FolderError::Damaged(path)),
        text => text?,
    };
    let is_name = |line: &str| line.len() == 64 && line.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !text.ends_with('\n') || !text.lines().all(is_name) {
        return Err(FolderError::Damaged(path));
    }
    Ok(text.lines().map(str::to_owned).collect())
}

fn lock(path: &Path) -> Result<File, FolderError> {
    let held = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(FolderError::None),
        held => held?,
    };
    held.try_lock().map_err(|error| match error {
        std::fs::TryLockError::WouldBlock => FolderError::Held,
        std::fs::TryLockError::Error(error) => FolderError::Io(error),
    })?;
    Ok(held)
}

/// The old bytes or the new ones, and the new ones when this returns; the name is the folder's to sync.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}

/// Reads a note that this witness cosigned.
fn found_in(note: &str, origin: &str, key: &VerifierKey) -> Option<Found> {
    let parsed = SignedNote::parse(note.as_bytes()).ok()?;
    let checkpoint = Checkpoint::parse(parsed.text()).ok().filter(|it| it.origin() == origin)?;
    let own = parsed.signatures().iter().find_map(|line| Cosignature::parse(line, key).ok())?;
    own.verify(parsed.text(), key).ok()?;
    let head = TreeHead { size: checkpoint.size(), root: checkpoint.root() };
    Some(Found { latest: Latest { head, time: own.time() }, note: note.into() })
}
