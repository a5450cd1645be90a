//! COSE_Sign1 as Remit uses it (RFC 9052 §4, spec 02 §2): one algorithm, the signer's key as `kid`, no tag.

use crate::cbor::{DecodeError, Reader, Writer};
use crate::hash::sha256;
use crate::key::{BadSignature, PublicKey};
use crate::limits::{OBJECT_BYTES_MAX, PAYLOAD_BYTES_MAX};
use crate::types::{KeyBytes, LedgerId, ObjectId};
use alloc::vec::Vec;

/// COSE algorithm Ed25519 (RFC 9864).
const ALGORITHM: i64 = -19;
const HEADER_ALGORITHM: i64 = 1;
const HEADER_KID: i64 = 4;
/// The protected header up to the key: `{1: -19, 4: h'` and its 32 bytes.
const PROTECTED: [u8; 6] = [0xa2, 0x01, 0x32, 0x04, 0x58, 0x20];
/// Room for what stands around a payload, in a signed object or under its signature.
const HEADERS_ROOM: usize = 160;

/// A signed object as received: decoded, its signature **not** checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign1<'a> {
    /// The signer's key, as the protected header states it.
    pub kid: KeyBytes,
    /// The payload, byte for byte.
    pub payload: &'a [u8],
    /// The signature.
    pub signature: [u8; 64],
}

/// The bytes that a signature covers, and the id that they give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigStructure {
    bytes: Vec<u8>,
    /// SHA-256 of the bytes: the id of the object.
    pub id: ObjectId,
}

impl SigStructure {
    /// The `Sig_structure` of `payload` signed by `kid` under `label` for `ledger` (spec 02 §3).
    pub fn new(label: &str, ledger: &LedgerId, kid: &KeyBytes, payload: &[u8]) -> Self {
        let mut writer = Writer::with_room(payload.len().saturating_add(HEADERS_ROOM));
        writer.array(4).text("Signature1").joined(&[&PROTECTED, &kid.0]);
        writer.joined(&[label.as_bytes(), &ledger.0]).bytes(payload);
        let bytes = writer.into_bytes();
        let id = ObjectId(sha256(&[&bytes]).0);
        Self { bytes, id }
    }

    /// Checks `signature` by `key` over this structure.
    ///
    /// # Errors
    ///
    /// [`BadSignature`] if it does not verify.
    pub fn verify(&self, key: &PublicKey, signature: &[u8; 64]) -> Result<(), BadSignature> {
        key.verify(&self.bytes, signature)
    }

    /// The bytes to sign.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl<'a> Sign1<'a> {
    /// Decodes one object; the payload is not looked into.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]; another algorithm or a non-empty unprotected header is `Malformed`.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, OBJECT_BYTES_MAX, |r| {
            r.array_of(4)?;
            let kid = decode_protected(r.bytes(128)?)?;
            r.map(|key, _| Err(DecodeError::UnknownField(key)))?;
            let payload = r.bytes(PAYLOAD_BYTES_MAX)?;
            Ok(Self { kid, payload, signature: r.array_bytes()? })
        })
    }

    /// Encodes the object; [`Sign1::decode`] gives it back.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::with_room(self.payload.len().saturating_add(HEADERS_ROOM));
        writer.array(4).joined(&[&PROTECTED, &self.kid.0]).map(0).bytes(self.payload).bytes(&self.signature);
        writer.into_bytes()
    }

    /// What the signature must cover if the object is of the kind of `label` and for `ledger`.
    pub fn sig_structure(&self, label: &str, ledger: &LedgerId) -> SigStructure {
        SigStructure::new(label, ledger, &self.kid, self.payload)
    }
}

fn decode_protected(bytes: &[u8]) -> Result<KeyBytes, DecodeError> {
    let mut algorithm = None;
    let mut kid = None;
    Reader::whole(bytes, 128, |r| {
        r.map(|key, r| {
            match key {
                HEADER_ALGORITHM => algorithm = Some(r.i64()?),
                HEADER_KID => kid = Some(KeyBytes(r.array_bytes()?)),
                other => return Err(DecodeError::UnknownField(other)),
            }
            Ok(())
        })
    })?;
    match algorithm {
        Some(ALGORITHM) => kid.ok_or(DecodeError::MissingField(HEADER_KID)),
        Some(_) => Err(DecodeError::Malformed),
        None => Err(DecodeError::MissingField(HEADER_ALGORITHM)),
    }
}
