//! One published state of the ledger: what a checkpoint is signed over, with everything to prove under it.

use super::read_back::ReadBack;
use crate::engine::Trees;
use remit_verifier::c2sp::{Checkpoint, CheckpointError};
use remit_verifier::log::Commitment;
use remit_verifier::merkle::TreeHead;
use remit_verifier::sign::{NoteSignError, Signer, sign_checkpoint};
use remit_verifier::types::{Hash, Millis};
use std::fmt;
use std::sync::Arc;

/// A version: it never changes, and what it proves stays provable for as long as somebody holds it.
#[derive(Clone, Debug)]
pub struct Version {
    /// Size and root of the log.
    pub head: TreeHead,
    /// The signed checkpoint over them.
    pub note: Arc<str>,
    /// The trees.
    pub trees: Trees,
    /// What the last entry commits to.
    pub commitment: Commitment,
    /// Inclusion path of the last entry, the commitment.
    pub commitment_path: Vec<Hash>,
    /// The version as it was sealed, whose pre-images are kept as long as this one is held.
    _sealed: Option<Arc<Version>>,
}

/// Why there is no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealError {
    /// The checkpoint cannot be written.
    Checkpoint(CheckpointError),
    /// The signer gave no signature.
    Sign(NoteSignError),
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint(error) => error.fmt(f),
            Self::Sign(error) => write!(f, "the checkpoint is not signed: {error}"),
        }
    }
}

impl std::error::Error for SealError {}

impl Version {
    /// Signs what was read back; nothing else can be signed.
    ///
    /// # Errors
    ///
    /// [`SealError`].
    pub fn seal(signer: &dyn Signer, origin: &str, read: ReadBack) -> Result<Self, SealError> {
        let ReadBack { head, trees, commitment, commitment_path } = read;
        let checkpoint = Checkpoint::new(origin, head.size, head.root).map_err(SealError::Checkpoint)?;
        let note = sign_checkpoint(signer, &checkpoint).map_err(SealError::Sign)?;
        Ok(Self { head, note: note.into(), trees, commitment, commitment_path, _sealed: None })
    }

    /// The same version with a note that has lines of witnesses too.
    pub(super) fn cosigned(self: &Arc<Self>, note: String) -> Self {
        Self { note: note.into(), _sealed: Some(self.clone()), ..Self::clone(self) }
    }

    /// Ledger time of the version.
    pub fn time(&self) -> Millis {
        self.commitment.time
    }
}
