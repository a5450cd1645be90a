//! The building side: signs objects behind the [`Signer`] trait, so that a key may live in another machine.

mod hold;
mod local;
mod note;
mod object;
mod witness;

pub use hold::{Ask, Held, HoldError, Link, Sent, argument_digests, as_long_as_taken};
pub use local::LocalSigner;
pub use note::{NoteSignError, ReceiptSignError, cosign, sign_checkpoint, sign_receipt};
pub use object::{Draft, DraftBody, sign_object, submission};
pub use witness::{Received, Reply, Witness, WitnessKeyError};

use crate::types::KeyBytes;
use core::fmt;

/// Holds one Ed25519 key and signs with it. One key has one role.
pub trait Signer {
    /// The public key that checks the signatures.
    fn public_key(&self) -> KeyBytes;

    /// The Ed25519 signature over exactly these bytes (RFC 8032 §5.1.6).
    ///
    /// # Errors
    ///
    /// [`SignError`] when the holder of the key gives no signature.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError>;
}

/// Why there is no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignError {
    /// The holder of the key refuses to sign this; trying again will not help.
    Refused,
    /// The holder of the key cannot be reached; trying again may help.
    Unavailable,
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "signer refuses",
            Self::Unavailable => "signer cannot be reached",
        })
    }
}

impl core::error::Error for SignError {}
