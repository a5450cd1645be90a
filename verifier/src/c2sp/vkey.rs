//! Verifier keys: an Ed25519 key with the name and the signature type under which it signs notes (spec 08
//! §3).

use super::text::{base64_exact, is_key_name};
use crate::hash::sha256;
use crate::key::{KeyError, PublicKey};
use crate::limits::KEY_NAME_BYTES_MAX;
use crate::types::KeyBytes;
use alloc::string::String;
use base64ct::{Base64, Encoding};
use core::fmt;

/// The first four bytes of `SHA-256(name ‖ 0x0A ‖ type ‖ public key)`: a hint, not a proof (signed-note,
/// Signatures).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 4]);

/// What a key signs in a note; the signature type byte of signed-note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// `0x01`: the note text itself; a log's key.
    Note,
    /// `0x04`: a cosignature with a time; a witness's key.
    Cosignature,
}

/// A named, typed, checked Ed25519 key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: KeyId,
    kind: KeyKind,
    key: PublicKey,
}

/// Why a text or its parts are not a verifier key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifierKeyError {
    /// Not `name+hex+base64` with eight lower-case hex digits and strict base64.
    Malformed,
    /// The name is empty, longer than [`KEY_NAME_BYTES_MAX`] bytes, or has a space, a control character or
    /// `+`.
    Name,
    /// A signature type that is not supported: its byte.
    Kind(u8),
    /// The key ID is not that of the name, type and key.
    WrongId,
    /// The 32 bytes are no acceptable key.
    Key(KeyError),
}

impl KeyKind {
    /// The signature type byte.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Note => 0x01,
            Self::Cosignature => 0x04,
        }
    }

    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::Note),
            0x04 => Some(Self::Cosignature),
            _ => None,
        }
    }
}

impl KeyId {
    /// The ID of a key under a name (signed-note, Signatures).
    pub fn compute(name: &str, kind: KeyKind, key: &KeyBytes) -> Self {
        let hash = sha256(&[name.as_bytes(), b"\n", &[kind.byte()], &key.0]);
        let [a, b, c, d, ..] = hash.0;
        Self([a, b, c, d])
    }
}

impl VerifierKey {
    /// Names a key; success means that the name and the key are acceptable.
    ///
    /// # Errors
    ///
    /// [`VerifierKeyError::Name`] and [`VerifierKeyError::Key`].
    pub fn new(name: &str, kind: KeyKind, key: &KeyBytes) -> Result<Self, VerifierKeyError> {
        if name.len() > KEY_NAME_BYTES_MAX || !is_key_name(name) {
            return Err(VerifierKeyError::Name);
        }
        let id = KeyId::compute(name, kind, key);
        let key = PublicKey::parse(key).map_err(VerifierKeyError::Key)?;
        Ok(Self { name: name.into(), id, kind, key })
    }

    /// Reads a vkey; success means that [`fmt::Display`] writes the very same text.
    ///
    /// # Errors
    ///
    /// Every variant of [`VerifierKeyError`], in the order of spec 08 §3.
    pub fn parse(text: &str) -> Result<Self, VerifierKeyError> {
        let (name, rest) = text.split_once('+').ok_or(VerifierKeyError::Malformed)?;
        let (hex, encoded) = rest.split_once('+').ok_or(VerifierKeyError::Malformed)?;
        let id = parse_hex(hex).ok_or(VerifierKeyError::Malformed)?;
        let material: [u8; 33] = match base64_exact(encoded) {
            Some(material) => material,
            None => {
                return Err(other_kind(encoded).map_or(VerifierKeyError::Malformed, VerifierKeyError::Kind));
            }
        };
        let [byte, key @ ..] = material;
        let kind = KeyKind::from_byte(byte).ok_or(VerifierKeyError::Kind(byte))?;
        let parsed = Self::new(name, kind, &KeyBytes(key))?;
        if parsed.id != id {
            return Err(VerifierKeyError::WrongId);
        }
        Ok(parsed)
    }

    /// The name; a log's is its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key ID.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// What the key signs.
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The key.
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut material = [self.kind.byte(); 33];
        let [_, key @ ..] = &mut material;
        *key = self.key.bytes().0;
        let mut buffer = [0; 44];
        let encoded = Base64::encode(&material, &mut buffer).map_err(|_| fmt::Error)?;
        write!(f, "{}+{}+{encoded}", self.name, self.id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// The type byte of key material of another length, if it belongs to a type that is not supported.
fn other_kind(encoded: &str) -> Option<u8> {
    let ([byte, ..], _) = super::text::base64_scan(encoded)?;
    KeyKind::from_byte(byte).is_none().then_some(byte)
}

fn parse_hex(hex: &str) -> Option<KeyId> {
    let digits: &[u8; 8] = hex.as_bytes().try_into().ok()?;
    if !digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    u32::from_str_radix(hex, 16).ok().map(|id| KeyId(id.to_be_bytes()))
}
