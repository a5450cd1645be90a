//! A key in the memory of this process.

use super::{SignError, Signer};
use crate::types::KeyBytes;
use core::fmt;
use ed25519_dalek::{Signer as _, SigningKey};

/// Signs with a key made of a 32-byte seed (RFC 8032 §5.1.5). Its `Debug` shows the public key only.
#[derive(Clone)]
pub struct LocalSigner {
    key: SigningKey,
}

impl LocalSigner {
    /// The key of a seed; the seed must come from a good source of randomness.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self { key: SigningKey::from_bytes(seed) }
    }
}

impl Signer for LocalSigner {
    fn public_key(&self) -> KeyBytes {
        KeyBytes(self.key.verifying_key().to_bytes())
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        self.key.try_sign(message).map(|signature| signature.to_bytes()).map_err(|_| SignError::Refused)
    }
}

impl fmt::Debug for LocalSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LocalSigner").field(&self.public_key()).finish()
    }
}
