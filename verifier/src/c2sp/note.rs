//! Signed notes: a text and the signature lines below it, kept byte for byte (spec 08 §2).

use super::text::{base64_exact, base64_scan, is_key_name};
use super::vkey::KeyId;
use crate::limits::{NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX};
use alloc::{string::String, vec::Vec};
use base64ct::{Base64, Encoding};

/// Em dash and space: what a signature line begins with.
const LINE_PREFIX: &str = "\u{2014} ";

/// A note in its received bytes. Nothing in it has been checked against a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote<'a> {
    whole: &'a str,
    text: &'a str,
    signatures: Vec<SignatureLine<'a>>,
}

/// One signature line: strict base64 of a key ID and at least one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignatureLine<'a> {
    name: &'a str,
    id: KeyId,
    base64: &'a str,
}

/// Why bytes are not a signed note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteError {
    /// More than [`NOTE_BYTES_MAX`] bytes: how many.
    TooLong(usize),
    /// Not UTF-8.
    NotUtf8,
    /// A control character below U+0020 other than newline: its value.
    Control(u8),
    /// No text that ends in a newline with an empty line after it.
    NoEmptyLine,
    /// Nothing follows the last empty line.
    NoSignature,
    /// The last line has no newline.
    NoFinalNewline,
    /// More than [`NOTE_SIGNATURES_MAX`] signature lines.
    TooManySignatures,
    /// A line is not em dash, space, key name, space, strict base64 of five bytes or more: its number, from
    /// 1.
    SignatureLine(usize),
}

impl<'a> SignedNote<'a> {
    /// Splits a note into its parts; success says nothing about any signature.
    ///
    /// # Errors
    ///
    /// Every variant of [`NoteError`], in the order of spec 08 §2.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong(bytes.len()));
        }
        let whole = core::str::from_utf8(bytes).map_err(|_| NoteError::NotUtf8)?;
        check_characters(whole)?;
        // The last empty line separates: the text keeps the newline before it.
        let (head, lines) = whole.rsplit_once("\n\n").ok_or(NoteError::NoEmptyLine)?;
        let text_bytes = head.len().saturating_add(1);
        let text = whole.get(..text_bytes).ok_or(NoteError::NoEmptyLine)?;
        Ok(Self { whole, text, signatures: SignatureLine::parse_all(lines)? })
    }

    /// The received bytes.
    pub const fn as_str(&self) -> &'a str {
        self.whole
    }

    /// The text that is signed, its final newline included.
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// The signature lines, in the order of the note; at least one.
    pub fn signatures(&self) -> &[SignatureLine<'a>] {
        &self.signatures
    }

    /// The note with more signature lines at its end, each ending in a newline.
    ///
    /// # Errors
    ///
    /// What [`Self::parse`] says of the result.
    pub fn with_lines(&self, lines: &str) -> Result<String, NoteError> {
        let mut note = String::from(self.whole);
        check_characters(lines)?;
        SignatureLine::parse_all(lines)?;
        note.push_str(lines);
        SignedNote::parse(note.as_bytes())?;
        Ok(note)
    }

    /// Puts a text and signature lines together, each line ending in a newline.
    ///
    /// # Errors
    ///
    /// What [`Self::parse`] says of the result; [`NoteError::NoEmptyLine`] too for a text without final
    /// newline.
    pub fn assemble(text: &str, lines: &str) -> Result<String, NoteError> {
        if !text.ends_with('\n') {
            return Err(NoteError::NoEmptyLine);
        }
        let note = [text, "\n", lines].concat();
        if SignedNote::parse(note.as_bytes())?.text != text {
            return Err(NoteError::NoEmptyLine);
        }
        Ok(note)
    }
}

impl<'a> SignatureLine<'a> {
    /// Reads one or more lines, as they end a note or are a witness's answer (tlog-witness, add-checkpoint).
    ///
    /// # Errors
    ///
    /// [`NoteError::NoSignature`], [`NoteError::NoFinalNewline`], [`NoteError::TooManySignatures`],
    /// [`NoteError::SignatureLine`].
    pub fn parse_all(lines: &'a str) -> Result<Vec<Self>, NoteError> {
        if lines.is_empty() {
            return Err(NoteError::NoSignature);
        }
        let lines = lines.strip_suffix('\n').ok_or(NoteError::NoFinalNewline)?;
        if lines.split('\n').nth(NOTE_SIGNATURES_MAX).is_some() {
            return Err(NoteError::TooManySignatures);
        }
        let numbered = lines.split('\n').zip(1..);
        numbered.map(|(line, number)| Self::parse(line).ok_or(NoteError::SignatureLine(number))).collect()
    }

    fn parse(line: &'a str) -> Option<Self> {
        let (name, base64) = line.strip_prefix(LINE_PREFIX)?.split_once(' ')?;
        let (id, length) = base64_scan(base64)?;
        (is_key_name(name) && length > id.len()).then_some(Self { name, id: KeyId(id), base64 })
    }

    /// The key name.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// The key ID.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The signature, if it has the 64 bytes of type `0x01`.
    pub fn ed25519(&self) -> Option<[u8; 64]> {
        let bytes: [u8; 68] = base64_exact(self.base64)?;
        bytes.last_chunk().copied()
    }

    /// Time in seconds and signature, if it has the 72 bytes of type `0x04`. The time is not checked.
    pub(super) fn timestamped(&self) -> Option<(u64, [u8; 64])> {
        let bytes: [u8; 76] = base64_exact(self.base64)?;
        let [_, _, _, _, time @ .., _, _, _, _] = bytes.first_chunk::<16>()?;
        Some((u64::from_be_bytes(*time), *bytes.last_chunk()?))
    }
}

/// Writes a signature line with its newline. The name must be a key name, the signature not empty.
pub fn signature_line(name: &str, id: KeyId, signature: &[u8]) -> String {
    let encoded = Base64::encode_string(&[id.0.as_slice(), signature].concat());
    [LINE_PREFIX, name, " ", &encoded, "\n"].concat()
}

fn check_characters(text: &str) -> Result<(), NoteError> {
    match text.bytes().find(|byte| *byte < 0x20 && *byte != b'\n') {
        Some(byte) => Err(NoteError::Control(byte)),
        None => Ok(()),
    }
}
