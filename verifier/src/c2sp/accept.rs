//! Accepts a checkpoint: signed by the log, cosigned by enough witnesses, and how old that is (spec 08 §7, §8).

use super::checkpoint::{Checkpoint, CheckpointError};
use super::cosignature::{Cosignature, CosignatureError};
use super::note::{NoteError, SignedNote};
use super::trust::{Trust, Witness};
use super::vkey::VerifierKey;
use crate::merkle::TreeHead;
use crate::types::{Hash, KeyBytes, Millis, Seconds, TreeSize};
use alloc::{string::String, vec::Vec};

/// A checkpoint that [`Trust::accept`] has accepted, and the age of what speaks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedCheckpoint {
    origin: String,
    log_key: KeyBytes,
    size: TreeSize,
    root: Hash,
    /// Everybody who cosigned, whatever the time; the rest follows from it and the instant of the decision.
    verified: Vec<Cosigner>,
    cosigners: Vec<Cosigner>,
    evidence_time: Option<Millis>,
}

/// A trusted witness whose cosignature verified, and when it signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cosigner {
    /// The witness's key; [`Trust::witness`] knows the rest.
    pub key: KeyBytes,
    /// The time in the cosignature.
    pub time: Seconds,
}

/// Why a checkpoint is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustError {
    /// Not a signed note.
    Note(NoteError),
    /// The note's text is not a checkpoint.
    Checkpoint(CheckpointError),
    /// No trusted log has this origin.
    UnknownOrigin,
    /// A trusted key signs twice: number of the second line, from 1.
    SecondSignature(usize),
    /// No line is of a trusted key of the log.
    NoLogSignature,
    /// A line with the name and ID of a trusted log key does not verify: its number, from 1.
    LogSignature(usize),
    /// A line with the name and ID of a trusted witness is not its cosignature.
    Cosignature {
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        error: CosignatureError,
    },
    /// The witnesses that cosigned do not meet the quorum.
    Quorum,
    /// They would, but for times later than now and the skew: a clock is wrong.
    Clock,
}

/// The lines of a note that are of trusted keys, none of them verified. A line is of one key at most.
struct Matched<'t> {
    logs: Vec<LogLine<'t>>,
    witnesses: Vec<WitnessLine<'t>>,
}

struct LogLine<'t> {
    number: usize,
    key: &'t VerifierKey,
    signature: Option<[u8; 64]>,
}

struct WitnessLine<'t> {
    number: usize,
    witness: &'t Witness,
    cosignature: Cosignature,
}

impl Trust {
    /// Decides on a checkpoint note at time `now`, with clocks that may differ by `skew`.
    ///
    /// Success means: a trusted log signed this origin, size and root; every line of a trusted key verified;
    /// and the trusted witnesses whose times are not later than `now + skew` meet the quorum. Lines of other
    /// keys are ignored and cost no signature check. The proof that the checkpoint is new enough is the
    /// caller's business.
    ///
    /// # Errors
    ///
    /// Every variant of [`TrustError`], in the order of spec 08 §7.
    pub fn accept(&self, note: &[u8], now: Millis, skew: Millis) -> Result<AcceptedCheckpoint, TrustError> {
        let note = SignedNote::parse(note).map_err(TrustError::Note)?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(TrustError::Checkpoint)?;
        let matched = self.match_lines(&note, checkpoint.origin())?;
        let log_key = matched.verify_logs(note.text())?;
        matched.verify_witnesses(note.text())?;

        let unweighed = AcceptedCheckpoint {
            origin: checkpoint.origin().into(),
            log_key,
            size: checkpoint.size(),
            root: checkpoint.root(),
            verified: matched.cosigners(),
            cosigners: Vec::new(),
            evidence_time: None,
        };
        self.weigh(&unweighed, now, skew)
    }

    /// Decides once more, at another instant, on a checkpoint that this same trust has accepted: what
    /// [`Trust::accept`] would answer for the same note, without a signature check.
    ///
    /// # Errors
    ///
    /// [`TrustError::Quorum`] and [`TrustError::Clock`].
    pub fn weigh(
        &self,
        checkpoint: &AcceptedCheckpoint,
        now: Millis,
        skew: Millis,
    ) -> Result<AcceptedCheckpoint, TrustError> {
        let limit = Millis(now.0.saturating_add(skew.0));
        let counted = |cosigner: &&Cosigner| cosigner.time.millis() <= limit;
        let cosigners: Vec<_> = checkpoint.verified.iter().filter(counted).copied().collect();
        let quorum_time = self.quorum_of(&cosigners);
        if quorum_time.is_none() && !self.quorum_is_none() {
            let with_later_ones = self.quorum_of(&checkpoint.verified);
            return Err(if with_later_ones.is_some() { TrustError::Clock } else { TrustError::Quorum });
        }
        Ok(AcceptedCheckpoint {
            cosigners,
            evidence_time: quorum_time.map(Seconds::millis),
            ..checkpoint.clone()
        })
    }

    fn match_lines(&self, note: &SignedNote<'_>, origin: &str) -> Result<Matched<'_>, TrustError> {
        // A key of another log's is unknown here: what it says of this origin means nothing.
        let logs: Vec<_> = self.logs.iter().map(|log| &log.key).filter(|key| key.name() == origin).collect();
        if logs.is_empty() {
            return Err(TrustError::UnknownOrigin);
        }
        let mut matched = Matched { logs: Vec::new(), witnesses: Vec::new() };
        for (line, number) in note.signatures().iter().zip(1..) {
            if let Some(key) = logs.iter().find(|key| key.names(line)) {
                if matched.logs.iter().any(|known| core::ptr::eq(known.key, *key)) {
                    return Err(TrustError::SecondSignature(number));
                }
                matched.logs.push(LogLine { number, key, signature: line.ed25519() });
            } else if let Some(witness) = self.witnesses().find(|witness| witness.key().names(line)) {
                if matched.witnesses.iter().any(|known| core::ptr::eq(known.witness, witness)) {
                    return Err(TrustError::SecondSignature(number));
                }
                let cosignature = Cosignature::parse(line, witness.key())
                    .map_err(|error| TrustError::Cosignature { line: number, error })?;
                matched.witnesses.push(WitnessLine { number, witness, cosignature });
            }
        }
        Ok(matched)
    }

    fn quorum_of(&self, cosigners: &[Cosigner]) -> Option<Seconds> {
        self.quorum_time(|witness| {
            let key = witness.key().key().bytes();
            cosigners.iter().find(|cosigner| cosigner.key == *key).map(|cosigner| cosigner.time)
        })
    }
}

impl Matched<'_> {
    /// Verifies every line of the log's keys; gives the key of the first.
    fn verify_logs(&self, text: &str) -> Result<KeyBytes, TrustError> {
        for line in &self.logs {
            let bad = TrustError::LogSignature(line.number);
            let signature = line.signature.ok_or(bad)?;
            line.key.key().verify(text.as_bytes(), &signature).map_err(|_| bad)?;
        }
        self.logs.first().map(|line| *line.key.key().bytes()).ok_or(TrustError::NoLogSignature)
    }

    fn verify_witnesses(&self, text: &str) -> Result<(), TrustError> {
        self.witnesses.iter().try_for_each(|WitnessLine { number, witness, cosignature }| {
            cosignature
                .verify(text, witness.key())
                .map_err(|error| TrustError::Cosignature { line: *number, error })
        })
    }

    fn cosigners(&self) -> Vec<Cosigner> {
        let cosigner = |line: &WitnessLine<'_>| Cosigner {
            key: *line.witness.key().key().bytes(),
            time: line.cosignature.time(),
        };
        self.witnesses.iter().map(cosigner).collect()
    }
}

impl AcceptedCheckpoint {
    /// Name of the log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The log's key that signed; the first in the note if the log has several.
    pub const fn log_key(&self) -> KeyBytes {
        self.log_key
    }

    /// Number of entries.
    pub const fn size(&self) -> TreeSize {
        self.size
    }

    /// Root of the tree over them.
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// Size and root.
    pub const fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root }
    }

    /// The trusted witnesses that cosigned at `now + skew` or before, in the order of the note; all verified.
    pub fn cosigners(&self) -> &[Cosigner] {
        &self.cosigners
    }

    /// The latest t such that the cosignatures with a time in `[t, now + skew]` meet the quorum; `None` with
    /// the quorum `none`, where the time of the commitment serves instead (spec 08 §8).
    pub const fn evidence_time(&self) -> Option<Millis> {
        self.evidence_time
    }

    /// The newest time of a cosigner: a clock that shows less is slow.
    pub fn newest_time(&self) -> Option<Millis> {
        self.cosigners.iter().map(|cosigner| cosigner.time.millis()).max()
    }
}
