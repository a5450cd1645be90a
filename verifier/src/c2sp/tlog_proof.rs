//! Proofs as text: an index, an inclusion proof and the checkpoint that they lead to (spec 08 §9).

use super::checkpoint::{Checkpoint, CheckpointError};
use super::note::{NoteError, SignedNote};
use super::text::{base64_exact, decimal};
use crate::limits::{PROOF_BYTES_MAX, PROOF_EXTRA_BYTES_MAX, TREE_HEIGHT_MAX};
use crate::types::{EntryIndex, Hash};
use alloc::{format, string::String, vec::Vec};
use base64ct::{Base64, Encoding};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// A proof whose parts are well formed. Neither the checkpoint's signatures nor the inclusion have been
/// checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof<'a> {
    extra: Vec<u8>,
    index: EntryIndex,
    hashes: Vec<Hash>,
    note: SignedNote<'a>,
    checkpoint: Checkpoint<'a>,
}

/// Why a text is not a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlogProofError {
    /// More than [`PROOF_BYTES_MAX`] bytes: how many.
    TooLong(usize),
    /// Not UTF-8.
    NotUtf8,
    /// The first line is not `c2sp.org/tlog-proof@v1`.
    FirstLine,
    /// The extra data is not strict base64 of 1 to [`PROOF_EXTRA_BYTES_MAX`] bytes.
    Extra,
    /// No line `index`, or its number is not decimal without leading zeros, or does not fit 64 bits.
    Index,
    /// A line of the proof is not strict base64 of 32 bytes: its number in the proof, from 1.
    Hash(usize),
    /// More than [`TREE_HEIGHT_MAX`] hashes.
    TooManyHashes,
    /// No empty line follows the proof.
    Truncated,
    /// What follows is not a signed note.
    Note(NoteError),
    /// The note's text is not a checkpoint.
    Checkpoint(CheckpointError),
    /// The index is not below the checkpoint's size.
    NotInTree,
}

impl<'a> TlogProof<'a> {
    /// Puts a proof together; success means that [`Self::to_text`] can be parsed again. Empty `extra` is
    /// none.
    ///
    /// # Errors
    ///
    /// [`TlogProofError::Extra`], [`TlogProofError::TooManyHashes`], [`TlogProofError::Note`],
    /// [`TlogProofError::Checkpoint`], [`TlogProofError::NotInTree`].
    pub fn new(
        extra: Vec<u8>,
        index: EntryIndex,
        hashes: Vec<Hash>,
        note: &'a [u8],
    ) -> Result<Self, TlogProofError> {
        if extra.len() > PROOF_EXTRA_BYTES_MAX {
            return Err(TlogProofError::Extra);
        }
        if hashes.len() > TREE_HEIGHT_MAX {
            return Err(TlogProofError::TooManyHashes);
        }
        let note = SignedNote::parse(note).map_err(TlogProofError::Note)?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(TlogProofError::Checkpoint)?;
        if index.0 >= checkpoint.size().0 {
            return Err(TlogProofError::NotInTree);
        }
        Ok(Self { extra, index, hashes, note, checkpoint })
    }

    /// Reads a proof; success means that [`Self::to_text`] writes the very same text.
    ///
    /// # Errors
    ///
    /// Every variant of [`TlogProofError`], in the order of spec 08 §9.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, TlogProofError> {
        if bytes.len() > PROOF_BYTES_MAX {
            return Err(TlogProofError::TooLong(bytes.len()));
        }
        let text = core::str::from_utf8(bytes).map_err(|_| TlogProofError::NotUtf8)?;
        let rest = text.strip_prefix(FIRST_LINE).and_then(|rest| rest.strip_prefix('\n'));
        let rest = rest.ok_or(TlogProofError::FirstLine)?;
        let (extra, rest) = parse_extra(rest)?;
        let (index, rest) = rest.split_once('\n').ok_or(TlogProofError::Index)?;
        let index = index.strip_prefix("index ").and_then(decimal).ok_or(TlogProofError::Index)?;
        let (hashes, note) = parse_hashes(rest)?;
        Self::new(extra, EntryIndex(index), hashes, note.as_bytes())
    }

    /// The same proof with other data beside it.
    ///
    /// # Errors
    ///
    /// [`TlogProofError::Extra`].
    pub fn with_extra(self, extra: Vec<u8>) -> Result<Self, TlogProofError> {
        if extra.len() > PROOF_EXTRA_BYTES_MAX {
            return Err(TlogProofError::Extra);
        }
        Ok(Self { extra, ..self })
    }

    /// Data beside the proof, empty if there is none. **Nothing vouches for it.**
    pub fn unauthenticated_extra(&self) -> &[u8] {
        &self.extra
    }

    /// Position of the entry.
    pub const fn index(&self) -> EntryIndex {
        self.index
    }

    /// The inclusion proof, from the leaf's sibling up.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The checkpoint note, for [`super::Trust::accept`].
    pub const fn note(&self) -> &SignedNote<'a> {
        &self.note
    }

    /// What the note says, unchecked.
    pub const fn checkpoint(&self) -> &Checkpoint<'a> {
        &self.checkpoint
    }

    /// The proof as text.
    pub fn to_text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\n");
        if !self.extra.is_empty() {
            text.extend(["extra ", &Base64::encode_string(&self.extra), "\n"]);
        }
        text.push_str(&format!("index {}\n", self.index));
        for hash in &self.hashes {
            text.extend([&Base64::encode_string(&hash.0), "\n"]);
        }
        text.extend(["\n", self.note.as_str()]);
        text
    }
}

fn parse_extra(text: &str) -> Result<(Vec<u8>, &str), TlogProofError> {
    let Some(rest) = text.strip_prefix("extra ") else { return Ok((Vec::new(), text)) };
    let (encoded, rest) = rest.split_once('\n').ok_or(TlogProofError::Extra)?;
    let extra = Base64::decode_vec(encoded).map_err(|_| TlogProofError::Extra)?;
    // No data is written as no line, so an empty line would not be written again.
    if extra.is_empty() { Err(TlogProofError::Extra) } else { Ok((extra, rest)) }
}

/// Reads hashes up to the empty line; the rest is the note.
fn parse_hashes(mut text: &str) -> Result<(Vec<Hash>, &str), TlogProofError> {
    let mut hashes = Vec::new();
    loop {
        let (line, rest) = text.split_once('\n').ok_or(TlogProofError::Truncated)?;
        text = rest;
        if line.is_empty() {
            return Ok((hashes, text));
        }
        if hashes.len() >= TREE_HEIGHT_MAX {
            return Err(TlogProofError::TooManyHashes);
        }
        let number = hashes.len().saturating_add(1);
        hashes.push(Hash(base64_exact(line).ok_or(TlogProofError::Hash(number))?));
    }
}
