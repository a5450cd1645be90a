//! What a monitor keeps of one log over restarts. Whatever is written is synced before it is acted upon.
//!
//! ```text
//! newest            hex SHA-256 of what follows ‖ "\n" ‖ number of hashes ‖ " " ‖ their root ‖ "\n" ‖ the newest note
//! leaves            the hash of every entry that was shown, 32 bytes each
//! is-here           says that there was a note; one that is gone is no new beginning
//! alerts            a JSON object a line: all that was ever said, in order
//! cursors           how many of them were printed, how many the webhook took, and who did not answer
//! evidence/….json   for ever
//! snapshot          where it need not begin again; see `keep`
//! ```

use super::event::{Event, EventCode, Severity};
use super::evidence::Evidence;
use super::fold::Monitor;
use super::history::Remembered;
use crate::tree::Frontier;
use remit_verifier::hash::sha256;
use remit_verifier::types::{EntryIndex, Hash, TreeSize};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Files of evidence of one log and one severity at most, so that doubts take no place of lies; what comes later
/// proves nothing that these do not.
pub const EVIDENCE_FILES_MAX: usize = 1_024;

/// Why what a monitor keeps cannot be used.
#[derive(Debug)]
pub enum FolderError {
    /// It cannot be made, read, locked or written.
    Io(io::Error),
    /// Another process has it.
    Held,
    /// What stands in a file is not what was written: which.
    Damaged(PathBuf),
    /// There was a note, and there is none.
    Lost,
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Held => f.write_str("another process watches the log here"),
            Self::Damaged(path) => write!(f, "{} is damaged", path.display()),
            Self::Lost => f.write_str("what was known of the log is gone"),
        }
    }
}

impl std::error::Error for FolderError {}

impl From<io::Error> for FolderError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// What is said of an event, as it is kept, printed and posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its place among all that was said of this log, from 0.
    pub number: u64,
    /// `lie`, `unexpected`, `doubt` or `notice`.
    pub severity: String,
    /// The stable code.
    pub code: String,
    /// The log.
    pub origin: String,
    /// Where it was seen.
    pub source: String,
    /// The entry, where there is one.
    pub entry: Option<u64>,
    /// The party, token or object that it is about, in hexadecimal.
    pub subject: Option<String>,
    /// What the ledger states.
    pub stated: Option<String>,
    /// What was computed, seen before, or is right.
    pub computed: Option<String>,
    /// All of it in a sentence.
    pub says: String,
    /// When it was seen, unix milliseconds.
    pub seen_ms: u64,
    /// The file of evidence, below the folder of the log.
    pub evidence: Option<String>,
    /// What it is known by: nothing is said twice.
    pub key: String,
}

impl Alert {
    /// Whether the log lied.
    pub fn is_lie(&self) -> bool {
        self.severity == Severity::Lie.text()
    }
}

/// How far what was said has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Cursors {
    printed: u64,
    posted: u64,
    /// Sources that did not answer when they were asked last.
    #[serde(default)]
    away: BTreeSet<String>,
}

/// The folder of one log, held by this process alone.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    held: File,
    leaves: u64,
    tree: Frontier,
    note: Option<String>,
    alerts: Vec<Alert>,
    cursors: Cursors,
    /// Entries that the newest snapshot stands for; 0 if none was kept since the start.
    pub(super) kept: u64,
}

impl Folder {
    /// Opens the folder of a log below `state`, or begins it, and gives what is remembered.
    ///
    /// # Errors
    ///
    /// [`FolderError`].
    pub fn open(state: &Path, origin: &str) -> Result<(Self, Remembered), FolderError> {
        let path = state.join(sha256(&[origin.as_bytes()]).to_string());
        std::fs::create_dir_all(path.join("evidence"))?;
        let held = File::open(&path)?;
        held.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => FolderError::Held,
            std::fs::TryLockError::Error(error) => FolderError::Io(error),
        })?;
        let alerts = read_alerts(&path.join("alerts"))?;
        let cursors = match read(&path.join("cursors"))? {
            Some(bytes) => {
                serde_json::from_slice(&bytes).map_err(|_| FolderError::Damaged(path.join("cursors")))?
            }
            None => Cursors::default(),
        };
        if cursors.printed.max(cursors.posted) > alerts.len() as u64 {
            // What comes would be taken for what was printed and posted.
            return Err(FolderError::Damaged(path.join("alerts")));
        }
        let (note, leaves) = read_history(&path)?;
        let mut tree = Frontier::new();
        leaves.iter().for_each(|leaf| tree.push(*leaf));
        let said = alerts.iter().map(|alert| alert.key.clone()).collect();
        let count = leaves.len() as u64;
        let remembered = Remembered { newest: note.clone(), leaves, said, away: cursors.away.clone() };
        Ok((Self { path, held, leaves: count, tree, note, alerts, cursors, kept: 0 }, remembered))
    }

    /// Keeps what a monitor has come to.
    ///
    /// # Errors
    ///
    /// [`FolderError::Io`].
    pub fn remember(&mut self, monitor: &Monitor) -> Result<(), FolderError> {
        self.cursor(Cursors { away: monitor.away().clone(), ..self.cursors.clone() })?;
        let (note, size) = monitor.remembers();
        let Some(note) = note else { return Ok(()) };
        if size.0 <= self.leaves && self.note.as_deref() == Some(note) {
            return Ok(());
        }
        if size.0 > self.leaves {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(false).open(self.path.join("leaves"))?;
            // Whatever stands behind what is known was never known.
            file.seek(SeekFrom::Start(self.leaves * 32))?;
            let new = (self.leaves..size.0).map_while(|at| monitor.leaf(EntryIndex(at)));
            let new: Vec<Hash> = new.collect();
            file.write_all(&new.iter().flat_map(|leaf| leaf.0).collect::<Vec<u8>>())?;
            file.sync_all()?;
            new.iter().for_each(|leaf| self.tree.push(*leaf));
            self.leaves += new.len() as u64;
        }
        let text = format!("{} {}\n{note}", self.leaves, self.tree.root());
        let sum = sha256(&[text.as_bytes()]);
        write(&self.path.join("newest"), format!("{sum}\n{text}").as_bytes())?;
        self.note = Some(note.into());
        let mark = self.path.join("is-here");
        if !mark.try_exists()? {
            File::create(&mark)?.sync_all()?;
        }
        self.held.sync_all()?;
        Ok(())
    }

    /// Keeps an event, with evidence if somebody signed what is wrong. When this returns, it is never said anew.
    ///
    /// # Errors
    ///
    /// [`FolderError::Io`].
    pub fn say(&mut self, event: &Event) -> Result<Alert, FolderError> {
        let evidence = if event.notes.is_empty() { None } else { self.accuse(event)? };
        let alert = Alert {
            number: self.alerts.len() as u64,
            severity: event.severity().text().into(),
            code: event.code.text().into(),
            origin: event.origin.clone(),
            source: event.source.clone(),
            entry: event.entry.map(|at| at.0),
            subject: event.subject.map(|subject| subject.to_string()),
            stated: event.stated.as_ref().map(ToString::to_string),
            computed: event.computed.as_ref().map(ToString::to_string),
            says: event.to_string(),
            seen_ms: event.seen.0,
            evidence,
            key: event.key(),
        };
        let mut line = serde_json::to_vec(&alert).map_err(io::Error::other)?;
        line.push(b'\n');
        let mut file = OpenOptions::new().append(true).create(true).open(self.path.join("alerts"))?;
        file.write_all(&line)?;
        file.sync_all()?;
        if self.alerts.is_empty() {
            self.held.sync_all()?;
        }
        self.alerts.push(alert.clone());
        Ok(alert)
    }

    /// Keeps evidence for ever, and gives the name of its file; nothing if there is enough of this severity.
    fn accuse(&self, event: &Event) -> Result<Option<String>, FolderError> {
        let names = std::fs::read_dir(self.path.join("evidence"))?.map(|file| file.map(|it| it.file_name()));
        let names = names.collect::<io::Result<Vec<_>>>()?;
        let alike = names.iter().filter(|name| severity_of(&name.to_string_lossy()) == event.severity());
        if alike.count() >= EVIDENCE_FILES_MAX {
            return Ok(None);
        }
        let bytes = serde_json::to_vec_pretty(&Evidence::of(event)).map_err(io::Error::other)?;
        let sum = sha256(&[&bytes]).to_string();
        let at = event.entry.map(|at| format!("-{at}")).unwrap_or_default();
        let name = format!("evidence/{}{at}-{}.json", event.code.text(), sum.get(..8).unwrap_or_default());
        write(&self.path.join(&name), &bytes)?;
        File::open(self.path.join("evidence"))?.sync_all()?;
        Ok(Some(name))
    }

    /// All that was ever said.
    pub fn alerts(&self) -> &[Alert] {
        &self.alerts
    }

    /// What was said and not printed yet.
    pub fn unprinted(&self) -> &[Alert] {
        after(&self.alerts, self.cursors.printed)
    }

    /// What was said and the webhook has not taken yet.
    pub fn unposted(&self) -> &[Alert] {
        after(&self.alerts, self.cursors.posted)
    }

    /// Takes it that all was printed.
    ///
    /// # Errors
    ///
    /// [`FolderError::Io`].
    pub fn printed(&mut self) -> Result<(), FolderError> {
        self.cursor(Cursors { printed: self.alerts.len() as u64, ..self.cursors.clone() })
    }

    /// Takes it that the webhook has the first so many.
    ///
    /// # Errors
    ///
    /// [`FolderError::Io`].
    pub fn posted(&mut self, count: u64) -> Result<(), FolderError> {
        self.cursor(Cursors { posted: count, ..self.cursors.clone() })
    }

    fn cursor(&mut self, cursors: Cursors) -> Result<(), FolderError> {
        if self.cursors != cursors {
            let bytes = serde_json::to_vec(&cursors).map_err(io::Error::other)?;
            write(&self.path.join("cursors"), &bytes)?;
            self.held.sync_all()?;
            self.cursors = cursors;
        }
        Ok(())
    }

    /// Makes it last which files there are.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.held.sync_all()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// How grave what a file of evidence is of is, by its name.
fn severity_of(name: &str) -> Severity {
    let code = name.split('-').next().unwrap_or_default();
    let known = EventCode::ALL.iter().find(|known| known.text() == code);
    known.map_or(Severity::Lie, |code| code.severity())
}

fn after(alerts: &[Alert], count: u64) -> &[Alert] {
    usize::try_from(count).ok().and_then(|count| alerts.get(count..)).unwrap_or_default()
}

pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The note, and the hashes that were known when it was written.
fn read_history(path: &Path) -> Result<(Option<String>, Vec<Hash>), FolderError> {
    let file = path.join("newest");
    let Some(bytes) = read(&file)? else {
        return if path.join("is-here").try_exists()? {
            Err(FolderError::Lost)
        } else {
            Ok((None, Vec::new()))
        };
    };
    let damaged = || FolderError::Damaged(file.clone());
    let text = String::from_utf8(bytes).map_err(|_| damaged())?;
    let (sum, rest) = text.split_once('\n').ok_or_else(damaged)?;
    if sha256(&[rest.as_bytes()]).to_string() != sum {
        return Err(damaged());
    }
    let (line, note) = rest.split_once('\n').ok_or_else(damaged)?;
    let (count, root) = line.split_once(' ').ok_or_else(damaged)?;
    let count: u64 = count.parse().map_err(|_| damaged())?;
    let leaves = read_leaves(&path.join("leaves"), count)?;
    let mut tree = Frontier::new();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    if tree.size() != TreeSize(count) || tree.root().to_string() != root {
        return Err(FolderError::Damaged(path.join("leaves")));
    }
    Ok((Some(note.into()), leaves))
}

fn read_leaves(path: &Path, count: u64) -> Result<Vec<Hash>, FolderError> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => FolderError::Damaged(path.into()),
        _ => FolderError::Io(error),
    })?;
    file.take(count.saturating_mul(32)).read_to_end(&mut bytes)?;
    let (hashes, _) = bytes.as_chunks::<32>();
    Ok(hashes.iter().map(|hash| Hash(*hash)).collect())
}

/// What was said. A last line that was not finished was never said.
fn read_alerts(path: &Path) -> Result<Vec<Alert>, FolderError> {
    let Some(bytes) = read(path)? else { return Ok(Vec::new()) };
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    if whole < bytes.len() {
        OpenOptions::new().write(true).open(path)?.set_len(whole as u64)?;
    }
    let lines = bytes[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let read = |line: &[u8]| serde_json::from_slice(line).map_err(|_| FolderError::Damaged(path.into()));
    lines.map(read).collect()
}

/// The old bytes or the new ones, and the new ones when this returns; the name is the folder's to sync.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}
