//! Ed25519 keys and the one place where signatures are checked (spec 01 §2).

use crate::types::KeyBytes;
use ed25519_dalek::{Signature, Verifier, VerifyingKey};

/// A public key that is canonical and not of small order; made only by [`PublicKey::parse`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    bytes: KeyBytes,
    point: VerifyingKey,
}

/// 32 bytes that are no point of small order and not another encoding of a key: a key that nothing is checked under
/// yet. Whether they are a point at all costs as much as a fifth of a signature check; [`EncodedKey::decode`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodedKey(KeyBytes);

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
        EncodedKey::parse(bytes)?.decode()
    }

    /// The 32 bytes of the key.
    pub const fn bytes(&self) -> &KeyBytes {
        &self.bytes
    }

    /// Checks `signature` over `message` as `verify_strict` does: canonical S and R, no small-order R, no cofactor.
    ///
    /// `Verifier::verify` compares the encoding of S·B - k·A with the bytes of R, so that an R which passes is the
    /// canonical encoding of a point: decoding it first, a fifth of the cost of `verify_strict`, decides nothing. What
    /// is left of that is whether the point has small order, which its canonical encoding tells.
    ///
    /// # Errors
    ///
    /// [`BadSignature`] for every signature that the criterion of spec 01 §2 does not accept.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), BadSignature> {
        let signature = Signature::from_bytes(signature);
        if small_order(signature.r_bytes()) {
            return Err(BadSignature);
        }
        self.point.verify(message, &signature).map_err(|_| BadSignature)
    }
}

impl EncodedKey {
    /// Takes bytes whose y coordinate is canonical, and which are no encoding of a point of small order.
    ///
    /// # Errors
    ///
    /// [`KeyError`] says which of the two they are not.
    pub fn parse(bytes: &KeyBytes) -> Result<Self, KeyError> {
        if !canonical(&bytes.0) {
            return Err(KeyError::NotCanonical);
        }
        if small_order(&bytes.0) { Err(KeyError::SmallOrder) } else { Ok(Self(*bytes)) }
    }

    /// The key, if the bytes are a point.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotCanonical`] if they are none.
    pub fn decode(&self) -> Result<PublicKey, KeyError> {
        let Self(bytes) = self;
        let point = VerifyingKey::from_bytes(&bytes.0).map_err(|_| KeyError::NotCanonical)?;
        Ok(PublicKey { bytes: *bytes, point })
    }

    /// The 32 bytes.
    pub const fn bytes(&self) -> &KeyBytes {
        &self.0
    }
}

impl From<&PublicKey> for EncodedKey {
    fn from(key: &PublicKey) -> Self {
        Self(key.bytes)
    }
}

/// Whether the y coordinate (little endian, without the sign bit) is below p = 2^255 - 19. The encodings of x = 0
/// with a sign bit are of small order and refused as such.
fn canonical(bytes: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = bytes;
    !(*low >= 0xed && middle.iter().all(|byte| *byte == 0xff) && high & 0x7f == 0x7f)
}

/// The y coordinates of the eight points whose order divides 8: 0, 1, -1 and the two of order 8, little endian.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

/// Whether the point with this canonical encoding has small order. Looking it up costs a tenth of multiplying by 8,
/// and a key is parsed for every link of a chain.
fn small_order(bytes: &[u8; 32]) -> bool {
    let mut y = *bytes;
    let [.., high] = &mut y;
    *high &= 0x7f;
    SMALL_ORDER.contains(&y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_points_of_small_order_are_those_that_arithmetic_finds() {
        for y in SMALL_ORDER {
            for sign in [0, 0x80] {
                let mut bytes = y;
                bytes[31] |= sign;
                assert!(canonical(&bytes) && VerifyingKey::from_bytes(&bytes).is_ok_and(|key| key.is_weak()));
                assert_eq!(PublicKey::parse(&KeyBytes(bytes)), Err(KeyError::SmallOrder));
            }
        }
    }

    #[test]
    fn no_other_key_is_weak() {
        let mut count = 0;
        for seed in 0..=255 {
            let bytes = crate::hash::sha256(&[&[seed]]).0;
            let Ok(key) = VerifyingKey::from_bytes(&bytes) else { continue };
            assert!(!key.is_weak() && !small_order(&bytes));
            assert!(PublicKey::parse(&KeyBytes(bytes)).is_ok());
            count += 1;
        }
        assert!(count > 64);
    }
}
