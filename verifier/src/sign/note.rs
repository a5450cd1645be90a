//! Signs checkpoints as a log, and cosigns them as a witness (spec 08 §4, §5).

use super::{SignError, Signer};
use crate::c2sp::{
    Checkpoint, CheckpointError, KeyKind, NoteError, SignedNote, VerifierKey, VerifierKeyError,
    cosigned_message, is_cosignature_time, signature_line,
};
use crate::merkle::{ProofError, root_from_inclusion};
use crate::receipt::ReceiptDraft;
use crate::types::{Hash, Seconds};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Why a note is not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteSignError {
    /// The signer gave no signature.
    Signer(SignError),
    /// The name or the signer's key is not acceptable.
    Key(VerifierKeyError),
    /// The note would break a bound.
    Note(NoteError),
    /// The note to cosign is not a checkpoint.
    Checkpoint(CheckpointError),
    /// The time of a cosignature must be from 1 to 2^63 - 1.
    Time(Seconds),
}

/// Signs a checkpoint under its origin as key name; the result is a whole note with one line.
///
/// # Errors
///
/// [`NoteSignError::Key`], [`NoteSignError::Signer`], [`NoteSignError::Note`].
pub fn sign_checkpoint(signer: &dyn Signer, checkpoint: &Checkpoint<'_>) -> Result<String, NoteSignError> {
    let key = VerifierKey::new(checkpoint.origin(), KeyKind::Note, &signer.public_key());
    let key = key.map_err(NoteSignError::Key)?;
    let text = checkpoint.to_text();
    let signature = signer.sign(text.as_bytes()).map_err(NoteSignError::Signer)?;
    let line = signature_line(key.name(), key.id(), &signature);
    SignedNote::assemble(&text, &line).map_err(NoteSignError::Note)
}

/// Cosigns a checkpoint note at `time`; the result is the signature line, for [`SignedNote::with_lines`].
///
/// Whether the log's signature is good, and the checkpoint consistent with the last one, must be known
/// before.
///
/// # Errors
///
/// [`NoteSignError::Time`], [`NoteSignError::Checkpoint`], [`NoteSignError::Key`], [`NoteSignError::Signer`].
pub fn cosign(
    signer: &dyn Signer,
    name: &str,
    note: &SignedNote<'_>,
    time: Seconds,
) -> Result<String, NoteSignError> {
    if !is_cosignature_time(time) {
        return Err(NoteSignError::Time(time));
    }
    Checkpoint::parse(note.text()).map_err(NoteSignError::Checkpoint)?;
    let key = VerifierKey::new(name, KeyKind::Cosignature, &signer.public_key());
    let key = key.map_err(NoteSignError::Key)?;
    let message = cosigned_message(note.text(), time);
    let signature = signer.sign(message.as_bytes()).map_err(NoteSignError::Signer)?;
    let timestamped = [time.0.to_be_bytes().as_slice(), &signature].concat();
    Ok(signature_line(key.name(), key.id(), &timestamped))
}

impl fmt::Display for NoteSignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signer(error) => error.fmt(f),
            Self::Key(error) => error.fmt(f),
            Self::Note(error) => error.fmt(f),
            Self::Checkpoint(error) => error.fmt(f),
            Self::Time(time) => write!(f, "cosignature time {time} is not from 1 to 2^63 - 1"),
        }
    }
}

impl core::error::Error for NoteSignError {}

/// Signs a receipt (RFC 9942) of the entry with this leaf hash: the root that it leads to must be one of the log.
///
/// # Errors
///
/// [`ReceiptSignError`].
pub fn sign_receipt(
    signer: &dyn Signer,
    draft: &ReceiptDraft<'_>,
    leaf: &Hash,
) -> Result<Vec<u8>, ReceiptSignError> {
    if draft.path.is_empty() {
        return Err(ReceiptSignError::OneEntry);
    }
    let root = root_from_inclusion(leaf, draft.index, draft.size, draft.path);
    let (protected, bytes) = draft.to_sign(&signer.public_key(), &root.map_err(ReceiptSignError::Inclusion)?);
    let signature = signer.sign(&bytes).map_err(ReceiptSignError::Signer)?;
    Ok(draft.encode(&protected, &signature))
}

/// Why a receipt is not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptSignError {
    /// The log has one entry, of which RFC 9942 has no receipt.
    OneEntry,
    /// The proof is none.
    Inclusion(ProofError),
    /// The signer gave no signature.
    Signer(SignError),
}

impl fmt::Display for ReceiptSignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneEntry => f.write_str("there is no receipt of a log of one entry"),
            Self::Inclusion(error) => error.fmt(f),
            Self::Signer(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ReceiptSignError {}
