//! The transparency formats of C2SP: signed notes, checkpoints, cosignatures, trust lines, proofs as text
//! (spec 08), and what is sent to a witness (spec 21).
//!
//! Everything here reads bytes that anybody may have written. Nothing is believed until [`Trust::accept`] has
//! checked it.

mod accept;
mod add_checkpoint;
mod checkpoint;
mod cosignature;
mod display;
mod note;
mod text;
pub(crate) use text::is_key_name;
mod tlog_proof;
mod trust;
mod trust_lines;
mod vkey;

pub use accept::{AcceptedCheckpoint, Cosigner, TrustError};
pub use add_checkpoint::{AddCheckpoint, AddCheckpointError, SubmitterError, parse_known_size};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use cosignature::{Cosignature, CosignatureError, cosigned_message, is_cosignature_time};
pub use note::{NoteError, SignatureLine, SignedNote, signature_line};
pub use tlog_proof::{TlogProof, TlogProofError};
pub use trust::{Threshold, Trust, TrustBuilder, TrustClause, TrustRuleError, Witness};
pub use trust_lines::TrustParseError;
pub use vkey::{KeyId, KeyKind, VerifierKey, VerifierKeyError};
