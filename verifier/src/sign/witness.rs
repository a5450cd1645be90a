//! One witness without a folder: what it answers to a request, whole (spec 21 §2). Whoever runs it keeps what
//! [`Reply`] says before he answers (spec 21 §3, §4).

use super::note::{NoteSignError, cosign};
use super::{LocalSigner, Signer};
use crate::c2sp::{AddCheckpoint, KeyKind, VerifierKey, VerifierKeyError};
use crate::merkle::TreeHead;
use crate::types::Seconds;
use crate::witness::{Answer, Latest, decide, receive};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// The key and name of a witness, and the keys of the logs that it cosigns.
pub struct Witness {
    signer: LocalSigner,
    key: VerifierKey,
    logs: Vec<VerifierKey>,
}

/// Why there is no such witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WitnessKeyError {
    /// Its name or key is not acceptable.
    Key(VerifierKeyError),
    /// Without logs there is nothing to cosign.
    NoLog,
    /// A key is not one of type `0x01`: which, from 0.
    NotOfALog(usize),
    /// The key of the witness is that of a log: one key has one role.
    KeyTaken,
}

/// What is answered, and what is kept before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// The answer.
    pub answer: Answer,
    /// The content of a 200, a cosignature line, or of a 409, the size that is known. Of others a line for people.
    pub body: String,
    /// The checkpoint is to be kept for ever, beside the one that was cosigned at its size (spec 21 §4).
    pub evidence: bool,
    /// The checkpoint, if a known log signed it. With `ok` it is what is kept as the latest of its origin.
    pub checkpoint: Option<Received<'a>>,
}

/// A checkpoint that a known log signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received<'a> {
    /// The log.
    pub origin: &'a str,
    /// Size and root.
    pub head: TreeHead,
}

impl Witness {
    /// A witness of this name, for the logs of these keys.
    ///
    /// # Errors
    ///
    /// Every variant of [`WitnessKeyError`].
    pub fn new(signer: LocalSigner, name: &str, logs: Vec<VerifierKey>) -> Result<Self, WitnessKeyError> {
        let key = VerifierKey::new(name, KeyKind::Cosignature, &signer.public_key());
        let key = key.map_err(WitnessKeyError::Key)?;
        if logs.is_empty() {
            return Err(WitnessKeyError::NoLog);
        }
        if let Some(place) = logs.iter().position(|log| log.kind() != KeyKind::Note) {
            return Err(WitnessKeyError::NotOfALog(place));
        }
        if logs.iter().any(|log| log.key() == key.key()) {
            return Err(WitnessKeyError::KeyTaken);
        }
        Ok(Self { signer, key, logs })
    }

    /// Its verifier key, which others put into their trust lines.
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// What is answered to the body of an `add-checkpoint` at `now`; `latest` gives what was cosigned last of an
    /// origin.
    ///
    /// # Errors
    ///
    /// [`NoteSignError`] if there is no signature: a 500.
    pub fn reply<'a>(
        &self,
        body: &'a [u8],
        latest: impl FnOnce(&str) -> Option<Latest>,
        now: Seconds,
    ) -> Result<Reply<'a>, NoteSignError> {
        let request = match receive(body, &self.logs) {
            Ok(request) => request,
            Err(answer) => {
                return Ok(Reply { answer, body: line(&answer), evidence: false, checkpoint: None });
            }
        };
        let decision = decide(&request, latest(request.origin()).as_ref(), now);
        let body = match decision.answer {
            Answer::Cosign(time) => cosign(&self.signer, self.key.name(), request.note(), time)?,
            Answer::OtherSize(size) => alloc::format!("{size}\n"),
            answer => line(&answer),
        };
        let checkpoint = Some(Received::of(&request));
        Ok(Reply { answer: decision.answer, body, evidence: decision.evidence, checkpoint })
    }
}

/// A line for people, which begins with the name.
fn line(answer: &Answer) -> String {
    alloc::format!("{}: {answer}\n", answer.name())
}

impl<'a> Received<'a> {
    fn of(request: &AddCheckpoint<'a>) -> Self {
        Self { origin: request.origin(), head: TreeHead { size: request.size(), root: request.root() } }
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness").field("key", &self.key.to_string()).finish_non_exhaustive()
    }
}

impl fmt::Display for WitnessKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(error) => error.fmt(f),
            Self::NoLog => f.write_str("without logs there is nothing to cosign"),
            Self::NotOfALog(place) => write!(f, "key {place} is not that of a log"),
            Self::KeyTaken => f.write_str("the key of the witness is that of a log: one key has one role"),
        }
    }
}

impl core::error::Error for WitnessKeyError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: KeyKind, seed: u8) -> Option<VerifierKey> {
        VerifierKey::new("log.example", kind, &LocalSigner::from_seed(&[seed; 32]).public_key()).ok()
    }

    #[test]
    fn one_key_has_one_role() {
        let made = |name: &str, logs: &[(KeyKind, u8)]| {
            let logs = logs.iter().filter_map(|(kind, seed)| key(*kind, *seed)).collect();
            Witness::new(LocalSigner::from_seed(&[1; 32]), name, logs).map(drop)
        };
        let (log, witness) = (KeyKind::Note, KeyKind::Cosignature);
        assert_eq!(made("w.example", &[(log, 2)]), Ok(()));
        assert_eq!(made("w.example", &[]), Err(WitnessKeyError::NoLog));
        assert_eq!(made("w.example", &[(log, 2), (witness, 3)]), Err(WitnessKeyError::NotOfALog(1)));
        assert_eq!(made("w.example", &[(log, 1)]), Err(WitnessKeyError::KeyTaken));
        assert_eq!(made("w example", &[(log, 2)]), Err(WitnessKeyError::Key(VerifierKeyError::Name)));
    }
}
