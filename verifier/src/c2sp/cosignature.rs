//! Cosignatures: what a witness says about a checkpoint, and when (spec 08 §5).

use super::note::SignatureLine;
use super::vkey::{KeyKind, VerifierKey};
use crate::types::Seconds;
use alloc::{format, string::String};

/// A cosignature as it stands in a line, not checked against a key. The time is from 1 to 2^63 - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cosignature {
    time: Seconds,
    signature: [u8; 64],
}

/// Why a line with the name and ID of a witness is not its cosignature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CosignatureError {
    /// The key is not of type `0x04`, or the line names another key.
    OtherKey,
    /// Not eight bytes of time and 64 of signature.
    Length,
    /// The time is 0 or above 2^63 - 1: its value.
    Time(u64),
    /// The signature does not verify.
    Signature,
}

impl Cosignature {
    /// Reads the line of the witness `key`; success says nothing of the signature.
    ///
    /// # Errors
    ///
    /// Every variant of [`CosignatureError`] but the last.
    pub fn parse(line: &SignatureLine<'_>, key: &VerifierKey) -> Result<Self, CosignatureError> {
        if key.kind() != KeyKind::Cosignature || !key.names(line) {
            return Err(CosignatureError::OtherKey);
        }
        let (time, signature) = line.timestamped().ok_or(CosignatureError::Length)?;
        if !is_cosignature_time(Seconds(time)) {
            return Err(CosignatureError::Time(time));
        }
        Ok(Self { time: Seconds(time), signature })
    }

    /// When the witness signed.
    pub const fn time(&self) -> Seconds {
        self.time
    }

    /// Checks the signature over a note's text; success means that the holder of `key` signed it with this
    /// time.
    ///
    /// # Errors
    ///
    /// [`CosignatureError::Signature`] if it does not verify.
    pub fn verify(&self, text: &str, key: &VerifierKey) -> Result<(), CosignatureError> {
        let message = cosigned_message(text, self.time);
        key.key().verify(message.as_bytes(), &self.signature).map_err(|_| CosignatureError::Signature)
    }
}

impl VerifierKey {
    /// Whether the line bears this key's name and ID.
    pub(super) fn names(&self, line: &SignatureLine<'_>) -> bool {
        self.id() == line.id() && self.name() == line.name()
    }
}

/// The message of a cosignature of type `0x04` over a note's text.
pub fn cosigned_message(text: &str, time: Seconds) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// Whether a cosignature may have this time: from 1 to 2^63 - 1.
pub const fn is_cosignature_time(time: Seconds) -> bool {
    time.0 != 0 && time.0 <= i64::MAX.unsigned_abs()
}
