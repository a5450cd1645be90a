//! What the errors of this folder say to people; programs read their variants.

use super::{
    AddCheckpointError, CheckpointError, CosignatureError, NoteError, SubmitterError, TlogProofError,
    TrustError, TrustParseError, TrustRuleError, VerifierKeyError,
};
use crate::key::KeyError;
use crate::limits::{
    ADD_CHECKPOINT_BYTES_MAX, KEY_NAME_BYTES_MAX, NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX, PROOF_BYTES_MAX,
    PROOF_EXTRA_BYTES_MAX, TREE_HEIGHT_MAX, TREE_SIZE_MAX, TRUST_BYTES_MAX, TRUST_ITEMS_MAX,
};
use core::error::Error;
use core::fmt::{Display, Formatter, Result};

impl Display for VerifierKeyError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Malformed => f.write_str("verifier key is not name+id+key"),
            Self::Name => {
                write!(f, "key name is empty, above {KEY_NAME_BYTES_MAX} bytes, or has a space or +")
            }
            Self::Kind(kind) => write!(f, "signature type {kind:#04x} is not supported"),
            Self::WrongId => f.write_str("key ID is not that of name, type and key"),
            Self::Key(KeyError::NotCanonical) => f.write_str("key is not a canonical point"),
            Self::Key(KeyError::SmallOrder) => f.write_str("key has small order"),
        }
    }
}

impl Display for NoteError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::TooLong(bytes) => write!(f, "note of {bytes} bytes is above {NOTE_BYTES_MAX}"),
            Self::NotUtf8 => f.write_str("note is not UTF-8"),
            Self::Control(byte) => write!(f, "note has the control character {byte:#04x}"),
            Self::NoEmptyLine => f.write_str("note has no text with an empty line after it"),
            Self::NoSignature => f.write_str("note has no signature line"),
            Self::NoFinalNewline => f.write_str("note does not end in a newline"),
            Self::TooManySignatures => write!(f, "note has more than {NOTE_SIGNATURES_MAX} signature lines"),
            Self::SignatureLine(line) => write!(f, "signature line {line} is malformed"),
        }
    }
}

impl Display for CheckpointError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Truncated => f.write_str("checkpoint has fewer than three lines"),
            Self::Extension => f.write_str("checkpoint has extension lines"),
            Self::Origin => f.write_str("origin is not a key name"),
            Self::Size => f.write_str("tree size is not a plain decimal number"),
            Self::SizeTooLarge(size) => write!(f, "tree size {size} is above {TREE_SIZE_MAX}"),
            Self::Root => f.write_str("root is not base64 of 32 bytes"),
            Self::RootOfEmpty => f.write_str("tree size 0 has another root than that of the empty tree"),
        }
    }
}

impl Display for CosignatureError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::OtherKey => f.write_str("line is of another key"),
            Self::Length => f.write_str("cosignature is not 72 bytes"),
            Self::Time(time) => write!(f, "cosignature time {time} is not from 1 to 2^63 - 1"),
            Self::Signature => f.write_str("cosignature does not verify"),
        }
    }
}

impl Display for TrustRuleError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::TooMany => write!(f, "more than {TRUST_ITEMS_MAX} logs, witnesses or groups"),
            Self::Name => f.write_str("name is empty or has a space or control character"),
            Self::Reserved => f.write_str("name none is reserved for the quorum"),
            Self::NameTaken => f.write_str("name is defined already"),
            Self::KeyKind => f.write_str("a log needs a key of type 0x01, a witness one of type 0x04"),
            Self::KeyTaken => f.write_str("key is that of another log or witness"),
            Self::Undefined => f.write_str("name is not defined on an earlier line"),
            Self::MemberTaken => f.write_str("member belongs to a group already"),
            Self::Threshold => f.write_str("threshold is not from 1 to the number of members"),
            Self::SecondQuorum => f.write_str("there is a quorum already"),
            Self::NoQuorum => f.write_str("there is no quorum; none must be stated too"),
        }
    }
}

impl Display for TrustParseError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::TooLong(bytes) => write!(f, "trust lines of {bytes} bytes are above {TRUST_BYTES_MAX}"),
            Self::Control { line, byte } => write!(f, "line {line}: control character {byte:#04x}"),
            Self::Keyword { line } => write!(f, "line {line}: not log, witness, group or quorum"),
            Self::Words { line } => write!(f, "line {line}: too few or too many words"),
            Self::Key { line, error } => write!(f, "line {line}: {error}"),
            Self::Rule { line: 0, error } => error.fmt(f),
            Self::Rule { line, error } => write!(f, "line {line}: {error}"),
        }
    }
}

impl Display for TrustError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Note(error) => error.fmt(f),
            Self::Checkpoint(error) => error.fmt(f),
            Self::UnknownOrigin => f.write_str("origin is of no trusted log"),
            Self::SecondSignature(line) => {
                write!(f, "signature line {line} is a second one of a trusted key")
            }
            Self::NoLogSignature => f.write_str("no signature of a trusted key of the log"),
            Self::LogSignature(line) => {
                write!(f, "signature line {line}: the log's signature does not verify")
            }
            Self::Cosignature { line, error } => write!(f, "signature line {line}: {error}"),
            Self::Quorum => f.write_str("witnesses do not meet the quorum"),
            Self::Clock => f.write_str("witnesses meet the quorum only with times in the future"),
        }
    }
}

impl Display for TlogProofError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::TooLong(bytes) => write!(f, "proof of {bytes} bytes is above {PROOF_BYTES_MAX}"),
            Self::NotUtf8 => f.write_str("proof is not UTF-8"),
            Self::FirstLine => f.write_str("first line is not c2sp.org/tlog-proof@v1"),
            Self::Extra => write!(f, "extra data is not base64 of 1 to {PROOF_EXTRA_BYTES_MAX} bytes"),
            Self::Index => f.write_str("no index line with a plain decimal number"),
            Self::Hash(line) => write!(f, "hash {line} is not base64 of 32 bytes"),
            Self::TooManyHashes => write!(f, "more than {TREE_HEIGHT_MAX} hashes"),
            Self::Truncated => f.write_str("no empty line after the hashes"),
            Self::Note(error) => error.fmt(f),
            Self::Checkpoint(error) => error.fmt(f),
            Self::NotInTree => f.write_str("index is not below the tree size"),
        }
    }
}

impl Display for AddCheckpointError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::TooLong(bytes) => write!(f, "{bytes} bytes, at most {ADD_CHECKPOINT_BYTES_MAX}"),
            Self::NotUtf8 => f.write_str("not UTF-8"),
            Self::Old => f.write_str("the first line is not `old` and a decimal size"),
            Self::TooManyHashes => write!(f, "more than {TREE_HEIGHT_MAX} hashes"),
            Self::Hash(number) => write!(f, "line {number} of the proof is not base64 of 32 bytes"),
            Self::Truncated => f.write_str("no empty line after the proof"),
            Self::Note(error) => error.fmt(f),
            Self::Checkpoint(error) => error.fmt(f),
        }
    }
}

impl Display for SubmitterError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::UnknownOrigin => f.write_str("no log of this origin is known"),
            Self::NoLogSignature => f.write_str("no line is of a key of the log"),
            Self::LogSignature(line) => write!(f, "signature line {line} of the log does not verify"),
        }
    }
}

impl Error for VerifierKeyError {}
impl Error for NoteError {}
impl Error for CheckpointError {}
impl Error for CosignatureError {}
impl Error for TrustRuleError {}
impl Error for TrustParseError {}
impl Error for TrustError {}
impl Error for TlogProofError {}
impl Error for AddCheckpointError {}
impl Error for SubmitterError {}
