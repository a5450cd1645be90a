//! Ed25519 keys and the one place where signatures are checked (spec 01 §2).

use crate::types::KeyBytes;
use ed25519_dalek::{Signature, VerifyingKey};

/// A public key that is canonical and not of small order; made only by [`PublicKey::parse`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    bytes: KeyBytes,
    point: VerifyingKey,
}

/// Why 32 bytes are not an acceptable key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// The bytes are not the canonical encoding of a curve point.
    NotCanonical,
    /// The point has small order: anybody can sign for it.
    SmallOrder,
}

/// The signature does not verify under the strict criterion (spec 01 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadSignature;

impl PublicKey {
    /// Decodes a key; success means that it is canonical and that its point has large order.
    ///
    /// # Errors
    ///
    /// [`KeyError`] says which of the two it is not.
    pub fn parse(bytes: &KeyBytes) -> Result<Self, KeyError> {
        if !canonical(&bytes.0) {
            return Err(KeyError::NotCanonical);
        }
        let point = VerifyingKey::from_bytes(&bytes.0).map_err(|_| KeyError::NotCanonical)?;
        if point.is_weak() {
            return Err(KeyError::SmallOrder);
        }
        Ok(Self { bytes: *bytes, point })
    }

    /// The 32 bytes of the key.
    pub const fn bytes(&self) -> &KeyBytes {
        &self.bytes
    }

    /// Checks `signature` over `message` as `verify_strict` does: canonical S and R, no small-order R, no cofactor.
    ///
    /// # Errors
    ///
    /// [`BadSignature`] for every signature that the criterion of spec 01 §2 does not accept.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), BadSignature> {
        self.point.verify_strict(message, &Signature::from_bytes(signature)).map_err(|_| BadSignature)
    }
}

/// Whether the y coordinate (little endian, without the sign bit) is below p = 2^255 - 19. The encodings of x = 0
/// with a sign bit are of small order and refused as such.
fn canonical(bytes: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = bytes;
    !(*low >= 0xed && middle.iter().all(|byte| *byte == 0xff) && high & 0x7f == 0x7f)
}
