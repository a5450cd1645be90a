//! What is sent to a witness: the size that it is known to have, a consistency proof and the checkpoint
//! (spec 21 §1).

use super::checkpoint::{Checkpoint, CheckpointError};
use super::note::{NoteError, SignedNote};
use super::text::{base64_exact, decimal};
use super::vkey::VerifierKey;
use crate::limits::{ADD_CHECKPOINT_BYTES_MAX, TREE_HEIGHT_MAX};
use crate::types::{Hash, TreeSize};
use alloc::{format, string::String, vec::Vec};
use base64ct::{Base64, Encoding};

/// A request whose parts are well formed. No signature and no proof in it has been checked.
///
/// The root of a tree without entries may be a wrong one here: who may say so is told before what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint<'a> {
    old: TreeSize,
    hashes: Vec<Hash>,
    note: SignedNote<'a>,
    origin: &'a str,
    size: TreeSize,
    root: Hash,
}

/// Why bytes are not a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddCheckpointError {
    /// More than [`ADD_CHECKPOINT_BYTES_MAX`] bytes: how many.
    TooLong(usize),
    /// Not UTF-8.
    NotUtf8,
    /// The first line is not `old` and a decimal number without leading zeros that fits 64 bits.
    Old,
    /// More than [`TREE_HEIGHT_MAX`] hashes.
    TooManyHashes,
    /// A line of the proof is not strict base64 of 32 bytes: its number in the proof, from 1.
    Hash(usize),
    /// No empty line follows the proof.
    Truncated,
    /// What follows is not a signed note.
    Note(NoteError),
    /// The note's text is not a checkpoint.
    Checkpoint(CheckpointError),
}

/// Why a request is not of a log that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubmitterError {
    /// No key has the origin as its name.
    UnknownOrigin,
    /// No line is of one of the log's keys.
    NoLogSignature,
    /// A line with the name and ID of one of the log's keys does not verify: its number, from 1.
    LogSignature(usize),
}

impl<'a> AddCheckpoint<'a> {
    /// Puts a request together; success means that [`Self::to_text`] can be parsed again.
    ///
    /// # Errors
    ///
    /// [`AddCheckpointError::TooManyHashes`], [`AddCheckpointError::Note`], [`AddCheckpointError::Checkpoint`].
    pub fn new(old: TreeSize, hashes: Vec<Hash>, note: &'a [u8]) -> Result<Self, AddCheckpointError> {
        if hashes.len() > TREE_HEIGHT_MAX {
            return Err(AddCheckpointError::TooManyHashes);
        }
        let note = SignedNote::parse(note).map_err(AddCheckpointError::Note)?;
        let (origin, size, root) = Checkpoint::parts(note.text()).map_err(AddCheckpointError::Checkpoint)?;
        match Checkpoint::new(origin, size, root) {
            Ok(_) | Err(CheckpointError::RootOfEmpty) => Ok(Self { old, hashes, note, origin, size, root }),
            Err(error) => Err(AddCheckpointError::Checkpoint(error)),
        }
    }

    /// Reads a request; success means that [`Self::to_text`] writes the very same text.
    ///
    /// # Errors
    ///
    /// Every variant of [`AddCheckpointError`], in the order of spec 21 §1.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, AddCheckpointError> {
        if bytes.len() > ADD_CHECKPOINT_BYTES_MAX {
            return Err(AddCheckpointError::TooLong(bytes.len()));
        }
        let text = core::str::from_utf8(bytes).map_err(|_| AddCheckpointError::NotUtf8)?;
        let (old, mut rest) = text.split_once('\n').ok_or(AddCheckpointError::Old)?;
        let old = old.strip_prefix("old ").and_then(decimal).ok_or(AddCheckpointError::Old)?;
        let mut hashes = Vec::new();
        loop {
            let (line, after) = rest.split_once('\n').ok_or(AddCheckpointError::Truncated)?;
            rest = after;
            if line.is_empty() {
                return Self::new(TreeSize(old), hashes, rest.as_bytes());
            }
            if hashes.len() >= TREE_HEIGHT_MAX {
                return Err(AddCheckpointError::TooManyHashes);
            }
            let number = hashes.len().saturating_add(1);
            hashes.push(Hash(base64_exact(line).ok_or(AddCheckpointError::Hash(number))?));
        }
    }

    /// Checks who sends it: the keys of the log are those whose name is the origin, and every line of one of them
    /// verifies. At most one check for each line of the note; lines of other keys are ignored.
    ///
    /// # Errors
    ///
    /// Every variant of [`SubmitterError`].
    pub fn verify_submitter(&self, keys: &[VerifierKey]) -> Result<(), SubmitterError> {
        let known = || keys.iter().filter(|key| key.name() == self.origin);
        if known().next().is_none() {
            return Err(SubmitterError::UnknownOrigin);
        }
        let mut signed = false;
        for (line, number) in self.note.signatures().iter().zip(1..) {
            let Some(key) = known().find(|key| key.names(line)) else { continue };
            let bad = SubmitterError::LogSignature(number);
            let signature = line.ed25519().ok_or(bad)?;
            key.key().verify(self.note.text().as_bytes(), &signature).map_err(|_| bad)?;
            signed = true;
        }
        if signed { Ok(()) } else { Err(SubmitterError::NoLogSignature) }
    }

    /// The size that the sender takes the witness to have.
    pub const fn old(&self) -> TreeSize {
        self.old
    }

    /// The consistency proof from that size to the checkpoint's.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The note, as it was received.
    pub const fn note(&self) -> &SignedNote<'a> {
        &self.note
    }

    /// Name of the log.
    pub const fn origin(&self) -> &'a str {
        self.origin
    }

    /// Number of entries.
    pub const fn size(&self) -> TreeSize {
        self.size
    }

    /// Root of the tree over them; of none it may be wrong.
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// The request as text.
    pub fn to_text(&self) -> String {
        let mut text = format!("old {}\n", self.old);
        for hash in &self.hashes {
            text.extend([&Base64::encode_string(&hash.0), "\n"]);
        }
        text.extend(["\n", self.note.as_str()]);
        text
    }
}

/// Reads the size that a witness answers with status 409: decimal and a newline.
pub fn parse_known_size(body: &[u8]) -> Option<TreeSize> {
    core::str::from_utf8(body).ok()?.strip_suffix('\n').and_then(decimal).map(TreeSize)
}
