//! Receipts of RFC 9942: that an entry stands in a log, for those who read COSE and not notes (spec 23 §5).
//!
//! An export: nothing of Remit is decided by one. What RFC 9942 leaves unprotected and would let one proof stand for
//! several trees, the size, is signed here, with origin and time.

use crate::c2sp::VerifierKey;
use crate::cbor::{DecodeError, Reader, Writer, required};
use crate::code::Code;
use crate::hash::leaf_hash;
use crate::limits::{KEY_NAME_BYTES_MAX, RECEIPT_BYTES_MAX, TREE_HEIGHT_MAX};
use crate::merkle::{ProofError, root_from_inclusion};
use crate::types::{EntryIndex, Hash, KeyBytes, Seconds, TreeSize};
use alloc::vec::Vec;
use core::fmt;

/// CBOR tag of COSE_Sign1, in front of the array.
const TAG: u8 = 0xd2;
const ALGORITHM: i64 = -19;
const HEADER_ALGORITHM: i64 = 1;
const HEADER_KID: i64 = 4;
const HEADER_CLAIMS: i64 = 15;
const HEADER_STRUCTURE: i64 = 395;
const HEADER_PROOFS: i64 = 396;
const CLAIM_ISSUER: i64 = 1;
const CLAIM_ISSUED: i64 = 6;
const CLAIM_SIZE: i64 = -65_537;
const RFC9162_SHA256: u64 = 1;
const INCLUSION: i64 = -1;

/// A receipt as received: decoded, **not** verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt<'a> {
    /// The key that is said to have signed it.
    pub kid: KeyBytes,
    /// The log.
    pub origin: &'a str,
    /// When the log was as it says: the time of the commitment that ends it.
    pub time: Seconds,
    /// Size of the log, as it is signed.
    pub size: TreeSize,
    /// Size that the proof is said to be for, which nobody signed.
    pub proof_size: TreeSize,
    /// Index of the entry.
    pub index: EntryIndex,
    /// The inclusion proof, from the leaf's sibling up.
    pub path: Vec<Hash>,
    /// The signature.
    pub signature: [u8; 64],
    protected: &'a [u8],
}

/// Why a receipt proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptError {
    /// It is none.
    Decode(DecodeError),
    /// It is of another log, or signed by another key.
    OtherLog,
    /// The proof is for a tree of another size than the one that is signed.
    OtherSize,
    /// There is no such proof.
    Inclusion(ProofError),
    /// The signature does not verify over the root that entry and proof lead to.
    Signature,
}

impl ReceiptError {
    /// A stable name.
    pub fn text(self) -> &'static str {
        match self {
            Self::Decode(error) => Code::from(error).text(),
            Self::OtherLog => "other_log",
            Self::OtherSize => "other_size",
            Self::Inclusion(_) => "bad_proof",
            Self::Signature => "bad_signature",
        }
    }
}

impl fmt::Display for ReceiptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decode(error) => write!(f, "it is no receipt: {error:?}"),
            Self::OtherLog => f.write_str("it is of another log or key"),
            Self::OtherSize => f.write_str("its proof is for another size than the one that is signed"),
            Self::Inclusion(error) => write!(f, "its proof is none: {error}"),
            Self::Signature => f.write_str("its signature is not over what entry and proof lead to"),
        }
    }
}

impl core::error::Error for ReceiptError {}

impl From<DecodeError> for ReceiptError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl<'a> Receipt<'a> {
    /// Whether these bytes begin as a receipt does.
    pub fn is_one(bytes: &[u8]) -> bool {
        bytes.first() == Some(&TAG)
    }

    /// Decodes a receipt as [`ReceiptDraft::encode`] writes it.
    ///
    /// # Errors
    ///
    /// [`DecodeError`].
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let Some((&TAG, rest)) = bytes.split_first() else { return Err(DecodeError::Malformed) };
        Reader::whole(rest, RECEIPT_BYTES_MAX.saturating_sub(1), |r| {
            r.array_of(4)?;
            let protected = r.bytes(RECEIPT_BYTES_MAX)?;
            let (kid, (origin, time, size)) = Reader::whole(protected, RECEIPT_BYTES_MAX, read_protected)?;
            let (proof_size, index, path) = read_unprotected(r)?;
            if !r.null()? {
                return Err(DecodeError::Malformed);
            }
            let signature = r.array_bytes()?;
            Ok(Self { kid, origin, time, size, proof_size, index, path, signature, protected })
        })
    }

    /// Verifies that the log with this key says that `entry` stood at [`Self::index`] when it had [`Self::size`]
    /// entries (spec 23 §5).
    ///
    /// # Errors
    ///
    /// [`ReceiptError`], never `Decode`.
    pub fn verify(&self, entry: &[u8], log: &VerifierKey) -> Result<(), ReceiptError> {
        if log.name() != self.origin || *log.key().bytes() != self.kid {
            return Err(ReceiptError::OtherLog);
        }
        if self.proof_size != self.size {
            return Err(ReceiptError::OtherSize);
        }
        let root = root_from_inclusion(&leaf_hash(entry), self.index, self.size, &self.path);
        let root = root.map_err(ReceiptError::Inclusion)?;
        log.key()
            .verify(&to_be_signed(self.protected, &root), &self.signature)
            .map_err(|_| ReceiptError::Signature)
    }
}

fn read_protected<'a>(r: &mut Reader<'a>) -> Result<(KeyBytes, (&'a str, Seconds, TreeSize)), DecodeError> {
    let (mut algorithm, mut kid, mut claims, mut structure) = (None, None, None, None);
    r.map(|key, r| {
        match key {
            HEADER_ALGORITHM => algorithm = Some(r.i64()?),
            HEADER_KID => kid = Some(KeyBytes(r.array_bytes()?)),
            HEADER_CLAIMS => claims = Some(read_claims(r)?),
            HEADER_STRUCTURE => structure = Some(r.u64()?),
            key => return Err(DecodeError::UnknownField(key)),
        }
        Ok(())
    })?;
    if algorithm != Some(ALGORITHM) || structure != Some(RFC9162_SHA256) {
        return Err(DecodeError::Malformed);
    }
    Ok((required(kid, HEADER_KID)?, required(claims, HEADER_CLAIMS)?))
}

fn read_claims<'a>(r: &mut Reader<'a>) -> Result<(&'a str, Seconds, TreeSize), DecodeError> {
    let (mut origin, mut time, mut size) = (None, None, None);
    r.map(|key, r| {
        match key {
            CLAIM_ISSUER => origin = Some(r.text(KEY_NAME_BYTES_MAX)?),
            CLAIM_ISSUED => time = Some(Seconds(r.u64()?)),
            CLAIM_SIZE => size = Some(TreeSize(r.u64()?)),
            key => return Err(DecodeError::UnknownField(key)),
        }
        Ok(())
    })?;
    Ok((required(origin, CLAIM_ISSUER)?, required(time, CLAIM_ISSUED)?, required(size, CLAIM_SIZE)?))
}

/// The one inclusion proof of the unprotected header.
type Proof = (TreeSize, EntryIndex, Vec<Hash>);

fn read_unprotected(r: &mut Reader<'_>) -> Result<Proof, DecodeError> {
    let mut proof = None;
    r.map(|key, r| match key {
        HEADER_PROOFS => r.map(|key, r| match key {
            INCLUSION => {
                r.array_of(1)?;
                let bytes = r.bytes(RECEIPT_BYTES_MAX)?;
                proof = Some(Reader::whole(bytes, RECEIPT_BYTES_MAX, read_inclusion)?);
                Ok(())
            }
            key => Err(DecodeError::UnknownField(key)),
        }),
        key => Err(DecodeError::UnknownField(key)),
    })?;
    required(proof, HEADER_PROOFS)
}

fn read_inclusion(r: &mut Reader<'_>) -> Result<Proof, DecodeError> {
    r.array_of(3)?;
    let (size, index) = (TreeSize(r.u64()?), EntryIndex(r.u64()?));
    let path = r.list(TREE_HEIGHT_MAX, |r| r.array_bytes().map(Hash))?;
    // RFC 9942 has no empty path: no log of one entry is shown.
    if path.is_empty() { Err(DecodeError::Malformed) } else { Ok((size, index, path)) }
}

/// The `Sig_structure` over a root that is not in the receipt; without external data, as others expect it.
fn to_be_signed(protected: &[u8], root: &Hash) -> Vec<u8> {
    let mut w = Writer::default();
    w.array(4).text("Signature1").bytes(protected).bytes(&[]).bytes(&root.0);
    w.into_bytes()
}

/// What a receipt is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptDraft<'d> {
    /// The log.
    pub origin: &'d str,
    /// The time of the commitment that ends it.
    pub time: Seconds,
    /// Its size.
    pub size: TreeSize,
    /// Index of the entry.
    pub index: EntryIndex,
    /// The inclusion proof of the entry.
    pub path: &'d [Hash],
}

impl ReceiptDraft<'_> {
    /// The protected header with the key that signs, and what is signed with it over this root.
    pub fn to_sign(&self, kid: &KeyBytes, root: &Hash) -> (Vec<u8>, Vec<u8>) {
        let mut w = Writer::default();
        w.map(4).i64(HEADER_ALGORITHM).i64(ALGORITHM).i64(HEADER_KID).bytes(&kid.0);
        w.i64(HEADER_CLAIMS).map(3).i64(CLAIM_ISSUER).text(self.origin);
        w.i64(CLAIM_ISSUED).u64(self.time.0).i64(CLAIM_SIZE).u64(self.size.0);
        w.i64(HEADER_STRUCTURE).u64(RFC9162_SHA256);
        let protected = w.into_bytes();
        let bytes = to_be_signed(&protected, root);
        (protected, bytes)
    }

    /// The receipt with its signature; [`Receipt::decode`] reads it.
    pub fn encode(&self, protected: &[u8], signature: &[u8; 64]) -> Vec<u8> {
        let mut proof = Writer::default();
        proof.array(3).u64(self.size.0).u64(self.index.0).list(self.path, |w, hash| {
            w.bytes(&hash.0);
        });
        let mut w = Writer::default();
        w.array(4).bytes(protected).map(1).i64(HEADER_PROOFS).map(1).i64(INCLUSION);
        w.array(1).bytes(&proof.into_bytes()).null().bytes(signature);
        let mut bytes = Vec::from([TAG]);
        bytes.extend(w.into_bytes());
        bytes
    }
}
