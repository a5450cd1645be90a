//! What a lie is kept as: what the log signed, what it contradicts, and for two histories a proof that needs nothing
//! else.

use super::event::{Branch, Divergence, Event};
use super::history::head_of;
use crate::tree::Frontier;
use remit_verifier::c2sp::{Trust, TrustError};
use remit_verifier::merkle::{ProofError, TreeHead, verify_consistency};
use remit_verifier::types::{EntryIndex, Hash, Millis, TreeSize};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A file of evidence. Bytes are hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The code of the event.
    pub code: String,
    /// The log.
    pub origin: String,
    /// Where it was seen.
    pub source: String,
    /// The entry, where there is one.
    pub entry: Option<u64>,
    /// What is wrong, for people.
    pub says: String,
    /// When it was seen, unix milliseconds.
    pub seen_ms: u64,
    /// Notes that the log signed.
    pub notes: Vec<String>,
    /// Of two histories: the roots of the complete subtrees over the entries before the first that differs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peaks: Vec<String>,
    /// Of two histories: under each note the hash of the entry, and the path from there to the note's root.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<EvidenceBranch>,
    /// The batch that is wrong: each entry with its object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub batch: Vec<EvidenceEntry>,
}

/// One of two histories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceBranch {
    /// The note, by its place among the notes.
    pub note: usize,
    /// Hash of the entry.
    pub leaf: String,
    /// A consistency proof from the entries up to this one.
    pub path: Vec<String>,
}

/// An entry with its object, if one was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceEntry {
    /// The entry.
    pub entry: String,
    /// The submission.
    pub object: Option<String>,
}

/// Why evidence of two histories is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceError {
    /// It has not two notes and the proof.
    Form,
    /// A note is not signed by the log: which.
    Note(usize, TrustError),
    /// A path does not lead to the root of its note: which.
    Path(usize, ProofError),
    /// Both have the same entry there.
    Same,
}

impl fmt::Display for EvidenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => f.write_str("it is no proof of two histories"),
            Self::Note(which, error) => write!(f, "note {which} is not acceptable: {error}"),
            Self::Path(which, error) => write!(f, "path {which} does not hold: {error}"),
            Self::Same => f.write_str("both notes are over the same entry"),
        }
    }
}

impl std::error::Error for EvidenceError {}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hash(text: &str) -> Option<Hash> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(Hash(bytes))
}

fn hashes(texts: &[String]) -> Option<Vec<Hash>> {
    texts.iter().map(|text| hash(text)).collect()
}

impl Evidence {
    /// What an event is kept as.
    pub fn of(event: &Event) -> Self {
        let texts = |hashes: &[Hash]| hashes.iter().map(Hash::to_string).collect::<Vec<_>>();
        let branch = |(note, branch): (usize, &Branch)| EvidenceBranch {
            note,
            leaf: branch.leaf.to_string(),
            path: texts(&branch.path),
        };
        let (mut peaks, mut branches) = (Vec::new(), Vec::new());
        if let Some(Divergence { peaks: shared, branches: both, .. }) = event.divergence.as_deref() {
            (peaks, branches) = (texts(shared), both.iter().enumerate().map(branch).collect());
        }
        let kept = event
            .batch
            .iter()
            .map(|item| EvidenceEntry { entry: hex(&item.entry), object: item.object.as_deref().map(hex) });
        Self {
            code: event.code.text().into(),
            origin: event.origin.clone(),
            source: event.source.clone(),
            entry: event.entry.map(|at| at.0),
            says: event.to_string(),
            seen_ms: event.seen.0,
            notes: event.notes.clone(),
            peaks,
            branches,
            batch: kept.collect(),
        }
    }

    /// Checks a proof of two histories by nothing but the key of the log: success means that it signed two
    /// checkpoints, and that they have different entries at the index that is returned.
    ///
    /// # Errors
    ///
    /// [`EvidenceError`].
    pub fn prove(&self, log: &Trust, now: Millis) -> Result<EntryIndex, EvidenceError> {
        let at = self.entry.ok_or(EvidenceError::Form)?;
        let peaks = hashes(&self.peaks).ok_or(EvidenceError::Form)?;
        let [one, other] = self.branches.as_slice() else { return Err(EvidenceError::Form) };
        if one.leaf == other.leaf {
            return Err(EvidenceError::Same);
        }
        for (which, branch) in [one, other].into_iter().enumerate() {
            let note = self.notes.get(branch.note).ok_or(EvidenceError::Form)?;
            log.accept(note.as_bytes(), now, Millis(0)).map_err(|error| EvidenceError::Note(which, error))?;
            let signed = head_of(note).ok_or(EvidenceError::Form)?;
            let mut tree = Frontier::from_peaks(TreeSize(at), peaks.clone()).ok_or(EvidenceError::Form)?;
            tree.push(hash(&branch.leaf).ok_or(EvidenceError::Form)?);
            let head = TreeHead { size: tree.size(), root: tree.root() };
            let path = hashes(&branch.path).ok_or(EvidenceError::Form)?;
            verify_consistency(&head, &signed, &path).map_err(|error| EvidenceError::Path(which, error))?;
        }
        Ok(EntryIndex(at))
    }
}
